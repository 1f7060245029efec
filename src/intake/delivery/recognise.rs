//! What each file is: its format from its name and first bytes, its encoding, and what the
//! numbers of a file without a coordinate system must be.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::protocol::WorkerSource;
use super::stage::{StagedFile, extension};
use super::{DeliveryError, ReadRequest, text};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    GeoJson,
    Shapefile,
    Kml,
    Gpx,
    Csv,
    Xlsx,
}

impl Format {
    const ALL: [Format; 6] = [Format::GeoJson, Format::Shapefile, Format::Kml, Format::Gpx, Format::Csv, Format::Xlsx];

    /// The name in definitions and reports.
    pub fn name(self) -> &'static str {
        match self {
            Format::GeoJson => "GeoJSON",
            Format::Shapefile => "Shapefile",
            Format::Kml => "KML",
            Format::Gpx => "GPX",
            Format::Csv => "CSV",
            Format::Xlsx => "XLSX",
        }
    }

    fn accepted() -> String {
        Format::ALL.map(Format::name).join(", ")
    }
}

/// Bytes looked at to tell a format and an encoding.
const HEAD_BYTES: u64 = 4 * 1024 * 1024;

/// Recognises every file of a delivery; all must be of one format, because they make one layer.
pub fn recognise(files: &[StagedFile], request: &ReadRequest) -> Result<Vec<WorkerSource>, DeliveryError> {
    let mut sources = Vec::with_capacity(files.len());
    for file in files {
        let head = head_of(&file.path)?;
        let format = format_of(file, &head, request)?;
        sources.push(source_of(file, format, &head, request)?);
    }
    match sources.iter().find(|source: &&WorkerSource| source.format != sources[0].format) {
        Some(other) => Err(refused(format!(
            "{} is {} but {} is {}; the files of one layer are of one format",
            sources[0].shown,
            sources[0].format.name(),
            other.shown,
            other.format.name()
        ))),
        None => Ok(sources),
    }
}

fn refused(message: String) -> DeliveryError {
    DeliveryError::Refused(message)
}

fn head_of(path: &Path) -> Result<Vec<u8>, DeliveryError> {
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head))
        .map_err(DeliveryError::file(path))?;
    Ok(head)
}

fn format_of(file: &StagedFile, head: &[u8], request: &ReadRequest) -> Result<Format, DeliveryError> {
    if let Some(name) = &request.format {
        return Format::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| refused(format!("the format \"{name}\" is not one of {}", Format::accepted())));
    }
    let unlike = |looks: &str| Err(refused(format!("{} {looks}; accepted are {}", file.shown, Format::accepted())));
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0 && **byte < 0x80);
    match extension(&file.path).as_str() {
        "shp" => Ok(Format::Shapefile),
        "dbf" => unlike("is a table without its .shp, so it has no geometry: hand in both"),
        "kml" => Ok(Format::Kml),
        "gpx" => Ok(Format::Gpx),
        "xlsx" => Ok(Format::Xlsx),
        "csv" | "tsv" | "txt" => Ok(Format::Csv),
        "geojson" | "json" if first == Some(&b'{') || first == Some(&b'[') => Ok(Format::GeoJson),
        "geojson" | "json" => unlike("does not begin as JSON does"),
        "js" => unlike("is JavaScript; hand in the GeoJSON that stands inside it"),
        "" => unlike("has no extension to tell its format by"),
        other => unlike(&format!("has the extension .{other}, which is not read")),
    }
}

fn source_of(
    file: &StagedFile,
    format: Format,
    head: &[u8],
    request: &ReadRequest,
) -> Result<WorkerSource, DeliveryError> {
    let declared = request.encoding.as_deref();
    let found = match format {
        Format::Shapefile => table_encoding(&file.path, declared)?,
        Format::Csv | Format::GeoJson => Some(
            text::find(head_of_text(head), declared)
                .map_err(|message| refused(format!("{}: {message}", file.shown)))?,
        ),
        Format::Kml | Format::Gpx | Format::Xlsx => None,
    };
    Ok(WorkerSource {
        path: file.path.clone(),
        shown: file.shown.clone(),
        format,
        encoding: found.map(|found| (found.label.to_owned(), found.how)),
        assumed_crs: assumed_crs(file, format)?,
    })
}

