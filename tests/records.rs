//! Records that CQL2 chooses, and what is said of those that are gone.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use support::{Server, Workspace, header, wait_until};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("records");
    for place in ["lcsd/libraries", "td/ferry-routes"] {
        workspace.take_from_tree(place);
    }
    workspace.ingest();
    workspace
});

fn ids(server: &Server, filter: &str) -> Vec<String> {
    let filter = filter.replace('%', "%25").replace('+', "%2B");
    let found = server.json(&format!("/collections/catalogue/items?{filter}"));
    let records = found["features"].as_array().unwrap();
    assert_eq!(found["numberMatched"], records.len());
    records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_layer_whose_rhythm_has_passed_is_said_to_be_overdue() {
    let workspace = Workspace::default();
    for (name, rhythm) in [("late", "monthly"), ("free", "as-needed")] {
        let head = support::HEAD
            .replace("as-needed", rhythm)
            .replace("[catalogue]", "[catalogue]\ndata_as_at = \"2021-12-17\"");
        let folder = workspace.layers().join("landsd").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("p.csv"), "name,Latitude,Longitude\na,22.3,114.2\n").unwrap();
        std::fs::write(folder.join("layer.toml"), format!("{head}files = [\"p.csv\"]\n")).unwrap();
    }
    workspace.ingest();
    let server = workspace.serve();
    let record = |id: &str| server.json(&format!("/collections/catalogue/items/{id}"))["properties"].clone();
    assert_eq!((&record("landsd-late")["overdue"], record("landsd-free").get("overdue")), (&true.into(), None));
    for (language, words) in [("en", "overdue"), ("zh-Hant", "逾期未更新"), ("zh-Hans", "逾期未更新")] {
        let page = |id: &str| server.page(&format!("/collections/{id}?lang={language}"));
        assert!(page("landsd-late").contains(&format!("<b class=\"late\">{words}</b>")), "{language}");
        assert!(!page("landsd-free").contains("class=\"late\""), "{language}");
    }
}

#[test]
fn a_filter_chooses_records_by_every_queryable() {
    let server = WORKSPACE.serve();
    const LIBRARIES: [&str; 1] = ["lcsd-libraries"];
    for filter in [
        "id='lcsd-libraries'",
        "title LIKE '%ibrar%'",
        "CASEI(title)=CASEI('LIBRARIES')",
        "description LIKE '%books%' AND type='dataset'",
        "A_CONTAINS(keywords,('library','books'))",
        "department IN ('lcsd','afcd')",
        "theme='recreation-and-culture'",
        "geometryType='Point' AND updated > TIMESTAMP('2020-01-01T00:00:00Z')",
        "numberOfFeatures > 100 AND NOT department='td'",
        "S_INTERSECTS(geometry,POINT(114.17 22.3)) AND department='lcsd'",
    ] {
        assert_eq!(ids(&server, &format!("filter={filter}")), LIBRARIES, "{filter}");
    }
    assert!(ids(&server, "filter=S_WITHIN(geometry,BBOX(0,0,1,1))").is_empty());
    let json = r#"filter-lang=cql2-json&filter={"op":"=","args":[{"property":"department"},"lcsd"]}"#;
    assert_eq!(ids(&server, json), LIBRARIES);
    assert_eq!(ids(&server, "filter=title='圖書館'&lang=tc"), LIBRARIES);
    // With other parameters it is one more condition.
    assert!(ids(&server, "filter=department='lcsd'&text=ferry").is_empty());
}

/// OGC 20-004r1, crawlable-catalog: catalog-links, itemType, conformance, record-links.
#[test]
fn a_crawler_comes_from_any_page_to_every_record_by_links_alone() {
    let server = WORKSPACE.serve();
    let page = server.page("/");
    let rel = "rel=\"http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog-crawlable\" href=\"/catalogue.json\"";
    assert!(page.contains(rel), "{page}");
    let catalogue = server.json("/catalogue.json");
    assert_eq!(catalogue["itemType"], "record");
    let class = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/crawlable-catalog";
    let holds =
        |document: &serde_json::Value| document["conformsTo"].as_array().unwrap().iter().any(|one| one == class);
    assert!(holds(&catalogue) && holds(&server.json("/conformance")));
    let links = |document: &serde_json::Value, rel: &str| -> Vec<String> {
        let links = document["links"].as_array().unwrap().iter().filter(|link| link["rel"] == rel);
        links.map(|link| link["href"].as_str().unwrap().strip_prefix(&server.base).unwrap().to_owned()).collect()
    };
    assert_eq!(links(&catalogue, "self"), ["/catalogue.json"]);
    for typed in catalogue["links"].as_array().unwrap() {
        assert!(typed["type"].is_string(), "{typed}");
    }
    for alternate in links(&catalogue, "alternate") {
        assert_eq!(server.get(&alternate).status(), 200, "{alternate}");
    }
    let records = links(&catalogue, "item");
    assert_eq!(records.len(), 2);
    for address in records {
        let record = server.json(&address);
        assert_eq!(links(&record, "self"), [address]);
        assert_eq!(links(&record, "collection"), ["/collections/catalogue"]);
        assert!(!links(&record, "alternate").is_empty());
    }
}

