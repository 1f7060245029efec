//! Every address, and the way from a handler's result to a response.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::MethodRouter;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use super::answer::Answer;
use super::dialects::esri::vector_tiles::{self, Folder};
use super::fault::Absent;
use super::problem::Problem;
use super::request::{Ask, Parameters};
use super::state::App;
use super::{
    aggregate, assets, catalogue, changes, collections, departments, dialects, downloads, elsewhere, extracts, faces,
    features, functions, health, landing, map, openapi, pictures, places, posted, qgis, refusals, schemas, styles,
    tiles,
};

/// What a handler works with.
pub struct Context {
    pub app: Arc<App>,
    pub ask: Arc<Ask>,
    pub parameters: Parameters,
    places: Vec<(String, String)>,
}

impl Context {
    /// Refuses parameters that the handler did not take.
    pub fn finish_parameters(&mut self, accepted: &str) -> Result<(), Problem> {
        std::mem::take(&mut self.parameters).finish(accepted)
    }

    /// A variable of the address; the router gives every handler those of its route.
    pub fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// What our pages may load and who may frame them: this server alone.
pub const CONTENT_POLICY: &str = "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; \
    style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'";

/// What a handler gives back.
pub type Reply = Result<Arc<Answer>, Problem>;

pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(landing::home))
        .route("/conformance", get(landing::conformance))
        .route("/api", get(openapi::document))
        .route("/api.html", get(openapi::page))
        .route("/functions", get(functions::list))
        .route("/departments", get(departments::guide))
        .route("/suggest", get(collections::suggest))
        .route("/places", get(places::places))
        .route("/elsewhere", get(elsewhere::list))
        .route("/collections", get(collections::list))
        .route("/collections/catalogue", get(catalogue::collection))
        .route("/collections/catalogue/items", get(catalogue::records))
        .route("/collections/catalogue/items/{record}", get(catalogue::record))
        .route("/collections/catalogue/queryables", get(catalogue::queryables))
        .route("/collections/catalogue/sortables", get(catalogue::sortables))
        .route("/collections/catalogue/schema", get(catalogue::returnables))
        .route("/collections/catalogue/facets", get(catalogue::facets))
        .route("/collections/{layer}", get(collections::one))
        .route("/collections/{layer}/queryables", get(schemas::queryables))
        .route("/collections/{layer}/aggregate", get(aggregate::aggregate))
        .route("/collections/{layer}/changes", get(changes::changes))
        .route("/collections/{layer}/sortables", get(schemas::sortables))
        .route("/collections/{layer}/schema", get(schemas::schema))
        .route("/collections/{layer}/items", items())
        .route("/collections/{layer}/items/{feature}", get(features::feature))
        .route("/collections/{layer}/tiles", get(tiles::list))
        .route("/collections/{layer}/tiles/{grid}", get(tiles::tileset))
        .route("/collections/{layer}/tiles/{grid}/{z}/{row}/{col}", get(tiles::ogc_tile))
        .route("/tiles", get(tiles::dataset_list))
        .route("/tiles/{grid}", get(tiles::dataset_tileset))
        .route("/tiles/{grid}/{z}/{row}/{col}", get(tiles::dataset_tile))
        .route("/tileMatrixSets", get(tiles::grids))
        .route("/tileMatrixSets/{grid}", get(tiles::grid))
        .route("/tilejson/{file}", get(tiles::tilejson))
        .route("/xyz/{layer}/metadata.json", get(tiles::gdal_metadata))
        .route("/xyz/{layer}/{z}/{x}/{file}", get(tiles::xyz_tile))
        .route("/esri/rest/services", esri(dialects::esri::services))
        .route("/esri/rest/services/{layer}/FeatureServer", esri(dialects::esri::service))
        .route("/esri/rest/services/{layer}/FeatureServer/{number}", esri(dialects::esri::layer))
        .route("/esri/rest/services/{layer}/FeatureServer/{number}/query", esri(dialects::esri::query))
        .merge(esri_tiles("/esri/rest/services/{layer}", Folder::Root))
        .merge(esri_tiles("/esri/rest/services/WebMercator/{layer}", Folder::Mercator))
        .route("/esri/rest/services/WebMercator", esri(vector_tiles::folder))
        .route("/wfs", get_dressed(dialects::wfs::answer, dialects::wfs::dress).fallback(wfs_by_another_method))
        .route("/wmts", get_dressed(dialects::wmts::answer, dialects::wmts::dress))
        .route("/wmts/1.0.0/WMTSCapabilities.xml", get_dressed(dialects::wmts::capabilities, dialects::wmts::dress))
        .route(
            "/wmts/{layer}/{style}/{grid}/{z}/{row}/{file}",
            get_dressed(dialects::wmts::resource, dialects::wmts::dress),
        )
        .route("/apim/dataquery/api", get(dialects::csdi::query))
        .route("/apim/dataquery/api/", get(dialects::csdi::query))
        .route("/map", get(map::map))
        .route("/map/{layer}/{z}/{x}/{file}", get(pictures::map_tile))
        .route("/fonts/{stack}/{file}", get(pictures::glyphs))
        .route("/sprites/{file}", get(pictures::sprite))
        .route("/sprites/{version}/{file}", get(pictures::sprite))
        .route("/legends/{file}", get(pictures::legend))
        .route("/fingerprints/{file}", get(pictures::fingerprint))
        .route("/thumbnails/{file}", get(pictures::thumbnail))
        .route("/styles", get(styles::list))
        .route("/styles/{style}", get(styles::one))
        .route("/styles/{style}/metadata", get(styles::metadata))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/assets/{*path}", get(assets::asset))
        .route("/favicon.ico", get(assets::icon))
        .merge(faces::routes())
        .merge(downloads::routes())
        .merge(extracts::routes())
        .merge(qgis::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // One service of many layers: of each layer that a router is given it makes a service of its own.
        .layer(
            ServiceBuilder::new()
                .layer(fixed("referrer-policy", "same-origin"))
                .layer(fixed("x-content-type-options", "nosniff"))
                .layer(SetResponseHeaderLayer::if_not_present(
                    header::CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static(CONTENT_POLICY),
                ))
                .layer(cross_origin())
                .layer(CatchPanicLayer::custom(PanicAnswer))
                .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), refusals::refuse)),
        )
        .with_state(app)
}

