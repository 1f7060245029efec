//! What an archive or a folder holds: the files that can be layers, and which of several is meant.

use std::path::{Path, PathBuf};

use super::archive::{ARCHIVES, Budget, finish, nested};
use super::stage::{StagedFile, extension, has_its_main_beside_it, refused};
use super::{DeliveryError, ReadRequest};

/// Of what an archive or a folder held, the files that can be layers. Several are one layer only
/// where the definition says so.
pub(super) fn keep_main_files(
    archive: &StagedFile,
    mut written: Vec<StagedFile>,
    request: &ReadRequest,
    budget: &mut Budget,
    staged: &mut Vec<StagedFile>,
) -> Result<(), DeliveryError> {
    let mut found = Vec::new();
    let mut second_choice = Vec::new();
    gather_geodatabases(&mut written)?;
    for mut file in written {
        let kind = extension(&file.path);
        if ARCHIVES.contains(&kind.as_str()) {
            return Err(nested(&file.shown));
        }
        if kind.starts_with("gpkg-") {
            return Err(refused(format!(
                "{} is a part of a GeoPackage that is still being written; close it first",
                file.shown
            )));
        }
        if let Some(folder) = geodatabase_around(&file.path) {
            let is_new = !found.iter().any(|known: &StagedFile| known.path == folder);
            if is_new {
                let folder_shown = file.shown.rsplit_once('/').map(|(folder, _)| folder.to_owned());
                // Packed without a folder it is the archive itself.
                file.shown = folder_shown.unwrap_or_else(|| archive.shown.clone());
                found.push(StagedFile { path: folder, ..file });
            }
            continue;
        }
        if is_hidden(&file.shown) || has_its_main_beside_it(&file.path) {
            continue;
        }
        match kind.as_str() {
            // Metadata, unless nothing else is there.
            "xml" | "txt" if !is_a_notice(&file.path) => second_choice.push(file),
            "xml" | "txt" => {}
            other if NOT_LAYERS.contains(&other) => {}
            _ => found.push(file),
        }
    }
    let found = if found.is_empty() { second_choice } else { found };
    for file in choose(archive, found, request)? {
        finish(file, request, budget, staged)?;
    }
    Ok(())
}

/// What systems leave in folders for themselves.
fn is_hidden(shown: &str) -> bool {
    const FOR_THEMSELVES: [&str; 3] = ["__macosx", "thumbs.db", "desktop.ini"];
    let inner = shown.rsplit(" → ").next().unwrap_or_default().to_lowercase();
    inner.split('/').any(|part| part != "." && part.starts_with('.') || FOR_THEMSELVES.contains(&part))
}

/// What stands beside layers in archives and is none.
const NOT_LAYERS: [&str; 17] = [
    "pdf", "html", "htm", "sbn", "sbx", "qix", "md", "jpg", "jpeg", "png", "qml", "qmd", "sld", "lyr", "xsd", "csvt",
    "gfs",
];

fn is_a_notice(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ["readme", "licen", "terms"].iter().any(|start| name.starts_with(start))
}

/// Puts the files of a FileGDB that was packed without its folder, or under another name, into a
/// folder that is named as one.
fn gather_geodatabases(written: &mut [StagedFile]) -> Result<(), DeliveryError> {
    const FIRST_TABLE: &str = "a00000001.gdbtable";
    let is_first = |file: &StagedFile| file.path.ends_with(FIRST_TABLE) && geodatabase_around(&file.path).is_none();
    let folders: Vec<PathBuf> =
        written.iter().filter(|file| is_first(file)).filter_map(|file| Some(file.path.parent()?.to_owned())).collect();
    for file in written
        .iter_mut()
        .filter(|file| file.path.parent().is_some_and(|folder| folders.iter().any(|known| known == folder)))
    {
        let is_part = matches!(
            extension(&file.path).as_str(),
            "gdbtable" | "gdbtablx" | "gdbindexes" | "atx" | "spx" | "freelist" | "horizon"
        ) || file.path.ends_with("gdb")
            || file.path.ends_with("timestamps");
        if is_part && let (Some(folder), Some(name)) = (file.path.parent(), file.path.file_name()) {
            let geodatabase = folder.join("geodatabase.gdb");
            std::fs::create_dir_all(&geodatabase).map_err(DeliveryError::file(&geodatabase))?;
            let to = geodatabase.join(name);
            std::fs::rename(&file.path, &to).map_err(DeliveryError::file(&to))?;
            file.path = to;
        }
    }
    Ok(())
}

/// The FileGDB that a file is part of: the folder around it that ends in `.gdb`.
fn geodatabase_around(path: &Path) -> Option<PathBuf> {
    path.parent().filter(|folder| extension(folder) == "gdb").map(Path::to_owned)
}

pub(super) fn choose(
    archive: &StagedFile,
    mut found: Vec<StagedFile>,
    request: &ReadRequest,
) -> Result<Vec<StagedFile>, DeliveryError> {
    if found.is_empty() {
        return Err(refused(format!("{} holds no file that could be a layer", archive.shown)));
    }
    if found.len() == 1 || request.file_name_field.is_some() {
        return Ok(found);
    }
    let inner = |file: &StagedFile| file.shown.rsplit(" → ").next().unwrap_or_default().to_owned();
    if let Some(wanted) = &request.layer {
        let fits = |file: &StagedFile| {
            let inner = inner(file);
            let stem = Path::new(&inner).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            inner == *wanted || stem.as_deref() == Some(wanted.as_str())
        };
        if let [only] = found.iter().enumerate().filter(|(_, file)| fits(file)).collect::<Vec<_>>()[..] {
            let mut chosen = found.swap_remove(only.0);
            chosen.is_the_layer = true;
            return Ok(vec![chosen]);
        }
    }
    const LISTED: usize = 20;
    let mut names: Vec<String> = found.iter().take(LISTED).map(inner).collect();
    if found.len() > LISTED {
        names.push(format!("and {} more", found.len() - LISTED));
    }
    Err(refused(format!(
        "{} holds several layers: {}; name one in the definition with layer = \"…\", or give file_name_field to make one layer of all",
        archive.shown,
        names.join(", ")
    )))
}
