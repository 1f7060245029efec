//! What each file is: its format from its name and from its first bytes, which must agree, and
//! its encoding.

use std::io::Read;
use std::path::Path;

use super::protocol::{SourceEncoding, WorkerSource};
use super::signs::{self, Json};
use super::stage::{StagedFile, extension, refused};
use super::{DeliveryError, ReadRequest, dbase, mapinfo, text};
use crate::definition::{Format, GeometryRule};
use crate::package;

/// Bytes looked at to tell a format and an encoding.
pub const HEAD_BYTES: u64 = 4 * 1024 * 1024;

fn accepted() -> String {
    Format::ALL.map(Format::name).join(", ")
}

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

/// The first bytes of a file; none of a FileGDB, which is a folder.
pub(super) fn head_of(path: &Path) -> Result<Vec<u8>, DeliveryError> {
    let read = || {
        let file = std::fs::File::open(path)?;
        let mut head = Vec::with_capacity(file.metadata()?.len().min(HEAD_BYTES) as usize);
        file.take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(head)
    };
    if path.is_dir() { Ok(Vec::new()) } else { read().map_err(DeliveryError::file(path)) }
}

/// The head without a character that the cut at its end may have halved.
pub(super) fn whole_characters(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() && head.len() as u64 == HEAD_BYTES => &head[..error.valid_up_to()],
        _ => head,
    }
}

fn format_of(file: &StagedFile, head: &[u8], request: &ReadRequest) -> Result<Format, DeliveryError> {
    if head.is_empty() && !file.path.is_dir() {
        return Err(refused(format!("{} is empty, it has no bytes; save it anew and hand it in again", file.shown)));
    }
    let by_name = match request.format {
        Some(format) => format,
        None => by_extension(file, head)?,
    };
    agrees(by_name, head)
        .map_err(|looks| refused(format!("{} {looks}; it was expected to be {}", file.shown, by_name.name())))?;
    match by_name {
        Format::Dbf if request.geometry != GeometryRule::None => Err(refused(format!(
            "{} is a table without its .shp, so it has no geometry: hand in both, or say geometry = \"none\" in the definition",
            file.shown
        ))),
        Format::GeoJson | Format::GeoJsonSeq | Format::TopoJson => json_format(file, head, request),
        other => Ok(other),
    }
}

fn by_extension(file: &StagedFile, head: &[u8]) -> Result<Format, DeliveryError> {
    let unlike = |looks: &str| Err(refused(format!("{} {looks}; accepted are {}", file.shown, accepted())));
    match extension(&file.path).as_str() {
        "shp" => Ok(Format::Shapefile),
        "dbf" => Ok(Format::Dbf),
        "gpkg" => Ok(Format::GeoPackage),
        "gdb" => Ok(Format::FileGeodatabase),
        "fgb" => Ok(Format::FlatGeobuf),
        "dxf" => Ok(Format::Dxf),
        "tab" | "mif" => Ok(Format::MapInfo),
        "pbf" => Ok(Format::Osm),
        "kml" | "gpx" | "gml" | "osm" | "xml" => xml_format(file, head),
        "xlsx" => Ok(Format::Xlsx),
        "ods" => Ok(Format::Ods),
        "txt" if begins_as_json(head) => Ok(Format::GeoJson),
        "csv" | "tsv" | "txt" => Ok(Format::Csv),
        "geojson" | "json" => Ok(Format::GeoJson),
        "geojsonl" | "geojsons" | "geojsonseq" | "ndjson" | "jsonl" => Ok(Format::GeoJsonSeq),
        "topojson" => Ok(Format::TopoJson),
        "js" => unlike("is JavaScript; hand in the GeoJSON that stands inside it"),
        "parquet" | "geoparquet" => unlike(
            "is Parquet, which is not read; export it as GeoPackage or FlatGeobuf, which keep types and geometry",
        ),
        "dwg" => unlike("is an AutoCAD drawing, which is not read; save it as DXF"),
        "xls" => unlike("is an old Excel file, which is not read; save it as XLSX or CSV"),
        "" => unlike("has no extension to tell its format by"),
        other => unlike(&format!("has the extension .{other}, which is not read")),
    }
}

/// No line of a table that has a header begins so.
fn begins_as_json(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(64)]).into_owned();
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    text.strip_prefix(['{', '[']).is_some_and(|rest| rest.trim_start().starts_with(['"', '{', '[']))
}

/// What a file must begin with to be of a format; the error says what it looks like.
fn agrees(format: Format, head: &[u8]) -> Result<(), String> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    let text = || String::from_utf8_lossy(&head[..head.len().min(4096)]).trim_start().to_lowercase();
    let fits = match format {
        Format::Shapefile => begins(b"\x00\x00\x27\x0a"),
        Format::GeoPackage => begins(b"SQLite format 3\0"),
        Format::FlatGeobuf => begins(b"fgb\x03fgb"),
        Format::Xlsx | Format::Ods => begins(b"PK\x03\x04"),
        Format::MapInfo => text().starts_with("!table") || text().starts_with("version"),
        // A file of the DXF format begins with a group code, which is a number.
        Format::Dxf => begins(b"AutoCAD Binary DXF") || text().starts_with(|first: char| first.is_ascii_digit()),
        Format::Csv => signs::magic(head).is_none() && !text().starts_with('<') && !text().starts_with("pg:"),
        _ => signs::magic(head).is_none(),
    };
    match (fits, signs::magic(head)) {
        (true, _) => Ok(()),
        (false, Some(words)) => Err(format!("holds {words}")),
        (false, None) if text().starts_with('<') => Err("holds XML".to_owned()),
        (false, None) if head.is_empty() => Err("is empty".to_owned()),
        (false, None) => Err("does not begin as such a file does".to_owned()),
    }
}

