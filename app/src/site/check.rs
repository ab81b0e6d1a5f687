//! What is wrong with the description of a site, beyond what each value says for itself.

use std::net::Ipv6Addr;

use crate::site::page::is_file;
use crate::site::pattern::Pattern;
use crate::site::settings::{Redirect, Settings};
use crate::store::Store;

/// Something that cannot be meant as it is written.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where: the key, and of lists which item, such as `hosts.1` or `redirects.0.to`.
    pub(crate) key: String,
    /// What, and what to do about it.
    pub(crate) text: String,
}

impl Settings {
    /// Checks that a site can be served as it is described.
    ///
    /// # Errors
    /// The first problem.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let problem = |key: String, text: String| Err(Problem { key, text });
        let root = self.root.display();
        let store = Store::open(&self.root).map_err(|error| Problem {
            key: "root".to_owned(),
            text: format!("'{root}' is not a directory that can be served: {error}"),
        })?;
        for (number, host) in self.hosts.iter().enumerate() {
            if let Some(what) = unlike_host(host) {
                return problem(format!("hosts.{number}"), format!("'{host}' {what}"));
            }
        }
        for (key, page) in [("fallback", &self.fallback), ("not-found", &self.not_found)] {
            let Some(page) = page.as_deref().filter(|page| !is_file(&store, page)) else {
                continue;
            };
            let way_out = match page.trim_start_matches('/') {
                inside if inside != page && is_file(&store, inside) => {
                    format!("write {inside}, without a slash: it is a path within the site")
                }
                _ => "make it, or name another one".to_owned(),
            };
            return problem(
                key.to_owned(),
                format!("there is no file {page} in {root}: {way_out}"),
            );
        }
        for (number, rule) in self.cache.iter().enumerate() {
            let control = rule.control.0.to_str().unwrap_or_default();
            if !has_directives(control) {
                let text =
                    format!("'{control}' is no Cache-Control: write \"max-age=3600\" for an hour");
                return problem(format!("cache.{number}.control"), text);
            }
        }
        let redirects = self.redirects.iter().map(|rule| (&rule.pattern, &rule.to)).enumerate();
        let redirects = redirects.map(|(number, rule)| (format!("redirects.{number}.to"), rule));
        let rewrites = self.rewrites.iter().map(|rule| (&rule.pattern, &rule.to)).enumerate();
        let rewrites = rewrites.map(|(number, rule)| (format!("rewrites.{number}.to"), rule));
        for (key, (pattern, to)) in redirects.chain(rewrites) {
            if let Some(what) = missing_wildcard(pattern, to) {
                return problem(key, what);
            }
        }
        for (number, Redirect { pattern, to, .. }) in self.redirects.iter().enumerate() {
            if leads_to_itself(pattern, to) {
                let text = format!("{to} matches this redirect again, so it would never end");
                return problem(format!("redirects.{number}.to"), text);
            }
        }
        Ok(())
    }
}

/// Why no request can have such a host, if it cannot.
fn unlike_host(host: &str) -> Option<String> {
    let bare = host.strip_prefix("*.").unwrap_or(host);
    let authority = bare.split_once("://").map_or(bare, |(_, behind)| behind);
    let name = authority.split('/').next().unwrap_or_default();
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    if bare.parse::<Ipv6Addr>().is_ok() {
        return Some(format!("is an address of IPv6: write '[{bare}]'"));
    }
    let name_and_port = name.rsplit_once(':').filter(|(_, port)| !is_bracketed && is_port(port));
    let name = name_and_port.map_or(name, |(name, _)| name);
    Some(match host {
        "_" | "*" | "" => "is no host: without hosts, a site is that of all others".to_owned(),
        _ if name != bare => {
            format!("is more than a host: write '{name}', since the port is that of listen")
        }
        _ if host.starts_with('.') => {
            format!("begins with a dot: write '{}' and '*{host}'", &host[1..])
        }
        _ if host.ends_with('.') => "ends with a dot: leave it out".to_owned(),
        _ if bare.contains('*') => {
            "has a * elsewhere than at its start, as '*.example.org' has".to_owned()
        }
        _ if bare.starts_with('~') => "is a regular expression: name each host".to_owned(),
        _ if !host.is_ascii() => "has to be in ASCII, as browsers ask for it: xn--…".to_owned(),
        _ if bare.contains([' ', ',']) => "is several hosts: each is a text of its own".to_owned(),
        _ => return None,
    })
}

/// Whether this is a list of directives, each a word that begins with a letter (RFC 9111 §5.2).
fn has_directives(control: &str) -> bool {
    control.split(',').all(|directive| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        name.starts_with(|it: char| it.is_ascii_alphabetic()) && !name.contains(' ')
    })
}

