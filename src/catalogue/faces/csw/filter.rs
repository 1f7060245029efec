//! Filter Encoding 1.1.0 (OGC 04-095) over the core properties of a record.

use super::{Exception, View};
use crate::base::BBox;
use crate::base::ids::cut;
use crate::base::xml::Element;
use crate::words::fold;

/// What records must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    All,
    And(Vec<Constraint>),
    Or(Vec<Constraint>),
    Not(Box<Constraint>),
    /// The parts stand in the property, in order; a pattern without wildcards is one part.
    Like {
        property: String,
        parts: Vec<String>,
    },
    Compare {
        property: String,
        comparison: Comparison,
        literal: String,
    },
    /// Both ends belong to it.
    Between {
        property: String,
        low: String,
        high: String,
    },
    /// The record's box shares a point with this one.
    Box(BBox),
    /// The record's box lies in this one.
    Within(BBox),
    /// The record's box holds this one.
    Contains(BBox),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A property without its prefix, as MetaSearch, CKAN and GeoNetwork each write another.
pub(super) fn local(property: &str) -> &str {
    property.rsplit([':', '/']).next().unwrap_or(property)
}

pub(super) fn of_constraint(constraint: &Element) -> Result<Constraint, Exception> {
    match (constraint.child("Filter"), constraint.child("CqlText")) {
        (Some(filter), _) => of_filter(filter),
        (None, Some(text)) => super::cql::of_text(&text.text),
        (None, None) => Err(Exception::invalid("Constraint", "the constraint holds no ogc:Filter and no csw:CqlText")),
    }
}

pub(super) fn of_filter(filter: &Element) -> Result<Constraint, Exception> {
    match filter.children.as_slice() {
        [] => Ok(Constraint::All),
        [one] => of_operator(one),
        several => Ok(Constraint::And(several.iter().map(of_operator).collect::<Result<_, _>>()?)),
    }
}

fn of_operator(operator: &Element) -> Result<Constraint, Exception> {
    let children = || operator.children.iter().map(of_operator).collect::<Result<Vec<_>, _>>();
    let comparison = |comparison| {
        Ok(Constraint::Compare { property: property(operator)?, comparison, literal: text(operator, "Literal")? })
    };
    match operator.name.as_str() {
        "And" => Ok(Constraint::And(children()?)),
        "Or" => Ok(Constraint::Or(children()?)),
        "Not" => match children()?.pop() {
            Some(inner) => Ok(Constraint::Not(Box::new(inner))),
            None => Err(Exception::invalid("Filter", "ogc:Not holds nothing")),
        },
        "PropertyIsLike" => like(operator),
        "PropertyIsEqualTo" => comparison(Comparison::Equal),
        "PropertyIsNotEqualTo" => comparison(Comparison::NotEqual),
        "PropertyIsLessThan" => comparison(Comparison::Less),
        "PropertyIsLessThanOrEqualTo" => comparison(Comparison::LessOrEqual),
        "PropertyIsGreaterThan" => comparison(Comparison::Greater),
        "PropertyIsGreaterThanOrEqualTo" => comparison(Comparison::GreaterOrEqual),
        "PropertyIsBetween" => {
            let bound = |name: &str| {
                operator.child(name).map_or_else(
                    || Err(Exception::missing(name, "a literal")),
                    |bound| {
                        Ok(bound.child("Literal").map_or_else(|| bound.text.clone(), |literal| literal.text.clone()))
                    },
                )
            };
            Ok(Constraint::Between {
                property: property(operator)?,
                low: bound("LowerBoundary")?,
                high: bound("UpperBoundary")?,
            })
        }
        "BBOX" | "Intersects" => envelope(operator).map(Constraint::Box),
        "Within" => envelope(operator).map(Constraint::Within),
        "Contains" => envelope(operator).map(Constraint::Contains),
        other => Err(Exception::invalid(
            "Filter",
            format!(
                "the operator \"{}\" is not read here; And, Or, Not, PropertyIsLike, PropertyIsEqualTo and its kin, PropertyIsBetween, BBOX, Intersects, Within and Contains are",
                cut(other)
            ),
        )),
    }
}

/// Properties of a record that may be asked for, by local names in lower case.
const PROPERTIES: [&str; 14] = [
    "anytext",
    "title",
    "abstract",
    "subject",
    "identifier",
    "type",
    "modified",
    "date",
    "publisher",
    "creator",
    "format",
    "language",
    "boundingbox",
    "rights",
];

fn property(operator: &Element) -> Result<String, Exception> {
    known_property(&text(operator, "PropertyName")?)
}

pub(super) fn known_property(name: &str) -> Result<String, Exception> {
    let known = local(name).to_ascii_lowercase();
    match PROPERTIES.contains(&known.as_str()) {
        true => Ok(known),
        false => Err(Exception::invalid(
            "PropertyName",
            format!("the property \"{}\" is not one of {}", cut(name), PROPERTIES.join(", ")),
        )),
    }
}

fn text(operator: &Element, name: &str) -> Result<String, Exception> {
    operator.child(name).map(|child| child.text.clone()).ok_or_else(|| Exception::missing(name, "one, in the operator"))
}

/// A pattern is read by its own wildcards. One without any stands anywhere in the property, because
/// MetaSearch sends the typed word as it is.
fn like(operator: &Element) -> Result<Constraint, Exception> {
    let pattern = text(operator, "Literal")?;
    let sign =
        |name: &str, default: char| operator.attribute(name).and_then(|value| value.chars().next()).unwrap_or(default);
    let signs = [sign("wildCard", '%'), sign("singleChar", '_'), sign("escapeChar", '\\')];
    Ok(Constraint::Like { property: property(operator)?, parts: pattern_parts(&pattern, signs) })
}

