//! Simplified Chinese derived from Traditional, Hong Kong's variants; never the other way round.

use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

use crate::base::Trilingual;

static HONG_KONG_TO_SIMPLIFIED: LazyLock<Option<OpenCC>> =
    LazyLock::new(|| OpenCC::from_config(BuiltinConfig::Hk2s).ok());

/// Characters that the conversion table changes although Hong Kong's own Simplified texts keep
/// them: it would write Chek Lap Kok, 赤鱲角, with a character that no font of 2026 carries.
const KEPT: [(char, char); 1] = [('鱲', '𫚭')];

/// The text in Simplified characters, words left as Hong Kong writes them.
pub fn from_traditional(text: &str) -> String {
    let Some(converter) = HONG_KONG_TO_SIMPLIFIED.as_ref() else {
        return text.to_owned();
    };
    let mut converted = converter.convert(text);
    for (kept, changed) in KEPT {
        if text.contains(kept) {
            converted = converted.replace(changed, &kept.to_string());
        }
    }
    converted
}

/// Fills a missing Simplified text and marks it as derived.
pub fn complete(text: &mut Trilingual) {
    if text.zh_hans.is_empty() && !text.zh_hant.is_empty() {
        text.zh_hans = from_traditional(&text.zh_hant);
        text.zh_hans_derived = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_names_survive_and_words_stay_hong_kongs() {
        for (traditional, simplified) in
            [("圖書館", "图书馆"), ("赤鱲角", "赤鱲角"), ("衞生署轄下的診所", "卫生署辖下的诊所"), ("資料", "资料")]
        {
            assert_eq!(from_traditional(traditional), simplified);
        }
    }

    #[test]
    fn a_given_simplified_text_is_kept_and_not_marked() {
        let mut text = Trilingual { zh_hant: "泳灘".into(), zh_hans: "海滩".into(), ..Trilingual::default() };
        complete(&mut text);
        assert_eq!(text.zh_hans, "海滩");
        assert!(!text.zh_hans_derived);
    }
}
