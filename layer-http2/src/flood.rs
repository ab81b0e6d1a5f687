//! A token bucket against floods of frames. HTTP/2 has frames that cost the sender nothing and are
//! always to be answered or noted (RFC 9113 §10.5): PING, SETTINGS, PRIORITY, `WINDOW_UPDATE`, empty
//! DATA, requests that are cancelled at once. None of them is wrong; a flood of them is. So each
//! costs a token, and time, content in either direction and answered requests refill the bucket.

use std::time::Instant;

use h2::Reason;

use crate::fields::Fields;

/// Longest frame header and the preface that comes before the first (RFC 9113 §4.1, §3.4), in bytes.
const HEADER: usize = 9;
const PREFACE: u64 = 24;

/// How many tokens the bucket holds; it is full at the beginning.
const MOST: i64 = 1000;

/// The tokens that a second brings, an answered request, a KiB of content; and what a cancelled
/// request costs besides its frame.
const SECOND: u128 = 100;
const ANSWERED: i64 = 2;
const KIB: u64 = 2;
const CANCELLED: i64 = 5;

/// Smaller increments of a window are of no interest, in bytes.
const LARGE: u32 = 1 << 24;

const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// The guard looks at the headers of the frames that come, in any pieces, and takes the tokens.
#[derive(Debug)]
pub(crate) struct FloodGuard {
    tokens: i64,
    /// Content that has not brought a token yet, in bytes.
    content: u64,
    /// Until when time has brought tokens.
    refilled: Instant,
    /// The header of a frame as far as it has come.
    header: [u8; HEADER],
    come: usize,
    /// How much is to come of the payload, or of the preface.
    payload: u64,
    /// The frame that is coming is no DATA.
    is_control: bool,
    /// A field block has begun and not ended.
    in_block: bool,
    fields: Fields,
    /// No frame has come.
    is_first: bool,
    /// What is being kept of a `WINDOW_UPDATE`, and for which stream it is.
    update: Option<(u32, u32)>,
    updates: Vec<(u32, u32)>,
    /// The first one was not that of the client's preface.
    is_out_of_order: bool,
    /// Since when a frame or a field block has been coming.
    begun: Option<Instant>,
}

impl FloodGuard {
    pub(crate) fn new(now: Instant) -> Self {
        FloodGuard {
            tokens: MOST,
            content: 0,
            refilled: now,
            header: [0; HEADER],
            come: 0,
            payload: PREFACE,
            is_control: true,
            in_block: false,
            fields: Fields::default(),
            is_first: true,
            update: None,
            updates: Vec::new(),
            is_out_of_order: false,
            begun: Some(now),
        }
    }

    /// Takes what has come. An error is the reason to end the connection.
    pub(crate) fn receive(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Reason> {
        self.refill_by_time(now);
        while !bytes.is_empty() {
            self.begun = self.begun.filter(|_| self.is_coming());
            if self.payload > 0 {
                let length = self.payload.min(bytes.len() as u64);
                self.payload -= length;
                let (payload, rest) =
                    bytes.split_at(usize::try_from(length).unwrap_or(bytes.len()));
                self.keep(payload);
                bytes = rest;
                continue;
            }
            self.header[self.come] = bytes[0];
            self.come += 1;
            bytes = &bytes[1..];
            if self.come == HEADER {
                self.come = 0;
                self.frame();
            }
        }
        self.begun = self.is_coming().then(|| self.begun.unwrap_or(now));
        if self.is_out_of_order {
            Err(Reason::PROTOCOL_ERROR)
        } else if let Some(reason) = self.fields.error() {
            Err(reason)
        } else if self.tokens < 0 {
            Err(Reason::ENHANCE_YOUR_CALM) // RFC 9113 §10.5
        } else {
            Ok(())
        }
    }

    /// Whether something has begun that has to come whole.
    fn is_coming(&self) -> bool {
        self.come > 0 || self.in_block || (self.payload > 0 && self.is_control)
    }

    /// Puts an increment together as it comes (RFC 9113 §6.9), and follows field blocks.
    fn keep(&mut self, payload: &[u8]) {
        self.fields.payload(payload);
        let Some((_, increment)) = &mut self.update else { return };
        *increment = payload.iter().fold(*increment, |sum, byte| sum << 8 | u32::from(*byte));
        if self.payload == 0 {
            self.updates.extend(self.update.take().filter(|(_, it)| *it >= LARGE));
        }
    }

    /// The large increments that have come: for which stream, and how large.
    pub(crate) fn take_updates(&mut self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.updates)
    }

