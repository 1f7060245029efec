//! What ArcGIS clients ask beyond plain features (forms, times, statistics), and walks by number
//! through every dialect while a publication goes on.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use serde_json::{Value, json};
use support::{Server, Workspace, wait_until};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("arcgis");
    workspace.take_from_tree("lcsd/libraries");
    let csv = "key,kind,weight,seen,Latitude,Longitude\n\
               1,a,1.5,2024-01-01,22.3,114.1\n2,a,2.5,2024-06-01,22.3,114.1\n3,b,,2025-01-01,22.3,114.1\n4,,4,,22.3,114.1\n";
    let more = "[identity]\nkey = \"key\"\n[time]\ninstant = \"seen\"\n\
                [fields]\nseen = { title = { en = \"Seen\", zh-Hant = \"見\" }, type = \"date\" }\n";
    workspace.define("landsd/few", &[("few.csv", csv.as_bytes())], more);
    workspace.ingest();
    workspace
});

fn query(layer: &str, parameters: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("/esri/rest/services/{layer}/FeatureServer/0/query?{}", pairs.join("&"))
}

fn attributes(answer: &Value) -> Vec<Value> {
    let features = answer["features"].as_array().unwrap_or_else(|| panic!("{answer}"));
    features.iter().map(|feature| feature["attributes"].clone()).collect()
}

#[test]
fn a_form_by_post_asks_what_an_address_asks() {
    let server = WORKSPACE.serve();
    let path = query("lcsd-libraries", &[("where", "District='SHA TIN'"), ("outFields", "*"), ("f", "json")]);
    let (address, form) = path.split_once('?').unwrap();
    let post = |body: String| {
        let request = server.request(reqwest::Method::POST, address);
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send().unwrap()
    };
    let posted: Value = serde_json::from_str(&post(form.to_owned()).text().unwrap()).unwrap();
    assert_eq!(posted, server.json(&path));
    assert!(!attributes(&posted).is_empty());
    // What no address could hold.
    let ids: Vec<String> = (1..=10_000).map(|id| id.to_string()).collect();
    let many: Value =
        serde_json::from_str(&post(format!("objectIds={}&f=json", ids.join("%2C"))).text().unwrap()).unwrap();
    assert_eq!(attributes(&many).len(), 186);
    let too_long: Value = serde_json::from_str(&post("x".repeat(200_000)).text().unwrap()).unwrap();
    assert_eq!(too_long["error"]["code"], 413, "{too_long}");
}

#[test]
fn statistics_are_those_of_the_groups() {
    let server = WORKSPACE.serve();
    let statistics = json!([
        { "statisticType": "count", "onStatisticField": "OBJECTID", "outStatisticFieldName": "rows" },
        { "statisticType": "count", "onStatisticField": "weight", "outStatisticFieldName": "weights" },
        { "statisticType": "SUM", "onStatisticField": "weight", "outStatisticFieldName": "total" },
        { "statisticType": "max", "onStatisticField": "seen" },
    ])
    .to_string();
    let whole = server.json(&query("landsd-few", &[("outStatistics", &statistics), ("f", "json")]));
    let last_ms = 1_735_689_600_000_i64;
    assert_eq!(attributes(&whole), [json!({ "rows": 4, "weights": 3, "total": 8.0, "max_seen": last_ms })]);
    assert_eq!(whole["fields"][3]["type"], "esriFieldTypeDate");
    let by_kind = [
        ("outStatistics", statistics.as_str()),
        ("groupByFieldsForStatistics", "kind"),
        ("orderByFields", "total DESC"),
    ];
    let grouped = attributes(&server.json(&query("landsd-few", &by_kind)));
    let kinds: Vec<&Value> = grouped.iter().map(|group| &group["kind"]).collect();
    assert_eq!(kinds, [&json!("a"), &json!(null), &json!("b")], "4 and 4, then nothing");
    let paged =
        attributes(&server.json(&format!("{}&resultOffset=1&resultRecordCount=1", query("landsd-few", &by_kind))));
    assert_eq!(paged, grouped[1..2]);
    let counted = server.json(&format!("{}&returnCountOnly=true", query("landsd-few", &by_kind)));
    assert_eq!(counted, json!({ "count": 3 }));
    let narrowed = [("outStatistics", statistics.as_str()), ("where", "kind='a'")];
    assert_eq!(attributes(&server.json(&query("landsd-few", &narrowed)))[0]["total"], 4.0);
    let distinct = [("returnDistinctValues", "true"), ("outFields", "kind"), ("orderByFields", "kind")];
    let values = attributes(&server.json(&query("landsd-few", &distinct)));
    assert_eq!(values, [json!({ "kind": null }), json!({ "kind": "a" }), json!({ "kind": "b" })]);
    let wrong = json!([{ "statisticType": "stddev", "onStatisticField": "weight" }]).to_string();
    let refused = server.json(&query("landsd-few", &[("outStatistics", &wrong)]));
    assert!(refused["error"]["message"].as_str().unwrap().contains("count, sum, avg, min, max"), "{refused}");
}

