//! Files of other hosts: what is fetched, what is not, and that nobody is led into a network that
//! was not listed.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::time::Duration;

use causeway::fetch::{FetchError, FetchLimits, Fetched, Validator};
use support::other_host::{OtherHost, fetched, fetcher, whole};

/// Short enough for a test, long enough for a busy machine.
const LIMITS: FetchLimits =
    FetchLimits { bytes_max: 1 << 20, time: Duration::from_secs(3), stall: Duration::from_millis(700) };

fn fetch(listed: &str, address: &str, known: Option<&Validator>) -> Result<(Fetched, Vec<u8>), FetchError> {
    fetched(&fetcher(listed, LIMITS), address, known)
}

#[track_caller]
fn refusal(listed: &str, address: &str) -> String {
    let error = fetch(listed, address, None).expect_err(address);
    assert!(error.is_refusal(), "{error:?}");
    error.to_string()
}

#[test]
fn a_file_is_fetched_once_and_then_asked_after() {
    let host = OtherHost::new(|asked, stream| match asked.header("if-none-match").as_deref() {
        Some("\"one\"") => whole(stream, "304 Not Modified\r\nETag: \"one\"", b""),
        _ => whole(stream, "200 OK\r\nETag: \"one\"\r\nSet-Cookie: a=b", b"places"),
    });
    let address = host.address("/a.csv");
    let (fetched, bytes) = fetch(&host.listed(), &address, None).unwrap();
    assert_eq!(bytes, b"places");
    let Fetched::New(validator) = fetched else { panic!("{fetched:?}") };
    assert_eq!(validator.etag.as_deref(), Some("\"one\""));
    let (fetched, bytes) = fetch(&host.listed(), &address, Some(&validator)).unwrap();
    assert_eq!((fetched, bytes.len()), (Fetched::Unchanged, 0));
    // What another address said is not asked of this one.
    let other = Validator { answered_by: "https://a.hk/".parse().unwrap(), ..validator };
    assert!(matches!(fetch(&host.listed(), &address, Some(&other)).unwrap().0, Fetched::New(_)));
    for asked in host.asked() {
        assert!(asked.header("user-agent").unwrap().starts_with("causeway/"), "{asked:?}");
        assert_eq!(
            (asked.header("cookie"), asked.header("authorization"), asked.header("referer")),
            (None, None, None)
        );
    }
}

#[test]
fn a_host_without_etags_is_asked_by_time() {
    const MOMENT: &str = "Wed, 25 Nov 2026 00:00:00 GMT";
    let host = OtherHost::new(|asked, stream| match asked.header("if-modified-since").as_deref() {
        Some(MOMENT) => whole(stream, "304 Not Modified", b""),
        _ => whole(stream, "200 OK\r\nLast-Modified: Wed, 25 Nov 2026 00:00:00 GMT", b"places"),
    });
    let address = host.address("/a.csv");
    let (Fetched::New(validator), _) = fetch(&host.listed(), &address, None).unwrap() else { panic!() };
    assert_eq!(validator.last_modified.as_deref(), Some(MOMENT));
    assert_eq!(fetch(&host.listed(), &address, Some(&validator)).unwrap().0, Fetched::Unchanged);
}

/// Nobody who was not asked conditionally may say that nothing has changed.
#[test]
fn an_answer_that_nobody_asked_for_is_a_failure() {
    for (head, status) in [("304 Not Modified", 304), ("206 Partial Content", 206), ("503 Busy", 503), ("404 No", 404)]
    {
        let host = OtherHost::saying(head, b"x");
        let error = fetch(&host.listed(), &host.address("/a.csv"), None).unwrap_err();
        assert!(matches!(error, FetchError::Status { status: found, .. } if found == status), "{error:?}");
        assert!(!error.is_refusal(), "it may come right by itself");
    }
}

#[test]
fn only_listed_hosts_are_asked_and_each_by_its_own_port() {
    let (listed, other) = (OtherHost::saying("200 OK", b"x"), OtherHost::saying("200 OK", b"x"));
    let list = listed.listed();
    for address in [
        other.address("/a"),
        format!("http://localhost:{}/a", listed.port),
        format!("http://[::1]:{}/a", listed.port),
        format!("http://127.0.0.2:{}/a", listed.port),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        assert!(refusal(&list, &address).contains("not listed"), "{address}");
    }
    assert!(refusal("", &listed.address("/a")).contains("causeway.toml"));
    assert!(listed.asked().is_empty() && other.asked().is_empty());
}

/// A name that the operator lists may be pointed inside by whoever runs its names.
#[test]
fn a_listed_name_that_leads_inside_is_refused_before_anybody_connects() {
    let inside = OtherHost::saying("200 OK", b"x");
    let first = OtherHost::new({
        let to = format!("https://localhost:{}/a", inside.port);
        move |_, stream| whole(stream, &format!("302 Found\r\nLocation: {to}"), b"")
    });
    for name in ["localhost", "127.0.0.1"] {
        let listed = format!("[[hosts]]\nname = \"{name}\"\nport = {}\n", inside.port);
        let message = refusal(&listed, &format!("https://{name}:{}/a", inside.port));
        assert!(message.contains("not an address of the public internet"), "{message}");
        assert!(refusal(&listed, &format!("http://{name}:{}/a", inside.port)).contains("not an https address"));
    }
    let listed = format!("{}[[hosts]]\nname = \"localhost\"\nport = {}\n", first.listed(), inside.port);
    assert!(refusal(&listed, &first.address("/a")).contains("not an address of the public internet"));
    assert!(inside.asked().is_empty(), "{:?}", inside.asked());
}

