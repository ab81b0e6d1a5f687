//! Level 1 on its own, for benches and fuzzing: not part of the stable interface.

use std::time::{Instant, UNIX_EPOCH};

use http::Version;

use crate::body::{BodyDecoder, BodyLength};
use crate::clock::Now;
use crate::head::{self, HeadScanner};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::response::Body;
use crate::response::Response;
use crate::writer::{self, BodyFraming, Persistence};

/// Finds the end of the head at the start of `input` and parses it; returns the number of fields.
///
/// # Errors
/// Why it is refused; [`Refusal::Incomplete`] if its end has not come.
pub fn parse_head(input: &mut [u8]) -> Result<usize, Refusal> {
    let limits = Limits::default();
    let Some(length) = HeadScanner::default().scan(input, &limits)? else {
        return Err(Refusal::Incomplete);
    };
    // Nothing here depends on the time; reading a clock would be measured too.
    let now = Now { instant: *START, wall: UNIX_EPOCH };
    let mut storage = head::field_storage();
    let (request, _) = head::parse(&mut input[..length], &mut storage, &limits, now)?;
    Ok(request.fields().count())
}

#[expect(clippy::disallowed_methods, reason = "any moment would do; there is no other way to one")]
static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

/// Decodes a chunked body; returns the length of its content.
///
/// # Errors
/// Why it is refused; [`Refusal::Incomplete`] if its end has not come.
pub fn decode_chunked(input: &[u8]) -> Result<u64, Refusal> {
    let limits = Limits::default();
    let mut decoder = BodyDecoder::new(BodyLength::Chunked);
    let (mut at, mut content) = (0, 0);
    while !decoder.is_done() {
        let piece = decoder.decode(&input[at..], usize::MAX, &limits)?;
        if piece.consumed == 0 {
            return Err(Refusal::Incomplete);
        }
        at += piece.consumed;
        content += piece.content.len() as u64;
    }
    Ok(content)
}

/// Decodes a chunked body that arrives `step` bytes at a time; returns its content and how many
/// bytes of `input` it has.
///
/// # Errors
/// As for [`decode_chunked`].
pub fn decode_chunked_by(
    input: &[u8],
    step: usize,
    limits: &Limits,
) -> Result<(Vec<u8>, usize), Refusal> {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked);
    let (mut content, mut at, mut end) = (Vec::new(), 0, 0);
    while !decoder.is_done() {
        let piece = decoder.decode(&input[at..end], usize::MAX, limits)?;
        at += piece.consumed;
        content.extend_from_slice(piece.content);
        if piece.consumed == 0 {
            if end == input.len() {
                return Err(Refusal::Incomplete);
            }
            end = input.len().min(end + step);
        }
    }
    Ok((content, at))
}

/// A decoder of a chunked body that says after each byte in which state it is.
#[derive(Debug)]
pub struct ChunkStates {
    decoder: BodyDecoder,
    limits: Limits,
}

impl Default for ChunkStates {
    fn default() -> Self {
        let decoder = BodyDecoder::new(BodyLength::Chunked);
        ChunkStates { decoder, limits: Limits::default() }
    }
}

impl ChunkStates {
    /// The name of the state.
    #[must_use]
    pub fn name(&self) -> String {
        self.decoder.state()
    }

    /// Takes a byte. Says whether it is content; `None` if it comes behind the end of the body.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn take(&mut self, byte: u8) -> Result<Option<bool>, Refusal> {
        let input = [byte];
        let piece = self.decoder.decode(&input, usize::MAX, &self.limits)?;
        Ok((piece.consumed > 0).then_some(!piece.content.is_empty()))
    }
}

/// Writes the head of a response, and its body if that is in memory.
pub fn write_response(response: &Response, out: &mut Vec<u8>) {
    let framing = response.body.length().map_or(BodyFraming::Chunked, BodyFraming::Length);
    let date = b"Sun, 06 Nov 1994 08:49:37 GMT";
    writer::write_head(out, response, framing, Persistence::KeepAlive, Version::HTTP_11, date);
    if let Body::Bytes(bytes) = &response.body {
        out.extend_from_slice(bytes);
    }
}
