//! A private copy of the delivery, unpacked: GDAL writes beside what it reads, and archives are
//! opened by nobody but us.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::DeliveryError;
use crate::base::ids::cut;
use crate::base::limits;

/// A file in the private copy with the name that the department gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedFile {
    pub path: PathBuf,
    pub shown: String,
}

/// Companions that a shapefile is useless without; taken along when they stand beside it.
const COMPANIONS: [&str; 4] = ["dbf", "shx", "prj", "cpg"];

/// Copies the files, and what belongs to them, into `scratch`, and unpacks archives.
pub fn stage(files: &[PathBuf], scratch: &Path) -> Result<Vec<StagedFile>, DeliveryError> {
    let mut staged = Vec::new();
    let mut budget = Budget { packed: 0, unpacked: 0, entries: 0 };
    for (number, file) in files.iter().enumerate() {
        if belongs_to_a_shapefile(file, files) {
            continue;
        }
        let folder = scratch.join(format!("{number}"));
        std::fs::create_dir(&folder).map_err(DeliveryError::file(&folder))?;
        let shown = file_name(file);
        let copy = folder.join(safe_name(&shown));
        copy_regular(file, &copy, &mut budget)?;
        if extension(file) == "shp" {
            copy_companions(file, &copy, &mut budget)?;
        }
        unpack_or_keep(StagedFile { path: copy, shown }, &mut budget, &mut staged)?;
    }
    Ok(staged)
}

/// Whether a file is the companion of a shapefile that is handed in too, and so copied with it.
fn belongs_to_a_shapefile(file: &Path, files: &[PathBuf]) -> bool {
    let stem = |path: &Path| path.with_extension("").to_string_lossy().to_lowercase();
    is_companion(file) && files.iter().any(|other| extension(other) == "shp" && stem(other) == stem(file))
}

fn is_companion(path: &Path) -> bool {
    COMPANIONS.contains(&extension(path).as_str())
}

struct Budget {
    packed: u64,
    unpacked: u64,
    entries: usize,
}

fn refused(message: String) -> DeliveryError {
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
fn safe_name(name: &str) -> String {
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
    if copied != metadata.len() {
        return Err(refused(format!("{} changed while it was being read; hand it in again", from.display())));
    }
    Ok(())
}

fn copy_companions(shapefile: &Path, copy: &Path, budget: &mut Budget) -> Result<(), DeliveryError> {
    let Some(folder) = shapefile.parent() else { return Ok(()) };
    let stem = shapefile.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let entries = std::fs::read_dir(folder).map_err(DeliveryError::file(folder))?;
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let same_stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()) == stem;
        if same_stem && is_companion(&path) {
            copy_regular(&path, &copy.with_extension(extension(&path)), budget)?;
        }
    }
    Ok(())
}

fn unpack_or_keep(file: StagedFile, budget: &mut Budget, staged: &mut Vec<StagedFile>) -> Result<(), DeliveryError> {
    match extension(&file.path).as_str() {
        "zip" => unpack_zip(&file, budget, staged),
        "gz" => unpack_gzip(&file, budget, staged),
        // Part of a shapefile: read with its .shp, or alone a table without geometry.
        _ if is_companion(&file.path) && file.path.with_extension("shp").exists() => Ok(()),
        _ => {
            staged.push(file);
            Ok(())
        }
    }
}

fn unpack_gzip(file: &StagedFile, budget: &mut Budget, staged: &mut Vec<StagedFile>) -> Result<(), DeliveryError> {
    let packed = File::open(&file.path).map_err(DeliveryError::file(&file.path))?;
    let packed_bytes = packed.metadata().map_err(DeliveryError::file(&file.path))?.len();
    let shown = Path::new(&file.shown).with_extension("").to_string_lossy().into_owned();
    let target = file.path.with_file_name(safe_name(&shown));
    if matches!(extension(&target).as_str(), "gz" | "zip") {
        return Err(refused(format!("{} is an archive inside an archive; pack the files once", file.shown)));
    }
    let mut reader = flate2::read::MultiGzDecoder::new(packed);
    write_out(&mut reader, &target, packed_bytes, &file.shown, budget)?;
    staged.push(StagedFile { path: target, shown });
    Ok(())
}

