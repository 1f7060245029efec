//! Records of one catalogue put together: from its languages, and from run to run.

use std::collections::HashMap;

use super::language;
use crate::base::{Trilingual, limits};
use crate::catalogue::RemoteRecord;

/// Adds what another language's address says of the same records.
pub(super) fn languages(mut known: Vec<RemoteRecord>, others: Vec<RemoteRecord>) -> Vec<RemoteRecord> {
    let places: HashMap<String, usize> =
        known.iter().enumerate().map(|(place, record)| (record.id.clone(), place)).collect();
    for other in others {
        match places.get(&other.id).and_then(|place| known.get_mut(*place)) {
            None => known.push(other),
            Some(record) => {
                fill(&mut record.title, other.title);
                fill(&mut record.text, other.text);
                fill(&mut record.publisher, other.publisher);
                record.keywords.extend(other.keywords);
                record.keywords.sort();
                record.keywords.dedup();
            }
        }
    }
    for record in &mut known {
        for text in [&mut record.title, &mut record.text, &mut record.publisher] {
            language::complete(text);
        }
    }
    known
}

fn fill(text: &mut Trilingual, other: Trilingual) {
    for (place, given) in [(&mut text.en, other.en), (&mut text.zh_hant, other.zh_hant)] {
        if place.is_empty() {
            *place = given;
        }
    }
    // What the catalogue itself writes goes before what we made of its Traditional.
    if !other.zh_hans.is_empty() && (text.zh_hans.is_empty() || text.zh_hans_derived) {
        text.zh_hans = other.zh_hans;
        text.zh_hans_derived = other.zh_hans_derived;
    }
}

/// What a run makes of what was kept.
#[derive(Debug, PartialEq)]
pub struct Merged {
    pub records: Vec<RemoteRecord>,
    /// Kept although the catalogue no longer has them: a run may have missed them.
    pub missing: usize,
    pub forgotten: usize,
    /// The run has far fewer records than are kept, so a person has to look.
    pub is_suspicious: bool,
}

/// Puts a run's records in the place of those that are kept.
pub fn merge(kept: Vec<RemoteRecord>, new: Vec<RemoteRecord>) -> Merged {
    let present = kept.iter().filter(|record| record.absences == 0).count();
    let is_suspicious = new.len() * 100 < present * limits::HARVEST_LEAST_PERCENT;
    let ids: std::collections::HashSet<&str> = new.iter().map(|record| record.id.as_str()).collect();
    let absent: Vec<RemoteRecord> = kept.into_iter().filter(|record| !ids.contains(record.id.as_str())).collect();
    let gone = absent.len();
    let missing: Vec<RemoteRecord> = absent
        .into_iter()
        .map(|record| RemoteRecord { absences: record.absences.saturating_add(1), ..record })
        .filter(|record| record.absences < limits::HARVEST_ABSENCES_MAX)
        .collect();
    let count = missing.len();
    let records = new.into_iter().chain(missing).collect();
    Merged { records, missing: count, forgotten: gone - count, is_suspicious }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ids: &[&str]) -> Vec<RemoteRecord> {
        ids.iter().map(|id| RemoteRecord { id: (*id).to_owned(), ..RemoteRecord::default() }).collect()
    }

    #[test]
    fn a_record_is_forgotten_at_its_third_absence() {
        let mut kept = named(&["a", "b", "c", "d", "e"]);
        for (missing, forgotten) in [(1, 0), (1, 0), (0, 1), (0, 0)] {
            let merged = merge(kept, named(&["a", "b", "c", "d"]));
            assert_eq!((merged.missing, merged.forgotten, merged.is_suspicious), (missing, forgotten, false));
            kept = merged.records;
        }
        assert_eq!(kept.len(), 4);
    }

    #[test]
    fn a_run_that_lost_a_fifth_is_suspicious() {
        assert!(merge(named(&["a", "b", "c", "d"]), named(&["a", "b", "c"])).is_suspicious);
        assert!(!merge(named(&["a", "b", "c", "d", "e"]), named(&["a", "b", "c", "d"])).is_suspicious);
        assert!(!merge(Vec::new(), named(&["a"])).is_suspicious);
    }

    #[test]
    fn languages_of_one_record_come_together_and_simplified_is_what_was_given() {
        let title = |en: &str, zh_hant: &str, zh_hans: &str| Trilingual {
            en: en.into(),
            zh_hant: zh_hant.into(),
            zh_hans: zh_hans.into(),
            ..Trilingual::default()
        };
        let record = |title| RemoteRecord { id: "a".into(), title, ..RemoteRecord::default() };
        let mut records = Vec::new();
        for title in [title("Library", "", ""), title("", "圖書館", ""), title("", "", "公共图书馆")] {
            records = languages(records, vec![record(title)]);
        }
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].title.en.as_str(), records[0].title.zh_hant.as_str()), ("Library", "圖書館"));
        assert_eq!(records[0].title.zh_hans, "公共图书馆");
    }
}
