//! RFC 9113 §4.1, §4.2, §5.5, §7: what every frame has in common, and what must be ignored.

use crate::expected::ok;
use crate::http2::compose::{Draft, get, post, rfc9113};
use crate::http2::frame::Code::{FrameSizeError, ProtocolError};
use crate::http2::frame::{
    END_HEADERS, INITIAL_WINDOW_SIZE, continuation, data, goaway, headers, ping, priority,
    push_promise, rst_stream, settings, unknown, window_update,
};

const RESERVED: u32 = 0x8000_0000;

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = vec![
        rfc9113("4.1", "h2-unknown-type", "A frame of an unknown type is ignored.")
            .send(unknown(0x16, 0, 0, b"what is this?"))
            .goes_on(1),
        rfc9113("4.1", "h2-unknown-type-flags", "Whatever the flags of an unknown type are.")
            .send(unknown(0xff, 0xff, 0, b""))
            .goes_on(1),
        rfc9113("4.1", "h2-unknown-type-idle", "An unknown type is ignored on an idle stream.")
            .send(unknown(0x20, 0, 5, b"abc"))
            .goes_on(1),
        rfc9113("4.1", "h2-unknown-type-open", "An unknown type is ignored on an open stream.")
            .send_all([
                headers(1, post("/echo")),
                unknown(0x20, 0x1, 1, b"abc"),
                data(1, "body").end_stream(),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("4.1", "h2-unknown-type-closed", "An unknown type is ignored on a closed stream.")
            .request(1)
            .send(unknown(0x20, 0, 1, b"abc"))
            .goes_on(3),
        rfc9113("4.1", "h2-flags-ping", "Undefined flags of PING are ignored.")
            .send(ping(b"12345678").flags(0xfe))
            .pong(*b"12345678")
            .goes_on(1),
        rfc9113("4.1", "h2-flags-settings", "Undefined flags of SETTINGS are ignored.")
            .send(settings(&[]).flags(0xfe))
            .acknowledged(2)
            .goes_on(1),
        rfc9113("4.1", "h2-flags-headers", "Undefined flags of HEADERS are ignored.")
            .send(headers(1, get("/")).end_stream().flags(0xd2))
            .understood(1)
            .goes_on(3),
        rfc9113("4.1", "h2-flags-data", "Undefined flags of DATA are ignored.")
            .send_all([headers(1, post("/echo")), data(1, "body").end_stream().flags(0xf6)])
            .understood(1)
            .goes_on(3),
        rfc9113("4.1", "h2-flags-continuation", "Undefined flags of CONTINUATION are ignored.")
            .send_all([
                headers(1, "").unfinished().end_stream(),
                continuation(1, get("/")).flags(0xfb),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("4.1", "h2-flags-window-update", "Undefined flags of WINDOW_UPDATE are ignored.")
            .send(window_update(0, 1).flags(0xff))
            .goes_on(1),
        rfc9113("4.1", "h2-flags-priority", "Undefined flags of PRIORITY are ignored.")
            .send(priority(1, 0, 15).flags(0xff))
            .goes_on(1),
        rfc9113("4.1", "h2-reserved-bit-ping", "The reserved bit of a frame is ignored.")
            .send(ping(b"12345678").on(RESERVED))
            .pong(*b"12345678")
            .goes_on(1),
        rfc9113(
            "4.1",
            "h2-reserved-bit-headers",
            "The reserved bit is no part of a stream's number.",
        )
        .send(headers(RESERVED | 1, get("/")).end_stream())
        .understood(1)
        .goes_on(3),
        rfc9113("4.1", "h2-reserved-bit-window", "The reserved bit is no part of an increment.")
            .send(window_update(0, RESERVED | 1))
            .goes_on(1),
        rfc9113("4.1", "h2-reserved-bit-goaway", "The reserved bit is no part of the last stream.")
            .send(goaway(RESERVED, 0, ""))
            .goes_on_or_is_closed(),
        rfc9113("4.2", "h2-size-largest", "Frames of 16384 octets are always taken.")
            .send_all([headers(1, post("/echo")), data(1, vec![b'a'; 16_384]).end_stream()])
            .understood(1)
            .goes_on(3),
        rfc9113("4.2", "h2-size-largest-back", "Content of 16384 octets comes back.")
            .app()
            .send_all([headers(1, post("/echo")), data(1, vec![b'a'; 16_384]).end_stream()])
            .response(1, ok(vec![b'a'; 16_384])),
        rfc9113("4.2", "h2-size-largest-unknown", "An unknown frame of 16384 octets is ignored.")
            .send(unknown(0x16, 0, 0, &[0; 16_384]))
            .goes_on(1),
        rfc9113("4.2", "h2-size-data", "DATA beyond SETTINGS_MAX_FRAME_SIZE are an error.")
            .send(headers(1, post("/echo")))
            .send_too_long(data(1, ""))
            .stream_error(1, [FrameSizeError]),
        rfc9113("5.5", "h2-extension-setting", "A setting that is not known is ignored.")
            .send(settings(&[(0xfff0, 0xffff_ffff), (0, 1)]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113(
            "5.5",
            "h2-extension-within",
            "An unknown frame within a field section is an error.",
        )
        .send_all([
            headers(1, "").unfinished().end_stream(),
            unknown(0x16, END_HEADERS, 1, b""),
            continuation(1, get("/")),
        ])
        .connection_error([ProtocolError]),
        rfc9113("5.5", "h2-extension-priority-update", "PRIORITY_UPDATE may be ignored.")
            .send(unknown(0x10, 0, 0, b"\0\0\0\x01u=3, i"))
            .goes_on(1),
        rfc9113("7", "h2-code-unknown-reset", "An unknown code of RST_STREAM changes nothing.")
            .send_all([headers(1, post("/echo")), rst_stream(1, 0xff)])
            .goes_on(3),
        rfc9113("7", "h2-code-unknown-goaway", "An unknown code of GOAWAY is no error.")
            .send(goaway(0, 0xffff_ffff, ""))
            .goes_on_or_is_closed(),
    ];
    // Whatever alters the state of the connection is a connection error.
    for (id, requirement, frame) in [
        (
            "h2-size-headers",
            "HEADERS that are too long are a connection error.",
            headers(1, get("/")),
        ),
        ("h2-size-settings", "SETTINGS that are too long are a connection error.", settings(&[])),
        (
            "h2-size-push-promise",
            "PUSH_PROMISE that is too long is a connection error.",
            push_promise(1, 2, b""),
        ),
        ("h2-size-ping", "PING that is too long is a connection error.", ping(b"12345678")),
        ("h2-size-goaway", "GOAWAY that is too long is a connection error.", goaway(0, 0, "")),
        (
            "h2-size-window-update",
            "WINDOW_UPDATE that is too long is a connection error.",
            window_update(0, 1),
        ),
        (
            "h2-size-unknown",
            "A frame that is too long is an error in any type.",
            unknown(0x16, 0, 0, b""),
        ),
    ] {
        // Of several errors in one frame any may be named.
        let case = rfc9113("4.2", id, requirement).send_too_long(frame);
        cases.push(case.connection_error([FrameSizeError, ProtocolError]));
    }
    cases.push(
        rfc9113(
            "4.2",
            "h2-size-continuation",
            "CONTINUATION that is too long is a connection error.",
        )
        .send(headers(1, get("/")).unfinished().end_stream())
        .send_too_long(continuation(1, ""))
        .connection_error([FrameSizeError, ProtocolError]),
    );
    cases.push(
        rfc9113("4.2", "h2-size-mine", "Frames are no longer than the client allows.")
            .app()
            .send(settings(&[(INITIAL_WINDOW_SIZE, 60_000)]))
            .acknowledged(2)
            .send(headers(1, post("/echo")))
            .send_content(1, 50_000)
            .response(1, ok(vec![b'x'; 50_000])),
    );
    cases
}
