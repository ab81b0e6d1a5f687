//! RFC 9113 §5.3, §6.3: priority as it was is ignored, but a frame has to be well formed.

use crate::http2::compose::{Draft, get, get_with, post, rfc9113};
use crate::http2::frame::Code::{FrameSizeError, ProtocolError};
use crate::http2::frame::{data, headers, ping, priority};
use crate::http2::step::Outcome;

const EXCLUSIVE: u32 = 0x8000_0000;

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9113("5.3.2", "h2-priority-headers", "Priority in HEADERS is ignored.")
            .send(headers(1, get("/")).end_stream().prioritized(0, 15))
            .understood(1)
            .goes_on(3),
        rfc9113("5.3.2", "h2-priority-headers-exclusive", "So is an exclusive one.")
            .send(headers(1, get("/")).end_stream().prioritized(EXCLUSIVE | 99, 255))
            .understood(1)
            .goes_on(3),
        rfc9113("5.3.2", "h2-priority-least", "PRIORITY with the least weight is ignored.")
            .send(priority(1, 0, 0))
            .goes_on(1),
        rfc9113("5.3.2", "h2-priority-most", "PRIORITY with the greatest weight is ignored.")
            .send(priority(1, 0, 255))
            .goes_on(1),
        rfc9113("5.3.2", "h2-priority-unknown", "PRIORITY may name a stream that does not exist.")
            .send(priority(5, 77, 15))
            .goes_on(1),
        rfc9113("5.3.2", "h2-priority-exclusive", "PRIORITY may be exclusive.")
            .send_all([priority(3, 0, 15), priority(5, EXCLUSIVE, 15)])
            .goes_on(1),
        rfc9113("5.3.2", "h2-priority-then-lower", "PRIORITY opens no stream and closes none.")
            .send(priority(7, 0, 15))
            .request(1)
            .request(3)
            .goes_on(7),
        rfc9113(
            "5.3.2",
            "h2-priority-between",
            "PRIORITY may stand between the DATA of a request.",
        )
        .send_all([
            headers(1, post("/echo")),
            data(1, "ab"),
            priority(1, 3, 15),
            data(1, "cd").end_stream(),
        ])
        .understood(1)
        .goes_on(3),
        rfc9113("5.3.2", "h2-priority-field", "The field `priority` is a field like any other.")
            .send(headers(1, get_with(&[("priority", "u=1, i")])).end_stream())
            .understood(1)
            .goes_on(3),
        // RFC 7540 made these two errors; RFC 9113 has nothing to say of them.
        rfc9113(
            "5.3.2",
            "h2-priority-self",
            "A stream that depends on itself is let pass, or an error.",
        )
        .send(priority(1, 1, 15))
        .send(ping(b"itself?!"))
        .any_of([
            Outcome::Pong(*b"itself?!"),
            Outcome::Reset(1, vec![ProtocolError]),
            Outcome::GoAway(vec![ProtocolError]),
            Outcome::Closed,
        ]),
        rfc9113(
            "5.3.2",
            "h2-priority-self-headers",
            "A request may depend on itself, or is an error.",
        )
        .send(headers(1, get("/")).end_stream().prioritized(1, 15))
        .understood_or_error(1, [ProtocolError])
        .goes_on_or_is_closed(),
        rfc9113("6.3", "h2-priority-zero", "PRIORITY on stream 0 is a connection error.")
            .send(priority(0, 1, 15))
            .connection_error([ProtocolError]),
        rfc9113("6.3", "h2-priority-short", "PRIORITY of four octets is an error.")
            .send(headers(1, post("/echo")))
            .send(priority(1, 0, 15).payload([0; 4]))
            .stream_error(1, [FrameSizeError]),
        rfc9113("6.3", "h2-priority-long", "PRIORITY of six octets is an error.")
            .send(headers(1, post("/echo")))
            .send(priority(1, 0, 15).payload([0; 6]))
            .stream_error(1, [FrameSizeError]),
        rfc9113(
            "6.3",
            "h2-priority-within",
            "PRIORITY within a field section is a connection error.",
        )
        .send_all([headers(1, get("/")).unfinished().end_stream(), priority(1, 0, 15)])
        .connection_error([ProtocolError]),
    ]
}
