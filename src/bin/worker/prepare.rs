//! Before GDAL opens a file: what it would misread in silence is mended in the private copy, and
//! what the file itself says of its number of features is noted.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use causeway::base::limits;
use causeway::intake::delivery::protocol::WorkerSource;
use causeway::intake::delivery::{Format, text};
use gdal::Dataset;
use gdal::vector::LayerAccess;

use super::{Stop, decoding, kml};

/// What the text of a file holds, counted without GDAL.
#[derive(Default)]
pub struct Counted {
    /// Placemarks and overlays of a KML, all layers together.
    placemarks: Option<u64>,
    /// Features that the answer of a service says it holds.
    announced: Option<u64>,
}

/// `numberOfFeatures` or `numberReturned` of the answer of a feature service.
fn announced_members(source: &WorkerSource) -> Result<Option<u64>, Stop> {
    const HEAD_BYTES: u64 = 16 * 1024;
    if source.format != Format::Gml {
        return Ok(None);
    }
    let mut head = Vec::new();
    File::open(&source.path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let number = ["numberOfFeatures", "numberReturned"].iter().find_map(|name| {
        let (_, rest) = head.split_once(&format!("{name}="))?;
        let quoted = rest.strip_prefix(['"', '\''])?;
        quoted.split(['"', '\'']).next()?.parse().ok()
    });
    Ok(number)
}

/// Mends what GDAL would misread in silence, in the private copy.
pub fn prepare(source: &WorkerSource, notes: &mut Vec<String>) -> Result<Counted, Stop> {
    if source.format == Format::Osm {
        prepare_osm(source)?;
    }
    match source.format {
        Format::GeoJson | Format::GeoJsonSeq | Format::TopoJson => prepare_json(source, notes)?,
        Format::Shapefile | Format::Dbf => prepare_shapefile(source, notes)?,
        Format::MapInfo => prepare_mapinfo(source)?,
        Format::Dxf => prepare_dxf(source, notes)?,
        Format::Gpx | Format::Gml | Format::Osm if label_of(source).is_some() => {
            prepare_xml(source, notes)?;
            return Ok(Counted { announced: announced_members(source)?, ..Counted::default() });
        }
        Format::Kml => return prepare_kml(source, notes),
        _ => {}
    }
    Ok(Counted::default())
}

fn label_of(source: &WorkerSource) -> Option<&str> {
    source.encoding.as_ref().map(|encoding| encoding.label.as_str())
}

/// The encoding of text that GDAL hands out as it stands in the file.
pub fn raw_label(source: &WorkerSource) -> Option<&'static str> {
    match source.format {
        Format::MapInfo => label_of(source).and_then(text::label_of),
        _ => None,
    }
}

fn unread_note(unread: u64, label: &str) -> String {
    format!("{unread} places could not be read as {} and stand as \u{FFFD}", text::shown_name(label))
}

/// JSON as UTF-8, nested no deeper than anybody means it to be.
fn prepare_json(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    let label = label_of(source).unwrap_or("utf-8");
    let (unread, Depth { deepest, nuls, .. }) = pour(&source.path, label, &mut io::sink())?;
    if deepest > limits::JSON_NESTING_MAX {
        return Err(Stop::Refused(format!(
            "{}: its JSON is nested {deepest} deep; accepted are {}",
            source.shown,
            limits::JSON_NESTING_MAX
        )));
    }
    if unread > 0 {
        notes.push(unread_note(unread, label));
    }
    if nuls > 0 {
        notes.push(format!("{nuls} NUL characters stand in its texts, which end before them"));
    }
    // Not every driver knows the mark of UTF-8, which goes as the text is decoded.
    if label != "utf-8" || unread > 0 || begins_with_mark(&source.path)? {
        rewrite(&source.path, |out| pour(&source.path, label, out).map(|_| ()))?;
    }
    Ok(())
}

fn begins_with_mark(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(3).read_to_end(&mut head)?;
    Ok(head == "\u{FEFF}".as_bytes())
}

