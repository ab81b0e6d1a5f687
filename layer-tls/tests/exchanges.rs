//! HTTP over TLS in memory: a client of rustls's on one side, bytes in any pieces between them.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use layer_tls::{Inner, Setup, Tls};
use protocol::http::HeaderValue;
use protocol::{
    Connection, FileRange, Handler, Limits, Now, Outcome, Protocol, Reply, Request, Response, Step,
    Ticket, Wait, Work,
};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

/// Both sides' configurations, for one version.
fn configs(
    version: &'static rustls::SupportedProtocolVersion,
) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let chain = vec![made.cert.der().clone()];
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.clone(), key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(chain[0].clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn setup(config: &Arc<ServerConfig>) -> Arc<Setup> {
    Arc::new(Setup {
        config: Arc::clone(config),
        handshake_timeout: Duration::from_secs(10),
        linger_timeout: Duration::from_secs(2),
        read_file,
    })
}

fn read_file(range: &FileRange, buffer: &mut [u8]) -> std::io::Result<usize> {
    use std::io::{Seek, SeekFrom};
    let mut file = &*range.file;
    file.seek(SeekFrom::Start(range.offset))?;
    file.read(buffer)
}

fn now() -> Now {
    Now { instant: Instant::now(), wall: SystemTime::now() }
}

/// The server's side, and what has been seen of it.
struct Server<P> {
    connection: P,
    input: Vec<u8>,
    out: Vec<u8>,
    shut: bool,
    closed: bool,
    /// What it waits for.
    read: bool,
    deadline: Option<Instant>,
}

impl<P: Protocol> Server<P> {
    fn new(connection: P) -> Self {
        let (input, out) = (Vec::new(), Vec::new());
        Server { connection, input, out, shut: false, closed: false, read: true, deadline: None }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.advance();
        self.settle();
    }

    fn advance(&mut self) {
        let consumed = self.connection.receive(&mut self.input, &mut self.out, now());
        self.input.drain(..consumed);
    }

    fn settle(&mut self) {
        for _ in 0..100_000 {
            match self.connection.poll() {
                Step::Receive => self.advance(),
                Step::Run(ticket, Work::Blocking(job)) => {
                    self.connection.complete(ticket, job.run(), &mut self.out, now());
                }
                Step::Run(..) => panic!("a future"),
                Step::Upgrade(_) => panic!("what is inner replaces itself"),
                Step::ShutdownWrite => self.shut = true,
                Step::Close => return self.closed = true,
                Step::Wait(wait) => {
                    (self.read, self.deadline) = (wait.read, wait.deadline);
                    return;
                }
            }
        }
        panic!("never waits");
    }

    /// Takes up to `most` bytes of the output, as if they had been sent.
    fn send(&mut self, most: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self.out.drain(..most.min(self.out.len())).collect();
        self.connection.sent(bytes.len() as u64, now());
        self.settle();
        bytes
    }
}

/// Has both sides talk until neither has anything to say, in pieces of this many bytes. Returns
/// what the client has been told.
fn talk<P: Protocol>(
    client: &mut ClientConnection,
    server: &mut Server<P>,
    piece: usize,
) -> Vec<u8> {
    let mut told = Vec::new();
    loop {
        let mut said = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut said).unwrap();
        }
        said.chunks(piece).for_each(|piece| server.receive(piece));
        let answer = server.send(piece);
        if said.is_empty() && answer.is_empty() {
            return told;
        }
        let mut answer = &answer[..];
        while !answer.is_empty() {
            client.read_tls(&mut answer).unwrap();
            client.process_new_packets().unwrap();
            let _ = client.reader().read_to_end(&mut told);
        }
    }
}

fn client(config: &Arc<ClientConfig>) -> ClientConnection {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::clone(config), name).unwrap();
    client.set_buffer_limit(None);
    client
}

/// HTTP/1.1, and what takes over from it.
struct Switching {
    connection: Connection,
    upgraded: Option<Box<dyn Protocol>>,
}

impl Switching {
    fn current(&mut self) -> &mut dyn Protocol {
        match &mut self.upgraded {
            Some(upgraded) => &mut **upgraded,
            None => &mut self.connection,
        }
    }
}

