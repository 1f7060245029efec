//! Reading a published package: one read-only connection that nothing can widen.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, ToSql, params, params_from_iter};

use super::build::sqlite_error;
use super::functions::{Stop, add_functions};
use super::names::{GEOMETRY_COLUMN, ID_COLUMN, ROW_COLUMN, quoted, rtree_name, table_name};
use super::tree::Tree;
use super::word_file::{WORD_COLUMN, WORD_TABLE, WordIndex};
use super::{BuiltPackage, PackageError, PackageFile, Row, TILE_FILE, TileFile};
use crate::access::PermittedLayer;
use crate::base::{BBox, GeometryKind, LayerId, Schema, Value, limits};

/// SQLite instructions between two looks at the clock: under 1 % of the work.
pub const STEP_INSTRUCTIONS: i32 = 1_000;

/// How many steps a statement may still take, where their number is bounded.
struct Steps(AtomicI64);

impl Default for Steps {
    fn default() -> Self {
        Steps(AtomicI64::new(i64::MAX))
    }
}

impl Steps {
    fn allow(&self, steps: Option<u32>) {
        self.0.store(steps.map_or(i64::MAX, i64::from), Ordering::Relaxed);
    }

    /// Takes one step.
    fn are_used_up(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 0
    }

    fn are_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) < 0
    }
}

/// An open package. Only those who show a permit, as [`super::Pool`] does, and ingest, which has
/// just built the file, can make one.
pub struct OpenPackage {
    pub(super) connection: Connection,
    package: Arc<PackageFile>,
    table: String,
    rtree: String,
    /// The tree as ingest packs it.
    pub(super) tree: Option<Tree>,
    columns: String,
    stop: Stop,
    steps: Arc<Steps>,
    visit_box_sql: String,
    /// Ends as `visit_box_sql` and has one more condition.
    visit_share_sql: String,
    weigh_box_sql: String,
    visit_place_sql: String,
    /// The baked tiles beside the package, opened when a tile is first asked for.
    tiles: OnceCell<Option<TileFile>>,
    words: Option<WordIndex>,
}

/// The rows whose box touches a box, and the bytes of their geometries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxLoad {
    pub features: u64,
    pub geometry_bytes: u64,
}

impl OpenPackage {
    pub(super) fn open(package: Arc<PackageFile>) -> Result<Self, PackageError> {
        let fail = sqlite_error(&package.path);
        let mut connection = connect(&package.path).map_err(&fail)?;
        let words = WordIndex::attach(&connection, &package.path)?;
        let stop = Stop::default();
        add_functions(&connection, &stop).map_err(&fail)?;
        let table = table_name(&package.layer);
        // Qualified, because a department's field may be called ID, which the R-tree has too.
        let columns = [ID_COLUMN, ROW_COLUMN, GEOMETRY_COLUMN]
            .into_iter()
            .chain(package.schema.fields.iter().map(|field| field.column.as_str()))
            .map(|column| format!("t.{}", quoted(column)))
            .collect::<Vec<_>>()
            .join(", ");
        let tree = match package.schema.geometry {
            GeometryKind::None => None,
            _ => Tree::open(&connection, &rtree_name(&table)).map_err(&fail)?,
        };
        let (rtree, table, place) = (quoted(&rtree_name(&table)), quoted(&table), quoted(ROW_COLUMN));
        // CROSS JOIN fixes the order: the tree first, then each row by its place. The length of a
        // blob is known without reading it.
        let in_box = format!(
            "FROM {rtree} AS r CROSS JOIN {table} AS t ON t.{place} = r.id \
             WHERE r.maxx >= ?1 AND r.minx <= ?3 AND r.maxy >= ?2 AND r.miny <= ?4 AND length(t.{}) <= ?5",
            quoted(GEOMETRY_COLUMN)
        );
        let visit_box_sql = format!("SELECT {columns} {in_box}");
        let steps: Arc<Steps> = Arc::default();
        let looks = Arc::clone(&steps);
        connection.progress_handler(STEP_INSTRUCTIONS, Some(move || looks.are_used_up())).map_err(&fail)?;
        Ok(OpenPackage {
            // Knuth's multiplicative hash of the id: of 31 bits, so that no product leaves 64.
            visit_share_sql: format!(
                "{visit_box_sql} AND (((t.{} & 2147483647) * 2654435761) >> 16) & 65535 < ?6",
                quoted(ID_COLUMN)
            ),
            weigh_box_sql: format!(
                "SELECT count(*), coalesce(sum(min(length(t.{}), ?6)), 0) {in_box}",
                quoted(GEOMETRY_COLUMN)
            ),
            visit_box_sql,
            visit_place_sql: format!("SELECT {columns} FROM {table} AS t WHERE t.{place} = ?"),
            tiles: OnceCell::new(),
            words,
            connection,
            rtree,
            tree,
            table,
            columns,
            package,
            stop,
            steps,
        })
    }

