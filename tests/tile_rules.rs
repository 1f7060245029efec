//! What a definition asks of its tiles: what is kept, the fields at low zooms, and points that are counted.
#![allow(clippy::unwrap_used)]

#[path = "tiles/chosen.rs"]
mod chosen;
#[path = "tiles/layers.rs"]
mod layers;
#[path = "tiles/validator.rs"]
#[allow(dead_code)] // Not all that it judges is asked for here.
mod validator;

use std::collections::{BTreeMap, BTreeSet};

use causeway::base::{FieldKind, GeometryKind, Grid, Value as FieldValue, limits};
use causeway::definition::{LowZoomFields, TilesDefinition};
use causeway::geometry::Shape;
use causeway::package::{OpenPackage, TileFile};
use causeway::tiles::bake::{HeavyFrom, Recipe};
use causeway::tiles::{CutTile, Rules, TileAddress, TileSelection, cut, cut_selected, gunzip};
use chosen::{matches, selection};
use layers::{Layer, Random, build, lines, mesh, points};
use validator::{Feature, Tile, Value};

fn rules(layer: &Layer, definition: TilesDefinition) -> Rules {
    Rules::new(&definition, &layer.schema).unwrap()
}

fn keep(written: &str) -> TilesDefinition {
    TilesDefinition { keep: Some(written.to_owned()), ..TilesDefinition::default() }
}

fn low_zoom(zoom: u8, fields: &[&str]) -> TilesDefinition {
    let fields = fields.iter().map(|name| (*name).to_owned()).collect();
    TilesDefinition { low_zoom: Some(LowZoomFields { zoom, fields }), ..TilesDefinition::default() }
}

fn cluster() -> TilesDefinition {
    TilesDefinition { cluster: true, ..TilesDefinition::default() }
}

/// Bakes as if far fewer features were heavy, so that small layers show what large ones do.
fn bake(layer: &Layer, definition: TilesDefinition, threads: usize) {
    let heavy = HeavyFrom { features: 150, vertices: 2_500, ..HeavyFrom::default() };
    layer.bake_with(Recipe { rules: rules(layer, definition), heavy, threads, ..Recipe::default() });
}

/// 32 KB that pack to half.
fn long_text(id: u64) -> FieldValue {
    let mut random = Random(id);
    FieldValue::Text((0..2_000).map(|_| format!("{:016x}", random.next())).collect())
}

fn read(cut: &CutTile) -> Tile {
    assert!(cut.gzip.len() <= limits::TILE_BYTES_MAX, "{} bytes", cut.gzip.len());
    if cut.gzip.is_empty() { Tile::default() } else { validator::read(&gunzip(&cut.gzip)).unwrap() }
}

fn ids(tile: &Tile) -> BTreeSet<u64> {
    tile.layers.iter().flat_map(|layer| &layer.features).filter_map(|feature| feature.id).collect()
}

/// Tiles of a zoom in which any of the places lies.
fn tiles_of(places: &BTreeMap<u64, (f64, f64)>, grid: Grid, zoom: u8) -> Vec<TileAddress> {
    let lies_in = |place: &(f64, f64)| TileAddress::of_place(grid, zoom, place.0, place.1);
    let found: BTreeMap<i64, TileAddress> =
        places.values().filter_map(lies_in).map(|tile| (tile.key(), tile)).collect();
    found.into_values().collect()
}

fn is_baked(package: &OpenPackage, tile: TileAddress) -> bool {
    let file: &TileFile = package.tile_file().unwrap().unwrap();
    file.tile(tile.grid(), tile.key()).unwrap().is_some()
}

/// How many points a feature says it stands for; 1 where it says nothing.
fn count(layer: &validator::Layer, feature: &Feature) -> u64 {
    let tag = feature.tags.iter().find(|(key, _)| layer.keys[*key] == "point_count");
    match tag.map(|(_, value)| &layer.values[*value]) {
        None => 1,
        Some(Value::UInt(count)) => {
            assert!(*count > 1, "one that stands for itself says nothing");
            *count
        }
        Some(other) => panic!("{other:?}"),
    }
}

