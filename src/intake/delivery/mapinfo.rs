//! What of a MapInfo table tells how its texts are encoded.

/// The encoding that the text part of a MapInfo table names, as a label; `Neutral` names none.
pub fn charset(head: &[u8]) -> Option<String> {
    const LINES: usize = 10;
    let text = String::from_utf8_lossy(&head[..head.len().min(4_096)]);
    let line = text
        .lines()
        .take(LINES)
        .find(|line| line.trim_start().trim_start_matches('!').to_ascii_lowercase().starts_with("charset"))?;
    let name = line.split_whitespace().nth(1)?.trim_matches('"').to_ascii_lowercase();
    let label = match name.as_str() {
        "windowstradchinese" => "big5",
        "windowssimpchinese" => "gbk",
        "windowslatin1" | "iso8859_1" => "windows-1252",
        "windowslatin2" => "windows-1250",
        "windowscyrillic" => "windows-1251",
        "windowsjapanese" => "shift_jis",
        "windowskorean" => "euc-kr",
        "utf-8" => "utf-8",
        _ => return None,
    };
    Some(label.to_owned())
}

/// The texts of a table's rows: `head` is its description (`.tab`), which says of what type each field is,
/// `data` the beginning of its `.dat`, where numbers and dates stand in binary between them.
pub fn texts(head: &[u8], data: &[u8]) -> Vec<u8> {
    const FIELD_BYTES: usize = 32;
    const WIDTH_AT: usize = 16;
    let size_at =
        |at: usize| data.get(at..at + 2).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    let (header_bytes, row_bytes) = (size_at(8), size_at(10));
    // A mark for deleted rows goes before the first field.
    let mut begin = 1;
    let mut columns = Vec::new();
    for (place, is_text) in are_texts(head).into_iter().enumerate() {
        let width = data.get(FIELD_BYTES * (place + 1) + WIDTH_AT).copied().map_or(0, usize::from);
        if is_text {
            columns.push(begin..begin + width);
        }
        begin += width;
    }
    let mut texts = Vec::new();
    let rows = data.get(header_bytes..).filter(|_| row_bytes > 0).unwrap_or_default();
    for row in rows.chunks_exact(row_bytes.max(1)) {
        for column in &columns {
            let value = row.get(column.clone()).unwrap_or_default();
            texts.extend(value.iter().take_while(|byte| **byte != 0));
            texts.push(b'\n');
        }
    }
    texts
}

/// Of each field that a table describes, in order, whether it holds text: `  Name Char (254) ;`.
fn are_texts(head: &[u8]) -> Vec<bool> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().map(str::trim);
    let count = lines.find_map(|line| {
        let (word, count) = line.split_once(char::is_whitespace)?;
        word.eq_ignore_ascii_case("fields").then(|| count.trim().parse::<usize>().ok())?
    });
    let is_text =
        |line: &str| line.split_whitespace().nth(1).is_some_and(|kind| kind.to_ascii_lowercase().starts_with("char"));
    lines.take(count.unwrap_or_default()).map(is_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "!table\n!version 900\n!charset Neutral\n\nDefinition Table\n  Type NATIVE Charset \"Neutral\"\n  \
        Fields 3\n    n Integer ;\n    Name Char (8) Index 1 ;\n    d Date ;\n";

    fn data(rows: &[(i32, &[u8])]) -> Vec<u8> {
        let widths = [4u8, 8, 4];
        let mut data = vec![0u8; 32];
        data[8] = 32 * 4 + 1;
        data[10] = 17;
        for width in widths {
            let mut field = [0u8; 32];
            field[16] = width;
            data.extend_from_slice(&field);
        }
        data.push(0x0D);
        for (number, text) in rows {
            let mut row = vec![b' '];
            row.extend_from_slice(&number.to_le_bytes());
            row.extend_from_slice(text);
            row.resize(13, 0);
            row.extend_from_slice(&[0xE7, 0x07, 12, 31]);
            data.extend_from_slice(&row);
        }
        data
    }

    #[test]
    fn only_fields_of_text_tell_the_encoding() {
        let texts = texts(TABLE.as_bytes(), &data(&[(-1, "中環".as_bytes()), (200_000_000, "灣仔".as_bytes())]));
        assert_eq!(String::from_utf8(texts).unwrap(), "中環\n灣仔\n");
        assert_eq!(super::texts(b"", &data(&[(1, b"A")])), b"");
        assert_eq!(super::texts(TABLE.as_bytes(), b"short"), b"");
    }

    #[test]
    fn the_table_names_its_character_set_or_none() {
        assert_eq!(charset(b"!table\n!charset WindowsTradChinese\n").as_deref(), Some("big5"));
        assert_eq!(charset(TABLE.as_bytes()), None);
    }
}
