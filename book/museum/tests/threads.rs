//! What the servers of chapter 6 do with clients that stay, with panics, and at their end.

mod server;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use museum::clients::{CLIENTS, KEEP, Pace};
use server::{LONG, Server, response};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const PANIC: &[u8] = b"GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n";

const PATIENT: Pace = Pace { pause: Duration::from_millis(500), patience: LONG };

/// A client that has been answered and keeps its connection.
fn staying(server: &Server) -> TcpStream {
    let mut stream = server.send(REQUEST);
    stream.read_exact(&mut [0; 45]).expect("it is answered");
    stream
}

#[test]
fn a_thread_for_each_survives_clients_that_stay() {
    let server = Server::start(env!("CARGO_BIN_EXE_t1_one_each"));
    (KEEP.run)(server.address, PATIENT).unwrap();
}

#[test]
fn clients_that_stay_have_read_their_answers_and_reset_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let answer = |(mut stream, _): (TcpStream, _)| {
            stream.read_exact(&mut [0; REQUEST.len()]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nHel").unwrap();
            stream.write_all(b"lo.\n").unwrap();
            stream
        };
        let streams: Vec<_> = (0..4).map(|_| answer(listener.accept().unwrap())).collect();
        drop(listener); // refuses the fifth
        streams.into_iter().map(|mut stream| stream.read(&mut [0]).unwrap()).collect::<Vec<_>>()
    });
    (KEEP.run)(address, PATIENT).unwrap_err();
    assert_eq!(server.join().unwrap(), [0; 4]);
}

#[test]
fn a_pool_is_starved_by_clients_that_stay_until_one_leaves() {
    for program in [env!("CARGO_BIN_EXE_t2_pool"), env!("CARGO_BIN_EXE_t3_end")] {
        let server = Server::start(program);
        let mut stay: Vec<TcpStream> = (0..4).map(|_| staying(&server)).collect();
        let waiting = server.send(LAST_REQUEST);
        waiting.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        waiting.peek(&mut [0]).expect_err("all four threads are taken");
        drop(stay.pop());
        waiting.set_read_timeout(Some(LONG)).unwrap();
        assert!(response(waiting).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn all_three_survive_the_four_ways_but_for_the_idle() {
    for (program, survives_idle) in [
        (env!("CARGO_BIN_EXE_t1_one_each"), true),
        (env!("CARGO_BIN_EXE_t2_pool"), false),
        (env!("CARGO_BIN_EXE_t3_end"), false),
    ] {
        for client in CLIENTS.iter().filter(|client| survives_idle || client.name != "idle") {
            let server = Server::start(program);
            if let Err(killed) = (client.run)(server.address, PATIENT) {
                panic!("{program}: {}: {killed}", client.name);
            }
        }
    }
}

#[test]
fn four_panics_leave_a_pool_without_threads_and_end_its_server() {
    let server = Server::start(env!("CARGO_BIN_EXE_t2_pool"));
    for _ in 0..4 {
        assert_eq!(response(server.send(PANIC)), "");
    }
    server.wait_until_refused();
    assert_eq!(server.wait().0.code(), Some(101));
}

#[test]
fn panics_that_are_caught_cost_a_connection_each() {
    let server = Server::start(env!("CARGO_BIN_EXE_t3_end"));
    for _ in 0..8 {
        assert_eq!(response(server.send(PANIC)), "");
    }
    assert!(response(server.send(LAST_REQUEST)).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn the_end_of_input_ends_a_server_when_its_last_client_has_left() {
    let mut server = Server::start(env!("CARGO_BIN_EXE_t3_end"));
    let mut last = staying(&server);
    drop(server.child.stdin.take());
    server.wait_until_refused();
    last.write_all(LAST_REQUEST).unwrap();
    assert!(response(last).starts_with("HTTP/1.1 200 OK\r\n"), "its thread was waited for");
    let (status, printed) = server.wait();
    assert!(status.success());
    assert_eq!(printed, "All connections have ended.\n");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_server_and_nothing_is_dropped() {
    let server = Server::start(env!("CARGO_BIN_EXE_t3_end"));
    let pid = server.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let (status, printed) = server.wait();
    assert_eq!((status.code(), printed.as_str()), (None, ""));
}
