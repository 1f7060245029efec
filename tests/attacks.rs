//! What a client may try on the wire: requests that two readers of HTTP would read differently, slow and
//! silent connections, names that are not ours, and crowds. `hostile-cases.tsv` says where each case of
//! the list stands.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use support::{Server, Workspace, causeway, header};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("attacks");
    workspace.take_from_tree("lcsd/libraries");
    workspace.ingest();
    workspace
});

/// A server that writes down what it does, and where.
fn telling_server(test: &str) -> (Server, PathBuf) {
    let log = WORKSPACE.folder.join(format!("{test}.log"));
    let mut command = causeway(&WORKSPACE.data(), &WORKSPACE.layers());
    command.env("CAUSEWAY_LOG", "causeway=debug").stderr(File::create(&log).unwrap());
    (Server::start_by(&mut command, &[]), log)
}

/// Every line of a log, each of which is JSON.
fn lines(log: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"))).collect()
}

/// The tiles that were made, as `zoom/column/row`.
fn tiles_made(log: &PathBuf) -> Vec<String> {
    let made = lines(log).into_iter().filter(|line| line["fields"]["message"] == "tile made");
    made.map(|line| line["fields"]["tile"].as_str().unwrap().to_owned()).collect()
}

fn connect(server: &Server) -> TcpStream {
    /// Longer than the server leaves anyone.
    const PATIENCE: Duration = Duration::from_secs(60);
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes back until the server closes, as it must; `HOST` stands for its own.
fn exchange(server: &Server, request: &str) -> String {
    let mut stream = connect(server);
    stream.write_all(request.replace("HOST", server.address()).as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A reset after the answer closes it too.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "left open: {request:?}");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_two_readers_could_read_differently_is_refused_and_the_connection_closed() {
    let server = WORKSPACE.serve();
    let post = |headers: &str, body: &str| format!("POST /csw HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n{body}");
    let get = |headers: &str| format!("GET / HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n");
    for request in [
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"),
        post("Content-Length: +5\r\n", "abcde"),
        post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
        get("X-A : 1\r\n"),
        get("X-A: 1\r\n 2\r\n"),
        get("X-A: 1\r2\r\n"),
        get("X-A: 1\u{0}2\r\n"),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        get("Host: evil.example\r\n"),
        "GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n".to_owned(),
        "GET /\r\n\r\n".to_owned(),
    ] {
        // What stands behind it would be another request, were the connection left open.
        let answer = exchange(&server, &format!("{request}GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer}");
        assert!(!answer.contains("alive"), "{request:?}: {answer}");
    }
    // A length behind `chunked` is not seen: the body ends where its bytes say, and nothing follows.
    let chunked_first = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n");
    let answer = exchange(&server, &format!("{chunked_first}GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains("alive"), "{answer}");
    for good in
        ["GET http://HOST/healthz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n"]
    {
        let answer = exchange(&server, good);
        assert!(answer.contains(" 200 OK") && answer.contains("alive"), "{good:?}: {answer}");
    }
}

#[test]
fn methods_that_are_not_offered_get_405_with_those_that_are() {
    let server = WORKSPACE.serve();
    for request in [
        "TRACE / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n",
        "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "PUT /collections/lcsd-libraries HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: HOST\r\nX-HTTP-Method-Override: DELETE\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: HOST\r\nX-Method-Override: PUT\r\nConnection: close\r\n\r\n",
    ] {
        let answer = exchange(&server, request).to_lowercase();
        assert!(answer.starts_with("http/1.1 405 ") && answer.contains("\r\nallow: "), "{request:?}: {answer}");
    }
}

#[test]
fn a_packed_body_is_not_read() {
    let server = WORKSPACE.serve();
    let request = server.request(Method::POST, "/csw").header("content-encoding", "gzip").body("abc");
    assert_eq!(request.send().unwrap().status(), 415);
}

#[test]
fn too_much_before_the_body_is_refused() {
    let server = WORKSPACE.serve();
    let get =
        |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{headers}Connection: close\r\n\r\n");
    let many: String = (0..150).map(|number| format!("X-{number}: 1\r\n")).collect();
    for (request, status) in [
        (get(&format!("/?x={}", "a".repeat(9_000)), ""), 414),
        (get("/", &many), 431),
        (get("/", &format!("X-A: {}\r\n", "a".repeat(20_000))), 431),
        (get("/", &format!("X-A: {}\r\n", "a".repeat(450_000))), 431),
    ] {
        let answer = exchange(&server, &request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
}

#[test]
fn who_sends_nothing_or_a_header_line_now_and_then_is_left() {
    const SILENT: usize = 300;
    let server = WORKSPACE.serve();
    let silent: Vec<TcpStream> = (0..SILENT).map(|_| connect(&server)).collect();
    let mut slow = connect(&server);
    slow.write_all(format!("GET / HTTP/1.1\r\nHost: {}\r\n", server.address()).as_bytes()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    // Another line, and then a second to hear that the server has had enough: an answer, an end or a reset.
    let is_left = (0..60).any(|line| {
        let sent = slow.write_all(format!("X-{line}: 1\r\n").as_bytes());
        let heard = slow.read(&mut [0; 512]);
        sent.is_err() || heard.map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |_| true)
    });
    assert!(is_left, "a minute of headers was listened to");
    for mut stream in silent {
        let left = stream.read(&mut [0; 64]);
        let is_open = left.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!is_open, "a silent connection is still open: {left:?}");
    }
    assert_eq!(server.json("/healthz")["status"], "alive");
}

#[test]
fn a_body_that_does_not_come_to_its_end_is_not_waited_for() {
    let server = WORKSPACE.serve();
    std::thread::scope(|scope| {
        for (path, media_type) in [
            ("/csw", "text/xml"),
            ("/ckan/api/3/action/package_search", "application/json"),
            ("/collections/lcsd-libraries/items", "text/plain"),
            ("/collections/lcsd-libraries/extracts", "application/x-www-form-urlencoded"),
            ("/esri/rest/services/lcsd-libraries/FeatureServer/0/query", "application/x-www-form-urlencoded"),
        ] {
            let begun = format!(
                "POST {path} HTTP/1.1\r\nHost: HOST\r\nContent-Type: {media_type}\r\nContent-Length: 1000\r\n\r\nx=1"
            );
            let server = &server;
            scope.spawn(move || {
                let answer = exchange(server, &begun);
                // ArcGIS's dialect says it in the body.
                let is_told = answer.starts_with("HTTP/1.1 408 ") || answer.contains("\"code\":408");
                assert!(is_told, "{begun}: {answer}");
            });
        }
    });
}

#[test]
fn a_thousand_ranges_are_one_answer_of_the_whole() {
    let server = WORKSPACE.serve();
    let ranges: Vec<String> = (0..1_000).map(|byte| format!("{byte}-{byte}")).collect();
    let download = server.json("/collections/lcsd-libraries");
    let file =
        download["links"].as_array().unwrap().iter().find(|link| link["type"] == "application/geopackage+sqlite3");
    let paths = file.map(|link| link["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned());
    for path in paths.into_iter().chain(["/api".to_owned()]) {
        let whole = server.get(&path).bytes().unwrap();
        let request = server.request(Method::GET, &path).header("range", format!("bytes={}", ranges.join(",")));
        let answer = request.send().unwrap();
        assert_eq!((answer.status().as_u16(), answer.bytes().unwrap()), (200, whole), "{path}");
    }
}

#[test]
fn links_follow_the_configured_address_whatever_a_proxy_is_said_to_have_been_asked() {
    let server = Server::start_with(&WORKSPACE.data(), &["--base-url", "https://maps.example.hk"]);
    let plain = server.get("/collections").text().unwrap();
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=gopher"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
    ] {
        let answer = server.request(Method::GET, "/collections").header(name, value).send().unwrap();
        let text = answer.text().unwrap();
        // Only the moment of the answer may differ.
        assert_eq!(text.len(), plain.len(), "{name}");
        assert!(text.contains("https://maps.example.hk/") && !text.contains("evil"), "{name}");
    }
}

#[test]
fn a_parameter_that_is_not_known_or_given_twice_is_refused_and_their_order_is_no_matter() {
    let server = WORKSPACE.serve();
    for path in [
        "/?x=1",
        "/collections/lcsd-libraries?x=1",
        "/collections/lcsd-libraries/items?limit=1&limit=2",
        "/collections/lcsd-libraries/items/1?x=1",
        "/collections/lcsd-libraries/tiles/WebMercatorQuad/10/446/836?x=1",
        "/xyz/lcsd-libraries/10/836/446.mvt?filter=a&filter=b",
        "/collections/catalogue/items?limit=1&limit=1",
        "/tileMatrixSets?x=1",
    ] {
        server.problem(path, 400);
    }
    let tag = |query: &str| header(&server.get(&format!("/collections/lcsd-libraries/items?{query}")), "etag");
    assert_eq!(
        tag("limit=2&bbox=114,22,114.2,22.4&sortby=District"),
        tag("sortby=District&bbox=114,22,114.2,22.4&limit=2")
    );
}

#[test]
fn what_no_tile_address_can_be_is_not_found_and_opens_nothing() {
    let (server, log) = telling_server("addresses");
    for place in
        ["31/0/0", "10/-1/0", "10/0/1024", "10/1024/0", "1/2147483647/0", "007/1/1", "10/836/0446", "x/0/0", "1.0/0/0"]
    {
        for path in [format!("/xyz/lcsd-libraries/{place}.mvt"), format!("/map/lcsd-libraries/{place}.png")] {
            server.problem(&path, 404);
        }
        let tail = format!("/collections/lcsd-libraries/tiles/WebMercatorQuad/{place}");
        server.problem(&tail, 404);
    }
    assert_eq!(tiles_made(&log), Vec::<String>::new());
}

#[test]
fn ten_thousand_tiles_of_nowhere_make_no_tile() {
    let (server, log) = telling_server("nowhere");
    // A multiplier of full period spreads the columns; rows stay far south of Hong Kong.
    for number in 0..10_000u32 {
        let (column, row) = (number.wrapping_mul(2_654_435_761) % (1 << 18), (1 << 17) + number);
        let answer = server.get(&format!("/xyz/lcsd-libraries/18/{column}/{row}.mvt"));
        assert_eq!(answer.status(), 204, "{column}/{row}");
    }
    assert_eq!(tiles_made(&log), Vec::<String>::new());
}

#[test]
fn a_crowd_before_one_cold_tile_has_it_made_once_even_when_the_first_leaves() {
    const CROWD: usize = 100;
    let (server, log) = telling_server("crowd");
    for tile in ["0/0/0", "10/836/446", "13/6692/3571"] {
        let request = format!("GET /xyz/lcsd-libraries/{tile}.mvt HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
        let mut first = connect(&server);
        first.write_all(request.as_bytes()).unwrap();
        drop(first);
        std::thread::scope(|scope| {
            let ask = || server.get(&format!("/xyz/lcsd-libraries/{tile}.mvt")).bytes().unwrap();
            let crowd: Vec<_> = (0..CROWD).map(|_| scope.spawn(ask)).collect();
            let mut answers: Vec<_> = crowd.into_iter().map(|one| one.join().unwrap()).collect();
            answers.dedup();
            assert_eq!(answers.len(), 1, "{tile}: all get the same bytes");
        });
        let made = tiles_made(&log).into_iter().filter(|made| made == tile).count();
        assert_eq!(made, 1, "{tile}");
    }
}

#[test]
fn another_site_may_read_what_is_open_and_never_with_a_persons_credentials() {
    let server = WORKSPACE.serve();
    for origin in ["null", "https://evil.example"] {
        let answer = server.request(Method::GET, "/collections").header("origin", origin).send().unwrap();
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(header(&answer, "access-control-allow-credentials"), "");
    }
}

#[test]
fn whatever_a_client_sends_is_one_line_of_the_log() {
    let (server, log) = telling_server("log");
    let before = "GET /a%0d%0a{\"level\":\"ERROR\"}%1b[31m HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n";
    for request in [
        format!("{before}User-Agent: a\x1b[31mb\r\n\r\n"),
        format!("{before}\r\n"),
        "GET /collections?text=%0aERROR%20forged HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n".to_owned(),
    ] {
        exchange(&server, &request);
    }
    let told = lines(&log);
    assert!(told.iter().filter(|line| line["fields"]["message"] == "answered").count() >= 2, "{told:?}");
    assert!(told.iter().all(|line| line["level"] != "ERROR"), "{told:?}");
    let raw = std::fs::read_to_string(&log).unwrap();
    assert!(!raw.contains('\u{1b}') && !raw.contains('\r'));
}

#[test]
fn what_operators_look_at_is_not_on_the_public_port() {
    let server = WORKSPACE.serve();
    for path in ["/metrics", "/debug", "/debug/pprof", "/admin", "/actuator", "/.env", "/.git/config", "/server-status"]
    {
        server.problem(path, 404);
    }
}

#[test]
fn numbers_boxes_systems_and_formats_that_cannot_be_are_refused_and_the_rest_ends() {
    let server = WORKSPACE.serve();
    let items = |query: &str| format!("/collections/lcsd-libraries/items?{query}");
    for query in [
        "limit=0",
        "limit=-1",
        "limit=10;drop",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,3,4,5,6,7",
        "bbox=NaN,2,3,4",
        "bbox=114,23,114.1,22",
        "crs=http://evil.example/crs",
        "bbox=1,2,3,4&bbox-crs=http://evil.example/crs",
        "f=../../x",
        "f=%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let answer = server.request(Method::GET, &items(query)).header("accept", "text/html").send().unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        // Nothing that a browser would take for a page holds what was sent as it was sent.
        let is_page = header(&answer, "content-type").starts_with("text/html");
        assert!(!is_page || !answer.text().unwrap().contains("<script>alert"), "{query}");
    }
    for (query, returned) in [
        ("limit=1000000000", 186),
        ("offset=1000000000000", 0),
        ("bbox=114.1,22.3,114.100000000001,22.300000000001", 0),
    ] {
        assert_eq!(server.json(&items(query))["numberReturned"], returned, "{query}");
    }
    assert_eq!(server.json(&items("bbox=-180,-90,180,90"))["numberMatched"], 186);
}
