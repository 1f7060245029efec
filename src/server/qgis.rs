//! QGIS in one step: a layer with its style as `/qgis/{layer}.qlr`, and the connections of the whole
//! server as the XML that QGIS loads in its dialogs.

use std::sync::Arc;

use axum::Router;

use super::answer::Answer;
use super::problem::Problem;
use super::routes::{Context, Reply, get};
use super::state::App;
use super::styles::finished;
use crate::access::Action;
use crate::base::xml_writer::XmlWriter;
use crate::base::{GeometryKind, limits};
use crate::catalogue::faces::title;
use crate::styles::layer_definition;

/// As Qt's own programs send it.
const QLR: &str = "application/x-qgis-layer-definition";
const XML: &str = "application/xml; charset=utf-8";

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/qgis/connections.xml", get(feature_connections))
        .route("/qgis/vector-tiles.xml", get(tile_connections))
        .route("/qgis/{file}", get(layer))
}

async fn layer(mut context: Context) -> Reply {
    context.parameters.take_common(&[])?;
    context.finish_parameters("lang")?;
    let file = context.place("file");
    let id = file.strip_suffix(".qlr").ok_or_else(|| {
        Problem::not_found(format!(
            "there is no \"{}\" for QGIS; there are connections.xml, vector-tiles.xml and <layer>.qlr",
            crate::base::ids::cut(file)
        ))
    })?;
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
    let ask = &context.ask;
    let document = layer_definition(&finished(&layer, ask, 0), &layer.record, &ask.base, ask.language);
    let answer = Answer::new(QLR, document.into_bytes()).in_language(ask.language);
    Ok(Arc::new(as_file(answer, file)))
}

fn as_file(answer: Answer, name: &str) -> Answer {
    answer.with_header("content-disposition", format!("attachment; filename=\"{name}\""))
}

/// One connection that holds every layer: OGC API Features.
async fn feature_connections(mut context: Context) -> Reply {
    context.parameters.take_common(&[])?;
    context.finish_parameters("lang")?;
    let ask = &context.ask;
    let page = limits::PAGE_FEATURES_DEFAULT.to_string();
    let mut xml = XmlWriter::document();
    xml.element("qgsWFSConnections", &[("version", "1.1")], |xml| {
        let connection = [
            ("name", title(ask.language)),
            ("url", &format!("{}/", ask.base)),
            ("version", "OGC_API_FEATURES"),
            ("pagingenabled", "true"),
            ("pagesize", &page),
        ];
        xml.leaf("wfs", &connection, "");
    });
    Ok(Arc::new(as_file(Answer::new(XML, xml.finish_text().into_bytes()), "connections.xml")))
}

/// One connection for each layer that has tiles, with its style: QGIS knows no list of them.
async fn tile_connections(mut context: Context) -> Reply {
    context.parameters.take_common(&[])?;
    context.finish_parameters("lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let deepest = limits::ZOOM_MAX.to_string();
    let mut xml = XmlWriter::document();
    xml.element("qgsVectorTileConnections", &[("version", "1.0")], |xml| {
        for layer in context.app.catalogued(&snapshot) {
            let record = &layer.record;
            if record.schema.geometry == GeometryKind::None {
                continue;
            }
            let connection = [
                ("name", record.title.get(ask.language)),
                ("url", &format!("{}/xyz/{}/{{z}}/{{x}}/{{y}}.pbf", ask.base, record.id)),
                ("zmin", "0"),
                ("zmax", &deepest),
                ("styleUrl", &format!("{}/styles/{}", ask.base, record.id)),
            ];
            xml.leaf("vectortile", &connection, "");
        }
    });
    Ok(Arc::new(as_file(Answer::new(XML, xml.finish_text().into_bytes()), "vector-tiles.xml")))
}