#[test]
fn queryables_are_what_a_filter_may_name() {
    let server = WORKSPACE.serve();
    let queryables = server.json("/collections/catalogue/queryables");
    for name in queryables["properties"].as_object().unwrap().keys() {
        let response = server.get(&format!("/collections/catalogue/items?filter={name} IS NULL"));
        assert_eq!(response.status(), 200, "{name}");
    }
    let detail = server.problem("/collections/catalogue/items?filter=shoe=1", 400);
    assert!(detail.contains("\"shoe\"") && detail.contains("title"), "{detail}");
}

/// OGC 20-004r1, requirement /req/autodiscovery/links.
#[test]
fn every_page_says_where_the_catalogue_is_and_the_classes_are_declared() {
    let server = WORKSPACE.serve();
    for path in ["/", "/collections", "/collections/lcsd-libraries"] {
        let page = server.page(path);
        assert!(page.contains("rel=\"http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog\""), "{path}");
    }
    let conformance = server.json("/conformance")["conformsTo"].to_string();
    for class in ["filtering", "searchable-catalog-filtering", "autodiscovery"] {
        assert!(conformance.contains(&format!("ogcapi-records-1/1.0/conf/{class}\"")), "{class}");
    }
}

#[test]
fn the_next_page_keeps_the_filter() {
    let server = WORKSPACE.serve();
    let page = server.json("/collections/catalogue/items?filter=type='dataset'&limit=1");
    let links = page["links"].as_array().unwrap();
    let next = links.iter().find(|link| link["rel"] == "next").unwrap()["href"].as_str().unwrap();
    assert!(next.contains("filter=type"), "{next}");
    assert_eq!(server.json(next.strip_prefix(&server.base).unwrap())["numberReturned"], 1);
}

/// A layer that was withdrawn is gone where all could read it, and absent where they could not.
#[test]
fn a_withdrawn_layer_is_gone_in_every_face() {
    const POINT: &str = "lon,lat\n114.1,22.3\n";
    let workspace = Workspace::default();
    workspace.take_from_tree("lcsd/libraries");
    for (place, class) in [("td/opened", "open"), ("td/closed", "restricted")] {
        let folder =
            workspace.define(place, &[("a.csv", POINT.as_bytes())], "longitude = \"lon\"\nlatitude = \"lat\"\n");
        let file = folder.join("layer.toml");
        let text = std::fs::read_to_string(&file).unwrap().replace("\"open\"", &format!("{class:?}"));
        std::fs::write(file, text).unwrap();
    }
    workspace.ingest();
    let server = workspace.serve();
    let revision = workspace.revision("td-opened");
    assert_eq!(server.get("/collections/td-opened").status(), 200);
    for layer in ["td-opened", "td-closed"] {
        assert_eq!(workspace.causeway(&["withdraw", layer]).status, 0);
    }
    wait_until(|| server.get("/collections/td-opened").status() != 200);
    for path in [
        "/collections/{}",
        "/collections/{}/items",
        "/collections/catalogue/items/{}",
        "/iso/{}.xml",
        "/tilejson/{}.json",
    ] {
        let detail = server.problem(&path.replace("{}", "td-opened"), 410);
        assert!(detail.contains("\"td-opened\" was withdrawn on 20"), "{path}: {detail}");
        let (closed, never) = (path.replace("{}", "td-closed"), path.replace("{}", "td-nevers"));
        assert_eq!(server.problem(&closed, 404).replace("closed", "nevers"), server.problem(&never, 404), "{path}");
    }
    let feed = server.get("/feed.atom").text().unwrap();
    let entry = format!("ref=\"{}/collections/td-opened?revision={revision}\"", server.base);
    assert!(feed.contains("<at:deleted-entry") && feed.contains(&entry), "{feed}");
    for path in ["/sitemap.xml", "/dcat.ttl", "/waf/", "/feed.atom"] {
        let response = server.get(path);
        assert!(!header(&response, "etag").is_empty(), "{path}");
        let text = response.text().unwrap();
        assert!(!text.contains("td-closed"), "{path}");
        assert!(path == "/feed.atom" || !text.contains("td-opened"), "{path}");
    }
    assert_eq!(workspace.causeway(&["rollback", "td-opened"]).status, 0);
    wait_until(|| server.get("/collections/td-opened").status() == 200);
}