/// The head without a character that the cut at its end may have halved.
fn head_of_text(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() && head.len() as u64 == HEAD_BYTES => &head[..error.valid_up_to()],
        _ => head,
    }
}

/// The encoding of a shapefile's table: `.cpg`, then the language byte, each doubted when the
/// bytes themselves are UTF-8, then the bytes.
fn table_encoding(shapefile: &Path, declared: Option<&str>) -> Result<Option<text::FoundEncoding>, DeliveryError> {
    const LANGUAGE_BYTE: usize = 29;
    const BIG5: u8 = 0x4F;
    const BIG5_OTHER: u8 = 0x78;
    const GBK: [u8; 2] = [0x4D, 0x7A];
    let table = shapefile.with_extension("dbf");
    if !table.exists() {
        return Ok(None);
    }
    let bytes = head_of(&table)?;
    let header_end = bytes.get(8..10).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    let rows = head_of_text(&bytes).get(header_end..).unwrap_or_default();
    if let Some(declared) = declared {
        return text::find(&[], Some(declared)).map(Some).map_err(refused);
    }
    let guessed = text::guess(rows);
    if guessed.label == "utf-8" && !rows.is_ascii() {
        return Ok(Some(guessed));
    }
    let page = std::fs::read_to_string(shapefile.with_extension("cpg")).unwrap_or_default();
    if let Some(label) = text::label_of(&page).filter(|label| *label != "utf-8") {
        let how = format!("declared as {} by the .cpg", page.trim());
        return Ok(Some(text::FoundEncoding { label, how }));
    }
    let language = bytes.get(LANGUAGE_BYTE).copied().unwrap_or_default();
    let by_language = match language {
        BIG5 | BIG5_OTHER => Some("big5"),
        byte if GBK.contains(&byte) => Some("gbk"),
        _ => None,
    };
    Ok(Some(match by_language {
        Some(label) if !rows.is_ascii() => {
            text::FoundEncoding { label, how: format!("language byte 0x{language:02X} of the .dbf") }
        }
        _ => guessed,
    }))
}

/// The HK1980 Grid where a file says nothing and all its numbers lie in the territory's sheets.
fn assumed_crs(file: &StagedFile, format: Format) -> Result<Option<(String, String)>, DeliveryError> {
    if format != Format::Shapefile || file.path.with_extension("prj").exists() {
        return Ok(None);
    }
    let head = head_of(&file.path)?;
    let edge = |place: usize| -> Option<f64> {
        Some(f64::from_le_bytes(head.get(36 + 8 * place..44 + 8 * place)?.try_into().ok()?))
    };
    let (Some(x1), Some(y1), Some(x2), Some(y2)) = (edge(0), edge(1), edge(2), edge(3)) else {
        return Ok(None);
    };
    let how = |what: &str| format!("recognised: no .prj, and all coordinates lie in the range of {what}");
    if in_hk1980_grid(x1, y1) && in_hk1980_grid(x2, y2) {
        return Ok(Some(("EPSG:2326".to_owned(), how("the HK1980 Grid"))));
    }
    if (113.0..115.5).contains(&x1)
        && (113.0..115.5).contains(&x2)
        && (21.5..23.5).contains(&y1)
        && (21.5..23.5).contains(&y2)
    {
        return Ok(Some(("EPSG:4326".to_owned(), how("WGS 84 degrees in Hong Kong"))));
    }
    Ok(None)
}

/// Whether numbers can be an easting and a northing of the HK1980 Grid, with a little sea around.
pub fn in_hk1980_grid(x: f64, y: f64) -> bool {
    (790_000.0..875_000.0).contains(&x) && (795_000.0..855_000.0).contains(&y)
}
