//! `/collections/{layer}/items`, OGC 17-069r4 §7.15 and §7.16.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::filter_parameters;
use super::landing::{link, self_links};
use super::pages::{self, FeatureView, ItemsView};
use super::problem::Problem;
use super::request::{Ask, Parameters, encode};
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{BBox, Interval, limits};
use crate::formats::geojson::FeatureWriter;
use crate::package::{OpenPackage, PackageError, Row};
use crate::query::{self, Cursor, FeatureQuery, PageFacts, Start};

pub const GEOJSON: &str = "application/geo+json";
/// Where the coordinates of an answer are, OGC 18-058r1 §6.5.
const CONTENT_CRS: &str = "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>";
/// Rows of the table on a page for people.
const TABLE_ROWS: u32 = 50;

/// A request for items, read.
struct ItemsRequest {
    query: FeatureQuery,
    cursor: Option<Cursor>,
    /// The parameters that say which features, sorted: what a cursor is bound to.
    canonical: String,
    /// Those of them that links repeat, as given.
    repeated: Vec<(String, String)>,
    limit_given: Option<u32>,
}

pub async fn items(mut context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let parameters = std::mem::take(&mut context.parameters);
    let request = ItemsRequest::read(parameters, &layer, &wanted, &context.ask)?;
    let layer = match &request.cursor {
        Some(cursor) => context.app.revision(&current, &cursor.revision).await?,
        None => layer,
    };
    let ask = context.ask.clone();
    let key = format!(
        "items|{}|{}|{}|{}|{}|{:?}|{:?}",
        layer.record.id,
        layer.record.revision,
        permit.audience().as_str(),
        ask.key(),
        request.canonical,
        request.query.start,
        (request.query.limit, request.limit_given),
    );
    let app = Arc::clone(&context.app);
    context
        .app
        .cache
        .get_or_make(key, async move {
            match ask.wants_html {
                true => items_page(&app, &ask, &layer, &permit, request).await,
                false => items_json(&app, &ask, &layer, &permit, request).await,
            }
        })
        .await
}

impl ItemsRequest {
    fn read(mut parameters: Parameters, layer: &LiveLayer, wanted: &Wanted, ask: &Ask) -> Result<Self, Problem> {
        parameters.take_common(&["json", "html"])?;
        let limit_given = parameters.take("limit").map(|text| limit(&text)).transpose()?;
        let default = if ask.wants_html { TABLE_ROWS } else { limits::PAGE_FEATURES_DEFAULT };
        let offset = parameters.take("offset").map(|text| offset(&text)).transpose()?;
        let cursor = parameters
            .take("cursor")
            .map(|text| text.parse::<Cursor>().map_err(|fault| Problem::bad_request(fault.to_string())))
            .transpose()?;
        if cursor.is_some() && offset.is_some() {
            return Err(Problem::bad_request("cursor and offset both say where to begin; give one of them"));
        }
        let mut repeated = Vec::new();
        let mut keep = |name: &str, text: &str| repeated.push((name.to_owned(), text.to_owned()));
        if *wanted != Wanted::Current {
            // Whatever named the state, links go on in that very revision.
            keep("revision", layer.record.revision.as_str());
        }
        let bbox = parameters.take("bbox").map(|text| {
            keep("bbox", &text);
            parse_bbox(&text)
        });
        let datetime = parameters.take("datetime").map(|text| {
            keep("datetime", &text);
            text.parse::<Interval>().map_err(|fault| Problem::bad_request(format!("datetime: {fault}")))
        });
        let datetime = datetime.transpose()?;
        let mut filter = filter_parameters::take(&mut parameters, &layer.record.schema, &mut keep)?;
        take_field_form(&mut parameters, layer, ask)?;
        for (name, text) in parameters.rest() {
            let is_field = filter
                .add_equality(&layer.record.schema, name, text)
                .map_err(|fault| Problem::bad_request(fault.to_string()))?;
            if !is_field {
                return Err(unknown(name, layer));
            }
            keep(name, text);
        }
        let mut sorted: Vec<String> =
            repeated.iter().map(|(name, text)| format!("{}={}", encode(name), encode(text))).collect();
        sorted.sort();
        let canonical = sorted.join("&");
        let start = match &cursor {
            Some(cursor) => {
                cursor.check(&canonical).map_err(|fault| Problem::bad_request(fault.to_string()))?;
                Start::After(cursor.place)
            }
            None => Start::Offset(offset.unwrap_or(0)),
        };
        Ok(ItemsRequest {
            query: FeatureQuery {
                bbox: bbox.transpose()?,
                filter,
                datetime: datetime.zip(layer.record.time.clone()),
                limit: limit_given.unwrap_or(default),
                start,
            },
            cursor,
            canonical,
            repeated,
            limit_given,
        })
    }

