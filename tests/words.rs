//! `q` and `text` over the texts of a layer, through the real worker and the real server.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace};

/// Rows of the made layer: key, names and remarks.
const PLACES: [(i64, &str, &str, &str); 9] = [
    (1, "Central Library", "中央圖書館", "opens at nine"),
    (2, "Central Library Car Park", "中央圖書館停車場", "beside the Library, Central"),
    (3, "Kowloon Public Library", "九龍公共圖書館", "near the central market"),
    (4, "Wah Fu Estate", "華富邨", "衞生署診所"),
    (5, "Rock Climbing Wall", "攀石牆", "攀登前請登記"),
    (6, "Tai Po Swimming Pool", "大埔游泳池", "Café on the roof"),
    (7, "Lamma Ferry Pier", "南丫島渡輪碼頭", "班次: 12"),
    (8, "Parking Meter", "停車收費錶", "ＫＡＲＡＯＫＥ next door"),
    (9, "Central", "中環", ""),
];

const DEFINED: &str = "[identity]\nkey = \"key\"\n[display]\nname = { en = \"Name\", zh-Hant = \"名稱\" }\n";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("words");
    let mut csv = "key,Name,名稱,remark,Latitude,Longitude\n".to_owned();
    for (key, name, chinese, remark) in PLACES {
        csv.push_str(&format!("{key},{name},{chinese},\"{remark}\",22.{key},114.{key}\n"));
    }
    workspace.define("lcsd/places", &[("places.csv", csv.as_bytes())], DEFINED);
    let narrow = format!("{DEFINED}[search]\nfields = [\"名稱\"]\n");
    workspace.define("lcsd/narrow", &[("places.csv", csv.as_bytes())], &narrow);
    workspace.define("lcsd/mute", &[("places.csv", csv.as_bytes())], "[search]\nfields = []\n");
    workspace.ingest();
    workspace
});

fn server() -> Server {
    WORKSPACE.serve()
}

