//! The states of a connection as data: what the next bytes of input are, where the answer to the
//! current request stands, and what may follow what.
//!
//! ```text
//!            ┌────────────── response complete ──────────────┐
//!            ▼                                               │
//! Incoming  Head ── head complete ──► Body ── body complete ─► Complete ── 101 ──► Upgraded
//! Outgoing  Nothing ─────────────────► Owed ─────────► Bytes / File / Stream
//!            │ refused, timed out, `Connection: close`, shutdown
//!            ▼
//! Phase     Flushing ── all is sent ──► Lingering ── the client closes, or time is up ──► Closed
//! ```
//!
//! | from | on | to |
//! |---|---|---|
//! | Head | a head that announces a body | Body |
//! | Head | a head without a body | Complete |
//! | Head | a refusal | Ignored |
//! | Body | the end of the body | Complete |
//! | Body | a refusal | Ignored |
//! | Complete | the end of the response | Head |
//! | Complete | a switch of protocols | Upgraded |
//! | Upgraded | the hand-over to the other protocol | Ignored |

use std::time::Instant;

use bytes::Bytes;
use http::{Method, Version};

use crate::body::BodyDecoder;
use crate::clock::Now;
use crate::exchange::Exchange;
use crate::file::FileRange;
use crate::head::{Framing, HeadScanner};
use crate::producer::{Produced, Producer};
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::request::Request;
use crate::unsent::Unsent;
use crate::work::{Ticket, Tickets, Work};
use crate::writer;

// ANCHOR: incoming
/// What the next bytes of input are.
pub(super) enum Incoming {
    /// A request head, of which some may have come.
    Head(HeadScanner),
    /// A request body.
    Body(BodyDecoder),
    /// The request is complete. What follows has to wait until it is answered.
    Complete,
    /// The input belongs to the protocol that takes over.
    Upgraded(Box<dyn Protocol>),
    /// The input is of no interest: the connection is about to end.
    Ignored,
}
// ANCHOR_END: incoming

/// The table above: from which state of [`Incoming`] to which.
const TRANSITIONS: [(&str, &str); 8] = [
    ("Head", "Body"),
    ("Head", "Complete"),
    ("Head", "Ignored"),
    ("Body", "Complete"),
    ("Body", "Ignored"),
    ("Complete", "Head"),
    ("Complete", "Upgraded"),
    ("Upgraded", "Ignored"),
];

impl Incoming {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Incoming::Head(_) => "Head",
            Incoming::Body(_) => "Body",
            Incoming::Complete => "Complete",
            Incoming::Upgraded(_) => "Upgraded",
            Incoming::Ignored => "Ignored",
        }
    }
}

/// The receiving half of a connection.
pub(super) struct Input {
    pub(super) incoming: Incoming,
    /// How far the client has come in sending what is waited for.
    pub(super) progress: Progress,
    /// Whether the caller holds input that was not consumed.
    pub(super) is_held: bool,
    /// Whether the client has closed its side.
    pub(super) is_closed: bool,
}

impl Input {
    pub(super) fn new(now: Instant) -> Self {
        Input {
            incoming: Incoming::Head(HeadScanner::default()),
            progress: Progress::start(now),
            is_held: false,
            is_closed: false,
        }
    }

    /// Moves on to another state of the table.
    pub(super) fn expect(&mut self, next: Incoming) {
        debug_assert!(
            TRANSITIONS.contains(&(self.incoming.name(), next.name()))
                || self.incoming.name() == next.name(),
            "{} to {}",
            self.incoming.name(),
            next.name()
        );
        self.incoming = next;
    }

    /// The protocol that is about to take over, if one is.
    pub(super) fn upgraded(&mut self) -> Option<&mut dyn Protocol> {
        match &mut self.incoming {
            Incoming::Upgraded(next) => Some(&mut **next),
            _ => None,
        }
    }

    /// Gives the protocol away that takes over, if one does.
    pub(super) fn hand_over(&mut self) -> Option<Box<dyn Protocol>> {
        if !matches!(self.incoming, Incoming::Upgraded(_)) {
            return None;
        }
        match std::mem::replace(&mut self.incoming, Incoming::Ignored) {
            Incoming::Upgraded(next) => Some(next),
            _ => None,
        }
    }

