//! Revisions on disk: stage, verify, publish by rename, list, roll back, withdraw, prune.
//!
//! Comes in: a folder of finished files. Goes out: which revision of each layer is current.
//! Must not know: what is inside a package.

mod downloads;
mod findings;
mod harvests;
mod history;
mod manifest;
mod marks;
mod personal_data;
mod publish;
mod sources;
mod work_folder;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::{LayerId, RevisionId};

pub use downloads::{Download, Downloads};
pub use findings::{Finding, Findings, Listing};
pub use harvests::KeptHarvest;
pub use history::{KEPT_AFTER_SUPERSEDED, Verified};
pub use manifest::{FileEntry, MANIFEST_FORMAT, Manifest};
pub use personal_data::{PersonalData, PersonalDataKind};
pub use publish::Stage;
pub use sources::KeptSource;
pub use work_folder::WorkFolder;

/// The data folder. `layers/<layer>/current` holds one line, the id of the revision in use.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} holds \"{content}\", which is not a revision id")]
    BadPointer { path: PathBuf, content: String },
    #[error("{path} cannot be understood: {message}")]
    BadManifest { path: PathBuf, message: String },
    #[error("{path} is not as its manifest says: {message}")]
    Damaged { path: PathBuf, message: String },
    #[error("there is no published layer \"{layer}\"; published are {}", listed(known))]
    NoLayer { layer: LayerId, known: Vec<LayerId> },
    #[error("{layer} has no revision {wanted}; kept are {}", listed(kept))]
    NoRevision { layer: LayerId, wanted: RevisionId, kept: Vec<RevisionId> },
    #[error("{layer} has no revision before the current one")]
    NothingBefore { layer: LayerId },
}

fn listed(names: &[impl std::fmt::Display]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| StoreError::File { path: path.to_owned(), source }
}

impl Store {
    /// Opens a data folder, making it where it is not there. Its path is made absolute, because the
    /// worker reads what is staged in it from a folder of its own.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Store { root: std::path::absolute(root).map_err(file_error(root))? };
        for folder in [store.layers_folder(), store.staging_folder()] {
            fs::create_dir_all(&folder).map_err(file_error(&folder))?;
        }
        Ok(store)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn layers_folder(&self) -> PathBuf {
        self.root.join("layers")
    }

    fn staging_folder(&self) -> PathBuf {
        self.root.join("staging")
    }

    fn layer_folder(&self, layer: &LayerId) -> PathBuf {
        self.layers_folder().join(layer.as_str())
    }

    fn pointer(&self, layer: &LayerId) -> PathBuf {
        self.layer_folder(layer).join("current")
    }

    pub fn revision_folder(&self, layer: &LayerId, revision: &RevisionId) -> PathBuf {
        self.layer_folder(layer).join(revision.as_str())
    }

    /// Every layer that has a current revision, in order of id.
    pub fn current_revisions(&self) -> Result<Vec<(LayerId, RevisionId)>, StoreError> {
        let folder = self.layers_folder();
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
            let entry = entry.map_err(file_error(&folder))?;
            // A folder that somebody else made there is not a layer and not our business.
            let Ok(layer) = entry.file_name().to_string_lossy().parse::<LayerId>() else { continue };
            if let Some(revision) = self.current(&layer)? {
                found.push((layer, revision));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The current revision of a layer.
    pub fn current(&self, layer: &LayerId) -> Result<Option<RevisionId>, StoreError> {
        let path = self.pointer(layer);
        let content = match fs::read_to_string(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::File { path, source }),
        };
        content
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| StoreError::BadPointer { path, content: crate::base::ids::cut(content.trim()) })
    }

    /// All revisions of a layer that are or were current, oldest first.
    pub fn revisions(&self, layer: &LayerId) -> Result<Vec<RevisionId>, StoreError> {
        let folder = self.layer_folder(layer);
        let mut found: Vec<RevisionId> = fs::read_dir(&folder)
            .map_err(file_error(&folder))?
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
            .collect();
        // Marks after folders: a folder that is seen without its mark has been made current since.
        let marks = self.marks(layer)?;
        if !marks.is_empty() {
            let current = self.current(layer)?;
            let is_shown = |revision: &RevisionId| {
                Some(revision) == current.as_ref() || marks.iter().all(|mark| mark.revision != *revision)
            };
            found.retain(is_shown);
        }
        found.sort();
        Ok(found)
    }

    pub fn manifest(&self, layer: &LayerId, revision: &RevisionId) -> Result<Manifest, StoreError> {
        Manifest::read(&self.revision_folder(layer, revision))
    }
}
