//! Names of fields and layers as names of XML, and back.

use std::fmt::Write;

/// A name of any characters as a name of XML without a colon: what may not stand becomes `_xHHHH_`
/// with its code point, as ISO 9075-14 §9.1 maps the names of SQL. What may stand is ASCII letters
/// and digits, `_`, `-`, `.`, and the ideographs that every edition of XML takes.
pub fn xml_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let rest = &name[at..];
        let starts = c.is_ascii_alphabetic() || ('\u{4e00}'..='\u{9fa5}').contains(&c);
        // An underscore before an x would read as the beginning of a code point.
        let stands = match c {
            '_' => !rest.starts_with("_x"),
            'x' | 'X' if at == 0 => !rest.get(..3).is_some_and(|three| three.eq_ignore_ascii_case("xml")),
            _ => starts || (at > 0 && (c.is_ascii_digit() || matches!(c, '-' | '.'))),
        };
        match stands {
            true => out.push(c),
            // Writing into a string cannot fail.
            false => drop(write!(out, "_x{:04X}_", u32::from(c))),
        }
    }
    out
}

/// The name that [`xml_name`] was given. What that function would not write stays as it is.
pub fn name_from_xml(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let digits = rest[at + 2..].split_once('_').map(|(digits, _)| digits);
        let is_code = |digits: &&str| (4..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let code = digits.filter(is_code).and_then(|digits| Some((digits, u32::from_str_radix(digits, 16).ok()?)));
        match code.and_then(|(digits, code)| Some((digits, char::from_u32(code)?))) {
            Some((digits, c)) => {
                out.push(c);
                rest = &rest[at + "_x".len() + digits.len() + "_".len()..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_name_becomes_one_of_xml_and_is_found_again() {
        for (name, written) in [
            ("NAME_EN", "NAME_EN"),
            ("Facility Name", "Facility_x0020_Name"),
            ("設施名稱", "設施名稱"),
            ("1st", "_x0031_st"),
            ("a:b", "a_x003A_b"),
            ("a_x0020_b", "a_x005F_x0020_b"),
            ("xmlns", "_x0078_mlns"),
            ("Xml", "_x0058_ml"),
            ("-a.b-1", "_x002D_a.b-1"),
            ("𠝹", "_x20779_"),
            ("é", "_x00E9_"),
        ] {
            assert_eq!(xml_name(name), written);
            assert_eq!(name_from_xml(written), name);
        }
        assert_eq!(name_from_xml("a_xb_xzzzz_"), "a_xb_xzzzz_");
    }

    proptest! {
        #[test]
        fn names_differ_in_xml_where_they_differ_at_all(name in "\\PC{1,12}|[_xX0-9A-F ]{1,12}") {
            let written = xml_name(&name);
            prop_assert_eq!(name_from_xml(&written), name);
            let mut characters = written.chars();
            prop_assert!(characters.next().is_some_and(|c| c.is_alphabetic() || c == '_'));
            prop_assert!(characters.all(|c| c.is_alphanumeric() || "_-.".contains(c)));
        }
    }
}
