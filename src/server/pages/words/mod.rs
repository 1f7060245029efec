//! The words that pages share, a file a language; what a status or a reason is called stands here side
//! by side. Words follow the Government's portals; Simplified keeps Hong Kong's words (資料 is 资料, not
//! 数据项).

mod en;
mod zh_hans;
mod zh_hant;

use crate::base::Language;

/// The words of one language.
pub struct Words {
    pub layers: &'static str,
    pub map: &'static str,
    pub open_on_map: &'static str,
    pub api: &'static str,
    pub skip: &'static str,
    pub main_navigation: &'static str,
    pub language_name: &'static str,
    pub menu: &'static str,
    pub breadcrumb: &'static str,
    pub home: &'static str,
    pub hero: &'static str,
    pub hero_lead: &'static str,
    pub search_hint: &'static str,
    pub search: &'static str,
    pub themes: &'static str,
    pub publishers: &'static str,
    pub newest: &'static str,
    pub all_layers: &'static str,
    pub one_request: &'static str,
    pub one_request_of: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub this_page_as: &'static str,
    pub nothing_found: &'static str,
    pub nothing_found_advice: &'static str,
    pub remove: &'static str,
    pub shapes: &'static str,
    pub elsewhere: &'static str,
    pub parts_of_it: &'static str,
    pub order: &'static str,
    pub best_match: &'static str,
    pub newest_first: &'static str,
    pub by_title: &'static str,
    pub change_filters: &'static str,
    pub door_map: &'static str,
    pub door_map_says: &'static str,
    pub door_layers: &'static str,
    pub door_layers_says: &'static str,
    pub door_api: &'static str,
    pub door_api_says: &'static str,
    pub door_qgis: &'static str,
    pub door_qgis_says: &'static str,
    pub history: &'static str,
    pub revision_current: &'static str,
    pub what_changed: &'static str,
    pub features_then: &'static str,
    pub table: &'static str,
    pub table_page: &'static str,
    pub features: &'static str,
    pub data_as_at: &'static str,
    pub published: &'static str,
    pub frequency: &'static str,
    pub overdue: &'static str,
    pub access: &'static str,
    pub access_open: &'static str,
    pub quality: &'static str,
    pub get_layer: &'static str,
    pub tiles_json: &'static str,
    pub map_style: &'static str,
    pub download: &'static str,
    pub add_to_qgis: &'static str,
    pub qgis_connections: &'static str,
    pub qgis_tile_connections: &'static str,
    pub record_json: &'static str,
    pub queryables: &'static str,
    pub fields: &'static str,
    pub search_this: &'static str,
    pub for_departments: &'static str,
    pub field: &'static str,
    pub kind: &'static str,
    pub filled: &'static str,
    pub values: &'static str,
    pub all_values: &'static str,
    pub how_to_use: &'static str,
    pub quality_and_history: &'static str,
    pub delivered: &'static str,
    pub kept: &'static str,
    pub tidied: &'static str,
    pub rejected: &'static str,
    pub licence_and_source: &'static str,
    pub credit_advice: &'static str,
    pub source: &'static str,
    pub delivery_files: &'static str,
    pub map_needs_scripts: &'static str,
    pub map_of: &'static str,
    pub close: &'static str,
    pub full_record: &'static str,
    pub hk1980: &'static str,
    pub on_this_page: &'static str,
    pub legend: &'static str,
    pub filter: &'static str,
    pub value: &'static str,
    pub choose_field: &'static str,
    pub next: &'static str,
    pub previous: &'static str,
    pub no_features: &'static str,
    pub feature_details: &'static str,
    pub empty_fields: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub go_on: &'static str,
    pub try_api: &'static str,
    pub try_api_lead: &'static str,
    pub layer: &'static str,
    pub box_label: &'static str,
    pub limit_label: &'static str,
    pub time_label: &'static str,
    pub send: &'static str,
    pub request: &'static str,
    pub answer: &'static str,
    pub definition: &'static str,
    pub derived: &'static str,
    pub qgis_step_1: &'static str,
    pub qgis_step_2: &'static str,
    pub about: &'static str,
    pub by_district: &'static str,
    pub try_words: &'static str,
    pub no_layers: &'static str,
    pub no_layers_advice: &'static str,
    pub first_page: &'static str,
    pub copy_by_hand: &'static str,
    pub zoom_in: &'static str,
    pub zoom_out: &'static str,
    pub base_map: &'static str,
    pub format: &'static str,
    pub encoding: &'static str,
    pub reference_system: &'static str,
    pub also_offered_in: &'static str,
    pub transformation: &'static str,
    pub contact: &'static str,
    pub contact_advice: &'static str,
    pub other_layers: &'static str,
    pub features_as_geojson: &'static str,
    pub all_features: &'static str,
    pub first_features: &'static str,
    pub qgis_features: &'static str,
    pub qgis_tiles: &'static str,
    pub source_url: &'static str,
    pub style_url: &'static str,
    pub url: &'static str,
    pub maplibre_advice: &'static str,
    pub ask_server: &'static str,
    pub location: &'static str,
    pub nothing_rejected: &'static str,
    pub columns_note: &'static str,
    pub network_failed: &'static str,
}

