//! From definitions to published revisions, by the real programs: what is published, what stays
//! published, what is refused and how.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;

use support::{Workspace, made, run, shared_path, tree, wait_until};

const POINTS: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n";

#[test]
fn an_empty_folder_is_served_and_told_what_to_do() {
    let workspace = Workspace::default();
    let server = workspace.serve();
    assert_eq!(server.json("/collections")["collections"].as_array().unwrap().len(), 1, "the catalogue alone");
    assert!(server.page("/").contains("causeway ingest"));
    std::fs::create_dir_all(workspace.layers()).unwrap();
    let said = workspace.ingest().stderr;
    assert!(said.contains("holds no layer definition") && said.contains("<department>/<name>/layer.toml"), "{said}");
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    let first = workspace.ingest();
    assert!(first.stderr.contains("read 2, kept 2, rejected 0"), "{}", first.stderr);
    let revision = workspace.revision("afcd-points");
    let second = workspace.ingest();
    assert!(second.stderr.contains("unchanged afcd-points"), "{}", second.stderr);
    assert_eq!(workspace.revision("afcd-points"), revision);
    let third = workspace.causeway(&["--json", "ingest"]);
    assert_eq!(third.json_lines()[0]["unchanged"], revision);
}

/// SQLite's names know no case, and the R-tree has columns of its own.
#[test]
fn a_field_may_have_any_name() {
    let workspace = Workspace::default();
    let csv = "ID,MinX,maxy,fid,rowid,geom,\"a \"\"b\"\"; DROP TABLE x\",lon,lat\n1,2,3,4,5,6,7,114.16,22.28\n";
    workspace.define("afcd/names", &[("names.csv", csv.as_bytes())], "");
    workspace.ingest();
    let server = workspace.serve();
    let feature = &server.json("/collections/afcd-names/items?ID=1&fid=4")["features"][0];
    assert_eq!(feature["properties"]["a \"b\"; DROP TABLE x"], 7);
    assert_eq!(server.get("/xyz/afcd-names/0/0/0.mvt").status(), 200);
}

#[test]
fn the_data_folder_may_be_named_from_where_one_stands() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    let ran = run(support::causeway("data".as_ref(), &workspace.layers()).arg("ingest").current_dir(&workspace.folder));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!workspace.revision("afcd-points").is_empty());
}

#[test]
fn a_new_revision_is_served_without_a_restart() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    workspace.ingest();
    let server = workspace.serve();
    let before = server.json("/collections/afcd-points/items");
    assert_eq!(before["numberMatched"], 2);
    let walk = server.json("/collections/afcd-points/items?limit=1");
    let next = walk["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").unwrap()["href"].clone();

    let more = format!("{POINTS}3,Park,114.17,22.29\n");
    workspace.define("afcd/points", &[("points.csv", more.as_bytes())], "");
    workspace.ingest();
    wait_until(|| server.json("/collections/afcd-points/items")["numberMatched"] == 3);

    // A walk that began on the older revision ends on it.
    let path = next.as_str().unwrap().strip_prefix(server.base.as_str()).unwrap();
    let rest = server.json(path);
    assert_eq!(rest["numberMatched"], 2);
    assert_eq!(rest["numberReturned"], 1);
}

#[test]
fn what_was_published_stays_when_the_next_delivery_is_refused() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    workspace.ingest();
    let revision = workspace.revision("afcd-points");
    for (name, bytes, part) in [
        ("points.csv", &b"key,name\n1,Pier\n"[..], "no columns named Easting and Northing"),
        ("points.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":", "points.geojson"),
        ("points.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[]}", "no features"),
        ("points.dwg", b"AC1027", ".dwg"),
        ("points.shp", b"not a shapefile", "points.shp"),
    ] {
        workspace.define("afcd/points", &[(name, bytes)], "");
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, 3, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{name}: {}", ran.stderr);
        assert_eq!(workspace.revision("afcd-points"), revision, "{name}");
    }
    let staging = std::fs::read_dir(workspace.data().join("staging")).unwrap().count();
    assert_eq!(staging, 0, "nothing half-made is left");
}

