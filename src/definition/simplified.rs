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

/// Characters that are written in both scripts, though a conversion from Simplified would change
/// them: 皇后, 公里, 鐵路系統.
const IN_BOTH: &str = "后里台干面只准征云几系谷松斗丑卜冬范划回伙家借据卷克夸困累帘么霉蒙弥辟曲沈胜术向咸余御愿岳灶扎折致制周朱姜胡\
    才升占注游并布板表采冲仇出丰杆哄叫局巨千秋舍庵背了仆席仙芸郁佣岩淀叶群床涌";

static TO_HONG_KONG: LazyLock<Option<OpenCC>> = LazyLock::new(|| OpenCC::from_config(BuiltinConfig::S2hk).ok());

/// Whether Traditional text has no such character: 图 and 馆, not 后 or 里.
pub fn is_simplified_only(character: char) -> bool {
    let text = character.to_string();
    let is_han = ('\u{4E00}'..='\u{9FFF}').contains(&character);
    let Some(converter) = TO_HONG_KONG.as_ref().filter(|_| is_han && !IN_BOTH.contains(character)) else {
        return false;
    };
    let traditional = converter.convert(&text);
    traditional != text && from_traditional(&traditional) == text
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
    fn a_character_of_one_script_alone_is_known() {
        for (text, alone) in [("图书馆", "图书馆"), ("鰂魚涌", ""), ("皇后大道", ""), ("公里", ""), ("圖書館", "")]
        {
            let found: String = text.chars().filter(|character| is_simplified_only(*character)).collect();
            assert_eq!(found, alone, "{text}");
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
