//! Whole files for taking away, as the real programs make and serve them.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use causeway::base::digest::Sha256Hex;
use reqwest::Method;
use serde_json::Value;
use support::{Server, Workspace, header};

const EVERY_FORMAT: &str = "\n[downloads]\nformats = [\"GeoPackage\", \"GeoJSON\", \"CSV\", \"Shapefile\", \"GML\", \"KML\", \"FlatGeobuf\", \"FileGDB\", \"PMTiles\"]\n";

/// Points with names that shapefiles cannot have, a formula, a text that is too long for one, and a
/// feature without a place.
fn made_points() -> String {
    let long = "長".repeat(100);
    format!(
        r#"{{"type":"FeatureCollection","features":[
{{"type":"Feature","properties":{{"Facility Name":"=1+1","Facility Type":"A","開放":true,"日期":"2026-11-24","n":1}},"geometry":{{"type":"Point","coordinates":[114.15,22.28]}}}},
{{"type":"Feature","properties":{{"Facility Name":"+852 2810 1234","Facility Type":"{long}","開放":false,"日期":null,"n":2}},"geometry":{{"type":"Point","coordinates":[114.25,22.38]}}}},
{{"type":"Feature","properties":{{"Facility Name":"no place","Facility Type":"B","開放":null,"日期":"2026-11-25","n":3}},"geometry":null}}
]}}"#
    )
}

fn made_areas(class: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[
{{"type":"Feature","properties":{{"word":"{class}"}},"geometry":{{"type":"Polygon","coordinates":[[[114.1,22.3],[114.2,22.3],[114.2,22.4],[114.1,22.3]]]}}}}
]}}"#
    )
}

const CANARY: &str = "zqcanary";

/// An open layer of points in every format, areas in the usual ones, a layer that is not open.
fn workspace() -> Workspace {
    let workspace = Workspace::kept("downloads");
    workspace.define("td/points", &[("points.geojson", made_points().as_bytes())], EVERY_FORMAT);
    workspace.define("td/areas", &[("areas.geojson", made_areas("x").as_bytes())], "");
    let secret = workspace.define("td/zqcanary", &[("areas.geojson", made_areas(CANARY).as_bytes())], "");
    let text = std::fs::read_to_string(secret.join("layer.toml")).unwrap();
    std::fs::write(secret.join("layer.toml"), text.replace("class = \"open\"", "class = \"restricted\"")).unwrap();
    workspace.ingest();
    workspace
}

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(workspace);

