//! What went wrong, and a way on.

use askama::Template;

use super::Frame;
use super::frame::Shared;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    shared: Shared,
    question: String,
    status: u16,
    title: &'a str,
    detail: &'a str,
}

pub fn problem(frame: &Frame<'_>, status: u16, title: &str, detail: &str) -> String {
    let page = Problem { shared: Shared::of(frame), question: String::new(), status, title, detail };
    page.render().unwrap_or_default()
}
