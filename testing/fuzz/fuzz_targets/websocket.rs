//! Bytes to a WebSocket: however they are cut, it says the same, and it ends once.
//!
//! What stands behind the last byte 0xff are the lengths of the pieces; without one, the pieces are
//! single bytes.

#![no_main]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::{Driver, End, start};
use layer_websocket::{Closed, Limits, Message, Outbox, Socket, WebSocket};
use protocol::Now;

struct Echo(Arc<Mutex<Vec<Closed>>>);

impl Socket for Echo {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
        match message {
            Message::Text(text) => outbox.text(text),
            Message::Binary(bytes) => outbox.binary(bytes),
        }
    }

    fn closed(&mut self, how: Closed) {
        self.0.lock().expect("nothing panics here").push(how);
    }
}

/// All that is said to these pieces, and how it ended.
fn said<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Closed) {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let limits = Limits { max_message: 300, max_frame: 200, high_water: 500, ..Limits::default() };
    let socket = WebSocket::new(limits, Echo(Arc::clone(&ends)), start());
    let mut driver = Driver::new(socket, start());
    pieces.for_each(|piece| driver.feed(piece));
    driver.eof();
    driver.pass(Duration::from_secs(3600));
    assert_eq!(driver.end, End::Closed, "it waits for a peer that has gone");
    assert!(driver.most_unsent < 1500, "{} unsent", driver.most_unsent);
    drop(driver.connection);
    let mut ends = std::mem::take(&mut *ends.lock().expect("nothing panics here"));
    assert_eq!(ends.len(), 1, "the end is told once");
    (driver.wire, ends.remove(0))
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (input, pieces) = fuzz::cut(input);
    assert_eq!(said(pieces), said(input.chunks(200)));
});
