//! RFC 9113 §5.1, §5.4: every state of a stream, and what does not belong there.

use crate::expected::ok;
use crate::http2::compose::{Draft, fields, get, get_with, post, rfc9113};
use crate::http2::frame::Code::{FrameSizeError, ProtocolError, StreamClosed};
use crate::http2::frame::{
    INITIAL_WINDOW_SIZE, continuation, data, headers, ping, priority, rst_stream, settings,
    window_update,
};

const CANCEL: u32 = 8;

pub(super) fn cases() -> Vec<Draft> {
    [idle(), open(), half_closed(), closed(), identifiers(), errors()].concat()
}

fn idle() -> Vec<Draft> {
    vec![
        rfc9113("5.1", "h2-idle-data", "DATA on an idle stream are an error.")
            .send(data(1, "test").end_stream())
            .stream_error(1, [ProtocolError, StreamClosed]),
        rfc9113("5.1", "h2-idle-reset", "RST_STREAM on an idle stream is a connection error.")
            .send(rst_stream(1, CANCEL))
            .connection_error([ProtocolError]),
        rfc9113("5.1", "h2-idle-window", "WINDOW_UPDATE on an idle stream is a connection error.")
            .send(window_update(1, 100))
            .connection_error([ProtocolError]),
        rfc9113("5.1", "h2-idle-continuation", "CONTINUATION on an idle stream is an error.")
            .send(continuation(1, get("/")))
            .connection_error([ProtocolError]),
        rfc9113("5.1", "h2-idle-priority", "PRIORITY on an idle stream is allowed.")
            .send(priority(1, 0, 255))
            .goes_on(1),
        rfc9113("5.1", "h2-idle-later-data", "Streams beyond the last one are idle, too.")
            .request(1)
            .send(data(3, "test").end_stream())
            .stream_error(3, [ProtocolError, StreamClosed]),
        rfc9113("5.1", "h2-idle-later-window", "Room on a stream beyond the last one is an error.")
            .request(1)
            .send(window_update(3, 1))
            .connection_error([ProtocolError]),
        rfc9113("5.1", "h2-idle-server-data", "DATA on an idle stream of the server are an error.")
            .send(data(2, "test").end_stream())
            .stream_error(2, [ProtocolError, StreamClosed]),
        rfc9113(
            "5.1",
            "h2-idle-server-window",
            "Room on an idle stream of the server is an error.",
        )
        .send(window_update(2, 1))
        .connection_error([ProtocolError]),
        rfc9113(
            "5.1",
            "h2-idle-server-reset",
            "To reset an idle stream of the server is an error.",
        )
        .send(rst_stream(2, CANCEL))
        .connection_error([ProtocolError]),
    ]
}

