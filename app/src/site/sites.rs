//! Several sites, by the host that a request is for.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use protocol::http::StatusCode;
use protocol::{Reply, Request, Response};
use thiserror::Error;

use crate::origin::host;
use crate::site::compressed::Cache;
use crate::site::page::Site;
use crate::site::settings::Settings;
use crate::store::Store;

/// How many characters of a host are repeated: as many as a name in DNS may have (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 255;

/// Sites, of which each request is for one.
///
/// Which one is said by the host of the request: the site that names it, or else the one that names
/// `*.` and most of its end, or else the one that names none. Without such a site, a request for
/// another host is answered with 421 (RFC 9110 §15.5.20).
#[derive(Clone, Debug)]
pub struct Sites(Vec<Arc<Site>>);

/// Why sites cannot be served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory is not there, or we may not read it.
    #[error("cannot open the directory {} of a site: {}", .0.display(), .1)]
    Directory(PathBuf, #[source] io::Error),
    /// It would not be clear whose request it is.
    #[error("two sites are for the host {0}")]
    Twice(String),
    /// As above.
    #[error("two sites name no hosts, so that both would be for all others")]
    TwoForAll,
}

impl Sites {
    /// Opens the directories of sites.
    ///
    /// # Errors
    /// If a directory cannot be opened, or two sites are for one host.
    pub fn open(settings: Vec<Settings>) -> Result<Self, Error> {
        let (mut sites, cache): (Vec<Arc<Site>>, Arc<Cache>) = Default::default();
        for (number, mut settings) in settings.into_iter().enumerate() {
            settings.hosts.iter_mut().for_each(|host| host.make_ascii_lowercase());
            for site in &sites {
                let hosts = &site.settings.hosts;
                if hosts.is_empty() && settings.hosts.is_empty() {
                    return Err(Error::TwoForAll);
                }
                if let Some(host) = settings.hosts.iter().find(|host| hosts.contains(host)) {
                    return Err(Error::Twice(host.clone()));
                }
            }
            let store = Store::open(&settings.root)
                .map_err(|error| Error::Directory(settings.root.clone(), error))?;
            sites.push(Arc::new(Site { settings, store, cache: Arc::clone(&cache), number }));
        }
        Ok(Sites(sites))
    }

    /// Answers GET and HEAD.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Reply {
        let host = host(request).unwrap_or_default();
        match self.of(host) {
            Some(site) => site.answer(request),
            None => misdirected(host).into(),
        }
    }

    /// The site for requests to this host.
    fn of(&self, host: &str) -> Option<&Arc<Site>> {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let named = |site: &Site| match &site.settings.hosts[..] {
            [] => Some(0),
            hosts => hosts.iter().filter_map(|name| named(name, &host)).max(),
        };
        let sites = self.0.iter().filter_map(|site| Some((named(site)?, site)));
        sites.max_by_key(|(length, _)| *length).map(|(_, site)| site)
    }
}

/// How much of a host a site names, in bytes: all of it, or its end by `*.` and this end.
fn named(name: &str, host: &str) -> Option<usize> {
    match name.strip_prefix('*') {
        None => (name == host).then_some(name.len()),
        Some(end) => (host.len() > end.len() && host.ends_with(end)).then_some(end.len()),
    }
}

/// 421, with the host, which is as often a mistake of the operator's as of the client's.
fn misdirected(host: &str) -> Response {
    let host: String = host.chars().take(LONGEST_HOST).collect();
    let problem = format!("no site here has {host:?} among its `hosts`");
    tracing::debug!(
        "421 Misdirected Request: {problem}; a [[site]] with it, or one without `hosts`, serves it"
    );
    let text = format!("421 Misdirected Request: {problem}\n");
    Response::plain(StatusCode::MISDIRECTED_REQUEST).body(text)
}

/// One directory, served without anything special.
impl From<Store> for Sites {
    fn from(store: Store) -> Self {
        let (settings, cache) = (Settings::default(), Arc::default());
        Sites(vec![Arc::new(Site { settings, store, cache, number: 0 })])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(hosts: &[&[&str]]) -> Result<Sites, Error> {
        let settings = hosts.iter().map(|hosts| Settings {
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            ..Settings::default()
        });
        Sites::open(settings.collect())
    }

    #[test]
    fn a_request_is_for_the_site_that_names_its_host_best() {
        let names: [&[_]; 4] =
            [&["*.example.org"], &["Example.org", "a.example.org"], &[], &["*.b.example.org"]];
        let sites = sites(&names).unwrap();
        for (host, number) in [
            ("example.org", 1),
            ("EXAMPLE.org", 1),
            ("example.org.", 1),
            ("a.example.org", 1),
            ("b.example.org", 0),
            ("c.b.example.org", 3),
            ("c.c.example.org", 0),
            (".example.org", 2),
            ("badexample.org", 2),
            ("127.0.0.1", 2),
            ("", 2),
        ] {
            assert_eq!(sites.of(host).unwrap().number, number, "{host}");
        }
    }

    #[test]
    fn without_a_site_for_all_other_hosts_they_have_none() {
        assert!(sites(&[&["example.org"]]).unwrap().of("example.com").is_none());
    }

    #[test]
    fn a_host_without_a_site_is_named_and_not_at_any_length() {
        let text = |host: &str| match misdirected(host).into_body() {
            protocol::Body::Bytes(text) => String::from_utf8(text.to_vec()).unwrap(),
            _ => panic!("it is text"),
        };
        let expected =
            "421 Misdirected Request: no site here has \"a.example\" among its `hosts`\n";
        assert_eq!(text("a.example"), expected);
        assert!(text(&"x".repeat(10_000)).len() < 400);
    }

    #[test]
    fn two_sites_for_one_host_are_refused() {
        let error = sites(&[&["a.example"], &["b.example", "A.example"]]).unwrap_err();
        assert_eq!(error.to_string(), "two sites are for the host a.example");
        assert!(matches!(sites(&[&[], &[]]), Err(Error::TwoForAll)));
        let missing = Sites::open(vec![Settings::new("/no/such/place")]).unwrap_err();
        assert!(missing.to_string().starts_with("cannot open the directory /no/such/place of a"));
    }
}
