//! Geometry as bytes: reading and writing GeoPackage blobs and WKB, putting rings in order,
//! clipping, simplifying, quantising, the Hilbert curve.
//!
//! Comes in: WKB from the worker, blobs from a package. Goes out: blobs, boxes, integer geometry.
//! Must not know: layers, fields, files, HTTP.
