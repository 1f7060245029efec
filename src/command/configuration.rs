//! `causeway.toml`: what an operator sets once. A flag wins over the environment, the environment
//! over the file, the file over the defaults.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::base::LayerId;
use crate::definition::DefinitionFault;
use crate::fetch::Host;
use crate::server::ExtractSettings;

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "causeway.toml";

/// One flat file; a key that is not here is refused by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Where published layers are kept.
    pub data: Option<PathBuf>,
    /// Where layer definitions are.
    pub layers: Option<PathBuf>,
    /// Where hand-made styles are.
    pub styles: Option<PathBuf>,
    /// Host and port to listen on.
    pub listen: Option<String>,
    /// Public address of the server.
    pub base_url: Option<String>,
    /// Bytes of finished answers kept in memory.
    pub cache_bytes: Option<u64>,
    /// A font file for the characters that the font of the tree lacks.
    pub font: Option<PathBuf>,
    /// How often a watching ingest asks other hosts for what definitions name there, in seconds.
    pub sources_asked_every_s: Option<NonZeroU32>,
    /// Hosts that may be asked for files.
    #[serde(default)]
    pub hosts: Vec<Host>,
    /// The layer whose areas are the districts that features are counted by.
    pub districts: Option<LayerId>,
    /// Proxies before the server, whose word on whom they forward for is taken.
    #[serde(default)]
    pub proxies: Vec<IpAddr>,
    /// Parts of layers as files.
    #[serde(default)]
    pub extracts: ExtractSettings,
}

impl Configuration {
    /// Reads the named file, else `causeway.toml` if it is there, else nothing.
    pub fn load(named: Option<&Path>) -> Result<Self, String> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                return Ok(Configuration::default());
            }
            Err(error) => return Err(format!("the configuration {} cannot be read: {error}", path.display())),
        };
        toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            DefinitionFault::at(&path.display().to_string(), &text, start, error.message()).to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_in_the_tree_is_read_and_says_what_holds_without_it() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("causeway.toml");
        assert_eq!(Configuration::load(Some(&sample)).unwrap(), Configuration::default());
        let told: String = std::fs::read_to_string(sample)
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ") || rest.starts_with('[')))
            .map(|line| format!("{line}\n"))
            .collect();
        let all: Configuration = toml::from_str(&told).unwrap();
        assert!(all.data.is_some() && all.layers.is_some() && all.styles.is_some());
        assert!(all.listen.is_some() && all.base_url.is_some() && all.cache_bytes.is_some());
        assert!(all.font.is_some());
        assert!(all.sources_asked_every_s.is_some() && all.hosts.len() == 1);
        assert!(all.districts.is_some() && all.proxies.len() == 1);
        let folder = all.extracts.folder.clone();
        assert_eq!(all.extracts, ExtractSettings { folder, ..ExtractSettings::default() });
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, "listen = \"x\"\nlistn = \"y\"\n").unwrap();
        let message = Configuration::load(Some(&file)).unwrap_err();
        assert!(message.contains("c.toml:2:1: ") && message.contains("listn"), "{message}");
        assert!(Configuration::load(Some(&folder.path().join("gone.toml"))).unwrap_err().contains("gone.toml"));
    }
}
