//! Any text as a filter in the XML of WFS: its tree is one that CQL2 can write.
#![no_main]

use causeway::crs::{AxisOrder, System};
use causeway::filter::fes::{Names, parse};
use causeway_fuzz::{check_filter, schema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let names = Names {
        property: &|name| name.rsplit(':').next().unwrap_or_default().to_owned(),
        system: &|name| match name {
            None | Some("4326") => Some((System::Epsg4326, AxisOrder::Authority)),
            Some("2326") => Some((System::Epsg2326, AxisOrder::EastFirst)),
            _ => None,
        },
    };
    if let Ok(filter) = parse(source, &schema(), &names) {
        assert!(filter.condition.is_some() != !filter.resource_ids.is_empty());
        filter.condition.iter().for_each(check_filter);
    }
});
