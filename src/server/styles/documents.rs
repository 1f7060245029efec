//! The list of styles and what there is to know of each, OGC API Styles 20-009 §7.4.

use serde_json::{Map, Value as Json, json};

use super::{CATALOGUE, GROUND, MEDIA_TYPE, catalogue};
use crate::access::Action;
use crate::base::geometry_kind::Dimension;
use crate::base::{GeometryKind, Language};
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::Listing;
use crate::server::landing::{json_or_twin, link, self_links, title};
use crate::server::routes::{Context, Reply};
use crate::server::schemas::json_type;
use crate::styles as room;

pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let wholes = [CATALOGUE, GROUND].map(|id| entry(&ask.base, id, whole_title(id, ask.language), None));
    let visible = context.app.visible(&snapshot);
    let drawn = visible.iter().filter(|layer| layer.record.schema.geometry != GeometryKind::None);
    let layers = drawn.map(|layer| {
        let record = &layer.record;
        entry(&ask.base, record.id.as_str(), record.title.get(ask.language), Some(record))
    });
    let document = json!({
        "default": CATALOGUE,
        "styles": wholes.into_iter().chain(layers).collect::<Vec<_>>(),
        "links": self_links(&format!("{}/styles", ask.base), "application/json"),
    });
    Ok(json_or_twin(&context, &document, "Styles"))
}

fn whole_title(id: &str, language: Language) -> &'static str {
    match (id, language) {
        (CATALOGUE, _) => title(language),
        (_, Language::En) => "Base map",
        (_, Language::ZhHant) => "底圖",
        (_, Language::ZhHans) => "底图",
    }
}

fn entry(base: &str, id: &str, title: &str, record: Option<&LayerRecord>) -> Json {
    let here = format!("{base}/styles/{id}");
    let mut links = vec![
        stylesheet(&here),
        link(format!("{here}/metadata"), "describedby", "application/json", "What there is to know of the style"),
    ];
    links.extend(record.and_then(|record| preview(base, record)));
    json!({ "id": id, "title": title, "links": links })
}

fn stylesheet(here: &str) -> Json {
    link(here.to_owned(), "stylesheet", MEDIA_TYPE, "MapLibre style")
}

fn preview(base: &str, record: &LayerRecord) -> Option<Json> {
    let address = Listing { record, base, downloads: &[] }.thumbnail()?;
    Some(link(address, "preview", "image/png", "Thumbnail"))
}

/// `/styles/{style}/metadata`.
pub async fn metadata(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let (ask, id) = (&context.ask, context.place("style"));
    let (base, language) = (&ask.base, ask.language);
    let here = format!("{base}/styles/{id}");
    let mut links = self_links(&format!("{here}/metadata"), "application/json");
    let mut document = json!({
        "id": id,
        "scope": "style",
        "stylesheets": [{
            "title": "MapLibre style",
            "version": "8",
            "specification": "https://maplibre.org/maplibre-style-spec/",
            "native": true,
            "link": stylesheet(&here),
        }],
    });
    if id == CATALOGUE || id == GROUND {
        let layers = match id {
            CATALOGUE => catalogue::open_layers(&context.app, &context.app.snapshot()),
            _ => Vec::new(),
        };
        document["title"] = whole_title(id, language).into();
        document["layers"] = layers.iter().map(|layer| drawn_layer(&layer.record, base, language, None)).collect();
    } else {
        let snapshot = context.app.snapshot();
        let (layer, _) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
        let record = &layer.record;
        let style = room::chosen(&layer.style, record, language, 0);
        document["title"] = record.title.get(language).into();
        document["description"] = record.abstract_text.get(language).into();
        document["keywords"] = record.keywords.get(language).to_vec().into();
        document["pointOfContact"] = record.department.name.get(language).into();
        document["license"] = record.licence.title.get(language).into();
        document["updated"] = record.published.to_string().into();
        document["version"] = record.revision.as_str().into();
        document["layers"] = json!([drawn_layer(record, base, language, Some(&style))]);
        links.extend(preview(base, record));
        links.push(link(format!("{base}/legends/{id}.svg"), "related", "image/svg+xml", "Legend"));
    }
    document["links"] = links.into();
    let title = document["title"].as_str().unwrap_or_default().to_owned();
    Ok(json_or_twin(&context, &document, &title))
}

/// One layer of a style, with the fields that its style asks for where that is given.
fn drawn_layer(record: &LayerRecord, base: &str, language: Language, style: Option<&Json>) -> Json {
    let geometry = match record.schema.geometry.dimension() {
        Dimension::Points => "points",
        Dimension::Lines => "lines",
        Dimension::Areas => "polygons",
        Dimension::Mixed | Dimension::None => "any",
    };
    let items = format!("{base}/collections/{}/items", record.id);
    let mut layer = json!({
        "id": record.id,
        "description": record.title.get(language),
        "dataType": "vector",
        "geometryType": geometry,
        "sampleData": link(items, "start", "application/geo+json", "Features"),
    });
    if let Some(style) = style {
        let fields = room::fields_of_style(style);
        let known = fields.iter().filter_map(|name| record.schema.field(name));
        let properties: Map<_, _> = known.map(|field| (field.name.clone(), json_type(field.kind))).collect();
        layer["propertiesSchema"] = properties.into();
    }
    layer
}