fn manifest(workspace: &Workspace, layer: &str) -> Value {
    let folder = workspace.data().join("layers").join(layer).join(format!("{}.downloads", workspace.revision(layer)));
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// Names and sizes of a layer's files as its manifest has them.
fn files(layer: &str) -> BTreeMap<String, u64> {
    let manifest = manifest(&WORKSPACE, layer);
    let file = |file: &Value| (file["name"].as_str().unwrap().to_owned(), file["bytes"].as_u64().unwrap());
    manifest["files"].as_array().unwrap().iter().map(file).collect()
}

fn bytes(server: &Server, path: &str) -> Vec<u8> {
    let response = server.get(path);
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().unwrap().to_vec()
}

#[test]
fn every_format_is_made_in_every_system_that_it_can_have() {
    let names: Vec<String> = files("td-points").into_keys().collect();
    assert_eq!(
        names,
        [
            "td-points-hk1980.csv",
            "td-points-hk1980.fgb",
            "td-points-hk1980.gdb.zip",
            "td-points-hk1980.gml.zip",
            "td-points-hk1980.gpkg",
            "td-points-hk1980.shp.zip",
            "td-points.csv",
            "td-points.fgb",
            "td-points.gdb.zip",
            "td-points.geojson",
            "td-points.gml.zip",
            "td-points.gpkg",
            "td-points.kml",
            "td-points.pmtiles",
            "td-points.shp.zip",
        ]
    );
    let usual: Vec<String> = files("td-areas").into_keys().collect();
    assert_eq!(
        usual,
        ["td-areas-hk1980.csv", "td-areas-hk1980.gpkg", "td-areas.csv", "td-areas.geojson", "td-areas.gpkg"]
    );
}

#[test]
fn what_is_served_is_what_the_manifest_says() {
    let server = WORKSPACE.serve();
    for file in manifest(&WORKSPACE, "td-points")["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let response = server.get(&format!("/downloads/td-points/{name}"));
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(header(&response, "etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));
        assert_eq!(header(&response, "content-type"), file["media_type"].as_str().unwrap());
        assert_eq!(header(&response, "content-disposition"), format!("attachment; filename=\"{name}\""));
        assert_eq!(header(&response, "accept-ranges"), "bytes");
        assert_eq!(header(&response, "content-length"), file["bytes"].to_string());
        assert_eq!(Sha256Hex::of_bytes(&response.bytes().unwrap()).as_str(), file["sha256"].as_str().unwrap());
    }
}

#[test]
fn a_part_that_is_asked_for_is_sent_and_a_thousand_are_the_whole() {
    let server = WORKSPACE.serve();
    let path = "/downloads/td-points/td-points.gpkg";
    let whole = bytes(&server, path);
    let length = whole.len();
    let etag = header(&server.get(path), "etag");
    let thousand =
        format!("bytes={}", (0..1000).map(|at| format!("{}-{}", 2 * at, 2 * at)).collect::<Vec<_>>().join(","));
    let get = |range: &str, if_range: Option<&str>| {
        let mut request = server.request(Method::GET, path).header("range", range);
        if let Some(tag) = if_range {
            request = request.header("if-range", tag);
        }
        request.send().unwrap()
    };
    for (range, if_range, from, to) in [
        ("bytes=0-99", None, 0, 100),
        ("bytes=100-", None, 100, length),
        ("bytes=-10", None, length - 10, length),
        ("bytes=5-5", Some(etag.as_str()), 5, 6),
        ("bytes=0-999999999", None, 0, length),
    ] {
        let response = get(range, if_range);
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), format!("bytes {from}-{}/{length}", to - 1), "{range}");
        assert_eq!(response.bytes().unwrap(), whole[from..to], "{range}");
    }
    for (range, if_range) in [
        (thousand.as_str(), None),
        ("bytes=0-1,3-4", None),
        ("bytes=x", None),
        ("bytes=9-1", None),
        ("bytes=0-99", Some("\"another state\"")),
    ] {
        let response = get(range, if_range);
        assert_eq!(response.status(), 200, "{range} {if_range:?}");
        assert_eq!(response.bytes().unwrap(), whole, "{range}");
    }
    let beyond = get(&format!("bytes={length}-"), None);
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-range"), format!("bytes */{length}"));
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_stopped() {
    let server = WORKSPACE.serve();
    let path = "/downloads/td-points/td-points-hk1980.gpkg";
    let whole = bytes(&server, path);
    let etag = header(&server.get(path), "etag");
    let mut received: Vec<u8> = Vec::new();
    while received.len() < whole.len() {
        let last = (received.len() + 30_000).min(whole.len()) - 1;
        let range = format!("bytes={}-{last}", received.len());
        let part = server.request(Method::GET, path).header("range", range).header("if-range", &etag).send().unwrap();
        assert_eq!(part.status(), 206);
        received.extend(part.bytes().unwrap());
    }
    assert_eq!(received, whole);
}

#[test]
fn head_says_what_get_would_and_a_known_file_is_not_sent_again() {
    let server = WORKSPACE.serve();
    let path = "/downloads/td-points/td-points.csv";
    let get = server.get(path);
    let head = server.request(Method::HEAD, path).send().unwrap();
    for name in ["content-length", "etag", "content-type", "content-disposition", "accept-ranges"] {
        assert_eq!(header(&head, name), header(&get, name), "{name}");
    }
    let etag = header(&get, "etag");
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let again = server.request(Method::GET, path).header("if-none-match", &known).send().unwrap();
        assert_eq!(again.status(), 304, "{known}");
        assert_eq!(header(&again, "etag"), etag);
        assert!(again.bytes().unwrap().is_empty());
    }
}

/// Case 33 of the faults that every service of features is asked about.
#[test]
fn no_text_of_a_csv_is_a_formula() {
    let server = WORKSPACE.serve();
    let text = String::from_utf8(bytes(&server, "/downloads/td-points/td-points.csv")).unwrap();
    assert!(text.contains("\"'=1+1\""), "{text}");
    assert!(text.contains(",+852 2810 1234,"), "{text}");
    let grid = String::from_utf8(bytes(&server, "/downloads/td-points/td-points-hk1980.csv")).unwrap();
    assert!(grid.lines().next().unwrap().ends_with(",northing,easting"), "{grid}");
}

#[test]
fn a_shapefile_says_what_its_short_names_stand_for_and_what_was_cut() {
    let server = WORKSPACE.serve();
    let bytes = bytes(&server, "/downloads/td-points/td-points.shp.zip");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for end in ["cpg", "dbf", "prj", "shp", "shx"] {
        assert!(names.contains(&format!("td-points.{end}")), "{names:?}");
    }
    let mut text = |name: &str| std::io::read_to_string(archive.by_name(name).unwrap()).unwrap();
    assert_eq!(text("td-points.cpg"), "UTF-8");
    let table = text("fields.csv");
    assert!(table.contains("Facility_N,Facility Name,"), "{table}");
    let cut: Vec<&str> = table.lines().filter(|line| line.ends_with(",1")).collect();
    assert!(cut.len() == 1 && cut[0].starts_with("Facility_T,Facility Type,"), "{table}");
}

#[test]
fn only_names_of_the_manifest_lead_to_files() {
    let server = WORKSPACE.serve();
    for path in [
        "/downloads/td-points/manifest.json",
        "/downloads/td-points/..%2F..%2F..%2F..%2FCargo.toml",
        "/downloads/td-points/%2e%2e%2fcurrent",
        "/downloads/td-points/..%5ccurrent",
        "/downloads/td-points/%00",
        "/downloads/td-points/td-areas.gpkg",
        "/downloads/..%2Ftd-points/td-points.gpkg",
        "/downloads/td-nothing/td-nothing.gpkg",
        "/downloads/td-zqcanary/td-zqcanary.gpkg",
    ] {
        server.problem(path, 404);
    }
    let absent = server.problem("/downloads/td-nothing/td-nothing.gpkg", 404);
    let forbidden = server.problem("/downloads/td-zqcanary/td-zqcanary.gpkg", 404);
    assert_eq!(absent.replace("td-nothing", "L"), forbidden.replace("td-zqcanary", "L"));
}

/// Case 97: a layer that is not open has no files, and no face speaks of any.
#[test]
fn a_layer_that_is_not_open_is_nowhere() {
    let server = WORKSPACE.serve();
    let layers = WORKSPACE.data().join("layers");
    let made = std::fs::read_dir(layers.join("td-zqcanary")).unwrap();
    let names: Vec<String> = made.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.ends_with(".downloads")), "{names:?}");
    server.problem("/qgis/td-zqcanary.qlr", 404);
    for path in [
        "/",
        "/collections",
        "/collections/catalogue/items",
        "/dcat.ttl",
        "/dcat.rdf",
        "/dcat.jsonld",
        "/data.json",
        "/waf/",
        "/stac",
        "/feed.atom",
        "/sitemap.xml",
        "/ckan/api/3/action/current_package_list_with_resources",
        "/csw?service=CSW&version=2.0.2&request=GetRecords&elementSetName=full&resultType=results",
        "/qgis/connections.xml",
        "/qgis/vector-tiles.xml",
        "/api",
    ] {
        let response = server.get(path);
        assert_eq!(response.status(), 200, "{path}");
        assert!(!response.text().unwrap().contains(CANARY), "{path}");
    }
}

