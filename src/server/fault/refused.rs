//! Parameters that are not known, and values that are not accepted.

use super::Said;
use crate::base::ids::cut;
use crate::base::instant::IntervalError;
use crate::base::limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `accepted`, here and below, is what would be, with commas.
    Unknown {
        name: String,
        accepted: String,
    },
    /// Where fields are parameters too.
    NoField {
        name: String,
        layer: String,
        parameters: String,
        fields: String,
    },
    Twice {
        name: String,
    },
    NotOffered {
        name: &'static str,
        value: String,
        accepted: String,
    },
    NotOneOf {
        name: &'static str,
        value: String,
        accepted: String,
    },
    NotWhole {
        name: String,
        value: String,
        least: u64,
    },
    Limit {
        value: String,
    },
    Box {
        value: String,
        why: BoxFault,
    },
    Time(IntervalError),
}

/// Why something is no box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxFault {
    NotNumbers,
    Count(usize),
    Upturned,
    BeyondTheWorld,
}

impl BoxFault {
    pub fn in_english(self) -> String {
        match self {
            BoxFault::NotNumbers => "holds something that is not a number".to_owned(),
            BoxFault::Count(count) => format!("has {count} numbers instead of 4 or 6"),
            BoxFault::Upturned => "has its south above its north".to_owned(),
            BoxFault::BeyondTheWorld => "leaves the world of 180 and 90 degrees".to_owned(),
        }
    }

    fn in_chinese(self) -> [String; 2] {
        match self {
            BoxFault::NotNumbers => ["含有不是數字的部分".into(), "含有不是数字的部分".into()],
            BoxFault::Count(count) => {
                [format!("有{count}個數字，而不是4個或6個"), format!("有{count}个数字，而不是4个或6个")]
            }
            BoxFault::Upturned => ["的南界在北界之北".into(), "的南界在北界之北".into()],
            BoxFault::BeyondTheWorld => ["超出經度180度或緯度90度".into(), "超出经度180度或纬度90度".into()],
        }
    }
}

impl Refused {
    pub(super) fn said(&self) -> Said {
        match self {
            Refused::Unknown { name, accepted } => {
                let name = cut(name);
                [
                    format!("the parameter \"{name}\" is not known here; accepted are {accepted}"),
                    format!("這裏沒有參數「{name}」；可用的參數有{accepted}"),
                    format!("这里没有参数「{name}」；可用的参数有{accepted}"),
                ]
            }
            Refused::NoField { name, layer, parameters, fields } => {
                let name = cut(name);
                [
                    format!(
                        "\"{name}\" is neither a parameter nor a field of {layer}; accepted are {parameters}, lang, f and \
                         the fields {fields}"
                    ),
                    format!(
                        "「{name}」既不是參數，也不是圖層{layer}的資料欄；可用的參數有{parameters}, lang, f，資料欄有{fields}"
                    ),
                    format!(
                        "「{name}」既不是参数，也不是图层{layer}的资料栏；可用的参数有{parameters}, lang, f，资料栏有{fields}"
                    ),
                ]
            }
            Refused::Twice { name } => {
                let name = cut(name);
                [
                    format!("the parameter {name} is given twice; give it once"),
                    format!("參數{name}出現了兩次；請只保留一個"),
                    format!("参数{name}出现了两次；请只保留一个"),
                ]
            }
            Refused::NotOffered { name, value, accepted } => {
                let value = cut(value);
                [
                    format!("{name}=\"{value}\" is not offered here; accepted are {accepted}"),
                    format!("{name}=「{value}」在這裏並不提供；可接受的值有{accepted}"),
                    format!("{name}=「{value}」在这里并不提供；可接受的值有{accepted}"),
                ]
            }
            Refused::NotOneOf { name, value, accepted } => {
                let value = cut(value);
                [
                    format!("{name}=\"{value}\" is not one of {accepted}"),
                    format!("{name}=「{value}」不是可接受的值；可接受的值有{accepted}"),
                    format!("{name}=「{value}」不是可接受的值；可接受的值有{accepted}"),
                ]
            }
            Refused::NotWhole { name, value, least } => {
                let value = cut(value);
                [
                    format!("{name}=\"{value}\" is not a whole number from {least}"),
                    format!("{name}=「{value}」不是整數；可接受的是{least}或以上的整數"),
                    format!("{name}=「{value}」不是整数；可接受的是{least}或以上的整数"),
                ]
            }
            Refused::Limit { value } => {
                let (value, most) = (cut(value), limits::PAGE_FEATURES_MAX);
                [
                    format!("limit=\"{value}\" is not a whole number from 1; up to {most} features are sent at once"),
                    format!("limit=「{value}」不是1或以上的整數；每次最多提供{most}個項目"),
                    format!("limit=「{value}」不是1或以上的整数；每次最多提供{most}个项目"),
                ]
            }
            Refused::Box { value, why } => {
                const EXAMPLE: &str = "113.8,22.1,114.5,22.6";
                let (value, english, [zh_hant, zh_hans]) = (cut(value), why.in_english(), why.in_chinese());
                [
                    format!(
                        "bbox=\"{value}\" {english}; accepted is west,south,east,north in degrees, such as {EXAMPLE}"
                    ),
                    format!("bbox=「{value}」{zh_hant}；可接受的是以度表示的西、南、東、北，例如{EXAMPLE}"),
                    format!("bbox=「{value}」{zh_hans}；可接受的是以度表示的西、南、东、北，例如{EXAMPLE}"),
                ]
            }
            Refused::Time(fault) => bad_time(fault),
        }
    }
}

fn bad_time(fault: &IntervalError) -> Said {
    let english = format!("datetime: {fault}");
    match fault {
        IntervalError::Instant(value) => [
            english,
            format!(
                "datetime：「{value}」既不是日期（例如2021-12-17），也不是RFC 3339的時間（例如2021-12-17T00:00:00Z）"
            ),
            format!(
                "datetime：「{value}」既不是日期（例如2021-12-17），也不是RFC 3339的时间（例如2021-12-17T00:00:00Z）"
            ),
        ],
        IntervalError::TooManyParts(value) => [
            english,
            format!("datetime：時段「{value}」多於一個「/」"),
            format!("datetime：时段「{value}」多于一个「/」"),
        ],
        IntervalError::OpenAtBothEnds(value) => [
            english,
            format!("datetime：時段「{value}」沒有開始也沒有終結；請給予至少其中一個"),
            format!("datetime：时段「{value}」没有开始也没有终结；请给予至少其中一个"),
        ],
        IntervalError::Backwards(value) => [
            english,
            format!("datetime：時段「{value}」的終結早於開始"),
            format!("datetime：时段「{value}」的终结早于开始"),
        ],
    }
}
