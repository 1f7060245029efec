//! Deliveries as officers and their programs make them: what is usual is read, whatever stands
//! around it, and what cannot be read is refused rather than published without a place.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::path::Path;

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::{GeometryRule, ReadRequest};
use support::reading::{Layer, file, files, read_all, refusal, written};
use support::{Workspace, made};

/// A point of the Lands Department's, in the HK1980 Grid and in WGS 84.
const EASTING: &str = "832591.320";
const NORTHING: &str = "820351.389";
const LON: f64 = 114.141187917;
const LAT: f64 = 22.322172085;

#[track_caller]
fn assert_there(layer: &Layer, rows: usize, within_m: f64) {
    assert_eq!((layer.features.len(), layer.located()), (rows, rows), "{:?}", layer.facts);
    let (lon, lat) = layer.start(0);
    let off_m = ((lon - LON) * 102_970.0).hypot((lat - LAT) * 110_750.0);
    assert!(off_m <= within_m, "{lon} {lat} is {off_m} m off: {:?}", layer.facts);
}

#[track_caller]
fn assert_estates(layer: &Layer) {
    assert_eq!(layer.column("NAME"), ["北角邨", "鰂魚涌", "鴨脷洲", "黃大仙翠栢街", "錦綉花園"]);
}

// ---------------------------------------------------------------- tables

#[test]
fn columns_of_coordinates_are_found_under_the_names_that_people_give_them() {
    for (x, y) in [
        ("HK1980 Easting (m)", "HK1980 Northing (m)"),
        ("香港1980方格網東", "香港1980方格網北"),
        ("橫坐標", "縱坐標"),
        ("横座标", "纵座标"),
        ("E", "N"),
        ("X坐標", "Y坐標"),
    ] {
        let csv = format!("key,{y},{x}\n1,{NORTHING},{EASTING}\n");
        let (_folder, request) = written("a.csv", csv.as_bytes());
        assert_there(&read_all(&request), 1, 0.1);
    }
    for (lon, lat) in [("GPS Longitude", "GPS Latitude"), ("WGS84_LONG", "WGS84_LAT"), ("經度(東)", "緯度(北)")] {
        let (_folder, request) = written("a.csv", format!("key,{lat},{lon}\n1,{LAT},{LON}\n").as_bytes());
        assert_there(&read_all(&request), 1, 0.1);
    }
    // Degrees of the other datum, 304 m off if taken for WGS 84.
    let csv = "key,HK80 Latitude,HK80 Longitude\n1,22.323701767,114.138734989\n";
    let (_folder, request) = written("a.csv", csv.as_bytes());
    assert_there(&read_all(&request), 1, 0.1);
}

#[test]
fn degrees_are_read_in_the_ways_that_people_write_them() {
    for (lon, lat) in [
        ("114°08'28.2765\"\"E", "22°19'19.8195\"\"N"),
        ("114.141187917° E", "22.322172085° N"),
        ("E114.141187917", "N22.322172085"),
        ("東經114度08分28.2765秒", "北緯22度19分19.8195秒"),
        ("114-08-28.2765", "22-19-19.8195"),
        ("114°8.471275'", "22°19.330325'"),
    ] {
        let (_folder, request) = written("a.csv", format!("key,lon,lat\n1,\"{lon}\",\"{lat}\"\n").as_bytes());
        assert_there(&read_all(&request), 1, 0.1);
    }
}

#[test]
fn thousands_may_be_parted_and_digits_wide_which_the_report_says() {
    const SAID: &str = "coordinates whose thousands are parted";
    for (x, y, is_said) in [
        (EASTING, NORTHING, false),
        ("832,591.320", "820,351.389", true),
        ("832 591.320", "820 351.389", true),
        ("832\u{A0}591.320", "820\u{202F}351.389", true),
        ("８３２５９１．３２０", "８２０３５１．３８９", false),
        ("８３２，５９１．３２０", "８２０\u{3000}３５１．３８９", true),
    ] {
        let csv = format!("key,Easting,Northing\n1,\"{x}\",\"{y}\"\n");
        let sheet: [&[&str]; 2] = [&["key", "Easting", "Northing"], &["1", x, y]];
        for (name, bytes) in [("a.csv", csv.into_bytes()), ("a.xlsx", workbook(&sheet))] {
            let (_folder, request) = written(name, &bytes);
            let layer = read_all(&request);
            assert_there(&layer, 1, 0.1);
            assert_eq!(layer.facts.notes.iter().any(|note| note.contains(SAID)), is_said, "{:?}", layer.facts);
            assert_eq!(layer.text(0, "Easting"), x, "the field keeps what was written");
        }
    }
}

