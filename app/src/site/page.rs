//! A site: which file a path leads to, and what is answered where there is none.

use std::sync::Arc;

use cap_std::fs::{Dir, File, Metadata};
use percent_encoding::percent_decode_str;
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{Reply, Request, Response};

use crate::answers::{encode, value};
use crate::conditional::Conditions;
use crate::site::compressed::Cache;
use crate::site::encoding::Accepted;
use crate::site::listing::{Order, listing};
use crate::site::media_type::media_type;
use crate::site::negotiation::{Found, choose, has_forms};
use crate::site::representation::whole;
use crate::site::rules::{cache_control, is_hidden, redirect, rewrite, set_fields};
use crate::site::settings::Settings;
use crate::store::{Opened, Store, is_relative, open, unreadable, version};

/// The page of a directory.
const INDEX: &str = "index.html";

/// What is answered with 404, if there is such a file and no other is named.
const NOT_FOUND: &str = "404.html";

/// A directory that is served as its settings say.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) settings: Settings,
    pub(super) store: Store,
    /// Shared by all sites, of which this is the one with this number.
    pub(super) cache: Arc<Cache>,
    pub(super) number: usize,
}

/// What a request asks for.
struct Asked {
    /// The path, decoded, with a slash at its beginning.
    path: String,
    query: Option<String>,
    conditions: Conditions,
    accepted: Accepted,
    /// Which media types are wanted by name.
    wants_html: bool,
    wants_json: bool,
    /// Whether a page is acceptable.
    takes_html: bool,
}

impl Asked {
    fn of(request: &Request<'_>) -> Self {
        Asked {
            // A name that is no UTF-8 becomes another, as good as none.
            path: merge_slashes(&percent_decode_str(request.path()).decode_utf8_lossy()),
            query: request.query().map(str::to_owned),
            conditions: Conditions::of(request),
            accepted: Accepted::of(request),
            wants_html: accepts(request, &["text/html"]),
            wants_json: accepts(request, &["application/json"]),
            takes_html: request.field("accept").is_none()
                || accepts(request, &["text/html", "text/*", "*/*"]),
        }
    }

    /// A redirect to a decoded path of this site, with the query.
    fn redirect(&self, path: &str) -> Response {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        Response::plain(StatusCode::PERMANENT_REDIRECT)
            .field(header::LOCATION, value(&format!("{}{query}", encode(path))))
    }

    /// Whether a page is wanted, and not a part of one or data. A name with a dot is that of a page
    /// only if a browser says so, which names `text/html` when it opens one.
    fn is_for_page(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        if name.contains('.') { self.wants_html } else { self.takes_html }
    }
}

/// The path with one slash wherever there are several, and at its beginning: so no rule can be
/// evaded by a second slash, and a redirect never leads to another host.
fn merge_slashes(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let mut merged = parts.fold(String::new(), |merged, part| merged + "/" + part);
    if path.ends_with('/') || merged.is_empty() {
        merged.push('/');
    }
    merged
}

/// Whether `Accept` has one of these media ranges (RFC 9110 §12.5.1).
fn accepts(request: &Request<'_>, media_ranges: &[&str]) -> bool {
    let lines = request.fields().filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    let lines = lines.filter_map(|(_, value)| str::from_utf8(value).ok());
    lines.flat_map(|line| line.split(',')).any(|element| {
        let name = element.split(';').next().unwrap_or_default().trim();
        media_ranges.iter().any(|media_range| name.eq_ignore_ascii_case(media_range))
    })
}

fn vary_by_accept(response: Response) -> Response {
    response.field(header::VARY, HeaderValue::from_static("accept"))
}

impl Site {
    /// Answers GET and HEAD.
    pub(super) fn answer(self: &Arc<Self>, request: &Request<'_>) -> Reply {
        let (site, asked) = (Arc::clone(self), Asked::of(request));
        Reply::blocking(move || {
            let dir = site.store.dir_for_request()?;
            Ok::<_, Response>(match site.find(&dir, &asked) {
                Ok((found, status)) => {
                    let path = format!("/{}", found.path);
                    let response = site.send(&dir, found, status, &asked);
                    set_fields(&site.settings, &path, response)
                }
                Err(response) => set_fields(&site.settings, &asked.path, response),
            })
        })
    }

    /// The file to send, and the status; or the response if there is none.
    fn find(&self, dir: &Dir, asked: &Asked) -> Result<(Found, StatusCode), Response> {
        if let Some(response) = redirect(&self.settings, &asked.path, asked.query.as_deref()) {
            return Err(response);
        }
        let missing = match self.page(dir, asked) {
            Err(missing) if missing.status() == StatusCode::NOT_FOUND => missing,
            result => return result.map(|found| (found, StatusCode::OK)),
        };
        let fallback = self.settings.fallback.as_ref().filter(|_| asked.is_for_page());
        if let Some(Ok(found)) = fallback.map(|path| file(dir, path)) {
            return Ok((found, StatusCode::OK));
        }
        match file(dir, self.settings.not_found.as_deref().unwrap_or(NOT_FOUND)) {
            Ok(found) => Ok((found, StatusCode::NOT_FOUND)),
            // Another client may get a page here.
            Err(_) if self.settings.fallback.is_some() => Err(vary_by_accept(missing)),
            Err(_) => Err(missing),
        }
    }

