//! A query as SQL. Names come from the package, every value is a parameter.

use rusqlite::ToSql;

use super::boxes;
use super::parameters::Parameters;
use super::sql_filter::{SqlWriter, Unknown};
use super::walk::{Key, Landmark};
use super::words::Fit;
use super::{Direction, FeatureQuery, Order, Places, Start, Turn, WordSearch};
use crate::base::{BBox, FieldKind, GeometryKind, Interval};
use crate::definition::TimeFields;
use crate::package::word_file::{WORD_COLUMN, WORD_TABLE, WordIndex};
use crate::package::{OpenPackage, PackageError};

/// Conditions and values of a query.
#[derive(Default)]
pub struct Plan {
    /// What is searched for in the index of words, joined to the table: for the rows of a page, which
    /// may be ranked by it, and for counting.
    page_join: String,
    count_join: String,
    /// Whether the page's rows come with how well they fit.
    is_ranked: bool,
    /// What chooses the rows of a page, and what chooses them when they are counted.
    page_conditions: Vec<String>,
    count_conditions: Vec<String>,
    parameters: Parameters,
}

pub fn plan(package: &OpenPackage, query: &FeatureQuery) -> Result<Plan, PackageError> {
    let mut plan = Plan::default();
    if let Some(words) = &query.words {
        plan.words(package, words, query.is_ranked())?;
    }
    if let Some(bbox) = &query.bbox {
        plan.boxes(package, query, bbox)?;
    }
    for condition in &query.filter.conditions {
        let sql = plan.writer(package).condition(condition, Unknown::MayBeFalse)?;
        plan.add(sql);
    }
    if let Some(ids) = &query.ids {
        let places: Vec<String> = ids.iter().map(|id| plan.parameters.bind(id.get() as i64)).collect();
        plan.add(format!("feature_id IN ({})", places.join(", ")));
    }
    if let Some(places) = &query.places {
        plan.places(places);
    }
    if let Some((interval, fields)) = &query.datetime {
        plan.time(package, interval, fields);
    }
    Ok(plan)
}

impl Plan {
    fn writer<'a>(&'a mut self, package: &'a OpenPackage) -> SqlWriter<'a> {
        SqlWriter { package, parameters: &mut self.parameters }
    }

    fn add(&mut self, condition: String) {
        self.count_conditions.push(condition.clone());
        self.page_conditions.push(condition);
    }

    /// The index of words gives places of rows, tier by tier where they are ranked.
    fn words(&mut self, package: &OpenPackage, words: &WordSearch, is_ranked: bool) -> Result<(), PackageError> {
        let expressions = words.expressions(package)?;
        // Bound one after the other, so that the last, which counts all, is the last of the statement.
        let fits: Vec<Fit> = expressions.iter().map(|(fit, _)| *fit).collect();
        let places: Vec<String> =
            expressions.into_iter().map(|(_, expression)| self.parameters.bind(expression)).collect();
        let (Some(index), Some(widest)) = (package.words(), places.last()) else {
            self.add("0".to_owned());
            return Ok(());
        };
        self.count_join = joined(&found("", widest));
        if !is_ranked {
            self.page_join = self.count_join.clone();
            return Ok(());
        }
        let tiers = fits.iter().zip(&places).enumerate().map(|(tier, (fit, place))| {
            let select = found(&rank(*fit, index), place);
            match tier.checked_sub(1).and_then(|before| places.get(before)) {
                Some(before) => format!("{select} AND rowid NOT IN ({})", found("", before)),
                None => select,
            }
        });
        self.is_ranked = true;
        self.page_join = joined(&tiers.collect::<Vec<_>>().join(" UNION ALL "));
        Ok(())
    }

