//! The sending half of a connection: what is owed to the peer, and how it gets into the output.

use bytes::Bytes;

use crate::exchange::{Produced, Producer};
use crate::response::FileRange;
use crate::{Now, writer};

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

/// How the end of a body that is being produced is marked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// By a last chunk.
    Chunked,
    /// With the connection.
    Close,
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
