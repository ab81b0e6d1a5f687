//! Words for writing attacks. An attacker may be cut at any moment, so nothing here insists on
//! anything but the assertions that say so.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Something that goes on beside the test until it is over by itself, is asked for its outcome, or
/// is dropped.
pub(crate) struct Background<T> {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Background<T> {
    /// `go_on` is given a question to ask from time to time: whether it is over.
    pub(crate) fn start(go_on: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let thread = thread::spawn(move || go_on(&|| flag.load(Ordering::Relaxed)));
        Background { is_over, thread: Some(thread) }
    }

    /// Waits until it ends by itself; returns its outcome.
    pub(crate) fn wait(mut self) -> T {
        self.thread.take().unwrap().join().unwrap()
    }

    /// Says that it is over; returns its outcome.
    pub(crate) fn outcome(self) -> T {
        self.is_over.store(true, Ordering::Relaxed);
        self.wait()
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// So many connections, on each of which this is said.
pub(crate) fn crowd(
    size: usize,
    address: SocketAddr,
    said: impl Fn(usize) -> Vec<u8>,
) -> Vec<TcpStream> {
    let begin = |number| {
        let mut stream = connect(address);
        stream.write_all(&said(number)).unwrap();
        stream
    };
    (0..size).map(begin).collect()
}

/// A connection whose kernel takes no more than it has to.
pub(crate) fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1).unwrap(); // the kernel makes its least of it
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Says a little more on each connection, again and again, on those that are still open.
pub(crate) fn trickle(crowd: &[TcpStream], byte: u8) -> Background<()> {
    let streams: Vec<_> = crowd.iter().map(|stream| stream.try_clone().unwrap()).collect();
    Background::start(move |is_over| {
        let mut open: Vec<_> = streams.iter().collect();
        while !is_over() && !open.is_empty() {
            open.retain_mut(|stream| stream.write_all(&[byte]).is_ok());
            thread::sleep(Duration::from_millis(20));
        }
    })
}

/// The course of an endless attack: how much could be sent, and what was told.
#[derive(Debug)]
pub(crate) struct Flood {
    pub(crate) sent: usize,
    pub(crate) told: Vec<u8>,
}

impl Flood {
    /// The status of the one response.
    pub(crate) fn status(&self) -> u16 {
        status(&self.told)
    }
}

/// Says this and then that, again and again, until it is cut or has said so many bytes; listens
/// meanwhile.
pub(crate) fn flood(
    mut stream: TcpStream,
    first: impl AsRef<[u8]>,
    then: impl AsRef<[u8]>,
    most: usize,
) -> Background<Flood> {
    let first = first.as_ref().to_vec();
    // In pieces of some size, so that it is not the attacker that is busy.
    let then = then.as_ref();
    let piece = then.repeat((64_usize << 10).div_ceil(then.len().max(1)));
    Background::start(move |is_over| {
        let ear = stream.try_clone().unwrap();
        let listening = thread::spawn(move || last_words(ear));
        let mut sent = 0;
        let mut went_well = stream.write_all(&first).is_ok();
        while went_well && !is_over() && sent < most {
            went_well = stream.write_all(&piece).is_ok();
            sent += piece.len();
        }
        Flood { sent, told: listening.join().unwrap() }
    })
}

/// All that comes until the connection ends, however it does.
pub(crate) fn last_words(mut stream: TcpStream) -> Vec<u8> {
    let mut told = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return told,
            Ok(bytes) => told.extend(&piece[..bytes]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let is_open = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!is_open, "still open after {:?}", String::from_utf8_lossy(&told));
                return told;
            }
        }
    }
}

/// The status of a response; 0 if there is none.
pub(crate) fn status(told: &[u8]) -> u16 {
    let digits = told.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    digits.and_then(|it| str::from_utf8(it).ok()?.parse().ok()).unwrap_or(0)
}

/// Sees all connections ended, each with a response of this status.
pub(crate) fn expect_status(expected: u16, crowd: impl IntoIterator<Item = TcpStream>) {
    for (number, stream) in crowd.into_iter().enumerate() {
        let told = last_words(stream);
        assert_eq!(status(&told), expected, "{number}: {:?}", String::from_utf8_lossy(&told));
    }
}

/// Closes with a reset instead of an end.
pub(crate) fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// The head of a request for a WebSocket at this path.
pub(crate) fn handshake(path: &str) -> String {
    crate::websocket::request(path)
}
