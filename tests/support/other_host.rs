//! Another host of the network, as good or as bad as a test wants it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use causeway::fetch::{FetchError, FetchLimits, Fetched, Fetcher, Host, Hosts, Validator};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What was asked: the line and the headers, as they came.
#[derive(Clone, Debug)]
pub struct Asked(pub String);

impl Asked {
    pub fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.0.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// A server on a free port of this machine; it ends with the test's process.
pub struct OtherHost {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl OtherHost {
    /// Every connection is one request, which `answer` writes the answer to.
    pub fn new(answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static) -> Self {
        OtherHost::listen(Ipv4Addr::LOCALHOST.into(), None, answer)
    }

    /// The same by https, on a number that this machine has.
    pub fn secure(
        number: IpAddr,
        certificate: Arc<ServerConfig>,
        answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static,
    ) -> Self {
        OtherHost::listen(number, Some(certificate), answer)
    }

    fn listen(
        number: IpAddr,
        certificate: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Asked, &mut dyn Write) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((number, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer, certificate) = (Arc::clone(&seen), Arc::clone(&answer), certificate.clone());
                let serve = move |stream: &mut dyn ReadWrite| {
                    let request = head_of(stream);
                    seen.lock().unwrap().push(request.clone());
                    answer(&request, stream);
                };
                std::thread::spawn(move || match certificate {
                    None => serve(&mut { stream }),
                    Some(certificate) => {
                        let mut stream = StreamOwned::new(ServerConnection::new(certificate).unwrap(), stream);
                        serve(&mut stream);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        OtherHost { port, asked }
    }

    /// Gives each request the same whole answer.
    pub fn saying(head: &'static str, body: &'static [u8]) -> Self {
        OtherHost::new(move |_, stream| whole(stream, head, body))
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The table of `causeway.toml` that lists this host as private.
    pub fn listed(&self) -> String {
        format!("[[hosts]]\nname = \"127.0.0.1\"\nport = {}\nprivate = true\n", self.port)
    }
}

trait ReadWrite: Read + Write {}

impl<S: Read + Write> ReadWrite for S {}

/// `head` is the status and further headers: `200 OK\r\nETag: "a"`.
pub fn whole(stream: &mut dyn Write, head: &str, body: &[u8]) {
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Whoever has seen enough hangs up.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body));
}

/// The request up to its empty line; a handshake of TLS has none, and its first bytes are enough.
fn head_of(stream: &mut dyn ReadWrite) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line).unwrap_or(0);
        let text = String::from_utf8_lossy(&line).into_owned();
        if read == 0 || text.trim().is_empty() || !text.is_ascii() {
            return Asked(head + &text);
        }
        head.push_str(&text);
    }
}

/// A fetcher of the hosts that a configuration lists.
pub fn fetcher(listed: &str, limits: FetchLimits) -> Fetcher {
    #[derive(serde::Deserialize)]
    struct Listed {
        #[serde(default)]
        hosts: Vec<Host>,
    }
    Fetcher::new(Hosts::new(toml::from_str::<Listed>(listed).unwrap().hosts), limits)
}

/// What comes of one fetch, and the bytes.
pub fn fetched(fetcher: &Fetcher, address: &str, known: Option<&Validator>) -> Result<(Fetched, Vec<u8>), FetchError> {
    let mut bytes = Vec::new();
    let fetched = fetcher.fetch(&address.parse().unwrap(), known, &mut bytes)?;
    Ok((fetched, bytes))
}
