//! `/` and `/conformance`, OGC 17-069r4 §7.2 and §7.4.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::pages;
use super::routes::{Context, Reply};
use crate::base::Language;
use crate::catalogue::faces::records;

/// What this server conforms to, nothing that it does not.
pub const CONFORMANCE: [&str; 40] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/returnables-and-receivables",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/sortables",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/array-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/property-property",
    "http://www.opengis.net/spec/cql2/1.0/conf/functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/arithmetic",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/collections-selection",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/datetime",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-styles-1/1.0/conf/core",
];

/// A link of a JSON document.
pub fn link(href: String, rel: &str, media_type: &str, title: &str) -> Value {
    json!({ "href": href, "rel": rel, "type": media_type, "title": title })
}

/// The page itself and its twin in the other form.
pub fn self_links(href: &str, media_type: &str) -> Vec<Value> {
    let joiner = if href.contains('?') { '&' } else { '?' };
    vec![
        link(href.to_owned(), "self", media_type, "This document"),
        link(format!("{href}{joiner}f=html"), "alternate", "text/html", "This document as a page"),
    ]
}

pub async fn home(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    if ask.wants_html {
        let layers = context.app.catalogued(&snapshot);
        // The page has a picture of them where there are any.
        let districts = context.app.districts(&snapshot).await.ok();
        let page = pages::home(&ask.frame(), &layers, &snapshot.index, districts.as_deref());
        return Ok(Arc::new(Answer::html(page).in_language(ask.language)));
    }
    let base = &ask.base;
    let mut links = self_links(&format!("{base}/"), "application/json");
    links.extend([
        link(format!("{base}/api"), "service-desc", super::openapi::MEDIA_TYPE, "The API definition"),
        link(format!("{base}/api.html"), "service-doc", "text/html", "A page to try the API"),
        link(format!("{base}/conformance"), "conformance", "application/json", "Conformance classes"),
        link(format!("{base}/collections"), "data", "application/json", "Layers"),
        link(
            format!("{base}/collections/catalogue"),
            "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog",
            "application/json",
            "The layer catalogue",
        ),
        link(
            format!("{base}/tiles"),
            "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector",
            "application/json",
            "Tile sets of several layers together",
        ),
        link(
            format!("{base}/tileMatrixSets"),
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            "application/json",
            "Grids",
        ),
        link(
            format!("{base}/functions"),
            "http://www.opengis.net/def/rel/ogc/1.0/functions",
            "application/json",
            "Functions of filters",
        ),
        link(format!("{base}/styles"), "http://www.opengis.net/def/rel/ogc/1.0/styles", "application/json", "Styles"),
        link(format!("{base}/dcat.ttl"), "alternate", "text/turtle", "The catalogue as DCAT"),
        link(format!("{base}/stac"), "related", "application/json", "The catalogue as STAC"),
        link(
            format!("{base}/csw?service=CSW&request=GetCapabilities"),
            "related",
            "application/xml",
            "The catalogue by CSW",
        ),
        link(
            format!("{base}/ckan/api/3/action/package_list"),
            "related",
            "application/json",
            "The catalogue by CKAN's actions",
        ),
        link(format!("{base}/feed.atom"), "related", "application/atom+xml", "Publications and changes"),
    ]);
    let document = json!({
        "title": title(ask.language),
        "description": description(ask.language),
        "links": links,
    });
    Ok(Arc::new(Answer::json(&document).in_language(ask.language)))
}

pub fn title(language: Language) -> &'static str {
    match language {
        Language::En => "Causeway: Hong Kong’s spatial data",
        Language::ZhHant => "Causeway：香港空間數據",
        Language::ZhHans => "Causeway：香港空间数据",
    }
}

fn description(language: Language) -> &'static str {
    match language {
        Language::En => "Layers of Hong Kong’s departments as features, vector tiles and a catalogue.",
        Language::ZhHant => "香港各部門的圖層：地理要素、向量圖磚及目錄。",
        Language::ZhHans => "香港各部门的图层：地理要素、矢量图砖及目录。",
    }
}

pub async fn conformance(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let href = format!("{}/conformance", context.ask.base);
    let document = json!({
        "conformsTo": CONFORMANCE.iter().map(|class| (*class).to_owned()).chain(records::conformance()).collect::<Vec<_>>(),
        "links": self_links(&href, "application/json"),
    });
    Ok(json_or_twin(&context, &document, "Conformance"))
}

/// A JSON document, or its generic page for a browser.
pub fn json_or_twin(context: &Context, document: &Value, title: &str) -> Arc<Answer> {
    let ask = &context.ask;
    Arc::new(match ask.wants_html {
        true => Answer::html(pages::json_twin(&ask.frame(), title, document)).in_language(ask.language),
        false => Answer::json(document).in_language(ask.language),
    })
}
