//! Attacks that only TLS makes possible: handshakes that cost the server more than the client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::attacks::attacker::{Background, Flood, connect, flood, last_words};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY};
use crate::attacks::target::Target;

const FLAGS: [&str; 5] =
    ["--tls-listen", "127.0.0.1:0", "--tls-self-signed", "--handshake-timeout", "600ms"];

/// Buffers of rustls for a handshake that has begun, in KiB.
const HANDSHAKE: u64 = 40;

fn secured(target: &Target) -> TcpStream {
    connect(target.process.tls.unwrap())
}

/// The first record of a client.
fn client_hello() -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// Sees all connections ended without a word of HTTP.
fn expect_no_http(crowd: Vec<TcpStream>) {
    for stream in crowd {
        let told = last_words(stream);
        assert!(!told.starts_with(b"HTTP"), "{told:?}");
    }
}

/// A `ClientHello` that comes byte by byte and is never finished.
pub fn slow_handshakes(stage: Stage) {
    const CROWD: usize = 100;
    Attack::new("slow handshakes").flags(&FLAGS).costs(CROWD, HANDSHAKE + BUSY).play(
        stage,
        |target| {
            let crowd: Vec<_> = (0..CROWD).map(|_| secured(target)).collect();
            let pens: Vec<_> = crowd.iter().map(|it| it.try_clone().unwrap()).collect();
            let trickle = Background::start(move |is_over| {
                let hello = client_hello();
                for byte in &hello[..hello.len() - 1] {
                    if is_over() {
                        break;
                    }
                    for mut pen in &pens {
                        let _ = pen.write_all(&[*byte]);
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
            (trickle, crowd)
        },
        |_, (_trickle, crowd)| expect_no_http(crowd),
    );
}

/// Whole `ClientHello`s, for which the server does its part, and then nothing.
pub fn half_handshakes(stage: Stage) {
    const CROWD: usize = 100;
    Attack::new("half handshakes").flags(&FLAGS).costs(CROWD, HANDSHAKE + BUSY).play(
        stage,
        |target| {
            let hello = client_hello();
            let begin = |_| {
                let mut stream = secured(target);
                stream.write_all(&hello).unwrap();
                stream
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, crowd| {
            for mut stream in &crowd {
                let mut answer = [0];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!(answer, [0x16], "the server's part of a handshake");
            }
            expect_no_http(crowd);
        },
    );
}

/// Garbage in place of a handshake, without an end: random, and records of many kinds that are
/// none.
pub fn garbage_for_a_handshake(stage: Stage) {
    const MOST: usize = 8 << 20;
    const KINDS: [&[u8]; 4] = [
        b"\x9f\x02\xb7\x5c",
        // A record of the greatest length, and a handshake message in it that is longer than any.
        b"\x16\x03\x01\x40\x00\x01\xff\xff\xff",
        // An empty record of application data; alerts; a message that asks to change the cipher.
        b"\x17\x03\x03\x00\x00",
        b"\x15\x03\x03\x00\x02\x01\x5a\x14\x03\x03\x00\x01\x01",
    ];
    Attack::new("garbage for a handshake")
        .flags(&FLAGS)
        .costs(2 * KINDS.len(), 64 + BUSY + BURST)
        .play(
            stage,
            |target| {
                let twice = KINDS.iter().chain(&KINDS);
                twice.map(|kind| flood(secured(target), "", kind, MOST)).collect::<Vec<_>>()
            },
            |_, floods| {
                for (kind, flood) in KINDS.iter().chain(&KINDS).zip(floods) {
                    let Flood { told, .. } = flood.wait();
                    assert!(told.is_empty() || told[0] == 0x15, "{kind:?}: {told:?}");
                }
            },
        );
}
