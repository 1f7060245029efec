//! What pages and streams of features cost a processor, in packages made from a seed and read from
//! warm pages: each format, the last page beside the first, one box in layers of any size, and a box
//! that matches everything.
//!
//! `cargo bench --bench features`; `CAUSEWAY_BENCH_LARGE=1` adds the layer of five million points.
#![allow(clippy::unwrap_used)]

#[path = "../tests/tiles/layers.rs"]
mod layers;

use std::hint::black_box;

use causeway::base::{BBox, FieldKind, GeometryKind, LayerId, Value};
use causeway::crs::System;
use causeway::filter::{Filter, text};
use causeway::formats::json_fg::Profile;
use causeway::formats::{Detail, Encoder, Format, Head, Selection};
use causeway::geometry::Shape;
use causeway::package::OpenPackage;
use causeway::query::{self, Direction, FeatureQuery, Order, Start};
use layers::{Layer, Random, build, build_with, field};
use rustix::time::{ClockId, clock_gettime};

/// Corners of a ring, its closing one included: what a building or a parcel has.
const VERTICES: usize = 31;
const AREAS: usize = 20_000;

/// The least time of a thread's processor that a thing took, of several tries, in microseconds: what
/// other programs do to the caches counts least there.
fn least_us(tries: usize, mut thing: impl FnMut()) -> f64 {
    let now_us = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    thing();
    (0..tries)
        .map(|_| {
            let before = now_us();
            thing();
            now_us() - before
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    formats();
    last_page();
    layers_of_any_size();
}

fn areas() -> Layer {
    let mut random = Random(31);
    let shapes: Vec<Shape> = (0..AREAS)
        .map(|_| {
            let centre = (random.between(113.85, 114.4), random.between(22.15, 22.55));
            let mut shape = Shape::new(GeometryKind::Polygon);
            for corner in 0..VERTICES - 1 {
                let turn = corner as f64 / (VERTICES - 1) as f64 * std::f64::consts::TAU;
                let reach = random.between(0.000_2, 0.000_4);
                shape.points.push((centre.0 + reach * turn.cos(), centre.1 + reach * turn.sin()));
            }
            shape.points.push(shape.points[0]);
            shape.ends.push(shape.points.len());
            shape.polygon_ends.push(1);
            shape
        })
        .collect();
    let fields = vec![
        field("name", FieldKind::Text),
        field("名稱", FieldKind::Text),
        field("address", FieldKind::Text),
        field("count", FieldKind::Integer),
        field("height", FieldKind::Real),
        field("updated", FieldKind::DateTime),
    ];
    build_with(&shapes, fields, |place, id| {
        vec![
            Value::Text(format!("Block {place}")),
            Value::Text(format!("第{place}座")),
            Value::Text(format!("{} Queen's Road \"Central\", Hong Kong", id % 400)),
            Value::Integer((id % 5_000) as i64),
            Value::Real((id % 8_000) as f64 / 8.0),
            Value::Text("2026-01-02T03:04:05.000Z".to_owned()),
        ]
    })
}

/// Every format over the same areas, a feature each.
fn formats() {
    let layer = areas();
    let package = layer.open().unwrap();
    let id: LayerId = "test-layer".parse().unwrap();
    let head = Head {
        layer: &id,
        title: "Areas",
        schema: &layer.schema,
        schema_address: "",
        time: None,
        profile: Profile::Rfc7946,
        features: None,
    };
    let grid = Selection { system: causeway::crs::System::Epsg2326, ..Selection::default() };
    let simplified = Detail { offset: Some(0.000_05), decimals: Some(6) };
    println!("\na polygon of {VERTICES} vertices with six attributes, µs of processor time; bytes");
    for (name, format, selection) in [
        ("GeoJSON", Format::GeoJson, Selection::default()),
        ("GeoJSON, HK1980 Grid", Format::GeoJson, grid),
        ("GeoJSON, simplified", Format::GeoJson, Selection { detail: simplified, ..Selection::default() }),
        ("GeoJSON text sequence", Format::GeoJsonSeq, Selection::default()),
        ("CSV", Format::Csv, Selection::default()),
        ("FlatGeobuf", Format::FlatGeobuf, Selection::default()),
    ] {
        let mut bytes = 0;
        let us = least_us(9, || {
            let mut encoder = Encoder::new(format, &head, selection.clone()).unwrap();
            let mut out = Vec::new();
            encoder.begin(&mut out);
            query::every(&package, &FeatureQuery::first(1), |row| {
                // As a stream does, whose pieces are sent.
                if out.len() > 1 << 18 {
                    bytes += out.len();
                    out.clear();
                }
                encoder.feature(row, &mut out).unwrap();
                Ok(())
            })
            .unwrap();
            black_box(&out);
        });
        let bytes_each = bytes / AREAS / 10;
        println!("{name:24} {:6.2} {bytes_each:6}", us / AREAS as f64);
    }
}

/// A page, to its last byte.
fn page(package: &OpenPackage, query: &FeatureQuery) -> usize {
    let schema = &package.package().schema;
    let id: LayerId = "test-layer".parse().unwrap();
    let head = Head {
        layer: &id,
        title: "",
        schema,
        schema_address: "",
        time: None,
        profile: Profile::Rfc7946,
        features: None,
    };
    let mut encoder = Encoder::new(Format::GeoJson, &head, Selection::default()).unwrap();
    let mut out = Vec::new();
    query::page(package, query, |row| {
        encoder.feature(row, &mut out).unwrap();
        Ok(())
    })
    .unwrap();
    out.len()
}

fn last_page() {
    const PAGE: u32 = 100;
    let layer = build(&layers::points(200_000, 7));
    let package = layer.open().unwrap();
    let box_of_all = Some(BBox::new(113.0, 22.0, 115.0, 23.0));
    let box_of_half = Some(BBox::new(113.8, 22.1, 114.12, 22.6));
    let by_count = vec![Order { field: layer.schema.field_index("count").unwrap(), direction: Direction::Ascending }];
    println!("\npage 1 and the last whole page of {PAGE} features, up to page 1 500, µs; ratio");
    for (name, bbox, order) in [
        ("all features", None, Vec::new()),
        ("a box around them all", box_of_all, Vec::new()),
        ("a box around half", box_of_half, Vec::new()),
        ("sorted by a field", None, by_count),
    ] {
        let query = FeatureQuery { bbox, order, ..FeatureQuery::first(PAGE) };
        let matched = query::count(&package, &query).unwrap();
        // Neighbouring pages, so that no one feature's length decides.
        let pages: u32 = if query.order.is_empty() { 20 } else { 3 };
        let cost = |first: u64| {
            let mut starts = Vec::new();
            let mut at = Start::Offset(first * u64::from(PAGE));
            for _ in 0..pages {
                starts.push(at);
                let query = FeatureQuery { start: at, ..query.clone() };
                at = Start::After(query::page(&package, &query, |_| Ok(())).unwrap().more_after.unwrap());
            }
            let us = least_us(20, || {
                for start in &starts[1..] {
                    black_box(page(&package, &FeatureQuery { start: *start, ..query.clone() }));
                }
            });
            us / f64::from(pages - 1)
        };
        let (first, last) = (cost(0), cost((matched / u64::from(PAGE) - 1 - u64::from(pages)).min(1_499)));
        println!("{name:24} {first:8.1} {last:8.1} {:6.2}", last / first);
    }
}

/// The same ten thousand points in every layer, and any number elsewhere.
fn layers_of_any_size() {
    let is_large = std::env::var_os("CAUSEWAY_BENCH_LARGE").is_some();
    let sizes: &[usize] = if is_large { &[10_000, 1_000_000, 5_000_000] } else { &[10_000, 1_000_000] };
    println!("\nthe same box, and a box around everything with limit=10, in layers of any size, µs");
    for &size in sizes {
        let mut shapes = layers::points(10_000, 7);
        shapes.extend(layers::points(size - 10_000, 8).into_iter().map(|mut shape| {
            shape.points[0].0 += 1.0;
            shape
        }));
        let layer = build(&shapes);
        drop(shapes);
        let package = layer.open().unwrap();
        let bbox = Some(BBox::new(114.0, 22.25, 114.1, 22.35));
        let matched = query::count(&package, &FeatureQuery { bbox, ..FeatureQuery::first(1) }).unwrap();
        let one = least_us(50, || {
            black_box(page(&package, &FeatureQuery { bbox, ..FeatureQuery::first(500) }));
        });
        let everything = BBox::new(113.0, 22.0, 116.0, 23.0);
        let nearly_everything = BBox::new(113.87, 22.17, 115.38, 22.53);
        let mut line = format!("{size:8} points: box of {matched:5} {one:9.1}");
        for (name, bbox) in [("all", everything), ("nearly all", nearly_everything)] {
            let query = FeatureQuery { bbox: Some(bbox), ..FeatureQuery::first(10) };
            let us = least_us(20, || {
                black_box(page(&package, &query));
            });
            let counted = query::page(&package, &query, |_| Ok(())).unwrap().matched;
            line.push_str(&format!("   box of {name} ({}) {us:9.1}", counted.map_or(-1, |count| count as i64)));
        }
        println!("{line}");
        for written in
            ["count > 4899", "name LIKE '%lock 77%'", "S_WITHIN(geometry,POLYGON((114 22,114.3 22,114 22.5,114 22)))"]
        {
            let filter = Filter::from_tree(&text::parse(written).unwrap(), &layer.schema, System::Crs84).unwrap();
            let query = FeatureQuery { filter, ..FeatureQuery::first(10) };
            let us = least_us(5, || {
                black_box(page(&package, &query));
            });
            let counted = query::page(&package, &query, |_| Ok(())).unwrap().matched;
            println!("    {written}: {us:9.1}, counted {counted:?}");
        }
    }
}
