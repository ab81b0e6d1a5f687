//! The sending half of a connection: what is owed to the peer, and how it gets into the output.

use std::time::Instant;

use bytes::Bytes;

use crate::handler::caught;
use crate::response::{Content, FileRange, Production, Response, Source};
use crate::writer;
use crate::{Now, Ticket};

// ANCHOR: outgoing
/// Where the answer to the current request stands.
pub(super) enum Outgoing {
    /// Nothing is owed: no request, or its response is complete.
    Nothing,
    /// A reply is owed, and depends on the request body.
    Owed,
    /// A reply will come of this work.
    Working(Ticket),
    /// The response is there, its moment is not.
    Delayed(Instant, Box<Response>),
    /// The rest of a response body in memory.
    Bytes(Bytes),
    /// The rest of a response body in a file.
    File(FileRange),
    /// A response body that is being produced.
    Stream(Producer),
}
// ANCHOR_END: outgoing

/// A source and how its body is framed.
pub(super) struct Producer {
    pub(super) source: Box<dyn Source>,
    pub(super) chunked: bool,
    /// Nothing will be produced before.
    pub(super) not_before: Option<Instant>,
}

/// How far a [`Producer`] has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Produced {
    Some,
    NotYet,
    All,
    /// It panicked, or said that there was more and gave nothing. The body cannot be completed.
    Broken,
}

impl Producer {
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| moment <= now)
    }

    /// Appends one piece to the output.
    pub(super) fn produce(&mut self, out: &mut Vec<u8>, now: Now) -> Produced {
        if !self.is_due(now.instant) {
            return Produced::NotYet;
        }
        self.not_before = None;
        let before = out.len();
        let source = &mut self.source;
        let mut fill = |out: &mut Vec<u8>| caught(|| source.produce(&mut Content { out }, now));
        let production = if self.chunked { writer::write_chunk(out, &mut fill) } else { fill(out) };
        match production {
            Some(Production::At(moment)) if moment > now.instant => {
                self.not_before = Some(moment);
                Produced::NotYet
            }
            // A moment that has come is no reason to wait, nor to ask for ever.
            Some(Production::More | Production::At(_)) if out.len() > before => Produced::Some,
            Some(Production::End) => {
                if self.chunked {
                    out.extend_from_slice(writer::LAST_CHUNK);
                }
                Produced::All
            }
            Some(Production::More | Production::At(_)) | None => Produced::Broken,
        }
    }
}
