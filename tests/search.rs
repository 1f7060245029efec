//! The search as people meet it: queries in three languages over the layers of this tree and the
//! other shared folders, among hundreds of records that look like answers.
#![allow(clippy::unwrap_used)]

#[path = "support/catalogue.rs"]
mod catalogue;
mod support;

use causeway::base::Language;
use causeway::catalogue::search::{Filter, Index};

const DISTRACTORS: usize = 720;

fn index(test: &str) -> Option<Index> {
    let sources = support::shared_path(test, "hk/SOURCES.md")?;
    let mut records = catalogue::of_this_tree();
    let others = catalogue::of_shared_folders(&std::fs::read_to_string(sources).unwrap(), &records);
    records.extend(others);
    records.extend(catalogue::distractors(DISTRACTORS));
    Some(Index::build(catalogue::shared(records)))
}

#[derive(Debug, Default)]
struct Score {
    asked: usize,
    first: usize,
    among_five: usize,
    empty: usize,
}

/// Asks every line of a table; the lines that are not answered first are printed.
fn ask(index: &Index, table: &str, expected: impl Fn(&str) -> String) -> Score {
    let mut score = Score::default();
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let mut cells = line.split('\t');
        let (query, _language, wanted) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        let wanted: Vec<String> = wanted.split('|').map(&expected).collect();
        let found = index.search(query, &Filter::default(), Language::En).matches;
        let place = found.iter().position(|one| wanted.iter().any(|id| one.record.id.as_str() == id));
        score.asked += 1;
        score.first += usize::from(place == Some(0));
        score.among_five += usize::from(place.is_some_and(|place| place < 5));
        score.empty += usize::from(found.is_empty());
        if place != Some(0) {
            let best: Vec<String> =
                found.iter().take(3).map(|one| format!("{} {:?} {:.1}", one.record.id, one.tier, one.score)).collect();
            println!("{query}: wanted {} at {place:?}, found {}", wanted.join("|"), best.join(", "));
        }
    }
    println!("{score:?}");
    score
}

#[test]
fn the_shared_queries_find_their_layers_first() {
    let Some(index) = index("the_shared_queries_find_their_layers_first") else { return };
    let Some(table) = support::shared_path("the_shared_queries", "../reference/search-queries.tsv") else { return };
    let score = ask(&index, &std::fs::read_to_string(table).unwrap(), catalogue::layer_of_folder);
    assert!(score.first * 100 >= score.asked * 95, "{score:?}");
    assert!(score.among_five * 100 >= score.asked * 98, "{score:?}");
    assert_eq!(score.empty, 0, "{score:?}");
}

/// Each part was written before its misses were seen; they were answered by words for the kind of thing.
#[test]
fn everyday_queries_find_their_layers() {
    let Some(index) = index("everyday_queries_find_their_layers") else { return };
    let score = ask(&index, include_str!("data/search-everyday.tsv"), str::to_owned);
    assert!(score.first * 100 >= score.asked * 90, "{score:?}");
    assert_eq!(score.empty, 0, "{score:?}");
}

/// What has only parts of a question must not drown what has all of it.
#[test]
fn few_layers_with_parts_of_a_question_stand_behind_those_with_all_of_it() {
    const BEHIND: usize = 5;
    let Some(index) = index("few_layers_with_parts_of_a_question") else { return };
    for (text, whole) in [("天文台", 1..=1), ("karaoke", 1..=1), ("swimming pool", 1..=3), ("MTR 路線", 1..=1)] {
        let found = index.search(text, &Filter::default(), Language::En);
        assert!(whole.contains(&found.whole), "{text}: {}", found.whole);
        assert!(found.matches.len() <= found.whole + BEHIND, "{text}: {}", found.matches.len());
        assert!(found.matches[..found.whole].iter().all(|one| one.tier.is_whole()), "{text}");
        assert!(found.matches[found.whole..].iter().all(|one| !one.tier.is_whole()), "{text}");
        let counted: usize = found.facets.shapes.iter().map(|shape| shape.count).sum();
        assert_eq!(counted, found.whole, "{text}");
    }
    let parts = index.search("orchestra zzzz", &Filter::default(), Language::En);
    assert_eq!(parts.whole, 0);
    assert_eq!(parts.facets.shapes.iter().map(|shape| shape.count).sum::<usize>(), parts.matches.len());
    assert!(!parts.matches.is_empty());
}
