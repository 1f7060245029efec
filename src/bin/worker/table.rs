//! Delimited text: UTF-16 or any encoding, commas, tabs or semicolons, quotes with anything inside.

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::protocol::WorkerSource;
use causeway::intake::delivery::{SourceField, text};

use super::Stop;

const SAMPLE_ROWS: usize = 100;

/// A table read whole as text; its columns' kinds are found later, over all rows.
pub struct Table {
    pub fields: Vec<SourceField>,
    pub rows: csv::Reader<std::io::Cursor<String>>,
    /// Columns that are read, by place: an unnamed last column that is empty everywhere is not.
    columns: Vec<usize>,
    /// The values of the first rows.
    pub sample: Vec<Vec<Value>>,
    pub notes: Vec<String>,
}

impl Table {
    pub fn open(source: &WorkerSource) -> Result<Self, Stop> {
        let refused = |message: String| Stop::Refused(format!("{}: {message}", source.shown));
        let bytes = std::fs::read(&source.path)?;
        let label = source.encoding.as_ref().map_or("utf-8", |(label, _)| label.as_str());
        let (content, unread) = text::decode(&bytes, label);
        let mut notes = Vec::new();
        if unread > 0 {
            notes.push(format!("{unread} places could not be read as {} and stand as �", text::shown_name(label)));
        }
        let delimiter = delimiter_of(&content);
        let reader = || {
            csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .flexible(true)
                .from_reader(std::io::Cursor::new(content.clone()))
        };
        let mut rows = reader();
        let headers = rows.headers().map_err(|error| refused(error.to_string()))?.clone();
        let columns = used_columns(&headers, reader()).map_err(|error| refused(error.to_string()))?;
        if columns.len() < headers.len() {
            notes.push(format!("{} column without name and values was left out", headers.len() - columns.len()));
        }
        let fields = columns
            .iter()
            .map(|&column| SourceField {
                name: headers.get(column).unwrap_or_default().trim().to_owned(),
                kind: FieldKind::Text,
                untyped: true,
            })
            .collect();
        let mut table = Table { fields, rows, columns, sample: Vec::new(), notes };
        table.sample = reader()
            .into_records()
            .take(SAMPLE_ROWS)
            .filter_map(Result::ok)
            .filter_map(|record| table.values(&record, headers.len()).ok())
            .collect();
        Ok(table)
    }

    /// The values of a record, empty ones as null. A record with more values than there are
    /// columns is an error, because they would be in the wrong ones.
    pub fn values(&self, record: &csv::StringRecord, width: usize) -> Result<Vec<Value>, String> {
        let surplus = record.iter().skip(width).any(|value| !value.trim().is_empty());
        if surplus {
            return Err(format!("has {} values for {width} columns", record.len()));
        }
        Ok(self
            .columns
            .iter()
            .map(|&column| match record.get(column) {
                None | Some("") => Value::Null,
                Some(value) => Value::Text(value.to_owned()),
            })
            .collect())
    }
}

/// The separator that the header line has most of outside quotes.
fn delimiter_of(content: &str) -> u8 {
    let mut counts = [(b'\t', 0), (b',', 0), (b';', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in content.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if !is_quoted => {
                for (delimiter, count) in &mut counts {
                    *count += i32::from(byte == *delimiter);
                }
            }
            _ => {}
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .filter(|(_, count)| *count > 0)
        .map_or(b',', |(delimiter, _)| delimiter)
}

fn used_columns(
    headers: &csv::StringRecord,
    mut rows: csv::Reader<std::io::Cursor<String>>,
) -> csv::Result<Vec<usize>> {
    let mut used: Vec<bool> = headers.iter().map(|name| !name.trim().is_empty()).collect();
    if used.iter().any(|named| !named) {
        let mut record = csv::StringRecord::new();
        while rows.read_record(&mut record)? {
            for (is_used, value) in used.iter_mut().zip(record.iter()) {
                *is_used |= !value.trim().is_empty();
            }
        }
    }
    Ok((0..used.len()).filter(|&column| used[column]).collect())
}