    /// The tree gives the rows of a page of a box in their order. Where it does not, because more than
    /// the box chooses or the page is sorted, a page walks the rows where the box holds so many that the
    /// walk meets enough of them soon; otherwise the tree collects all of the box first. A count has to
    /// see them all, so it takes the tree.
    fn boxes(&mut self, package: &OpenPackage, query: &FeatureQuery, bbox: &BBox) -> Result<(), PackageError> {
        if package.package().schema.geometry == GeometryKind::None {
            // Nothing in a table of attributes lies in any box.
            self.add("0".to_owned());
            return Ok(());
        }
        let parts = boxes::parts(bbox);
        let page = match boxes::page_condition(package, query, &parts, &mut self.parameters)? {
            Some(condition) => condition,
            None => self.box_by_sql(package, query, &parts)?,
        };
        self.page_conditions.push(page);
        // Bound last, because the statement that counts ends with it.
        let count: Vec<String> = parts.iter().map(|part| self.writer(package).touches_box(part, true)).collect();
        self.count_conditions.push(format!("({})", count.join(" OR ")));
        Ok(())
    }

    fn box_by_sql(
        &mut self,
        package: &OpenPackage,
        query: &FeatureQuery,
        parts: &[BBox],
    ) -> Result<String, PackageError> {
        let walk_from = candidates_worth_a_walk(package, query);
        let mut conditions = Vec::new();
        for part in parts {
            let walks = package.box_exceeds(part, walk_from)?;
            conditions.push(self.writer(package).touches_box(part, !walks));
        }
        Ok(format!("({})", conditions.join(" OR ")))
    }

    fn places(&mut self, places: &Places) {
        let condition = match places {
            Places::Between(first, last) => {
                let (first, last) = (self.parameters.bind(*first), self.parameters.bind(*last));
                format!("fid BETWEEN {first} AND {last}")
            }
            Places::Among(places) => {
                let places: Vec<String> = places.iter().map(|place| self.parameters.bind(*place)).collect();
                format!("fid IN ({})", places.join(", "))
            }
        };
        self.add(condition);
    }

    /// A feature's time shares a moment with the interval. Times and dates sort as text.
    fn time(&mut self, package: &OpenPackage, interval: &Interval, fields: &TimeFields) {
        let (first, last) = match fields {
            TimeFields::Instant(name) => (name, name),
            TimeFields::Interval { start, end } => (start, end),
        };
        let schema = &package.package().schema;
        for (limit, name, operator) in [(interval.start, last, ">="), (interval.end, first, "<=")] {
            if let (Some(limit), Some(field)) = (limit, schema.field_index(name)) {
                let place = self.parameters.bind(moment(limit, schema.fields[field].kind));
                self.add(format!("{} {operator} {place}", package.column(field)));
            }
        }
    }

    pub fn is_ranked(&self) -> bool {
        self.is_ranked
    }

    /// The rest of the statement that counts.
    pub fn conditions(&self) -> String {
        format!("{} {}", self.count_join, where_all(&self.count_conditions))
    }

    pub fn parameters(&self) -> Vec<&dyn ToSql> {
        self.parameters.values()
    }

    /// The rest of the statement for all matches, in the order of the package.
    pub fn every(&self) -> String {
        format!("{} ORDER BY t.fid", self.conditions())
    }

    /// The rest of the statement for a part of a walk in the order of the package, whatever fits best.
    pub fn stretch(&self) -> String {
        format!("{} {} ORDER BY t.fid", self.count_join, where_all(&self.page_conditions))
    }

    /// The rest of the statement for a page and its values: one row more than the page, to know
    /// whether there is a next one.
    pub fn page(
        mut self,
        package: &OpenPackage,
        query: &FeatureQuery,
        (start, limit): (Start, u32),
    ) -> Result<(String, Parameters), PackageError> {
        let offset = match start_of(query, start) {
            // SQLite's integers end at 2^63; an offset beyond any table is an empty page.
            Start::Offset(offset) => Some(i64::try_from(offset).unwrap_or(i64::MAX)),
            Start::After(place) | Start::Before(place) => {
                self.beyond(package, query, place, Turn::Onward)?;
                None
            }
        };
        let rows = self.parameters.bind(i64::from(limit) + 1);
        let offset = offset.map(|offset| format!(" OFFSET {}", self.parameters.bind(offset))).unwrap_or_default();
        let order = self.order(package, query, Turn::Onward);
        let conditions = where_all(&self.page_conditions);
        Ok((format!("{} {conditions} ORDER BY {order} LIMIT {rows}{offset}", self.page_join), self.parameters))
    }

