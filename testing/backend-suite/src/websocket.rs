//! WebSocket, which no backend knows of: the layer's own tests say what is spoken, these that it
//! is.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use backend_common::{Backend, Handle, Handler, Request};
use layer_websocket::{Closed, Limits, Message, Outbox, Socket, accept};
use protocol::Now;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Error, WebSocket};

use crate::client::Client;
use crate::fixtures::{app, end, server};

const SOON: Duration = Duration::from_secs(10);

/// The head of a request for a WebSocket at this path.
pub(crate) fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Performs the opening handshake.
pub(crate) fn open<S: Read + Write>(mut stream: S, path: &str) -> WebSocket<S> {
    stream.write_all(request(path).as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    WebSocket::from_raw_socket(stream, Role::Client, None)
}

fn connect(address: SocketAddr) -> WebSocket<TcpStream> {
    open(Client::connect(address).stream, "/ws/echo")
}

/// Reads the Close frame that has to come, answers it, and sees the connection closed in order.
fn expect_close(client: &mut WebSocket<TcpStream>) -> u16 {
    let code = match client.read().unwrap() {
        tungstenite::Message::Close(Some(CloseFrame { code, .. })) => code.into(),
        other => panic!("{other:?}"),
    };
    let _ = client.flush(); // the answer; the server may have gone without waiting for it
    expect_end(client);
    code
}

/// Sees the connection closed by the server, without a further byte.
fn expect_end(client: &mut WebSocket<TcpStream>) {
    assert_eq!(client.get_mut().read(&mut [0]).unwrap(), 0, "more has come");
}

/// Messages of every kind there and back, and the closing handshake.
pub(crate) fn converse<S: Read + Write>(client: &mut WebSocket<S>) {
    let large: Vec<u8> = (0..2_u64 << 20).map(|at| ((at * at) >> 3) as u8).collect();
    let messages = [
        tungstenite::Message::text("Hello, Wörld"),
        tungstenite::Message::text(""),
        tungstenite::Message::binary(vec![0, 255, 128]),
        tungstenite::Message::binary(large),
        tungstenite::Message::text("💩".repeat(300_000)),
    ];
    for message in messages {
        client.send(message.clone()).unwrap();
        assert!(client.read().unwrap() == message, "{} bytes came back otherwise", message.len());
    }
    for (opcode, part, is_final) in [
        (Data::Text, "in ", false),
        (Data::Continue, "three ", false),
        (Data::Continue, "parts", true),
    ] {
        let frame = Frame::message(part, OpCode::Data(opcode), is_final);
        client.send(tungstenite::Message::Frame(frame)).unwrap();
        if !is_final {
            client.send(tungstenite::Message::Ping(part.into())).unwrap();
            assert_eq!(client.read().unwrap(), tungstenite::Message::Pong(part.into()));
        }
    }
    assert_eq!(client.read().unwrap(), tungstenite::Message::text("in three parts"));
    for number in 0..1000 {
        client.write(tungstenite::Message::text(number.to_string())).unwrap();
    }
    client.flush().unwrap();
    for number in 0..1000 {
        assert_eq!(client.read().unwrap(), tungstenite::Message::text(number.to_string()));
    }
    client.close(Some(CloseFrame { code: 4321.into(), reason: "done".into() })).unwrap();
    let answer = client.read().unwrap();
    let tungstenite::Message::Close(Some(CloseFrame { code, .. })) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(u16::from(code), 4321);
    assert!(matches!(client.read(), Err(Error::ConnectionClosed)));
}

pub fn messages_come_back_and_the_closing_handshake_is_kept<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut client = connect(server.address());
    converse(&mut client);
    drop(client);
    assert_eq!(server.shutdown(SOON).unwrap().aborted, 0);
}

/// A connection on which nothing was upgraded is as good as before.
pub fn a_plain_request_is_told_what_to_upgrade_to<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut client = Client::connect(server.address());
    let told = client.get("/ws/echo");
    assert_eq!(told.status, 426);
    assert!(told.head.contains("\r\nconnection: upgrade\r\n"), "{told:?}");
    assert!(told.head.contains("\r\nupgrade: websocket\r\n"), "{told:?}");
    assert_eq!(client.get("/echo/again").text(), "again");
    end(server);
}

