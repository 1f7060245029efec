//! A private copy of the delivery, unpacked: GDAL writes beside what it reads, and archives are
//! opened by nobody but us.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::archive::{self, Budget};
use super::contents;
use super::{DeliveryError, ReadRequest};
use crate::base::limits;

/// A file, or the folder of a FileGDB, in the private copy with the name that the department gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedFile {
    pub path: PathBuf,
    pub shown: String,
    /// What was done or left out on the way, for the report.
    pub notes: Vec<String>,
    /// The definition's `layer` named this file in an archive, so it names no layer inside it.
    pub is_the_layer: bool,
}

impl StagedFile {
    pub fn new(path: PathBuf, shown: String) -> Self {
        StagedFile { path, shown, notes: Vec::new(), is_the_layer: false }
    }
}

/// Files that belong to another, by the extension of that one.
const COMPANIONS: [(&str, &[&str]); 3] =
    [("shp", &["dbf", "shx", "prj", "cpg"]), ("tab", &["dat", "map", "id", "ind"]), ("mif", &["mid"])];
/// Files that hold part of a GeoPackage that its program has not yet written into it.
const UNFINISHED: [&str; 2] = ["gpkg-wal", "gpkg-journal"];

/// Copies the files, and what belongs to them, into `scratch`, and unpacks archives.
pub fn stage(request: &ReadRequest, scratch: &Path) -> Result<Vec<StagedFile>, DeliveryError> {
    let mut staged = Vec::new();
    let mut budget = Budget::default();
    for (number, file) in request.files.iter().enumerate() {
        if belongs_to_another(file, &request.files) {
            continue;
        }
        let folder = scratch.join(format!("{number}"));
        std::fs::create_dir(&folder).map_err(DeliveryError::file(&folder))?;
        let shown = file_name(file);
        let copy = folder.join(safe_name(&shown));
        let is_folder = std::fs::symlink_metadata(file).map_err(DeliveryError::file(file))?.is_dir();
        if is_folder && extension(file) == "gdb" {
            copy_geodatabase(file, &copy, &mut budget)?;
            staged.push(StagedFile::new(copy, shown));
            continue;
        }
        if is_folder {
            let whole = StagedFile::new(copy, shown);
            let mut copied = Vec::new();
            copy_folder(file, "", &whole, &mut budget, &mut copied)?;
            contents::keep_main_files(&whole, copied, request, &mut budget, &mut staged)?;
            continue;
        }
        copy_regular(file, &copy, &mut budget)?;
        copy_companions(file, &copy, &mut budget)?;
        archive::unpack_or_keep(StagedFile::new(copy, shown), request, &mut budget, &mut staged)?;
    }
    Ok(staged)
}

/// Whether a file is the companion of one that is handed in too, and so copied with it.
fn belongs_to_another(file: &Path, files: &[PathBuf]) -> bool {
    let stem = |path: &Path| path.with_extension("").to_string_lossy().to_lowercase();
    is_companion(file) && files.iter().any(|other| is_main_of(&extension(other), file) && stem(other) == stem(file))
}

fn is_companion(path: &Path) -> bool {
    let extension = extension(path);
    COMPANIONS.iter().any(|(_, companions)| companions.contains(&extension.as_str()))
}

fn is_main_of(main: &str, companion: &Path) -> bool {
    let extension = extension(companion);
    COMPANIONS.iter().any(|(known, companions)| *known == main && companions.contains(&extension.as_str()))
}

/// Whether a file in the private copy is there only for another that stands beside it.
pub(super) fn has_its_main_beside_it(path: &Path) -> bool {
    COMPANIONS.iter().any(|(main, _)| is_main_of(main, path) && path.with_extension(main).exists())
}