#[test]
fn a_page_lists_files_with_their_sizes_in_three_languages() {
    let server = WORKSPACE.serve();
    for (language, heading) in
        [("en", "Download GeoPackage"), ("zh-Hant", "下載 GeoPackage"), ("zh-Hans", "下载 GeoPackage")]
    {
        let page = server.page(&format!("/collections/td-points?lang={language}"));
        assert!(page.contains(heading), "{language}");
        for name in files("td-points").keys() {
            assert!(page.contains(&format!("/downloads/td-points/{name}\"")), "{language} {name}");
        }
        assert!(page.contains(&format!("/qgis/td-points.qlr?lang={language}")), "{language}");
    }
}

#[test]
fn a_running_server_notices_files_that_appear_after_their_revision() {
    let workspace = Workspace::default();
    let none = "\n[downloads]\nformats = []\n";
    workspace.define("td/late", &[("areas.geojson", made_areas("late").as_bytes())], none);
    workspace.ingest();
    let server = workspace.serve();
    let collection = || server.json("/collections/td-late").to_string();
    assert!(!collection().contains("/downloads/"));
    let before = header(&server.get("/dcat.ttl"), "etag");
    // The same revision, as if its ingest had been cut off before its files were made.
    let other = Workspace::default();
    other.define("td/late", &[("areas.geojson", made_areas("late").as_bytes())], "");
    other.ingest();
    let (revision, made) = (workspace.revision("td-late"), other.revision("td-late"));
    let folder =
        |data: &std::path::Path, revision: &str| data.join("layers/td-late").join(format!("{revision}.downloads"));
    let (from, to) = (folder(&other.data(), &made), folder(&workspace.data(), &revision));
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    support::wait_until(|| collection().contains("/downloads/td-late/td-late.gpkg"));
    assert_ne!(header(&server.get("/dcat.ttl"), "etag"), before);
    assert_eq!(server.get("/downloads/td-late/td-late.gpkg").status(), 200);
}

