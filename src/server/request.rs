//! Requests: language, wanted form, base address, and query parameters that are known, given once,
//! and taken by name.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri, header};

use super::fault::Refused;
use super::pages::Frame;
use super::problem::Problem;
use crate::base::Language;
use crate::base::ids::cut;

/// What a request asks for, whatever its address.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub path_and_query: String,
    /// Absolute, without a slash at its end.
    pub base: String,
    pub language: Language,
    pub wants_html: bool,
    /// The media type that the client wants most, with nothing said of its version.
    pub leading_type: String,
    pub accepts_gzip: bool,
    /// What the client calls itself.
    pub user_agent: String,
    known_etags: String,
    accept: String,
}

impl Ask {
    /// Reads everything but the parameters; never fails, so that even a problem can be dressed.
    pub fn new(method: Method, uri: &Uri, headers: &HeaderMap, base_url: Option<&str>) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = uri.query().unwrap_or_default();
        // HTTP/2 names the host in the address.
        let host = uri.authority().map_or_else(|| text(header::HOST), Authority::as_str);
        let quick = |wanted: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
            value.and_then(|value| decode(value).ok())
        };
        let language = quick("lang")
            .and_then(|tag| Language::from_tag(&tag))
            .unwrap_or_else(|| preferred_language(text(header::ACCEPT_LANGUAGE)));
        let wants_html = match quick("f") {
            Some(format) => format == "html",
            None => leads(text(header::ACCEPT)).is_some_and(|leader| leader.eq_ignore_ascii_case("text/html")),
        };
        // A tag says of an answer to GET that it has not changed, RFC 9110 §13.1.2.
        let known_etags = if method == Method::POST { "" } else { text(header::IF_NONE_MATCH) };
        Ask {
            path: uri.path().to_owned(),
            path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            base: base_url.map_or_else(|| base_of(host), str::to_owned),
            language,
            wants_html,
            leading_type: leads(text(header::ACCEPT)).unwrap_or_default().to_ascii_lowercase(),
            accepts_gzip: accepts_gzip(text(header::ACCEPT_ENCODING)),
            user_agent: text(header::USER_AGENT).to_owned(),
            known_etags: known_etags.to_owned(),
            accept: text(header::ACCEPT).to_owned(),
            method,
        }
    }

    pub fn has_etag(&self, etag: &str) -> bool {
        let strong = |known: &str| known.trim().trim_start_matches("W/") == etag;
        self.known_etags.trim() == "*" || self.known_etags.split(',').any(strong)
    }

    /// Whether the `Accept` header names this media type itself.
    pub fn accepts(&self, media_type: &str) -> bool {
        self.accept.split(',').filter_map(weighed).any(|(named, _)| named.eq_ignore_ascii_case(media_type))
    }

    pub fn frame(&self) -> Frame<'_> {
        Frame { language: self.language, base: &self.base, path_and_query: &self.path_and_query }
    }

    /// The part of a cache key that the client's wishes make up.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.base, self.language.tag(), if self.wants_html { "html" } else { "json" })
    }
}

/// `http://` and the Host header, where that is a plain host and port.
fn base_of(host: &str) -> String {
    let is_plain = !host.is_empty()
        && host.len() <= 255
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
    format!("http://{}", if is_plain { host } else { "localhost" })
}

fn preferred_language(header: &str) -> Language {
    heaviest(header.split(',').filter_map(|part| {
        let (tag, weight) = weighed(part)?;
        Some((Language::from_tag(tag)?, weight))
    }))
    .unwrap_or(Language::En)
}

/// The media type that a client wants most.
fn leads(header: &str) -> Option<&str> {
    heaviest(header.split(',').filter_map(weighed))
}

/// A part of a header and its weight, RFC 9110 §12.4.2; a weight of zero is a refusal.
fn weighed(part: &str) -> Option<(&str, f32)> {
    let (name, weight) = with_weight(part)?;
    (weight > 0.0).then_some((name, weight))
}

fn with_weight(part: &str) -> Option<(&str, f32)> {
    let mut parameters = part.split(';').map(str::trim);
    let name = parameters.next()?;
    let weight = parameters.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
    Some((name, weight.map_or(Some(1.0), |weight| weight.parse().ok())?))
}

/// Of equal weights the first one counts.
fn heaviest<T>(weighed: impl Iterator<Item = (T, f32)>) -> Option<T> {
    weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(heaviest, _)| heaviest)
}

/// What is said of gzip itself counts more than what is said of all encodings.
fn accepts_gzip(header: &str) -> bool {
    let parts: Vec<(&str, f32)> = header.split(',').filter_map(with_weight).collect();
    let weight =
        |wanted: &str| parts.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, weight)| *weight);
    weight("gzip").or(weight("*")).is_some_and(|weight| weight > 0.0)
}