/// What all points of a zoom say together, each in the tile in which it lies, and which they are.
fn counted(
    package: &OpenPackage,
    places: &BTreeMap<u64, (f64, f64)>,
    selection: &TileSelection,
    (grid, zoom): (Grid, u8),
) -> (u64, BTreeSet<u64>) {
    let (mut sum, mut seen) = (0, BTreeSet::new());
    for address in tiles_of(places, grid, zoom) {
        let tile = read(&cut_selected(package, address, selection).unwrap());
        for layer in &tile.layers {
            for feature in &layer.features {
                let (lon_deg, lat_deg) = places[&feature.id.unwrap()];
                if TileAddress::of_place(grid, zoom, lon_deg, lat_deg) == Some(address) {
                    sum += count(layer, feature);
                    seen.insert(feature.id.unwrap());
                }
            }
        }
    }
    (sum, seen)
}

#[test]
fn what_the_rule_keeps_is_seen_at_every_zoom() {
    for (name, layer) in
        [("points", build(&points(3_000, 1))), ("areas", build(&mesh(30, 3, 2))), ("lines", build(&lines(3_000, 6, 3)))]
    {
        let written = "count < 300";
        let kept: BTreeSet<u64> = matches(&layer, written).into_keys().collect();
        assert!(kept.len() > 60, "{name}: {}", kept.len());
        let places = matches(&layer, "count >= -100");
        let seen = |definition, zoom| {
            bake(&layer, definition, 2);
            let package = layer.open().unwrap();
            let tiles = tiles_of(&places, Grid::WebMercatorQuad, zoom);
            tiles.into_iter().flat_map(|tile| ids(&read(&cut(&package, tile).unwrap()))).collect::<BTreeSet<u64>>()
        };
        assert!(!kept.is_subset(&seen(TilesDefinition::default(), 3)), "{name}: without a rule some give way");
        for zoom in 3..=8 {
            let with = seen(keep(written), zoom);
            assert!(kept.is_subset(&with), "{name} {zoom}: {} are seen", kept.intersection(&with).count());
            assert!(zoom > 5 || with.len() < places.len(), "{name} {zoom}: not all are seen");
            assert!(zoom < 8 || with.len() > kept.len(), "{name} {zoom}: others are seen beside them");
        }
    }
}

#[test]
fn what_the_rule_keeps_is_kept_of_a_filter_too() {
    let layer = build(&points(14_000, 21));
    bake(&layer, keep("count < 300"), 2);
    let package = layer.open().unwrap();
    let top = TileAddress::of_place(Grid::WebMercatorQuad, 5, 114.1, 22.3).unwrap();
    let tile = cut_selected(&package, top, &selection(&layer, "count >= 100")).unwrap();
    assert!(tile.is_thinned());
    let wanted: BTreeSet<u64> = matches(&layer, "count >= 100 AND count < 300").into_keys().collect();
    assert!(wanted.len() > 300 && wanted.is_subset(&ids(&read(&tile))));
}

