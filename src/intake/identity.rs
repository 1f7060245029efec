//! The stable public id: the key where it is an integer, else 53 bits of a hash of the key or of
//! all that the feature holds, so that a re-delivery in another order keeps its ids.

use std::collections::HashSet;

use super::spool::Entry;
use crate::base::FeatureId;

/// Ids in the order of `entries`, and what had to be resolved.
pub struct Assigned {
    pub ids: Vec<FeatureId>,
    /// Features that share their key, or everything they hold, with an earlier one.
    pub shared: u64,
    /// Different features whose hashes met.
    pub collisions: u64,
}

/// `key_is_integer` says whether the key's field holds whole numbers and nothing else.
pub fn assign(entries: &[Entry], key_is_integer: bool) -> Assigned {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    // Neither place in the file nor order of reading takes part, so re-ordering changes nothing.
    order.sort_by_key(|&place| (entries[place].identity, entries[place].content));
    let mut assigned = Assigned { ids: vec![FeatureId::from_hash(0); entries.len()], shared: 0, collisions: 0 };
    let mut taken = HashSet::with_capacity(entries.len());
    let mut ordinal = 0u64;
    let mut previous = None;
    for place in order {
        let entry = &entries[place];
        ordinal = if previous == Some(entry.identity) { ordinal + 1 } else { 0 };
        previous = Some(entry.identity);
        assigned.shared += u64::from(ordinal > 0);
        let mut id = wanted(entry, ordinal, key_is_integer);
        while !taken.insert(id) {
            assigned.collisions += 1;
            id = FeatureId::from_hash(id.get() + 1);
        }
        assigned.ids[place] = id;
    }
    assigned
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
    let hash = blake3::hash(&bytes);
    let mut low = [0u8; 8];
    low.copy_from_slice(&hash.as_bytes()[..8]);
    FeatureId::from_hash(u64::from_le_bytes(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(identity: u128, content: u128, integer_key: Option<u64>) -> Entry {
        Entry { hilbert: 0, offset: 0, identity, content, integer_key }
    }

    #[test]
    fn ids_do_not_depend_on_order_and_never_repeat() {
        let same_low_bits = 1u128 << 100;
        let entries =
            [entry(7, 1, None), entry(7, 2, None), entry(7 + same_low_bits, 3, None), entry(900, 4, Some(12))];
        let forward = assign(&entries, true);
        let mut reversed = entries;
        reversed.reverse();
        let mut backward = assign(&reversed, true).ids;
        backward.reverse();
        assert_eq!(forward.ids, backward);
        assert_eq!(forward.ids[3].get(), 12);
        assert_eq!((forward.shared, forward.collisions), (1, 1));
        assert_eq!(forward.ids.iter().collect::<HashSet<_>>().len(), 4);
        assert_ne!(assign(&entries, false).ids[3].get(), 12, "a code that only looks like a number is hashed");
    }
}
