//! Styles, their sprites and the thumbnails that are drawn with them, as a server gives them; and every demand of OGC
//! API Styles, draft 20-009 of 2024, class core.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

#[path = "support/catalogue.rs"]
mod catalogue;
mod support;

use std::collections::BTreeSet;
use std::f64::consts::PI;
use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace, header};

const KINDS: &str = "epd-kinds";
const CLINICS: &str = "dh-clinics-made";
const MAPLIBRE: &str = "application/vnd.mapbox.style+json";

/// Points of three kinds and of none, points of one theme, a layer of the tree with a style made by hand, areas, and one
/// that nobody may read.
static PUBLISHED: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("styles");
    let mut kinds = "lon,lat,kind\n".to_owned();
    for (number, kind) in ["a", "b", "c", "a", "b", "a", ""].into_iter().enumerate() {
        let (lon_deg, lat_deg) = middle_of_pixel(number as u32);
        kinds += &format!("{lon_deg},{lat_deg},{kind}\n");
    }
    let category = "[display]\ncategory = { en = \"kind\", zh-Hant = \"kind\" }\n";
    workspace.define("epd/kinds", &[("kinds.csv", kinds.as_bytes())], category);
    let clinics = workspace.define("dh/clinics-made", &[("clinics.csv", b"lon,lat,name\n114.1,22.3,A\n")], "");
    rewrite(&clinics, &[("miscellaneous", "health")]);
    let secret = workspace.define("td/secret", &[("secret.csv", b"lon,lat\n114.1,22.3\n")], "");
    rewrite(&secret, &[("\"open\"", "\"restricted\"")]);
    workspace.take_from_tree("lcsd/libraries");
    workspace.take_from_tree("had/districts-18");
    workspace.define("epd/table", &[("no-place.csv", b"name,floor\nA,1\nB,2\n")], "geometry = \"none\"\n");
    workspace.ingest();
    workspace
});

fn rewrite(folder: &std::path::Path, words: &[(&str, &str)]) {
    let path = folder.join("layer.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, words.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1))).unwrap();
}

/// The picture at zoom 14 in which the points of kinds lie, one each 32 pixels of its middle row.
const PICTURE: (u32, u32) = (13_386, 7_146);

fn middle_of_pixel(number: u32) -> (f64, f64) {
    let world = f64::from(1 << 14);
    let x = (f64::from(PICTURE.0) + (f64::from(16 + 32 * number) + 0.5) / 256.0) / world;
    let y = (f64::from(PICTURE.1) + 128.5 / 256.0) / world;
    (x * 360.0 - 180.0, (PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees())
}

fn links<'a>(document: &'a Value, rel: &str) -> Vec<&'a Value> {
    document["links"].as_array().unwrap().iter().filter(|link| link["rel"] == rel).collect()
}

/// The path of a link on this server.
fn path<'a>(server: &Server, link: &'a Value) -> &'a str {
    link["href"].as_str().unwrap().strip_prefix(&*server.base).unwrap()
}

/// `/req/core/base-resource-link`, `/conf/core` and the classes that are not claimed, because their demands are on POST
/// and PUT or they depend on a class whose demands are.
#[test]
fn the_landing_page_leads_to_the_styles_and_only_core_is_claimed() {
    let server = PUBLISHED.serve();
    let home = server.json("/");
    let found = links(&home, "http://www.opengis.net/def/rel/ogc/1.0/styles");
    assert_eq!(found.iter().map(|link| path(&server, link)).collect::<Vec<_>>(), ["/styles"]);
    let claimed: Vec<String> = server.json("/conformance")["conformsTo"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|class| class.as_str().unwrap().split_once("ogcapi-styles-1/1.0/"))
        .map(|(_, class)| class.to_owned())
        .collect();
    assert_eq!(claimed, ["conf/core"]);
}

