//! Tiles of a filter, of some fields, of several layers, and of more than a tile may cost.
#![allow(clippy::unwrap_used)]

#[path = "tiles/chosen.rs"]
mod chosen;
#[path = "tiles/layers.rs"]
mod layers;
#[path = "tiles/validator.rs"]
#[allow(dead_code)] // Not all that it judges is asked for here.
mod validator;

use std::collections::{BTreeMap, BTreeSet};

use causeway::base::{GeometryKind, Grid, limits};
use causeway::geometry::Shape;
use causeway::package::OpenPackage;
use causeway::tiles::{self, CutTile, TileAddress, TileSelection, cut, cut_selected, edit, gunzip};
use chosen::{matches, selection};
use layers::{build, lines, mesh, points};
use validator::Tile;

fn read(cut: &CutTile) -> Tile {
    assert!(cut.gzip.len() <= limits::TILE_BYTES_MAX, "{} bytes", cut.gzip.len());
    if cut.gzip.is_empty() { Tile::default() } else { validator::read(&gunzip(&cut.gzip)).unwrap() }
}

fn ids(cut: &CutTile) -> BTreeSet<u64> {
    read(cut).layers.iter().flat_map(|layer| &layer.features).filter_map(|feature| feature.id).collect()
}

/// Those with a vertex well inside the tile. At its edge a tile that shows all may have what its
/// thinned neighbour has not.
fn ids_well_inside(cut: &CutTile) -> BTreeSet<u64> {
    let is_inside = |(x, y): &(i64, i64)| (1..4096).contains(x) && (1..4096).contains(y);
    let all = read(cut).layers.into_iter().flat_map(|layer| layer.features);
    all.filter(|feature| feature.parts.iter().flatten().any(is_inside)).filter_map(|feature| feature.id).collect()
}

/// The tile in the middle of Hong Kong.
fn middle(grid: Grid, zoom: u8) -> TileAddress {
    TileAddress::of_place(grid, zoom, 114.13, 22.35).unwrap()
}

/// Tiles of a zoom in which any of the places lies.
fn tiles_of(places: &BTreeMap<u64, (f64, f64)>, grid: Grid, zoom: u8) -> Vec<TileAddress> {
    let found: BTreeMap<i64, TileAddress> = places
        .values()
        .filter_map(|(lon_deg, lat_deg)| TileAddress::of_place(grid, zoom, *lon_deg, *lat_deg))
        .map(|tile| (tile.key(), tile))
        .collect();
    found.into_values().collect()
}

#[test]
fn few_matches_are_all_there_at_every_zoom_of_every_grid() {
    for (name, layer) in [
        ("points", build(&points(3_000, 1))),
        ("areas", build(&mesh(30, 8, 2))),
        ("lines", build(&lines(1_500, 24, 3))),
    ] {
        layer.bake(2);
        let package = layer.open().unwrap();
        for written in ["count < 300", "open = TRUE AND count BETWEEN 1000 AND 1400", "count < -1000"] {
            let wanted = matches(&layer, written);
            let selection = selection(&layer, written);
            for grid in Grid::ALL {
                for zoom in [0, 6, 9, 11, 13] {
                    let mut found = BTreeSet::new();
                    for tile in tiles_of(&wanted, grid, zoom) {
                        let cut = cut_selected(&package, tile, &selection).unwrap();
                        assert!(!cut.is_thinned(), "{name} {written} {tile:?}");
                        found.extend(ids(&cut));
                    }
                    assert_eq!(found, wanted.keys().copied().collect(), "{name} {written} {grid} {zoom}");
                }
            }
        }
    }
}

#[test]
fn many_matches_are_thinned_as_the_zoom_asks_and_stay_once_they_are_seen() {
    for (name, layer) in [("points", build(&points(14_000, 21))), ("areas", build(&mesh(95, 2, 22)))] {
        layer.bake(2);
        let package = layer.open().unwrap();
        let written = "count >= 100";
        let wanted = matches(&layer, written);
        let selection = selection(&layer, written);
        assert!(wanted.len() > 8_000, "{}", wanted.len());
        let mut before = BTreeSet::new();
        let mut thinned = 0;
        for zoom in 5..=14 {
            let (mut now, mut well_inside) = (BTreeSet::new(), BTreeSet::new());
            for tile in tiles_of(&wanted, Grid::WebMercatorQuad, zoom) {
                let cut = cut_selected(&package, tile, &selection).unwrap();
                assert!(cut.features <= cut.of_features, "{name} {tile:?}");
                thinned += usize::from(cut.is_thinned());
                now.extend(ids(&cut));
                well_inside.extend(ids_well_inside(&cut));
            }
            let lost = before.difference(&now).count();
            assert_eq!(lost, 0, "{name}: {lost} of {} are gone at zoom {zoom}", before.len());
            assert!(now.iter().all(|id| wanted.contains_key(id)), "{name} {zoom}");
            assert!(zoom < 14 || now.len() == wanted.len(), "{name}: all are there in the end");
            before = well_inside;
        }
        assert!(thinned >= 3, "{name}: {thinned} tiles are thinned");
    }
}

