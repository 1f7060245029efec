//! Folding: what is written differently and read the same becomes the same text. Both sides of a
//! search are folded, so the folded form is never shown.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::definition::simplified;

/// Variants that the conversion table leaves apart although Hong Kong uses them for one another:
/// official names (邨, 栢), old print forms, and signs that mainland text writes otherwise.
const VARIANTS: [(char, char); 22] = [
    ('邨', '村'),
    ('栢', '柏'),
    ('汚', '污'),
    ('濶', '阔'),
    ('浄', '净'),
    ('氷', '冰'),
    ('淸', '清'),
    ('靑', '青'),
    ('飮', '饮'),
    ('隣', '邻'),
    ('著', '着'),
    ('咭', '卡'),
    ('枱', '台'),
    ('檯', '台'),
    ('粧', '妆'),
    ('鑪', '炉'),
    ('𬬻', '炉'),
    ('𫚭', '鱲'),
    ('衛', '卫'),
    ('衞', '卫'),
    ('湧', '涌'),
    ('脷', '利'),
];

/// The blocks of Han characters that the conversion table is about.
const HAN: RangeInclusive<char> = '\u{3400}'..='\u{9FFF}';

/// What each character of [`HAN`] folds to by the Hong Kong to Simplified conversion, character by
/// character: phrases would make a word's folding depend on its neighbours. Each is asked for when it
/// is first met, for a text of Latin words holds few of them; 0 is not known yet.
static FOLDED_HAN: [AtomicU32; HAN_COUNT] = [const { AtomicU32::new(0) }; HAN_COUNT];

const HAN_COUNT: usize = *HAN.end() as usize - *HAN.start() as usize + 1;

fn folded_han(character: char) -> char {
    let known = &FOLDED_HAN[character as usize - *HAN.start() as usize];
    if let Some(folded) = char::from_u32(known.load(Ordering::Relaxed)).filter(|folded| *folded != '\0') {
        return folded;
    }
    let folded = simplified::from_traditional(&character.to_string());
    let mut characters = folded.chars();
    let only = characters.next().filter(|_| characters.next().is_none());
    let folded = variant(character).or(only).unwrap_or(character);
    known.store(u32::from(folded), Ordering::Relaxed);
    folded
}

fn variant(character: char) -> Option<char> {
    VARIANTS.iter().find(|(from, _)| *from == character).map(|(_, to)| *to)
}

fn fold_han(character: char) -> char {
    match character {
        '\0'..'\u{3400}' => character,
        _ if HAN.contains(&character) => folded_han(character),
        _ => variant(character).unwrap_or(character),
    }
}

/// Compatibility forms, lower case, no marks, Simplified characters: 圖書館, 图书馆 and 圖書舘's
/// neighbours meet, as do ＫＡＲＡＯＫＥ and karaoke, café and cafe.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Adds to a text what [`fold`] makes of another.
pub fn fold_into(text: &str, folded: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        // Nothing of a text is decomposed over an ASCII character, so that each stretch folds alone.
        let plain = rest.bytes().take_while(u8::is_ascii).count();
        let start = folded.len();
        folded.push_str(&rest[..plain]);
        folded[start..].make_ascii_lowercase();
        rest = &rest[plain..];
        let other = rest.bytes().position(|byte| byte.is_ascii()).unwrap_or(rest.len());
        let decomposed = rest[..other].nfkd().filter(|character| !is_combining_mark(*character));
        folded.extend(decomposed.flat_map(char::to_lowercase).map(fold_han));
        rest = &rest[other..];
    }
}

/// Whether a character belongs to a run that is written without blanks between words.
pub fn is_han(character: char) -> bool {
    matches!(character, '々' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_the_same_folds_to_the_same() {
        for (one, other) in [
            ("衞生署", "卫生署"),
            ("衛生署", "衞生署"),
            ("鰂魚涌", "鲗鱼涌"),
            ("鰂魚湧", "鰂魚涌"),
            ("赤鱲角", "赤𫚭角"),
            ("沙田第一城邨", "沙田第一城村"),
            ("ｋａｒａｏｋｅ", "Karaoke"),
            ("Café", "CAFE"),
            ("渡輪航綫", "渡轮航线"),
            ("裏", "裡"),
            ("香爐", "香鑪"),
            ("臺灣", "台湾"),
            ("羣峯", "群峰"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_text_folds_as_its_stretches_do() {
        for text in [
            "",
            "Plain",
            "1½ Hubbu\u{308}ndt",
            "a=\u{338}\u{301}b",
            "ＫＴＶ 3㎡ 圖書館 Ⅻ",
            "\u{301}",
            "ÀB\u{315}\u{300}c",
        ] {
            let decomposed = text.nfkd().filter(|character| !is_combining_mark(*character));
            let whole: String = decomposed.flat_map(char::to_lowercase).map(fold_han).collect();
            assert_eq!(fold(text), whole, "{text}");
        }
    }
}
