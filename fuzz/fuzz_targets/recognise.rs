//! Any bytes as a file of each format that we look into before GDAL does, the dBASE table of a
//! shapefile with its declared encoding among them; the first byte says which.
#![no_main]

use causeway_fuzz::check_delivery;
use libfuzzer_sys::fuzz_target;

/// The names that bytes are handed in under; seeds name them by their place.
const NAMES: [&str; 10] =
    ["a.dbf", "a.csv", "a.geojson", "a.topojson", "a.geojsonl", "a.kml", "a.gml", "a.gpx", "a.tab", "a.gpkg"];
/// What a shapefile begins with, ESRI's white paper of 1998.
const SHAPEFILE_MAGIC: &[u8] = b"\x00\x00\x27\x0a";
const PAGES: [&[u8]; 4] = [b"", b"UTF-8", b"950", b"936"];

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    let (name, page) = (usize::from(*kind) % NAMES.len(), usize::from(*kind) / NAMES.len() % PAGES.len());
    match NAMES[name] {
        "a.dbf" => check_delivery(&[("a.shp", SHAPEFILE_MAGIC), ("a.dbf", bytes), ("a.cpg", PAGES[page])]),
        name => check_delivery(&[(name, bytes)]),
    }
});