impl Protocol for Switching {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        self.current().receive(input, out, now)
    }

    fn receive_eof(&mut self, now: Now) {
        self.current().receive_eof(now);
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.current().sent(bytes, now);
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.current().complete(ticket, outcome, out, now);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.current().handle_timeout(out, now);
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.current().shutdown(deadline, now);
    }

    fn poll(&mut self) -> Step {
        match self.current().poll() {
            Step::Upgrade(next) => {
                self.upgraded = Some(next);
                Step::Receive
            }
            step => step,
        }
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.current().reset_send_timeout(now);
    }

    fn file(&self) -> Option<&FileRange> {
        match &self.upgraded {
            Some(upgraded) => upgraded.file(),
            None => self.connection.file(),
        }
    }
}

impl Inner for Switching {
    fn negotiated(&mut self, _: Option<&[u8]>, _: Now) {
        self.connection.secure();
    }
}

fn http(handler: impl Handler) -> Switching {
    let connection = Connection::new(Arc::new(handler), Arc::new(Limits::default()), now());
    Switching { connection, upgraded: None }
}

fn big() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// Answers with what it is asked for: something small, something big, a file, what it was sent.
fn handler(request: &Request<'_>) -> Reply {
    match request.path() {
        "/big" => Response::ok().body(big()).into(),
        "/file" => {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&big()).unwrap();
            Response::ok()
                .body(FileRange { file: Arc::new(file), offset: 4, length: 399_996 })
                .into()
        }
        "/upload" => Reply::collect(|body| Response::ok().body(body)),
        path => Response::text(path.to_owned()).into(),
    }
}

fn body(response: &[u8]) -> &[u8] {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"));
    &response[end + 4..]
}

