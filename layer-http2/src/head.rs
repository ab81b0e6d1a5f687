//! Heads, from HTTP/2 to what handlers know and back (RFC 9113 §8.2, §8.3).

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use h2::RecvStream;
use protocol::http::header::{self, HeaderMap, HeaderValue};
use protocol::http::{self, Method};
use protocol::{
    Effect, Exchange, Field, Now, Observation, Refusal, Request, Response, Service, is_host,
};

/// What is known of a request once its head is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) is_head: bool,
    pub(crate) is_connect: bool,
    /// The client waits for `100 Continue`.
    pub(crate) expects_continue: bool,
    /// The length of the body, in bytes, where it is declared.
    pub(crate) declared: Option<u64>,
}

/// Malformed beyond what h2 looks at: the stream is reset (RFC 9113 §8.1.1).
#[derive(Debug)]
pub(crate) struct Malformed;

/// A request that has begun.
pub(crate) struct Begun {
    pub(crate) terms: Terms,
    pub(crate) exchange: Exchange,
    pub(crate) effect: Option<Effect>,
    pub(crate) observation: Option<Observation>,
}

/// Has a request answered whose head is complete. With `has_body` its body is on its way.
pub(crate) fn begin(
    request: &http::Request<RecvStream>,
    service: &Service,
    now: Now,
) -> Result<Begun, Malformed> {
    let limits = &service.limits;
    let has_body = !request.body().is_end_stream();
    let (terms, expectation) = terms(request)?;
    let body = has_body.then(|| terms.declared.unwrap_or(0));
    let observe = |asked: Option<&Request<'_>>| service.observe(asked, now);
    let refuse = |refusal: Refusal, asked: Option<&Request<'_>>| {
        let mut exchange = Exchange::unanswered(body);
        let effect = exchange.refuse(refusal);
        Ok(Begun { terms, exchange, effect, observation: observe(asked) })
    };
    let target = target(request)?;
    if target.len() > limits.max_request_line {
        return refuse(Refusal::RequestLineTooLong, None);
    }
    let cookie = cookie(request.headers());
    let fields = fields(request, cookie.as_deref())?;
    if fields.len() > limits.max_fields {
        return refuse(Refusal::FieldsTooLarge, None);
    }
    let (method, version) = (request.method().clone(), http::Version::HTTP_2);
    let asked = Request::new(method, target, version, &fields, now);
    let mut asked = asked.map_err(|_| Malformed)?;
    service.place(&mut asked);
    if !expectation {
        return refuse(Refusal::Expectation, Some(&asked));
    }
    // RFC 9113 §8.3.1 lets both be left out, but what is meant then nobody knows.
    if asked.authority().is_none() {
        return refuse(Refusal::Host, Some(&asked));
    }
    if terms.declared.is_some_and(|length| length > limits.max_body) {
        return refuse(Refusal::BodyTooLarge, Some(&asked));
    }
    let observation = observe(Some(&asked));
    let (exchange, effect) = Exchange::begin(&*service.handler, &asked, body, limits);
    Ok(Begun { terms, exchange, effect, observation })
}

