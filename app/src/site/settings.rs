//! The description of a site, as a configuration file has it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use bytesize::ByteSize;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use protocol::http::header::{HeaderName, HeaderValue};
use protocol::http::{StatusCode, header};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::site::encoding::Coding;
use crate::site::pattern::Pattern;

/// A site: a directory, and how it is served. In TOML, where the names of fields have dashes:
///
/// ```toml
/// root = "dist"
/// hosts = ["example.org", "*.example.org"]
/// fallback = "index.html"
/// compress = { min-size = "1KiB", algorithms = ["br", "gzip"] }
///
/// [[cache]]
/// match = "/images/**"
/// control = "max-age=86400"
///
/// [[headers]]
/// match = "*.html"
/// set = { X-Frame-Options = "DENY" }
///
/// [[redirects]]
/// match = "/blog/*"
/// to = "/news/$1"
/// status = 301
///
/// [[rewrites]]
/// match = "/app/**"
/// to = "/app/index.html"
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The directory.
    pub root: PathBuf,
    /// The hosts that it answers for, such as `example.org` or `*.example.org`. Without any, it
    /// answers for all hosts that no other site names.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Which directories without `index.html` are answered with a list of their files, of which it
    /// has the first 10,000. If there are more, the page says so, and the field `Listing-Cut-At`.
    #[serde(default)]
    pub listing: Listing,
    /// The page that stands for those that do not exist, such as `index.html` of an application
    /// that has its routes in the browser. It is answered with 200 to a client whose `Accept` takes
    /// HTML. If the last part of the path has a dot in it, like the name of a script or an image,
    /// `Accept` has to name `text/html`, as a browser does that opens a page: a missing file is a
    /// 404 for those who want the file.
    #[serde(default)]
    pub fallback: Option<String>,
    /// The page that is answered with 404; by default `404.html`, if there is such a file.
    #[serde(default)]
    pub not_found: Option<String>,
    /// Whether `/about.html` is redirected to `/about`, which is answered with `about.html` anyway.
    #[serde(default)]
    pub clean_urls: bool,
    /// Whether `app.js.br`, `app.js.zst` or `app.js.gz` is sent in place of `app.js` to a client
    /// that accepts it; by default it is. One that is older than its file is never sent.
    #[serde(default = "yes")]
    pub precompressed: bool,
    /// Which files are compressed for the response.
    #[serde(default)]
    pub compress: Compress,
    /// `Cache-Control` of files. The first rule that matches applies.
    #[serde(default)]
    pub cache: Vec<CacheRule>,
    /// Further fields of responses. Each rule that matches sets its own; they replace fields of the
    /// same name, but for `Vary`, which is added.
    #[serde(default)]
    pub headers: Vec<HeaderRule>,
    /// Paths that are redirected to other ones. The first rule that matches applies.
    #[serde(default)]
    pub redirects: Vec<Redirect>,
    /// Paths that are answered as another one would be. The first rule that matches applies.
    #[serde(default)]
    pub rewrites: Vec<Rewrite>,
}

impl Settings {
    /// A directory, served with all defaults.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Settings {
            root: root.into(),
            hosts: Vec::new(),
            listing: Listing::default(),
            fallback: None,
            not_found: None,
            clean_urls: false,
            precompressed: true,
            compress: Compress::default(),
            cache: Vec::new(),
            headers: Vec::new(),
            redirects: Vec::new(),
            rewrites: Vec::new(),
        }
    }
}

/// The site of the current directory.
impl Default for Settings {
    fn default() -> Self {
        Settings::new(".")
    }
}

fn yes() -> bool {
    true
}

/// Which files are compressed for a response: those of text, of these sizes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Compress {
    /// The smallest file that is compressed; by default 1 KiB.
    pub min_size: ByteSize,
    /// The largest file that is compressed, since it is done in memory; by default 4 MiB. More than
    /// 64 MiB are never compressed: that is what all that is kept in memory may take together.
    pub max_size: ByteSize,
    /// The content codings, the best first; by default `br`, `zstd`, `gzip`. With none, nothing is
    /// compressed.
    pub algorithms: Vec<Coding>,
}

impl Default for Compress {
    fn default() -> Self {
        Compress {
            min_size: ByteSize::kib(1),
            max_size: ByteSize::mib(4),
            algorithms: Coding::ALL.to_vec(),
        }
    }
}

/// Which directories are listed: `true`, all of them; `false`, none, the default; or those whose
/// paths, with or without the slash at their end, match one of several patterns:
/// `["/downloads/**"]`.
#[derive(Clone, Debug)]
pub enum Listing {
    /// All of them, or none.
    Everywhere(bool),
    /// Those that match one of these.
    Matching(Vec<Pattern>),
}

