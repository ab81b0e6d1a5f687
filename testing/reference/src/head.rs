//! The head of a request (RFC 9112 §2–§6).

use crate::host::is_host;
use crate::model::{End, Limits, Target, Version, refused};

/// A head that has been understood.
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: Target,
    pub(crate) version: Version,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: BodyLength,
    /// Whether the client would send another request (RFC 9112 §9.3).
    pub(crate) persists: bool,
}

/// How the end of the body is found (RFC 9112 §6.3).
pub(crate) enum BodyLength {
    Known(u64),
    Chunked,
}

/// The head at the start of `input`, and its length in bytes.
pub(crate) fn read(input: &[u8], limits: &Limits) -> Result<(Head, usize), End> {
    let (lines, length) = lines(input, limits)?;
    let (method, target, version) = request_line(lines[0])?;
    let mut fields = Vec::new();
    for line in &lines[1..] {
        let Some(field) = field_line(line) else {
            return refused(400, "a field line is malformed");
        };
        if fields.len() == limits.max_fields {
            return refused(431, "too many field lines");
        }
        fields.push(field);
    }
    let Some(target) = read_target(&method, &target) else {
        return refused(400, "the target has no form that its method allows");
    };
    let (body, persists) = framing(version, &fields)?;
    Ok((Head { method, target, version, fields, body, persists }, length))
}

/// The lines before the first empty one, without their CRLFs, and the length of it all in bytes.
fn lines<'a>(input: &'a [u8], limits: &Limits) -> Result<(Vec<&'a [u8]>, usize), End> {
    if input[0] == 0x16 {
        return Err(End::NotHttp); // a TLS handshake (RFC 8446 §5.1)
    }
    if !is_token(&input[..1]) {
        return refused(400, "a method does not begin like this");
    }
    let (mut lines, mut start) = (Vec::new(), 0);
    for (at, &byte) in input.iter().enumerate() {
        if lines.is_empty() && at > limits.max_request_line && byte != b'\n' {
            return refused(414, "the request line is too long");
        }
        if at >= limits.max_head {
            return refused(431, "the head is too long");
        }
        if byte == b'\n' {
            let Some(line) = input[start..at].strip_suffix(b"\r") else {
                return refused(400, "a line ends in a bare LF"); // §2.2
            };
            if line.is_empty() {
                return Ok((lines, at + 1));
            }
            lines.push(line);
            start = at + 1;
        }
    }
    Err(End::Incomplete)
}

/// Method, target and version (RFC 9112 §3).
///
/// ```text
/// request-line = method SP request-target SP HTTP-version
/// ```
fn request_line(line: &[u8]) -> Result<(String, String, Version), End> {
    if line.contains(&b'\r') {
        return refused(400, "a bare CR in the request line"); // §2.2
    }
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [method, target, version] = words[..] else {
        return refused(400, "the request line does not have three words");
    };
    if !target.contains(&b'/') && target != b"*" && !version.starts_with(b"HTTP/") {
        return Err(End::NotHttp); // somebody else's three words
    }
    if !is_token(method) {
        return refused(400, "the method is no token"); // RFC 9110 §9.1
    }
    let is_visible = |&byte: &u8| byte > b' ' && byte != 0x7f;
    let target = match str::from_utf8(target) {
        Ok(text) if !text.is_empty() && target.iter().all(is_visible) => text,
        _ => return refused(400, "the target is no text"),
    };
    let version = match version {
        b"HTTP/1.0" => Version::Http10,
        // RFC 9110 §2.5: the highest minor version that we know.
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Version::Http11,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            return refused(505, "another major version"); // RFC 9110 §15.6.6
        }
        _ => return refused(400, "the version is malformed"), // §2.3
    };
    Ok((text(method), target.to_owned(), version))
}

/// Name and value of a field line (RFC 9112 §5). Nothing may stand before the colon but the name
/// (§5.1), so a line that is folded (§5.2) is none.
///
/// ```text
/// field-line = field-name ":" OWS field-value OWS
/// ```
pub(crate) fn field_line(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, mut value) = (&line[..colon], &line[colon + 1..]);
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    (is_token(name) && is_field_content(value)).then(|| (text(name), value.to_vec()))
}

/// The target, whose form the method determines (RFC 9112 §3.2).
fn read_target(method: &str, target: &str) -> Option<Target> {
    // A fragment is never sent, and other than ASCII has to be percent-encoded.
    if !target.is_ascii() || target.contains('#') {
        return None;
    }
    if method == "CONNECT" {
        // §3.2.3: host and port, neither of them empty. An address in brackets has colons of its
        // own.
        let (host, port) = target.rsplit_once(':')?;
        let has_both = !host.is_empty() && !port.is_empty() && !port.contains(']');
        let is_valid = has_both && is_host(target.as_bytes());
        return is_valid.then(|| Target::Authority(target.to_owned()));
    }
    if target.starts_with('/') {
        let (path, query) = path_and_query(target)?; // §3.2.1
        return Some(Target::Origin { path, query });
    }
    if target == "*" {
        return (method == "OPTIONS").then_some(Target::Asterisk); // §3.2.4
    }
    // §3.2.2, RFC 9110 §4.2: scheme "://" authority path-abempty [ "?" query ]
    let (scheme, rest) = target.split_once("://")?;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return None;
    }
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // RFC 9110 §4.2.1: an empty host is invalid.
    if authority.is_empty() || authority.starts_with(':') || !is_host(authority.as_bytes()) {
        return None;
    }
    let (mut path, query) = path_and_query(rest)?;
    if path.is_empty() {
        path = "/".to_owned();
    }
    Some(Target::Absolute { authority: authority.to_owned(), path, query })
}

