//! Attacks that only HTTP/2 makes possible: work that costs the client next to nothing (RFC 9113
//! §10.5).

use std::io::{Read, Write};
use std::net::TcpStream;

use conformance::http2::frame::{
    self, INITIAL_WINDOW_SIZE, continuation, data, headers, ping, rst_stream, settings,
    window_update,
};
use conformance::http2::{Code, Frame, PREFACE, request};

use crate::attacks::attacker::{Background, Flood, connect, crowd, flood, last_words};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::large_file;
use crate::attacks::target::Target;

/// Connections of each attack.
const CROWD: usize = 4;

/// The window of streams, as long as nothing else is said.
const WINDOW: u32 = 65_535;

/// Bytes that an attacker may send before it must have been stopped.
const MOST: usize = 16 << 20;

/// Memory of h2 for a connection besides its streams, in KiB: a window of input, a frame of output,
/// the tables.
const CONNECTION: u64 = 256;

fn get(path: &str) -> Vec<u8> {
    request("GET", path)
}

fn begin(window: u32, frames: &[Frame]) -> Vec<u8> {
    let mut bytes = PREFACE.as_bytes().to_vec();
    bytes.extend(settings(&[(INITIAL_WINDOW_SIZE, window)]).encode());
    frames.iter().for_each(|frame| bytes.extend(frame.encode()));
    bytes
}

/// The same first words and then the same frames, on some connections. A server has nothing to say
/// to those that begin with a flood, so it begins when the server has said something.
fn floods(target: &Target, window: u32, first: &[Frame], then: &[u8]) -> Vec<Background<Flood>> {
    let first = begin(window, first);
    let begin = |_| {
        let mut stream = connect(target.address);
        stream.write_all(&first).unwrap();
        stream.peek(&mut [0]).unwrap();
        flood(stream, "", then, MOST)
    };
    (0..CROWD).map(begin).collect()
}

fn frames(mut told: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((frame, length)) = Frame::read(told) {
        frames.push(frame);
        told = &told[length..];
    }
    frames
}

/// Reads frames until there are enough of them.
fn until(mut stream: TcpStream, is_enough: impl Fn(&[Frame]) -> bool) -> Vec<Frame> {
    let mut told = Vec::new();
    let mut piece = [0; 16 << 10];
    while !is_enough(&frames(&told)) {
        let bytes = stream.read(&mut piece).unwrap();
        assert_ne!(bytes, 0, "the end came first: {:?}", frames(&told));
        told.extend(&piece[..bytes]);
    }
    frames(&told)
}

/// The reason of the GOAWAY that is the last word.
fn reason(told: &[u8]) -> Option<Code> {
    let frames = frames(told);
    let goaway = frames.iter().rfind(|frame| frame.kind == frame::GOAWAY)?;
    Code::read(goaway.number(4)?)
}

fn expect_calm(floods: Vec<Background<Flood>>) {
    for flood in floods {
        let Flood { sent, told } = flood.wait();
        assert_eq!(reason(&told), Some(Code::EnhanceYourCalm), "after {sent} bytes");
    }
}

/// Encodes something of many streams, one after the other.
fn streams(numbers: std::ops::Range<u32>, frames: impl Fn(u32) -> Vec<Frame>) -> Vec<u8> {
    let odd = numbers.map(|number| 2 * number + 1);
    odd.flat_map(frames).flat_map(|frame| frame.encode()).collect()
}

/// Requests that are cancelled as soon as they are made (CVE-2023-44487).
pub fn rapid_reset(stage: Stage) {
    let cancelled =
        |stream| vec![headers(stream, get("/sleep/5000")).end_stream(), rst_stream(stream, 8)];
    let requests = streams(0..20_000, cancelled);
    Attack::new("rapid reset").costs(CROWD, CONNECTION).play(
        stage,
        |target| floods(target, WINDOW, &[], &requests),
        |_, floods| expect_calm(floods),
    );
}

/// A field section without an end, in frames with something in them and with nothing.
pub fn continuation_floods(stage: Stage) {
    let first = [headers(1, get("/echo/x")).unfinished()];
    // A literal field without indexing, of a name and a value that are no Huffman code.
    let field = [&b"\0\x01a\x64"[..], &[b'x'; 100]].concat();
    let endless = [Vec::new(), field].map(|block| continuation(1, block).unfinished().encode());
    Attack::new("CONTINUATION floods").costs(2 * CROWD, CONNECTION).play(
        stage,
        |target| {
            endless.iter().flat_map(|it| floods(target, WINDOW, &first, it)).collect::<Vec<_>>()
        },
        |_, floods| expect_calm(floods),
    );
}