    /// The streams whose fields have been found to be malformed since.
    pub(crate) fn take_malformed(&mut self) -> Vec<u32> {
        self.fields.take_malformed()
    }

    // ANCHOR: frame
    /// The header of a frame is complete.
    fn frame(&mut self) {
        let [a, b, c, kind, flags, stream @ ..] = self.header;
        let length = u32::from_be_bytes([0, a, b, c]);
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        self.payload = length.into();
        self.is_control = kind != DATA;
        self.update = (kind == WINDOW_UPDATE && length == 4).then_some((stream, 0));
        self.fields.frame(kind, flags, stream, length as usize);
        // RFC 9113 §3.4: which h2 leaves to us.
        self.is_out_of_order |= std::mem::take(&mut self.is_first) && kind != SETTINGS;
        match kind {
            DATA if self.payload > 0 => self.refill_by_content(self.payload),
            DATA if flags & END_STREAM != 0 => {}
            HEADERS => self.in_block = flags & END_HEADERS == 0,
            CONTINUATION => {
                self.in_block = flags & END_HEADERS == 0;
                self.tokens -= 1;
            }
            _ => self.tokens -= 1,
        }
    }
    // ANCHOR_END: frame

    /// Since when something has been coming that has to come whole.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// So much content has gone in either direction.
    pub(crate) fn refill_by_content(&mut self, bytes: u64) {
        self.content += bytes;
        let kib = self.content >> 10;
        self.content -= kib << 10;
        self.refill(i64::try_from(kib * KIB).unwrap_or(MOST));
    }

    /// A request has been answered.
    pub(crate) fn refill_by_answer(&mut self) {
        self.refill(ANSWERED);
    }

    /// The peer has cancelled a request.
    pub(crate) fn cancelled(&mut self) {
        self.tokens -= CANCELLED;
    }

    fn refill_by_time(&mut self, now: Instant) {
        let millis = now.saturating_duration_since(self.refilled).as_millis();
        let earned = millis * SECOND / 1000;
        if earned > 0 {
            self.refilled = now;
            self.refill(i64::try_from(earned).unwrap_or(MOST));
        }
    }

