//! What search engines are told: the pages worth reading, in each language, and those to leave.

use super::Listing;
use crate::base::Language;
use crate::base::xml_writer::XmlWriter;

/// sitemaps.org 0.9 with language alternates.
pub fn sitemap(listings: &[Listing<'_>], base: &str) -> String {
    let mut xml = XmlWriter::document();
    let namespaces =
        [("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9"), ("xmlns:xhtml", "http://www.w3.org/1999/xhtml")];
    xml.element("urlset", &namespaces, |xml| {
        for address in [format!("{base}/"), format!("{base}/collections"), format!("{base}/departments")] {
            page(xml, &address, None);
        }
        for listing in listings {
            page(xml, &listing.page(), Some(&listing.updated()));
        }
    });
    xml.finish_text()
}

fn page(xml: &mut XmlWriter, address: &str, changed: Option<&str>) {
    let in_language = |language: Language| format!("{address}?lang={}", language.tag());
    for language in Language::ALL {
        xml.element("url", &[], |xml| {
            xml.leaf("loc", &[], &in_language(language));
            if let Some(changed) = changed {
                xml.leaf("lastmod", &[], changed);
            }
            for other in Language::ALL {
                let alternate = [("rel", "alternate"), ("hreflang", other.tag()), ("href", &in_language(other))];
                xml.leaf("xhtml:link", &alternate, "");
            }
        });
    }
}

/// `robots.txt`: pages are read, tiles and queries are not.
pub fn robots(base: &str) -> String {
    const LEFT: [&str; 9] = [
        "/xyz/",
        "/map/",
        "/tilejson/",
        "/csw",
        "/*/csw",
        "/collections/*/items?",
        "/collections/*/tiles/",
        "/esri/",
        "/*?cursor=",
    ];
    let left: String = LEFT.iter().map(|path| format!("Disallow: {path}\n")).collect();
    format!("User-agent: *\n{left}\nSitemap: {base}/sitemap.xml\n")
}
