//! `/map`: any number of layers in one stack, which the address carries whole.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::collections::{ListQuery, find};
use super::landing::self_links;
use super::pages;
use super::problem::Problem;
use super::request::encode;
use super::routes::{CONTENT_POLICY, Context, Reply};
use super::snapshot::{LiveLayer, Snapshot};
use super::state::App;
use crate::access::Action;
use crate::base::ids::cut;
use crate::base::{GeometryKind, Language, limits};
use crate::styles;

const COLOURS: usize = styles::COLOURS.len();

/// One layer of a map as its address says it: `ID[~cCOLOUR][~OPACITY][~off][~=VALUE]`, the parts escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    pub layer: String,
    /// Place among the colours of the first class of a style that nobody made by hand.
    pub colour: Option<usize>,
    pub opacity_percent: u8,
    pub is_shown: bool,
    /// The one class that is shown.
    pub value: Option<String>,
}

impl Sheet {
    /// A layer as it is added: shown, whole and opaque.
    pub fn plain(layer: &str) -> Self {
        Sheet { layer: layer.to_owned(), colour: None, opacity_percent: 100, is_shown: true, value: None }
    }

    pub fn first_colour(&self) -> usize {
        self.colour.unwrap_or_default()
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split('~');
        let mut sheet = Sheet::plain(parts.next().unwrap_or_default());
        for part in parts {
            let colour = part.strip_prefix('c').and_then(|place| place.parse().ok());
            if part == "off" {
                sheet.is_shown = false;
            } else if let Some(value) = part.strip_prefix('=') {
                sheet.value = Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned());
            } else if let Some(place @ 0..COLOURS) = colour {
                sheet.colour = Some(place);
            } else if let Ok(percent @ 0..=100) = part.parse() {
                sheet.opacity_percent = percent;
            } else {
                return Err(Problem::bad_request(format!(
                    "layers=\"{}\" has the part \"{}\"; accepted after a layer are ~0 to ~100 for its opacity, ~off, \
                     ~c0 to ~c{} for its first colour, and ~=VALUE for the class to show",
                    cut(text),
                    cut(part),
                    COLOURS - 1
                )));
            }
        }
        Ok(sheet)
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.layer)?;
        if let Some(place) = self.colour {
            write!(f, "~c{place}")?;
        }
        if self.opacity_percent != 100 {
            write!(f, "~{}", self.opacity_percent)?;
        }
        if !self.is_shown {
            f.write_str("~off")?;
        }
        match &self.value {
            Some(value) => write!(f, "~={}", encode(value).replace(',', "%2C").replace('~', "%7E")),
            None => Ok(()),
        }
    }
}

/// The layers of a map, the topmost first.
#[derive(Default)]
pub struct Stack {
    pub sheets: Vec<(Sheet, Arc<LiveLayer>)>,
    /// Names that the address has and that are no layers with a shape that this caller may read.
    pub missing: Vec<String>,
}

impl Stack {
    fn read(text: &str, app: &App, snapshot: &Snapshot) -> Result<Self, Problem> {
        let mut stack = Stack::default();
        let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
        if parts.len() > limits::MAP_LAYERS_MAX {
            return Err(Problem::bad_request(format!(
                "layers names {} layers; a map has at most {}",
                parts.len(),
                limits::MAP_LAYERS_MAX
            )));
        }
        for part in parts {
            let sheet = Sheet::parse(part)?;
            let is_twice = stack.sheets.iter().any(|(known, _)| known.layer == sheet.layer);
            match app.permitted(snapshot, &sheet.layer, Action::ReadTiles) {
                _ if is_twice => {}
                Ok((layer, _)) if layer.record.schema.geometry != GeometryKind::None => {
                    stack.sheets.push((sheet, layer));
                }
                _ => stack.missing.push(cut(&sheet.layer)),
            }
        }
        stack.give_colours();
        Ok(stack)
    }

    /// Gives each layer without a colour the first that no other layer of the map has, so that layers
    /// differ, and keep theirs when others come and go.
    fn give_colours(&mut self) {
        let width = |layer: &LiveLayer| styles::legend(&layer.style, &layer.record, Language::En, 0).len();
        let mut taken: HashSet<usize> = self
            .sheets
            .iter()
            .filter_map(|(sheet, layer)| Some((sheet.colour?, width(layer))))
            .flat_map(|(first, width)| (first..first + width).map(|place| place % COLOURS))
            .collect();
        for (sheet, layer) in &mut self.sheets {
            if sheet.colour.is_some() || !styles::is_derived(&layer.style) {
                continue;
            }
            let first = (0..COLOURS).find(|place| !taken.contains(place)).unwrap_or_default();
            taken.extend((first..first + width(layer)).map(|place| place % COLOURS));
            sheet.colour = Some(first);
        }
    }

