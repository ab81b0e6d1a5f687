use std::io::{self, Write};

use exercises::chunk_writer::ChunkWriter;

/// A writer that remembers each call.
#[derive(Debug, Default)]
struct Calls {
    writes: Vec<String>,
    flushes: usize,
    is_broken: bool,
}

impl Write for Calls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.writes.push(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        Ok(())
    }
}

fn body(room: usize, pieces: &[&str]) -> String {
    let mut chunks = ChunkWriter::new(Vec::new(), room);
    pieces.iter().for_each(|piece| chunks.write_all(piece.as_bytes()).unwrap());
    String::from_utf8(chunks.finish().unwrap()).unwrap()
}

#[test]
fn small_pieces_become_one_chunk() {
    assert_eq!(body(16, &["Hello", ", ", "world"]), "c\r\nHello, world\r\n0\r\n\r\n");
}

#[test]
fn sizes_are_hexadecimal() {
    let piece = "x".repeat(26);
    assert_eq!(body(100, &[&piece]), format!("1a\r\n{piece}\r\n0\r\n\r\n"));
}

#[test]
fn a_body_without_bytes_is_its_end() {
    assert_eq!(body(4, &[]), "0\r\n\r\n");
    assert_eq!(body(4, &["", ""]), "0\r\n\r\n");
}

#[test]
fn a_long_piece_becomes_several_chunks() {
    assert_eq!(body(4, &["abcdefghi"]), "4\r\nabcd\r\n4\r\nefgh\r\n1\r\ni\r\n0\r\n\r\n");
    assert_eq!(body(4, &["abcd"]), "4\r\nabcd\r\n0\r\n\r\n");
    assert_eq!(body(1, &["ab"]), "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
}

#[test]
fn write_says_how_much_it_has_taken() {
    let mut chunks = ChunkWriter::new(Vec::new(), 4);
    assert_eq!(chunks.write(b"abc").unwrap(), 3);
    assert_eq!(chunks.write(b"defgh").unwrap(), 1);
    assert_eq!(chunks.write(b"efgh").unwrap(), 4);
    assert_eq!(chunks.finish().unwrap(), b"4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n");
}

#[test]
fn a_full_chunk_goes_out_at_once() {
    let mut calls = Calls::default();
    let mut chunks = ChunkWriter::new(&mut calls, 2);
    chunks.write_all(b"ab").unwrap();
    drop(chunks);
    assert_eq!(calls.writes, ["2\r\nab\r\n"]);
}

#[test]
fn flush_sends_what_there_is_and_never_the_end() {
    let mut calls = Calls::default();
    let mut chunks = ChunkWriter::new(&mut calls, 16);
    chunks.flush().unwrap();
    chunks.write_all(b"now").unwrap();
    chunks.flush().unwrap();
    chunks.flush().unwrap();
    drop(chunks);
    assert_eq!((calls.writes, calls.flushes), (vec!["3\r\nnow\r\n".to_owned()], 3));
}

#[test]
fn the_end_comes_with_finish_and_not_without() {
    let mut given_up = Calls::default();
    let mut chunks = ChunkWriter::new(&mut given_up, 16);
    chunks.write_all(b"cut").unwrap();
    chunks.flush().unwrap();
    drop(chunks);
    assert!(!given_up.writes.concat().contains("0\r\n\r\n"));

    let mut calls = Calls::default();
    ChunkWriter::new(&mut calls, 16).finish().unwrap();
    assert_eq!((calls.writes, calls.flushes), (vec!["0\r\n\r\n".to_owned()], 1));
}

#[test]
fn each_chunk_is_one_call() {
    let mut calls = Calls::default();
    let mut chunks = ChunkWriter::new(&mut calls, 8);
    write!(chunks, "{} and {} and {}", 1, 22, 333).unwrap();
    chunks.finish().unwrap();
    assert_eq!(calls.writes, ["8\r\n1 and 22\r\n", "8\r\n and 333\r\n", "0\r\n\r\n"]);
}

#[test]
fn an_error_below_is_passed_on() {
    let broken = || ChunkWriter::new(Calls { is_broken: true, ..Calls::default() }, 2);
    assert_eq!(broken().finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(broken().write(b"ab").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    let mut chunks = broken();
    assert_eq!(chunks.write(b"a").unwrap(), 1);
    assert_eq!(chunks.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
