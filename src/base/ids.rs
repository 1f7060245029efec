//! Names of layers, revisions and features.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `<department>-<name>`: letters a–z, digits, `_`, `-`, from 3 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayerId(String);

/// One published state of a layer: UTC time to the millisecond, then twelve digits of its digest,
/// so that ids sort by time: `20261124T153000123Z-1a2b3c4d5e6f`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RevisionId(String);

/// The stable public id of a feature: an integer of at most 53 bits, so that JavaScript keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureId(u64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("layer id \"{0}\" is not <department>-<name> of 3 to 100 letters a-z, digits, \"_\" and \"-\"")]
    Layer(String),
    #[error("revision id \"{0}\" is not a time followed by a digest")]
    Revision(String),
    #[error("feature id \"{0}\" is not a whole number from 0 to 9007199254740991")]
    Feature(String),
}

impl LayerId {
    pub const LENGTH_MAX: usize = 100;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The department's lower-case code: what stands before the first hyphen.
    pub fn department(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl FromStr for LayerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let parts = text.split_once('-');
        let well_formed = text.len() <= Self::LENGTH_MAX
            && text.chars().all(allowed)
            && parts.is_some_and(|(department, name)| !department.is_empty() && !name.is_empty());
        if well_formed { Ok(LayerId(text.to_owned())) } else { Err(IdError::Layer(cut(text))) }
    }
}

impl RevisionId {
    pub const DIGEST_DIGITS: usize = 12;

    pub fn new(time: jiff::Timestamp, digest: &super::digest::Sha256Hex) -> Self {
        let time = time.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%S%3fZ");
        RevisionId(format!("{time}-{}", digest.short(Self::DIGEST_DIGITS)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment that the id begins with.
    pub fn published(&self) -> Option<jiff::Timestamp> {
        let (time, _) = self.0.split_once('-')?;
        let (seconds, milliseconds) = time.strip_suffix('Z')?.split_at_checked("20261124T153000".len())?;
        let zoned = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", seconds).ok()?;
        let whole = jiff::tz::TimeZone::UTC.to_timestamp(zoned).ok()?;
        whole.checked_add(jiff::SignedDuration::from_millis(milliseconds.parse().ok()?)).ok()
    }
}

impl FromStr for RevisionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.split_once("Z-").is_some_and(|(time, digest)| {
            time.len() == "20261124T153000123".len()
                && time.bytes().enumerate().all(|(place, byte)| match place {
                    8 => byte == b'T',
                    _ => byte.is_ascii_digit(),
                })
                && digest.len() == Self::DIGEST_DIGITS
                && digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        });
        if well_formed { Ok(RevisionId(text.to_owned())) } else { Err(IdError::Revision(cut(text))) }
    }
}

impl FeatureId {
    /// 2^53 − 1, the largest integer that JavaScript, and so every web map, keeps exactly.
    pub const MAX: u64 = (1 << Self::BITS) - 1;
    pub const BITS: u32 = 53;

    pub fn new(value: u64) -> Option<Self> {
        (value <= Self::MAX).then_some(FeatureId(value))
    }

    /// The low 53 bits of a hash.
    pub fn from_hash(hash: u64) -> Self {
        FeatureId(hash & Self::MAX)
    }

    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for FeatureId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = digits_only && (text == "0" || !text.starts_with('0'));
        canonical
            .then(|| text.parse().ok())
            .flatten()
            .and_then(FeatureId::new)
            .ok_or_else(|| IdError::Feature(cut(text)))
    }
}

/// What a message repeats of a wrong value: enough to recognise it, not enough to flood a log, and in one line.
pub fn cut(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 80;
    let printed = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).map(printed).collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

macro_rules! text_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}
text_id!(LayerId);
text_id!(RevisionId);

impl fmt::Display for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_ids_are_a_department_and_a_name() {
        for good in ["lcsd-libraries", "censtatd-dcca-2001", "a-b", "local-x_y"] {
            assert!(good.parse::<LayerId>().is_ok(), "{good}");
        }
        for bad in ["libraries", "-x", "x-", "LCSD-x", "a-b/..", "a-b.c", "a-圖", ""] {
            assert!(bad.parse::<LayerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn revision_ids_round_trip_and_sort_by_time() {
        let digest = super::super::digest::Sha256Hex::of_bytes(b"x");
        let early = RevisionId::new("2026-11-24T15:30:00.123Z".parse().unwrap(), &digest);
        let late = RevisionId::new("2026-11-24T15:30:00.124Z".parse().unwrap(), &digest);
        assert!(early < late);
        assert_eq!(early.as_str().parse::<RevisionId>().unwrap(), early);
        assert!("../../etc".parse::<RevisionId>().is_err());
    }

    #[test]
    fn feature_ids_are_canonical_integers_of_53_bits() {
        assert_eq!("0".parse::<FeatureId>().unwrap().get(), 0);
        assert!("9007199254740991".parse::<FeatureId>().is_ok());
        for bad in ["9007199254740992", "-1", "007", "", "1.0", "x"] {
            assert!(bad.parse::<FeatureId>().is_err(), "{bad}");
        }
    }
}