    /// Opens a published package for those who work on it alone, without a deadline.
    pub fn open_permitted(permit: &PermittedLayer, package: &Arc<PackageFile>) -> Result<Self, PackageError> {
        match permit.layer() == &package.layer {
            true => OpenPackage::open(Arc::clone(package)),
            false => Err(PackageError::Unsound {
                path: package.path.clone(),
                message: format!("a permit for {} was shown for {}", permit.layer(), package.layer),
            }),
        }
    }

    /// Opens a package that was just built, before it is published.
    pub fn open_built(
        built: &BuiltPackage,
        layer: &LayerId,
        revision: crate::base::RevisionId,
        schema: Arc<Schema>,
    ) -> Result<Self, PackageError> {
        OpenPackage::open(Arc::new(PackageFile {
            layer: layer.clone(),
            revision,
            path: built.path.clone(),
            schema,
            features: built.rows,
        }))
    }

    pub fn package(&self) -> &Arc<PackageFile> {
        &self.package
    }

    /// The feature table, quoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The R-tree, quoted: `id, minx, maxx, miny, maxy`.
    pub fn rtree(&self) -> &str {
        &self.rtree
    }

    /// The column of a field, quoted.
    pub fn column(&self, field: usize) -> String {
        quoted(&self.package.schema.fields[field].column)
    }

    /// Makes every statement give up as soon as `is_over` says so: between SQLite's instructions,
    /// and before each relation of two geometries, which is one instruction and may take long.
    pub(super) fn stop_when(
        &mut self,
        is_over: impl Fn() -> bool + Clone + Send + Sync + 'static,
    ) -> Result<(), PackageError> {
        self.stop.set(is_over.clone());
        let steps = Arc::clone(&self.steps);
        let looks = move || steps.are_used_up() || is_over();
        self.connection.progress_handler(STEP_INSTRUCTIONS, Some(looks)).map_err(sqlite_error(&self.package.path))
    }

