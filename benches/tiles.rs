//! What tiles cost: baking, the file on disk, and every cold tile z0–16 at features' places, in
//! thread CPU time with compression. Real layers come from `../shared/data/bench` (skipped loudly
//! where they are not there), the others from a seeded generator.
//!
//! `cargo bench --bench tiles -- [LAYER…]`; `CAUSEWAY_BENCH_LARGE=1` adds the five million points
//! and the million areas.
#![allow(clippy::unwrap_used)]

#[path = "../tests/tiles/layers.rs"]
mod layers;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use causeway::base::{Field, FieldKind, GeometryKind, Grid, Schema, Value};
use causeway::crs::System;
use causeway::filter::{Filter, text};
use causeway::geometry::Shape;
use causeway::package::{BuiltPackage, OpenPackage, TILE_FILE};
use causeway::tiles::bake::{Recipe, Surveyed};
use causeway::tiles::export;
use causeway::tiles::tilejson::TileSetFacts;
use causeway::tiles::{BakedFacts, TileAddress, TileSelection, cut, cut_among_shown, cut_selected};
use layers::{Layer, Random, build_with, field, mesh, points};
use rustix::time::{ClockId, clock_gettime};

fn cpu_s(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Makes a layer, or says that its data is not there.
type MakeLayer = fn() -> Option<Layer>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [command, path] = &arguments[..]
        && command == "bake-this"
    {
        return bake_this(Path::new(path));
    }
    let is_large = std::env::var_os("CAUSEWAY_BENCH_LARGE").is_some();
    let layers: [(&str, bool, MakeLayer); 9] = [
        ("p10k", true, || Some(synthetic_points(10_000))),
        ("p100k", true, || Some(synthetic_points(100_000))),
        ("p1m", true, || Some(synthetic_points(1_000_000))),
        ("communes", true, || {
            geojson_lines("polygons-communes-fr/communes-fr-2018.geojsonl.xz", GeometryKind::MultiPolygon)
        }),
        ("wdbii", true, || geojson_lines("lines-wdbii/wdbii-lines.geojsonl.xz", GeometryKind::LineString)),
        ("codepoint-scotland", true, || code_points("points-codepoint/codepoint-scotland.csv.xz")),
        ("codepoint-england", true, || code_points("points-codepoint/codepoint-england-wales.csv.xz")),
        ("p5m", is_large, || Some(synthetic_points(5_000_000))),
        ("areas1m", is_large, || Some(synthetic_areas(1_000))),
    ];
    for (name, by_default, make) in layers {
        let is_wanted = if arguments.is_empty() { by_default } else { arguments.iter().any(|wanted| wanted == name) };
        if is_wanted && let Some(layer) = make() {
            measure(name, &layer);
        }
    }
}

/// Eight attributes, two of them Chinese, as a department's layer has them.
fn synthetic_fields() -> Vec<Field> {
    let texts = ["name", "名稱", "address", "地址", "type"].map(|name| field(name, FieldKind::Text));
    let others = [("floors", FieldKind::Integer), ("height", FieldKind::Real), ("open", FieldKind::Boolean)];
    texts.into_iter().chain(others.map(|(name, kind)| field(name, kind))).collect()
}

fn synthetic_values(_: usize, id: u64) -> Vec<Value> {
    let mut random = Random(id);
    let number = random.next();
    vec![
        Value::Text(format!("Block {} Estate {}", number % 40, number % 3_001)),
        Value::Text(format!("第{}邨第{}座", number % 3_001, number % 40)),
        Value::Text(format!("{} Street {}", random.next() % 400, number % 977)),
        Value::Text(format!("第{}街{}號", number % 977, random.next() % 400)),
        Value::Text(["house", "shop", "school", "station", "park"][(number % 5) as usize].to_owned()),
        Value::Integer((number % 60) as i64),
        Value::Real((random.share() * 2_000.0).round() / 10.0),
        Value::Boolean(number.is_multiple_of(2)),
    ]
}

fn synthetic_points(count: usize) -> Layer {
    build_with(&points(count, 42), synthetic_fields(), synthetic_values)
}

fn synthetic_areas(columns: usize) -> Layer {
    build_with(&mesh(columns, 4, 42), synthetic_fields(), synthetic_values)
}

