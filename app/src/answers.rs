//! Words that several answers have in common.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{Reply, Response};

/// 400, with a line that says what is expected.
pub(crate) fn bad_request(text: &'static str) -> Reply {
    Response::new(StatusCode::BAD_REQUEST)
        .content_type("text/plain; charset=utf-8")
        .body(text)
        .into()
}

/// Plain text is never taken for a page, whatever it holds.
pub(crate) fn nosniff(response: Response) -> Response {
    response.field(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

/// Uploads are anybody's: a page among them runs no script, and is of no origin.
pub(crate) fn sandboxed(response: Response) -> Response {
    response.field(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"))
}

/// Dates, tags and ranges are made here, of ASCII.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

pub(crate) fn not_found() -> Reply {
    Response::plain(StatusCode::NOT_FOUND).into()
}

/// A path as a URI has it (RFC 3986 §3.3), with its slashes.
pub(crate) fn encode(path: &str) -> String {
    const ENCODED: AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(path, &ENCODED).to_string()
}

/// Text inside an HTML document.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
