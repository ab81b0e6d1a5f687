//! Five lies that have been told with measurements, each told to the lab: its report has to name
//! them, and must not accuse an honest one.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use lab::judge;
use lab::load::{self, Exchange, Next, Pace, Plan, Request, Step};
use lab::report;
use lab::results::{
    Calibration, Cell, Entry, FORMAT, Gate, Kind, Provenance, Results, Scenario, Void,
};

const ROUNDS: u32 = 10;

/// Ten rounds of two servers that are the same.
fn honest() -> Results {
    let entry = |name: &str, twin_of: Option<&str>| Entry {
        name: name.to_owned(),
        kind: Kind::Ours,
        model: "readiness".to_owned(),
        floor: None,
        twin_of: twin_of.map(str::to_owned),
        version: String::new(),
        command: vec!["server".to_owned()],
        capacity: None,
        gate: Gate { tried: 100, ..Gate::default() },
    };
    let scenario = Scenario {
        name: "keep-alive 64".to_owned(),
        group: "connections".to_owned(),
        summary: "64 connections.".to_owned(),
        connections: 64,
        command: "cargo lab load ADDRESS".to_owned(),
        load: None,
        every: 1,
        latency: false,
    };
    let cell = |round: u32, entry: &str| Cell {
        scenario: "keep-alive 64".to_owned(),
        entry: entry.to_owned(),
        round,
        seconds: 1.0,
        requests: 60_000 + u64::from(round % 3) * 100,
        cpu: 1_000_000_000,
        generator_busy: 0.4,
        distances: Some([66, 70]),
        ..Cell::default()
    };
    Results {
        format: FORMAT,
        provenance: Provenance {
            commit: "0123456789".to_owned(),
            toolchain: "rustc".to_owned(),
            processor: "processor".to_owned(),
            cores: 2,
            kernel: "Linux".to_owned(),
            pinning: "apart".to_owned(),
            command: "cargo lab compare".to_owned(),
            began: "2026-11-28T00:00:00Z".to_owned(),
            took_seconds: 60.0,
            seed: 1,
            rounds: ROUNDS,
        },
        entries: vec![entry("mio", None), entry("mio (twin)", Some("mio"))],
        scenarios: vec![scenario],
        cells: (0..ROUNDS).flat_map(|it| [cell(it, "mio"), cell(it, "mio (twin)")]).collect(),
        causes: Vec::new(),
        idle: Vec::new(),
        calibrations: (0..=ROUNDS).map(|_| calibration(10_000_000)).collect(),
    }
}

fn calibration(computation: u64) -> Calibration {
    Calibration { computation, cache_line: 100, ..Calibration::default() }
}

/// These results with one more cell's voids, as `lab compare` would have found them.
fn with_voids(voids: Vec<Void>) -> String {
    let mut results = honest();
    results.cells[0].void = voids;
    report::table(&results)
}

fn assert_names(report: &str, lie: &str) {
    assert!(report.contains(lie), "\"{lie}\" is not in:\n{report}");
}

#[test]
fn honest_results_are_not_accused() {
    let report = report::table(&honest());
    for accusation in ["void", "Not to be believed", "no figures"] {
        assert!(!report.contains(accusation), "{report}");
    }
}

#[test]
fn omission_of_what_was_late_is_named() {
    let server = serve(|number| if number == 20 { Answer::After(PAUSE) } else { Answer::Right });
    let plan = Plan {
        pace: Pace::Open {
            steps: vec![Step { rate: 200.0, duration: Duration::from_millis(500) }],
            under_way: 1,
        },
        duration: Duration::from_millis(500),
        ..plan(server)
    };
    let mut outcome = load::run(&plan, &mut |_| Next::Go).expect("it answers");
    let is_omission = |void: &Void| void.reason.contains("missing");
    assert!(
        !judge::voids(&plan, &outcome, 0.1, false).iter().any(is_omission),
        "this is the truth"
    );
    assert!(outcome.latency.max() >= PAUSE.as_nanos() as u64 * 9 / 10);
    // The lie: what a client measures that does not ask while it waits.
    let scheduled = outcome.scheduled.expect("it is an open loop");
    let late = outcome.latency.count_between(PAUSE.as_nanos() as u64 / 5, u64::MAX / 2);
    assert!(late > 1, "others had to wait, too");
    outcome.latency.reset();
    outcome.latency.record_n(100_000, scheduled - late).expect("it resizes");
    outcome.requests = scheduled - late;
    let report = with_voids(judge::voids(&plan, &outcome, 0.1, false));
    assert_names(&report, "those that waited longest are missing");
}

