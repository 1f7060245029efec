//! What a command says on standard output.

use std::fmt::Display;
use std::io::Write;

/// One line. Whoever reads may have left, such as `head`; what is under way goes on without them.
pub fn say(line: impl Display) {
    say_text(&format!("{line}\n"));
}

/// Text that ends its own lines.
pub fn say_text(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
