//! What HTTP itself asks of every address, methods, forms and lengths, and the classes of schemas that are claimed.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;
use support::{Server, Workspace, header};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("protocol");
    for place in ["lcsd/libraries", "had/districts-18"] {
        workspace.take_from_tree(place);
    }
    workspace.ingest();
    workspace
});

fn server() -> Server {
    WORKSPACE.serve()
}

/// The refusal, the preflight and the sentence name the same, and what they name is taken.
#[test]
fn other_methods_are_answered_with_what_is_offered() {
    let server = server();
    for (path, allowed, sentence) in [
        ("/collections", "GET, HEAD, OPTIONS", "GET and HEAD"),
        ("/collections/lcsd-libraries/items", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/wfs", "GET, HEAD, OPTIONS", "GET and HEAD"),
        ("/csw", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/ckan/api/3/action/package_list", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/esri/rest/services", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/esri/rest/services/lcsd-libraries/FeatureServer/0/query", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/collections/lcsd-libraries/extracts", "GET, HEAD, POST, OPTIONS", "GET, HEAD and POST"),
        ("/extracts/00", "GET, HEAD, DELETE, POST, OPTIONS", "GET, HEAD, POST and DELETE"),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let response = server.request(method.clone(), path).send().unwrap();
            if allowed.contains(method.as_str()) {
                assert_ne!(response.status(), 405, "{method} {path}");
                continue;
            }
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(header(&response, "allow"), allowed, "{method} {path}");
            let text = response.text().unwrap();
            assert!(text.contains(&format!("{method} is not offered here; {sentence} are")), "{path}: {text}");
        }
        let asks = server.request(Method::OPTIONS, path).header("origin", "https://map.example");
        let preflight = asks.header("access-control-request-method", "POST").send().unwrap();
        assert_eq!(preflight.status(), 200, "{path}");
        assert_eq!(header(&preflight, "allow"), allowed, "{path}");
        assert_eq!(header(&preflight, "access-control-allow-methods"), allowed, "{path}");
    }
}

/// What is sent as it is made has no length yet, and so HEAD gives none instead of a wrong one.
#[test]
fn head_is_get_without_its_body() {
    let server = server();
    for path in [
        "/",
        "/collections/lcsd-libraries/items",
        "/collections/lcsd-libraries/items?f=csv",
        "/collections/lcsd-libraries/items?f=ndjson&limit=3",
        "/collections/lcsd-libraries/items?bbox=1",
        "/collections/nothing",
    ] {
        let [get, head] = [Method::GET, Method::HEAD].map(|method| server.request(method, path).send().unwrap());
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control", "vary", "link", "content-crs"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{name} of {path}");
        }
        assert!(head.text().unwrap().is_empty());
    }
}

/// Names of media types and encodings are the same in any case, and an escaped letter is that letter.
#[test]
fn a_form_is_chosen_however_it_is_spelled() {
    let server = server();
    let items = "/collections/lcsd-libraries/items";
    for (path, accept, media_type) in [
        (items.to_owned(), "Text/HTML", "text/html; charset=utf-8"),
        (items.to_owned(), "Text/CSV", "text/csv; charset=utf-8"),
        (items.to_owned(), "text/html;q=0, */*;q=0.1", "application/geo+json"),
        (format!("{items}?f=h%74ml"), "*/*", "text/html; charset=utf-8"),
    ] {
        let response = server.request(Method::GET, &path).header("accept", accept).send().unwrap();
        assert_eq!(header(&response, "content-type"), media_type, "{path} {accept}");
    }
}

/// Each class of Part 5 that is claimed holds for every collection, the catalogue too.
#[test]
fn schemas_keep_to_the_classes_that_are_claimed() {
    let server = server();
    let conformance = server.json("/conformance");
    let claimed = |class: &str| conformance["conformsTo"].as_array().unwrap().iter().any(|uri| uri == class);
    let classes = ["schemas", "returnables-and-receivables", "queryables", "sortables"];
    for class in classes {
        assert!(claimed(&format!("http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/{class}")), "{class}");
    }
    for collection in server.json("/collections")["collections"].as_array().unwrap() {
        for name in ["schema", "queryables", "sortables"] {
            let rel = format!("http://www.opengis.net/def/rel/ogc/1.0/{name}");
            let link = collection["links"].as_array().unwrap().iter().find(|link| link["rel"] == rel.as_str()).unwrap();
            let path = link["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap();
            let response =
                server.request(Method::GET, path).header("accept", "application/schema+json").send().unwrap();
            assert_eq!(header(&response, "content-type"), "application/schema+json", "{path}");
            let schema: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
            assert_eq!(schema["$id"], format!("{}{path}", server.base));
            assert_eq!(schema["type"], "object");
            for (field, property) in schema["properties"].as_object().unwrap() {
                let is_spatial = property["format"].as_str().is_some_and(|format| format.starts_with("geometry-"));
                assert_ne!(property.get("type").is_some(), is_spatial, "{field} of {path}");
                assert!(name != "sortables" || property["type"].is_string() && property["type"] != "array", "{path}");
            }
        }
    }
}
