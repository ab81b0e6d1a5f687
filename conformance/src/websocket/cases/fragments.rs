//! RFC 6455 §5.4: fragmentation.

use crate::websocket::compose::{Draft, rfc6455};
use crate::websocket::frame::{Frame, binary, continuation, ping, text};

const PROTOCOL_ERROR: u16 = 1002;

pub(super) fn cases() -> Vec<Draft> {
    [right(), wrong()].concat()
}

fn right() -> Vec<Draft> {
    let octets = |count: usize| -> Vec<Frame> {
        let first = std::iter::once(binary([1]).unfinished());
        let middle = (2..count).map(|_| continuation([1]).unfinished());
        first.chain(middle).chain([continuation([1])]).collect()
    };
    vec![
        rfc6455("5.4", "ws-fragments", "Two fragments are one message.")
            .send_all([text("frag").unfinished(), continuation("ment")])
            .says("fragment")
            .goes_on(),
        rfc6455("5.4", "ws-fragments-binary", "Also of a binary message.")
            .send_all([binary([1, 2]).unfinished(), continuation([3, 4])])
            .says_binary([1, 2, 3, 4])
            .goes_on(),
        rfc6455("5.4", "ws-fragments-apart", "Fragments may take their time.")
            .send(text("frag").unfinished())
            .pause()
            .send(continuation("ment"))
            .says("fragment")
            .goes_on(),
        rfc6455("5.4", "ws-fragments-empty", "Fragments may be empty.")
            .send_all([text("").unfinished(), continuation("").unfinished(), continuation("")])
            .says("")
            .goes_on(),
        rfc6455("5.4", "ws-fragments-empty-ends", "Those around one that is not may be, too.")
            .send_all([
                text("").unfinished(),
                continuation("middle").unfinished(),
                continuation(""),
            ])
            .says("middle")
            .goes_on(),
        rfc6455("5.4", "ws-fragments-many", "A message may have many fragments.")
            .send_all(octets(1000))
            .says_binary([1; 1000])
            .goes_on(),
        rfc6455("5.4", "ws-fragments-large", "Fragments may be large.")
            .send(binary(vec![7; 100_000]).unfinished())
            .send(continuation(vec![7; 100_000]))
            .says_binary(vec![7; 200_000])
            .goes_on(),
        rfc6455("5.4", "ws-fragments-pings", "Pings may come between all fragments.")
            .send_all([
                text("a").unfinished(),
                ping("1"),
                continuation("b").unfinished(),
                ping("2"),
                continuation("c"),
            ])
            .pong("1")
            .pong("2")
            .says("abc")
            .goes_on(),
        rfc6455("5.4", "ws-fragments-twice", "After a message in fragments comes another.")
            .send_all([text("a").unfinished(), continuation("b")])
            .says("ab")
            .send_all([binary("c").unfinished(), continuation("d")])
            .says_binary("cd")
            .goes_on(),
    ]
}

fn wrong() -> Vec<Draft> {
    let fails = |id, requirement| rfc6455("5.4", id, requirement);
    vec![
        fails("ws-continuation-alone", "A continuation continues something.")
            .send(continuation("lost"))
            .fails([PROTOCOL_ERROR]),
        fails("ws-continuation-unfinished", "Also one that goes on itself.")
            .send_all([continuation("lost").unfinished(), continuation("more")])
            .fails([PROTOCOL_ERROR]),
        fails("ws-continuation-empty", "Also an empty one.")
            .send(continuation(""))
            .fails([PROTOCOL_ERROR]),
        fails("ws-continuation-after-whole", "A message that was whole is not continued.")
            .send(text("whole"))
            .says("whole")
            .send(continuation("more"))
            .fails([PROTOCOL_ERROR]),
        fails("ws-continuation-after-end", "Nor is one whose last fragment has come.")
            .send_all([text("frag").unfinished(), continuation("ment")])
            .says("fragment")
            .send(continuation("more").unfinished())
            .fails([PROTOCOL_ERROR]),
        fails("ws-text-between", "No message begins between fragments.")
            .send_all([text("frag").unfinished(), text("another")])
            .fails([PROTOCOL_ERROR]),
        fails("ws-text-between-unfinished", "Nor does one in fragments.")
            .send_all([text("frag").unfinished(), text("another").unfinished()])
            .fails([PROTOCOL_ERROR]),
        fails("ws-binary-between", "Nor does one of another kind.")
            .send_all([text("frag").unfinished(), binary("another")])
            .fails([PROTOCOL_ERROR]),
    ]
}
