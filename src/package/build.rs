//! Writing a package: rows arrive in Hilbert order, those without geometry last.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef as SqlValue};
use rusqlite::{Connection, params};

use super::names::{GEOMETRY_COLUMN, ID_COLUMN, ROW_COLUMN, quoted, rtree_name, table_name};
use super::row_statement::RowStatement;
use super::tree::TreeBuilder;
use super::{PackageError, tables};
use crate::base::{BBox, FeatureId, FieldKind, GeometryKind, LayerId, Schema, Value};

/// Bytes of a page: areas of some hundred vertices leave less of it empty than of one half as large, and of
/// points nothing more is read.
const PAGE_BYTES: u32 = 8192;

/// What a package says of itself.
#[derive(Clone, Debug)]
pub struct PackageHead<'a> {
    pub layer: &'a LayerId,
    pub title: &'a str,
    pub description: &'a str,
    pub last_change: jiff::Timestamp,
    pub schema: &'a Schema,
}

/// A package being written. Dropped without `finish` it is a useless file in the stage.
pub struct PackageBuilder {
    connection: Connection,
    path: PathBuf,
    table: String,
    schema: Schema,
    insert_sql: String,
    written: Written,
}

/// What was written of the rows so far.
struct Written {
    tree: TreeBuilder,
    rows: u64,
    rows_with_geometry: u64,
    extent: BBox,
}

/// A package that rows are being added to.
pub struct PackageRows<'b> {
    connection: &'b Connection,
    path: &'b Path,
    statement: RowStatement<'b>,
    written: &'b mut Written,
}

/// A package that is finished and checked, and that its maker may read without a permit.
#[derive(Clone, Debug)]
pub struct BuiltPackage {
    pub path: PathBuf,
    pub rows: u64,
    pub rows_with_geometry: u64,
    pub extent: Option<BBox>,
}

/// A row's geometry: its blob and its box, or none.
pub type RowGeometry<'a> = Option<(&'a [u8], &'a BBox)>;

impl PackageBuilder {
    pub fn create(path: &Path, head: &PackageHead<'_>) -> Result<Self, PackageError> {
        /// Rows are added at the end alone: more would hold pages that are not needed again, and to find
        /// memory for them costs more than to write them out and read some back.
        const CACHE_KIB: u32 = 512;
        PackageBuilder::create_with_cache(path, head, CACHE_KIB)
    }

