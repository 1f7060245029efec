//! What is commonly wrong with a request, as facts, and the one place that says each in three languages.
//! Programs get the English sentence as the `detail` of a problem; a page has that of its own language.

mod absent;
mod refused;
mod strained;

use axum::http::StatusCode;

pub use absent::Absent;
pub use refused::{BoxFault, Refused};
pub use strained::Strained;

use super::problem::Problem;
use crate::base::Language;
use crate::base::instant::IntervalError;
use crate::tiles::TileAddressError;

/// A fault that people meet. What only programs run into is a [`Problem`] with an English sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What is asked for is not there, or not any more.
    Absent(Absent),
    /// A parameter, or its value.
    Refused(Refused),
    /// What the server cannot do at this moment.
    Strained(Strained),
}

/// A sentence in English, Traditional and Simplified Chinese; the English one without a capital and a full stop,
/// as problems have it.
type Said = [String; 3];

impl Fault {
    pub fn status(&self) -> StatusCode {
        match self {
            Fault::Absent(absent) => absent.status(),
            Fault::Refused(_) => StatusCode::BAD_REQUEST,
            Fault::Strained(strained) => strained.status(),
        }
    }

    /// What was wrong, and what would be accepted.
    pub fn sentence(&self, language: Language) -> String {
        let [en, zh_hant, zh_hans] = match self {
            Fault::Absent(absent) => absent.said(),
            Fault::Refused(refused) => refused.said(),
            Fault::Strained(strained) => strained.said(),
        };
        match language {
            Language::En => en,
            Language::ZhHant => zh_hant,
            Language::ZhHans => zh_hans,
        }
    }
}

impl From<Absent> for Problem {
    fn from(absent: Absent) -> Self {
        Problem::of(Fault::Absent(absent))
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Problem::of(Fault::Refused(refused))
    }
}

impl From<Strained> for Problem {
    fn from(strained: Strained) -> Self {
        Problem::of(Fault::Strained(strained))
    }
}

impl From<TileAddressError> for Problem {
    fn from(fault: TileAddressError) -> Self {
        Absent::Tile(fault).into()
    }
}

impl From<IntervalError> for Problem {
    fn from(fault: IntervalError) -> Self {
        Refused::Time(fault).into()
    }
}
