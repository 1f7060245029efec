//! Seeded layers and the packages made of them.
#![allow(dead_code, clippy::unwrap_used)] // Tests and benches take what they need of this.

use std::sync::Arc;

use causeway::base::{BBox, FeatureId, Field, FieldKind, GeometryKind, LayerId, RevisionId, Schema, Trilingual, Value};
use causeway::geometry::{Shape, blob, hilbert};
use causeway::package::build::PackageHead;
use causeway::package::{BuiltPackage, OpenPackage, PackageBuilder, PackageError, TILE_FILE};
use causeway::tiles::BakedFacts;
use causeway::tiles::bake::{HeavyFrom, Recipe, Surveyed};

/// A small generator of its own, so that layers are the same everywhere and for ever.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.share() * (high - low)
    }
}

/// Hong Kong.
pub const HOME: BBox = BBox::new(113.85, 22.15, 114.4, 22.55);

/// 85 % of points in clusters, some of them on one spot.
pub fn points(count: usize, seed: u64) -> Vec<Shape> {
    let mut random = Random(seed);
    let centres: Vec<(f64, f64)> = (0..(count / 500).clamp(3, 300))
        .map(|_| (random.between(HOME.west_deg, HOME.east_deg), random.between(HOME.south_deg, HOME.north_deg)))
        .collect();
    (0..count)
        .map(|number| {
            let centre = centres[random.next() as usize % centres.len()];
            let place = match number % 20 {
                0 => centre,
                1..3 => (random.between(HOME.west_deg, HOME.east_deg), random.between(HOME.south_deg, HOME.north_deg)),
                _ => {
                    let (angle, reach) = (random.between(0.0, std::f64::consts::TAU), random.share().powi(2) * 0.02);
                    (centre.0 + reach * angle.cos(), centre.1 + reach * angle.sin())
                }
            };
            let mut shape = Shape::new(GeometryKind::Point);
            shape.points.push(place);
            shape
        })
        .collect()
}

/// A mesh of wavy polygons that share every border digit for digit, of about `columns`² cells and
/// 4 × `steps` vertices each; every tenth has a hole with an island of its own in it.
pub fn mesh(columns: usize, steps: usize, seed: u64) -> Vec<Shape> {
    let (width, height) = (HOME.east_deg - HOME.west_deg, HOME.north_deg - HOME.south_deg);
    let (dx, dy) = (width / columns as f64, height / columns as f64);
    let wobble = |seed: u64, reach: f64| {
        let mut random = Random(seed);
        (random.between(-reach, reach), random.between(-reach, reach))
    };
    let node = |i: usize, j: usize| {
        let (x, y) = wobble(seed ^ (i as u64 * 100_003 + j as u64), 0.3);
        (HOME.west_deg + (i as f64 + x) * dx, HOME.south_deg + (j as f64 + y) * dy)
    };
    // The border between two nodes, always generated from the smaller one.
    let border = |a: (usize, usize), b: (usize, usize)| -> Vec<(f64, f64)> {
        let (first, second) = if a < b { (a, b) } else { (b, a) };
        let (from, to) = (node(first.0, first.1), node(second.0, second.1));
        let key = (first.0 * 7919 + first.1) as u64 * 104_729 + (second.0 * 7919 + second.1) as u64;
        let mut line: Vec<(f64, f64)> = (0..=steps)
            .map(|step| {
                let share = step as f64 / steps as f64;
                let (x, y) = if step == 0 || step == steps {
                    (0.0, 0.0)
                } else {
                    wobble(seed ^ key ^ ((step as u64) << 40), 0.25)
                };
                (
                    from.0 + share * (to.0 - from.0) + x * dx / steps as f64,
                    from.1 + share * (to.1 - from.1) + y * dy / steps as f64,
                )
            })
            .collect();
        if a > b {
            line.reverse();
        }
        line
    };
    let mut shapes = Vec::new();
    for i in 0..columns {
        for j in 0..columns {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let mut shape = Shape::new(GeometryKind::Polygon);
            for side in 0..4 {
                let line = border(corners[side], corners[(side + 1) % 4]);
                shape.points.extend_from_slice(&line[..steps]);
            }
            shape.points.push(shape.points[0]);
            shape.ends.push(shape.points.len());
            if (i * columns + j).is_multiple_of(10) {
                let middle = node(i, j);
                let middle = (middle.0 + dx * 0.5, middle.1 + dy * 0.5);
                let island: Vec<(f64, f64)> = (0..=12)
                    .map(|step| {
                        let angle = f64::from(step % 12) / 12.0 * std::f64::consts::TAU;
                        (middle.0 + 0.08 * dx * angle.cos(), middle.1 + 0.08 * dy * angle.sin())
                    })
                    .collect();
                shape.points.extend(island.iter().rev());
                shape.ends.push(shape.points.len());
                let mut alone = Shape::new(GeometryKind::Polygon);
                alone.points = island;
                alone.ends.push(alone.points.len());
                alone.polygon_ends.push(1);
                shapes.push(alone);
            }
            shape.polygon_ends.push(shape.ends.len());
            shapes.push(shape);
        }
    }
    shapes
}