/// Every page of every host may ask.
fn cross_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers([
            HeaderName::from_static("content-crs"),
            header::LINK,
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::ACCEPT_RANGES,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            HeaderName::from_static("causeway-thinned"),
            HeaderName::from_static("causeway-complete"),
            HeaderName::from_static("ogc-numbermatched"),
            HeaderName::from_static("ogc-numberreturned"),
        ])
}

fn fixed(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// A route for GET and HEAD whose handler takes a [`Context`].
pub(super) fn get<H, F>(handler: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Context) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    get_dressed(handler, Problem::answer)
}

/// As [`get`], for those who answer problems in a shape of their own.
fn get_dressed<H, F>(handler: H, dress: fn(&Problem, &Ask) -> Answer) -> MethodRouter<Arc<App>>
where
    H: Fn(Context) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let responding = move |context: Context| {
        let ask = Arc::clone(&context.ask);
        let reply = handler(context);
        async move { reply.await.map(|answer| answer.respond(&ask)) }
    };
    get_responding(responding, dress)
}

/// As [`get_dressed`], for those whose bodies may be sent as they are made.
fn get_responding<H, F>(handler: H, dress: fn(&Problem, &Ask) -> Answer) -> MethodRouter<Arc<App>>
where
    H: Fn(Context) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    axum::routing::get(move |State(app): State<Arc<App>>, raw: RawPathParams, request: Request| {
        let (places, ask) = (places(&raw), Arc::new(ask_of(&app, &request)));
        let parameters = Parameters::parse(request.uri().query());
        let handler = handler.clone();
        async move {
            let reply = handle(handler, (app, places), &ask, parameters).await;
            reply.unwrap_or_else(|problem| dress(&problem, &ask).respond(&ask))
        }
    })
}

/// Features are asked for by POST too, with a filter that is too long for an address.
fn items() -> MethodRouter<Arc<App>> {
    let by_address = get_responding(features::items, Problem::answer).fallback(refuse_all_but_post);
    by_address.post(|State(app): State<Arc<App>>, raw: RawPathParams, request: Request| async move {
        let (places, ask) = (places(&raw), Arc::new(ask_of(&app, &request)));
        let parameters = posted::form_or_filter(request).await;
        let reply = handle(features::items, (app, places), &ask, parameters).await;
        reply.unwrap_or_else(|problem| problem.answer(&ask).respond(&ask))
    })
}

/// ArcGIS's clients send what is long by POST, as a form that says the same as an address.
fn esri<H, F>(handler: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Context) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let dress = dialects::esri::dress;
    let by_address = get_dressed(handler.clone(), dress).fallback(refuse_all_but_post);
    by_address.post(move |State(app): State<Arc<App>>, raw: RawPathParams, request: Request| {
        let (places, ask) = (places(&raw), Arc::new(ask_of(&app, &request)));
        let handler = handler.clone();
        async move {
            let parameters = posted::form(request).await;
            dressed(handle(handler, (app, places), &ask, parameters).await, &ask, dress)
        }
    })
}

