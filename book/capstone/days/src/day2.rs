//! Day 2: many connections, readiness, partial writes.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use backend_common::Backend;

use crate::sleep::ServerThread;
use crate::{LARGE, connect, echo};

/// Makes the tests of the second day: `day2!(Model)`.
#[macro_export]
macro_rules! day2 {
    ($model:expr) => {
        $crate::tests!($model;
            day2::a_silent_client_keeps_nobody_waiting,
            day2::a_hundred_connections_take_turns,
            day2::a_large_answer_arrives_whole,
            day2::a_client_that_does_not_read_keeps_nobody_waiting,
            day2::a_client_that_does_not_read_is_not_read_from,
            day2::the_loop_sleeps_while_a_client_does_not_read,
            day2::the_loop_sleeps_while_all_are_idle,
            day2::a_reset_ends_one_connection_and_no_other,
            day2::a_client_that_never_pauses_keeps_nobody_waiting,
        );
    };
}

/// The chapter begins with this.
pub fn a_silent_client_keeps_nobody_waiting<B: Backend>(model: B) {
    let address = echo(model);
    let mut silent = connect(address);
    let mut second = connect(address);
    assert_eq!(second.get("/second").text(), "/second");
    assert_eq!(silent.get("/first").text(), "/first");
}

pub fn a_hundred_connections_take_turns<B: Backend>(model: B) {
    let address = echo(model);
    let mut clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.ask(&format!("/{round}/{number}"));
        }
        // The last first: nobody may have to wait for another's reading.
        for (number, client) in clients.iter_mut().enumerate().rev() {
            assert_eq!(client.response().text(), format!("/{round}/{number}"));
        }
        clients.remove(round * 7); // those behind it move, in a list
    }
}

pub fn a_large_answer_arrives_whole<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    client.ask("/large");
    thread::sleep(Duration::from_millis(50)); // the buffers of the sockets are full by now
    let response = client.response();
    assert_eq!(response.body.len(), LARGE);
    assert!(response.body.iter().all(|&byte| byte == b'x'));
    assert_eq!(client.get("/after").text(), "/after");
}

pub fn a_client_that_does_not_read_keeps_nobody_waiting<B: Backend>(model: B) {
    let address = echo(model);
    let mut deaf = connect(address);
    deaf.ask("/large");
    for _ in 0..3 {
        assert_eq!(connect(address).get("/other").text(), "/other");
    }
    assert_eq!(deaf.response().body.len(), LARGE);
}

/// What it goes on sending waits in the kernel, whose buffers are soon full.
pub fn a_client_that_does_not_read_is_not_read_from<B: Backend>(model: B) {
    const FLOOD: usize = 128 << 20;
    let mut deaf = connect(echo(model));
    deaf.ask("/large");
    deaf.stream.read_exact(&mut [0; 1]).unwrap(); // the answer has begun
    deaf.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let requests = b"GET /more HTTP/1.1\r\nHost: test\r\n\r\n".repeat(10_000);
    let mut taken = 0;
    while taken < FLOOD
        && let Ok(bytes) = deaf.stream.write(&requests)
    {
        taken += bytes;
    }
    assert!(taken < FLOOD / 2, "took {} MiB of what it cannot answer yet", taken >> 20);
}

/// There is something to send, and no room.
pub fn the_loop_sleeps_while_a_client_does_not_read<B: Backend>(model: B) {
    let address = echo(model);
    let thread = ServerThread::of(&mut connect(address));
    let mut deaf = connect(address);
    deaf.ask("/large");
    deaf.ask("/behind");
    deaf.stream.read_exact(&mut [0; 1]).unwrap(); // the answer has begun
    thread.expect_sleep();
}

/// There is room, and nothing to send.
pub fn the_loop_sleeps_while_all_are_idle<B: Backend>(model: B) {
    let address = echo(model);
    let mut clients: Vec<_> = (0..10).map(|_| connect(address)).collect();
    for client in &mut clients {
        assert_eq!(client.get("/before").text(), "/before");
    }
    let thread = ServerThread::of(&mut clients[0]);
    thread.expect_sleep();
    clients[3].half_close(); // readable forever: the end is read once
    clients[3].expect_close();
    thread.expect_sleep();
}

pub fn a_reset_ends_one_connection_and_no_other<B: Backend>(model: B) {
    let address = echo(model);
    let mut other = connect(address);
    let thread = ServerThread::of(&mut other);
    let mut unread = connect(address);
    unread.ask("/large");
    unread.stream.read_exact(&mut [0; 1]).unwrap();
    unread.reset();
    connect(address).reset();
    assert_eq!(other.get("/other").text(), "/other");
    thread.expect_sleep();
}

/// Its socket is always ready, in both directions.
pub fn a_client_that_never_pauses_keeps_nobody_waiting<B: Backend>(model: B) {
    let address = echo(model);
    let greedy = connect(address).stream;
    let (mut sender, mut receiver) = (greedy.try_clone().unwrap(), greedy.try_clone().unwrap());
    let sending = thread::spawn(move || {
        let requests = b"GET /more HTTP/1.1\r\nHost: test\r\n\r\n".repeat(1000);
        while sender.write_all(&requests).is_ok() {}
    });
    let receiving = thread::spawn(move || {
        let mut space = vec![0; 64 << 10];
        while receiver.read(&mut space).is_ok_and(|bytes| bytes > 0) {}
    });
    for _ in 0..20 {
        assert_eq!(connect(address).get("/other").text(), "/other");
    }
    greedy.shutdown(Shutdown::Both).unwrap();
    sending.join().unwrap();
    receiving.join().unwrap();
}