/// It is whole, so it is answered (RFC 9112 §9.6), and so is a message behind it, whichever the
/// server sees first: that it can send, or that nothing more comes.
pub fn an_upgrade_is_answered_although_the_client_closes_its_side_behind_it<B: Backend>(model: B) {
    const TRIES: usize = 40;
    let (server, _dir) = app(model);
    let first = "GET /echo/first HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let upgrade = request("/ws/echo");
    let message = b"\x81\x82\0\0\0\0hi";
    for (said, end) in [
        (upgrade.clone().into_bytes(), &b"\r\n\r\n"[..]),
        ([first, &upgrade].concat().into_bytes(), b"\r\n\r\n"),
        ([upgrade.as_bytes(), message].concat(), b"\r\n\r\n\x81\x02hi"),
        ([upgrade.as_bytes(), message, &message[..5]].concat(), b"\r\n\r\n\x81\x02hi"),
    ] {
        for number in 0..TRIES {
            let mut stream = Client::connect(server.address()).stream;
            stream.write_all(&said).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut told = Vec::new();
            stream.read_to_end(&mut told).unwrap();
            let shown = told.escape_ascii();
            let is_told = told.windows(13).any(|it| it == b"HTTP/1.1 101 ");
            assert!(is_told && told.ends_with(end), "try {number}: {shown}");
        }
    }
    assert_eq!(server.shutdown(SOON).unwrap().aborted, 0);
}

pub fn frames_that_break_the_protocol_end_the_connection<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    for (bytes, code) in [
        (&b"\x81\x01x"[..], 1002),                 // not masked
        (b"\xc1\x80....", 1002),                   // a reserved bit
        (b"\x83\x80....", 1002),                   // a reserved opcode
        (b"\x80\x80....", 1002),                   // nothing to continue
        (b"\x09\x80....", 1002),                   // a Ping in fragments
        (b"\x89\xfe\x00\x7e....", 1002),           // a Ping that is too long
        (b"\x81\x85\0\0\0\0\xff", 1007),           // text that will be no UTF-8
        (b"\x88\x82\0\0\0\0\x03\xee", 1002),       // Close, with 1006
        (b"\x82\xff\0\0\0\0\x7f\0\0\0....", 1009), // too long a message
    ] {
        let mut client = connect(server.address());
        client.get_mut().write_all(bytes).unwrap();
        // Whatever follows is not waited for.
        let _ = client.get_mut().write_all(&[0x55; 100]);
        assert_eq!(expect_close(&mut client), code, "{bytes:02x?}");
    }
    assert_eq!(server.shutdown(SOON).unwrap().aborted, 0);
}

pub fn shutdown_sends_close_1001_to_every_socket<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut clients: Vec<_> = (0..10).map(|_| connect(server.address())).collect();
    for client in &mut clients {
        client.send(tungstenite::Message::text("x")).unwrap();
        assert_eq!(client.read().unwrap(), tungstenite::Message::text("x"));
    }
    // One is in the middle of a message.
    clients[0].get_mut().write_all(b"\x01\x81\0\0\0\0x\x80\x89\0\0\0\0").unwrap();
    let start = Instant::now();
    server.shutdown_handle().shutdown(SOON);
    for client in &mut clients[1..] {
        assert_eq!(expect_close(client), 1001);
    }
    let mut told = [0; 2];
    clients[0].get_mut().read_exact(&mut told).unwrap();
    assert_eq!(told[0], 0x88);
    drop(clients);
    assert_eq!(server.join().unwrap().aborted, 0);
    assert!(start.elapsed() < SOON, "waited for those who had gone");
}

pub fn a_client_that_does_not_answer_close_is_cut_at_the_deadline<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut client = connect(server.address());
    let start = Instant::now();
    assert_eq!(server.shutdown(Duration::from_millis(200)).unwrap().aborted, 1);
    assert!(start.elapsed() < SOON, "waited for an answer");
    assert!(matches!(client.read().unwrap(), tungstenite::Message::Close(Some(_))));
}

