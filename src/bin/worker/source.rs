//! One source: a layer of a GDAL data set, or a table of text, and its features one by one.

use causeway::base::{Value, limits};
use causeway::intake::delivery::protocol::{Frame, SourceSchema, WorkerRequest, WorkerSource};
use causeway::intake::delivery::{Format, SourceFacts, SourceFeature, SourceField};

use super::geometry::{Read, Reader};
use super::layer::LayerSource;
use super::points::{self, Place};
use super::projection::{Allowed, Projection};
use super::reach::Reach;
use super::table::Table;
use super::{Output, Stop, errors, system};

/// A source that is open and whose fields are known.
pub struct Source {
    content: Content,
    fields: Vec<SourceField>,
    facts: SourceFacts,
}

enum Content {
    Layer(Box<LayerSource>),
    Table(Box<TableSource>),
}

impl Source {
    pub fn open(source: &WorkerSource, request: &WorkerRequest) -> Result<Self, Stop> {
        let mut notes = source.notes.clone();
        let (content, fields, projection) = match source.format {
            Format::Csv => {
                let table = TableSource::open(source, request, &mut notes)?;
                let (fields, projection) = (table.shown_fields(), table.projection.facts());
                (Content::Table(Box::new(table)), fields, projection)
            }
            _ => {
                let layer = LayerSource::open(source, request, &mut notes)?;
                let (fields, projection) = (layer.fields.clone(), layer.projection.facts());
                (Content::Layer(Box::new(layer)), fields, projection)
            }
        };
        if fields.len() > limits::FIELDS_MAX {
            return Err(Stop::Refused(format!(
                "{} has {} fields; a layer has at most {}",
                source.shown,
                fields.len(),
                limits::FIELDS_MAX
            )));
        }
        let (crs, transformation) = projection;
        let facts = SourceFacts {
            format: source.format.name().to_owned(),
            encoding: source.encoding.as_ref().map_or_else(|| "by format".to_owned(), |encoding| encoding.words()),
            crs,
            transformation,
            files: Vec::new(),
            notes,
        };
        Ok(Source { content, fields, facts })
    }

    pub fn schema(&self) -> SourceSchema {
        SourceSchema { fields: self.fields.clone(), facts: self.facts.clone() }
    }

    /// Adds a sentence to the account of how the source was read.
    pub fn note(&mut self, note: String) {
        self.facts.notes.push(note);
    }

    /// Sends every feature; answers how many.
    pub fn read(&mut self, out: &mut Output) -> Result<u64, Stop> {
        match &mut self.content {
            Content::Table(table) => table.read(out),
            Content::Layer(layer) => layer.read(out),
        }
    }
}

/// Sends one feature.
pub fn send(row: u64, read: Read, values: Vec<Value>, out: &mut Output) -> Result<(), Stop> {
    let Read { wkb, repaired, changes, problem, fault } = read;
    let feature = SourceFeature { file: 0, row, wkb, repaired, changes, values, problem, fault };
    Ok(out.send(&Frame::Feature(feature))?)
}

/// A table of delimited text with what says where its rows are.
struct TableSource {
    table: Table,
    place: Place,
    projection: Projection,
    shown: String,
}

impl TableSource {
    fn open(source: &WorkerSource, request: &WorkerRequest, notes: &mut Vec<String>) -> Result<Self, Stop> {
        let mut table = Table::open(source, request)?;
        notes.append(&mut table.notes);
        let place = points::find(&table.fields, &table.sample, request, &source.shown)?;
        let projection = match &place {
            Place::Nowhere => Projection::nothing(),
            Place::Columns(columns) => {
                if table.has_decimal_commas {
                    table.sample.iter_mut().for_each(|values| points::with_points_for_commas(values, columns));
                }
                notes.extend(points::parted_thousands(&table.sample, columns));
                points::projection(columns, &table.sample, request, &source.shown)?
            }
            Place::Text(column) => {
                notes.push(format!(
                    "the column \"{}\" was read as geometry and is no field",
                    table.fields[*column].name
                ));
                text_projection(source, *column, request)?
            }
        };
        Ok(TableSource { table, place, projection, shown: source.shown.clone() })
    }

    /// All columns but the one that became the geometry.
    fn shown_fields(&self) -> Vec<SourceField> {
        let hidden = if let Place::Text(column) = self.place { Some(column) } else { None };
        let fields = self.table.fields.iter().enumerate();
        fields.filter(|(column, _)| Some(*column) != hidden).map(|(_, field)| field.clone()).collect()
    }

    fn read(&mut self, out: &mut Output) -> Result<u64, Stop> {
        let refused = |message: String| Stop::Refused(format!("{}: {message}", self.shown));
        let mut reader = Reader::new(&self.projection, false);
        let mut record = csv::StringRecord::new();
        let (mut row, mut count) = (0, 0);
        let mut last_has_lines = false;
        while self.table.rows.read_record(&mut record).map_err(|error| refused(error.to_string()))? {
            row += 1;
            last_has_lines = record.iter().any(|value| value.contains('\n'));
            if self.place != Place::Nowhere && record.iter().all(|value| value.trim().is_empty()) {
                continue;
            }
            count += 1;
            let (read, values) = match self.table.values(&record) {
                Err(fault) => (Read::fault(fault), vec![Value::Null; self.shown_fields().len()]),
                Ok(values) => self.located(values, &mut reader),
            };
            send(row, read, values, out)?;
        }
        if self.table.has_open_quote && last_has_lines {
            return Err(refused(format!("row {row} opens a quote that nothing closes, so its end is not known")));
        }
        Ok(count)
    }

    fn located(&self, mut values: Vec<Value>, reader: &mut Reader<'_>) -> (Read, Vec<Value>) {
        match &self.place {
            Place::Nowhere => (Read::nothing(None), values),
            Place::Text(column) => {
                let text = values.remove(*column);
                (points::text_from(&text, reader), values)
            }
            Place::Columns(columns) if self.table.has_decimal_commas => {
                let mut numbers = values.clone();
                points::with_points_for_commas(&mut numbers, columns);
                (points::point_from(&numbers, columns, &self.projection), values)
            }
            Place::Columns(columns) => (points::point_from(&values, columns, &self.projection), values),
        }
    }
}

/// The system of well-known text: the definition's, else what all of it can only be.
fn text_projection(source: &WorkerSource, column: usize, request: &WorkerRequest) -> Result<Projection, Stop> {
    let allowed = Allowed { ballpark: request.allows_ballpark };
    if let Some(crs) = &request.crs {
        return Projection::from_name(crs, "declared in the definition", allowed, &source.shown);
    }
    let mut table = Table::open(source, request)?;
    let mut reach = Reach::nowhere();
    let mut record = csv::StringRecord::new();
    while table.rows.read_record(&mut record).unwrap_or(false) {
        if let Some(value) = table.values(&record).ok().and_then(|values| values.into_iter().nth(column)) {
            points::see(&value, &mut reach);
        }
    }
    errors::take_failure();
    system::recognised(&reach, allowed, source)
}
