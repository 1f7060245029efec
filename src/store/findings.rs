//! What ingest found of single features: which were rejected, repaired, or stand elsewhere than
//! their own second pair of coordinates says.

use serde::{Deserialize, Serialize};

use crate::base::limits;

/// Counts are exact; the lists are cut at [`limits::FEATURES_LISTED`] each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    pub rejected: Listing,
    pub repaired: Listing,
    pub displaced: Listing,
    /// Texts with characters that were lost before or in the delivery.
    #[serde(default)]
    pub damaged: Listing,
}

/// Features of one kind of finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub count: u64,
    pub features: Vec<Finding>,
}

/// One feature and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Place in its file, from 1.
    pub row: u64,
    /// The delivery's own name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The value of the definition's key field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub what: String,
}

impl Listing {
    pub fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.features.len() < limits::FEATURES_LISTED {
            self.features.push(finding);
        }
    }

    /// Takes in another listing, whose features are of other rows of the same delivery.
    pub fn merge(&mut self, other: Listing) {
        self.count += other.count;
        self.features.extend(other.features);
        self.features.sort_by(|a, b| (&a.file, a.row).cmp(&(&b.file, b.row)));
        self.features.truncate(limits::FEATURES_LISTED);
    }
}

impl Findings {
    pub fn merge(&mut self, other: Findings) {
        self.rejected.merge(other.rejected);
        self.repaired.merge(other.repaired);
        self.displaced.merge(other.displaced);
        self.damaged.merge(other.damaged);
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(formatter, "{file}, ")?;
        }
        write!(formatter, "row {}", self.row)?;
        if let Some(key) = &self.key {
            write!(formatter, " ({key})")?;
        }
        write!(formatter, ": {}", self.what)
    }
}
