//! What the rules of a site say of a path.

use protocol::Response;
use protocol::http::header::{self, HeaderName, HeaderValue};

use crate::answers::{encode, value};
use crate::site::settings::Settings;

/// Kept for a year and not asked for again meanwhile (RFC 8246).
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Kept, but only used if it is still the same (RFC 9111 §5.2.2.4).
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");

/// Hidden files, whose names begin with a dot, are not part of a site (but `.well-known` is,
/// RFC 8615).
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

/// The redirect of a decoded path that is elsewhere. The query goes with it, before a fragment.
pub(super) fn redirect(settings: &Settings, path: &str, query: Option<&str>) -> Option<Response> {
    settings.redirects.iter().find_map(|rule| {
        let mut to = rule.pattern.expand(path, &rule.to, encode)?;
        if to.starts_with('/') {
            // Two slashes would be another host, which a client could choose.
            to = format!("/{}", to.trim_start_matches('/'));
        }
        let (place, fragment) = to.split_at(to.find('#').unwrap_or(to.len()));
        if let Some(query) = query.filter(|_| !place.contains('?')) {
            to = format!("{place}?{query}{fragment}");
        }
        Some(Response::plain(rule.status.0).field(header::LOCATION, value(&to)))
    })
}

/// The path that this decoded one stands for.
pub(super) fn rewrite(settings: &Settings, path: &str) -> Option<String> {
    settings.rewrites.iter().find_map(|rule| rule.pattern.expand(path, &rule.to, str::to_owned))
}

/// `Cache-Control` of the file with this path. A name with a hash of the content stands for the
/// same content forever, if it is not a page: those are what people link to.
pub(super) fn cache_control(settings: &Settings, path: &str) -> HeaderValue {
    if let Some(rule) = settings.cache.iter().find(|rule| rule.pattern.matches(path)) {
        return rule.control.0.clone();
    }
    if !path.ends_with(".html") && has_hash(path) { IMMUTABLE } else { REVALIDATED }
}

/// Sets the fields that the rules have for this path, in place of those that are there. `Vary` is
/// added to: what the response depends on is so all the same (RFC 9110 §12.5.5).
pub(super) fn set_fields(settings: &Settings, path: &str, response: Response) -> Response {
    let rules = settings.headers.iter().filter(|rule| rule.pattern.matches(path));
    let set: Vec<_> = rules.flat_map(|rule| &rule.set.0).collect();
    if set.is_empty() {
        return response;
    }
    let is_set =
        |name: &HeaderName| *name != header::VARY && set.iter().any(|(known, _)| known == name);
    let kept = response.fields().filter(|(name, _)| !is_set(name));
    let mut changed = kept.fold(Response::new(response.status()), |changed, (name, value)| {
        changed.field(name.clone(), value.clone())
    });
    for (index, (name, value)) in set.iter().enumerate() {
        // Of several rules for a field, the last one holds.
        if !set[index + 1..].iter().any(|(later, _)| later == name) {
            changed = changed.field(name.clone(), value.clone());
        }
    }
    changed.body(response.into_body())
}

/// Whether the name of a file has a hash of its content in it, as bundlers write it:
/// `index-BfX3kz9Q.js`, `main.3f2a1b9c.chunk.js`.
fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _ending)) = name.rsplit_once('.') else { return false };
    stem.split('.').any(|part| {
        let behind_dash = part.rsplit_once('-').map_or(part, |(_, behind)| behind);
        // What Vite writes may have dashes of its own.
        let last_eight = part
            .len()
            .checked_sub(8)
            .and_then(|at| Some((part.get(..at)?, part.get(at..)?)))
            .filter(|(before, _)| before.ends_with('-'));
        is_hash(behind_dash) || last_eight.is_some_and(|(_, last)| is_hash(last))
    })
}

