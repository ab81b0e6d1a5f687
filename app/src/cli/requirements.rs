//! What options require of each other, whatever the sources of their values: clap knows one command
//! line only, and would speak of it where a line of a file is meant.

use std::net::SocketAddr;

use crate::cli::parsers::admin_address;
use crate::cli::place::place;
use crate::cli::value::{Source, Value};
use crate::operation::listeners::PATH;

/// Options that mean nothing without another one, and what that one is.
const NEEDED: [(&str, &str, &str); 8] = [
    ("tls-cert", "tls-key", "the file with its private key"),
    ("tls-key", "tls-cert", "the file with its certificate chain"),
    ("tls-cert", "tls-listen", TLS_ADDRESS),
    ("tls-self-signed", "tls-listen", TLS_ADDRESS),
    ("tls-redirect", "tls-listen", TLS_ADDRESS),
    ("hsts", "tls-listen", TLS_ADDRESS),
    ("access-log-file", "access-log", "its format, such as combined or json"),
    ("max-burst-per-address", "max-requests-per-address", "a rate such as 10/s"),
];

const TLS_ADDRESS: &str = "the address and port to speak TLS at, such as 0.0.0.0:443";

/// Options that contradict each other.
const EXCLUSIVE: [(&str, &str); 2] = [("quiet", "verbose"), ("tls-self-signed", "tls-cert")];

/// What describes the site of a directory, and what a `[[site]]` has in its place.
const OF_DIRECTORY: [(&str, &str); 3] = [
    ("listing", "listing = true"),
    ("fallback", "fallback"),
    ("no-compression", "precompressed = false and compress = { algorithms = [] }"),
];

/// Checks that values go together, of files with this many sites.
///
/// # Errors
/// A sentence on the first that does not, with its source and what to do.
pub(super) fn check(values: &[Value], sites: usize) -> Result<(), String> {
    let values = Values(values);
    needed(&values)?;
    about_sites(&values, sites)?;
    about_certificates(&values)?;
    about_words(&values)?;
    about_proxies(&values)?;
    about_listeners(&values)
}

struct Values<'a>(&'a [Value]);

impl<'a> Values<'a> {
    /// The value of an option that somebody has set.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|it| it.name == name && it.is_set())
    }

    /// The words of an option.
    fn words(&self, name: &str) -> usize {
        self.get(name).map_or(0, |it| it.words.len())
    }
}

fn needed(values: &Values<'_>) -> Result<(), String> {
    for (name, other, what) in NEEDED {
        if let Some(value) = values.get(name)
            && values.get(other).is_none()
        {
            let other = value.source.name(other);
            return Err(format!("{} needs {other} as well: {what}", value.place()));
        }
    }
    for (name, other) in EXCLUSIVE {
        if let (Some(value), Some(other)) = (values.get(name), values.get(other)) {
            let (place, other) = (value.place(), other.place());
            return Err(format!("{place} contradicts {other}: remove one of the two"));
        }
    }
    Ok(())
}

fn about_sites(values: &Values<'_>, sites: usize) -> Result<(), String> {
    let directory = values.get("site");
    if let Some(value) = directory.filter(|_| sites > 0) {
        return Err(format!(
            "{} and [[site]] exclude each other: make the directory the root of a [[site]]",
            value.place()
        ));
    }
    for (name, in_site) in OF_DIRECTORY.iter().filter(|_| directory.is_none()) {
        let Some(value) = values.get(name) else { continue };
        let site = value.source.name("site");
        let what = match sites {
            0 => format!("needs a directory: DIR on the command line, or {site}"),
            _ => format!("is for a site without [[site]], which has its own: {in_site} below it"),
        };
        return Err(format!("{} {what}", value.place()));
    }
    let beside = values.get("demo").or(values.get("healthz"));
    match beside.filter(|_| directory.is_none() && sites == 0) {
        Some(value) => {
            let (place, site) = (value.place(), value.source.name("site"));
            Err(format!("{place} needs a site: DIR on the command line, {site} or [[site]]"))
        }
        None => Ok(()),
    }
}

fn about_certificates(values: &Values<'_>) -> Result<(), String> {
    let (certificates, keys) = (values.words("tls-cert"), values.words("tls-key"));
    if let Some(value) = values.get("tls-cert").filter(|_| certificates != keys) {
        return Err(format!(
            "{} names {certificates} and {} {keys}: each certificate has its key, in the same \
             order",
            value.place(),
            value.source.name("tls-key")
        ));
    }
    let has_certificate = certificates > 0 || values.get("tls-self-signed").is_some();
    match values.get("tls-listen").filter(|_| !has_certificate) {
        Some(value) => Err(format!(
            "{} needs a certificate: {} and {}, or {} for development",
            value.place(),
            value.source.name("tls-cert"),
            value.source.name("tls-key"),
            value.source.name("tls-self-signed")
        )),
        None => Ok(()),
    }
}

/// Where a proxy is expected, it is said who it may be.
fn about_proxies(values: &Values<'_>) -> Result<(), String> {
    let Some(value) = values.get("proxy-protocol") else { return Ok(()) };
    let listeners = values.0.iter().filter(|it| ["listen", "tls-listen"].contains(&&*it.name));
    for word in listeners.flat_map(|it| &it.words) {
        let is_trusting = place(&word.to_string_lossy())?.words.trust.is_some();
        if !is_trusting && values.get("trusted-proxy").is_none() {
            let other = value.source.name("trusted-proxy");
            let place = value.place();
            return Err(format!("{place} needs {other} as well: the addresses of the proxies"));
        }
    }
    Ok(())
}

