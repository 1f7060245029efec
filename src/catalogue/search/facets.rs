//! What narrows a search, and how many records each further step would leave.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, Class, Interval, Trilingual};
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
    pub shape: Option<Dimension>,
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
    pub shapes: Vec<Bucket>,
}

/// The facets in the order of their bits.
const FACETS: usize = 5;

impl Filter {
    pub fn lets_through(&self, record: &LayerRecord) -> bool {
        self.unmet(record) == 0
    }

    /// Which wishes the record does not meet: a bit for each facet in order, and one for the rest.
    fn unmet(&self, record: &LayerRecord) -> u8 {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| value.eq_ignore_ascii_case(wanted))
        };
        let met = [
            is(&self.department, &record.department.code),
            is(&self.theme, record.theme.as_ref().map_or("", |theme| theme.id.as_str())),
            is(&self.format, &record.source.format),
            self.class.is_none_or(|class| class == record.class),
            self.shape.is_none_or(|shape| shape == record.schema.geometry.dimension()),
            self.bbox.is_none_or(|bbox| touches(record, &bbox))
                && self.datetime.is_none_or(|interval| overlaps(record, &interval)),
        ];
        met.iter().enumerate().fold(0, |unmet, (bit, met)| if *met { unmet } else { unmet | 1 << bit })
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

/// The value of each facet for each record, as numbers: counting ten thousand records must not
/// compare texts.
#[derive(Debug, Default)]
pub(super) struct FacetTable {
    of_record: Vec<[u16; FACETS]>,
    /// For each facet and number a record that has the value.
    examples: [Vec<u32>; FACETS],
}

impl FacetTable {
    pub fn of(records: &[Arc<LayerRecord>]) -> Self {
        let mut table = FacetTable::default();
        let mut known: [HashMap<String, u16>; FACETS] = Default::default();
        for (place, record) in records.iter().enumerate() {
            let mut numbers = [0; FACETS];
            for (facet, value) in values(record).into_iter().enumerate() {
                numbers[facet] = *known[facet].entry(value.to_owned()).or_insert_with(|| {
                    table.examples[facet].push(u32::try_from(place).unwrap_or(u32::MAX));
                    u16::try_from(table.examples[facet].len() - 1).unwrap_or(u16::MAX)
                });
            }
            table.of_record.push(numbers);
        }
        table
    }
}

/// Department, theme, format, class, shape: as the filter takes them, empty where there is none.
fn values(record: &LayerRecord) -> [&str; FACETS] {
    [
        &record.department.code,
        record.theme.as_ref().map_or("", |theme| theme.id.as_str()),
        &record.source.format,
        record.class.as_str(),
        record.schema.geometry.dimension().as_str(),
    ]
}

/// The names of the same.
fn names(record: &LayerRecord) -> [Trilingual; FACETS] {
    let [_, _, format, class, _] = values(record).map(Trilingual::untranslated);
    let theme = record.theme.as_ref().map(|theme| theme.name.clone()).unwrap_or_default();
    [record.department.name.clone(), theme, format, class, record.schema.geometry.dimension().name()]
}

/// Counts each facet over what fits all wishes but its own, so that its other values stay in view.
pub(super) struct Counter<'a> {
    table: &'a FacetTable,
    filter: &'a Filter,
    counts: [Vec<usize>; FACETS],
}

impl<'a> Counter<'a> {
    pub fn new(table: &'a FacetTable, filter: &'a Filter) -> Self {
        Counter { table, filter, counts: std::array::from_fn(|facet| vec![0; table.examples[facet].len()]) }
    }

    /// Counts a record, and says whether it fits all wishes.
    pub fn count(&mut self, place: u32, record: &LayerRecord) -> bool {
        let unmet = self.filter.unmet(record);
        let Some(numbers) = self.table.of_record.get(place as usize) else { return false };
        for (facet, number) in numbers.iter().enumerate() {
            if unmet & !(1 << facet) == 0
                && let Some(count) = self.counts[facet].get_mut(usize::from(*number))
            {
                *count += 1;
            }
        }
        unmet == 0
    }

    /// Largest bucket first; a record without a value is in none.
    pub fn finish(self, records: &[Arc<LayerRecord>]) -> Facets {
        let buckets = |facet: usize| {
            let counted = self.counts[facet].iter().zip(&self.table.examples[facet]);
            let mut buckets: Vec<Bucket> = counted
                .filter(|(count, _)| **count > 0)
                .filter_map(|(count, example)| {
                    let record = records.get(*example as usize)?;
                    let value = values(record)[facet];
                    let name = names(record).into_iter().nth(facet).unwrap_or_default();
                    (!value.is_empty()).then(|| Bucket { value: value.to_owned(), name, count: *count })
                })
                .collect();
            buckets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            buckets
        };
        Facets {
            departments: buckets(0),
            themes: buckets(1),
            formats: buckets(2),
            classes: buckets(3),
            shapes: buckets(4),
        }
    }
}
