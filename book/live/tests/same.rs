//! Records what the program says to more than a thousand inputs, for the module to be held against,
//! and holds it natively against the strict driver that the tests of the protocol use.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use conformance::http1::Step;
use conformance::{Exchange, cases};
use fastrand::Rng;
use harness::{Driver, start};
use protocol::{Connection, Limits};
use serde_json::Value;

const FEWEST: usize = 1000;

/// Bytes as a script has them.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => text += "\\r",
            b'\n' => text += "\\n",
            b'\\' => text += "\\\\",
            b' '..=b'~' => text.push(byte.into()),
            _ => write!(text, "\\x{byte:02x}").unwrap(),
        }
    }
    text
}

/// What the conformance cases send over HTTP/1.1, with something in the places that are filled in.
fn recorded() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for case in cases() {
        let Exchange::Http1(steps) = &case.exchange else { continue };
        for sent in steps.split(|step| matches!(step, Step::Reconnect)) {
            let bytes: Vec<u8> = sent
                .iter()
                .filter_map(
                    |step| if let Step::Send(bytes) = step { Some(&bytes[..]) } else { None },
                )
                .flatten()
                .copied()
                .collect();
            if (1..4096).contains(&bytes.len()) {
                inputs.push(filled_in(bytes));
            }
        }
    }
    inputs
}

/// With something in the places that a session would fill in.
fn filled_in(mut bytes: Vec<u8>) -> Vec<u8> {
    for (name, value) in [("<host>", "h"), ("<unique>", "u"), ("<etag>", "\"e\"")] {
        while let Some(at) = bytes.windows(name.len()).position(|it| it == name.as_bytes()) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
}

/// An input in pieces, and whether the client closes its side at the end.
struct Delivery {
    pieces: Vec<Vec<u8>>,
    closes: bool,
}

impl Delivery {
    fn cut(input: &[u8], random: &mut Rng) -> Self {
        let mut cuts: Vec<usize> =
            (0..random.usize(0..4)).map(|_| random.usize(0..=input.len())).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| input[ends[0]..ends[1]].to_vec()).collect();
        Delivery { pieces, closes: random.bool() }
    }

    fn script(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| format!("receive {}\n", escaped(piece)));
        pieces.collect::<String>() + if self.closes { "eof" } else { "pass 70000" }
    }

    /// What the strict driver has its client receive.
    fn wire(&self) -> Vec<u8> {
        let handler = Arc::new(live::Routes::default());
        let connection = Connection::new(handler, Arc::new(Limits::default()), start());
        let mut driver = Driver::new(connection, start());
        driver.holds_work = true;
        for piece in &self.pieces {
            driver.feed(piece);
        }
        if self.closes {
            driver.eof();
        } else {
            driver.pass_ms(70_000);
        }
        driver.wire
    }
}

fn deliveries() -> Vec<Delivery> {
    let mut random = Rng::with_seed(14);
    let inputs = recorded();
    inputs
        .iter()
        .flat_map(|input| (0..4).map(|_| Delivery::cut(input, &mut random)).collect::<Vec<_>>())
        .collect()
}

/// Scripts in which time, work and the client's patience play a part, of all that can be driven.
fn generated(random: &mut Rng) -> String {
    let of: &[&str] = match random.u8(0..4) {
        0 => &[
            "receive GET /work HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n",
            "receive GET /sleep/300 HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n",
            "receive GET /bytes/70000 HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n",
            "receive POST /store HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 9\\r\\n\\r\\nfour",
            "receive GET /ec",
            "receive ho/a HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n",
            "complete",
            "takes none",
            "takes all",
            "take 10000",
            "pass 250",
            "pass 11000",
            "late 3000",
            "timeout",
            "shutdown 5000",
            "eof",
        ],
        1 => &[
            "get 1 /work",
            "get 3 /bytes/30",
            "get 5 /echo/a",
            "get 7 /sleep/500",
            "post 9 /echo",
            "data 9 40",
            "end 9 2",
            "window 3 10",
            "window 0 100",
            "reset 1",
            "complete",
            "pong",
            "takes none",
            "takes all",
            "pass 500",
            "pass 21000",
            "shutdown 5000",
            "eof",
        ],
        2 => &[
            "text Hello",
            "begin Hel",
            "finish lo",
            "binary 300",
            "ping x",
            "pong",
            "close 1000",
            "receive \\x81\\x02hi",
            "receive \\x81\\x85\\x37\\xfa",
            "takes none",
            "takes all",
            "pass 31000",
            "shutdown 1000",
            "eof",
        ],
        _ => &["arrive 300", "wait", "read 100", "drain 64", "eof"],
    };
    let head = match of[0] {
        "get 1 /work" => "speak http2\npreface 20\n",
        "text Hello" => "upgrade\n",
        "arrive 300" => "speak poller edge\n",
        _ => "",
    };
    let steps = (0..random.usize(1..12)).map(|_| of[random.usize(0..of.len())]);
    head.to_owned() + &steps.collect::<Vec<_>>().join("\n")
}

fn wire_of(answer: &str) -> Vec<u8> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["error"], Value::Null);
    let steps = answer["steps"].as_array().unwrap();
    let out = steps.iter().map(|step| step["out"].as_str().unwrap());
    out.flat_map(str::chars).map(|byte| u8::try_from(byte).unwrap()).collect()
}

fn without_dates(mut wire: Vec<u8>) -> Vec<u8> {
    const FIELD: &[u8] = b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    while let Some(at) = wire.windows(6).position(|it| it == b"date: ") {
        wire.drain(at..at + FIELD.len());
    }
    wire
}

#[test]
fn the_bytes_are_those_of_the_strict_driver() {
    let deliveries = deliveries();
    assert!(deliveries.len() >= FEWEST, "{}", deliveries.len());
    for delivery in deliveries {
        let script = delivery.script();
        let answer = live::run(&script);
        let wire = delivery.wire();
        // The strict driver's wall clock stands still.
        assert!(
            without_dates(wire_of(&answer)) == without_dates(wire.clone()),
            "{script}\n{answer}\n{}",
            escaped(&wire)
        );
    }
}

#[test]
fn more_than_a_thousand_answers_are_written_down_for_the_module() {
    let mut random = Rng::with_seed(41);
    let mut scripts: Vec<String> = deliveries().iter().map(Delivery::script).collect();
    scripts.extend((0..600).map(|_| generated(&mut random)));
    let scripts = scripts.join("\n===\n");
    let answers = live::run(&scripts);
    assert!(answers.lines().count() >= FEWEST);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("scripts.txt"), scripts).unwrap();
    std::fs::write(folder.join("answers.txt"), answers).unwrap();
}
