//! RFC 6455 §5.1, §5.2, §5.3, §5.6, §5.8: frames, their lengths, masks and opcodes.

use crate::websocket::compose::{Draft, rfc6455};
use crate::websocket::frame::{
    Frame, Length, binary, close, continuation, ping, pong, text, with_opcode,
};

const PROTOCOL_ERROR: u16 = 1002;

pub(super) fn cases() -> Vec<Draft> {
    [sizes(), lengths(), masks(), reserved()].concat()
}

fn sizes() -> Vec<Draft> {
    let mut cases = Vec::new();
    for (text_id, binary_id, size) in [
        ("ws-text-0", "ws-binary-0", 0),
        ("ws-text-1", "ws-binary-1", 1),
        ("ws-text-125", "ws-binary-125", 125),
        ("ws-text-126", "ws-binary-126", 126),
        ("ws-text-127", "ws-binary-127", 127),
        ("ws-text-128", "ws-binary-128", 128),
        ("ws-text-65535", "ws-binary-65535", 65_535),
        ("ws-text-65536", "ws-binary-65536", 65_536),
        ("ws-text-1-mib", "ws-binary-1-mib", 1 << 20),
    ] {
        let octets = vec![b'*'; size];
        let again = "*".repeat(size);
        cases.push(
            rfc6455("5.6", text_id, "A text comes back, whatever its length.")
                .send(text(octets))
                .says(again)
                .goes_on(),
        );
        let octets: Vec<u8> = (0..=255).cycle().take(size).collect();
        cases.push(
            rfc6455("5.6", binary_id, "Any octets come back, whatever their number.")
                .send(binary(octets.clone()))
                .says_binary(octets)
                .goes_on(),
        );
    }
    cases.extend([
        rfc6455("6.2", "ws-many", "Messages come back in their order.")
            .send_all((0..500).map(|number| text(format!("message {number}"))))
            .then_each((0..500).map(|number| format!("message {number}")), |case, text| {
                case.says(text)
            })
            .goes_on(),
        rfc6455("6.2", "ws-mixed", "Texts and binary messages may take turns.")
            .send_all([text("a"), binary([0]), text(""), binary([]), text("b")])
            .says("a")
            .says_binary([0])
            .says("")
            .says_binary([])
            .says("b")
            .goes_on(),
        rfc6455("6.1", "ws-dialogue", "Each message is answered when it has come.")
            .send(text("one"))
            .says("one")
            .send(text("two"))
            .says("two")
            .goes_on(),
    ]);
    cases
}

fn lengths() -> Vec<Draft> {
    let fails = |id, requirement, frame: Frame| {
        rfc6455("5.2", id, requirement).send(frame).fails([PROTOCOL_ERROR])
    };
    vec![
        fails(
            "ws-length-two-small",
            "A length below 126 is written in one octet.",
            text("short").length(Length::Two),
        )
        .app(),
        fails(
            "ws-length-eight-small",
            "A length below 126 is not written in nine octets.",
            text("short").length(Length::Eight),
        )
        .app(),
        fails(
            "ws-length-eight-middle",
            "A length below 65536 is not written in nine octets.",
            text("*".repeat(300)).length(Length::Eight),
        )
        .app(),
        rfc6455("5.2", "ws-length-most-significant", "The first bit of a length is 0.")
            .send(binary("abc").length(Length::Announced(1 << 63)))
            .fails([PROTOCOL_ERROR, 1009]),
        rfc6455("5.2", "ws-length-all-ones", "A length has 63 bits.")
            .send(binary("abc").length(Length::Announced(u64::MAX)))
            .fails([PROTOCOL_ERROR, 1009]),
        rfc6455("10.4", "ws-length-huge", "A message that is too long is refused.")
            .app()
            .send(binary("abc").length(Length::Announced(1 << 62)))
            .fails([1009]),
        rfc6455("7.1.5", "ws-cut", "A connection that ends within a frame ends.")
            .send(binary("abc").length(Length::Announced(1 << 16)))
            .half_close()
            .end(),
        rfc6455("7.1.5", "ws-cut-between", "A connection that ends between frames ends.")
            .send(text("last"))
            .half_close()
            .end(),
    ]
}

