//! What people meet on the pages that a server alone makes: the districts, results, tables, problems.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace, header};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("pages");
    for place in ["lcsd/libraries", "td/ferry-routes", "had/districts-18", "hko/weather-stations"] {
        workspace.take_from_tree(place);
    }
    workspace.ingest();
    workspace
});

fn bytes(server: &Server, path: &str, encoding: &str) -> usize {
    let request = server.request(reqwest::Method::GET, path);
    let answer = request.header("accept", "text/html").header("accept-encoding", encoding).send().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().unwrap().len()
}

#[test]
fn every_district_is_a_link_to_what_is_found_by_its_name() {
    let server = WORKSPACE.serve();
    for (tag, name) in [("en", "Sha Tin"), ("zh-Hant", "東區"), ("zh-Hans", "东区")] {
        let page = server.page(&format!("/?lang={tag}"));
        let map = page.split("<section class=\"districts\"").nth(1).unwrap().split("</svg>").next().unwrap();
        assert_eq!(map.matches("<a href=\"/collections?text=").count(), 18, "{tag}");
        assert_eq!(map.matches("<path d=\"M").count(), 18, "{tag}");
        assert!(map.contains(&format!("<title>{name}</title>")), "{tag}: {map}");
    }
    let found = server.page("/collections?text=Sha%20Tin&lang=en");
    assert!(found.contains("Places named “Sha Tin”"), "{found}");
}

#[test]
fn home_and_layer_pages_weigh_little_before_the_map() {
    const RAW_MAX: usize = 80_000;
    const PACKED_MAX: usize = 25_000;
    let server = WORKSPACE.serve();
    for path in ["/", "/collections/lcsd-libraries"] {
        for tag in ["en", "zh-Hant", "zh-Hans"] {
            let page = server.page(&format!("{path}?lang={tag}"));
            let assets =
                page.split(['"', ' ']).filter(|text| text.starts_with("/assets/pages/") && !text.contains(".svg"));
            let parts: Vec<String> = assets.map(str::to_owned).chain([format!("{path}?lang={tag}")]).collect();
            let weight = |encoding| parts.iter().map(|part| bytes(&server, part, encoding)).sum::<usize>();
            let (raw, packed) = (weight("identity"), weight("gzip"));
            assert!(
                parts.len() >= 3 && raw <= RAW_MAX && packed <= PACKED_MAX,
                "{path} {tag}: {raw} raw, {packed} packed"
            );
        }
    }
}

#[test]
fn a_list_is_narrowed_by_box_time_and_filter_and_says_so() {
    let server = WORKSPACE.serve();
    let matched = |query: &str| server.json(&format!("/collections?{query}"))["numberMatched"].as_u64().unwrap();
    for (query, count) in [
        ("bbox=0,0,1,1", 0),
        ("bbox=114,22.2,114.3,22.4", 4),
        ("bbox=114,22.2,114.3,22.4&text=library", 1),
        ("filter=department='lcsd'", 1),
        ("filter=department='lcsd'&text=ferry", 0),
        ("datetime=1900-01-01/1900-12-31&text=library", 0),
    ] {
        assert_eq!(matched(query), count, "{query}");
    }
    let page = server.page("/collections?text=library&bbox=114,22.2,114.3,22.4&filter=department='lcsd'&lang=en");
    // Each is dropped alone.
    for chip in ["Box: 114,22.2,114.3,22.4", "Condition: department=&#39;lcsd&#39;"] {
        assert!(page.contains(chip), "{chip}: {page}");
    }
    assert!(
        page.contains("href=\"/collections?text=library&#38;filter=department%3D%27lcsd%27&#38;lang=en\""),
        "{page}"
    );
    assert!(server.problem("/collections?bbox=1,2,3", 400).contains("bbox"));
    assert!(server.problem("/collections?filter=nofield=1", 400).contains("nofield"));
}