    /// The rest of the statement for what stands before a row, nearest first, and one more than a page.
    pub fn back_from(
        mut self,
        package: &OpenPackage,
        query: &FeatureQuery,
        place: i64,
    ) -> Result<(String, Parameters), PackageError> {
        self.beyond(package, query, place, Turn::Back)?;
        let rows = self.parameters.bind(i64::from(query.limit) + 1);
        let order = self.order(package, query, Turn::Back);
        let conditions = where_all(&self.page_conditions);
        Ok((format!("{} {conditions} ORDER BY {order} LIMIT {rows}", self.page_join), self.parameters))
    }

    /// What the rows are sorted by, before their places.
    fn keys(&self, package: &OpenPackage, query: &FeatureQuery) -> Vec<Key> {
        if self.is_ranked {
            return [TIER, SCORE].map(|column| Key { column: column.to_owned(), is_falling: false }).into();
        }
        let key = |order: &Order| Key {
            column: package.column(order.field),
            is_falling: order.direction == Direction::Descending,
        };
        query.order.iter().map(key).collect()
    }

    fn order(&self, package: &OpenPackage, query: &FeatureQuery, turn: Turn) -> String {
        let is_back = turn == Turn::Back;
        let word = |is_falling: bool| if is_falling { " DESC" } else { "" };
        let keys = self.keys(package, query).into_iter();
        let keys: String = keys.map(|key| format!("{}{}, ", key.column, word(key.is_falling != is_back))).collect();
        format!("{keys}t.fid{}", word(is_back))
    }

    fn beyond(
        &mut self,
        package: &OpenPackage,
        query: &FeatureQuery,
        place: i64,
        turn: Turn,
    ) -> Result<(), PackageError> {
        let keys = self.keys(package, query);
        let row = match &query.words {
            Some(words) if self.is_ranked => ranked_row(package, words, place)?,
            _ => {
                let mut parameters = Parameters::default();
                let place = parameters.bind(place);
                (format!("WHERE fid = {place}"), parameters)
            }
        };
        let landmark = Landmark::read(package, &keys, row, place)?;
        self.page_conditions.push(landmark.beyond(&keys, turn, &mut self.parameters));
        Ok(())
    }
}

/// How well a row fits: its tier, and its score in that, less being better.
const TIER: &str = "causeway_tier";
const SCORE: &str = "causeway_score";

fn rank(fit: Fit, index: &WordIndex) -> String {
    format!(", {} AS {TIER}, {} AS {SCORE}", fit as u8, index.rank_sql)
}

/// The places of rows that the index of words finds, with more columns.
fn found(columns: &str, expression: &str) -> String {
    format!("SELECT rowid AS causeway_place{columns} FROM {WORD_TABLE} WHERE {WORD_COLUMN} MATCH {expression}")
}

fn joined(select: &str) -> String {
    format!("JOIN ({select}) ON causeway_place = t.fid")
}

/// The rest of the statement for one row and how well it fits: it belongs to the first tier that has it.
fn ranked_row(package: &OpenPackage, words: &WordSearch, place: i64) -> Result<(String, Parameters), PackageError> {
    let mut parameters = Parameters::default();
    let place = parameters.bind(place);
    let mut tiers = Vec::new();
    if let Some(index) = package.words() {
        for (fit, expression) in words.expressions(package)? {
            let expression = parameters.bind(expression);
            tiers.push(format!("{} AND rowid = {place}", found(&rank(fit, index), &expression)));
        }
    }
    let joined = joined(&tiers.join(" UNION ALL "));
    Ok((format!("{joined} ORDER BY {TIER} LIMIT 1"), parameters))
}

