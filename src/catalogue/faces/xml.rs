//! An XML writer that cannot write what is not XML: every text and attribute is escaped, every
//! element is closed, and characters that XML 1.0 does not have are left out.

/// A document being written.
#[derive(Debug)]
pub struct Xml {
    text: String,
}

/// Attributes of an element, in order.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Xml {
    /// Begins a document.
    pub fn document() -> Self {
        Xml { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    /// An element that holds what `inner` writes.
    pub fn element(&mut self, name: &str, attributes: Attributes<'_>, inner: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        let start = self.text.len();
        self.text.push('>');
        inner(self);
        if self.text.len() == start + 1 {
            self.text.truncate(start);
            self.text.push_str("/>");
        } else {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
    }

    /// An element that holds text.
    pub fn leaf(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |xml| escape(text, &mut xml.text));
    }

    /// Markup that this writer made elsewhere, without its declaration.
    pub fn fragment(&mut self, other: Xml) {
        let body = other.text.find("?>\n").map_or(0, |end| end + "?>\n".len());
        self.text.push_str(&other.text[body..]);
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            escape(value, &mut self.text);
            self.text.push('"');
        }
    }

    pub fn finish(self) -> String {
        self.text
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(character),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let mut xml = Xml::document();
        xml.element("a", &[("b", "\"<&")], |xml| {
            xml.leaf("c", &[], "<script>\u{0}&");
            xml.element("d", &[], |_| {});
        });
        let body = "<a b=\"&quot;&lt;&amp;\"><c>&lt;script&gt;&amp;</c><d/></a>";
        assert_eq!(xml.finish(), format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"));
    }
}
