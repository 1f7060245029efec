//! Any bytes as a filter: nothing panics, and what can be read is written and read again as the
//! same tree.
#![no_main]

use causeway::base::{Field, FieldKind, GeometryKind, Schema};
use causeway::crs::System;
use causeway::filter::{Filter, FilterLanguage, json, text};
use libfuzzer_sys::fuzz_target;

fn schema() -> Schema {
    let field = Field::untitled;
    Schema {
        geometry: GeometryKind::GeometryCollection,
        has_z: false,
        has_m: false,
        fields: vec![
            field("a", FieldKind::Text),
            field("b", FieldKind::Integer),
            field("c", FieldKind::Boolean),
            field("d", FieldKind::Date),
            field("e", FieldKind::DateTime),
            field("g", FieldKind::Json),
        ],
    }
}

fuzz_target!(|source: &str| {
    for language in FilterLanguage::ALL {
        let Ok(tree) = language.parse(source) else { continue };
        assert_eq!(json::parse(&json::write(&tree).to_string()).as_ref(), Ok(&tree));
        // Two things that JSON can say cannot be written as text; what is read from text always can.
        if language == FilterLanguage::Cql2Text {
            assert_eq!(text::parse(&tree.to_string()).as_ref(), Ok(&tree));
        }
        let _ = Filter::from_tree(&tree, &schema(), System::Crs84);
    }
});
