//! WebSocket, beside the part of `tungstenite` that the layer stands on: it reads and writes the
//! headers of frames. A message comes and is sent back.

use std::hint::black_box;
use std::io::Cursor;

use layer_websocket::{Limits, WebSocket};
use tungstenite::protocol::frame::FrameHeader;

use crate::client::websocket::message;
use crate::echo::Echo;
use crate::protocols::driven::{Driven, now};
use crate::protocols::measured::Measured;

pub(crate) fn all() -> Vec<Measured> {
    [("16 B", 16), ("4 KiB", 4096)].into_iter().flat_map(echo).collect()
}

fn echo((name, length): (&'static str, usize)) -> [Measured; 2] {
    let payload = vec![b'x'; length];
    let frame = message(&payload);
    let of = (name, frame.len());
    let (mut input, bytes) = (frame.clone(), frame.clone());
    let now = now();
    let mut driven = Driven::new(WebSocket::new(Limits::default(), Echo, now), now);
    let mut out = Vec::with_capacity(64 << 10);
    [
        Measured::new("WebSocket echo", "tungstenite", of, move || {
            out.clear();
            headers(black_box(&bytes), &mut out);
            black_box(&out);
        }),
        Measured::new("WebSocket echo", "layer-websocket", of, move || {
            // It is unmasked in place, and has to be masked again.
            input.copy_from_slice(&frame);
            assert_eq!(driven.receive(black_box(&mut input)), frame.len());
            assert!(driven.out.ends_with(&payload));
        }),
    ]
}

/// Reads the header of a frame, and writes that of its echo.
fn headers(frame: &[u8], out: &mut Vec<u8>) {
    let mut cursor = Cursor::new(frame);
    let (header, length) =
        FrameHeader::parse(&mut cursor).expect("it is correct").expect("it is whole");
    let answer = FrameHeader { opcode: header.opcode, ..FrameHeader::default() };
    answer.format(length, out).expect("there is room in memory");
}
