//! ArcGIS feature services, WFS 2.0 and CSDI's data query, over the running server.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace, header};

/// One easting and northing that PROJ 9.1.1 gives for EPSG:1825, with its longitude and latitude.
const PLACE: (f64, f64, f64, f64) = (836694.05, 819069.8, 114.181009327, 22.310602434);

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("dialects");
    for place in ["lcsd/libraries", "had/districts-18", "afcd/trail-markers"] {
        workspace.take_from_tree(place);
    }
    let (easting, northing, ..) = PLACE;
    let mut csv = "key,OBJECTID,First Name,a:b,名稱,seen,count,Easting,Northing\n".to_owned();
    for number in 1..=5 {
        let (seen, text) = (format!("2021-12-1{number}"), if number == 3 { "\"<&>\"\"'\"" } else { "plain" });
        let big = 3_000_000_000u64 + number;
        csv.push_str(&format!(
            "{number},{},{text},x{number},南丫島{number},{seen},{big},{},{}\n",
            number * 100,
            easting + number as f64 - 1.0,
            northing
        ));
    }
    let more = "[identity]\nkey = \"key\"\n[fields]\nseen = { title = { en = \"Seen\", zh-Hant = \"見\" }, type = \"date\" }\n";
    workspace.define("landsd/odd-names", &[("odd.csv", csv.as_bytes())], more);
    workspace.ingest();
    workspace
});

fn server() -> Server {
    WORKSPACE.serve()
}

fn query(layer: &str, parameters: &str) -> String {
    format!("/esri/rest/services/{layer}/FeatureServer/0/query?{parameters}")
}

fn wfs(parameters: &str) -> String {
    format!("/wfs?service=WFS&version=2.0.0&request=GetFeature&{parameters}")
}