/// What is wrong if a text has `$2` where the pattern has one wildcard.
fn missing_wildcard(pattern: &Pattern, to: &str) -> Option<String> {
    let digits = to.split('$').skip(1).filter_map(|part| part.chars().next()?.to_digit(10));
    let (most, has) = (digits.max()?, pattern.wildcards());
    (most as usize > has).then(|| {
        let has = match has {
            0 => "no wildcard".to_owned(),
            1 => "only one wildcard".to_owned(),
            more => format!("only {more} wildcards"),
        };
        format!("${most} is what wildcard {most} of match has matched, and match has {has}")
    })
}

/// Whether a redirect matches where it leads to, whatever its wildcards have matched.
fn leads_to_itself(pattern: &Pattern, to: &str) -> bool {
    let path = to.split(['?', '#']).next().filter(|path| path.starts_with('/'));
    let again = |matched: &str| {
        let mut parts = path?.split('$');
        let first = parts.next()?.to_owned();
        let path = parts.fold(first, |path, part| path + matched + part.get(1..).unwrap_or(""));
        Some(pattern.matches(&path))
    };
    again("a") == Some(true) && again("0") == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(rest: &str) -> String {
        let site = tempfile::tempdir().unwrap();
        std::fs::write(site.path().join("index.html"), "").unwrap();
        let text = format!("root = {:?}\n{rest}", site.path().display().to_string());
        let checked = toml::from_str::<Settings>(&text).unwrap().check();
        checked.map_or_else(|it| format!("{}: {}", it.key, it.text), |()| String::new())
    }

    #[test]
    fn a_host_is_neither_a_url_nor_has_it_a_port() {
        for (host, said) in [
            ("example.org", ""),
            ("*.example.org", ""),
            ("localhost", ""),
            ("127.0.0.1", ""),
            ("[::1]", ""),
            ("example.org:80", "write 'example.org'"),
            ("[::1]:80", "write '[::1]'"),
            ("::1", "write '[::1]'"),
            ("fe80::abcd", "write '[fe80::abcd]'"),
            ("https://example.org/", "write 'example.org'"),
            ("*.example.org:8080", "write 'example.org'"),
            ("_", "without hosts"),
            (".example.org", "write 'example.org' and '*.example.org'"),
            ("example.org.", "ends with a dot"),
            ("www.*", "elsewhere than at its start"),
            ("a.org b.org", "several hosts"),
        ] {
            let found = problem(&format!("hosts = ['fine.example', '{host}']"));
            assert!(found.contains(said) && found.is_empty() == said.is_empty(), "{host}: {found}");
            assert!(found.is_empty() || found.starts_with("hosts.1: "), "{found}");
        }
    }

    #[test]
    fn pages_are_files_of_the_site() {
        assert_eq!(problem("fallback = 'index.html'\nnot-found = 'index.html'"), "");
        assert!(problem("not-found = '404.html'").starts_with("not-found: there is no file 404"));
        assert!(problem("fallback = '/index.html'").contains("write index.html, without a slash"));
        assert!(problem("fallback = '../x'").starts_with("fallback: there is no file ../x in "));
    }

    #[test]
    fn cache_control_consists_of_directives() {
        let rule = |control| problem(&format!("[[cache]]\nmatch = '/a'\ncontrol = '{control}'"));
        assert_eq!(rule("public, max-age=31536000, immutable"), "");
        assert_eq!(rule("no-cache"), "");
        for wrong in ["1y", "1 year", "3600", "cache for long"] {
            assert!(rule(wrong).starts_with("cache.0.control: "), "{wrong}");
        }
    }

    #[test]
    fn what_a_rule_puts_in_has_been_matched() {
        let rule = |kind, pattern, to| {
            problem(&format!(
                "[[{kind}]]\nmatch = '/'\nto = '/a'\n[[{kind}]]\nmatch = '{pattern}'\nto = '{to}'"
            ))
        };
        assert_eq!(rule("redirects", "/a/*/{b,c}/**", "/$3/$2/$1"), "");
        assert_eq!(rule("redirects", "/a", "/?$filter=b"), "");
        assert_eq!(rule("redirects", "/old/**", "/new/$1"), "");
        assert_eq!(rule("redirects", "/a", "https://a.example/a"), "");
        assert_eq!(rule("rewrites", "/**", "/index.html"), "");
        assert!(rule("redirects", "/**", "/de/$1").contains("would never end"));
        assert!(rule("redirects", "/**", "/soon.html?from=us").contains("would never end"));
        assert!(rule("redirects", "/a/*", "/$2").starts_with("redirects.1.to: $2 is what"));
        assert!(rule("rewrites", "/a", "/$1").contains("match has no wildcard"));
    }
}
