//! Columns of a workbook that hold dates and nothing else. GDAL is told to hand out every cell as text,
//! so that no code loses its zeros, and writes what a cell stores as a date in one form.

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::SourceField;
use gdal::Dataset;
use gdal::vector::{Feature, LayerAccess};

use super::values::{FieldReader, value_of};

/// Gives such columns their kind; all rows behind those above the names of the columns count.
pub fn take_kinds(
    dataset: &Dataset,
    layer: usize,
    fields: &mut [SourceField],
    readers: &[FieldReader],
    rows_above: usize,
) {
    let Ok(mut opened) = dataset.layer(layer) else { return };
    let mut columns = vec![Column::default(); fields.len()];
    let see = |feature: Feature<'_>| {
        columns.iter_mut().zip(readers).for_each(|(column, reader)| column.see(&value_of(&feature, reader)));
    };
    opened.features().skip(rows_above).for_each(see);
    for (field, column) in fields.iter_mut().zip(columns) {
        if let Some(kind) = column.kind() {
            field.kind = kind;
            field.untyped = false;
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Column {
    dates: u64,
    times: u64,
    others: u64,
}

impl Column {
    fn see(&mut self, value: &Value) {
        match value {
            Value::Text(text) if text.trim().is_empty() => (),
            Value::Null => (),
            Value::Text(text) => match form_of(text) {
                Some(FieldKind::Date) => self.dates += 1,
                Some(_) => self.times += 1,
                None => self.others += 1,
            },
            _ => self.others += 1,
        }
    }

    fn kind(&self) -> Option<FieldKind> {
        match (self.dates, self.times, self.others) {
            (1.., 0, 0) => Some(FieldKind::Date),
            (_, 1.., 0) => Some(FieldKind::DateTime),
            _ => None,
        }
    }
}

/// `2012/01/22` of XLSX and `2012-01-22` of ODS, each alone or with a time behind a blank or a T. What no
/// calendar has is text.
fn form_of(text: &str) -> Option<FieldKind> {
    const DATE_BYTES: usize = "2012-01-22".len();
    const TIME_BYTES_LEAST: usize = " 00:00:00".len();
    let iso = text.replace('/', "-");
    match iso.as_bytes().get(DATE_BYTES) {
        None if iso.len() == DATE_BYTES => iso.parse::<jiff::civil::Date>().ok().map(|_| FieldKind::Date),
        Some(b' ' | b'T') if iso.len() >= DATE_BYTES + TIME_BYTES_LEAST => {
            iso.parse::<jiff::civil::DateTime>().ok().map(|_| FieldKind::DateTime)
        }
        _ => None,
    }
}