/// Writes a file's text as UTF-8; answers the places that could not be read and what was seen of it
/// as JSON.
fn pour(path: &Path, label: &str, out: &mut dyn Write) -> io::Result<(u64, Depth)> {
    const PIECE_BYTES: usize = 64 * 1024;
    let mut input = decoding::open(path, label)?;
    let mut depth = Depth::default();
    let mut piece = vec![0u8; PIECE_BYTES];
    loop {
        let read = input.read(&mut piece)?;
        if read == 0 {
            return Ok((input.unread, depth));
        }
        depth.see(&piece[..read]);
        out.write_all(&piece[..read])?;
    }
}

/// Puts new content in the place of a file, by way of another file.
fn rewrite(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Stop> {
    let new = path.with_extension("rewritten");
    let mut out = BufWriter::new(File::create(&new)?);
    write(&mut out)?;
    out.flush()?;
    Ok(std::fs::rename(&new, path)?)
}

/// Brackets of JSON that are open, those in strings left out; and NULs written as escapes, at which
/// GDAL ends a text.
#[derive(Default)]
struct Depth {
    open: usize,
    deepest: usize,
    in_string: bool,
    is_escaped: bool,
    /// Zeros after `\u`, while nothing else was seen.
    zeros: Option<u8>,
    nuls: u64,
}

impl Depth {
    fn see(&mut self, piece: &[u8]) {
        for byte in piece {
            self.zeros = match (self.zeros, byte) {
                (Some(3), b'0') => {
                    self.nuls += 1;
                    None
                }
                (Some(zeros), b'0') => Some(zeros + 1),
                (None, b'u') if self.is_escaped => Some(0),
                _ => None,
            };
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.open += 1;
                    self.deepest = self.deepest.max(self.open);
                }
                b'}' | b']' if !self.in_string => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }
}

fn prepare_shapefile(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    if source.format == Format::Shapefile {
        let index = source.path.with_extension("shx");
        let fault = match index.exists() {
            false => Some("was missing"),
            true if index_fits(&index, &source.path)? => None,
            true => Some("does not fit the .shp"),
        };
        notes.extend(fault.map(|fault| format!("the .shx {fault} and was rebuilt in a private copy")));
        // Asked to, GDAL rebuilds any, and takes what stands behind the last shape for one more.
        let rebuilds = if fault.is_some() { "YES" } else { "NO" };
        let _ = gdal::config::set_config_option("SHAPE_RESTORE_SHX", rebuilds);
        if !source.path.with_extension("dbf").exists() {
            notes.push("the .dbf is missing, so the shapes have no attributes".to_owned());
        }
    }
    // A .cpg that lies would beat the encoding that was found.
    let page = source.path.with_extension("cpg");
    if page.exists() {
        std::fs::remove_file(page)?;
    }
    Ok(())
}

/// Whether every entry of an index points at a record of its length, inside the file of shapes,
/// and there are as many as the table has rows.
fn index_fits(index: &Path, shapes: &Path) -> io::Result<bool> {
    const HEADER_BYTES: u64 = 100;
    const ENTRY_BYTES: usize = 8;
    let end = std::fs::metadata(shapes)?.len();
    let mut entries = BufReader::new(File::open(index)?);
    let mut records = BufReader::new(File::open(shapes)?);
    let length = entries.seek(SeekFrom::End(0))?;
    if length < HEADER_BYTES || !(length - HEADER_BYTES).is_multiple_of(ENTRY_BYTES as u64) {
        return Ok(false);
    }
    let count = (length - HEADER_BYTES) / ENTRY_BYTES as u64;
    if rows_of_table(&shapes.with_extension("dbf")).is_some_and(|rows| rows != count) {
        return Ok(false);
    }
    entries.seek(SeekFrom::Start(HEADER_BYTES))?;
    let (mut entry, mut record) = ([0u8; ENTRY_BYTES], [0u8; ENTRY_BYTES]);
    let mut at = 0u64;
    // Both count in words of two bytes.
    let words = |bytes: &[u8]| 2 * u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    for _ in 0..count {
        entries.read_exact(&mut entry)?;
        let (offset, bytes) = (words(&entry[..4]), words(&entry[4..]));
        if offset < HEADER_BYTES || offset + ENTRY_BYTES as u64 + bytes > end {
            return Ok(false);
        }
        records.seek_relative(offset as i64 - at as i64)?;
        records.read_exact(&mut record)?;
        at = offset + ENTRY_BYTES as u64;
        if words(&record[4..]) != bytes {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Rows that a dBASE table says it has.
fn rows_of_table(table: &Path) -> Option<u64> {
    let mut header = [0u8; 8];
    File::open(table).ok()?.read_exact(&mut header).ok()?;
    Some(u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]])))
}

