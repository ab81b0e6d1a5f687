//! The binary: its command line, signals, memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::child::Process;
use crate::client::Client;

pub(crate) fn command(path: &str) -> Command {
    let mut command = Command::new(path);
    command.args(["--listen", "127.0.0.1:0", "--threads", "2"]);
    command
}

pub fn the_binary_names_its_address_and_shuts_down_on_a_signal(path: &str) {
    let server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/healthz").text(), "ok\n");
    client.ask("/sleep/300");
    std::thread::sleep(Duration::from_millis(100));
    server.signal(Signal::TERM);
    assert_eq!(client.response().text(), "slept for 300 ms\n");
    drop(client); // or the server would linger
    let (code, output) = server.end();
    assert_eq!(code, Some(0));
    assert!(output.contains("2 requests on 1 connections, 0 aborted"), "{output}");
}

pub fn a_second_signal_ends_at_once(path: &str) {
    let mut server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    client.ask("/stream/1000");
    client.stream.peek(&mut [0]).unwrap();
    let start = Instant::now();
    server.signal(Signal::INT);
    // Signals are not counted: the first has to be seen before the second is one.
    let mut line = String::new();
    server.lines.read_line(&mut line).unwrap();
    assert!(line.starts_with("Stopping"), "{line}");
    server.signal(Signal::INT);
    let (code, output) = server.end();
    assert_eq!(code, Some(0));
    assert!(output.contains("1 aborted"), "{output}");
    assert!(start.elapsed() < Duration::from_secs(5), "the second signal did not end it");
}

pub fn a_taken_port_is_said_in_one_line(path: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(path).args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with(&format!("error: cannot listen on {address}: Address")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

pub fn a_wrong_flag_is_a_usage_error(path: &str) {
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (flags, part) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--threads", "0"], "at least 1"),
        (&["--site", "/no/such/place"], "not a directory"),
        (&["--idle-timeout", "soon"], "such as 500ms"),
        (&["--max-head", "16x"], "such as 512B"),
        (&["--listen", ":8080"], "0.0.0.0:8080"),
        (&["--healthz"], "--site"),
        (&["--listing"], "needs a directory: DIR"),
        (&["--model", "astrology"], "astrology"),
        (&["--listen", "nonsense"], "such as 127.0.0.1:8080"),
        (&["--tls-listen", "127.0.0.1:0"], "needs a certificate: --tls-cert"),
        (&["--tls-self-signed"], "--tls-listen"),
        (&["--tls-listen", "127.0.0.1:0", "--tls-cert", "no.pem"], "cannot be read"),
        (&["--tls-listen", "127.0.0.1:0", "--tls-cert", FILE], "--tls-key"),
        (&["--tls-listen", "[::1]:0", "--tls-key", FILE], "--tls-cert"),
        (
            &["--tls-listen", "[::1]:0", "--tls-cert", FILE, "--tls-cert", FILE, "--tls-key", FILE],
            "names 2 and --tls-key 1",
        ),
    ] {
        let output = Command::new(path).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(part), "{said}");
    }
}

/// SIGHUP means that certificates are read again where there are any, and the end where there are
/// none.
pub fn sighup_reloads_certificates_and_ends_a_server_without(path: &str) {
    let home = tempfile::tempdir().unwrap();
    let mut secured = command(path);
    secured.env("HOME", home.path()).args(["--tls-listen", "127.0.0.1:0", "--tls-self-signed"]);
    let secured = Process::start(secured);
    assert!(secured.note.contains("SHA-256 "), "{}", secured.note);
    secured.signal(Signal::HUP);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(Client::connect(secured.address).get("/healthz").status, 200);
    secured.signal(Signal::TERM);
    assert_eq!(secured.end().0, Some(0));

    let plain = Process::start(command(path));
    plain.signal(Signal::HUP);
    assert_eq!(plain.end().0, Some(0));
}

/// An upload and a download of 32 MiB each, in a server that never holds more than a few pieces.
pub fn memory_stays_flat_whatever_the_size_of_a_file(path: &str) {
    const SIZE: usize = 32 << 20;
    let server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/healthz").status, 200);
    let before = server.peak_memory();
    client.send(format!("PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n"));
    let piece = vec![b'x'; 1 << 20];
    (0..SIZE / piece.len()).for_each(|_| client.send(&piece));
    assert_eq!(client.response().status, 201);
    assert_eq!(client.get("/files/x").body.len(), SIZE);
    if let (Some(before), Some(after)) = (before, server.peak_memory()) {
        assert!(after < before + (8 << 10), "grew from {before} to {after} KiB");
    }
    drop(client);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

/// A file whose length and places do not fit into 32 bits, of which next to nothing is on the disk.
pub fn memory_stays_flat_while_five_gibibytes_are_sent(path: &str) {
    const SIZE: u64 = 5 << 30;
    const PLACE: u64 = (4 << 30) + 12_345;
    const MARK: &[u8] = b"here";
    let site = tempfile::tempdir().unwrap();
    let mut file = File::create(site.path().join("large.bin")).unwrap();
    file.set_len(SIZE).unwrap();
    file.seek(SeekFrom::Start(PLACE)).unwrap();
    file.write_all(MARK).unwrap();
    let mut command = command(path);
    command.arg("--site").arg(site.path());
    let server = Process::start_as_is(command);
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/nothing").status, 404);
    let before = server.peak_memory();
    client.send("GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut stream = BufReader::with_capacity(1 << 20, client.stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).unwrap();
    }
    let zeros = vec![0; 1 << 20];
    let (mut piece, mut count) = (zeros.clone(), 0);
    while count < SIZE {
        let length = stream.read(&mut piece).unwrap();
        assert_ne!(length, 0, "cut after {count} bytes");
        let piece = &mut piece[..length];
        for (place, mark) in (PLACE..).zip(MARK) {
            // Bytes before this piece have no place in it.
            let index = place.checked_sub(count).and_then(|index| usize::try_from(index).ok());
            if let Some(byte) = index.and_then(|index| piece.get_mut(index)) {
                assert_eq!(byte, mark, "at {place}");
                *byte = 0;
            }
        }
        assert!(*piece == zeros[..length], "within {length} bytes at {count}");
        count += length as u64;
    }
    if let (Some(before), Some(after)) = (before, server.peak_memory()) {
        assert!(after < before + (8 << 10), "grew from {before} to {after} KiB");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
