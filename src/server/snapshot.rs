//! Everything that is published, as one value that is replaced whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::fault::Absent;
use super::problem::Problem;
use crate::access::{Action, Caller, Policy, Subject};
use crate::base::{LayerId, RevisionId};
use crate::catalogue::search::{Elsewhere, Index};
use crate::catalogue::{LayerRecord, RemoteCatalogue, RemoteRecord};
use crate::package::PackageFile;
use crate::store::{Download, Downloads, KeptHarvest, Store, StoreError};

/// One revision of a layer, loaded.
#[derive(Clone, Debug)]
pub struct LiveLayer {
    pub record: Arc<LayerRecord>,
    pub package: Arc<PackageFile>,
    pub style: Arc<serde_json::Value>,
    /// Whole files for taking away; they appear some time after the revision.
    pub downloads: Option<Arc<Downloads>>,
}

impl LiveLayer {
    /// The files that can be taken away.
    pub fn files(&self) -> &[Download] {
        self.downloads.as_ref().map_or(&[], |downloads| &downloads.files)
    }
}

/// A layer that the public could read and that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    pub last: RevisionId,
    pub moment: jiff::Timestamp,
}

/// All current revisions.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    layers: BTreeMap<LayerId, Arc<LiveLayer>>,
    withdrawn: BTreeMap<LayerId, Withdrawn>,
    /// The records that the public finds, ready to be searched.
    pub index: Arc<Index>,
    /// What was harvested of other catalogues.
    pub elsewhere: Arc<Elsewhere>,
    harvests: Vec<KeptHarvest>,
    /// Digest of all current revisions, their downloads and what was harvested: the revision of answers over
    /// many layers.
    pub digest: String,
    /// Digest of the revisions alone.
    revisions: String,
}

impl Snapshot {
    /// Loads what is current, keeping from `before` what has not changed. A revision that cannot
    /// be loaded leaves its layer as it was, and is named in the log.
    pub fn load(store: &Store, before: &Snapshot, policy: &Policy) -> Result<Snapshot, StoreError> {
        let mut layers = BTreeMap::new();
        for (id, revision) in store.current_revisions()? {
            let known = before.layers.get(&id);
            if let Some(known) = known.filter(|known| known.record.revision == revision) {
                let known = with_downloads(store, known);
                layers.insert(id, known);
                continue;
            }
            match load_revision(store, &id, &revision) {
                Ok(layer) => {
                    tracing::info!(layer = %id, revision = %revision, "now serving");
                    layers.insert(id, Arc::new(layer));
                }
                Err(error) => {
                    tracing::error!(layer = %id, revision = %revision, %error, "revision not loaded");
                    if let Some(known) = known {
                        layers.insert(id, Arc::clone(known));
                    }
                }
            }
        }
        let withdrawn = withdrawn(store, before, policy)?;
        let mut hasher = blake3::Hasher::new();
        for layer in layers.values() {
            hasher.update(layer.record.id.as_str().as_bytes());
            hasher.update(layer.record.revision.as_str().as_bytes());
        }
        let revisions = hasher.finalize().to_hex()[..16].to_owned();
        for downloads in layers.values().filter_map(|layer| layer.downloads.as_ref()) {
            hasher.update(downloads.layer.as_str().as_bytes());
            hasher.update(downloads.digest().as_bytes());
        }
        for (id, withdrawn) in &withdrawn {
            hasher.update(id.as_str().as_bytes());
            hasher.update(withdrawn.moment.to_string().as_bytes());
        }
        let harvests = store.harvests()?;
        hasher.update(format!("{harvests:?}").as_bytes());
        let digest = hasher.finalize().to_hex()[..16].to_owned();
        let index = match revisions == before.revisions {
            true => Arc::clone(&before.index),
            false => Arc::new(Index::build(public_records(&layers, policy))),
        };
        let elsewhere = match harvests == before.harvests {
            true => Arc::clone(&before.elsewhere),
            false => Arc::new(Elsewhere::build(remote_records(&harvests))),
        };
        Ok(Snapshot { layers, withdrawn, index, elsewhere, harvests, digest, revisions })
    }

    pub fn layer(&self, id: &LayerId) -> Option<&Arc<LiveLayer>> {
        self.layers.get(id)
    }

    pub fn layers(&self) -> impl Iterator<Item = &Arc<LiveLayer>> {
        self.layers.values()
    }

    /// Layers that are gone, in order of id.
    pub fn withdrawn(&self) -> &BTreeMap<LayerId, Withdrawn> {
        &self.withdrawn
    }

