//! A GeoPackage from outside, examined by our own SQLite before GDAL may open it: GDAL would run
//! its views, and hand its virtual tables to modules that read any file.
//!
//! Plain tables, indexes, R-trees and the standard's triggers are allowed; nothing else is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::base::ids::cut;
use crate::base::limits;

/// Time for the examination: a sound package of 2 GiB takes a fifth of it.
const EXAMINATION_TIME: Duration = Duration::from_secs(60);

/// Why a GeoPackage from outside is not let in: what it holds or is, in words that follow its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ForeignFault(String);

/// Examines a package; answers the rows of each table that its contents list.
pub fn examine(path: &Path) -> Result<BTreeMap<String, u64>, ForeignFault> {
    let refuse = ForeignFault;
    let unreadable = |error: rusqlite::Error| refuse(format!("cannot be read as a GeoPackage: {error}"));
    let connection = open(path).map_err(unreadable)?;
    check_length(&connection, path).map_err(unreadable)?.map_err(refuse)?;
    let objects = objects(&connection).map_err(unreadable)?;
    let rtrees: Vec<&str> = objects
        .iter()
        .filter(|object| object.kind == "table" && object.is_rtree())
        .map(|object| object.name.as_str())
        .collect();
    for object in &objects {
        object.judge(&rtrees).map_err(refuse)?;
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(unreadable)?;
    if verdict != "ok" {
        return Err(refuse(format!("is damaged: {}", cut(&verdict.replace('\n', " ")))));
    }
    rows_of_contents(&connection, &objects).map_err(unreadable)?.map_err(refuse)
}

/// Opens it so that nothing in it runs, and stops it when its time is over.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    const STEPS_BETWEEN_LOOKS: i32 = 10_000;
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for (option, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(option, value)?;
    }
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, limits::FRAME_BYTES_MAX as i32)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    let begun = Instant::now();
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || begun.elapsed() > EXAMINATION_TIME))?;
    Ok(connection)
}

/// SQLite takes the missing end of a last page for blanks, which may be right; a file is handed in whole.
fn check_length(connection: &Connection, path: &Path) -> rusqlite::Result<Result<(), String>> {
    let page_bytes: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(match bytes % page_bytes as u64 {
        0 => Ok(()),
        _ => Err(format!(
            "is cut short: {bytes} bytes are no whole number of its pages of {page_bytes}; hand it in anew"
        )),
    })
}

/// An entry of the schema.
struct Object {
    kind: String,
    name: String,
    sql: String,
    /// The SQL in capitals without what stands in quotes.
    bare: String,
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_master")?;
    let rows = statement.query_map([], |row| {
        let sql = row.get::<_, Option<String>>(2)?.unwrap_or_default();
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, bare: without_quotes(&sql), sql })
    })?;
    rows.collect()
}

impl Object {
    fn is_rtree(&self) -> bool {
        self.bare.starts_with("CREATE VIRTUAL TABLE")
            && self.bare.split("USING").nth(1).is_some_and(|module| module.trim_start().starts_with("RTREE"))
            && self.name.starts_with("rtree_")
    }

    fn judge(&self, rtrees: &[&str]) -> Result<(), String> {
        let name = cut(&self.name);
        match self.kind.as_str() {
            "view" if self.is_standard_view() => Ok(()),
            "view" => Err(format!("holds the view {name}, which would run when it is read; store its rows as a table")),
            "table" if !self.bare.starts_with("CREATE TABLE") && !self.is_rtree() => {
                Err(format!("holds the virtual table {name}; only plain tables and R-trees are read"))
            }
            "table" if is_computed(&self.bare) => {
                Err(format!("computes a column of the table {name}; store its values"))
            }
            "index" if self.bare.matches('(').count() > 1 => {
                Err(format!("holds the index {name} over an expression; only indexes over columns are read"))
            }
            "trigger" if !self.is_standard_trigger(rtrees) => {
                Err(format!("holds the trigger {name}, which is none of the standard's; remove it"))
            }
            "table" | "index" | "trigger" => Ok(()),
            other => Err(format!("holds {name}, which is {}", cut(other))),
        }
    }

    /// The views over the metadata that GeoPackage 1.0 itself suggested, which many programs write:
    /// plain lists of columns, and nobody reads them.
    fn is_standard_view(&self) -> bool {
        const NAMES: [&str; 4] = ["spatial_ref_sys", "geometry_columns", "st_spatial_ref_sys", "st_geometry_columns"];
        NAMES.contains(&self.name.as_str())
            && calls(&self.bare).all(|function| function.is_empty() || function == "CODE4NAME")
            && !self.bare.split_whitespace().any(|word| matches!(word, "WITH" | "RECURSIVE"))
    }

    /// Those that keep an R-tree or a count up to date, or that refuse wrong values.
    fn is_standard_trigger(&self, rtrees: &[&str]) -> bool {
        let Some((_, body)) = self.bare.split_once("BEGIN") else { return false };
        let only_refuses =
            body.contains("RAISE") && !["INSERT", "UPDATE ", "DELETE"].iter().any(|word| body.contains(word));
        let keeps_rtree = rtrees.iter().any(|rtree| self.name.starts_with(rtree));
        let keeps_count = self.name.starts_with("trigger_insert_feature_count_")
            || self.name.starts_with("trigger_delete_feature_count_")
            || self.name.starts_with("trigger_feature_count_");
        let calls_out = self.sql.to_uppercase().contains("LOAD_EXTENSION");
        !calls_out && (only_refuses || keeps_rtree || keeps_count)
    }
}

/// The words that stand right before brackets: names of functions, and nothing before mere brackets.
fn calls(bare: &str) -> impl Iterator<Item = &str> {
    bare.match_indices('(').map(|(at, _)| {
        let before = bare[..at].trim_end();
        let is_part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        before.rsplit(|c: char| !is_part_of_word(c)).next().unwrap_or_default()
    })
}

