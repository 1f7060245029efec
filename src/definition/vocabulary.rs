//! The closed lists that a definition picks from: departments, themes, licences, rhythms.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::base::{Language, Trilingual};

/// A body that publishes, by its lower-case code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    pub code: String,
    pub name: Trilingual,
    /// A body beside the Government, which owns the rights in its own data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_public_body: bool,
}

/// A category of data.gov.hk with its twins in ISO 19115 and in the EU vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    pub id: String,
    pub name: Trilingual,
    pub iso_topic: String,
    pub eu_theme: String,
}

/// Terms under which a layer may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    pub id: String,
    /// The SPDX identifier, or `other` where the terms have none.
    pub spdx: String,
    pub title: Trilingual,
    pub address: String,
}

impl Licence {
    /// Where people read the terms in a language: data.gov.hk has each page under `/en/`, `/tc/` and `/sc/`.
    pub fn address_in(&self, language: Language) -> String {
        const ENGLISH: &str = "https://data.gov.hk/en/";
        match (self.address.strip_prefix(ENGLISH), language) {
            (Some(page), Language::ZhHant) => format!("https://data.gov.hk/tc/{page}"),
            (Some(page), Language::ZhHans) => format!("https://data.gov.hk/sc/{page}"),
            _ => self.address.clone(),
        }
    }
}

/// How often a department renews a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    Continual,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Annually,
    AsNeeded,
    NotPlanned,
    Unknown,
}

impl Frequency {
    pub const ALL: [(&'static str, Frequency); 9] = [
        ("continual", Frequency::Continual),
        ("daily", Frequency::Daily),
        ("weekly", Frequency::Weekly),
        ("monthly", Frequency::Monthly),
        ("quarterly", Frequency::Quarterly),
        ("annually", Frequency::Annually),
        ("as-needed", Frequency::AsNeeded),
        ("not-planned", Frequency::NotPlanned),
        ("unknown", Frequency::Unknown),
    ];

    pub fn name(self) -> Trilingual {
        let (en, zh_hant, zh_hans) = match self {
            Frequency::Continual => ("Continually", "持續更新", "持续更新"),
            Frequency::Daily => ("Daily", "每日", "每日"),
            Frequency::Weekly => ("Weekly", "每星期", "每星期"),
            Frequency::Monthly => ("Monthly", "每月", "每月"),
            Frequency::Quarterly => ("Quarterly", "每季", "每季"),
            Frequency::Annually => ("Annually", "每年", "每年"),
            Frequency::AsNeeded => ("As and when necessary", "有需要時更新", "有需要时更新"),
            Frequency::NotPlanned => ("Not planned", "沒有更新計劃", "没有更新计划"),
            Frequency::Unknown => ("Not stated", "未有說明", "未有说明"),
        };
        trilingual(en, zh_hant, zh_hans)
    }
}

fn trilingual(en: &str, zh_hant: &str, zh_hans: &str) -> Trilingual {
    Trilingual { en: en.to_owned(), zh_hant: zh_hant.to_owned(), zh_hans: zh_hans.to_owned(), zh_hans_derived: false }
}

/// The rows of a table of `assets/tables` after its header line.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

static DEPARTMENTS: LazyLock<Vec<Department>> = LazyLock::new(|| {
    rows(include_str!("../../assets/tables/departments.tsv"))
        .filter(|row| row.len() >= 7)
        .map(|row| Department {
            code: row[0].to_ascii_lowercase(),
            name: trilingual(row[3], row[4], row[5]),
            is_public_body: row[6] == "public body",
        })
        .collect()
});

static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    rows(include_str!("../../assets/tables/themes.tsv"))
        .filter(|row| row.len() >= 7 && row[0] == "data.gov.hk")
        .map(|row| Theme {
            id: row[1].to_owned(),
            name: trilingual(row[2], row[3], row[4]),
            iso_topic: row[5].to_owned(),
            eu_theme: row[6].to_owned(),
        })
        .collect()
});

