//! RFC 6455 §4.2, §4.4: the opening handshake.

use crate::expected::{FieldRule, Statuses, status};
use crate::websocket::compose::{Draft, KEY, handshake, handshake_with, rfc6455, unopened};
use crate::websocket::frame::text;

const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const WITH_KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION: &str = "Sec-WebSocket-Version: 13";

pub(super) fn cases() -> Vec<Draft> {
    [accepted(), refused()].concat()
}

fn accepted() -> Vec<Draft> {
    let taken = |section, id, requirement, lines: &[&str]| {
        unopened(section, id, requirement).bytes(handshake_with(lines)).accepted().goes_on()
    };
    let keyed = |id, key, accept| {
        let key = format!("Sec-WebSocket-Key: {key}");
        unopened("4.2.2", id, "The key is answered with what follows from it.")
            .bytes(handshake_with(&[UPGRADE, CONNECTION, &key, VERSION]))
            .accepted_with(accept)
            .goes_on()
    };
    vec![
        rfc6455("4.2.2", "ws-handshake", "A sound handshake is accepted.").goes_on(),
        keyed("ws-key-zeros", "AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
        keyed("ws-key-ones", "/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="),
        keyed("ws-key-other", "x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="),
        taken(
            "4.2.1",
            "ws-upgrade-case",
            "Upgrade says `websocket` in any spelling.",
            &["Upgrade: WebSocket", CONNECTION, WITH_KEY, VERSION],
        ),
        taken(
            "4.2.1",
            "ws-connection-case",
            "Connection says `Upgrade` in any spelling.",
            &[UPGRADE, "Connection: uPGRADE", WITH_KEY, VERSION],
        ),
        taken(
            "4.2.1",
            "ws-connection-list",
            "Connection may have more options.",
            &[UPGRADE, "Connection: keep-alive, Upgrade", WITH_KEY, VERSION],
        ),
        taken(
            "4.2.1",
            "ws-names-case",
            "The names of fields are in any spelling.",
            &[
                "UPGRADE: websocket",
                "connection: Upgrade",
                "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==",
                "sec-websocket-version: 13",
            ],
        ),
        taken(
            "4.2.1",
            "ws-origin",
            "A handshake may have Origin.",
            &[UPGRADE, CONNECTION, WITH_KEY, VERSION, "Origin: http://localhost"],
        ),
        taken(
            "4.2.1",
            "ws-more-fields",
            "Fields that are not known are ignored.",
            &[UPGRADE, CONNECTION, WITH_KEY, VERSION, "Cookie: a=b", "X-Test: 1"],
        ),
        // An offer that is not taken is not spoken of.
        taken(
            "9.1",
            "ws-extension-unknown",
            "An extension that is not known is passed over.",
            &[UPGRADE, CONNECTION, WITH_KEY, VERSION, "Sec-WebSocket-Extensions: x-unknown; a=1"],
        ),
        taken(
            "4.3",
            "ws-extension-quoted",
            "A parameter of an extension may be in quotes.",
            &[
                UPGRADE,
                CONNECTION,
                WITH_KEY,
                VERSION,
                "Sec-WebSocket-Extensions: , x-unknown;a=\"b\" ; c , y; d = \"e\\f\"",
            ],
        ),
        taken(
            "4.2.2",
            "ws-protocol-unknown",
            "A subprotocol that is not known is not agreed on.",
            &[UPGRADE, CONNECTION, WITH_KEY, VERSION, "Sec-WebSocket-Protocol: x-unknown, y"],
        ),
        unopened("4.1", "ws-first-flight", "A frame may come right behind the handshake.")
            .bytes([handshake("").into_bytes(), text("early").encode()].concat())
            .accepted()
            .says("early")
            .goes_on()
            .app(),
    ]
}

fn refused() -> Vec<Draft> {
    let refused = |id, requirement, lines: &[&str]| {
        unopened("4.2.1", id, requirement).bytes(handshake_with(lines)).refused()
    };
    let short = "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==";
    vec![
        refused(
            "ws-no-upgrade",
            "A handshake without Upgrade is none.",
            &[CONNECTION, WITH_KEY, VERSION],
        ),
        refused(
            "ws-upgrade-other",
            "An upgrade to something else is none to WebSocket.",
            &["Upgrade: h2c", CONNECTION, WITH_KEY, VERSION],
        ),
        refused(
            "ws-no-connection",
            "A handshake whose Connection does not say `Upgrade` is none.",
            &[UPGRADE, WITH_KEY, VERSION],
        ),
        refused(
            "ws-connection-other",
            "Connection has to say `Upgrade`.",
            &[UPGRADE, "Connection: keep-alive", WITH_KEY, VERSION],
        ),
        refused("ws-no-key", "A handshake has a key.", &[UPGRADE, CONNECTION, VERSION]),
        refused("ws-key-short", "A key is 16 octets.", &[UPGRADE, CONNECTION, short, VERSION])
            .app(),
        refused(
            "ws-key-empty",
            "A key is not empty.",
            &[UPGRADE, CONNECTION, "Sec-WebSocket-Key: ", VERSION],
        ),
        refused(
            "ws-key-no-base64",
            "A key is in base64.",
            &[UPGRADE, CONNECTION, "Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==", VERSION],
        )
        .app(),
        refused(
            "ws-key-twice",
            "There is one key.",
            &[UPGRADE, CONNECTION, WITH_KEY, WITH_KEY, VERSION],
        )
        .app(),
        refused("ws-no-version", "A handshake has a version.", &[UPGRADE, CONNECTION, WITH_KEY]),
        refused(
            "ws-version-twice",
            "There is one version.",
            &[UPGRADE, CONNECTION, WITH_KEY, VERSION, VERSION],
        )
        .app(),
        unopened("9.1", "ws-extension-malformed", "A list of extensions is in its grammar.")
            .app()
            .bytes(handshake("Sec-WebSocket-Extensions: x-unknown; a=\"b c\""))
            .refused(),
        unopened("9.1", "ws-extension-malformed-names", "Extension and parameter have names.")
            .app()
            .bytes(handshake("Sec-WebSocket-Extensions: x-unknown, =a; b"))
            .refused(),
        unopened("4.2.1", "ws-protocol-malformed", "A list of subprotocols is in its grammar.")
            .app()
            .bytes(handshake("Sec-WebSocket-Protocol: x-unknown, a b"))
            .refused(),
        unopened("4.2.2", "ws-missing", "Where there is nothing, there is no WebSocket.")
            .app()
            .bytes(handshake("").replacen("<target>", "/no/such/path", 1))
            .response(status(404)),
        Draft::new(9110, "7.8", "ws-body", "Content would be taken for frames.")
            .app()
            .bytes(handshake("Content-Length: 5") + "hello")
            .refused(),
        // 100 has to come before 101, which a server that refuses has no need of.
        Draft::new(
            9110,
            "7.8",
            "ws-expect-body",
            "A client that waits is told to go on, or refused.",
        )
        .app()
        .bytes(handshake("Expect: 100-continue\r\nContent-Length: 5"))
        .response(status([100, 400, 417, 426])),
        Draft::new(9110, "7.8", "ws-expect", "100 comes before 101, where both are asked for.")
            .app()
            .bytes(handshake("Expect: 100-continue"))
            .response(status([100, 400, 417, 426])),
        unopened("4.4", "ws-version-old", "Another version is refused with those that are known.")
            .bytes(handshake_with(&[UPGRADE, CONNECTION, WITH_KEY, "Sec-WebSocket-Version: 8"]))
            .response(status([400, 426]).field("sec-websocket-version", FieldRule::Lists("13")))
            .app(),
        unopened("4.2.1", "ws-version-other", "Another version is refused.")
            .bytes(handshake_with(&[UPGRADE, CONNECTION, WITH_KEY, "Sec-WebSocket-Version: 14"]))
            .refused(),
        unopened("4.2.1", "ws-post", "A handshake is a GET request.")
            .bytes(handshake("Content-Length: 0\r\n").replacen("GET", "POST", 1))
            .refused(),
        unopened("4.2.1", "ws-http-1-0", "A handshake is of HTTP/1.1 or later.")
            .bytes(handshake("").replacen("HTTP/1.1", "HTTP/1.0", 1))
            .refused(),
        unopened("4.2.1", "ws-no-host", "A handshake has Host.")
            .bytes(handshake("").replacen("Host: <host>\r\n", "", 1))
            .refused(),
        unopened("4.2.2", "ws-elsewhere", "Where there is no WebSocket nothing is upgraded.")
            .app()
            .bytes(handshake("").replacen("<target>", "/echo/a", 1))
            .response(status(Statuses::Understood).without("sec-websocket-accept")),
        unopened("4.2.2", "ws-refused-then-http", "A client that was refused may go on in HTTP.")
            .app()
            .bytes(handshake_with(&[WITH_KEY, VERSION]))
            .response(status(426).lists("upgrade", "websocket"))
            .bytes(format!("GET /echo/a HTTP/1.1\r\nHost: <host>\r\nX: {KEY}\r\n\r\n"))
            .response(status(200)),
    ]
}
