//! A session without a socket: what is lent, kept, counted and aborted.

use super::*;
use crate::{Admission, ShutdownSignal, Statistics};
use proptest::prelude::*;
use protocol::{Handler, Limits, Reply, Request, Response};

/// A server that has room for one session.
fn context(handler: impl Handler) -> Context {
    Context {
        handler: Arc::new(handler),
        limits: Arc::new(Limits::default()),
        threads: None,
        workers: 1,
        shutdown: Arc::new(ShutdownSignal::default()),
        by_address: None,
        listener: 0,
        proxies: None,
        statistics: Statistics::new(Arc::default()),
        #[cfg(feature = "tls")]
        tls: None,
        admission: Arc::new(Admission::new(1, 1)),
    }
}

/// A session that is alone on its server.
fn session(handler: impl Handler) -> Session {
    let context = context(handler);
    Session::new(&context, context.admission.admit().unwrap())
}

#[test]
fn buffers_change_hands_and_input_that_comes_too_early_is_kept() {
    let mut session = session(|request: &Request<'_>| {
        let path = request.path().to_owned();
        Reply::blocking(move || path)
    });
    let mut input = *b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    let (first, second) = input.split_at_mut(28);
    let (beginning, rest) = first.split_at_mut(7);
    session.receive_from(beginning);
    assert!(matches!(session.poll(), Next::Wait(Awaited { read: true, write: false, .. })));
    assert!(session.holds_input());
    session.receive_from(rest);
    let Next::Run(ticket, Work::Blocking(job)) = session.poll() else { panic!("no work") };
    assert!(matches!(session.poll(), Next::Wait(Awaited { read: false, write: false, .. })));
    assert!(!session.holds_input());
    session.receive_from(second);
    session.receive_from(&mut []);
    assert!(matches!(session.poll(), Next::Wait(Awaited { read: false, write: false, .. })));
    assert!(session.holds_input());

    session.complete(ticket, job.run());
    let Next::Run(ticket, Work::Blocking(job)) = session.poll() else { panic!("no work") };
    let output = session.take_output();
    assert!(output.ends_with(b"\r\n\r\n/1"));
    session.sent(output.len());
    recycle(output);
    assert!(matches!(session.poll(), Next::Wait(Awaited { read: false, write: false, .. })));
    session.complete(ticket, job.run());
    assert!(matches!(session.poll(), Next::Wait(Awaited { read: false, write: true, .. })));
    let output = session.take_output();
    assert!(output.ends_with(b"\r\n\r\n/2"));
    session.sent(10);
    assert!(matches!(session.poll(), Next::Wait(Awaited { write: false, .. })));
    session.sent(output.len() - 10);
    // The end had come before: nobody is left to linger for.
    assert!(matches!(session.poll(), Next::ShutdownWrite));
    assert!(matches!(session.poll(), Next::Close));
}

#[test]
fn an_idle_session_holds_no_buffer() {
    let mut session = session(|_: &Request<'_>| "served");
    let holds_none =
        |session: &Session| session.input.capacity() == 0 && session.output.capacity() == 0;
    let would_block = || io::Result::<usize>::Err(io::ErrorKind::WouldBlock.into());
    for _ in 0..2 {
        session.receive_with(|_| would_block()).unwrap_err();
        assert!(holds_none(&session), "after an attempt to read");
        let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let read = |space: &mut [u8]| {
            space[..request.len()].copy_from_slice(request);
            Ok(request.len())
        };
        session.receive_with(read).unwrap();
        assert!(matches!(session.poll(), Next::Wait(Awaited { write: true, .. })));
        session.send_with(|_| would_block()).unwrap_err();
        let all = |output: Output<'_>| match output {
            Output::Bytes(bytes) => Ok(bytes.len()),
            Output::File(_) => would_block(),
        };
        session.send_with(all).unwrap();
        assert!(matches!(session.poll(), Next::Wait(Awaited { write: false, .. })));
        assert!(holds_none(&session), "after a request");
    }
}

