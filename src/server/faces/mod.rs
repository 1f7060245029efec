//! The addresses of the catalogue's other faces. Each handler reads its request, and hands records
//! to a function of `catalogue::faces`; documents over the whole catalogue are made once for each
//! set of revisions.

mod ckan;
mod csw;
mod dcat;
mod documents;
mod post;

use std::sync::Arc;

use axum::Router;

use super::answer::Answer;
use super::fault::Absent;
use super::problem::Problem;
use super::routes::{Context, Reply, get};
use super::snapshot::Snapshot;
use super::state::App;
use crate::base::Language;
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::Listing;

/// Every address of a face.
pub fn routes() -> Router<Arc<App>> {
    let mut router = Router::new()
        .route("/dcat", get(dcat::negotiated))
        .route("/dcat.ttl", get(dcat::turtle))
        .route("/dcat.rdf", get(dcat::rdf_xml))
        .route("/dcat.jsonld", get(dcat::json_ld))
        .route("/dcat/{file}", get(dcat::one))
        .route("/data.json", get(documents::data_json))
        .route("/iso/{file}", get(documents::iso))
        .route("/waf", get(documents::to_folder))
        .route("/waf/", get(documents::folder))
        .route("/waf/{file}", get(documents::iso))
        .route("/catalogue.json", get(documents::crawlable))
        .route("/stac", get(documents::stac))
        .route("/stac/{layer}", get(documents::stac_collection))
        .route("/feed.atom", get(documents::feed))
        .route("/sitemap.xml", get(documents::sitemap))
        .route("/robots.txt", get(documents::robots))
        .route("/collections/{layer}/dictionary", get(documents::dictionary))
        .route("/csw", post::any(|ask| csw::answer(ask, None)))
        .route("/tc/csw", post::any(|ask| csw::answer(ask, Some(Language::ZhHant))))
        .route("/sc/csw", post::any(|ask| csw::answer(ask, Some(Language::ZhHans))));
    for (root, language) in [
        ("/ckan", None),
        ("/en-data", Some(Language::En)),
        ("/tc-data", Some(Language::ZhHant)),
        ("/sc-data", Some(Language::ZhHans)),
    ] {
        for path in ["/api/3/action/{action}", "/api/action/{action}"] {
            router = router.route(&format!("{root}{path}"), post::any(move |ask| ckan::answer(ask, language)));
        }
    }
    router
}

/// A record of the catalogue with its files and the address that this request shows.
pub(super) fn listing<'a>(snapshot: &'a Snapshot, record: &'a LayerRecord, base: &'a str) -> Listing<'a> {
    Listing { record, base, downloads: snapshot.layer(&record.id).map_or(&[], |layer| layer.files()) }
}

/// Everything that the public finds, in order of id.
pub(super) fn listings<'a>(snapshot: &'a Snapshot, base: &'a str) -> Vec<Listing<'a>> {
    snapshot.index.records().iter().map(|record| listing(snapshot, record, base)).collect()
}

/// The record of this id that the public finds.
fn find<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Arc<LayerRecord>, Problem> {
    snapshot
        .index
        .records()
        .iter()
        .find(|record| record.id.as_str() == id)
        .ok_or_else(|| snapshot.absent(id, || Absent::Record { id: id.to_owned() }.into()))
}

/// A document over the whole catalogue, made once for these revisions, base, language and `face`,
/// which names it with whatever parameters it depends on. Making it may take long, so a thread of
/// its own does.
async fn made_once<F>(app: &App, key: String, make: F) -> Reply
where
    F: FnOnce(&Snapshot) -> Result<Answer, Problem> + Send + 'static,
{
    let snapshot = app.snapshot();
    let key = format!("{key}|{}", snapshot.digest);
    app.cache
        .get_or_make(key, async move {
            tokio::task::spawn_blocking(move || make(&snapshot))
                .await
                .unwrap_or_else(|_| Err(Problem::internal("the document could not be made")))
        })
        .await
}

/// As [`made_once`], for a handler of a plain address.
async fn whole<F>(context: &Context, face: &str, make: F) -> Reply
where
    F: FnOnce(&[Listing<'_>], Language) -> Answer + Send + 'static,
{
    let (base, language) = (context.ask.base.clone(), context.ask.language);
    let key = format!("face|{face}|{}|{base}", language.tag());
    made_once(&context.app, key, move |snapshot| Ok(make(&listings(snapshot, &base), language))).await
}
