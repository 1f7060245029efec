//! How an officer publishes a layer, in a few steps.

use askama::Template;
use serde::Serialize;

use super::Frame;
use super::frame::Shared;
use crate::base::Language;

/// The steps in one language.
#[derive(Serialize)]
pub struct Guide {
    pub title: &'static str,
    lead: &'static str,
    steps: [Step; 5],
    after: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Step {
    title: &'static str,
    text: &'static str,
    command: &'static str,
}

#[derive(Template)]
#[template(path = "departments.html")]
struct Departments<'a> {
    shared: Shared,
    guide: &'a Guide,
}

pub fn departments(frame: &Frame<'_>) -> String {
    let page = Departments { shared: Shared::of(frame), guide: guide(frame.language) };
    page.render().unwrap_or_default()
}

pub fn guide(language: Language) -> &'static Guide {
    match language {
        Language::En => &EN,
        Language::ZhHant => &ZH_HANT,
        Language::ZhHans => &ZH_HANS,
    }
}

const FOLDER: &str = "layers/lcsd/libraries/";
const DESCRIBE: &str = "causeway describe Libraries.geojson > layer.toml";
const CHECK: &str = "causeway check lcsd-libraries";
const INGEST: &str = "causeway ingest lcsd-libraries";
const ROLL_BACK: &str = "causeway rollback lcsd-libraries";

static EN: Guide = Guide {
    title: "For departments",
    lead: "Hand in the file as it is. Five steps publish it as a map, a table, an API and a record of the catalogue.",
    steps: [
        Step {
            title: "Put the file into a folder",
            text: "One folder a layer, named by department and layer. Shapefile, GeoJSON, KML, GPX, CSV, Excel, File \
                   Geodatabase and more, zipped or not, in the HK1980 Grid or in degrees: convert nothing.",
            command: FOLDER,
        },
        Step {
            title: "Have its definition drafted",
            text: "Format, encoding, coordinate system and fields are recognised and written down for you to confirm.",
            command: DESCRIBE,
        },
        Step {
            title: "Say what it is, and check",
            text: "Title, summary and keywords in English and Traditional Chinese (Simplified is converted), who may \
                   read it, licence, update frequency, contact. The check gives a score and a remedy for each fault.",
            command: CHECK,
        },
        Step {
            title: "Publish",
            text: "Every feature is kept or rejected with a reason, and the report counts both. Personal data and \
                   unexpected changes are held until somebody decides. Nothing is replaced before all is verified.",
            command: INGEST,
        },
        Step {
            title: "Go back, if you must",
            text: "Each publication is kept as a revision. One command puts the one before it in its place.",
            command: ROLL_BACK,
        },
    ],
    after: "Hand in the next edition in the same way: what did not change keeps its addresses.",
};

static ZH_HANT: Guide = Guide {
    title: "部門專區",
    lead: "檔案原樣交來即可。五個步驟，發布為地圖、表格、API及目錄紀錄。",
    steps: [
        Step {
            title: "把檔案放入資料夾",
            text: "每個圖層一個資料夾，以部門及圖層命名。Shapefile、GeoJSON、KML、GPX、CSV、Excel、File \
                   Geodatabase等格式，壓縮與否、HK1980方格網或經緯度均可，毋須轉換。",
            command: FOLDER,
        },
        Step {
            title: "產生定義草稿",
            text: "系統辨認格式、編碼、座標系統及資料欄，寫成草稿供你確認。",
            command: DESCRIBE,
        },
        Step {
            title: "填寫說明並檢查",
            text: "以英文及繁體中文填寫標題、摘要及關鍵詞（簡體自動轉換），並註明取用級別、授權、更新頻率及聯絡方法。檢查會評分，並就每項問題提出補救方法。",
            command: CHECK,
        },
        Step {
            title: "發布",
            text: "每個項目或接納、或附理由拒收，報告列明兩者數目。個人資料及異常變更會暫緩，待有關人員決定。全部核實之後才會取代舊版。",
            command: INGEST,
        },
        Step {
            title: "需要時還原",
            text: "每次發布均保存為一個修訂版，一個指令即可還原至上一版。",
            command: ROLL_BACK,
        },
    ],
    after: "下一版以同樣方法交來：沒有改變的項目，網址不變。",
};

static ZH_HANS: Guide = Guide {
    title: "部门专区",
    lead: "档案原样交来即可。五个步骤，发布为地图、表格、API及目录纪录。",
    steps: [
        Step {
            title: "把档案放入资料夹",
            text: "每个图层一个资料夹，以部门及图层命名。Shapefile、GeoJSON、KML、GPX、CSV、Excel、File \
                   Geodatabase等格式，压缩与否、HK1980方格网或经纬度均可，毋须转换。",
            command: FOLDER,
        },
        Step {
            title: "产生定义草稿",
            text: "系统辨认格式、编码、座标系统及资料栏，写成草稿供你确认。",
            command: DESCRIBE,
        },
        Step {
            title: "填写说明并检查",
            text: "以英文及繁体中文填写标题、摘要及关键词（简体自动转换），并注明取用级别、授权、更新频率及联络方法。检查会评分，并就每项问题提出补救方法。",
            command: CHECK,
        },
        Step {
            title: "发布",
            text: "每个项目或接纳、或附理由拒收，报告列明两者数目。个人资料及异常变更会暂缓，待有关人员决定。全部核实之后才会取代旧版。",
            command: INGEST,
        },
        Step {
            title: "需要时还原",
            text: "每次发布均保存为一个修订版，一个指令即可还原至上一版。",
            command: ROLL_BACK,
        },
    ],
    after: "下一版以同样方法交来：没有改变的项目，网址不变。",
};
