//! Where a walk through a layer stands: bound to the query and to the revision it began on, so
//! that a publication under way changes nothing for it.

use std::fmt;
use std::str::FromStr;

use crate::base::RevisionId;

/// Written `<revision>~<place>~<check>`, all of it plain in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub revision: RevisionId,
    /// The place of the last row of the page before.
    pub place: i64,
    /// Digest of the query that it belongs to.
    check: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorFault {
    #[error("the cursor \"{0}\" is not one that this server gave in a next link")]
    Malformed(String),
    #[error("the cursor belongs to another query; follow the next link without changing it")]
    OtherQuery,
}

impl Cursor {
    pub fn new(revision: RevisionId, place: i64, query: &str) -> Self {
        Cursor { revision, place, check: check_of(query) }
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
        write!(f, "{}~{}~{}", self.revision, self.place, self.check)
    }
}

impl FromStr for Cursor {
    type Err = CursorFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || CursorFault::Malformed(crate::base::ids::cut(text));
        let parts: Vec<&str> = text.split('~').collect();
        let [revision, place, check] = parts[..] else { return Err(malformed()) };
        Ok(Cursor {
            revision: revision.parse().map_err(|_| malformed())?,
            place: place.parse().map_err(|_| malformed())?,
            check: check.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_an_address_and_knows_its_query() {
        let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        let cursor = Cursor::new(revision, 42, "limit=10");
        let read: Cursor = cursor.to_string().parse().unwrap();
        assert_eq!(read, cursor);
        assert_eq!(read.check("limit=10"), Ok(()));
        assert_eq!(read.check("limit=11"), Err(CursorFault::OtherQuery));
        assert!("x~y".parse::<Cursor>().is_err());
    }
}