#[test]
fn a_definition_with_a_fault_is_refused_with_its_place_and_the_others_are_taken_in() {
    let workspace = Workspace::default();
    workspace.define("afcd/good", &[("points.csv", POINTS.as_bytes())], "");
    workspace.define("afcd/typo", &[("points.csv", POINTS.as_bytes())], "enconding = \"utf-8\"\n");
    workspace.define("afcd/unknown", &[("points.csv", POINTS.as_bytes())], "[identity]\nkey = \"kee\"\n");
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("afcd/typo/layer.toml:11:1: unknown field \"enconding\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("names the field \"kee\" in [identity] key"), "{}", ran.stderr);
    assert!(!workspace.revision("afcd-good").is_empty());
    assert!(!workspace.data().join("layers/afcd-typo/current").exists());
}

#[test]
fn a_layer_that_nobody_defined_is_wrong_usage() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    let ran = workspace.causeway(&["ingest", "afcd-pionts"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("\"afcd-pionts\"") && ran.stderr.contains("afcd-points"), "{}", ran.stderr);
}

#[test]
fn a_bare_file_is_served_but_not_catalogued() {
    let workspace = Workspace::default();
    let file = made("grid.geojson");
    let ran = workspace.causeway(&["ingest", "--source", file.to_str().unwrap(), "--class", "open"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let server = workspace.serve();
    assert!(server.json("/collections/local-grid/items")["numberMatched"].as_u64().unwrap() > 0);
    assert_eq!(server.json("/collections/catalogue/items")["numberMatched"], 0);
    let unclassed = workspace.causeway(&["ingest", "--source", file.to_str().unwrap()]);
    assert_eq!(unclassed.status, 2, "a file without a class is refused before it is opened");
}

#[test]
fn a_layer_that_is_not_open_is_nowhere() {
    let workspace = Workspace::default();
    let folder = workspace.define("afcd/secret", &[("points.csv", POINTS.as_bytes())], "");
    let definition = std::fs::read_to_string(folder.join("layer.toml")).unwrap();
    std::fs::write(folder.join("layer.toml"), definition.replace("class = \"open\"", "class = \"restricted\""))
        .unwrap();
    workspace.ingest();
    let server = workspace.serve();
    for path in [
        "/collections/afcd-secret",
        "/collections/afcd-secret/items",
        "/collections/afcd-secret/queryables",
        "/xyz/afcd-secret/0/0/0.mvt",
        "/tilejson/afcd-secret.json",
        "/styles/afcd-secret",
        "/collections/catalogue/items/afcd-secret",
    ] {
        assert_eq!(server.get(path).status(), 404, "{path}");
    }
    for path in ["/", "/collections", "/api", "/styles", "/collections/catalogue/items", "/suggest?q=made"] {
        for accept in ["application/json", "text/html"] {
            let answer = server.request(reqwest::Method::GET, path).header("accept", accept).send().unwrap();
            assert!(!answer.text().unwrap().contains("afcd-secret"), "{path} {accept}");
        }
    }
}

#[test]
fn ids_follow_the_key_and_not_the_order_of_the_delivery() {
    let workspace = Workspace::default();
    let id_of = |csv: &str| -> std::collections::BTreeMap<String, u64> {
        workspace.define("afcd/points", &[("points.csv", csv.as_bytes())], "[identity]\nkey = \"code\"\n");
        workspace.ingest();
        let package = workspace.package("afcd-points");
        let mut rows = package.prepare("SELECT code, feature_id FROM afcd_points").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))).unwrap().map(Result::unwrap).collect()
    };
    let first = id_of("code,lon,lat\nA1,114.16,22.28\nB2,114.15,22.27\nC3,114.10,22.30\n");
    let second = id_of("code,lon,lat\nC3,114.10,22.30\nD4,114.11,22.31\nA1,114.161,22.281\n");
    assert_eq!(first["A1"], second["A1"], "a point that moved keeps its id");
    assert_eq!(first["C3"], second["C3"]);
    assert!(first.values().all(|id| *id < 1 << 53));
}

