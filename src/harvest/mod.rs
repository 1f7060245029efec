//! Other catalogues, read page by page into records that point to what they hold.
//!
//! Comes in: the address of a catalogue that an operator lists, and pages that may be wrong or hostile.
//! Goes out: [`RemoteRecord`]s whose texts are plain and whose links lead to web addresses.
//! Must not know: layers, and how records are kept or shown.
//!
//! What a catalogue is shows in its first page: CKAN's `package_search`, items of OGC API Records, a
//! CSW, a folder of ISO 19139 files, DCAT. Each has a file that reads one page and says which come
//! next. A run is whole or it fails.

mod ckan;
mod clean;
mod dcat;
mod iso;
mod language;
mod merge;
mod records;

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use crate::base::{BBox, Language, limits};
use crate::catalogue::RemoteRecord;
use crate::fetch::{Address, AddressFault, FetchError, FetchLimits, Fetcher};

pub use merge::{Merged, merge};

/// What one page may cost.
pub const PAGE_LIMITS: FetchLimits = FetchLimits {
    bytes_max: limits::HARVEST_PAGE_BYTES_MAX,
    time: limits::HARVEST_PAGE_TIME,
    stall: limits::HARVEST_PAGE_TIME,
};

/// How a catalogue is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ckan,
    Records,
    Csw,
    /// A folder that lists files of ISO 19139.
    Folder,
    /// One file of ISO 19139.
    IsoFile,
    Dcat,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ckan => "CKAN",
            Kind::Records => "OGC API Records",
            Kind::Csw => "CSW",
            Kind::Folder | Kind::IsoFile => "ISO 19139",
            Kind::Dcat => "DCAT",
        }
    }
}

/// Why a catalogue was not read.
#[derive(Debug, thiserror::Error)]
pub enum HarvestError {
    #[error(transparent)]
    Fetch(Box<FetchError>),
    #[error("{address} is no page of a catalogue: {fault}")]
    Page { address: Address, fault: Box<PageFault> },
    #[error("{address} leads back to records that were read already; its pages do not end")]
    Repeats { address: Address },
    #[error("the catalogue has more than {most} {what}, the limit")]
    TooMuch { what: &'static str, most: usize },
    #[error("{address} holds no record")]
    Nothing { address: Address },
}

impl HarvestError {
    /// Whether a rule of ours forbids it; else it may come right by itself.
    pub fn is_refusal(&self) -> bool {
        match self {
            HarvestError::Fetch(error) => error.is_refusal(),
            HarvestError::Page { .. } | HarvestError::Repeats { .. } | HarvestError::TooMuch { .. } => true,
            HarvestError::Nothing { .. } => false,
        }
    }
}

/// Why bytes are no page.
#[derive(Debug, thiserror::Error)]
pub enum PageFault {
    #[error("{0}")]
    Xml(#[from] crate::base::xml::XmlError),
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is not RDF: {0}")]
    Rdf(String),
    #[error("it has {0}, where {1} is accepted")]
    Shape(&'static str, &'static str),
    #[error("its next page is nowhere: {0}")]
    Next(#[from] AddressFault),
    #[error(
        "accepted are CKAN's package_search, items of OGC API Records, CSW 2.0.2, a folder of ISO 19139 files, and DCAT as JSON-LD, Turtle or RDF/XML"
    )]
    Unknown,
}

/// One page, read.
#[derive(Debug, Default)]
struct Page {
    records: Vec<RemoteRecord>,
    next: Vec<Address>,
}

/// A whole catalogue, read.
#[derive(Debug)]
pub struct Harvested {
    pub kind: Kind,
    pub records: Vec<RemoteRecord>,
    pub pages: usize,
}

/// Reads a whole catalogue, one request in [`limits::HARVEST_PACE`] or, in tests, as fast as it answers.
pub fn read(fetcher: &Fetcher, address: &Address, pace: std::time::Duration) -> Result<Harvested, HarvestError> {
    let mut kind = None;
    let mut run = Run { fetcher, pace, asked: HashSet::new(), last: None };
    let mut records = Vec::new();
    for (address, language) in language::seeds(address) {
        let (of_seed, found) = run.seed(&address, language, kind)?;
        kind = Some(found);
        records = merge::languages(records, of_seed);
    }
    match kind {
        Some(kind) if !records.is_empty() => Ok(Harvested { kind, records, pages: run.asked.len() }),
        _ => Err(HarvestError::Nothing { address: address.clone() }),
    }
}

struct Run<'a> {
    fetcher: &'a Fetcher,
    pace: std::time::Duration,
    asked: HashSet<Address>,
    /// When the last request began.
    last: Option<Instant>,
}

