//! Which encoding text is in: from its mark, from the declaration, then from the bytes.
//! Big5 always means Big5-HKSCS, for no Hong Kong file is anything else.

use encoding_rs::Encoding;

/// An encoding and how it was found, in words for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEncoding {
    /// A label of the Encoding Standard: `utf-8`, `big5`, `gb18030`, `utf-16le`, `windows-1252` …
    pub label: &'static str,
    pub how: String,
}

/// The label for a name that a person or a file declares; any Big5 is the standard's `big5`,
/// which holds HKSCS.
pub fn label_of(declared: &str) -> Option<&'static str> {
    let name = declared.trim().to_ascii_lowercase().replace('_', "-");
    let big5 = ["big5-hkscs", "big5hkscs", "cp950", "950", "cp951", "951", "ms950", "windows-950"];
    let gbk = ["cp936", "936", "ms936"];
    let windows = name.trim_start_matches("ansi ").trim_start_matches("cp");
    let by_number;
    let label = match name.as_str() {
        known if big5.contains(&known) || known.starts_with("big5") => "big5",
        known if gbk.contains(&known) => "gbk",
        "65001" | "utf8" => "utf-8",
        "88591" | "8859-1" => "windows-1252",
        _ if windows.starts_with("125") => {
            by_number = format!("windows-{windows}");
            by_number.as_str()
        }
        other => other,
    };
    Encoding::for_label(label.as_bytes()).map(label_for)
}

/// The encoding of a whole text file.
pub fn find(bytes: &[u8], declared: Option<&str>) -> Result<FoundEncoding, String> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Ok(FoundEncoding { label: label_for(encoding), how: "byte order mark".to_owned() });
    }
    if let Some(declared) = declared {
        return label_of(declared)
            .map(|label| FoundEncoding { label, how: format!("declared as {declared}") })
            .ok_or_else(|| {
                format!(
                    "the encoding \"{declared}\" is not known; name one such as UTF-8, Big5-HKSCS, GB18030 or UTF-16LE"
                )
            });
    }
    if let Some(label) = wide_without_mark(bytes) {
        return Ok(FoundEncoding { label, how: "recognised: every other byte is zero".to_owned() });
    }
    Ok(guess(bytes))
}

/// UTF-16 without its mark: of mostly Latin text, or of the marks of a format, one byte in two is zero.
fn wide_without_mark(bytes: &[u8]) -> Option<&'static str> {
    const LOOKED_AT: usize = 4_096;
    const PAIRS_MIN: usize = 4;
    let pairs = bytes[..bytes.len().min(LOOKED_AT)].chunks_exact(2);
    let (all, high_zero, low_zero) = pairs.fold((0, 0, 0), |(all, high, low), pair| {
        (all + 1, high + usize::from(pair[0] == 0), low + usize::from(pair[1] == 0))
    });
    let is_most = |zeros: usize, others: usize| all >= PAIRS_MIN && zeros * 3 > all && others * 20 < all;
    if is_most(high_zero, low_zero) {
        Some("utf-16be")
    } else if is_most(low_zero, high_zero) {
        Some("utf-16le")
    } else {
        None
    }
}

/// The encoding of bytes that nobody declares: UTF-8 if they are that, else by their statistics.
pub fn guess(bytes: &[u8]) -> FoundEncoding {
    if bytes.is_ascii() {
        return FoundEncoding { label: "utf-8", how: "only ASCII".to_owned() };
    }
    if std::str::from_utf8(bytes).is_ok() {
        return FoundEncoding { label: "utf-8", how: "the bytes are valid UTF-8".to_owned() };
    }
    if let Some(damaged) = damaged_utf8(bytes) {
        return FoundEncoding { label: "utf-8", how: format!("the bytes are UTF-8 but for {damaged} damaged places") };
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(Some(b"hk"), chardetng::Utf8Detection::Deny);
    let damaged = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let (_, unread) = decode(bytes, label_for(encoding));
    if unread > 0 && damaged <= unread {
        return FoundEncoding { label: "utf-8", how: format!("the bytes are UTF-8 but for {damaged} damaged places") };
    }
    FoundEncoding { label: label_for(encoding), how: "recognised from the bytes".to_owned() }
}

/// How many places of the bytes are not UTF-8, if by far the most are: one damaged name must not
/// turn the whole file into another encoding. No Big5 or GBK text looks like this by chance.
fn damaged_utf8(bytes: &[u8]) -> Option<usize> {
    const SOUND_TO_DAMAGED: usize = 10;
    let (mut sound, mut damaged) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        // Neighbouring wrong bytes are one place.
        damaged += usize::from(!chunk.invalid().is_empty() && !chunk.valid().is_empty());
    }
    let damaged = damaged.max(1);
    (sound >= SOUND_TO_DAMAGED * damaged).then_some(damaged)
}

/// Text in the encoding of a label; the count says how many places could not be read.
pub fn decode(bytes: &[u8], label: &str) -> (String, usize) {
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    // A mark of another encoding in the midst of a file is no mark.
    let (text, had_errors) = encoding.decode_with_bom_removal(bytes);
    let unread = if had_errors { text.matches('\u{FFFD}').count() } else { 0 };
    (text.into_owned(), unread)
}

