//! Other hosts by https, with real handshakes: redirects that are followed, and hosts that are not
//! who they say.
//!
//! The numbers of these hosts are public ones, because nobody is redirected to any other. They are
//! this machine's own in a network that holds nothing else, in which each test runs itself again.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use causeway::fetch::{CertificateFault, FetchError, FetchLimits, Fetched, Validator};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use support::other_host::{Asked, OtherHost, fetched, fetcher, whole};
use support::skip;

/// Listed hosts, one that nobody lists, and one whose name leads inside.
const NAMES: &str = "9.9.9.9 files.example.hk store.example.hk unlisted.example.hk\n10.0.0.9 inside.example.hk\n";
const PUBLIC: &str = "9.9.9.9";
const PRIVATE: &str = "10.0.0.9";

/// Whether this is the run in the network of the test's own; else it has been made, and the test has
/// run there.
fn is_in_own_network(test: &str) -> bool {
    const INSIDE: &str = "CAUSEWAY_TEST_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let names = tempfile::NamedTempFile::new().unwrap();
    names.as_file().write_all(NAMES.as_bytes()).unwrap();
    let make =
        "ip link set lo up && ip addr add $1/32 dev lo && ip addr add $2/32 dev lo && mount --bind $3 /etc/hosts";
    let own_network = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--mount", "sh", "-c", script, "sh", PUBLIC, PRIVATE]);
        command.arg(names.path()).arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
        command.env(INSIDE, "1");
        command.output()
    };
    if !own_network(make).is_ok_and(|output| output.status.success()) {
        skip(test, "a network of its own cannot be made here");
        return false;
    }
    let output = own_network(&format!("{make} && shift 3 && exec \"$@\"")).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    false
}

/// Signs the certificates of hosts.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    fn signs(&self, names: &[&str], years: [i32; 2]) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = of(names, years).signed_by(&key, &self.0).unwrap();
        shown(&certificate, &key)
    }

    /// The list of hosts with this authority for each, and the port for all.
    fn listed(&self, names: &[&str], port: u16) -> String {
        let host =
            |name| format!("[[hosts]]\nname = \"{name}\"\nport = {port}\nauthorities = '''{}'''\n", self.0.pem());
        names.iter().map(host).collect()
    }
}

fn of(names: &[&str], [from, to]: [i32; 2]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    (parameters.not_before, parameters.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    parameters
}

fn shown(certificate: &rcgen::Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap())
}

const GOOD: [i32; 2] = [2020, 2090];
const LISTED: [&str; 2] = ["files.example.hk", "store.example.hk"];
const EVERY_NAME: [&str; 5] =
    ["files.example.hk", "store.example.hk", "unlisted.example.hk", "inside.example.hk", PUBLIC];

fn secure(
    certificate: Arc<ServerConfig>,
    answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static,
) -> OtherHost {
    OtherHost::secure(PUBLIC.parse::<IpAddr>().unwrap(), certificate, answer)
}

fn fetch(listed: &str, address: &str, known: Option<&Validator>) -> Result<(Fetched, Vec<u8>), FetchError> {
    let limits = FetchLimits { bytes_max: 1 << 20, time: Duration::from_secs(20), stall: Duration::from_secs(10) };
    fetched(&fetcher(listed, limits), address, known)
}

#[track_caller]
fn refusal(listed: &str, address: &str) -> String {
    let error = fetch(listed, address, None).expect_err(address);
    assert!(error.is_refusal(), "{error:?}");
    error.to_string()
}

#[test]
fn a_redirect_is_followed_to_listed_hosts_and_what_answered_is_asked_next_time() {
    if !is_in_own_network("a_redirect_is_followed_to_listed_hosts_and_what_answered_is_asked_next_time") {
        return;
    }
    let authority = Authority::new();
    let host = secure(authority.signs(&LISTED, GOOD), |asked, stream| {
        let to = |place: &str| format!("302 Found\r\nLocation: {place}");
        let store = format!("https://store.example.hk:{}", asked.header("host").unwrap().split(':').nth(1).unwrap());
        match asked.path() {
            "/latest" => whole(stream, &to("/today"), b""),
            "/today" => whole(stream, &to(&format!("{store}/42.csv")), b""),
            "/round" => whole(stream, &to(&format!("{store}/round")), b""),
            "/42.csv" if asked.header("if-none-match").is_some() => whole(stream, "304 Not Modified", b""),
            "/42.csv" => whole(stream, "200 OK\r\nETag: \"42\"", b"places"),
            _ => whole(stream, "404 Not Found", b""),
        }
    });
    let listed = authority.listed(&LISTED, host.port);
    let address = format!("https://files.example.hk:{}/latest", host.port);
    let (fetched, bytes) = fetch(&listed, &address, None).unwrap();
    let Fetched::New(validator) = fetched else { panic!("{fetched:?}") };
    assert_eq!(bytes, b"places");
    assert_eq!(validator.answered_by.as_str(), format!("https://store.example.hk:{}/42.csv", host.port));
    assert_eq!(fetch(&listed, &address, Some(&validator)).unwrap().0, Fetched::Unchanged);
    let asked = host.asked();
    let paths: Vec<&str> = asked.iter().map(Asked::path).collect();
    assert_eq!(paths, ["/latest", "/today", "/42.csv", "/latest", "/today", "/42.csv"]);
    let conditional: Vec<bool> = asked.iter().map(|asked| asked.header("if-none-match").is_some()).collect();
    assert_eq!(conditional, [false, false, false, false, false, true], "only who gave the ETag is told it");
    let round = refusal(&listed, &format!("https://files.example.hk:{}/round", host.port));
    assert!(round.contains("sends elsewhere more than 3 times"), "{round}");
}

