//! Boxes answered by the packed tree: how many rows share a point with one, and which rows a page
//! has to look at. Both cost what stands along the edge of the box, not what it holds.

use std::ops::ControlFlow;

use super::parameters::Parameters;
use super::sql_filter::SqlWriter;
use super::{FeatureQuery, Places, Start};
use crate::base::BBox;
use crate::package::{Found, OpenPackage, PackageError, Walked, Way};

/// Nodes of the tree, and again rows at the edge, that are looked at to count what a box holds: some
/// 20 ms. A box in ten million points has an edge of a few thousand nodes.
pub const COUNT_LOOKS: u64 = 8_000;
/// Nodes that are looked at, and places that are kept, for one page; beyond, SQL finds it.
const PAGE_LOOKS: u64 = 20_000;

/// How many rows match a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxCount {
    Exact(u64),
    /// More has to be looked at than may be.
    TooMany,
    /// The tree cannot tell: it is not packed, or more than the box chooses.
    Unknown,
}

/// Whether nothing but a box chooses the features.
fn is_only_a_box(query: &FeatureQuery) -> bool {
    query.ids.is_none() && query.datetime.is_none() && query.words.is_none() && query.filter.conditions.is_empty()
}

/// The one or two boxes of a query's box, none of which crosses the antimeridian.
pub(super) fn parts(bbox: &BBox) -> Vec<BBox> {
    let (first, second) = bbox.split();
    [Some(first), second].into_iter().flatten().collect()
}

