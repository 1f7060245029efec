//! XML from outside, read into a small tree by one parser: no DTD, no entities but the five of
//! XML, bounded in bytes, depth and elements. Names are local names; namespaces are not checked,
//! because clients write them in many ways.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::limits;

/// An element, its attributes and what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without its prefix.
    pub name: String,
    /// Names without their prefixes.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text directly in it, trimmed.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the document has {bytes} bytes; at most {most} are read")]
    TooLong { bytes: usize, most: usize },
    #[error("the document nests elements deeper than {max}", max = limits::XML_DEPTH_MAX)]
    TooDeep,
    #[error("the document has more than {most} elements")]
    TooMany { most: usize },
    #[error("the document has a document type or an entity; neither is read")]
    Doctype,
    #[error("the document is not XML: {0}")]
    NotXml(String),
}

/// How much is read of a document, however deep it may be.
#[derive(Clone, Copy, Debug)]
pub struct XmlLimits {
    pub bytes: usize,
    pub elements: usize,
}

/// What a client may send.
const REQUEST: XmlLimits = XmlLimits { bytes: limits::XML_BYTES_MAX, elements: limits::XML_ELEMENTS_MAX };

impl Element {
    /// Reads a whole request in UTF-8.
    pub fn read(bytes: &[u8]) -> Result<Element, XmlError> {
        Element::read_within(bytes, REQUEST)
    }

    /// Reads a whole document in UTF-8.
    pub fn read_within(bytes: &[u8], most: XmlLimits) -> Result<Element, XmlError> {
        if bytes.len() > most.bytes {
            return Err(XmlError::TooLong { bytes: bytes.len(), most: most.bytes });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| XmlError::NotXml(error.to_string()))?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let not_xml = |error: &dyn std::fmt::Display| XmlError::NotXml(error.to_string());
        let mut open: Vec<Element> = vec![Element::default()];
        let mut count = 0usize;
        loop {
            match reader.read_event().map_err(|error| not_xml(&error))? {
                Event::Start(start) => {
                    count += 1;
                    if open.len() > limits::XML_DEPTH_MAX {
                        return Err(XmlError::TooDeep);
                    }
                    open.push(begun(&start)?);
                }
                Event::Empty(start) => {
                    count += 1;
                    let element = begun(&start)?;
                    attach(&mut open, element);
                }
                Event::End(_) => {
                    if let Some(element) = open.pop() {
                        attach(&mut open, element);
                    }
                }
                Event::Text(text) => add_text(&mut open, &text),
                Event::CData(text) => add_text(&mut open, &text),
                Event::GeneralRef(reference) => {
                    add_text(&mut open, &character(&reference)?.to_string());
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
            if count > most.elements {
                return Err(XmlError::TooMany { most: most.elements });
            }
        }
        let Some(mut document) = open.pop().filter(|_| open.is_empty()) else {
            return Err(XmlError::NotXml("an element is not closed".to_owned()));
        };
        match document.children.pop().filter(|_| document.children.is_empty()) {
            Some(root) => Ok(root.trimmed()),
            None => Err(XmlError::NotXml("it has no root element, or several".to_owned())),
        }
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of this name in it, at any depth.
    pub fn descendant(&self, name: &str) -> Option<&Element> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.descendant(name) })
    }

    /// Every element of this name in it, at any depth, those inside another such one left out.
    pub fn descendants<'a>(&'a self, name: &str) -> Vec<&'a Element> {
        let of_child = |child: &'a Element| if child.name == name { vec![child] } else { child.descendants(name) };
        self.children.iter().flat_map(of_child).collect()
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn trimmed(mut self) -> Self {
        self.text = self.text.trim().to_owned();
        self.children = self.children.into_iter().map(Element::trimmed).collect();
        self
    }
}

fn begun(start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| XmlError::NotXml(error.to_string()))?;
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), unescaped(&attribute.value)?));
    }
    Ok(element)
}

fn attach(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn unescaped(text: &str) -> Result<String, XmlError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let end = after.find(';').ok_or_else(|| XmlError::NotXml("an \"&\" begins no reference".to_owned()))?;
        out.push(character(&after[..end])?);
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The character of a reference; an entity that only a document type could define is refused.
fn character(reference: &str) -> Result<char, XmlError> {
    let number = reference.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    });
    match (reference, number) {
        ("amp", _) => Ok('&'),
        ("lt", _) => Ok('<'),
        ("gt", _) => Ok('>'),
        ("quot", _) => Ok('"'),
        ("apos", _) => Ok('\''),
        (_, Some(Ok(number))) => {
            char::from_u32(number).ok_or_else(|| XmlError::NotXml(format!("&{reference}; is no character")))
        }
        _ => Err(XmlError::Doctype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_a_tree_of_local_names() {
        let root = Element::read(
            "<csw:A xmlns:csw=\"x\" b=\"1 &amp; 2\"><ogc:L>&#22270;&#x66F8;</ogc:L><E/></csw:A>".as_bytes(),
        )
        .unwrap();
        assert_eq!((root.name.as_str(), root.attribute("B")), ("A", Some("1 & 2")));
        assert_eq!(root.child("L").map(|child| child.text.as_str()), Some("图書"));
        assert!(root.descendant("E").is_some());
    }

    #[test]
    fn what_could_harm_is_refused() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        for (text, error) in [
            ("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", XmlError::Doctype),
            ("<a>&x;</a>", XmlError::Doctype),
            (deep.as_str(), XmlError::TooDeep),
        ] {
            assert_eq!(Element::read(text.as_bytes()), Err(error));
        }
        for text in ["", "<a>", "<a></b>", "<a/><b/>", "text", "<a b='&'/>"] {
            assert!(matches!(Element::read(text.as_bytes()), Err(XmlError::NotXml(_))), "{text}");
        }
    }
}
