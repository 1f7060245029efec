//! Records of other catalogues as they were last read: `harvested/<host>/<digest of the address>.json`,
//! one file a catalogue, replaced whole.

use std::fs;
use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};

use super::publish::write_replacing;
use super::{Store, StoreError, file_error};
use crate::base::digest::Sha256Hex;
use crate::fetch::Address;

/// A catalogue that is kept, and what tells one state of it from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptHarvest {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: Option<std::time::SystemTime>,
}

impl Store {
    /// What is kept of a catalogue, if anything is.
    pub fn harvest<T: DeserializeOwned>(&self, catalogue: &Address) -> Result<Option<T>, StoreError> {
        let path = self.harvest_file(catalogue);
        match path.exists() {
            true => read(&path).map(Some),
            false => Ok(None),
        }
    }

    /// Puts a run in the place of the one before.
    pub fn keep_harvest<T: Serialize>(&self, catalogue: &Address, harvest: &T) -> Result<(), StoreError> {
        let path = self.harvest_file(catalogue);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(file_error(folder))?;
        }
        let text = serde_json::to_string(harvest)
            .map_err(|error| StoreError::BadManifest { path: path.clone(), message: error.to_string() })?;
        write_replacing(&path, &text)
    }

    /// Every catalogue that is kept, in order of path.
    pub fn harvests(&self) -> Result<Vec<KeptHarvest>, StoreError> {
        let root = self.harvests_folder();
        let mut found = Vec::new();
        let Ok(hosts) = fs::read_dir(&root) else { return Ok(found) };
        for host in hosts.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()) {
            for entry in fs::read_dir(&host).map_err(file_error(&host))? {
                let path = entry.map_err(file_error(&host))?.path();
                if path.extension().is_none_or(|extension| extension != "json") {
                    continue;
                }
                let facts = fs::metadata(&path).map_err(file_error(&path))?;
                found.push(KeptHarvest { path, bytes: facts.len(), modified: facts.modified().ok() });
            }
        }
        found.sort();
        Ok(found)
    }

    fn harvests_folder(&self) -> PathBuf {
        self.root.join("harvested")
    }

    fn harvest_file(&self, catalogue: &Address) -> PathBuf {
        const DIGITS: usize = 16;
        let digest = Sha256Hex::of_bytes(catalogue.as_str().as_bytes()).short(DIGITS).to_owned();
        // A number of IPv6 stands in brackets, with colons that not every file system takes.
        let host = catalogue.host().replace(['[', ']'], "").replace(':', "_");
        self.harvests_folder().join(host).join(format!("{digest}.json"))
    }
}

impl KeptHarvest {
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        read(&self.path)
    }
}

fn read<T: DeserializeOwned>(path: &std::path::Path) -> Result<T, StoreError> {
    let bytes = fs::read(path).map_err(file_error(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| StoreError::BadManifest { path: path.to_owned(), message: error.to_string() })
}
