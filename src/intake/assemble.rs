//! The package out of the judged features: schema, ids, rows in Hilbert order, facts.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::delivery::SourceFacts;
use super::judge::Judged;
use super::kinds::Conversion;
use super::measure::FieldMeasure;
use super::parts::Part;
use super::plan::Plan;
use super::{IngestError, Step, identity, personal_data, times};
use crate::base::geometry_kind::Dimension;
use crate::base::{Field, FieldKind, GeometryKind, Schema, Trilingual, Value};
use crate::catalogue::record::{Counts, FieldFacts};
use crate::definition::TimeFields;
use crate::geometry::{Shape, blob};
use crate::package::build::PackageHead;
use crate::package::{BuiltPackage, PackageBuilder, WORD_FILE, WordFileBuilder, names};
use crate::store::{Findings, PersonalData};

/// A finished package and everything measured on the way.
pub struct Assembled {
    pub package: BuiltPackage,
    pub schema: Arc<Schema>,
    pub field_facts: Vec<FieldFacts>,
    pub counts: Counts,
    pub findings: Findings,
    pub facts: SourceFacts,
    pub period: Option<(jiff::Timestamp, jiff::Timestamp)>,
    pub personal_data: Vec<PersonalData>,
    /// Names of the fields whose words are kept.
    pub searched_fields: Vec<String>,
}

/// One kept field: its place in the delivery and how its values are turned.
struct Column {
    source: usize,
    conversion: Conversion,
}

/// Assembles one of the layers that a delivery makes.
pub fn assemble(
    plan: &Plan,
    judged: &mut Judged,
    part: Part,
    path: &Path,
    now: jiff::Timestamp,
    progress: &dyn Fn(Step),
) -> Result<Assembled, IngestError> {
    let (schema, columns) = schema_of(plan, judged, &part);
    let Part { entries, mut counts, findings, .. } = part;
    let key_is_integer = judged
        .key
        .and_then(|key| columns.iter().position(|column| column.source == key))
        .is_some_and(|column| schema.fields[column].kind == FieldKind::Integer);
    let assigned = identity::assign(entries, key_is_integer)?;
    note(&mut counts, "feature shares its key or all it holds with another", assigned.shared);
    note(&mut counts, "hash of two features met and was resolved", assigned.collisions);

    let head = PackageHead {
        layer: &plan.layer,
        title: plan.title().get(crate::base::Language::En),
        description: plan.abstract_text(),
        last_change: now,
        schema: &schema,
    };
    let mut builder = PackageBuilder::create(path, &head)?;
    let mut words = words_of(plan, &schema, path)?;
    let mut measures: Vec<FieldMeasure> = schema.fields.iter().map(|field| FieldMeasure::new(field.kind)).collect();
    let mut scan = personal_data::Scan::new(&schema);
    let mut shape = Shape::default();
    let total = counts.kept;
    let mut rows = builder.adding()?;
    let mut word_rows = words.as_mut().map(WordFileBuilder::adding).transpose()?;
    for (done, entry) in assigned.entries.enumerate() {
        let entry = entry?;
        const REPORT_EVERY: usize = 1_000;
        if done.is_multiple_of(REPORT_EVERY) {
            progress(Step::Writing(done as u64, total));
        }
        let mut feature = judged.spool.read(entry.offset)?;
        let values = convert(&mut feature.values, &columns, &mut counts);
        for (measure, value) in measures.iter_mut().zip(&values) {
            measure.see(value);
        }
        scan.see(&values);
        let stored = match feature.wkb {
            Some(wkb) => Some(stored_geometry(&wkb, schema.geometry, &mut shape)?),
            None => None,
        };
        let geometry = stored.as_ref().map(|(blob, bbox)| (blob.as_slice(), bbox));
        rows.insert(entry.id, geometry, &values)?;
        if let Some(words) = &mut word_rows {
            words.insert(done as i64 + 1, &values)?;
        }
    }
    drop((rows, word_rows));
    let searched = words.as_ref().map_or(&[][..], WordFileBuilder::fields);
    let searched_fields = searched.iter().map(|field| schema.fields[field.place].name.clone()).collect();
    words.map(WordFileBuilder::finish).transpose()?;
    let field_facts: Vec<FieldFacts> = measures.into_iter().map(FieldMeasure::finish).collect();
    Ok(Assembled {
        package: builder.finish()?,
        searched_fields,
        personal_data: scan.finish(&schema, |field| plan.release(field)),
        period: period(plan.time(), &schema, &field_facts),
        schema: Arc::new(schema),
        field_facts,
        counts,
        findings,
        facts: judged.facts.clone(),
    })
}

