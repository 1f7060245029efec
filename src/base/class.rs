//! How freely a layer may be read.

use serde::{Deserialize, Serialize};

/// The classes of `docs/architecture.md`; there is nothing above `Restricted`, because
/// confidential data never enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Open,
    Registered,
    Restricted,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Open => "open",
            Class::Registered => "registered",
            Class::Restricted => "restricted",
        }
    }
}

impl std::str::FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Class::Open),
            "registered" => Ok(Class::Registered),
            "restricted" => Ok(Class::Restricted),
            other => Err(format!("class \"{other}\" is not one of open, registered, restricted")),
        }
    }
}