fn places(raw: &RawPathParams) -> Vec<(String, String)> {
    raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn handle<H, F, T>(
    handler: H,
    (app, places): (Arc<App>, Vec<(String, String)>),
    ask: &Arc<Ask>,
    parameters: Result<Parameters, Problem>,
) -> Result<T, Problem>
where
    H: Fn(Context) -> F,
    F: Future<Output = Result<T, Problem>>,
{
    handler(Context { app, ask: Arc::clone(ask), parameters: parameters?, places }).await
}

fn dressed(reply: Reply, ask: &Ask, dress: fn(&Problem, &Ask) -> Answer) -> Response {
    match reply {
        Ok(answer) => answer.respond(ask),
        Err(problem) => dress(&problem, ask).respond(ask),
    }
}

/// The vector tile services of a folder. A tile that is not there is told by its status.
fn esri_tiles(layer: &str, folder: Folder) -> Router<Arc<App>> {
    let service = format!("{layer}/VectorTileServer");
    let style = || esri(move |context| vector_tiles::style(context, folder));
    Router::new()
        .route(&service, esri(move |context| vector_tiles::service(context, folder)))
        .route(&format!("{service}/tile/{{z}}/{{y}}/{{file}}"), get(move |context| vector_tiles::tile(context, folder)))
        .route(&format!("{service}/resources/styles"), style())
        .route(&format!("{service}/resources/styles/"), style())
        .route(&format!("{service}/resources/styles/root.json"), style())
}

pub(super) fn ask_of(app: &App, request: &Request) -> Ask {
    Ask::new(request.method().clone(), request.uri(), request.headers(), app.base_url.as_deref())
}

pub(super) fn respond(ask: &Ask, reply: Reply) -> Response {
    match reply {
        Ok(answer) => answer.respond(ask),
        Err(problem) => problem.answer(ask).respond(ask),
    }
}

async fn not_found(State(app): State<Arc<App>>, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    respond(&ask, Err(Absent::Address { path: request.uri().path().to_owned() }.into()))
}

async fn method_not_allowed(State(app): State<Arc<App>>, request: Request) -> Response {
    refuse_method(&app, &request, "GET and HEAD")
}

/// As [`method_not_allowed`], of addresses that are also sent forms or documents.
pub(super) async fn refuse_all_but_post(State(app): State<Arc<App>>, request: Request) -> Response {
    refuse_method(&app, &request, "GET, HEAD and POST")
}

/// The answer to a method that an address does not have: those that it has, in words; the router adds `Allow`.
pub(super) fn refuse_method(app: &App, request: &Request, offered: &str) -> Response {
    respond(&ask_of(app, request), Err(Problem::method_not_allowed(request.method().as_str(), offered)))
}

/// XML by POST is not read: what is offered of WFS is all to be had by key and value.
async fn wfs_by_another_method(State(app): State<Arc<App>>, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let problem = Problem::method_not_allowed(request.method().as_str(), "GET and HEAD");
    dialects::wfs::dress(&problem, &ask).respond(&ask)
}

/// What is known of a response only when the router and all its layers are done with it.
pub fn finished(mut response: Response) -> Response {
    name_methods(response.headers_mut());
    if response.status() == StatusCode::NO_CONTENT {
        // An answer without content has no length, RFC 9110 §8.6; the router gives one to HEAD.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// The router names the methods that a route has in `Allow`, without OPTIONS, which all have. Where a browser
/// asks what it may send from another site, they take the place of what any address of the server takes.
fn name_methods(headers: &mut HeaderMap) {
    let Some(methods) = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()) else { return };
    let methods: Vec<&str> = methods.split(',').map(str::trim).chain([Method::OPTIONS.as_str()]).collect();
    let Ok(methods) = HeaderValue::try_from(methods.join(", ")) else { return };
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    }
    headers.insert(header::ALLOW, methods);
}

#[derive(Clone, Copy)]
struct PanicAnswer;

impl tower_http::catch_panic::ResponseForPanic for PanicAnswer {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _: Box<dyn std::any::Any + Send>) -> axum::http::Response<Self::ResponseBody> {
        let ask = Ask::new(Method::GET, &Uri::from_static("/"), &Default::default(), None);
        respond(&ask, Err(Problem::internal("the server failed at this request; the operator's log says why")))
    }
}
