//! A file as a response: its fields, the part of it that is wanted, or that nothing has changed.

use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::{File, Metadata};
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{FileRange, Reply, Response};

use crate::answers::{nosniff, not_found, value};
use crate::conditional::{Conditions, Part};
use crate::site::media_type::media_type;
use crate::store::{Opened, Store, open, relative, unreadable, version};

/// Answers with a file.
pub(crate) fn download(store: &Store, path: &str, conditions: Conditions) -> Reply {
    let Some(path) = relative(path) else { return not_found() };
    let store = store.clone();
    Reply::blocking(move || match open(&store.dir_for_request()?, &path) {
        Ok(Opened::File(file, metadata)) => respond(file, &metadata, &path, &conditions),
        Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
        Err(error) => Err(unreadable(&error)),
    })
}

/// A file, or the part of it that is wanted, or the news that there is no news.
pub(super) fn respond(
    file: File,
    metadata: &Metadata,
    path: &str,
    conditions: &Conditions,
) -> Result<Response, Response> {
    let length = metadata.len();
    let version = version(metadata);
    let response = |status| {
        let modified = version.last_modified(SystemTime::now());
        nosniff(Response::new(status))
            .field(header::ETAG, value(&version.tag))
            .field(header::LAST_MODIFIED, value(&modified))
            .field(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
    };
    // RFC 9110 §15.4.5: 304 has the same validators.
    if let Some(status) = conditions.fail(Some(&version)) {
        return Ok(response(status));
    }
    let (status, offset, length, range) = match conditions.part(&version, length) {
        Part::Whole => (StatusCode::OK, 0, length, None),
        // RFC 9110 §15.3.7, §15.3.7.1: it has all fields of the whole, and its place in it.
        Part::Range(first, count) => {
            let range = format!("bytes {first}-{}/{length}", first + count - 1);
            (StatusCode::PARTIAL_CONTENT, first, count, Some(range))
        }
        Part::Unsatisfiable => {
            let range = format!("bytes */{length}"); // RFC 9110 §15.5.17
            return Ok(response(StatusCode::RANGE_NOT_SATISFIABLE)
                .field(header::CONTENT_RANGE, value(&range)));
        }
    };
    let mut response = response(status).field(header::CONTENT_TYPE, media_type(path));
    if let Some(range) = range {
        response = response.field(header::CONTENT_RANGE, value(&range));
    }
    Ok(response.body(FileRange { file: Arc::new(file.into_std()), offset, length }))
}
