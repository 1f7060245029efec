//! `/collections/{layer}/extracts` and `/extracts/{id}`: a part of a layer as a file, made in its own
//! time. A request is a job with an address that nobody can guess, where it is asked how far it is and
//! where its file is until it expires.
//!
//! `request` reads what is wanted, `jobs` keeps the jobs within their limits, `job` is one of them,
//! `make` cuts the part out and has the file written, `document` says how a job stands.

mod document;
mod job;
mod jobs;
mod make;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use super::answer::Answer;
use super::callers::{self, CallerAddress};
use super::downloads;
use super::fault::Absent;
use super::items_request::SHOWING;
use super::pages;
use super::posted;
use super::problem::Problem;
use super::request::{Ask, Parameters, encode};
use super::revisions::Wanted;
use super::routes::{self, Context, Reply, ask_of, refuse_all_but_post, refuse_method, respond};
use super::state::App;
use super::streams::Source;
use crate::access::Action;
use crate::base::ids::cut;
use crate::base::{LayerId, limits};
use crate::query;
use job::{Job, State as JobState};
use request::ExtractRequest;

pub use jobs::{ExtractSettings, Extracts};

pub fn routes() -> Router<Arc<App>> {
    let of_a_job = async |State(app): State<Arc<App>>, request: Request| {
        refuse_method(&app, &request, "GET, HEAD, POST and DELETE")
    };
    Router::new()
        .route("/collections/{layer}/extracts", routes::get(offer).post(ask_for).fallback(refuse_all_but_post))
        .route("/extracts/{id}", get(status).delete(end).post(end_by_form).fallback(of_a_job))
        .route("/extracts/{id}/{file}", get(send))
}

/// The form that asks for a file of what an address of items chooses; `None` where none are made.
pub fn form_path(app: &App, layer: &LayerId, chosen: &[(String, String)]) -> Option<String> {
    app.extracts.folder().ok()?;
    // The form asks for the system with the format.
    let is_kept = |name: &str| name != "crs" && !SHOWING.contains(&name);
    let kept = chosen.iter().filter(|(name, _)| is_kept(name));
    let pairs: String = kept.map(|(name, value)| format!("&{}={}", encode(name), encode(value))).collect();
    Some(format!("/collections/{layer}/extracts?f=html{pairs}"))
}

fn place<'a>(raw: &'a RawPathParams, name: &str) -> &'a str {
    raw.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

/// What can be asked for, and for people the form to ask. What the address has of a request already
/// is looked at and stands in the form.
async fn offer(mut context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    context.app.extracts.folder()?;
    context.parameters.take("f").map_or(Ok(()), |form| match form.as_str() {
        "json" | "html" => Ok(()),
        other => Err(Problem::bad_request(format!(
            "f=\"{}\" is not offered here; accepted are json and html; POST makes files",
            cut(other)
        ))),
    })?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let parameters = std::mem::take(&mut context.parameters);
    let asked = ExtractRequest::read(parameters, &layer, &wanted, &context.ask, &context.app.extracts)?;
    let kinds = context.app.extracts.kinds(&layer.record, &asked.items.selection);
    let ask = &context.ask;
    if !ask.wants_html {
        let answer = Answer::json(&document::offer(&layer, &kinds, &context.app.extracts, &ask.base));
        return Ok(Arc::new(answer.in_language(ask.language)));
    }
    let query = query::FeatureQuery { limit: 1, ..asked.items.query };
    let count = move |package: &_| Ok(query::page(package, &query, |_| Ok(()))?.matched);
    let matched = context.app.pool.read(&permit, &layer.package, limits::QUERY_TIME, count).await?;
    let page = pages::extract_form(&ask.frame(), &layer.record, &kinds, &asked.items.repeated, matched);
    Ok(Arc::new(Answer::html(page).in_language(ask.language)))
}

async fn ask_for(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let caller = callers::caller(request.extensions(), request.headers(), &app.proxies);
    let parameters = posted::form(request).await;
    respond(&ask, accept(app, &ask, place(&raw, "layer"), caller, parameters).await)
}

