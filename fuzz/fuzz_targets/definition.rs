//! Any text as a layer definition: it is read, or refused with a place that is in it.
#![no_main]

use std::path::Path;

use causeway::definition::{SourcePart, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let folder = Path::new("layers/lcsd/libraries");
    match parse(text, "layer.toml", folder, "lcsd", "libraries") {
        Ok(definition) => {
            assert!(!definition.title.en.is_empty() && !definition.title.zh_hant.is_empty());
            for part in &definition.source.files {
                assert!(!matches!(part, SourcePart::File(file) if !file.starts_with(folder)), "{part:?} climbs");
            }
        }
        Err(fault) => {
            let lines: Vec<&str> = text.split('\n').collect();
            assert!((1..=lines.len()).contains(&fault.line), "line {} of {}", fault.line, lines.len());
            // The end of a line is a place too.
            let columns = lines[fault.line - 1].chars().count() + 1;
            assert!((1..=columns).contains(&fault.column), "column {} of {columns}", fault.column);
            assert!(!fault.message.is_empty());
        }
    }
});