#[test]
fn neighbours_that_are_both_thinned_agree_on_what_stands_between_them() {
    let layer = build(&points(40_000, 23));
    layer.bake(2);
    let package = layer.open().unwrap();
    let selection = selection(&layer, "count >= 0");
    let places = matches(&layer, "count >= 0");
    let mut compared = 0;
    for zoom in 8..=10 {
        for tile in tiles_of(&places, Grid::WebMercatorQuad, zoom) {
            let east = TileAddress::new(Grid::WebMercatorQuad, zoom, tile.x() + 1, tile.y()).unwrap();
            let (here, there) =
                (cut_selected(&package, tile, &selection).unwrap(), cut_selected(&package, east, &selection).unwrap());
            if !here.is_thinned() || !there.is_thinned() {
                continue;
            }
            let strip = |cut: &CutTile, from: i64| -> BTreeSet<u64> {
                let all = read(cut).layers.into_iter().flat_map(|layer| layer.features);
                let inside = |(x, y): (i64, i64)| (from..from + 64).contains(&x) && (0..4096).contains(&y);
                all.filter(|feature| inside(feature.parts[0][0])).filter_map(|feature| feature.id).collect()
            };
            assert_eq!(strip(&here, 4096), strip(&there, 0), "{tile:?}");
            compared += 1;
        }
    }
    assert!(compared > 0);
}

#[test]
fn what_an_unfiltered_tile_shows_can_be_filtered_without_looking_at_the_rest() {
    let layer = build(&points(6_000, 24));
    layer.bake(2);
    let package = layer.open().unwrap();
    let selection = selection(&layer, "count < 2000");
    let wanted = matches(&layer, "count < 2000");
    let tile = middle(Grid::WebMercatorQuad, 8);
    let whole = cut(&package, tile).unwrap();
    assert!(whole.is_thinned());
    let found = ids(&tiles::cut_among_shown(&package, tile, &selection).unwrap().unwrap());
    let expected: BTreeSet<u64> = ids(&whole).into_iter().filter(|id| wanted.contains_key(id)).collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    assert_eq!(tiles::cut_among_shown(&package, middle(Grid::WebMercatorQuad, 20), &selection).unwrap(), None);
}

#[test]
fn fields_can_be_left_out_of_baked_and_of_live_tiles() {
    let layer = build(&mesh(30, 8, 2));
    layer.bake(2);
    let package = layer.open().unwrap();
    let fields = ["名稱", "count"].map(|name| layer.schema.field_index(name).unwrap()).to_vec();
    let some = TileSelection { fields: Some(fields), ..TileSelection::default() };
    let none = TileSelection { fields: Some(Vec::new()), ..TileSelection::default() };
    for zoom in [6, 9, 13, 15] {
        let tile = middle(Grid::WebMercatorQuad, zoom);
        let all = read(&cut(&package, tile).unwrap());
        let without = read(&cut_selected(&package, tile, &some).unwrap());
        let bare = read(&cut_selected(&package, tile, &none).unwrap());
        let keys: BTreeSet<&str> = without.layers[0].keys.iter().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["名稱", "count"]), "zoom {zoom}");
        assert!(bare.layers[0].keys.is_empty() && bare.layers[0].values.is_empty());
        let tags = |tile: &Tile, place: usize| -> Vec<(String, String)> {
            let layer = &tile.layers[0];
            let named = layer.features[place]
                .tags
                .iter()
                .map(|(k, v)| (layer.keys[*k].clone(), format!("{:?}", layer.values[*v])));
            named.filter(|(key, _)| keys.contains(key.as_str())).collect()
        };
        assert_eq!(all.layers[0].features.len(), without.layers[0].features.len());
        for (place, feature) in all.layers[0].features.iter().enumerate() {
            for other in [&without, &bare] {
                let same = &other.layers[0].features[place];
                assert_eq!((feature.id, &feature.parts), (same.id, &same.parts));
            }
            assert_eq!(tags(&all, place), tags(&without, place));
        }
    }
}

