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

/// What stands between two texts of a page, unescaped.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    page.split(before).nth(1).unwrap_or_default().split(after).next().unwrap_or_default()
}

#[test]
fn a_district_is_chosen_by_its_box_and_left_again_without_scripts() {
    let server = WORKSPACE.serve();
    for (tag, name, label) in
        [("en", "Sha Tin", "District: "), ("zh-Hant", "沙田", "地區："), ("zh-Hans", "沙田", "地区：")]
    {
        let page = server.page(&format!("/collections?text=libr&theme=recreation-and-culture&lang={tag}"));
        let part = between(&page, "<section class=\"where\"", "</section>");
        assert_eq!((part.matches("<path d=\"M").count(), part.matches("<li><a href=").count()), (18, 18), "{part}");
        let link = part.split("<li>").find(|item| item.contains(&format!(">{name}</a>"))).unwrap();
        let href = between(link, "<a href=\"", "\"").replace("&#38;", "&");
        assert!(href.starts_with("/collections?text=libr&theme=recreation-and-culture&bbox=114."), "{href}");
        let chosen = server.page(&href);
        assert!(chosen.contains(&format!("{label}{name} <span")), "{tag}: {chosen}");
        let part = between(&chosen, "<section class=\"where\"", "</section>");
        assert!(part.contains("<details open>") && part.contains("<rect class=\"chosen\""), "{part}");
        // The box is what any client of the catalogue asks for, and the chosen district leads back.
        let bbox = between(&href, "bbox=", "&");
        let records = server.json(&format!("/collections/catalogue/items?text=libr&bbox={bbox}"));
        assert_eq!(records["numberMatched"], 1);
        let back = part.split("<li").find(|item| item.contains("class=\"on\"")).unwrap();
        assert!(!between(back, "<a href=\"", "\"").contains("bbox"), "{back}");
    }
}

#[test]
fn the_form_for_box_and_time_keeps_what_else_was_asked_and_says_it_in_chips() {
    let server = WORKSPACE.serve();
    // As a form sends it, with what was left empty.
    let page = server
        .page("/collections?text=library&theme=&sort=title&lang=en&bbox=114,22.2,114.3,22.4&datetime=2020-01-01/..");
    for part in [
        "<input type=\"hidden\" name=\"text\" value=\"library\">",
        "<input type=\"hidden\" name=\"sort\" value=\"title\">",
        "<input name=\"bbox\" value=\"114,22.2,114.3,22.4\"",
        "<input name=\"datetime\" value=\"2020-01-01/..\"",
        "href=\"/collections/lcsd-libraries/items?f=html&#38;bbox=114,22.2,114.3,22.4&#38;lang=en\"",
        "Box: 114,22.2,114.3,22.4",
        "Time of the data: from 1 Jan 2020",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("name=\"theme\""), "{page}");
    let items = server.json("/collections/lcsd-libraries/items?limit=1&bbox=114,22.2,114.3,22.4");
    let within = items["numberMatched"].as_u64().unwrap();
    assert!(within < 186 && page.contains(&format!("<b class=\"num\">{within} in this box</b>")), "{within}: {page}");
    let empty = server.page("/collections?text=&bbox=&datetime=&lang=en");
    assert!(empty.contains("<h1>4 layers</h1>") && !empty.contains("class=\"chip\""), "{empty}");
}

#[test]
fn a_layer_of_the_map_leads_to_a_file_of_what_is_in_view() {
    let page = WORKSPACE.serve().page("/map?layers=lcsd-libraries&lang=en");
    let link =
        "<a href=\"/collections/lcsd-libraries/extracts?f=html&#38;lang=en\" data-in-view>File of what is in view</a>";
    assert!(page.contains(link), "{page}");
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
    // The table says Wan Chai, so that is what people type.
    let typed = server.page("/collections/lcsd-libraries/items?field=District&value=Wan%20Chai&lang=en");
    assert!(typed.contains("1–3 of 3"), "{typed}");
    // The form repeats a field that is chosen anew.
    let again = server.page("/collections/lcsd-libraries/items?District=WAN%20CHAI&field=District&value=SHA%20TIN");
    assert!(again.contains("value=\"SHA TIN\"") && !again.contains("WAN CHAI"), "{again}");
}

#[test]
fn a_problem_speaks_the_language_of_the_page_and_english_to_programs() {
    let server = WORKSPACE.serve();
    let page = |path: &str, language: &str| {
        let request = server.request(reqwest::Method::GET, path).header("accept", "text/html");
        let answer = request.header("accept-language", language).send().unwrap();
        (header(&answer, "content-type"), answer.text().unwrap())
    };
    for (path, language, words, sentence) in [
        ("/nothing", "zh-HK", "找不到網頁", "lang=\"zh-Hant\">/nothing沒有內容"),
        ("/nothing", "zh-CN", "可在下方搜寻", "lang=\"zh-Hans\">/nothing没有内容"),
        ("/nothing", "en", "may be mistyped", "lang=\"en\">There is nothing at /nothing; / says what there is."),
        ("/collections/x?f=html", "zh-HK", "找不到網頁", "沒有名為「x」的圖層"),
        ("/collections/lcsd-libraries/items/0?f=html", "zh-HK", "找不到網頁", "沒有編號為「0」的項目"),
        ("/collections/lcsd-libraries/items?limit=x", "zh-HK", "以下是該部分", "limit=「x」不是1或以上的整數"),
        ("/collections/lcsd-libraries/items?shoe=1", "zh-CN", "以下是该部分", "「shoe」既不是参数"),
        ("/collections?colour=red", "zh-HK", "以下是該部分", "沒有參數「colour」"),
        ("/collections?theme=x", "zh-CN", "以下是该部分", "theme=「x」不是可接受的值"),
        ("/collections?bbox=1,5,3,4", "zh-HK", "以下是該部分", "bbox=「1,5,3,4」的南界在北界之北"),
        ("/collections?datetime=soon", "zh-CN", "以下是该部分", "「soon」既不是日期"),
        ("/xyz/lcsd-libraries/3/9/0.mvt", "zh-HK", "找不到網頁", "欄號「9」不是0至7的整數"),
        ("/extracts/x", "zh-CN", "找不到网页", "找不到文件「x」"),
        // What only programs run into is said in English, and marked as that.
        ("/collections/lcsd-libraries/items?filter=a(", "zh-HK", "以下英文說明", "class=\"notice\" lang=\"en\">"),
    ] {
        let (media_type, body) = page(path, language);
        assert!(media_type.starts_with("text/html"), "{path}: {media_type}");
        assert!(body.contains(words) && body.contains(sentence), "{path} {language}: {body}");
    }
    // Programs have one language, whatever theirs is.
    let asked = server.request(reqwest::Method::GET, "/collections/x").header("accept-language", "zh-HK");
    let document: Value = asked.send().unwrap().json().unwrap();
    assert_eq!(document["detail"], "there is no layer \"x\"; /collections lists the layers");
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