#[test]
fn coordinates_of_which_none_can_be_read_are_refused_and_not_published_without_a_place() {
    for (csv, part) in [
        ("key,lon,lat\n1,one,two\n2,three,four\n", "no coordinate can be read, the first is \"one\""),
        ("key,Easting,Northing\n1,KK 123,456\n", "no coordinate can be read, the first is \"KK 123\""),
        ("key,lon,lat\n1,22.3,114.1\n2,22.4,114.2\n", "longitude hold latitudes and the other way round"),
    ] {
        let (_folder, request) = written("a.csv", csv.as_bytes());
        let message = refusal(&request);
        assert!(message.contains(part), "{message}");
    }
    // Some rows without a place are what real tables have.
    let (_folder, request) = written("a.csv", format!("key,lon,lat\n1,{LON},{LAT}\n2,N.A.,N.A.\n").as_bytes());
    let layer = read_all(&request);
    assert_eq!((layer.features.len(), layer.located()), (2, 1));
    assert!(layer.features[1].problem.as_ref().unwrap().contains("N.A."));
}

#[test]
fn lines_above_the_header_and_empty_rows_are_no_features() {
    let table = format!("key,name,lon,lat\n1,海旁,{LON},{LAT}\n,,,\n2,山頂,114.15,22.27\n\n , ,,\n");
    for (above, lines) in [
        ("", 0),
        ("List of piers 碼頭名單\n更新日期：2024-01-01\n\n", 2),
        ("\"Piers, by district\",,,\n", 1),
        ("sep=,\n", 1),
    ] {
        let (_folder, request) = written("a.csv", format!("{above}{table}").as_bytes());
        let layer = read_all(&request);
        assert_there(&layer, 2, 0.1);
        assert_eq!(layer.names(), ["key", "name", "lon", "lat"], "{above}");
        assert_eq!(layer.column("name"), ["海旁", "山頂"], "{above}");
        let note = layer.facts.notes.iter().find(|note| note.contains("above the names of the columns"));
        assert_eq!(note.map(|note| note.starts_with(&lines.to_string())), (lines > 0).then_some(true), "{note:?}");
    }
    // A row whose values are called like columns is a row.
    let csv = format!("flag,side,WKT\nX,Y,POINT({LON} {LAT})\nE,N,POINT(114.1 22.3)\n");
    let (_folder, request) = written("a.csv", csv.as_bytes());
    assert_there(&read_all(&request), 2, 0.1);
    // Without coordinates nothing tells a title from a header.
    let (_folder, request) = written("a.csv", b"sep=;\nkey;name\n1;x\n2;y\n");
    let layer = read_all(&ReadRequest { geometry: GeometryRule::None, ..request });
    assert_eq!((layer.names(), layer.features.len()), (vec!["key", "name"], 2));
}

#[test]
fn names_that_are_said_again_in_another_language_are_no_feature() {
    let (lon, lat) = (LON.to_string(), LAT.to_string());
    let sheet: [&[&str]; 5] = [
        &["Public piers 公眾碼頭", "", "", ""],
        &["No.", "Name", "Longitude", "Latitude"],
        &["編號", "名稱", "經度", "緯度"],
        &["1", "海旁", &lon, &lat],
        &["2", "山頂", "114.15", "22.27"],
    ];
    let csv = |rows: &[&[&str]]| rows.iter().map(|row| row.join(",") + "\n").collect::<String>();
    for rows in [&sheet[..], &sheet[1..]] {
        for (name, bytes) in [("a.csv", csv(rows).into_bytes()), ("a.xlsx", workbook(rows))] {
            let (_folder, request) = written(name, &bytes);
            let layer = read_all(&request);
            assert_there(&layer, 2, 0.1);
            assert_eq!(layer.names(), ["No.", "Name", "Longitude", "Latitude"], "{name}");
            assert!(layer.facts.notes.iter().any(|note| note.contains("a second line of names")), "{:?}", layer.facts);
        }
    }
    // What stands for a place that nobody knows is no name.
    let (_folder, request) = written("a.csv", format!("No.,lon,lat\nX,N.A.,N.A.\n1,{LON},{LAT}\n").as_bytes());
    assert_eq!(read_all(&request).features.len(), 2);
}

