//! The binary over TLS: its certificates, and what leads clients to them.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::process::command;
use crate::tls::{self, Stream, get, message};

/// Makes a new pair for these hosts, or replaces the one of that name; returns the path of its
/// certificate.
fn put_pair(dir: &Path, name: &str, hosts: &[&str]) -> PathBuf {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(hosts).unwrap();
    for (end, text) in [("key", made.signing_key.serialize_pem()), ("pem", made.cert.pem())] {
        fs::write(dir.join("unfinished"), text).unwrap();
        fs::rename(dir.join("unfinished"), dir.join(format!("{name}.{end}"))).unwrap();
    }
    dir.join(format!("{name}.pem"))
}

fn connect(
    server: &Process,
    name: &'static str,
    trusted: &[PathBuf],
    version: &'static SupportedProtocolVersion,
) -> Stream {
    tls::client(TcpStream::connect(server.tls.unwrap()).unwrap(), name, trusted, version)
}

/// A program with these pairs.
fn secured(path: &str, pairs: &[&PathBuf]) -> Command {
    let mut command = command(path);
    command.args(["--tls-listen", "127.0.0.1:0"]);
    for certificate in pairs {
        command.arg("--tls-cert").arg(certificate);
        command.arg("--tls-key").arg(certificate.with_extension("key"));
    }
    command
}

/// The certificate that the server of this connection has sent.
fn sent(stream: &Stream) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0].clone()
}

fn in_file(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

pub fn the_server_name_decides_which_certificate_is_sent(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let first = put_pair(dir.path(), "first", &["first.test"]);
    let wild = put_pair(dir.path(), "wild", &["*.wild.test", "wild.test"]);
    let trusted = [first.clone(), wild.clone()];
    let server = Process::start(secured(path, &[&first, &wild]));
    for (name, expected) in [("first.test", &first), ("a.wild.test", &wild), ("wild.test", &wild)] {
        for version in [&TLS12, &TLS13] {
            let mut stream = connect(&server, name, &trusted, version);
            assert_eq!(get(&mut stream, "/echo/hello"), b"hello");
            assert_eq!(sent(&stream), in_file(expected), "{name}");
        }
    }
}

pub fn a_replaced_certificate_is_for_new_connections_and_ends_no_old_one(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let certificate = put_pair(dir.path(), "pair", &["localhost"]);
    let old = in_file(&certificate);
    let server = Process::start(secured(path, &[&certificate]));
    let connected = |trusted: &Path| connect(&server, "localhost", &[trusted.into()], &TLS13);
    let mut open = connected(&certificate);
    assert_eq!(get(&mut open, "/echo/before"), b"before");
    put_pair(dir.path(), "pair", &["localhost"]);
    server.signal(Signal::HUP);
    eventually("a new connection gets the new certificate", || {
        let mut stream = connected(&certificate);
        stream.conn.complete_io(&mut stream.sock).is_ok_and(|_| sent(&stream) != old)
    });
    assert_eq!(get(&mut open, "/echo/after"), b"after");
    assert_eq!(sent(&open), old);
}

pub fn plain_http_is_redirected_and_hsts_is_said_over_tls(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let certificate = put_pair(dir.path(), "pair", &["localhost"]);
    let mut command = secured(path, &[&certificate]);
    command.args(["--tls-redirect", "--hsts", "1h"]);
    let server = Process::start(command);
    let redirect = Client::connect(server.address).get("/echo/a?b=c");
    let location =
        format!("\r\nlocation: https://test:{}/echo/a?b=c\r\n", server.tls.unwrap().port());
    assert_eq!(redirect.status, 308);
    assert!(redirect.head.contains(&location), "{redirect:?}");
    assert!(!redirect.head.contains("strict-transport-security"), "{redirect:?}");
    let mut stream = connect(&server, "localhost", &[certificate], &TLS13);
    write!(stream, "GET /echo/a HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (head, body) = message(&mut stream);
    assert!(head.contains("\r\nstrict-transport-security: max-age=3600\r\n"), "{head}");
    assert_eq!(body, b"a");
}
