//! How a metrics server is reached: address, credentials, certificates, limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::error::PrometheusError;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// How the client says who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// User and password.
    Basic {
        /// User.
        user: String,
        /// Password.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
    /// A file with a token, read again for every query: it may be rotated.
    TokenFile(PathBuf),
}

/// A client certificate with its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// Certificate, followed by those that signed it.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// The most that is asked for and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Queries under way at once.
    pub queries: usize,
    /// Points of one series in one query; Prometheus refuses more than 11,000.
    pub points: u32,
    /// Bytes of one series, label set or rule group; a longer one is left out and counted.
    pub element_bytes: usize,
    /// Bytes of one answer.
    pub answer_bytes: u64,
    /// Series of one answer.
    pub series: u64,
    /// Until an answer begins, and between two parts of it; a whole answer has ten times as long.
    pub timeout: Duration,
    /// Times that a question is asked again when the answer may come a little later.
    pub retries: u32,
    /// Before it is asked again the first time; twice as long each further time.
    pub backoff: Duration,
}

/// How a metrics server is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Base address, with any path before `/api/v1`; user and password in it are used.
    pub url: String,
    /// How the client says who it is.
    pub auth: Auth,
    /// Further headers, such as `X-Scope-OrgID`.
    pub headers: Vec<(String, Secret)>,
    /// PEM file of the only authorities to trust; else those of the system.
    pub ca_file: Option<PathBuf>,
    /// Client certificate.
    pub identity: Option<ClientIdentity>,
    /// The most that is asked for and read.
    pub limits: Limits,
}

// === impl Secret ===

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            queries: 2,
            points: 11_000,
            // 11,000 points take 400 kB; the rest is for labels.
            element_bytes: 2 << 20,
            answer_bytes: 2 << 30,
            series: 500_000,
            timeout: Duration::from_secs(60),
            retries: 4,
            backoff: Duration::from_millis(500),
        }
    }
}

/// The checked form of [`Settings::url`] and of everything that is sent with each query.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    base: Url,
    pub(crate) auth: Auth,
}

// === impl Address ===

impl Address {
    pub(crate) fn new(settings: &Settings) -> Result<Self, PrometheusError> {
        let given = settings.url.trim();
        let refused = |reason: String| {
            let url = match Url::parse(given) {
                Ok(url) if url.has_host() => plain(&url),
                Ok(_) | Err(_) => without_user(given),
            };
            PrometheusError::Address { url, reason }
        };
        let mut base = Url::parse(given)
            .map_err(|error| refused(format!("{error}; it looks like `http://prometheus:9090`")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(refused(
                "it must begin with `http://` or `https://` and name a host".to_owned(),
            ));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(refused("it must not hold a query or a fragment".to_owned()));
        }
        let mut auth = settings.auth.clone();
        if !base.username().is_empty() {
            if auth != Auth::None {
                return Err(refused("it names a user, and so do the settings".to_owned()));
            }
            auth = Auth::Basic {
                user: decoded(base.username()),
                password: Secret(base.password().map_or_else(String::new, decoded)),
            };
        }
        // Neither fails for a host with `http` or `https`.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        let path = base.path().trim_end_matches('/');
        // People paste what they see in their browser or in another tool's settings.
        let path = path.strip_suffix("/graph").unwrap_or(path);
        let path = path.strip_suffix("/api/v1").unwrap_or(path).trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base, auth })
    }

    /// The address of a part of the API, such as `query`.
    pub(crate) fn endpoint(&self, part: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}/api/v1/{part}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }
}

/// The headers of the settings.
pub(crate) fn headers(settings: &Settings) -> Result<HeaderMap, PrometheusError> {
    let mut map = HeaderMap::new();
    for (name, value) in &settings.headers {
        let refused = |reason: &str| PrometheusError::Setting {
            name: format!("header {}", name.escape_debug()),
            reason: reason.to_owned(),
        };
        let key = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| refused("this is no name of a header"))?;
        let mut value = HeaderValue::from_str(value.reveal().trim())
            .map_err(|_| refused("its value holds a line break or another control character"))?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

/// An address without user information and query.
pub(crate) fn plain(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// What cannot be parsed as an address may still hold a password before an `@`.
fn without_user(text: &str) -> String {
    let text = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    text.chars().take(200).collect()
}

fn decoded(text: &str) -> String {
    // A form's decoding of a text without `+` and `&` is that of percent signs.
    let kept = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let url = Url::parse(&format!("http://x/?{kept}"));
    url.ok()
        .and_then(|url| url.query_pairs().next().map(|(key, _)| key.into_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, PrometheusError> {
        Address::new(&Settings { url: url.to_owned(), ..Settings::default() })
    }

    #[test]
    fn base_paths_and_trailing_slashes_make_no_difference() {
        for url in [
            "http://host:9090/prom",
            "http://host:9090/prom/",
            " http://host:9090/prom//",
            "http://host:9090/prom/api/v1/",
            "http://host:9090/prom/graph",
        ] {
            let found = address(url).unwrap().endpoint("query");
            assert_eq!(found.as_str(), "http://host:9090/prom/api/v1/query", "{url}");
        }
        assert_eq!(
            address("https://h").unwrap().endpoint("rules").as_str(),
            "https://h/api/v1/rules"
        );
    }

    #[test]
    fn a_user_in_the_address_is_used_and_not_shown() {
        let address = address("http://me:p%40ss+w@host/").unwrap();
        let password = Secret::new("p@ss+w");
        assert_eq!(address.auth, Auth::Basic { user: "me".to_owned(), password });
        assert!(!format!("{address:?}").contains("ss+w"), "{address:?}");
        assert_eq!(address.endpoint("query").as_str(), "http://host/api/v1/query");
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for (url, reason) in [
            ("prometheus:9090", "begin with `http://`"),
            ("me:hunter2@host", "begin with `http://`"),
            ("", "looks like"),
            ("ftp://me:hunter2@host", "begin with `http://`"),
            ("http://host/?token=hunter2", "query"),
        ] {
            let error = address(url).unwrap_err().to_string();
            assert!(error.contains(reason), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_header_with_a_line_break_is_refused_without_its_value() {
        let headers = vec![("X-Scope-OrgID".to_owned(), Secret::new("a\r\nEvil: b"))];
        let error = super::headers(&Settings { headers, ..Settings::default() }).unwrap_err();
        assert!(error.to_string().contains("X-Scope-OrgID") && !error.to_string().contains("Evil"));
    }
}
