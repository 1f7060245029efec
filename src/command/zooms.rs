//! A range of zooms as it is written on a command line: `0-14`, or `12` alone.

use std::str::FromStr;

use crate::base::ids::cut;
use crate::base::limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zooms {
    pub first: u8,
    pub last: u8,
}

impl FromStr for Zooms {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.parse().ok().filter(|zoom| *zoom <= limits::ZOOM_MAX);
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Zooms { first, last }),
            _ => Err(format!(
                "\"{}\" is not two zooms from 0 to {} such as 0-14, the smaller first",
                cut(text),
                limits::ZOOM_MAX
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_zooms_or_one() {
        assert_eq!("0-14".parse(), Ok(Zooms { first: 0, last: 14 }));
        assert_eq!("9".parse(), Ok(Zooms { first: 9, last: 9 }));
        for bad in ["", "-", "14-0", "0-23", "a-b", "0-1-2", "-1"] {
            assert!(bad.parse::<Zooms>().is_err(), "{bad}");
        }
    }
}