/// The lines of a packed file of the shared data.
fn unpacked(path: &str) -> Option<impl Iterator<Item = String>> {
    let tree = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("CAUSEWAY_SHARED").map_or_else(|| tree.join("../shared"), PathBuf::from);
    let path = shared.join("data/bench").join(path);
    if !path.exists() {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    }
    let child = Command::new("xz").arg("-dc").arg(&path).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("SKIPPED: {} needs the program xz", path.display());
        return None;
    };
    Some(BufReader::new(child.stdout.take()?).lines().map_while(Result::ok))
}

fn geojson_lines(path: &str, kind: GeometryKind) -> Option<Layer> {
    let mut shapes = Vec::new();
    let mut rows: Vec<serde_json::Map<String, serde_json::Value>> = Vec::new();
    for line in unpacked(path)? {
        let feature: serde_json::Value = serde_json::from_str(line.trim_start_matches('\u{1e}')).unwrap();
        let mut shape = Shape::new(kind);
        let coordinates = &feature["geometry"]["coordinates"];
        match feature["geometry"]["type"].as_str().unwrap() {
            "LineString" => push_run(&mut shape, coordinates),
            "Polygon" => push_polygon(&mut shape, coordinates),
            "MultiPolygon" => {
                coordinates.as_array().unwrap().iter().for_each(|polygon| push_polygon(&mut shape, polygon))
            }
            other => panic!("{other}"),
        }
        shapes.push(shape);
        rows.push(feature["properties"].as_object().unwrap().clone());
    }
    let names: Vec<String> = rows[0].keys().cloned().collect();
    let fields = names
        .iter()
        .map(|name| field(name, if rows[0][name].is_number() { FieldKind::Integer } else { FieldKind::Text }))
        .collect();
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::Number(number) => Value::Integer(number.as_i64().unwrap()),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        _ => Value::Null,
    };
    Some(build_with(&shapes, fields, |place, _| names.iter().map(|name| value(&rows[place][name])).collect()))
}

fn push_run(shape: &mut Shape, coordinates: &serde_json::Value) {
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    shape.points.extend(coordinates.as_array().unwrap().iter().map(|place| (number(&place[0]), number(&place[1]))));
    shape.ends.push(shape.points.len());
}

fn push_polygon(shape: &mut Shape, coordinates: &serde_json::Value) {
    coordinates.as_array().unwrap().iter().for_each(|ring| push_run(shape, ring));
    shape.polygon_ends.push(shape.ends.len());
}

/// Postcodes of Ordnance Survey with their grid references.
fn code_points(path: &str) -> Option<Layer> {
    let british = proj4rs::Proj::from_proj_string(
        "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy \
         +towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs",
    )
    .unwrap();
    let degrees = proj4rs::Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").unwrap();
    let mut lines = unpacked(path)?;
    let names: Vec<String> = lines.next()?.split(',').map(|name| name.trim_matches('"').to_owned()).collect();
    let (east, north) = (
        names.iter().position(|name| name == "Eastings").unwrap(),
        names.iter().position(|name| name == "Northings").unwrap(),
    );
    let (mut shapes, mut rows) = (Vec::new(), Vec::new());
    for line in lines {
        let cells: Vec<String> = line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
        let mut place = (cells[east].parse::<f64>().unwrap(), cells[north].parse::<f64>().unwrap(), 0.0);
        if place.0 == 0.0 {
            continue;
        }
        proj4rs::transform::transform(&british, &degrees, &mut place).unwrap();
        let mut shape = Shape::new(GeometryKind::Point);
        shape.points.push((place.0.to_degrees(), place.1.to_degrees()));
        shapes.push(shape);
        rows.push(cells);
    }
    let is_number = |place: usize| (1..=3).contains(&place);
    let fields = names
        .iter()
        .enumerate()
        .map(|(place, name)| field(name, if is_number(place) { FieldKind::Integer } else { FieldKind::Text }))
        .collect();
    Some(build_with(&shapes, fields, |row, _| {
        rows[row]
            .iter()
            .enumerate()
            .map(|(place, cell)| match cell.as_str() {
                "" => Value::Null,
                text if is_number(place) => Value::Integer(text.parse().unwrap()),
                text => Value::Text(text.to_owned()),
            })
            .collect()
    }))
}

