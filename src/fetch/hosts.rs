//! The hosts that the operator lists: nothing else is asked, and nothing else is redirected to.

use serde::Deserialize;

use super::{Address, FetchError};

/// A host that may be asked, by https.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenHost")]
pub struct Host {
    name: String,
    port: u16,
    is_private: bool,
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
}

fn https_port() -> u16 {
    443
}

impl TryFrom<WrittenHost> for Host {
    type Error = String;

    fn try_from(written: WrittenHost) -> Result<Self, String> {
        let bracketed = if written.name.contains(':') { format!("[{}]", written.name) } else { written.name.clone() };
        let is_bare = !written.name.contains(['/', '?', '#', '@', '\\', '*', ' ']);
        match format!("https://{bracketed}/").parse::<Address>() {
            Ok(address) if is_bare => {
                Ok(Host { name: address.host().to_owned(), port: written.port, is_private: written.private })
            }
            _ => Err(format!(
                "\"{}\" is not the name of a host such as static.csdi.gov.hk; a port is a key of its own",
                crate::base::ids::cut(&written.name)
            )),
        }
    }
}

/// The whole list; empty unless the operator writes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<Host>);

impl Hosts {
    pub fn new(hosts: Vec<Host>) -> Self {
        Hosts(hosts)
    }

    /// Whether an address that a person wrote may be asked, and whether it may be private.
    pub(super) fn first(&self, address: &Address) -> Result<bool, FetchError> {
        let host = self.find(address)?;
        if !address.is_https() && !host.is_private {
            return Err(FetchError::NotHttps { address: address.clone() });
        }
        Ok(host.is_private)
    }

    /// Where a host sends us, if we may go there: by https, to a listed host, never to a private one.
    pub(super) fn redirect(&self, from: &Address, location: Option<&str>) -> Result<Address, FetchError> {
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
        Ok(to)
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
            let found = hosts.first(&address.parse().unwrap()).map_err(|error| error.to_string());
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
                (Ok(found), Ok(wanted)) => assert_eq!(found.as_str(), wanted),
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
        ] {
            let message = hosts(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(hosts("hosts = [{ name = \"::1\", port = 80, private = true }]").is_ok());
    }
}
