//! Behind a proxy that speaks the PROXY protocol, and how many connections each client may have.

#[cfg(target_os = "linux")]
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::time::Duration;

use app::{Forwarded, ForwardedField, Https, RateLimit};
use backend_common::{Backend, Handle, Limits, Request, Response, Server, TrustedProxies};
use rustls::version::TLS13;
use tokio::io::AsyncWriteExt;

use crate::client::{Client, eventually};
use crate::fixtures::{end, server};
use crate::{http2, tls};

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";

/// As `LINE` in version 2, with an extension.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\
    \xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb\x04\0\x01\0";

const CLIENT: &str = "192.0.2.1:56324";

fn trusted(proxy: &str) -> TrustedProxies {
    TrustedProxies(vec![proxy.parse().unwrap()])
}

fn peer(request: &Request<'_>) -> Response {
    Response::text(request.peer().map(|peer| peer.to_string()).unwrap_or_default())
}

/// A server behind a proxy on this machine, which tells clients who they are.
fn proxied<B: Backend>(model: B) -> Server<B> {
    server(model).threads(16).proxy_protocol(trusted("127.0.0.1"))
}

/// A client that has sent this.
fn sent(server: &Handle, bytes: &[u8]) -> Client {
    let mut client = Client::connect(server.address());
    client.send(bytes);
    client
}

pub fn requests_come_from_the_client_that_a_proxy_names<B: Backend>(model: B) {
    let server = proxied(model).spawn(peer).unwrap();
    for header in [LINE, BINARY] {
        let mut client = sent(&server, header);
        assert_eq!(client.get("/").text(), CLIENT);
        assert_eq!(client.get("/").text(), CLIENT, "and so does the next");
        let request = [header, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
        assert_eq!(sent(&server, &request).response().text(), CLIENT, "in one piece");
        let mut client = Client::connect(server.address());
        request.chunks(1).for_each(|byte| client.send(byte));
        assert_eq!(client.response().text(), CLIENT, "byte by byte");
        for cut in 1..header.len() {
            let mut client = sent(&server, &request[..cut]);
            client.send(&request[cut..]);
            assert_eq!(client.response().text(), CLIENT, "cut at {cut}");
        }
    }
    for own in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut client = sent(&server, own);
        let address = client.stream.local_addr().unwrap();
        assert_eq!(client.get("/").text(), address.to_string(), "the proxy on its own behalf");
    }
    end(server);
}