#[test]
fn tiles_of_low_zooms_hold_their_fields_alone_unless_others_are_named() {
    const LOW: u8 = 9;
    for (name, layer) in [("points", build(&points(3_000, 1))), ("areas", build(&mesh(30, 3, 2)))] {
        bake(&layer, low_zoom(LOW, &["height", "name"]), 2);
        let places = matches(&layer, "count >= -100");
        let package = layer.open().unwrap();
        let keys = |tile: &Tile| -> BTreeSet<String> {
            tile.layers.iter().flat_map(|layer| layer.keys.iter().cloned()).collect()
        };
        let some = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let all = some(&["count", "height", "name", "open", "名稱"]);
        let named = |names: &[&str]| TileSelection {
            fields: Some(names.iter().map(|name| layer.schema.field_index(name).unwrap()).collect()),
            ..TileSelection::default()
        };
        let mut kinds = BTreeSet::new();
        for grid in Grid::ALL {
            for zoom in [0, 5, 8, LOW, LOW + 1, 12] {
                for tile in tiles_of(&places, grid, zoom).into_iter().step_by(if zoom > LOW { 9 } else { 1 }) {
                    kinds.insert((is_baked(&package, tile), zoom <= LOW));
                    let plain = read(&cut(&package, tile).unwrap());
                    let held = if zoom <= LOW { some(&["height", "name"]) } else { all.clone() };
                    assert!(keys(&plain).is_subset(&held) && keys(&plain).contains("name"), "{name} {tile:?}");
                    let few = read(&cut_selected(&package, tile, &selection(&layer, "count < 500")).unwrap());
                    assert!(keys(&few).is_subset(&held), "{name} {tile:?}");

                    let other = read(&cut_selected(&package, tile, &named(&["count", "name"])).unwrap());
                    assert_eq!(keys(&other), some(&["count", "name"]), "{name} {tile:?}");
                    let one = read(&cut_selected(&package, tile, &named(&["height"])).unwrap());
                    assert_eq!(keys(&one), some(&["height"]), "{name} {tile:?}");
                    let shapes = |tile: &Tile| -> Vec<_> {
                        let features = tile.layers.iter().flat_map(|layer| &layer.features);
                        features.map(|feature| (feature.id, feature.kind, feature.parts.clone())).collect()
                    };
                    assert_eq!(shapes(&plain), shapes(&other), "{name} {tile:?}: only the fields differ");
                    assert_eq!(shapes(&plain), shapes(&one), "{name} {tile:?}: only the fields differ");
                }
            }
        }
        assert!(kinds.contains(&(true, true)) && kinds.contains(&(false, false)), "{name}: {kinds:?}");
    }
}

#[test]
fn tiles_that_are_cut_live_at_low_zooms_hold_their_fields_alone_too() {
    let layer = build(&points(100, 1));
    bake(&layer, low_zoom(9, &["name"]), 1);
    let package = layer.open().unwrap();
    for (zoom, wanted) in [(4, 1), (9, 1), (10, 5)] {
        let tile = TileAddress::of_place(Grid::WebMercatorQuad, zoom, 114.13, 22.35).unwrap();
        assert!(!is_baked(&package, tile));
        assert_eq!(read(&cut(&package, tile).unwrap()).layers[0].keys.len(), wanted, "zoom {zoom}");
    }
}

#[test]
fn fields_that_are_named_leave_a_tile_within_its_budget() {
    let fields = vec![layers::field("n", FieldKind::Integer), layers::field("text", FieldKind::Text)];
    let values = |place: usize, id: u64| vec![FieldValue::Integer(place as i64), long_text(id)];
    let layer = layers::build_with(&points(400, 32), fields, values);
    bake(&layer, low_zoom(9, &["n"]), 2);
    let package = layer.open().unwrap();
    let tile = TileAddress::of_place(Grid::WebMercatorQuad, 8, 114.13, 22.35).unwrap();
    let plain = cut(&package, tile).unwrap();
    let named = TileSelection { fields: Some(vec![1]), ..TileSelection::default() };
    let heavy = cut_selected(&package, tile, &named).unwrap();
    let (all, some) = (ids(&read(&plain)), ids(&read(&heavy)));
    assert!(some.len() > 10 && some.len() < all.len() && some.is_subset(&all), "{} of {}", some.len(), all.len());
    assert!(heavy.is_thinned());
}

#[test]
fn the_counts_of_every_zoom_add_up_to_all_points_which_stay_once_they_are_seen() {
    let layer = build(&points(6_000, 31));
    let rules = [cluster(), TilesDefinition { keep: Some("count < 0".to_owned()), ..cluster() }];
    for (definition, grids) in rules.into_iter().zip([Grid::ALL.to_vec(), vec![Grid::WebMercatorQuad]]) {
        bake(&layer, definition, 2);
        let places = matches(&layer, "count >= -100");
        let package = layer.open().unwrap();
        for grid in grids {
            let mut thinned = 0;
            let mut before = BTreeSet::new();
            for zoom in 0..=17 {
                let (sum, seen) = counted(&package, &places, &TileSelection::default(), (grid, zoom));
                assert_eq!(sum, 6_000, "{grid} {zoom}: {} points are seen", seen.len());
                assert!(before.is_subset(&seen), "{grid} {zoom}: {} are gone", before.difference(&seen).count());
                thinned += usize::from(seen.len() < 6_000);
                before = seen;
            }
            assert!(thinned > 8, "{grid}: {thinned} zooms do not show all");
        }
    }
}