/// The file of words beside the package, where there are texts to search.
fn words_of(plan: &Plan, schema: &Schema, package: &Path) -> Result<Option<WordFileBuilder>, IngestError> {
    let fields = plan.searched_fields(schema);
    let path = package.with_file_name(WORD_FILE);
    Ok(if fields.is_empty() { None } else { Some(WordFileBuilder::create(&path, &fields)?) })
}

fn note(counts: &mut Counts, what: &str, count: u64) {
    if count > 0 {
        *counts.tidied_by_reason.entry(what.to_owned()).or_default() += count;
    }
}

/// Single and multi of one dimension become Multi; several dimensions are kept together.
fn geometry_kind(part: &Part) -> GeometryKind {
    let mut kinds = part.kinds.iter().copied();
    let Some(first) = kinds.next() else { return GeometryKind::None };
    kinds.fold(first, |common, kind| {
        if common == kind {
            common
        } else if common.dimension() == kind.dimension() && common.dimension() != Dimension::Mixed {
            common.to_multi()
        } else {
            GeometryKind::GeometryCollection
        }
    })
}

fn schema_of(plan: &Plan, judged: &Judged, part: &Part) -> (Schema, Vec<Column>) {
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for (source, field) in judged.fields.iter().enumerate() {
        let declared = plan.fields().and_then(|fields| fields.get(&field.name));
        if declared.is_some_and(|declared| declared.drop) {
            continue;
        }
        let found = if field.untyped { judged.finders[source].kind() } else { field.kind };
        let kind = declared.and_then(|declared| declared.kind).unwrap_or(found);
        let zone = declared.and_then(|declared| declared.zone.as_deref()).unwrap_or(times::DEFAULT_ZONE);
        columns.push(Column {
            source,
            conversion: Conversion {
                kind,
                zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
                day_first: declared.and_then(|declared| declared.day_first).unwrap_or(true),
            },
        });
        fields.push(Field {
            name: field.name.clone(),
            column: String::new(),
            kind,
            title: declared.map_or_else(|| Trilingual::untranslated(&field.name), |declared| declared.title.clone()),
            description: declared.map(|declared| declared.description.clone()).unwrap_or_default(),
        });
    }
    let assigned = names::assign_columns(judged.fields.iter().enumerate().filter_map(|(source, field)| {
        columns.iter().any(|column| column.source == source).then_some(field.name.as_str())
    }));
    for (field, column) in fields.iter_mut().zip(assigned) {
        field.column = column;
    }
    let schema = Schema { geometry: geometry_kind(part), has_z: part.has_z, has_m: part.has_m, fields };
    (schema, columns)
}

fn convert(values: &mut [Value], columns: &[Column], counts: &mut Counts) -> Vec<Value> {
    columns
        .iter()
        .map(|column| {
            let value = std::mem::replace(&mut values[column.source], Value::Null);
            if value == Value::Null {
                return value;
            }
            column.conversion.apply(value).unwrap_or_else(|_| {
                let what = format!("value not readable as {}, set to null", column.conversion.kind.as_str());
                note(counts, &what, 1);
                Value::Null
            })
        })
        .collect()
}

fn stored_geometry(
    wkb: &[u8],
    kind: GeometryKind,
    shape: &mut Shape,
) -> Result<(Vec<u8>, crate::base::BBox), IngestError> {
    shape.read_wkb(wkb).map_err(|fault| IngestError::Gate(fault.to_string()))?;
    if kind.is_multi() && !shape.kind.is_multi() {
        shape.promote();
        let bbox = shape.bbox();
        return Ok((blob::encode(&shape.to_wkb(), kind, &bbox), bbox));
    }
    let bbox = shape.bbox();
    Ok((blob::encode(wkb, shape.kind, &bbox), bbox))
}

/// First and last moment of the time fields.
fn period(
    time: Option<&TimeFields>,
    schema: &Schema,
    facts: &[FieldFacts],
) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
    let (first, last) = match time? {
        TimeFields::Instant(name) => (name, name),
        TimeFields::Interval { start, end } => (start, end),
    };
    let range = |name: &str| facts.get(schema.field_index(name)?)?.range.clone();
    let moment = |text: &str| -> Option<jiff::Timestamp> {
        text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
    };
    Some((moment(&range(first)?.0)?, moment(&range(last)?.1)?))
}