/// A process that was stopped finds deadlines and bytes at once.
#[test]
fn a_deadline_counts_after_the_socket_has_been_tried_once() {
    use std::time::Duration;
    let would_block = || io::Result::<usize>::Err(io::ErrorKind::WouldBlock.into());
    let mut context = context(|_: &Request<'_>| "served");
    let limits = Limits { head_timeout: Duration::ZERO, ..Limits::default() };
    context.limits = Arc::new(limits);
    for rest in ["Host: h\r\n\r\n", "Host: h\r\n"] {
        let slot = context.admission.admit().unwrap();
        let mut session = Session::new(&context, slot);
        session.receive_from(&mut b"GET / HTTP/1.1\r\n".to_vec());
        assert!(matches!(session.poll(), Next::Wait(Awaited { read: true, .. })));
        let read = |space: &mut [u8]| {
            space[..rest.len()].copy_from_slice(rest.as_bytes());
            Ok(rest.len())
        };
        session.handle_timeout_with(read, |_| would_block()).unwrap();
        let is_whole = rest.ends_with("\r\n\r\n");
        assert!(matches!(session.poll(), Next::Wait(Awaited { write, .. }) if write == is_whole));
        if !is_whole {
            let again = |_: &mut [u8]| panic!("it has been tried for this deadline");
            session.handle_timeout_with(again, |_| would_block()).unwrap();
            assert!(matches!(session.poll(), Next::Wait(Awaited { write: true, .. })));
        }
        let status = if is_whole { "HTTP/1.1 200 " } else { "HTTP/1.1 408 " };
        assert!(session.take_output().starts_with(status.as_bytes()), "{status}");
    }
}

/// A response in memory is passed on bit by bit, and never copied whole.
#[test]
fn a_large_response_does_not_gather() {
    const SIZE: usize = 64 << 20;
    let body = protocol::bytes::Bytes::from(vec![b'x'; SIZE]);
    let mut session = session(move |_: &Request<'_>| Response::text(body.clone()));
    session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
    let mut sent = 0;
    while let Next::Wait(Awaited { write: true, .. }) = session.poll() {
        let some = |output: Output<'_>| match output {
            Output::Bytes(bytes) => Ok(bytes.len().min(50_000)), // never all that there is
            Output::File(_) => Err(io::ErrorKind::Other.into()),
        };
        sent += session.send_with(some).unwrap();
        assert!(session.output.capacity() < 1 << 20, "{} KiB", session.output.capacity() >> 10);
    }
    assert!(sent > SIZE);
}

/// Answers now, later, with much, or with how much it was sent.
fn handler(request: &Request<'_>) -> Reply {
    match request.path() {
        "/work" => Reply::blocking(|| "worked"),
        "/length" => Reply::collect(|body| Response::text(body.len().to_string())),
        "/large" => Response::text("x".repeat(4 * (64 << 10))).into(),
        _ => "served".into(),
    }
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes();
    let post = |length: usize| {
        let head = "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: ";
        [format!("{head}{length}\r\n\r\n").into_bytes(), vec![b'x'; length]].concat()
    };
    let request = prop_oneof![
        Just(get("/")),
        Just(get("/work")),
        Just(get("/large")),
        (0..50_000_usize).prop_map(post),
    ];
    proptest::collection::vec(request, 1..8).prop_map(|requests| requests.concat())
}

/// Takes over; when shutdown begins it says that it has nothing more to say, or does not. May be
/// told to panic.
struct Guest {
    says_it: bool,
    is_due: bool,
}

impl Protocol for Guest {
    fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
        if input == b"panic" {
            std::panic::panic_any(harness::EXPECTED_PANIC);
        }
        input.len()
    }

    fn receive_eof(&mut self, _: Now) {}
    fn sent(&mut self, _: u64, _: Now) {}
    fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}
    fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}

    fn shutdown(&mut self, _: Instant, _: Now) {
        self.is_due = self.says_it;
    }

    fn poll(&mut self) -> Step {
        if std::mem::take(&mut self.is_due) {
            return Step::ShutdownWrite;
        }
        Step::Wait(protocol::Wait { read: true, deadline: None })
    }
}

/// When all has been said, a peer that does not hang up loses nothing.
#[test]
fn cut_short_is_only_what_has_not_said_its_last_word() {
    for (says_it, aborted) in [(false, 1), (true, 0)] {
        let context = context(move |_: &Request<'_>| {
            let name = protocol::http::HeaderValue::from_static("guest");
            Reply::upgrade(name, Response::ok(), Guest { says_it, is_due: false })
        });
        let mut session = Session::new(&context, context.admission.admit().unwrap());
        session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
        assert!(matches!(session.poll(), Next::Wait(Awaited { write: true, .. })));
        let output = session.take_output();
        session.sent(output.len());
        session.shutdown(Instant::now());
        assert_eq!(matches!(session.poll(), Next::ShutdownWrite), says_it);
        session.handle_timeout();
        assert!(matches!(session.poll(), Next::Close));
        assert_eq!(context.statistics.report(0).aborted, aborted);
    }
}

/// Whether the output is still here, or with the code that sends it: it is not sent any more.
#[test]
fn a_connection_that_ends_with_something_unsent_is_aborted() {
    for (is_lent, is_sent) in [(false, false), (true, false), (true, true)] {
        let mut session = session(|_: &Request<'_>| "answer");
        session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
        assert!(matches!(session.poll(), Next::Wait(Awaited { write: true, .. })));
        let lent = if is_lent { session.take_output().len() } else { 0 };
        session.sent(if is_sent { lent } else { 0 });
        session.shutdown(Instant::now());
        session.handle_timeout();
        let end: Vec<_> = (0..3).map(|_| session.poll()).collect();
        assert_eq!(matches!(end[0], Next::Abort), !is_sent, "{end:?}");
        assert!(matches!(end[2], Next::Close), "{end:?}");
    }
}

/// What it had said before is no more whole than what it was about to say.
#[test]
fn a_panic_with_something_unsent_aborts_the_connection() {
    harness::silence_expected_panics();
    for is_lent in [false, true] {
        let mut session = session(|_: &Request<'_>| {
            let name = protocol::http::HeaderValue::from_static("guest");
            Reply::upgrade(name, Response::ok(), Guest { says_it: false, is_due: false })
        });
        session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec());
        assert!(matches!(session.poll(), Next::Wait(Awaited { write: true, .. })));
        let _lent = is_lent.then(|| session.take_output());
        session.receive_from(&mut b"panic".to_vec());
        assert!(matches!(session.poll(), Next::Abort));
        assert!(matches!(session.poll(), Next::Close));
    }
}