    fn refill(&mut self, tokens: i64) {
        self.tokens = MOST.min(self.tokens.saturating_add(tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.resize(HEADER + usize::from(length), 0x82); // `:method: GET`, if it is a field
        frame
    }

    fn guard() -> (FloodGuard, Instant) {
        let now = Instant::now();
        let mut guard = FloodGuard::new(now);
        let preface = [vec![0; 24], frame(SETTINGS, 0, 0)].concat();
        assert_eq!(guard.receive(&preface, now), Ok(()));
        guard.tokens = MOST;
        (guard, now)
    }

    #[test]
    fn a_flood_is_noticed_in_any_pieces() {
        for step in [1, 2, 9, 17, 1000] {
            let (mut guard, now) = guard();
            let flood = frame(6, 0, 8).repeat(1001);
            let unbearable =
                flood.chunks(step).position(|piece| guard.receive(piece, now).is_err());
            assert_eq!(unbearable, Some((flood.len() - 8 - 1) / step), "by {step}");
        }
    }

    #[test]
    fn time_content_and_answers_refill_the_bucket() {
        let (mut guard, now) = guard();
        let ping = frame(6, 0, 8);
        assert_eq!(guard.receive(&ping.repeat(1000), now), Ok(()));
        assert_eq!(guard.receive(&ping.repeat(100), now + Duration::from_secs(1)), Ok(()));
        guard.refill_by_answer();
        assert_eq!(guard.receive(&ping.repeat(2), now + Duration::from_secs(1)), Ok(()));
        guard.refill_by_content(700);
        guard.refill_by_content(700);
        assert_eq!(guard.receive(&ping.repeat(2), now + Duration::from_secs(1)), Ok(()));
        assert_eq!(
            guard.receive(&ping, now + Duration::from_secs(1)),
            Err(Reason::ENHANCE_YOUR_CALM)
        );
        assert_eq!(
            guard.receive(&ping.repeat(999), now + Duration::from_secs(1000)),
            Ok(()),
            "and no more"
        );
        assert_eq!(
            guard.receive(&ping.repeat(2), now + Duration::from_secs(1000)),
            Err(Reason::ENHANCE_YOUR_CALM)
        );
    }

    #[test]
    fn requests_and_content_are_free_but_not_their_cancelling() {
        let (mut guard, now) = guard();
        let request = [frame(HEADERS, END_HEADERS, 3), frame(DATA, END_STREAM, 0)].concat();
        assert_eq!(guard.receive(&request.repeat(5000), now), Ok(()));
        let cancelled = (1..).find(|_| {
            guard.cancelled();
            guard.receive(&frame(3, 0, 4), now).is_err()
        });
        assert_eq!(cancelled, Some(167));
    }

    #[test]
    fn a_frame_that_is_coming_has_a_beginning() {
        let (mut guard, now) = guard();
        assert_eq!(guard.begun(), None);
        let later = now + Duration::from_secs(1);
        guard.receive(&frame(HEADERS, 0, 5)[..7], now).unwrap();
        assert_eq!(guard.begun(), Some(now));
        guard.receive(&frame(HEADERS, 0, 5)[7..], later).unwrap();
        assert_eq!(guard.begun(), Some(now), "its block has not ended");
        guard.receive(&frame(CONTINUATION, END_HEADERS, 5), later).unwrap();
        assert_eq!(guard.begun(), None);
        guard.receive(&frame(DATA, 0, 5)[..12], later).unwrap();
        assert_eq!(guard.begun(), None, "that is for the stream to watch");
    }

    #[test]
    fn every_frame_has_its_own_time_however_they_are_cut() {
        let (mut guard, now) = guard();
        let requests = frame(HEADERS, END_HEADERS, 5).repeat(50);
        for (second, piece) in requests.chunks(15).enumerate() {
            let now = now + Duration::from_secs(second as u64);
            guard.receive(piece, now).unwrap();
            assert!(guard.begun().is_none_or(|begun| begun == now), "that one has ended");
        }
    }

    #[test]
    fn settings_come_first() {
        let now = Instant::now();
        for kind in [DATA, HEADERS, 6, 99] {
            let mut guard = FloodGuard::new(now);
            let preface = [vec![0; 24], frame(kind, END_STREAM | END_HEADERS, 8)].concat();
            for piece in preface[..32].chunks(5) {
                assert_eq!(guard.receive(piece, now), Ok(()));
            }
            assert_eq!(guard.receive(&preface[32..], now), Err(Reason::PROTOCOL_ERROR), "{kind}");
        }
    }

    #[test]
    fn large_increments_are_told_in_any_pieces() {
        let update = |stream: u8, increment: u32| {
            let header = [0, 0, 4, WINDOW_UPDATE, 0, 0x80, 0, 0, stream];
            [&header[..], &increment.to_be_bytes()].concat()
        };
        let frames =
            [update(3, LARGE), update(5, LARGE - 1), frame(6, 0, 8), update(7, 0x7fff_ffff)];
        for step in [1, 3, 14, 100] {
            let (mut guard, now) = guard();
            for piece in frames.concat().chunks(step) {
                assert_eq!(guard.receive(piece, now), Ok(()));
            }
            assert_eq!(guard.take_updates(), [(3, LARGE), (7, 0x7fff_ffff)], "by {step}");
            assert!(guard.take_updates().is_empty());
        }
    }
}
