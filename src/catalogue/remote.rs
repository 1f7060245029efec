//! A record of another catalogue: what it is called, whose it is, and where it leads. It has no layer
//! here; it is found, marked as another's, and followed to where it is kept.

use serde::{Deserialize, Serialize};

use crate::base::{BBox, Trilingual};

/// A catalogue as it was last read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteCatalogue {
    /// The address that was given.
    pub address: String,
    pub host: String,
    /// How it is written: `CKAN`, `CSW` …
    pub kind: String,
    pub read: jiff::Timestamp,
    pub records: Vec<RemoteRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RemoteRecord {
    /// As the other catalogue writes it; one catalogue has it once.
    pub id: String,
    pub title: Trilingual,
    #[serde(default, skip_serializing_if = "Trilingual::is_empty")]
    pub text: Trilingual,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    #[serde(default, skip_serializing_if = "Trilingual::is_empty")]
    pub publisher: Trilingual,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<BBox>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<jiff::Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Where a person reads of it: a web address.
    pub page: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<RemoteResource>,
    /// Runs in which the other catalogue no longer had it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub absences: u8,
    /// The host of the other catalogue; known when it is loaded.
    #[serde(skip)]
    pub host: String,
}

/// A file or service of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RemoteResource {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// A web address.
    pub address: String,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}
