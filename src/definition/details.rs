//! What a department may add for the catalogue: when it was first issued, whom to ask, how it came
//! about, and what others call it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::parse::Place;
use super::{DefinitionFault, simplified};
use crate::base::Trilingual;

/// All of it optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueDetails {
    /// The day on which the department first issued the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<jiff::civil::Date>,
    #[serde(default, skip_serializing_if = "Contact::is_empty")]
    pub contact: Contact,
    /// How the data came about.
    #[serde(default, skip_serializing_if = "Trilingual::is_empty")]
    pub lineage: Trilingual,
    /// Scheme to the id that it gives the data: `csdi` to `td_rcd_1697082463580_57453`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identifiers: BTreeMap<String, String>,
}

/// Where to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// E.164, with Hong Kong's 852 where no country was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
}

impl Contact {
    pub fn is_empty(&self) -> bool {
        self.email.is_none() && self.telephone.is_none()
    }
}

/// The keys of `[catalogue]` that these are read from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContact {
    email: Option<Spanned<String>>,
    telephone: Option<Spanned<String>>,
}

pub(super) fn read(
    place: &Place,
    issued: Option<jiff::civil::Date>,
    contact: Option<RawContact>,
    lineage: Option<Trilingual>,
    identifiers: BTreeMap<String, String>,
) -> Result<CatalogueDetails, DefinitionFault> {
    let mut lineage = lineage.unwrap_or_default();
    simplified::complete(&mut lineage);
    let contact = contact.map(|raw| raw.read(place)).transpose()?.unwrap_or_default();
    Ok(CatalogueDetails { issued, contact, lineage, identifiers })
}

impl RawContact {
    fn read(self, place: &Place) -> Result<Contact, DefinitionFault> {
        let email = self.email.map(|email| match is_email(email.get_ref()) {
            true => Ok(email.into_inner()),
            false => Err(place.fault(&email.span(), "email is not of the form name@host")),
        });
        let telephone = self.telephone.map(|telephone| {
            e164(telephone.get_ref()).ok_or_else(|| {
                place.fault(&telephone.span(), "telephone is neither 8 digits nor + with country and number")
            })
        });
        Ok(Contact { email: email.transpose()?, telephone: telephone.transpose()? })
    }
}

fn is_email(text: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>\"@".contains(c));
    text.split_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host) && host.contains('.'))
}

/// `2834 3361` is `+85228343361`, as ITU-T E.164 and OGC API Records want it.
fn e164(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || " -+()".contains(c));
    match (is_plain, text.trim_start().starts_with('+'), digits.len()) {
        (true, false, 8) => Some(format!("+852{digits}")),
        (true, true, 7..=15) if !digits.starts_with('0') => Some(format!("+{digits}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephones_become_international() {
        for (written, read) in [
            ("2834 3361", Some("+85228343361")),
            ("+852 2834-3361", Some("+85228343361")),
            ("1823", None),
            ("2834 3361 ext 5", None),
        ] {
            assert_eq!(e164(written).as_deref(), read, "{written}");
        }
        assert!(is_email("enquiry@afcd.gov.hk"));
        assert!(!is_email("enquiry at afcd"));
    }
}