/// The path before the first question mark, and the query behind it.
fn path_and_query(text: &str) -> Option<(String, Option<String>)> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    // RFC 3986 §3.3, §3.4: neither has these, and no browser sends them as they are.
    let is_path = !path.contains(['<', '>', '`']);
    let is_query = query.is_none_or(|query| !query.contains(['<', '>', '"']));
    (is_path && is_query).then(|| (path.to_owned(), query.map(str::to_owned)))
}

/// Where the body ends, and whether the connection persists.
fn framing(version: Version, fields: &[(String, Vec<u8>)]) -> Result<(BodyLength, bool), End> {
    let (mut has_host, mut length) = (false, None);
    let (mut codings, mut options) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        match name.to_ascii_lowercase().as_str() {
            // §3.2
            "host" if has_host || !is_host(value) => {
                return refused(400, "Host is repeated or malformed");
            }
            "host" => has_host = true,
            // RFC 9110 §10.1.1; HTTP/1.0 knows no expectations.
            "expect" if version == Version::Http10 => {}
            "expect" if !value.eq_ignore_ascii_case(b"100-continue") => {
                return refused(417, "an unknown expectation");
            }
            "connection" => options.extend(elements(value)),
            // §6.3, item 5
            "content-length" => match decimal(value) {
                Some(number) if length.is_none() => length = Some(number),
                _ => return refused(400, "Content-Length is repeated or malformed"),
            },
            "transfer-encoding" => {
                let named = elements(value);
                if named.is_empty() {
                    return refused(400, "Transfer-Encoding names no coding");
                }
                for coding in named {
                    // §6.1: chunked is applied once, and last.
                    if codings.iter().any(|before| before == "chunked") {
                        return refused(400, "a transfer coding after chunked");
                    }
                    codings.push(coding);
                }
            }
            _ => {}
        }
    }
    if version == Version::Http11 && !has_host {
        return refused(400, "Host is missing"); // §3.2
    }
    // §6.1: in HTTP/1.0 there are no transfer codings.
    if version == Version::Http10 && !codings.is_empty() {
        return refused(400, "a transfer coding in HTTP/1.0");
    }
    let body = match codings.last().map(String::as_str) {
        None => BodyLength::Known(length.unwrap_or(0)), // §6.3, items 6 and 7
        Some("chunked") if codings.len() > 1 => {
            return refused(501, "a transfer coding that we do not have"); // §6.1
        }
        Some("chunked") if length.is_some() => {
            return refused(400, "both Transfer-Encoding and Content-Length"); // §6.3, item 3
        }
        Some("chunked") => BodyLength::Chunked,
        Some(_) => return refused(400, "the last transfer coding is not chunked"), // §6.3, item 4
    };
    // §9.3
    let says = |option: &str| options.iter().any(|it| it == option);
    let persists = !says("close") && (version == Version::Http11 || says("keep-alive"));
    Ok((body, persists))
}

/// The elements of a list, in lower case, but for empty ones (RFC 9110 §5.6.1). Quotation marks
/// are not heeded: where one could hide a comma, the coding is unknown and the message refused.
fn elements(value: &[u8]) -> Vec<String> {
    let elements = value.split(|&byte| byte == b',').map(|element| text(element.trim_ascii()));
    elements.map(|element| element.to_ascii_lowercase()).filter(|it| !it.is_empty()).collect()
}

/// `1*DIGIT`, as far as we can count (RFC 9110 §8.6).
fn decimal(value: &[u8]) -> Option<u64> {
    let is_number = value.iter().all(u8::is_ascii_digit); // `parse` would take a sign
    text(value).parse().ok().filter(|_| is_number)
}

/// `1*tchar` (RFC 9110 §5.6.2).
pub(crate) fn is_token(text: &[u8]) -> bool {
    matches!(token(text), Some((_, [])))
}

/// The token that a text begins with, and what follows it (RFC 9110 §5.6.2).
pub(crate) fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = text.iter().take_while(|byte| is_tchar(byte)).count();
    (length > 0).then(|| text.split_at(length))
}

/// Visible characters, obs-text, space and tab (RFC 9110 §5.5).
pub(crate) fn is_field_content(text: &[u8]) -> bool {
    text.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
