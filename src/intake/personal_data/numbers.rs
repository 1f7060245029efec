//! Numbers that belong to one person: each found by its form and its check digit.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// Which kinds of number stand in one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A Hong Kong identity card number with its check digit right.
    pub hkid: bool,
    /// The same, its check digit in brackets, which hardly anything else is written like.
    pub bracketed_hkid: bool,
    /// An identity number of the Mainland, 18 characters with check digit and date of birth.
    pub mainland_id: bool,
    /// A payment card number by its length, first digit and Luhn's sum.
    pub card: bool,
    /// What a passport or permit number looks like: it has no check digit.
    pub passport_form: bool,
    pub mobile: bool,
    pub landline: bool,
    /// A telephone number written as one: with 852 before it, or in two groups of four.
    pub written_as_telephone: bool,
}

/// Digits of the shortest number looked for, an identity card's.
const DIGITS_MIN: usize = 6;

/// Looks at one value, full-width forms and any case included.
pub fn find(text: &str) -> Found {
    let mut found = Found::default();
    if !may_hold_a_number(text) {
        return found;
    }
    let plain: Vec<char> = if text.is_ascii() {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits == text.len() && !has_length_of_bare_digits(digits) {
            return found;
        }
        text.chars().map(|c| c.to_ascii_uppercase()).collect()
    } else if text.chars().any(char::is_numeric) {
        text.nfkc().flat_map(char::to_uppercase).collect()
    } else {
        return found;
    };
    for run in runs(&plain) {
        look_at(run, &mut found);
    }
    telephone(&plain, &mut found);
    found
}

/// Whether enough digits stand together, with nothing between them but what may stand inside a number.
fn may_hold_a_number(text: &str) -> bool {
    let mut digits = 0;
    text.chars().any(|c| {
        digits = match c {
            '0'..='9' => digits + 1,
            'a'..='z' | 'A'..='Z' | ' ' | '-' | '+' | '(' | ')' => digits,
            _ if c.is_ascii() => 0,
            // Letters stay letters in any form.
            _ if c.is_alphabetic() && !c.is_numeric() => digits,
            // Other forms of digits and brackets, looked at in detail.
            _ => DIGITS_MIN,
        };
        digits >= DIGITS_MIN
    })
}

/// Whether digits alone may be a telephone number, with 852 before it or not, an identity number of the
/// Mainland or a card's: all else that is looked for holds a letter or a bracket.
fn has_length_of_bare_digits(digits: usize) -> bool {
    matches!(digits, 8 | 11 | 13..=19)
}

/// Stretches of letters and digits with what may stand inside a number: blanks, hyphens, brackets.
fn runs(characters: &[char]) -> impl Iterator<Item = &[char]> {
    let is_inside = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '(' | ')');
    characters.split(move |c| !is_inside(c)).filter(|run| run.len() >= 7)
}

fn look_at(run: &[char], found: &mut Found) {
    let words: Vec<&[char]> = run.split(|c| *c == ' ').filter(|word| !word.is_empty()).collect();
    for word in &words {
        let compact: Vec<char> = word.iter().copied().filter(|c| c.is_ascii_alphanumeric()).collect();
        if is_hkid(&compact) {
            found.hkid = true;
            found.bracketed_hkid |= word.ends_with(&[')']) && word.iter().rev().nth(2) == Some(&'(');
        }
        found.mainland_id |= is_mainland_id(&compact);
        found.passport_form |= is_passport_form(&compact);
    }
    // Identity numbers are written with a blank before the bracket, cards in groups of four.
    let joined: Vec<char> = run.iter().copied().filter(|c| c.is_ascii_alphanumeric()).collect();
    if run.contains(&'(') && is_hkid(&joined) {
        found.hkid = true;
        found.bracketed_hkid = true;
    }
    let only_digits = run.iter().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'));
    found.card |= only_digits && is_card(&joined);
}

fn digit(character: char) -> Option<u32> {
    character.to_digit(10)
}

/// One or two letters, six digits, a check digit from 0 to 9 or A: weights 9 to 2 over eight
/// places, a letter counting 10 to 35 and a missing first one 36, modulo 11.
fn is_hkid(compact: &[char]) -> bool {
    let letters = compact.iter().take_while(|c| c.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters) || compact.len() != letters + 7 {
        return false;
    }
    let (body, check) = (&compact[..letters + 6], compact[letters + 6]);
    if !body[letters..].iter().all(char::is_ascii_digit) || !(check.is_ascii_digit() || check == 'A') {
        return false;
    }
    const BLANK: u32 = 36;
    let value = |c: char| c.to_digit(36).unwrap_or(BLANK);
    let padded = (letters == 1).then_some(BLANK).into_iter().chain(body.iter().map(|c| value(*c)));
    let sum: u32 = padded.zip((2..=9).rev()).map(|(value, weight)| value * weight).sum();
    (11 - sum % 11) % 11 == value(check)
}

