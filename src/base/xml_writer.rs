//! XML out: every text and attribute goes through the escaping writer of quick-xml, and every
//! element that is written with what it holds is closed.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Attributes of an element, in order.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

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

    /// An element that holds what `inner` writes.
    pub fn element(&mut self, name: &str, attributes: Attributes<'_>, inner: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        let start = self.bytes().len();
        inner(self);
        if self.bytes().len() > start {
            self.close(name);
        } else {
            self.bytes().truncate(start - ">".len());
            self.bytes().extend_from_slice(b"/>");
        }
    }

    /// An element that holds nothing but text.
    pub fn leaf(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |xml| xml.text(text));
    }

    /// An element that holds nothing.
    pub fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.write(Event::Empty(start(name, attributes)));
    }

    pub fn text(&mut self, text: &str) {
        self.write(Event::Text(BytesText::new(&carried(text))));
    }

    /// The beginning of an element whose end is written elsewhere.
    pub fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        self.write(Event::Start(start(name, attributes)));
    }

    pub fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// For numbers, which need no escaping and are written by the thousand.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        self.writer.get_mut()
    }

    pub fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    pub fn finish_text(self) -> String {
        String::from_utf8_lossy(&self.finish()).into_owned()
    }
}

fn start<'a>(name: &'a str, attributes: Attributes<'a>) -> BytesStart<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_text_or_an_attribute() {
        let mut xml = XmlWriter::document();
        xml.element("a", &[("b", "\"<&>'\u{1}")], |xml| {
            xml.text("]]><x>&amp;\u{0}\u{b}圖");
            xml.leaf("c", &[], "");
            xml.element("d", &[], |xml| xml.empty("e", &[]));
        });
        assert_eq!(
            xml.finish_text(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"&quot;&lt;&amp;&gt;&apos;\u{fffd}\">\
             ]]&gt;&lt;x&gt;&amp;amp;\u{fffd}\u{fffd}圖<c/><d><e/></d></a>"
        );
    }
}
