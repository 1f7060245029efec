//! Before GDAL opens a file: what it would misread in silence is mended in the private copy, and
//! what the file itself says of its number of features is noted.

use causeway::intake::delivery::protocol::WorkerSource;
use causeway::intake::delivery::{Format, text};
use gdal::Dataset;
use gdal::vector::LayerAccess;

use super::{Stop, kml};

/// Mends what GDAL would misread in silence, in the private copy. Answers how many placemarks the
/// text of a KML holds.
pub fn prepare(source: &WorkerSource, notes: &mut Vec<String>) -> Result<Option<u64>, Stop> {
    match source.format {
        Format::GeoJson => prepare_geojson(source, notes).map(|()| None),
        Format::Shapefile => prepare_shapefile(source, notes).map(|()| None),
        Format::Gpx => prepare_xml(source, notes).map(|_| None),
        Format::Kml => {
            let content = prepare_xml(source, notes)?;
            let found =
                kml::placemarks(&content).map_err(|message| Stop::Refused(format!("{}: {message}", source.shown)))?;
            if let Some(wrapped) = found.wrapped {
                notes.push(
                    "its placemarks stood directly under <kml>; a <Document> was put around them in a private copy"
                        .to_owned(),
                );
                std::fs::write(&source.path, wrapped)?;
            }
            Ok(Some(found.count))
        }
        Format::Csv | Format::Xlsx => Ok(None),
    }
}

fn prepare_geojson(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    let (label, how) = source.encoding.as_ref().map_or(("utf-8", ""), |(label, how)| (label.as_str(), how.as_str()));
    if label == "utf-8" && !how.contains("damaged") {
        return Ok(());
    }
    let (content, unread) = text::decode(&std::fs::read(&source.path)?, label);
    if unread > 0 {
        notes.push(format!("{unread} places could not be read as {} and stand as \u{FFFD}", text::shown_name(label)));
    }
    Ok(std::fs::write(&source.path, content)?)
}

fn prepare_shapefile(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    if !source.path.with_extension("shx").exists() {
        notes.push("the .shx was missing and was rebuilt in a private copy".to_owned());
    }
    if !source.path.with_extension("dbf").exists() {
        notes.push("the .dbf is missing, so the shapes have no attributes".to_owned());
    }
    // A .cpg that lies would beat the encoding that was found.
    let page = source.path.with_extension("cpg");
    if page.exists() {
        std::fs::remove_file(page)?;
    }
    Ok(())
}

/// KML or GPX as UTF-8: the parser below GDAL knows no Big5.
fn prepare_xml(source: &WorkerSource, notes: &mut Vec<String>) -> Result<String, Stop> {
    let bytes = std::fs::read(&source.path)?;
    let declared = xml_encoding(&bytes);
    let found = text::find(&bytes, declared.as_deref())
        .map_err(|message| Stop::Refused(format!("{}: {message}", source.shown)))?;
    let (content, unread) = text::decode(&bytes, found.label);
    let shown = text::shown_name(found.label);
    if unread > 0 {
        notes.push(format!("{unread} places could not be read as {shown} and stand as \u{FFFD}"));
    }
    if found.label != "utf-8" || unread > 0 {
        notes.push(format!("its text was {shown} ({}) and was turned into UTF-8 in a private copy", found.how));
        let rest = content.find("?>").filter(|_| content.starts_with("<?xml")).map_or(0, |end| end + 2);
        let content = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", &content[rest..]);
        std::fs::write(&source.path, &content)?;
        return Ok(content);
    }
    Ok(content)
}

/// The encoding that an XML declaration names.
fn xml_encoding(bytes: &[u8]) -> Option<String> {
    const DECLARATION_BYTES: usize = 200;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES)]);
    let declaration = head.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name.to_owned())
}

/// How many features the chosen layer must give. Where the text itself was counted, all layers
/// together must hold as many.
pub fn announced(
    dataset: &Dataset,
    layer: usize,
    placemarks: Option<u64>,
    source: &WorkerSource,
    notes: &mut Vec<String>,
) -> Result<u64, Stop> {
    let counts: Vec<u64> = dataset.layers().map(|layer| layer.feature_count()).collect();
    let known: u64 = counts.iter().sum();
    if let Some(placemarks) = placemarks.filter(|placemarks| *placemarks != known) {
        return Err(Stop::Refused(format!(
            "{}: the file holds {placemarks} placemarks but only {known} could be read",
            source.shown
        )));
    }
    let deleted = match source.format {
        Format::Shapefile => deleted_rows(&source.path.with_extension("dbf"))?,
        _ => 0,
    };
    if deleted > 0 {
        notes.push(format!("{deleted} rows are marked as deleted in the .dbf and were left out"));
    }
    Ok(counts[layer].saturating_sub(deleted))
}

/// Rows that a dBASE table marks as deleted: GDAL counts them but does not give them out.
fn deleted_rows(table: &std::path::Path) -> Result<u64, Stop> {
    const DELETED: u8 = b'*';
    let Ok(bytes) = std::fs::read(table) else { return Ok(0) };
    let [size_at, row_at] =
        [8, 10].map(|at| bytes.get(at..at + 2).map_or(0, |pair| usize::from(u16::from_le_bytes([pair[0], pair[1]]))));
    let rows = bytes.get(4..8).map_or(0, |count| u32::from_le_bytes([count[0], count[1], count[2], count[3]]));
    if row_at == 0 || size_at == 0 {
        return Ok(0);
    }
    let marks = bytes.iter().skip(size_at).step_by(row_at).take(rows as usize);
    Ok(marks.filter(|mark| **mark == DELETED).count() as u64)
}
