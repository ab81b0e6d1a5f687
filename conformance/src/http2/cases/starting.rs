//! RFC 9113 §3: how a connection begins.

use crate::http2::compose::{Draft, PREFACE, get, rfc9113, unbegun};
use crate::http2::frame::Code::{FrameSizeError, ProtocolError};
use crate::http2::frame::{INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, headers, ping, settings};
use crate::http2::step::Outcome;

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9113("3.4", "h2-preface", "The server begins with SETTINGS.")
            .any_of([Outcome::Settings]),
        rfc9113("3.4", "h2-preface-acknowledged", "The SETTINGS of the client are acknowledged.")
            .acknowledged(1)
            .goes_on(1),
        rfc9113(
            "3.4",
            "h2-preface-first-flight",
            "A client need not wait for the server's SETTINGS.",
        )
        .send(headers(1, get("/")).end_stream())
        .understood(1)
        .acknowledged(1)
        .goes_on(3),
        unbegun("3.4", "h2-preface-settings-empty", "The SETTINGS of the preface may be empty.")
            .bytes(PREFACE)
            .send(settings(&[]))
            .acknowledged(1)
            .goes_on(1),
        unbegun("3.4", "h2-preface-settings-full", "The SETTINGS of the preface may have values.")
            .bytes(PREFACE)
            .send(settings(&[(INITIAL_WINDOW_SIZE, 100_000), (MAX_FRAME_SIZE, 20_000)]))
            .acknowledged(1)
            .goes_on(1),
        unbegun("3.4", "h2-preface-apart", "The preface may come in pieces.")
            .bytes(&PREFACE[..10])
            .pause()
            .bytes(&PREFACE[10..])
            .pause()
            .send(settings(&[]))
            .acknowledged(1)
            .goes_on(1),
        unbegun(
            "3.4",
            "h2-preface-wrong-end",
            "A preface that ends otherwise ends the connection.",
        )
        .bytes("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        .send(settings(&[]))
        .end(),
        unbegun(
            "3.4",
            "h2-preface-wrong-line",
            "A preface without its empty line ends the connection.",
        )
        .bytes("PRI * HTTP/2.0\r\nSM: SM\r\n\r\n")
        .send(settings(&[]))
        .end(),
        unbegun("3.4", "h2-preface-cut", "A preface that is not finished ends the connection.")
            .bytes(&PREFACE[..20])
            .half_close()
            .end(),
        unbegun("3.4", "h2-preface-then-ping", "A preface without SETTINGS is a connection error.")
            .bytes(PREFACE)
            .send(ping(b"too soon"))
            .connection_error([ProtocolError]),
        unbegun(
            "3.4",
            "h2-preface-then-headers",
            "A request ahead of SETTINGS is a connection error.",
        )
        .bytes(PREFACE)
        .send(headers(1, get("/")).end_stream())
        .connection_error([ProtocolError]),
        // Its first three octets are a length.
        rfc9113("3.4", "h2-preface-twice", "A second preface is a frame that is too long.")
            .bytes(PREFACE)
            .connection_error([FrameSizeError, ProtocolError]),
        rfc9113("3.4", "h2-close-at-once", "A client may go after the preface.")
            .half_close()
            .end()
            .others_are_served(),
    ]
}
