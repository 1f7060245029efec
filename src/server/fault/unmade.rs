//! Why there is no file of an extract, for who asked.

use std::time::Duration;

use super::{Said, in_language};
use crate::base::Language;
use crate::definition::DownloadFormat;
use crate::server::problem::Problem;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// More match than so many.
    TooManyFeatures(u64),
    /// More than so many bytes.
    TooLarge(u64),
    OutOfTime(Duration),
    NoRoom,
    /// Of the format, in the words of its writer.
    Refused {
        format: DownloadFormat,
        message: String,
    },
    WorkerStopped(DownloadFormat),
    Unwritable,
    /// In the words in which a page of features would be refused.
    Unreadable(Problem),
    /// Its layer.
    Withdrawn,
}

impl Unmade {
    /// One sentence, and the language that it is in: the asked one where that is known.
    pub fn sentence(&self, language: Language) -> (String, Language) {
        let said = |en: &str, zh_hant: &str, zh_hans: &str| [en.to_owned(), zh_hant.to_owned(), zh_hans.to_owned()];
        let said: Said = match self {
            Unmade::TooManyFeatures(most) => [
                format!("more than {most} features match; narrow the request, or take the layer's whole files"),
                format!("符合條件的項目多於{most}個；請收窄條件，或下載整個圖層的檔案"),
                format!("符合条件的项目多于{most}个；请收窄条件，或下载整个图层的文件"),
            ],
            Unmade::TooLarge(bytes) => {
                let most = bytes >> 20;
                [
                    format!(
                        "the file comes to more than {most} MiB as it is made; narrow the request, or name fewer properties"
                    ),
                    format!("製作中的檔案大於{most} MiB；請收窄條件，或減少資料欄"),
                    format!("制作中的文件大于{most} MiB；请收窄条件，或减少资料栏"),
                ]
            }
            Unmade::OutOfTime(most) => {
                let most = most.as_secs();
                [
                    format!("making it took longer than {most} s; narrow the request"),
                    format!("製作需時超過{most}秒；請收窄條件"),
                    format!("制作需时超过{most}秒；请收窄条件"),
                ]
            }
            Unmade::NoRoom => said(
                "the room for extracts is full; ask again when others have expired",
                "存放檔案的空間已滿；請待其他檔案過期後再試",
                "存放文件的空间已满；请待其他文件过期后再试",
            ),
            Unmade::Refused { format, message } => {
                let name = format.name();
                [
                    format!("{name} cannot hold it: {message}"),
                    format!("{name}無法容納這些項目（{message}）"),
                    format!("{name}无法容纳这些项目（{message}）"),
                ]
            }
            Unmade::WorkerStopped(format) => {
                let name = format.name();
                [
                    format!(
                        "the program that writes {name} stopped before it had finished; ask again, or take GeoPackage"
                    ),
                    format!("製作{name}的程式中途停止；請再試，或選用GeoPackage"),
                    format!("制作{name}的程序中途停止；请再试，或选用GeoPackage"),
                ]
            }
            Unmade::Unwritable => said(
                "the file could not be written; the operator's log says why",
                "未能寫入檔案；系統紀錄載有原因",
                "未能写入文件；系统纪录载有原因",
            ),
            Unmade::Withdrawn => said("the layer was withdrawn", "圖層已撤回", "图层已撤回"),
            Unmade::Unreadable(problem) => return problem.sentence(language),
        };
        (in_language(said, language), language)
    }
}
