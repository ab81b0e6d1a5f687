//! RFC 9113 §5.2, §6.1, §6.9: content and the room for it. That content never exceeds its window is
//! held against every case.

use crate::expected::ok;
use crate::http2::compose::{Draft, get, post, rfc9113};
use crate::http2::frame::Code::{
    FlowControlError, FrameSizeError, NoError, ProtocolError, StreamClosed,
};
use crate::http2::frame::{
    INITIAL_WINDOW_SIZE, PADDED, data, headers, rst_stream, settings, window_update,
};
use crate::http2::step::Outcome;

/// The largest window (RFC 9113 §6.9.1).
const MOST: u32 = 0x7fff_ffff;

pub(super) fn cases() -> Vec<Draft> {
    [content(), windows(), changes(), increments()].concat()
}

fn content() -> Vec<Draft> {
    vec![
        rfc9113("6.1", "h2-data-zero", "DATA on stream 0 are a connection error.")
            .send(headers(1, post("/echo")))
            .send(data(0, "test").end_stream())
            .connection_error([ProtocolError]),
        rfc9113("6.1", "h2-data-padded", "Padding is no content.")
            .app()
            .send_all([headers(1, post("/echo")), data(1, "hello").end_stream().padded(200)])
            .response(1, ok("hello")),
        rfc9113("6.1", "h2-data-padded-any", "DATA may be padded.")
            .send_all([headers(1, post("/echo")), data(1, "hello").end_stream().padded(255)])
            .understood(1)
            .goes_on(3),
        rfc9113("6.1", "h2-data-padded-only", "DATA may be nothing but padding.")
            .send_all([
                headers(1, post("/echo")),
                data(1, "").padded(10),
                data(1, "").padded(0),
                data(1, "").end_stream().padded(1),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113(
            "6.1",
            "h2-data-padding-long",
            "Padding that is longer than the frame is an error.",
        )
        .send_all([headers(1, post("/echo")), data(1, "test").end_stream().padded_with(5, b"")])
        .connection_error([ProtocolError]),
        rfc9113(
            "6.1",
            "h2-data-padding-255",
            "Padding of 255 octets in a short frame is an error.",
        )
        .send_all([headers(1, post("/echo")), data(1, "").end_stream().padded_with(255, b"ab")])
        .connection_error([ProtocolError]),
        rfc9113("6.1", "h2-data-padding-missing", "Padding without its length is an error.")
            .send_all([headers(1, post("/echo")), data(1, "").end_stream().flags(PADDED)])
            .connection_error([ProtocolError, FrameSizeError]),
        rfc9113("6.1", "h2-data-padding-set", "Padding that is not zero is let pass, or an error.")
            .send_all([headers(1, post("/echo")), data(1, "a").end_stream().padded_with(3, b"abc")])
            .understood_or_error(1, [ProtocolError]),
        rfc9113("6.1", "h2-data-ended", "DATA behind END_STREAM are a stream error.")
            .send_all([headers(1, post("/echo")), data(1, "a").end_stream(), data(1, "b")])
            .stream_error(1, [StreamClosed]),
        rfc9113("6.1", "h2-data-empty", "DATA may be empty.")
            .app()
            .send(headers(1, post("/echo")))
            .send_all([data(1, ""), data(1, "a"), data(1, ""), data(1, "").end_stream()])
            .response(1, ok("a"))
            .goes_on(3),
    ]
}

fn windows() -> Vec<Draft> {
    let echo = |id, requirement, window| {
        rfc9113("6.9.1", id, requirement).app().send_all([
            settings(&[(INITIAL_WINDOW_SIZE, window)]),
            headers(1, get("/echo/hello")).end_stream(),
        ])
    };
    vec![
        rfc9113("5.2.1", "h2-window-none", "Fields need no room.")
            .send_all([settings(&[(INITIAL_WINDOW_SIZE, 0)]), headers(1, get("/")).end_stream()])
            .head(1)
            .held_at(1, 0)
            .send(window_update(1, 65_535))
            .understood(1),
        echo("h2-window-one", "Content of one octet is sent where there is room for one.", 1)
            .content(1, 1)
            .send(window_update(1, 1))
            .content(1, 2)
            .send(window_update(1, 3))
            .response(1, ok("hello")),
        echo("h2-window-zero", "No content is sent as long as there is no room.", 0)
            .head(1)
            .held_at(1, 0)
            .send(window_update(1, 5))
            .response(1, ok("hello")),
        echo("h2-window-room-early", "Room that is given early is kept.", 2)
            .send(window_update(1, 3))
            .response(1, ok("hello")),
        echo("h2-window-of-one", "A stream without room does not hold up another.", 0)
            .send_all([headers(3, get("/echo/hi")).end_stream(), window_update(3, 2)])
            .response(3, ok("hi"))
            .held_at(1, 0)
            .send(window_update(1, 5))
            .response(1, ok("hello")),
        echo("h2-window-reset", "A stream that waits for room can be reset.", 0)
            .head(1)
            .send(rst_stream(1, 8))
            .send_all([headers(3, get("/echo/hi")).end_stream(), window_update(3, 2)])
            .response(3, ok("hi")),
        rfc9113("6.4", "h2-reset-silent", "Nothing follows on a stream that the client has reset.")
            .app()
            .send_all([
                settings(&[(INITIAL_WINDOW_SIZE, 0)]),
                headers(1, get("/echo/hello")).end_stream(),
            ])
            .head(1)
            .send_all([rst_stream(1, 8), window_update(1, 5)])
            .held_at(1, 0)
            .not(Outcome::Reset(1, vec![NoError, StreamClosed]))
            .send(settings(&[(INITIAL_WINDOW_SIZE, 65_535)]))
            .held_at(1, 0)
            .goes_on(3),
        rfc9113(
            "6.9.1",
            "h2-window-connection",
            "The window of the connection is for all streams.",
        )
        .app()
        .send(headers(1, post("/echo")))
        .send_content(1, 60_000)
        .response(1, ok(vec![b'x'; 60_000]))
        .send(headers(3, post("/echo")))
        .send_content(3, 10_000)
        .content(3, 5_535)
        .send(window_update(0, 1_000))
        .content(3, 6_535)
        .send(window_update(0, 100_000))
        .response(3, ok(vec![b'x'; 10_000])),
        rfc9113("6.9", "h2-window-given", "Room is given for content that has been taken.")
            .app()
            .send_all([window_update(0, 500_000), settings(&[(INITIAL_WINDOW_SIZE, 500_000)])])
            .send(headers(1, post("/echo")))
            .send_content(1, 200_000)
            .response(1, ok(vec![b'x'; 200_000])),
        rfc9113("6.9", "h2-window-given-back", "Room is given back that a reset stream has used.")
            .app()
            .then_each((0..20).map(|number| 2 * number + 1), |case, stream| {
                let request = case.send(headers(stream, post("/echo")));
                request.send_content_and(stream, 20_000, rst_stream(stream, 8))
            })
            .goes_on(101),
    ]
}

/// RFC 9113 §6.9.2.
fn changes() -> Vec<Draft> {
    let window = |size| settings(&[(INITIAL_WINDOW_SIZE, size)]);
    let waiting = |id, requirement, size| {
        rfc9113("6.9.2", id, requirement)
            .app()
            .send_all([window(size), headers(1, get("/echo/hello")).end_stream()])
    };
    vec![
        waiting("h2-window-raised", "A higher initial window is for open streams, too.", 0)
            .head(1)
            .held_at(1, 0)
            .send(window(1))
            .content(1, 1)
            .send(window(5))
            .response(1, ok("hello")),
        waiting("h2-window-negative", "A lower initial window can make a window negative.", 3)
            .content(1, 3)
            .send(window(2))
            .acknowledged(3)
            .send(window_update(1, 1))
            .held_at(1, 3)
            .send(window_update(1, 1))
            .content(1, 4)
            .send(window_update(1, 1))
            .response(1, ok("hello")),
        waiting("h2-window-connection-stays", "The window of the connection is not changed.", 5)
            .send(window(65_536))
            .response(1, ok("hello"))
            .goes_on(3),
        rfc9113(
            "6.9.2",
            "h2-window-changed-overflow",
            "A change that makes a window too large is an error.",
        )
        .send_all([headers(1, post("/echo")), window_update(1, MOST - 65_535), window(65_536)])
        .connection_error_unless_answered(1, [FlowControlError]),
    ]
}

fn increments() -> Vec<Draft> {
    vec![
        rfc9113("6.9", "h2-increment-zero", "An increment of 0 is a connection error.")
            .send(window_update(0, 0))
            .connection_error([ProtocolError]),
        rfc9113(
            "6.9",
            "h2-increment-zero-stream",
            "An increment of 0 on a stream is a stream error.",
        )
        .send_all([headers(1, post("/echo")), window_update(1, 0)])
        .stream_error(1, [ProtocolError]),
        rfc9113(
            "6.9",
            "h2-increment-short",
            "WINDOW_UPDATE of three octets is a connection error.",
        )
        .send(window_update(0, 1).payload([0, 0, 1]))
        .connection_error([FrameSizeError]),
        rfc9113("6.9", "h2-increment-long", "WINDOW_UPDATE of five octets is a connection error.")
            .send(headers(1, post("/echo")))
            .send(window_update(1, 1).payload([0, 0, 0, 0, 1]))
            .connection_error([FrameSizeError]),
        rfc9113(
            "6.9.1",
            "h2-window-overflow",
            "A window of the connection beyond 2^31-1 is an error.",
        )
        .send(window_update(0, MOST))
        .connection_error([FlowControlError]),
        rfc9113("6.9.1", "h2-window-overflow-later", "It is one as well in several steps.")
            .send_all([window_update(0, 0x4000_0000), window_update(0, 0x4000_0000)])
            .connection_error([FlowControlError]),
        rfc9113("6.9.1", "h2-window-full", "A window of 2^31-1 is allowed.")
            .send(window_update(0, MOST - 65_535))
            .goes_on_or_is_closed(),
        rfc9113(
            "6.9.1",
            "h2-window-overflow-stream",
            "A window of a stream beyond 2^31-1 is an error.",
        )
        .send_all([headers(1, post("/echo")), window_update(1, MOST)])
        .stream_error(1, [FlowControlError]),
        rfc9113("6.9.1", "h2-window-overflow-stream-later", "Also on a stream in several steps.")
            .send(headers(1, post("/echo")))
            .send_all([window_update(1, 0x4000_0000), window_update(1, 0x4000_0000)])
            .stream_error(1, [FlowControlError]),
    ]
}