fn unpack_zip(file: &StagedFile, budget: &mut Budget, staged: &mut Vec<StagedFile>) -> Result<(), DeliveryError> {
    let broken = |error: zip::result::ZipError| refused(format!("{} is not a sound zip: {error}", file.shown));
    let packed = File::open(&file.path).map_err(DeliveryError::file(&file.path))?;
    let mut archive = zip::ZipArchive::new(io::BufReader::new(packed)).map_err(broken)?;
    budget.entries += archive.len();
    if budget.entries > limits::ARCHIVE_ENTRIES_MAX {
        return Err(refused(format!("{} holds over {} entries, the limit", file.shown, limits::ARCHIVE_ENTRIES_MAX)));
    }
    let folder = file.path.with_extension("unpacked");
    std::fs::create_dir(&folder).map_err(DeliveryError::file(&folder))?;
    let mut written: Vec<StagedFile> = Vec::new();
    for place in 0..archive.len() {
        // Asked raw first: an encrypted entry cannot be opened otherwise.
        if archive.by_index_raw(place).map_err(broken)?.encrypted() {
            return Err(refused(format!("{} is encrypted; hand it in without a password", file.shown)));
        }
        let mut entry = archive.by_index(place).map_err(broken)?;
        let name = entry_name(&entry, file)?;
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(refused(format!("{} holds a link, {}; pack the file itself", file.shown, cut(&name))));
        }
        let target = folder.join(safe_relative(&name));
        if target.exists() {
            return Err(refused(format!("{} holds {} twice, but for upper and lower case", file.shown, cut(&name))));
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(DeliveryError::file(parent))?;
        }
        let packed_bytes = entry.compressed_size();
        write_out(&mut entry, &target, packed_bytes, &file.shown, budget)?;
        written.push(StagedFile { path: target, shown: format!("{} → {name}", file.shown) });
    }
    keep_main_files(file, written, staged)
}

/// The entry's name, refused where it would climb out of its folder.
fn entry_name<R: Read>(entry: &zip::read::ZipFile<'_, R>, file: &StagedFile) -> Result<String, DeliveryError> {
    let raw = entry.name_raw();
    if raw.len() > limits::ARCHIVE_PATH_BYTES_MAX {
        return Err(refused(format!("{} holds a name of {} bytes", file.shown, raw.len())));
    }
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => super::text::decode(raw, super::text::guess(raw).label).0,
    };
    let climbs = name.contains('\\')
        || name.contains(':')
        || !Path::new(&name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if climbs {
        return Err(refused(format!("{} holds the path \"{}\", which leaves its folder", file.shown, cut(&name))));
    }
    Ok(name)
}

fn safe_relative(name: &str) -> PathBuf {
    Path::new(name)
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(safe_name(&part.to_string_lossy()).to_lowercase()),
            _ => None,
        })
        .collect()
}

/// Of what an archive held, the files that can be layers; an archive in an archive is refused.
fn keep_main_files(
    archive: &StagedFile,
    written: Vec<StagedFile>,
    staged: &mut Vec<StagedFile>,
) -> Result<(), DeliveryError> {
    const NOT_LAYERS: [&str; 12] = ["txt", "pdf", "xml", "html", "htm", "sbn", "sbx", "qix", "md", "jpg", "png", "qml"];
    let before = staged.len();
    for file in written {
        let kind = extension(&file.path);
        if ["zip", "gz", "tar", "7z", "rar"].contains(&kind.as_str()) {
            return Err(refused(format!("{} is an archive inside an archive; pack the files once", file.shown)));
        }
        let is_companion = is_companion(&file.path) && file.path.with_extension("shp").exists();
        let is_hidden = file.path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("__macosx"));
        if !is_companion && !is_hidden && !NOT_LAYERS.contains(&kind.as_str()) {
            staged.push(file);
        }
    }
    if staged.len() == before {
        return Err(refused(format!("{} holds no file that could be a layer", archive.shown)));
    }
    Ok(())
}