/// A workbook of one sheet whose cells are all text.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let texts: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().map(|text| Cell::Text(text)).collect()).collect();
    workbook_of(&texts)
}

/// What Excel stores in a cell.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Text(&'a str),
    /// Days since 30 December 1899, shown as a date.
    Date(f64),
    /// The same, shown with its time.
    DateTime(f64),
}

fn workbook_of(rows: &[Vec<Cell>]) -> Vec<u8> {
    workbook_with(rows, &[])
}

/// A workbook of one sheet in which these ranges are merged.
fn workbook_with(rows: &[Vec<Cell>], merged: &[&str]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const SPREADSHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    // The second and third style are the formats 14 and 22 that every Excel has.
    const STYLES: &str = "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs>";
    let cell = |row: usize, column: usize, cell: &Cell| {
        let name = format!("{}{}", char::from(b'A' + column as u8), row + 1);
        match cell {
            Cell::Text("") => String::new(),
            Cell::Text(text) => format!("<c r=\"{name}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            Cell::Date(days) => format!("<c r=\"{name}\" s=\"1\"><v>{days}</v></c>"),
            Cell::DateTime(days) => format!("<c r=\"{name}\" s=\"2\"><v>{days}</v></c>"),
        }
    };
    let line = |(row, cells): (usize, &Vec<Cell>)| {
        let cells: String = cells.iter().enumerate().map(|(column, content)| cell(row, column, content)).collect();
        format!("<row r=\"{}\">{cells}</row>", row + 1)
    };
    let sheet: String = rows.iter().enumerate().map(line).collect();
    let merged: String = merged.iter().map(|range| format!("<mergeCell ref=\"{range}\"/>")).collect();
    let merged = if merged.is_empty() { merged } else { format!("<mergeCells>{merged}</mergeCells>") };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"{SPREADSHEET}.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{SPREADSHEET}.worksheet+xml\"/><Override PartName=\"/xl/styles.xml\" ContentType=\"{SPREADSHEET}.styles+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" Type=\"{DOCUMENT}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOCUMENT}\"><sheets><sheet name=\"工作表1\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" Type=\"{DOCUMENT}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{DOCUMENT}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        ("xl/styles.xml", format!("<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>")),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{sheet}</sheetData>{merged}</worksheet>"),
        ),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_with_titles_an_empty_column_and_empty_rows_is_the_table_in_it() {
    let (lon, lat) = (LON.to_string(), LAT.to_string());
    let header: &[&str] = &["", "key", "name", "lon", "lat"];
    let rows: [&[&str]; 4] =
        [&["", "1", "海旁", &lon, &lat], &[], &["", "2", "山頂", "114.15", "22.27"], &["", "", " "]];
    let above: [&[&[&str]]; 3] = [&[], &[&["碼頭名單", "", ""]], &[&["", "碼頭名單"], &["", "As at 2024-01-01"], &[]]];
    for above in above {
        let sheet: Vec<&[&str]> = above.iter().copied().chain([header]).chain(rows).collect();
        let (_folder, request) = written("a.xlsx", &workbook(&sheet));
        let layer = read_all(&request);
        assert_there(&layer, 2, 0.1);
        assert_eq!(layer.column("name"), ["海旁", "山頂"], "{above:?}");
        let has_title_in_first = above.iter().any(|row| row.first().is_some_and(|cell| !cell.is_empty()));
        assert_eq!(layer.names().len(), 4 + usize::from(has_title_in_first), "{:?}", layer.names());
    }
}

#[test]
fn cells_that_are_merged_over_several_rows_keep_their_value_in_the_first_which_the_report_says() {
    use Cell::Text;
    let (lon, lat) = (LON.to_string(), LAT.to_string());
    let title = ["Piers", "", "", ""].map(Text).to_vec();
    let header = ["district", "name", "lon", "lat"].map(Text).to_vec();
    let rows = [("沙田", "A"), ("", "B"), ("大埔", "C")];
    let rows = rows.map(|(district, name)| [district, name, &lon, &lat].map(Text).to_vec());
    let sheet: Vec<Vec<Cell>> = [title, header].into_iter().chain(rows).collect();
    for (merged, said) in [
        (&["A1:D1", "A3:A4"][..], Some("1 in all, the first A3:A4")),
        (&["A1:D2", "C5:D5"], None),
        (&["A1:A2", "B2:B3", "A3:B4"], Some("2 in all, the first B2:B3")),
        (&[], None),
    ] {
        let (_folder, request) = written("a.xlsx", &workbook_with(&sheet, merged));
        let layer = read_all(&request);
        assert_eq!(layer.names(), ["district", "name", "lon", "lat"]);
        assert_eq!(layer.value(1, "district"), &Value::Null, "nothing is guessed");
        let note = layer.facts.notes.iter().find(|note| note.contains("merged over several rows"));
        assert_eq!(note.is_some(), said.is_some(), "{merged:?}: {:?}", layer.facts);
        assert!(note.zip(said).is_none_or(|(note, said)| note.contains(said)), "{note:?}");
    }
}

