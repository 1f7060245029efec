//! A request for items, from the parameters of its address to one [`FeatureQuery`] and what of each
//! feature goes out.

use super::fault::Refused;
use super::problem::Problem;
use super::request::{Ask, Parameters, encode};
use super::revisions::Wanted;
use super::snapshot::LiveLayer;
use super::{boxes, filter_parameters, selection};
use crate::base::{Interval, limits};
use crate::catalogue::LayerRecord;
use crate::formats::json_fg::Profile;
use crate::formats::{Format, Selection};
use crate::query::{Cursor, FeatureQuery, PageFacts, Start, Turn, WordSearch};

/// Rows of the table on a page for people.
const TABLE_ROWS: u32 = 50;

/// What says which features are wanted, and which of their facts, beside the fields of the layer.
pub const CHOOSING: [&str; 15] = [
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "ids",
    "q",
    "text",
    "properties",
    "exclude-properties",
    "skipGeometry",
    "revision",
    "as-at",
];

/// What says which page of them, in which order and how they look.
pub const SHOWING: [&str; 8] =
    ["sortby", "zoom-level", "max-allowable-offset", "precision", "profile", "limit", "offset", "cursor"];

/// What takes part in every request for items, beside `lang` and the fields of the layer.
pub fn parameters() -> Vec<&'static str> {
    [CHOOSING.as_slice(), &SHOWING].concat()
}

/// A request for items, read.
pub struct ItemsRequest {
    pub query: FeatureQuery,
    pub cursor: Option<Cursor>,
    pub format: Format,
    pub profile: Profile,
    pub selection: Selection,
    /// The parameters that say which features and how they look, sorted: what a cursor is bound to.
    pub canonical: String,
    /// Those of them that links repeat, as given.
    pub repeated: Vec<(String, String)>,
    pub limit_given: Option<u32>,
}

impl ItemsRequest {
    pub fn read(mut parameters: Parameters, layer: &LiveLayer, wanted: &Wanted, ask: &Ask) -> Result<Self, Problem> {
        let format = format(&mut parameters, ask)?;
        let limit_given = parameters.take("limit").map(|text| limit(&text)).transpose()?;
        let default = if ask.wants_html { TABLE_ROWS } else { limits::PAGE_FEATURES_DEFAULT };
        let (cursor, offset) = beginning(&mut parameters)?;
        let mut repeated = Vec::new();
        let mut keep = |name: &str, text: &str| repeated.push((name.to_owned(), text.to_owned()));
        if *wanted != Wanted::Current {
            // Whatever named the state, links go on in that very revision.
            keep("revision", layer.record.revision.as_str());
        }
        let schema = &layer.record.schema;
        let selection = selection::take(&mut parameters, &layer.record, &mut keep)?;
        let profile = profile(&mut parameters, format, &mut keep);
        let order = selection::order(&mut parameters, schema, &mut keep)?;
        let ids = selection::ids(&mut parameters, &mut keep)?;
        let edges = boxes::take(&mut parameters, &layer.record, &mut keep)?;
        let datetime = parameters.take("datetime").map(|text| {
            keep("datetime", &text);
            text.parse::<Interval>().map_err(Problem::from)
        });
        let datetime = datetime.transpose()?;
        let words = words(&mut parameters, &layer.record, ask, &mut keep)?;
        let mut filter = filter_parameters::take(&mut parameters, schema, &layer.record.known_systems(), &mut keep)?;
        let bbox = boxes::apply(edges, &mut filter)?;
        take_field_form(&mut parameters, layer, ask)?;
        for (name, text) in parameters.rest() {
            let is_field =
                filter.add_equality(schema, name, text).map_err(|fault| Problem::bad_request(fault.to_string()))?;
            if !is_field {
                return Err(unknown(name, layer));
            }
            keep(name, text);
        }
        let canonical = canonical(&repeated);
        let start = match &cursor {
            Some(cursor) => {
                cursor.check(&canonical).map_err(|fault| Problem::bad_request(fault.to_string()))?;
                match cursor.turn {
                    Turn::Onward => Start::After(cursor.place),
                    Turn::Back => Start::Before(cursor.place),
                }
            }
            None => Start::Offset(offset.unwrap_or(0)),
        };
        Ok(ItemsRequest {
            query: FeatureQuery {
                bbox,
                filter,
                ids,
                places: None,
                datetime: datetime.zip(layer.record.time.clone()),
                words,
                order,
                limit: limit_given.unwrap_or(default),
                start,
            },
            cursor,
            format,
            profile,
            selection,
            canonical,
            repeated,
            limit_given,
        })
    }

