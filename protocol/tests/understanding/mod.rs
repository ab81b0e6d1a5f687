//! What a connection understands of its input, in the words of the crate `reference`.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::{Arc, Mutex};

use protocol::http::{StatusCode, Version};
use protocol::{Limits, Refusal, Reply, Request, Target};
use reference::{End, Message};

use crate::common::{self, drive};

/// What the handler was given, and what the peer was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Understood {
    /// Requests whose head was understood, without their bodies.
    pub(crate) heads: Vec<Message>,
    /// Requests that came whole.
    pub(crate) messages: Vec<Message>,
    /// The status of the answer to what could not be understood.
    pub(crate) status: Option<u16>,
    /// Why it could not, as far as that is said.
    pub(crate) refusal: Option<Refusal>,
    /// Whether the connection ended before the peer had closed its side.
    pub(crate) ends_first: bool,
}

/// The status of all answers to what is understood: no refusal has it.
const UNDERSTOOD: StatusCode = StatusCode::IM_A_TEAPOT;

const REFUSALS: [Refusal; 17] = [
    Refusal::Foreign,
    Refusal::LineEnding,
    Refusal::RequestLine,
    Refusal::Target,
    Refusal::FieldLine,
    Refusal::Host,
    Refusal::ContentLength,
    Refusal::Framing,
    Refusal::Chunk,
    Refusal::Incomplete,
    Refusal::Timeout,
    Refusal::BodyTooLarge,
    Refusal::RequestLineTooLong,
    Refusal::Expectation,
    Refusal::FieldsTooLarge,
    Refusal::TransferCoding,
    Refusal::Version,
];

/// Feeds these pieces to a connection, and the end of the input.
pub(crate) fn understand<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: &Limits,
) -> Understood {
    let seen = Arc::new(Mutex::new(Understood::default()));
    let told = seen.clone();
    let handler = move |request: &Request<'_>| {
        let mut message = message(request);
        told.lock().unwrap().heads.push(message.clone());
        let told = told.clone();
        Reply::collect(move |body| {
            message.body = body;
            told.lock().unwrap().messages.push(message);
            UNDERSTOOD
        })
    };
    // What is understood must not depend on what is done with it.
    let collect = usize::try_from(limits.max_body).unwrap_or(usize::MAX);
    let mut driver = drive(handler, Limits { max_collect: collect, ..limits.clone() });
    pieces.into_iter().for_each(|piece| driver.feed(piece));
    let ends_first = driver.end != common::End::Open;
    driver.eof();
    assert_ne!(driver.end, common::End::Open, "nobody will ever close this");
    let understood = std::mem::take(&mut *seen.lock().unwrap());
    let last = last_response(&driver.text(), understood.messages.len());
    let status = last.as_ref().map(|last| last[..3].parse().unwrap());
    let refusal = last.as_deref().and_then(refusal);
    Understood { status, refusal, ends_first, ..understood }
}

/// As [`understand`], for input that comes in one piece.
pub(crate) fn understand_whole(input: &[u8], limits: &Limits) -> Understood {
    understand([input], limits)
}

impl Understood {
    /// Why it could not be understood: one of these. A refused HEAD is told the status only
    /// (RFC 9110 §9.3.2).
    pub(crate) fn possible_refusals(&self) -> impl Iterator<Item = Refusal> {
        let is_status = |it: &Refusal| Some(it.status().as_u16()) == self.status;
        let is_said = |it: &Refusal| self.refusal.is_none_or(|said| said == *it);
        REFUSALS.into_iter().filter(is_status).filter(is_said)
    }

    /// Holds it against what the reference makes of the same input.
    #[track_caller]
    pub(crate) fn assert_as_reference(&self, input: &[u8], limits: &Limits) {
        let reading = reference::read(input, &reference_limits(limits));
        let shown = String::from_utf8_lossy(input);
        assert_eq!(self.messages, reading.messages, "{:?} in {shown:?}", reading.end);
        assert_eq!(self.status, reading.end.status(), "{self:?}, {reading:?} in {shown:?}");
        // Nobody is made to wait for what is certain.
        let is_certain = matches!(reading.end, End::Refused { .. } | End::NotHttp);
        assert!(self.ends_first || !is_certain, "{reading:?} in {shown:?}");
    }
}

pub(crate) fn reference_limits(limits: &Limits) -> reference::Limits {
    reference::Limits {
        max_request_line: limits.max_request_line,
        max_head: limits.max_head,
        max_fields: limits.max_fields,
        max_body: limits.max_body,
        max_chunk_extensions: limits.max_chunk_extensions,
    }
}

/// A request, but for its body, as the reference would put it.
fn message(request: &Request<'_>) -> Message {
    let target = match *request.target() {
        Target::Origin { path, query } => {
            reference::Target::Origin { path: path.into(), query: query.map(Into::into) }
        }
        Target::Absolute { authority, path, query } => reference::Target::Absolute {
            authority: authority.into(),
            path: path.into(),
            query: query.map(Into::into),
        },
        Target::Authority(authority) => reference::Target::Authority(authority.into()),
        Target::Asterisk => reference::Target::Asterisk,
    };
    let is_old = request.version() == Version::HTTP_10;
    Message {
        method: request.method().to_string(),
        target,
        version: if is_old { reference::Version::Http10 } else { reference::Version::Http11 },
        fields: request.fields().map(|(name, value)| (name.into(), value.into())).collect(),
        body: Vec::new(),
    }
}

/// What follows the answers to so many requests: at most one refusal, from its status on.
fn last_response(output: &str, requests: usize) -> Option<String> {
    let is_interim = |response: &&str| response.starts_with("100 ");
    let mut responses = output.split("HTTP/1.1 ").skip(1).filter(|it| !is_interim(it));
    let answers = responses.by_ref().take(requests);
    assert!(
        answers.filter(|it| it.starts_with(UNDERSTOOD.as_str())).count() == requests,
        "{output}"
    );
    let last = responses.next().map(String::from);
    assert_eq!(responses.next(), None, "something is said after a refusal");
    last
}

/// Why this response is given. That to a HEAD has no body that says so, only a status.
fn refusal(response: &str) -> Option<Refusal> {
    let of_status = || REFUSALS.into_iter().filter(|it| response.starts_with(it.status().as_str()));
    let is_said = |it: &Refusal| response.ends_with(&format!(": {it}\n"));
    of_status().find(is_said).or_else(|| of_status().next().filter(|_| of_status().count() == 1))
}
