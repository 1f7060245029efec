//! The words of what is said about parts of layers.

use crate::base::Language;

pub struct ExtractWords {
    pub part_of_layer: &'static str,
    pub part_advice: &'static str,
    pub file: &'static str,
    pub box_label: &'static str,
    pub make: &'static str,
    pub take_these: &'static str,
    pub asked: &'static str,
    pub everything: &'static str,
    pub waiting: &'static str,
    pub making: &'static str,
    pub made: &'static str,
    pub failed: &'static str,
    pub refreshes: &'static str,
    pub kept_until: &'static str,
    pub end: &'static str,
    pub remove: &'static str,
    pub another: &'static str,
    pub keep_address: &'static str,
    pub condition: &'static str,
    pub bbox: &'static str,
    pub time: &'static str,
    pub words: &'static str,
    pub revision: &'static str,
    pub columns: &'static str,
}

pub fn extract_words(language: Language) -> &'static ExtractWords {
    match language {
        Language::En => &EN,
        Language::ZhHant => &ZH_HANT,
        Language::ZhHans => &ZH_HANS,
    }
}

impl ExtractWords {
    /// What a parameter that chooses features is called; `None` for those that only programs give.
    pub fn parameter(&self, name: &str) -> Option<&'static str> {
        match name {
            "filter" => Some(self.condition),
            "bbox" => Some(self.bbox),
            "datetime" => Some(self.time),
            "q" | "text" => Some(self.words),
            "revision" => Some(self.revision),
            "properties" => Some(self.columns),
            _ => None,
        }
    }
}

const EN: ExtractWords = ExtractWords {
    part_of_layer: "Part of this layer",
    part_advice: "The server makes a file of the features you choose. Leave empty what does not matter.",
    file: "File",
    box_label: "Box: west, south, east, north in degrees",
    make: "Make the file",
    take_these: "Take these as a file",
    asked: "Chosen by",
    everything: "The whole layer",
    waiting: "Waiting for its turn",
    making: "The file is being made",
    made: "The file is ready",
    failed: "The file could not be made",
    refreshes: "This page refreshes itself.",
    kept_until: "Kept until",
    end: "Stop",
    remove: "Remove the file",
    another: "Another part of this layer",
    keep_address: "Only someone with this page’s address can find the file.",
    condition: "Condition",
    bbox: "Box",
    time: "Time",
    words: "Words",
    revision: "State",
    columns: "Fields in the file",
};

const ZH_HANT: ExtractWords = ExtractWords {
    part_of_layer: "圖層的一部分",
    part_advice: "伺服器會把所選的地理要素製成檔案。不需要的條件請留空。",
    file: "檔案",
    box_label: "範圍：西、南、東、北（度）",
    make: "製作檔案",
    take_these: "把這些製成檔案",
    asked: "條件",
    everything: "整個圖層",
    waiting: "輪候中",
    making: "正在製作檔案",
    made: "檔案已備妥",
    failed: "未能製作檔案",
    refreshes: "本頁會自動更新。",
    kept_until: "保留至",
    end: "停止",
    remove: "移除檔案",
    another: "此圖層的另一部分",
    keep_address: "只有知道本頁網址的人才能找到檔案。",
    condition: "條件式",
    bbox: "範圍",
    time: "時間",
    words: "字詞",
    revision: "版本",
    columns: "檔案內的資料欄",
};

const ZH_HANS: ExtractWords = ExtractWords {
    part_of_layer: "图层的一部分",
    part_advice: "服务器会把所选的地理要素制成文件。不需要的条件请留空。",
    file: "文件",
    box_label: "范围：西、南、东、北（度）",
    make: "制作文件",
    take_these: "把这些制成文件",
    asked: "条件",
    everything: "整个图层",
    waiting: "轮候中",
    making: "正在制作文件",
    made: "文件已备妥",
    failed: "未能制作文件",
    refreshes: "本页会自动更新。",
    kept_until: "保留至",
    end: "停止",
    remove: "移除文件",
    another: "此图层的另一部分",
    keep_address: "只有知道本页网址的人才能找到文件。",
    condition: "条件式",
    bbox: "范围",
    time: "时间",
    words: "字词",
    revision: "版本",
    columns: "文件内的资料栏",
};