async fn accept(
    app: Arc<App>,
    ask: &Ask,
    layer: &str,
    caller: CallerAddress,
    parameters: Result<Parameters, Problem>,
) -> Reply {
    let snapshot = app.snapshot();
    let (current, permit) = app.permitted(&snapshot, layer, Action::ReadFeatures)?;
    app.extracts.folder()?;
    let mut parameters = parameters?;
    if ask.wants_html {
        // A form sends what was left empty too.
        parameters.drop_empty();
    }
    let wanted = Wanted::take(&mut parameters)?;
    let layer = app.wanted(&current, &wanted).await?;
    let asked = ExtractRequest::read(parameters, &layer, &wanted, ask, &app.extracts)?;
    let job = app.extracts.admit(caller, &layer.record, permit.audience(), &asked)?;
    let source = Source { app: Arc::clone(&app), layer, permit, query: asked.items.query };
    tokio::spawn(make::run(Arc::clone(&job), source, asked.items.selection));
    let address = job.address(&ask.base);
    let answer = match ask.wants_html {
        true => Answer::see_other(format!("{address}?f=html&lang={}", ask.language.tag())),
        false => {
            let document = document::status(&job, &ask.base);
            Answer::json(&document).with_status(StatusCode::CREATED).of_this_moment().with_header("location", address)
        }
    };
    Ok(Arc::new(answer))
}

/// The job, if who asks may read its layer at this moment and is answered as its maker was.
fn found(app: &App, id: &str) -> Result<Arc<Job>, Problem> {
    let absent = || Problem::from(Absent::Extract { id: id.to_owned() });
    let job = id.parse().ok().and_then(|id| app.extracts.find(id)).ok_or_else(absent)?;
    let (_, permit) = app.permitted(&app.snapshot(), job.record.id.as_str(), Action::ReadFiles)?;
    match *permit.audience() == job.audience {
        true => Ok(job),
        false => Err(absent()),
    }
}

async fn status(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let parameters = Parameters::parse(request.uri().query());
    let told = || {
        let mut parameters = parameters?;
        parameters.take_common(&["json", "html"])?;
        parameters.finish("f, lang")?;
        let job = found(&app, place(&raw, "id"))?;
        Ok(Arc::new(told(&ask, &job)))
    };
    respond(&ask, told())
}

fn told(ask: &Ask, job: &Job) -> Answer {
    let answer = match ask.wants_html {
        true => Answer::html(pages::extract(&ask.frame(), &document::view(job, &ask.base, ask.language))),
        false => Answer::json(&document::status(job, &ask.base)),
    };
    let answer = answer.of_this_moment().in_language(ask.language);
    match job.state().ask_again_s() {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}

/// Ends a job, or removes its file; the answer is the last that is heard of it.
async fn end(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let ended = found(&app, place(&raw, "id")).map(|job| {
        app.extracts.end(&job);
        Arc::new(Answer::json(&document::dismissed(&job, &ask.base)).of_this_moment())
    });
    respond(&ask, ended)
}

/// The same for a page without scripts, which then shows the form again.
async fn end_by_form(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let ended = found(&app, place(&raw, "id")).map(|job| {
        app.extracts.end(&job);
        let form = format!("{}/collections/{}/extracts?f=html&lang={}", ask.base, job.record.id, ask.language.tag());
        Arc::new(Answer::see_other(form))
    });
    respond(&ask, ended)
}

async fn send(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let sent = file(&app, place(&raw, "id"), place(&raw, "file"), request.method(), request.headers()).await;
    sent.unwrap_or_else(|problem| respond(&ask, Err(problem)))
}

async fn file(app: &App, id: &str, file: &str, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
    let job = found(app, id)?;
    let made = match job.state() {
        JobState::Successful { file: made, .. } if made.name == file => made,
        JobState::Successful { file: made, .. } => {
            return Err(Problem::not_found(format!("the extract {id} has one file, {}", made.name)));
        }
        _ => {
            return Err(Problem::not_found(format!("the extract {id} has no file; /extracts/{id} says how it stands")));
        }
    };
    let mut response = downloads::respond(&job.file_path(&made.name), &made, method, headers).await?;
    // It is one caller's, and gone when it expires.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}
