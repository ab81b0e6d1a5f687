//! RFC 9113 §6.4, §6.6, §6.7, §6.8: `RST_STREAM`, `PUSH_PROMISE`, PING, GOAWAY.

use crate::expected::{Statuses, ok, status};
use crate::http2::compose::{Draft, get, post, rfc9113};
use crate::http2::frame::Code::{FrameSizeError, ProtocolError, StreamClosed};
use crate::http2::frame::{ACK, data, goaway, headers, ping, push_promise, rst_stream};
use crate::http2::step::Outcome;

pub(super) fn cases() -> Vec<Draft> {
    [resets(), pushes(), pings(), goaways()].concat()
}

fn resets() -> Vec<Draft> {
    vec![
        rfc9113("6.4", "h2-reset-zero", "RST_STREAM on stream 0 is a connection error.")
            .send(rst_stream(0, 8))
            .connection_error([ProtocolError]),
        rfc9113("6.4", "h2-reset-idle", "RST_STREAM on a stream that was never used is an error.")
            .request(1)
            .send(rst_stream(99, 8))
            .connection_error([ProtocolError]),
        rfc9113("6.4", "h2-reset-short", "RST_STREAM of three octets is a connection error.")
            .send(headers(1, post("/echo")))
            .send(rst_stream(1, 8).payload([0; 3]))
            .connection_error([FrameSizeError]),
        rfc9113("6.4", "h2-reset-long", "RST_STREAM of five octets is a connection error.")
            .send(headers(1, post("/echo")))
            .send(rst_stream(1, 8).payload([0; 5]))
            .connection_error([FrameSizeError]),
        rfc9113("6.4", "h2-reset-under-way", "A request that is being answered can be reset.")
            .app()
            .send(headers(1, get("/sleep/100")).end_stream())
            .pause()
            .send(rst_stream(1, 8))
            .goes_on(3),
    ]
}

fn pushes() -> Vec<Draft> {
    vec![
        rfc9113("8.4", "h2-push-open", "A client cannot push.")
            .send(headers(1, post("/echo")))
            .send(push_promise(1, 3, &get("/")))
            .connection_error_unless_answered(1, [ProtocolError]),
        rfc9113("6.6", "h2-push-zero", "PUSH_PROMISE on stream 0 is a connection error.")
            .send(push_promise(0, 2, &get("/")))
            .connection_error([ProtocolError]),
        rfc9113("6.6", "h2-push-idle", "PUSH_PROMISE on an idle stream is a connection error.")
            .send(push_promise(1, 2, &get("/")))
            .connection_error([ProtocolError]),
        rfc9113("6.6", "h2-push-closed", "PUSH_PROMISE on a closed stream is a connection error.")
            .request(1)
            .send(push_promise(1, 2, &get("/")))
            .connection_error([ProtocolError, StreamClosed]),
        rfc9113("6.6", "h2-push-unfinished", "PUSH_PROMISE to be continued is one as well.")
            .send(push_promise(1, 2, &get("/")).unfinished())
            .connection_error([ProtocolError]),
    ]
}

fn pings() -> Vec<Draft> {
    let mut cases = vec![
        rfc9113("6.7", "h2-ping", "PING is acknowledged with its payload.")
            .send(ping(b"\x00\xff\x80abcd\x7f"))
            .pong(*b"\x00\xff\x80abcd\x7f")
            .goes_on(1),
        rfc9113("6.7", "h2-ping-several", "Each PING is acknowledged.")
            .send_all([ping(b"aaaaaaaa"), ping(b"bbbbbbbb"), ping(b"cccccccc")])
            .pong(*b"cccccccc")
            .pong(*b"bbbbbbbb")
            .pong(*b"aaaaaaaa")
            .goes_on(1),
        rfc9113("6.7", "h2-ping-ack", "An acknowledgement is not answered.")
            .send(ping(b"not sent").flags(ACK))
            .send(ping(b"the next"))
            .pong(*b"the next")
            .not(Outcome::Pong(*b"not sent"))
            .goes_on(1),
        rfc9113("6.7", "h2-ping-open", "PING is acknowledged while a request is sent.")
            .send_all([headers(1, post("/echo")), data(1, "ab"), ping(b"between!")])
            .pong(*b"between!")
            .send(data(1, "cd").end_stream())
            .understood(1),
        rfc9113("8.7", "h2-ping-idle", "PING shows whether a connection is in use.")
            .request(1)
            .send(ping(b"anybody?"))
            .pong(*b"anybody?")
            .goes_on(3),
        rfc9113("6.7", "h2-ping-on-stream", "PING on a stream is a connection error.")
            .send(ping(b"12345678").on(1))
            .connection_error([ProtocolError]),
    ];
    for (id, requirement, payload) in [
        ("h2-ping-empty", "PING without a payload is a connection error.", &b""[..]),
        ("h2-ping-short", "PING of six octets is a connection error.", b"123456"),
        ("h2-ping-long", "PING of nine octets is a connection error.", b"123456789"),
    ] {
        let wrong = ping(b"12345678").payload(payload);
        cases.push(rfc9113("6.7", id, requirement).send(wrong).connection_error([FrameSizeError]));
    }
    cases
}

fn goaways() -> Vec<Draft> {
    vec![
        rfc9113("6.8", "h2-goaway", "A client may say that it goes.")
            .send(goaway(0, 0, ""))
            .goes_on_or_is_closed(),
        rfc9113("6.8", "h2-goaway-debug", "GOAWAY may carry debug data.")
            .send(goaway(0, 0, "I have had enough"))
            .goes_on_or_is_closed(),
        rfc9113("6.8", "h2-goaway-under-way", "Requests before GOAWAY are answered.")
            .app()
            .send(headers(1, get("/sleep/50")).end_stream())
            .pause()
            .send(goaway(0, 0, ""))
            .response(1, status(Statuses::Understood)),
        rfc9113("6.8", "h2-goaway-then-body", "A request may end behind GOAWAY.")
            .app()
            .send_all([headers(1, post("/echo")), goaway(0, 0, ""), data(1, "end").end_stream()])
            .response(1, ok("end")),
        rfc9113("6.8", "h2-goaway-twice", "GOAWAY may be sent again.")
            .send_all([goaway(0x7fff_fffe, 0, ""), goaway(0, 0, "")])
            .goes_on_or_is_closed(),
        rfc9113("6.8", "h2-goaway-on-stream", "GOAWAY on a stream is a connection error.")
            .send(goaway(0, 0, "").on(1))
            .connection_error([ProtocolError]),
        // Nothing is left to be said to a client that goes.
        rfc9113("6.8", "h2-goaway-short", "GOAWAY of seven octets is a connection error.")
            .send(goaway(0, 0, "").payload([0; 7]))
            .any_of([Outcome::GoAway(vec![FrameSizeError, ProtocolError]), Outcome::Closed]),
        rfc9113("6.8", "h2-goaway-and-close", "A client that goes and closes leaves no trace.")
            .send(goaway(0, 0, ""))
            .half_close()
            .end()
            .others_are_served(),
    ]
}
