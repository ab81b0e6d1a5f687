//! A whole connection says the same however its input is split.
//!
//! The first byte says how many of the next are the lengths of the pieces; the rest is the input.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

use protocol::{
    Body, Connection, Content, Limits, Now, Production, Protocol, Reply, Request, Response, Step,
    Work,
};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/c" => Reply::collect(Response::text),
        "/w" => Reply::blocking(|| "worked"),
        "/l" => Reply::at(*START + Duration::from_millis(1), "later"),
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

/// Feeds the pieces and does what the connection asks for; returns all that it says.
fn drive<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let limits = Limits { collect: 300, head: 500, request_line: 200, ..Limits::default() };
    let (limits, handler) = (Arc::new(limits), Arc::new(answer as fn(&Request<'_>) -> Reply));
    // Everything that is delayed is due.
    let now = Now { instant: *START + Duration::from_millis(1), wall: UNIX_EPOCH };
    let mut connection = Connection::new(handler, limits, now);
    let (mut held, mut out, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let mut turn = |connection: &mut Connection<_>, held: &mut Vec<u8>, is_new: bool| {
        let mut receive = is_new;
        for _ in 0..10_000 {
            if std::mem::take(&mut receive) {
                let consumed = connection.receive(held, &mut out, now);
                held.drain(..consumed);
            }
            said.extend_from_slice(&out);
            connection.sent(out.len() as u64, now);
            out.clear();
            match connection.poll() {
                Step::Receive => receive = true,
                Step::Run(ticket, Work::Blocking(job)) => {
                    connection.complete(ticket, job.run(), &mut out, now);
                }
                Step::Wait(wait) => {
                    if wait.deadline.is_none_or(|deadline| deadline > now.instant) {
                        return true;
                    }
                    connection.handle_timeout(&mut out, now);
                }
                Step::ShutdownWrite => {}
                Step::Close => return false,
                step => panic!("nobody asked for {step:?}"),
            }
        }
        panic!("it never comes to rest");
    };
    for piece in pieces {
        held.extend_from_slice(piece);
        if !turn(&mut connection, &mut held, true) {
            return said;
        }
        assert!(held.len() <= 500 + 64, "more is held than a head may have");
    }
    connection.receive_eof(now);
    turn(&mut connection, &mut held, false);
    said
}

/// Without `100 Continue`, which is left out when the body is there already.
fn final_responses(said: &[u8]) -> String {
    String::from_utf8_lossy(said).replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&count, rest)) = input.split_first() else { return };
    let (lengths, input) = rest.split_at(rest.len().min(usize::from(count)));
    let (mut lengths, mut left) = (lengths.iter(), input);
    let pieces = std::iter::from_fn(|| {
        let length = lengths.next().map_or(left.len(), |&length| usize::from(length).max(1));
        let (piece, rest) = left.split_at(length.min(left.len()));
        left = rest;
        (!piece.is_empty()).then_some(piece)
    });
    let split = drive(pieces);
    let whole = drive(input.chunks(200));
    assert_eq!(final_responses(&split), final_responses(&whole));
});
