//! RFC 6455 §5.5: ping and pong.

use crate::websocket::compose::{Draft, rfc6455};
use crate::websocket::frame::{continuation, ping, pong, text};

const PROTOCOL_ERROR: u16 = 1002;

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc6455("5.5.2", "ws-ping", "A ping is answered with its payload.")
            .send(ping("Hello"))
            .pong("Hello")
            .goes_on(),
        rfc6455("5.5.2", "ws-ping-empty", "A ping may be empty.").send(ping("")).pong("").goes_on(),
        rfc6455("5.5.2", "ws-ping-binary", "A ping has any octets.")
            .send(ping([0, 0xff, 0xfe, 0xfd, 0x80]))
            .pong([0, 0xff, 0xfe, 0xfd, 0x80])
            .goes_on(),
        rfc6455("5.5", "ws-ping-125", "A ping may have 125 octets.")
            .send(ping([0xfe; 125]))
            .pong([0xfe; 125])
            .goes_on(),
        rfc6455("5.5", "ws-ping-126", "A ping of 126 octets fails the connection.")
            .send(ping([0xfe; 126]))
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5", "ws-pong-126", "A pong of 126 octets fails the connection.")
            .send(pong([0xfe; 126]))
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5", "ws-ping-fragment", "A ping is not fragmented.")
            .send(ping("frag").unfinished())
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5", "ws-ping-fragments", "Nor when the rest follows.")
            .send_all([ping("frag").unfinished(), continuation("ment")])
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5", "ws-pong-fragment", "A pong is not fragmented.")
            .send_all([pong("frag").unfinished(), continuation("ment")])
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.5.3", "ws-pong", "A pong that nobody asked for is ignored.")
            .send(pong("unasked"))
            .goes_on(),
        rfc6455("5.5.3", "ws-pong-empty", "Also an empty one.").send(pong("")).goes_on(),
        rfc6455("5.5.3", "ws-pong-then-ping", "It is not taken for the answer to anything.")
            .send_all([pong("unasked"), ping("asked")])
            .pong("asked")
            .goes_on(),
        // Only the last of several pings has to be answered, but what is can be told in order.
        rfc6455("5.5.3", "ws-pings-apart", "Pings one after another are each answered.")
            .then_each(["one", "two", "three"], |case, text| case.send(ping(text)).pong(text))
            .goes_on(),
        rfc6455("5.5.2", "ws-pings-many", "Many pings at once are each answered, in their order.")
            .app()
            .send_all((0..50).map(|number| ping(format!("ping {number}"))))
            .then_each((0..50).map(|number| format!("ping {number}")), Draft::pong)
            .goes_on(),
        rfc6455("5.4", "ws-ping-between", "A ping between fragments is answered before their end.")
            .send_all([text("frag").unfinished(), ping("between")])
            .pong("between")
            .send(continuation("ment"))
            .says("fragment")
            .goes_on(),
        rfc6455("5.4", "ws-pong-between", "A pong may come between fragments.")
            .send_all([text("frag").unfinished(), pong("between"), continuation("ment")])
            .says("fragment")
            .goes_on(),
    ]
}
