//! Pictures of layers as a server gives them.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use support::{Server, Workspace, header};

const LIBRARIES: &str = "lcsd-libraries";

/// Points in Hong Kong, its districts, lines elsewhere, and a table.
static PUBLISHED: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("pictures");
    workspace.take_from_tree("lcsd/libraries");
    workspace.take_from_tree("had/districts-18");
    workspace.define("epd/elsewhere", &[("alps.geojson", ALPS.as_bytes())], "");
    workspace.define("epd/table", &[("no-place.csv", b"name,floor\nA,1\nB,2\n")], "geometry = \"none\"\n");
    workspace.ingest();
    workspace
});

const ALPS: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Rhine"},
"geometry":{"type":"LineString","coordinates":[[9.47,47.05],[9.5,47.1],[9.52,47.2],[9.6,47.27]]}}]}"#;

#[test]
fn a_fingerprint_is_a_small_picture_that_is_kept_for_ever_by_its_revision() {
    let server = PUBLISHED.serve();
    let address = format!("/fingerprints/{LIBRARIES}.svg?revision={}", PUBLISHED.revision(LIBRARIES));
    let answer = server.get(&address);
    assert_eq!(header(&answer, "content-type"), "image/svg+xml");
    assert!(header(&answer, "cache-control").contains("immutable"));
    assert!(header(&answer, "content-security-policy").contains("style-src 'unsafe-inline'"));
    let svg = answer.text().unwrap();
    assert!((1_000..6_000).contains(&svg.len()), "{} bytes", svg.len());
    // Dots of the libraries on the land of the districts.
    assert!(svg.contains("class=\"l\"") && svg.contains("class=\"p\"") && svg.contains("prefers-color-scheme:dark"));
    let current = server.get(&format!("/fingerprints/{LIBRARIES}.svg"));
    assert!(!header(&current, "cache-control").contains("immutable"));
    assert_eq!(current.text().unwrap(), svg);
}

#[test]
fn a_layer_elsewhere_has_its_own_ground_without_the_land_of_hong_kong() {
    let server = PUBLISHED.serve();
    let svg = server.get("/fingerprints/epd-elsewhere.svg").text().unwrap();
    assert!(svg.contains("class=\"k\"") && !svg.contains("class=\"l\""), "{svg}");
}

#[test]
fn what_has_no_picture_says_so() {
    let server = PUBLISHED.serve();
    for (path, part) in [
        ("/fingerprints/epd-table.svg", "a table without geometry"),
        ("/fingerprints/x-gone.svg", "no layer \"x-gone\""),
        ("/fingerprints/lcsd-libraries.gif", "its name ends in .svg"),
    ] {
        let detail = server.problem(path, 404);
        assert!(detail.contains(part), "{path}: {detail}");
    }
    assert!(server.problem("/fingerprints/lcsd-libraries.svg?size=3", 400).contains("size"));
}

/// A picture and how many of its pixels are not transparent.
fn picture(server: &Server, path: &str) -> (tiny_skia::Pixmap, usize) {
    let answer = server.get(path);
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type").as_str()), (200, "image/png"), "{path}");
    let pixmap = tiny_skia::Pixmap::decode_png(&answer.bytes().unwrap()).unwrap();
    let drawn = pixmap.pixels().iter().filter(|pixel| pixel.alpha() > 0).count();
    (pixmap, drawn)
}

/// The tile of the harbour at zoom 10.
const HARBOUR: &str = "10/836/446";

#[test]
fn a_layer_is_drawn_where_it_lies_and_is_transparent_elsewhere() {
    let server = PUBLISHED.serve();
    let (pixmap, drawn) = picture(&server, &format!("/map/{LIBRARIES}/{HARBOUR}.png"));
    assert_eq!((pixmap.width(), pixmap.height()), (256, 256));
    assert!((1_000..30_000).contains(&drawn), "{drawn} pixels");
    let (double, drawn_double) = picture(&server, &format!("/map/{LIBRARIES}/{HARBOUR}@2x.png"));
    assert_eq!(double.width(), 512);
    assert!((3.5..4.5).contains(&(drawn_double as f64 / drawn as f64)), "{drawn_double} to {drawn} pixels");
    assert_eq!(picture(&server, &format!("/map/{LIBRARIES}/10/0/0.png")).1, 0);
    let address = format!("/map/{LIBRARIES}/{HARBOUR}.png?revision={}", PUBLISHED.revision(LIBRARIES));
    assert!(header(&server.get(&address), "cache-control").contains("immutable"));
}

/// What is drawn at an edge goes on beyond it: the outermost pixels of both sides are drawn or not alike.
#[test]
fn neighbouring_pictures_fit_together() {
    let server = PUBLISHED.serve();
    for layer in [LIBRARIES, "had-districts-18"] {
        let mut drawn_at_edges = 0;
        for (row, column) in [(111u32, 209u32), (223, 418), (446, 836), (893, 1672), (1786, 3345)] {
            let zoom = (column as f64 / 0.817).log2().round() as u32;
            let (west, _) = picture(&server, &format!("/map/{layer}/{zoom}/{column}/{row}.png"));
            let (east, _) = picture(&server, &format!("/map/{layer}/{zoom}/{}/{row}.png", column + 1));
            for y in 0..256 {
                let (a, b) = (west.pixel(255, y).unwrap().alpha(), east.pixel(0, y).unwrap().alpha());
                drawn_at_edges += usize::from(a > 0);
                // A pixel's step along a slanting edge of a shape, and no more than that.
                assert!(a.abs_diff(b) < 255, "{layer} {zoom}/{column}/{row}: {a} beside {b} in line {y}");
            }
        }
        assert!(drawn_at_edges > 0, "{layer}");
    }
}

