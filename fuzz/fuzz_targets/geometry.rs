//! Any bytes as a GeoPackage blob and as WKB: what is read holds no more than the bytes can, is
//! written in the one form that we write, and read again as it was.
#![no_main]

use causeway::base::BBox;
use causeway::geometry::{Shape, blob, intersects_box, normalise, shape_intersects_box};
use libfuzzer_sys::fuzz_target;

/// Bytes of a vertex: two ordinates.
const VERTEX_BYTES: usize = 16;

fuzz_target!(|bytes: &[u8]| {
    let box_of_hong_kong = BBox::new(113.8, 22.1, 114.5, 22.6);
    let _ = intersects_box(bytes, &box_of_hong_kong);
    match blob::parse(bytes) {
        Ok(blob) => check_wkb(blob.wkb),
        Err(_) => check_wkb(bytes),
    }
});

fn check_wkb(wkb: &[u8]) {
    let mut shape = Shape::default();
    if shape.read_wkb(wkb).is_err() {
        return;
    }
    assert!(shape.vertices() * VERTEX_BYTES <= wkb.len());
    let written = shape.to_wkb();
    let mut again = Shape::default();
    assert_eq!(again.read_wkb(&written), Ok(()));
    // As bytes, because a NaN equals nothing.
    assert_eq!(again.to_wkb(), written);
    check_blob(&shape, &written);
    let Ok(normal) = normalise(wkb) else { return };
    let normal_wkb = normal.shape.to_wkb();
    let twice = normalise(&normal_wkb).expect("a geometry in order is in order");
    assert_eq!(twice.shape.vertices(), normal.shape.vertices());
    assert_eq!(twice.shape.kind, normal.shape.kind);
    check_blob(&normal.shape, &normal_wkb);
    for point in all_points(&normal.shape) {
        let here = BBox::new(point.0, point.1, point.0, point.1);
        assert!(shape_intersects_box(&normal.shape, &here), "{point:?} is not where it is");
    }
}

/// A blob is taken apart as it was put together, and written again as the same bytes.
fn check_blob(shape: &Shape, wkb: &[u8]) {
    let bbox = shape.bbox();
    let bytes = blob::encode(wkb, shape.kind, &bbox);
    let parsed = blob::parse(&bytes).expect("what is written is read");
    assert_eq!((parsed.wkb, parsed.is_empty), (wkb, bbox.is_empty()));
    if let Some(envelope) = parsed.envelope {
        assert_eq!(envelope, bbox);
    }
    let mut read = Shape::default();
    assert_eq!(read.read_wkb(parsed.wkb), Ok(()));
    assert_eq!(blob::encode(&read.to_wkb(), read.kind, &read.bbox()), bytes);
}

fn all_points(shape: &Shape) -> Vec<(f64, f64)> {
    let members = shape.members.iter().flat_map(all_points);
    shape.points.iter().copied().chain(members).collect()
}