/// Does what it is told, tells how it ends, and counts what it could say.
struct Tester {
    ended: Sender<Closed>,
    said: Arc<AtomicUsize>,
    floods: bool,
}

const PIECE: usize = 10_000;

/// A binary frame of so many sevens, as a server sends it.
fn answer(length: usize) -> Vec<u8> {
    [&[0x82, 0x7e][..], &(length as u16).to_be_bytes(), &vec![7; length]].concat()
}

impl Tester {
    fn flood(&self, outbox: &mut Outbox<'_>) {
        while self.floods && outbox.has_room() {
            outbox.binary(vec![7; PIECE]);
            self.said.fetch_add(PIECE, Ordering::Relaxed);
        }
    }
}

impl Socket for Tester {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, now: Now) {
        let Message::Text(text) = message else { return };
        match &*text {
            "flood" => {
                self.floods = true;
                self.flood(outbox);
            }
            "tick" => outbox.wake_at(now.instant + Duration::from_millis(50)),
            "panic" => panic!("on purpose"),
            _ => outbox.text(text),
        }
    }

    fn time(&mut self, outbox: &mut Outbox<'_>, _: Now) {
        outbox.text("tock");
    }

    fn room(&mut self, outbox: &mut Outbox<'_>, _: Now) {
        self.flood(outbox);
    }

    fn closed(&mut self, how: Closed) {
        let _ = self.ended.send(how);
    }
}

/// A server of testers, how they end, and how much they could say.
fn testers(
    limits: Limits,
) -> (impl Handler, Arc<Mutex<std::sync::mpsc::Receiver<Closed>>>, Arc<AtomicUsize>) {
    let (ended, endings) = channel();
    let said = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&said);
    let ended = Mutex::new(ended);
    let handler = move |request: &Request<'_>| {
        let ended = ended.lock().unwrap().clone();
        let tester = Tester { ended, said: Arc::clone(&counter), floods: false };
        accept(request, &limits, tester)
    };
    (handler, Arc::new(Mutex::new(endings)), said)
}

fn ending(endings: &Mutex<std::sync::mpsc::Receiver<Closed>>) -> Closed {
    endings.lock().unwrap().recv_timeout(SOON).expect("the socket is never told")
}

/// Asks the silent soon, and then waits for so long.
fn asking(pong: Duration) -> Limits {
    Limits { idle_timeout: Duration::from_millis(100), pong_timeout: pong, ..Limits::default() }
}

pub fn a_silent_client_is_pinged_and_then_closed<B: Backend>(model: B) {
    let (handler, endings, _) = testers(asking(Duration::from_millis(100)));
    let server = server(model).spawn(handler).unwrap();
    let mut silent = connect(server.address());
    assert_eq!(ending(&endings), Closed::Failed { code: 1008 });
    let mut told = Vec::new();
    silent.get_mut().read_to_end(&mut told).unwrap();
    assert_eq!(told[..2], *b"\x89\x00", "a Ping");
    assert_eq!(told[2], 0x88, "a Close");
    drop(silent);
    end(server);
}

pub fn a_client_that_answers_pings_stays_connected<B: Backend>(model: B) {
    let (handler, endings, _) = testers(asking(SOON));
    let server = server(model).spawn(handler).unwrap();
    let mut alive = connect(server.address());
    for _ in 0..5 {
        // The client answers by itself, when it reads on.
        assert!(matches!(alive.read().unwrap(), tungstenite::Message::Ping(_)));
        alive.flush().unwrap();
    }
    alive.close(None).unwrap();
    while alive.read().is_ok() {}
    assert_eq!(ending(&endings), Closed::Clean { code: 1005, reason: "".into() });
    drop(alive);
    end(server);
}

