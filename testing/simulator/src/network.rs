//! The network: segments that are on their way.

use std::collections::VecDeque;
use std::time::Instant;

/// Something on its way, and when it arrives.
pub(crate) struct Segment {
    pub(crate) at: Instant,
    pub(crate) what: Content,
}

pub(crate) enum Content {
    Bytes(Vec<u8>),
    End,
}

/// One direction of the network, in which nothing overtakes.
#[derive(Default)]
pub(crate) struct Lane {
    pub(crate) segments: VecDeque<Segment>,
}

impl Lane {
    pub(crate) fn send(&mut self, what: Content, at: Instant) {
        let at = self.segments.back().map_or(at, |last| last.at.max(at));
        self.segments.push_back(Segment { at, what });
    }

    pub(crate) fn arrival(&self) -> Option<Instant> {
        self.segments.front().map(|segment| segment.at)
    }

    pub(crate) fn bytes(&self) -> usize {
        let length = |segment: &Segment| match &segment.what {
            Content::Bytes(bytes) => bytes.len(),
            Content::End => 0,
        };
        self.segments.iter().map(length).sum()
    }
}