    /// The address of this query with another beginning.
    fn address(&self, ask: &Ask, layer: &LiveLayer, more: &[(&str, String)]) -> String {
        let mut pairs: Vec<String> =
            self.repeated.iter().map(|(name, text)| format!("{}={}", encode(name), encode(text))).collect();
        if let Some(limit) = self.limit_given {
            pairs.push(format!("limit={limit}"));
        }
        pairs.extend(more.iter().map(|(name, value)| format!("{name}={}", encode(value))));
        let here = format!("{}/collections/{}/items", ask.base, layer.record.id);
        if pairs.is_empty() { here } else { format!("{here}?{}", pairs.join("&")) }
    }

    fn next(&self, ask: &Ask, layer: &LiveLayer, facts: &PageFacts) -> Option<String> {
        let cursor = Cursor::new(layer.record.revision.clone(), facts.more_after?, &self.canonical);
        Some(self.address(ask, layer, &[("cursor", cursor.to_string())]))
    }

    fn previous(&self, ask: &Ask, layer: &LiveLayer) -> Option<String> {
        let before = self.rows_before().filter(|before| *before > 0)?;
        let offset = before.saturating_sub(u64::from(self.query.limit));
        Some(self.address(ask, layer, &[("offset", offset.to_string())]))
    }

    /// Rows of the answer that stand before this page. A place counts rows only where nothing is
    /// filtered away, because it is the row's number in the whole package.
    fn rows_before(&self) -> Option<u64> {
        match self.query.start {
            Start::Offset(offset) => Some(offset),
            Start::After(place) if !self.query.is_filtered() => u64::try_from(place).ok(),
            Start::After(_) => None,
        }
    }

    /// Place of the page's first row among all, from 1.
    fn first(&self) -> Option<u64> {
        self.rows_before().map(|before| before.saturating_add(1))
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
        parameters.add(field, value);
    }
    Ok(())
}

fn unknown(name: &str, layer: &LiveLayer) -> Problem {
    /// Fields that are named in full; beyond that /queryables is the better list.
    const NAMED: usize = 40;
    let mut fields: Vec<&str> =
        layer.record.schema.fields.iter().map(|field| field.name.as_str()).take(NAMED).collect();
    if layer.record.schema.fields.len() > NAMED {
        fields.push("…");
    }
    Problem::bad_request(format!(
        "\"{}\" is neither a parameter nor a field of {}; accepted are bbox, datetime, filter, filter-lang, filter-crs, limit, offset, cursor, revision, as-at, f, lang and the fields {}",
        cut(name),
        layer.record.id,
        fields.join(", ")
    ))
}

pub fn limit(text: &str) -> Result<u32, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number holds are more than the maximum, which is taken instead.
    let number = digits_only.then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    match number {
        Some(number) if number > 0 => Ok(number.min(u64::from(limits::PAGE_FEATURES_MAX)) as u32),
        _ => Err(Problem::bad_request(format!(
            "limit=\"{}\" is not a whole number from 1; up to {} features are sent at once",
            cut(text),
            limits::PAGE_FEATURES_MAX
        ))),
    }
}

/// A row to begin after, as people and links write it.
pub fn offset(text: &str) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match digits_only {
        true => Ok(text.parse().unwrap_or(u64::MAX)),
        false => Err(Problem::bad_request(format!("offset=\"{}\" is not a whole number from 0", cut(text)))),
    }
}