#[test]
fn what_no_picture_can_be_made_of_is_refused() {
    let server = PUBLISHED.serve();
    for (path, part) in [
        ("/map/lcsd-libraries/10/836/446.jpg", "its name ends in .png"),
        ("/map/lcsd-libraries/30/0/0.png", "zoom \"30\""),
        ("/map/lcsd-libraries/1/0/2@2x.png", "row \"2\""),
        ("/map/epd-table/1/0/0.png", "a table without geometry"),
        ("/map/x-gone/1/0/0.png", "no layer"),
    ] {
        let detail = server.problem(path, 404);
        assert!(detail.contains(part), "{path}: {detail}");
    }
}

#[test]
fn wmts_gives_the_same_pictures_by_address_and_by_key_and_value() {
    let server = PUBLISHED.serve();
    let wanted = server.get(&format!("/map/{LIBRARIES}/{HARBOUR}.png")).bytes().unwrap();
    let by_address = server.get(&format!("/wmts/{LIBRARIES}/default/WebMercatorQuad/10/446/836.png"));
    assert_eq!(by_address.bytes().unwrap(), wanted);
    let asked = format!(
        "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={LIBRARIES}&STYLE=default&FORMAT=image/png\
         &TILEMATRIXSET=WebMercatorQuad&TILEMATRIX=10&TILEROW=446&TILECOL=836"
    );
    assert_eq!(server.get(&asked).bytes().unwrap(), wanted);
    // Tile 10/143/192 of the Lands Department's grid holds the origin of its coordinates.
    assert!(picture(&server, &format!("/wmts/{LIBRARIES}/default/HongKong1980Grid/10/192/143.png")).1 > 1_000);
}

#[test]
fn wmts_lists_layers_with_a_geometry_and_their_grids() {
    let server = PUBLISHED.serve();
    let answer = server.get("/wmts?service=WMTS&request=GetCapabilities&lang=en");
    assert_eq!(header(&answer, "content-type"), "text/xml; charset=utf-8");
    let document = answer.text().unwrap();
    assert_eq!(server.get("/wmts/1.0.0/WMTSCapabilities.xml?lang=en").text().unwrap(), document);
    for part in [
        "<ows:Identifier>lcsd-libraries</ows:Identifier>",
        "<TileMatrixSet>HongKong1980Grid</TileMatrixSet>",
        "<ScaleDenominator>559082264.028",
        "<ows:SupportedCRS>urn:ogc:def:crs:EPSG::2326</ows:SupportedCRS>",
        "<TopLeftCorner>8353100 -4786700</TopLeftCorner>",
        "/wmts/lcsd-libraries/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png",
    ] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
    assert!(!document.contains("epd-table"));
}

#[test]
fn wmts_reports_faults_in_its_own_shape() {
    let server = PUBLISHED.serve();
    let tile = "/wmts?service=WMTS&request=GetTile&format=image/png&layer=lcsd-libraries";
    for (path, status, code, locator) in [
        ("/wmts?service=WMTS".to_owned(), 400, "MissingParameterValue", "request"),
        ("/wmts?service=WMS&request=GetMap".to_owned(), 400, "InvalidParameterValue", "service"),
        ("/wmts?request=GetFeatureInfo".to_owned(), 400, "OperationNotSupported", "request"),
        (
            format!("{tile}&tilematrixset=Moon&tilematrix=0&tilerow=0&tilecol=0"),
            400,
            "InvalidParameterValue",
            "TileMatrixSet",
        ),
        (
            format!("{tile}&tilematrixset=WebMercatorQuad&tilematrix=0&tilerow=1&tilecol=0"),
            400,
            "TileOutOfRange",
            "TileRow",
        ),
        (format!("{tile}&tilematrixset=WebMercatorQuad&tilematrix=0"), 400, "MissingParameterValue", "TileRow"),
        ("/wmts/x-gone/default/WebMercatorQuad/0/0/0.png".to_owned(), 404, "InvalidParameterValue", "layer"),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status(), status, "{path}");
        let report = answer.text().unwrap();
        let wanted = format!("exceptionCode=\"{code}\" locator=\"{locator}\"");
        assert!(report.contains(&wanted), "{path}: {report}");
    }
}

#[test]
fn any_stack_of_fonts_has_the_glyphs_that_there_are() {
    let server = PUBLISHED.serve();
    let style = server.json(&format!("/styles/{LIBRARIES}"));
    assert!(style["glyphs"].as_str().unwrap().ends_with("/fonts/{fontstack}/{range}.pbf"));
    for stack in ["Open%20Sans%20Regular,Arial%20Unicode%20MS%20Regular", "Nobody%20Has%20This"] {
        let answer = server.get(&format!("/fonts/{stack}/0-255.pbf"));
        assert_eq!(header(&answer, "content-type"), "application/x-protobuf");
        assert!(answer.bytes().unwrap().len() > 20_000);
    }
    // Only the font of the tree is here, which has no Han.
    assert!(server.get("/fonts/Open%20Sans%20Regular/19968-20223.pbf").bytes().unwrap().len() < 100);
    let detail = server.problem("/fonts/Open%20Sans%20Regular/131072-131327.pbf", 404);
    assert!(detail.contains("no range of glyphs"), "{detail}");
}

#[test]
fn a_legend_is_a_picture_in_the_language_that_is_asked_for() {
    let server = PUBLISHED.serve();
    let svg = |language: &str| server.get(&format!("/legends/had-districts-18.svg?lang={language}")).text().unwrap();
    assert!(svg("en").contains(">Kowloon<") && svg("zh-Hant").contains(">九龍<"));
    assert!(picture(&server, "/legends/had-districts-18.png?lang=en").1 > 500);
    assert!(server.problem("/legends/had-districts-18.gif", 404).contains("its name ends in .png"));
}
