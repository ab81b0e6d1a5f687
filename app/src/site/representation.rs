//! A file as a response: its fields, the part of it that is wanted, or that nothing has changed.

use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::{File, Metadata};
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{Body, FileRange, Reply, Response};

use crate::answers::{nosniff, not_found, value};
use crate::conditional::{Conditions, Version};
use crate::site::encoding::Coding;
use crate::site::media_type::media_type;
use crate::site::ranges::{Wanted, multipart, wanted};
use crate::store::{Opened, Store, failure, open, relative, unreadable, version};

/// Answers with a file as it is.
pub(crate) fn download(store: &Store, path: &str, conditions: Conditions) -> Reply {
    let Some(path) = relative(path) else { return not_found() };
    let store = store.clone();
    Reply::blocking(move || match open(&store.dir_for_request()?, &path) {
        Ok(Opened::File(file, metadata)) => {
            let media_type = media_type(&path);
            let (version, body) = (version(&metadata), whole(file, &metadata).into());
            Representation { media_type, version, coding: None, body }.respond(&conditions)
        }
        Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
        Err(error) => Err(unreadable(&error)),
    })
}

/// One of the forms in which a file can be sent (RFC 9110 §3.2).
pub(super) struct Representation {
    pub(super) media_type: HeaderValue,
    pub(super) version: Version,
    pub(super) coding: Option<Coding>,
    pub(super) body: Body,
}

impl Representation {
    /// The response to a request with these conditions.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn respond(self, conditions: &Conditions) -> Result<Response, Response> {
        // RFC 9110 §15.4.5: 304 has the same validators.
        if let Some(status) = conditions.fail(Some(&self.version)) {
            return Ok(self.validated(status));
        }
        if let (None, Body::File(file)) = (self.coding, &self.body)
            && let Some(range) = conditions.range(&self.version)
        {
            let wanted = wanted(range, file.length);
            if let Some(response) = self.partial(file, &wanted)? {
                return Ok(response);
            }
        }
        let response = self.validated(StatusCode::OK);
        Ok(self.fill(response))
    }

    /// The whole of it, whatever was asked for, since it is not what was asked for.
    pub(super) fn respond_as(self, status: StatusCode) -> Response {
        self.fill(nosniff(Response::new(status)))
    }

    /// A response with the validators of this representation.
    fn validated(&self, status: StatusCode) -> Response {
        let modified = self.version.last_modified(SystemTime::now());
        let response = nosniff(Response::new(status))
            .field(header::ETAG, value(&self.version.tag))
            .field(header::LAST_MODIFIED, value(&modified));
        match self.coding {
            // Ranges are those of the file as it is.
            None => response.field(header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
            Some(_) => response,
        }
    }

    fn fill(self, mut response: Response) -> Response {
        if let Some(coding) = self.coding {
            let name = HeaderValue::from_static(coding.name());
            response = response.field(header::CONTENT_ENCODING, name);
        }
        response.field(header::CONTENT_TYPE, self.media_type).body(self.body)
    }

    /// The response with what is wanted, unless that is the whole.
    fn partial(&self, file: &FileRange, wanted: &Wanted) -> Result<Option<Response>, Response> {
        let partial = || self.validated(StatusCode::PARTIAL_CONTENT);
        Ok(match wanted {
            Wanted::Whole => None,
            // RFC 9110 §15.3.7, §15.3.7.1: it has all fields of the whole, and its place in it.
            Wanted::One(range) => {
                let place = value(&range.content_range(file.length));
                let (offset, length) = (file.offset + range.first, range.length());
                let response = partial()
                    .field(header::CONTENT_TYPE, self.media_type.clone())
                    .field(header::CONTENT_RANGE, place);
                Some(response.body(FileRange { offset, length, ..file.clone() }))
            }
            // RFC 9110 §15.3.7.2: each part has its place, and not the response.
            Wanted::Several(ranges) => multipart(file, &self.media_type, ranges)
                .map_err(|error| failure(&error))?
                .map(|(media_type, parts)| {
                    let response = partial().field(header::CONTENT_TYPE, value(&media_type));
                    response.body(parts.into_bytes())
                }),
            Wanted::Unsatisfiable => {
                let place = value(&format!("bytes */{}", file.length)); // RFC 9110 §15.5.17
                let response = self.validated(StatusCode::RANGE_NOT_SATISFIABLE);
                Some(response.field(header::CONTENT_RANGE, place))
            }
        })
    }
}

/// All of a file.
pub(super) fn whole(file: File, metadata: &Metadata) -> FileRange {
    FileRange { file: Arc::new(file.into_std()), offset: 0, length: metadata.len() }
}
