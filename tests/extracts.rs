//! Parts of layers as files: what is in them, and how they are asked for.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use causeway::base::digest::Sha256Hex;
use reqwest::Method;
use serde_json::Value;
use support::extracts::{Made, job_path, points, refused};
use support::reading::{self, Layer};
use support::{Workspace, header, wait_until};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("extracts");
    workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    workspace
});

fn enclosure(document: &Value) -> &Value {
    document["links"].as_array().unwrap().iter().find(|link| link["rel"] == "enclosure").unwrap()
}

/// The file of a finished job, after checking that it is as its job says.
fn taken(made: &Made, document: &Value, folder: &Path) -> PathBuf {
    let link = enclosure(document);
    let path = link["href"].as_str().unwrap().strip_prefix(&made.server.base).unwrap();
    let response = made.server.get(path);
    let name = path.rsplit('/').next().unwrap();
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(header(&response, "content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(header(&response, "content-type"), link["type"].as_str().unwrap());
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    let bytes = response.bytes().unwrap();
    assert_eq!(link["length"], bytes.len());
    assert_eq!(link["sha256"], Sha256Hex::of_bytes(&bytes).as_str());
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

/// The file as GDAL reads it.
fn read(file: &Path) -> Layer {
    let mut request = reading::files(&[file.to_owned()]);
    // Beside it lies the table of names.
    request.layer = file.to_str().unwrap().ends_with(".shp.zip").then(|| "td-points.shp".to_owned());
    if file.to_str().unwrap().ends_with("-hk1980.csv") {
        (request.easting, request.northing) = (Some("easting".into()), Some("northing".into()));
        request.crs = Some("EPSG:2326".into());
    } else if file.extension().is_some_and(|extension| extension == "csv") {
        (request.longitude, request.latitude) = (Some("longitude".into()), Some("latitude".into()));
    }
    reading::read_all(&request)
}

#[test]
fn every_format_holds_the_chosen_features_where_they_are_in_every_system_that_it_has() {
    let made = Made::with(&WORKSPACE, "");
    let offer = made.server.json("/collections/td-points/extracts");
    let mut kinds = Vec::new();
    for format in offer["formats"].as_array().unwrap() {
        let systems = format["crs"].as_array().unwrap().iter();
        kinds.extend(systems.map(|crs| (format["f"].as_str().unwrap(), crs.as_str().unwrap().to_owned())));
    }
    assert_eq!(kinds.len(), 14, "{kinds:?}");
    let folder = tempfile::tempdir().unwrap();
    for (format, crs) in kinds {
        let query = format!("f={format}&crs={crs}&bbox=114.095,22.2,114.205,22.4&filter=n%3C18");
        let document = made.made(&query);
        assert_eq!(document["numberOfFeatures"], 8, "{query}");
        let layer = read(&taken(&made, &document, folder.path()));
        assert_eq!((layer.features.len(), layer.located()), (8, 8), "{query}");
        // GDAL goes back from the grid by another way, a metre off at most.
        for (edge, expected) in layer.box_of_starts().into_iter().zip([114.10, 22.30, 114.17, 22.30]) {
            assert!((edge - expected).abs() < 2e-5, "{query}: {:?}", layer.box_of_starts());
        }
        assert_eq!(made.server.request(Method::DELETE, &job_path(&made, &document)).send().unwrap().status(), 200);
    }
    wait_until(|| made.files().is_empty());
}

#[test]
fn what_is_selected_is_what_the_same_items_have() {
    let made = Made::with(&WORKSPACE, "kept_per_caller = 100");
    let folder = tempfile::tempdir().unwrap();
    for (query, count) in [
        ("", 31),
        ("Kind%20of%20place=A", 10),
        ("q=%E9%95%B7%E8%80%85", 10),
        ("ids=0", 0),
        ("properties=n", 31),
        ("exclude-properties=n,open", 31),
        ("skipGeometry=true", 31),
    ] {
        let of_items = made.server.json(&format!("/collections/td-points/items?{query}&limit=100"));
        assert_eq!(of_items["numberMatched"], count, "{query}");
        let document = made.made(&format!("{query}&f=geojson"));
        assert_eq!(document["numberOfFeatures"], count, "{query}");
        let text = std::fs::read_to_string(taken(&made, &document, folder.path())).unwrap();
        let part: Value = serde_json::from_str(&text).unwrap();
        let plain = |collection: &Value| -> Vec<Value> {
            let features = collection["features"].as_array().unwrap().iter();
            features.map(|one| serde_json::json!([one["id"], one["geometry"], one["properties"]])).collect()
        };
        assert_eq!(plain(&part), plain(&of_items), "{query}");
    }
}

#[test]
fn a_choice_that_nothing_fits_is_an_empty_file_of_every_format() {
    let made = Made::with(&WORKSPACE, "kept_per_caller = 100");
    for format in ["GeoPackage", "GeoJSON", "CSV", "Shapefile", "GML", "KML", "FlatGeobuf", "FileGDB"] {
        let document = made.made(&format!("f={format}&n=1000"));
        assert_eq!(document["numberOfFeatures"], 0, "{format}");
        assert!(enclosure(&document)["length"].as_u64().unwrap() > 0, "{format}");
    }
}

#[test]
fn a_request_that_cannot_be_met_is_refused_with_what_would_be() {
    let made = Made::with(&WORKSPACE, "");
    for (query, part) in [
        ("f=pmtiles", "f=\"pmtiles\" is no file that is made of td-points; accepted are GeoPackage, GeoJSON, CSV,"),
        (
            "f=kml&crs=EPSG:2326",
            "crs=\"EPSG:2326\" is no system in which KML is made of td-points; accepted are CRS84 (",
        ),
        ("f=shapefile&skipGeometry=true", "accepted are GeoPackage, GeoJSON, CSV"),
        ("limit=5", "limit says nothing of an extract; accepted are f, bbox,"),
        ("colour=red", "\"colour\" is neither a parameter nor a field of td-points"),
        ("filter=n%20%3E", "filter"),
        ("bbox=1,2", "bbox"),
        ("f=csv&f=kml", "the parameter f is given twice"),
    ] {
        let detail = refused(made.ask("td-points", query), 400);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    let body = made.server.request(Method::POST, "/collections/td-points/extracts");
    let detail = refused(body.header("content-type", "application/json").body("{}").send().unwrap(), 415);
    assert!(detail.contains("application/x-www-form-urlencoded"), "{detail}");
    let form = made.server.request(Method::POST, "/collections/td-points/extracts");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("f=csv&n=3").send().unwrap();
    assert_eq!(form.status(), 201);
    let put = made.server.request(Method::PUT, "/collections/td-points/extracts").send().unwrap();
    assert_eq!(header(&put, "allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(refused(put, 405), "PUT is not offered here; GET, HEAD and POST are");
    let detail = made.server.problem("/extracts/0123456789abcdef0123456789abcdef", 404);
    assert!(detail.contains("it has expired, was ended"), "{detail}");
}

#[test]
fn a_revision_that_is_named_is_what_is_cut_from() {
    let workspace = Workspace::default();
    let folder = workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    let before = workspace.revision("td-points");
    let fewer = points().replacen(r#""n":0,"#, r#""n":7000,"#, 1);
    std::fs::write(folder.join("points.geojson"), fewer).unwrap();
    workspace.ingest();
    let made = Made::start(&workspace.data(), "", "", None);
    assert_eq!(made.made("f=csv&n=7000")["numberOfFeatures"], 1);
    let then = made.made(&format!("f=csv&n=7000&revision={before}"));
    assert_eq!((then["numberOfFeatures"].as_u64(), then["revision"].as_str()), (Some(0), Some(before.as_str())));
}

#[test]
fn a_person_without_scripts_asks_waits_and_takes_the_file_in_three_languages() {
    let made = Made::with(&WORKSPACE, "");
    for (language, part, ready) in [
        ("en", "Part of this layer", "The file is ready"),
        ("zh-Hant", "圖層的一部分", "檔案已備妥"),
        ("zh-Hans", "图层的一部分", "文件已备妥"),
    ] {
        let page = made.server.page(&format!("/collections/td-points?lang={language}"));
        let action = format!("action=\"/collections/td-points/extracts?lang={language}\" method=\"post\"");
        assert!(page.contains(part) && page.contains(&action), "{language}");
        let sent = made
            .server
            .request(Method::POST, &format!("/collections/td-points/extracts?lang={language}"))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("f=shapefile-hk1980&field=Kind+of+place&value=B&bbox=")
            .send()
            .unwrap();
        assert_eq!(sent.status(), 303);
        let location = header(&sent, "location").strip_prefix(&made.server.base).unwrap().to_owned();
        let job = location.split('?').next().unwrap().to_owned();
        let document = made.finished(&job);
        assert_eq!(document["numberOfFeatures"], 10, "{document}");
        let page = made.server.page(&location);
        assert!(page.contains(ready) && page.contains("td-points-hk1980.shp.zip\""), "{page}");
        assert!(!page.contains("http-equiv=\"refresh\""), "{page}");
    }
    let idle = Made::with_idle_worker(&WORKSPACE, "", "");
    let job = idle.job("f=kml");
    let page = idle.server.page(&job);
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"2\">"), "{page}");
    let stopped = idle.server.request(Method::POST, &format!("{job}?lang=en")).send().unwrap();
    assert_eq!(stopped.status(), 303);
    assert_eq!(idle.server.get(&job).status(), 404);
    let table = made.server.page("/collections/td-points/items?f=html&n=3&sortby=n");
    assert!(table.contains("href=\"/collections/td-points/extracts?f=html&#38;n=3&#38;lang=en\""), "{table}");
    let form = made.server.page("/collections/td-points/extracts?f=html&n=3");
    assert!(form.contains("<input type=\"hidden\" name=\"n\" value=\"3\">") && form.contains("1 point"), "{form}");
}

#[test]
fn without_a_worker_there_is_what_needs_none() {
    let made = Made::start(&WORKSPACE.data(), "", "", Some(""));
    let formats = made.server.json("/collections/td-points/extracts")["formats"].clone();
    let names: Vec<&str> = formats.as_array().unwrap().iter().map(|one| one["f"].as_str().unwrap()).collect();
    assert_eq!(names, ["GeoPackage", "GeoJSON", "CSV"]);
    assert_eq!(formats[0]["crs"].as_array().unwrap().len(), 1);
    made.made("f=geopackage");
    assert!(refused(made.ask("td-points", "f=kml"), 400).contains("accepted are GeoPackage, GeoJSON, CSV"));
}

#[test]
fn the_definition_of_the_api_says_what_there_is() {
    let made = Made::with(&WORKSPACE, "");
    let paths = made.server.json("/api")["paths"].clone();
    assert!(paths["/collections/{collectionId}/extracts"]["post"]["responses"]["429"].is_object());
    assert!(paths["/extracts/{jobId}"]["delete"].is_object());
    assert!(paths["/extracts/{jobId}/{file}"]["get"].is_object());
}

/// A server whose folder for them cannot be made says nothing of extracts, and serves the rest.
#[test]
fn a_server_that_makes_no_extracts_does_not_declare_them() {
    let workspace = Workspace::default();
    workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    let declared = |server: &support::Server| {
        let api = server.json("/api");
        let paths = api["paths"].as_object().unwrap().keys().any(|path| path.contains("extracts"));
        (paths, api["components"]["schemas"]["extract"].is_object())
    };
    assert_eq!(declared(&workspace.serve()), (true, true));
    let folder = workspace.data().join("extracts");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::write(&folder, "no folder").unwrap();
    let server = workspace.serve();
    assert_eq!(declared(&server), (false, false));
    assert_eq!(server.get("/collections/td-points/extracts").status(), 404);
    assert_eq!(server.get("/collections/td-points/items").status(), 200);
}