/// MapInfo's text is decoded by us: GDAL's Big5 knows no HKSCS. `Neutral` has it handed out raw.
fn prepare_mapinfo(source: &WorkerSource) -> Result<(), Stop> {
    const HEAD_BYTES: usize = 4_096;
    let content = std::fs::read(&source.path)?;
    let head = String::from_utf8_lossy(&content[..content.len().min(HEAD_BYTES)]).to_ascii_lowercase();
    if head.contains("\\isseamless\" = \"true\"") {
        return Err(Stop::Refused(format!(
            "{} is a seamless table, which only names others; hand in its parts",
            source.shown
        )));
    }
    let Some(at) = head.find("charset") else { return Ok(()) };
    let is_utf8 = head[at..].lines().next().is_some_and(|line| line.contains("utf-8"));
    // Beyond what is not ASCII the lossy text and the bytes have different places.
    if is_utf8 || !content[..at.min(content.len())].is_ascii() {
        return Ok(());
    }
    let end = content[at..].iter().position(|byte| matches!(byte, b'\r' | b'\n')).map_or(content.len(), |end| at + end);
    let is_quoted = content[at..end].contains(&b'"');
    let neutral: &[u8] = if is_quoted { b"Charset \"Neutral\"" } else { b"charset Neutral" };
    Ok(std::fs::write(&source.path, [&content[..at], neutral, &content[end..]].concat())?)
}