/// Settings that change nothing, each of which is to be acknowledged.
pub fn settings_floods(stage: Stage) {
    Attack::new("SETTINGS floods").costs(CROWD, CONNECTION).play(
        stage,
        |target| floods(target, WINDOW, &[], &settings(&[]).encode()),
        |_, floods| expect_calm(floods),
    );
}

/// Pings, each of which is to be answered.
pub fn ping_floods(stage: Stage) {
    Attack::new("PING floods").costs(CROWD, CONNECTION).play(
        stage,
        |target| floods(target, WINDOW, &[], &ping(b"annoying").encode()),
        |_, floods| expect_calm(floods),
    );
}

/// Frames of a body without any body in them.
pub fn empty_data_floods(stage: Stage) {
    let upload = [headers(1, request("POST", "/echo"))];
    Attack::new("empty DATA floods").costs(CROWD, CONNECTION).play(
        stage,
        |target| floods(target, WINDOW, &upload, &data(1, b"").encode()),
        |_, floods| expect_calm(floods),
    );
}

/// A response that is asked for byte by byte.
pub fn one_byte_window_updates(stage: Stage) {
    Attack::new("one-byte window updates").costs(CROWD, CONNECTION).play(
        stage,
        |target| {
            large_file(target, 1 << 20);
            let request = headers(1, get("/files/large")).end_stream();
            floods(target, 0, &[request], &window_update(1, 1).encode())
        },
        |_, floods| expect_calm(floods),
    );
}

/// As many large responses as there may be at once, and no window for any of them.
pub fn zero_windows(stage: Stage) {
    const STREAMS: u32 = 100;
    /// Bytes of a file that are read ahead of the window, in KiB.
    const AHEAD: u64 = 40;
    Attack::new("zero windows")
        .flags(&["--write-timeout", "1500ms"])
        .costs(CROWD, CONNECTION + AHEAD * u64::from(STREAMS))
        .play(
            stage,
            |target| {
                large_file(target, 1 << 20);
                let ask = |stream| vec![headers(stream, get("/files/large")).end_stream()];
                let said = [begin(0, &[]), streams(0..STREAMS, ask)].concat();
                crowd(CROWD, target.address, |_| said.clone())
            },
            |_, crowd| {
                for stream in crowd {
                    let frames = until(stream, |frames| {
                        let resets = frames.iter().filter(|frame| frame.kind == frame::RST_STREAM);
                        resets.count() == STREAMS as usize
                    });
                    let mut data = frames.iter().filter(|frame| frame.kind == frame::DATA);
                    assert!(data.all(|frame| frame.payload.is_empty()), "there was no window");
                }
            },
        );
}

/// Many more requests at once than there may be: those beyond are refused, and refusing them for
/// ever is no way to spend one's time.
pub fn too_many_streams(stage: Stage) {
    /// A sleeping request, in KiB.
    const STREAM: u64 = 8;
    let ask = |stream| vec![headers(stream, get("/sleep/5000")).end_stream()];
    let requests = streams(0..20_000, ask);
    Attack::new("too many streams").costs(CROWD, CONNECTION + 100 * STREAM).play(
        stage,
        |target| floods(target, WINDOW, &[], &requests),
        |_, floods| expect_calm(floods),
    );
}

/// The preface and then silence, or a frame that never becomes whole.
pub fn half_frames(stage: Stage) {
    const MANY: usize = 100;
    let half = |number: usize| {
        let whole = begin(0, &[headers(1, get("/echo/x")).end_stream()]);
        whole[..whole.len() - [1, 15][number % 2]].to_vec()
    };
    Attack::new("half frames").flags(&["--head-timeout", "600ms"]).costs(MANY, CONNECTION).play(
        stage,
        |target| crowd(MANY, target.address, half),
        |_, crowd| {
            for stream in crowd {
                let told = last_words(stream);
                assert!(reason(&told).is_some(), "{:?}", frames(&told));
            }
        },
    );
}
