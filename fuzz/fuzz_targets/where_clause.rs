//! Any text as ArcGIS's `where`: what it asks of fields is a tree that CQL2 can write.
#![no_main]

use causeway::query::Places;
use causeway::server::dialects::esri::where_clause::read;
use causeway_fuzz::{check_filter, schema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match read(text, &schema(), "OBJECTID") {
        Ok(clause) => {
            clause.condition.iter().for_each(check_filter);
            if let Some(Places::Among(list)) = clause.places {
                assert!(list.len() <= text.len());
            }
        }
        Err(problem) => assert!(problem.status.is_client_error() && !problem.detail.is_empty()),
    }
});
