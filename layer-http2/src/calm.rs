//! How much work a peer may make without any good coming of it. HTTP/2 has frames that cost the
//! sender nothing and are always to be answered or noted (RFC 9113 §10.5): PING, SETTINGS, PRIORITY,
//! `WINDOW_UPDATE`, empty DATA, requests that are cancelled at once. None of them is wrong; a flood of
//! them is. So they are paid for: with time, with content in either direction, with requests that
//! are answered.

use std::time::Instant;

/// Longest frame header and the preface that comes before the first (RFC 9113 §4.1, §3.4), in bytes.
const HEADER: usize = 9;
const PREFACE: u64 = 24;

/// What a peer begins with, and the most it can have.
const MOST: i64 = 1000;

/// What a second brings, an answered request, a KiB of content; what a cancelled request costs
/// besides its frame.
const SECOND: u128 = 100;
const ANSWERED: i64 = 2;
const KIB: u64 = 2;
const CANCELLED: i64 = 5;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Looks at the headers of the frames that come, in any pieces, and keeps the account.
#[derive(Debug)]
pub(crate) struct Meter {
    credit: i64,
    /// Content that has not been paid for yet, in bytes.
    content: u64,
    /// Until when time has been paid for.
    paid: Instant,
    /// The header of a frame as far as it has come.
    header: [u8; HEADER],
    come: usize,
    /// How much is to come of the payload, or of the preface.
    payload: u64,
    /// The frame that is coming is no DATA.
    is_control: bool,
    /// A field block has begun and not ended.
    in_block: bool,
    /// Since when a frame or a field block has been coming.
    begun: Option<Instant>,
}

impl Meter {
    pub(crate) fn new(now: Instant) -> Self {
        Meter {
            credit: MOST,
            content: 0,
            paid: now,
            header: [0; HEADER],
            come: 0,
            payload: PREFACE,
            is_control: true,
            in_block: false,
            begun: Some(now),
        }
    }

    /// Takes what has come. Returns whether it is still bearable.
    pub(crate) fn receive(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        self.earn_time(now);
        while !bytes.is_empty() {
            if self.payload > 0 {
                let length = self.payload.min(bytes.len() as u64);
                self.payload -= length;
                bytes = &bytes[usize::try_from(length).unwrap_or(bytes.len())..];
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
        let is_coming = self.come > 0 || self.in_block || (self.payload > 0 && self.is_control);
        self.begun = is_coming.then(|| self.begun.unwrap_or(now));
        self.credit >= 0
    }

    // ANCHOR: frame
    /// The header of a frame is complete.
    fn frame(&mut self) {
        let [a, b, c, kind, flags, ..] = self.header;
        self.payload = u64::from(u32::from_be_bytes([0, a, b, c]));
        self.is_control = kind != DATA;
        match kind {
            DATA if self.payload > 0 => self.earn_content(self.payload),
            DATA if flags & END_STREAM != 0 => {}
            HEADERS => self.in_block = flags & END_HEADERS == 0,
            CONTINUATION => {
                self.in_block = flags & END_HEADERS == 0;
                self.credit -= 1;
            }
            _ => self.credit -= 1,
        }
    }
    // ANCHOR_END: frame

    /// Since when something has been coming that has to come whole.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// So much content has gone in either direction.
    pub(crate) fn earn_content(&mut self, bytes: u64) {
        self.content += bytes;
        let kib = self.content >> 10;
        self.content -= kib << 10;
        self.earn(i64::try_from(kib * KIB).unwrap_or(MOST));
    }

    /// A request has been answered.
    pub(crate) fn earn_answer(&mut self) {
        self.earn(ANSWERED);
    }

    /// The peer does not want the answer any more that it has asked for.
    pub(crate) fn cancelled(&mut self) {
        self.credit -= CANCELLED;
    }

    fn earn_time(&mut self, now: Instant) {
        let millis = now.saturating_duration_since(self.paid).as_millis();
        let earned = millis * SECOND / 1000;
        if earned > 0 {
            self.paid = now;
            self.earn(i64::try_from(earned).unwrap_or(MOST));
        }
    }

    fn earn(&mut self, credit: i64) {
        self.credit = MOST.min(self.credit.saturating_add(credit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.resize(HEADER + usize::from(length), 0);
        frame
    }

    fn meter() -> (Meter, Instant) {
        let now = Instant::now();
        let mut meter = Meter::new(now);
        assert!(meter.receive(&[0; 24], now));
        (meter, now)
    }

    #[test]
    fn a_flood_is_noticed_in_any_pieces() {
        for step in [1, 2, 9, 17, 1000] {
            let (mut meter, now) = meter();
            let flood = frame(6, 0, 8).repeat(1001);
            let unbearable = flood.chunks(step).position(|piece| !meter.receive(piece, now));
            assert_eq!(unbearable, Some((flood.len() - 8 - 1) / step), "by {step}");
        }
    }

    #[test]
    fn time_content_and_answers_pay() {
        let (mut meter, now) = meter();
        let ping = frame(6, 0, 8);
        assert!(meter.receive(&ping.repeat(1000), now));
        assert!(meter.receive(&ping.repeat(100), now + Duration::from_secs(1)));
        meter.earn_answer();
        assert!(meter.receive(&ping.repeat(2), now + Duration::from_secs(1)));
        meter.earn_content(700);
        meter.earn_content(700);
        assert!(meter.receive(&ping.repeat(2), now + Duration::from_secs(1)));
        assert!(!meter.receive(&ping, now + Duration::from_secs(1)));
        assert!(meter.receive(&ping.repeat(999), now + Duration::from_secs(1000)), "and no more");
        assert!(!meter.receive(&ping.repeat(2), now + Duration::from_secs(1000)));
    }

    #[test]
    fn requests_and_content_are_free_but_not_their_cancelling() {
        let (mut meter, now) = meter();
        let request = [frame(HEADERS, END_HEADERS, 3), frame(DATA, END_STREAM, 0)].concat();
        assert!(meter.receive(&request.repeat(5000), now));
        let cancelled = (1..).find(|_| {
            meter.cancelled();
            !meter.receive(&frame(3, 0, 4), now)
        });
        assert_eq!(cancelled, Some(167));
    }

    #[test]
    fn what_is_coming_is_known() {
        let (mut meter, now) = meter();
        assert_eq!(meter.begun(), None);
        let later = now + Duration::from_secs(1);
        meter.receive(&frame(HEADERS, 0, 5)[..7], now);
        assert_eq!(meter.begun(), Some(now));
        meter.receive(&frame(HEADERS, 0, 5)[7..], later);
        assert_eq!(meter.begun(), Some(now), "its block has not ended");
        meter.receive(&frame(CONTINUATION, END_HEADERS, 5), later);
        assert_eq!(meter.begun(), None);
        meter.receive(&frame(DATA, 0, 5)[..12], later);
        assert_eq!(meter.begun(), None, "that is for the stream to watch");
    }
}