pub(super) fn refused(message: String) -> DeliveryError {
    DeliveryError::Refused(message)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// A name of plain characters with the same extension: the delivery's names go into reports only,
/// never into paths that other programs open. A stem that holds anything else gets a digest, so
/// that 圖書館 and 博物館 differ and the files of one shapefile still share theirs.
pub(super) fn safe_name(name: &str) -> String {
    const STEM_CHARACTERS: usize = 60;
    let path = Path::new(name);
    let clean = |part: &str| -> String {
        part.chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' })
            .take(STEM_CHARACTERS)
            .collect()
    };
    let whole = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut stem = clean(&whole);
    if stem != whole || stem.is_empty() {
        stem.push('-');
        stem.push_str(&blake3::hash(whole.to_lowercase().as_bytes()).to_hex()[..16]);
    }
    let extension = clean(&extension(path));
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

/// Copies a regular file; a link, pipe or device is refused before it is read.
fn copy_regular(from: &Path, to: &Path, budget: &mut Budget) -> Result<(), DeliveryError> {
    use rustix::fs::{Mode, OFlags};
    let opened =
        rustix::fs::open(from, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| match error {
            rustix::io::Errno::LOOP => refused(format!("{} is a link; hand in the file itself", from.display())),
            other => DeliveryError::File { path: from.to_owned(), source: other.into() },
        })?;
    let mut source = File::from(opened);
    let metadata = source.metadata().map_err(DeliveryError::file(from))?;
    if !metadata.is_file() {
        return Err(refused(format!("{} is not a regular file", from.display())));
    }
    budget.packed += metadata.len();
    if budget.packed > limits::SOURCE_BYTES_MAX {
        return Err(refused(format!("the delivery is over {} bytes, the limit", limits::SOURCE_BYTES_MAX)));
    }
    let mut target = File::create(to).map_err(DeliveryError::file(to))?;
    let copied = io::copy(&mut Read::by_ref(&mut source).take(metadata.len() + 1), &mut target)
        .map_err(DeliveryError::file(from))?;
    let after = source.metadata().map_err(DeliveryError::file(from))?;
    // A program that writes into it may leave its length as it was.
    let is_as_it_was = after.len() == metadata.len() && after.modified().ok() == metadata.modified().ok();
    if copied != metadata.len() || !is_as_it_was {
        return Err(refused(format!("{} changed while it was being read; hand it in again", from.display())));
    }
    Ok(())
}

fn copy_companions(main: &Path, copy: &Path, budget: &mut Budget) -> Result<(), DeliveryError> {
    let main_extension = extension(main);
    let Some(folder) = main.parent() else { return Ok(()) };
    let stem = main.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let entries = std::fs::read_dir(folder).map_err(DeliveryError::file(folder))?;
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()) != stem {
            continue;
        }
        if main_extension == "gpkg" && UNFINISHED.contains(&extension(&path).as_str()) {
            return Err(refused(format!(
                "{} stands beside {}, so part of the data is not in it: close it in the program that writes it, then hand it in",
                file_name(&path),
                file_name(main)
            )));
        }
        if is_main_of(&main_extension, &path) {
            copy_regular(&path, &copy.with_extension(extension(&path)), budget)?;
        }
    }
    Ok(())
}

/// Copies the files of a FileGDB, which is a folder without folders in it.
fn copy_geodatabase(from: &Path, to: &Path, budget: &mut Budget) -> Result<(), DeliveryError> {
    std::fs::create_dir(to).map_err(DeliveryError::file(to))?;
    for entry in std::fs::read_dir(from).map_err(DeliveryError::file(from))? {
        let path = entry.map_err(DeliveryError::file(from))?.path();
        count_entry(from, budget)?;
        // A lock says that some program has it open, and no more.
        if extension(&path) != "lock" {
            copy_regular(&path, &to.join(file_name(&path).to_ascii_lowercase()), budget)?;
        }
    }
    Ok(())
}

fn count_entry(folder: &Path, budget: &mut Budget) -> Result<(), DeliveryError> {
    budget.entries += 1;
    if budget.entries > limits::ARCHIVE_ENTRIES_MAX {
        let most = limits::ARCHIVE_ENTRIES_MAX;
        return Err(refused(format!("{} holds over {most} files, the limit", folder.display())));
    }
    Ok(())
}

/// Copies a folder with all that is in it; what holds layers is found as in an archive. `inner` is
/// the way from the folder that was handed in, in its own names.
fn copy_folder(
    from: &Path,
    inner: &str,
    whole: &StagedFile,
    budget: &mut Budget,
    copied: &mut Vec<StagedFile>,
) -> Result<(), DeliveryError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(from).map_err(DeliveryError::file(from))? {
        paths.push(entry.map_err(DeliveryError::file(from))?.path());
    }
    paths.sort();
    for path in paths {
        count_entry(from, budget)?;
        let inner = format!("{inner}{}", file_name(&path));
        if inner.len() > limits::ARCHIVE_PATH_BYTES_MAX {
            return Err(refused(format!("{} holds a path of {} bytes", whole.shown, inner.len())));
        }
        if std::fs::symlink_metadata(&path).map_err(DeliveryError::file(&path))?.is_dir() {
            copy_folder(&path, &format!("{inner}/"), whole, budget, copied)?;
        } else if extension(&path) != "lock" {
            let target = archive::place_below(&whole.path, &inner, &whole.shown)?;
            copy_regular(&path, &target, budget)?;
            copied.push(StagedFile::new(target, format!("{} → {inner}", whole.shown)));
        }
    }
    Ok(())
}
