//! The opening handshake: whether a request asks for a WebSocket, and the answer (RFC 6455 §4.2).

use protocol::http::header::{self, HeaderName, HeaderValue};
use protocol::http::{Method, StatusCode, Version};
use protocol::{Reply, Request, Response};
use tungstenite::handshake::derive_accept_key;

use crate::limits::Limits;
use crate::socket::Socket;
use crate::websocket::WebSocket;

/// Why a request is no opening handshake, or not one that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// §4.1: the method is GET.
    Method,
    /// It does not ask for a WebSocket: a plain request, or one over a version of HTTP that has no
    /// upgrade.
    Plain,
    /// §4.4: it asks for another version than 13, or for none.
    Version,
    /// It cannot be meant so.
    Malformed(&'static str),
}

/// Answers an opening handshake, and has `socket` take over (RFC 6455 §4.2).
///
/// What is no such handshake is answered with 400, 405 or 426, which says what was expected. No
/// subprotocol and no extension is agreed on. `Origin` is not looked at: an application that knows
/// its users by cookies has to compare it before it calls this (§10.2).
pub fn accept(request: &Request<'_>, limits: &Limits, socket: impl Socket) -> Reply {
    let key = match key(request) {
        Ok(key) => key,
        Err(refusal) => return refuse(refusal).into(),
    };
    let Ok(accept) = HeaderValue::try_from(derive_accept_key(key)) else {
        return Response::plain(StatusCode::INTERNAL_SERVER_ERROR).into(); // base64 is ASCII
    };
    Reply::upgrade(
        HeaderValue::from_static("websocket"),
        Response::ok().field(header::SEC_WEBSOCKET_ACCEPT, accept), // §4.2.2, 5.4
        WebSocket::new(limits.clone(), socket, request.now()),
    )
}

/// The client's key, if the handshake is sound.
fn key<'a>(request: &Request<'a>) -> Result<&'a [u8], Refusal> {
    if *request.method() != Method::GET {
        return Err(Refusal::Method); // §4.2.1, 1
    }
    // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, nor does one count that `Connection` does not list.
    let asks = request.version() == Version::HTTP_11
        && request.lists("upgrade", "websocket") // §4.2.1, 3
        && request.lists("connection", "upgrade"); // §4.2.1, 4
    if !asks {
        return Err(Refusal::Plain);
    }
    match single(request, "sec-websocket-version") {
        Ok(Some(b"13")) => {} // §4.2.1, 6
        Ok(_) => return Err(Refusal::Version),
        Err(Repeated) => return Err(Refusal::Malformed("Sec-WebSocket-Version is repeated")),
    }
    if !request.fields().all(is_offer_sound) {
        return Err(Refusal::Malformed("an offer of subprotocols or extensions is malformed"));
    }
    match single(request, "sec-websocket-key") {
        Ok(Some(key)) if is_key(key) => Ok(key), // §4.2.1, 5
        Ok(Some(_)) => Err(Refusal::Malformed("Sec-WebSocket-Key is not 16 bytes in base64")),
        Ok(None) => Err(Refusal::Malformed("Sec-WebSocket-Key is missing")),
        Err(Repeated) => Err(Refusal::Malformed("Sec-WebSocket-Key is repeated")),
    }
}

/// A field that must not stand there twice does (§11.3.1, §11.3.5).
struct Repeated;

fn single<'a>(request: &Request<'a>, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
    let mut values = request.fields().filter(|(field, _)| field.eq_ignore_ascii_case(name));
    let first = values.next().map(|(_, value)| value);
    if values.next().is_some() { Err(Repeated) } else { Ok(first) }
}

/// Whether this is no offer of subprotocols or extensions, or one in its grammar (§4.3, §9.1). A
/// value in quotes is a token as well, once it is unquoted: no comma or semicolon hides there.
fn is_offer_sound((name, value): (&str, &[u8])) -> bool {
    let is_token = |text: &[u8]| HeaderName::from_bytes(text.trim_ascii()).is_ok();
    let is_parameter = |part: &[u8]| {
        let Some(at) = part.iter().position(|&byte| byte == b'=') else { return is_token(part) };
        let value = part[at + 1..].trim_ascii();
        let quoted = value.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\""));
        let quoted = quoted.map(|it| it.iter().copied().filter(|&byte| byte != b'\\').collect());
        is_token(&part[..at]) && quoted.map_or(is_token(value), |it: Vec<u8>| is_token(&it))
    };
    let is_extension = |extension: &[u8]| {
        let mut parts = extension.split(|&byte| byte == b';');
        parts.next().is_some_and(is_token) && parts.all(is_parameter)
    };
    let all = |is_sound: &dyn Fn(&[u8]) -> bool| {
        let mut elements = value.split(|&byte| byte == b',');
        // RFC 9110 §5.6.1.2: an element may be empty.
        elements.all(|element| element.trim_ascii().is_empty() || is_sound(element))
    };
    match name {
        _ if name.eq_ignore_ascii_case("sec-websocket-extensions") => all(&is_extension),
        _ if name.eq_ignore_ascii_case("sec-websocket-protocol") => all(&is_token),
        _ => true,
    }
}

/// Whether this is what 16 bytes look like in base64.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key[..22].iter().all(is_digit) && key.ends_with(b"==")
}

fn refuse(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Method => Response::method_not_allowed("GET"),
        // RFC 9110 §15.5.22: it says what to upgrade to. RFC 6455 §4.4: and which version of it.
        Refusal::Plain | Refusal::Version => Response::plain(StatusCode::UPGRADE_REQUIRED)
            .field(header::UPGRADE, HeaderValue::from_static("websocket"))
            .field(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        Refusal::Malformed(why) => Response::new(StatusCode::BAD_REQUEST)
            .content_type("text/plain; charset=utf-8")
            .body(format!("400 Bad Request: {why}\n")),
    }
}