#[test]
fn what_a_workbook_stores_as_dates_are_dates_if_the_whole_column_is_so() {
    use Cell::{Date, DateTime, Text};
    // 1 January 2024.
    const DAY: f64 = 45_292.0;
    let (lon, lat) = (LON.to_string(), LAT.to_string());
    let header = ["opened", "checked", "either", "closed", "code", "number", "lon", "lat"].map(Text).to_vec();
    let rows = [
        [
            Date(DAY),
            DateTime(DAY + 0.5),
            Date(DAY),
            Date(DAY),
            Text("2024"),
            Text("2024/13/01"),
            Text(&lon),
            Text(&lat),
        ],
        [Text(""), DateTime(DAY), DateTime(DAY), Text("n/a"), Text("007"), Text("2024/13/02"), Text(&lon), Text(&lat)],
    ]
    .map(|row| row.to_vec());
    for above in [vec![], vec![vec![Text("碼頭名單")]]] {
        let sheet: Vec<Vec<Cell>> = above.into_iter().chain([header.clone()]).chain(rows.clone()).collect();
        let (_folder, request) = written("a.xlsx", &workbook_of(&sheet));
        let layer = read_all(&request);
        assert_eq!(
            layer.names().into_iter().map(|name| layer.kind(name)).collect::<Vec<_>>()[..6],
            [
                FieldKind::Date,
                FieldKind::DateTime,
                FieldKind::DateTime,
                FieldKind::Text,
                FieldKind::Text,
                FieldKind::Text
            ]
        );
        assert_eq!([layer.text(0, "opened"), layer.text(0, "checked")], ["2024/01/01", "2024/01/01 12:00:00"]);
    }
    // The same all the way to the package: a time without a zone is Hong Kong's.
    let workspace = Workspace::default();
    let sheet: Vec<Vec<Cell>> = [header].into_iter().chain(rows).collect();
    workspace.define("afcd/dates", &[("dates.xlsx", &workbook_of(&sheet))], "");
    workspace.ingest();
    let stored: (String, String) = workspace
        .package("afcd-dates")
        .query_row("SELECT opened, checked FROM afcd_dates WHERE opened IS NOT NULL", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(stored, ("2024-01-01".to_owned(), "2024-01-01T04:00:00.000Z".to_owned()));
}

/// GDAL keeps 10 MiB of the cells of an ODS and says that memory accumulates.
#[test]
fn an_ods_of_more_than_its_reader_keeps_is_refused_with_the_limit() {
    const ROWS: usize = 60_000;
    let row = |cells: [&str; 4]| {
        let cell = |text: &str| {
            format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
        };
        format!("<table:table-row>{}</table:table-row>", cells.map(cell).concat())
    };
    let rows = row(["key", "name", "lon", "lat"]) + &row(["1", &"Pier".repeat(50), "114.1", "22.3"]).repeat(ROWS);
    let namespace = |name: &str| format!("xmlns:{name}=\"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0\"");
    let names = ["office", "table", "text"].map(namespace).join(" ");
    let content = format!(
        "<office:document-content {names}><office:body><office:spreadsheet><table:table table:name=\"a\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let zip =
        zip_of(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_bytes())]);
    let (_folder, request) = written("a.ods", &zip);
    let message = refusal(&request);
    assert!(message.contains("its cells hold over 10 MiB, the limit of the reader of ODS"), "{message}");
}

// ---------------------------------------------------------------- folders and archives

fn estates(name: &str, end: &str) -> Vec<u8> {
    std::fs::read(made("hkscs").join(format!("{name}.{end}"))).unwrap()
}