#[test]
fn requests_are_answered_whatever_the_pieces() {
    for version in [&TLS12, &TLS13] {
        let (server_config, client_config) = configs(version);
        for piece in [1, 7, 100, 5000, 1 << 20] {
            let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
            let (mut client, mut server) = (client(&client_config), Server::new(tls));
            for (path, expected) in [("/a", &b"/a"[..]), ("/b", b"/b")] {
                write!(client.writer(), "GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                assert_eq!(body(&talk(&mut client, &mut server, piece)), expected);
            }
            if piece > 7 {
                write!(client.writer(), "GET /big HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                assert!(body(&talk(&mut client, &mut server, piece)) == big());
                write!(client.writer(), "GET /file HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                assert!(body(&talk(&mut client, &mut server, piece)) == &big()[4..]);
                let length = big().len();
                write!(
                    client.writer(),
                    "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
                )
                .unwrap();
                client.writer().write_all(&big()).unwrap();
                assert!(body(&talk(&mut client, &mut server, piece)) == big());
            }
            assert!(server.connection.is_idle() && server.read && !server.closed);
        }
    }
}

/// A connection whose handshake is over.
fn open(handler: impl Handler) -> (ClientConnection, Server<Tls<Switching>>) {
    let (server_config, client_config) = configs(&TLS13);
    let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
    let (mut client, mut server) = (client(&client_config), Server::new(tls));
    talk(&mut client, &mut server, 1 << 20);
    (client, server)
}

/// What the client says, in records.
fn records(client: &mut ClientConnection, text: &str) -> Vec<u8> {
    client.writer().write_all(text.as_bytes()).unwrap();
    let mut said = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut said).unwrap();
    }
    said
}

#[test]
fn plain_http_is_answered_with_400() {
    let (server_config, _) = configs(&TLS13);
    let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
    let mut server = Server::new(tls);
    server.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let told = String::from_utf8(server.send(1000)).unwrap();
    assert!(told.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{told}");
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{told}");
    assert!(server.shut && !server.closed && server.deadline.is_some());
    server.receive(b"anything else");
    server.connection.receive_eof(now());
    server.settle();
    assert!(server.closed && server.out.is_empty());
}

/// RFC 9110 §9.3.2: nor does this answer have content if HEAD is asked, however it comes in pieces.
#[test]
fn head_in_plain_http_is_refused_without_content() {
    let (server_config, _) = configs(&TLS13);
    let setup = setup(&server_config);
    let request = b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
    for at in 0..request.len() {
        let mut server = Server::new(Tls::new(Arc::clone(&setup), http(handler), now()).unwrap());
        server.receive(&request[..at]);
        assert_eq!(server.out.is_empty(), at < 5, "{at}");
        server.receive(&request[at..]);
        let told = String::from_utf8(server.send(1000)).unwrap();
        assert!(told.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{at}: {told}");
        assert!(
            told.contains("content-length: 51\r\n") && told.ends_with("\r\n\r\n"),
            "{at}: {told}"
        );
        assert!(server.shut && server.input.is_empty());
    }
    let mut other = Server::new(Tls::new(setup, http(handler), now()).unwrap());
    other.receive(b"HE");
    other.receive(b"LLO / HTTP/1.1\r\n\r\n");
    assert!(other.send(1000).ends_with(b"try https://.\n"));
}

/// Whatever it has ended by, a connection is open to a peer that still sends, but not forever.
#[test]
fn a_peer_that_still_sends_is_waited_for_but_not_forever() {
    let second = Duration::from_secs(1);
    for is_failure in [false, true] {
        let (mut client, mut server) = open(handler);
        let request = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n";
        let said = records(&mut client, request);
        server.receive(if is_failure { b"\x17\x03\x03\0\x05hello" } else { &said });
        while !server.send(1 << 20).is_empty() {}
        assert!(server.shut && !server.closed && server.read, "{is_failure}");
        let start = server.deadline.unwrap() - 2 * second;
        let rest = records(&mut client, &"x".repeat(10_000));
        for seconds in 1..30 {
            let later = Now { instant: start + seconds * second, ..now() };
            server.connection.handle_timeout(&mut server.out, later);
            let mut rest = rest.clone();
            let taken = server.connection.receive(&mut rest, &mut server.out, later);
            server.settle();
            assert_eq!((taken, server.out.len(), server.closed), (rest.len(), 0, false));
            let expected = (start + (seconds + 2) * second).min(start + 30 * second);
            assert_eq!(server.deadline, Some(expected), "{is_failure}");
        }
        let end = Now { instant: start + 30 * second, ..now() };
        server.connection.handle_timeout(&mut server.out, end);
        server.settle();
        assert!(server.closed, "{is_failure}");
    }
}

/// A request and the end of the input behind it, of TLS's, of TCP's or of both: what is owed is
/// sent.
#[test]
fn a_request_right_before_the_end_is_answered() {
    let ends: [(bool, bool); 3] = [(true, false), (false, true), (true, true)];
    for ((says_so, is_end), (path, expected)) in
        ends.into_iter().flat_map(|end| [("/x", "/x"), ("/upgrade", "101 ")].map(|it| (end, it)))
    {
        for piece in [1, 30, 1 << 20] {
            let (mut client, mut server) = open(switching);
            client
                .writer()
                .write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())
                .unwrap();
            if says_so {
                client.send_close_notify();
            }
            let said = records(&mut client, "");
            server.receive(&said);
            if is_end {
                server.connection.receive_eof(now());
                server.settle();
            }
            assert!(!server.closed && !server.shut, "{path}: before anything has been sent");
            let told = talk(&mut client, &mut server, piece);
            let told = String::from_utf8(told).unwrap();
            assert!(told.contains(expected), "{path} by {piece}: {told:?}");
            assert!(server.shut && server.closed, "{path} by {piece}");
        }
    }
}

/// Hands `/upgrade` over to a protocol that ends when its peer does.
fn switching(request: &Request<'_>) -> Reply {
    if request.path() != "/upgrade" {
        return handler(request);
    }
    Reply::upgrade(HeaderValue::from_static("x"), Response::ok(), Mute::default())
}

/// Says nothing and waits for the end.
#[derive(Default)]
struct Mute {
    is_ended: bool,
    has_parted: bool,
}

impl Protocol for Mute {
    fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
        input.len()
    }

    fn receive_eof(&mut self, _: Now) {
        self.is_ended = true;
    }

    fn sent(&mut self, _: u64, _: Now) {}

    fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}

    fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}

    fn shutdown(&mut self, _: Instant, _: Now) {}

    fn poll(&mut self) -> Step {
        match (self.is_ended, std::mem::replace(&mut self.has_parted, self.is_ended)) {
            (false, _) => Step::Wait(Wait { read: true, deadline: None }),
            (true, false) => Step::ShutdownWrite,
            (true, true) => Step::Close,
        }
    }
}

