//! Records without an ingest, for tests and benches of the catalogue: those of this tree's
//! definitions, those of the shared folders that the tree does not take, and made ones.
#![allow(dead_code)] // Every crate takes what it needs of this.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use causeway::base::{Class, GeometryKind, LayerId, Schema, Trilingual};
use causeway::catalogue::LayerRecord;
use causeway::catalogue::record::{Counts, SourceAccount};
use causeway::definition::{self, Display, Frequency, Keywords, simplified, vocabulary};

/// A record of an open layer with nothing but its words.
pub fn record(department: &str, name: &str, title: Trilingual, text: Trilingual, keywords: Keywords) -> LayerRecord {
    let department = vocabulary::department(department).unwrap();
    LayerRecord {
        id: format!("{}-{name}", department.code).parse::<LayerId>().unwrap(),
        revision: "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap(),
        published: "2026-11-24T15:30:00Z".parse().unwrap(),
        class: Class::Open,
        catalogued: true,
        title,
        abstract_text: text,
        keywords,
        theme: vocabulary::theme("miscellaneous").cloned(),
        licence: vocabulary::licence("data.gov.hk").unwrap().clone(),
        credit: LayerRecord::derived_credit(&department, None),
        department,
        frequency: Frequency::AsNeeded,
        data_as_at: None,
        origin: None,
        edition_of: None,
        details: Default::default(),
        display: Display::default(),
        time: None,
        schema: Schema { geometry: GeometryKind::Point, has_z: false, has_m: false, fields: Vec::new() },
        field_facts: Vec::new(),
        searched_fields: Vec::new(),
        tiles: None,
        added_systems: Vec::new(),
        extent: Some([113.9, 22.2, 114.3, 22.5].into()),
        period: None,
        counts: Counts::default(),
        source: SourceAccount { format: "GeoJSON".to_owned(), ..SourceAccount::default() },
    }
}

pub fn text(en: &str, zh_hant: &str) -> Trilingual {
    let mut text = Trilingual { en: en.to_owned(), zh_hant: zh_hant.to_owned(), ..Trilingual::default() };
    simplified::complete(&mut text);
    text
}

/// The records of every definition of this tree.
pub fn of_this_tree() -> Vec<LayerRecord> {
    let layers = Path::new(env!("CARGO_MANIFEST_DIR")).join("layers");
    let places = definition::find_all(&layers).unwrap();
    places
        .iter()
        .map(|place| {
            let definition = definition::load(place).unwrap();
            let mut record = record("td", "x", definition.title, definition.abstract_text, definition.keywords);
            record.id = definition.id;
            record.department = definition.department;
            record.theme = Some(definition.catalogue.theme);
            record.data_as_at = definition.catalogue.data_as_at;
            record
        })
        .collect()
}

/// The layer id of a folder of the shared data: its publisher's code where the folder's name has
/// another, and the tree's own names.
pub fn layer_of_folder(folder: &str) -> String {
    for (start, layer) in [
        ("osm-hong-kong-trail-kml", "afcd-hong-kong-trail"),
        ("osm-wilson-trail-gpx-", "afcd-wilson-trail-"),
        ("trail-", "afcd-trail-"),
        ("csd-", "censtatd-"),
        ("hkpost-", "hkpo-"),
        ("esri-", "pland-"),
    ] {
        if let Some(rest) = folder.strip_prefix(start) {
            return format!("{layer}{rest}");
        }
    }
    folder.to_owned()
}

/// The shared folders that the tree does not take, by the titles of their table.
pub fn of_shared_folders(sources: &str, known: &[LayerRecord]) -> Vec<LayerRecord> {
    let mut records = Vec::new();
    for row in sources.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let folder = cells[0].trim_matches(|c: char| "|` ".contains(c));
        let layer = layer_of_folder(folder);
        if known.iter().any(|record| record.id.as_str() == layer) {
            continue;
        }
        let (department, name) = layer.split_once('-').unwrap();
        let title = cells[3].split(" (records of").next().unwrap();
        let (en, zh) = title.rsplit_once(" / ").unwrap_or((title, ""));
        let mut record = record(department, name, text(en, zh), Trilingual::default(), Keywords::default());
        if folder.ends_with("-2013") {
            record.edition_of = layer.trim_end_matches("-2013").parse().ok();
        }
        records.push(record);
    }
    records
}

