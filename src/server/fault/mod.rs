//! What is commonly wrong with a request, as facts, and the one place that says each in three languages.
//! Programs get the English sentence as the `detail` of a problem; a page has that of its own language.

mod absent;
mod refused;
mod strained;
mod unmade;

use axum::http::StatusCode;

pub use absent::Absent;
pub use refused::{BoxFault, Refused};
pub use strained::Strained;
pub use unmade::Unmade;

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
        let said = match self {
            Fault::Absent(absent) => absent.said(),
            Fault::Refused(refused) => refused.said(),
            Fault::Strained(strained) => strained.said(),
        };
        in_language(said, language)
    }
}

fn in_language([en, zh_hant, zh_hans]: Said, language: Language) -> String {
    match language {
        Language::En => en,
        Language::ZhHant => zh_hant,
        Language::ZhHans => zh_hans,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Grid;
    use crate::tiles::TileAddress;

    #[test]
    fn every_language_names_what_was_wrong() {
        let text = |text: &str| text.to_owned();
        let time = |text: &str| Refused::Time(text.parse::<crate::base::Interval>().unwrap_err()).into();
        let tile = |z: &str, x: &str, y: &str| TileAddress::parse(Grid::WebMercatorQuad, z, x, y).unwrap_err().into();
        let faults: [(Problem, &str); 15] = [
            (Absent::Address { path: text("/zq") }.into(), "/zq"),
            (Absent::Withdrawn { id: text("zq"), day: text("2026-01-02") }.into(), "2026-01-02"),
            (Absent::Record { id: text("zq") }.into(), "zq"),
            (Absent::Revision { layer: text("a"), revision: text("zq") }.into(), "zq"),
            (tile("99", "0", "0"), "99"),
            (tile("3", "0", "9"), "9"),
            (Refused::Twice { name: text("zq") }.into(), "zq"),
            (Refused::NotOffered { name: "f", value: text("zq"), accepted: text("json") }.into(), "json"),
            (Refused::NotWhole { name: text("page"), value: text("zq"), least: 7 }.into(), "7"),
            (Refused::Box { value: text("zq"), why: BoxFault::Count(3) }.into(), "3"),
            (time("2020-01-01/2019-01-01"), "2020-01-01/2019-01-01"),
            (time("../.."), "../.."),
            (time("zq"), "zq"),
            (Strained::Unfinished { count: 5 }.into(), "5"),
            (Strained::Kept { count: 5 }.into(), "5"),
        ];
        for (problem, fact) in faults {
            let said = Language::ALL.map(|language| problem.sentence(language).0);
            assert_eq!(said[0], problem.detail);
            assert!(said.iter().all(|said| said.contains(fact)), "{said:?}");
            assert!(said[0] != said[1] && said[1] != said[2], "{said:?}");
        }
    }
}