#[test]
fn time_narrows_by_the_features_own() {
    let server = WORKSPACE.serve();
    let layer = server.json("/esri/rest/services/landsd-few/FeatureServer/0?f=json");
    assert_eq!(layer["timeInfo"]["startTimeField"], "seen");
    for (time, expected) in [
        ("1704067200000", 1),
        ("1704067200000,1719792000000", 2),
        ("null,1719792000000", 2),
        ("1719792000000,null", 1),
        ("null,null", 4),
    ] {
        let path = query("landsd-few", &[("time", time), ("returnCountOnly", "true")]);
        assert_eq!(server.json(&path)["count"], expected, "{time}");
    }
}

/// Rows whose order turns round from one delivery to the next.
fn publish(workspace: &Workspace, named: &str, is_turned: bool) {
    let mut csv = "key,name,size,Latitude,Longitude\n".to_owned();
    for key in 1..=12 {
        let place = if is_turned { 13 - key } else { key };
        csv.push_str(&format!("{key},{named} {key},{},22.{place:02},114.{place:02}\n", key % 4));
    }
    workspace.define("landsd/turning", &[("t.csv", csv.as_bytes())], "[identity]\nkey = \"key\"\n");
    workspace.ingest();
}

fn names(server: &Server, path: &str, client: &str) -> Vec<String> {
    let answer = server.request(reqwest::Method::GET, path).header("user-agent", client).send().unwrap();
    let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    let features = answer["features"].as_array().unwrap_or_else(|| panic!("{path}: {answer}"));
    let name = |feature: &Value| {
        let properties = feature.get("attributes").unwrap_or(&feature["properties"]);
        properties["name"].as_str().unwrap().to_owned()
    };
    features.iter().map(name).collect()
}

#[test]
fn a_walk_by_number_goes_on_in_the_revision_in_which_it_began() {
    let workspace = Workspace::kept("arcgis-walks");
    publish(&workspace, "old", false);
    let server = workspace.serve();
    let service = "/esri/rest/services/landsd-turning/FeatureServer/0/query?outFields=*";
    let wfs = "/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames=landsd-turning&outputFormat=geojson";
    let walks: [Box<dyn Fn(u32) -> String>; 4] = [
        Box::new(|offset| {
            format!("{service}&where=key>0&orderByFields=size%20DESC&resultRecordCount=4&resultOffset={offset}")
        }),
        Box::new(|offset| format!("{wfs}&sortBy=size&count=4&startIndex={offset}")),
        Box::new(|offset| format!("{wfs}&count=4&startIndex={offset}")),
        Box::new(|offset| format!("/apim/dataquery/api/?id=landsd-turning&limit=4&offset={offset}")),
    ];
    let whole: Vec<Vec<String>> = walks
        .iter()
        .map(|walk| [0, 4, 8].iter().flat_map(|offset| names(&server, &walk(*offset), "a")).collect())
        .collect();
    // Each walk begins; so does one over ids, as QGIS goes.
    let firsts: Vec<Vec<String>> = walks.iter().map(|walk| names(&server, &walk(0), "b")).collect();
    names_of_ids(&server, "b", service);
    publish(&workspace, "new", true);
    wait_until(|| names(&server, &walks[2](0), "c")[0].starts_with("new"));
    for ((walk, mut seen), whole) in walks.iter().zip(firsts).zip(whole) {
        for offset in [4, 8] {
            seen.extend(names(&server, &walk(offset), "b"));
        }
        assert_eq!(seen, whole, "{}", walk(4));
        assert!(names(&server, &walk(0), "b")[0].starts_with("new"), "a walk that begins anew is of today");
    }
    assert!(names(&server, &format!("{service}&objectIds=1,2"), "b").iter().all(|name| name.starts_with("old")));
    assert!(names(&server, &format!("{service}&objectIds=1,2"), "c").iter().all(|name| name.starts_with("new")));
}

fn names_of_ids(server: &Server, client: &str, service: &str) {
    let path = format!("{service}&where=1%3D1&returnIdsOnly=true&f=json");
    let answer = server.request(reqwest::Method::GET, &path).header("user-agent", client).send().unwrap();
    let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    assert_eq!(answer["objectIds"].as_array().unwrap().len(), 12);
}