#[test]
fn tiles_that_are_cut_live_beside_counted_ones_are_counted_too() {
    // A crowd, which is baked far down, and few points east of it, which nowhere are.
    let mut shapes = points(3_000, 33);
    for number in 0..40 {
        let mut shape = Shape::new(GeometryKind::Point);
        shape.points.push((116.0 + 0.001 * f64::from(number), 22.3));
        shapes.push(shape);
    }
    let layer = build(&shapes);
    bake(&layer, cluster(), 2);
    let places = matches(&layer, "count >= -100");
    let east: BTreeMap<u64, (f64, f64)> = places.into_iter().filter(|(_, place)| place.0 > 115.0).collect();
    let package = layer.open().unwrap();
    let mut live = 0;
    for zoom in 6..=9 {
        let tile = TileAddress::of_place(Grid::WebMercatorQuad, zoom, 116.02, 22.3).unwrap();
        live += usize::from(!is_baked(&package, tile));
        let cut = cut(&package, tile).unwrap();
        assert!(cut.is_thinned(), "{tile:?}");
        if !is_baked(&package, tile) {
            let (sum, seen) = counted(&package, &east, &TileSelection::default(), (Grid::WebMercatorQuad, zoom));
            assert_eq!((sum, seen.len() < 10), (40, true), "{tile:?}: {seen:?}");
        }
    }
    assert!(live > 1, "{live}");
}

#[test]
fn a_limit_that_leaves_cells_without_a_point_loses_no_count() {
    // A tile holds 30 points and has 64 cells.
    let shapes = points(400, 32);
    let layer = layers::build_with(&shapes, vec![layers::field("text", FieldKind::Text)], |_, id| vec![long_text(id)]);
    bake(&layer, cluster(), 2);
    let places = matches(&layer, "text <> ''");
    let package = layer.open().unwrap();
    let cells = |zoom: u8| -> usize {
        let cell = |(lon_deg, lat_deg): &(f64, f64)| {
            let (u, v) = Grid::WebMercatorQuad.shares(*lon_deg, *lat_deg);
            let cells = f64::from(1u32 << zoom) * 8.0;
            ((u * cells) as u64, (v * cells) as u64)
        };
        places.values().map(cell).collect::<BTreeSet<_>>().len()
    };
    let mut short = 0;
    for zoom in 0..=16 {
        let (sum, seen) = counted(&package, &places, &TileSelection::default(), (Grid::WebMercatorQuad, zoom));
        assert_eq!(sum, 400, "zoom {zoom}: {} points are seen", seen.len());
        short += usize::from(seen.len() < cells(zoom));
    }
    assert!(short > 0, "no zoom has a cell without a point");
}

#[test]
fn the_counts_of_a_filter_are_those_of_its_matches() {
    let layer = build(&points(14_000, 21));
    bake(&layer, cluster(), 2);
    let package = layer.open().unwrap();
    let written = "count >= 100";
    let wanted = matches(&layer, written);
    let mut thinned = 0;
    for zoom in 4..=13 {
        let (sum, seen) = counted(&package, &wanted, &selection(&layer, written), (Grid::WebMercatorQuad, zoom));
        assert_eq!(sum, wanted.len() as u64, "zoom {zoom}: {} points are seen", seen.len());
        thinned += usize::from(seen.len() < wanted.len());
    }
    assert!(thinned > 2, "{thinned}");
}

