//! HKSCS characters that an old Windows wrote into Unicode's private use area, back where they
//! belong: 邨 栢 鰂 脷 綉 and 4,900 more (`docs/decisions.md` names the rule's source).

use std::borrow::Cow;

/// Ranges of code page 951's private use, and the Big5 lead byte that each starts with.
const RANGES: [(u32, u32, u8); 3] = [(0xE000, 0xE310, 0xFA), (0xE311, 0xEEB7, 0x8E), (0xEEB8, 0xF6B0, 0x81)];
/// Trail bytes of one lead byte.
const ROW: u32 = 157;
/// Trail bytes from 0x40 to 0x7E; the others start at 0xA1.
const FIRST_HALF: u32 = 63;

/// The text with private-use characters mapped, and how many were mapped and how many were left
/// because HKSCS has nothing for them.
pub fn repair(text: &str) -> (Cow<'_, str>, usize, usize) {
    // The first bytes that such characters have in UTF-8, and that hardly any other has.
    if memchr::memchr2(0xEE, 0xEF, text.as_bytes()).is_none() || !text.chars().any(is_private) {
        return (Cow::Borrowed(text), 0, 0);
    }
    let mut repaired = String::with_capacity(text.len());
    let (mut mapped, mut left) = (0, 0);
    for character in text.chars() {
        match is_private(character).then(|| unicode_of(character)) {
            None => repaired.push(character),
            Some(Some(found)) => {
                mapped += 1;
                repaired.push_str(&found);
            }
            Some(None) => {
                left += 1;
                repaired.push(character);
            }
        }
    }
    (Cow::Owned(repaired), mapped, left)
}

fn is_private(character: char) -> bool {
    ('\u{E000}'..='\u{F8FF}').contains(&character)
}

fn unicode_of(character: char) -> Option<String> {
    let point = u32::from(character);
    let (base, _, lead) = RANGES.into_iter().find(|(first, last, _)| (*first..=*last).contains(&point))?;
    let (row, column) = ((point - base) / ROW, (point - base) % ROW);
    let trail = if column < FIRST_HALF { 0x40 + column } else { 0xA1 + column - FIRST_HALF };
    let bytes = [u8::try_from(u32::from(lead) + row).ok()?, u8::try_from(trail).ok()?];
    let (decoded, _, had_errors) = encoding_rs::BIG5.decode(&bytes);
    (!had_errors).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_that_were_checked_by_hand_come_back() {
        for (private, unicode) in [
            ('\u{E473}', "邨"),
            ('\u{E1D0}', "栢"),
            ('\u{E517}', "鰂"),
            ('\u{E77F}', "脷"),
            ('\u{E356}', "綉"),
            ('\u{E88C}', "埗"),
            ('\u{EC10}', "\u{213C5}"),
        ] {
            let text = format!("深水{private}");
            let (repaired, mapped, left) = repair(&text);
            assert_eq!(repaired, format!("深水{unicode}"));
            assert_eq!((mapped, left), (1, 0));
        }
    }

    #[test]
    fn what_has_no_counterpart_stays_and_is_counted() {
        let (repaired, mapped, left) = repair("\u{F8FF}");
        assert_eq!((repaired.as_ref(), mapped, left), ("\u{F8FF}", 0, 1));
    }
}