/// Four numbers, or six with heights, which are not looked at. OGC 17-069r4 §7.15.3.
pub fn parse_bbox(text: &str) -> Result<BBox, Problem> {
    let wrong = |why: &str| {
        Problem::bad_request(format!(
            "bbox=\"{}\" {why}; accepted is west,south,east,north in degrees, such as 113.8,22.1,114.5,22.6",
            cut(text)
        ))
    };
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong("holds something that is not a number"))?;
    let bbox = match numbers[..] {
        [west, south, east, north] => BBox::new(west, south, east, north),
        [west, south, _, east, north, _] => BBox::new(west, south, east, north),
        _ => return Err(wrong(&format!("has {} numbers instead of 4 or 6", numbers.len()))),
    };
    if bbox.south_deg > bbox.north_deg {
        return Err(wrong("has its south above its north"));
    }
    let in_range = |degrees: f64, most: f64| (-most..=most).contains(&degrees);
    let is_in_world = in_range(bbox.west_deg, 180.0)
        && in_range(bbox.east_deg, 180.0)
        && in_range(bbox.south_deg, 90.0)
        && in_range(bbox.north_deg, 90.0);
    if is_in_world { Ok(bbox) } else { Err(wrong("leaves the world of 180 and 90 degrees")) }
}

pub fn geometry_error(package: &OpenPackage) -> impl Fn(crate::geometry::GeometryFault) -> PackageError {
    let path = package.package().path.clone();
    move |source| PackageError::Geometry { path: path.clone(), source }
}

async fn items_json(
    app: &super::App,
    ask: &Ask,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: ItemsRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let (mut body, facts) = app
        .pool
        .read(permit, &layer.package, limits::QUERY_TIME, move |package| {
            let mut body = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
            let mut writer = FeatureWriter::default();
            let fault = geometry_error(package);
            let mut is_first = true;
            let facts = query::page(package, &query, |row| {
                if !std::mem::take(&mut is_first) {
                    body.push(b',');
                }
                writer.feature(row, &mut body).map_err(&fault)
            })?;
            Ok((body, facts))
        })
        .await?;
    let mut links = vec![
        link(format!("{}{}", ask.base, ask.path_and_query), "self", GEOJSON, "This document"),
        link(
            request.address(ask, layer, &[("f", "html".to_owned())]),
            "alternate",
            "text/html",
            "These features as a table",
        ),
        link(format!("{}/collections/{}", ask.base, layer.record.id), "collection", "application/json", "The layer"),
    ];
    if let Some(next) = request.next(ask, layer, &facts) {
        links.push(link(next, "next", GEOJSON, "Next page"));
    }
    if let Some(previous) = request.previous(ask, layer) {
        links.push(link(previous, "prev", GEOJSON, "Previous page"));
    }
    let mut end = json!({
        "numberReturned": facts.returned,
        "timeStamp": layer.record.published,
        "links": links,
    });
    if let Some(matched) = facts.matched {
        end["numberMatched"] = matched.into();
    }
    body.extend_from_slice(b"],");
    body.extend_from_slice(&end.to_string().as_bytes()[1..]);
    Ok(Answer::new(GEOJSON, body).with_header("content-crs", CONTENT_CRS.to_owned()))
}

async fn items_page(
    app: &super::App,
    ask: &Ask,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: ItemsRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let (features, facts) = app
        .pool
        .read(permit, &layer.package, limits::QUERY_TIME, move |package| {
            let mut features = Vec::new();
            let fault = geometry_error(package);
            let facts = query::page(package, &query, |row| {
                features.push(view(row).map_err(&fault)?);
                Ok(())
            })?;
            Ok((features, facts))
        })
        .await?;
    let as_html = |address: String| format!("{address}{}f=html", if address.contains('?') { '&' } else { '?' });
    let items = ItemsView {
        features,
        number_matched: facts.matched,
        first: request.first(),
        next: request.next(ask, layer, &facts).map(as_html),
        previous: request.previous(ask, layer).map(as_html),
        beginning: matches!(request.query.start, Start::After(_)).then(|| as_html(request.address(ask, layer, &[]))),
        filters: request.repeated,
    };
    Ok(Answer::html(pages::items(&ask.frame(), &layer.record, &items)).in_language(ask.language))
}

