//! The encoding of a dBASE table, which a shapefile keeps its attributes in: what the definition
//! says, then what `.cpg` and the language byte say, each doubted against the bytes.

use std::path::Path;

use super::protocol::SourceEncoding;
use super::recognise::{head_of, whole_characters};
use super::text::{self, FoundEncoding};

const LANGUAGE_BYTE: usize = 29;
/// Language bytes that name an encoding; the others name code pages of DOS that nobody hands in.
const LANGUAGES: [(u8, &str); 8] = [
    (0x4F, "big5"),
    (0x78, "big5"),
    (0x4D, "gbk"),
    (0x7A, "gbk"),
    (0x03, "windows-1252"),
    (0x57, "windows-1252"),
    (0x58, "windows-1252"),
    (0x59, "windows-1252"),
];

/// The rows of a table: what follows its header.
fn rows(head: &[u8]) -> &[u8] {
    let end = head.get(8..10).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    whole_characters(head).get(end..).unwrap_or_default()
}

/// Field names, eleven bytes each, and the rows.
fn texts(head: &[u8]) -> Vec<u8> {
    const FIELD_BYTES: usize = 32;
    const NAME_BYTES: usize = 11;
    const END_OF_FIELDS: u8 = 0x0D;
    let mut texts = Vec::new();
    for field in head.chunks(FIELD_BYTES).skip(1).take_while(|field| field.first() != Some(&END_OF_FIELDS)) {
        texts.extend(field.iter().take(NAME_BYTES).take_while(|byte| **byte != 0));
        texts.push(b' ');
    }
    texts.extend_from_slice(rows(head));
    texts
}

/// The encoding of a table; `None` where there is no table.
pub fn encoding(
    table: &Path,
    declared: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Option<SourceEncoding>, String> {
    if !table.exists() {
        return Ok(None);
    }
    let head = head_of(table).map_err(|error| error.to_string())?;
    let texts = texts(&head);
    let page = std::fs::read_to_string(table.with_extension("cpg")).unwrap_or_default();
    let language = head.get(LANGUAGE_BYTE).copied().unwrap_or_default();
    let found = match declared {
        Some(declared) => text::find(&[], Some(declared))?,
        None => judged(&texts, page.trim(), language, notes),
    };
    Ok(Some(SourceEncoding {
        sample: text::sample(&texts, found.label),
        label: found.label.to_owned(),
        how: found.how,
    }))
}

fn judged(texts: &[u8], page: &str, language: u8, notes: &mut Vec<String>) -> FoundEncoding {
    let guessed = text::guess(texts);
    if texts.is_ascii() {
        return guessed;
    }
    let by_page = text::label_of(page).map(|label| (label, format!("declared as {page} by the .cpg")));
    let by_language = LANGUAGES
        .iter()
        .find(|(byte, _)| *byte == language)
        .map(|(byte, label)| (*label, format!("language byte 0x{byte:02X} of the .dbf")));
    let Some((label, how)) = by_page.or(by_language) else { return guessed };
    if label == guessed.label {
        return FoundEncoding { label, how };
    }
    let (_, unread) = text::decode(texts, label);
    let (_, unread_as_guessed) = text::decode(texts, guessed.label);
    if guessed.label == "utf-8" || unread_as_guessed < unread {
        notes.push(format!(
            "its text is {how}, but the bytes are {}; the bytes were believed",
            text::shown_name(guessed.label)
        ));
        return guessed;
    }
    FoundEncoding { label, how }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(language: u8, text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0u8; 32];
        bytes[8] = 65;
        bytes[LANGUAGE_BYTE] = language;
        let mut field = [0u8; 32];
        field[..4].copy_from_slice(b"NAME");
        bytes.extend_from_slice(&field);
        bytes.push(0x0D);
        bytes.extend_from_slice(text);
        bytes
    }

    #[test]
    fn declarations_are_believed_unless_the_bytes_contradict_them() {
        let big5 = encoding_rs::BIG5.encode("深水埗區議會 北角邨 鰂魚涌").0.into_owned();
        let gbk = encoding_rs::GBK.encode("许功盖 基隆市 淡水 新北市").0.into_owned();
        let utf8 = "許功蓋 基隆市".as_bytes().to_vec();
        let latin1 = b"caf\xe9 \xe4\xf6\xfc".to_vec();
        for (language, page, text, label, part) in [
            (0x4F, "", &big5, "big5", "0x4F"),
            (0, "950", &big5, "big5", "950"),
            (0, "BIG5", &utf8, "utf-8", "valid UTF-8"),
            (0, "UTF-8", &big5, "big5", "recognised"),
            (0, "", &big5, "big5", "recognised"),
            (0x4D, "", &gbk, "gbk", "0x4D"),
            (0, "936", &gbk, "gbk", "936"),
            (0x57, "", &latin1, "windows-1252", "0x57"),
            (0, "ISO-8859-1", &latin1, "windows-1252", "ISO-8859-1"),
            (0, "1252", &latin1, "windows-1252", "1252"),
            (0, "UTF-8", &utf8, "utf-8", "UTF-8"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.dbf");
            std::fs::write(&path, table(language, text)).unwrap();
            std::fs::write(folder.path().join("t.cpg"), page).unwrap();
            let mut notes = Vec::new();
            let found = encoding(&path, None, &mut notes).unwrap().unwrap();
            assert_eq!(found.label, label, "{language:#x} {page}: {found:?}");
            assert!(found.how.contains(part), "{language:#x} {page}: {found:?}");
            assert!(found.sample.is_some(), "{found:?}");
        }
    }
}
