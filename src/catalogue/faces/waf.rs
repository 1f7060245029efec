//! The web-accessible folder: a listing of ISO records that harvesters read as a web server's own.

use super::Listing;

/// Rows as Apache writes them, with the date that CKAN's reader takes. Names are relative, end in
/// `.xml` and carry no query, which Esri's reader would drop.
pub fn folder(listings: &[Listing<'_>]) -> String {
    let rows: String = listings
        .iter()
        .map(|listing| {
            // Layer ids hold nothing that HTML would read as markup.
            let name = format!("{}.xml", listing.record.id);
            let date = listing.record.published.strftime("%Y-%m-%d %H:%M");
            format!(
                "<tr><td><a href=\"{name}\">{name}</a></td><td align=\"right\">{date}</td><td align=\"right\">-</td></tr>\n"
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Index of /waf</title></head>\n<body><h1>Index of /waf</h1>\n<table>\n<tr><th>Name</th><th>Last modified</th><th>Size</th></tr>\n{rows}</table></body></html>\n"
    )
}