fn ids(document: &Value) -> Vec<i64> {
    document["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect()
}

fn found(server: &Server, query: &str) -> Vec<i64> {
    ids(&server.json(&format!("/collections/lcsd-places/items?{query}")))
}

#[test]
fn q_finds_phrases_as_they_stand_in_one_field() {
    let server = server();
    for (q, expected) in [
        ("central library", vec![1, 2]),
        ("library central", vec![2]),
        ("CENTRAL", vec![1, 2, 3, 9]),
        ("central library,ferry pier", vec![1, 2, 7]),
        // A word is whole, and its plural the same.
        ("park", vec![2]),
        ("libraries", vec![1, 2, 3]),
        // The name ends and the remark begins: no phrase runs over both.
        ("library opens", vec![]),
        ("圖書館", vec![1, 2, 3]),
        ("图书馆", vec![1, 2, 3]),
        ("館", vec![1, 2, 3]),
        ("中央圖書館停車場", vec![2]),
        ("華富村", vec![4]),
        ("卫生署", vec![4]),
        ("cafe", vec![6]),
        ("karaoke", vec![8]),
        ("班次 12", vec![7]),
        ("!?", vec![]),
    ] {
        let mut ids = found(&server, &format!("q={q}"));
        ids.sort_unstable();
        assert_eq!(ids, expected, "{q}");
        let page = server.json(&format!("/collections/lcsd-places/items?q={q}&limit=1"));
        assert_eq!(page["numberMatched"], expected.len(), "{q}");
    }
    assert_eq!(found(&server, "q=").len(), PLACES.len(), "an empty search narrows nothing");
}

#[test]
fn text_finds_what_fits_best_first() {
    let server = server();
    for (text, first) in [
        // The whole name, then names, then remarks.
        ("central", vec![9, 1]),
        ("central library", vec![1, 2]),
        ("中央图书馆", vec![1, 2]),
        // A word begun, a word of the same meaning, other forms of a character, single characters.
        ("climb", vec![5]),
        ("泳池", vec![6]),
        ("car park", vec![2]),
        ("攀岩", vec![5]),
        ("library tai po", vec![6]),
    ] {
        let ids = found(&server, &format!("text={text}"));
        assert!(ids.starts_with(&first), "{text}: {ids:?}");
    }
    assert!(found(&server, "text=zzzz").is_empty());
}

#[test]
fn words_join_the_other_parameters_and_every_reader_of_items() {
    let server = server();
    assert_eq!(found(&server, "q=library&bbox=114,22,114.25,22.25"), [1, 2]);
    assert_eq!(found(&server, "text=library&filter=key>2"), [3]);
    assert_eq!(found(&server, "text=library&sortby=-key&limit=3"), [3, 2, 1]);
    assert_eq!(found(&server, "q=central&text=library&ids=1,3"), [1, 3]);
    let groups = server.json("/collections/lcsd-places/aggregate?q=library&metrics=count,max(key)");
    assert_eq!((&groups["groups"][0]["count"], &groups["groups"][0]["max(key)"]), (&3.into(), &3.into()));
    let ranked = server.json("/collections/lcsd-places/aggregate?text=library");
    assert_eq!(ranked["groups"][0]["count"], 3);
}

#[test]
fn a_walk_through_what_was_found_meets_each_once_in_its_order() {
    let server = server();
    for query in ["text=central", "q=central"] {
        let whole = found(&server, query);
        let mut path = format!("/collections/lcsd-places/items?{query}&limit=2");
        let mut seen = Vec::new();
        loop {
            let page = server.json(&path);
            seen.extend(ids(&page));
            let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").cloned();
            let Some(next) = next else { break };
            path = next["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned();
            assert!(path.contains(&WORKSPACE.revision("lcsd-places")), "{path}");
        }
        assert_eq!(seen, whole, "{query}");
        assert!(whole.len() > 2);
    }
}

#[test]
fn a_definition_says_which_fields_are_searched() {
    let server = server();
    let narrow = |q: &str| ids(&server.json(&format!("/collections/lcsd-narrow/items?q={q}"))).len();
    assert_eq!((narrow("圖書館"), narrow("library")), (3, 0));
    let detail = server.problem("/collections/lcsd-mute/items?q=library", 400);
    assert!(detail.contains("none are kept") && detail.contains("LIKE"), "{detail}");
    let detail = server.problem(&format!("/collections/lcsd-places/items?q={}", "a,".repeat(30)), 400);
    assert!(detail.contains("at most 16"), "{detail}");
}

#[test]
fn tags_of_osm_are_an_object_whose_words_are_searched_where_the_definition_says_so() {
    const MAP: &str = r#"<osm version="0.6">
        <node id="1" lat="22.28" lon="114.16"><tag k="name" v="蓮香樓"/><tag k="cuisine" v="dim_sum"/><tag k="note" v="a &quot;good&quot; one"/><tag k="ele" v="12"/></node>
        <node id="2" lat="22.29" lon="114.17"><tag k="name" v="Star Ferry"/></node>
    </osm>"#;
    let workspace = Workspace::default();
    let definition = "layer = \"points\"\n";
    workspace.define("lcsd/map", &[("map.osm", MAP.as_bytes())], definition);
    let searched = format!("{definition}[search]\nfields = [\"name\", \"other_tags\"]\n");
    workspace.define("lcsd/tags", &[("map.osm", MAP.as_bytes())], &searched);
    workspace.ingest();
    let server = workspace.serve();
    let matched = |layer: &str, q: &str| server.json(&format!("/collections/{layer}/items?q={q}"));
    let place = matched("lcsd-map", "蓮香樓");
    assert_eq!(place["features"][0]["properties"]["other_tags"]["cuisine"], "dim_sum");
    assert_eq!(place["features"][0]["properties"]["other_tags"]["note"], "a \"good\" one");
    assert_eq!(place["features"][0]["properties"]["other_tags"]["ele"], "12");
    for (layer, q, expected) in [("lcsd-map", "dim", 0), ("lcsd-tags", "dim", 1), ("lcsd-tags", "star ferry", 1)] {
        assert_eq!(matched(layer, q)["numberMatched"], expected, "{layer}: {q}");
    }
}

#[test]
fn what_a_person_types_is_never_an_expression_of_the_index() {
    let server = server();
    for hostile in [
        "\"",
        "a\" OR \"b",
        "NEAR(a b)",
        "n1 : x",
        "{n1} : x",
        "^a",
        "a*",
        "-a",
        "(",
        "' OR 1=1 --",
        "\u{0}",
        "\u{E000}",
    ] {
        let encoded = percent_encoding::utf8_percent_encode(hostile, percent_encoding::NON_ALPHANUMERIC).to_string();
        for name in ["q", "text"] {
            server.json(&format!("/collections/lcsd-places/items?{name}={encoded}"));
        }
    }
}
