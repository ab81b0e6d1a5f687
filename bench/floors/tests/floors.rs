//! Every floor as the lab starts it.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use lab::entries::{Entry, Running, floors};

fn each(test: impl Fn(&Entry, Running)) {
    for entry in floors(Path::new(env!("CARGO_BIN_EXE_floor"))) {
        match entry.start() {
            Ok(running) => test(&entry, running),
            Err(error) if entry.name == "floor uring" => {
                assert!(std::env::var_os("TEST_ALL_BACKENDS").is_none(), "{error}");
                eprintln!("{} is left out: {error}", entry.name);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_floor_answers_however_requests_are_split() {
    each(|entry, running| {
        let gate = running.gate();
        assert_eq!(gate.failed, None, "{}", entry.name);
        running.stop();
    });
}

/// What one of the backends answers is as long: `bench/subject/tests` says so of them.
#[test]
fn every_floor_answers_as_many_bytes_as_the_backends() {
    each(|entry, running| {
        let mut stream = TcpStream::connect(running.http).expect("it listens");
        let request = "GET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut response = Vec::new();
        stream.read_to_end(&mut response).expect("it answers and closes");
        assert_eq!(response.len(), 143, "{}", entry.name);
        running.stop();
    });
}
