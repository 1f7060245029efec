//! Delimited text: UTF-16 or any encoding, commas, tabs, semicolons or bars, quotes with anything
//! inside. Read as a stream: first once to count and to look, then for its rows.

use std::io::{BufReader, Read};

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::protocol::{WorkerRequest, WorkerSource};
use causeway::intake::delivery::{GeometryRule, SourceField, text};

use super::decoding::{self, Decoding};
use super::{Stop, points};

const SAMPLE_ROWS: usize = 100;

pub type Rows = csv::Reader<Decoding<BufReader<std::fs::File>>>;

/// A table whose columns are known.
pub struct Table {
    pub fields: Vec<SourceField>,
    pub rows: Rows,
    /// Columns of the header line.
    pub width: usize,
    /// Columns that are read, by place: an unnamed last column that is empty everywhere is not.
    columns: Vec<usize>,
    /// The values of the first rows.
    pub sample: Vec<Vec<Value>>,
    /// Commas inside numbers part the decimals, because semicolons part the values.
    pub has_decimal_commas: bool,
    /// A quote was opened that nothing closes.
    pub has_open_quote: bool,
    pub notes: Vec<String>,
}

impl Table {
    pub fn open(source: &WorkerSource, request: &WorkerRequest) -> Result<Self, Stop> {
        let refused = |error: csv::Error| Stop::Refused(format!("{}: {error}", source.shown));
        let label = source.encoding.as_ref().map_or("utf-8", |encoding| encoding.label.as_str());
        let looked = look(decoding::open(&source.path, label)?)?;
        let mut notes = Vec::new();
        if looked.unread > 0 {
            notes.push(format!(
                "{} places could not be read as {} and stand as \u{FFFD}",
                looked.unread,
                text::shown_name(label)
            ));
        }
        let lines = || -> Result<Rows, Stop> {
            Ok(csv::ReaderBuilder::new()
                .delimiter(looked.delimiter)
                .flexible(true)
                .has_headers(false)
                .from_reader(decoding::open(&source.path, label)?))
        };
        let Header { above, names_twice, names: headers } = header(lines()?, request).map_err(refused)?;
        notes.extend(points::lines_left_out(above, names_twice));
        let reader = || -> Result<Rows, Stop> {
            let mut rows = lines()?;
            let mut record = csv::StringRecord::new();
            for _ in 0..=above + usize::from(names_twice) {
                rows.read_record(&mut record).map_err(refused)?;
            }
            Ok(rows)
        };
        let columns = used_columns(&headers, reader()?).map_err(refused)?;
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
        let mut table = Table {
            fields,
            rows: reader()?,
            width: headers.len(),
            columns,
            sample: Vec::new(),
            has_decimal_commas: looked.delimiter == b';',
            has_open_quote: looked.quotes % 2 == 1,
            notes,
        };
        table.sample = reader()?
            .into_records()
            .take(SAMPLE_ROWS)
            .filter_map(Result::ok)
            .filter_map(|record| table.values(&record).ok())
            .collect();
        Ok(table)
    }

    /// The values of a record, empty ones as null. A record with more values than there are
    /// columns is an error, because they would be in the wrong ones.
    pub fn values(&self, record: &csv::StringRecord) -> Result<Vec<Value>, String> {
        let surplus = record.iter().skip(self.width).any(|value| !value.trim().is_empty());
        if surplus {
            return Err("it has more values than there are columns".to_owned());
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

/// The line with the names of the columns.
struct Header {
    /// How many lines stand above it.
    above: usize,
    /// Whether the line below says them again.
    names_twice: bool,
    names: csv::StringRecord,
}

/// Finds the first line that names coordinates, else the first of all but for the one by which Excel is
/// told the separator.
fn header(rows: Rows, request: &WorkerRequest) -> csv::Result<Header> {
    let head: Vec<csv::StringRecord> = rows.into_records().take(points::HEAD_LINES_MAX).collect::<csv::Result<_>>()?;
    let names = |record: &csv::StringRecord| record.iter().map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let is_for_excel = |record: &csv::StringRecord| record.get(0).is_some_and(|value| value.starts_with("sep="));
    let first = usize::from(head.first().is_some_and(is_for_excel));
    let above = match request.geometry {
        GeometryRule::None => first,
        _ => head.iter().position(|record| points::is_header(&names(record), request)).unwrap_or(first),
    };
    let names_twice = request.geometry != GeometryRule::None
        && head
            .get(above..above + 2)
            .is_some_and(|two| points::repeats_header(&names(&two[0]), &names(&two[1]), request));
    Ok(Header { above, names_twice, names: head.into_iter().nth(above).unwrap_or_default() })
}

/// What a first pass over the text finds.
struct Looked {
    delimiter: u8,
    quotes: u64,
    unread: u64,
}

fn look(mut input: Decoding<BufReader<std::fs::File>>) -> Result<Looked, Stop> {
    const PIECE_BYTES: usize = 64 * 1024;
    let mut header = HeaderLine::default();
    let mut quotes = 0;
    let mut piece = vec![0u8; PIECE_BYTES];
    loop {
        let read = input.read(&mut piece)?;
        if read == 0 {
            break;
        }
        quotes += memchr::memchr_iter(b'"', &piece[..read]).count() as u64;
        header.take(&piece[..read]);
    }
    Ok(Looked { delimiter: header.delimiter(), quotes, unread: input.unread })
}

/// Counts separators outside quotes in the first line that holds any.
#[derive(Default)]
struct HeaderLine {
    is_quoted: bool,
    is_over: bool,
    lines: usize,
    counts: [(u8, u32); 4],
}

impl HeaderLine {
    const DELIMITERS: [u8; 4] = *b"\t,;|";

    fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            match byte {
                _ if self.is_over => return,
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' | b'\r' if !self.is_quoted => {
                    self.lines += 1;
                    let has_any = self.counts.iter().any(|(_, count)| *count > 0);
                    self.is_over = has_any || self.lines == points::HEAD_LINES_MAX;
                }
                byte if !self.is_quoted => {
                    for (place, delimiter) in HeaderLine::DELIMITERS.into_iter().enumerate() {
                        self.counts[place].0 = delimiter;
                        self.counts[place].1 += u32::from(*byte == delimiter);
                    }
                }
                _ => {}
            }
        }
    }

    /// The separator that the line has most of.
    fn delimiter(&self) -> u8 {
        let commonest = self.counts.iter().max_by_key(|(_, count)| *count);
        commonest.filter(|(_, count)| *count > 0).map_or(b',', |(delimiter, _)| *delimiter)
    }
}

fn used_columns(headers: &csv::StringRecord, mut rows: Rows) -> csv::Result<Vec<usize>> {
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