#[test]
fn a_folder_is_read_like_an_archive_of_what_is_in_it() {
    assert_estates(&read_all(&file("hkscs")));
    let folder = tempfile::tempdir().unwrap();
    let delivery = folder.path().join("資料 2024");
    std::fs::create_dir_all(delivery.join("shp/old")).unwrap();
    for end in ["shp", "dbf"] {
        std::fs::write(delivery.join(format!("shp/Estates.{}", end.to_uppercase())), estates("estates", end)).unwrap();
    }
    for (name, bytes) in [(".DS_Store", "x"), ("Thumbs.db", "x"), ("readme.txt", "Hello"), ("shp/old/notes.pdf", "x")] {
        std::fs::write(delivery.join(name), bytes).unwrap();
    }
    let request = files(std::slice::from_ref(&delivery));
    assert_estates(&read_all(&request));
    std::fs::write(delivery.join("piers.csv"), "key,lon,lat\n1,114.1,22.3\n").unwrap();
    let message = refusal(&request);
    assert!(message.contains("holds several layers: piers.csv, shp/Estates.SHP"), "{message}");
    let named = ReadRequest { layer: Some("Estates".into()), ..request.clone() };
    assert_estates(&read_all(&named));
    std::os::unix::fs::symlink("/etc", delivery.join("etc")).unwrap();
    let message = refusal(&request);
    assert!(message.contains("is a link"), "{message}");
}

/// A zip whose entries have those names, as bytes.
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        // The type of a workbook is read where it lies.
        let method =
            if *name == "mimetype" { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        zip.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn what_systems_leave_in_archives_is_no_layer_and_backslashes_part_folders() {
    let (shp, dbf) = (estates("estates", "shp"), estates("estates", "dbf"));
    for folder in ["", "a/b/", "a\\b\\", ".\\"] {
        let main = [format!("{folder}estates.shp"), format!("{folder}estates.dbf")];
        let zip = zip_of(&[
            (&main[0], &shp),
            (&main[1], &dbf),
            ("__MACOSX/a/._estates.shp", b"x"),
            (".DS_Store", b"x"),
            ("a/Thumbs.db", b"x"),
            ("desktop.ini", b"x"),
        ]);
        let (_folder, request) = written("estates.zip", &zip);
        assert_estates(&read_all(&request));
    }
    for name in ["..\\x.csv", "a\\..\\..\\x.csv", "\\x.csv", "\\\\server\\x.csv", "C:\\x.csv"] {
        let (_folder, request) = written("a.zip", &zip_of(&[(name, b"lon,lat\n")]));
        let message = refusal(&request);
        assert!(message.contains("leaves its folder"), "{name}: {message}");
    }
}

#[test]
fn a_geodatabase_is_found_however_its_files_are_packed() {
    let test = "a_geodatabase_is_found_however_its_files_are_packed";
    let Some(zipped) = support::shared_path(test, "formats/gdb/curves.gdb.zip") else { return };
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zipped).unwrap()).unwrap();
    let mut inside = Vec::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).unwrap();
        let name = Path::new(&*entry.name().unwrap()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        if !entry.is_dir() {
            inside.push((name, bytes));
        }
    }
    let said = ["deep/in/a.gdb/", "", "folder without its extension/"].map(|folder| {
        let entries: Vec<(String, &[u8])> =
            inside.iter().map(|(name, bytes)| (format!("{folder}{name}"), bytes.as_slice())).collect();
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let (_folder, request) = written("a.zip", &zip_of(&entries));
        read_all(&ReadRequest { layer: Some("line".into()), ..request }).features.len()
    });
    assert!(said[0] > 0 && said.iter().all(|one| *one == said[0]), "{said:?}");
}

// ---------------------------------------------------------------- what programs write

