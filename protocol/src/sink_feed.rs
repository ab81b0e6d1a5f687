//! What a request body is written by: a sink, and the content that waits for it.

use http::HeaderMap;

use crate::guard::DropGuarded;
use crate::handler::Sink;
use crate::work::{Outcome, Work, Written};

/// A sink and the content that waits for it. While one piece is being written elsewhere, the next
/// is filled; when that is full too, no more is read.
pub(crate) struct SinkFeed {
    /// `None` while it is away writing.
    sink: Option<DropGuarded<Box<dyn Sink>>>,
    piece: Vec<u8>,
    /// The other buffer, empty.
    spare: Vec<u8>,
}

impl SinkFeed {
    /// Size of a piece, in bytes.
    const PIECE: usize = 64 << 10;

    /// Nothing has come for this sink.
    pub(crate) fn new(sink: Box<dyn Sink>) -> Self {
        SinkFeed { sink: Some(DropGuarded::new(sink)), piece: Vec::new(), spare: Vec::new() }
    }

    /// How much content may be added now, in bytes.
    pub(crate) fn room(&self) -> usize {
        Self::PIECE - self.piece.len()
    }

    /// Adds content, no more than there is room for.
    pub(crate) fn add(&mut self, content: &[u8]) {
        self.piece.extend_from_slice(content);
    }

    /// Work for the sink, if it is here and there is something to do.
    pub(crate) fn write(&mut self) -> Option<Work> {
        if self.piece.is_empty() {
            return None;
        }
        let mut sink = self.sink.take()?;
        let mut piece = std::mem::replace(&mut self.piece, std::mem::take(&mut self.spare));
        Some(Work::blocking(move || {
            let result = sink.write(&piece);
            piece.clear();
            Outcome::Written(Written { sink, piece, result })
        }))
    }

    /// The last work for the sink, if it is here. It brings back the reply, not the sink.
    pub(crate) fn finish(&mut self, trailers: &mut Option<Box<HeaderMap>>) -> Option<Work> {
        let mut sink = self.sink.take()?;
        let (piece, trailers) = (std::mem::take(&mut self.piece), trailers.take());
        Some(Work::blocking(move || {
            let written = if piece.is_empty() { Ok(()) } else { sink.write(&piece) };
            let told = written.and_then(|()| trailers.map_or(Ok(()), |it| sink.trailers(&it)));
            Outcome::Reply(match told {
                Ok(()) => sink.into_inner().finish(),
                Err(response) => response.into(),
            })
        }))
    }

    /// The sink is back.
    pub(crate) fn restore(&mut self, sink: DropGuarded<Box<dyn Sink>>, piece: Vec<u8>) {
        self.sink = Some(sink);
        self.spare = piece;
    }
}
