//! KML whose placemarks stand directly under `<kml>`: GDAL reads one of them and says nothing, so
//! the private copy gets a `<Document>` around them.

use quick_xml::events::Event;

/// The text with a document around its root-level placemarks; `None` when it needs none.
pub fn wrapped(text: &str) -> Result<Option<String>, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0usize;
    let mut after_root_start = None;
    let mut root_placemarks = 0u64;
    let mut before_root_end = None;
    loop {
        let before = reader.buffer_position() as usize;
        match reader.read_event().map_err(|error| format!("it is not sound XML: {error}"))? {
            Event::Start(element) => {
                if depth == 0 {
                    after_root_start = Some(reader.buffer_position() as usize);
                } else if depth == 1 && element.local_name().as_ref() == "Placemark" {
                    root_placemarks += 1;
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    before_root_end = Some(before);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match (after_root_start, before_root_end) {
        (Some(start), Some(end)) if root_placemarks > 0 && start <= end => Ok(Some(format!(
            "{}<Document>{}</Document>{}",
            &text[..start],
            &text[start..end],
            &text[end..]
        ))),
        _ => Ok(None),
    }
}

/// Placemarks in the text, to be compared with what GDAL reads.
pub fn placemarks(text: &str) -> u64 {
    let opening = |rest: &str| rest.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace());
    text.match_indices("<Placemark")
        .filter(|(at, found)| opening(&text[at + found.len()..]))
        .count() as u64
}
