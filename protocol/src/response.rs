//! A response as a handler builds it.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::clock::Now;
use crate::file::FileRange;
use crate::refusal::Refusal;

/// A response: status, fields, body (RFC 9110 §15, §6).
///
/// Framing is the writer's business: `Content-Length`, `Transfer-Encoding`, `Connection` and
/// `Date` are written from what is known of body and connection, and left out if a handler sets
/// them; a response with `Upgrade` lists it in `Connection`. A [`HeaderValue`] cannot hold CR, LF
/// or NUL, so no value can smuggle a field.
///
/// ```
/// use protocol::Response;
/// use protocol::http::{StatusCode, header, HeaderValue};
/// let response = Response::new(StatusCode::CREATED)
///     .field(header::LOCATION, HeaderValue::from_static("/files/a"))
///     .content_type("text/plain; charset=utf-8")
///     .body("made\n");
/// assert_eq!(response.status(), StatusCode::CREATED);
/// ```
#[derive(Debug)]
pub struct Response {
    pub(crate) status: StatusCode,
    /// Apart from the other fields, so that the commonest response allocates nothing.
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
    pub(crate) close: bool,
    pub(crate) refusal: Option<Refusal>,
}

impl Response {
    /// A response with this status, no fields and no body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Response {
            status,
            content_type: None,
            fields: Vec::new(),
            body: Body::Empty,
            close: false,
            refusal: None,
        }
    }

    /// 200 OK.
    #[must_use]
    pub fn ok() -> Self {
        Response::new(StatusCode::OK)
    }

    /// 200 OK with plain text in UTF-8.
    pub fn text(text: impl Into<Body>) -> Self {
        Response::ok().content_type("text/plain; charset=utf-8").body(text)
    }

    /// A short page of plain text that names the status: for errors without more to say.
    #[must_use]
    pub fn plain(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("");
        Response::new(status)
            .content_type("text/plain; charset=utf-8")
            .body(format!("{} {reason}\n", status.as_str()))
    }

    /// 405 with the `Allow` field that it must have (RFC 9110 §15.5.6, §10.2.1).
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        Response::plain(StatusCode::METHOD_NOT_ALLOWED)
            .field(header::ALLOW, HeaderValue::from_static(allow))
    }

    /// Sets the media type.
    ///
    /// # Panics
    /// If `media_type` is not a legal field value; it is part of the program, not of its input.
    #[must_use]
    pub fn content_type(mut self, media_type: &'static str) -> Self {
        self.content_type = Some(HeaderValue::from_static(media_type));
        self
    }

    // ANCHOR: field
    /// Adds a field line. `Content-Type` replaces the one that was set.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if name == header::CONTENT_TYPE {
            self.content_type = Some(value);
        } else if !is_framing(&name) {
            self.fields.push((name, value));
        }
        self
    }
    // ANCHOR_END: field

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Closes the connection after this response. Under HTTP/2, where others share it, it does not.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.close = true;
        self
    }

    /// The response, unless it would put us and the peer out of step: an interim one is not the
    /// answer (RFC 9110 §15.2), and a success would turn a CONNECT into a tunnel (§9.3.6).
    #[must_use]
    pub fn checked(self, is_connect: bool) -> Self {
        if self.status.is_informational() {
            Response::plain(StatusCode::INTERNAL_SERVER_ERROR)
        } else if is_connect && self.status.is_success() {
            Response::plain(StatusCode::NOT_IMPLEMENTED)
        } else {
            self
        }
    }

    /// Why the request was refused, if this says that a message was.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its fields in the order in which they were set, but for those that belong to the writer.
    pub fn fields(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let content_type = self.content_type.iter().map(|it| (&header::CONTENT_TYPE, it));
        content_type.chain(self.fields.iter().map(|(name, value)| (name, value)))
    }

    /// The length of the body, in bytes, where it is known beforehand.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.body.length()
    }

    /// The body.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Whether the status alone excludes a body, and a `Content-Length` with it
    /// (RFC 9110 §8.6).
    #[must_use]
    pub fn is_bodiless(&self) -> bool {
        self.status.is_informational()
            || self.status == StatusCode::NO_CONTENT
            || self.status == StatusCode::NOT_MODIFIED
    }
}