/// GB 11643: region, date of birth, sequence, and a check character modulo 11.
fn is_mainland_id(compact: &[char]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    if compact.len() != 18 || !compact[..17].iter().all(char::is_ascii_digit) {
        return false;
    }
    let sum: u32 = compact.iter().zip(WEIGHTS).map(|(c, weight)| digit(*c).unwrap_or_default() * weight).sum();
    let born: String = compact[6..14].iter().collect();
    CHECKS[(sum % 11) as usize] == compact[17] && Date::strptime("%Y%m%d", born).is_ok_and(|date| date.year() >= 1900)
}

/// 13 to 19 digits that begin with 3 to 6, Luhn's sum divisible by ten.
fn is_card(digits: &[char]) -> bool {
    if !(13..=19).contains(&digits.len()) || !matches!(digits[0], '3'..='6') {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, c)| match (digit(*c).unwrap_or_default(), place % 2) {
            (digit, 0) => digit,
            (digit, _) if digit > 4 => 2 * digit - 9,
            (digit, _) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|c| *c != digits[0])
}

/// One or two letters and seven or eight digits; H or M and eight to ten.
fn is_passport_form(compact: &[char]) -> bool {
    let letters = compact.iter().take_while(|c| c.is_ascii_uppercase()).count();
    let digits = compact.len() - letters;
    let rest_is_digits = compact[letters..].iter().all(char::is_ascii_digit);
    let is_permit = letters == 1 && matches!(compact[0], 'H' | 'M') && (8..=10).contains(&digits);
    rest_is_digits && ((matches!(letters, 1 | 2) && (7..=8).contains(&digits)) || is_permit)
}

/// Eight digits, alone or in two groups of four, 852 before them or not.
fn telephone(characters: &[char], found: &mut Found) {
    let is_inside = |c: &char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '+' | '(' | ')');
    for part in characters.split(|c| !is_inside(c)) {
        let digits: Vec<char> = part.iter().copied().filter(char::is_ascii_digit).collect();
        let (local, has_area) = match digits.as_slice() {
            ['8', '5', '2', local @ ..] if local.len() == 8 => (local, true),
            local if local.len() == 8 => (local, false),
            _ => continue,
        };
        let is_grouped = part.iter().filter(|c| matches!(c, ' ' | '-')).count() > 0 && part.len() >= 9;
        if !has_area && is_date(part) {
            continue;
        }
        found.written_as_telephone |= has_area || is_grouped;
        match local[0] {
            '4'..='7' | '9' => found.mobile = true,
            '2' | '3' => found.landline = true,
            _ => {}
        }
    }
}

/// A year, a month and a day with hyphens or blanks between them or nothing, or day, month and year.
fn is_date(part: &[char]) -> bool {
    let text: String = part.iter().map(|c| if c.is_ascii_digit() { *c } else { ' ' }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join("-");
    ["%Y%m%d", "%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y"].iter().any(|form| Date::strptime(form, &text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_cards_are_known_by_their_check_digit() {
        for (text, hkid, bracketed) in [
            ("A123456(3)", true, true),
            ("AB123456(9)", true, true),
            ("g123456 (a)", true, true),
            ("K0000000", true, false),
            ("WX1234569", true, false),
            ("Ｇ１２３４５６（Ａ）", true, true),
            ("Holder: A123456(3), since 2001", true, true),
            ("A123456(4)", false, false),
            ("A1234563B", false, false),
            ("ABC1234563", false, false),
            ("123456(3)", false, false),
        ] {
            let found = find(text);
            assert_eq!((found.hkid, found.bracketed_hkid), (hkid, bracketed), "{text}");
        }
    }

    #[test]
    fn mainland_numbers_need_a_birthday_and_cards_a_luhn_sum() {
        for (text, mainland, card) in [
            ("11010519491231002X", true, false),
            ("110105194912310021", false, false),
            ("11010519491331002X", false, false),
            ("4111 1111 1111 1111", false, true),
            ("4111111111111112", false, false),
            ("5500-0000-0000-0004", false, true),
            ("1234567890123452", false, false),
            ("0000000000000000", false, false),
        ] {
            let found = find(text);
            assert_eq!((found.mainland_id, found.card), (mainland, card), "{text}");
        }
    }

    #[test]
    fn telephones_are_told_from_dates_and_by_their_first_digit() {
        for (text, mobile, landline, written) in [
            ("9123 4567", true, false, true),
            ("+852 6123-4567", true, false, true),
            ("2810 1234", false, true, true),
            ("28101234", false, true, false),
            ("20231201", false, false, false),
            ("2314 5678 / 9123 4567", true, true, true),
            ("1823", false, false, false),
            ("832591.320", false, false, false),
        ] {
            let found = find(text);
            assert_eq!(
                (found.mobile, found.landline, found.written_as_telephone),
                (mobile, landline, written),
                "{text}"
            );
        }
    }
}
