//! Why a message is refused, and with which status.

use http::StatusCode;
use thiserror::Error;

/// A peer's fault: the message is answered with [`Refusal::status`] and the connection is closed.
/// Nothing that follows a refused message is parsed (RFC 9112 §11.2, request smuggling).
///
#[doc = include_str!("stricter.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no HTTP at all: a TLS handshake, or a line of which neither target nor version is one.
    /// A response would mean nothing to the sender, so there is none.
    #[error("this is not HTTP")]
    Foreign,
    /// A line ended in LF alone, or a CR stood alone (RFC 9112 §2.2).
    #[error("a line does not end in CRLF")]
    LineEnding,
    /// The request line is not `method SP request-target SP HTTP-version` (RFC 9112 §3).
    #[error("the request line is malformed")]
    RequestLine,
    /// The request target has none of the four forms, or not the one its method calls for
    /// (RFC 9112 §3.2), or a character that may not stand where it does (RFC 3986 §3).
    #[error("the request target is malformed")]
    Target,
    /// A field line is not `field-name ":" OWS field-value OWS`: white space before the colon,
    /// line folding, NUL and other control characters (RFC 9112 §5, §5.1, §5.2).
    #[error("a field line is malformed")]
    FieldLine,
    /// `Host` is missing, repeated or malformed (RFC 9112 §3.2).
    #[error("the Host field is missing, repeated or malformed")]
    Host,
    /// `Content-Length` is repeated or not a decimal number (RFC 9112 §6.3).
    #[error("the Content-Length field is repeated or malformed")]
    ContentLength,
    /// `Transfer-Encoding` together with `Content-Length`, in an HTTP/1.0 message, or with
    /// `chunked` not last or not once (RFC 9112 §6.1, §6.3).
    #[error("the body's framing is ambiguous")]
    Framing,
    /// Chunk size, extension, line ending or trailer is malformed (RFC 9112 §7.1).
    #[error("the chunked body is malformed")]
    Chunk,
    /// The peer closed its side in the middle of a message (RFC 9112 §8).
    #[error("the message is incomplete")]
    Incomplete,
    /// The message did not arrive in time (RFC 9110 §15.5.9).
    #[error("the request took too long to arrive")]
    Timeout,
    /// The body is longer than the limit (RFC 9110 §15.5.14).
    #[error("the body is too large")]
    BodyTooLarge,
    /// The request line is longer than the limit (RFC 9110 §15.5.15).
    #[error("the request line is too long")]
    RequestLineTooLong,
    /// `Expect` asks for something other than `100-continue` (RFC 9110 §10.1.1).
    #[error("the expectation cannot be met")]
    Expectation,
    /// The head or the trailer section is longer than the limit, or has too many field lines
    /// (RFC 6585 §5).
    #[error("the header fields are too large")]
    FieldsTooLarge,
    /// A transfer coding that we do not implement (RFC 9112 §6.1).
    #[error("the transfer coding is not implemented")]
    TransferCoding,
    /// A major version other than 1 (RFC 9110 §15.6.6).
    #[error("the HTTP version is not supported")]
    Version,
}

impl Refusal {
    /// A name for metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Foreign => "foreign",
            Refusal::LineEnding => "line-ending",
            Refusal::RequestLine => "request-line",
            Refusal::Target => "target",
            Refusal::FieldLine => "field-line",
            Refusal::Host => "host",
            Refusal::ContentLength => "content-length",
            Refusal::Framing => "framing",
            Refusal::Chunk => "chunk",
            Refusal::Incomplete => "incomplete",
            Refusal::Timeout => "timeout",
            Refusal::BodyTooLarge => "body-too-large",
            Refusal::RequestLineTooLong => "request-line-too-long",
            Refusal::Expectation => "expectation",
            Refusal::FieldsTooLarge => "fields-too-large",
            Refusal::TransferCoding => "transfer-coding",
            Refusal::Version => "version",
        }
    }

    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::Foreign
            | Refusal::LineEnding
            | Refusal::RequestLine
            | Refusal::Target
            | Refusal::FieldLine
            | Refusal::Host
            | Refusal::ContentLength
            | Refusal::Framing
            | Refusal::Chunk
            | Refusal::Incomplete => StatusCode::BAD_REQUEST,
            Refusal::Timeout => StatusCode::REQUEST_TIMEOUT,
            Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::RequestLineTooLong => StatusCode::URI_TOO_LONG,
            Refusal::Expectation => StatusCode::EXPECTATION_FAILED,
            Refusal::FieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Refusal::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Refusal::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }
}