#[test]
fn garbage_is_answered_by_an_alert_and_the_end() {
    for garbage in
        [&b"\x16\x03\x01\x00\x05hello"[..], b"\0\0\0\0\0\0\0\0\0", b"\x15\x03\x03\x00\x02\x02\x28"]
    {
        let (server_config, _) = configs(&TLS13);
        let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
        let mut server = Server::new(tls);
        server.receive(garbage);
        let told = server.send(1000);
        assert!(told.is_empty() || told[0] == 0x15, "{told:?}");
        assert!(server.shut && !server.closed);
        let late = Now { instant: server.deadline.unwrap(), ..now() };
        server.connection.handle_timeout(&mut server.out, late);
        server.settle();
        assert!(server.closed, "waits forever");
    }
}

/// A downgrade: there is nothing older than TLS 1.2 to be talked into.
#[test]
fn older_versions_are_refused() {
    let (server_config, _) = configs(&TLS12);
    for (minor, is_known) in [(0, false), (1, false), (2, false), (3, true)] {
        let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
        let mut server = Server::new(tls);
        server.receive(&client_hello(minor));
        let answer = server.send(1000);
        assert_eq!(server.shut, !is_known, "{minor}: {answer:?}");
        // A fatal alert that names the version (RFC 8446 §6.2), or a reason that comes before it.
        assert_eq!(answer[0], if is_known { 0x16 } else { 0x15 }, "{minor}: {answer:?}");
        assert!(is_known || answer[5..] == [2, 70], "{minor}: {answer:?}");
    }
}

/// By hand, since clients of today cannot: of SSL 3 (`minor` 0) or TLS 1.0 to 1.2 (RFC 5246
/// §7.4.1.2), with what TLS 1.2 asks for besides.
fn client_hello(minor: u8) -> Vec<u8> {
    const SUITES: [u8; 4] = [0, 2, 0xc0, 0x2b]; // ECDHE, ECDSA, AES-128-GCM
    const EXTENSIONS: [u8; 22] = [
        0, 20, //
        0, 10, 0, 4, 0, 2, 0, 23, // groups: P-256
        0, 13, 0, 4, 0, 2, 4, 3, // signatures: ECDSA with P-256 and SHA-256
        0, 23, 0, 0, // extended master secret
    ];
    let random = [7; 32];
    let body = [&[3, minor], &random[..], &[0], &SUITES, &[1, 0], &EXTENSIONS].concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat()
}

#[test]
fn a_handshake_has_to_end_in_time() {
    let (server_config, client_config) = configs(&TLS13);
    let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
    let mut server = Server::new(tls);
    let hello = records(&mut client(&client_config), "");
    server.receive(&hello[..hello.len() / 2]);
    let deadline = server.deadline.unwrap();
    assert!(deadline <= Instant::now() + Duration::from_secs(10));
    server.connection.handle_timeout(&mut server.out, Now { instant: deadline, ..now() });
    server.settle();
    assert!(server.closed);
}