#[cfg(test)]
impl Plan {
    /// A page of a box that collects all of it by the tree, or that walks the rows.
    pub fn forced(package: &OpenPackage, bbox: &BBox, uses_tree: bool) -> Self {
        let mut plan = Plan::default();
        let parts = boxes::parts(bbox);
        let conditions: Vec<String> =
            parts.iter().map(|part| plan.writer(package).touches_box(part, uses_tree)).collect();
        plan.page_conditions.push(format!("({})", conditions.join(" OR ")));
        plan
    }
}

/// Rows are numbered from 1 without a gap, so where nothing is filtered or sorted an offset is a
/// place, and the last page of a walk by offsets costs what the first does.
fn start_of(query: &FeatureQuery, start: Start) -> Start {
    match start {
        Start::Offset(offset) if offset > 0 && !query.is_filtered() && query.order.is_empty() => {
            Start::After(i64::try_from(offset).unwrap_or(i64::MAX))
        }
        start => start,
    }
}

/// From how many candidates on a walk in row order is the better plan. It reads about
/// `rows wanted * all rows / candidates` rows, the R-tree all candidates, at like cost: they meet at
/// the root of `rows wanted * all rows`. Where other conditions choose too, nobody knows how far a
/// walk has to go, so it must be no further than the tree would.
fn candidates_worth_a_walk(package: &OpenPackage, query: &FeatureQuery) -> u64 {
    let all = package.package().features;
    if query.datetime.is_some() || !query.filter.conditions.is_empty() {
        return all / 2;
    }
    let passed_over = match query.start {
        Start::Offset(offset) => offset,
        Start::After(_) | Start::Before(_) => 0,
    };
    let wanted = passed_over.saturating_add(u64::from(query.limit));
    wanted.saturating_mul(all).isqrt()
}

fn where_all(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) }
}