impl Listing {
    /// Whether the directory with this decoded path is listed. It has slashes at both ends.
    pub(crate) fn has(&self, path: &str) -> bool {
        match self {
            Listing::Everywhere(is_listed) => *is_listed,
            Listing::Matching(patterns) => {
                let bare = path.strip_suffix('/').filter(|bare| !bare.is_empty());
                let mut paths = [Some(path), bare].into_iter().flatten();
                paths.any(|path| patterns.iter().any(|pattern| pattern.matches(path)))
            }
        }
    }
}

impl Default for Listing {
    fn default() -> Self {
        Listing::Everywhere(false)
    }
}

impl<'a> Deserialize<'a> for Listing {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;

        impl<'a> Visitor<'a> for Expected {
            type Value = Listing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a list of patterns such as [\"/downloads/**\"]")
            }

            fn visit_bool<E: Error>(self, is_listed: bool) -> Result<Listing, E> {
                Ok(Listing::Everywhere(is_listed))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, patterns: A) -> Result<Listing, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(patterns)).map(Listing::Matching)
            }
        }

        deserializer.deserialize_any(Expected)
    }
}

/// `Cache-Control` of the files that match.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheRule {
    /// Which paths of files.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// The value of `Cache-Control`.
    pub control: FieldValue,
}

/// Fields of the responses that match.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    /// Which paths: of the file that is sent, or of the request where there is none.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// The fields.
    pub set: Fields,
}

/// Paths that are answered with a redirect.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Which paths.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// The new place: a path, or a whole URL. `$1` is what the first wildcard of the pattern
    /// matched.
    #[serde(deserialize_with = "place")]
    pub to: String,
    /// The status; by default 302.
    #[serde(default)]
    pub status: RedirectStatus,
}

/// Paths that are answered with what another has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Which paths.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// The other path. `$1` is what the first wildcard of the pattern matched.
    #[serde(deserialize_with = "path")]
    pub to: String,
}

/// A path, or a whole URL, with what cannot stand in a field encoded. What a client may choose, the
/// text of a wildcard, must not become part of a host.
fn place<'a, D: Deserializer<'a>>(deserializer: D) -> Result<String, D::Error> {
    const ENCODED: AsciiSet = CONTROLS.add(b' ');
    let to = without_variables(String::deserialize(deserializer)?)?;
    let rest = ["http://", "https://"].iter().find_map(|scheme| to.strip_prefix(scheme));
    if rest.is_none() && !to.starts_with('/') {
        let why = format!("{to:?} is neither a path nor a URL of http or https");
        return Err(D::Error::custom(why));
    }
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    if host.is_some_and(|host| host.contains('$')) {
        let why = format!("{to:?} lets the path choose the host: a slash must stand before the $");
        return Err(D::Error::custom(why));
    }
    Ok(utf8_percent_encode(&to, &ENCODED).to_string())
}

/// The text, unless it has a variable of another server in it.
fn without_variables<E: Error>(to: String) -> Result<String, E> {
    const NGINX: [&str; 7] =
        ["$host", "$http_host", "$server_name", "$request_uri", "$uri", "$scheme", "$args"];
    const CADDY: [&str; 5] = ["{host}", "{uri}", "{path}", "{query}", "{http."];
    match NGINX.iter().chain(&CADDY).find(|variable| to.contains(**variable)) {
        None => Ok(to),
        Some(variable) => Err(E::custom(format!(
            "there is no variable {variable}: $1 is what the first wildcard of match has matched, \
             and the query goes with it; tls-redirect = true leads from HTTP to HTTPS"
        ))),
    }
}

fn path<'a, D: Deserializer<'a>>(deserializer: D) -> Result<String, D::Error> {
    let to = without_variables(String::deserialize(deserializer)?)?;
    let error = || D::Error::custom(format!("{to:?} is not a path: it must begin with a slash"));
    if to.starts_with('/') { Ok(to) } else { Err(error()) }
}

/// The value of a field.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct FieldValue(pub(crate) HeaderValue);

impl TryFrom<String> for FieldValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let value = HeaderValue::try_from(&text);
        value.map(FieldValue).map_err(|_| format!("{text:?} cannot be the value of a field"))
    }
}

/// Fields, by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, FieldValue>")]
pub struct Fields(pub(crate) Vec<(HeaderName, HeaderValue)>);

impl TryFrom<BTreeMap<String, FieldValue>> for Fields {
    type Error = String;

