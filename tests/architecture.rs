//! The arrows between rooms run one way, and each room says what it is for.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// The rooms in the order of `src/lib.rs`: each may use those before it, never those after it.
const ROOMS: [&str; 20] = [
    "base",
    "fetch",
    "geometry",
    "crs",
    "definition",
    "words",
    "filter",
    "access",
    "package",
    "store",
    "query",
    "tiles",
    "formats",
    "catalogue",
    "harvest",
    "styles",
    "pictures",
    "intake",
    "server",
    "command",
];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Code without its comments, which may speak of anything.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_room_uses_only_the_rooms_above_it() {
    for (place, room) in ROOMS.iter().enumerate() {
        for file in rust_files(&src().join(room)) {
            let code = code(&file);
            for below in &ROOMS[place + 1..] {
                let arrow = format!("crate::{below}");
                let uses = code.match_indices(&arrow).any(|(at, _)| {
                    !code[at + arrow.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                });
                assert!(!uses, "{} uses {below}, which stands below {room}", file.display());
            }
        }
    }
}

#[test]
fn the_rooms_are_those_of_the_library() {
    let lib = std::fs::read_to_string(src().join("lib.rs")).unwrap();
    let listed: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, ROOMS);
}

#[test]
fn every_room_opens_with_what_it_is_for_and_what_it_must_not_know() {
    for room in ROOMS {
        let header: String = std::fs::read_to_string(src().join(room).join("mod.rs"))
            .unwrap()
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| format!("{} ", line.trim_start_matches("//!").trim()))
            .collect();
        for part in ["Comes in:", "oes out:", "ust not know:"] {
            assert!(header.contains(part), "src/{room}/mod.rs does not say \"{part}\": {header}");
        }
    }
}

#[test]
fn only_the_worker_speaks_to_gdal() {
    for room in ROOMS {
        for file in rust_files(&src().join(room)) {
            let code = code(&file);
            let speaks = ["use gdal", "gdal::", "gdal_sys"].iter().any(|word| code.contains(word));
            assert!(!speaks, "{} speaks to GDAL", file.display());
        }
    }
}

/// A server that can be made to fetch is a door into the network that it stands in.
#[test]
fn nothing_that_answers_requests_fetches() {
    for room in ["query", "tiles", "formats", "catalogue", "styles", "server"] {
        for file in rust_files(&src().join(room)) {
            let code = code(&file);
            let fetches = ["Fetcher", "ureq", "crate::harvest"].iter().any(|word| code.contains(word));
            assert!(!fetches, "{} fetches", file.display());
        }
    }
}

/// SQL stays where tables are known: the package and the query, whose plans name its columns.
#[test]
fn sqlite_is_known_to_the_package_and_the_query_alone() {
    for room in ROOMS.iter().filter(|room| !["package", "query"].contains(room)) {
        for file in rust_files(&src().join(room)) {
            assert!(!code(&file).contains("rusqlite"), "{} speaks to SQLite", file.display());
        }
    }
}
