//! Walks through a layer page by page: by cursor onward and back, by offset, sorted or not, and while
//! a publication goes on.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{Server, Workspace, wait_until};

const ROWS: i64 = 23;

/// Weights repeat and some are absent, so that ties and nulls lie on borders of pages.
fn rows(named: &str) -> String {
    let mut csv = "key,name,weight,kind,Latitude,Longitude\n".to_owned();
    for key in 1..=ROWS {
        let weight = if key % 5 == 0 { String::new() } else { format!("{}.5", key % 3) };
        let kind = if key % 7 == 0 { "" } else { ["b", "a", "c"][(key % 3) as usize] };
        csv.push_str(&format!("{key},{named} {key},{weight},{kind},22.{:02},114.{:02}\n", key, (key * 7) % 90));
    }
    csv
}

fn workspace(name: &str) -> Workspace {
    let workspace = Workspace::kept(name);
    publish(&workspace, "first");
    workspace
}

fn publish(workspace: &Workspace, named: &str) {
    let more = "[identity]\nkey = \"key\"\n";
    workspace.define("landsd/walk", &[("walk.csv", rows(named).as_bytes())], more);
    workspace.ingest();
}

fn keys(page: &Value) -> Vec<i64> {
    page["features"].as_array().unwrap().iter().map(|one| one["properties"]["key"].as_i64().unwrap()).collect()
}

/// The path of a link of a page.
fn link(server: &Server, page: &Value, rel: &str) -> Option<String> {
    let found = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == rel)?;
    Some(found["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned())
}

const ORDERS: [&str; 10] = [
    "",
    "sortby=weight",
    "sortby=-weight",
    "sortby=kind,-weight",
    "sortby=-kind,weight,-name",
    "filter=key>3",
    "filter=key>3&sortby=-weight",
    // What fits best comes first: all alike, in several tiers, and chosen further.
    "text=first",
    "text=first%201",
    "text=first&filter=key>3",
];

#[test]
fn pages_onward_back_and_by_offset_agree_in_every_order() {
    let server = workspace("walks").serve();
    for order in ORDERS {
        let items = |more: &str| format!("/collections/landsd-walk/items?{order}&{more}");
        let whole = keys(&server.json(&items("limit=100")));
        let mut pages = Vec::new();
        let mut path = items("limit=4");
        loop {
            let page = server.json(&path);
            let offset = server.json(&items(&format!("limit=4&offset={}", pages.len() * 4)));
            assert_eq!(keys(&page), keys(&offset), "{order} page {}", pages.len());
            assert_eq!(page["numberMatched"], whole.len(), "{order}");
            pages.push(page);
            match link(&server, pages.last().unwrap(), "next") {
                Some(next) => path = next,
                None => break,
            }
        }
        assert_eq!(pages.iter().flat_map(keys).collect::<Vec<_>>(), whole, "{order}");
        // Back from the last page over every page to the first, which has nothing before it.
        let mut page = pages.last().unwrap().clone();
        for expected in pages.iter().rev().skip(1) {
            page = server.json(&link(&server, &page, "prev").unwrap());
            assert_eq!(keys(&page), keys(expected), "{order}");
        }
        assert_eq!(link(&server, &page, "prev").map(|path| keys(&server.json(&path))), None, "{order}");
        // Back from a page that does not begin at a multiple: what stands before it, and no more.
        let page = server.json(&items("limit=4&offset=2"));
        let before = server.json(&link(&server, &page, "prev").unwrap());
        assert_eq!(keys(&before), whole[..2], "{order}");
        assert_eq!(keys(&server.json(&link(&server, &before, "next").unwrap())), whole[2..6], "{order}");
    }
}

#[test]
fn a_walk_under_way_stays_in_its_revision_until_that_is_pruned() {
    let workspace = workspace("walk-published");
    let server = workspace.serve();
    let first_revision = workspace.revision("landsd-walk");
    let paths: Vec<String> = ["", "&sortby=-weight", "&text=first"]
        .iter()
        .map(|order| {
            let page = server.json(&format!("/collections/landsd-walk/items?limit=4{order}"));
            link(&server, &page, "next").unwrap()
        })
        .collect();
    publish(&workspace, "second");
    let name = |page: &Value| page["features"][0]["properties"]["name"].as_str().unwrap().to_owned();
    wait_until(|| name(&server.json("/collections/landsd-walk/items?limit=1")).starts_with("second"));
    for path in &paths {
        let page = server.json(path);
        assert!(name(&page).starts_with("first"), "{path}");
        let onward = server.json(&link(&server, &page, "next").unwrap());
        let back = server.json(&link(&server, &page, "prev").unwrap());
        assert!(name(&onward).starts_with("first") && name(&back).starts_with("first"), "{path}");
    }
    std::fs::remove_dir_all(workspace.data().join("layers/landsd-walk").join(first_revision)).unwrap();
    // Pages that were kept may still be answered; one that nobody asked for cannot.
    for path in &paths {
        let detail = server.problem(&path.replace("limit=4", "limit=3"), 410);
        assert!(detail.contains("no longer kept"), "{detail}");
    }
}

#[test]
fn a_cursor_of_another_query_or_of_nobody_is_refused() {
    let server = workspace("walk-cursors").serve();
    let page = server.json("/collections/landsd-walk/items?limit=4&sortby=weight");
    let next = link(&server, &page, "next").unwrap();
    for (path, part) in [
        (next.replace("sortby=weight", "sortby=-weight"), "another query"),
        (next.replace("sortby=weight&", ""), "another query"),
        (format!("{next}&offset=3"), "give one of them"),
        ("/collections/landsd-walk/items?cursor=nonsense".to_owned(), "not one that this server gave"),
    ] {
        let detail = server.problem(&path, 400);
        assert!(detail.contains(part), "{path}: {detail}");
    }
}
