//! The file of words beside a package, `layer.words`: which rows hold which words of which field, in
//! SQLite's full-text index. Words are made by the room `words`, on both sides, so the index parts
//! its text at blanks and does no more. It is a file of its own because other programs would take the
//! index's tables for layers of the package.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::limits::Limit;

use super::PackageError;
use super::build::{failed, sqlite_error};
use super::read::immutable_address;
use super::row_statement::RowStatement;
use crate::base::Value;
use crate::words::write_tokens;

/// The name of the file in its revision's folder.
pub const WORD_FILE: &str = "layer.words";
/// The index as statements name it, and its name alone, which stands before MATCH.
pub const WORD_TABLE: &str = "words.features";
pub const WORD_COLUMN: &str = "features";
/// Stands behind the last word of a name, so that a whole name can be asked for. It is of no word,
/// because words hold letters and digits alone.
pub const END_OF_NAME: &str = "\u{E000}";
/// Stands between the words of two texts in one column, so that no phrase is found across them.
const END_OF_TEXT: &str = "\u{E001} ";
/// The column of all texts that name nothing. A name has a column of its own, because a question may be the
/// whole of it.
const TEXT_COLUMN: &str = "t";

/// What the index holds in memory before it writes a piece. Pieces are merged once, at the end: few
/// and large ones are cheap to merge, and of a small layer there is one.
const HELD_BYTES: usize = 16 * 1024 * 1024;

/// What a word in a name counts, of one elsewhere: as in the catalogue, `catalogue.md` §7.
const NAME_WEIGHT: f64 = 10.0;

/// A field whose words are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchedField {
    /// Place of the field in the schema.
    pub place: usize,
    /// Whether it names the feature.
    pub is_name: bool,
}

/// Adds the words of a text, with a blank behind each. A web address says nothing that people search by, and
/// its parts are many.
fn write_words(text: &str, folded: &mut String, words: &mut String) {
    if !["http://", "https://"].iter().any(|start| text.starts_with(start)) {
        write_tokens(text, folded, words);
    }
}

/// An index being written. Rows come in the order of their places, so that equal rows give equal bytes.
pub struct WordFileBuilder {
    connection: Connection,
    path: PathBuf,
    fields: Vec<SearchedField>,
    insert_sql: String,
}

impl WordFileBuilder {
    /// `fields` holds at least one.
    pub fn create(path: &Path, fields: &[SearchedField]) -> Result<Self, PackageError> {
        let names = fields.iter().filter(|field| field.is_name).map(|field| format!("n{}", field.place));
        let has_texts = fields.iter().any(|field| !field.is_name);
        let columns: Vec<String> = names.chain(has_texts.then(|| TEXT_COLUMN.to_owned())).collect();
        let connection = Connection::open(path).map_err(sqlite_error(path))?;
        // Contentless: the texts themselves stand in the package. The tokenizer "ascii" takes every
        // character beyond ASCII for a part of a word.
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
                 PRAGMA cache_size = -16384; BEGIN; \
                 CREATE VIRTUAL TABLE features USING fts5({}, content = '', tokenize = 'ascii'); \
                 INSERT INTO features (features, rank) VALUES ('hashsize', {HELD_BYTES}); \
                 INSERT INTO features (features, rank) VALUES ('automerge', 0);",
                columns.join(", ")
            ))
            .map_err(sqlite_error(path))?;
        let places = vec!["?"; columns.len() + 1].join(",");
        Ok(WordFileBuilder {
            connection,
            path: path.to_owned(),
            fields: fields.to_vec(),
            insert_sql: format!("INSERT INTO features (rowid, {}) VALUES ({places})", columns.join(", ")),
        })
    }

    pub fn fields(&self) -> &[SearchedField] {
        &self.fields
    }

    pub fn adding(&mut self) -> Result<WordRows<'_>, PackageError> {
        let statement = RowStatement::new(&self.connection, &self.insert_sql).map_err(sqlite_error(&self.path))?;
        let (names, texts) = self.fields.iter().partition(|field| field.is_name);
        Ok(WordRows { statement, path: &self.path, names, texts, folded: String::new(), words: String::new() })
    }

    /// Merges what was written into one piece, which is smaller and quicker to ask.
    pub fn finish(self) -> Result<(), PackageError> {
        self.connection
            .execute_batch("INSERT INTO features (features) VALUES ('optimize'); COMMIT; PRAGMA journal_mode = DELETE;")
            .map_err(sqlite_error(&self.path))
    }
}

/// An index that rows are being added to.
pub struct WordRows<'b> {
    statement: RowStatement<'b>,
    path: &'b Path,
    names: Vec<SearchedField>,
    texts: Vec<SearchedField>,
    /// Memory for a text on its way, and for its words.
    folded: String,
    words: String,
}

impl WordRows<'_> {
    /// Adds the words of a row, of whose values those of other fields say nothing.
    pub fn insert(&mut self, row: i64, values: &[Value]) -> Result<(), PackageError> {
        self.write(row, values).map_err(|error| failed(self.path, error))
    }

    fn write(&mut self, row: i64, values: &[Value]) -> rusqlite::Result<()> {
        let WordRows { statement, names, texts, folded, words, .. } = self;
        let text_of = |field: &SearchedField| match values.get(field.place) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        statement.bind(1, Some(row))?;
        for (index, field) in names.iter().enumerate() {
            words.clear();
            let name = text_of(field).map(|text| {
                write_words(text, folded, words);
                words.push_str(END_OF_NAME);
                words.as_str()
            });
            statement.bind(index + 2, name)?;
        }
        if !texts.is_empty() {
            words.clear();
            for text in texts.iter().filter_map(text_of) {
                words.push_str(if words.is_empty() { "" } else { END_OF_TEXT });
                write_words(text, folded, words);
            }
            statement.bind(names.len() + 2, Some(words.as_str()).filter(|words| !words.is_empty()))?;
        }
        statement.run()
    }
}

/// The index of an open package.
pub struct WordIndex {
    /// How well a row fits, smaller is better: an expression beside MATCH.
    pub rank_sql: String,
    /// The columns of names, as an expression of the index writes them; empty where no field is one.
    pub name_columns: String,
}

impl WordIndex {
    /// Opens the file beside a package on the same connection, where there is one.
    pub(super) fn attach(connection: &Connection, package: &Path) -> Result<Option<Self>, PackageError> {
        let path = package.with_file_name(WORD_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let attach = || {
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
            connection.execute("ATTACH ? AS words", [immutable_address(&path)])?;
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            let mut statement = connection.prepare("SELECT name FROM pragma_table_info('features', 'words')")?;
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        let columns = attach().map_err(sqlite_error(&path))?;
        let is_name = |column: &&String| column.starts_with('n');
        let weights: Vec<String> =
            columns.iter().map(|column| format!("{:.1}", if is_name(&column) { NAME_WEIGHT } else { 1.0 })).collect();
        let names: Vec<&str> = columns.iter().filter(is_name).map(String::as_str).collect();
        Ok(Some(WordIndex {
            rank_sql: format!("bm25({WORD_COLUMN}, {})", weights.join(", ")),
            name_columns: names.join(" "),
        }))
    }
}