fn text(server: &Server, path: &str) -> String {
    let response = server.get(path);
    let status = response.status();
    let text = response.text().unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    text
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The object ids of an answer.
fn object_ids(answer: &Value) -> Vec<i64> {
    let name = answer["objectIdFieldName"].as_str().unwrap();
    let features = answer["features"].as_array().unwrap_or_else(|| panic!("{answer}"));
    features.iter().map(|feature| feature["attributes"][name].as_i64().unwrap()).collect()
}

/// The names of the libraries that a path finds, by any of the doors.
fn names_of(document: &Value, attributes: &str) -> BTreeSet<String> {
    let features = document["features"].as_array().unwrap_or_else(|| panic!("{document}"));
    features.iter().map(|feature| feature[attributes]["Facility Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_feature_service_says_what_its_layer_is() {
    let server = server();
    let services = server.json("/esri/rest/services?f=json");
    let of_features = services["services"].as_array().unwrap().iter().filter(|one| one["type"] == "FeatureServer");
    let names: Vec<&str> = of_features.map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let service = server.json("/esri/rest/services/had-districts-18/FeatureServer?f=pjson");
    assert_eq!((&service["layers"][0]["id"], &service["capabilities"]), (&0.into(), &"Query".into()));
    let layer = server.json("/esri/rest/services/had-districts-18/FeatureServer/0?f=json&lang=zh-Hant");
    assert_eq!((&layer["geometryType"], &layer["objectIdField"]), (&"esriGeometryPolygon".into(), &"OBJECTID".into()));
    assert_eq!(layer["extent"]["spatialReference"]["latestWkid"], 4326);
    assert_eq!(layer["fields"][0]["type"], "esriFieldTypeOID");
    assert!(layer["name"].as_str().unwrap().contains('區'), "{}", layer["name"]);
}

#[test]
fn fields_have_the_types_of_their_values_and_ids_take_no_name_of_theirs() {
    let server = server();
    let answer = server.json(&query("landsd-odd-names", "where=1%3D1&outFields=*&f=json"));
    assert_eq!(answer["objectIdFieldName"], "OBJECTID_1");
    let types: Vec<(String, String)> = answer["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["name"].as_str().unwrap().to_owned(), field["type"].as_str().unwrap().to_owned()))
        .collect();
    for (name, kind) in [
        ("OBJECTID_1", "esriFieldTypeOID"),
        ("OBJECTID", "esriFieldTypeInteger"),
        ("First Name", "esriFieldTypeString"),
        ("seen", "esriFieldTypeDate"),
        ("count", "esriFieldTypeDouble"),
    ] {
        assert!(types.contains(&(name.to_owned(), kind.to_owned())), "{name}: {types:?}");
    }
    let by_key = |key: i64| {
        let features = answer["features"].as_array().unwrap();
        features.iter().find(|feature| feature["attributes"]["key"] == key).unwrap().clone()
    };
    assert_eq!(by_key(3)["attributes"]["First Name"], "<&>\"'");
    // Midnight of 11 December 2021 in UTC.
    assert_eq!(by_key(1)["attributes"]["seen"], 1_639_180_800_000i64);
    assert_eq!(by_key(2)["attributes"]["count"], 3_000_000_002i64);
}

#[test]
fn coordinates_come_and_go_east_first_whatever_the_authority_says() {
    let server = server();
    let (easting, northing, lon, lat) = PLACE;
    let first = |parameters: &str| {
        let answer = server.json(&query("landsd-odd-names", &format!("where=key%3D1&f=json&{parameters}")));
        let point = &answer["features"][0]["geometry"];
        (point["x"].as_f64().unwrap(), point["y"].as_f64().unwrap(), answer["spatialReference"].clone())
    };
    let (x, y, reference) = first("outSR=102140");
    assert!((x - easting).abs() < 0.001 && (y - northing).abs() < 0.001, "{x} {y}");
    assert_eq!((&reference["wkid"], &reference["latestWkid"]), (&102140.into(), &2326.into()));
    let (x, y, _) = first("");
    assert!((x - lon).abs() < 1e-7 && (y - lat).abs() < 1e-7, "{x} {y}");
    let within = |geometry: &str| {
        server.json(&query("landsd-odd-names", &format!("f=json&returnCountOnly=true&{geometry}")))["count"].clone()
    };
    let box_of_grid = format!("{},{},{},{}", easting - 0.5, northing - 9.0, easting + 1.5, northing + 9.0);
    assert_eq!(within(&format!("geometry={box_of_grid}&geometryType=esriGeometryEnvelope&inSR=2326")), 2);
    let ring = format!(
        "{{\"rings\":[[[{w},{s}],[{w},{n}],[{e},{n}],[{e},{s}],[{w},{s}]]],\"spatialReference\":{{\"wkid\":102140}}}}",
        w = easting - 0.5,
        e = easting + 2.5,
        s = northing - 9.0,
        n = northing + 9.0
    );
    assert_eq!(within(&format!("geometry={}&geometryType=esriGeometryPolygon", encoded(&ring))), 3);
    assert_eq!(within(&format!("geometry={lon},{lat}&geometryType=esriGeometryPoint")), 0);
    // Zoomed out, a map shows more than the world.
    assert_eq!(within("geometry=-400,-100,400,100&geometryType=esriGeometryEnvelope&inSR=4326"), 5);
}

#[test]
fn a_walk_by_offset_meets_every_feature_once_and_ends() {
    let server = server();
    let mut met = Vec::new();
    loop {
        let page = server.json(&query(
            "lcsd-libraries",
            &format!(
                "where=1%3D1&outFields=OBJECTID&returnGeometry=false&f=json&resultRecordCount=50&resultOffset={}",
                met.len()
            ),
        ));
        let ids = object_ids(&page);
        met.extend(ids);
        if page["exceededTransferLimit"] != true {
            break;
        }
    }
    let count =
        server.json(&query("lcsd-libraries", "where=1%3D1&returnCountOnly=true&f=json"))["count"].as_i64().unwrap();
    assert_eq!(met, (1..=count).collect::<Vec<_>>());
    let all = server.json(&query("lcsd-libraries", "where=1%3D1&returnIdsOnly=true&f=json"));
    assert_eq!(all["objectIds"].as_array().unwrap().len() as i64, count);
    let some = server.json(&query("lcsd-libraries", "objectIds=3,1,999999&outFields=*&f=json"));
    assert_eq!(object_ids(&some), [1, 3]);
    let both = server.json(&query("lcsd-libraries", "where=OBJECTID%3E1&objectIds=3,1&f=json"));
    assert_eq!(object_ids(&both), [3]);
    let far = server.json(&query("lcsd-libraries", "where=1%3D1&f=json&resultOffset=1000000000000"));
    assert!(object_ids(&far).is_empty() && far["exceededTransferLimit"].is_null());
}

#[test]
fn every_door_finds_the_same_features() {
    let server = server();
    let bbox = "114.0,22.35,114.2,22.5";
    let wanted = names_of(
        &server.json(&format!("/collections/lcsd-libraries/items?limit=1000&bbox={bbox}&District=NORTH")),
        "properties",
    );
    assert!(wanted.len() > 3, "{wanted:?}");
    let esri = format!("where=district%3D'NORTH'&geometry={bbox}&geometryType=esriGeometryEnvelope&outFields=*");
    assert_eq!(names_of(&server.json(&query("lcsd-libraries", &format!("{esri}&f=json"))), "attributes"), wanted);
    assert_eq!(names_of(&server.json(&query("lcsd-libraries", &format!("{esri}&f=geojson"))), "properties"), wanted);
    let csdi = format!("id=lcsd-libraries&layer=geodatastore&bbox-crs=WGS84&bbox={bbox}&limit=10000&District=NORTH");
    let answer = server.json(&format!("/apim/dataquery/api/?{csdi}"));
    assert_eq!(
        (names_of(&answer, "properties"), answer["numberMatched"].as_u64()),
        (wanted.clone(), Some(wanted.len() as u64))
    );
    let envelope = "<gml:Envelope><gml:lowerCorner>22.35 114.0</gml:lowerCorner>\
                    <gml:upperCorner>22.5 114.2</gml:upperCorner></gml:Envelope>";
    let filter = format!(
        "<Filter xmlns=\"http://www.opengis.net/fes/2.0\" xmlns:gml=\"http://www.opengis.net/gml/3.2\"><And>\
         <PropertyIsEqualTo><ValueReference>layer:District</ValueReference><Literal>NORTH</Literal></PropertyIsEqualTo>\
         <BBOX><ValueReference>geometry</ValueReference>{envelope}</BBOX></And></Filter>"
    );
    let path = format!("typeNames=layer:lcsd-libraries&outputFormat=application/json&filter={}", encoded(&filter));
    assert_eq!(names_of(&server.json(&wfs(&path)), "properties"), wanted);
}

#[test]
fn a_box_of_wfs_has_the_axis_order_that_its_system_is_named_with() {
    let server = server();
    let hits = |bbox: &str| {
        let path = wfs(&format!("typeNames=lcsd-libraries&resultType=hits&outputFormat=application/json&bbox={bbox}"));
        server.json(&path)["numberMatched"].as_u64().unwrap()
    };
    let wanted = hits("22.35,114.0,22.5,114.2");
    assert!((10..170).contains(&wanted), "{wanted}");
    for bbox in [
        "22.35,114.0,22.5,114.2,urn:ogc:def:crs:EPSG::4326",
        "22.35,114.0,22.5,114.2,http://www.opengis.net/def/crs/EPSG/0/4326",
        "114.0,22.35,114.2,22.5,EPSG:4326",
        "114.0,22.35,114.2,22.5,urn:ogc:def:crs:OGC:1.3:CRS84",
        "12690421.95,2553596.26,12712685.85,2571648.38,urn:ogc:def:crs:EPSG::3857",
    ] {
        assert_eq!(hits(bbox), wanted, "{bbox}");
    }
    assert_eq!(
        hits("822000,820000,835000,840000,urn:ogc:def:crs:EPSG::2326"),
        hits("820000,822000,840000,835000,EPSG:2326")
    );
    let swapped = server.get(&wfs("typeNames=lcsd-libraries&bbox=114.0,22.35,114.2,22.5"));
    assert_eq!(swapped.status(), 400);
    assert!(swapped.text().unwrap().contains("the order here is latitude, longitude"));
}

#[test]
fn gml_names_every_field_in_a_way_that_leads_back() {
    let server = server();
    let schema =
        text(&server, "/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typeNames=layer:landsd-odd-names");
    for element in ["First_x0020_Name", "a_x003A_b", "名稱", "OBJECTID", "geometry"] {
        assert!(schema.contains(&format!("<xsd:element name=\"{element}\" type=")), "{element}: {schema}");
    }
    for (name, kind) in [("seen", "xsd:date"), ("count", "xsd:long"), ("geometry", "gml:PointPropertyType")] {
        assert!(schema.contains(&format!("name=\"{name}\" type=\"{kind}\"")), "{name}: {schema}");
    }
    let gml = text(&server, &wfs("typeNames=layer:landsd-odd-names&resourceId=landsd-odd-names.3"));
    assert!(gml.contains("<layer:landsd-odd-names gml:id=\"landsd-odd-names.3\">"), "{gml}");
    assert!(gml.contains("<layer:First_x0020_Name>&lt;&amp;&gt;&quot;&apos;</layer:First_x0020_Name>"), "{gml}");
    assert!(gml.contains("numberMatched=\"1\" numberReturned=\"1\""), "{gml}");
    let chosen =
        text(&server, &wfs("typeNames=layer:landsd-odd-names&propertyName=layer:a_x003A_b&sortBy=a_x003A_b+D&count=1"));
    assert!(chosen.contains("<layer:a_x003A_b>x5</layer:a_x003A_b>") && !chosen.contains("名稱"), "{chosen}");
}

#[test]
fn the_grid_in_gml_is_northing_first_and_in_geojson_easting_first() {
    let server = server();
    let (easting, northing, ..) = PLACE;
    let path = "typeNames=landsd-odd-names&resourceId=landsd-odd-names.1&srsName=urn:ogc:def:crs:EPSG::2326";
    let gml = text(&server, &wfs(path));
    let (_, rest) = gml.split_once("<gml:pos>").unwrap();
    let numbers: Vec<f64> = rest.split_once('<').unwrap().0.split(' ').map(|number| number.parse().unwrap()).collect();
    assert!((numbers[0] - northing).abs() < 0.001 && (numbers[1] - easting).abs() < 0.001, "{numbers:?}");
    assert!(gml.contains("srsName=\"urn:ogc:def:crs:EPSG::2326\""));
    let short = text(&server, &wfs(&path.replace("urn:ogc:def:crs:EPSG::", "EPSG:")));
    assert!(short.contains(&format!("<gml:pos>{} {}</gml:pos>", numbers[1], numbers[0])), "{short}");
    let json = server.json(&wfs(&format!("{path}&outputFormat=geojson")));
    let place = &json["features"][0]["geometry"]["coordinates"];
    assert!((place[0].as_f64().unwrap() - easting).abs() < 0.001, "{place}");
    assert_eq!(json["crs"]["properties"]["name"], "urn:ogc:def:crs:EPSG::2326");
}

#[test]
fn pages_of_wfs_lead_to_each_other() {
    let server = server();
    let mut address = Some(wfs("typeNames=layer:lcsd-libraries&count=80"));
    let (mut members, mut pages) = (BTreeSet::new(), 0);
    while let Some(path) = address {
        let page = text(&server, &path);
        members.extend(page.split("gml:id=\"lcsd-libraries.").skip(1).filter_map(|rest| {
            let id = rest.split_once('"')?.0;
            (!id.contains('.')).then(|| id.to_owned())
        }));
        pages += 1;
        let next = page.split_once(" next=\"").map(|(_, rest)| rest.split_once('"').unwrap().0.replace("&amp;", "&"));
        address = next.map(|next| next.strip_prefix(&server.base).unwrap().to_owned());
    }
    assert_eq!((members.len(), pages), (186, 3));
}

#[test]
fn one_feature_is_answered_by_itself() {
    let server = server();
    let stored = "STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById";
    let one = text(&server, &wfs(&format!("{stored}&ID=landsd-odd-names.2")));
    assert!(one.contains("?><layer:landsd-odd-names xmlns:gml=") && !one.contains("FeatureCollection"), "{one}");
    for (id, code) in [("landsd-odd-names.99", "NotFound"), ("nothing", "NotFound"), ("a-b.1", "InvalidParameterValue")]
    {
        let response = server.get(&wfs(&format!("{stored}&ID={id}")));
        assert!(response.status().is_client_error(), "{id}");
        let report = response.text().unwrap();
        assert!(report.contains(&format!("exceptionCode=\"{code}\"")), "{id}: {report}");
    }
    let list = text(&server, "/wfs?service=WFS&version=2.0.0&request=ListStoredQueries");
    assert!(list.contains("GetFeatureById") && list.contains("layer:had-districts-18"));
    let described = text(&server, "/wfs?service=WFS&version=2.0.0&request=DescribeStoredQueries");
    assert!(described.contains("<wfs:Parameter name=\"ID\" type=\"xsd:string\"/>"));
}

#[test]
fn every_fault_has_the_shape_of_its_dialect() {
    let server = server();
    for (parameters, part) in [
        ("where=name%3D'x'%3BDROP", "no part of a comparison"),
        ("where=nothing%3D1", "there is no field"),
        ("f=html", "accepted are json, pjson, geojson"),
        ("geometry=1,2,3", "geometry="),
        ("geometry=1,2,3,NaN", "geometry="),
        ("outSR=27700", "not offered"),
        ("outFields=nothing", "there is no field"),
        ("orderByFields=nothing", "there is no field"),
        ("resultOffset=-1", "whole number"),
        ("resultRecordCount=10;drop", "whole number"),
        ("objectIds=1,x", "whole numbers"),
        ("outStatistics=%5B%5D", "accepted are 1 to 20"),
        ("outStatistics=x", "list of objects"),
        ("returnDistinctValues=true", "outFields names 0 fields"),
        ("groupByFieldsForStatistics=District", "needs outStatistics"),
        ("having=x", "not offered"),
        ("time=yesterday", "milliseconds"),
        ("geometry=1,2&geometryType=esriGeometryPoint&spatialRel=esriSpatialRelTouches", "esriSpatialRelIntersects"),
        ("f=json&f=json", "given twice"),
        ("x=%FF", "not UTF-8"),
    ] {
        let answer = server.json(&query("lcsd-libraries", parameters));
        assert_eq!(answer["error"]["code"], 400, "{parameters}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{parameters}: {message}");
    }
    let absent = server.json("/esri/rest/services/lcsd-nothing/FeatureServer/0?f=json");
    assert_eq!(absent["error"]["code"], 404);
    assert_eq!(server.json("/esri/rest/services/lcsd-libraries/FeatureServer/1?f=json")["error"]["code"], 404);
    for (path, status, code, locator) in [
        ("/wfs?service=WMS&request=GetMap", 400, "InvalidParameterValue", "service"),
        ("/wfs?service=WFS", 400, "MissingParameterValue", "request"),
        ("/wfs?request=Transaction", 400, "OperationNotSupported", "request"),
        ("/wfs?request=GetCapabilities&acceptVersions=1.0.0", 400, "VersionNegotiationFailed", "acceptVersions"),
        ("/wfs?request=GetFeature&version=1.1.0&typeName=lcsd-libraries", 400, "InvalidParameterValue", "version"),
        ("/wfs?request=GetFeature", 400, "MissingParameterValue", "typeNames"),
        ("/wfs?request=GetFeature&typeNames=layer:lcsd-nothing", 400, "InvalidParameterValue", "typeNames"),
        ("/wfs?request=GetFeature&typeNames=lcsd-libraries&bbox=1,2,3", 400, "InvalidParameterValue", "bbox"),
        (
            "/wfs?request=GetFeature&typeNames=lcsd-libraries&srsName=http://evil",
            400,
            "InvalidParameterValue",
            "srsName",
        ),
        ("/wfs?request=GetFeature&typeNames=lcsd-libraries&count=-1", 400, "InvalidParameterValue", "count"),
        (
            "/wfs?request=GetFeature&typeNames=lcsd-libraries&outputFormat=shape-zip",
            400,
            "InvalidParameterValue",
            "outputFormat",
        ),
        ("/wfs?request=GetFeature&typeNames=lcsd-libraries&filter=%3Cx%2F%3E", 400, "InvalidParameterValue", "filter"),
    ] {
        let response = server.get(path);
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-type").as_str()),
            (status, "text/xml; charset=utf-8"),
            "{path}"
        );
        let report = response.text().unwrap();
        let wanted = format!("exceptionCode=\"{code}\" locator=\"{locator}\"");
        assert!(report.contains("<ows:ExceptionReport") && report.contains(&wanted), "{path}: {report}");
    }
    let posted = server.request(reqwest::Method::POST, "/wfs").body("<!DOCTYPE x><x/>").send().unwrap();
    assert_eq!((posted.status().as_u16(), header(&posted, "allow").as_str()), (405, "GET, HEAD, OPTIONS"));
    assert!(posted.text().unwrap().contains("exceptionCode=\"OperationNotSupported\""));
    assert!(server.problem("/apim/dataquery/api/?limit=1", 400).contains("id says which layer"));
    assert!(server.problem("/apim/dataquery/api/?id=lcsd-nothing", 404).contains("there is no layer"));
    assert!(server.problem("/apim/dataquery/api/?id=lcsd-libraries&bbox-crs=x", 400).contains("WGS84"));
}

#[test]
fn what_a_dialect_does_not_know_says_nothing_and_equal_requests_have_one_tag() {
    let server = server();
    for path in [
        query("lcsd-libraries", "where=1%3D1&f=json&resultRecordCount=1&cacheHint=true&token=x"),
        wfs("typeNames=lcsd-libraries&count=1&map=x"),
        "/apim/dataquery/api/?id=lcsd-libraries&limit=1&nothing=1".to_owned(),
    ] {
        let first = server.get(&path);
        let etag = header(&first, "etag");
        assert_eq!(first.status(), 200, "{path}");
        assert!(etag.starts_with('"'), "{path}");
        let again = server.request(reqwest::Method::GET, &path).header("if-none-match", &etag).send().unwrap();
        assert_eq!(again.status(), 304, "{path}");
    }
}

/// Points, lines and areas of one layer are a layer of the service each, and what is none of them stands in its
/// table: nothing is left out, and nothing stands in two.
#[test]
fn a_layer_that_mixes_kinds_is_a_service_of_several_layers() {
    let workspace = Workspace::default();
    let geometries = [
        r#"{"type":"Point","coordinates":[114.1,22.3]}"#,
        r#"{"type":"MultiPoint","coordinates":[[114.1,22.3],[114.2,22.3]]}"#,
        r#"{"type":"LineString","coordinates":[[114.1,22.3],[114.2,22.4]]}"#,
        r#"{"type":"Polygon","coordinates":[[[114.1,22.3],[114.2,22.3],[114.2,22.4],[114.1,22.3]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[114.3,22.3],[114.4,22.3],[114.4,22.4],[114.3,22.3]]]}"#,
        "null",
        r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[114.1,22.3]},{"type":"LineString","coordinates":[[114.1,22.3],[114.2,22.4]]}]}"#,
    ];
    let features: Vec<String> = geometries
        .iter()
        .enumerate()
        .map(|(key, geometry)| format!(r#"{{"type":"Feature","properties":{{"key":{key}}},"geometry":{geometry}}}"#))
        .collect();
    let json = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let more = "geometry = \"mixed\"\n[identity]\nkey = \"key\"\n";
    workspace.define("afcd/mixed", &[("mixed.geojson", json.as_bytes())], more);
    workspace.ingest();
    let server = workspace.serve();
    let service = server.json("/esri/rest/services/afcd-mixed/FeatureServer?f=json");
    let numbers = |member: &str| -> Vec<u64> {
        service[member].as_array().unwrap().iter().map(|layer| layer["id"].as_u64().unwrap()).collect()
    };
    assert_eq!((numbers("layers"), numbers("tables")), (vec![0, 1, 2], vec![3]));
    for (number, kind, shape, keys) in [
        (0, "esriGeometryMultipoint", "points", vec![0, 1]),
        (1, "esriGeometryPolyline", "paths", vec![2]),
        (2, "esriGeometryPolygon", "rings", vec![3, 4]),
        (3, "", "", vec![5, 6]),
    ] {
        let layer = format!("/esri/rest/services/afcd-mixed/FeatureServer/{number}");
        assert_eq!(server.json(&format!("{layer}?f=json"))["geometryType"].as_str().unwrap_or_default(), kind);
        let found = server.json(&format!("{layer}/query?where=1%3D1&outFields=*&f=json"));
        let mut found_keys = Vec::new();
        for feature in found["features"].as_array().unwrap() {
            found_keys.push(feature["attributes"]["key"].as_i64().unwrap());
            assert_eq!(feature["geometry"][shape].is_array(), number != 3, "{feature}");
            assert_eq!(feature["geometry"].is_null(), number == 3, "{feature}");
        }
        found_keys.sort_unstable();
        assert_eq!(found_keys, keys, "{number}");
        let count = server.json(&format!("{layer}/query?where=1%3D1&returnCountOnly=true&f=json"));
        assert_eq!(count["count"], keys.len());
        let ids = server.json(&format!("{layer}/query?where=1%3D1&returnIdsOnly=true&f=json"));
        assert_eq!(ids["objectIds"].as_array().unwrap().len(), keys.len());
        let narrowed = server.json(&format!("{layer}/query?where=key%3D3&f=json"));
        assert_eq!(narrowed["features"].as_array().unwrap().len(), usize::from(number == 2));
    }
    let absent = server.json("/esri/rest/services/afcd-mixed/FeatureServer/4?f=json");
    assert_eq!(absent["error"]["message"], "there is no layer 4 in this service; it has 0, 1, 2, 3");
    let record = server.json("/collections/catalogue/items/afcd-mixed").to_string();
    assert!(record.contains("/esri/rest/services/afcd-mixed/FeatureServer\""), "{record}");
}