#[test]
fn a_flood_of_key_updates_is_no_sign_of_life_and_soon_the_end() {
    let (mut client, mut server) = open(handler);
    server.receive(&records(&mut client, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert!(talk(&mut client, &mut server, 1 << 20).ends_with(b"/x"));
    let idle = server.deadline;
    let mut updates = 0;
    while !server.shut && updates < 1_000 {
        assert_eq!(server.deadline, idle, "after {updates}");
        client.refresh_traffic_keys().unwrap();
        server.receive(&records(&mut client, ""));
        server.send(1000);
        updates += 1;
    }
    assert!((1..100).contains(&updates), "{updates}");
}

#[test]
fn the_last_word_is_close_notify() {
    let (mut client, mut server) = open(handler);
    let request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    server.receive(&records(&mut client, request));
    let mut answer = server.send(1 << 20);
    assert!(!server.shut && !server.out.is_empty(), "before all has been sent");
    answer.extend(server.send(1 << 20));
    client.read_tls(&mut &answer[..]).unwrap();
    let state = client.process_new_packets().unwrap();
    assert!(state.peer_has_closed(), "no close_notify");
    assert!(server.shut);
}

/// A socket that is closed while something of the peer's has not been read resets the connection,
/// and what was said last may be lost. Its own `close_notify` may be on its way.
#[test]
fn a_request_that_closes_is_answered_before_close_notify() {
    let (server_config, client_config) = configs(&TLS13);
    let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
    let (mut server, mut client) = (Server::new(tls), client(&client_config));
    talk(&mut client, &mut server, 1000);
    let asked = b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    client.writer().write_all(asked).unwrap();
    let told = talk(&mut client, &mut server, 1000);
    assert!(told.ends_with(b"/x"));
    assert!(
        server.shut && server.read && !server.closed,
        "it must wait for the client's last word"
    );
    client.send_close_notify();
    talk(&mut client, &mut server, 1000);
    server.connection.receive_eof(now());
    server.settle();
    assert!(server.closed);
}

#[test]
fn records_that_nobody_wants_yet_are_kept_in_order_and_so_is_the_end() {
    // Answered when the work is done; meanwhile the next request and the end have come.
    let (mut client, mut server) = open(|request: &Request<'_>| {
        let path = request.path().to_owned();
        Reply::blocking(move || path)
    });
    let [first, second] =
        ["/1", "/2"].map(|path| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
    server.input.extend(records(&mut client, &first));
    server.advance();
    let Step::Run(ticket, Work::Blocking(job)) = server.connection.poll() else {
        panic!("no work")
    };
    let Step::Wait(wait) = server.connection.poll() else { panic!("no wait") };
    assert!(!wait.read);
    server.input.extend(records(&mut client, &second));
    server.advance();
    assert!(!server.input.is_empty(), "taken, although not wanted");
    server.connection.receive_eof(now());
    assert!(matches!(server.connection.poll(), Step::Wait(wait) if !wait.read));
    server.connection.complete(ticket, job.run(), &mut server.out, now());
    server.settle();
    let answer = server.send(1 << 20);
    let mut told = Vec::new();
    client.read_tls(&mut &answer[..]).unwrap();
    client.process_new_packets().unwrap();
    let _ = client.reader().read_to_end(&mut told);
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("/1") && told.ends_with("/2"), "{told}");
    server.send(1 << 20);
    assert!(server.shut && server.closed);
}

#[test]
fn a_file_that_becomes_shorter_ends_the_connection_without_close_notify() {
    let (mut client, mut server) = open(|_: &Request<'_>| {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(10).unwrap();
        Response::ok().body(FileRange { file, offset: 0, length: 20 })
    });
    server.receive(&records(&mut client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    let mut answer = server.send(1 << 20);
    answer.extend(server.send(1 << 20));
    answer.extend(server.send(1 << 20));
    assert!(server.closed);
    client.read_tls(&mut &answer[..]).unwrap();
    assert!(!client.process_new_packets().unwrap().peer_has_closed());
}

#[test]
fn reading_a_file_waits_for_room_among_the_work() {
    let (mut client, mut server) = open(|_: &Request<'_>| {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(10).unwrap();
        Response::ok().body(FileRange { file, offset: 0, length: 10 })
    });
    server.input.extend(records(&mut client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    server.advance();
    let all = server.out.len();
    server.out.clear();
    server.connection.sent(all as u64, now());
    let Step::Run(ticket, _) = server.connection.poll() else { panic!("not read") };
    server.connection.complete(ticket, Outcome::Overloaded, &mut server.out, now());
    let Step::Wait(wait) = server.connection.poll() else { panic!("no pause") };
    let later = Now { instant: wait.deadline.unwrap(), ..now() };
    assert!(later.instant <= Instant::now() + Duration::from_secs(1));
    server.connection.handle_timeout(&mut server.out, later);
    assert!(matches!(server.connection.poll(), Step::Run(..)), "not tried again");
}

#[test]
fn input_after_close_notify_is_ignored() {
    let (mut client, mut server) = open(handler);
    client.send_close_notify();
    let mut said = records(&mut client, "");
    said.extend(vec![b'x'; 100_000]);
    server.receive(&said);
    assert!(server.input.is_empty(), "kept");
    server.connection.receive_eof(now());
    server.settle();
    server.send(1 << 20);
    assert!(server.shut && server.closed);
}

#[test]
fn a_body_that_is_cut_off_is_not_taken_for_a_whole_one() {
    // Somebody on the way can end a connection (a truncation attack), but not say close_notify.
    for body in ["Content-Length: 9\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
    {
        let (mut client, mut server) =
            open(|_: &Request<'_>| Reply::collect(|_| -> Response { panic!("whole") }));
        let said = records(&mut client, &format!("POST / HTTP/1.1\r\nHost: h\r\n{body}"));
        server.receive(&said);
        server.connection.receive_eof(now());
        server.settle();
        let told = talk(&mut client, &mut server, 1 << 20);
        assert!(told.starts_with(b"HTTP/1.1 400 "));
        assert!(server.shut && server.closed);
    }
}

#[test]
fn a_connection_that_parts_takes_nothing_more_and_is_gone_in_time() {
    let (mut client, mut server) = open(handler);
    let request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    server.receive(&records(&mut client, request));
    server.send(1 << 20);
    // Its close_notify has no room. Nothing more is wanted, whatever comes.
    assert!(!server.out.is_empty() && !server.read && !server.shut);
    server.receive(&[b'x'; 100_000]);
    server.connection.receive_eof(now());
    server.settle();
    assert!(server.input.is_empty() && !server.read && !server.closed);
    let order = Instant::now() + Duration::from_millis(100);
    server.connection.shutdown(order, now());
    server.settle();
    assert!(server.deadline.is_some_and(|at| at <= order), "outlives the shutdown deadline");
    let late = Now { instant: order, ..now() };
    server.connection.handle_timeout(&mut server.out, late);
    server.settle();
    assert!(server.closed);
}

#[test]
fn a_failure_is_said_although_the_peer_has_closed_and_obeys_the_order_to_stop() {
    let (server_config, _) = configs(&TLS13);
    let tls = Tls::new(setup(&server_config), http(handler), now()).unwrap();
    let mut server = Server::new(tls);
    let order = Instant::now() + Duration::from_millis(100);
    server.connection.shutdown(order, now());
    server.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    server.connection.receive_eof(now());
    server.settle();
    assert!(!server.closed && server.deadline.is_some_and(|at| at <= order));
    assert!(server.send(1000).starts_with(b"HTTP/1.1 400 "));
    assert!(server.shut && server.closed);
}

#[test]
fn times_that_no_clock_can_hold_do_no_harm() {
    let (server_config, _) = configs(&TLS13);
    let long = Setup {
        handshake_timeout: Duration::MAX,
        linger_timeout: Duration::MAX,
        ..Setup::clone(&setup(&server_config))
    };
    let tls = Tls::new(Arc::new(long), http(handler), now()).unwrap();
    let mut server = Server::new(tls);
    server.receive(b"GET / HTTP/1.1\r\n\r\n");
    server.send(1000);
    assert!(server.shut && !server.closed);
}

/// The disk, or the workers, took longer than the peer may.
#[test]
fn a_peer_is_not_cut_because_reading_takes_long() {
    let (mut client, mut server) = open(|_: &Request<'_>| {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(1 << 20).unwrap();
        Response::ok().body(FileRange { file, offset: 0, length: 1 << 20 })
    });
    server.input.extend(records(&mut client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    server.advance();
    let head = server.out.len();
    server.out.clear();
    server.connection.sent(head as u64, now());
    let Step::Run(ticket, Work::Blocking(job)) = server.connection.poll() else {
        panic!("no work")
    };
    let later = |seconds| Now { instant: Instant::now() + Duration::from_secs(seconds), ..now() };
    server.connection.handle_timeout(&mut server.out, later(60));
    assert!(matches!(server.connection.poll(), Step::Wait(wait) if wait.deadline.is_none()));
    server.connection.complete(ticket, job.run(), &mut server.out, later(61));
    server.connection.handle_timeout(&mut server.out, later(61));
    assert!(matches!(server.connection.poll(), Step::Wait(_)), "cut");
    // From then on it is the peer's turn.
    server.connection.handle_timeout(&mut server.out, later(100));
    assert!(matches!(server.connection.poll(), Step::Close));
}
