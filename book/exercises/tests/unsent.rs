use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use exercises::unsent::{TURN, Unsent};

/// A socket that answers each write as it has been told, and then takes everything.
#[derive(Default)]
struct Script {
    answers: VecDeque<Result<usize, ErrorKind>>,
    taken: Vec<u8>,
    writes: usize,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Result<usize, ErrorKind>>) -> Self {
        Script { answers: answers.into_iter().collect(), ..Script::default() }
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let taken = self.answers.pop_front().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
        self.taken.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unsent(bytes: &[u8]) -> Unsent {
    let mut unsent = Unsent::default();
    unsent.push(bytes);
    unsent
}

#[test]
fn what_has_room_goes_at_once() {
    let (mut unsent, mut socket) = (unsent(b"hello"), Script::default());
    assert!(unsent.wants_room());
    unsent.send(&mut socket).unwrap();
    assert_eq!(socket.taken, b"hello");
    assert!(!unsent.wants_room(), "nothing is left, so nothing is asked for");
}

#[test]
fn nothing_is_written_when_there_is_nothing_to_send() {
    let mut socket = Script::new([Err(ErrorKind::BrokenPipe)]);
    let mut unsent = Unsent::default();
    assert!(!unsent.wants_room());
    unsent.send(&mut socket).unwrap();
    unsent.push(b"");
    unsent.send(&mut socket).unwrap();
    assert_eq!(socket.writes, 0);
}

#[test]
fn a_part_goes_and_the_rest_waits() {
    let mut unsent = unsent(b"hello");
    let mut socket = Script::new([Ok(2), Err(ErrorKind::WouldBlock), Ok(1), Ok(2)]);
    unsent.send(&mut socket).unwrap();
    assert_eq!((&socket.taken[..], socket.writes), (&b"he"[..], 2));
    assert!(unsent.wants_room());
    unsent.send(&mut socket).unwrap();
    assert_eq!((&socket.taken[..], socket.writes), (&b"hello"[..], 4));
    assert!(!unsent.wants_room());
}

#[test]
fn what_comes_later_goes_later() {
    let mut unsent = unsent(b"one ");
    let mut socket = Script::new([Ok(3), Err(ErrorKind::WouldBlock)]);
    unsent.send(&mut socket).unwrap();
    unsent.push(b"two ");
    unsent.send(&mut socket).unwrap();
    unsent.push(b"three");
    unsent.send(&mut socket).unwrap();
    assert_eq!(socket.taken, b"one two three");
}

#[test]
fn an_interrupted_write_is_tried_again() {
    let mut unsent = unsent(b"hello");
    let mut socket = Script::new([Err(ErrorKind::Interrupted), Ok(2)]);
    unsent.send(&mut socket).unwrap();
    assert_eq!((&socket.taken[..], socket.writes), (&b"hello"[..], 3));
}

#[test]
fn one_connection_writes_a_few_times_and_then_others_have_their_turn() {
    let mut unsent = unsent(&[b'x'; 100]);
    let mut socket = Script::new([Ok(1); 99]);
    unsent.send(&mut socket).unwrap();
    assert_eq!(socket.writes, TURN);
    assert!(unsent.wants_room());
    let mut interrupted = Script::new([Err(ErrorKind::Interrupted); 1000]);
    unsent.send(&mut interrupted).unwrap();
    assert_eq!(interrupted.writes, TURN);
}

#[test]
fn other_errors_are_passed_on_and_a_socket_that_takes_nothing_is_one() {
    let mut socket = Script::new([Ok(2), Err(ErrorKind::BrokenPipe)]);
    let error = unsent(b"hello").send(&mut socket).unwrap_err();
    assert_eq!((error.kind(), socket.writes), (ErrorKind::BrokenPipe, 2));
    let mut socket = Script::new([Ok(0)]);
    let error = unsent(b"hello").send(&mut socket).unwrap_err();
    assert_eq!((error.kind(), socket.writes), (ErrorKind::WriteZero, 1));
}

#[test]
fn a_real_socket_gets_every_byte_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let bytes: Vec<u8> = (0..16_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut unsent = unsent(&bytes);
    let (mut received, mut space, mut waits) = (Vec::new(), vec![0; 256 << 10], 0);
    while received.len() < bytes.len() {
        unsent.send(&mut socket).unwrap();
        match unsent.wants_room() {
            true => waits += 1,
            false => socket.shutdown(Shutdown::Write).unwrap(), // so nobody waits for lost bytes
        }
        let length = client.read(&mut space).unwrap();
        assert!(length > 0, "the end after {} bytes", received.len());
        received.extend_from_slice(&space[..length]);
    }
    assert!(received == bytes, "other bytes have come");
    assert!(waits > 0, "the buffers of the kernel took everything at once");
    assert!(!unsent.wants_room());
}