/// Subjects that this tree does not have, with their departments.
const SUBJECTS: [(&str, &str, &str); 40] = [
    ("fsd", "Fire Stations", "消防局"),
    ("fsd", "Ambulance Depots", "救護站"),
    ("hd", "Public Rental Housing Estates", "公共租住屋邨"),
    ("hd", "Home Ownership Scheme Courts", "居者有其屋屋苑"),
    ("td", "Bus Stops", "巴士站"),
    ("td", "Taxi Stands", "的士站"),
    ("td", "On-street Parking Meters", "路旁停車收費錶"),
    ("td", "Cycle Tracks", "單車徑"),
    ("hyd", "Footbridges and Subways", "行人天橋及隧道"),
    ("hyd", "Lamp Posts", "燈柱"),
    ("hyd", "Road Works in Progress", "進行中的道路工程"),
    ("cedd", "Registered Man-made Slopes", "已登記人造斜坡"),
    ("cedd", "Boreholes", "鑽孔"),
    ("dsd", "Stormwater Drains", "雨水渠"),
    ("dsd", "Flooding Blackspots", "水浸黑點"),
    ("wsd", "Fresh Water Mains", "食水水管"),
    ("wsd", "Service Reservoirs", "配水庫"),
    ("pland", "Outline Zoning Plans", "分區計劃大綱圖"),
    ("pland", "Land Utilisation", "土地利用"),
    ("lcsd", "Football Pitches", "足球場"),
    ("lcsd", "Tennis Courts", "網球場"),
    ("lcsd", "Basketball Courts", "籃球場"),
    ("lcsd", "Sports Grounds", "運動場"),
    ("lcsd", "Children's Playgrounds", "兒童遊樂場"),
    ("lcsd", "Fitness Equipment", "健身設施"),
    ("epd", "Recycling Collection Points", "回收點"),
    ("epd", "Electric Vehicle Chargers", "電動車充電器"),
    ("epd", "River Water Quality Stations", "河流水質監測站"),
    ("fehd", "Licensed Restaurants", "持牌食肆"),
    ("fehd", "Hawker Pitches", "小販攤位"),
    ("swd", "Residential Care Homes for the Elderly", "安老院舍"),
    ("swd", "Child Care Centres", "幼兒中心"),
    ("swd", "Integrated Family Service Centres", "綜合家庭服務中心"),
    ("edb", "Kindergartens", "幼稚園"),
    ("edb", "Private Tutorial Schools", "補習社"),
    ("had", "Licensed Guesthouses", "持牌賓館"),
    ("ogcio", "Wi-Fi Hotspots", "免費無線上網熱點"),
    ("reo", "Polling Stations", "投票站"),
    ("rvd", "Private Domestic Units", "私人住宅單位"),
    ("landsd", "Lot Boundaries", "地段界線"),
];

const DISTRICTS: [(&str, &str); 18] = [
    ("Central and Western", "中西區"),
    ("Wan Chai", "灣仔區"),
    ("Eastern", "東區"),
    ("Southern", "南區"),
    ("Yau Tsim Mong", "油尖旺區"),
    ("Sham Shui Po", "深水埗區"),
    ("Kowloon City", "九龍城區"),
    ("Wong Tai Sin", "黃大仙區"),
    ("Kwun Tong", "觀塘區"),
    ("Kwai Tsing", "葵青區"),
    ("Tsuen Wan", "荃灣區"),
    ("Tuen Mun", "屯門區"),
    ("Yuen Long", "元朗區"),
    ("North", "北區"),
    ("Tai Po", "大埔區"),
    ("Sha Tin", "沙田區"),
    ("Sai Kung", "西貢區"),
    ("Islands", "離島區"),
];

/// At least so many records that look like an answer and are none: subjects times districts, and
/// once more by year where that is not enough.
pub fn distractors(count: usize) -> Vec<LayerRecord> {
    (0..)
        .flat_map(|edition| SUBJECTS.iter().enumerate().map(move |(number, subject)| (edition, number, subject)))
        .flat_map(|(edition, number, subject)| {
            DISTRICTS.iter().map(move |district| (edition, number, subject, district))
        })
        .take(count)
        .map(|(edition, number, (department, en, zh), (in_en, in_zh))| {
            let year = 2026 - edition;
            let title = match edition {
                0 => text(&format!("{en} in {in_en} District"), &format!("{in_zh}{zh}")),
                _ => text(&format!("{en} in {in_en} District ({year})"), &format!("{in_zh}{zh}（{year}年）")),
            };
            let about = text(
                &format!("{en} in the district of {in_en}, as the department knew them in {year}."),
                &format!("{year}年{in_zh}的{zh}。"),
            );
            let keywords = Keywords {
                en: vec![en.to_lowercase(), in_en.to_lowercase()],
                zh_hant: vec![(*zh).to_owned(), (*in_zh).to_owned()],
                zh_hans: Vec::new(),
            };
            let name = format!("{}-{}-{year}", number, in_en.to_lowercase().replace(' ', "-"));
            record(department, &name, title, about, keywords)
        })
        .collect()
}

pub fn shared(records: Vec<LayerRecord>) -> Vec<Arc<LayerRecord>> {
    records.into_iter().map(Arc::new).collect()
}