    fn try_from(fields: BTreeMap<String, FieldValue>) -> Result<Self, String> {
        let field = |(name, FieldValue(value)): (String, FieldValue)| match name.parse() {
            Ok(known) if is_framing(&known) => {
                Err(format!("{name} is set by the server alone: remove it"))
            }
            Ok(known) => Ok((known, value)),
            Err(_) => Err(format!("{name:?} cannot be the name of a field")),
        };
        fields.into_iter().map(field).collect::<Result<_, _>>().map(Fields)
    }
}

/// Fields that say how a message is framed.
fn is_framing(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE]
        .contains(name)
}

/// The status of a redirect: 301, 302, 303, 307 or 308.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
pub struct RedirectStatus(pub(crate) StatusCode);

impl Default for RedirectStatus {
    fn default() -> Self {
        RedirectStatus(StatusCode::FOUND)
    }
}

impl TryFrom<u16> for RedirectStatus {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        match (number, StatusCode::from_u16(number)) {
            (301 | 302 | 303 | 307 | 308, Ok(status)) => Ok(RedirectStatus(status)),
            _ => Err(format!("{number} is not one of 301, 302, 303, 307 and 308")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(settings: serde_json::Value) -> Result<Settings, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_as_by_default() {
        let read = read(json!({ "root": "." })).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn all_of_a_site_can_be_said() {
        let settings = read(json!({
            "root": "dist",
            "hosts": ["example.org"],
            "listing": true,
            "fallback": "index.html",
            "not-found": "lost.html",
            "clean-urls": true,
            "precompressed": false,
            "compress": { "min-size": "2KiB", "max-size": 100_000, "algorithms": ["br", "gzip"] },
            "cache": [{ "match": "*.png", "control": "max-age=60" }],
            "headers": [{ "match": "/**", "set": { "X-Frame-Options": "DENY" } }],
            "redirects": [{ "match": "/a", "to": "/b", "status": 301 }],
            "rewrites": [{ "match": "/a", "to": "/b" }],
        }));
        let settings = settings.unwrap();
        assert_eq!(settings.compress.min_size, ByteSize::kib(2));
        assert_eq!(settings.compress.algorithms, [Coding::Brotli, Coding::Gzip]);
        assert_eq!(settings.redirects[0].status.0, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(settings.headers[0].set.0[0].0, header::X_FRAME_OPTIONS);
    }

    #[test]
    fn directories_are_listed_everywhere_or_where_a_pattern_matches() {
        for (listing, [root, folder, below]) in [
            (json!(false), [false, false, false]),
            (json!(true), [true, true, true]),
            (json!([]), [false, false, false]),
            (json!(["/downloads/**"]), [false, true, true]),
            (json!(["/downloads"]), [false, true, false]),
            (json!(["/downloads/"]), [false, true, false]),
            (json!(["/", "/downloads/*/"]), [true, false, true]),
        ] {
            let settings = read(json!({ "root": ".", "listing": listing })).unwrap();
            let has =
                ["/", "/downloads/", "/downloads/old/"].map(|path| settings.listing.has(path));
            assert_eq!(has, [root, folder, below], "{listing}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said_in_a_sentence() {
        for (wrong, part) in [
            (json!({ "listing": true }), "missing field `root`"),
            (json!({ "root": ".", "listings": true }), "unknown field `listings`"),
            (json!({ "root": ".", "listing": "/a/**" }), "expected true, false or a list of"),
            (json!({ "root": ".", "listing": ["a/**"] }), "begin with one"),
            (json!({ "root": ".", "compress": { "algorithms": ["lzw"] } }), "unknown variant"),
            (
                json!({ "root": ".", "redirects": [{ "match": "/a", "to": "/b", "status": 200 }] }),
                "200 is not one of",
            ),
            (
                json!({ "root": ".", "redirects": [{ "match": "/a", "to": "$1" }] }),
                "neither a path nor",
            ),
            (
                json!({ "root": ".", "redirects": [{ "match": "/**", "to": "https://a.b$1" }] }),
                "a slash must stand before",
            ),
            (
                json!({ "root": ".", "redirects": [{ "match": "/**", "to": "https://$host$uri" }] }),
                "tls-redirect",
            ),
            (
                json!({ "root": ".", "rewrites": [{ "match": "/a", "to": "b" }] }),
                "begin with a slash",
            ),
            (
                json!({ "root": ".", "rewrites": [{ "match": "a/b", "to": "/b" }] }),
                "begin with one",
            ),
            (json!({ "root": ".", "cache": [{ "match": "*", "control": "a\nb" }] }), "cannot be"),
            (
                json!({ "root": ".", "headers": [{ "match": "*", "set": { "a b": "c" } }] }),
                "\"a b\"",
            ),
            (
                json!({ "root": ".", "headers": [{ "match": "*", "set": { "Date": "c" } }] }),
                "alone",
            ),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
