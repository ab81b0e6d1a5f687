//! What each way to wait does to its clients, and to the processor.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use museum::scheduler;

type Serve = fn(&TcpListener) -> io::Result<()>;

/// More than anything takes.
const LONG: Duration = Duration::from_secs(60);

/// A server on a thread that ends with the tests.
struct Server {
    address: SocketAddr,
    /// The number of its thread; empty but on Linux.
    thread: String,
}

impl Server {
    fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            sender.send(scheduler::current_thread()).unwrap();
            serve(&listener).unwrap();
        });
        Server { address, thread: receiver.recv().unwrap() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// In which part of the looks the thread is awake. `None` where it cannot be known.
    fn awake(&self) -> Option<f64> {
        if self.thread.is_empty() {
            return None;
        }
        Some(scheduler::awake(&self.thread).expect("the thread of the server has ended"))
    }
}

/// Sends a word and waits for it.
fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"hello")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"hello");
    Ok(())
}

#[test]
fn one_by_one_a_silent_client_starves_the_next_until_it_leaves() {
    let server = Server::start(echo::one_by_one::serve);
    let mut silent = server.connect();
    ask(&mut silent).unwrap();
    let mut second = server.connect();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let error = ask(&mut second).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    drop(silent);
    second.set_read_timeout(Some(LONG)).unwrap();
    second.read_exact(&mut [0; 5]).unwrap(); // it had been sent
}

fn both_clients_are_served(serve: Serve) {
    let server = Server::start(serve);
    let mut silent = server.connect();
    let mut second = server.connect();
    ask(&mut second).unwrap();
    ask(&mut silent).unwrap();
    ask(&mut second).unwrap();
}

#[test]
fn busy_both_clients_are_served() {
    both_clients_are_served(echo::busy::serve);
}

#[test]
fn polled_both_clients_are_served() {
    both_clients_are_served(echo::polled::serve);
}

#[test]
fn busy_the_thread_is_awake_all_the_time() {
    let server = Server::start(echo::busy::serve);
    ask(&mut server.connect()).unwrap();
    let awake = server.awake();
    assert!(
        awake.is_none_or(|part| part > 0.8),
        "the part of the time that it was awake: {awake:?}"
    );
}

#[test]
fn polled_the_thread_sleeps() {
    let server = Server::start(echo::polled::serve);
    let mut idle = server.connect();
    ask(&mut idle).unwrap();
    let awake = server.awake();
    assert!(
        awake.is_none_or(|part| part < 0.5),
        "the part of the time that it was awake: {awake:?}"
    );
}

/// Until a sender makes no progress for half a second: the buffers are full.
fn wait_until_unchanged(progress: &AtomicUsize) {
    let begun = Instant::now();
    let mut last = 0;
    loop {
        thread::sleep(Duration::from_millis(500));
        let now = progress.load(Ordering::Relaxed);
        if now == last && now > 0 {
            return;
        }
        assert!(begun.elapsed() < LONG, "the buffers are never full");
        last = now;
    }
}

/// Two clients send more than all buffers hold, and only then begin to read.
#[test]
fn polled_what_has_no_room_is_kept_in_order_and_the_thread_sleeps() {
    let server = Server::start(echo::polled::serve);
    let sent: Vec<u8> = (0..32 << 20).map(|number: u32| (number % 251) as u8).collect();
    let stream = server.connect();
    let mut sending = stream.try_clone().unwrap();
    let expected = sent.clone();
    let progress = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&progress);
    let sender = thread::spawn(move || {
        for piece in sent.chunks(64 << 10) {
            sending.write_all(piece).unwrap();
            count.fetch_add(piece.len(), Ordering::Relaxed);
        }
        sending.shutdown(Shutdown::Write).unwrap();
    });
    wait_until_unchanged(&progress);
    assert!(progress.load(Ordering::Relaxed) < expected.len(), "the buffers took everything");
    ask(&mut server.connect()).unwrap();
    let awake = server.awake();
    assert!(
        awake.is_none_or(|part| part < 0.5),
        "the part of the time that it was awake: {awake:?}"
    );
    let mut received = Vec::new();
    (&stream).read_to_end(&mut received).unwrap();
    sender.join().unwrap();
    assert!(received == expected, "{} bytes", received.len());
}

#[test]
fn polled_the_end_and_a_reset_concern_one_client() {
    let server = Server::start(echo::polled::serve);
    let mut other = server.connect();
    ask(&mut other).unwrap();
    drop(server.connect());
    let reset = server.connect();
    socket2::SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    drop(reset);
    ask(&mut other).unwrap();
    let awake = server.awake();
    assert!(
        awake.is_none_or(|part| part < 0.5),
        "the part of the time that it was awake: {awake:?}"
    );
}
