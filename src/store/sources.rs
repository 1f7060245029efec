//! Deliveries of other hosts, kept as they were sent, so that one which has not changed is not sent
//! again.
//!
//! `sources/<layer>/<digest of the address>/` holds `source.json` and, in `content/`, the file by its
//! own name. A folder is replaced whole; one that is missing or damaged is fetched anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::publish::sync;
use super::{Stage, Store, StoreError, file_error};
use crate::base::LayerId;
use crate::base::digest::Sha256Hex;
use crate::fetch::{Address, Validator};

/// A file of another host as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSource {
    /// As the definition writes it.
    pub address: Address,
    /// The name of the file, made from the address.
    pub name: String,
    pub sha256: Sha256Hex,
    pub fetched: jiff::Timestamp,
    #[serde(flatten)]
    pub validator: Validator,
}

const ACCOUNT: &str = "source.json";
const CONTENT: &str = "content";

impl Store {
    /// What is kept of an address for a layer, with the place of the file, if it is whole.
    pub fn kept_source(&self, layer: &LayerId, address: &Address) -> Option<(KeptSource, PathBuf)> {
        let folder = self.source_folder(layer, address);
        let kept: KeptSource = serde_json::from_slice(&fs::read(folder.join(ACCOUNT)).ok()?).ok()?;
        let file = folder.join(CONTENT).join(&kept.name);
        let is_whole = kept.address == *address && Sha256Hex::of_file(&file).ok()? == kept.sha256;
        is_whole.then_some((kept, file))
    }

    /// Where the bytes of a fetched file are written before they are kept.
    pub fn source_in(stage: &Stage, name: &str) -> Result<PathBuf, StoreError> {
        let content = stage.folder().join(CONTENT);
        fs::create_dir_all(&content).map_err(file_error(&content))?;
        Ok(content.join(name))
    }

    /// Puts a stage with the file in it in the place of what was kept; answers where the file is.
    pub fn keep_source(&self, mut stage: Stage, layer: &LayerId, kept: &KeptSource) -> Result<PathBuf, StoreError> {
        let account = stage.folder().join(ACCOUNT);
        let text = serde_json::to_string_pretty(kept)
            .map_err(|error| StoreError::BadManifest { path: account.clone(), message: error.to_string() })?;
        fs::write(&account, text).map_err(file_error(&account))?;
        sync(&account)?;
        sync(&stage.folder().join(CONTENT).join(&kept.name))?;
        let folder = self.source_folder(layer, &kept.address);
        let parent = self.layer_sources(layer);
        fs::create_dir_all(&parent).map_err(file_error(&parent))?;
        self.move_aside(&folder)?;
        fs::rename(stage.folder(), &folder).map_err(file_error(&folder))?;
        stage.folder = None;
        sync(&parent)?;
        Ok(folder.join(CONTENT).join(&kept.name))
    }

    /// Removes what is kept of addresses that the layer's definition names no more.
    pub fn forget_sources_but(&self, layer: &LayerId, addresses: &[&Address]) -> Result<(), StoreError> {
        let wanted: Vec<PathBuf> = addresses.iter().map(|address| self.source_folder(layer, address)).collect();
        let Ok(entries) = fs::read_dir(self.layer_sources(layer)) else { return Ok(()) };
        for folder in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if !wanted.contains(&folder) {
                self.move_aside(&folder)?;
            }
        }
        Ok(())
    }

    /// Removes a folder, if it is there, so that no reader finds half of it.
    pub(super) fn move_aside(&self, folder: &Path) -> Result<(), StoreError> {
        if folder.exists() {
            let aside = self.stage()?;
            fs::rename(folder, aside.folder().join("gone")).map_err(file_error(folder))?;
        }
        Ok(())
    }

    fn layer_sources(&self, layer: &LayerId) -> PathBuf {
        self.root.join("sources").join(layer.as_str())
    }

    fn source_folder(&self, layer: &LayerId, address: &Address) -> PathBuf {
        const DIGITS: usize = 16;
        let digest = Sha256Hex::of_bytes(address.as_str().as_bytes());
        self.layer_sources(layer).join(digest.short(DIGITS))
    }
}
