//! The receiving half of a connection: what the next bytes of input are.

use crate::body::{BodyDecoder, BodyLength};
use crate::handler::{Collector, Outcome, Sink, Ticket, Work, Written};
use crate::head::HeadScanner;
use crate::{Limits, Refusal};

// ANCHOR: incoming
/// What the next bytes of input are.
pub(super) enum Incoming {
    /// A request head, of which some may have come.
    Head(HeadScanner),
    /// A request body.
    Body(Box<IncomingBody>),
    /// The request is complete. What follows has to wait until it is answered.
    Complete,
    /// Of no interest: the connection is about to end.
    Ignored,
}
// ANCHOR_END: incoming

/// A body on its way in.
pub(super) struct IncomingBody {
    pub(super) decoder: BodyDecoder,
    pub(super) purpose: Purpose,
    /// Content so far.
    received: u64,
}

/// What is done with a body.
pub(super) enum Purpose {
    /// The handler has not said: nothing is read.
    Undecided,
    Discard,
    Collect(Vec<u8>, Collector),
    Stream(SinkFeed),
}

impl IncomingBody {
    pub(super) fn new(length: BodyLength) -> Self {
        IncomingBody { decoder: BodyDecoder::new(length), purpose: Purpose::Undecided, received: 0 }
    }

    /// How much content may be taken now; with none, the peer has to wait.
    pub(super) fn room(&self) -> usize {
        match &self.purpose {
            Purpose::Undecided => 0,
            Purpose::Discard | Purpose::Collect(..) => usize::MAX,
            Purpose::Stream(feed) => feed.room(),
        }
    }

    /// Takes content and framing from `input`; returns how much.
    pub(super) fn receive(&mut self, input: &[u8], limits: &Limits) -> Result<usize, Refusal> {
        let piece = self.decoder.decode(input, self.room(), limits)?;
        self.received += piece.content.len() as u64;
        let limit = match &mut self.purpose {
            Purpose::Undecided => 0,
            Purpose::Discard => limits.discard,
            Purpose::Collect(body, _) => {
                if self.received <= limits.collect as u64 {
                    body.extend_from_slice(piece.content);
                }
                limits.body.min(limits.collect as u64)
            }
            Purpose::Stream(feed) => {
                feed.piece.extend_from_slice(piece.content);
                limits.body
            }
        };
        // What is declared counts, lest a body that cannot be taken be waited for.
        if self.received.saturating_add(self.decoder.declared()) > limit {
            Err(Refusal::BodyTooLarge)
        } else {
            Ok(piece.consumed)
        }
    }
}

/// A sink and the content that waits for it. While one piece is being written elsewhere, the next
/// is filled; when that is full too, no more is read.
pub(super) struct SinkFeed {
    /// `None` while it is away writing.
    sink: Option<Box<dyn Sink>>,
    /// Names the work that has the sink.
    pub(super) ticket: Option<Ticket>,
    piece: Vec<u8>,
    /// The other buffer, empty.
    spare: Vec<u8>,
    /// Whether the body is complete.
    pub(super) ended: bool,
}

impl SinkFeed {
    /// Size of a piece, in bytes.
    const PIECE: usize = 64 << 10;

    pub(super) fn new(sink: Box<dyn Sink>) -> Self {
        SinkFeed {
            sink: Some(sink),
            ticket: None,
            piece: Vec::new(),
            spare: Vec::new(),
            ended: false,
        }
    }

    fn room(&self) -> usize {
        if self.ended { 0 } else { Self::PIECE - self.piece.len() }
    }

    /// Work for the sink, if it is here and there is something to do.
    pub(super) fn work(&mut self) -> Option<Work> {
        if self.piece.is_empty() && !self.ended {
            return None;
        }
        let mut sink = self.sink.take()?;
        let mut piece = std::mem::replace(&mut self.piece, std::mem::take(&mut self.spare));
        Some(if self.ended {
            Work::blocking(move || {
                let written = if piece.is_empty() { Ok(()) } else { sink.write(&piece) };
                Outcome::Reply(match written {
                    Ok(()) => sink.finish(),
                    Err(response) => response.into(),
                })
            })
        } else {
            Work::blocking(move || {
                let result = sink.write(&piece);
                piece.clear();
                Outcome::Written(Written { sink, piece, result })
            })
        })
    }

    /// The sink is back.
    pub(super) fn restore(&mut self, sink: Box<dyn Sink>, piece: Vec<u8>) {
        self.sink = Some(sink);
        self.ticket = None;
        self.spare = piece;
    }
}