/// GDAL does not know how MapInfo calls this datum and writes WGS 84; others write none.
#[test]
fn the_projection_of_the_hk1980_grid_is_that_grid_whatever_datum_a_program_wrote() {
    for system in [
        "Earth Projection 8, 104, \"m\", 114.178555556, 22.312133333, 1, 836694.05, 819069.8",
        "Earth Projection 8, 1000, \"m\", 114.178555555556, 22.3121333333333, 1, 836694.05, 819069.8",
        "Earth Projection 8, 0, \"m\", 114.178555555556, 22.3121333333333, 1, 836694.05, 819069.8",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mif = format!(
            "Version 450\nCharset \"Neutral\"\nDelimiter \",\"\nCoordSys {system}\nColumns 1\n  key Integer\nData\n\nPoint {EASTING} {NORTHING}\n"
        );
        std::fs::write(folder.path().join("a.mif"), mif).unwrap();
        std::fs::write(folder.path().join("a.mid"), "1\n").unwrap();
        let layer = read_all(&files(&[folder.path().join("a.mif")]));
        assert_there(&layer, 1, 0.1);
        assert!(layer.facts.crs.contains("EPSG:2326"), "{:?}", layer.facts);
    }
    let prj = "PROJCS[\"HK\",GEOGCS[\"x\",DATUM[\"x\",SPHEROID[\"International 1924\",6378388,297]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",22.31213333333334],PARAMETER[\"central_meridian\",114.1785555555556],PARAMETER[\"scale_factor\",1],PARAMETER[\"false_easting\",836694.05],PARAMETER[\"false_northing\",819069.8],UNIT[\"metre\",1]]";
    let folder = tempfile::tempdir().unwrap();
    for end in ["shp", "dbf"] {
        std::fs::write(folder.path().join(format!("a.{end}")), estates("estates", end)).unwrap();
    }
    std::fs::write(folder.path().join("a.prj"), prj).unwrap();
    let layer = read_all(&files(&[folder.path().join("a.shp")]));
    let (lon, lat) = layer.start(0);
    assert!((lon - 114.168562005).abs() < 1e-6 && (lat - 22.294313002).abs() < 1e-6, "{lon} {lat}");
    assert!(layer.facts.crs.contains("no other datum has it"), "{:?}", layer.facts);
}

/// One point as a .shp, which alone is enough.
fn shapefile_of_a_point((x, y): (f64, f64)) -> Vec<u8> {
    const POINT: i32 = 1;
    let (place, nothing) = ([x.to_le_bytes(), y.to_le_bytes()].concat(), [0; 32]);
    let head = [[9994i32.to_be_bytes(), [0; 4], [0; 4], [0; 4], [0; 4], [0; 4]].concat(), 64i32.to_be_bytes().to_vec()];
    let kind = [1000i32.to_le_bytes(), POINT.to_le_bytes()].concat();
    let record = [1i32.to_be_bytes(), 10i32.to_be_bytes(), POINT.to_le_bytes()].concat();
    [head.concat(), kind, place.repeat(2), nothing.to_vec(), record, place].concat()
}

#[test]
fn wgs_84_is_that_whatever_a_program_called_its_datum_unless_the_ellipsoid_is_another() {
    let prj = |name: &str, axis: &str| {
        format!(
            "GEOGCS[\"{name}\",DATUM[\"unknown\",SPHEROID[\"WGS84\",{axis}]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]]"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.shp"), shapefile_of_a_point((LON, LAT))).unwrap();
    let request = |prj: String| {
        std::fs::write(folder.path().join("a.prj"), prj).unwrap();
        files(&[folder.path().join("a.shp")])
    };
    for name in ["WGS 84", "GCS_WGS_1984"] {
        let layer = read_all(&request(prj(name, "6378137,298.257223563")));
        assert_eq!(layer.start(0), (LON, LAT));
        assert!(layer.facts.crs.contains("has its ellipsoid"), "{:?}", layer.facts);
    }
    for (name, axis) in [("WGS 84", "6378388,297"), ("Somewhere", "6378137,298.257223563")] {
        let refused = refusal(&request(prj(name, axis)));
        assert!(refused.contains("no transformation from"), "{name}: {refused}");
    }
}

#[test]
fn json_is_read_with_a_byte_order_mark_and_under_the_name_of_a_text() {
    let feature = |key: u32| {
        format!(
            r#"{{"type":"Feature","properties":{{"key":{key}}},"geometry":{{"type":"Point","coordinates":[{LON},{LAT}]}}}}"#
        )
    };
    let sequence = format!("{}\r\n{}\r\n", feature(1), feature(2));
    let collection = format!(r#"{{"type":"FeatureCollection","features":[{},{}]}}"#, feature(1), feature(2));
    for (name, text) in
        [("a.geojsonl", sequence.as_str()), ("a.ndjson", &sequence), ("a.geojson", &collection), ("a.txt", &collection)]
    {
        for mark in ["", "\u{FEFF}"] {
            let (_folder, request) = written(name, format!("{mark}{text}").as_bytes());
            assert_there(&read_all(&request), 2, 0.1);
        }
    }
}
