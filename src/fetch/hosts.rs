//! The hosts that the operator lists: nothing else is asked, and nothing else is redirected to.

use std::sync::Arc;

use serde::Deserialize;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::{Address, FetchError};

/// A host that may be asked, by https.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenHost")]
pub struct Host {
    name: String,
    port: u16,
    is_private: bool,
    /// Certificates (DER) of the only authorities that sign for this host; none: the public ones.
    authorities: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHost {
    name: String,
    #[serde(default = "https_port")]
    port: u16,
    /// That host and port may be on this machine or in the operator's own network, and plain http.
    #[serde(default)]
    private: bool,
    /// Certificates (PEM) of the authorities that sign for this host, in the place of the public ones.
    #[serde(default)]
    authorities: Option<String>,
}

fn https_port() -> u16 {
    443
}

impl TryFrom<WrittenHost> for Host {
    type Error = String;

    fn try_from(written: WrittenHost) -> Result<Self, String> {
        let bracketed = if written.name.contains(':') { format!("[{}]", written.name) } else { written.name.clone() };
        let is_bare = !written.name.contains(['/', '?', '#', '@', '\\', '*', ' ']);
        let authorities = written.authorities.as_deref().map(authorities).transpose()?.unwrap_or_default();
        match format!("https://{bracketed}/").parse::<Address>() {
            Ok(address) if is_bare => Ok(Host {
                name: address.host().to_owned(),
                port: written.port,
                is_private: written.private,
                authorities,
            }),
            _ => Err(format!(
                "\"{}\" is not the name of a host such as static.csdi.gov.hk; a port is a key of its own",
                crate::base::ids::cut(&written.name)
            )),
        }
    }
}

/// The certificates of a PEM text, in DER.
fn authorities(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    let refused =
        |why: &str| format!("authorities {why}; accepted are certificates as PEM, \"-----BEGIN CERTIFICATE-----\"");
    let mut found = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item.map_err(|error| refused(&format!("cannot be read: {error}")))? {
            PemItem::Certificate(certificate) => found.push(certificate.der().to_owned()),
            _ => return Err(refused("holds something else than certificates")),
        }
    }
    let mut known = rustls::RootCertStore::empty();
    let (_, unusable) = known.add_parsable_certificates(found.iter().map(|der| der.as_slice().into()));
    match (found.is_empty(), unusable) {
        (true, _) => Err(refused("holds no certificate")),
        (false, 0) => Ok(found),
        (false, _) => Err(refused("holds a certificate that cannot be read")),
    }
}

impl Host {
    pub(super) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Whose word is taken for the certificate of this host.
    pub(super) fn authorities(&self) -> RootCerts {
        if self.authorities.is_empty() {
            return RootCerts::WebPki;
        }
        let certificates = self.authorities.iter().map(|der| Certificate::from_der(der).to_owned());
        RootCerts::Specific(Arc::new(certificates.collect()))
    }
}

/// The whole list; empty unless the operator writes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<Host>);

impl Hosts {
    pub fn new(hosts: Vec<Host>) -> Self {
        Hosts(hosts)
    }

    /// The host of an address that a person wrote, if it may be asked.
    pub(super) fn first(&self, address: &Address) -> Result<&Host, FetchError> {
        let host = self.find(address)?;
        if !address.is_https() && !host.is_private {
            return Err(FetchError::NotHttps { address: address.clone() });
        }
        Ok(host)
    }

    /// Where a host sends us, if we may go there: by https, to a listed host, never to a private one.
    pub(super) fn redirect(&self, from: &Address, location: Option<&str>) -> Result<(Address, &Host), FetchError> {
        let refuse = |why: String| FetchError::Redirect { address: from.clone(), why };
        let location = location.ok_or_else(|| refuse("it does not say where to".to_owned()))?;
        let to = from.join(location).map_err(|fault| refuse(fault.to_string()))?;
        let host = self.find(&to).map_err(|error| refuse(error.to_string()))?;
        if host.is_private {
            return Err(refuse(format!("{to} is private, and nobody is sent there")));
        }
        if !to.is_https() {
            return Err(refuse(format!("{to} is not an https address")));
        }
        Ok((to, host))
    }