    /// Runs `SELECT <every column> FROM <table> <rest>`, where `rest` holds only names from
    /// [`OpenPackage::column`] and its like and every value is a parameter.
    pub fn select(
        &self,
        rest: &str,
        parameters: &[&dyn ToSql],
        mut visit: impl FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), PackageError> {
        let fail = sqlite_error(&self.package.path);
        let sql = format!("SELECT {} FROM {} AS t {rest}", self.columns, self.table);
        let mut statement = self.connection.prepare_cached(&sql).map_err(&fail)?;
        let mut rows = statement.query(params_from_iter(parameters)).map_err(&fail)?;
        while let Some(sql_row) = rows.next().map_err(&fail)? {
            if visit(&Row::new(sql_row, &self.package.schema)).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Counts the rows of `SELECT … FROM <table> <rest>`, but stops at `most`.
    pub fn count_to(&self, rest: &str, parameters: &[&dyn ToSql], most: u64) -> Result<u64, PackageError> {
        let fail = sqlite_error(&self.package.path);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {} AS t {rest} LIMIT {most})", self.table);
        let count: i64 = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(parameters), |row| row.get(0)))
            .map_err(&fail)?;
        Ok(count.unsigned_abs())
    }

    /// As [`OpenPackage::count_to`] without end, but only as far as so many steps of
    /// [`STEP_INSTRUCTIONS`] go; `None` beyond. The same rows and the same statement need the same
    /// steps, give or take one, however busy the machine is.
    pub fn count_within(&self, steps: u32, rest: &str, parameters: &[&dyn ToSql]) -> Result<Option<u64>, PackageError> {
        self.steps.allow(Some(steps));
        let counted = self.count_to(rest, parameters, limits::FEATURES_MAX);
        let is_cut_short = self.steps.are_spent();
        self.steps.allow(None);
        match counted {
            Err(PackageError::Interrupted) if is_cut_short => Ok(None),
            counted => counted.map(Some),
        }
    }

    /// Runs `SELECT <columns> FROM <table> <rest>` for columns that are no fields, such as sums, and
    /// turns each row's values into something.
    pub fn select_values<T>(
        &self,
        columns: &[String],
        rest: &str,
        parameters: &[&dyn ToSql],
        make: impl Fn(&[Value]) -> T,
    ) -> Result<Vec<T>, PackageError> {
        let fail = sqlite_error(&self.package.path);
        let sql = format!("SELECT {} FROM {} AS t {rest}", columns.join(", "), self.table);
        let mut statement = self.connection.prepare_cached(&sql).map_err(&fail)?;
        let mut rows = statement.query(params_from_iter(parameters)).map_err(&fail)?;
        let mut made = Vec::new();
        while let Some(row) = rows.next().map_err(&fail)? {
            let value = |place| row.get_ref(place).map(value_of);
            let values: Vec<Value> = (0..columns.len()).map(value).collect::<Result<_, _>>().map_err(&fail)?;
            made.push(make(&values));
        }
        Ok(made)
    }

    /// Rows without a value in a field.
    pub fn count_empty(&self, field: usize) -> Result<u64, PackageError> {
        self.count_to(&format!("WHERE {} IS NULL", self.column(field)), &[], limits::FEATURES_MAX)
    }

    /// Values of a field that more than one row has.
    pub fn count_repeated_values(&self, field: usize) -> Result<u64, PackageError> {
        let column = self.column(field);
        let rest = format!("WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(*) > 1");
        self.count_to(&rest, &[], limits::FEATURES_MAX)
    }

    /// Rows whose value in a field, as text, is none of these.
    pub fn count_values_beside(&self, field: usize, allowed: &[String]) -> Result<u64, PackageError> {
        let column = self.column(field);
        let places = vec!["?"; allowed.len()].join(", ");
        let rest = format!("WHERE {column} IS NOT NULL AND CAST({column} AS TEXT) NOT IN ({places})");
        let values: Vec<&dyn ToSql> = allowed.iter().map(|value| value as &dyn ToSql).collect();
        self.count_to(&rest, &values, limits::FEATURES_MAX)
    }

    /// Visits every row whose box touches `bbox`, in the order of the package.
    /// The R-tree keeps 32-bit floats rounded outward: the caller tests the exact box again.
    pub fn visit_box(&self, bbox: &BBox, visit: impl FnMut(&Row<'_>) -> ControlFlow<()>) -> Result<(), PackageError> {
        self.visit_box_share(bbox, i64::MAX as u64, 1.0, visit)
    }

    /// As [`OpenPackage::visit_box`], passing over rows whose geometry has more bytes, and only about a
    /// share of the others, from 0 to 1. Which ones depends on their ids alone, and those of a smaller
    /// share are among those of a larger. Nothing but the id is read of what is passed over.
    pub fn visit_box_share(
        &self,
        bbox: &BBox,
        geometry_bytes_max: u64,
        share: f64,
        mut visit: impl FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), PackageError> {
        /// The hash has 16 bits.
        const PARTS: f64 = 65_536.0;
        let fail = sqlite_error(&self.package.path);
        let [west, south, east, north] = bbox.to_array();
        let bytes_max = geometry_bytes_max as i64;
        let parts = (share * PARTS).ceil() as i64;
        let all: [&dyn ToSql; 6] = [&west, &south, &east, &north, &bytes_max, &parts];
        let (sql, parameters) = match share < 1.0 {
            true => (&self.visit_share_sql, &all[..]),
            false => (&self.visit_box_sql, &all[..5]),
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(&fail)?;
        let mut rows = statement.query(parameters).map_err(&fail)?;
        while let Some(sql_row) = rows.next().map_err(&fail)? {
            if visit(&Row::new(sql_row, &self.package.schema)).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What [`OpenPackage::visit_box_share`] would visit with a share of 1. A geometry of more bytes
    /// than `counted_bytes_max` counts as one of so many.
    pub fn weigh_box(
        &self,
        bbox: &BBox,
        geometry_bytes_max: u64,
        counted_bytes_max: u64,
    ) -> Result<BoxLoad, PackageError> {
        let [west, south, east, north] = bbox.to_array();
        self.connection
            .prepare_cached(&self.weigh_box_sql)
            .and_then(|mut statement| {
                let values = params![west, south, east, north, geometry_bytes_max as i64, counted_bytes_max as i64];
                statement.query_row(values, |row| {
                    Ok(BoxLoad {
                        features: row.get::<_, i64>(0)?.unsigned_abs(),
                        geometry_bytes: row.get::<_, i64>(1)?.unsigned_abs(),
                    })
                })
            })
            .map_err(sqlite_error(&self.package.path))
    }

    /// Visits rows by their places in the package, in the order given.
    pub fn visit_places(
        &self,
        places: impl IntoIterator<Item = i64>,
        mut visit: impl FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), PackageError> {
        let fail = sqlite_error(&self.package.path);
        let mut statement = self.connection.prepare_cached(&self.visit_place_sql).map_err(&fail)?;
        for place in places {
            let mut rows = statement.query([place]).map_err(&fail)?;
            if let Some(sql_row) = rows.next().map_err(&fail)?
                && visit(&Row::new(sql_row, &self.package.schema)).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// The words of the package's texts; `None` where none are kept.
    pub fn words(&self) -> Option<&WordIndex> {
        self.words.as_ref()
    }

    /// Rows that an expression finds in the index of words, but counting stops at `most`.
    pub fn count_words(&self, expression: &str, most: u64) -> Result<u64, PackageError> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {WORD_TABLE} WHERE {WORD_COLUMN} MATCH ? LIMIT {most})");
        let count: i64 = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row([expression], |row| row.get(0)))
            .map_err(sqlite_error(&self.package.path))?;
        Ok(count.unsigned_abs())
    }

    /// The baked tiles beside the package; `None` where it has none.
    pub fn tile_file(&self) -> Result<Option<&TileFile>, PackageError> {
        if let Some(opened) = self.tiles.get() {
            return Ok(opened.as_ref());
        }
        let opened = TileFile::open(&self.package.path.with_file_name(TILE_FILE))?;
        Ok(self.tiles.get_or_init(|| opened).as_ref())
    }
}

fn value_of(value: rusqlite::types::ValueRef<'_>) -> Value {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}

/// Visits the rows of two packages side by side in order of their public ids: those of one id
/// together, the others alone. Each is read once, through the index of its ids.
pub fn visit_both_by_id(
    first: &OpenPackage,
    second: &OpenPackage,
    mut visit: impl FnMut(Option<&Row<'_>>, Option<&Row<'_>>) -> ControlFlow<()>,
) -> Result<(), PackageError> {
    let statement_of = |package: &OpenPackage| {
        format!("SELECT {} FROM {} AS t ORDER BY t.{}", package.columns, package.table, quoted(ID_COLUMN))
    };
    let (fail_first, fail_second) = (sqlite_error(&first.package.path), sqlite_error(&second.package.path));
    let mut first_statement = first.connection.prepare_cached(&statement_of(first)).map_err(&fail_first)?;
    let mut second_statement = second.connection.prepare_cached(&statement_of(second)).map_err(&fail_second)?;
    let mut first_rows = first_statement.query([]).map_err(&fail_first)?;
    let mut second_rows = second_statement.query([]).map_err(&fail_second)?;
    first_rows.advance().map_err(&fail_first)?;
    second_rows.advance().map_err(&fail_second)?;
    loop {
        let left = first_rows.get().map(|row| Row::new(row, &first.package.schema));
        let right = second_rows.get().map(|row| Row::new(row, &second.package.schema));
        let (left, right) = match (left, right) {
            (None, None) => return Ok(()),
            (Some(left), Some(right)) if left.id() < right.id() => (Some(left), None),
            (Some(left), Some(right)) if left.id() > right.id() => (None, Some(right)),
            both => both,
        };
        if visit(left.as_ref(), right.as_ref()).is_break() {
            return Ok(());
        }
        let (had_left, had_right) = (left.is_some(), right.is_some());
        if had_left {
            first_rows.advance().map_err(&fail_first)?;
        }
        if had_right {
            second_rows.advance().map_err(&fail_second)?;
        }
    }
}

/// The longest filter with every name in quotes and written twice; values are parameters.
const SQL_BYTES_MAX: i32 = 1_000_000;

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        immutable_address(path),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // A file cut short under a memory map is a signal; by read it is one failed answer.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// `file:…?mode=ro&immutable=1`: a published file never changes, so SQLite may skip its locks,
/// which makes a look-up ten times quicker.
pub(super) fn immutable_address(path: &Path) -> String {
    const ESCAPED: percent_encoding::AsciiSet = percent_encoding::CONTROLS.add(b'?').add(b'#').add(b'%');
    let path = path.to_string_lossy();
    let escaped = percent_encoding::utf8_percent_encode(&path, &ESCAPED);
    format!("file:{escaped}?mode=ro&immutable=1")
}
