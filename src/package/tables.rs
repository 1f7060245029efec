//! The tables that make an SQLite file a GeoPackage 1.3 (OGC 12-128r17) that GDAL, QGIS and
//! ArcGIS open at once: the specification's own, its R-tree and schema extensions, and GDAL's
//! table of counts.

use super::names::{GEOMETRY_COLUMN, ROW_COLUMN, quoted, rtree_name};

/// `GPKG`, §1.1.1.1.1.
pub const APPLICATION_ID: i32 = 0x4750_4B47;
/// Version 1.3.0.
pub const USER_VERSION: i32 = 10_300;
/// EPSG:4326; coordinates in a package are always longitude, latitude.
pub const SRS_ID: i32 = 4326;

/// Everything but the feature table itself.
pub const CORE: &str = r#"
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL,
  description TEXT
);
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  data_type TEXT NOT NULL,
  identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL,
  m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
CREATE TABLE gpkg_extensions (
  table_name TEXT,
  column_name TEXT,
  extension_name TEXT NOT NULL,
  definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  name TEXT,
  title TEXT,
  description TEXT,
  mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL,
  constraint_type TEXT NOT NULL,
  value TEXT,
  min NUMERIC,
  min_is_inclusive BOOLEAN,
  max NUMERIC,
  max_is_inclusive BOOLEAN,
  description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write');
CREATE TABLE gpkg_ogr_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  feature_count INTEGER DEFAULT NULL
);
"#;

/// The R-tree's triggers as Annex F.3 of the specification words them, and GDAL's for its counts.
/// They are made after the rows, and keep the package right in the hands of whoever edits a copy.
pub fn triggers(table: &str) -> String {
    let rtree = rtree_name(table);
    let (t, r, c, i) = (quoted(table), quoted(&rtree), quoted(GEOMETRY_COLUMN), quoted(ROW_COLUMN));
    let name = |suffix: &str| quoted(&format!("{rtree}_{suffix}"));
    let row = format!("NEW.{i}, ST_MinX(NEW.{c}), ST_MaxX(NEW.{c}), ST_MinY(NEW.{c}), ST_MaxY(NEW.{c})");
    let has = format!("(NEW.{c} NOTNULL AND NOT ST_IsEmpty(NEW.{c}))");
    let lacks = format!("(NEW.{c} ISNULL OR ST_IsEmpty(NEW.{c}))");
    format!(
        "CREATE TRIGGER {insert} AFTER INSERT ON {t} WHEN (new.{c} NOT NULL AND NOT ST_IsEmpty(NEW.{c})) \
         BEGIN INSERT OR REPLACE INTO {r} VALUES ({row}); END;
         CREATE TRIGGER {update1} AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {has} \
         BEGIN INSERT OR REPLACE INTO {r} VALUES ({row}); END;
         CREATE TRIGGER {update2} AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {lacks} \
         BEGIN DELETE FROM {r} WHERE id = OLD.{i}; END;
         CREATE TRIGGER {update3} AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {has} \
         BEGIN DELETE FROM {r} WHERE id = OLD.{i}; INSERT OR REPLACE INTO {r} VALUES ({row}); END;
         CREATE TRIGGER {update4} AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {lacks} \
         BEGIN DELETE FROM {r} WHERE id IN (OLD.{i}, NEW.{i}); END;
         CREATE TRIGGER {delete} AFTER DELETE ON {t} WHEN old.{c} NOT NULL \
         BEGIN DELETE FROM {r} WHERE id = OLD.{i}; END;",
        insert = name("insert"),
        update1 = name("update1"),
        update2 = name("update2"),
        update3 = name("update3"),
        update4 = name("update4"),
        delete = name("delete"),
    )
}

/// GDAL's own triggers, which keep the number of features right in an edited copy.
pub fn count_triggers(table: &str) -> String {
    let t = quoted(table);
    let insert = quoted(&format!("trigger_insert_feature_count_{table}"));
    let delete = quoted(&format!("trigger_delete_feature_count_{table}"));
    // Table names hold only a-z, 0-9 and "_", so they may stand in an SQL string as they are.
    format!(
        "CREATE TRIGGER {insert} AFTER INSERT ON {t} BEGIN UPDATE gpkg_ogr_contents \
         SET feature_count = feature_count + 1 WHERE lower(table_name) = lower('{table}'); END;
         CREATE TRIGGER {delete} AFTER DELETE ON {t} BEGIN UPDATE gpkg_ogr_contents \
         SET feature_count = feature_count - 1 WHERE lower(table_name) = lower('{table}'); END;"
    )
}
