//! What RFC 6455 asks of a server, frame by frame: bytes that come, frames that are expected, in
//! every split.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use common::{
    BINARY, CLOSE, CONTINUATION, Echo, FINAL, PING, PONG, Server, TEXT, frame, frames, header,
    masked, plain, status, text,
};
use layer_websocket::Limits;

/// Small ones, so that both sides of them can be tested in every split.
fn limits() -> Limits {
    Limits { max_message: 300, max_frame: 200, ..Limits::default() }
}

/// A row: what it shows, what comes, which frames are expected, and how the socket is told the end.
type Row = (&'static str, Vec<u8>, Vec<(u8, Vec<u8>)>, Option<&'static str>);

fn echoed(opcode: u8, payload: &[u8]) -> (u8, Vec<u8>) {
    (FINAL | opcode, payload.to_vec())
}

fn closes(code: u16) -> (u8, Vec<u8>) {
    (CLOSE, status(code, ""))
}

fn messages() -> Vec<Row> {
    let say = |payload: &[u8]| vec![echoed(TEXT, payload)];
    let mut sample = vec![0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d];
    sample.extend_from_slice(&[0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    let hel_lo = [frame(TEXT, b"Hel"), frame(FINAL | CONTINUATION, b"lo")].concat();
    let with_ping =
        [frame(TEXT, b"Hel"), frame(PING, b"?"), frame(FINAL | CONTINUATION, b"lo")].concat();
    let empty_parts =
        [frame(TEXT, b""), frame(CONTINUATION, b""), frame(FINAL | CONTINUATION, b"x")].concat();
    let cut_character =
        [frame(TEXT, b"\xf0\x9f"), frame(CONTINUATION, b"\x92"), frame(FINAL, b"\xa9")].concat();
    let longest = [frame(BINARY, &[7; 200]), frame(FINAL, &[8; 100])].concat();
    vec![
        ("§5.7: Hello", sample, say(b"Hello"), None),
        ("§5.7: Hello in fragments", hel_lo, say(b"Hello"), None),
        (
            "§5.4: a Ping between fragments",
            with_ping,
            vec![(PONG, b"?".to_vec()), echoed(TEXT, b"Hello")],
            None,
        ),
        ("empty text", frame(FINAL | TEXT, b""), say(b""), None),
        ("empty bytes", frame(FINAL | BINARY, b""), vec![echoed(BINARY, b"")], None),
        ("empty fragments", empty_parts, say(b"x"), None),
        ("a character cut into fragments", cut_character, say("💩".as_bytes()), None),
        ("bytes are no text", frame(FINAL | BINARY, b"\xff"), vec![echoed(BINARY, b"\xff")], None),
        (
            "125 and 126 bytes",
            [frame(FINAL | BINARY, &[1; 125]), frame(FINAL | BINARY, &[1; 126])].concat(),
            vec![echoed(BINARY, &[1; 125]), echoed(BINARY, &[1; 126])],
            None,
        ),
        (
            "the longest message",
            longest,
            vec![echoed(BINARY, &[[7; 200].to_vec(), [8; 100].to_vec()].concat())],
            None,
        ),
        ("§5.5.2: Ping", frame(PING, &[9; 125]), vec![(PONG, vec![9; 125])], None),
        ("§5.5.3: a Pong that nobody asked for", frame(PONG, b"so"), vec![], None),
        (
            "Pings are answered in order",
            [frame(PING, b"1"), frame(PING, b""), frame(PING, b"3")].concat(),
            vec![(PONG, b"1".to_vec()), (PONG, vec![]), (PONG, b"3".to_vec())],
            None,
        ),
    ]
}

fn closing() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        (
            "§5.5.1: Close without a status",
            frame(CLOSE, b""),
            vec![(CLOSE, vec![])],
            Some("clean 1005 "),
        ),
        (
            "Close with a reason",
            frame(CLOSE, &status(1000, "bye")),
            vec![closes(1000)],
            Some("clean 1000 bye"),
        ),
        (
            "Close in the middle of a message",
            [frame(TEXT, b"Hel"), frame(CLOSE, &status(1001, "")), frame(FINAL, b"lo")].concat(),
            vec![closes(1001)],
            Some("clean 1001 "),
        ),
        (
            "§5.5.1: nothing after Close is looked at",
            [frame(CLOSE, &status(1000, "")), text("late"), frame(PING, b""), vec![0xff; 20]]
                .concat(),
            vec![closes(1000)],
            Some("clean 1000 "),
        ),
        ("half a code", frame(CLOSE, b"\x03"), vec![closes(1002)], Some("failed 1002")),
        (
            "a reason that is not UTF-8",
            frame(CLOSE, &status(1000, b"\xed\xa0\x80")),
            vec![closes(1007)],
            Some("failed 1007"),
        ),
        (
            "the longest reason",
            frame(CLOSE, &status(4000, [b'x'; 123])),
            vec![closes(4000)],
            Some(
                "clean 4000 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
                 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
                  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ),
        ),
    ];
    // §7.4
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
        .into_iter()
        .chain([3000, 3999, 4000, 4999])
    {
        let how: &'static str = format!("clean {code} ").leak();
        rows.push(("a code", frame(CLOSE, &status(code, "")), vec![closes(code)], Some(how)));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        let comes = frame(CLOSE, &status(code, ""));
        rows.push(("no code", comes, vec![closes(1002)], Some("failed 1002")));
    }
    rows
}

