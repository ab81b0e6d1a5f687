//! Where request heads end, which is all that a floor looks for.

use std::mem;

use memchr::memmem;

/// How much is read at once.
pub(crate) const READ: usize = 16 << 10;

/// A head that is longer than this ends the connection.
const LONGEST: usize = 64 << 10;

/// The part of a head that has come so far.
#[derive(Default)]
pub(crate) struct Heads {
    begun: Vec<u8>,
}

/// What some input asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) responses: usize,
    /// The connection is to be closed after them.
    pub(crate) last: bool,
}

impl Heads {
    /// Takes what has been read. As a rule that is whole heads, and none of it is kept.
    pub(crate) fn take(&mut self, input: &[u8]) -> Asked {
        if self.begun.is_empty() {
            return self.count(input);
        }
        let mut joined = mem::take(&mut self.begun);
        joined.extend_from_slice(input);
        self.count(&joined)
    }

    fn count(&mut self, input: &[u8]) -> Asked {
        let (mut responses, mut end) = (0, 0);
        for at in memmem::find_iter(input, b"\r\n\r\n") {
            responses += 1;
            end = at + 4;
        }
        self.begun.extend_from_slice(&input[end..]);
        // Fields are not parsed: one search over all heads, in this very spelling, is the cheapest
        // way to know that a client wants the server to close.
        let last = memmem::find(&input[..end], b"\r\nConnection: close\r\n").is_some();
        Asked { responses, last: last || self.begun.len() > LONGEST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn heads_are_counted_however_they_are_split() {
        for at in 0..=TWO.len() {
            let mut heads = Heads::default();
            let (first, second) = (heads.take(&TWO[..at]), heads.take(&TWO[at..]));
            assert_eq!(first.responses + second.responses, 2, "split at {at}");
            assert!(!first.last && !second.last && heads.begun.is_empty());
        }
    }

    #[test]
    fn a_head_that_comes_byte_by_byte_is_counted_with_its_last_byte() {
        let mut heads = Heads::default();
        let counts: Vec<_> = TWO.iter().map(|byte| heads.take(&[*byte]).responses).collect();
        let ends: Vec<_> = (1..=TWO.len()).filter(|end| counts[end - 1] == 1).collect();
        assert_eq!(ends, [TWO.len() / 2, TWO.len()]);
        assert_eq!(counts.iter().sum::<usize>(), 2);
    }

    #[test]
    fn the_wish_to_close_is_seen_however_it_is_split() {
        let head = b"GET /a HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n";
        for at in 0..head.len() {
            let mut heads = Heads::default();
            let first = heads.take(&head[..at]);
            assert_eq!(first, Asked { responses: 0, last: false });
            assert_eq!(heads.take(&head[at..]), Asked { responses: 1, last: true });
        }
    }

    #[test]
    fn a_head_without_an_end_ends_the_connection() {
        let mut heads = Heads::default();
        assert!(!heads.take(&[b'a'; LONGEST]).last);
        assert_eq!(heads.take(b"a"), Asked { responses: 0, last: true });
    }
}
