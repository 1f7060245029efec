//! The GeoPackage of a revision: `build` writes it, `read` serves it.
//!
//! Comes in: schema, rows, titles; a permit. Goes out: a file that any GIS opens; rows.
//! Must not know: HTTP, GDAL, how revisions are published.