fn masks() -> Vec<Draft> {
    let unmasked = |id, requirement, frame: Frame| {
        rfc6455("5.1", id, requirement).send(frame.masked(None)).fails([PROTOCOL_ERROR])
    };
    let masked = |id, mask| {
        rfc6455("5.3", id, "The payload is unmasked with the key of its frame.")
            .send(text("hello, masks").masked(Some(mask)))
            .says("hello, masks")
            .goes_on()
    };
    vec![
        masked("ws-mask", [0x12, 0x34, 0x56, 0x78]),
        masked("ws-mask-zero", [0; 4]),
        masked("ws-mask-ones", [0xff; 4]),
        rfc6455("5.3", "ws-mask-each", "Each frame has a key of its own.")
            .send_all([
                text("abcde").unfinished().masked(Some([1, 2, 3, 4])),
                continuation("fgh").unfinished().masked(Some([0xf0, 0, 0, 0xf])),
                continuation("ijklmn").masked(Some([9, 8, 7, 6])),
            ])
            .says("abcdefghijklmn")
            .goes_on(),
        unmasked("ws-unmasked-text", "A client masks its texts.", text("hello")),
        unmasked("ws-unmasked-empty", "A client masks what is empty.", text("")),
        unmasked("ws-unmasked-binary", "A client masks its binary messages.", binary("hello")),
        unmasked("ws-unmasked-ping", "A client masks its pings.", ping("hello")),
        unmasked("ws-unmasked-close", "A client masks its Close frame.", close(1000, "")),
        rfc6455("5.1", "ws-unmasked-later", "A client masks every fragment.")
            .send_all([text("a").unfinished(), continuation("b").masked(None)])
            .fails([PROTOCOL_ERROR]),
    ]
}

fn reserved() -> Vec<Draft> {
    let mut cases = Vec::new();
    for (id, bits) in
        [("ws-rsv1", 4), ("ws-rsv2", 2), ("ws-rsv3", 1), ("ws-rsv1-2", 6), ("ws-rsv1-2-3", 7)]
    {
        cases.push(
            rfc6455("5.2", id, "A reserved bit that nothing gives a meaning fails the connection.")
                .send(text("hello").reserved(bits))
                .fails([PROTOCOL_ERROR]),
        );
    }
    let with_bits = |id, frame: Frame| {
        rfc6455("5.2", id, "Reserved bits are 0 in any frame.")
            .send(frame.reserved(1))
            .fails([PROTOCOL_ERROR])
    };
    cases.extend([
        with_bits("ws-rsv-binary", binary("a")),
        with_bits("ws-rsv-ping", ping("a")),
        with_bits("ws-rsv-pong", pong("a")),
        with_bits("ws-rsv-close", close(1000, "")),
        rfc6455("5.2", "ws-rsv-continuation", "Reserved bits are 0 in later fragments, too.")
            .send_all([text("a").unfinished(), continuation("b").reserved(4)])
            .fails([PROTOCOL_ERROR]),
        rfc6455("5.2", "ws-rsv-after-text", "What came before is answered first.")
            .send(text("good"))
            .says("good")
            .send(text("bad").reserved(2))
            .fails([PROTOCOL_ERROR]),
    ]);
    for (id, opcode) in [
        ("ws-opcode-3", 0x3),
        ("ws-opcode-4", 0x4),
        ("ws-opcode-5", 0x5),
        ("ws-opcode-6", 0x6),
        ("ws-opcode-7", 0x7),
        ("ws-opcode-11", 0xb),
        ("ws-opcode-12", 0xc),
        ("ws-opcode-13", 0xd),
        ("ws-opcode-14", 0xe),
        ("ws-opcode-15", 0xf),
    ] {
        cases.push(
            rfc6455("5.2", id, "A reserved opcode fails the connection.")
                .send(with_opcode(opcode, "hello"))
                .fails([PROTOCOL_ERROR]),
        );
    }
    cases.push(
        rfc6455("5.8", "ws-opcode-empty", "Also in a frame without a payload.")
            .send(with_opcode(0x3, ""))
            .fails([PROTOCOL_ERROR]),
    );
    cases
}