    /// Whether the head of a request has begun to arrive.
    pub(super) fn has_begun_head(&self) -> bool {
        matches!(&self.incoming, Incoming::Head(scanner) if scanner.started())
    }
}

// ANCHOR: outgoing
/// Where the answer to the current request stands.
pub(super) enum Outgoing {
    /// Nothing is owed: no request, or its response is complete.
    Nothing,
    /// A response is owed, and will come of the exchange.
    Owed,
    /// The rest of a response body in memory.
    Bytes(Bytes),
    /// The rest of a response body in a file.
    File(FileRange),
    /// A response body that is being produced.
    Stream(Producer, Ends),
}
// ANCHOR_END: outgoing

impl Outgoing {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Outgoing::Nothing => "Nothing",
            Outgoing::Owed => "Owed",
            Outgoing::Bytes(_) => "Bytes",
            Outgoing::File(_) => "File",
            Outgoing::Stream(..) => "Stream",
        }
    }
}

/// How the end of a body that is being produced is marked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// By a last chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// The sending half of a connection.
pub(super) struct Output {
    pub(super) outgoing: Outgoing,
    pub(super) unsent: Unsent,
    /// The length of the caller's buffer as far as it has been put on the account.
    counted: usize,
}

impl Output {
    pub(super) fn new(now: Instant) -> Self {
        Output { outgoing: Outgoing::Nothing, unsent: Unsent::new(now), counted: 0 }
    }

    /// A call begins with this buffer, all of which is on the account already.
    pub(super) fn begin_call(&mut self, out: &[u8]) {
        self.counted = out.len();
    }

    /// Puts on the account what has been appended since.
    pub(super) fn count(&mut self, out: &[u8], now: Instant) {
        self.unsent.append(out.len() - self.counted, now);
        self.counted = out.len();
    }

    /// How much has been appended that is not on the account, in bytes.
    pub(super) fn uncounted(&self, out: &[u8]) -> usize {
        out.len() - self.counted
    }

    pub(super) fn owes_nothing(&self) -> bool {
        matches!(self.outgoing, Outgoing::Nothing)
    }

    /// Whether all has been said and sent.
    pub(super) fn is_done(&self) -> bool {
        self.owes_nothing() && self.unsent.is_empty()
    }
}

/// Appends one piece to the output, if it is time.
pub(super) fn produce(
    producer: &mut Producer,
    ends: Ends,
    out: &mut Vec<u8>,
    now: Now,
) -> Produced {
    if !producer.is_due(now.instant) {
        return Produced::NotYet;
    }
    if ends == Ends::Close {
        return producer.produce(out, now);
    }
    let produced = writer::write_chunk(out, |out| producer.produce(out, now));
    if produced == Produced::All {
        out.extend_from_slice(writer::LAST_CHUNK);
    }
    produced
}

/// The request that is being read or answered.
pub(super) struct Current {
    pub(super) exchange: Exchange,
    pub(super) terms: Terms,
}

impl Current {
    pub(super) const NONE: Current = Current { exchange: Exchange::OVER, terms: Terms::UNKNOWN };
}

/// What the response depends on once the request head is gone.
pub(super) struct Terms {
    pub(super) version: Version,
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
    /// The client waits for `100 Continue`.
    pub(super) expects_continue: bool,
    /// The client will not use the connection again.
    pub(super) client_closes: bool,
    /// The connection ends with this exchange.
    pub(super) close: bool,
}

impl Terms {
    /// For a message that is refused before anything is known of it.
    pub(super) const UNKNOWN: Terms = Terms {
        version: Version::HTTP_11,
        is_head: false,
        is_connect: false,
        expects_continue: false,
        client_closes: false,
        close: true,
    };

    pub(super) fn new(request: &Request<'_>, framing: &Framing) -> Self {
        Terms {
            version: request.version(),
            is_head: *request.method() == Method::HEAD,
            is_connect: *request.method() == Method::CONNECT,
            expects_continue: framing.expects_continue,
            client_closes: !framing.keep_alive,
            close: !framing.keep_alive,
        }
    }
}

/// Work that is to be handed out by `poll`, and the tickets under which it is.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) tickets: Tickets,
    pub(super) work: Option<(Ticket, Work)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documentation_is_the_one_that_is_checked() {
        let checked = TRANSITIONS.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(harness::transitions(include_str!("state.rs")), checked.into_iter().collect());
    }
}