    /// What to say of a layer that is not here: that it is gone, if it was here, else `otherwise`.
    pub fn absent(&self, id: &str, otherwise: impl FnOnce() -> Problem) -> Problem {
        match id.parse::<LayerId>().ok().and_then(|id| self.withdrawn.get_key_value(&id)) {
            None => otherwise(),
            Some((id, Withdrawn { moment, .. })) => {
                Absent::Withdrawn { id: id.to_string(), day: moment.strftime("%Y-%m-%d").to_string() }.into()
            }
        }
    }

    /// The moment of the newest publication.
    pub fn newest(&self) -> Option<jiff::Timestamp> {
        self.layers.values().map(|layer| layer.record.published).max()
    }
}

/// A layer whose revision is loaded, with the downloads that it has now. Those that cannot be read
/// leave it as it was.
fn with_downloads(store: &Store, known: &Arc<LiveLayer>) -> Arc<LiveLayer> {
    let (id, revision) = (&known.record.id, &known.record.revision);
    let downloads = match store.downloads(id, revision) {
        Ok(downloads) => downloads.map(Arc::new),
        Err(error) => {
            tracing::error!(layer = %id, revision = %revision, %error, "downloads not loaded");
            return Arc::clone(known);
        }
    };
    match downloads == known.downloads {
        true => Arc::clone(known),
        false => Arc::new(LiveLayer { downloads, ..LiveLayer::clone(known) }),
    }
}

/// The records of all catalogues; one that cannot be read is named in the log and left out.
fn remote_records(harvests: &[KeptHarvest]) -> Vec<Arc<RemoteRecord>> {
    let mut records = Vec::new();
    for harvest in harvests {
        match harvest.read::<RemoteCatalogue>() {
            Ok(RemoteCatalogue { host, records: of_catalogue, .. }) => {
                records.extend(
                    of_catalogue.into_iter().map(|record| Arc::new(RemoteRecord { host: host.clone(), ..record })),
                );
            }
            Err(error) => tracing::error!(%error, "a harvested catalogue is not loaded"),
        }
    }
    records
}

/// Nothing is said of a layer that the public could not read.
fn withdrawn(store: &Store, before: &Snapshot, policy: &Policy) -> Result<BTreeMap<LayerId, Withdrawn>, StoreError> {
    let mut gone = BTreeMap::new();
    for (id, last, moment) in store.withdrawn()? {
        let withdrawn = Withdrawn { last, moment };
        if before.withdrawn.get(&id) == Some(&withdrawn) || was_public(store, &id, &withdrawn.last, policy) {
            gone.insert(id, withdrawn);
        }
    }
    Ok(gone)
}

fn was_public(store: &Store, id: &LayerId, last: &RevisionId, policy: &Policy) -> bool {
    let record = read_json::<LayerRecord>(&store.revision_folder(id, last).join("record.json"));
    record.is_ok_and(|record| {
        let subject = Subject { layer: id, class: record.class };
        policy.decide(&Caller::Public, subject, Action::ReadFacts).is_ok()
    })
}

/// What the public may find: nothing of a layer that is not open enters the index.
fn public_records(layers: &BTreeMap<LayerId, Arc<LiveLayer>>, policy: &Policy) -> Vec<Arc<LayerRecord>> {
    layers
        .values()
        .map(|layer| &layer.record)
        .filter(|record| record.catalogued)
        .filter(|record| {
            let subject = Subject { layer: &record.id, class: record.class };
            policy.decide(&Caller::Public, subject, Action::ReadFacts).is_ok()
        })
        .cloned()
        .collect()
}

/// Reads the documents of one revision; the package is opened when it is first asked.
pub fn load_revision(store: &Store, id: &LayerId, revision: &RevisionId) -> Result<LiveLayer, StoreError> {
    let folder = store.revision_folder(id, revision);
    store.manifest(id, revision)?;
    let record: LayerRecord = read_json(&folder.join("record.json"))?;
    let style = read_json(&folder.join("style.json"))?;
    let package = PackageFile {
        layer: id.clone(),
        revision: revision.clone(),
        path: folder.join("layer.gpkg"),
        schema: Arc::new(record.schema.clone()),
        features: record.counts.kept,
    };
    let downloads = store.downloads(id, revision).unwrap_or_else(|error| {
        tracing::error!(layer = %id, revision = %revision, %error, "downloads not loaded");
        None
    });
    Ok(LiveLayer {
        record: Arc::new(record),
        package: Arc::new(package),
        style: Arc::new(style),
        downloads: downloads.map(Arc::new),
    })
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let text = std::fs::read_to_string(path).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| StoreError::BadManifest { path: path.to_owned(), message: error.to_string() })
}