fn moment(instant: jiff::Timestamp, kind: FieldKind) -> String {
    match kind {
        FieldKind::Date => instant.strftime("%Y-%m-%d").to_string(),
        _ => instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::{FeatureId, LayerId, RevisionId, Schema};
    use crate::crs::System;
    use crate::filter::{Filter, text};
    use crate::geometry::{Shape, blob};
    use crate::package::PackageBuilder;
    use crate::package::build::PackageHead;

    fn points() -> Schema {
        Schema { geometry: GeometryKind::Point, has_z: false, has_m: false, fields: Vec::new() }
    }

    /// A hundred by a hundred points, one degree apart, from 0 0.
    fn lattice(folder: &std::path::Path) -> OpenPackage {
        let schema = points();
        let layer: LayerId = "test-lattice".parse().unwrap();
        let last_change = jiff::Timestamp::UNIX_EPOCH;
        let head = PackageHead { layer: &layer, title: "", description: "", last_change, schema: &schema };
        let mut builder = PackageBuilder::create(&folder.join("layer.gpkg"), &head).unwrap();
        for place in 0..10_000u32 {
            let mut shape = Shape::new(GeometryKind::Point);
            shape.points.push((f64::from(place % 100), f64::from(place / 100) - 45.0));
            let blob = blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox());
            let id = FeatureId::from_hash(u64::from(place));
            builder.insert(id, Some((&blob, &shape.bbox())), &[]).unwrap();
        }
        let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        OpenPackage::open_built(&builder.finish().unwrap(), &layer, revision, Arc::new(schema)).unwrap()
    }

    fn query(bbox: Option<BBox>, filter: Option<&str>, limit: u32) -> FeatureQuery {
        let read = |filter| Filter::from_tree(&text::parse(filter).unwrap(), &points(), System::Crs84).unwrap();
        let filter = filter.map_or_else(Filter::default, read);
        FeatureQuery { bbox, filter, ..FeatureQuery::first(limit) }
    }

    fn statement(package: &OpenPackage, query: &FeatureQuery) -> String {
        plan(package, query).unwrap().page(package, query, (query.start, query.limit)).unwrap().0
    }

    #[test]
    fn the_tree_is_taken_where_it_spares_rows_and_the_count_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let package = lattice(folder.path());
        let small = Some(BBox::new(0.0, 0.0, 9.0, 9.0));
        let large = Some(BBox::new(0.0, -45.0, 99.0, 40.0));
        for (query, page_takes_tree, matched) in [
            (query(small, Some("S_WITHIN(geometry,BBOX(-180,-90,180,90))"), 10), true, 100),
            (query(large, Some("S_WITHIN(geometry,BBOX(-180,-90,180,90))"), 10), false, 8_600),
            (query(None, Some("S_INTERSECTS(geometry,BBOX(0,0,9,9))"), 10), true, 100),
            (query(None, Some("S_WITHIN(geometry,POLYGON((-1 -1,9 -1,-1 9,-1 -1)))"), 10), true, 36),
            (query(None, Some("S_INTERSECTS(geometry,BBOX(0,-45,99,40))"), 10), false, 8_600),
            // Whatever lies in no box of the tree is chosen too, so the tree says nothing.
            (query(None, Some("S_DISJOINT(geometry,BBOX(0,0,9,9))"), 10), false, 9_900),
            (query(None, Some("NOT S_INTERSECTS(geometry,BBOX(0,0,9,9))"), 10), false, 9_900),
            (query(small, Some("S_INTERSECTS(geometry,BBOX(5,5,20,20))"), 10), true, 25),
        ] {
            let page = statement(&package, &query);
            assert_eq!(page.contains("rtree_"), page_takes_tree, "{query:?}: {page}");
            let facts = crate::query::page(&package, &query, |_| Ok(())).unwrap();
            assert_eq!(facts.matched, Some(matched), "{query:?}");
            assert_eq!(facts.returned, matched.min(u64::from(query.limit)), "{query:?}");
            assert_eq!(crate::query::count(&package, &query).unwrap(), matched, "{query:?}");
        }
    }

    #[test]
    fn an_offset_into_the_whole_layer_is_a_place_and_passes_over_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let package = lattice(folder.path());
        let places = |query: &FeatureQuery| {
            let mut places = Vec::new();
            crate::query::page(&package, query, |row| {
                places.push(row.place());
                Ok(())
            })
            .unwrap();
            places
        };
        let from = |start| FeatureQuery { start: Start::Offset(start), ..FeatureQuery::first(3) };
        for (start, found) in [(0, vec![1, 2, 3]), (9_998, vec![9_999, 10_000]), (10_000, vec![]), (u64::MAX, vec![])] {
            assert_eq!(places(&from(start)), found);
            assert!(start == 0 || !statement(&package, &from(start)).contains("OFFSET"));
        }
        let some = |places| FeatureQuery { places: Some(places), ..from(1) };
        assert_eq!(places(&some(Places::Between(5, 7))), [6, 7]);
        assert_eq!(places(&some(Places::Among(vec![9, 3, 20_000]))), [9]);
    }

    #[test]
    fn the_extent_is_that_of_the_matches_alone() {
        let folder = tempfile::tempdir().unwrap();
        let package = lattice(folder.path());
        let extent = |query| crate::query::extent(&package, &query).unwrap();
        assert_eq!(extent(FeatureQuery::first(1)), BBox::new(0.0, -45.0, 99.0, 54.0));
        let small = BBox::new(0.5, 0.0, 9.0, 9.5);
        assert_eq!(extent(query(Some(small), None, 1)), BBox::new(1.0, 0.0, 9.0, 9.0));
        assert!(extent(query(Some(BBox::new(0.2, 0.2, 0.8, 0.8)), None, 1)).is_empty());
    }
}