/// A few characters of the text that are not ASCII, as they are read: people see at a glance
/// whether an encoding is right.
pub fn sample(bytes: &[u8], label: &str) -> Option<String> {
    const WINDOW_BYTES: usize = 256;
    const CHARACTERS: usize = 12;
    // Bytes below are never part of a character of several bytes.
    const DELIMITERS_END: u8 = 0x40;
    let is_wide = label.starts_with("utf-16");
    let first = if is_wide { 0 } else { bytes.iter().position(|byte| !byte.is_ascii())? };
    let start = bytes[..first].iter().rposition(|byte| *byte < DELIMITERS_END).map_or(0, |at| at + 1);
    let end = if is_wide { bytes.len().min(64 * WINDOW_BYTES) } else { bytes.len().min(first + WINDOW_BYTES) };
    let (content, _) = decode(&bytes[start..end], label);
    let is_delimiter = |c: char| c.is_control() || matches!(c, ',' | '"' | ';' | '|' | '<' | '>' | '{' | '}' | '[');
    content.split(is_delimiter).find(|part| part.chars().any(|c| !c.is_ascii() && c != '\u{FEFF}')).map(|part| {
        let start: String = part.trim_matches(['\u{FEFF}', ' ']).chars().take(CHARACTERS).collect();
        start.trim_end().to_owned()
    })
}

/// The encoding that an XML declaration names.
pub fn xml_encoding(head: &[u8]) -> Option<String> {
    const DECLARATION_BYTES: usize = 200;
    let head = String::from_utf8_lossy(&head[..head.len().min(DECLARATION_BYTES)]);
    let declaration = head.trim_start_matches('\u{FEFF}').strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name.to_owned())
}

/// The name that GDAL's `ENCODING` option needs for a label.
pub fn gdal_name(label: &str) -> &str {
    match label {
        "big5" => "BIG5-HKSCS",
        "gbk" | "gb18030" => "GB18030",
        "windows-1252" => "CP1252",
        "utf-8" => "UTF-8",
        // The library beneath GDAL knows the others by the names of the Encoding Standard.
        other => other,
    }
}

/// The name to show people.
pub fn shown_name(label: &str) -> &str {
    match label {
        "big5" => "Big5-HKSCS",
        "gbk" => "GBK",
        "gb18030" => "GB18030",
        "utf-16le" => "UTF-16LE",
        "utf-16be" => "UTF-16BE",
        "windows-1252" => "Windows-1252",
        "utf-8" => "UTF-8",
        other => other,
    }
}

fn label_for(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "Big5" => "big5",
        "GBK" => "gbk",
        "UTF-16LE" => "utf-16le",
        "UTF-16BE" => "utf-16be",
        "UTF-8" => "utf-8",
        // Of these the standard's names are labels already.
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_big5_is_big5_with_hkscs() {
        for name in ["Big5", "BIG5-HKSCS", "CP950", "950", "big5_hkscs", "Big5-HKSCS:2008"] {
            assert_eq!(label_of(name), Some("big5"), "{name}");
        }
        assert_eq!(label_of("klingon"), None);
    }

    #[test]
    fn bytes_are_recognised_without_a_declaration() {
        // 深水埗區, whose 埗 is the HKSCS pair 96 F5 that code page 950 does not know.
        let district = [0xB2, 0x60, 0xA4, 0xF4, 0x96, 0xF5, 0xB0, 0xCF];
        let found = guess(&district);
        assert_eq!(found.label, "big5");
        assert_eq!(decode(&district, found.label), ("深水埗區".to_owned(), 0));
        assert_eq!(guess("圖書館".as_bytes()).label, "utf-8");
        assert_eq!(find(b"\xFF\xFEa\0", None).unwrap().label, "utf-16le");
        assert_eq!(
            find("{\"名\":1}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>().as_slice(), None)
                .unwrap()
                .label,
            "utf-16be"
        );
        assert!(find(b"x", Some("klingon")).is_err());
    }

    #[test]
    fn a_sample_shows_how_the_text_is_read() {
        let (big5, _, _) = encoding_rs::BIG5.encode("001,abc,圖書館,x");
        assert_eq!(sample(&big5, "big5").as_deref(), Some("圖書館"));
        assert_eq!(sample(b"only ascii", "utf-8"), None);
        let wide: Vec<u8> = "\u{FEFF}key\t圖書館\tx".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(sample(&wide, "utf-16le").as_deref(), Some("圖書館"));
        assert_eq!(sample(b"a;caf\xe9 bar;b", "windows-1252").as_deref(), Some("café bar"));
    }

    #[test]
    fn one_damaged_name_does_not_change_the_encoding_of_a_file() {
        let mut bytes = "圖書館、流動圖書館、自修室、體育館".as_bytes().to_vec();
        bytes.extend(b"\xB2\x60");
        let found = guess(&bytes);
        assert_eq!(found.label, "utf-8");
        assert!(found.how.contains("1 damaged"), "{}", found.how);
        assert_eq!(guess(b"{\"a\":\"\xff\xfe\"}").label, "utf-8");
        let (sentence, _, _) =
            encoding_rs::BIG5.encode("深水埗區議會由區議員組成，並設有秘書處。圖書館、泳池和街市亦在區內。");
        assert_eq!(guess(&sentence).label, "big5");
    }
}
