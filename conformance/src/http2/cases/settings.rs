//! RFC 9113 §6.5: SETTINGS.

use crate::expected::ok;
use crate::http2::compose::{Draft, get, rfc9113};
use crate::http2::frame::Code::{FlowControlError, FrameSizeError, ProtocolError};
use crate::http2::frame::{
    ACK, ENABLE_PUSH, HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, headers, settings, window_update,
};

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = vec![
        rfc9113("6.5", "h2-settings-ack-payload", "An acknowledgement with a payload is an error.")
            .send(settings(&[(MAX_FRAME_SIZE, 16_384)]).flags(ACK))
            .connection_error([FrameSizeError]),
        rfc9113("6.5", "h2-settings-on-stream", "SETTINGS on a stream are a connection error.")
            .send(settings(&[]).on(1))
            .connection_error([ProtocolError]),
        rfc9113("6.5", "h2-settings-length", "SETTINGS of five octets are a connection error.")
            .send(settings(&[]).payload([0; 5]))
            .connection_error([FrameSizeError]),
        rfc9113(
            "6.5",
            "h2-settings-length-more",
            "SETTINGS of seven octets are a connection error.",
        )
        .send(settings(&[]).payload([0, 3, 0, 0, 0, 9, 0]))
        .connection_error([FrameSizeError]),
        rfc9113("6.5.2", "h2-settings-table", "The table for fields may be done without.")
            .send(settings(&[(HEADER_TABLE_SIZE, 0)]))
            .acknowledged(2)
            .request(1)
            .goes_on(3),
        rfc9113("6.5.2", "h2-settings-table-smaller", "A smaller table is smaller from then on.")
            .request(1)
            .send(settings(&[(HEADER_TABLE_SIZE, 60)]))
            .acknowledged(2)
            .request(3)
            .goes_on(5),
        rfc9113("6.5.2", "h2-settings-table-larger", "A table of any size may be offered.")
            .send(settings(&[(HEADER_TABLE_SIZE, 0xffff_ffff)]))
            .acknowledged(2)
            .request(1)
            .goes_on(3),
        rfc9113("6.5.3", "h2-settings-table-down-and-up", "All values are taken, in their order.")
            .request(1)
            .send(settings(&[(HEADER_TABLE_SIZE, 0), (HEADER_TABLE_SIZE, 4096)]))
            .acknowledged(2)
            .request(3)
            .goes_on(5),
        rfc9113(
            "4.3.1",
            "h2-settings-table-two-frames",
            "A table that was emptied meanwhile is empty.",
        )
        .request(1)
        .send_all([settings(&[(HEADER_TABLE_SIZE, 0)]), settings(&[(HEADER_TABLE_SIZE, 4096)])])
        .acknowledged(3)
        .request(3)
        .goes_on(5),
        rfc9113("6.5.2", "h2-settings-push", "Push may be turned off.")
            .send(settings(&[(ENABLE_PUSH, 0)]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113("6.5.2", "h2-settings-streams", "The server may be allowed no streams of its own.")
            .send(settings(&[(MAX_CONCURRENT_STREAMS, 0)]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113("6.5.2", "h2-settings-frame-size", "Frames may become as long as can be.")
            .send(settings(&[(MAX_FRAME_SIZE, 0x00ff_ffff)]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113(
            "6.5.2",
            "h2-settings-window-most",
            "The window of a stream may be as large as can be.",
        )
        .send(settings(&[(INITIAL_WINDOW_SIZE, 0x7fff_ffff)]))
        .acknowledged(2)
        .goes_on(1),
        rfc9113("6.5.2", "h2-settings-list-size", "A limit on field sections is advice.")
            .send(settings(&[(MAX_HEADER_LIST_SIZE, 100_000)]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113("6.5.3", "h2-settings-acknowledged", "SETTINGS are acknowledged.")
            .send(settings(&[]))
            .acknowledged(2)
            .goes_on(1),
        rfc9113("6.5.3", "h2-settings-each", "Each SETTINGS frame is acknowledged.")
            .send_all([settings(&[]), settings(&[(0xf0, 0)]), settings(&[])])
            .acknowledged(4)
            .goes_on(1),
        rfc9113(
            "6.5.3",
            "h2-settings-last-holds",
            "Of several values of a setting the last holds.",
        )
        .app()
        .send(settings(&[(INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)]))
        .acknowledged(2)
        .send(headers(1, get("/echo/hello")).end_stream())
        .content(1, 1)
        .send(window_update(1, 100))
        .response(1, ok("hello")),
    ];
    for (id, requirement, setting, value, code) in [
        ("h2-settings-push-2", "SETTINGS_ENABLE_PUSH is 0 or 1.", ENABLE_PUSH, 2, ProtocolError),
        (
            "h2-settings-window-2-31",
            "SETTINGS_INITIAL_WINDOW_SIZE is below 2^31.",
            INITIAL_WINDOW_SIZE,
            0x8000_0000,
            FlowControlError,
        ),
        (
            "h2-settings-window-2-32",
            "SETTINGS_INITIAL_WINDOW_SIZE has 31 bits.",
            INITIAL_WINDOW_SIZE,
            0xffff_ffff,
            FlowControlError,
        ),
        (
            "h2-settings-frame-size-less",
            "SETTINGS_MAX_FRAME_SIZE is no less than 2^14.",
            MAX_FRAME_SIZE,
            16_383,
            ProtocolError,
        ),
        (
            "h2-settings-frame-size-more",
            "SETTINGS_MAX_FRAME_SIZE is less than 2^24.",
            MAX_FRAME_SIZE,
            1 << 24,
            ProtocolError,
        ),
    ] {
        let case = rfc9113("6.5.2", id, requirement).send(settings(&[(setting, value)]));
        cases.push(case.connection_error([code]));
    }
    cases
}