/// Writes what comes out of an archive, stopping at the limits of size and ratio.
fn write_out(
    reader: &mut dyn Read,
    target: &Path,
    packed_bytes: u64,
    shown: &str,
    budget: &mut Budget,
) -> Result<(), DeliveryError> {
    const PIECE_BYTES: usize = 64 * 1024;
    let mut out = File::create(target).map_err(DeliveryError::file(target))?;
    let mut piece = vec![0u8; PIECE_BYTES];
    let mut written = 0u64;
    loop {
        let read = reader.read(&mut piece).map_err(|error| refused(format!("{shown} cannot be unpacked: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        written += read as u64;
        budget.unpacked += read as u64;
        let is_bomb =
            written > limits::UNPACK_RATIO_FREE_BYTES && written / packed_bytes.max(1) > limits::UNPACK_RATIO_MAX;
        if is_bomb {
            return Err(refused(format!("{shown} unpacks to over {} times its size", limits::UNPACK_RATIO_MAX)));
        }
        if budget.unpacked > limits::UNPACKED_BYTES_MAX {
            return Err(refused(format!("{shown} unpacks to over {} bytes, the limit", limits::UNPACKED_BYTES_MAX)));
        }
        out.write_all(&piece[..read]).map_err(DeliveryError::file(target))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(entries: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("delivery.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in entries {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        (folder, path)
    }

    fn stage_one(path: &Path) -> Result<Vec<StagedFile>, DeliveryError> {
        let scratch = tempfile::tempdir().unwrap();
        stage(&[path.to_owned()], scratch.path())
    }

    #[test]
    fn hostile_archives_are_refused_by_name() {
        let zeros = vec![b'A'; 80 * 1024 * 1024];
        for (entries, part) in [
            (vec![("../../x.csv", b"a".as_slice())], "leaves its folder"),
            (vec![("/x.csv", b"a".as_slice())], "leaves its folder"),
            (vec![("C:\\x.csv", b"a".as_slice())], "leaves its folder"),
            (vec![("inner.zip", b"PK".as_slice())], "archive inside an archive"),
            (vec![("A.shp", b"a".as_slice()), ("a.shp", b"a".as_slice())], "twice"),
            (vec![("readme.txt", b"a".as_slice())], "no file that could be a layer"),
            (vec![("bomb.csv", zeros.as_slice())], "times its size"),
        ] {
            let (_folder, path) = zip_of(&entries);
            let error = stage_one(&path).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn an_encrypted_archive_is_refused_as_such() {
        let (_folder, path) = zip_of(&[("x.csv", b"a")]);
        let mut bytes = std::fs::read(&path).unwrap();
        let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        // Bit 0 of the general purpose flags, in the local and in the central header.
        bytes[6] |= 1;
        bytes[central + 8] |= 1;
        std::fs::write(&path, bytes).unwrap();
        let message = stage_one(&path).unwrap_err().to_string();
        assert!(message.contains("is encrypted"), "{message}");
    }

    #[test]
    fn names_in_chinese_stay_apart_and_a_shapefile_stays_together() {
        let (_folder, path) = zip_of(&[
            ("圖書館.shp", b"a".as_slice()),
            ("圖書館.dbf", b"a".as_slice()),
            ("博物館.shp", b"a".as_slice()),
        ]);
        let scratch = tempfile::tempdir().unwrap();
        let staged = stage(&[path], scratch.path()).unwrap();
        let shown: Vec<&str> = staged.iter().map(|file| file.shown.as_str()).collect();
        assert_eq!(shown, ["delivery.zip → 圖書館.shp", "delivery.zip → 博物館.shp"]);
        assert!(staged[0].path.with_extension("dbf").exists());
    }

    #[test]
    fn a_gzip_keeps_the_extension_inside_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Places of 2021.geojson.GZ");
        let mut packer = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        packer.write_all(b"{}").unwrap();
        packer.finish().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let staged = stage(&[path], scratch.path()).unwrap();
        assert_eq!(staged[0].shown, "Places of 2021.geojson");
        assert_eq!(extension(&staged[0].path), "geojson");
        assert_eq!(std::fs::read(&staged[0].path).unwrap(), b"{}");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.geojson");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(stage_one(&pipe).unwrap_err().to_string().contains("not a regular file"));
        let message = stage_one(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(message.contains("not a regular file"), "{message}");
    }

    #[test]
    fn a_link_is_refused_and_a_good_zip_shows_its_layers() {
        let (folder, path) = zip_of(&[("sub/Layer.SHP", b"a"), ("sub/Layer.dbf", b"a"), ("readme.txt", b"a")]);
        let staged = stage_one(&path).unwrap();
        assert_eq!(staged.len(), 1);
        assert_eq!(staged[0].shown, "delivery.zip → sub/Layer.SHP");
        let link = folder.path().join("link.zip");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(stage_one(&link).unwrap_err().to_string().contains("is a link"));
    }
}