static LICENCES: LazyLock<Vec<Licence>> = LazyLock::new(|| {
    let licence = |id: &str, spdx: &str, title: Trilingual, address: &str| Licence {
        id: id.to_owned(),
        spdx: spdx.to_owned(),
        title,
        address: address.to_owned(),
    };
    vec![
        licence(
            "data.gov.hk",
            "other",
            trilingual(
                "Terms and Conditions of Use of DATA.GOV.HK",
                "「資料一線通」網站使用條款及條件",
                "“资料一线通”网站使用条款及条件",
            ),
            "https://data.gov.hk/en/terms-and-conditions",
        ),
        licence(
            "csdi",
            "other",
            trilingual(
                "Terms of Use of the CSDI Portal",
                "空間數據共享平台入門網站使用條款",
                "空间数据共享平台入门网站使用条款",
            ),
            "https://portal.csdi.gov.hk/csdi-webpage/doc/TNC",
        ),
        licence(
            "odbl-1.0",
            "ODbL-1.0",
            trilingual(
                "Open Data Commons Open Database License 1.0",
                "開放資料庫授權條款 1.0",
                "开放数据库授权条款 1.0",
            ),
            "https://opendatacommons.org/licenses/odbl/1-0/",
        ),
        licence(
            "cc0-1.0",
            "CC0-1.0",
            trilingual(
                "Creative Commons Zero 1.0",
                "創用CC CC0 1.0 公眾領域貢獻宣告",
                "知识共享 CC0 1.0 公共领域贡献宣告",
            ),
            "https://creativecommons.org/publicdomain/zero/1.0/",
        ),
    ]
});

/// Codes that portals use for a body that the table knows by another.
const DEPARTMENT_ALIASES: [(&str, &str); 4] =
    [("hkpost", "hkpo"), ("hongkongpost", "hkpo"), ("labour", "ld"), ("police", "hkpf")];

/// The department of a code as layer folders are named.
pub fn department(code: &str) -> Option<Department> {
    let known = DEPARTMENT_ALIASES.iter().find(|(alias, _)| *alias == code).map_or(code, |(_, known)| known);
    DEPARTMENTS
        .iter()
        .find(|department| department.code == known)
        .map(|department| Department { code: code.to_owned(), ..department.clone() })
}

/// For each department what people call it: code, names in three languages, short names.
pub fn department_words() -> impl Iterator<Item = Vec<&'static str>> {
    const CODE: usize = 0;
    const NAMES: std::ops::Range<usize> = 3..6;
    const SHORT_NAMES: usize = 7;
    rows(include_str!("../../assets/tables/departments.tsv")).filter(|row| row.len() > SHORT_NAMES).map(|row| {
        let short_names = row[SHORT_NAMES].split('|').filter(|name| !name.is_empty());
        [row[CODE]].into_iter().chain(row[NAMES].iter().copied()).chain(short_names).collect()
    })
}

pub fn theme(id: &str) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.id == id)
}

pub fn themes() -> &'static [Theme] {
    &THEMES
}

pub fn licence(id: &str) -> Option<&'static Licence> {
    LICENCES.iter().find(|licence| licence.id == id)
}

/// The identifiers that a definition may use for its licence.
pub fn licence_ids() -> impl Iterator<Item = &'static str> {
    LICENCES.iter().map(|licence| licence.id.as_str())
}

/// The licence of a file that was taken in without a definition.
pub fn not_stated() -> Licence {
    Licence {
        id: "not-stated".to_owned(),
        spdx: "other".to_owned(),
        title: trilingual("Not stated", "未有說明", "未有说明"),
        address: String::new(),
    }
}

/// The publisher of a file that was taken in without a definition.
pub fn no_department() -> Department {
    Department {
        code: "local".to_owned(),
        name: trilingual("Local file", "本機檔案", "本机档案"),
        is_public_body: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_department_and_theme_has_its_three_names() {
        assert!(DEPARTMENTS.len() > 80);
        for department in DEPARTMENTS.iter() {
            assert!(!department.name.en.is_empty(), "{}", department.code);
            assert!(!department.name.zh_hant.is_empty(), "{}", department.code);
            assert!(!department.name.zh_hans.is_empty(), "{}", department.code);
        }
        assert!(theme("recreation-and-culture").is_some());
        assert_eq!(department("lcsd").unwrap().name.zh_hant, "康樂及文化事務署");
    }
}
