//! Attacks that only WebSocket makes possible: messages without an end, and answers that are always
//! due.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::attacks::attacker::{Background, Flood, flood, handshake, last_words};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY};
use crate::attacks::target::Target;
use crate::client::Client;

/// Connections of each attack.
const CROWD: usize = 4;

/// The longest message that the demo application takes, in KiB.
const LONGEST: u64 = 16 << 10;

/// A frame of a client, with a mask that changes nothing. The length may be a lie.
fn frame(first: u8, length: u64, payload: &[u8]) -> Vec<u8> {
    let length = match length {
        0..126 => vec![0x80 | length as u8],
        126..0x1_0000 => [&[0xfe][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[0xff][..], &length.to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4], payload].concat()
}

fn whole(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload.len() as u64, payload)
}

const CONTINUATION: u8 = 0x00;
const BINARY: u8 = 0x02;
const FIN: u8 = 0x80;
const PING: u8 = 0x09;

fn open(target: &Target) -> TcpStream {
    let mut client = Client::connect(target.address);
    client.send(handshake("/ws/echo"));
    assert_eq!(client.response().status, 101);
    client.stream
}

/// The status code of the Close frame that is all that is said.
fn close_code(told: &[u8]) -> Option<u16> {
    match told {
        [0x88, _, high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

/// Messages that are announced to be longer than any, and ones that are allowed and never come.
pub fn huge_announced_messages(stage: Stage) {
    const WAITING: usize = 50;
    const HUGE: [u64; 3] = [(LONGEST << 10) + 1, 1 << 40, (1 << 63) - 1];
    Attack::new("huge announced messages").costs(WAITING + HUGE.len(), BUSY).play(
        stage,
        |target| {
            let announce = |length| {
                let mut stream = open(target);
                stream.write_all(&frame(FIN | BINARY, length, b"x")).unwrap();
                stream
            };
            let waiting: Vec<_> = (0..WAITING).map(|_| announce(LONGEST << 10)).collect();
            (HUGE.map(announce), waiting)
        },
        |_, (huge, _waiting)| {
            for stream in huge {
                let told = last_words(stream);
                assert_eq!(close_code(&told), Some(1009), "{told:?}");
            }
        },
    );
}

/// A message in fragments without an end.
pub fn endless_fragments(stage: Stage) {
    let first = whole(BINARY, b"x");
    let fragment = whole(CONTINUATION, &[b'x'; 60_000]);
    // A message that is being put together may be held, and be moved as it grows.
    Attack::new("endless fragments").costs(CROWD, 2 * LONGEST + BUSY + BURST).play(
        stage,
        |target| {
            let begin = |_| flood(open(target), &first, &fragment, 64 << 20);
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, floods| {
            for flood in floods {
                let Flood { sent, told } = flood.wait();
                assert_eq!(close_code(&told), Some(1009), "after {sent} bytes");
            }
        },
    );
}

/// Fragments with nothing in them: they never make a message too long, and must cost no memory.
pub fn empty_fragments(stage: Stage) {
    const FLOOD: usize = 1 << 20;
    let first = whole(BINARY, b"x");
    let fragment = whole(CONTINUATION, b"");
    Attack::new("empty fragments").costs(CROWD, 64 + BUSY + BURST).play(
        stage,
        |target| {
            let begin = |_| {
                let mut stream = open(target);
                let (first, fragments) = (first.clone(), fragment.repeat(FLOOD / fragment.len()));
                Background::start(move |_| {
                    let last = whole(FIN | CONTINUATION, b"y");
                    let sent =
                        [first, fragments, last].iter().all(|it| stream.write_all(it).is_ok());
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    (sent, last_words(stream))
                })
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, floods| {
            for flood in floods {
                assert_eq!(flood.wait(), (true, b"\x82\x02xy".to_vec()));
            }
        },
    );
}

/// Clients that say this again and again, and read nothing of what is said back.
fn never_read(name: &'static str, stage: Stage, said: &[u8]) {
    /// More than the kernel's buffers take.
    const FLOOD: usize = 256 << 20;
    Attack::new(name).costs(CROWD, 2 * 64 + BUSY + BURST).play(
        stage,
        |target| {
            let begin = |_| {
                let mut stream = open(target);
                stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
                let piece = said.repeat((64_usize << 10).div_ceil(said.len()));
                Background::start(move |is_over| {
                    let mut sent = 0;
                    while sent < FLOOD && !is_over() && stream.write_all(&piece).is_ok() {
                        sent += piece.len();
                    }
                    (sent, stream)
                })
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, floods| {
            let stuck: Vec<_> = floods.into_iter().map(Background::wait).collect();
            for (sent, _) in &stuck {
                assert!(*sent < FLOOD, "all was taken");
            }
        },
    );
}

/// Pings, whose answers nobody reads.
pub fn pings_without_ears(stage: Stage) {
    never_read("pings whose answers nobody reads", stage, &whole(FIN | PING, &[b'x'; 125]));
}

/// Messages that are said back, and nobody reads it.
pub fn echoes_without_ears(stage: Stage) {
    never_read("echoes that nobody reads", stage, &whole(FIN | BINARY, &[b'x'; 10_000]));
}

/// Pings, and all answers are read: that is allowed.
pub fn ping_floods(stage: Stage) {
    const PINGS: usize = 5_000;
    let pings = whole(FIN | PING, b"x").repeat(PINGS);
    Attack::new("pings without an end").costs(CROWD, 2 * 64 + BUSY + BURST).play(
        stage,
        |target| {
            let begin = |_| {
                let (mut stream, pings) = (open(target), pings.clone());
                Background::start(move |_| {
                    let ear = stream.try_clone().unwrap();
                    let listening = std::thread::spawn(move || last_words(ear));
                    let _ = stream.write_all(&pings);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    listening.join().unwrap()
                })
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, floods| {
            let pong = b"\x8a\x01x";
            for flood in floods {
                let told = flood.wait();
                assert!(told.chunks(3).all(|frame| frame == pong), "something else than pongs");
                assert!(!told.is_empty());
            }
        },
    );
}