/// What stands between the wildcards of a pattern.
pub(super) fn pattern_parts(pattern: &str, [wild, single, escape]: [char; 3]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == escape {
            if let (Some(next), Some(part)) = (characters.next(), parts.last_mut()) {
                part.push(next);
            }
        } else if character == wild || character == single {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The envelope, latitude first where the name of its CRS says so: the URN of EPSG:4326 does, its
/// absence and CRS84 do not.
fn envelope(operator: &Element) -> Result<BBox, Exception> {
    let wrong = || Exception::invalid("BBOX", "the box is not a gml:Envelope with lowerCorner and upperCorner");
    let envelope = operator.descendant("Envelope").or_else(|| operator.descendant("Box")).ok_or_else(wrong)?;
    let numbers = |text: &str| -> Vec<f64> {
        let parts = text.split([' ', ',', '\n', '\t']).filter(|part| !part.is_empty());
        parts.filter_map(|part| part.parse().ok()).filter(|number: &f64| number.is_finite()).collect()
    };
    let corners = match (envelope.child("lowerCorner"), envelope.child("upperCorner"), envelope.child("coordinates")) {
        (Some(lower), Some(upper), _) => [numbers(&lower.text), numbers(&upper.text)].concat(),
        (_, _, Some(coordinates)) => numbers(&coordinates.text),
        _ => return Err(wrong()),
    };
    let [a, b, c, d] = corners[..] else { return Err(wrong()) };
    let srs = envelope.attribute("srsName").unwrap_or_default();
    let is_latitude_first = srs.starts_with("urn:") && srs.ends_with("4326");
    let [west, south, east, north] = if is_latitude_first { [b, a, d, c] } else { [a, b, c, d] };
    if south > north || !(-90.0..=90.0).contains(&south) || !(-90.0..=90.0).contains(&north) {
        return Err(Exception::invalid(
            "BBOX",
            "the latitudes of the box are not from south to north within -90 to 90",
        ));
    }
    Ok(BBox::new(west, south, east, north))
}

impl Constraint {
    /// Whether the record at this place of the view is so.
    pub(super) fn holds(&self, view: &View<'_>, place: usize) -> bool {
        match self {
            Constraint::All => true,
            Constraint::And(parts) => parts.iter().all(|part| part.holds(view, place)),
            Constraint::Or(parts) => parts.iter().any(|part| part.holds(view, place)),
            Constraint::Not(part) => !part.holds(view, place),
            Constraint::Box(bbox) => {
                let (first, second) = bbox.split();
                view.listings[place].extent().is_some_and(|extent| {
                    extent.intersects(&first) || second.is_some_and(|second| extent.intersects(&second))
                })
            }
            Constraint::Within(bbox) => view.listings[place].extent().is_some_and(|extent| bbox.contains(&extent)),
            Constraint::Contains(bbox) => view.listings[place].extent().is_some_and(|extent| extent.contains(bbox)),
            Constraint::Like { property, parts } => {
                let folded: Vec<String> = parts.iter().map(|part| fold(part.trim())).collect();
                values(view, place, property).iter().any(|value| holds_in_order(&fold(value), &folded))
            }
            Constraint::Compare { property, comparison, literal } => {
                let values = values(view, place, property);
                let is = |value: &String| {
                    let order = value.to_lowercase().cmp(&literal.to_lowercase());
                    match comparison {
                        Comparison::Equal | Comparison::NotEqual => order.is_eq(),
                        Comparison::Less => order.is_lt(),
                        Comparison::LessOrEqual => order.is_le(),
                        Comparison::Greater => order.is_gt(),
                        Comparison::GreaterOrEqual => order.is_ge(),
                    }
                };
                values.iter().any(is) != (*comparison == Comparison::NotEqual)
            }
            Constraint::Between { property, low, high } => {
                values(view, place, property).iter().any(|value| value >= low && value <= high)
            }
        }
    }
}

fn holds_in_order(value: &str, parts: &[String]) -> bool {
    let mut rest = value;
    parts.iter().all(|part| match rest.find(part.as_str()) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// The values of a property, in every language.
fn values(view: &View<'_>, place: usize, property: &str) -> Vec<String> {
    let listing = &view.listings[place];
    let record = listing.record;
    let every = |text: &crate::base::Trilingual| vec![text.en.clone(), text.zh_hant.clone(), text.zh_hans.clone()];
    let subjects = || {
        let words = [&record.keywords.en, &record.keywords.zh_hant, &record.keywords.zh_hans].into_iter().flatten();
        let theme = record.theme.iter().flat_map(|theme| [vec![theme.id.clone()], every(&theme.name)].concat());
        words.cloned().chain(theme).collect::<Vec<String>>()
    };
    match property {
        "title" => every(&record.title),
        "abstract" => every(&record.abstract_text),
        "subject" => subjects(),
        "identifier" => vec![record.id.to_string()],
        "type" => vec!["dataset".to_owned()],
        "modified" | "date" => vec![listing.updated()],
        "publisher" | "creator" => [every(&record.department.name), vec![record.department.code.clone()]].concat(),
        "language" => crate::base::Language::ALL.map(|language| language.tag().to_owned()).to_vec(),
        "format" => super::super::resources::resources(listing).into_iter().map(|resource| resource.format).collect(),
        "rights" => every(&record.licence.title),
        _ => {
            let all = [every(&record.title), every(&record.abstract_text), subjects(), every(&record.department.name)];
            let mut all: Vec<String> = all.concat();
            all.push(record.id.to_string());
            all.push(record.department.code.clone());
            all
        }
    }
}
