//! CQL2 as the standard's own abstract tests ask it: its table of expressions over its own data,
//! through the real worker and the real server; its pairs of text and JSON; filters that must be
//! refused.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use causeway::filter::{json, text};
use causeway::geometry::{Shape, blob};
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};
use support::{Server, Workspace, shared_path};

/// The layers that are made of the standard's tables, in whose ids a hyphen must stand.
const LAYERS: [(&str, &str); 3] = [
    ("ne_110m_admin_0_countries", "ne110m-countries"),
    ("ne_110m_populated_places_simple", "ne110m-places"),
    ("ne_110m_rivers_lake_centerlines", "ne110m-rivers"),
];

fn layer_of(table: &str) -> &'static str {
    LAYERS.iter().find(|(known, _)| *known == table).unwrap().1
}

/// The standard's data, published; `None` where the shared data is not there.
static WORKSPACE: LazyLock<Option<Workspace>> = LazyLock::new(|| {
    let package = shared_path("cql2", "golden/cql2/data/ne110m4cql2.gpkg")?;
    let workspace = Workspace::kept("cql2");
    for (table, layer) in LAYERS {
        let file = workspace.folder.join(format!("{layer}.geojson"));
        std::fs::write(&file, geojson_of(&package, table).to_string()).unwrap();
        let file = file.to_str().unwrap();
        let ran = workspace.causeway(&["ingest", "--source", file, "--class", "open", "--layer", layer]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
    Some(workspace)
});

/// A server of its own for each test, because it must end with it.
fn server() -> Option<Server> {
    WORKSPACE.as_ref().map(Workspace::serve)
}

/// A table of a GeoPackage as GeoJSON with every digit. Its times lack the `Z`, and are UTC.
fn geojson_of(package: &Path, table: &str) -> Value {
    let connection = rusqlite::Connection::open(package).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY fid")).unwrap();
    let columns: Vec<(String, String)> = connection
        .prepare(&format!("PRAGMA table_info(\"{table}\")"))
        .unwrap()
        .query_map([], |row| Ok((row.get("name")?, row.get("type")?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut features = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let mut properties = Map::new();
        let mut geometry = Value::Null;
        for (place, (name, kind)) in columns.iter().enumerate() {
            match (name.as_str(), row.get_ref(place).unwrap()) {
                ("fid", _) => {}
                ("geom", ValueRef::Blob(bytes)) => geometry = geometry_of(bytes),
                (_, value) => {
                    properties.insert(name.clone(), value_of(value, kind));
                }
            }
        }
        features.push(serde_json::json!({ "type": "Feature", "geometry": geometry, "properties": properties }));
    }
    serde_json::json!({ "type": "FeatureCollection", "features": features })
}

fn geometry_of(bytes: &[u8]) -> Value {
    let mut shape = Shape::default();
    shape.read_wkb(blob::parse(bytes).unwrap().wkb).unwrap();
    serde_json::to_value(geojson::Geometry::from(&shape.to_simple_features())).unwrap()
}

fn value_of(value: ValueRef<'_>, kind: &str) -> Value {
    match value {
        ValueRef::Integer(number) if kind == "BOOLEAN" => (number != 0).into(),
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).unwrap();
            if kind == "DATETIME" { format!("{text}Z").into() } else { text.into() }
        }
        _ => Value::Null,
    }
}

/// An address with a filter in it.
fn address(layer: &str, filter: &str, language: &str) -> String {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    format!("/collections/{layer}/items?limit=1&filter-lang={language}&filter={filter}")
}

/// Rows of a file of the standard's tables.
fn rows(test: &str) -> Option<Vec<Vec<String>>> {
    let path = shared_path(test, "golden/cql2/expected-counts.tsv")?;
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn every_expression_of_the_standard_gives_its_count_as_text_and_as_json() {
    let Some(rows) = rows("every_expression_of_the_standard_gives_its_count") else { return };
    let Some(server) = server() else { return };
    assert_eq!(rows.len(), 241);
    let mut wrong = Vec::new();
    for row in &rows {
        let [id, _, _, table, filter, _, expected] = &row[..] else { panic!("{row:?}") };
        let as_json = json::write(&text::parse(filter).unwrap()).to_string();
        for (language, written) in [("cql2-text", filter), ("cql2-json", &as_json)] {
            let response = server.get(&address(layer_of(table), written, language));
            let answer: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
            if answer["numberMatched"].as_u64() != expected.parse().ok() {
                let found = if answer["numberMatched"].is_u64() { &answer["numberMatched"] } else { &answer["detail"] };
                wrong.push(format!("{id} {language} {filter}: {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} disagree:\n{}", wrong.len(), 2 * rows.len(), wrong.join("\n"));
}

#[test]
fn text_and_json_of_one_filter_are_one_tree_and_both_are_written_as_they_are_read() {
    let test = "text_and_json_of_one_filter_are_one_tree";
    let Some(path) = shared_path(test, "golden/cql2/text-json-pairs.jsonl") else { return };
    let mut pairs = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let (id, written) = (pair["id"].as_str().unwrap(), pair["text"].as_str().unwrap());
        let from_text = text::parse(written).unwrap_or_else(|fault| panic!("{id}: {fault}"));
        assert_eq!(text::parse(&from_text.to_string()).unwrap(), from_text, "{id}: {from_text}");
        assert_eq!(json::parse(&json::write(&from_text).to_string()).unwrap(), from_text, "{id}");
        if !pair["json"].is_null() {
            let from_json = json::parse(&pair["json"].to_string()).unwrap_or_else(|fault| panic!("{id}: {fault}"));
            assert_eq!(from_text, from_json, "{id}");
            pairs += 1;
        }
    }
    assert!(pairs >= 75, "{pairs}");
}

#[test]
fn other_ways_to_write_an_example_of_the_standard_are_the_same_filter() {
    for (one, other) in [
        (
            "value = - foo * 2.0 + \"bar\" / 6.1234 - \"x\" ^ 2.0",
            "\"value\" = ((((-1 * \"foo\") * 2.0) + (\"bar\" / 6.1234)) - (\"x\" ^ 2.0))",
        ),
        ("\"value\" NOT IN ('a', 'b', 'c')", "NOT \"value\" IN ('a', 'b', 'c')"),
        ("\"value\" IS NOT NULL", "NOT \"value\" IS NULL"),
        ("NAME like 'a' aNd b Is nUlL", "NAME LIKE 'a' AND b IS NULL"),
        ("S_WITHIN(POLYGON((0 0 1,1 0 1,1 1 1,0 0 1)),g)", "s_within(Polygon Z ((0 0 2,1 0 2,1 1 2,0 0 2)), g)"),
    ] {
        assert_eq!(text::parse(one), text::parse(other), "{one}");
    }
}

#[test]
fn what_cannot_be_answered_is_refused_at_once_with_a_sentence() {
    let Some(path) = shared_path("what_cannot_be_answered_is_refused", "golden/cql2/invalid.txt") else { return };
    let Some(server) = server() else { return };
    let file = std::fs::read_to_string(path).unwrap();
    let filters: Vec<&str> = file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(filters.len(), 35);
    for filter in filters {
        let started = Instant::now();
        let detail = server.problem(&address("ne110m-places", filter, "cql2-text"), 400);
        assert!(started.elapsed() < Duration::from_millis(100), "{filter} took {:?}", started.elapsed());
        assert!(detail.contains("filter"), "{filter}: {detail}");
        println!("{filter}\n    {detail}");
    }
}

/// Cases 80 to 88 of the hostile inputs.
#[test]
fn hostile_filters_are_refused_and_harm_nothing() {
    let Some(server) = server() else { return };
    let ors = vec!["pop_other=1"; 700].join(" OR ");
    let list = vec!["1"; 501].join(",");
    let long = |count: usize| "a".repeat(count);
    for (filter, part) in [
        (format!("{}pop_other=1{}", "(".repeat(40), ")".repeat(40)), "more than 32 levels of nesting"),
        (format!("{}pop_other=1", "NOT ".repeat(40)), "more than 32 levels of nesting"),
        (format!("pop_other={}1", "-(".repeat(40)), "more than 32 levels of nesting"),
        (format!("pop_other={}", vec!["1"; 100].join("+")), "more than 32 levels of nesting"),
        (format!("pop_other IN ({list})"), "more than 500 values in one list"),
        (format!("name LIKE '{}'", long(201)), "more than 200 characters in one LIKE pattern"),
        (format!("S_INTERSECTS(geom,LINESTRING({}))", vec!["1 1"; 1_001].join(",")), "more than 1000 vertices"),
        ("no_such = 'x'".to_owned(), "no property \"no_such\"; there are geometry, "),
        ("load_extension('x') = 1".to_owned(), "no function \"load_extension\"; /functions lists"),
        ("S_INTERSECTS(geom,POLYGON((0 0,2 2,2 0,0 2,0 0)))".to_owned(), "not valid"),
        ("S_INTERSECTS(geom,POINT(22.3 114.2))".to_owned(), "longitude, latitude"),
        ("start > TIMESTAMP('99999-01-01T00:00:00Z')".to_owned(), "a time such as"),
        ("pop_other = 1/(1-1)".to_owned(), "has no value"),
        ("pop_other > 'abc'".to_owned(), "'abc' is a text, where a number"),
        ("T_DURING(start,INTERVAL('2020-01-01','..'))".to_owned(), "T_DURING"),
        ("T_AFTER(start,INTERVAL('2022-01-01','2020-01-01'))".to_owned(), "ends before it starts"),
        ("A_CONTAINS(name,('a'))".to_owned(), "a list in brackets or a field of JSON"),
        (String::new(), "the end stands where a value"),
    ] {
        let detail = server.problem(&address("ne110m-places", &filter, "cql2-text"), 400);
        assert!(detail.contains(part), "{filter}: {detail}");
    }
    for (filter, part) in [
        ("{", "not JSON"),
        ("null", "null stands where"),
        (r#"{"op":"and","args":[true]}"#, "and has 1 arguments; it takes 2 or more"),
        (r#"{"op":"=","args":[{"property":"pop_other"},{"property":"nix"}]}"#, "at /args/1 of the filter: there is no"),
        (r#"{"op":"=","args":[{"property":7},1]}"#, "at /args/0/property of the filter: 7 stands where the name"),
        (
            r#"{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":[1]}]}"#,
            "at /args/1/coordinates of the filter",
        ),
    ] {
        let detail = server.problem(&address("ne110m-places", filter, "cql2-json"), 400);
        assert!(detail.contains(part), "{filter}: {detail}");
    }
    // The address ends before the filter grows so large.
    assert_eq!(server.get(&address("ne110m-places", &ors, "cql2-text")).status(), 414);
    assert_eq!(text::parse(&ors).unwrap_err().to_string(), "the filter has more than 1000 parts; ask for less at once");
    assert!(text::parse(&long(2 * 1024 * 1024)).unwrap_err().to_string().contains("bytes"));
    // Quotes, NUL and backslashes are values that match nothing.
    for filter in ["name = 'x'' OR 1=1 --'", "name = '\0'", "name = 'a\\b'", "\"name\" = 'name'"] {
        let answer = server.json(&address("ne110m-places", filter, "cql2-text"));
        assert_eq!(answer["numberMatched"], 0, "{filter}");
    }
}

#[test]
fn filters_are_bound_to_their_walk_and_joined_to_the_other_parameters() {
    let Some(server) = server() else { return };
    let filter = percent_encoding::utf8_percent_encode("pop_other > 1038288", percent_encoding::NON_ALPHANUMERIC);
    let first = format!("/collections/ne110m-places/items?filter={filter}&limit=50");
    let mut seen = 0;
    let mut next = Some(first.clone());
    while let Some(address) = next {
        let page = server.json(&address);
        assert_eq!(page["numberMatched"], 122);
        seen += page["numberReturned"].as_u64().unwrap();
        let link = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").cloned();
        next = link.map(|link| link["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned());
        if let Some(next) = &next {
            let changed = next.replace("1038288", "1038287");
            assert!(server.problem(&changed, 400).contains("another query"));
        }
    }
    assert_eq!(seen, 122);
    let joined = server.json(&format!("{first}&bbox=0,40,10,50"));
    let plain = server.json("/collections/ne110m-places/items?bbox=0,40,10,50");
    assert!(joined["numberMatched"].as_u64() < plain["numberMatched"].as_u64());
    assert_eq!(plain["numberMatched"], 7);
}

#[test]
fn geometries_of_a_filter_may_be_in_other_systems() {
    let Some(server) = server() else { return };
    let count = |filter: &str, system: &str| {
        let address = format!("{}&filter-crs={system}", address("ne110m-countries", filter, "cql2-text"));
        server.json(&address)["numberMatched"].clone()
    };
    let epsg = |code: u32| format!("http://www.opengis.net/def/crs/EPSG/0/{code}");
    assert_eq!(count("S_INTERSECTS(geom,POINT(49.92 7.02))", &epsg(4326)), 1);
    assert_eq!(count("S_INTERSECTS(geom,BBOX(40,0,50,10))", &epsg(4326)), 8);
    assert_eq!(count("S_INTERSECTS(geom,POINT(781462.8 6427912.2))", &epsg(3857)), 1);
    assert_eq!(count("S_INTERSECTS(geom,POINT(832000 836000)) AND NAME = 'China'", &epsg(2326)), 1);
    let detail = server.problem("/collections/ne110m-countries/items?filter-crs=http://evil", 400);
    assert!(detail.contains("EPSG/0/2326"), "{detail}");
    let detail = server.problem("/collections/ne110m-countries/items?filter=TRUE&filter-lang=sql", 400);
    assert!(detail.contains("cql2-text, cql2-json"), "{detail}");
}

#[test]
fn filters_are_declared_where_clients_look_for_them() {
    let Some(server) = server() else { return };
    let conformance = server.json("/conformance");
    let classes: Vec<&str> = conformance["conformsTo"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for class in [
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/basic-cql2",
    ] {
        let uri = format!("http://www.opengis.net/spec/{class}");
        assert!(classes.contains(&uri.as_str()), "{uri}");
    }
    let api = server.json("/api");
    let parameters = api["paths"]["/collections/ne110m-places/items"]["get"]["parameters"].to_string();
    for name in ["filter", "filter-lang", "filter-crs"] {
        assert!(parameters.contains(&format!("#/components/parameters/{name}\"")), "{name}");
        assert_eq!(api["components"]["parameters"][name]["name"], name);
    }
    assert_eq!(server.json("/functions")["functions"][0]["name"], "lower");
    let queryables = server.json("/collections/ne110m-places/queryables");
    assert_eq!(queryables["properties"]["start"]["format"], "date-time");
    assert!(api["paths"]["/collections/ne110m-places/items"]["post"].is_object());
}
