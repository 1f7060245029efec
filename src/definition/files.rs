//! Finding definitions and the files they name.

use std::path::{Component, Path, PathBuf};

use super::{DefinitionFault, LayerDefinition, SourcePart, parse};
use crate::base::limits;
use crate::fetch::AddressFault;

/// A definition's folder with the names that make its layer id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionPlace {
    pub folder: PathBuf,
    pub department: String,
    pub name: String,
}

impl DefinitionPlace {
    /// The layer id as the folders spell it; it may still be refused when the definition is read.
    pub fn layer_id(&self) -> String {
        format!("{}-{}", self.department, self.name)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("layer.toml")
    }
}

/// Every `<department>/<name>/layer.toml` under `layers`, in order of layer id.
pub fn find_all(layers: &Path) -> std::io::Result<Vec<DefinitionPlace>> {
    let mut places = Vec::new();
    for department in folders(layers)? {
        for folder in folders(&department)? {
            let place = DefinitionPlace { department: file_name(&department), name: file_name(&folder), folder };
            if place.file().is_file() {
                places.push(place);
            }
        }
    }
    places.sort_by_key(DefinitionPlace::layer_id);
    Ok(places)
}

/// Reads and judges one definition.
pub fn load(place: &DefinitionPlace) -> Result<LayerDefinition, DefinitionFault> {
    let file = place.file();
    let shown = file.display().to_string();
    let fault = |message: String| DefinitionFault { file: shown.clone(), line: 1, column: 1, message };
    let size = std::fs::metadata(&file).map_err(|error| fault(format!("cannot be read: {error}")))?.len();
    if size > limits::DEFINITION_BYTES_MAX {
        return Err(fault(format!("is {size} bytes; a definition has at most {}", limits::DEFINITION_BYTES_MAX)));
    }
    let bytes = std::fs::read(&file).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        fault(format!("is not UTF-8 at byte {}; save it as UTF-8", error.utf8_error().valid_up_to()))
    })?;
    parse(&text, &shown, &place.folder, &place.department, &place.name)
}

fn folders(parent: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The parts of a delivery that an entry of `files` stands for.
pub(super) fn named(folder: &Path, entry: &str) -> Result<Vec<SourcePart>, String> {
    if entry.contains("://") {
        let address = entry.parse().map_err(|fault: AddressFault| fault.to_string())?;
        return Ok(vec![SourcePart::Address(address)]);
    }
    Ok(expand(folder, entry)?.into_iter().map(SourcePart::File).collect())
}

/// The files that a name, or a name with `*` in its last part, stands for: inside `folder` only.
fn expand(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let shown = crate::base::ids::cut(pattern);
    let relative = Path::new(pattern);
    let stays_inside = !pattern.is_empty()
        && relative.components().all(|part| matches!(part, Component::Normal(_)))
        && !pattern.contains('\\')
        && !pattern.contains("${");
    if !stays_inside {
        return Err(format!("\"{shown}\" leaves the folder of the definition; name files inside it"));
    }
    let wanted = file_name(relative);
    let parent = folder.join(relative.parent().unwrap_or(Path::new("")));
    let mut found: Vec<PathBuf> = std::fs::read_dir(&parent)
        .map_err(|error| format!("\"{shown}\" cannot be looked up: {error}"))?
        .filter_map(Result::ok)
        .filter(|entry| matches(&wanted, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(format!("there is no file \"{shown}\" beside the definition"));
    }
    Ok(found)
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, name, fits) in [
            ("a.json", "a.json", true),
            ("a.json", "a.jsonl", false),
            ("*.json", "7000004.json", true),
            ("*.json", "x.geojson", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
