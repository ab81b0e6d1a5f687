//! Every model of every backend as the lab starts it.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lab::entries::{Ability, Entry, Files, Running, ours};

fn entries() -> Vec<Entry> {
    let files = Arc::new(Files::new().expect("there is room for the files"));
    ours(Path::new(env!("CARGO_BIN_EXE_subject")), &files)
}

fn entry(name: &str) -> Entry {
    entries().into_iter().find(|entry| entry.name == name).expect("there is such an entry")
}

/// Starts an entry and tests it, unless this system has no `io_uring`.
fn test(name: &str, test: impl FnOnce(&Entry, &Running)) {
    let entry = entry(name);
    match entry.start() {
        Ok(running) => {
            test(&entry, &running);
            running.stop();
        }
        Err(error) if name == "uring" => {
            assert!(std::env::var_os("TEST_ALL_BACKENDS").is_none(), "{error}");
            eprintln!("{name} is left out: {error}");
        }
        Err(error) => panic!("{error}"),
    }
}

/// The response to a request, after which the server closes.
fn ask(running: &Running, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(running.http).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("it answers and closes");
    response
}

fn get(running: &Running, target: &str) -> Vec<u8> {
    ask(running, &format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
}

fn body(response: &[u8]) -> &[u8] {
    let head = response.windows(4).position(|it| it == b"\r\n\r\n").expect("there is a head");
    &response[head + 4..]
}

/// All that the lab will ask of it.
fn does_what_it_can(entry: &Entry, running: &Running) {
    let gate = running.gate();
    assert_eq!(gate.failed, None, "{}", entry.name);
    let (passed, played) = gate.conformance.expect("it has been played");
    assert!(passed == played && played > 100, "{passed} of {played}");

    let text = get(running, "/text");
    assert_eq!(body(&text), b"Hello, world!");
    let closing = b"connection: close\r\n".len();
    assert_eq!(text.len() - closing, 143, "the floors answer as much");
    for (name, length) in Files::ALL {
        assert_eq!(body(&get(running, &format!("/{name}"))), Files::content(length));
    }
    for target in ["/work/1000", "/block/1000"] {
        assert_eq!(body(&get(running, target)), b"done");
    }
    let content = "x".repeat(3_000_000);
    let upload = format!(
        "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Length: 3000000\r\n\r\n{content}"
    );
    assert_eq!(body(&ask(running, &upload)), b"3000000");
    if entry.can(Ability::Tls) {
        let address = running.https.expect("it speaks TLS");
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it says that this is no TLS");
        assert!(!answer.is_empty());
    }
}

/// One of them, for every day: they differ in their backends, which have suites of their own.
#[test]
fn an_entry_does_all_that_the_lab_asks_of_it() {
    test("mio", does_what_it_can);
}

macro_rules! entries {
    ($($test:ident $name:literal)*) => {
        $(
            #[test]
            #[ignore = "exhaustive: cargo test -- --include-ignored"]
            fn $test() {
                test($name, does_what_it_can);
            }
        )*

        #[test]
        fn all_entries_are_tested() {
            let tested = [$($name),*];
            assert_eq!(entries().iter().map(|entry| entry.name).collect::<Vec<_>>(), tested);
        }
    };
}

entries! {
    sync_threads_does_what_it_can "sync threads"
    sync_pool_does_what_it_can "sync pool"
    mio_does_what_it_can "mio"
    uring_does_what_it_can "uring"
    tokio_multi_does_what_it_can "tokio multi"
    tokio_local_does_what_it_can "tokio local"
    async_std_does_what_it_can "async-std"
    smol_does_what_it_can "smol"
}

#[test]
fn usage_grows_with_requests_and_includes_threads_that_have_ended() {
    test("sync threads", |_, running| {
        let before = running.usage().expect("it runs");
        // 20 threads that compute for 10 ms each, and end.
        for _ in 0..20 {
            assert_eq!(body(&get(running, "/block/10000")), b"done");
        }
        let after = running.usage().expect("it runs");
        let computed = after.cpu - before.cpu;
        // It spins by the clock, and other processes may have had some of that time.
        assert!(computed > 20_000_000, "{computed} ns");
        assert!(after.user_ticks >= before.user_ticks);
    });
}

#[test]
fn nothing_is_left_of_a_server_that_is_stopped_or_dropped() {
    for stop in [|it: Running| it.stop(), |it: Running| drop(it)] {
        let running = entry("mio").start().expect("it starts");
        let process = format!("/proc/{}", running.process());
        assert!(Path::new(&process).exists());
        let address = running.http;
        stop(running);
        assert!(!Path::new(&process).exists());
        assert!(TcpStream::connect(address).is_err());
    }
}

/// So nothing is left of it when the lab is killed.
#[test]
fn a_server_ends_with_its_input() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_subject"))
        .args(["tokio", "local"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut line = String::new();
    let output = server.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut line).expect("it says its address");
    assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    drop(server.stdin.take());
    assert!(server.wait().expect("it ends").success());
}

#[test]
fn a_server_that_cannot_start_is_quoted() {
    let files = Arc::new(Files::new().expect("there is room for the files"));
    let mut entry = ours(Path::new(env!("CARGO_BIN_EXE_subject")), &files).remove(0);
    entry.launch = entry.launch.with("--no-such-option");
    let error = entry.start().expect_err("there is no such option").to_string();
    assert!(error.starts_with("sync threads does not start: it ended"), "{error}");
    assert!(error.contains("--no-such-option"), "{error}");
}
