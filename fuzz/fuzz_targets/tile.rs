//! Any bytes as a tile: what is read holds no more than the bytes can, and a geometry that our writer
//! takes is written and read again as it was.
#![no_main]

use causeway::base::FeatureId;
use causeway::geometry::clip::GridPoint;
use causeway::package::ValueRef;
use causeway::tiles::mvt::{LayerWriter, Parts};
use causeway::tiles::read::{TileFeature, TileLayer, TileShape, TileValue, layers};
use libfuzzer_sys::fuzz_target;

/// A key and its length; a step along a line.
const ITEM_BYTES: usize = 2;
/// Keys that are asked for: each walks the tags of its feature.
const KEYS_ASKED: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let Ok(layers) = layers(bytes) else { return };
    let items = |layer: &TileLayer| 1 + layer.features.len() + layer.keys.len() + layer.values.len();
    assert!(layers.iter().map(items).sum::<usize>() * ITEM_BYTES <= bytes.len());
    let mut parts = Vec::new();
    for layer in &layers {
        assert!(layer.extent > 0);
        for feature in &layer.features {
            let read = feature.read_geometry(&mut parts);
            assert!(parts.iter().map(Vec::len).sum::<usize>() * ITEM_BYTES + parts.len() <= bytes.len());
            if read.is_ok() {
                check_written(layer, feature, &parts);
            }
        }
    }
});

/// Written with the values that it has, it is read with the same ones.
fn check_written(layer: &TileLayer, feature: &TileFeature, parts: &[Vec<GridPoint>]) {
    let holds = |least: usize| !parts.is_empty() && parts.iter().all(|part| part.len() >= least);
    let parts_written = match feature.shape {
        TileShape::Points if holds(1) && parts.len() == 1 => Parts::Points(&parts[0]),
        TileShape::Lines if holds(2) => Parts::Lines(parts),
        TileShape::Areas if holds(3) => Parts::Areas(&[parts.to_vec()]),
        _ => return,
    };
    let keys: Vec<&str> = layer.keys.iter().copied().take(KEYS_ASKED).collect();
    let values: Vec<Option<TileValue>> = keys.iter().map(|key| layer.value(feature, key)).collect();
    let id = FeatureId::from_hash(feature.id);
    let mut writer = LayerWriter::new(layer.name, 4096, (0..keys.len()).map(|place| place.to_string()).collect());
    assert!(writer.add(id, &parts_written, values.iter().map(written)));
    let tile = writer.finish();
    let again = layers_of_one(&tile);
    let mut parts_again = Vec::new();
    assert_eq!(again.features[0].read_geometry(&mut parts_again), Ok(()));
    assert_eq!((again.features[0].id, again.features[0].shape), (id.get(), feature.shape));
    assert_eq!(parts_again, parts);
    for (place, value) in values.iter().enumerate() {
        assert!(is_same(again.value(&again.features[0], &place.to_string()), *value));
    }
}

/// As bits, because a NaN equals nothing.
fn is_same(one: Option<TileValue>, other: Option<TileValue>) -> bool {
    match (one, other) {
        (Some(TileValue::Number(one)), Some(TileValue::Number(other))) => one.to_bits() == other.to_bits(),
        (one, other) => one == other,
    }
}

fn layers_of_one(tile: &[u8]) -> TileLayer<'_> {
    let mut read = layers(tile).expect("what is written is read");
    assert_eq!((read.len(), read[0].features.len()), (1, 1));
    read.remove(0)
}

fn written<'a>(value: &Option<TileValue<'a>>) -> ValueRef<'a> {
    match value {
        None => ValueRef::Null,
        Some(TileValue::Text(text)) => ValueRef::Text(text),
        Some(TileValue::Number(number)) => ValueRef::Real(*number),
        Some(TileValue::Boolean(truth)) => ValueRef::Boolean(*truth),
    }
}
