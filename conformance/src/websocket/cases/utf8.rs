//! RFC 6455 §8.1: text is UTF-8.

use crate::websocket::compose::{Draft, rfc6455};
use crate::websocket::frame::{Length, binary, continuation, ping, text};

const INVALID: u16 = 1007;

pub(super) fn cases() -> Vec<Draft> {
    [right(), wrong(), at_once()].concat()
}

fn right() -> Vec<Draft> {
    let says = |id, requirement, value: &str| {
        rfc6455("8.1", id, requirement).send(text(value)).says(value).goes_on()
    };
    let kappa = "κόσμε";
    vec![
        says("ws-utf8", "Text may have characters of several octets.", "Hello-µ@ßöäüàá-UTF-8!!"),
        says("ws-utf8-kappa", "Also in Greek.", kappa),
        says("ws-utf8-nul", "A text may have NUL in it.", "a\0b"),
        says("ws-utf8-2-first", "The first character of two octets is valid.", "\u{80}"),
        says("ws-utf8-2-last", "The last character of two octets is valid.", "\u{7ff}"),
        says("ws-utf8-3-first", "The first character of three octets is valid.", "\u{800}"),
        says("ws-utf8-3-last", "The last character of three octets is valid.", "\u{ffff}"),
        says("ws-utf8-4-first", "The first character of four octets is valid.", "\u{10000}"),
        says("ws-utf8-4-last", "The last character of all is valid.", "\u{10ffff}"),
        says("ws-utf8-before-surrogates", "What comes before the surrogates is valid.", "\u{d7ff}"),
        says("ws-utf8-after-surrogates", "What comes after the surrogates is valid.", "\u{e000}"),
        says("ws-utf8-replacement", "U+FFFD is a character like any other.", "\u{fffd}"),
        says(
            "ws-utf8-no-characters",
            "So are those that never will be characters.",
            "\u{fffe}\u{1fffe}",
        ),
        says("ws-utf8-bom", "A mark of the order of octets is not removed.", "\u{feff}a"),
        rfc6455("8.1", "ws-utf8-parted", "A character may be in two fragments.")
            .send_all([
                text(&kappa.as_bytes()[..3]).unfinished(),
                continuation(&kappa.as_bytes()[3..]),
            ])
            .says(kappa)
            .goes_on(),
        rfc6455("8.1", "ws-utf8-octets", "Each octet of a character may be in a fragment.")
            .send_all([
                text([0xf4]).unfinished(),
                continuation([0x8f]).unfinished(),
                continuation([]).unfinished(),
                continuation([0xbf]).unfinished(),
                continuation([0xbf]),
            ])
            .says("\u{10ffff}")
            .goes_on(),
        rfc6455("8.1", "ws-utf8-parted-ping", "A ping may come within a character.")
            .send_all([text([0xce]).unfinished(), ping([0xff]), continuation([0xba])])
            .pong([0xff])
            .says("κ")
            .goes_on(),
        rfc6455("5.6", "ws-binary-no-utf8", "A binary message need not be UTF-8.")
            .send(binary([0xff, 0xc0, 0x80]))
            .says_binary([0xff, 0xc0, 0x80])
            .goes_on(),
    ]
}

fn wrong() -> Vec<Draft> {
    let mut cases = Vec::new();
    for (id, requirement, octets) in [
        ("ws-utf8-continuation-alone", "A character begins at its start.", &[0x80][..]),
        ("ws-utf8-continuation-after", "Also behind others.", b"a\xbf"),
        ("ws-utf8-cut-2", "A character of two octets has two.", &[0xc3]),
        ("ws-utf8-cut-3", "A character of three octets has three.", &[0xe2, 0x82]),
        ("ws-utf8-cut-4", "A character of four octets has four.", &[0xf0, 0x9f, 0x98]),
        ("ws-utf8-cut-inside", "Also when others follow.", &[0xe2, 0x82, b'a']),
        ("ws-utf8-overlong-2", "No character is longer than it needs to be.", &[0xc0, 0xaf]),
        ("ws-utf8-overlong-nul", "Nor is NUL.", &[0xc0, 0x80]),
        ("ws-utf8-overlong-3", "Nor in three octets.", &[0xe0, 0x80, 0xaf]),
        ("ws-utf8-overlong-4", "Nor in four octets.", &[0xf0, 0x80, 0x80, 0xaf]),
        ("ws-utf8-surrogate-high", "A surrogate is no character.", &[0xed, 0xa0, 0x80]),
        ("ws-utf8-surrogate-low", "The last surrogate is none, either.", &[0xed, 0xbf, 0xbf]),
        (
            "ws-utf8-surrogate-pair",
            "A pair of surrogates is none, either.",
            &[0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
        ),
        ("ws-utf8-too-high", "There are no characters beyond U+10FFFF.", &[0xf4, 0x90, 0x80, 0x80]),
        ("ws-utf8-5", "No character has five octets.", &[0xf8, 0x88, 0x80, 0x80, 0x80]),
        ("ws-utf8-6", "No character has six octets.", &[0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]),
        ("ws-utf8-fe", "No character has the octet 0xFE in it.", &[b'a', 0xfe]),
        ("ws-utf8-ff", "No character has the octet 0xFF in it.", &[0xff]),
    ] {
        cases.push(rfc6455("8.1", id, requirement).send(text(octets)).fails([INVALID]));
    }
    cases.extend([
        rfc6455("8.1", "ws-utf8-fragment", "A later fragment is held against the same rules.")
            .send_all([text("good").unfinished(), continuation([0xff])])
            .fails([INVALID]),
        rfc6455("8.1", "ws-utf8-fragments-cut", "A message does not end within a character.")
            .send_all([text([0xce]).unfinished(), continuation("")])
            .fails([INVALID]),
        rfc6455("8.1", "ws-utf8-fragments-mixed", "A character goes on where it was parted.")
            .send_all([text([0xce]).unfinished(), continuation("a")])
            .fails([INVALID]),
    ]);
    cases
}

/// The RFC does not say how soon. Here, as soon as it can be seen.
fn at_once() -> Vec<Draft> {
    let soon = |id, requirement| rfc6455("8.1", id, requirement).app();
    vec![
        soon("ws-utf8-soon-fragment", "The rest of a message in fragments is not waited for.")
            .send(text([b'a', 0xff]).unfinished())
            .fails([INVALID]),
        soon("ws-utf8-soon-second", "Nor after a fragment that was right.")
            .send_all([text("good").unfinished(), continuation([0xed, 0xa0]).unfinished()])
            .fails([INVALID]),
        soon("ws-utf8-soon-frame", "The rest of a frame is not waited for.")
            .send(text([b'a', 0xc0]).length(Length::Announced(70_000)))
            .fails([INVALID]),
        soon("ws-utf8-soon-character", "Nor is the rest of a character that cannot be one.")
            .send(text([0xf4, 0x90]).unfinished())
            .fails([INVALID]),
    ]
}