#[test]
fn a_redirect_goes_to_no_other_host_and_never_to_a_private_one() {
    let target = OtherHost::saying("200 OK", b"secret");
    for (to, part) in [
        (target.address("/a"), "is private"),
        (format!("https://127.0.0.1:{}/a", target.port), "is private"),
        ("/same-host".to_owned(), "is private"),
        ("http://127.0.0.1/".to_owned(), "not listed"),
        ("https://evil.example/".to_owned(), "not listed"),
        ("file:///etc/passwd".to_owned(), "not an https address"),
        ("gopher://127.0.0.1/".to_owned(), "not an https address"),
    ] {
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let to = to.clone();
            let host = OtherHost::new(move |_, stream| whole(stream, &format!("{status}\r\nLocation: {to}"), b""));
            let listed = format!("{}{}", host.listed(), target.listed());
            let message = refusal(&listed, &host.address("/a"));
            assert!(message.contains(part), "{status}: {message}");
            assert_eq!(host.asked().len(), 1, "{status}");
        }
    }
    assert!(target.asked().is_empty(), "{:?}", target.asked());
}

#[test]
fn https_is_never_given_up() {
    let plain = OtherHost::saying("200 OK", b"x");
    let error = fetch(&plain.listed(), &format!("https://127.0.0.1:{}/a", plain.port), None).unwrap_err();
    assert!(matches!(error, FetchError::Unreadable { .. }), "{error:?}");
    assert!(plain.asked().iter().all(|asked| !asked.0.contains("GET")), "{:?}", plain.asked());
}

#[test]
fn a_body_over_the_limit_is_refused_whatever_its_length_says() {
    let bytes: &[u8] = Box::leak(vec![b'x'; LIMITS.bytes_max as usize + 1].into_boxed_slice());
    let says = OtherHost::saying("200 OK", bytes);
    let silent = OtherHost::new(move |_, stream| {
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").and_then(|()| stream.write_all(bytes));
    });
    let endless = OtherHost::new(move |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    for host in [says, silent, endless] {
        assert!(refusal(&host.listed(), &host.address("/a")).contains("over 1048576 bytes"));
    }
    let just = OtherHost::saying("200 OK", &bytes[1..]);
    assert_eq!(fetch(&just.listed(), &just.address("/a"), None).unwrap().1.len() as u64, LIMITS.bytes_max);
}

#[test]
fn what_a_host_packs_is_unpacked_within_the_same_limits() {
    let packed = |length: usize| -> &'static [u8] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0u8; length]).unwrap();
        Box::leak(encoder.finish().unwrap().into_boxed_slice())
    };
    let small = OtherHost::saying("200 OK\r\nContent-Encoding: gzip", packed(1000));
    assert_eq!(fetch(&small.listed(), &small.address("/a"), None).unwrap().1, vec![0u8; 1000]);
    let bomb = OtherHost::saying("200 OK\r\nContent-Encoding: gzip", packed(100 << 20));
    assert!(refusal(&bomb.listed(), &bomb.address("/a")).contains("over 1048576 bytes"));
    let fetcher = fetcher(&bomb.listed(), FetchLimits { time: Duration::from_secs(60), ..FetchLimits::default() });
    let error = fetcher.fetch(&bomb.address("/a").parse().unwrap(), None, &mut std::io::sink()).unwrap_err();
    assert!(matches!(error, FetchError::Ratio { .. }), "{error:?}");
    for head in ["200 OK\r\nContent-Encoding: br", "200 OK\r\nContent-Encoding: gzip, gzip"] {
        let odd = OtherHost::saying(head, packed(10));
        assert!(refusal(&odd.listed(), &odd.address("/a")).contains("accepted are gzip"));
    }
    let lie = OtherHost::saying("200 OK\r\nContent-Encoding: gzip", b"not packed");
    assert!(fetch(&lie.listed(), &lie.address("/a"), None).is_err());
}

#[test]
fn a_host_that_keeps_us_waiting_is_left() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let silent = OtherHost::new(|_, _| std::thread::sleep(Duration::from_secs(20)));
    let stalls = OtherHost::new(|_, stream| {
        let _ = stream.write_all(HEAD).and_then(|()| stream.write_all(b"x"));
        std::thread::sleep(Duration::from_secs(20));
    });
    let drips = OtherHost::new(|_, stream| {
        let _ = stream.write_all(HEAD);
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    for (name, host) in [("silent", silent), ("stalls", stalls), ("drips", drips)] {
        let error = fetch(&host.listed(), &host.address("/a"), None).unwrap_err();
        assert!(matches!(error, FetchError::TooSlow { .. }), "{name}: {error:?}");
        assert!(!error.is_refusal(), "{name}");
    }
}

#[test]
fn a_body_that_ends_early_is_no_file() {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let host = OtherHost::new(move |_, stream| {
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello").as_bytes());
        });
        let error = fetch(&host.listed(), &host.address("/a"), None).unwrap_err();
        assert!(!error.is_refusal() && !matches!(error, FetchError::Status { .. }), "{head}: {error:?}");
    }
}
