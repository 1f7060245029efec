//! What the first bytes of a file say it is, whatever its name says.

use quick_xml::events::Event;

/// Bytes that begin files of known formats.
const MAGIC: [(&[u8], &str); 9] = [
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PK\x03\x04", "a zip"),
    (b"\x1f\x8b", "a gzip"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "a PDF"),
    (b"\x00\x00\x27\x0a", "a shapefile"),
    (b"fgb\x03fgb", "FlatGeobuf"),
    (b"AC10", "an AutoCAD drawing (DWG)"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
];

/// The kind of a binary file, in words.
pub fn magic(head: &[u8]) -> Option<&'static str> {
    MAGIC.iter().find(|(bytes, _)| head.starts_with(bytes)).map(|(_, words)| *words)
}

/// What JSON text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Json {
    Features,
    Sequence,
    Topology,
    Esri,
    Other,
}

/// Looks at the first object of a JSON text, and whether another follows it.
pub fn json(text: &str) -> Json {
    const RECORD_SEPARATOR: char = '\u{1E}';
    if text.trim_start().starts_with(RECORD_SEPARATOR) {
        return Json::Sequence;
    }
    let mut scan = Scan::default();
    let end = text.char_indices().find_map(|(at, character)| scan.take(character).then_some(at + 1));
    let rest = end.and_then(|end| text.get(end..)).unwrap_or_default();
    if rest.trim_start().starts_with('{') {
        return Json::Sequence;
    }
    let has = |key: &str| scan.keys.iter().any(|(known, _)| known == key);
    let kind = scan.keys.iter().find(|(key, _)| key == "type").map(|(_, value)| value.as_str());
    match kind {
        Some("Topology") => Json::Topology,
        Some(
            "FeatureCollection" | "Feature" | "Point" | "LineString" | "Polygon" | "MultiPoint" | "MultiLineString"
            | "MultiPolygon" | "GeometryCollection",
        ) => Json::Features,
        _ if has("geometryType") || has("spatialReference") => Json::Esri,
        _ if has("features") => Json::Features,
        _ => Json::Other,
    }
}

/// The members of the outermost object, with the text of those that are strings.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    is_key: bool,
    text: String,
    keys: Vec<(String, String)>,
}

impl Scan {
    /// Takes a character; true at the end of the outermost object.
    fn take(&mut self, character: char) -> bool {
        /// Characters kept of a key or value: the longest that is looked for is shorter.
        const KEPT: usize = 40;
        if self.in_string {
            match character {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' => self.is_escaped = true,
                '"' => {
                    self.in_string = false;
                    self.end_string();
                }
                _ if self.text.len() < KEPT => self.text.push(character),
                _ => {}
            }
            return false;
        }
        match character {
            '"' => {
                self.in_string = true;
                self.text.clear();
            }
            '{' | '[' => {
                self.is_key = self.depth == 0 && character == '{';
                self.depth += 1;
            }
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            ',' if self.depth == 1 => self.is_key = true,
            ':' if self.depth == 1 => self.is_key = false,
            _ => {}
        }
        false
    }

    fn end_string(&mut self) {
        if self.depth != 1 {
            return;
        }
        if self.is_key {
            self.keys.push((std::mem::take(&mut self.text), String::new()));
        } else if let Some((_, value)) = self.keys.last_mut() {
            *value = std::mem::take(&mut self.text);
        }
    }
}

/// The outermost element of an XML text, and the name spaces that it declares, as they stand.
#[derive(Debug, PartialEq, Eq)]
pub struct Root {
    pub name: String,
    pub declarations: String,
}

/// Finds the outermost element. Entities of the file's own are refused: nothing that departments
/// write needs them, and they can read files and grow without end.
pub fn xml_root(text: &str) -> Result<Root, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| format!("is not sound XML: {error}"))? {
            Event::DocType(definition) => {
                let definition: &str = definition.as_ref();
                if definition.to_ascii_uppercase().contains("ENTITY") {
                    return Err("declares entities of its own, which are not accepted".to_owned());
                }
            }
            Event::Start(element) | Event::Empty(element) => {
                let whole: &str = element.as_ref();
                return Ok(Root { name: element.local_name().as_ref().to_owned(), declarations: whole.to_owned() });
            }
            Event::Eof => return Err("holds no XML element".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_outermost_object() {
        for (text, kind) in [
            (r#"{"type":"FeatureCollection","features":[{"type":"Topology"}]}"#, Json::Features),
            (r#" {"features":[], "type":"FeatureCollection"}"#, Json::Features),
            (r#"{"objects":{"type":"x"},"type":"Topology"}"#, Json::Topology),
            ("{\"type\":\"Feature\"}\n{\"type\":\"Feature\"}\n", Json::Sequence),
            ("\u{1E}{\"type\":\"Feature\"}\n", Json::Sequence),
            (r#"{"displayFieldName":"","geometryType":"esriGeometryPoint","features":[]}"#, Json::Esri),
            (r#"{"a\"type":"Topology","x":"type"}"#, Json::Other),
            (r#"{"type":"FeatureCollection","features":[{"a":"}{"#, Json::Features),
            ("[1,2]", Json::Other),
        ] {
            assert_eq!(json(text), kind, "{text}");
        }
    }

    #[test]
    fn the_root_of_xml_is_found_behind_comments_and_entities_are_refused() {
        let root = xml_root("<?xml version=\"1.0\"?><!-- <kml> --><k:kml xmlns:k=\"x\"><Document/></k:kml>").unwrap();
        assert_eq!(root.name, "kml");
        assert!(root.declarations.contains("xmlns:k=\"x\""));
        let bomb = "<!DOCTYPE kml [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;\">]><kml>&b;</kml>";
        assert!(xml_root(bomb).unwrap_err().contains("entities"));
        assert!(xml_root("<!DOCTYPE kml SYSTEM \"kml.dtd\"><kml/>").is_ok());
        assert!(xml_root("no xml").is_err());
    }
}