    /// Whether every match goes out: nobody asked for a page, in a format that is read as a file.
    pub fn is_whole(&self) -> bool {
        let names_no_page = self.limit_given.is_none() && self.query.start == Start::Offset(0);
        self.format.is_whole() && names_no_page
    }

    /// Whether the filter is too long for an address: links then lead to where the same body is sent again.
    pub fn needs_body(&self) -> bool {
        /// What an address has beside the parameters of a query: its path, a cursor, a format.
        const ROOM_BYTES: usize = 512;
        self.canonical.len() + ROOM_BYTES > limits::ADDRESS_BYTES_MAX
    }

    /// The address of this query with another beginning.
    pub fn address(&self, ask: &Ask, layer: &LiveLayer, more: &[(&str, String)]) -> String {
        let needs_body = self.needs_body();
        let is_sent = |name: &str| needs_body && ["filter", "filter-lang"].contains(&name);
        let repeated = self.repeated.iter().filter(|(name, _)| !is_sent(name));
        let mut pairs: Vec<String> =
            repeated.map(|(name, text)| format!("{}={}", encode(name), encode(text))).collect();
        if let Some(limit) = self.limit_given {
            pairs.push(format!("limit={limit}"));
        }
        let names_format = more.iter().any(|(name, _)| *name == "f");
        if self.format != Format::GeoJson && !names_format {
            pairs.push(format!("f={}", self.format.name()));
        }
        pairs.extend(more.iter().map(|(name, value)| format!("{name}={}", encode(value))));
        let here = format!("{}/collections/{}/items", ask.base, layer.record.id);
        if pairs.is_empty() { here } else { format!("{here}?{}", pairs.join("&")) }
    }

    /// The next page, from the place of the last row on, in the very revision that this page is of.
    pub fn next(&self, ask: &Ask, layer: &LiveLayer, facts: &PageFacts) -> Option<String> {
        Some(self.turned(ask, layer, facts.more_after?, Turn::Onward))
    }

    pub fn previous(&self, ask: &Ask, layer: &LiveLayer, facts: &PageFacts) -> Option<String> {
        if let Some(first) = facts.more_before {
            return Some(self.turned(ask, layer, first, Turn::Back));
        }
        let before = self.rows_before().filter(|before| *before > 0)?;
        Some(self.numbered(ask, layer, before.saturating_sub(u64::from(self.query.limit))))
    }

    fn turned(&self, ask: &Ask, layer: &LiveLayer, place: i64, turn: Turn) -> String {
        let cursor = Cursor::new(layer.record.revision.clone(), place, turn, &self.canonical);
        self.address(ask, layer, &[("cursor", cursor.to_string())])
    }

    fn numbered(&self, ask: &Ask, layer: &LiveLayer, offset: u64) -> String {
        let names_revision = self.repeated.iter().any(|(name, _)| name == "revision");
        let pinned = (!names_revision).then(|| ("revision", layer.record.revision.to_string()));
        let more: Vec<(&str, String)> = std::iter::once(("offset", offset.to_string())).chain(pinned).collect();
        self.address(ask, layer, &more)
    }