    /// As [`PackageBuilder::create`], with a bound on the memory for pages that are not written yet.
    pub fn create_with_cache(path: &Path, head: &PackageHead<'_>, cache_kib: u32) -> Result<Self, PackageError> {
        let fail = sqlite_error(path);
        let connection = Connection::open(path).map_err(&fail)?;
        let table = table_name(head.layer);
        // A crash leaves a stage that is swept, so journal and syncs would only cost time.
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
                 PRAGMA cache_size = -{cache_kib}; PRAGMA foreign_keys = OFF; \
                 PRAGMA application_id = {}; PRAGMA user_version = {}; BEGIN; {}",
                tables::APPLICATION_ID,
                tables::USER_VERSION,
                tables::CORE
            ))
            .and_then(|()| connection.execute_batch(&create_table(&table, head.schema).replacen(LAST_NUMBER, "", 1)))
            .and_then(|()| create_tree(&connection, &table, head.schema))
            .and_then(|()| describe(&connection, &table, head))
            .map_err(&fail)?;
        let columns = 3 + head.schema.fields.len();
        let places = vec!["?"; columns].join(",");
        Ok(PackageBuilder {
            connection,
            path: path.to_owned(),
            insert_sql: format!("INSERT INTO {} VALUES ({places})", quoted(&table)),
            written: Written {
                tree: TreeBuilder::new(&rtree_name(&table)),
                rows: 0,
                rows_with_geometry: 0,
                extent: BBox::EMPTY,
            },
            table,
            schema: head.schema.clone(),
        })
    }

    /// For many rows at once.
    pub fn adding(&mut self) -> Result<PackageRows<'_>, PackageError> {
        let statement = RowStatement::new(&self.connection, &self.insert_sql).map_err(sqlite_error(&self.path))?;
        Ok(PackageRows { connection: &self.connection, path: &self.path, statement, written: &mut self.written })
    }

    /// Adds one row.
    pub fn insert(&mut self, id: FeatureId, geometry: RowGeometry<'_>, values: &[Value]) -> Result<(), PackageError> {
        debug_assert_eq!(values.len(), self.schema.fields.len());
        self.adding()?.insert(id, geometry, values)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.written.rows
    }

    /// Indexes, extents, counts, triggers; then SQLite's own check of the R-tree.
    pub fn finish(mut self) -> Result<BuiltPackage, PackageError> {
        let fail = sqlite_error(&self.path);
        let table = &self.table;
        let Written { ref mut tree, rows, rows_with_geometry, extent } = self.written;
        let extent = (!extent.is_empty()).then_some(extent);
        let edges = extent.map(|bbox| bbox.to_array());
        let edge = |index: usize| edges.map(|edges| edges[index]);
        tree.finish(&self.connection).map_err(&fail)?;
        self.connection
            .execute(
                "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?",
                params![edge(0), edge(1), edge(2), edge(3)],
            )
            .and_then(|_| {
                self.connection.execute("INSERT INTO gpkg_ogr_contents VALUES (?, ?)", params![table, rows as i64])
            })
            .map_err(&fail)?;
        let id_index = format!("{table}_{ID_COLUMN}");
        let mut finishing =
            format!("CREATE UNIQUE INDEX {} ON {} ({});", quoted(&id_index), quoted(table), quoted(ID_COLUMN));
        if self.schema.geometry != GeometryKind::None {
            finishing.push_str(&tables::triggers(table));
        }
        finishing.push_str(&tables::count_triggers(table));
        self.connection
            .execute_batch(&finishing)
            .and_then(|()| self.keep_last_number(rows))
            .and_then(|()| self.tell_planner(&id_index, rows, rows_with_geometry))
            .and_then(|()| self.connection.execute_batch("COMMIT; PRAGMA journal_mode = DELETE;"))
            .map_err(&fail)?;
        if self.schema.geometry != GeometryKind::None {
            check_tree(&self.connection, &rtree_name(table), &self.path)?;
        }
        Ok(BuiltPackage { path: self.path, rows, rows_with_geometry, extent })
    }

    /// Makes the table one that remembers the last number of its rows, as GeoPackage asks: it is declared so, and
    /// the number written where SQLite looks for it. While rows were added each would have looked it up and
    /// written it. These are the steps of sqlite.org/lang_altertable.html §7 for what changes no row.
    fn keep_last_number(&self, rows: u64) -> rusqlite::Result<()> {
        self.connection.execute_batch(
            "CREATE TABLE numbered (number INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE numbered; \
             PRAGMA writable_schema = ON;",
        )?;
        self.connection.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
            params![create_table(&self.table, &self.schema), self.table],
        )?;
        self.connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", params![self.table, rows as i64])?;
        self.connection.execute_batch("PRAGMA writable_schema = RESET")
    }

    /// Writes what ANALYZE would find out by reading all of it, where planners look for it.
    fn tell_planner(&self, id_index: &str, rows: u64, rows_with_geometry: u64) -> rusqlite::Result<()> {
        // Makes the tables.
        self.connection.execute_batch("ANALYZE sqlite_schema")?;
        let mut statement = self.connection.prepare("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)")?;
        statement.execute(params![self.table, id_index, format!("{rows} 1")])?;
        if self.schema.geometry != GeometryKind::None {
            let places = format!("{}_rowid", rtree_name(&self.table));
            statement.execute(params![places, None::<&str>, rows_with_geometry.to_string()])?;
        }
        Ok(())
    }
}