#[test]
fn files_that_are_missing_are_made_by_the_next_ingest_and_pruned_with_their_revision() {
    let workspace = Workspace::default();
    workspace.define("td/one", &[("areas.geojson", made_areas("one").as_bytes())], "");
    workspace.ingest();
    let layer = workspace.data().join("layers/td-one");
    let folder = layer.join(format!("{}.downloads", workspace.revision("td-one")));
    let kept = std::fs::read(folder.join("td-one.csv")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(workspace.ingest().stderr.contains("unchanged"));
    assert_eq!(std::fs::read(folder.join("td-one.csv")).unwrap(), kept);
    let verified = workspace.causeway(&["verify"]);
    assert!(verified.status == 0 && verified.stdout.contains("5 downloads"), "{}", verified.stdout);
    let csv = folder.join("td-one.csv");
    std::fs::remove_file(&csv).unwrap();
    std::fs::write(&csv, "x").unwrap();
    let damaged = workspace.causeway(&["verify"]);
    assert!(damaged.status == 1 && damaged.stdout.contains("td-one.csv"), "{}", damaged.stdout);
}

#[test]
fn what_cannot_be_made_is_named_and_leaves_the_layer_published() {
    let workspace = Workspace::default();
    // dBASE tables have at most 255 columns.
    let fields: Vec<String> = (0..300).map(|number| format!("\"f{number}\":{number}")).collect();
    let wide = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{{}}},"geometry":{{"type":"Point","coordinates":[114.15,22.28]}}}}]}}"#,
        fields.join(",")
    );
    workspace.define(
        "td/wide",
        &[("wide.geojson", wide.as_bytes())],
        "\n[downloads]\nformats = [\"GeoJSON\", \"Shapefile\"]\n",
    );
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("it is published, but td-wide.shp.zip could not be made: a shapefile has at most 255 columns"),
        "{}",
        ran.stderr
    );
    let server = workspace.serve();
    assert_eq!(server.json("/collections/td-wide/items")["numberMatched"], 1);
    assert_eq!(server.get("/downloads/td-wide/td-wide.geojson").status(), 200);
    server.problem("/downloads/td-wide/td-wide.shp.zip", 404);
}

#[test]
fn a_withdrawn_layer_gives_no_files() {
    let workspace = Workspace::default();
    workspace.define("td/gone", &[("areas.geojson", made_areas("gone").as_bytes())], "");
    workspace.ingest();
    let server = workspace.serve();
    assert_eq!(server.get("/downloads/td-gone/td-gone.csv").status(), 200);
    assert_eq!(workspace.causeway(&["withdraw", "td-gone"]).status, 0);
    support::wait_until(|| server.get("/downloads/td-gone/td-gone.csv").status() == 410);
}