    /// Rows of the answer that stand before this page. A place counts rows only where nothing is
    /// filtered away or sorted, because it is the row's number in the whole package.
    fn rows_before(&self) -> Option<u64> {
        let is_whole = !self.query.is_filtered() && self.query.order.is_empty();
        match self.query.start {
            Start::Offset(offset) => Some(offset),
            Start::After(place) if is_whole => u64::try_from(place).ok(),
            Start::Before(place) if is_whole => {
                let before = u64::try_from(place).unwrap_or(0).saturating_sub(1);
                Some(before.saturating_sub(u64::from(self.query.limit)))
            }
            Start::After(_) | Start::Before(_) => None,
        }
    }

    /// Place of the page's first row among all, from 1.
    pub fn first(&self) -> Option<u64> {
        self.rows_before().map(|before| before.saturating_add(1))
    }
}

/// The parameters in one order, so that equal questions are equal texts.
fn canonical(repeated: &[(String, String)]) -> String {
    let mut sorted: Vec<String> =
        repeated.iter().map(|(name, text)| format!("{}={}", encode(name), encode(text))).collect();
    sorted.sort();
    sorted.join("&")
}

/// `q` and `text`, over the texts that were kept as words when the layer was taken in.
fn words(
    parameters: &mut Parameters,
    record: &LayerRecord,
    ask: &Ask,
    keep: &mut impl FnMut(&str, &str),
) -> Result<Option<WordSearch>, Problem> {
    let [q, text] = ["q", "text"].map(|name| {
        // The page's form sends what was left empty too.
        let given = parameters.take(name).filter(|given| !ask.wants_html || !given.trim().is_empty());
        if let Some(given) = &given {
            keep(name, given);
        }
        given
    });
    let search = WordSearch::read(q.as_deref(), text.as_deref());
    let search = search.map_err(|fault| Problem::bad_request(fault.to_string()))?;
    match search {
        Some(_) if record.searched_fields.is_empty() => Err(Problem::bad_request(format!(
            "q and text search words, and none are kept of {}; filter with LIKE searches its fields",
            record.id
        ))),
        search => Ok(search),
    }
}

/// `f`, else what the client accepts most, else GeoJSON. HTML is told apart before.
fn format(parameters: &mut Parameters, ask: &Ask) -> Result<Format, Problem> {
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).chain(["html"]).collect();
    let asked = parameters.take_common(&names)?;
    let by_name = asked.as_deref().and_then(Format::by_name);
    Ok(by_name.or_else(|| Format::by_media_type(&ask.leading_type).filter(|_| asked.is_none())).unwrap_or_default())
}

/// The first known of the profiles that the client names; JSON-FG's own where that is the format.
pub fn profile(parameters: &mut Parameters, format: Format, keep: &mut impl FnMut(&str, &str)) -> Profile {
    let asked = parameters.take("profile");
    if let Some(text) = &asked {
        keep("profile", text);
    }
    let known = asked.as_deref().and_then(|text| text.split(',').find_map(|name| Profile::by_name(name.trim())));
    match (format, known) {
        (Format::JsonFg, None | Some(Profile::Rfc7946)) => Profile::JsonFg,
        (Format::JsonFg | Format::GeoJson, Some(known)) => known,
        _ => Profile::Rfc7946,
    }
}

/// `cursor` or `offset`.
fn beginning(parameters: &mut Parameters) -> Result<(Option<Cursor>, Option<u64>), Problem> {
    let offset = parameters.take("offset").map(|text| offset(&text)).transpose()?;
    let cursor = parameters
        .take("cursor")
        .map(|text| text.parse::<Cursor>().map_err(|fault| Problem::bad_request(fault.to_string())))
        .transpose()?;
    match (&cursor, offset) {
        (Some(_), Some(_)) => Err(Problem::bad_request("cursor and offset both say where to begin; give one of them")),
        _ => Ok((cursor, offset)),
    }
}