fn open() -> Vec<Draft> {
    vec![
        rfc9113("5.1", "h2-open-any", "An open stream takes DATA, room, priority, and trailers.")
            .send_all([
                headers(1, post("/echo")),
                data(1, "abc"),
                window_update(1, 10),
                priority(1, 0, 7),
                data(1, "def"),
                headers(1, fields(&[("a", "b")])).end_stream(),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("5.1", "h2-open-reset", "An open stream can be reset.")
            .send_all([headers(1, post("/echo")), data(1, "abc"), rst_stream(1, CANCEL)])
            .goes_on(3),
        rfc9113("5.1", "h2-open-reset-twice", "A stream may be reset again.")
            .send_all([headers(1, post("/echo")), rst_stream(1, CANCEL), rst_stream(1, CANCEL)])
            .goes_on(3),
    ]
}

/// A stream that waits for room to be answered: it is half closed, unless the answer is empty.
fn waiting(id: &'static str, requirement: &'static str) -> Draft {
    rfc9113("5.1", id, requirement)
        .send_all([settings(&[(INITIAL_WINDOW_SIZE, 0)]), headers(1, get("/")).end_stream()])
        .head(1)
}

fn half_closed() -> Vec<Draft> {
    vec![
        waiting("h2-half-closed-data", "DATA after the end of a request are an error.")
            .send(data(1, "test").end_stream())
            .stream_error(1, [StreamClosed]),
        waiting("h2-half-closed-headers", "HEADERS after the end of a request are an error.")
            .send(headers(1, fields(&[("a", "b")])).end_stream())
            .stream_error(1, [StreamClosed, ProtocolError]),
        waiting(
            "h2-half-closed-continuation",
            "CONTINUATION after the end of a request is an error.",
        )
        .send(continuation(1, fields(&[("a", "b")])))
        .stream_error(1, [StreamClosed, ProtocolError]),
        waiting("h2-half-closed-window", "Room after the end of a request is used.")
            .send(window_update(1, 65_535))
            .understood(1),
        waiting("h2-half-closed-priority", "PRIORITY after the end of a request is allowed.")
            .send_all([priority(1, 0, 7), window_update(1, 65_535)])
            .understood(1),
        waiting("h2-half-closed-reset", "A request that has ended can be reset.")
            .send(rst_stream(1, CANCEL))
            .goes_on_or_is_closed(),
    ]
}

fn closed() -> Vec<Draft> {
    let reset = |id, requirement| {
        rfc9113("5.1", id, requirement).send_all([headers(1, post("/echo")), rst_stream(1, CANCEL)])
    };
    let ended = |id, requirement| rfc9113("5.1", id, requirement).request(1);
    vec![
        reset("h2-reset-then-data", "DATA behind RST_STREAM are an error.")
            .send(data(1, "test").end_stream())
            .stream_error(1, [StreamClosed]),
        reset("h2-reset-then-headers", "HEADERS behind RST_STREAM are an error.")
            .send(headers(1, get("/")).end_stream())
            .stream_error(1, [StreamClosed, ProtocolError]),
        reset("h2-reset-then-continuation", "CONTINUATION behind RST_STREAM is an error.")
            .send(continuation(1, get("/")))
            .stream_error(1, [StreamClosed, ProtocolError]),
        reset("h2-reset-then-priority", "PRIORITY behind RST_STREAM is allowed.")
            .send(priority(1, 0, 7))
            .goes_on(3),
        reset("h2-reset-then-window", "Room behind RST_STREAM has crossed it on the way, perhaps.")
            .send(window_update(1, 10))
            .goes_on_or_is_closed(),
        ended("h2-closed-data", "DATA on a closed stream are an error.")
            .send(data(1, "test").end_stream())
            .stream_error(1, [StreamClosed]),
        ended("h2-closed-headers", "HEADERS on a closed stream are an error.")
            .send(headers(1, get("/")).end_stream())
            .stream_error(1, [StreamClosed, ProtocolError]),
        ended("h2-closed-continuation", "CONTINUATION on a closed stream is an error.")
            .send(continuation(1, get("/")))
            .stream_error(1, [StreamClosed, ProtocolError]),
        ended("h2-closed-priority", "PRIORITY on a closed stream is allowed.")
            .send(priority(1, 0, 7))
            .goes_on(3),
        ended("h2-closed-window", "WINDOW_UPDATE may come when a stream has just been closed.")
            .send(window_update(1, 10))
            .goes_on(3),
        ended("h2-closed-reset", "RST_STREAM may come when a stream has just been closed.")
            .send(rst_stream(1, CANCEL))
            .goes_on(3),
    ]
}

fn identifiers() -> Vec<Draft> {
    vec![
        rfc9113("5.1.1", "h2-stream-even", "A client's stream with an even number is an error.")
            .send(headers(2, get("/")).end_stream())
            .connection_error([ProtocolError]),
        rfc9113("5.1.1", "h2-stream-zero", "A request on stream 0 is a connection error.")
            .send(headers(0, get("/")).end_stream())
            .connection_error([ProtocolError]),
        rfc9113(
            "5.1.1",
            "h2-stream-smaller",
            "A new stream has a higher number than those before.",
        )
        .request(5)
        .send(headers(3, get("/")).end_stream())
        .connection_error([ProtocolError, StreamClosed]),
        rfc9113("5.1.1", "h2-stream-skipped-data", "Streams that are passed over are closed.")
            .request(5)
            .send(data(3, "test").end_stream())
            .stream_error(3, [ProtocolError, StreamClosed]),
        rfc9113("5.1.1", "h2-stream-again", "A number is used once.")
            .request(1)
            .request(3)
            .send(headers(1, get("/")).end_stream())
            .stream_error(1, [ProtocolError, StreamClosed]),
        rfc9113("5.1.1", "h2-stream-skipped", "Numbers may be passed over.")
            .request(3)
            .request(101)
            .goes_on(1001),
        rfc9113("5.1.1", "h2-stream-last", "The highest number is one like any other.")
            .request(0x7fff_ffff),
        rfc9113("5.1.2", "h2-streams-too-many", "The limit that the server sets on streams holds.")
            .send_too_many(),
        rfc9113("5.1.2", "h2-streams-too-many-alive", "A stream beyond the limit hurts no other.")
            .send_too_many()
            .goes_on_or_is_closed()
            .others_are_served(),
        // So much priority may be taken for a flood (§10.5).
        rfc9113("5.1.2", "h2-streams-idle", "Idle streams do not count.")
            .app()
            .send_all((1..=200).map(|number| priority(2 * number + 1, 0, 7)))
            .goes_on(1),
        rfc9113("5.1.2", "h2-streams-closed", "Closed streams do not count.")
            .then_each((0..150).map(|number| 2 * number + 1), Draft::request),
    ]
}

fn errors() -> Vec<Draft> {
    vec![
        rfc9113("5.4.1", "h2-error-closes", "After a connection error the connection is closed.")
            .send(ping(b"12345678").payload(*b"1234567"))
            .connection_error([FrameSizeError])
            .end()
            .others_are_served(),
        rfc9113("5.4.2", "h2-error-of-one", "A stream error leaves the other streams alone.")
            .app()
            .send(headers(1, post("/echo")))
            .send_all([
                headers(3, get_with(&[("connection", "close")])).end_stream(),
                data(1, "alive").end_stream(),
            ])
            .response(1, ok("alive"))
            .goes_on(5),
        rfc9113("5.4.2", "h2-reset-no-answer", "RST_STREAM is not answered by RST_STREAM.")
            .send_all([headers(1, post("/echo")), rst_stream(1, CANCEL)])
            .goes_on(3),
    ]
}