/// A row for a page, or for a name on a map.
pub fn view(row: &Row<'_>) -> Result<FeatureView, crate::geometry::GeometryFault> {
    let shape = match row.geometry() {
        Some(bytes) => {
            let mut shape = crate::geometry::Shape::default();
            shape.read_wkb(crate::geometry::blob::parse(bytes)?.wkb)?;
            Some(shape)
        }
        None => None,
    };
    let point = shape.as_ref().and_then(crate::geometry::Shape::representative_point);
    Ok(FeatureView {
        id: row.id(),
        values: row.values(),
        point,
        hk1980: point.and_then(|(lon, lat)| crate::crs::to_hk1980_grid(lon, lat)),
        bbox: shape.map(|shape| shape.bbox()).filter(|bbox| !bbox.is_empty()),
    })
}

pub async fn feature(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    let wanted = Wanted::take(&mut context.parameters)?;
    context.finish_parameters("revision, as-at, f, lang")?;
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let absent = Problem::not_found(format!(
        "{} has no feature \"{}\"; /collections/{}/items lists the features",
        layer.record.id,
        cut(context.place("feature")),
        layer.record.id
    ));
    let Ok(id) = context.place("feature").parse() else { return Err(absent) };
    let ask = &context.ask;
    if ask.wants_html {
        let view = context
            .app
            .pool
            .read(&permit, &layer.package, limits::QUERY_TIME, move |package| {
                let mut found = None;
                let fault = geometry_error(package);
                query::one(package, id, |row| {
                    found = Some(view(row).map_err(&fault)?);
                    Ok(())
                })?;
                Ok(found)
            })
            .await?
            .ok_or(absent)?;
        return Ok(Arc::new(
            Answer::html(pages::feature(&ask.frame(), &layer.record, &view)).in_language(ask.language),
        ));
    }
    let mut body = context
        .app
        .pool
        .read(&permit, &layer.package, limits::QUERY_TIME, move |package| {
            let mut body = Vec::new();
            let fault = geometry_error(package);
            let found =
                query::one(package, id, |row| FeatureWriter::default().open_feature(row, &mut body).map_err(&fault))?;
            Ok(found.then_some(body))
        })
        .await?
        .ok_or(absent)?;
    let here = format!("{}/collections/{}", ask.base, layer.record.id);
    let mut links: Vec<Value> = self_links(&format!("{here}/items/{id}"), GEOJSON);
    links.push(link(here, "collection", "application/json", "The layer"));
    body.extend_from_slice(b",\"links\":");
    body.extend_from_slice(Value::Array(links).to_string().as_bytes());
    body.push(b'}');
    Ok(Arc::new(Answer::new(GEOJSON, body).with_header("content-crs", CONTENT_CRS.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_or_refused_with_the_reason() {
        for good in ["113.8,22.1,114.5,22.6", "177,65,-177,70", "-180,-90,180,90", "1,2,0,3,4,9"] {
            assert!(parse_bbox(good).is_ok(), "{good}");
        }
        for (bad, part) in [
            ("1,2,3", "3 numbers"),
            ("1,2,3,4,5", "5 numbers"),
            ("a,2,3,4", "not a number"),
            ("NaN,2,3,4", "not a number"),
            ("1,5,3,4", "south above"),
            ("1,2,3,91", "leaves the world"),
            ("", "not a number"),
        ] {
            assert!(parse_bbox(bad).unwrap_err().detail.contains(part), "{bad}");
        }
    }

    #[test]
    fn limits_are_lowered_but_never_guessed() {
        assert_eq!(limit("5").unwrap(), 5);
        assert_eq!(limit("999999999999999999999999").unwrap(), limits::PAGE_FEATURES_MAX);
        for bad in ["0", "-1", "10;drop", "unlimited", "", "1e3"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        assert_eq!(offset("1000000000000").unwrap(), 1_000_000_000_000);
    }
}