/// `/req/core/styles-op` and `/req/core/styles-success`, A to I.
#[test]
fn the_list_has_every_style_once_with_its_stylesheet_its_metadata_and_its_picture() {
    let server = PUBLISHED.serve();
    let list = server.json("/styles");
    let styles = list["styles"].as_array().unwrap();
    let ids: Vec<&str> = styles.iter().map(|style| style["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["catalogue", "base-map", CLINICS, KINDS, "had-districts-18", "lcsd-libraries"]);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert!(ids.contains(&list["default"].as_str().unwrap()));
    for style in styles {
        let id = style["id"].as_str().unwrap();
        assert!(style["title"].is_string(), "{id}");
        for (rel, media_type) in [("stylesheet", MAPLIBRE), ("describedby", "application/json")] {
            let found = links(style, rel);
            assert_eq!(found.len(), 1, "{id} {rel}");
            assert_eq!(found[0]["type"], media_type, "{id} {rel}");
        }
        // A preview in the metadata is one here too, and the other way round.
        let metadata = server.json(path(&server, links(style, "describedby")[0]));
        let pictures =
            |document| links(document, "preview").iter().map(|link| link["href"].clone()).collect::<Vec<_>>();
        assert_eq!(pictures(style), pictures(&metadata), "{id}");
        for link in links(style, "preview") {
            assert_eq!(header(&server.get(path(&server, link)), "content-type"), link["type"].as_str().unwrap());
        }
        assert!(links(&metadata, "http://www.opengis.net/def/rel/ogc/1.0/schema").is_empty(), "{id}");
    }
}

/// `/req/core/style-op` and `/req/core/style-success`, A to C, in every form.
#[test]
fn a_style_is_what_its_header_says() {
    let server = PUBLISHED.serve();
    for id in ["catalogue", "base-map", KINDS, "lcsd-libraries"] {
        for (query, accept, media_type) in [
            ("", "", MAPLIBRE),
            ("", "*/*", MAPLIBRE),
            ("", MAPLIBRE, MAPLIBRE),
            ("", "application/json", "application/json"),
            ("", "text/html,*/*;q=0.8", "text/html; charset=utf-8"),
            ("?f=mapbox", "text/html", MAPLIBRE),
            ("?f=json", "text/html", "application/json"),
            ("?f=html", "application/json", "text/html; charset=utf-8"),
        ] {
            let asked = server.request(reqwest::Method::GET, &format!("/styles/{id}{query}")).header("accept", accept);
            let answer = asked.header("accept-language", "zh-HK").send().unwrap();
            assert_eq!(answer.status(), 200, "{id}{query}");
            assert_eq!(header(&answer, "content-type"), media_type, "{id}{query} {accept}");
            assert_eq!(header(&answer, "content-language"), "zh-Hant", "{id}{query} {accept}");
            let body = answer.text().unwrap();
            match media_type.starts_with("text/html") {
                true => assert!(body.starts_with("<!doctype html>"), "{body}"),
                false => assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["version"], 8, "{id}"),
            }
        }
    }
    assert!(server.problem("/styles/lcsd-libraries?f=sld10", 400).contains("mapbox, json, html"));
    assert!(server.problem("/styles/td-secret", 404).contains("td-secret"));
}

/// `/req/core/style-md-op` and `/req/core/style-md-success`, A to C, with what is recommended of samples and previews.
#[test]
fn what_there_is_to_know_of_a_style_follows_the_schema() {
    let server = PUBLISHED.serve();
    for id in ["catalogue", "base-map", KINDS, CLINICS, "had-districts-18", "lcsd-libraries"] {
        let document = server.json(&format!("/styles/{id}/metadata?lang=zh-Hans"));
        assert_eq!((&document["id"], &document["scope"]), (&id.into(), &"style".into()));
        let answer = server.get(&format!("/styles/{id}/metadata?lang=zh-Hans"));
        assert_eq!(header(&answer, "content-language"), "zh-Hans");
        for key in ["title", "description", "pointOfContact", "license", "updated", "version"] {
            assert!(document[key].is_string() || document[key].is_null(), "{id} {key}");
        }
        for stylesheet in document["stylesheets"].as_array().unwrap() {
            let answer = server.get(path(&server, &stylesheet["link"]));
            assert_eq!(header(&answer, "content-type"), stylesheet["link"]["type"].as_str().unwrap());
        }
        for layer in document["layers"].as_array().unwrap() {
            assert_eq!(layer["dataType"], "vector");
            assert!(["points", "lines", "polygons", "any"].contains(&layer["geometryType"].as_str().unwrap()));
            let sample = server.get(path(&server, &layer["sampleData"]));
            assert_eq!(header(&sample, "content-type"), layer["sampleData"]["type"].as_str().unwrap());
        }
    }
    let kinds = server.json(&format!("/styles/{KINDS}/metadata"));
    assert_eq!(kinds["layers"][0]["propertiesSchema"], serde_json::json!({ "kind": { "type": "string" } }));
    assert!(server.page(&format!("/styles/{KINDS}/metadata?f=html")).contains("A made layer"));
    assert!(server.problem("/styles/td-secret/metadata", 404).contains("td-secret"));
}

#[test]
fn classes_of_points_differ_by_shape_as_well_as_by_colour() {
    let server = PUBLISHED.serve();
    let style = server.json(&format!("/styles/{KINDS}"));
    let drawn: Vec<(&str, &str)> = style["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (layer["type"].as_str().unwrap(), layer["layout"]["icon-image"].as_str().unwrap_or_default()))
        .collect();
    // What has no kind is a small circle.
    assert_eq!(drawn, [("circle", ""), ("symbol", "square-c95f12"), ("symbol", "triangle-11835a"), ("circle", "")]);
    let radius = |place: usize| style["layers"][place]["paint"]["circle-radius"][4].as_f64().unwrap();
    assert!(radius(3) < radius(0));
    let legend = server.get(&format!("/legends/{KINDS}.svg")).text().unwrap();
    assert_eq!((legend.matches("<circle").count(), legend.matches("<path").count()), (2, 2), "{legend}");
    let page = server.page(&format!("/collections/{KINDS}?f=html"));
    assert_eq!(page.matches("class=\"mark\"").count(), 2);
    // One class is a circle with the pictogram of its theme, once there is room for it.
    let style = server.json(&format!("/styles/{CLINICS}"));
    assert_eq!(style["layers"][0]["type"], "circle");
    assert_eq!(style["layers"][2]["layout"]["icon-image"], "hospital-ffffff");
    let zooms = |key: &str| [0, 1, 2].map(|place| style["layers"][place][key].as_u64());
    assert_eq!((zooms("maxzoom"), zooms("minzoom")), ([Some(14), None, None], [None, Some(14), Some(14)]));
}

#[test]
fn a_picture_of_the_map_has_the_shapes_of_the_style() {
    let server = PUBLISHED.serve();
    let (x, y) = PICTURE;
    let png = server.get(&format!("/map/{KINDS}/14/{x}/{y}.png")).bytes().unwrap();
    let picture = tiny_skia::Pixmap::decode_png(&png).unwrap();
    let colour = |number: u32, (east, south): (i32, i32)| {
        let at = |middle: u32, offset: i32| middle.checked_add_signed(offset).unwrap();
        let pixel = picture.pixel(at(16 + 32 * number, east), at(128, south)).unwrap();
        (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha())
    };
    let corners = [(-4, -4), (4, -4), (-4, 4), (4, 4)];
    let orange = (0xc9, 0x5f, 0x12, 255);
    assert!(corners.iter().all(|corner| colour(1, *corner) == orange), "the second is a square");
    let green = (0x11, 0x83, 0x5a, 255);
    let is_green = corners.map(|corner| colour(2, corner) == green);
    assert_eq!(is_green, [false, false, true, true], "the third is a triangle");
    assert_eq!(colour(0, (0, 0)), (0x22, 0x59, 0xc7, 255));
}

#[test]
fn a_sprite_is_kept_for_ever_by_its_version_and_has_every_image_that_styles_name() {
    let server = PUBLISHED.serve();
    let mut named = BTreeSet::new();
    let mut sprites = BTreeSet::new();
    for query in ["", "?base-map=dark"] {
        for id in [KINDS, CLINICS, "lcsd-libraries", "catalogue"] {
            let style = server.json(&format!("/styles/{id}{query}"));
            sprites.extend(style["sprite"].as_str().map(str::to_owned));
            let layers = style["layers"].as_array().unwrap();
            named.extend(layers.iter().filter_map(|layer| layer["layout"]["icon-image"].as_str().map(str::to_owned)));
        }
    }
    assert!(named.contains("square-c95f12") && named.contains("square-f08a3c") && named.contains("hospital-101820"));
    let sprites: Vec<String> = sprites.into_iter().collect();
    let [sprite] = sprites.as_slice() else { panic!("{sprites:?}") };
    let sprite = sprite.strip_prefix(&*server.base).unwrap();
    let version = sprite.split('/').nth(2).unwrap();
    for (scale, ratio) in [("", 1), ("@2x", 2)] {
        let index = server.get(&format!("{sprite}{scale}.json"));
        assert!(header(&index, "cache-control").contains("immutable"));
        let index: Value = index.json().unwrap();
        for image in &named {
            assert_eq!(index[image]["pixelRatio"], ratio, "{image}");
        }
        let sheet = server.get(&format!("{sprite}{scale}.png"));
        assert_eq!((header(&sheet, "content-type").as_str(), sheet.status().as_u16()), ("image/png", 200));
        assert!(header(&sheet, "cache-control").contains("immutable"));
        let etag = header(&sheet, "etag");
        let again = server.request(reqwest::Method::GET, &format!("{sprite}{scale}.png")).header("if-none-match", etag);
        assert_eq!(again.send().unwrap().status(), 304);
        // One that a map has from long ago, and the plain address, give what there is and are asked for again.
        for other in ["/sprites/icons", "/sprites/0000/icons"] {
            let answer = server.get(&format!("{other}{scale}.png"));
            assert!(!header(&answer, "cache-control").contains("immutable"));
            assert_eq!(answer.bytes().unwrap(), server.get(&format!("{sprite}{scale}.png")).bytes().unwrap());
        }
        let fields: Value = server.json(&format!("/sprites/{version}/sdf{scale}.json"));
        assert!(fields.as_object().unwrap().values().all(|image| image["sdf"] == true));
        assert!(fields["library"].is_object() && fields["square"].is_object());
    }
    for (path, part) in [
        ("/sprites/nosuch.png", "icons and sdf"),
        ("/sprites/icons.gif", "its name ends in .png"),
        ("/sprites/icons@3x.png", "icons and sdf"),
    ] {
        assert!(server.problem(path, 404).contains(part), "{path}");
    }
}

#[test]
fn the_style_of_the_catalogue_holds_every_open_layer_hidden_over_the_ground() {
    let server = PUBLISHED.serve();
    let style = server.json("/styles/catalogue");
    let layers = style["layers"].as_array().unwrap();
    let sources: BTreeSet<&str> = style["sources"].as_object().unwrap().keys().map(String::as_str).collect();
    let data = [CLINICS, KINDS, "had-districts-18", "lcsd-libraries"];
    assert_eq!(sources, data.into_iter().chain(["ground", "district-names"]).collect());
    for layer in layers {
        let is_data = data.contains(&layer["source"].as_str().unwrap_or_default());
        assert_eq!(layer["layout"]["visibility"] == "none", is_data, "{}", layer["id"]);
        assert_eq!(layer["metadata"]["causeway:layer"].is_string(), is_data, "{}", layer["id"]);
    }
    let ids: Vec<&str> = layers.iter().map(|layer| layer["id"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    // Paper, ground, areas, points; then names, the ground's below those of the data.
    let place =
        |id: &str| ids.iter().position(|known| known.starts_with(id)).unwrap_or_else(|| panic!("{id}: {ids:?}"));
    let order =
        ["paper", "ground", "had-districts-18/", "lcsd-libraries/lcsd-libraries-mobile", "district-names"].map(place);
    assert!(order.is_sorted(), "{ids:?}");
    assert!(ids.last().unwrap().contains("name"));
    // A source says itself where its tiles are, and they are there.
    for layer in data {
        let source = &style["sources"][layer];
        let template = source["tiles"][0].as_str().unwrap();
        assert!(template.contains(&format!("revision={}", PUBLISHED.revision(layer))));
        let tile = template.replace("{z}", "10").replace("{x}", "836").replace("{y}", "446");
        let answer = server.get(tile.strip_prefix(&*server.base).unwrap());
        assert_eq!((answer.status().as_u16(), source["bounds"].is_array()), (200, true), "{layer}");
    }
    assert!(!style.to_string().contains("secret"));
    let zh = server.json("/styles/catalogue?lang=zh-Hant&base-map=dark");
    assert_eq!(zh["layers"][0]["paint"]["background-color"], "#0e151b");
}

#[test]
fn a_thumbnail_is_drawn_with_the_layers_own_style_and_every_face_shows_it() {
    let server = PUBLISHED.serve();
    let id = "lcsd-libraries";
    let address = format!("/thumbnails/{id}.png?revision={}", PUBLISHED.revision(id));
    let answer = server.get(&address);
    assert!(header(&answer, "cache-control").contains("immutable"));
    let picture = tiny_skia::Pixmap::decode_png(&answer.bytes().unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (440, 320));
    let pixels = |wanted: (u8, u8, u8)| {
        let of_pixel = |pixel: &&tiny_skia::PremultipliedColorU8| (pixel.red(), pixel.green(), pixel.blue()) == wanted;
        picture.pixels().iter().filter(of_pixel).count()
    };
    // Paper around the land, land, and the libraries that stand still.
    assert!(pixels((0xec, 0xee, 0xee)) > 20_000 && pixels((0xf7, 0xf6, 0xf2)) > 20_000);
    assert!(pixels((0x22, 0x59, 0xc7)) > 100, "{} pixels of libraries", pixels((0x22, 0x59, 0xc7)));

    let whole = format!("{}{address}", server.base);
    let record = server.json(&format!("/collections/catalogue/items/{id}"));
    assert_eq!(links(&record, "preview")[0]["href"], whole.as_str());
    let stac = server.json(&format!("/stac/{id}"));
    assert_eq!(stac["assets"]["thumbnail"]["href"], whole.as_str());
    assert_eq!(stac["assets"]["thumbnail"]["roles"], serde_json::json!(["thumbnail"]));
    let iso = server.get(&format!("/iso/{id}.xml")).text().unwrap();
    assert!(iso.contains(&format!("<gmd:fileName><gco:CharacterString>{whole}</")), "{iso}");
    let ckan = server.json(&format!("/ckan/api/3/action/package_show?id={id}"));
    let extras = ckan["result"]["extras"].as_array().unwrap();
    assert!(extras.iter().any(|extra| extra["key"] == "graphic-preview-file" && extra["value"] == whole.as_str()));
    assert!(server.page(&format!("/collections/{id}?f=html")).contains(&format!("\"image\":\"{whole}\"")));

    for path in ["/collections/catalogue/items/epd-table", "/stac/epd-table", "/iso/epd-table.xml"] {
        assert!(!server.get(path).text().unwrap().contains("thumbnails"), "{path}");
    }
    for (path, part) in [
        ("/thumbnails/epd-table.png", "a table without geometry"),
        ("/thumbnails/td-secret.png", "no layer \"td-secret\""),
        ("/thumbnails/lcsd-libraries.jpg", "its name ends in .png"),
    ] {
        assert!(server.problem(path, 404).contains(part), "{path}");
    }
}

#[test]
fn a_style_made_by_hand_may_use_the_images_that_there_are() {
    let text = catalogue::text("Halls", "會堂");
    let record = catalogue::record("had", "halls", text.clone(), text, Default::default());
    let style = |image: &str, sprite: &str| {
        let layer = serde_json::json!({
            "id": "hall", "type": "symbol", "source": "had-halls", "source-layer": "had-halls",
            "layout": { "icon-image": image },
        });
        serde_json::json!({ "version": 8, "sprite": sprite, "sources": {}, "layers": [layer] }).to_string()
    };
    let checked = |image, sprite| causeway::styles::check_hand_made(&style(image, sprite), &record);
    for image in ["star-a0529f", "theatre-ffffff"] {
        assert!(checked(image, "{base}/sprites/icons").is_ok(), "{image}");
    }
    for image in ["star", "star-123456", "nosuch-ffffff"] {
        let fault = checked(image, "{base}/sprites/icons").unwrap_err();
        assert!(fault.contains(image) && fault.starts_with("styles/had-halls.json"), "{fault}");
    }
    assert!(checked("anything", "https://elsewhere.example/sprite").is_ok());
}

#[test]
fn a_layer_of_very_many_points_has_plain_circles() {
    let text = catalogue::text("Clinics", "診所");
    let mut record = catalogue::record("dh", "many", text.clone(), text, Default::default());
    record.theme = causeway::definition::vocabulary::theme("health").cloned();
    for (kept, has_signs) in [(20_000, true), (20_001, false)] {
        record.counts.kept = kept;
        let style = causeway::styles::derive(&record);
        let kinds: Vec<_> = style["layers"].as_array().unwrap().iter().map(|layer| layer["type"].clone()).collect();
        assert_eq!((style["sprite"].is_string(), kinds.contains(&"symbol".into())), (has_signs, has_signs), "{kept}");
    }
}
