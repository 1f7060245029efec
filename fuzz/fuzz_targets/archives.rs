//! Any bytes as an archive; the first of them says of what kind. It unpacks into its folder or is
//! refused in a sentence.
#![no_main]

use causeway_fuzz::check_delivery;
use libfuzzer_sys::fuzz_target;

/// The names that bytes are handed in under; seeds name them by their place.
const NAMES: [&str; 7] = ["a.zip", "a.tar", "a.tgz", "a.csv.gz", "a.kmz", "a.xlsx", "a.tar.gz"];

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    check_delivery(&[(NAMES[usize::from(*kind) % NAMES.len()], bytes)]);
});