#[test]
fn fields_that_are_named_leave_the_counts_in_place() {
    let layer = build(&points(3_000, 5));
    bake(&layer, TilesDefinition { cluster: true, ..low_zoom(9, &["name"]) }, 2);
    let places = matches(&layer, "count >= -100");
    let package = layer.open().unwrap();
    for fields in [vec![], vec![0], vec![2, 3]] {
        let named = TileSelection { fields: Some(fields), ..TileSelection::default() };
        for zoom in [3, 8, 9, 10, 11] {
            assert_eq!(counted(&package, &places, &named, (Grid::WebMercatorQuad, zoom)).0, 3_000, "{named:?} {zoom}");
        }
    }
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads_and_any_order_of_delivery() {
    let all = || TilesDefinition { cluster: true, keep: Some("count < 300".to_owned()), ..low_zoom(9, &["name"]) };
    let mut shapes = points(2_000, 1);
    let layer = build(&shapes);
    bake(&layer, all(), 1);
    let bytes = layer.tile_file_bytes();
    for threads in [2, 4] {
        bake(&layer, all(), threads);
        assert!(layer.tile_file_bytes() == bytes, "{threads} threads");
    }
    let mut random = Random(11);
    for place in (1..shapes.len()).rev() {
        shapes.swap(place, random.next() as usize % (place + 1));
    }
    let shuffled = build(&shapes);
    bake(&shuffled, all(), 2);
    assert!(shuffled.tile_file_bytes() == bytes, "shuffled");
}

#[test]
fn each_rule_is_part_of_what_decides_whether_tiles_can_be_taken_over() {
    let layer = build(&points(50, 1));
    let open = || layer.open();
    let content = |definition: TilesDefinition| {
        let recipe = Recipe { rules: rules(&layer, definition), ..Recipe::default() };
        causeway::tiles::bake::Surveyed::new(&open, recipe).unwrap().content().to_owned()
    };
    let definitions = [
        TilesDefinition::default(),
        keep("count < 300"),
        keep("count < 400"),
        low_zoom(9, &["name"]),
        low_zoom(8, &["name"]),
        low_zoom(9, &["height"]),
        cluster(),
    ];
    let contents: BTreeSet<String> = definitions.into_iter().map(content).collect();
    assert_eq!(contents.len(), 7);
}

#[test]
fn what_does_not_fit_the_fields_is_refused_in_one_sentence() {
    let of_points = build(&points(3, 1));
    let of_areas = build(&mesh(1, 3, 2));
    let fields = vec![layers::field("point_count", FieldKind::Integer)];
    let taken = layers::build_with(&points(3, 1), fields, |_, _| vec![FieldValue::Integer(1)]);
    for (layer, definition, wanted) in [
        (
            &of_points,
            keep("kind = 'airport'"),
            "there is no property \"kind\"; there are geometry, name, 名稱, count, height, open",
        ),
        (&of_points, keep("count <"), "keep: "),
        (&of_points, keep("count = 'many'"), "keep: "),
        (&of_points, low_zoom(9, &["kind"]), "low_zoom_fields names the field \"kind\", which no feature keeps"),
        (&of_areas, cluster(), "the features of this layer are Polygon; it takes a layer of Point"),
        (&taken, cluster(), "the layer has a field of that name"),
    ] {
        let fault = Rules::new(&definition, &layer.schema).unwrap_err().to_string();
        assert!(fault.contains(wanted) && !fault.contains('\n'), "{fault}");
    }
    assert_eq!(of_points.schema.geometry, GeometryKind::Point);
}

#[test]
fn accounts_of_tiles_from_before_there_were_rules_are_read() {
    let old = r#"{"format":1,"content":"c","priority":{"field":2,"lowest_first":true},"grids":[]}"#;
    let facts: causeway::tiles::BakedFacts = serde_json::from_str(old).unwrap();
    assert_eq!(facts.rules.priority, Some(causeway::tiles::Priority { field: 2, lowest_first: true }));
    assert_eq!(serde_json::to_string(&facts).unwrap(), old, "and written as they were");
}