/// Output that a client does not read is bounded, and so is the time that it may take nothing.
pub fn a_client_that_reads_nothing_of_a_flood_is_cut<B: Backend>(model: B) {
    let limits = Limits { write_timeout: Duration::from_millis(200), ..Limits::default() };
    let (handler, endings, said) = testers(limits);
    let server = server(model).max_connections(1).spawn(handler).unwrap();
    let mut deaf = connect(server.address());
    deaf.send(tungstenite::Message::text("flood")).unwrap();
    assert_eq!(ending(&endings), Closed::Cut);
    // Some of it is in the buffers of the kernel.
    let said = said.load(Ordering::Relaxed);
    assert!(said < 32 << 20, "{} MiB were made for nobody", said >> 20);
    // Its place is free again.
    let mut next = connect(server.address());
    next.send(tungstenite::Message::text("x")).unwrap();
    assert_eq!(next.read().unwrap(), tungstenite::Message::text("x"));
    drop((deaf, next));
    end(server);
}

/// A client that reads slowly gets everything, and no more is made than it can take.
pub fn a_flood_is_produced_as_fast_as_it_is_read<B: Backend>(model: B) {
    const ENOUGH: usize = 12 << 20;
    let (handler, _endings, said) = testers(Limits::default());
    let server = server(model).spawn(handler).unwrap();
    let mut client = connect(server.address());
    client.send(tungstenite::Message::text("flood")).unwrap();
    let mut taken = 0;
    let expected = answer(PIECE);
    let mut got = vec![0; expected.len()];
    while taken < ENOUGH {
        client.get_mut().read_exact(&mut got).unwrap();
        assert!(got == expected, "after {taken} bytes");
        taken += PIECE;
    }
    let ahead = said.load(Ordering::Relaxed).saturating_sub(taken);
    assert!(ahead < 32 << 20, "{} MiB ahead", ahead >> 20);
    drop(client);
    end(server);
}

/// An echo that is not taken makes the peer wait, and nothing is lost.
pub fn messages_beyond_unread_echoes_are_not_read<B: Backend>(model: B) {
    const FLOOD: usize = 256 << 20;
    let (server, _dir) = app(model);
    let mut client = connect(server.address());
    let frame = [&[0x82, 0xfe, 0x27, 0x10, 0, 0, 0, 0][..], &[7; PIECE]].concat().repeat(20);
    let stream = client.get_mut();
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut sent = 0;
    while let Ok(bytes) = stream.write(&frame[sent % frame.len()..])
        && sent < FLOOD
    {
        sent += bytes;
    }
    assert!(sent < FLOOD / 4, "took {} MiB of what it cannot answer yet", sent >> 20);
    let expected = answer(PIECE);
    let mut got = vec![0; expected.len()];
    for _ in 0..sent / (PIECE + 8) {
        stream.read_exact(&mut got).unwrap();
        assert!(got == expected);
    }
    drop(client);
    end(server);
}

pub fn timers_and_panics_concern_one_socket<B: Backend>(model: B) {
    let (handler, endings, _) = testers(Limits::default());
    let server = server(model).spawn(handler).unwrap();
    let mut other = connect(server.address());
    let mut client = connect(server.address());
    client.send(tungstenite::Message::text("tick")).unwrap();
    assert_eq!(client.read().unwrap(), tungstenite::Message::text("tock"));
    client.send(tungstenite::Message::text("panic")).unwrap();
    assert_eq!(expect_close(&mut client), 1011);
    other.send(tungstenite::Message::text("fine")).unwrap();
    assert_eq!(other.read().unwrap(), tungstenite::Message::text("fine"));
    other.get_mut().shutdown(Shutdown::Write).unwrap();
    expect_end(&mut other);
    assert_eq!(ending(&endings), Closed::Cut);
    drop((client, other));
    end(server);
}

/// Many at once, each with its own conversation.
pub fn many_sockets_are_served_at_once<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let address = server.address();
    let talk = move |number: usize| {
        let mut client = connect(address);
        for round in 0..50 {
            let said = tungstenite::Message::text(format!("{number} {round}"));
            client.send(said.clone()).unwrap();
            assert_eq!(client.read().unwrap(), said);
        }
        client.close(None).unwrap();
        assert!(matches!(client.read().unwrap(), tungstenite::Message::Close(None)));
    };
    let clients: Vec<_> = (0..40).map(|number| thread::spawn(move || talk(number))).collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    finish(server, 40);
}

fn finish(server: Handle, requests: u64) {
    let report = server.shutdown(SOON).unwrap();
    assert_eq!((report.requests, report.aborted), (requests, 0));
}
