//! Progress on standard error: a bar on a terminal, a plain line for each step elsewhere.

use std::cell::RefCell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress {
    layer: String,
    bar: Option<ProgressBar>,
    last_line: RefCell<String>,
}

impl Progress {
    pub fn start(layer: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
            bar.set_prefix(layer.to_owned());
            bar
        });
        Progress { layer: layer.to_owned(), bar, last_line: RefCell::default() }
    }

    pub fn show(&self, step: &str, done: u64, total: Option<u64>) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(step.to_owned());
                bar.set_length(total.unwrap_or(done));
                bar.set_position(done);
            }
            None if *self.last_line.borrow() != step => {
                eprintln!("{step} {}", self.layer);
                *self.last_line.borrow_mut() = step.to_owned();
            }
            None => {}
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
