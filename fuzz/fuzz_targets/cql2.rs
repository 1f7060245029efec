//! Any text as a filter in CQL2, with the well-known text in it: what can be read is written and
//! read again as the same tree.
#![no_main]

use causeway::filter::{FilterLanguage, text};
use causeway_fuzz::check_filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    for language in FilterLanguage::ALL {
        let Ok(tree) = language.parse(source) else { continue };
        check_filter(&tree);
        // Two things that JSON can say cannot be written as text; what is read from text always can.
        if language == FilterLanguage::Cql2Text {
            assert_eq!(text::parse(&tree.to_string()).as_ref(), Ok(&tree));
        }
    }
});
