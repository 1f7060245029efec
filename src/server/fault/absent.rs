//! What is not there, or not any more.

use axum::http::StatusCode;

use super::Said;
use crate::base::ids::cut;
use crate::base::limits;
use crate::tiles::TileAddressError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    Address {
        path: String,
    },
    Layer {
        id: String,
    },
    /// `day` as ISO 8601 has it.
    Withdrawn {
        id: String,
        day: String,
    },
    Feature {
        layer: String,
        id: String,
    },
    Record {
        id: String,
    },
    Tile(TileAddressError),
    Extract {
        id: String,
    },
    Revision {
        layer: String,
        revision: String,
    },
}

impl Absent {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Absent::Withdrawn { .. } | Absent::Revision { .. } => StatusCode::GONE,
            _ => StatusCode::NOT_FOUND,
        }
    }

    pub(super) fn said(&self) -> Said {
        match self {
            Absent::Address { path } => {
                let path = cut(path);
                [
                    format!("there is nothing at {path}; / says what there is"),
                    format!("{path}沒有內容；主頁列出所有內容"),
                    format!("{path}没有内容；主页列出所有内容"),
                ]
            }
            Absent::Layer { id } => {
                let id = cut(id);
                [
                    format!("there is no layer \"{id}\"; /collections lists the layers"),
                    format!("沒有名為「{id}」的圖層；/collections列出所有圖層"),
                    format!("没有名为「{id}」的图层；/collections列出所有图层"),
                ]
            }
            Absent::Withdrawn { id, day } => [
                format!("the layer \"{id}\" was withdrawn on {day}; /collections lists the layers"),
                format!("圖層「{id}」已於{day}撤回；/collections列出所有圖層"),
                format!("图层「{id}」已于{day}撤回；/collections列出所有图层"),
            ],
            Absent::Feature { layer, id } => {
                let id = cut(id);
                [
                    format!("{layer} has no feature \"{id}\"; /collections/{layer}/items lists the features"),
                    format!("圖層{layer}沒有編號為「{id}」的項目；/collections/{layer}/items列出所有項目"),
                    format!("图层{layer}没有编号为「{id}」的项目；/collections/{layer}/items列出所有项目"),
                ]
            }
            Absent::Record { id } => {
                let id = cut(id);
                [
                    format!("the catalogue has no record \"{id}\""),
                    format!("目錄內沒有「{id}」的紀錄"),
                    format!("目录内没有「{id}」的纪录"),
                ]
            }
            Absent::Tile(fault) => no_tile(fault),
            Absent::Extract { id } => {
                let id = cut(id);
                [
                    format!(
                        "there is no extract \"{id}\"; it has expired, was ended, or the server was started anew since; \
                         POST to /collections/{{layer}}/extracts makes another"
                    ),
                    format!("找不到檔案「{id}」：檔案已過期、已移除，或伺服器其後重新啟動；可在圖層的網頁重新製作"),
                    format!("找不到文件「{id}」：文件已过期、已移除，或服务器其后重新启动；可在图层的网页重新制作"),
                ]
            }
            Absent::Revision { layer, revision } => [
                format!("the revision {revision} of {layer} is no longer kept; begin again without it"),
                format!("圖層{layer}的版本{revision}已不再保存；請不指定版本，重新開始"),
                format!("图层{layer}的版本{revision}已不再保存；请不指定版本，重新开始"),
            ],
        }
    }
}

fn no_tile(fault: &TileAddressError) -> Said {
    let english = fault.to_string();
    match fault {
        TileAddressError::Zoom(value) => {
            let most = limits::ZOOM_MAX;
            [
                english,
                format!("縮放級別「{value}」不是0至{most}的整數"),
                format!("缩放级别「{value}」不是0至{most}的整数"),
            ]
        }
        TileAddressError::Place { axis, value, zoom, max } => {
            // What is a row in one kind of Chinese is a column in the other.
            let (zh_hant, zh_hans) = if *axis == "row" { ("列號", "行号") } else { ("欄號", "列号") };
            [
                english,
                format!("{zh_hant}「{value}」不是0至{max}的整數，即縮放級別{zoom}的範圍"),
                format!("{zh_hans}「{value}」不是0至{max}的整数，即缩放级别{zoom}的范围"),
            ]
        }
    }
}
