//! The stable public id: the key where it is an integer, else 53 bits of a hash of the key or of
//! all that the feature holds, so that a re-delivery in another order keeps its ids.

use std::collections::VecDeque;

use twox_hash::XxHash3_128;

use super::IngestError;
use super::entries::{Entries, Entry, Sorted};
use crate::base::FeatureId;

/// Entries with their ids in the order of the package, and what had to be resolved.
pub struct Assigned {
    pub entries: Sorted,
    /// Features that share their key, or everything they hold, with an earlier one.
    pub shared: u64,
    /// Different features whose hashes met.
    pub collisions: u64,
}

/// The order in which features that share a name are numbered. Neither place in the file nor order
/// of reading takes part, so re-ordering changes nothing. The bits that make an id come first, so that most are
/// in the order of their ids already.
pub fn by_identity(entry: &Entry) -> (u128, u128) {
    (entry.identity.rotate_right(FeatureId::BITS), entry.content)
}

/// An integer key comes before the hash that meets it, and so keeps its id.
fn by_id(entry: &Entry) -> (u128, u128) {
    let is_hashed = entry.integer_key != Some(entry.id.get());
    (u128::from(entry.id.get()) << 1 | u128::from(is_hashed), entry.identity)
}

/// Neighbours on the ground are neighbours on disk.
fn by_place(entry: &Entry) -> (u128, u128) {
    (u128::from(entry.hilbert), u128::from(entry.id.get()))
}

/// `entries` are ordered [`by_identity`]; `key_is_integer` says whether the key's field holds whole
/// numbers and nothing else.
pub fn assign(entries: Entries, key_is_integer: bool) -> Result<Assigned, IngestError> {
    let mut wishes = entries.resorted(by_id);
    let mut placed = entries.resorted(by_place);
    let (mut shared, mut ordinal) = (0, 0u64);
    let mut previous = None;
    for entry in entries.sorted()? {
        let mut entry = entry?;
        ordinal = if previous == Some(entry.identity) { ordinal + 1 } else { 0 };
        previous = Some(entry.identity);
        shared += u64::from(ordinal > 0);
        entry.id = wanted(&entry, ordinal, key_is_integer);
        wishes.push(entry)?;
    }
    let collisions = resolve(wishes.sorted()?, &mut placed)?;
    Ok(Assigned { entries: placed.sorted()?, shared, collisions })
}

/// Passes entries on, each with an id of its own: one whose wish is taken gets the next that is
/// free. Answers how many those were.
fn resolve(wishes: Sorted, placed: &mut Entries) -> Result<u64, IngestError> {
    let mut collisions = 0;
    let mut waiting: VecDeque<Entry> = VecDeque::new();
    let mut last: Option<u64> = None;
    let mut give_next = |entry: Entry, last: &mut Option<u64>| {
        let id = FeatureId::from_hash(last.map_or(0, |last| last + 1));
        *last = Some(id.get());
        placed.push(Entry { id, ..entry })
    };
    for entry in wishes {
        let entry = entry?;
        let wish = entry.id.get();
        if last.is_some_and(|last| last >= wish) {
            collisions += 1;
            waiting.push_back(entry);
            continue;
        }
        while last.is_some_and(|last| last + 1 < wish)
            && let Some(first) = waiting.pop_front()
        {
            give_next(first, &mut last)?;
        }
        last = wish.checked_sub(1);
        give_next(entry, &mut last)?;
    }
    waiting.into_iter().try_for_each(|entry| give_next(entry, &mut last))?;
    Ok(collisions)
}

fn wanted(entry: &Entry, ordinal: u64, key_is_integer: bool) -> FeatureId {
    if let (Some(key), 0, true) = (entry.integer_key, ordinal, key_is_integer) {
        return FeatureId::from_hash(key);
    }
    if ordinal == 0 {
        return FeatureId::from_hash(entry.identity as u64);
    }
    let mut bytes = entry.identity.to_le_bytes().to_vec();
    bytes.extend_from_slice(&ordinal.to_le_bytes());
    FeatureId::from_hash(XxHash3_128::oneshot(&bytes) as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entry(identity: u128, content: u128, integer_key: Option<u64>) -> Entry {
        Entry { hilbert: 0, offset: 0, id: FeatureId::from_hash(0), identity, content, integer_key }
    }

    /// Ids by content, features that share, and collisions.
    fn assigned(entries: &[Entry], key_is_integer: bool) -> (BTreeMap<u128, u64>, u64, u64) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorting = Entries::new(folder.path(), by_identity);
        entries.iter().for_each(|entry| sorting.push(*entry).unwrap());
        let assigned = assign(sorting, key_is_integer).unwrap();
        let ids = assigned.entries.map(|entry| entry.map(|entry| (entry.content, entry.id.get())).unwrap());
        (ids.collect(), assigned.shared, assigned.collisions)
    }

    #[test]
    fn ids_do_not_depend_on_order_and_never_repeat() {
        let same_low_bits = 1u128 << 100;
        let entries =
            [entry(7, 1, None), entry(7, 2, None), entry(7 + same_low_bits, 3, None), entry(900, 4, Some(12))];
        let (ids, shared, collisions) = assigned(&entries, true);
        let mut reversed = entries;
        reversed.reverse();
        assert_eq!(assigned(&reversed, true).0, ids);
        assert_eq!(ids[&4], 12);
        assert_eq!((shared, collisions), (1, 1));
        assert_eq!(ids.values().collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert_ne!(assigned(&entries, false).0[&4], 12, "a code that only looks like a number is hashed");
    }

    #[test]
    fn a_hash_that_meets_keys_gives_way_to_them_and_takes_the_next_free_number() {
        let keys = |numbers: &[u64]| -> Vec<Entry> {
            numbers
                .iter()
                .map(|number| entry(u128::from(*number) + 1_000, u128::from(*number), Some(*number)))
                .collect()
        };
        let mut entries = keys(&[0, 1, 2, 3, 5, 6]);
        // Features without a key, whose hashes are 1 and 5.
        entries.extend([entry(1, 101, None), entry(5, 105, None)]);
        let (ids, _, collisions) = assigned(&entries, true);
        for number in [0, 1, 2, 3, 5, 6] {
            assert_eq!(ids[&u128::from(number)], number, "a key is the id");
        }
        assert_eq!((ids[&101], ids[&105], collisions), (4, 7, 2));
    }
}
