//! RFC 6455 §5.5.1, §7: the closing handshake, and codes.

use crate::websocket::compose::{Draft, handshake, rfc6455, unopened};
use crate::websocket::frame::{binary, close, close_with, continuation, ping, text};

const NORMAL: u16 = 1000;
const PROTOCOL_ERROR: u16 = 1002;
const NO_CODE: u16 = 1005;
const INVALID: u16 = 1007;

pub(super) fn cases() -> Vec<Draft> {
    [handshakes(), codes()].concat()
}

fn handshakes() -> Vec<Draft> {
    vec![
        rfc6455("7.1.1", "ws-close", "A Close frame is answered, and the server closes.")
            .send(close(NORMAL, ""))
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-empty", "A Close frame need have no code.")
            .send(close_with(""))
            .closes([NO_CODE, NORMAL]),
        rfc6455("5.5.1", "ws-close-reason", "A Close frame may have a reason.")
            .send(close(NORMAL, "That is all. — κόσμε"))
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-reason-123", "A reason may have 123 octets.")
            .send(close(NORMAL, "*".repeat(123)))
            .closes([NORMAL]),
        rfc6455("5.5", "ws-close-reason-124", "A reason of 124 octets fails the connection.")
            .send(close(NORMAL, "*".repeat(124)))
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5.1", "ws-close-one-octet", "A code of one octet fails the connection.")
            .send(close_with("a"))
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5.1", "ws-close-reason-no-utf8", "A reason is UTF-8.")
            .send(close(NORMAL, b"\xce\xba\xed\xa0\x80"))
            .fails([INVALID, PROTOCOL_ERROR]),
        rfc6455("5.5.1", "ws-close-reason-cut", "A reason does not end within a character.")
            .send(close(NORMAL, [0xce]))
            .fails([INVALID, PROTOCOL_ERROR]),
        rfc6455("5.5", "ws-close-fragment", "A Close frame is not fragmented.")
            .send(close(NORMAL, "").unfinished())
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5.1", "ws-close-then-text", "What follows on a Close frame is not answered.")
            .send_all([close(NORMAL, ""), text("too late")])
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-then-ping", "Nor is a ping.")
            .send_all([close(NORMAL, ""), ping("too late")])
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-twice", "A second Close frame is not answered.")
            .send_all([close(NORMAL, ""), close(NORMAL, "")])
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-then-nonsense", "What follows is not read.")
            .send_all([close(NORMAL, ""), continuation("?").reserved(7)])
            .closes([NORMAL]),
        rfc6455(
            "5.5.1",
            "ws-close-behind-text",
            "A message before a Close frame is answered first.",
        )
        .send(text("first"))
        .says("first")
        .send(close(NORMAL, ""))
        .closes([NORMAL]),
        rfc6455("5.4", "ws-close-between", "A Close frame may come between fragments.")
            .send_all([text("frag").unfinished(), close(NORMAL, "")])
            .closes([NORMAL]),
        rfc6455("5.5.1", "ws-close-behind-ping", "A ping before a Close frame is answered first.")
            .send(ping("first"))
            .pong("first")
            .send(close(NORMAL, ""))
            .closes([NORMAL]),
        rfc6455("7.1.1", "ws-close-half", "A client may close its side behind its Close frame.")
            .send(close(NORMAL, ""))
            .half_close()
            .closes([NORMAL]),
        rfc6455("7.1.1", "ws-close-large", "Also behind a large message.")
            .send(binary(vec![1; 256 << 10]))
            .says_binary(vec![1; 256 << 10])
            .send(close(NORMAL, ""))
            .closes([NORMAL]),
        rfc6455("7.2.1", "ws-no-close", "A client that goes without a word is let go.")
            .half_close()
            .end(),
        unopened(
            "4.2.2",
            "ws-half-close",
            "A handshake is answered although the client closes its side.",
        )
        .app()
        .bytes(handshake(""))
        .half_close()
        .accepted()
        .end(),
        unopened("4.2.2", "ws-half-close-text", "A message behind it is answered, too.")
            .app()
            .bytes([handshake("").into_bytes(), text("early").encode()].concat())
            .half_close()
            .accepted()
            .says("early")
            .end(),
        unopened("4.2.2", "ws-half-close-half", "Half a message is not answered.")
            .app()
            .bytes([handshake("").as_bytes(), &text("early").encode()[..7]].concat())
            .half_close()
            .accepted()
            .end(),
        rfc6455("7.1.7", "ws-failed-then-more", "Frames behind a failure are not looked at.")
            .send_all([text("bad").reserved(4), text("good"), ping("good")])
            .fails([PROTOCOL_ERROR]),
    ]
}

fn codes() -> Vec<Draft> {
    let mut cases = Vec::new();
    for (id, code) in [
        ("ws-code-1000", 1000),
        ("ws-code-1001", 1001),
        ("ws-code-1002", 1002),
        ("ws-code-1003", 1003),
        ("ws-code-1007", 1007),
        ("ws-code-1008", 1008),
        ("ws-code-1009", 1009),
        ("ws-code-1010", 1010),
        ("ws-code-1011", 1011),
        ("ws-code-3000", 3000),
        ("ws-code-3999", 3999),
        ("ws-code-4000", 4000),
        ("ws-code-4999", 4999),
    ] {
        // The code that comes back is typically the same; it need not be.
        cases.push(
            rfc6455("7.4", id, "A code that is defined, registered or private is taken.")
                .send(close(code, ""))
                .closes([code, NORMAL]),
        );
    }
    for (id, code) in [
        ("ws-code-0", 0),
        ("ws-code-999", 999),
        ("ws-code-1004", 1004),
        ("ws-code-1005", 1005),
        ("ws-code-1006", 1006),
        ("ws-code-1015", 1015),
        ("ws-code-1016", 1016),
        ("ws-code-1100", 1100),
        ("ws-code-2000", 2000),
        ("ws-code-2999", 2999),
    ] {
        cases.push(
            rfc6455("7.4", id, "A code that must not be sent, or means nothing, is an error.")
                .send(close(code, ""))
                .fails([PROTOCOL_ERROR]),
        );
    }
    for (id, code) in [("ws-code-5000", 5000), ("ws-code-65535", 65_535)] {
        cases.push(
            rfc6455("7.4.2", id, "Codes end at 4999.")
                .send(close(code, ""))
                .fails([PROTOCOL_ERROR]),
        );
    }
    cases
}