/// The page's filter form sends a field and a value; together they are one equality.
fn take_field_form(parameters: &mut Parameters, layer: &LiveLayer, ask: &Ask) -> Result<(), Problem> {
    let is_form = ask.wants_html && layer.record.schema.field("field").is_none();
    if !is_form {
        return Ok(());
    }
    let (field, value) = (parameters.take("field"), parameters.take("value"));
    if let (Some(field), Some(value)) = (field, value)
        && !field.is_empty()
        && !value.is_empty()
    {
        // The form repeats what it was asked for before.
        parameters.take(&field);
        let facts = layer.record.schema.field_index(&field).and_then(|place| layer.record.field_facts.get(place));
        let value = facts.map_or(value.clone(), |facts| as_delivered(&value, &facts.commonest));
        parameters.add(field, value);
    }
    Ok(())
}

/// What a person typed as the data spells it: pages show `WAN CHAI` as `Wan Chai`.
fn as_delivered(typed: &str, commonest: &[(String, u64)]) -> String {
    let mut values = commonest.iter().map(|(value, _)| value.as_str());
    if values.clone().any(|value| value == typed) {
        return typed.to_owned();
    }
    if let Some(value) = values.find(|value| value.to_lowercase() == typed.to_lowercase()) {
        return value.to_owned();
    }
    let mut letters = commonest.iter().flat_map(|(value, _)| value.chars());
    let are_capitals = letters.clone().any(char::is_uppercase) && !letters.any(char::is_lowercase);
    if are_capitals { typed.to_uppercase() } else { typed.to_owned() }
}

fn unknown(name: &str, layer: &LiveLayer) -> Problem {
    /// Fields that are named in full; beyond that /queryables is the better list.
    const NAMED: usize = 40;
    let mut fields: Vec<&str> =
        layer.record.schema.fields.iter().map(|field| field.name.as_str()).take(NAMED).collect();
    if layer.record.schema.fields.len() > NAMED {
        fields.push("…");
    }
    Refused::NoField {
        name: name.to_owned(),
        layer: layer.record.id.to_string(),
        parameters: parameters().join(", "),
        fields: fields.join(", "),
    }
    .into()
}

pub fn limit(text: &str) -> Result<u32, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number holds are more than the maximum, which is taken instead.
    let number = digits_only.then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    match number {
        Some(number) if number > 0 => Ok(number.min(u64::from(limits::PAGE_FEATURES_MAX)) as u32),
        _ => Err(Refused::Limit { value: text.to_owned() }.into()),
    }
}

/// A row to begin after, as people and links write it.
pub fn offset(text: &str) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match digits_only {
        true => Ok(text.parse().unwrap_or(u64::MAX)),
        false => Err(Refused::NotWhole { name: "offset".to_owned(), value: text.to_owned(), least: 0 }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_lowered_but_never_guessed() {
        assert_eq!(limit("5").unwrap(), 5);
        assert_eq!(limit("999999999999999999999999").unwrap(), limits::PAGE_FEATURES_MAX);
        for bad in ["0", "-1", "10;drop", "unlimited", "", "1e3"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        assert_eq!(offset("1000000000000").unwrap(), 1_000_000_000_000);
    }

    #[test]
    fn what_is_typed_as_it_is_shown_is_asked_for_as_it_was_delivered() {
        let known = |values: &[&str]| values.iter().map(|value| ((*value).to_owned(), 1)).collect::<Vec<_>>();
        for (typed, values, asked) in [
            ("Wan Chai", known(&["WAN CHAI", "SHA TIN"]), "WAN CHAI"),
            ("Tai Po", known(&["WAN CHAI", "SHA TIN"]), "TAI PO"),
            ("wan chai", known(&["Wan Chai", "WAN CHAI"]), "Wan Chai"),
            ("Tai Po", known(&["Wan Chai", "SHA TIN"]), "Tai Po"),
            ("灣仔", known(&["沙田"]), "灣仔"),
            ("Tai Po", known(&[]), "Tai Po"),
        ] {
            assert_eq!(as_delivered(typed, &values), asked);
        }
    }
}
