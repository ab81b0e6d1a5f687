//! Whatever the pieces, whatever the pace, and whatever comes.

use std::time::Duration;

use proptest::prelude::*;
use protocol::{Limits, Outcome};

use crate::driver::{Driver, End, drive, silence_expected_panics};
use crate::exchanges::{expected, handler};
use crate::frames::{frame, get, open_window, post, preface, reset};
use harness::http2::Client;

/// What the answers are when the client says it in these pieces and takes it at this pace.
fn answers(pieces: &[usize], takes: usize, high_water: usize) -> Vec<(u16, Vec<u8>, bool)> {
    silence_expected_panics();
    let limits = Limits { high_water, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.takes = takes;
    let mut client = Client::new();
    expected().iter().for_each(|(path, ..)| client.get(path));
    for path in ["/collect", "/count", "/any"] {
        client.post(path, (0..3000_u16).map(|it| it.to_le_bytes()[0]).collect::<Vec<_>>());
    }
    let mut sizes = pieces.iter().cycle();
    for _ in 0..20 {
        loop {
            let said = client.said();
            let mut rest = &said[..];
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                driver.feed(piece);
                rest = later;
            }
            let heard = std::mem::take(&mut driver.wire);
            client.hear(&heard);
            if said.is_empty() && heard.is_empty() {
                break;
            }
        }
        driver.pass_ms(100);
    }
    assert!(driver.connection.is_idle() && driver.end == End::Open);
    client.answers().iter().map(|it| (it.status, it.body.clone(), it.is_whole)).collect()
}

#[derive(Clone, Debug)]
enum Event {
    Feed(Vec<u8>),
    Take(usize),
    Takes(usize),
    Pass(u64),
    Ring,
    Work,
    Overloaded,
    HoldsWork(bool),
    Eager(bool),
    Shutdown(u64),
    Eof,
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let paths =
        expected().into_iter().map(|it| it.0).chain(["/broken", "/short-file", "/source-panics"]);
    let path = proptest::sample::select(paths.collect::<Vec<_>>());
    let stream = (0_u32..8).prop_map(|it| 2 * it + 1);
    prop_oneof![
        6 => (stream.clone(), path.clone()).prop_map(|(stream, path)| get(stream, path)),
        4 => (stream.clone(), path).prop_map(|(stream, path)| post(stream, path, &[])),
        4 => (stream.clone(), 0_usize..20_000, 0_u8..2)
            .prop_map(|(stream, length, flags)| frame(0, flags, stream, &vec![7; length.min(16_384)])),
        2 => stream.clone().prop_map(reset),
        2 => (prop_oneof![Just(0), stream.clone()], 1_u32..100_000)
            .prop_map(|(stream, by)| open_window(stream, by)),
        1 => (0_u32..70_000).prop_map(|window| preface(&[(4, window)])[24..33 + 6].to_vec()),
        1 => (0_u8..12, any::<u8>(), 0_u32..16, prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => prop::collection::vec(piece(), 1..4).prop_map(|it| Event::Feed(it.concat())),
        4 => (1_usize..30_000).prop_map(Event::Take),
        1 => prop_oneof![Just(0), Just(100), Just(usize::MAX)].prop_map(Event::Takes),
        2 => prop_oneof![Just(10), Just(1000), Just(11_000), Just(21_000)].prop_map(Event::Pass),
        1 => Just(Event::Ring),
        4 => Just(Event::Work),
        1 => Just(Event::Overloaded),
        1 => any::<bool>().prop_map(Event::HoldsWork),
        1 => any::<bool>().prop_map(Event::Eager),
        1 => (0_u64..30_000).prop_map(Event::Shutdown),
        1 => Just(Event::Eof),
    ]
}

fn happen(driver: &mut Driver, event: Event) {
    match event {
        Event::Feed(piece) => driver.feed(piece),
        Event::Take(bytes) => drop(driver.take(bytes)),
        Event::Takes(bytes) => driver.takes = bytes,
        Event::Pass(milliseconds) => driver.pass_ms(milliseconds),
        Event::Ring => driver.handle_timeout(),
        Event::Work if !driver.held.is_empty() => driver.finish_work(),
        Event::Overloaded if !driver.held.is_empty() => {
            let (ticket, _) = driver.held.pop_front().unwrap();
            driver.complete(ticket, Outcome::Overloaded);
        }
        Event::Work | Event::Overloaded => {}
        Event::HoldsWork(holds) => driver.holds_work = holds,
        Event::Eager(is_eager) => driver.is_eager = is_eager,
        Event::Shutdown(milliseconds) => driver.shutdown(Duration::from_millis(milliseconds)),
        Event::Eof => driver.eof(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_and_pace_change_nothing(
        pieces in prop::collection::vec(prop_oneof![1_usize..30, 1_usize..5000], 1..10),
        takes in prop_oneof![1_usize..50, 50_usize..100_000],
        high_water in prop_oneof![Just(1_usize), 1_usize..100_000],
    ) {
        let takes = takes.max(7);
        let answers = answers(&pieces, takes, high_water);
        for ((status, body, is_whole), (path, expected_status, expected_body)) in
            answers.iter().zip(expected())
        {
            prop_assert!(*is_whole && *status == expected_status && *body == expected_body, "{path}");
        }
        let last: Vec<_> = answers[expected().len()..].iter().map(|it| (it.0, it.1.len())).collect();
        prop_assert_eq!(last, [(200, 3000), (200, 10), (200, 4)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// The driver sees to it that there is always something to wait for, and no loop.
    #[test]
    fn whatever_happens_it_goes_on_or_ends(
        window in prop_oneof![Just(65_535_u32), Just(0), Just(1), Just(1 << 20)],
        high_water in prop_oneof![Just(1_usize), Just(1000), Just(64 << 10)],
        collect in prop_oneof![Just(1000_usize), Just(1 << 20)],
        events in prop::collection::vec(event(), 1..60),
    ) {
        silence_expected_panics();
        let limits = Limits { high_water, max_collect: collect, max_streams: 5, ..Limits::default() };
        let mut driver = drive(handler, limits);
        driver.feed(preface(&[(4, window)]));
        for event in events {
            happen(&mut driver, event);
            prop_assert!(driver.most_unsent < high_water + 70_000, "{}", driver.most_unsent);
        }
        // In the end all is over, whichever side does nothing more.
        driver.is_eager = false;
        while !driver.held.is_empty() {
            driver.finish_work();
        }
        driver.holds_work = false;
        driver.pass(Duration::from_secs(3600));
        prop_assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn any_bytes_after_the_preface(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        frames in prop::collection::vec(piece(), 0..5),
        step in 1_usize..2000,
    ) {
        let mut driver = drive(handler, Limits::default());
        driver.feed([preface(&[]), frames.concat()].concat());
        bytes.chunks(step).for_each(|piece| driver.feed(piece));
        prop_assert!(driver.most_unsent < 200_000);
        driver.eof();
        driver.pass(Duration::from_secs(3600));
        prop_assert_eq!(driver.end, End::Closed);
    }
}