    fn find(&self, address: &Address) -> Result<&Host, FetchError> {
        self.0
            .iter()
            .find(|host| host.name == address.host() && host.port == address.port())
            .ok_or_else(|| FetchError::NotListed { address: address.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Result<Hosts, String> {
        #[derive(Deserialize)]
        struct File {
            hosts: Vec<Host>,
        }
        toml::from_str::<File>(text).map(|file| Hosts::new(file.hosts)).map_err(|error| error.message().to_owned())
    }

    const LISTED: &str = r#"
hosts = [
  { name = "Static.CSDI.gov.hk" },
  { name = "data.example.hk", port = 8443 },
  { name = "127.0.0.1", port = 9000, private = true },
]"#;

    #[test]
    fn a_person_may_name_listed_hosts_and_ports_only() {
        let hosts = hosts(LISTED).unwrap();
        for (address, expected) in [
            ("https://static.csdi.gov.hk/a.zip", Ok(false)),
            ("https://static.csdi.gov.hk:443/a.zip", Ok(false)),
            ("https://STATIC.csdi.gov.hk/a.zip", Ok(false)),
            ("https://data.example.hk:8443/a", Ok(false)),
            ("http://127.0.0.1:9000/a", Ok(true)),
            ("http://127.1:9000/a", Ok(true)),
            ("http://static.csdi.gov.hk:443/a", Err("https")),
            ("http://static.csdi.gov.hk/a", Err("not listed")),
            ("https://static.csdi.gov.hk:8443/a", Err("not listed")),
            ("https://static.csdi.gov.hk.evil.example/a", Err("not listed")),
            ("https://evil.example/static.csdi.gov.hk", Err("not listed")),
            ("https://data.example.hk/a", Err("not listed")),
            ("http://127.0.0.1:9001/a", Err("not listed")),
            ("http://localhost:9000/a", Err("not listed")),
        ] {
            let found = hosts.first(&address.parse().unwrap()).map(Host::is_private).map_err(|error| error.to_string());
            match expected {
                Ok(private) => assert_eq!(found, Ok(private), "{address}"),
                Err(part) => assert!(found.as_ref().unwrap_err().contains(part), "{address}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_redirect_leads_to_listed_hosts_by_https_and_never_to_a_private_one() {
        let hosts = hosts(LISTED).unwrap();
        let from: Address = "https://static.csdi.gov.hk/x/a.zip".parse().unwrap();
        for (location, expected) in [
            (Some("/b.zip"), Ok("https://static.csdi.gov.hk/b.zip")),
            (Some("b.zip"), Ok("https://static.csdi.gov.hk/x/b.zip")),
            (Some("https://data.example.hk:8443/c"), Ok("https://data.example.hk:8443/c")),
            (Some("http://static.csdi.gov.hk:443/b.zip"), Err("not an https address")),
            (Some("http://127.0.0.1:9000/"), Err("is private")),
            (Some("https://127.0.0.1:9000/"), Err("is private")),
            (Some("//evil.example/b.zip"), Err("not listed")),
            (Some("file:///etc/passwd"), Err("not an https address")),
            (Some("https://u:p@data.example.hk:8443/c"), Err("no password")),
            (None, Err("where to")),
        ] {
            match (hosts.redirect(&from, location), expected) {
                (Ok((found, _)), Ok(wanted)) => assert_eq!(found.as_str(), wanted),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{location:?}: {error}"),
                (found, _) => panic!("{location:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_list_that_says_more_than_hosts_is_refused() {
        for (text, part) in [
            ("hosts = [{ name = \"https://a.hk\" }]", "not the name of a host"),
            ("hosts = [{ name = \"a.hk/x\" }]", "not the name of a host"),
            ("hosts = [{ name = \"*.gov.hk\" }]", "not the name of a host"),
            ("hosts = [{ name = \"u@a.hk\" }]", "not the name of a host"),
            ("hosts = [{ name = \"\" }]", "not the name of a host"),
            ("hosts = [{ name = \"a.hk:80\" }]", "not the name of a host"),
            ("hosts = [{ name = \"a.hk\", privat = true }]", "unknown field"),
            ("hosts = [{ name = \"a.hk\", authorities = \"own.pem\" }]", "holds no certificate"),
            (
                "hosts = [{ name = \"a.hk\", authorities = \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\" }]",
                "a certificate that cannot be read",
            ),
        ] {
            let message = hosts(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(hosts("hosts = [{ name = \"::1\", port = 80, private = true }]").is_ok());
    }
}
