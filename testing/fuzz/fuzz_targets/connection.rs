//! A whole connection says the same however its input is split.
//!
//! What stands behind the last byte 0xff are the lengths of the pieces; without one, the pieces are
//! single bytes. So plain requests are inputs, too.

#![no_main]

use std::time::Duration;

use fuzz::{End, drive, start};
use protocol::{Body, Content, Limits, Production, Reply, Request, Response};

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/c" => Reply::collect(Response::text),
        "/w" => Reply::blocking(|| "worked"),
        "/l" => Reply::at(start().instant + Duration::from_millis(1), "later"),
        "/s" => {
            let mut lines = 0;
            let source = move |content: &mut Content<'_>, _| {
                content.push(b"line\n");
                lines += 1;
                if lines < 3 { Production::More } else { Production::End }
            };
            Response::text(Body::stream(source)).into()
        }
        path => path.to_owned().into(),
    }
}

/// All that is said to these pieces.
fn said<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let limits =
        Limits { max_collect: 300, max_head: 500, max_request_line: 200, ..Limits::default() };
    let mut driver = drive(answer as fn(&Request<'_>) -> Reply, limits);
    pieces.for_each(|piece| driver.feed(piece));
    assert!(driver.most_kept <= 500, "more is held than a head may have");
    driver.pass_ms(1);
    driver.eof();
    assert_eq!(driver.end, End::Closed, "it waits for a peer that has gone");
    // `100 Continue` is left out when the body is there already.
    let said = String::from_utf8_lossy(&driver.wire);
    said.replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (input, pieces) = fuzz::cut(input);
    assert_eq!(said(pieces), said(input.chunks(200)));
});
