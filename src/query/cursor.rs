//! Where a walk through a layer stands: bound to the query and to the revision it began on, so
//! that a publication under way changes nothing for it.

use std::fmt;
use std::str::FromStr;

use crate::base::RevisionId;

/// Written `<revision>~<place>~<check>`, all of it plain in an address; a place to go back from has
/// a minus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub revision: RevisionId,
    /// The place of the last row of the page before, or of the first row of the page behind.
    pub place: i64,
    pub turn: Turn,
    /// Digest of the query that it belongs to.
    check: String,
}

/// Which way a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// With what comes after the place.
    Onward,
    /// With what stands before it.
    Back,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorFault {
    #[error("the cursor \"{0}\" is not one that this server gave in a next link")]
    Malformed(String),
    #[error("the cursor belongs to another query; follow the next link without changing it")]
    OtherQuery,
}

impl Cursor {
    pub fn new(revision: RevisionId, place: i64, turn: Turn, query: &str) -> Self {
        Cursor { revision, place, turn, check: check_of(query) }
    }

    /// Refuses a cursor that was given for another query. `query` is its canonical text.
    pub fn check(&self, query: &str) -> Result<(), CursorFault> {
        if self.check == check_of(query) { Ok(()) } else { Err(CursorFault::OtherQuery) }
    }
}

fn check_of(query: &str) -> String {
    const DIGITS: usize = 12;
    blake3::hash(query.as_bytes()).to_hex()[..DIGITS].to_owned()
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.turn == Turn::Back { "-" } else { "" };
        write!(f, "{}~{sign}{}~{}", self.revision, self.place, self.check)
    }
}

impl FromStr for Cursor {
    type Err = CursorFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || CursorFault::Malformed(crate::base::ids::cut(text));
        let parts: Vec<&str> = text.split('~').collect();
        let [revision, place, check] = parts[..] else { return Err(malformed()) };
        let (place, turn) = match place.strip_prefix('-') {
            Some(place) => (place, Turn::Back),
            None => (place, Turn::Onward),
        };
        // Places begin at 1: a second sign is none of ours.
        let place = place.parse().ok().filter(|place| *place >= 0).ok_or_else(malformed)?;
        Ok(Cursor { revision: revision.parse().map_err(|_| malformed())?, place, turn, check: check.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_an_address_and_knows_its_query() {
        let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        for turn in [Turn::Onward, Turn::Back] {
            let cursor = Cursor::new(revision.clone(), 42, turn, "limit=10");
            let read: Cursor = cursor.to_string().parse().unwrap();
            assert_eq!(read, cursor);
            assert_eq!(read.check("limit=10"), Ok(()));
            assert_eq!(read.check("limit=11"), Err(CursorFault::OtherQuery));
        }
        for bad in ["x~y".to_owned(), format!("{revision}~--1~a"), format!("{revision}~x~a")] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