/// Wandering lines of up to `steps` vertices.
pub fn lines(count: usize, steps: usize, seed: u64) -> Vec<Shape> {
    let mut random = Random(seed);
    (0..count)
        .map(|_| {
            let mut at = (random.between(HOME.west_deg, HOME.east_deg), random.between(HOME.south_deg, HOME.north_deg));
            let reach = random.share().powi(3) * 0.01 + 0.000_05;
            let mut shape = Shape::new(GeometryKind::LineString);
            for _ in 0..2 + random.next() as usize % steps {
                shape.points.push(at);
                at = (at.0 + random.between(-reach, reach), at.1 + random.between(-reach, reach));
            }
            shape.ends.push(shape.points.len());
            shape
        })
        .collect()
}

/// A package and what it takes to open it.
pub struct Layer {
    pub folder: tempfile::TempDir,
    pub package: BuiltPackage,
    pub schema: Arc<Schema>,
    pub id: LayerId,
}

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        column: name.to_owned(),
        kind,
        title: Trilingual::untranslated(name),
        description: Trilingual::default(),
    }
}

/// A package of shapes with five values each that depend on their id alone.
pub fn build(shapes: &[Shape]) -> Layer {
    let fields = vec![
        field("name", FieldKind::Text),
        field("名稱", FieldKind::Text),
        field("count", FieldKind::Integer),
        field("height", FieldKind::Real),
        field("open", FieldKind::Boolean),
    ];
    let values = |_: usize, id: u64| {
        let mut random = Random(id);
        let number = random.next();
        vec![
            Value::Text(format!("Block {}", number % 1000)),
            Value::Text(format!("第{}座", number % 77)),
            Value::Integer((number % 5000) as i64 - 100),
            Value::Real((random.share() * 1000.0).round() / 8.0),
            if number.is_multiple_of(3) { Value::Null } else { Value::Boolean(number.is_multiple_of(2)) },
        ]
    };
    build_with(shapes, fields, values)
}

/// Writes shapes as ingest does: ids that stay with the feature, rows in Hilbert order. `values` is
/// asked with a shape's place and its id.
pub fn build_with(shapes: &[Shape], fields: Vec<Field>, values: impl Fn(usize, u64) -> Vec<Value>) -> Layer {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema { geometry: shapes[0].kind, has_z: false, has_m: false, fields };
    let id: LayerId = "test-layer".parse().unwrap();
    let mut rows: Vec<(u64, u64, u32)> = shapes
        .iter()
        .enumerate()
        .map(|(place, shape)| {
            let (lon_deg, lat_deg) = shape.bbox().centre();
            let hash = blake3::hash(&shape.to_wkb());
            let id = u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap());
            (hilbert::key(lon_deg, lat_deg), FeatureId::from_hash(id).get(), place as u32)
        })
        .collect();
    rows.sort_unstable_by_key(|(key, id, _)| (*key, *id));
    // Shapes on one spot are one content: they get the ids after it, whatever the delivery's order.
    for place in 1..rows.len() {
        if rows[place].0 == rows[place - 1].0 && rows[place].1 <= rows[place - 1].1 {
            rows[place].1 = rows[place - 1].1 + 1;
        }
    }
    let head = PackageHead {
        layer: &id,
        title: "Test",
        description: "",
        last_change: jiff::Timestamp::UNIX_EPOCH,
        schema: &schema,
    };
    let mut builder = PackageBuilder::create(&folder.path().join("layer.gpkg"), &head).unwrap();
    for (_, id, place) in rows {
        let shape = &shapes[place as usize];
        let bbox = shape.bbox();
        let blob = blob::encode(&shape.to_wkb(), shape.kind, &bbox);
        builder.insert(FeatureId::new(id).unwrap(), Some((&blob, &bbox)), &values(place as usize, id)).unwrap();
    }
    let package = builder.finish().unwrap();
    Layer { folder, package, schema: Arc::new(schema), id }
}

impl Layer {
    pub fn open(&self) -> Result<OpenPackage, PackageError> {
        let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        OpenPackage::open_built(&self.package, &self.id, revision, Arc::clone(&self.schema))
    }

    /// Bakes as if far fewer features were heavy, so that small layers show what large ones do.
    pub fn bake(&self, threads: usize) -> BakedFacts {
        self.bake_with(Recipe {
            heavy: HeavyFrom { features: 150, vertices: 2_500, ..HeavyFrom::default() },
            threads,
            ..Recipe::default()
        })
    }

    pub fn bake_with(&self, recipe: Recipe) -> BakedFacts {
        let path = self.folder.path().join(TILE_FILE);
        let _ = std::fs::remove_file(&path);
        let open = || self.open();
        Surveyed::new(&open, recipe).unwrap().bake(&open, &path).unwrap()
    }

    pub fn tile_file_bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join(TILE_FILE)).unwrap()
    }
}
