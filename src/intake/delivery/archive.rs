//! Archives, unpacked by us with limits: zip, tar, gzip, and KMZ, which is a zip with a KML in it.
//! What climbs out of its folder, links, is encrypted, lies about its size or unpacks to far more
//! than it is packed is refused by name.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::contents::{choose, keep_main_files};
use super::stage::{StagedFile, extension, refused, safe_name};
use super::{DeliveryError, ReadRequest, tar, text};
use crate::base::ids::cut;
use crate::base::limits;

/// What a delivery has used of its limits so far.
#[derive(Default)]
pub struct Budget {
    pub packed: u64,
    pub unpacked: u64,
    pub entries: usize,
}

/// What no archive may hold; KMZ, XLSX and ODS are zips too, and may be held.
pub(super) const ARCHIVES: [&str; 9] = ["zip", "gz", "tgz", "tar", "7z", "rar", "xz", "bz2", "zst"];

/// Unpacks a file if it is an archive; appends what can be layers.
pub fn unpack_or_keep(
    file: StagedFile,
    request: &ReadRequest,
    budget: &mut Budget,
    staged: &mut Vec<StagedFile>,
) -> Result<(), DeliveryError> {
    let kind = extension(&file.path);
    let written = match kind.as_str() {
        "zip" => unpack_zip(&file, budget)?,
        "tar" => unpack_tar(&file, open(&file.path)?, budget)?,
        "tgz" => unpack_tar(&file, flate2::read::MultiGzDecoder::new(open(&file.path)?), budget)?,
        "gz" if extension(Path::new(&stem_of(&file.shown))) == "tar" => {
            unpack_tar(&file, flate2::read::MultiGzDecoder::new(open(&file.path)?), budget)?
        }
        "gz" => {
            let inner = unpack_gzip(&file, budget)?;
            return finish(inner, request, budget, staged);
        }
        "7z" | "rar" | "xz" | "bz2" | "zst" => {
            return Err(refused(format!("{} is packed as .{kind}; pack it as zip, tar or gzip", file.shown)));
        }
        _ => return finish(file, request, budget, staged),
    };
    keep_main_files(&file, written, request, budget, staged)
}

/// A KMZ becomes the KML in it; a workbook is examined as the zip that it is.
pub(super) fn finish(
    file: StagedFile,
    request: &ReadRequest,
    budget: &mut Budget,
    staged: &mut Vec<StagedFile>,
) -> Result<(), DeliveryError> {
    match extension(&file.path).as_str() {
        "kmz" => staged.append(&mut unpack_kmz(&file, request, budget)?),
        "xlsx" | "ods" => {
            examine_workbook(&file, budget)?;
            staged.push(file);
        }
        _ => staged.push(file),
    }
    Ok(())
}

fn open(path: &Path) -> Result<io::BufReader<File>, DeliveryError> {
    File::open(path).map(io::BufReader::new).map_err(DeliveryError::file(path))
}

fn stem_of(shown: &str) -> String {
    Path::new(shown).with_extension("").to_string_lossy().into_owned()
}

fn unpack_gzip(file: &StagedFile, budget: &mut Budget) -> Result<StagedFile, DeliveryError> {
    let shown = stem_of(&file.shown);
    let target = file.path.with_file_name(safe_name(&shown));
    if ARCHIVES.contains(&extension(&target).as_str()) {
        return Err(nested(&file.shown));
    }
    let mut reader = flate2::read::MultiGzDecoder::new(open(&file.path)?);
    Unpacking::of(file)?.write(&mut reader, &target, None, budget)?;
    Ok(StagedFile::new(target, shown))
}

pub(super) fn nested(shown: &str) -> DeliveryError {
    refused(format!("{shown} is an archive inside an archive; pack the files once"))
}

fn unpack_tar(file: &StagedFile, input: impl Read, budget: &mut Budget) -> Result<Vec<StagedFile>, DeliveryError> {
    let broken = |error: io::Error| refused(format!("{} is not a sound tar: {error}", file.shown));
    let mut unpacking = Unpacking::of(file)?;
    let mut reader = tar::Reader::new(input);
    let mut written = Vec::new();
    while let Some(entry) = reader.next_entry().map_err(broken)? {
        count_entries(file, 1, budget)?;
        let name = sound_path(&decoded(&entry.name, &entry.name), entry.name.len(), file)?;
        match entry.kind {
            tar::Kind::Folder => continue,
            tar::Kind::File => {}
            tar::Kind::Other => {
                return Err(refused(format!(
                    "{} holds a link or device, {}; pack the file itself",
                    file.shown,
                    cut(&name)
                )));
            }
        }
        let target = place_below(&unpacking.folder, &name, &file.shown)?;
        unpacking.write(&mut reader, &target, Some(entry.bytes), budget)?;
        written.push(StagedFile::new(target, format!("{} → {name}", file.shown)));
    }
    Ok(written)
}