/// And whether what the client expects can be met (RFC 9110 §10.1.1).
fn terms(request: &http::Request<RecvStream>) -> Result<(Terms, bool), Malformed> {
    let mut lengths = request.headers().get_all(header::CONTENT_LENGTH).iter();
    let declared = lengths.next().map(|it| length(it).ok_or(Malformed)).transpose()?;
    if lengths.next().is_some() {
        return Err(Malformed);
    }
    let mut expectations = request.headers().get_all(header::EXPECT).iter().peekable();
    let is_expected = expectations.peek().is_some();
    let can_be_met = expectations.all(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let terms = Terms {
        is_head: *request.method() == Method::HEAD,
        is_connect: *request.method() == Method::CONNECT,
        expects_continue: is_expected && can_be_met,
        declared,
    };
    Ok((terms, can_be_met))
}

/// `Content-Length = 1*DIGIT` (RFC 9110 §8.6).
fn length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The target as HTTP/1.1 would have it: the authority is in the `Host` field (RFC 9113 §8.3.1).
fn target(request: &http::Request<RecvStream>) -> Result<&str, Malformed> {
    let uri = request.uri();
    if *request.method() == Method::CONNECT {
        // RFC 9113 §8.5: neither scheme nor path, and an authority.
        let is_bare = uri.scheme().is_none() && uri.path_and_query().is_none_or(|it| it == "/");
        let authority = uri.authority().filter(|_| is_bare).ok_or(Malformed)?;
        return Ok(authority.as_str());
    }
    // RFC 9113 §8.3.1: a scheme is valid, so it begins with a letter (RFC 3986 §3.1). h2 takes one
    // without any characters. Where there is no authority it keeps none.
    let is_valid = |scheme: &str| scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if !uri.scheme_str().is_none_or(is_valid) {
        return Err(Malformed);
    }
    uri.path_and_query().map(http::uri::PathAndQuery::as_str).ok_or(Malformed)
}

/// The field lines, with `Host` first. A cookie is one, however many lines it has come in.
fn fields<'a>(
    request: &'a http::Request<RecvStream>,
    cookie: Option<&'a [u8]>,
) -> Result<Vec<Field<'a>>, Malformed> {
    let headers = request.headers();
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut fields = Vec::with_capacity(headers.keys_len() + 1);
    let mut hosts = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Malformed); // RFC 9110 §7.2: there is one
    }
    if let Some(value) = authority.or(host) {
        // RFC 9113 §8.3.1: a Host field that says otherwise makes the request malformed.
        if !is_host(value) || host.is_some_and(|host| !host.eq_ignore_ascii_case(value)) {
            return Err(Malformed);
        }
        fields.push(Field { name: "host", value });
    }
    for (name, value) in headers {
        if has_white_space_around(value) {
            return Err(Malformed); // RFC 9113 §8.2.1
        }
        let value = value.as_bytes();
        if name != header::HOST && name != header::COOKIE {
            fields.push(Field { name: name.as_str(), value });
        }
    }
    fields.extend(cookie.map(|value| Field { name: "cookie", value }));
    Ok(fields)
}

pub(crate) fn has_white_space_around(value: &HeaderValue) -> bool {
    matches!(value.as_bytes(), [b' ' | b'\t', ..] | [.., b' ' | b'\t'])
}

/// A cookie, put together again if it was taken apart for better compression (RFC 9113 §8.2.3).
fn cookie(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    let mut crumbs = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let mut cookie = Cow::Borrowed(crumbs.next()?);
    for crumb in crumbs {
        let cookie = cookie.to_mut();
        cookie.extend_from_slice(b"; ");
        cookie.extend_from_slice(crumb);
    }
    Some(cookie)
}

/// The head of a response, and whether a body follows it.
pub(crate) fn head(
    response: &Response,
    terms: &Terms,
    date: HeaderValue,
) -> (http::Response<()>, bool) {
    let mut head = http::Response::new(());
    *head.status_mut() = response.status();
    let fields = head.headers_mut();
    fields.insert(header::DATE, date);
    if !response.is_bodiless()
        && let Some(length) = response.length()
    {
        fields.insert(header::CONTENT_LENGTH, length.into());
    }
    for (name, value) in response.fields().filter(|(name, _)| !is_of_connection(name)) {
        fields.append(name, value.clone());
    }
    let is_whole = response.is_bodiless() || terms.is_head || response.length() == Some(0);
    (head, !is_whole)
}

/// Fields that speak of an HTTP/1.1 connection and may not be sent (RFC 9113 §8.2.2). The others of
/// them no response has.
fn is_of_connection(name: &header::HeaderName) -> bool {
    *name == header::UPGRADE || name == "keep-alive" || name == "proxy-connection"
}

/// The `Date` field's value, made once a second (RFC 9110 §6.6.1).
#[derive(Debug, Default)]
pub(crate) struct Date(Option<(u64, HeaderValue)>);

impl Date {
    pub(crate) fn at(&mut self, wall: SystemTime) -> HeaderValue {
        let second = wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if let Some((made, value)) = &self.0
            && *made == second
        {
            return value.clone();
        }
        let value = protocol::date(wall);
        self.0 = Some((second, value.clone()));
        value
    }
}