#[test]
fn a_generator_that_is_too_slow_is_named() {
    let server = serve(|_| Answer::Right);
    let plan = Plan { connections: 4, max_requests: Some(50), ..plan(server) };
    let mut outcome = load::run(&plan, &mut |_| Next::Go).expect("it answers");
    outcome.busy = outcome.elapsed * 9 / 10;
    let report = with_voids(judge::voids(&plan, &outcome, 0.5, false));
    assert_names(&report, "the clients had no time to ask for more");
}

#[test]
fn the_best_of_several_rounds_is_named() {
    let mut results = honest();
    results.cells.retain(|cell| cell.entry != "mio" || cell.requests > 60_100);
    assert_names(&report::table(&results), "mio in keep-alive 64: 3 of 10 rounds are in this file");
}

#[test]
fn a_machine_that_becomes_slower_is_named() {
    let mut results = honest();
    for calibration in &mut results.calibrations[7..] {
        calibration.computation = 13_000_000;
    }
    for cell in results.cells.iter_mut().filter(|cell| cell.round >= 7) {
        cell.cpu = cell.cpu * 13 / 10;
    }
    assert_names(&report::table(&results), "Round 8: the machine itself was 30 % slower");
    // Or one whose cores are moved away from each other.
    let mut results = honest();
    for cell in results.cells.iter_mut().filter(|cell| cell.round == 7) {
        cell.distances = Some([330, 320]);
    }
    assert_names(&report::table(&results), "The cores were elsewhere during 2 measurements");
}

#[test]
fn a_server_that_answers_wrongly_is_named() {
    let server = serve(|number| if number == 30 { Answer::Wrong } else { Answer::Right });
    let plan = Plan { max_requests: Some(50), ..plan(server) };
    let outcome = load::run(&plan, &mut |_| Next::Go).expect("it answers");
    let report = with_voids(judge::voids(&plan, &outcome, 1.0, false));
    assert_names(&report, "a response was wrong");
    // A server that is wrong before anything is measured has no figures at all.
    let server = serve(|number| if number == 3 { Answer::Wrong } else { Answer::Right });
    let gate = lab::entries::gate(server, false);
    let mut results = honest();
    results.entries[0].gate = gate;
    results.cells.retain(|cell| cell.entry != "mio");
    assert_names(&report::table(&results), "mio has no figures");
}

const PAUSE: Duration = Duration::from_millis(200);

/// What a server does with a request.
enum Answer {
    Right,
    Wrong,
    After(Duration),
}

/// A server that looks up what it does with its n-th request, of each connection.
fn serve(answer: fn(usize) -> Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut requests = BufReader::new(&stream);
                let mut number = 0;
                loop {
                    let mut line = String::new();
                    match requests.read_line(&mut line) {
                        Ok(bytes) if bytes > 0 => {}
                        _ => return, // the client is gone
                    }
                    if line != "\r\n" {
                        continue;
                    }
                    number += 1;
                    let text = match answer(number) {
                        Answer::Right => "Hello, world!",
                        Answer::Wrong => "Hello, whirl!",
                        Answer::After(delay) => {
                            thread::sleep(delay);
                            "Hello, world!"
                        }
                    };
                    let head = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n";
                    if (&stream).write_all(format!("{head}{text}").as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// One connection that asks for the text.
fn plan(server: SocketAddr) -> Plan {
    Plan {
        server,
        authority: server.to_string(),
        tls: false,
        exchange: Exchange::Http1(Request {
            method: "GET".to_owned(),
            target: "/text".to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
            status: 200,
            expected: Some(b"Hello, world!".to_vec()),
        }),
        connections: 1,
        threads: 1,
        cores: Vec::new(),
        pace: Pace::Closed { under_way: 1 },
        requests_per_connection: None,
        slow_connections: 0,
        warm_up: Duration::ZERO,
        duration: Duration::from_secs(10),
        max_requests: None,
        timeout: Duration::from_secs(10),
    }
}