type Zip = zip::ZipArchive<io::BufReader<File>>;

/// Opens a zip and counts its entries.
fn open_zip(file: &StagedFile, budget: &mut Budget) -> Result<Zip, DeliveryError> {
    let archive = zip::ZipArchive::new(open(&file.path)?).map_err(|error| not_sound(file, &error))?;
    count_entries(file, archive.len(), budget)?;
    Ok(archive)
}

fn not_sound(file: &StagedFile, error: &zip::result::ZipError) -> DeliveryError {
    refused(format!("{} is not a sound zip: {error}", file.shown))
}

fn count_entries(file: &StagedFile, more: usize, budget: &mut Budget) -> Result<(), DeliveryError> {
    budget.entries += more;
    if budget.entries > limits::ARCHIVE_ENTRIES_MAX {
        return Err(refused(format!("{} holds over {} entries, the limit", file.shown, limits::ARCHIVE_ENTRIES_MAX)));
    }
    Ok(())
}

/// The names of all entries, in the encoding that fits those that are not UTF-8.
fn entry_names(archive: &mut Zip, file: &StagedFile) -> Result<Vec<String>, DeliveryError> {
    let mut raw = Vec::with_capacity(archive.len());
    for place in 0..archive.len() {
        // Asked raw: an encrypted entry cannot be opened otherwise.
        let entry = archive.by_index_raw(place).map_err(|error| not_sound(file, &error))?;
        if entry.encrypted() {
            return Err(refused(format!("{} is encrypted; hand it in without a password", file.shown)));
        }
        if entry.is_symlink() {
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            return Err(refused(format!("{} holds a link, {}; pack the file itself", file.shown, cut(&name))));
        }
        raw.push(entry.name_raw().to_vec());
    }
    let foreign: Vec<u8> = raw.iter().filter(|name| std::str::from_utf8(name).is_err()).flatten().copied().collect();
    raw.iter().map(|name| sound_path(&decoded(name, &foreign), name.len(), file)).collect()
}

/// A name in UTF-8, else in what the bytes of all such names look like.
fn decoded(name: &[u8], foreign: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => text::decode(name, text::guess(foreign).label).0,
    }
}

/// The entry's name, refused where it would climb out of its folder. Some programs of Windows part
/// folders by `\`.
fn sound_path(name: &str, raw_bytes: usize, file: &StagedFile) -> Result<String, DeliveryError> {
    if raw_bytes > limits::ARCHIVE_PATH_BYTES_MAX {
        return Err(refused(format!("{} holds a name of {raw_bytes} bytes", file.shown)));
    }
    let plain = name.replace('\\', "/");
    let climbs = name.contains(':')
        || !Path::new(&plain).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if climbs {
        return Err(refused(format!("{} holds the path \"{}\", which leaves its folder", file.shown, cut(name))));
    }
    Ok(plain)
}

fn unpack_zip(file: &StagedFile, budget: &mut Budget) -> Result<Vec<StagedFile>, DeliveryError> {
    let mut archive = open_zip(file, budget)?;
    let names = entry_names(&mut archive, file)?;
    let mut unpacking = Unpacking::of(file)?;
    let mut written = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let mut entry = archive.by_index(place).map_err(|error| not_sound(file, &error))?;
        if entry.is_dir() {
            continue;
        }
        let target = place_below(&unpacking.folder, &name, &file.shown)?;
        let bytes = entry.size();
        unpacking.write(&mut entry, &target, Some(bytes), budget)?;
        written.push(StagedFile::new(target, format!("{} → {name}", file.shown)));
    }
    Ok(written)
}

/// The KML of a KMZ. Some programs write a `doc.kml` that only links to others beside it, so all
/// that hold features are looked at; pictures stay packed.
fn unpack_kmz(file: &StagedFile, request: &ReadRequest, budget: &mut Budget) -> Result<Vec<StagedFile>, DeliveryError> {
    let mut archive = open_zip(file, budget)?;
    let names = entry_names(&mut archive, file)?;
    let mut unpacking = Unpacking::of(file)?;
    let mut all = Vec::new();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| extension(Path::new(name)) == "kml") {
        let target = place_below(&unpacking.folder, name, &file.shown)?;
        let mut entry = archive.by_index(place).map_err(|error| not_sound(file, &error))?;
        let bytes = entry.size();
        unpacking.write(&mut entry, &target, Some(bytes), budget)?;
        all.push(StagedFile::new(target, format!("{} → {name}", file.shown)));
    }
    if all.is_empty() {
        return Err(refused(format!("{} holds no KML", file.shown)));
    }
    let mut filled = Vec::new();
    let mut empty = Vec::new();
    for kml in all {
        if holds_features(&kml.path)? { filled.push(kml) } else { empty.push(kml) }
    }
    if filled.is_empty() {
        return Err(refused(format!("{} holds no features", file.shown)));
    }
    if let (Some(first), false) = (filled.first_mut(), empty.is_empty()) {
        let names: Vec<&str> = empty.iter().map(|kml| kml.shown.as_str()).collect();
        first.notes.push(format!("KML without features of its own was left out: {}", names.join(", ")));
    }
    choose(file, filled, request)
}

