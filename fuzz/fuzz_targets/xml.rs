//! Any bytes as an XML request: what is read is written by our writer and read again as it was.
#![no_main]

use causeway::base::xml::Element;
use causeway::base::xml_writer::XmlWriter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(root) = Element::read(bytes) else { return };
    if !has_names(&root) {
        return;
    }
    let mut xml = XmlWriter::document();
    write(&root, &mut xml);
    let written = xml.finish();
    let again = Element::read(&written).expect("what is written is read");
    assert!(is_same(&root, &again), "{root:?} became {again:?}");
});

/// The reader judges no names: one that is none only fits no name that is asked for. It could not be
/// written again, nor could two attributes that differ in their prefixes alone.
fn has_names(element: &Element) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    is_name(&element.name)
        && element.attributes.iter().all(|(name, _)| is_name(name))
        && element
            .attributes
            .iter()
            .enumerate()
            .all(|(at, (name, _))| element.attributes[..at].iter().all(|(before, _)| before != name))
        && element.children.iter().all(has_names)
}

fn write(element: &Element, xml: &mut XmlWriter) {
    let attributes: Vec<(&str, &str)> =
        element.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    xml.element(&element.name, &attributes, |xml| {
        xml.text(&element.text);
        element.children.iter().for_each(|child| write(child, xml));
    });
}

/// Names, structure and texts, but for the control characters that XML has no form for.
fn is_same(one: &Element, other: &Element) -> bool {
    let is_kept = |one: &str, other: &str| one == other || one.contains(|c: char| c < ' ' || c > '\u{fffd}');
    let attributes = one.attributes.iter().zip(&other.attributes);
    one.name == other.name
        && is_kept(&one.text, &other.text)
        && one.attributes.len() == other.attributes.len()
        && attributes.into_iter().all(|(one, other)| one.0 == other.0 && is_kept(&one.1, &other.1))
        && one.children.len() == other.children.len()
        && one.children.iter().zip(&other.children).all(|(one, other)| is_same(one, other))
}
