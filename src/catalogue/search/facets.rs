//! What narrows a search, and how many records each further step would leave.

use std::collections::HashMap;

use super::Match;
use crate::base::{BBox, Class, GeometryKind, Interval, Trilingual};
use crate::catalogue::LayerRecord;

/// What records must be, whatever their words. An absent wish lets all through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Id of a theme.
    pub theme: Option<String>,
    /// Code of a department.
    pub department: Option<String>,
    /// Format of the delivery: `GeoJSON`.
    pub format: Option<String>,
    pub class: Option<Class>,
    pub geometry: Option<GeometryKind>,
    /// Records whose extent shares a point with it.
    pub bbox: Option<BBox>,
    /// Records whose period shares a moment with it; a record without a period is of all times.
    pub datetime: Option<Interval>,
}

/// The records that have one value of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// As the filter takes it.
    pub value: String,
    pub name: Trilingual,
    pub count: usize,
}

/// Buckets of each facet, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub departments: Vec<Bucket>,
    pub themes: Vec<Bucket>,
    pub formats: Vec<Bucket>,
    pub classes: Vec<Bucket>,
    pub geometries: Vec<Bucket>,
}

impl Filter {
    pub fn lets_through(&self, record: &LayerRecord) -> bool {
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
        };
        is(&self.theme, record.theme.as_ref().map(|theme| theme.id.as_str()))
            && is(&self.department, Some(&record.department.code))
            && is(&self.format, Some(&record.source.format))
            && self.class.is_none_or(|class| class == record.class)
            && self.geometry.is_none_or(|geometry| geometry == record.schema.geometry)
            && self.bbox.is_none_or(|bbox| touches(record, &bbox))
            && self.datetime.is_none_or(|interval| overlaps(record, &interval))
    }
}

fn touches(record: &LayerRecord, bbox: &BBox) -> bool {
    let (first, second) = bbox.split();
    record
        .extent
        .is_some_and(|extent| extent.intersects(&first) || second.is_some_and(|second| extent.intersects(&second)))
}

fn overlaps(record: &LayerRecord, interval: &Interval) -> bool {
    record.period.is_none_or(|(first, last)| {
        interval.start.is_none_or(|start| last >= start) && interval.end.is_none_or(|end| first <= end)
    })
}

impl Facets {
    /// Counts each facet over what fits all wishes but its own, so that its other values stay in view.
    pub(super) fn count(found: &[Match], filter: &Filter) -> Self {
        let without = |change: fn(&mut Filter)| {
            let mut others = filter.clone();
            change(&mut others);
            others
        };
        let untranslated = |value: &str, _: &LayerRecord| Trilingual::untranslated(value);
        Facets {
            departments: buckets(
                found,
                &without(|filter| filter.department = None),
                |record| record.department.code.as_str(),
                |_, record| record.department.name.clone(),
            ),
            themes: buckets(
                found,
                &without(|filter| filter.theme = None),
                |record| record.theme.as_ref().map_or("", |theme| theme.id.as_str()),
                |_, record| record.theme.as_ref().map(|theme| theme.name.clone()).unwrap_or_default(),
            ),
            formats: buckets(
                found,
                &without(|filter| filter.format = None),
                |record| record.source.format.as_str(),
                untranslated,
            ),
            classes: buckets(
                found,
                &without(|filter| filter.class = None),
                |record| record.class.as_str(),
                untranslated,
            ),
            geometries: buckets(
                found,
                &without(|filter| filter.geometry = None),
                |record| record.schema.geometry.geojson_name(),
                untranslated,
            ),
        }
    }
}

/// Records by value, largest bucket first; a record without a value is in none.
fn buckets(
    found: &[Match],
    filter: &Filter,
    value: impl Fn(&LayerRecord) -> &str,
    name: impl Fn(&str, &LayerRecord) -> Trilingual,
) -> Vec<Bucket> {
    let mut counted: HashMap<&str, (usize, &LayerRecord)> = HashMap::new();
    for one in found.iter().filter(|one| filter.lets_through(&one.record)) {
        let value = value(&one.record);
        if !value.is_empty() {
            counted.entry(value).or_insert((0, &one.record)).0 += 1;
        }
    }
    let mut buckets: Vec<Bucket> = counted
        .into_iter()
        .map(|(value, (count, record))| Bucket { value: value.to_owned(), name: name(value, record), count })
        .collect();
    buckets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    buckets
}
