//! Coordinate reference systems that the server offers, and the way between them and CRS84.
//!
//! Comes in: CRS84 degrees or coordinates of an offered system. Goes out: the other of the two.
//! Must not know: layers, GDAL, HTTP.
