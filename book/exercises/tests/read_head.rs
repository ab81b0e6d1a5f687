use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

use exercises::read_head::{Head, read_head};

/// Gives out these pieces, one at each read, and then the end. It counts the bytes.
struct Script {
    pieces: VecDeque<io::Result<Vec<u8>>>,
    given: usize,
    reads: usize,
}

impl Script {
    fn new(pieces: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Self {
        Script { pieces: pieces.into_iter().collect(), given: 0, reads: 0 }
    }

    fn of(pieces: &[&str]) -> Self {
        Self::new(pieces.iter().map(|piece| Ok(piece.as_bytes().to_vec())))
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read into an empty slice says nothing");
        self.reads += 1;
        assert!(self.reads < 100_000, "it reads forever");
        let Some(piece) = self.pieces.pop_front() else { return Ok(0) };
        let mut piece = piece?;
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            piece.drain(..count);
            self.pieces.push_front(Ok(piece));
        }
        self.given += count;
        Ok(count)
    }
}

const HEAD: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn whole(head: &str) -> Head {
    Head::Whole(head.as_bytes().to_vec())
}

#[test]
fn a_head_in_one_piece_is_read() {
    let mut rest = Vec::new();
    assert_eq!(read_head(&mut Script::of(&[HEAD]), &mut rest, 100).unwrap(), whole(HEAD));
    assert_eq!(rest, b"");
}

#[test]
fn a_head_cut_anywhere_is_read() {
    for at in 1..HEAD.len() {
        let (first, second) = HEAD.split_at(at);
        let head = read_head(&mut Script::of(&[first, second]), &mut Vec::new(), 100).unwrap();
        assert_eq!(head, whole(HEAD), "cut at {at}");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_read() {
    let pieces: Vec<&str> = HEAD.split_inclusive(|_| true).collect();
    assert_eq!(read_head(&mut Script::of(&pieces), &mut Vec::new(), 100).unwrap(), whole(HEAD));
}

#[test]
fn what_comes_behind_a_head_is_kept() {
    let second = "GET /two HTTP/1.1\r\n\r\n";
    let both = format!("{HEAD}{second}and a");
    let mut from = Script::of(&[&both, " bit"]);
    let mut rest = Vec::new();
    assert_eq!(read_head(&mut from, &mut rest, 100).unwrap(), whole(HEAD));
    assert_eq!(read_head(&mut from, &mut rest, 100).unwrap(), whole(second));
    assert_eq!((rest.as_slice(), from.reads), (&b"and a"[..], 1), "nothing had to be read again");
}

#[test]
fn a_head_of_exactly_the_limit_is_read() {
    let mut from = Script::of(&[HEAD]);
    assert_eq!(read_head(&mut from, &mut Vec::new(), HEAD.len()).unwrap(), whole(HEAD));
}

#[test]
fn a_head_that_is_one_byte_too_long_is_refused() {
    let mut from = Script::of(&[HEAD]);
    let head = read_head(&mut from, &mut Vec::new(), HEAD.len() - 1).unwrap();
    assert_eq!(head, Head::TooLarge);
}

#[test]
fn a_head_without_an_end_is_refused_when_the_limit_is_reached() {
    let endless = "x".repeat(100_000);
    let mut from = Script::of(&[&endless]);
    assert_eq!(read_head(&mut from, &mut Vec::new(), 5_000).unwrap(), Head::TooLarge);
    assert!(from.given <= 5_000 + 8_192, "{} bytes were read", from.given);
}

#[test]
fn a_client_that_leaves_before_a_head_is_none() {
    assert_eq!(read_head(&mut Script::of(&[]), &mut Vec::new(), 100).unwrap(), Head::None);
}

#[test]
fn a_client_that_leaves_within_a_head_is_an_error() {
    let error = read_head(&mut Script::of(&["GET / HT"]), &mut Vec::new(), 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let mut rest = b"GET".to_vec();
    let error = read_head(&mut Script::of(&[]), &mut rest, 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "a part had come before");
}

#[test]
fn an_interruption_means_nothing() {
    let (first, second) = HEAD.split_at(10);
    let mut from = Script::new([
        Err(ErrorKind::Interrupted.into()),
        Ok(first.as_bytes().to_vec()),
        Err(ErrorKind::Interrupted.into()),
        Ok(second.as_bytes().to_vec()),
    ]);
    assert_eq!(read_head(&mut from, &mut Vec::new(), 100).unwrap(), whole(HEAD));
}

#[test]
fn other_errors_are_returned() {
    for kind in [ErrorKind::ConnectionReset, ErrorKind::WouldBlock] {
        let mut from = Script::new([Ok(b"GET".to_vec()), Err(kind.into())]);
        assert_eq!(read_head(&mut from, &mut Vec::new(), 100).unwrap_err().kind(), kind);
    }
}