impl Run<'_> {
    /// All pages from one on. A language that is given is that of every text.
    fn seed(
        &mut self,
        first: &Address,
        language: Option<Language>,
        known: Option<Kind>,
    ) -> Result<(Vec<RemoteRecord>, Kind), HarvestError> {
        let mut kind = known;
        let mut waiting = VecDeque::from([first.clone()]);
        let mut ids = HashSet::new();
        let mut records: Vec<RemoteRecord> = Vec::new();
        while let Some(address) = waiting.pop_front() {
            let bytes = self.ask(&address, kind)?;
            let page_kind = match kind {
                Some(kind) => kind,
                None => Kind::of(&bytes)
                    .ok_or(HarvestError::Page { address: address.clone(), fault: Box::new(PageFault::Unknown) })?,
            };
            let page = page_kind.page(&address, &bytes, language);
            let mut page =
                page.map_err(|fault| HarvestError::Page { address: address.clone(), fault: Box::new(fault) })?;
            // Files of a folder are of another kind than the folder.
            kind = Some(if page_kind == Kind::Folder { Kind::IsoFile } else { page_kind });
            page.records.retain(|record| ids.insert(record.id.clone()));
            let goes_on = !page.next.is_empty() || !waiting.is_empty();
            if page.records.is_empty() && goes_on && kind != Some(Kind::IsoFile) && address != *first {
                return Err(HarvestError::Repeats { address });
            }
            records.append(&mut page.records);
            within("records", records.len(), limits::HARVEST_RECORDS_MAX)?;
            waiting.extend(page.next);
            within("files", waiting.len(), limits::HARVEST_FILES_MAX)?;
        }
        Ok((records, kind.unwrap_or(Kind::Records)))
    }

    fn ask(&mut self, address: &Address, kind: Option<Kind>) -> Result<Vec<u8>, HarvestError> {
        if !self.asked.insert(address.clone()) {
            return Err(HarvestError::Repeats { address: address.clone() });
        }
        if kind != Some(Kind::IsoFile) {
            within("pages", self.asked.len(), limits::HARVEST_PAGES_MAX)?;
        }
        let since = self.last.map_or(self.pace, |last| last.elapsed());
        std::thread::sleep(self.pace.saturating_sub(since));
        self.last = Some(Instant::now());
        let mut bytes = Vec::new();
        let fetched = self.fetcher.fetch(address, None, &mut bytes);
        fetched.map(|_| bytes).map_err(|error| HarvestError::Fetch(Box::new(error)))
    }
}

fn within(what: &'static str, count: usize, most: usize) -> Result<(), HarvestError> {
    if count > most { Err(HarvestError::TooMuch { what, most }) } else { Ok(()) }
}

/// A moment as catalogues write it: with an offset, in UTC without saying so, or a day.
fn moment(written: &str) -> Option<jiff::Timestamp> {
    let written = written.trim();
    let utc = |time: jiff::civil::DateTime| jiff::tz::TimeZone::UTC.to_timestamp(time).ok();
    written.parse().ok().or_else(|| written.parse().ok().and_then(utc))
}

/// A box on the earth; anything else says nothing.
fn sound(bbox: BBox) -> Option<BBox> {
    let [west, south, east, north] = bbox.to_array();
    let is_sound = (-180.0..=180.0).contains(&west)
        && (-180.0..=180.0).contains(&east)
        && (-90.0..=90.0).contains(&south)
        && (south..=90.0).contains(&north);
    is_sound.then_some(bbox)
}

impl Kind {
    /// What a first page is, by its beginning and the names in it.
    fn of(bytes: &[u8]) -> Option<Kind> {
        const LOOKED_AT: usize = 4096;
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]).into_owned();
        let start = head.trim_start_matches('\u{feff}').trim_start();
        let has = |word: &str| head.contains(word);
        match start.chars().next()? {
            '{' if has("\"@context\"") || has("\"@graph\"") => Some(Kind::Dcat),
            '{' if has("\"success\"") || has("package_search") => Some(Kind::Ckan),
            '{' if has("\"FeatureCollection\"") || has("\"features\"") => Some(Kind::Records),
            '[' if has("\"@id\"") || has("\"@type\"") => Some(Kind::Dcat),
            '<' if has("GetRecordsResponse") || has("Capabilities") => Some(Kind::Csw),
            '<' if has("MD_Metadata") => Some(Kind::IsoFile),
            '<' if has(":RDF") || has("<RDF") => Some(Kind::Dcat),
            '<' if has("<html") || has("<HTML") || has("href=") => Some(Kind::Folder),
            _ if has("@prefix") || has("PREFIX") || has("dcat:") || has("/ns/dcat#") => Some(Kind::Dcat),
            _ => None,
        }
    }

    fn page(self, address: &Address, bytes: &[u8], language: Option<Language>) -> Result<Page, PageFault> {
        match self {
            Kind::Ckan => ckan::page(address, bytes, language),
            Kind::Records => records::page(address, bytes),
            Kind::Csw => iso::csw_page(address, bytes),
            Kind::Folder => iso::folder(address, bytes),
            Kind::IsoFile => iso::file(address, bytes),
            Kind::Dcat => dcat::page(address, bytes),
        }
    }
}
