//! The revision's account of itself, `manifest.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Findings, StoreError, file_error};
use crate::base::digest::Sha256Hex;
use crate::base::{LayerId, RevisionId};

/// The format that this version writes; readers take it and the one before. Since 2 a revision
/// with geometry holds its baked tiles, since 3 one with texts their words.
pub const MANIFEST_FORMAT: u32 = 3;

/// What a revision holds, and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub layer: LayerId,
    pub revision: RevisionId,
    pub published: jiff::Timestamp,
    /// Digest of definition, delivery, style and ingest format: equal means nothing has changed.
    pub fingerprint: Sha256Hex,
    /// Every other file of the revision.
    pub files: BTreeMap<String, FileEntry>,
    /// read = kept + rejected.
    pub read: u64,
    pub kept: u64,
    pub rejected: u64,
    /// Features that were rejected, repaired or stand elsewhere than they say, one by one.
    #[serde(default)]
    pub findings: Findings,
    /// All layers that the same delivery made, this one included: one for each kind of geometry.
    #[serde(default)]
    pub siblings: Vec<LayerId>,
    /// The definition whose delivery it is; absent of a bare file, and in older revisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<LayerId>,
    /// Files that came from other hosts, with what told this state of them from others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<super::KeptSource>,
    pub crs_operation: String,
    /// Columns that hold personal data, and the decisions that released them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal_data: Vec<super::PersonalData>,
    pub tools: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub bytes: u64,
    pub sha256: Sha256Hex,
}

impl Manifest {
    pub const NAME: &'static str = "manifest.json";

    /// Measures every file of a folder but the manifest itself.
    pub fn measure(folder: &Path) -> Result<BTreeMap<String, FileEntry>, StoreError> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(file_error(folder))? {
            let path = entry.map_err(file_error(folder))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name == Self::NAME {
                continue;
            }
            let bytes = fs::metadata(&path).map_err(file_error(&path))?.len();
            let sha256 = Sha256Hex::of_file(&path).map_err(file_error(&path))?;
            files.insert(name, FileEntry { bytes, sha256 });
        }
        Ok(files)
    }

    pub fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(Self::NAME);
        let text = fs::read_to_string(&path).map_err(file_error(&path))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| StoreError::BadManifest { path: path.clone(), message: error.to_string() })?;
        if manifest.format > MANIFEST_FORMAT {
            return Err(StoreError::BadManifest {
                path,
                message: format!("its format is {}, newer than {MANIFEST_FORMAT}", manifest.format),
            });
        }
        Ok(manifest)
    }

    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        write_manifest(folder, self)
    }

    /// Whether the folder holds exactly what the manifest says, byte for byte.
    pub fn verify(&self, folder: &Path) -> Result<(), StoreError> {
        verify_files(&self.files, folder)
    }
}

pub(super) fn write_manifest(folder: &Path, manifest: &impl Serialize) -> Result<(), StoreError> {
    let path = folder.join(Manifest::NAME);
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| StoreError::BadManifest { path: path.clone(), message: error.to_string() })?;
    fs::write(&path, text).map_err(file_error(&path))
}

/// Whether a folder holds, beside its manifest, exactly these files, byte for byte.
pub(super) fn verify_files(files: &BTreeMap<String, FileEntry>, folder: &Path) -> Result<(), StoreError> {
    let measured = Manifest::measure(folder)?;
    let damaged =
        |name: &str, message: &str| StoreError::Damaged { path: folder.join(name), message: message.to_owned() };
    for (name, entry) in files {
        match measured.get(name) {
            None => return Err(damaged(name, "the file is missing")),
            Some(found) if found != entry => return Err(damaged(name, "its digest differs")),
            Some(_) => {}
        }
    }
    match measured.keys().find(|name| !files.contains_key(*name)) {
        Some(name) => Err(damaged(name, "the manifest does not name this file")),
        None => Ok(()),
    }
}