/// Its last byte may be the end of the connection as well.
#[test]
fn an_answer_that_is_over_with_its_file_is_counted() {
    let context = context(|_: &Request<'_>| {
        let file = std::fs::File::open(env!("CARGO_MANIFEST_PATH")).unwrap();
        Response::ok().body(FileRange { file: Arc::new(file), offset: 0, length: 5 })
    });
    let mut session = Session::new(&context, context.admission.admit().unwrap());
    let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    session.receive_from(&mut request.to_vec());
    while let Next::Wait(_) = session.poll() {
        let all = |output: Output<'_>| match output {
            Output::Bytes(bytes) => Ok(bytes.len()),
            Output::File(_) => Ok(5),
        };
        session.send_with(all).unwrap();
    }
    assert!(matches!(session.poll(), Next::Close));
    drop(session);
    assert_eq!(context.statistics.report(1).requests, 1);
}

/// What a peer is told that sends this and then closes its side, whatever the order of things;
/// and whether the connection has ended.
fn told(input: &[u8], gives_away: bool, mut choices: impl Iterator<Item = u16>) -> (Vec<u8>, bool) {
    let mut session = session(handler);
    let (mut at, mut ended, mut told) = (0, false, Vec::new());
    let mut work = Vec::new();
    let mut flight: Option<(Vec<u8>, usize)> = None;
    for _ in 0..100_000 {
        let wait = match session.poll() {
            Next::Wait(wait) => wait,
            Next::Run(ticket, Work::Blocking(job)) => {
                work.push((ticket, job));
                continue;
            }
            Next::Run(..) => panic!("a future"),
            Next::ShutdownWrite => continue,
            Next::Abort => panic!("nothing is aborted"),
            Next::Close => return (told, true),
        };
        let choice = usize::from(choices.next().unwrap_or(0));
        let some = |most: usize| most.min(1 + choice / 3 * 7);
        let receives = (gives_away || wait.read) && !ended;
        match choice % 3 {
            0 if receives => {
                let bytes = &input[at..at + some(input.len() - at)];
                ended = bytes.is_empty();
                at += bytes.len();
                if gives_away {
                    session.receive_from(&mut bytes.to_vec());
                } else {
                    let lent = |space: &mut [u8]| {
                        let length = bytes.len().min(space.len());
                        space[..length].copy_from_slice(&bytes[..length]);
                        Ok(length)
                    };
                    at = at - bytes.len() + session.receive_with(lent).unwrap();
                }
            }
            1 if gives_away => {
                if flight.is_none() && wait.write {
                    flight = Some((session.take_output(), 0));
                }
                if let Some((buffer, from)) = &mut flight {
                    let length = some(buffer.len() - *from);
                    told.extend_from_slice(&buffer[*from..*from + length]);
                    *from += length;
                    let is_over = *from == buffer.len();
                    session.sent(length);
                    flight.take_if(|_| is_over);
                }
            }
            1 if wait.write => {
                let lent = |output: Output<'_>| {
                    let Output::Bytes(bytes) = output else { panic!("a file") };
                    told.extend_from_slice(&bytes[..some(bytes.len())]);
                    Ok(some(bytes.len()))
                };
                session.send_with(lent).unwrap();
            }
            2 if !work.is_empty() => {
                let (ticket, job): (_, protocol::BlockingTask) = work.remove(0);
                session.complete(ticket, job.run());
            }
            _ => {}
        }
    }
    (told, false)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Buffers may be lent or given away, and input may come when it is wanted or before: the
    /// peer sees no difference, and nothing keeps a connection that is over.
    #[test]
    fn lending_and_giving_away_come_to_the_same(
        input in requests(),
        choices in proptest::collection::vec(any::<u16>(), 1..50),
        others in proptest::collection::vec(any::<u16>(), 1..50),
    ) {
        // In the end there is always something of everything.
        let fair = |choices: Vec<u16>| {
            choices.into_iter().chain((0..3).map(|it| it + 30_000)).cycle()
        };
        let (lent, lent_ended) = told(&input, false, fair(choices));
        let (given, given_ended) = told(&input, true, fair(others));
        prop_assert!(lent_ended && given_ended, "lent {lent_ended}, given away {given_ended}");
        let bodies = |told: &[u8]| {
            let text = String::from_utf8_lossy(told).into_owned();
            let lines = text.lines().filter(|line| !line.starts_with("date: "));
            lines.filter(|line| *line != "connection: close").map(str::to_owned).collect::<Vec<_>>()
        };
        prop_assert_eq!(bodies(&lent), bodies(&given));
    }
}