/// The fields that belong to the writer.
#[inline]
fn is_framing(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE]
        .contains(name)
}

// ANCHOR: from_refusal
impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let status = refusal.status();
        let reason = status.canonical_reason().unwrap_or("");
        let mut response = Response::new(status)
            .content_type("text/plain; charset=utf-8")
            .body(format!("{} {reason}: {refusal}\n", status.as_str()))
            .close();
        response.refusal = Some(refusal);
        response
    }
}
// ANCHOR_END: from_refusal

impl From<StatusCode> for Response {
    fn from(status: StatusCode) -> Self {
        Response::new(status)
    }
}

impl From<&'static str> for Response {
    fn from(text: &'static str) -> Self {
        Response::text(text)
    }
}

impl From<String> for Response {
    fn from(text: String) -> Self {
        Response::text(text)
    }
}

// ANCHOR: body
/// The content of a response.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// Bytes in memory: static, owned or shared.
    Bytes(Bytes),
    /// A range of an open file, which the backend sends in its own way.
    File(FileRange),
    /// Produced piece by piece: chunked, or up to the close for an HTTP/1.0 client.
    Stream(Box<dyn Source>),
}
// ANCHOR_END: body

impl Body {
    /// A body produced piece by piece.
    pub fn stream(source: impl Source) -> Self {
        Body::Stream(Box::new(source))
    }

    /// The length, where it is known beforehand.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Body::Empty => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::File(range) => Some(range.length),
            Body::Stream(_) => None,
        }
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Body::Bytes(Bytes::from_static(text.as_bytes()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Body::Bytes(text.into())
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Body::Bytes(Bytes::from_static(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Body::Bytes(bytes.into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Body::Bytes(bytes)
    }
}

impl From<FileRange> for Body {
    fn from(range: FileRange) -> Self {
        Body::File(range)
    }
}

/// Produces a body piece by piece. It never waits: it says until when there is nothing to do.
pub trait Source: Send + 'static {
    /// Appends the next piece, some KiB at most, and says how it goes on.
    fn produce(&mut self, piece: &mut Content<'_>, now: Now) -> Production;
}

impl<F> Source for F
where
    F: FnMut(&mut Content<'_>, Now) -> Production + Send + 'static,
{
    fn produce(&mut self, piece: &mut Content<'_>, now: Now) -> Production {
        self(piece, now)
    }
}

impl std::fmt::Debug for dyn Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

/// How a [`Source`] goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Production {
    /// There is more: call again when there is room. Without having appended anything this would
    /// go on forever, so the body is cut off and the connection closed.
    More,
    /// There is more, but not before this moment. One that has come already is as
    /// [`Production::More`].
    At(std::time::Instant),
    /// That was all.
    End,
}

/// Where a [`Source`] puts its bytes: straight into the output.
#[derive(Debug)]
pub struct Content<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) trailers: &'a mut Option<Box<HeaderMap>>,
}

impl Content<'_> {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Adds a trailer field, to be sent behind the content (RFC 9110 §6.5): what is known only at
    /// the end, such as a checksum or the status of gRPC. Those that frame the message are left
    /// out (§6.5.1). HTTP/2 sends trailers, HTTP/1.1 does not.
    ///
    /// ```
    /// use protocol::http::header::{HeaderName, HeaderValue};
    /// use protocol::{Body, Content, Now, Production};
    /// let body = Body::stream(|content: &mut Content<'_>, _: Now| {
    ///     content.push(b"all of it");
    ///     let name = HeaderName::from_static("grpc-status");
    ///     content.trailer(name, HeaderValue::from_static("0"));
    ///     Production::End
    /// });
    /// # drop(body);
    /// ```
    pub fn trailer(&mut self, name: HeaderName, value: HeaderValue) {
        if !is_framing(&name) {
            self.trailers.get_or_insert_default().append(name, value);
        }
    }
}

impl std::fmt::Write for Content<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