fn xml_format(file: &StagedFile, head: &[u8]) -> Result<Format, DeliveryError> {
    let of_name = extension(&file.path);
    let refuse = |message: String| refused(format!("{} {message}; accepted are {}", file.shown, accepted()));
    let found = text::find(whole_characters(head), text::xml_encoding(head).as_deref()).map_err(refuse)?;
    let (content, _) = text::decode(whole_characters(head), found.label);
    let root = signs::xml_root(&content).map_err(refuse)?;
    match root.name.as_str() {
        "kml" => Ok(Format::Kml),
        "gpx" => Ok(Format::Gpx),
        "osm" => Ok(Format::Osm),
        // Placemarks or folders alone, which GDAL reads as KML too.
        "Placemark" | "Document" | "Folder" if of_name == "kml" => Ok(Format::Kml),
        name if name.starts_with("OGR") || name.starts_with("VRT") => {
            Err(refuse(format!("is a GDAL service file (<{name}>), which is not data")))
        }
        _ if of_name == "gml"
            || root.declarations.contains("opengis.net/gml")
            || content.contains("opengis.net/gml") =>
        {
            Ok(Format::Gml)
        }
        name => Err(refuse(format!("is XML whose root is <{}>", crate::base::ids::cut(name)))),
    }
}

fn json_format(file: &StagedFile, head: &[u8], request: &ReadRequest) -> Result<Format, DeliveryError> {
    let refuse = |message: &str| refused(format!("{} {message}; accepted are {}", file.shown, accepted()));
    let found = text::find(whole_characters(head), request.encoding.as_deref())
        .map_err(|message| refused(format!("{}: {message}", file.shown)))?;
    let (content, _) = text::decode(whole_characters(head), found.label);
    let content = content.trim_start_matches('\u{FEFF}').trim_start();
    if !content.starts_with(['{', '[', '\u{1E}']) {
        return Err(refuse("does not begin as JSON does"));
    }
    match signs::json(content) {
        Json::Features => Ok(Format::GeoJson),
        Json::Sequence => Ok(Format::GeoJsonSeq),
        Json::Topology => Ok(Format::TopoJson),
        Json::Esri => Err(refuse("is ESRI JSON, which is not read; export it as GeoJSON")),
        Json::Other => Err(refuse("is JSON but not GeoJSON: its \"type\" is neither FeatureCollection nor a feature")),
    }
}

fn source_of(
    file: &StagedFile,
    format: Format,
    head: &[u8],
    request: &ReadRequest,
) -> Result<WorkerSource, DeliveryError> {
    let mut notes = file.notes.clone();
    let rows = match format {
        Format::GeoPackage => {
            package::examine(&file.path).map_err(|fault| refused(format!("{} {fault}", file.shown)))?
        }
        _ => Default::default(),
    };
    Ok(WorkerSource {
        path: file.path.clone(),
        shown: file.shown.clone(),
        format,
        encoding: encoding_of(file, format, head, request.encoding.as_deref(), &mut notes)?,
        layer: request.layer.clone().filter(|_| !file.is_the_layer),
        rows,
        notes,
    })
}

/// The encoding of formats that do not say it themselves.
fn encoding_of(
    file: &StagedFile,
    format: Format,
    head: &[u8],
    declared: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Option<SourceEncoding>, DeliveryError> {
    let refuse = |message: String| refused(format!("{}: {message}", file.shown));
    let text_of = |bytes: &[u8], declared: Option<&str>| -> Result<Option<SourceEncoding>, DeliveryError> {
        let found = text::find(bytes, declared).map_err(refuse)?;
        Ok(Some(SourceEncoding {
            sample: text::sample(bytes, found.label),
            label: found.label.to_owned(),
            how: found.how,
        }))
    };
    match format {
        Format::Shapefile => dbase::encoding(&file.path.with_extension("dbf"), declared, notes).map_err(refuse),
        Format::Dbf => dbase::encoding(&file.path, declared, notes).map_err(refuse),
        Format::Csv | Format::GeoJson | Format::GeoJsonSeq | Format::TopoJson => {
            text_of(whole_characters(head), declared)
        }
        Format::MapInfo if extension(&file.path) == "mif" => {
            let data = head_of(&file.path.with_extension("mid")).unwrap_or_default();
            let declared = declared.map(str::to_owned).or_else(|| mapinfo::charset(head));
            text_of(whole_characters(&data), declared.as_deref())
        }
        Format::MapInfo => {
            let data = head_of(&file.path.with_extension("dat")).unwrap_or_default();
            let declared = declared.map(str::to_owned).or_else(|| mapinfo::charset(head));
            text_of(&mapinfo::texts(head, &data), declared.as_deref())
        }
        Format::Kml | Format::Gpx | Format::Gml | Format::Osm if extension(&file.path) != "pbf" => {
            let declared = text::xml_encoding(head).or_else(|| declared.map(str::to_owned));
            text_of(whole_characters(head), declared.as_deref())
        }
        _ => Ok(None),
    }
}

/// Whether numbers can be an easting and a northing of the HK1980 Grid, with a little sea around.
pub fn in_hk1980_grid(x: f64, y: f64) -> bool {
    (790_000.0..875_000.0).contains(&x) && (795_000.0..855_000.0).contains(&y)
}