/// The query parameters of a request. Each is taken by name; what is left over is unknown.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Decodes a query; a parameter given twice or not UTF-8 is refused.
    pub fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Refused::Twice { name }.into());
            }
            pairs.push((name, value));
        }
        Ok(Parameters { pairs })
    }

    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.remove(place).1)
    }

    /// Takes a parameter whose name may be in any case, as dialects have it; one without a value
    /// is as good as none.
    pub fn take_any_case(&mut self, name: &str) -> Option<String> {
        let is_wanted = |(known, value): &(String, String)| known.eq_ignore_ascii_case(name) && !value.is_empty();
        let place = self.pairs.iter().position(is_wanted)?;
        Some(self.pairs.remove(place).1)
    }

    /// Takes `f` and `lang`, which every address has. `formats` are the values of `f`.
    /// Answers the value of `f`.
    pub fn take_common(&mut self, formats: &[&str]) -> Result<Option<String>, Problem> {
        let format = self.take("f");
        if let Some(format) = &format
            && !formats.contains(&format.as_str())
        {
            return Err(not_offered("f", format, &formats.join(", ")));
        }
        if let Some(tag) = self.take("lang")
            && Language::from_tag(&tag).is_none()
        {
            return Err(not_offered("lang", &tag, &Language::ALL.map(Language::tag).join(", ")));
        }
        Ok(format)
    }

    /// Forgets parameters without a value, which forms send of what was left empty.
    pub fn drop_empty(&mut self) {
        self.pairs.retain(|(_, value)| !value.is_empty());
    }

    /// Adds a pair that other parameters stand for.
    pub fn add(&mut self, name: String, value: String) {
        self.pairs.push((name, value));
    }

    /// All that was given but for some names, in any case, in one order: what stays the same from
    /// page to page.
    pub fn without(&self, names: &[&str]) -> String {
        let is_kept = |(name, _): &&(String, String)| !names.iter().any(|left| left.eq_ignore_ascii_case(name));
        let mut kept: Vec<String> = self
            .pairs
            .iter()
            .filter(is_kept)
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        kept.sort();
        kept.join("&")
    }

    /// What was not taken.
    pub fn rest(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Refuses what was not taken, naming what would be.
    pub fn finish(self, accepted: &str) -> Result<(), Problem> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refused::Unknown { name: name.clone(), accepted: accepted.to_owned() }.into()),
        }
    }
}

fn not_offered(name: &'static str, value: &str, accepted: &str) -> Problem {
    Refused::NotOffered { name, value: value.to_owned(), accepted: accepted.to_owned() }.into()
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| Problem::bad_request(format!("\"{}\" in the address is not UTF-8", cut(text))))
}

/// A value as it stands in a query.
pub fn encode(value: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b',')
        .remove(b':')
        .remove(b'/');
    percent_encoding::utf8_percent_encode(value, &KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_weighed() {
        for (header, language) in [
            ("zh-HK,zh;q=0.9,en;q=0.8", Language::ZhHant),
            ("fr, en;q=0.5", Language::En),
            ("zh-CN", Language::ZhHans),
            ("en;q=0.3, zh-Hans;q=0.7", Language::ZhHans),
            ("", Language::En),
            ("en;q=0, zh;q=0.1", Language::ZhHant),
        ] {
            assert_eq!(preferred_language(header), language, "{header}");
        }
    }

    #[test]
    fn html_is_sent_where_it_leads_by_weight_and_then_by_place() {
        for (header, leader) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
            ("application/json, text/html", "application/json"),
            ("text/html;q=0.5, */*", "*/*"),
            ("text/html;level=1;q=0.3, application/geo+json;q=0.4", "application/geo+json"),
            ("text/html;q=0, application/xml;q=0.1", "application/xml"),
            ("text/html;q=NaN, application/json", "application/json"),
        ] {
            assert_eq!(leads(header), Some(leader), "{header}");
        }
    }

    #[test]
    fn only_a_plain_host_becomes_a_base() {
        assert_eq!(base_of("gis.example.hk:8080"), "http://gis.example.hk:8080");
        assert_eq!(base_of("evil\"><script>"), "http://localhost");
        // HTTP/2 has no Host header.
        let uri = Uri::from_static("http://gis.example.hk:8080/collections");
        let ask = Ask::new(Method::GET, &uri, &HeaderMap::new(), None);
        assert_eq!((ask.base.as_str(), ask.path_and_query.as_str()), ("http://gis.example.hk:8080", "/collections"));
    }

    #[test]
    fn parameters_are_taken_once_and_the_rest_is_refused() {
        let mut parameters = Parameters::parse(Some("limit=5&%E5%9C%B0=%E5%8D%97+x")).unwrap();
        assert_eq!(parameters.take("limit").as_deref(), Some("5"));
        assert_eq!(parameters.take("地").as_deref(), Some("南 x"));
        assert!(parameters.finish("limit").is_ok());
        assert!(Parameters::parse(Some("a=1&a=2")).is_err());
        assert!(Parameters::parse(Some("a=%FF")).is_err());
        assert!(Parameters::parse(Some("x=1")).unwrap().finish("limit").unwrap_err().detail.contains("\"x\""));
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for header in ["gzip, deflate", "GZIP", "br, *", "identity, gzip; q=0.5"] {
            assert!(accepts_gzip(header), "{header}");
        }
        for header in ["gzip;q=0, deflate", "", "br", "*;q=0", "gzip;q=0.0, *", "gzip;q=x"] {
            assert!(!accepts_gzip(header), "{header}");
        }
    }
}