/// The words of a language.
pub fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &en::WORDS,
        Language::ZhHant => &zh_hant::WORDS,
        Language::ZhHans => &zh_hans::WORDS,
    }
}

/// What a status says to people, in a language.
pub fn status(status: u16, language: Language) -> &'static str {
    let (en, zh_hant, zh_hans) = match status {
        400 | 415 => ("This request cannot be answered", "無法回應此請求", "无法回应此请求"),
        404 => ("Page not found", "找不到網頁", "找不到网页"),
        405 => ("This address is for reading only", "此網址只供讀取", "此网址只供读取"),
        410 => ("No longer kept", "已不再保存", "已不再保存"),
        429 => ("Too much at once", "請求過多", "请求过多"),
        414 | 431 => ("The request is too long", "請求過長", "请求过长"),
        503 => ("Busy for a moment", "暫時繁忙", "暂时繁忙"),
        _ => ("Something went wrong here", "系統出現問題", "系统出现问题"),
    };
    match language {
        Language::En => en,
        Language::ZhHant => zh_hant,
        Language::ZhHans => zh_hans,
    }
}

/// What a person can do about a status, in a language. Below stands why, in that language or in English alone.
pub fn advice(status: u16, language: Language, why_is_in_it: bool) -> &'static str {
    let (en, zh_hant, zh_hans) = match status {
        404 => (
            "The address may be mistyped, or what was here has moved. The box below searches for it.",
            "網址可能有誤，或內容已移往別處。可在下方搜尋。",
            "网址可能有误，或内容已移往别处。可在下方搜寻。",
        ),
        410 => (
            "What was here is not kept any more. The box below searches for what has taken its place.",
            "這裏的內容已不再保存。可在下方搜尋現有的內容。",
            "这里的内容已不再保存。可在下方搜寻现有的内容。",
        ),
        429 | 503 => ("Please try again in a moment.", "請稍後再試。", "请稍后再试。"),
        400 => (
            "A part of the address is not understood. This is what it was and what would be:",
            match why_is_in_it {
                true => "網址中有一部分無法理解，以下是該部分及可接受的值：",
                false => "網址中有一部分無法理解，以下英文說明指出是哪一部分及可接受的值：",
            },
            match why_is_in_it {
                true => "网址中有一部分无法理解，以下是该部分及可接受的值：",
                false => "网址中有一部分无法理解，以下英文说明指出是哪一部分及可接受的值：",
            },
        ),
        401..500 => (
            "The request cannot be answered as it is. This is why:",
            "此請求未能回應，原因見以下英文說明：",
            "此请求未能回应，原因见以下英文说明：",
        ),
        _ => (
            "The fault is ours and has been noted. Please try again later.",
            "問題在於本系統，並已記錄。請稍後再試。",
            "问题在于本系统，并已记录。请稍后再试。",
        ),
    };
    match language {
        Language::En => en,
        Language::ZhHant => zh_hant,
        Language::ZhHans => zh_hans,
    }
}

/// What ingest tidied or refused, in a language; `None` for a reason that has no words here.
pub fn reason(reason: &str, language: Language) -> Option<&'static str> {
    /// As `intake` writes them, with what stands in each language.
    const REASONS: [(&str, &str, &str, &str); 6] = [
        (
            "no-data value read as null",
            "values such as “N.A.”, read as empty",
            "個「N.A.」等數值，當作空白",
            "个「N.A.」等数值，当作空白",
        ),
        (
            "HKSCS character moved from private use to Unicode",
            "characters of the old HKSCS, moved to Unicode",
            "個舊香港增補字，已轉為Unicode",
            "个旧香港增补字，已转为Unicode",
        ),
        (
            "private-use character without a counterpart, left as it is",
            "private-use characters without a counterpart, left as they are",
            "個私人造字沒有對應，保持原狀",
            "个私人造字没有对应，保持原状",
        ),
        ("ring closed", "open rings, closed", "個未閉合的環，已閉合", "个未闭合的环，已闭合"),
        ("repeated point dropped", "repeated points, dropped", "個重複的點，已刪去", "个重复的点，已删去"),
        (
            "ring turned to wind as GeoJSON asks",
            "rings, turned to wind as GeoJSON asks",
            "個環，已按GeoJSON轉向",
            "个环，已按GeoJSON转向",
        ),
    ];
    let (_, en, zh_hant, zh_hans) = REASONS.iter().find(|(known, ..)| *known == reason)?;
    Some(match language {
        Language::En => en,
        Language::ZhHant => zh_hant,
        Language::ZhHans => zh_hans,
    })
}
