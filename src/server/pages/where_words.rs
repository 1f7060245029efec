//! The words of what narrows results by place and time.

use crate::base::Language;

pub struct WhereWords {
    pub place: &'static str,
    pub district: &'static str,
    pub choose_district: &'static str,
    pub draw: &'static str,
    pub draw_advice: &'static str,
    pub time: &'static str,
    pub time_label: &'static str,
    pub from: &'static str,
    pub until: &'static str,
    pub show: &'static str,
}

pub fn where_words(language: Language) -> &'static WhereWords {
    match language {
        Language::En => &EN,
        Language::ZhHant => &ZH_HANT,
        Language::ZhHans => &ZH_HANS,
    }
}

const EN: WhereWords = WhereWords {
    place: "Place and time",
    district: "District",
    choose_district: "Choose a district",
    draw: "Draw a box",
    draw_advice: "Drag over the map from one corner to the other.",
    time: "Time of the data",
    time_label: "Time of the data: a day, or two days with / between",
    from: "Data from",
    until: "Data until",
    show: "Show layers",
};

const ZH_HANT: WhereWords = WhereWords {
    place: "地點及時間",
    district: "地區",
    choose_district: "選擇地區",
    draw: "畫出範圍",
    draw_advice: "在圖上由一角拖曳至對角。",
    time: "資料時間",
    time_label: "資料時間：一天，或以「/」分隔的兩天",
    from: "資料由",
    until: "資料至",
    show: "顯示圖層",
};

const ZH_HANS: WhereWords = WhereWords {
    place: "地点及时间",
    district: "地区",
    choose_district: "选择地区",
    draw: "画出范围",
    draw_advice: "在图上由一角拖曳至对角。",
    time: "资料时间",
    time_label: "资料时间：一天，或以「/」分隔的两天",
    from: "资料由",
    until: "资料至",
    show: "显示图层",
};
