//! Every delivery of the shared data, with what must become of it: `tests/deliveries.tsv`, one row
//! a request. Counts, systems and encodings are those of the folders' own `SOURCES.md`, `SOURCE.md`
//! and `MANIFEST.tsv`; where we differ from what GDAL alone sees, the last column says why.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use causeway::intake::delivery::{DeliveryError, GeometryRule, ReadRequest};
use support::reading::{files, files_under, try_read};
use support::{shared_path, tree};

const TABLE: &str = include_str!("deliveries.tsv");
/// Files that only belong to others, or are no delivery at all.
const COMPANIONS: [&str; 16] =
    ["md", "tsv", "shx", "prj", "cpg", "qpj", "sbn", "sbx", "qix", "xsd", "csvt", "dat", "map", "id", "ind", "mid"];

/// One row: a file, what is asked, and what must become of it.
#[derive(Debug)]
struct Row {
    path: String,
    asked: String,
    expected: Expected,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Read { features: usize, located: usize, crs: String, encoding: String },
    Refused(String),
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| row(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.split('\t');
    let mut next = || cells.next().map(str::to_owned);
    let (path, asked, outcome) = (next()?, next()?, next()?);
    let expected = match outcome.as_str() {
        "read" => Expected::Read {
            features: next()?.parse().ok()?,
            located: next()?.parse().ok()?,
            crs: next()?,
            encoding: next()?,
        },
        "refused" => Expected::Refused(next()?),
        _ => return None,
    };
    Some(Row { path, asked, expected })
}

/// `layer=a; crs=EPSG:2326; geometry=none`.
fn request(path: PathBuf, asked: &str) -> ReadRequest {
    let mut request = files(&[path]);
    for part in asked.split("; ").filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap();
        let value = value.to_owned();
        match key {
            "layer" => request.layer = Some(value),
            "crs" => request.crs = Some(value),
            "geometry" if value == "none" => request.geometry = GeometryRule::None,
            "operation" if value == "ballpark" => request.allows_ballpark = true,
            "file_name_field" => request.file_name_field = Some(value),
            _ => panic!("{asked}"),
        }
    }
    request
}

/// What became of a row, if it is not what must.
fn failure(row: &Row, data: &Path) -> Option<String> {
    let at = |message: String| Some(format!("{} [{}]: {message}", row.path, row.asked));
    let result = try_read(&request(data.join(&row.path), &row.asked));
    match (&row.expected, result) {
        (Expected::Read { features, located, crs, encoding }, Ok(layer)) => {
            let found = (layer.features.len(), layer.located());
            if found != (*features, *located) {
                return at(format!("read {found:?}, not {:?}; {:?}", (features, located), layer.facts));
            }
            let says = layer.facts.crs.contains(crs) && layer.facts.encoding.contains(encoding);
            if says { None } else { at(format!("{:?}", layer.facts)) }
        }
        (Expected::Refused(part), Err(DeliveryError::Refused(message))) => {
            if message.contains(part) {
                None
            } else {
                at(format!("refused otherwise: {message}"))
            }
        }
        (_, Ok(layer)) => at(format!("read {} features, {:?}", layer.features.len(), layer.facts)),
        (_, Err(error)) => at(format!("{error}")),
    }
}

#[test]
fn every_delivery_of_the_shared_data_is_read_or_refused_as_it_must_be() {
    const AT_ONCE: usize = 4;
    let test = "every_delivery_of_the_shared_data_is_read_or_refused_as_it_must_be";
    let Some(hk) = shared_path(test, "hk") else { return };
    let data = hk.parent().unwrap();
    // The disguised files point at this one; hostile.rs looks for what leaks.
    let rows = rows();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    failures.lock().unwrap().extend(failure(row, data));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} rows:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// A file that nobody listed is a file that nobody looked at.
#[test]
fn the_table_lists_every_delivery() {
    let Some(hk) = shared_path("the_table_lists_every_delivery", "hk") else { return };
    let data = hk.parent().unwrap();
    let listed: BTreeSet<String> = rows().into_iter().map(|row| row.path).collect();
    let mut unlisted = Vec::new();
    for folder in ["hk", "formats", "golden/hostile", "golden/cql2/data"] {
        for path in files_under(&data.join(folder)) {
            let extension = path.extension().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            let is_table_of_a_shapefile = extension == "dbf" && path.with_extension("shp").exists();
            let name = path.strip_prefix(data).unwrap().to_string_lossy().into_owned();
            let is_listed = listed.contains(&name) || name.starts_with("golden/cql2/data/") && extension == "json";
            if !COMPANIONS.contains(&extension.as_str()) && !is_table_of_a_shapefile && !is_listed {
                unlisted.push(name);
            }
        }
    }
    assert!(unlisted.is_empty(), "not in {}: {unlisted:#?}", tree("tests/deliveries.tsv").display());
}
