//! TLS, which no backend knows of.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::App;
use app::certificates::{Certificates, self_signed, server_config};
use app::store::Store;
use backend_common::{Backend, Handle, Server, socket};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use tempfile::TempDir;

use crate::client::{Client, eventually};
use crate::fixtures::{end, server};
use crate::websocket;

const SOON: Duration = Duration::from_secs(5);

/// The demo application with a TLS listener.
struct Secured {
    handle: Handle,
    address: SocketAddr,
    dir: TempDir,
}

/// Starts one, whose handshakes may take so long.
fn secured<B: Backend>(
    model: B,
    handshake_timeout: Duration,
    set_up: impl FnOnce(Server<B>) -> Server<B>,
) -> Secured {
    let dir = tempfile::tempdir().unwrap();
    let setup = layer_tls::Setup { handshake_timeout, ..setup(dir.path()) };
    let server = set_up(server(model).threads(16)).tls("127.0.0.1:0", setup).unwrap();
    let address = server.tls_address().unwrap();
    let app = App::new(B::NAME, "test").files(Store::open(dir.path()).unwrap());
    Secured { handle: server.spawn(app).unwrap(), address, dir }
}

/// TLS with a certificate that is kept there.
pub(crate) fn setup(dir: &Path) -> layer_tls::Setup {
    let made = self_signed(dir).unwrap();
    let certificates = Certificates::load(vec![(made.certificate, made.key)]).unwrap();
    layer_tls::Setup {
        config: server_config(certificates, &[b"h2", b"http/1.1"]).unwrap(),
        handshake_timeout: SOON,
        linger_timeout: Duration::from_secs(1),
        read_file: socket::read_file,
    }
}

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A client that trusts the certificate that is kept there.
pub(crate) fn connect(
    address: SocketAddr,
    dir: &Path,
    version: &'static SupportedProtocolVersion,
) -> Stream {
    over(TcpStream::connect(address).unwrap(), dir, version)
}

/// The same over a connection that is there already.
pub(crate) fn over(
    stream: TcpStream,
    dir: &Path,
    version: &'static SupportedProtocolVersion,
) -> Stream {
    client(stream, "localhost", &[dir.join("localhost.pem")], version)
}

/// A client of the server of this name, that trusts these certificates.
pub(crate) fn client(
    stream: TcpStream,
    name: &'static str,
    trusted: &[PathBuf],
    version: &'static SupportedProtocolVersion,
) -> Stream {
    let mut roots = RootCertStore::empty();
    for path in trusted {
        roots.add(CertificateDer::from_pem_file(path).unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// Reads one response; returns its status and its body.
pub(crate) fn response(stream: &mut Stream) -> (u16, Vec<u8>) {
    let (head, body) = message(stream);
    (head[9..12].parse().unwrap(), body)
}

/// Reads one response; returns its head and its body.
pub(crate) fn message(stream: &mut Stream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

pub(crate) fn get(stream: &mut Stream, path: &str) -> Vec<u8> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (status, body) = response(stream);
    assert_eq!(status, 200, "{path}");
    body
}

/// Both listeners, both versions, effects of every kind, much in both directions.
pub fn every_effect_works_over_tls<B: Backend>(model: B) {
    const SIZE: usize = 3 << 20;
    let Secured { handle, address, dir } = secured(model, SOON, |server| server);
    assert_eq!(Client::connect(handle.address()).get("/echo/plain").text(), "plain");
    for version in [&TLS12, &TLS13] {
        let mut stream = connect(address, dir.path(), version);
        for path in ["/echo/hello", "/echo/again"] {
            assert_eq!(get(&mut stream, path), &path.as_bytes()[6..]);
        }
        assert_eq!(get(&mut stream, "/sleep/20"), b"slept for 20 ms\n");
        assert!(get(&mut stream, "/work/20").starts_with(b"worked for 20 ms"));
        let body: Vec<u8> = (0..SIZE).map(|at| ((at * at) >> 3) as u8).collect();
        write!(stream, "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n")
            .unwrap();
        stream.write_all(&body).unwrap();
        assert!(matches!(response(&mut stream).0, 201 | 204));
        assert!(get(&mut stream, "/files/x") == body, "the file came back otherwise");
    }
    let report = handle.shutdown(SOON).unwrap();
    assert_eq!((report.requests, report.aborted), (13, 0));
}

/// Shutdown reaches both listeners; requests under way are answered, and `close_notify` is sent.
pub fn shutdown_ends_tls_connections_with_close_notify<B: Backend>(model: B) {
    let Secured { handle, address, dir } = secured(model, SOON, |server| server);
    let mut idle = connect(address, dir.path(), &TLS13);
    assert_eq!(get(&mut idle, "/echo/x"), b"x");
    let mut busy = connect(address, dir.path(), &TLS13);
    assert_eq!(get(&mut busy, "/echo/x"), b"x");
    write!(busy, "GET /sleep/300 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let silent = TcpStream::connect(address).unwrap(); // never begins its handshake
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    let stopping = std::thread::spawn(move || handle.shutdown(SOON).unwrap());
    assert_eq!(response(&mut busy), (200, b"slept for 300 ms\n".to_vec()));
    for stream in [&mut idle, &mut busy] {
        // Without a close_notify this would be an error.
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    drop((idle, busy));
    assert_eq!(stopping.join().unwrap().aborted, 0);
    assert!(start.elapsed() < SOON);
    drop(silent);
}

/// Two layers over each other: messages of every kind, and an end that is said by both.
pub fn websockets_are_spoken_over_tls<B: Backend>(model: B) {
    let Secured { handle, address, dir } = secured(model, SOON, |server| server);
    for version in [&TLS12, &TLS13] {
        let stream = connect(address, dir.path(), version);
        let mut client = websocket::open(stream, "/ws/echo");
        websocket::converse(&mut client);
        // Without a close_notify this would be an error.
        assert_eq!(client.get_mut().read(&mut [0]).unwrap(), 0);
    }
    assert_eq!(handle.shutdown(SOON).unwrap().aborted, 0);
}

/// Plain HTTP, garbage, and nothing at all: each is dealt with, and its place is free again.
pub fn clients_that_speak_no_tls_are_answered_and_closed<B: Backend>(model: B) {
    let Secured { handle, address, dir } =
        secured(model, Duration::from_secs(1), |server| server.max_connections(1));
    let mut plain = Client::connect(address);
    let told = plain.get("/");
    assert_eq!((told.status, told.closes()), (400, true));
    assert!(told.text().contains("TLS is spoken here"), "{told:?}");
    drop(plain);
    let mut garbage = Client::connect(address);
    garbage.send([0x16, 3, 1, 0, 5, b'h', b'e', b'l', b'l', b'o']);
    let mut alert = Vec::new();
    let _ = garbage.stream.read_to_end(&mut alert);
    assert!(alert.is_empty() || alert[0] == 0x15, "{alert:?}");
    drop(garbage);
    let mut silent = TcpStream::connect(address).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "its time was up");
    assert_eq!(get(&mut connect(address, dir.path(), &TLS13), "/echo/x"), b"x");
    // And the other way round: a handshake is no HTTP.
    eventually("the plain listener closes a handshake", || {
        let mut stream = connect(handle.address(), dir.path(), &TLS13);
        write!(stream, "GET / HTTP/1.1\r\n\r\n").is_err()
    });
    end(handle);
}
