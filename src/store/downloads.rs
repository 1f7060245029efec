//! Whole files of a revision for taking away, in a folder beside it: `<revision>.downloads/`, with a
//! manifest of its own. They are made after the revision is current, so the revision knows nothing
//! of them; what reads both joins them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{FileEntry, verify_files, write_manifest};
use super::publish::{make_read_only, sync};
use super::{Manifest, Stage, Store, StoreError, file_error};
use crate::base::digest::Sha256Hex;
use crate::base::{LayerId, RevisionId};
use crate::definition::{DownloadCrs, DownloadFormat, DownloadKind};

/// The format of the manifest that this version writes and reads.
const DOWNLOADS_FORMAT: u32 = 1;

/// The files that can be taken away of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloads {
    pub format: u32,
    pub layer: LayerId,
    pub revision: RevisionId,
    pub made: jiff::Timestamp,
    /// In the order in which they are listed.
    pub files: Vec<Download>,
    /// Of the manifest as it stands on the disk: tells these files from others of the same revision.
    #[serde(skip)]
    digest: String,
}

/// One file and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    pub name: String,
    pub format: DownloadFormat,
    pub crs: DownloadCrs,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: Sha256Hex,
}

impl Download {
    /// Measures a finished file in `folder`.
    pub fn measure(folder: &Path, layer: &LayerId, kind: DownloadKind) -> Result<Self, StoreError> {
        let name = kind.file_name(layer);
        let path = folder.join(&name);
        Ok(Download {
            bytes: fs::metadata(&path).map_err(file_error(&path))?.len(),
            sha256: Sha256Hex::of_file(&path).map_err(file_error(&path))?,
            media_type: kind.format.media_type().to_owned(),
            format: kind.format,
            crs: kind.crs,
            name,
        })
    }

    pub fn kind(&self) -> DownloadKind {
        DownloadKind { format: self.format, crs: self.crs }
    }
}

impl Downloads {
    pub fn new(layer: LayerId, revision: RevisionId, made: jiff::Timestamp, files: Vec<Download>) -> Self {
        Downloads { format: DOWNLOADS_FORMAT, layer, revision, made, files, digest: String::new() }
    }

    /// Digest of the manifest; empty until it was read from the disk.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub fn file(&self, name: &str) -> Option<&Download> {
        self.files.iter().find(|file| file.name == name)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, StoreError> {
        let bad = |message| StoreError::BadManifest { path: path.to_owned(), message };
        let mut downloads: Downloads = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if downloads.format != DOWNLOADS_FORMAT {
            return Err(bad(format!("its format is {}, not {DOWNLOADS_FORMAT}", downloads.format)));
        }
        downloads.digest = Sha256Hex::of_bytes(text.as_bytes()).short(RevisionId::DIGEST_DIGITS).to_owned();
        Ok(downloads)
    }

    /// Whether the folder holds exactly what the manifest says, byte for byte.
    pub(super) fn verify(&self, folder: &Path) -> Result<(), StoreError> {
        let entry = |file: &Download| FileEntry { bytes: file.bytes, sha256: file.sha256.clone() };
        let listed = self.files.iter().map(|file| (file.name.clone(), entry(file))).collect();
        verify_files(&listed, folder)
    }
}

/// Exchanges the names of two folders at once; `false` where there are not two, or where the file
/// system cannot.
fn exchange(one: &Path, other: &Path) -> std::io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What the name of a folder of downloads has after its revision's.
const SUFFIX: &str = ".downloads";

impl Store {
    pub fn downloads_folder(&self, layer: &LayerId, revision: &RevisionId) -> PathBuf {
        self.layer_folder(layer).join(format!("{revision}{SUFFIX}"))
    }

    /// What can be taken away of a revision; `None` where nothing was made of it yet.
    pub fn downloads(&self, layer: &LayerId, revision: &RevisionId) -> Result<Option<Downloads>, StoreError> {
        let path = self.downloads_folder(layer, revision).join(Manifest::NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Downloads::parse(&path, &text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    /// Puts finished files in their place, whole or not at all. The folder of files that were made
    /// before of the same revision changes names with the stage, so that there is always one.
    pub fn publish_downloads(&self, mut stage: Stage, downloads: &Downloads) -> Result<(), StoreError> {
        let staged = stage.folder().to_owned();
        write_manifest(&staged, downloads)?;
        for entry in fs::read_dir(&staged).map_err(file_error(&staged))? {
            let path = entry.map_err(file_error(&staged))?.path();
            make_read_only(&path)?;
            sync(&path)?;
        }
        sync(&staged)?;
        let folder = self.downloads_folder(&downloads.layer, &downloads.revision);
        if exchange(&staged, &folder).map_err(file_error(&folder))? {
            // What the stage holds now goes with it.
            return sync(&self.layer_folder(&downloads.layer));
        }
        self.move_aside(&folder)?;
        fs::rename(&staged, &folder).map_err(file_error(&folder))?;
        stage.folder = None;
        sync(&self.layer_folder(&downloads.layer))
    }

    /// Removes downloads whose revision is gone, which a crash amid pruning leaves.
    pub(super) fn remove_orphaned_downloads(&self, layer: &LayerId) -> Result<(), StoreError> {
        let folder = self.layer_folder(layer);
        for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
            let path = entry.map_err(file_error(&folder))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let revision = name.strip_suffix(SUFFIX).and_then(|name| name.parse::<RevisionId>().ok());
            if revision.is_some_and(|revision| !self.revision_folder(layer, &revision).exists()) {
                self.move_aside(&path)?;
            }
        }
        Ok(())
    }
}