    /// The file that the path leads to: itself, with `.html`, or the index of a directory.
    fn page(&self, dir: &Dir, asked: &Asked) -> Result<Found, Response> {
        let rewritten = rewrite(&self.settings, &asked.path).as_deref().map(merge_slashes);
        let path = rewritten.as_deref().unwrap_or(&asked.path);
        let name = path.trim_matches('/');
        if !(name.is_empty() || is_relative(name)) || name.split('/').any(is_hidden) {
            return Err(Response::plain(StatusCode::NOT_FOUND));
        }
        if path.ends_with('/') {
            return self.index(dir, name, asked);
        }
        match open(dir, name) {
            Ok(Opened::File(opened, metadata)) => {
                if rewritten.is_none()
                    && let Some(clean) = self.clean(dir, name)
                {
                    return Err(asked.redirect(&clean));
                }
                Ok(found(opened, &metadata, name))
            }
            // A rewrite has left out the slash.
            Ok(Opened::Directory) if asked.path.ends_with('/') => self.index(dir, name, asked),
            // Relative links need the slash.
            Ok(Opened::Directory) => Err(asked.redirect(&format!("{}/", asked.path))),
            Err(error) => file(dir, &format!("{name}.html")).map_err(|_| unreadable(&error)),
        }
    }

    /// The page of a directory.
    fn index(&self, dir: &Dir, name: &str, asked: &Asked) -> Result<Found, Response> {
        let index = format!("{name}/{INDEX}");
        file(dir, index.trim_start_matches('/')).map_err(|missing| match missing.status() {
            StatusCode::NOT_FOUND => self.list(dir, name, asked).unwrap_or(missing),
            _ => missing,
        })
    }

    /// The path without `.html` or `index.html`, if there should be no other and nothing else has
    /// it.
    fn clean(&self, dir: &Dir, name: &str) -> Option<String> {
        let clean = name.strip_suffix(".html").filter(|_| self.settings.clean_urls)?;
        let parent = name.strip_suffix(INDEX);
        if let Some(parent) = parent.filter(|it| it.is_empty() || it.ends_with('/')) {
            return Some(format!("/{parent}"));
        }
        open(dir, clean).is_err().then(|| format!("/{clean}"))
    }

    /// What is in a directory, if that may be seen.
    fn list(&self, dir: &Dir, name: &str, asked: &Asked) -> Option<Response> {
        let directory = if name.is_empty() { "." } else { name };
        let path = format!("/{name}/").replace("//", "/");
        let opened = dir.open_dir(directory).ok().filter(|_| self.settings.listing.has(&path))?;
        let as_json = asked.wants_json && !asked.wants_html;
        let order = Order::of(asked.query.as_deref());
        Some(
            listing(&opened, &asked.path, order, as_json)
                .unwrap_or_else(|error| unreadable(&error)),
        )
    }

    /// The response with a file, which stands for what was asked for unless the status is 404.
    fn send(&self, dir: &Dir, found: Found, status: StatusCode, asked: &Asked) -> Response {
        let has_forms = has_forms(&self.settings, &found.media_type);
        let control = cache_control(&self.settings, &format!("/{}", found.path));
        let fallback = self.settings.fallback.as_ref();
        let is_by_accept =
            fallback.is_some_and(|path| status != StatusCode::OK || *path == found.path);
        // Ranges are those of the file as it is.
        let accepted = asked.accepted.without_codings(asked.conditions.has_range());
        let form = choose(&self.settings, dir, found, &accepted, (&self.cache, self.number));
        let response = form.and_then(|form| match status {
            StatusCode::OK => form.respond(&asked.conditions),
            status => Ok(form.respond_as(status)),
        });
        let (Ok(response) | Err(response)) = response;
        let is_kept =
            response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
        let control = if is_kept { control } else { HeaderValue::from_static("no-cache") };
        let response = response.field(header::CACHE_CONTROL, control);
        // RFC 9110 §12.5.5: also where it is as it is, because no other form was asked for.
        let vary = match (has_forms, is_by_accept) {
            (true, true) => "accept, accept-encoding",
            (true, false) => "accept-encoding",
            (false, true) => "accept",
            (false, false) => return response,
        };
        response.field(header::VARY, HeaderValue::from_static(vary))
    }
}

/// Whether a file of a site has this path.
pub(super) fn is_file(store: &Store, path: &str) -> bool {
    store.dir_for_request().is_ok_and(|dir| file(&dir, path).is_ok())
}

/// The file with this path.
fn file(dir: &Dir, path: &str) -> Result<Found, Response> {
    match open(dir, path) {
        Ok(Opened::File(file, metadata)) => Ok(found(file, &metadata, path)),
        Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn found(file: File, metadata: &Metadata, path: &str) -> Found {
    let (version, file) = (version(metadata), whole(file, metadata));
    Found { file, version, path: path.to_owned(), media_type: media_type(path) }
}
