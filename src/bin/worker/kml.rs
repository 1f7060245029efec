//! KML whose placemarks stand directly under `<kml>`: GDAL reads one of them and says nothing, so
//! the private copy gets a `<Document>` around them.

use quick_xml::events::Event;

const PLACEMARK: &str = "Placemark";
/// What GDAL makes a feature of.
const FEATURES: [&str; 4] = [PLACEMARK, "GroundOverlay", "ScreenOverlay", "PhotoOverlay"];
const NETWORK_LINK: &str = "NetworkLink";

/// What a KML text holds.
pub struct Placemarks {
    /// All of them, and overlays, to be compared with what GDAL reads.
    pub count: u64,
    /// Links to other files, which nobody follows.
    pub network_links: u64,
    /// The text with a document around its root-level placemarks, where it has any.
    pub wrapped: Option<String>,
}

/// Counts the placemarks, by events and not by text, for comments may hold more.
pub fn placemarks(text: &str) -> Result<Placemarks, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0usize;
    let mut after_root_start = None;
    let mut root_placemarks = 0u64;
    let mut count = 0u64;
    let mut network_links = 0u64;
    let mut before_root_end = None;
    loop {
        let before = reader.buffer_position() as usize;
        match reader.read_event().map_err(|error| format!("it is not sound XML: {error}"))? {
            Event::Empty(element) => count += u64::from(FEATURES.contains(&element.local_name().as_ref())),
            Event::Start(element) => {
                let name = element.local_name();
                let is_placemark = name.as_ref() == PLACEMARK;
                count += u64::from(FEATURES.contains(&name.as_ref()));
                network_links += u64::from(name.as_ref() == NETWORK_LINK);
                if depth == 0 {
                    after_root_start = Some(reader.buffer_position() as usize);
                } else if depth == 1 && is_placemark {
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
    let wrapped = match (after_root_start, before_root_end) {
        (Some(start), Some(end)) if root_placemarks > 0 && start <= end => {
            Some(format!("{}<Document>{}</Document>{}", &text[..start], &text[start..end], &text[end..]))
        }
        _ => None,
    };
    Ok(Placemarks { count, network_links, wrapped })
}