#[test]
fn a_redirect_to_any_other_place_is_refused_before_anybody_connects() {
    if !is_in_own_network("a_redirect_to_any_other_place_is_refused_before_anybody_connects") {
        return;
    }
    let authority = Authority::new();
    let plain = OtherHost::saying("200 OK", b"secret");
    let target = secure(authority.signs(&EVERY_NAME, GOOD), |_, stream| whole(stream, "200 OK", b"secret"));
    let inside = OtherHost::secure(PRIVATE.parse().unwrap(), authority.signs(&EVERY_NAME, GOOD), |_, stream| {
        whole(stream, "200 OK", b"secret");
    });
    for (to, part) in [
        (format!("https://unlisted.example.hk:{}/a", target.port), "not listed"),
        (format!("https://{PUBLIC}:{}/a", target.port), "not listed"),
        ("https://store.example.hk/a".to_owned(), "not listed"),
        (format!("http://store.example.hk:{}/a", target.port), "is not an https address"),
        (plain.address("/a"), "is private, and nobody is sent there"),
        (format!("https://inside.example.hk:{}/a", inside.port), "10.0.0.9 is not an address of the public internet"),
        (format!("https://{PRIVATE}:{}/a", inside.port), "10.0.0.9 is not an address of the public internet"),
        (format!("https://user:word@store.example.hk:{}/a", target.port), "no password"),
        ("file:///etc/passwd".to_owned(), "not an https address"),
    ] {
        let location = to.clone();
        let host = secure(authority.signs(&LISTED, GOOD), move |_, stream| {
            whole(stream, &format!("307 Elsewhere\r\nLocation: {location}"), b"");
        });
        let listed = [
            authority.listed(&LISTED[..1], host.port),
            authority.listed(&LISTED[1..], target.port),
            authority.listed(&["inside.example.hk", PRIVATE], inside.port),
            plain.listed(),
        ];
        let message = refusal(&listed.concat(), &format!("https://files.example.hk:{}/latest", host.port));
        assert!(message.contains(part), "{to}: {message}");
        assert_eq!(host.asked().len(), 1, "{to}");
    }
    for nobody in [target, inside, plain] {
        assert!(nobody.asked().is_empty(), "{:?}", nobody.asked());
    }
}

#[test]
fn a_host_that_is_not_who_it_says_is_asked_nothing() {
    if !is_in_own_network("a_host_that_is_not_who_it_says_is_asked_nothing") {
        return;
    }
    let (authority, stranger) = (Authority::new(), Authority::new());
    let alone = |names: &[&str]| {
        let key = KeyPair::generate().unwrap();
        shown(&of(names, GOOD).self_signed(&key).unwrap(), &key)
    };
    for (certificate, expected, part) in [
        (alone(&LISTED), CertificateFault::UnknownAuthority, "signed by nobody who is known here"),
        (stranger.signs(&LISTED, GOOD), CertificateFault::UnknownAuthority, "list its authorities in causeway.toml"),
        (authority.signs(&["other.example.hk"], GOOD), CertificateFault::OtherName, "is another host's"),
        (authority.signs(&LISTED, [2020, 2021]), CertificateFault::Expired, "has expired"),
        (authority.signs(&LISTED, [2089, 2090]), CertificateFault::NotYet, "is not valid yet"),
    ] {
        let host = secure(certificate, |_, stream| whole(stream, "200 OK", b"places"));
        let address = format!("https://files.example.hk:{}/a.csv", host.port);
        let error = fetch(&authority.listed(&LISTED, host.port), &address, None).unwrap_err();
        assert!(matches!(&error, FetchError::Certificate { fault, .. } if *fault == expected), "{error:?}");
        assert!(error.is_refusal() && error.to_string().contains(part), "{error}");
        assert!(host.asked().iter().all(|asked| asked.0.is_empty()), "{:?}", host.asked());
    }
}

/// An authority of one's own signs for the hosts that are listed with it, and for no other.
#[test]
fn an_authority_of_ones_own_is_not_taken_for_another_host() {
    if !is_in_own_network("an_authority_of_ones_own_is_not_taken_for_another_host") {
        return;
    }
    let authority = Authority::new();
    let host = secure(authority.signs(&LISTED, GOOD), |asked, stream| {
        let port = asked.header("host").unwrap().split(':').nth(1).unwrap().to_owned();
        whole(stream, &format!("302 Found\r\nLocation: https://store.example.hk:{port}/a"), b"");
    });
    let public = format!("[[hosts]]\nname = \"store.example.hk\"\nport = {}\n", host.port);
    let listed = authority.listed(&LISTED[..1], host.port) + &public;
    let message = refusal(&listed, &format!("https://files.example.hk:{}/a", host.port));
    assert!(message.contains("store.example.hk") && message.contains("signed by nobody"), "{message}");
}