/// Whether this looks like a hash in hexadecimal or Base64. Words and numbers keep to one kind of
/// character; a hash changes it at least every third character. One that is not recognised is asked
/// for again, which does no harm.
fn is_hash(text: &str) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 'a',
        b'A'..=b'Z' => 'A',
        b'0'..=b'9' => '0',
        _ => '-',
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    // A capital letter belongs to what follows.
    let changes = text.as_bytes().windows(2).filter(|pair| {
        let (one, next) = (kind(pair[0]), kind(pair[1]));
        one != next && (one, next) != ('A', 'a')
    });
    text.len() >= 8 && text.bytes().all(is_plain) && (changes.count() + 1) * 3 > text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::http::StatusCode;
    use serde_json::json;

    fn settings(rules: &serde_json::Value) -> Settings {
        let mut settings = json!({ "root": "." });
        settings.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        serde_json::from_value(settings).unwrap()
    }

    fn field<'a>(response: &'a Response, wanted: &str) -> Vec<&'a str> {
        let fields = response.fields().filter(|(name, _)| *name == wanted);
        fields.map(|(_, value)| value.to_str().unwrap()).collect()
    }

    #[test]
    fn names_with_a_hash_are_told_from_words_and_numbers() {
        for name in [
            "index-BfX3kz9Q.js",
            "index-B-X3kz9Q.css",
            "main.3f2a1b9c.js",
            "main.3f2a1b9c.chunk.js.map",
            "app-2ZJ4NQ5A.js",
            "style.min.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.css",
            "CxYz123_.woff2",
        ] {
            assert!(has_hash(&format!("/assets/{name}")), "{name}");
        }
        for name in [
            "app.js",
            "jquery-3.7.1.min.js",
            "hero-1920x1080.jpg",
            "photo-2024dec01.jpg",
            "OpenSans.woff2",
            "logo-DarkMode.svg",
            "report-Final2024.png",
            "intro-h264video.mp4",
            "app-settings.js",
            "a-20240101.css",
            "bundle",
            "index-ü3ü3ü3ü3.js",
        ] {
            assert!(!has_hash(&format!("/assets/{name}")), "{name}");
        }
    }

    #[test]
    fn files_are_revalidated_unless_their_name_or_a_rule_says_otherwise() {
        let settings = settings(&json!({ "cache": [
            { "match": "/images/**", "control": "max-age=60" },
            { "match": "*.png", "control": "max-age=30" },
        ] }));
        for (path, control) in [
            ("/index.html", "no-cache"),
            ("/app.js", "no-cache"),
            ("/index-BfX3kz9Q.js", "public, max-age=31536000, immutable"),
            ("/page-BfX3kz9Q.html", "no-cache"),
            ("/images/a.png", "max-age=60"),
            ("/a.png", "max-age=30"),
        ] {
            assert_eq!(cache_control(&settings, path), control, "{path}");
        }
    }

    #[test]
    fn a_redirect_takes_what_was_matched_and_the_query_along() {
        let settings = settings(&json!({ "redirects": [
            { "match": "/blog/*", "to": "/news/$1", "status": 301 },
            { "match": "/old/**", "to": "/$1" },
            { "match": "/out/**", "to": "https://example.org/$1?from=us" },
            { "match": "/part/*", "to": "/größe und mehr?a%20b#$1" },
            { "match": "/end", "to": "/a#b" },
        ] }));
        for (path, query, expected) in [
            ("/blog/a b", None, Some((301, "/news/a%20b"))),
            ("/blog/a", Some("q=1"), Some((301, "/news/a?q=1"))),
            ("/old/a/b", None, Some((302, "/a/b"))),
            ("/old//evil.example/", None, Some((302, "/evil.example/"))),
            ("/old/\\evil.example", None, Some((302, "/%5Cevil.example"))),
            ("/old/a\r\nb: c", None, Some((302, "/a%0D%0Ab%3A%20c"))),
            ("/out/x", Some("q=1"), Some((302, "https://example.org/x?from=us"))),
            ("/part/x", Some("q=1"), Some((302, "/gr%C3%B6%C3%9Fe%20und%20mehr?a%20b#x"))),
            ("/end", Some("q=1"), Some((302, "/a?q=1#b"))),
            ("/blog/a/b", None, None),
        ] {
            let found = redirect(&settings, path, query);
            let found = found.as_ref().map(|it| (it.status().as_u16(), field(it, "location")[0]));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn fields_of_rules_take_the_place_of_others() {
        let settings = settings(&json!({ "headers": [
            { "match": "/**", "set": { "X-A": "1", "X-B": "1" } },
            { "match": "*.html", "set": { "x-a": "2", "Cache-Control": "no-store" } },
            { "match": "*.html", "set": { "Vary": "origin" } },
        ] }));
        let response = || {
            Response::plain(StatusCode::NOT_FOUND)
                .field(header::CACHE_CONTROL, value("no-cache"))
                .field(header::VARY, value("accept-encoding"))
        };
        let changed = set_fields(&settings, "/a.html", response());
        assert_eq!(changed.status(), 404);
        assert_eq!(field(&changed, "x-a"), ["2"]);
        assert_eq!(field(&changed, "x-b"), ["1"]);
        assert_eq!(field(&changed, "cache-control"), ["no-store"]);
        assert_eq!(field(&changed, "vary"), ["accept-encoding", "origin"], "it is a list");
        assert_eq!(field(&changed, "content-type"), ["text/plain; charset=utf-8"]);
        assert_eq!(changed.length(), Some(14));
        let changed = set_fields(&settings, "/a.js", response());
        assert_eq!(field(&changed, "x-a"), ["1"]);
        assert_eq!(field(&changed, "cache-control"), ["no-cache"]);
    }

    #[test]
    fn a_rewrite_gives_another_path() {
        let settings = settings(&json!({ "rewrites": [{ "match": "/app/**", "to": "/x/$1" }] }));
        assert_eq!(rewrite(&settings, "/app/a b").as_deref(), Some("/x/a b"));
        assert_eq!(rewrite(&settings, "/b"), None);
    }
}