/// What the baking process is told, so that its memory is its own.
#[derive(serde::Serialize, serde::Deserialize)]
struct Order {
    package: PathBuf,
    rows: u64,
    schema: Schema,
    grids: Option<Vec<Grid>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Baked {
    cpu_s: f64,
    wall_s: f64,
    peak_mb: f64,
    facts: BakedFacts,
}

fn bake_this(path: &Path) {
    let order: Order = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let package =
        BuiltPackage { path: order.package.clone(), rows: order.rows, rows_with_geometry: order.rows, extent: None };
    let schema = Arc::new(order.schema);
    let open = || {
        let revision = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        OpenPackage::open_built(&package, &"test-layer".parse().unwrap(), revision, Arc::clone(&schema))
    };
    let (wall, cpu) = (Instant::now(), cpu_s(ClockId::ProcessCPUTime));
    let recipe = Recipe { grids: order.grids, threads: 2, ..Recipe::default() };
    let surveyed = Surveyed::new(&open, recipe).unwrap();
    let target = order.package.with_file_name(TILE_FILE);
    let _ = std::fs::remove_file(&target);
    let facts = surveyed.bake(&open, &target).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak_kb = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok())
        .unwrap_or(f64::NAN);
    let baked = Baked {
        cpu_s: cpu_s(ClockId::ProcessCPUTime) - cpu,
        wall_s: wall.elapsed().as_secs_f64(),
        peak_mb: peak_kb / 1024.0,
        facts,
    };
    println!("{}", serde_json::to_string(&baked).unwrap());
}