pub fn connections_without_a_header_are_closed<B: Backend>(model: B) {
    let server = proxied(model).spawn(peer).unwrap();
    let endless = [b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat();
    let huge = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for garbage in [&request[..], b"PROXY TCP4 here there 1 2\r\n", b"\x16\x03\x01", huge, &endless]
    {
        sent(&server, garbage).expect_close();
    }
    for part in [&[][..], &LINE[..20], &BINARY[..20]] {
        let mut client = sent(&server, part);
        client.half_close();
        client.expect_close();
    }
    assert_eq!(sent(&server, LINE).get("/").text(), CLIENT, "others are served");
    let report = server.shutdown(Duration::ZERO).unwrap();
    assert_eq!(report.requests, 1);
}

pub fn a_header_has_to_come_in_time<B: Backend>(model: B) {
    let limits = Limits { head_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = proxied(model).limits(limits).spawn(peer).unwrap();
    let mut clients: Vec<_> =
        [&[][..], &LINE[..1], &BINARY[..27]].map(|part| sent(&server, part)).into();
    clients.iter_mut().for_each(Client::expect_close);
    end(server);
}

pub fn only_trusted_proxies_are_served<B: Backend>(model: B) {
    let server = server(model).proxy_protocol(trusted("192.0.2.0/24")).spawn(peer).unwrap();
    sent(&server, b"").expect_close();
    end(server);
    #[cfg(unix)]
    {
        use std::os::unix::net::{UnixListener, UnixStream};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        for proxy in ["127.0.0.1", "unix"] {
            let _ = std::fs::remove_file(&path);
            let server = Server::from_listener(UnixListener::bind(&path).unwrap()).unwrap();
            let server = server.model(model).threads(4).proxy_protocol(trusted(proxy));
            let server = server.spawn(peer).unwrap();
            let stream = UnixStream::connect(&path).unwrap();
            let mut client = Client::from(backend_common::as_tcp(stream));
            if proxy == "unix" {
                client.send(LINE);
                assert_eq!(client.get("/").text(), CLIENT);
            } else {
                client.expect_close();
            }
            end(server);
        }
    }
}

pub fn tls_and_http2_are_spoken_behind_a_proxy<B: Backend>(model: B) {
    let dir = tempfile::tempdir().unwrap();
    let server = proxied(model).tls("127.0.0.1:0", tls::setup(dir.path())).unwrap();
    let address = server.tls_address().unwrap();
    let server = server.spawn(peer).unwrap();
    for header in [LINE, BINARY] {
        let mut client = Client::connect(address);
        client.send(header);
        let mut stream = tls::over(client.stream, dir.path(), &TLS13);
        assert_eq!(tls::get(&mut stream, "/"), CLIENT.as_bytes());
        http2::run(async {
            let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            stream.write_all(header).await.unwrap();
            let (client, _connection) = http2::handshake(stream).await;
            assert_eq!(http2::get(&client, "/").await, (200, CLIENT.into()));
        });
    }
    end(server);
}

/// A client from another address of this machine.
#[cfg(target_os = "linux")]
fn connect_from(source: &str, server: SocketAddr) -> Client {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source: SocketAddr = source.parse().unwrap();
    socket.bind(&source.into()).unwrap();
    socket.connect(&server.into()).unwrap();
    Client::from(TcpStream::from(socket))
}

pub fn connections_of_each_client_are_bounded<B: Backend>(model: B) {
    let server = server(model).threads(8).max_connections_per_address(2).spawn(peer).unwrap();
    let open = || {
        let mut client = Client::connect(server.address());
        client.get("/");
        client
    };
    let (first, mut second) = (open(), open());
    Client::connect(server.address()).expect_close();
    assert_eq!(server.statistics().sample().connections_over_limit, 1);
    #[cfg(target_os = "linux")]
    assert_eq!(connect_from("127.0.0.2:0", server.address()).get("/").status, 200);
    drop(first);
    eventually("the place of the first", || {
        let mut client = Client::connect(server.address());
        client.stream.shutdown(std::net::Shutdown::Write).is_ok()
            && server.statistics().sample().open.all() < 2
            && client.try_response().is_ok()
    });
    assert_eq!(second.get("/").status, 200);
    end(server);

    let server = proxied(model).max_connections_per_address(1).spawn(peer).unwrap();
    let mut first = sent(&server, LINE);
    assert_eq!(first.get("/").text(), CLIENT);
    sent(&server, BINARY).expect_close();
    let mut other = sent(&server, b"PROXY TCP4 192.0.2.2 198.51.100.1 56324 443\r\n");
    assert_eq!(other.get("/").text(), "192.0.2.2:56324");
    end(server);
}

/// The redirect to HTTPS and the limit of requests see what the handler sees.
pub fn what_trusted_proxies_say_of_the_client_is_believed<B: Backend>(model: B) {
    let handler = Forwarded::new(
        Https::new(peer).redirect(443),
        trusted("127.0.0.0/8"),
        ForwardedField::XForwarded,
    );
    let server = server(model).spawn(handler).unwrap();
    let mut client = Client::connect(server.address());
    let mut ask = |fields: &str| {
        client.send(format!("GET /a HTTP/1.1\r\nHost: inner\r\n{fields}\r\n"));
        client.response()
    };
    let seen = ask("X-Forwarded-For: 1.1.1.1, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n");
    assert_eq!((seen.status, seen.text()), (200, "192.0.2.1:0"));
    let seen = ask("X-Forwarded-Proto: http\r\nX-Forwarded-Host: example.org\r\n");
    assert_eq!(seen.status, 308);
    assert!(seen.head.contains("location: https://example.org/a\r\n"), "{}", seen.head);
    end(server);
}

pub fn requests_of_each_client_are_bounded<B: Backend>(model: B) {
    let server = server(model);
    let statistics = server.statistics();
    let burst = NonZeroU32::new(3).unwrap();
    let handler = RateLimit::new(peer).limit("1/h".parse().unwrap(), burst, 64, statistics);
    let field = ForwardedField::XForwarded;
    let server = server.spawn(Forwarded::new(handler, trusted("127.0.0.1"), field)).unwrap();
    let mut client = Client::connect(server.address());
    let mut ask = |address: &str| {
        client.send(format!("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n"));
        client.response()
    };
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::2"] {
        assert_eq!(ask(address).status, 200);
    }
    let refused = ask("2001:db8::3");
    assert_eq!(refused.status, 429, "it is in the same network");
    assert!(refused.head.contains("retry-after: 3"), "an hour: {}", refused.head);
    assert_eq!(ask("2001:db8:0:1::1").status, 200, "others are answered");
    http2::run(async {
        let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let (client, _connection) = http2::handshake(stream).await;
        for _ in 0..burst.get() {
            assert_eq!(http2::get(&client, "/").await.0, 200);
        }
        assert_eq!(http2::get(&client, "/").await.0, 429, "streams count like requests");
    });
    assert_eq!(server.statistics().sample().requests_over_limit, 2);
    end(server);
}