impl PackageRows<'_> {
    /// Adds one row. An empty geometry is stored but stands in no box, as the R-tree extension asks.
    pub fn insert(&mut self, id: FeatureId, geometry: RowGeometry<'_>, values: &[Value]) -> Result<(), PackageError> {
        self.written.rows += 1;
        let row = self.written.rows as i64;
        self.write(row, id, geometry.map(|(blob, _)| blob), values).map_err(|error| failed(self.path, error))?;
        if let Some((_, bbox)) = geometry
            && !bbox.is_empty()
        {
            self.written.tree.insert(self.connection, row, bbox).map_err(|error| failed(self.path, error))?;
            self.written.rows_with_geometry += 1;
            self.written.extent.include(bbox);
        }
        Ok(())
    }

    fn write(&mut self, row: i64, id: FeatureId, blob: Option<&[u8]>, values: &[Value]) -> rusqlite::Result<()> {
        self.statement.bind(1, Some(row))?;
        self.statement.bind(2, blob)?;
        self.statement.bind(3, Some(id.get() as i64))?;
        for (index, value) in values.iter().enumerate() {
            self.statement.bind(4 + index, sql_value(value))?;
        }
        self.statement.run()
    }
}

/// Of all that a package holds the nodes of the R-tree alone are written by us and not by SQLite.
fn check_tree(connection: &Connection, rtree: &str, path: &Path) -> Result<(), PackageError> {
    // In one transaction: each of its many look-ups would else begin its own.
    let verdict: String = connection
        .execute_batch("BEGIN")
        .and_then(|()| connection.query_row("SELECT rtreecheck(?)", [rtree], |row| row.get(0)))
        .and_then(|verdict| connection.execute_batch("COMMIT").map(|()| verdict))
        .map_err(sqlite_error(path))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(PackageError::Unsound { path: path.to_owned(), message: format!("rtreecheck says {verdict}") })
}

/// What says that a table remembers the last number of its rows.
const LAST_NUMBER: &str = " AUTOINCREMENT";

fn create_table(table: &str, schema: &Schema) -> String {
    let mut sql =
        format!("CREATE TABLE {} ({} INTEGER PRIMARY KEY{LAST_NUMBER} NOT NULL", quoted(table), quoted(ROW_COLUMN));
    let geometry_type = match schema.geometry {
        GeometryKind::None => "BLOB",
        kind => kind.gpkg_name(),
    };
    sql.push_str(&format!(", {} {geometry_type}", quoted(GEOMETRY_COLUMN)));
    sql.push_str(&format!(", {} INTEGER NOT NULL", quoted(ID_COLUMN)));
    for field in &schema.fields {
        sql.push_str(&format!(", {} {}", quoted(&field.column), field.kind.gpkg_type()));
    }
    sql.push(')');
    sql
}

fn create_tree(connection: &Connection, table: &str, schema: &Schema) -> rusqlite::Result<()> {
    if schema.geometry == GeometryKind::None {
        return Ok(());
    }
    let tree = quoted(&rtree_name(table));
    connection.execute_batch(&format!("CREATE VIRTUAL TABLE {tree} USING rtree(id, minx, maxx, miny, maxy)"))
}

/// Fills the GeoPackage tables that speak of the feature table.
fn describe(connection: &Connection, table: &str, head: &PackageHead<'_>) -> rusqlite::Result<()> {
    let has_geometry = head.schema.geometry != GeometryKind::None;
    let data_type = if has_geometry { "features" } else { "attributes" };
    let last_change = head.last_change.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) \
         VALUES (?, ?, ?, ?, ?, ?)",
        params![table, data_type, head.title, head.description, last_change, has_geometry.then_some(tables::SRS_ID)],
    )?;
    if has_geometry {
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, ?, ?)",
            params![
                table,
                GEOMETRY_COLUMN,
                head.schema.geometry.gpkg_name(),
                tables::SRS_ID,
                i32::from(head.schema.has_z),
                i32::from(head.schema.has_m)
            ],
        )?;
        connection.execute(
            "INSERT INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index', \
             'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            params![table, GEOMETRY_COLUMN],
        )?;
    }
    for field in &head.schema.fields {
        let title = field.title.get(crate::base::Language::En);
        let description = [&field.title.zh_hant, &field.description.en, &field.description.zh_hant]
            .into_iter()
            .filter(|text| !text.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" · ");
        connection.execute(
            "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, ?, NULL)",
            params![
                table,
                field.column,
                field.name,
                title,
                description,
                (field.kind == FieldKind::Json).then_some("application/json")
            ],
        )?;
    }
    Ok(())
}