fn breaches() -> Vec<Row> {
    let fails = |what, comes: Vec<u8>, code| -> Row {
        let how: &'static str = format!("failed {code}").leak();
        (what, comes, vec![closes(code)], Some(how))
    };
    let mut rows = vec![
        fails("§5.1: not masked", vec![0x81, 0x01, b'x'], 1002),
        fails("§5.4: nothing to continue", frame(FINAL | CONTINUATION, b"x"), 1002),
        fails("§5.4: nothing to continue either", frame(CONTINUATION, b""), 1002),
        fails(
            "§5.4: a message within a message",
            [frame(TEXT, b"a"), frame(FINAL | TEXT, b"b")].concat(),
            1002,
        ),
        fails(
            "§5.4: of another kind",
            [frame(TEXT, b"a"), frame(FINAL | BINARY, b"b")].concat(),
            1002,
        ),
        fails("§5.5: a Ping of 126 bytes", frame(PING, &[0; 126]), 1002),
        fails("§5.5: a Pong of 126 bytes", frame(PONG, &[0; 126]), 1002),
        fails("§5.5: a Close of 126 bytes", frame(CLOSE, &status(1000, [b'x'; 124])), 1002),
        fails("§5.5: a Ping in fragments", frame(9, b""), 1002),
        fails("§5.5: a Close in fragments", frame(8, b""), 1002),
        fails(
            "§5.2: 125 in three bytes",
            [vec![0x82, 0xfe, 0, 125], vec![0; 4 + 125]].concat(),
            1002,
        ),
        fails(
            "§5.2: 126 in nine bytes",
            [vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 126], vec![0; 4 + 126]].concat(),
            1002,
        ),
        fails("§5.2: the highest bit", [vec![0x82, 0xff, 0x80], vec![0; 7 + 4]].concat(), 1002),
        fails("§10.4: too long a frame", frame(FINAL | BINARY, &[0; 201]), 1009),
        fails(
            "§10.4: the longest length",
            [vec![0x82, 0xff, 0x7f], vec![0xff; 7], vec![0; 4]].concat(),
            1009,
        ),
        fails(
            "§10.4: too long a message",
            [frame(BINARY, &[0; 200]), frame(FINAL, &[0; 101])].concat(),
            1009,
        ),
    ];
    for first in [0xc1, 0xa1, 0x91, 0xf1, 0xc9, 0xa8, 0xda] {
        rows.push(fails("§5.2: reserved bits", frame(first, b""), 1002));
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        rows.push(fails("§5.2: reserved opcodes", frame(FINAL | opcode, b""), 1002));
        rows.push(fails("§5.2: reserved opcodes", frame(FINAL | opcode, b"x"), 1002));
    }
    // §8.1. Not in one piece, too long a form, a surrogate, beyond the last, not at its end.
    for bytes in [&b"\x80"[..], b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
        .into_iter()
        .chain([&b"ok\xff"[..], b"\xf8", b"\xce", b"\xf0\x9f\x92", b"\xe2\x28\xa1"])
    {
        rows.push(fails("§8.1: not UTF-8", frame(FINAL | TEXT, bytes), 1007));
        let (first, last) = bytes.split_at(1);
        let fragments = [frame(TEXT, first), frame(FINAL, last)].concat();
        rows.push(fails("§8.1: not UTF-8, in fragments", fragments, 1007));
    }
    rows
}

/// Sends the pieces; returns the frames that are said, and what the socket has been told.
fn exchange<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<(u8, Vec<u8>)>, Vec<String>) {
    let echo = Echo::new();
    let mut server = Server::new(limits(), echo.clone());
    for piece in pieces {
        server.receive(piece);
    }
    (plain(frames(&server.told)), echo.log())
}

#[test]
fn every_requirement_holds_in_every_split() {
    for (what, comes, expected, how) in
        messages().into_iter().chain(closing()).chain(breaches()).collect::<Vec<_>>()
    {
        let check = |pieces: Vec<&[u8]>| {
            let sizes: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
            let (said, log) = exchange(pieces);
            assert_eq!(said, expected, "{what}: {comes:02x?} in {sizes:?}");
            assert_eq!(log.first().map(String::as_str), how, "{what}");
        };
        check(vec![&comes]);
        check(comes.chunks(1).collect());
        for at in 1..comes.len() {
            check(vec![&comes[..at], &comes[at..]]);
        }
    }
}

/// Lengths that are written in each of the three ways, there and back.
#[test]
fn lengths_are_written_as_short_as_can_be() {
    for length in [0, 1, 125, 126, 127, 65535, 65536, 200_000] {
        let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let limits = Limits { max_message: length, max_frame: length, ..Limits::default() };
        let mut server = Server::new(limits, Echo::new());
        server.receive(&frame(FINAL | BINARY, &payload));
        let head = match length {
            0..=125 => 2,
            126..=65535 => 4,
            _ => 10,
        };
        assert_eq!(server.told.len(), head + length);
        assert!(frames(&server.told) == [(FINAL | BINARY, payload)], "{length}");
    }
}

/// What is wrong is said at once, and not when the frame is whole.
#[test]
fn failures_do_not_wait_for_the_rest() {
    let mut announced = header(FINAL | TEXT, 100);
    announced.extend(masked(b"fine\xf4\x90"));
    let fine_so_far = announced.len() - 1;
    for (what, comes, needed, code) in [
        ("the first wrong byte of text", announced, fine_so_far, 1007),
        ("too long a frame", header(FINAL | BINARY, 1 << 40), 13, 1009),
        ("too long a Ping", header(PING, 1 << 40), 13, 1002),
        ("a reserved bit", header(0xc2, 100), 5, 1002),
    ] {
        let (said, _) = exchange([&comes[..needed]]);
        assert_eq!(said, [], "{what}: too early");
        let (said, log) = exchange([&comes[..]]);
        assert_eq!(said, [closes(code)], "{what}");
        assert_eq!(log, [format!("failed {code}")]);
    }
}
