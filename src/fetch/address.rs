//! An address that may be asked: http or https, a host, no credentials.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::base::ids::cut;

/// Parsed and normalised once, as browsers do, so that nobody later reads another host in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Url);

/// Why a text is no address that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    #[error("\"{0}\" is not an address such as https://static.csdi.gov.hk/file.zip")]
    Unreadable(String),
    #[error("\"{0}\" is not an https address")]
    Scheme(String),
    #[error("an address may hold no user name and no password, since a definition is for all to read")]
    Credentials,
}

impl Address {
    /// Name or number of the host, in lower case, IPv6 in brackets.
    pub fn host(&self) -> &str {
        // `from_str` took it only with a host.
        self.0.host_str().unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        // http and https, the only schemes here, have one each.
        self.0.port_or_known_default().unwrap_or_default()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where a redirect from here leads.
    pub fn join(&self, location: &str) -> Result<Self, AddressFault> {
        let joined = self.0.join(location).map_err(|_| AddressFault::Unreadable(cut(location)))?;
        Address::from_url(joined)
    }

    /// The first value of a parameter, its name in any case.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.query_pairs();
        pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    }

    /// The same address with these parameters in the place of those of the same name; one that is
    /// empty is left out.
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> Self {
        let is_given = |name: &str| parameters.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let kept: Vec<(String, String)> =
            self.0.query_pairs().into_owned().filter(|(name, _)| !is_given(name)).collect();
        let mut url = self.0.clone();
        let given = parameters.iter().filter(|(_, value)| !value.is_empty());
        url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(given);
        Address(url)
    }

    /// The path, without what is asked of it.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// What stands after the last slash of the path, as a plain name for a file: no path, no
    /// control character, never empty.
    pub fn file_name(&self) -> String {
        const NAME_BYTES_MAX: usize = 120;
        let last = self.0.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
        let is_plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
        let mut name: String = decoded.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        // The end is kept, because the extension tells the format.
        while name.len() > NAME_BYTES_MAX {
            name.remove(0);
        }
        let name = name.trim_start_matches('.');
        if name.is_empty() { "delivery".to_owned() } else { name.to_owned() }
    }

    fn from_url(url: Url) -> Result<Self, AddressFault> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(AddressFault::Scheme(cut(url.as_str())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(AddressFault::Unreadable(cut(url.as_str())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressFault::Credentials);
        }
        let mut url = url;
        url.set_fragment(None);
        Ok(Address(url))
    }
}

impl FromStr for Address {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let url = Url::parse(text).map_err(|_| AddressFault::Unreadable(cut(text)))?;
        Address::from_url(url)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&cut(self.as_str()))
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_the_end_of_the_path_and_never_climbs() {
        for (address, name) in [
            ("https://a.hk/x/Libraries.geojson?v=1#top", "Libraries.geojson"),
            ("https://a.hk/%E5%9C%96%E6%9B%B8.csv", "圖書.csv"),
            ("https://a.hk/x/..%2F..%2Fetc%2Fpasswd", "_.._etc_passwd"),
            ("https://a.hk/a%00%0Ab.csv", "a__b.csv"),
            ("https://a.hk/x/", "delivery"),
            ("https://a.hk", "delivery"),
            ("https://a.hk/%2e%2e", "delivery"),
            ("https://a.hk/C:%5Ca.zip", "C__a.zip"),
        ] {
            assert_eq!(address.parse::<Address>().unwrap().file_name(), name, "{address}");
        }
        let long: Address = format!("https://a.hk/{}.csv", "x".repeat(400)).parse().unwrap();
        assert!(long.file_name().len() <= 120 && long.file_name().ends_with(".csv"));
    }

    #[test]
    fn what_cannot_be_asked_is_refused_by_name() {
        for (text, part) in [
            ("ftp://a.hk/x", "not an https address"),
            ("file:///etc/passwd", "not an https address"),
            ("data.csv", "not an address"),
            ("https://user:secret@a.hk/x", "no password"),
        ] {
            let fault = text.parse::<Address>().unwrap_err().to_string();
            assert!(fault.contains(part), "{fault}");
        }
        let odd: Address = "HTTPS://0x7F.1:8443/x".parse().unwrap();
        assert_eq!((odd.host(), odd.port(), odd.is_https()), ("127.0.0.1", 8443, true));
    }
}