#[test]
fn the_package_is_a_geopackage_with_envelopes_an_index_and_titles() {
    let workspace = Workspace::default();
    workspace.take_from_tree("had/districts-18");
    workspace.ingest();
    let package = workspace.package("had-districts-18");
    let one = |sql: &str| -> i64 { package.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("PRAGMA application_id"), 0x4750_4B47);
    assert_eq!(one("PRAGMA user_version"), 10_300);
    assert_eq!(one("SELECT count(*) FROM had_districts_18"), 18);
    assert_eq!(one("SELECT count(*) FROM rtree_had_districts_18_geom"), 18);
    assert_eq!(one("SELECT feature_count FROM gpkg_ogr_contents"), 18);
    assert_eq!(one("SELECT srs_id FROM gpkg_contents"), 4326);
    assert!(one("SELECT count(*) FROM gpkg_data_columns WHERE title <> ''") >= 3);
    // Bit 1 of the flags: an envelope of x and y.
    assert_eq!(one("SELECT count(*) FROM had_districts_18 WHERE hex(substr(geom, 4, 1)) = '03'"), 18);
    let names: Vec<String> = package
        .prepare("SELECT \"地區\" FROM had_districts_18")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(names.contains(&"油尖旺".to_owned()), "{names:?}");
}

#[test]
fn the_constituencies_of_2001_become_a_layer_as_the_department_left_them() {
    let test = "the_constituencies_of_2001_become_a_layer_as_the_department_left_them";
    let Some(folder) = shared_path(test, "hk/csd-dcca-2001") else { return };
    let workspace = Workspace::default();
    let shp = folder.join("dcca.shp");
    let ran = workspace.causeway(&[
        "ingest",
        "--source",
        shp.to_str().unwrap(),
        "--class",
        "open",
        "--layer",
        "censtatd-dcca-2001",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("read 390, kept 390, rejected 0"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Big5-HKSCS") && ran.stderr.contains("EPSG:2326"), "{}", ran.stderr);
    let server = workspace.serve();
    let items = server.json("/collections/censtatd-dcca-2001/items?limit=1000");
    assert_eq!(items["numberMatched"], 390);
    let names: String = items["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["properties"]["DCCA_CHIN"].as_str().unwrap())
        .collect();
    for lost_by_cp950 in ['邨', '鰂', '脷', '栢', '綉'] {
        assert!(names.contains(lost_by_cp950), "{lost_by_cp950}");
    }
    let extent = &server.json("/collections/censtatd-dcca-2001")["extent"]["spatial"]["bbox"][0];
    for (found, expected) in extent.as_array().unwrap().iter().zip([113.8172, 22.1367, 114.5025, 22.5683]) {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-4, "{extent}");
    }
}

#[test]
fn the_made_twin_of_that_shapefile_proves_the_same_from_a_clone() {
    let workspace = Workspace::default();
    let shp = made("hkscs/estates.shp");
    let ran = workspace.causeway(&["ingest", "--source", shp.to_str().unwrap(), "--class", "open"]);
    assert_eq!(ran.status, 3, "one of five is a bow tie, of which nobody knows the area: {}", ran.stderr);
    assert!(ran.stderr.contains("row 5") && ran.stderr.contains("rejected_percent"), "{}", ran.stderr);
    let file = |name: &str| std::fs::read(made("hkscs").join(name)).unwrap();
    let (shapes, table) = (file("estates.shp"), file("estates.dbf"));
    let files = [("estates.shp", shapes.as_slice()), ("estates.dbf", table.as_slice())];
    workspace.define("hkpo/estates", &files, "[gates]\nrejected_percent = 20.0\n");
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("read 5, kept 4, rejected 1"), "{}", ran.stderr);
    let server = workspace.serve();
    let names = server.json("/collections/hkpo-estates/items").to_string();
    for lost_by_cp950 in ['邨', '鰂', '脷'] {
        assert!(names.contains(lost_by_cp950), "{lost_by_cp950}: {names}");
    }
}

#[test]
fn the_eighteen_districts_of_an_orphan_table_keep_their_names_beside_their_shapes() {
    let test = "the_eighteen_districts_of_an_orphan_table_keep_their_names_beside_their_shapes";
    let (Some(table), Some(shapes)) = (
        shared_path(test, "hk/csd-dc-land-2001-dbf-only/dc_land.dbf"),
        shared_path(test, "hk/csd-dc-2001-geometry-only/dc.shp"),
    ) else {
        return;
    };
    // Alone the table is refused; beside the shapes that its department made for it, it is read.
    let workspace = Workspace::default();
    let alone = workspace.causeway(&["ingest", "--source", table.to_str().unwrap(), "--class", "open"]);
    assert_eq!(alone.status, 3, "{}", alone.stderr);
    let joined = workspace.folder.join("dc.shp");
    std::fs::copy(&shapes, &joined).unwrap();
    std::fs::copy(&table, joined.with_extension("dbf")).unwrap();
    let ran = workspace.causeway(&["ingest", "--source", joined.to_str().unwrap(), "--class", "open"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let server = workspace.serve();
    let items = server.json("/collections/local-dc/items");
    assert_eq!(items["numberMatched"], 18);
    assert!(items.to_string().contains("深水埗區"), "{items}");
}

/// Damage to a published file is found when it is read again, and nothing of it is served as good.
#[test]
fn a_revision_that_was_damaged_on_disk_is_not_loaded() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    workspace.ingest();
    let folder = workspace.data().join("layers/afcd-points").join(workspace.revision("afcd-points"));
    let record = folder.join("record.json");
    std::fs::set_permissions(&record, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&record, "{").unwrap();
    let server = workspace.serve();
    assert_eq!(server.get("/collections/afcd-points").status(), 404);
    assert_eq!(server.json("/readyz")["layers"], 0);
}

#[test]
fn the_server_program_links_no_gdal() {
    let listed = run(std::process::Command::new("ldd").arg(env!("CARGO_BIN_EXE_causeway")));
    assert!(listed.stdout.contains("libc.so"), "{listed:?}");
    for library in ["libgdal", "libproj", "libgeos", "libsqlite3"] {
        assert!(!listed.stdout.contains(library), "{library}");
    }
}

/// Layer, features, west, south, east, north, by hand from the accounts of where the files came
/// from, never from our own manifest.
const TREE: &str = include_str!("data/tree.tsv");

#[test]
fn every_layer_of_this_tree_has_the_features_that_its_origin_counts() {
    let data = tempfile::tempdir().unwrap();
    let ran = run(support::causeway(data.path(), &tree("layers")).args(["--json", "ingest"]));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mut published = ran.json_lines();
    // The other lines say which files were made of a layer.
    published.retain(|line| line["published"].is_string());
    let expected: Vec<Vec<&str>> =
        TREE.lines().skip(1).filter(|line| !line.is_empty()).map(|line| line.split('\t').collect()).collect();
    assert_eq!(published.len(), expected.len(), "tests/data/tree.tsv lists every layer");
    for row in expected {
        let layer = row[0];
        let line = published.iter().find(|line| line["layer"] == layer).unwrap_or_else(|| panic!("no layer {layer}"));
        let record = &line["record"];
        assert_eq!(record["counts"]["kept"].to_string(), row[1], "{layer}");
        assert_eq!(record["counts"]["rejected"], 0, "{layer}");
        for (edge, place) in [("west", 0), ("south", 1), ("east", 2), ("north", 3)] {
            let found = record["extent"][place].as_f64().unwrap();
            let wanted: f64 = row[2 + place].parse().unwrap();
            assert!((found - wanted).abs() <= 1e-4, "{layer} {edge}: {found} is not {wanted}");
        }
    }
}

#[test]
fn the_tree_holds_layers_of_many_departments_and_stays_small() {
    let rows: Vec<&str> = TREE.lines().skip(1).filter(|line| !line.is_empty()).collect();
    let departments: std::collections::BTreeSet<&str> = rows.iter().filter_map(|row| row.split('-').next()).collect();
    assert!(rows.len() >= 30 && departments.len() >= 12, "{} of {}", rows.len(), departments.len());
}

/// What a machine can know is filled in; with the rest filled by a person the draft is taken in.
#[test]
fn a_drafted_definition_lacks_only_what_a_person_knows() {
    for (place, file, parts) in [
        (
            "lcsd/drafted",
            tree("layers/lcsd/libraries/Libraries.geojson"),
            ["key = \"GMID\"", "no_data = [\"N.A.\"", "\"設施名稱\""],
        ),
        ("censtatd/drafted", made("libraries-utf16.csv"), ["UTF-16", "EPSG:2326", "[fields]"]),
    ] {
        let workspace = Workspace::default();
        let described = workspace.causeway(&["describe", file.to_str().unwrap()]);
        assert_eq!(described.status, 0, "{}", described.stderr);
        for part in parts {
            assert!(described.stdout.contains(part), "{part}: {}", described.stdout);
        }
        let name = file.file_name().unwrap().to_str().unwrap();
        let folder = workspace.define(place, &[(name, &std::fs::read(&file).unwrap())], "");
        std::fs::write(folder.join("layer.toml"), &described.stdout).unwrap();
        assert_eq!(workspace.causeway(&["ingest"]).status, 3, "a draft is no definition");
        let filled = described
            .stdout
            .replace("class = \"\"", "class = \"open\"")
            .replace("theme = \"\"", "theme = \"education\"")
            .replace("licence = \"\"", "licence = \"data.gov.hk\"")
            .replace("frequency = \"\"", "frequency = \"unknown\"")
            .replace("en = \"\"", "en = \"Words\"")
            .replace("zh-Hant = \"\"", "zh-Hant = \"文字\"")
            .replace("en = []", "en = [\"word\"]")
            .replace("zh-Hant = []", "zh-Hant = [\"文字\"]");
        std::fs::write(folder.join("layer.toml"), filled).unwrap();
        workspace.ingest();
    }
    let workspace = Workspace::default();
    let refused = workspace.causeway(&["describe", tree("README.md").to_str().unwrap()]);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains(".md"), "{}", refused.stderr);
}

#[test]
fn a_watching_ingest_takes_in_what_changes() {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    let mut watching = support::causeway(&workspace.data(), &workspace.layers())
        .args(["ingest", "--watch"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let features = |count: i64| {
        move |workspace: &Workspace| {
            let current = workspace.data().join("layers/afcd-points/current");
            let counted = || {
                let rows = workspace.package("afcd-points");
                rows.query_row("SELECT count(*) FROM afcd_points", [], |row| row.get::<_, i64>(0)).unwrap()
            };
            current.exists() && counted() == count
        }
    };
    wait_until(|| features(2)(&workspace));
    let more = format!("{POINTS}3,Park,114.17,22.29\n");
    workspace.define("afcd/points", &[("points.csv", more.as_bytes())], "");
    wait_until(|| features(3)(&workspace));
    workspace.define("afcd/more", &[("points.csv", POINTS.as_bytes())], "");
    wait_until(|| workspace.data().join("layers/afcd-more/current").exists());

    // 56: a definition with a fault leaves what is published, and the rest is watched on.
    let definition = workspace.layers().join("afcd/points/layer.toml");
    let sound = std::fs::read_to_string(&definition).unwrap();
    std::fs::write(&definition, sound.replace("files", "flies")).unwrap();
    let published = workspace.revision("afcd-points");
    workspace.define("afcd/later", &[("points.csv", POINTS.as_bytes())], "");
    wait_until(|| workspace.data().join("layers/afcd-later/current").exists());
    assert_eq!(workspace.revision("afcd-points"), published);
    assert_eq!(workspace.serve().json("/collections/afcd-points/items")["numberMatched"], 3);
    std::fs::write(&definition, &sound).unwrap();
    workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    wait_until(|| features(2)(&workspace));
    watching.kill().unwrap();
    watching.wait().unwrap();
}