/// What words behind the address of a listener need.
fn about_words(values: &Values<'_>) -> Result<(), String> {
    let listeners = ["listen", "tls-listen"].iter().filter_map(|name| values.get(name));
    for (word, value) in listeners.flat_map(|value| value.words.iter().map(move |it| (it, value))) {
        let words = place(&word.to_string_lossy())?.words;
        let (behind, source) = (format!("{} has", value.place()), &value.source);
        if words.redirect && values.get("tls-listen").is_none() {
            let other = source.name("tls-listen");
            return Err(format!(
                "{behind} redirect behind an address, which needs {other} as well: {TLS_ADDRESS}"
            ));
        }
        let is_trusting = words.trust.is_some() || values.get("trusted-proxy").is_some();
        if words.proxy_protocol && !is_trusting {
            let other = source.name("trusted-proxy");
            return Err(format!(
                "{behind} proxy-protocol behind an address, which needs trust=CIDR beside it, or \
                 {other}: the addresses of the proxies"
            ));
        }
    }
    Ok(())
}

/// No two listeners are at one address and port.
fn about_listeners(values: &Values<'_>) -> Result<(), String> {
    let mut known: Vec<(String, &Value)> = Vec::new();
    let listeners = ["listen", "tls-listen", "admin"];
    let values = listeners.iter().filter_map(|name| values.0.iter().find(|it| it.name == *name));
    for (word, value) in values.flat_map(|value| value.words.iter().map(move |it| (it, value))) {
        let word = word.to_string_lossy();
        let place = if value.name == "admin" { admin_address(&word)? } else { place(&word)?.at };
        if let Some((other, holder)) = known.iter().find(|(other, _)| collide(other, &place)) {
            let holder = holder.place();
            let whose = if holder == value.place() { "it".to_owned() } else { holder };
            return Err(format!(
                "{}: {place} cannot be listened on, since {whose} has {other}: take another port, \
                 or remove one",
                value.place()
            ));
        }
        known.push((place, value));
    }
    Ok(())
}

/// Whether only one of two listeners can be.
fn collide(one: &str, other: &str) -> bool {
    let (Ok(a), Ok(b)) = (one.parse::<SocketAddr>(), other.parse::<SocketAddr>()) else {
        return one == other && (one.starts_with(PATH) || !one.ends_with(":0"));
    };
    let is_part = a.ip() == b.ip()
        || a.is_ipv4() == b.is_ipv4() && (a.ip().is_unspecified() || b.ip().is_unspecified());
    a.port() == b.port() && a.port() != 0 && is_part
}

impl Value {
    /// Whether somebody has said it.
    fn is_set(&self) -> bool {
        self.source != Source::Default && self.words != ["false"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, words: &[&str], source: Source) -> Value {
        Value { name: name.into(), words: words.iter().map(Into::into).collect(), source }
    }

    #[test]
    fn what_is_missing_is_said_in_the_words_of_the_source() {
        for (source, said) in [
            (Source::CommandLine, "--tls-cert needs --tls-key as well: "),
            (Source::Environment, "WTW_TLS_CERT needs WTW_TLS_KEY as well: "),
            (Source::File("a.toml".into(), 3), "a.toml:3: tls-cert needs tls-key as well: "),
        ] {
            let error = check(&[value("tls-cert", &["a.pem"], source)], 0).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn a_flag_that_is_false_requires_nothing() {
        let values = ["tls-redirect", "healthz", "listing"];
        let values = values.map(|name| value(name, &["false"], Source::Environment));
        assert_eq!(check(&values, 0), Ok(()));
    }

    #[test]
    fn proxies_are_named_for_all_listeners_or_for_each() {
        let file = || Source::File("a.toml".into(), 1);
        let expects = value("proxy-protocol", &["true"], file());
        let at = |words| value("listen", words, file());
        let each = at(&["0.0.0.0:80 trust=10.0.0.0/8", "0.0.0.0:81 trust=10.0.0.1"]);
        assert_eq!(check(&[each, expects], 0), Ok(()));
        let expects = value("proxy-protocol", &["true"], file());
        let some = at(&["0.0.0.0:80 trust=10.0.0.0/8", "0.0.0.0:81"]);
        let error = check(&[some, expects], 0).unwrap_err();
        assert_eq!(
            error,
            "a.toml:1: proxy-protocol needs trusted-proxy as well: the addresses of the proxies"
        );
    }

    #[test]
    fn two_listeners_at_one_port_collide_unless_their_addresses_differ() {
        for (one, other, expected) in [
            ("0.0.0.0:80", "0.0.0.0:80", true),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("[::]:80", "[::1]:80", true),
            ("localhost:80", "localhost:80", true),
            ("unix:a", "unix:a", true),
            ("0.0.0.0:80", "0.0.0.0:81", false),
            ("10.0.0.1:80", "10.0.0.2:80", false),
            ("0.0.0.0:80", "[::]:80", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("localhost:0", "localhost:0", false),
        ] {
            assert_eq!(collide(one, other), expected, "{one} {other}");
        }
    }
}
