//! XML out: every text and attribute goes through the escaping writer of quick-xml, and names that
//! XML would not take become names that it takes.

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document that grows in memory, where writing cannot fail.
pub struct XmlWriter {
    writer: Writer<Vec<u8>>,
}

impl XmlWriter {
    /// A part of a document.
    pub fn fragment() -> Self {
        XmlWriter { writer: Writer::new(Vec::new()) }
    }

    /// Begins with the XML declaration.
    pub fn document() -> Self {
        let mut xml = XmlWriter::fragment();
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    fn write(&mut self, event: Event<'_>) {
        let written = self.writer.write_event(event);
        debug_assert!(written.is_ok());
    }

    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Start(start(name, attributes)));
    }

    pub fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Empty(start(name, attributes)));
    }

    pub fn text(&mut self, text: &str) {
        self.write(Event::Text(BytesText::new(&carried(text))));
    }

    /// An element that holds nothing but text.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.text(text);
        self.close(name);
    }

    /// For numbers, which need no escaping and are written by the thousand.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        self.writer.get_mut()
    }

    pub fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }
}

fn start<'a>(name: &'a str, attributes: &[(&'a str, &'a str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((*name, carried(value).as_ref()));
    }
    element
}

/// XML 1.0 §2.2 has no form for control characters, escaped or not.
fn carried(text: &str) -> Cow<'_, str> {
    let is_carried = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(is_carried) {
        true => Cow::Borrowed(text),
        false => text.chars().map(|c| if is_carried(c) { c } else { char::REPLACEMENT_CHARACTER }).collect(),
    }
}

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
    fn nothing_breaks_out_of_a_text_or_an_attribute() {
        let mut xml = XmlWriter::document();
        xml.open("a", &[("b", "\"<&>'\u{1}")]);
        xml.text("]]><x>&amp;\u{0}\u{b}圖");
        xml.close("a");
        let text = String::from_utf8(xml.finish()).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"&quot;&lt;&amp;&gt;&apos;\u{fffd}\">\
             ]]&gt;&lt;x&gt;&amp;amp;\u{fffd}\u{fffd}圖</a>"
        );
    }

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
