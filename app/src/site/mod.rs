//! Sites: the pages of directories.
//!
//! * [`Settings`]: how a site is described.
//! * [`Pattern`]: which paths a rule is for.

mod download;
#[allow(dead_code, reason = "what is negotiated by it is to come")]
mod encoding;
mod media_type;
#[allow(dead_code, reason = "the rules that expand it are to come")]
mod pattern;
#[allow(dead_code, reason = "what it describes is to come")]
mod settings;

use protocol::http::{StatusCode, header};
use protocol::{Reply, Response};

use crate::answers::{not_found, value};
use crate::conditional::Conditions;
use crate::site::download::respond;
use crate::store::{Opened, Store, open, relative, unreadable};

pub(crate) use download::download;
pub use encoding::Coding;
pub use pattern::Pattern;
pub use settings::{
    CacheRule, Compress, FieldValue, Fields, HeaderRule, Redirect, RedirectStatus, Rewrite,
    Settings,
};

/// Answers with a page of a site: a file, or the `index.html` of a directory. Hidden files,
/// whose names begin with a dot, are not part of a site (but `.well-known` is, RFC 8615).
pub(crate) fn page(
    store: &Store,
    target: &str,
    query: Option<&str>,
    conditions: Conditions,
) -> Reply {
    let is_directory = target.ends_with('/');
    let path = match target.trim_matches('/') {
        "" => Some(String::new()),
        path => relative(path),
    };
    let is_hidden = |part: &str| part.starts_with('.') && part != ".well-known";
    let Some(path) = path.filter(|path| !path.split('/').any(is_hidden)) else {
        return not_found();
    };
    let target = target.trim_start_matches('/');
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let slashed = format!("/{target}/{query}");
    let store = store.clone();
    Reply::blocking(move || {
        let path = if is_directory { format!("{path}/index.html") } else { path };
        let path = path.trim_start_matches('/');
        match open(&store.dir_for_request()?, path) {
            Ok(Opened::File(file, metadata)) => respond(file, &metadata, path, &conditions),
            // Relative links need the slash.
            Ok(Opened::Directory) if !is_directory => {
                Ok(Response::plain(StatusCode::PERMANENT_REDIRECT)
                    .field(header::LOCATION, value(&slashed)))
            }
            Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
            Err(error) => Err(unreadable(&error)),
        }
    })
}