fn bake(layer: &Layer, grids: Option<Vec<Grid>>) -> Baked {
    let order = Order {
        package: layer.package.path.clone(),
        rows: layer.package.rows,
        schema: layer.schema.as_ref().clone(),
        grids,
    };
    let path = layer.folder.path().join("order.json");
    std::fs::write(&path, serde_json::to_vec(&order).unwrap()).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("bake-this")
        .arg(&path)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn measure(name: &str, layer: &Layer) {
    let package_mb = megabytes(&layer.package.path);
    println!("\n{name}: {} features, package {package_mb:.1} MB", layer.package.rows);
    let is_home = layer.package.extent.is_some_and(|extent| extent.intersects(&Grid::HONG_KONG));
    let grids = if is_home { &Grid::ALL[..] } else { &[Grid::WebMercatorQuad] };
    for &grid in grids {
        let baked = bake(layer, Some(vec![grid]));
        let tiles_mb = megabytes(&layer.package.path.with_file_name(TILE_FILE));
        let facts = baked.facts.grid(grid).unwrap();
        println!(
            "  {grid}: baked in {:.1} s CPU ({:.1} s wall, two threads), {:.0} MB memory; {tiles_mb:.1} MB = {:.0} % of \
             the package; {} tiles, complete from z{}",
            baked.cpu_s,
            baked.wall_s,
            baked.peak_mb,
            100.0 * tiles_mb / package_mb,
            facts.zooms.iter().map(|zoom| zoom.tiles).sum::<u64>(),
            facts.complete_from_zoom.map_or("none".to_owned(), |zoom| zoom.to_string()),
        );
        if std::env::var_os("CAUSEWAY_BENCH_ZOOMS").is_some() {
            for zoom in &facts.zooms {
                println!("    {zoom:?}");
            }
        }
        cold_tiles(layer, grid);
        if grid == Grid::WebMercatorQuad {
            filtered_tiles(layer);
            whole_export(layer);
        }
    }
}

/// Tiles of a filter in the middle of the layer, by what they match: a fifth of it, a hundredth, a few.
fn filtered_tiles(layer: &Layer) {
    if layer.schema.field("floors").is_none() {
        return;
    }
    let package = layer.open().unwrap();
    let (lon_deg, lat_deg) = layer.package.extent.unwrap().centre();
    for written in ["type = 'shop'", "floors = 7 AND open = TRUE", "name = 'Block 7 Estate 1207'"] {
        let filter = Filter::from_tree(&text::parse(written).unwrap(), &layer.schema, System::Crs84).unwrap();
        let selection = TileSelection { filter, ..TileSelection::default() };
        for zoom in [0, 9, 11, 13, 15] {
            let tile = TileAddress::of_place(Grid::WebMercatorQuad, zoom, lon_deg, lat_deg).unwrap();
            let before = cpu_s(ClockId::ThreadCPUTime);
            let cut = cut_selected(&package, tile, &selection).unwrap();
            let ms = (cpu_s(ClockId::ThreadCPUTime) - before) * 1e3;
            let before = cpu_s(ClockId::ThreadCPUTime);
            let shown = cut_among_shown(&package, tile, &selection).unwrap();
            let shown_ms = (cpu_s(ClockId::ThreadCPUTime) - before) * 1e3;
            println!(
                "    {written}, z{zoom}: {ms:.1} ms, {} of {} features, {} KB; {} among those shown: {shown_ms:.1} ms",
                cut.features,
                cut.of_features,
                cut.gzip.len() / 1000,
                shown.map_or(0, |cut| cut.features),
            );
        }
    }
}

/// All tiles z0–14 as one PMTiles file.
fn whole_export(layer: &Layer) {
    let path = layer.folder.path().join("export.pmtiles");
    let facts = TileSetFacts { layers: Vec::new(), shows_everything: true, zooms: (0, 14), template: "" };
    let order =
        export::Order { archive: export::Archive::PmTiles, grid: Grid::WebMercatorQuad, zooms: 0..=14, threads: 2 };
    let (wall, cpu) = (Instant::now(), cpu_s(ClockId::ProcessCPUTime));
    let exported = export::export(&|| layer.open(), &facts, &order, &path, &|_| ()).unwrap();
    let (wall_s, cpu_s) = (wall.elapsed().as_secs_f64(), cpu_s(ClockId::ProcessCPUTime) - cpu);
    println!("    export z0–14: {} tiles, {:.1} MB, {cpu_s:.1} s CPU, {wall_s:.1} s", exported.tiles, megabytes(&path));
    std::fs::remove_file(path).unwrap();
}

fn megabytes(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(f64::NAN, |metadata| metadata.len() as f64 / 1e6)
}

/// Tiles at places of random features, each cut once after a pass that warms the files' pages.
fn cold_tiles(layer: &Layer, grid: Grid) {
    const SAMPLES: usize = 80;
    let package = layer.open().unwrap();
    let mut random = Random(1);
    let mut rows: Vec<i64> = (0..SAMPLES * 17).map(|_| 1 + (random.next() % layer.package.rows) as i64).collect();
    let mut samples = Vec::new();
    for zoom in 0..=16u8 {
        for row in rows.drain(..SAMPLES) {
            package
                .visit_places([row], |row| {
                    let blob = causeway::geometry::blob::parse(row.geometry().unwrap()).unwrap();
                    let mut shape = Shape::default();
                    shape.read_wkb(blob.wkb).unwrap();
                    let (lon_deg, lat_deg) = shape.representative_point().unwrap();
                    samples.extend(TileAddress::of_place(grid, zoom, lon_deg, lat_deg));
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap();
        }
    }
    let mut costs: Vec<(u8, f64, usize)> = Vec::new();
    for is_warm in [false, true] {
        for tile in &samples {
            let before = cpu_s(ClockId::ThreadCPUTime);
            let bytes = cut(&package, *tile).unwrap().gzip.len();
            let ms = (cpu_s(ClockId::ThreadCPUTime) - before) * 1e3;
            if is_warm {
                costs.push((tile.zoom(), ms, bytes));
            }
        }
    }
    for (label, low, high) in [("z0–7", 0, 7), ("z8–13", 8, 13), ("z14–16", 14, 16), ("z14", 14, 14), ("z0–16", 0, 16)]
    {
        let band: Vec<_> = costs.iter().filter(|(zoom, ..)| (low..=high).contains(zoom)).collect();
        let mean = band.iter().map(|(_, ms, _)| ms).sum::<f64>() / band.len() as f64;
        let worst = band.iter().map(|(_, ms, _)| *ms).fold(0.0, f64::max);
        let kb = band.iter().map(|(.., bytes)| *bytes).max().unwrap_or_default() / 1000;
        println!("    {label}: mean {mean:.3} ms, worst {worst:.2} ms, largest {kb} KB");
    }
}
