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

/// `2012/01/22` of XLSX and `2012-01-22` of ODS, each alone or with a time behind a blank or a T.
fn form_of(text: &str) -> Option<FieldKind> {
    const DATE: &[u8] = b"0000/00/00";
    const TIME: &[u8] = b" 00:00:00";
    let is_like = |text: &[u8], form: &[u8]| {
        text.len() == form.len()
            && text.iter().zip(form).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'/' => matches!(byte, b'/' | b'-'),
                b' ' => matches!(byte, b' ' | b'T'),
                _ => byte == wanted,
            })
    };
    let (date, time) = text.as_bytes().split_at_checked(DATE.len())?;
    let (time, fraction) = time.split_at(time.len().min(TIME.len()));
    let has_fraction = matches!(fraction, [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit));
    match (is_like(date, DATE), time.is_empty(), is_like(time, TIME) && (fraction.is_empty() || has_fraction)) {
        (true, true, _) => Some(FieldKind::Date),
        (true, false, true) => Some(FieldKind::DateTime),
        _ => None,
    }
}
