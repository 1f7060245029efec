//! What the server cannot do at this moment, or not for one caller.

use axum::http::StatusCode;

use super::Said;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strained {
    Busy,
    OutOfTime,
    /// Extracts of one caller.
    Unfinished {
        count: usize,
    },
    Kept {
        count: usize,
    },
    /// Extracts of all.
    Waiting,
    Full,
}

impl Strained {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Strained::Unfinished { .. } | Strained::Kept { .. } => StatusCode::TOO_MANY_REQUESTS,
            Strained::Busy | Strained::OutOfTime | Strained::Waiting | Strained::Full => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    pub(super) fn said(&self) -> Said {
        let said = |en: &str, zh_hant: &str, zh_hans: &str| [en.to_owned(), zh_hant.to_owned(), zh_hans.to_owned()];
        match self {
            Strained::Busy => {
                said("the server is busy; try again in a moment", "伺服器正忙；請稍後再試", "服务器正忙；请稍后再试")
            }
            Strained::OutOfTime => said(
                "the query took too long; ask for a smaller box, fewer features or a simpler filter",
                "查詢需時過長；請縮小範圍、減少項目或簡化條件",
                "查询需时过长；请缩小范围、减少项目或简化条件",
            ),
            Strained::Unfinished { count } => [
                format!(
                    "{count} extracts of yours are not finished, as many as one caller may have; wait for one, or DELETE it"
                ),
                format!("你有{count}個檔案尚未製成，已達上限；請等候其中一個製成，或停止製作"),
                format!("你有{count}个文件尚未制成，已达上限；请等候其中一个制成，或停止制作"),
            ],
            Strained::Kept { count } => [
                format!(
                    "{count} extracts of yours are kept, as many as one caller may have; DELETE one that you have fetched"
                ),
                format!("已為你保留{count}個檔案，達到上限；請移除一個已下載的檔案"),
                format!("已为你保留{count}个文件，达到上限；请移除一个已下载的文件"),
            ],
            Strained::Waiting => said(
                "as many extracts wait as may; try again in a moment",
                "輪候製作的檔案已達上限；請稍後再試",
                "轮候制作的文件已达上限；请稍后再试",
            ),
            Strained::Full => said(
                "the room for extracts is full; try again when others have expired",
                "存放檔案的空間已滿；請待其他檔案過期後再試",
                "存放文件的空间已满；请待其他文件过期后再试",
            ),
        }
    }
}
