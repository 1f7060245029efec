//! Atom (RFC 4287) with GeoRSS boxes: the newest publications first.

use super::resources::resources;
use super::{Listing, description, moment, title};
use crate::base::xml_writer::XmlWriter;
use crate::base::{Language, LayerId, RevisionId};

/// Entries of a feed at most: readers keep what they have seen.
const ENTRIES: usize = 100;

/// A layer that is published no more.
#[derive(Clone, Copy, Debug)]
pub struct Gone<'a> {
    pub layer: &'a LayerId,
    pub last: &'a RevisionId,
    pub moment: jiff::Timestamp,
}

/// The feed of a catalogue; `address` is its own. What is gone is told by RFC 6721.
pub fn feed(listings: &[Listing<'_>], gone: &[Gone<'_>], base: &str, address: &str, language: Language) -> String {
    let mut newest: Vec<&Listing<'_>> = listings.iter().collect();
    newest.sort_by(|a, b| b.record.published.cmp(&a.record.published).then_with(|| a.record.id.cmp(&b.record.id)));
    newest.truncate(ENTRIES);
    let published = newest.iter().map(|listing| listing.record.published);
    let changed = published.chain(gone.iter().map(|gone| gone.moment)).max().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let updated = moment(changed);
    let mut xml = XmlWriter::document();
    let namespaces = [
        ("xmlns", "http://www.w3.org/2005/Atom"),
        ("xmlns:georss", "http://www.georss.org/georss"),
        ("xmlns:at", "http://purl.org/atompub/tombstones/1.0"),
        ("xml:lang", language.tag()),
    ];
    xml.element("feed", &namespaces, |xml| {
        xml.leaf("title", &[], title(language));
        xml.leaf("subtitle", &[], description(language));
        xml.leaf("id", &[], &format!("{base}/feed.atom"));
        xml.leaf("updated", &[], &updated);
        xml.element("author", &[], |xml| xml.leaf("name", &[], title(language)));
        xml.leaf("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", address)], "");
        xml.leaf("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &format!("{base}/"))], "");
        for listing in newest {
            entry(xml, listing, language);
        }
        for gone in gone {
            let id = entry_id(&format!("{base}/collections/{}", gone.layer), gone.last);
            xml.leaf("at:deleted-entry", &[("ref", &id), ("when", &moment(gone.moment))], "");
        }
    });
    xml.finish_text()
}

fn entry_id(page: &str, revision: &RevisionId) -> String {
    format!("{page}?revision={revision}")
}

/// A publication: a new revision is a new entry, so that readers show a change.
fn entry(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let record = listing.record;
    xml.element("entry", &[], |xml| {
        xml.leaf("title", &[], record.title.get(language));
        xml.leaf("id", &[], &entry_id(&listing.page(), &record.revision));
        xml.leaf("updated", &[], &listing.updated());
        xml.element("author", &[], |xml| xml.leaf("name", &[], record.department.name.get(language)));
        xml.leaf("summary", &[], record.abstract_text.get(language));
        xml.leaf("rights", &[], record.credit.get(language));
        if let Some(theme) = &record.theme {
            xml.leaf("category", &[("term", &theme.id), ("label", theme.name.get(language))], "");
        }
        xml.leaf("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &listing.page())], "");
        let changes = format!("{}/changes", listing.page());
        xml.leaf("link", &[("rel", "related"), ("type", "application/json"), ("href", &changes)], "");
        for resource in resources(listing) {
            let Some(file) = &resource.file else { continue };
            let attributes = [
                ("rel", "enclosure"),
                ("type", &resource.media_type),
                ("title", resource.title.get(language)),
                ("length", &file.bytes.to_string()),
                ("href", &resource.address),
            ];
            xml.leaf("link", &attributes, "");
        }
        if let Some(bbox) = listing.extent() {
            let [west, south, east, north] = bbox.to_array();
            xml.leaf("georss:box", &[], &format!("{south} {west} {north} {east}"));
        }
    });
}
