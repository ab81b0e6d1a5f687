use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use exercises::head_deadline::{Connection, read_head_within};

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A client: what happens to each read, and after how many milliseconds.
struct Client {
    now: u64,
    script: VecDeque<(u64, io::Result<Vec<u8>>)>,
    reads: usize,
}

impl Client {
    fn new(script: impl IntoIterator<Item = (u64, io::Result<Vec<u8>>)>) -> Self {
        Client { now: 1_000, script: script.into_iter().collect(), reads: 0 }
    }

    /// Sends these bytes one by one, each so many milliseconds after the last.
    fn drip(bytes: &[u8], each: u64) -> Self {
        Self::new(bytes.iter().map(|byte| (each, Ok(vec![*byte]))))
    }
}

impl Connection for Client {
    fn now(&self) -> u64 {
        self.now
    }

    fn read(&mut self, buffer: &mut [u8], timeout: u64) -> io::Result<usize> {
        assert_ne!(timeout, 0, "this read would wait forever");
        assert!(self.reads < 10_000, "it reads forever");
        self.reads += 1;
        match self.script.pop_front() {
            Some((after, result)) if after <= timeout => {
                self.now += after;
                let bytes = result?;
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            other => {
                if let Some((after, result)) = other {
                    self.script.push_front((after - timeout, result));
                }
                self.now += timeout;
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }
}

fn fails(client: &mut Client, time: u64) -> ErrorKind {
    read_head_within(client, time).expect_err("there is no head in time").kind()
}

fn nothing(after: u64, kind: ErrorKind) -> (u64, io::Result<Vec<u8>>) {
    (after, Err(kind.into()))
}

fn head(after: u64) -> (u64, io::Result<Vec<u8>>) {
    (after, Ok(HEAD.to_vec()))
}

#[test]
fn a_head_in_time_is_read() {
    let mut client = Client::new([head(1_999)]);
    assert_eq!(read_head_within(&mut client, 2_000).unwrap(), HEAD);
    assert_eq!(read_head_within(&mut Client::drip(HEAD, 10), 2_000).unwrap(), HEAD);
}

#[test]
fn a_silent_client_has_its_time_and_no_more() {
    let mut client = Client::new([]);
    assert_eq!(fails(&mut client, 2_000), ErrorKind::TimedOut);
    assert_eq!(client.now, 3_000);
}

#[test]
fn a_client_that_drips_has_its_time_and_no_more() {
    for each in [1, 400, 999, 1_999] {
        let mut client = Client::drip(&[b'x'; 5_000], each);
        assert_eq!(fails(&mut client, 2_000), ErrorKind::TimedOut, "a byte every {each} ms");
        assert_eq!(client.now, 3_000, "a byte every {each} ms");
    }
}

#[test]
fn an_early_would_block_takes_no_time_away() {
    let mut client = Client::new([nothing(1_500, ErrorKind::WouldBlock), head(400)]);
    assert_eq!(read_head_within(&mut client, 2_000).unwrap(), HEAD);
}

#[test]
fn an_interruption_gives_no_more_time() {
    let mut client = Client::new((0..100).map(|_| nothing(90, ErrorKind::Interrupted)));
    assert_eq!(fails(&mut client, 2_000), ErrorKind::TimedOut);
    assert_eq!(client.now, 3_000);
    let mut client = Client::new([nothing(1_500, ErrorKind::Interrupted), head(400)]);
    assert_eq!(read_head_within(&mut client, 2_000).unwrap(), HEAD);
}

#[test]
fn a_head_whose_last_byte_comes_in_the_last_moment_is_a_head() {
    let (first, second) = HEAD.split_at(10);
    let mut client = Client::new([(1_000, Ok(first.to_vec())), (1_000, Ok(second.to_vec()))]);
    assert_eq!(read_head_within(&mut client, 2_000).unwrap(), HEAD);
}

#[test]
fn the_time_begins_with_the_call_and_not_with_the_first_byte() {
    let mut client = Client::new([(1_500, Ok(b"GET".to_vec())), head(1_000)]);
    assert_eq!(fails(&mut client, 2_000), ErrorKind::TimedOut);
}

#[test]
fn a_client_that_leaves_and_a_broken_connection_are_errors() {
    assert_eq!(fails(&mut Client::new([(5, Ok(Vec::new()))]), 2_000), ErrorKind::UnexpectedEof);
    let mut client = Client::new([nothing(5, ErrorKind::ConnectionReset)]);
    assert_eq!(fails(&mut client, 2_000), ErrorKind::ConnectionReset);
}