#[test]
fn several_tiles_in_one_are_their_layers_one_after_the_other() {
    let layer = build(&points(400, 25));
    layer.bake(1);
    let package = layer.open().unwrap();
    let [near, far] = [10, 13].map(|zoom| cut(&package, middle(Grid::WebMercatorQuad, zoom)).unwrap());
    let joined = edit::joined([near.gzip.as_slice(), &[], far.gzip.as_slice()].into_iter());
    let parts: Vec<u8> = [&near, &far].iter().flat_map(|cut| gunzip(&cut.gzip)).collect();
    assert_eq!(gunzip(&joined), parts);
    assert!(edit::joined([[].as_slice(), &[]].into_iter()).is_empty());
}

/// Squares that all cover the middle of Hong Kong, each a little beside the other.
fn overlapping(count: usize) -> Vec<Shape> {
    (0..count)
        .map(|number| {
            let shift = number as f64 * 1e-6;
            let mut shape = Shape::new(GeometryKind::Polygon);
            let (west, south, side) = (114.0 + shift, 22.25 + shift, 0.2);
            shape.points = vec![(west, south), (west + side, south), (west + side, south + side), (west, south + side)];
            shape.points.push(shape.points[0]);
            shape.ends.push(shape.points.len());
            shape.polygon_ends.push(1);
            shape
        })
        .collect()
}

/// 12,000 squares over one another cannot be baked down to the last zoom; nor may one tile draw all.
#[test]
fn where_thousands_of_areas_overlap_a_live_cut_draws_a_share_of_them_and_says_so() {
    let layer = build(&overlapping(12_000));
    let facts = layer.bake_with(tiles::bake::Recipe::default());
    let package = layer.open().unwrap();
    let mut before: BTreeSet<u64> = BTreeSet::new();
    for zoom in [15, 16, 18, 21] {
        let tile = middle(Grid::WebMercatorQuad, zoom);
        assert!(package.tile_file().unwrap().unwrap().tile(tile.grid(), tile.key()).unwrap().is_none(), "is baked");
        let cut = cut(&package, tile).unwrap();
        assert!(cut.is_thinned() && cut.of_features == 12_000, "{zoom}: {} of {}", cut.features, cut.of_features);
        assert!((2_000..=8_000).contains(&cut.features), "{zoom}: {}", cut.features);
        let now = ids(&cut);
        assert!(before.is_subset(&now), "{zoom}");
        before = now;
    }
    let grid = facts.grid(Grid::WebMercatorQuad).unwrap();
    assert_eq!(grid.complete_from_zoom, None, "no zoom is complete where the deepest tile is not");
}

fn count_of(package: &OpenPackage, zoom: u8) -> usize {
    cut(package, middle(Grid::WebMercatorQuad, zoom)).unwrap().features
}

#[test]
fn what_fits_is_drawn_whole() {
    let layer = build(&overlapping(1_500));
    layer.bake_with(tiles::bake::Recipe::default());
    let package = layer.open().unwrap();
    assert_eq!(count_of(&package, 15), 1_500);
}

/// One area of 200,000 vertices in a layer that keeps none in pieces, as layers of mixed kinds do not.
#[test]
fn one_giant_beside_small_areas_takes_none_of_them_away() {
    let mut giant = Shape::new(GeometryKind::Polygon);
    for step in 0..200_000 {
        let angle = f64::from(step) / 200_000.0 * std::f64::consts::TAU;
        giant.points.push((114.13 + 0.1 * angle.cos(), 22.35 + 0.1 * angle.sin()));
    }
    giant.points.push(giant.points[0]);
    giant.ends.push(giant.points.len());
    giant.polygon_ends.push(1);
    let mut shapes = overlapping(200);
    shapes.push(giant);
    let package = build(&shapes).open().unwrap();
    assert!(package.tile_file().unwrap().is_none());
    let cut = cut(&package, middle(Grid::WebMercatorQuad, 14)).unwrap();
    assert_eq!((cut.features, cut.of_features), (201, 201));
}