    /// The value of `layers` in an address, not yet escaped for it.
    pub fn address(&self) -> String {
        self.sheets.iter().map(|(sheet, _)| sheet.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The value of `layers` with one more layer on top; `None` where it is there already or none
    /// may be added.
    pub fn address_with(&self, layer: &str) -> Option<String> {
        let is_free = self.sheets.len() < limits::MAP_LAYERS_MAX;
        let is_new = self.sheets.iter().all(|(sheet, _)| sheet.layer != layer);
        let rest = self.sheets.iter().map(|(sheet, _)| sheet.to_string());
        (is_free && is_new)
            .then(|| std::iter::once(Sheet::plain(layer).to_string()).chain(rest).collect::<Vec<_>>().join(","))
    }
}

/// What the page shows besides the stack.
#[derive(Default)]
pub struct MapRequest {
    /// What was typed to find a layer to add.
    pub text: String,
    pub found: Vec<Arc<LiveLayer>>,
    /// Without header and list, for other people's pages.
    pub is_embedded: bool,
    /// `LAYER/ID` of the feature whose details are open.
    pub selected: Option<String>,
    /// Whether files of parts of layers are made here.
    pub makes_extracts: bool,
}

pub async fn map(mut context: Context) -> Reply {
    const FOUND_MOST: usize = 8;
    context.parameters.take_common(&["json", "html"])?;
    let layers = context.parameters.take("layers").unwrap_or_default();
    let text = context.parameters.take("text").unwrap_or_default();
    let selected = context.parameters.take("sel");
    let is_embedded = match context.parameters.take("embed").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            return Err(Problem::bad_request(format!("embed=\"{}\" is neither true nor false", cut(other))));
        }
    };
    context.finish_parameters("layers, text, sel, embed, f, lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let stack = Stack::read(&layers, &context.app, &snapshot)?;
    if !ask.wants_html {
        return Ok(Arc::new(Answer::json(&document(&stack, &context)).in_language(ask.language)));
    }
    let has_shape = |layer: &Arc<LiveLayer>| layer.record.schema.geometry != GeometryKind::None;
    let found = match text.trim().is_empty() {
        true => Vec::new(),
        false => find(&snapshot, &ListQuery { text: text.clone(), ..ListQuery::default() }, ask.language)
            .into_iter()
            .filter(has_shape)
            .take(FOUND_MOST)
            .collect(),
    };
    let districts = context.app.permitted(&snapshot, styles::BASE_LAYER, Action::ReadFacts).ok();
    let makes_extracts = context.app.extracts.folder().is_ok();
    let request = MapRequest { text, found, is_embedded, selected, makes_extracts };
    let page = pages::map(&ask.frame(), &stack, &request, districts.as_ref().map(|(layer, _)| layer.record.as_ref()));
    Ok(Arc::new(match is_embedded {
        // What is open may stand in anybody's page; the full page has controls and stays with us.
        true => Answer::html(page).in_language(ask.language).with_header("content-security-policy", framed_anywhere()),
        false => Answer::html(page).in_language(ask.language),
    }))
}

/// The policy of pages that anybody may frame.
fn framed_anywhere() -> String {
    CONTENT_POLICY.replace("frame-ancestors 'self'", "frame-ancestors *")
}

/// The stack for programs: which layers, how they are shown, and where their styles are.
fn document(stack: &Stack, context: &Context) -> Value {
    let ask = &context.ask;
    let sheets: Vec<Value> = stack
        .sheets
        .iter()
        .map(|(sheet, layer)| {
            let record = &layer.record;
            json!({
                "id": record.id,
                "title": record.title.get(ask.language),
                "opacity": f64::from(sheet.opacity_percent) / 100.0,
                "shown": sheet.is_shown,
                "value": sheet.value,
                "bbox": record.extent,
                "style": format!("{}/styles/{}?lang={}", ask.base, record.id, ask.language.tag()),
                "tilejson": format!("{}/tilejson/{}.json", ask.base, record.id),
            })
        })
        .collect();
    let href = format!("{}/map?layers={}", ask.base, encode(&stack.address()));
    json!({ "layers": sheets, "missing": stack.missing, "links": self_links(&href, "application/json") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_a_map_reads_as_it_is_written() {
        for (text, colour, opacity_percent, is_shown, value) in [
            ("a-b", None, 100, true, None),
            ("a-b~c3~60", Some(3), 60, true, None),
            ("a-b~0~off", None, 0, false, None),
            ("a-b~=SHA%20TIN", None, 100, true, Some("SHA TIN")),
            ("a-b~c0~5~off~=a%2Cb%7Ec%3D", Some(0), 5, false, Some("a,b~c=")),
        ] {
            let sheet = Sheet::parse(text).unwrap();
            let wanted =
                Sheet { layer: "a-b".to_owned(), colour, opacity_percent, is_shown, value: value.map(str::to_owned) };
            assert_eq!(sheet, wanted, "{text}");
            assert_eq!(sheet.to_string(), text);
        }
    }

    #[test]
    fn a_part_that_means_nothing_is_named() {
        for text in ["a~101", "a~x", "a~-1", "a~", "a~c8", "a~c"] {
            let problem = Sheet::parse(text).unwrap_err();
            assert!(problem.detail.contains("accepted after a layer are"), "{text}: {}", problem.detail);
        }
    }
}
