use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

use exercises::read_count::{Counting, lines_buffered, lines_by_byte};

/// Gives its pieces one by one, as a socket does, or errors.
struct Pieces(VecDeque<Result<Vec<u8>, ErrorKind>>);

impl Pieces {
    fn of(pieces: &[&str]) -> Self {
        Pieces(pieces.iter().map(|piece| Ok(piece.as_bytes().to_vec())).collect())
    }

    fn with(mut self, error: ErrorKind) -> Self {
        self.0.insert(1, Err(error));
        self
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.0.pop_front() else { return Ok(0) };
        let mut piece = piece?;
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        let rest = piece.split_off(count);
        if !rest.is_empty() {
            self.0.push_front(Ok(rest));
        }
        Ok(count)
    }
}

#[test]
fn every_call_counts_also_the_end_and_an_error() {
    let mut source = Counting::new(Pieces::of(&["hello", "you"]).with(ErrorKind::Interrupted));
    let mut buffer = [0; 3];
    assert_eq!(source.read(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer, b"hel");
    assert_eq!((source.calls, source.bytes), (1, 3));
    assert_eq!(source.read(&mut buffer).unwrap(), 2);
    assert_eq!(source.read(&mut buffer).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!((source.calls, source.bytes), (3, 5));
    for (count, calls, bytes) in [(3, 4, 8), (0, 5, 8), (0, 6, 8)] {
        assert_eq!(source.read(&mut buffer).unwrap(), count);
        assert_eq!((source.calls, source.bytes), (calls, bytes));
    }
}

#[test]
fn byte_by_byte_each_byte_is_a_call() {
    for pieces in [&["one\ntwo\n"][..], &["o", "ne\nt", "wo\n"], &["one\n", "\n", "two"]] {
        let (lines, calls) = lines_by_byte(Pieces::of(pieces)).unwrap();
        let text = pieces.concat();
        assert_eq!(lines, text.lines().collect::<Vec<_>>());
        assert_eq!(calls, text.len() + 1, "{pieces:?}");
    }
}

#[test]
fn with_a_buffer_each_piece_is_a_call() {
    let (lines, calls) = lines_buffered(Pieces::of(&["one\nt", "wo\n\nth", "ree"]), 64).unwrap();
    assert_eq!(lines, ["one", "two", "", "three"]);
    assert!((4..=5).contains(&calls), "{calls} calls for three pieces and the end");
}

#[test]
fn a_small_buffer_is_filled_more_often() {
    let text = "x".repeat(999) + "\n";
    let counts: Vec<usize> = [10, 100, 1000, 10_000]
        .map(|capacity| lines_buffered(Pieces::of(&[&text]), capacity).unwrap().1)
        .to_vec();
    assert_eq!(counts, [101, 11, 2, 2]);
}

#[test]
fn an_interrupted_read_is_tried_again_and_counts() {
    let source = || Pieces::of(&["a\n", "b\n"]).with(ErrorKind::Interrupted);
    assert_eq!(lines_by_byte(source()).unwrap(), (vec!["a".into(), "b".into()], 6));
    assert_eq!(lines_buffered(source(), 64).unwrap(), (vec!["a".into(), "b".into()], 4));
}

#[test]
fn any_other_error_is_passed_on() {
    let source = || Pieces::of(&["a\n", "b\n"]).with(ErrorKind::ConnectionReset);
    assert_eq!(lines_by_byte(source()).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(lines_buffered(source(), 64).unwrap_err().kind(), ErrorKind::ConnectionReset);
}
