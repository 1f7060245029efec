//! Any bytes as text of any encoding: it is found, decoded without growing beyond reason, and a
//! sample is a part of what was decoded.
#![no_main]

use causeway::definition::simplified;
use causeway::intake::delivery::{columns, mapinfo, private_use, text};
use libfuzzer_sys::fuzz_target;

/// A byte of the source may become a replacement character, three bytes.
const GROWTH_MAX: usize = 3;

fuzz_target!(|bytes: &[u8]| {
    let declared = std::str::from_utf8(bytes).unwrap_or_default();
    let _ = text::find(bytes, Some(declared));
    let _ = (text::xml_encoding(bytes), mapinfo::charset(bytes));
    let (head, data) = bytes.split_at(bytes.len() / 2);
    mapinfo::texts(head, data);
    let _ = columns::parse_coordinate(declared).is_none_or(|number| {
        assert!(number.is_finite(), "{declared}");
        true
    });
    if let Some(label) = text::label_of(declared) {
        assert_eq!(text::label_of(label), Some(label), "a label is its own label");
    }
    let found = text::find(bytes, None).expect("without a declaration there is always a guess");
    for label in [found.label, "utf-8", "big5", "gbk", "gb18030", "utf-16le", "utf-16be", "windows-1252"] {
        let (decoded, unread) = text::decode(bytes, label);
        assert!(decoded.len() <= GROWTH_MAX * bytes.len());
        assert!(unread <= decoded.chars().count());
        let _ = text::sample(bytes, label);
        if label == found.label {
            check_characters(&decoded);
        }
    }
});

/// Characters are mapped one for one, and what is mapped stays.
fn check_characters(decoded: &str) {
    let (repaired, mapped, left) = private_use::repair(decoded);
    let (again, mapped_again, left_again) = private_use::repair(&repaired);
    assert_eq!((again.as_ref(), mapped_again, left_again), (repaired.as_ref(), 0, left));
    assert!(mapped > 0 || repaired == decoded);
    let simplified = simplified::from_traditional(decoded);
    assert_eq!(simplified.is_empty(), decoded.is_empty());
}
