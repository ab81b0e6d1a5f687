//! Five steps and four clients: each step survives one client more than the step before.

mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use museum::clients::{CLIENTS, Client, Pace};
use server::{LONG, Server, response};

/// What a server of the third step or a later one gives to a client that says nothing.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Plays each client to a server of its own. The first `survived` must do no harm. The others must,
/// in the way that the chapter shows.
fn climb(program: &str, survived: usize) {
    for (index, client) in CLIENTS.into_iter().enumerate() {
        if index < survived {
            survives(program, client);
        } else {
            let server = Server::start(program);
            let Err(killed) = (client.run)(server.address, pace(client.name, false)) else {
                panic!("{program}: {} has done no harm", client.name);
            };
            is_as_recorded(program, client.name, &killed.to_string());
        }
    }
}

/// A server that gives a client two seconds may lose one that a busy machine has stopped for as
/// long: a second and a third are played then. What fails earlier has failed.
fn survives(program: &str, client: Client) {
    for tries_left in (0..3).rev() {
        let server = Server::start(program);
        let begun = Instant::now();
        let Err(killed) = (client.run)(server.address, pace(client.name, true)) else { return };
        let may_be_late = begun.elapsed() >= TIMEOUT && tries_left > 0;
        assert!(may_be_late, "{program}: {}: {killed}", client.name);
    }
}

/// Compares with the recording in the chapter, which was made on Linux: other systems have other
/// words.
fn is_as_recorded(program: &str, client: &str, killed: &str) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).expect("a name");
    let recorded = include_str!("../../traces/museum-four-ways.txt").lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.trim_start().strip_prefix(client)?;
        rest.trim_start().strip_prefix("killed: ")
    });
    let recorded = recorded.unwrap_or_else(|| panic!("{name}: {client} is not in the recording"));
    // Whether the process ends before the last client connects, sends or reads is a race.
    let is_lost = |text: &str| LOST.iter().any(|lost| text.starts_with(lost));
    let is_same = killed == recorded || client == "leave" && is_lost(killed) && is_lost(recorded);
    assert!(is_same, "{name}: {client}: {killed:?} in place of {recorded:?}");
}

/// What a client says of a server that has ended.
const LOST: [&str; 4] = [
    "Connection refused",
    "Connection reset by peer",
    "Broken pipe",
    "the end in place of an answer",
];

/// A server that is to fail gets the time to do so: the client waits for what it should not say.
/// Only for an answer that must not come it does not wait long.
fn pace(client: &str, survives: bool) -> Pace {
    let short = Duration::from_millis(300);
    Pace {
        pause: if survives { short } else { LONG },
        patience: if client == "idle" && !survives { short } else { LONG },
    }
}

#[test]
fn step_1_survives_none() {
    climb(env!("CARGO_BIN_EXE_s1_first"), 0);
}

#[test]
fn step_2_survives_clients_that_leave() {
    climb(env!("CARGO_BIN_EXE_s2_errors"), 1);
}

#[test]
fn step_3_survives_idle_clients_too() {
    climb(env!("CARGO_BIN_EXE_s3_timeout"), 2);
}

#[test]
fn step_4_survives_pieces_too() {
    climb(env!("CARGO_BIN_EXE_s4_whole_head"), 3);
}

#[test]
fn step_5_survives_all() {
    climb(env!("CARGO_BIN_EXE_s5_limit"), 4);
}

#[test]
fn clients_that_leave_end_the_process_of_step_1() {
    let server = Server::start(env!("CARGO_BIN_EXE_s1_first"));
    server.wait_until_refused();
    assert_eq!(server.wait().0.code(), Some(101), "the exit code after a panic in `main`");
}

#[test]
fn it_is_the_idle_clients_that_step_2_waits_for() {
    let server = Server::start(env!("CARGO_BIN_EXE_s2_errors"));
    let idle: Vec<TcpStream> = (0..4).map(|_| server.connect()).collect();
    let stream = server.send(b"GET / HTTP/1.1\r\n\r\n");
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let error = stream.peek(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    drop(idle);
    stream.set_read_timeout(Some(LONG)).unwrap();
    assert!(response(stream).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_client_that_sends_byte_after_byte_does_not_keep_step_4() {
    let server = Server::start(env!("CARGO_BIN_EXE_s4_whole_head"));
    let mut stream = server.connect();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < LONG, "it still reads");
        let sent = stream.write_all(b"x");
        match stream.read(&mut [0]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(1..) => panic!("no head has been sent"),
            Ok(0) | Err(_) => break,
        }
        if sent.is_err() {
            break;
        }
    }
}

#[test]
fn a_head_beyond_the_limit_of_step_5_is_answered_431_and_not_reset() {
    let server = Server::start(env!("CARGO_BIN_EXE_s5_limit"));
    let stream = server.send(&[b'x'; 40_000]);
    assert!(response(stream).starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
}

#[test]
fn the_limit_of_step_5_is_16_kib_to_the_byte() {
    let server = Server::start(env!("CARGO_BIN_EXE_s5_limit"));
    for (length, status) in [(16_384, "200 OK"), (16_385, "431 Request Header Fields Too Large")] {
        let before = "GET / HTTP/1.1\r\nCookie: ";
        let head = format!("{before}{}\r\n\r\n", "x".repeat(length - before.len() - 4));
        let response = response(server.send(head.as_bytes()));
        let status_line = response.lines().next();
        assert_eq!(status_line, Some(format!("HTTP/1.1 {status}").as_str()), "{length} bytes");
    }
}

#[test]
fn the_server_that_counts_connections_says_what_each_does() {
    let mut server = Server::start(env!("CARGO_BIN_EXE_connections"));
    drop(server.connect());
    assert!(server.line().ends_with("connection 1 connects\n"));
    assert!(server.line().ends_with("connection 1 leaves without a word\n"));
    let stream = server.send(b"GET /page HTTP/1.1\r\n\r\n");
    assert!(response(stream).ends_with("Hello.\n"));
    assert!(server.line().ends_with("connection 2 connects\n"));
    assert!(server.line().ends_with("connection 2 asks: GET /page HTTP/1.1\n"));
}
