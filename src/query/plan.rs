//! A query as SQL. Names come from the package, every value is a parameter.

use rusqlite::ToSql;

use super::{FeatureQuery, Start};
use crate::base::{BBox, FieldKind, Interval, Value};
use crate::definition::TimeFields;
use crate::package::OpenPackage;
use crate::package::read::INTERSECTS;

/// Conditions and values of a query.
pub struct Plan {
    conditions: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
    start: Start,
    start_value: i64,
    /// One more than the page, to know whether there is a next one.
    rows: i64,
}

pub fn plan(package: &OpenPackage, query: &FeatureQuery) -> Plan {
    let mut plan = Plan {
        conditions: Vec::new(),
        values: Vec::new(),
        start: query.start,
        start_value: match query.start {
            // SQLite's integers end at 2^63; an offset beyond any table is an empty page.
            Start::Offset(offset) => i64::try_from(offset).unwrap_or(i64::MAX),
            Start::After(place) => place,
        },
        rows: i64::from(query.limit) + 1,
    };
    if let Some(bbox) = &query.bbox {
        plan.boxes(package, bbox);
    }
    for condition in &query.filter.conditions {
        let column = package.column(condition.field);
        plan.compare(&column, "=", condition.value.clone());
    }
    if let Some((interval, fields)) = &query.datetime {
        plan.time(package, interval, fields);
    }
    plan
}

impl Plan {
    fn value(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    fn compare(&mut self, column: &str, operator: &str, value: Value) {
        let place = match value {
            Value::Null => return,
            Value::Integer(number) => self.value(number),
            Value::Real(number) => self.value(number),
            Value::Boolean(truth) => self.value(truth),
            Value::Text(text) => self.value(text),
        };
        self.conditions.push(format!("{column} {operator} {place}"));
    }

    /// The R-tree finds candidates, the geometry itself decides.
    fn boxes(&mut self, package: &OpenPackage, bbox: &BBox) {
        let (first, second) = bbox.split();
        let parts: Vec<String> = [Some(first), second]
            .into_iter()
            .flatten()
            .map(|part| {
                let [w, s, e, n] = part.to_array().map(|edge| self.value(edge));
                format!(
                    "(fid IN (SELECT id FROM {rtree} WHERE maxx >= {w} AND minx <= {e} AND maxy >= {s} AND miny <= {n}) \
                     AND {INTERSECTS}(geom, {w}, {s}, {e}, {n}))",
                    rtree = package.rtree()
                )
            })
            .collect();
        self.conditions.push(format!("({})", parts.join(" OR ")));
    }

    /// A feature's time shares a moment with the interval. Times and dates sort as text.
    fn time(&mut self, package: &OpenPackage, interval: &Interval, fields: &TimeFields) {
        let (first, last) = match fields {
            TimeFields::Instant(name) => (name, name),
            TimeFields::Interval { start, end } => (start, end),
        };
        let schema = &package.package().schema;
        if let (Some(start), Some(field)) = (interval.start, schema.field_index(last)) {
            let text = moment(start, schema.fields[field].kind);
            self.compare(&package.column(field), ">=", Value::Text(text));
        }
        if let (Some(end), Some(field)) = (interval.end, schema.field_index(first)) {
            let text = moment(end, schema.fields[field].kind);
            self.compare(&package.column(field), "<=", Value::Text(text));
        }
    }

    pub fn conditions(&self) -> String {
        match self.conditions.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.conditions.join(" AND ")),
        }
    }

    pub fn parameters(&self) -> Vec<&dyn ToSql> {
        self.values.iter().map(AsRef::as_ref).collect()
    }

    /// The rest of the statement for a page, in the order of the package.
    pub fn page(&self) -> String {
        let rows = self.values.len() + 1;
        let start = self.values.len() + 2;
        let mut conditions = self.conditions.clone();
        let offset = match self.start {
            Start::Offset(_) => format!(" OFFSET ?{start}"),
            Start::After(_) => {
                conditions.push(format!("fid > ?{start}"));
                String::new()
            }
        };
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", conditions.join(" AND ")),
        };
        format!("{conditions} ORDER BY fid LIMIT ?{rows}{offset}")
    }

    pub fn page_parameters(&self) -> Vec<&dyn ToSql> {
        let mut parameters = self.parameters();
        parameters.push(&self.rows);
        parameters.push(&self.start_value);
        parameters
    }
}

fn moment(instant: jiff::Timestamp, kind: FieldKind) -> String {
    match kind {
        FieldKind::Date => instant.strftime("%Y-%m-%d").to_string(),
        _ => instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    }
}