/// Counts with so many looks; equal queries of one revision count equally, however busy the machine is.
pub(super) fn count(package: &OpenPackage, query: &FeatureQuery, looks: u64) -> Result<BoxCount, PackageError> {
    let Some(bbox) = query.bbox.as_ref().filter(|_| is_only_a_box(query) && query.places.is_none()) else {
        return Ok(BoxCount::Unknown);
    };
    let parts = parts(bbox);
    let (mut inside, mut at_edge) = (0, Vec::new());
    let walked = package.walk_boxes(&parts, Way::UpFrom(0), looks, |found| {
        match found {
            Found::Inside(_) => inside += found.rows(),
            Found::AtEdge(place) => at_edge.push(place),
        }
        if at_edge.len() as u64 > looks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match walked {
        Walked::Unpacked => Ok(BoxCount::Unknown),
        Walked::GaveUp => Ok(BoxCount::TooMany),
        Walked::Through if at_edge.len() as u64 > looks => Ok(BoxCount::TooMany),
        Walked::Through => {
            let mut parameters = Parameters::default();
            let condition = among(&at_edge, &parts, package, &mut parameters);
            let touching =
                package.count_to(&format!("WHERE {condition}"), &parameters.values(), at_edge.len() as u64)?;
            Ok(BoxCount::Exact(inside + touching))
        }
    }
}

/// The condition for the rows of a page that nothing but a box chooses and that stand in the order of
/// the package: the first places which are enough to fill it. `None` where the tree cannot tell.
pub(super) fn page_condition(
    package: &OpenPackage,
    query: &FeatureQuery,
    parts: &[BBox],
    parameters: &mut Parameters,
) -> Result<Option<String>, PackageError> {
    let Some((way, wanted)) = way_of(query).filter(|(_, wanted)| *wanted <= PAGE_LOOKS) else { return Ok(None) };
    let (mut sure, mut places, mut is_sure) = (0, Vec::new(), true);
    let walked = package.walk_boxes(parts, way, PAGE_LOOKS, |found| {
        match (found, way) {
            (Found::AtEdge(place), _) => {
                places.push(place);
                is_sure = false;
            }
            (Found::Inside(run), Way::UpFrom(_)) => {
                let before = places.len() as u64;
                places.extend(run.take((wanted - sure) as usize));
                sure += places.len() as u64 - before;
            }
            (Found::Inside(run), Way::DownFrom(_)) => {
                let before = places.len() as u64;
                places.extend(run.rev().take((wanted - sure) as usize));
                sure += places.len() as u64 - before;
            }
        }
        let is_enough = sure == wanted || places.len() as u64 > PAGE_LOOKS;
        if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let is_whole = walked == Walked::Through && places.len() as u64 <= PAGE_LOOKS;
    Ok(is_whole.then(|| match run_of(&places).filter(|_| is_sure) {
        Some((first, last)) => {
            let (first, last) = (parameters.bind(first), parameters.bind(last));
            format!("fid BETWEEN {first} AND {last}")
        }
        None => among(&places, parts, package, parameters),
    }))
}

/// The first and last of places that follow one another, up or down.
fn run_of(places: &[i64]) -> Option<(i64, i64)> {
    let (first, last) = (*places.first()?, *places.last()?);
    let step = if first <= last { 1 } else { -1 };
    let follow = places.windows(2).all(|pair| pair[1] - pair[0] == step);
    follow.then_some((first.min(last), first.max(last)))
}

/// Where a page begins, and how many rows it needs besides those that fail.
fn way_of(query: &FeatureQuery) -> Option<(Way, u64)> {
    if !is_only_a_box(query) || !query.order.is_empty() {
        return None;
    }
    let from = match &query.places {
        None => 0,
        Some(Places::Between(first, _)) => first - 1,
        Some(Places::Among(_)) => return None,
    };
    // One more tells whether there is a next page.
    let rows = u64::from(query.limit) + 1;
    Some(match query.start {
        Start::Offset(offset) => (Way::UpFrom(from), offset.saturating_add(rows)),
        Start::After(place) => (Way::UpFrom(from.max(place)), rows),
        // The row itself is one of the walk, and proof that a page follows.
        Start::Before(place) => (Way::DownFrom(place), rows + 1),
    })
}

/// The places whose geometry shares a point with a part, in one parameter however many they are.
fn among(places: &[i64], parts: &[BBox], package: &OpenPackage, parameters: &mut Parameters) -> String {
    let mut list = String::with_capacity(places.len() * 8 + 2);
    list.push('[');
    for (number, place) in places.iter().enumerate() {
        if number > 0 {
            list.push(',');
        }
        list.push_str(itoa::Buffer::new().format(*place));
    }
    list.push(']');
    let list = parameters.bind(list);
    let mut writer = SqlWriter { package, parameters };
    let touches: Vec<String> = parts.iter().map(|part| writer.touches_box(part, false)).collect();
    format!("fid IN (SELECT value FROM json_each({list})) AND ({})", touches.join(" OR "))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;
    use crate::base::{FeatureId, GeometryKind, LayerId, Schema};
    use crate::geometry::{Shape, blob, hilbert};
    use crate::package::PackageBuilder;
    use crate::package::build::PackageHead;
    use crate::query::plan::Plan;

    /// From 0 to 1, the same at every run.
    fn chances(mut seed: u64) -> impl FnMut() -> f64 {
        move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// Triangles of all sizes, some of them mere points' width, and some rows without a geometry at the end.
    fn triangles(folder: &Path, count: usize) -> OpenPackage {
        let schema = Schema { geometry: GeometryKind::Polygon, has_z: false, has_m: false, fields: Vec::new() };
        let layer: LayerId = "test-triangles".parse().unwrap();
        let last_change = jiff::Timestamp::UNIX_EPOCH;
        let head = PackageHead { layer: &layer, title: "", description: "", last_change, schema: &schema };
        let mut chance = chances(7);
        let mut shapes: Vec<Shape> = (0..count)
            .map(|_| {
                let (west, south, side) = (chance() * 350.0 - 180.0, chance() * 160.0 - 80.0, chance().powi(8) * 9.0);
                let mut shape = Shape::new(GeometryKind::Polygon);
                shape.points = vec![(west, south), (west + side, south), (west, south + side), (west, south)];
                shape.ends.push(4);
                shape.polygon_ends.push(1);
                shape
            })
            .collect();
        shapes.sort_by_key(|shape| hilbert::key(shape.bbox().centre().0, shape.bbox().centre().1));
        let mut builder = PackageBuilder::create(&folder.join("layer.gpkg"), &head).unwrap();
        for (place, shape) in shapes.iter().enumerate() {
            let stored = blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox());
            builder.insert(FeatureId::from_hash(place as u64), Some((&stored, &shape.bbox())), &[]).unwrap();
        }
        for place in 0..5 {
            builder.insert(FeatureId::from_hash((count + place) as u64), None, &[]).unwrap();
        }
        let revision = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        OpenPackage::open_built(&builder.finish().unwrap(), &layer, revision, Arc::new(schema)).unwrap()
    }

    /// Boxes from one that holds nothing to one that holds all, and one across the antimeridian.
    fn boxes() -> Vec<BBox> {
        let mut chance = chances(3);
        let mut made: Vec<BBox> = (0..30)
            .map(|number| {
                let side = 360.0_f64 * 2.0_f64.powf(-f64::from(number) / 4.0);
                let (west, south) = (chance() * 340.0 - 175.0 - side / 2.0, chance() * 160.0 - 80.0 - side / 4.0);
                BBox::new(west.max(-180.0), south.max(-90.0), (west + side).min(180.0), (south + side / 2.0).min(90.0))
            })
            .collect();
        made.push(BBox::WORLD);
        made.push(BBox::new(165.0, -60.0, -150.0, 60.0));
        made
    }

    fn places(package: &OpenPackage, plan: Plan, query: &FeatureQuery) -> Vec<i64> {
        let mut places = Vec::new();
        let (rest, parameters) = plan.page(package, query, (query.start, query.limit)).unwrap();
        package
            .select(&rest, &parameters.values(), |row| {
                places.push(row.place());
                ControlFlow::Continue(())
            })
            .unwrap();
        places
    }

    #[test]
    fn the_tree_counts_and_pages_as_a_look_at_every_row_does() {
        let folder = tempfile::tempdir().unwrap();
        for count in [0, 1, 51, 52, 2_601, 2_602, 8_000] {
            let _ = std::fs::remove_file(folder.path().join("layer.gpkg"));
            let package = triangles(folder.path(), count);
            for bbox in boxes() {
                let all = FeatureQuery { bbox: Some(bbox), ..FeatureQuery::first(count as u32 + 10) };
                let every = places(&package, Plan::forced(&package, &bbox, false), &all);
                assert_eq!(super::count(&package, &all, u64::MAX).unwrap(), BoxCount::Exact(every.len() as u64));
                for (start, from) in [(Start::Offset(0), 0), (Start::Offset(7), 7), (Start::Offset(700), 700)] {
                    let query = FeatureQuery { start, limit: 20, ..all.clone() };
                    let page = places(&package, crate::query::plan::plan(&package, &query).unwrap(), &query);
                    let expected: Vec<i64> = every.iter().copied().skip(from).take(21).collect();
                    assert_eq!(page, expected, "{count} {bbox:?} {start:?}");
                }
                // A walk there and back sees the same pages.
                let mut query = FeatureQuery { limit: 900, ..all.clone() };
                let mut there = Vec::new();
                let mut seen = 0;
                loop {
                    let mut page = Vec::new();
                    let facts = crate::query::page(&package, &query, |row| {
                        page.push(row.place());
                        Ok(())
                    })
                    .unwrap();
                    seen += page.len();
                    assert_eq!(facts.matched, Some(every.len() as u64));
                    if let Some(first) = facts.more_before {
                        let back = FeatureQuery { start: Start::Before(first), ..query.clone() };
                        let mut before = Vec::new();
                        let facts = crate::query::page(&package, &back, |row| {
                            before.push(row.place());
                            Ok(())
                        })
                        .unwrap();
                        assert_eq!((Some(&before), facts.more_after), (there.last(), before.last().copied()));
                    }
                    there.push(page);
                    match facts.more_after {
                        Some(place) => query.start = Start::After(place),
                        None => break,
                    }
                }
                assert_eq!(seen, every.len(), "{count} {bbox:?}");
            }
        }
    }

    #[test]
    fn a_count_that_needs_more_looks_than_it_may_take_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let package = triangles(folder.path(), 8_000);
        let count = |bbox, looks| {
            super::count(&package, &FeatureQuery { bbox: Some(bbox), ..FeatureQuery::first(1) }, looks).unwrap()
        };
        assert_eq!(count(BBox::WORLD, 1), BoxCount::Exact(8_000));
        assert_eq!(count(BBox::new(-100.0, -50.0, 100.0, 50.0), 8), BoxCount::TooMany);
        assert_ne!(count(BBox::new(-100.0, -50.0, 100.0, 50.0), COUNT_LOOKS), BoxCount::TooMany);
    }

    /// Prints what a page costs by the chosen plan and by each plan when forced:
    /// `cargo test --release --lib -- --ignored --nocapture the_chosen_plan`.
    #[test]
    #[ignore = "measures processor time, so it needs a release build and a quiet machine"]
    fn the_chosen_plan_costs_little_more_than_the_better_of_the_two() {
        let folder = tempfile::tempdir().unwrap();
        let package = triangles(folder.path(), 1_000_000);
        let mut worst: f64 = 0.0;
        println!("{:>9} {:>10} {:>10} {:>10}  µs", "matches", "chosen", "tree", "walk");
        for bbox in boxes() {
            let query = FeatureQuery { bbox: Some(bbox), ..FeatureQuery::first(10) };
            let BoxCount::Exact(matched) = super::count(&package, &query, u64::MAX).unwrap() else { panic!() };
            let chosen =
                least_us(|| places(&package, crate::query::plan::plan(&package, &query).unwrap(), &query).len());
            let tree = least_us(|| places(&package, Plan::forced(&package, &bbox, true), &query).len());
            let walk = least_us(|| places(&package, Plan::forced(&package, &bbox, false), &query).len());
            let ratio = chosen / tree.min(walk);
            println!("{matched:9} {chosen:10.1} {tree:10.1} {walk:10.1}  {ratio:.2}");
            worst = worst.max(ratio);
        }
        assert!(worst <= 1.3, "{worst:.2} times the better plan");
    }

    /// The least time of this thread's processor of several tries.
    fn least_us(mut thing: impl FnMut() -> usize) -> f64 {
        let now_us = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
        };
        let tries = (0..5).map(|_| {
            let before = now_us();
            std::hint::black_box(thing());
            now_us() - before
        });
        tries.fold(f64::INFINITY, f64::min)
    }
}
