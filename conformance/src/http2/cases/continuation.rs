//! RFC 9113 §4.3, §6.2, §6.10: field sections and the frames they are in.

use crate::http2::compose::{Draft, get, post, rfc9113};
use crate::http2::frame::Code::{CompressionError, FrameSizeError, ProtocolError};
use crate::http2::frame::{
    ACK, Frame, PADDED, PRIORITIZED, continuation, data, goaway, headers, ping, priority,
    rst_stream, settings, window_update,
};

pub(super) fn cases() -> Vec<Draft> {
    [headers_alone(), continued(), interrupted()].concat()
}

fn headers_alone() -> Vec<Draft> {
    vec![
        rfc9113("6.2", "h2-headers-padded", "HEADERS may be padded.")
            .send(headers(1, get("/")).end_stream().padded(99))
            .understood(1)
            .goes_on(3),
        rfc9113("6.2", "h2-headers-padded-priority", "HEADERS may have padding and priority.")
            .send(headers(1, get("/")).end_stream().prioritized(0, 15).padded(9))
            .understood(1)
            .goes_on(3),
        rfc9113("6.2", "h2-headers-padding-zero", "Padding may have no octets.")
            .send(headers(1, get("/")).end_stream().padded(0))
            .understood(1)
            .goes_on(3),
        rfc9113(
            "6.2",
            "h2-headers-padding-long",
            "Padding that is longer than HEADERS is an error.",
        )
        .send(headers(1, get("/")).end_stream().padded_with(200, b""))
        .connection_error([ProtocolError]),
        rfc9113(
            "6.2",
            "h2-headers-padding-priority",
            "Padding that leaves no room for priority is one.",
        )
        .send(headers(1, "").end_stream().prioritized(0, 15).padded_with(2, b""))
        .connection_error([ProtocolError, FrameSizeError]),
        rfc9113(
            "6.2",
            "h2-headers-padding-missing",
            "Padding of HEADERS without its length is an error.",
        )
        .send(headers(1, "").end_stream().flags(PADDED))
        .connection_error([ProtocolError, FrameSizeError]),
        rfc9113("6.2", "h2-headers-priority-cut", "Priority that is cut is an error.")
            .send(headers(1, [0, 0, 0]).end_stream().flags(PRIORITIZED))
            .connection_error([ProtocolError, FrameSizeError]),
        rfc9113(
            "4.3",
            "h2-section-malformed",
            "Fields that cannot be decoded are a connection error.",
        )
        .send(headers(1, [0x80]).end_stream())
        .connection_error([CompressionError]),
        rfc9113("4.3", "h2-section-cut", "A field section that ends within a field is an error.")
            .send(headers(1, &get("/")[..get("/").len() - 1]).end_stream())
            .connection_error([CompressionError]),
        rfc9113("4.3", "h2-section-malformed-trailers", "So are trailers that cannot be decoded.")
            .send_all([headers(1, post("/echo")), headers(1, [0xff, 0xff]).end_stream()])
            .connection_error([CompressionError]),
        rfc9113(
            "4.3",
            "h2-section-of-reset",
            "The fields of a reset stream are decoded all the same.",
        )
        .send_all([headers(1, post("/echo")), rst_stream(1, 8), headers(3, [0x80]).end_stream()])
        .connection_error([CompressionError]),
    ]
}

fn continued() -> Vec<Draft> {
    let whole = get("/");
    let (first, second) = whole.split_at(whole.len() - 4);
    // Not too many: there are servers that take that for a flood.
    let pieces: Vec<Frame> =
        first.chunks(2).map(|octets| continuation(1, octets).unfinished()).collect();
    vec![
        rfc9113("6.10", "h2-continuation", "A field section may go on in CONTINUATION.")
            .send_all([headers(1, first).unfinished().end_stream(), continuation(1, second)])
            .understood(1)
            .goes_on(3),
        rfc9113(
            "6.10",
            "h2-continuations",
            "A field section may be in many frames, parted anywhere.",
        )
        .send(headers(1, "").unfinished().end_stream())
        .send_all(pieces)
        .send(continuation(1, second))
        .understood(1)
        .goes_on(3),
        rfc9113("6.10", "h2-continuation-empty", "CONTINUATION may be empty.")
            .send_all([
                headers(1, whole.clone()).unfinished().end_stream(),
                continuation(1, "").unfinished(),
                continuation(1, ""),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("6.10", "h2-continuation-padded", "Padding is at the end of its frame.")
            .send_all([
                headers(1, first).unfinished().end_stream().padded(20),
                continuation(1, second),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("6.10", "h2-continuation-trailers", "Trailers may go on, too.")
            .send_all([
                headers(1, post("/echo")),
                headers(1, [0x00, 1, b'a']).unfinished().end_stream(),
                continuation(1, [1, b'b']),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("6.10", "h2-continuation-later", "A field section may take its time.")
            .send(headers(1, first).unfinished().end_stream())
            .pause()
            .send(continuation(1, second))
            .understood(1)
            .goes_on(3),
    ]
}

fn interrupted() -> Vec<Draft> {
    let begun = || headers(1, get("/")).unfinished().end_stream();
    let mut cases: Vec<Draft> = [
        ("h2-interrupted-by-data", "DATA", data(1, "test")),
        ("h2-interrupted-by-headers", "HEADERS of another stream", headers(3, get("/"))),
        ("h2-interrupted-by-headers-same", "HEADERS", headers(1, get("/"))),
        ("h2-interrupted-by-priority", "PRIORITY of another stream", priority(3, 0, 15)),
        ("h2-interrupted-by-reset", "RST_STREAM", rst_stream(1, 8)),
        ("h2-interrupted-by-settings", "SETTINGS", settings(&[])),
        ("h2-interrupted-by-ack", "an acknowledgement", settings(&[]).flags(ACK)),
        ("h2-interrupted-by-ping", "PING", ping(b"12345678")),
        ("h2-interrupted-by-goaway", "GOAWAY", goaway(0, 0, "")),
        ("h2-interrupted-by-window", "WINDOW_UPDATE", window_update(0, 1)),
        ("h2-interrupted-by-another", "CONTINUATION of another stream", continuation(3, get("/"))),
        ("h2-interrupted-by-zero", "CONTINUATION on stream 0", continuation(0, get("/"))),
    ]
    .into_iter()
    .map(|(id, _, frame)| {
        rfc9113("6.10", id, "Nothing but its CONTINUATION follows on a part of a field section.")
            .send_all([begun(), frame])
            .connection_error([ProtocolError])
    })
    .collect();
    cases.extend([
        rfc9113("6.10", "h2-continuation-alone", "CONTINUATION without HEADERS is an error.")
            .send(headers(1, post("/echo")))
            .send(continuation(1, get("/")))
            .connection_error([ProtocolError]),
        rfc9113("6.10", "h2-continuation-zero", "CONTINUATION on stream 0 is a connection error.")
            .send(continuation(0, get("/")))
            .connection_error([ProtocolError]),
        rfc9113(
            "6.10",
            "h2-continuation-ended",
            "CONTINUATION behind the end of fields is an error.",
        )
        .send_all([
            headers(1, "").unfinished(),
            continuation(1, post("/echo")),
            continuation(1, ""),
        ])
        .connection_error([ProtocolError]),
        rfc9113("6.10", "h2-continuation-data", "CONTINUATION behind DATA is a connection error.")
            .send_all([headers(1, post("/echo")), data(1, "test"), continuation(1, "")])
            .connection_error([ProtocolError]),
    ]);
    cases
}