/// `GENERATED ALWAYS AS (…)`, or only `AS (…)`.
fn is_computed(bare: &str) -> bool {
    let words: Vec<&str> = bare.split_whitespace().collect();
    words.contains(&"GENERATED")
        || words.iter().zip(words.iter().skip(1)).any(|(word, next)| *word == "AS" && next.starts_with('('))
        || words.iter().any(|word| word.starts_with("AS("))
}

/// SQL in capitals, its names and texts in quotes left out, so that no name looks like a word.
fn without_quotes(sql: &str) -> String {
    let mut bare = String::with_capacity(sql.len());
    let mut quote = None;
    for character in sql.chars() {
        match (quote, character) {
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '[') => quote = Some(']'),
            (None, other) => bare.extend(other.to_uppercase()),
            (Some(end), other) if other == end => quote = None,
            _ => {}
        }
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

type Rows = BTreeMap<String, u64>;

fn rows_of_contents(connection: &Connection, objects: &[Object]) -> rusqlite::Result<Result<Rows, String>> {
    let is_table =
        |name: &str| objects.iter().any(|object| object.kind == "table" && object.name.eq_ignore_ascii_case(name));
    if !is_table("gpkg_contents") {
        return Ok(Err("is an SQLite database but no GeoPackage: it has no table gpkg_contents".to_owned()));
    }
    let mut statement = connection
        .prepare("SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes', 'aspatial')")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut rows = Rows::new();
    for name in names {
        if !is_table(&name) {
            return Ok(Err(format!("lists the table {} in its contents but does not hold it", cut(&name))));
        }
        let quoted = name.replace('"', "\"\"");
        let count: i64 = connection.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| row.get(0))?;
        rows.insert(name, count as u64);
    }
    if rows.is_empty() {
        return Ok(Err("lists no table of features or attributes in its contents".to_owned()));
    }
    Ok(Ok(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL);
        CREATE TABLE "a layer as (x)" (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT);
        INSERT INTO gpkg_contents VALUES ('a layer as (x)', 'features');
        INSERT INTO "a layer as (x)" VALUES (1, NULL, 'a'), (2, NULL, 'b');
        CREATE INDEX by_name ON "a layer as (x)" (name);
        CREATE VIRTUAL TABLE "rtree_a layer as (x)_geom" USING rtree(id, minx, maxx, miny, maxy);
        CREATE TRIGGER "rtree_a layer as (x)_geom_delete" AFTER DELETE ON "a layer as (x)" WHEN old.geom NOT NULL
            BEGIN DELETE FROM "rtree_a layer as (x)_geom" WHERE id = OLD.fid; END;
    "#;

    fn examined(more: &str) -> Result<BTreeMap<String, u64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gpkg");
        let connection = Connection::open(&path).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
        connection.execute_batch(SOUND).unwrap();
        connection.execute_batch(more).unwrap();
        drop(connection);
        examine(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sound_package_is_let_through_with_its_counts() {
        let counts = BTreeMap::from([("a layer as (x)".to_owned(), 2)]);
        assert_eq!(examined("").unwrap(), counts);
        for standard in [
            "CREATE VIEW st_spatial_ref_sys AS SELECT table_name FROM gpkg_contents;",
            "CREATE VIEW geometry_columns AS SELECT code4name(data_type), 2 + (CASE 1 WHEN 1 THEN 1 END) FROM gpkg_contents;",
        ] {
            assert_eq!(examined(standard).unwrap(), counts);
        }
    }

    #[test]
    fn what_would_run_or_read_other_files_is_refused_by_name() {
        let smuggled = |sql: &str| {
            format!(
                "PRAGMA writable_schema=ON; INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql) VALUES('table','vt','vt',0,'{}'); INSERT INTO gpkg_contents VALUES('vt','attributes');",
                sql.replace('\'', "''")
            )
        };
        for (more, part) in [
            (
                smuggled("CREATE VIRTUAL TABLE vt USING VirtualText('/etc/passwd','UTF-8',0,POINT,NONE,':')"),
                "virtual table vt",
            ),
            (smuggled("CREATE VIRTUAL TABLE vt USING VirtualShape('/tmp/x','UTF-8',4326)"), "virtual table vt"),
            (smuggled("create /**/ virtual table vt using VirtualOGR('/tmp/x')"), "vt"),
            (
                "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c;"
                    .to_owned(),
                "the view v",
            ),
            ("CREATE VIEW st_spatial_ref_sys AS SELECT hex(zeroblob(400000000));".to_owned(), "the view st_"),
            ("CREATE VIEW v AS SELECT hex(zeroblob(400000000));".to_owned(), "the view v"),
            (
                "CREATE TRIGGER t AFTER INSERT ON \"a layer as (x)\" BEGIN SELECT load_extension('x'); END;".to_owned(),
                "the trigger t",
            ),
            (
                "CREATE TABLE g (a INTEGER, b TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))));".to_owned(),
                "computes a column",
            ),
            ("CREATE TABLE g (a INTEGER, b TEXT AS(a + 1));".to_owned(), "computes a column"),
            ("CREATE INDEX i ON \"a layer as (x)\" (hex(name));".to_owned(), "over an expression"),
            ("INSERT INTO gpkg_contents VALUES ('gone', 'features');".to_owned(), "does not hold it"),
            ("DELETE FROM gpkg_contents;".to_owned(), "lists no table"),
            ("DROP TABLE gpkg_contents;".to_owned(), "no GeoPackage"),
        ] {
            let message = examined(&more).expect_err(&more);
            assert!(message.contains(part), "{more}: {message}");
        }
    }
}
