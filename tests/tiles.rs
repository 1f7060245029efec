//! Tiles: what is baked and what is cut live, held against a strict reader of the specification.
#![allow(clippy::unwrap_used)]

#[path = "tiles/layers.rs"]
mod layers;
#[path = "tiles/validator.rs"]
mod validator;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use causeway::base::{Grid, limits};
use causeway::definition::TilesDefinition;
use causeway::geometry::Shape;
use causeway::package::OpenPackage;
use causeway::tiles::bake::{AtOnce, HeavyFrom, Recipe};
use causeway::tiles::{NeighbourCutter, Rules, TileAddress, cut};
use layers::{Layer, Random, build, lines, mesh, points};
use validator::Tile;

fn shared_path(test: &str, path: &str) -> Option<PathBuf> {
    let tree = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("CAUSEWAY_SHARED").map_or_else(|| tree.join("../shared"), PathBuf::from);
    let path = shared.join("data").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED {test}: {} is not there", path.display());
    None
}

fn unpack(gzip: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The tile, read by the strict reader; empty where there is none.
fn read(package: &OpenPackage, tile: TileAddress) -> (Tile, causeway::tiles::CutTile) {
    let cut = cut(package, tile).unwrap();
    if cut.gzip.is_empty() {
        return (Tile::default(), cut);
    }
    assert!(cut.gzip.len() <= limits::TILE_BYTES_MAX, "{tile:?} has {} bytes", cut.gzip.len());
    let read = validator::read(&unpack(&cut.gzip)).unwrap_or_else(|fault| panic!("{tile:?}: {fault}"));
    let is_named = |feature: &validator::Feature| (1..=3).contains(&feature.kind) && feature.id.is_some();
    assert!(read.layers.iter().all(|layer| layer.version == 2 && layer.features.iter().all(is_named)));
    (read, cut)
}

fn ids(tile: &Tile) -> BTreeSet<u64> {
    tile.layers.iter().flat_map(|layer| &layer.features).filter_map(|feature| feature.id).collect()
}

/// Those with a vertex on the tile's own ground, not in its buffer alone.
fn ids_on_ground(tile: &Tile) -> BTreeSet<u64> {
    let on_ground = |(x, y): &(i64, i64)| (0..=4096).contains(x) && (0..=4096).contains(y);
    let features = tile.layers.iter().flat_map(|layer| &layer.features);
    features.filter(|feature| feature.parts.iter().flatten().any(on_ground)).filter_map(|feature| feature.id).collect()
}

/// Every id of the layer with a place of it.
fn all_ids(layer: &Layer) -> BTreeMap<u64, (f64, f64)> {
    let mut found = BTreeMap::new();
    let package = layer.open().unwrap();
    package
        .select("", &[], |row| {
            let mut shape = Shape::default();
            let blob = causeway::geometry::blob::parse(row.geometry().unwrap()).unwrap();
            shape.read_wkb(blob.wkb).unwrap();
            found.insert(row.id().get(), shape.representative_point().unwrap());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// Every tile of a zoom in which something lies.
fn tiles_of(places: &BTreeMap<u64, (f64, f64)>, grid: Grid, zoom: u8) -> Vec<TileAddress> {
    let keys: BTreeMap<i64, TileAddress> = places
        .values()
        .filter_map(|(lon_deg, lat_deg)| TileAddress::of_place(grid, zoom, *lon_deg, *lat_deg))
        .map(|tile| (tile.key(), tile))
        .collect();
    keys.into_values().collect()
}

fn sample_layers() -> Vec<(&'static str, Layer)> {
    vec![
        ("points", build(&points(3_000, 1))),
        ("areas", build(&mesh(30, 8, 2))),
        ("lines", build(&lines(1_500, 24, 3))),
    ]
}

#[test]
fn the_reader_finds_the_fault_in_every_invalid_tile_and_none_in_valid_ones() {
    let Some(folder) = shared_path("the_reader_finds_the_fault", "golden/mvt/fixtures") else { return };
    let mut seen = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let info: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("info.json")).unwrap()).unwrap();
        let bytes = std::fs::read(folder.join("tile.mvt")).unwrap();
        let is_valid = info["validity"]["v2"].as_bool().unwrap();
        let read = validator::read(&bytes);
        if folder.ends_with("057") {
            // Called valid because decoders should survive it; its MoveTo lacks 536,870,910 points.
            assert!(read.is_err());
            continue;
        }
        assert_eq!(read.is_ok(), is_valid, "{}: {} {:?}", folder.display(), info["description"], read.err());
        if is_valid { seen.0 += 1 } else { seen.1 += 1 }
    }
    assert!(seen.0 > 20 && seen.1 > 15, "{seen:?}");
}

#[test]
fn every_tile_is_valid_within_its_budget_and_within_its_buffer() {
    for (name, layer) in sample_layers() {
        let facts = layer.bake(2);
        let places = all_ids(&layer);
        let package = layer.open().unwrap();
        assert_eq!(facts.grids.len(), 3);
        let mut counts = (0, 0);
        for grid in Grid::ALL {
            for zoom in 0..=16 {
                for tile in tiles_of(&places, grid, zoom).into_iter().step_by(if zoom > 12 { 23 } else { 1 }) {
                    let (read, cut) = read(&package, tile);
                    let is_baked = package.tile_file().unwrap().unwrap().tile(grid, tile.key()).unwrap().is_some();
                    if is_baked {
                        counts.0 += 1
                    } else {
                        counts.1 += 1
                    }
                    assert!(is_baked || !cut.is_thinned(), "{name} {tile:?}: a live tile leaves nothing out");
                    let features: Vec<_> = read.layers.iter().flat_map(|layer| &layer.features).collect();
                    assert_eq!(features.len(), cut.features, "{name} {tile:?}");
                    for (x, y) in features.iter().flat_map(|feature| &feature.parts).flatten() {
                        assert!((-64..=4160).contains(x) && (-64..=4160).contains(y), "{name} {tile:?}: {x} {y}");
                    }
                }
            }
        }
        assert!(counts.0 > 30 && counts.1 > 30, "{name}: {counts:?} tiles baked and live");
    }
}

#[test]
fn from_the_complete_zoom_on_every_feature_is_there() {
    for (name, layer) in sample_layers() {
        let facts = layer.bake(2);
        let places = all_ids(&layer);
        let package = layer.open().unwrap();
        for grid in &facts.grids {
            let complete_from_zoom = grid.complete_from_zoom.unwrap();
            assert!(complete_from_zoom <= 16, "{name} {}: {complete_from_zoom}", grid.grid);
            for zoom in [complete_from_zoom, complete_from_zoom + 1, limits::ZOOM_MAX] {
                let mut random = Random(u64::from(zoom));
                let tiles = tiles_of(&places, grid.grid, zoom);
                let everything = zoom < limits::ZOOM_MAX;
                let mut found = BTreeSet::new();
                for tile in tiles.iter().filter(|_| everything || random.share() < 0.1) {
                    found.extend(ids(&read(&package, *tile).0));
                }
                if everything {
                    assert_eq!(found.len(), places.len(), "{name} {} at {zoom}", grid.grid);
                }
            }
            // At random features, at every zoom below: the tile in which one lies has it.
            let mut random = Random(7);
            let listed: Vec<_> = places.iter().collect();
            for _ in 0..100 {
                let (id, (lon_deg, lat_deg)) = listed[random.next() as usize % listed.len()];
                let zoom =
                    complete_from_zoom + (random.next() % u64::from(limits::ZOOM_MAX - complete_from_zoom + 1)) as u8;
                let tile = TileAddress::of_place(grid.grid, zoom, *lon_deg, *lat_deg).unwrap();
                assert!(ids(&read(&package, tile).0).contains(id), "{name} {} {tile:?} lacks {id}", grid.grid);
            }
        }
    }
}

#[test]
fn what_is_seen_once_is_seen_at_every_higher_zoom_and_no_place_is_empty() {
    for (name, layer) in sample_layers() {
        layer.bake(2);
        let places = all_ids(&layer);
        let package = layer.open().unwrap();
        for grid in [Grid::WebMercatorQuad, Grid::HongKong1980Grid] {
            let mut before: BTreeSet<u64> = BTreeSet::new();
            for zoom in 8..=15 {
                let mut now = BTreeSet::new();
                for tile in tiles_of(&places, grid, zoom) {
                    now.extend(ids_on_ground(&read(&package, tile).0));
                }
                let lost: Vec<_> = before.difference(&now).collect();
                assert!(lost.is_empty(), "{name} {grid} {zoom}: {lost:?} of {} are gone", before.len());
                assert!(!now.is_empty());
                before = now;
            }
        }
    }
}

#[test]
fn every_cell_that_holds_points_keeps_one() {
    let layer = build(&points(3_000, 5));
    layer.bake(2);
    let places = all_ids(&layer);
    let package = layer.open().unwrap();
    for zoom in 6..=13 {
        let cell = |(lon_deg, lat_deg): (f64, f64)| {
            let (u, v) = Grid::WebMercatorQuad.shares(lon_deg, lat_deg);
            let cells = f64::from(1u32 << zoom) * 128.0;
            ((u * cells) as u64, (v * cells) as u64)
        };
        let wanted: BTreeSet<_> = places.values().map(|place| cell(*place)).collect();
        let mut found = BTreeSet::new();
        for tile in tiles_of(&places, Grid::WebMercatorQuad, zoom) {
            found.extend(ids_on_ground(&read(&package, tile).0).iter().map(|id| cell(places[id])));
        }
        assert_eq!(wanted.difference(&found).count(), 0, "zoom {zoom}");
    }
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads_any_memory_and_any_order_of_delivery() {
    let mut random = Random(11);
    for mut shapes in [points(2_000, 1), mesh(24, 6, 2), lines(1_000, 20, 3)] {
        let layer = build(&shapes);
        layer.bake(1);
        let bytes = layer.tile_file_bytes();
        for threads in [2, 4] {
            layer.bake(threads);
            assert!(layer.tile_file_bytes() == bytes, "{threads} threads");
        }
        let heavy = HeavyFrom { features: 150, vertices: 2_500, ..HeavyFrom::default() };
        let at_once = AtOnce { candidates: 500, sorted: 100, vertices: 1_000 };
        layer.bake_with(Recipe { heavy, threads: 2, at_once, ..Recipe::default() });
        assert!(layer.tile_file_bytes() == bytes, "little at once");
        for place in (1..shapes.len()).rev() {
            shapes.swap(place, random.next() as usize % (place + 1));
        }
        let shuffled = build(&shapes);
        shuffled.bake(2);
        assert!(shuffled.tile_file_bytes() == bytes, "shuffled");
    }
}

#[test]
fn tiles_cut_one_beside_the_other_are_those_cut_alone() {
    for (name, layer) in sample_layers() {
        layer.bake(2);
        let places = all_ids(&layer);
        for grid in Grid::ALL {
            let package = layer.open().unwrap();
            let mut neighbours = NeighbourCutter::new(layer.open().unwrap(), grid).unwrap();
            for zoom in 0..=16 {
                for tile in tiles_of(&places, grid, zoom) {
                    assert!(neighbours.cut(tile).unwrap() == cut(&package, tile).unwrap(), "{name} {tile:?}");
                }
            }
        }
    }
}

#[test]
fn neighbouring_tiles_agree_along_their_edge() {
    for (name, layer) in [("areas", build(&mesh(20, 10, 4))), ("lines", build(&lines(800, 30, 6)))] {
        layer.bake(2);
        let places = all_ids(&layer);
        let package = layer.open().unwrap();
        for grid in Grid::ALL {
            for zoom in 9..=14 {
                for tile in tiles_of(&places, grid, zoom).into_iter().step_by(5) {
                    let Some(east) = TileAddress::new(grid, zoom, tile.x() + 1, tile.y()) else { continue };
                    let here = crossings(&read(&package, tile).0, 4096);
                    let there = crossings(&read(&package, east).0, 0);
                    for (id, heights) in &here {
                        let others = there.get(id).cloned().unwrap_or_default();
                        for height in heights.iter().filter(|height| (16.0..4080.0).contains(*height)) {
                            let nearest =
                                others.iter().map(|other| (other - height).abs()).fold(f64::INFINITY, f64::min);
                            assert!(nearest <= 1.5, "{name} {tile:?} {id}: {height} is {nearest} off");
                        }
                    }
                }
            }
        }
    }
}

/// Both ends of an edge, in units of a whole zoom.
type WorldEdge = ((i64, i64), (i64, i64));

/// Every part of every feature of the baked and live tiles of a zoom, on the grid of the whole zoom.
fn edges_of_zoom(layer: &Layer, zoom: u8) -> BTreeMap<WorldEdge, usize> {
    let places = all_ids(layer);
    let package = layer.open().unwrap();
    let mut counts = BTreeMap::new();
    for tile in tiles_of(&places, Grid::WebMercatorQuad, zoom) {
        let (x, y) = (i64::from(tile.x()) * 4096, i64::from(tile.y()) * 4096);
        for feature in read(&package, tile).0.layers.iter().flat_map(|layer| &layer.features) {
            for part in &feature.parts {
                for (a, b) in (0..part.len()).map(|at| (part[at], part[(at + 1) % part.len()])) {
                    let inside = |p: (i64, i64)| (0..4096).contains(&p.0) && (0..4096).contains(&p.1);
                    if inside(a) && inside(b) {
                        let (a, b) = ((a.0 + x, a.1 + y), (b.0 + x, b.1 + y));
                        *counts.entry((a.min(b), a.max(b))).or_default() += 1;
                    }
                }
            }
        }
    }
    counts
}

#[test]
fn neighbours_stay_neighbours_in_baked_tiles() {
    // Borders of 16 waves; at z9 and z10 most of their vertices are simplified away.
    let layer = build(&mesh(24, 16, 9));
    let facts = layer.bake(2);
    let baked: Vec<u8> = facts.grids[0].zooms.iter().map(|zoom| zoom.zoom).collect();
    for zoom in [9, 10, 11] {
        assert!(baked.contains(&zoom), "{baked:?}");
        let edges = edges_of_zoom(&layer, zoom);
        let alone = edges.values().filter(|count| **count == 1).count();
        // The outer rim, 96 of 1,200 borders, has no twin, and a repaired ring may differ by a corner.
        let share = alone as f64 / edges.len() as f64;
        assert!(share < 0.16, "z{zoom}: {alone} of {} edges have no twin", edges.len());
    }
}

#[test]
fn a_giant_is_cut_into_pieces_that_show_no_seam_and_cost_what_a_tile_may() {
    // A star of 40,000 vertices over all of Hong Kong, beside a few small neighbours.
    let mut star = Shape::new(causeway::base::GeometryKind::Polygon);
    for step in 0..40_000 {
        let angle = f64::from(step) / 40_000.0 * std::f64::consts::TAU;
        let reach = if step % 2 == 0 { 0.15 } else { 0.1495 };
        star.points.push((114.15 + reach * angle.cos(), 22.35 + reach * angle.sin()));
    }
    star.points.push(star.points[0]);
    star.ends.push(star.points.len());
    star.polygon_ends.push(1);
    let mut shapes = mesh(4, 3, 1);
    shapes.push(star);
    let layer = build(&shapes);
    let facts = layer.bake_with(causeway::tiles::bake::Recipe::default());
    assert!(facts.grids.iter().all(|grid| grid.has_pieces));
    let package = layer.open().unwrap();
    let mut giant = 0;
    package
        .select("ORDER BY length(geom) DESC LIMIT 1", &[], |row| {
            giant = row.id().get();
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    for grid in Grid::ALL {
        for zoom in [0, 10, 12, 14, 16, 18, 20, 22] {
            // On its rim to the east, on a rim to the north, inside, and outside.
            for (lon_deg, lat_deg, is_there) in
                [(114.2998, 22.35, true), (114.15, 22.4997, true), (114.15, 22.35, true), (114.75, 22.35, zoom == 0)]
            {
                let tile = TileAddress::of_place(grid, zoom, lon_deg, lat_deg).unwrap();
                let found = read(&package, tile).0;
                assert_eq!(ids(&found).contains(&giant), is_there, "{grid} {tile:?}");
                let vertices: usize = found
                    .layers
                    .iter()
                    .flat_map(|layer| &layer.features)
                    .map(|feature| feature.parts.iter().map(Vec::len).sum::<usize>())
                    .sum();
                assert!(vertices < 12_000, "{grid} {tile:?} has {vertices} vertices");
            }
        }
    }
}

#[test]
fn what_a_priority_field_puts_first_is_kept() {
    let shapes = points(3_000, 8);
    let layer = build(&shapes);
    let mut means = Vec::new();
    for lowest_first in [false, true] {
        let priority = Some("count".to_owned());
        let definition = TilesDefinition { priority, lowest_first, ..TilesDefinition::default() };
        layer.bake_with(Recipe {
            grids: Some(vec![Grid::WebMercatorQuad]),
            rules: Rules::new(&definition, &layer.schema).unwrap(),
            heavy: HeavyFrom { features: 150, ..HeavyFrom::default() },
            threads: 1,
            ..Recipe::default()
        });
        let package = layer.open().unwrap();
        let tile = TileAddress::of_place(Grid::WebMercatorQuad, 3, 114.1, 22.3).unwrap();
        let (tile, cut) = read(&package, tile);
        assert!(cut.is_thinned());
        let layer = &tile.layers[0];
        let key = layer.keys.iter().position(|key| key == "count").unwrap();
        let counts: Vec<f64> = layer
            .features
            .iter()
            .map(|feature| {
                let (_, value) = feature.tags.iter().find(|(tag, _)| *tag == key).unwrap();
                match &layer.values[*value] {
                    validator::Value::UInt(number) => *number as f64,
                    validator::Value::SInt(number) => *number as f64,
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        means.push(counts.iter().sum::<f64>() / counts.len() as f64);
    }
    assert!(means[0] > 4_000.0 && means[1] < 900.0, "{means:?} of values from -100 to 4,899");
}

#[test]
fn small_areas_leave_their_area_behind() {
    let layer = build(&mesh(60, 3, 12));
    layer.bake(2);
    let places = all_ids(&layer);
    let package = layer.open().unwrap();
    let area_at = |zoom: u8| -> f64 {
        let units = f64::from(1u32 << zoom) * 4096.0;
        tiles_of(&places, Grid::WebMercatorQuad, zoom)
            .into_iter()
            .flat_map(|tile| read(&package, tile).0.layers)
            .flat_map(|layer| layer.features)
            // One tile counts it: that on whose ground its first corner stands.
            .filter(|feature| {
                let (x, y) = feature.parts[0][0];
                (0..4096).contains(&x) && (0..4096).contains(&y)
            })
            .map(|feature| feature.parts.iter().map(|ring| validator::twice_area(ring) as f64).sum::<f64>())
            .sum::<f64>()
            / (2.0 * units * units)
    };
    let truth = area_at(13);
    for zoom in 4..=12 {
        let share = area_at(zoom) / truth;
        assert!((0.8..1.25).contains(&share), "at z{zoom} {share} of the area is drawn");
    }
}

/// The parts without points on a straight way between their neighbours, which the crate leaves out.
fn corners(feature: &validator::Feature) -> Vec<Vec<(i64, i64)>> {
    let straight = |a: (i64, i64), b: (i64, i64), c: (i64, i64)| {
        let (ab, bc) = ((b.0 - a.0, b.1 - a.1), (c.0 - b.0, c.1 - b.1));
        ab.0 * bc.1 == ab.1 * bc.0 && ab.0 * bc.0 + ab.1 * bc.1 > 0
    };
    feature
        .parts
        .iter()
        .map(|part| {
            let mut kept: Vec<(i64, i64)> = Vec::new();
            for (at, point) in part.iter().enumerate() {
                let next = part.get(at + 1).or(if feature.kind == 3 { part.first() } else { None });
                match (kept.last(), next) {
                    (Some(before), Some(next)) if straight(*before, *point, *next) => {}
                    _ => kept.push(*point),
                }
            }
            kept
        })
        .collect()
}

/// The crate `mvt`, fed as `docs/decisions.md` asks, gives the same features as our own writer.
#[test]
fn the_second_encoder_gives_the_same_tile() {
    use mvt::{GeomEncoder, GeomType};
    for (name, layer) in sample_layers() {
        layer.bake(2);
        let places = all_ids(&layer);
        let package = layer.open().unwrap();
        for zoom in [8, 11, 14] {
            for tile in tiles_of(&places, Grid::WebMercatorQuad, zoom).into_iter().step_by(7) {
                let ours = read(&package, tile).0;
                let Some(layer) = ours.layers.first() else { continue };
                // The guard: a part that starts where the one before it ended loses its MoveTo.
                let chains = |feature: &&validator::Feature| {
                    feature.kind > 1 && feature.parts.windows(2).any(|pair| pair[0].last() == pair[1].first())
                };
                let features: Vec<_> = layer.features.iter().filter(|feature| !chains(feature)).collect();
                let mut second = mvt::Tile::new(4096);
                let mut building = second.create_layer(&layer.name);
                for feature in &features {
                    let kind = [GeomType::Point, GeomType::Linestring, GeomType::Polygon][feature.kind as usize - 1];
                    let mut geometry = GeomEncoder::<f64>::new(kind);
                    for part in &feature.parts {
                        part.iter().for_each(|(x, y)| geometry.add_point(*x as f64, *y as f64).unwrap());
                        if feature.kind > 1 {
                            geometry.complete_geom().unwrap();
                        }
                    }
                    let mut feature_out = building.into_feature(geometry.encode().unwrap());
                    feature_out.set_id(feature.id.unwrap());
                    for (key, value) in &feature.tags {
                        let key = &layer.keys[*key];
                        match &layer.values[*value] {
                            validator::Value::Text(text) => feature_out.add_tag_string(key, text),
                            validator::Value::Double(number) => feature_out.add_tag_double(key, *number),
                            validator::Value::UInt(number) => feature_out.add_tag_uint(key, *number),
                            validator::Value::SInt(number) => feature_out.add_tag_sint(key, *number),
                            validator::Value::Bool(truth) => feature_out.add_tag_bool(key, *truth),
                            other => panic!("{other:?} is never written"),
                        }
                    }
                    building = feature_out.into_layer();
                }
                second.add_layer(building).unwrap();
                let second = validator::read(&second.to_bytes().unwrap())
                    .unwrap_or_else(|fault| panic!("{name} {tile:?}: the second encoder wrote {fault}"));
                let theirs = &second.layers[0];
                assert_eq!(features.len(), theirs.features.len());
                for (a, b) in features.into_iter().zip(&theirs.features) {
                    assert_eq!((a.id, a.kind), (b.id, b.kind), "{name} {tile:?}");
                    assert_eq!(corners(a), corners(b), "{name} {tile:?}");
                    let tags = |of: &validator::Layer, feature: &validator::Feature| -> Vec<(String, String)> {
                        let named =
                            feature.tags.iter().map(|(k, v)| (of.keys[*k].clone(), format!("{:?}", of.values[*v])));
                        named.collect()
                    };
                    assert_eq!(tags(layer, a), tags(theirs, b), "{name} {tile:?}");
                }
            }
        }
    }
}

/// Where each feature's edges cross a vertical line.
fn crossings(tile: &Tile, x: i64) -> BTreeMap<u64, Vec<f64>> {
    let mut found: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for feature in tile.layers.iter().flat_map(|layer| &layer.features) {
        for part in &feature.parts {
            let closing = (feature.kind == 3).then(|| (part[part.len() - 1], part[0]));
            for (a, b) in part.windows(2).map(|edge| (edge[0], edge[1])).chain(closing) {
                // Steep edges cross at a height that half a unit of rounding moves far.
                if (a.0 < x) != (b.0 < x) && (b.1 - a.1).abs() <= (b.0 - a.0).abs() {
                    let share = (x - a.0) as f64 / (b.0 - a.0) as f64;
                    found.entry(feature.id.unwrap()).or_default().push(a.1 as f64 + share * (b.1 - a.1) as f64);
                }
            }
        }
    }
    found
}