/// Whether a KML names a placemark or an overlay, whatever the prefix.
fn holds_features(path: &Path) -> Result<bool, DeliveryError> {
    let bytes = std::fs::read(path).map_err(DeliveryError::file(path))?;
    let has = |word: &[u8]| memchr::memmem::find(&bytes, word).is_some();
    Ok(has(b"Placemark") || has(b"Overlay"))
}

/// Unpacks a workbook to nowhere: GDAL will unpack it without our limits.
fn examine_workbook(file: &StagedFile, budget: &mut Budget) -> Result<(), DeliveryError> {
    let mut archive = open_zip(file, budget)?;
    let names = entry_names(&mut archive, file)?;
    let mut unpacking = Unpacking::of(file)?;
    for place in 0..names.len() {
        let mut entry = archive.by_index(place).map_err(|error| not_sound(file, &error))?;
        let bytes = entry.size();
        unpacking.pour(&mut entry, &mut io::sink(), Path::new(""), Some(bytes), budget)?;
    }
    Ok(())
}

/// Where an entry goes below a folder of the private copy: in plain lower-case characters, and never
/// where another is already.
pub(super) fn place_below(folder: &Path, name: &str, shown: &str) -> Result<PathBuf, DeliveryError> {
    let mut target = folder.to_owned();
    for part in Path::new(name).components() {
        if let Component::Normal(part) = part {
            target.push(safe_name(&part.to_string_lossy()).to_lowercase());
        }
    }
    if target.exists() {
        return Err(refused(format!("{shown} holds {} twice, but for upper and lower case", cut(name))));
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|_| refused(format!("{shown} holds {} both as a file and as a folder", cut(name))))?;
    }
    Ok(target)
}

/// One archive being unpacked into a folder beside it.
struct Unpacking {
    shown: String,
    folder: PathBuf,
    packed: u64,
    unpacked: u64,
}

impl Unpacking {
    fn of(file: &StagedFile) -> Result<Self, DeliveryError> {
        let packed = std::fs::metadata(&file.path).map_err(DeliveryError::file(&file.path))?.len();
        let folder = file.path.with_extension("unpacked");
        Ok(Unpacking { shown: file.shown.clone(), folder, packed, unpacked: 0 })
    }

    fn write(
        &mut self,
        reader: &mut dyn Read,
        target: &Path,
        announced: Option<u64>,
        budget: &mut Budget,
    ) -> Result<(), DeliveryError> {
        let mut out = File::create(target).map_err(DeliveryError::file(target))?;
        self.pour(reader, &mut out, target, announced, budget)
    }

    /// Pours out one entry, stopping at the limits of size and ratio.
    fn pour(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        target: &Path,
        announced: Option<u64>,
        budget: &mut Budget,
    ) -> Result<(), DeliveryError> {
        const PIECE_BYTES: usize = 64 * 1024;
        let shown = &self.shown;
        let mut piece = vec![0u8; PIECE_BYTES];
        let mut written = 0u64;
        loop {
            let read =
                reader.read(&mut piece).map_err(|error| refused(format!("{shown} cannot be unpacked: {error}")))?;
            if read == 0 {
                break;
            }
            written += read as u64;
            self.unpacked += read as u64;
            budget.unpacked += read as u64;
            let is_bomb = self.unpacked > limits::UNPACK_RATIO_FREE_BYTES
                && self.unpacked / self.packed.max(1) > limits::UNPACK_RATIO_MAX;
            if is_bomb {
                return Err(refused(format!("{shown} unpacks to over {} times its size", limits::UNPACK_RATIO_MAX)));
            }
            if budget.unpacked > limits::UNPACKED_BYTES_MAX {
                return Err(refused(format!(
                    "{shown} unpacks to over {} bytes, the limit",
                    limits::UNPACKED_BYTES_MAX
                )));
            }
            out.write_all(&piece[..read]).map_err(DeliveryError::file(target))?;
        }
        match announced {
            Some(bytes) if bytes != written => {
                Err(refused(format!("{shown} announces an entry of {bytes} bytes, which holds {written}")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