/// `None` is null.
fn sql_value(value: &Value) -> Option<ToSqlOutput<'_>> {
    Some(ToSqlOutput::Borrowed(match value {
        Value::Null => return None,
        Value::Integer(number) => SqlValue::Integer(*number),
        Value::Real(number) => SqlValue::Real(*number),
        Value::Boolean(truth) => SqlValue::Integer(i64::from(*truth)),
        Value::Text(text) => SqlValue::Text(text.as_bytes()),
    }))
}

pub(super) fn sqlite_error(path: &Path) -> impl Fn(rusqlite::Error) -> PackageError + use<> {
    let path = path.to_owned();
    move |source| failed(&path, source)
}

pub(super) fn failed(path: &Path, source: rusqlite::Error) -> PackageError {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => PackageError::Interrupted,
        _ => PackageError::Sqlite { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::blob;

    /// Two thousand points, so that the tree has nodes above its leaves.
    fn built(folder: &Path) -> BuiltPackage {
        let schema = Schema { geometry: GeometryKind::Point, has_z: false, has_m: false, fields: Vec::new() };
        let layer = "lcsd-points".parse().unwrap();
        let last_change = jiff::Timestamp::UNIX_EPOCH;
        let head = PackageHead { layer: &layer, title: "", description: "", last_change, schema: &schema };
        let mut builder = PackageBuilder::create(&folder.join("layer.gpkg"), &head).unwrap();
        for row in 0..2_000u32 {
            let (lon, lat) = (114.0 + f64::from(row) / 1e4, 22.0f64);
            let wkb = [&[1, 1, 0, 0, 0][..], &lon.to_le_bytes(), &lat.to_le_bytes()].concat();
            let bbox = BBox::new(lon, lat, lon, lat);
            let blob = blob::encode(&wkb, GeometryKind::Point, &bbox);
            builder.insert(FeatureId::from_hash(u64::from(row)), Some((&blob, &bbox)), &[]).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn a_package_passes_every_check_of_sqlite_and_a_damaged_tree_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let package = built(folder.path());
        let connection = Connection::open(&package.path).unwrap();
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
        let rtree = rtree_name(&table_name(&"lcsd-points".parse().unwrap()));
        check_tree(&connection, &rtree, &package.path).unwrap();
        let told = "SELECT group_concat(tbl || ' ' || stat, ', ') FROM sqlite_stat1";
        let told: String = connection.query_row(told, [], |row| row.get(0)).unwrap();
        assert_eq!(told, format!("lcsd_points 2000 1, {rtree}_rowid 2000"));
        let places = quoted(&format!("{rtree}_rowid"));
        connection.execute(&format!("DELETE FROM {places} WHERE rowid = 7"), []).unwrap();
        let fault = check_tree(&connection, &rtree, &package.path).unwrap_err();
        assert!(fault.to_string().contains("rtreecheck says"), "{fault}");
    }

    #[test]
    fn a_row_added_by_another_program_gets_a_number_that_none_had() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(built(folder.path()).path).unwrap();
        // They ask for functions that other programs bring.
        let triggers =
            "SELECT group_concat('DROP TRIGGER \"' || name || '\"', ';') FROM sqlite_schema WHERE type = 'trigger'";
        let triggers: String = connection.query_row(triggers, [], |row| row.get(0)).unwrap();
        connection.execute_batch(&triggers).unwrap();
        connection.execute("DELETE FROM lcsd_points WHERE fid = 2000", []).unwrap();
        connection.execute("INSERT INTO lcsd_points (feature_id) VALUES (9999)", []).unwrap();
        assert_eq!(connection.last_insert_rowid(), 2_001);
    }
}
