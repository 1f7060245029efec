//! What the manifest says of personal data: which columns hold it and who decided to publish it.

use serde::{Deserialize, Serialize};

/// One column that holds personal data of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalData {
    pub field: String,
    pub kind: PersonalDataKind,
    /// Values of the column that are of the kind.
    pub values: u64,
    /// A few values with all but their first two characters starred.
    pub samples: Vec<String>,
    /// Whether an open layer may not publish it without a decision.
    pub stops_open: bool,
    pub released: Option<crate::definition::Release>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonalDataKind {
    HongKongIdentityCard,
    MainlandIdentityNumber,
    Passport,
    PaymentCard,
    Telephone,
    EMail,
}

impl PersonalDataKind {
    pub fn as_str(self) -> &'static str {
        match self {
            PersonalDataKind::HongKongIdentityCard => "Hong Kong identity card number",
            PersonalDataKind::MainlandIdentityNumber => "Mainland identity number",
            PersonalDataKind::Passport => "passport or permit number",
            PersonalDataKind::PaymentCard => "payment card number",
            PersonalDataKind::Telephone => "telephone number",
            PersonalDataKind::EMail => "e-mail address",
        }
    }
}
