//! Staging over archives, good and hostile.

use super::super::stage::stage;
use super::super::tar::tests::tar_of;
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
    let request = ReadRequest { files: vec![path.to_owned()], ..ReadRequest::default() };
    stage(&request, scratch.path())
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
        // 41
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
    let (_folder, path) =
        zip_of(&[("圖書館.shp", b"a".as_slice()), ("圖書館.dbf", b"a".as_slice()), ("博物館.shp", b"a".as_slice())]);
    let scratch = tempfile::tempdir().unwrap();
    let request = ReadRequest { files: vec![path], file_name_field: Some("file".to_owned()), ..ReadRequest::default() };
    let staged = stage(&request, scratch.path()).unwrap();
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
    let staged = stage(&ReadRequest { files: vec![path], ..ReadRequest::default() }, scratch.path()).unwrap();
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

/// 43, 45: a link hides in an entry, and a way of packing that nobody needs.
#[test]
fn an_entry_that_is_a_link_or_packed_strangely_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("link.zip");
    let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
    writer.add_symlink("x.csv", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    let message = stage_one(&path).unwrap_err().to_string();
    assert!(message.contains("link"), "{message}");

    let (_folder, path) = zip_of(&[("x.csv", b"lon,lat\n")]);
    let mut bytes = std::fs::read(&path).unwrap();
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // bzip2, in the local and in the central header.
    (bytes[8], bytes[central + 10]) = (12, 12);
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(stage_one(&path), Err(DeliveryError::Refused(_))));
}

/// 40: the length that a file says is not what is read of it.
#[test]
fn a_file_that_grows_while_it_is_read_is_refused() {
    // A regular file that says 0 bytes and holds some.
    let message = stage_one(Path::new("/proc/self/status")).unwrap_err().to_string();
    assert!(message.contains("changed while it was being read"), "{message}");
}

fn stage_with(path: &Path, layer: Option<&str>, file_name_field: Option<&str>) -> Result<Vec<String>, String> {
    let scratch = tempfile::tempdir().unwrap();
    let request = ReadRequest {
        files: vec![path.to_owned()],
        layer: layer.map(str::to_owned),
        file_name_field: file_name_field.map(str::to_owned),
        ..ReadRequest::default()
    };
    let staged = stage(&request, scratch.path()).map_err(|error| error.to_string())?;
    Ok(staged.into_iter().map(|file| file.shown).collect())
}

#[test]
fn several_layers_in_one_archive_are_listed_until_one_is_named() {
    let (_folder, path) = zip_of(&[("a.shp", b"a"), ("a.dbf", b"a"), ("sub/b.shp", b"a"), ("sub/b.shp.xml", b"a")]);
    let message = stage_with(&path, None, None).unwrap_err();
    assert!(message.contains("several layers: a.shp, sub/b.shp;"), "{message}");
    assert_eq!(stage_with(&path, Some("b"), None).unwrap(), ["delivery.zip → sub/b.shp"]);
    assert_eq!(stage_with(&path, None, Some("file")).unwrap().len(), 2);
}

#[test]
fn a_tar_is_unpacked_as_a_zip_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.tar.gz");
    let write = |entries: &[(&str, u8, &[u8])]| {
        let mut packer = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        packer.write_all(&tar_of(entries)).unwrap();
        packer.finish().unwrap();
    };
    write(&[("data/", b'5', b""), ("data/a.shp", b'0', b"x"), ("data/a.dbf", b'0', b"x")]);
    assert_eq!(stage_with(&path, None, None).unwrap(), ["delivery.tar.gz → data/a.shp"]);
    let zeros = vec![0u8; 80 << 20];
    for (entries, part) in [
        (vec![("../x.csv", b'0', b"a".as_slice())], "leaves its folder"),
        (vec![("x.csv", b'2', b"".as_slice())], "link or device"),
        (vec![("inner.zip", b'0', b"PK".as_slice())], "archive inside an archive"),
        (vec![("bomb.csv", b'0', zeros.as_slice())], "times its size"),
    ] {
        write(&entries);
        let message = stage_with(&path, None, None).unwrap_err();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_kmz_is_the_kml_in_it_that_holds_features() {
    let placemark = b"<kml><Placemark/></kml>".as_slice();
    let (folder, path) = zip_of(&[("layers/x.kml", placemark), ("doc.kml", b"<NetworkLink/>"), ("icon.png", b"p")]);
    let kmz = folder.path().join("places.kmz");
    std::fs::rename(path, &kmz).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let request = ReadRequest { files: vec![kmz.clone()], ..ReadRequest::default() };
    let staged = stage(&request, scratch.path()).unwrap();
    assert_eq!(std::fs::read(&staged[0].path).unwrap(), placemark);
    assert!(staged[0].notes[0].contains("doc.kml"), "{:?}", staged[0].notes);
    let bytes = std::fs::read(&kmz).unwrap();
    let (_folder, path) = zip_of(&[("inner.kmz", bytes.as_slice())]);
    assert_eq!(stage_with(&path, None, None).unwrap(), ["delivery.zip → inner.kmz → layers/x.kml"]);
    let (folder, path) = zip_of(&[("a.kml", placemark), ("b.kml", placemark)]);
    let kmz = folder.path().join("two.kmz");
    std::fs::rename(path, &kmz).unwrap();
    assert!(stage_with(&kmz, None, None).unwrap_err().contains("several layers: a.kml, b.kml"));
    assert_eq!(stage_with(&kmz, Some("b"), None).unwrap(), ["two.kmz → b.kml"]);
}

#[test]
fn an_entry_whose_bytes_are_not_those_announced_is_refused() {
    let (_folder, path) = zip_of(&[("x.csv", b"lon,lat\n114.1,22.3\n")]);
    let good = std::fs::read(&path).unwrap();
    let central = good.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // The check sum, and the unpacked size, of the central header.
    for place in [16, 24] {
        let mut bytes = good.clone();
        bytes[central + place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(stage_with(&path, None, None).is_err(), "byte {place}");
    }
}

#[test]
fn seventy_thousand_entries_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.zip");
    let mut writer = zip::ZipWriter::new(io::BufWriter::new(File::create(&path).unwrap()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..70_000 {
        writer.start_file(format!("d{number}/a.csv"), stored).unwrap();
    }
    writer.finish().unwrap();
    let begun = std::time::Instant::now();
    let message = stage_with(&path, None, None).unwrap_err();
    assert!(message.contains("entries, the limit"), "{message}");
    // Without optimisation; a release build takes a tenth.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