#[test]
fn facets_count_what_the_same_question_finds() {
    let server = WORKSPACE.serve();
    let departments = |document: &Value| -> Vec<(String, u64)> {
        let buckets = document["facets"]["department"]["buckets"].as_array().unwrap();
        let bucket = |one: &Value| (one["value"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap());
        buckets.iter().map(bucket).collect()
    };
    let one = |code: &str| vec![(code.to_owned(), 1)];
    for (query, expected) in [
        ("filter=title='Libraries'", one("lcsd")),
        ("q=圖書館", one("lcsd")),
        ("ids=td-ferry-routes", one("td")),
        ("filter=S_INTERSECTS(geometry,BBOX(0,0,1,1))", Vec::new()),
        ("text=ferry&bbox=114,22.2,114.3,22.4", one("td")),
    ] {
        assert_eq!(departments(&server.json(&format!("/collections/catalogue/facets?{query}"))), expected, "{query}");
        let records = server.json(&format!("/collections/catalogue/items?facets=department&limit=1&{query}"));
        assert_eq!(departments(&records), expected, "{query}");
        assert_eq!(records["facets"].as_object().unwrap().len(), 1);
    }
    assert!(server.json("/collections/catalogue/items?limit=1")["facets"].is_null());
    let next = server.json("/collections/catalogue/items?facets=theme:1&limit=1");
    let links = next["links"].as_array().unwrap();
    let next = links.iter().find(|link| link["rel"] == "next").unwrap()["href"].as_str().unwrap();
    assert!(next.contains("facets=theme:1"), "{next}");
}

#[test]
fn a_table_has_a_box_for_words_and_keeps_what_it_was_narrowed_by() {
    let server = WORKSPACE.serve();
    let page = server.page("/collections/lcsd-libraries/items?text=&field=&value=&lang=en");
    assert!(page.contains("<input type=\"search\" name=\"text\" value=\"\">") && page.contains("of 186"), "{page}");
    let page = server.page("/collections/lcsd-libraries/items?text=central&field=District&value=WAN%20CHAI&lang=en");
    assert!(page.contains("name=\"text\" value=\"central\"") && page.contains("1–1 of 1"), "{page}");
    assert!(page.contains("<input type=\"hidden\" name=\"District\" value=\"WAN CHAI\">"), "{page}");
    assert!(page.contains("href=\"/collections/lcsd-libraries/items?f=html&#38;text=central&#38;lang=en\""), "{page}");
    // The form repeats a field that is chosen anew.
    let again = server.page("/collections/lcsd-libraries/items?District=WAN%20CHAI&field=District&value=SHA%20TIN");
    assert!(again.contains("value=\"SHA TIN\"") && !again.contains("WAN CHAI"), "{again}");
}

#[test]
fn a_problem_speaks_the_language_of_the_page_and_keeps_the_sentence_of_programs() {
    let server = WORKSPACE.serve();
    let page = |path: &str, language: &str| {
        let request = server.request(reqwest::Method::GET, path).header("accept", "text/html");
        let answer = request.header("accept-language", language).send().unwrap();
        (header(&answer, "content-type"), answer.text().unwrap())
    };
    for (path, language, words) in [
        ("/nothing", "zh-HK", "找不到網頁"),
        ("/nothing", "zh-CN", "可在下方搜寻"),
        ("/nothing", "en", "may be mistyped"),
        ("/collections/lcsd-libraries/items?limit=x", "zh-HK", "網址中有一部分無法理解"),
    ] {
        let (media_type, body) = page(path, language);
        assert!(media_type.starts_with("text/html"), "{path}: {media_type}");
        assert!(body.contains(words) && body.contains("<p class=\"notice\" lang=\"en\">"), "{path} {language}: {body}");
    }
}

#[test]
fn terms_are_linked_in_the_language_of_the_page() {
    let server = WORKSPACE.serve();
    for (tag, folder) in [("en", "en"), ("zh-Hant", "tc"), ("zh-Hans", "sc")] {
        let page = server.page(&format!("/collections/lcsd-libraries?lang={tag}"));
        assert!(page.contains(&format!("href=\"https://data.gov.hk/{folder}/terms-and-conditions\"")), "{tag}");
    }
}

#[test]
fn every_page_leads_officers_to_how_they_publish() {
    let server = WORKSPACE.serve();
    for (tag, title) in [("en", "For departments"), ("zh-Hant", "部門專區"), ("zh-Hans", "部门专区")] {
        let link = format!("<a href=\"/departments?lang={tag}\">{title}</a>");
        assert!(server.page(&format!("/?lang={tag}")).contains(&link), "{tag}");
        let page = server.page(&format!("/departments?lang={tag}"));
        assert!(page.contains(&format!("<h1>{title}</h1>")) && page.contains("causeway check"), "{tag}");
        assert_eq!(server.json(&format!("/departments?lang={tag}"))["title"], title);
    }
}
