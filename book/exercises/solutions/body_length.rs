//! Bytes, not messages: the length of a body.
//!
//! All lines of both fields are collected first, and then one match looks at how many there are of
//! each. The cases that are allowed are written down; everything else falls into the last arm. With
//! nested `if`s it is easy to forget a combination, and here each forgotten combination is a way to
//! smuggle.
//!
//! The digits are checked before `parse` is called, since `parse::<u64>` takes a plus sign: to Rust
//! `+5` is a number, to RFC 9110 §8.6 it is none. What does not fit into 64 bits is refused rather
//! than cut: a program that cuts it and one that does not would disagree again.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// What is known of a request when its head has come.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub version: Version,
    /// Names and values, in the order in which they came.
    pub fields: &'a [(&'a str, &'a str)],
}

#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Length(u64),
    Chunked,
}

/// Nobody can be sure where the body ends: answered with 400, and the connection is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// How long the body is.
pub fn body(head: &Head<'_>) -> Result<Body, Ambiguous> {
    let (codings, lengths) = (lines(head, "transfer-encoding"), lines(head, "content-length"));
    let has_chunks = head.version == Version::Http11;
    match (&codings[..], &lengths[..]) {
        ([], []) => Ok(Body::Length(0)),
        ([], [length]) => decimal(length).map(Body::Length),
        ([coding], []) if has_chunks && coding.eq_ignore_ascii_case("chunked") => Ok(Body::Chunked),
        _ => Err(Ambiguous),
    }
}

/// The values of all lines with this name, without white space at their ends.
fn lines<'a>(head: &Head<'a>, name: &str) -> Vec<&'a str> {
    let named = head.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.trim_matches([' ', '\t'])).collect()
}

fn decimal(text: &str) -> Result<u64, Ambiguous> {
    // `parse` would take a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Ambiguous);
    }
    text.parse().map_err(|_| Ambiguous)
}