/// A drawing that says code page 950 means Big5 with HKSCS.
fn prepare_dxf(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    const HEAD_BYTES: u64 = 64 * 1024;
    /// From this version on drawings are UTF-8, whatever page they name.
    const UTF8_VERSION: &str = "AC1021";
    let mut head = Vec::new();
    File::open(&source.path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let lines: Vec<&str> = head.lines().map(str::trim).collect();
    let value_of = |variable: &str| {
        lines.iter().position(|line| *line == variable).and_then(|at| lines.get(at + 2)).copied().unwrap_or_default()
    };
    let page = value_of("$DWGCODEPAGE").to_ascii_lowercase();
    let is_text_of_page = value_of("$ACADVER") < UTF8_VERSION;
    let encoding = match page.trim_start_matches("ansi_") {
        "950" => Some("BIG5-HKSCS"),
        "936" => Some("GB18030"),
        _ => None,
    };
    if let Some(encoding) = encoding.filter(|_| is_text_of_page) {
        notes.push(format!("its text was read as {encoding}, for it names code page {page}"));
        let _ = gdal::config::set_config_option("DXF_ENCODING", encoding);
    }
    Ok(())
}

/// GDAL's fast index of nodes needs them in order of id, which only some files promise.
fn prepare_osm(source: &WorkerSource) -> Result<(), Stop> {
    const HEAD_BYTES: u64 = 64 * 1024;
    const PROMISE: &[u8] = b"Sort.Type_then_ID";
    let mut head = Vec::new();
    File::open(&source.path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let is_sorted = head.windows(PROMISE.len()).any(|window| window == PROMISE);
    let _ = gdal::config::set_config_option("OSM_USE_CUSTOM_INDEXING", if is_sorted { "YES" } else { "NO" });
    Ok(())
}

fn prepare_kml(source: &WorkerSource, notes: &mut Vec<String>) -> Result<Counted, Stop> {
    prepare_xml(source, notes)?;
    let content =
        std::fs::read_to_string(&source.path).map_err(|error| Stop::Refused(format!("{}: {error}", source.shown)))?;
    let found = kml::placemarks(&content).map_err(|message| Stop::Refused(format!("{}: {message}", source.shown)))?;
    if let Some(wrapped) = found.wrapped {
        notes.push(
            "its placemarks stood directly under <kml>; a <Document> was put around them in a private copy".to_owned(),
        );
        std::fs::write(&source.path, wrapped)?;
    }
    if found.network_links > 0 && found.count == 0 {
        return Err(Stop::Refused(format!(
            "{} holds nothing but links to other places ({}), which are not followed; hand in what they lead to",
            source.shown, found.network_links
        )));
    }
    if found.network_links > 0 {
        notes.push(format!("{} links to other places were not followed", found.network_links));
    }
    Ok(Counted { placemarks: Some(found.count), ..Counted::default() })
}

/// XML as UTF-8: the parser below GDAL knows no Big5.
fn prepare_xml(source: &WorkerSource, notes: &mut Vec<String>) -> Result<(), Stop> {
    let label = label_of(source).unwrap_or("utf-8");
    let (unread, _) = pour(&source.path, label, &mut io::sink())?;
    if label == "utf-8" && unread == 0 {
        return Ok(());
    }
    if unread > 0 {
        notes.push(unread_note(unread, label));
    }
    notes.push(format!("its text was {} and was turned into UTF-8 in a private copy", text::shown_name(label)));
    rewrite(&source.path, |out| {
        let mut input = BufReader::new(decoding::open(&source.path, label)?);
        out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        skip_declaration(&mut input, out)?;
        io::copy(&mut input, out).map(|_| ())
    })
}

/// Passes over `<?xml … ?>`; anything else is written as it stands.
fn skip_declaration(input: &mut impl io::BufRead, out: &mut impl Write) -> io::Result<()> {
    const DECLARATION_BYTES: u64 = 200;
    let mut head = Vec::new();
    input.take(DECLARATION_BYTES).read_to_end(&mut head)?;
    let end = head.windows(2).position(|pair| pair == b"?>").filter(|_| head.starts_with(b"<?xml"));
    out.write_all(&head[end.map_or(0, |end| end + 2)..])
}

/// How many features the chosen layer must give. Where the text itself was counted, all layers
/// together must hold as many.
pub fn announced(
    dataset: &Dataset,
    layer: usize,
    features: Option<u64>,
    counted: &Counted,
    source: &WorkerSource,
    notes: &mut Vec<String>,
) -> Result<Option<u64>, Stop> {
    let all_layers = || -> u64 { dataset.layers().map(|layer| layer.feature_count()).sum() };
    if let Some(said) = counted.announced {
        let known = all_layers();
        if said != known {
            notes.push(format!("the file says that it holds {said} features, but {known} are in it"));
        }
    }
    if let Some(placemarks) = counted.placemarks {
        let known = all_layers();
        if placemarks != known {
            return Err(Stop::Refused(format!(
                "{}: the file holds {placemarks} placemarks but only {known} could be read",
                source.shown
            )));
        }
    }
    if source.format == Format::GeoPackage {
        let name = dataset.layer(layer).map(|layer| layer.name()).unwrap_or_default();
        return Ok(source.rows.get(&name).copied().or(features));
    }
    let deleted = match source.format {
        Format::Shapefile => deleted_rows(&source.path.with_extension("dbf"))?,
        Format::Dbf => deleted_rows(&source.path)?,
        _ => 0,
    };
    if deleted > 0 {
        notes.push(format!("{deleted} rows are marked as deleted in the .dbf and were left out"));
    }
    Ok(features.map(|features| features.saturating_sub(deleted)))
}

/// Rows that a dBASE table marks as deleted: GDAL counts them but does not give them out.
fn deleted_rows(table: &Path) -> Result<u64, Stop> {
    const DELETED: u8 = b'*';
    const HEADER_BYTES: usize = 12;
    let Ok(mut file) = File::open(table).map(BufReader::new) else { return Ok(0) };
    let mut header = [0u8; HEADER_BYTES];
    if file.read_exact(&mut header).is_err() {
        return Ok(0);
    }
    let rows = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let [start, row] = [8, 10].map(|at| u64::from(u16::from_le_bytes([header[at], header[at + 1]])));
    if start == 0 || row == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut deleted = 0;
    let mut mark = [0u8];
    for _ in 0..rows {
        if file.read_exact(&mut mark).is_err() {
            break;
        }
        deleted += u64::from(mark[0] == DELETED);
        file.seek_relative(row as i64 - 1)?;
    }
    Ok(deleted)
}
