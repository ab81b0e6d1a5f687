//! Clients that are answered and stay keep the threads of the pool: the price of that model, and
//! what the course says of it.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use backend_sync::{Model, Request, Server};
use museum::clients::{KEEP, Killed, Pace};

/// Plays four clients that stay, and one that asks, to four threads or a thread for each. The
/// patience is that of the last one: a late answer to one that stays has a text of its own.
fn play(model: Model, patience: Duration) -> Result<(), Killed> {
    let server = Server::bind("127.0.0.1:0").unwrap().model(model).threads(4);
    let server = server.spawn(|_: &Request<'_>| "Hello.").unwrap();
    let result = (KEEP.run)(server.address(), Pace { pause: Duration::ZERO, patience });
    server.shutdown(Duration::ZERO).unwrap();
    result
}

#[test]
fn clients_that_stay_starve_the_pool() {
    let killed = play(Model::Pool, Duration::from_millis(500)).unwrap_err();
    assert_eq!(killed.to_string(), "no answer");
}

#[test]
fn clients_that_stay_have_a_thread_each() {
    play(Model::Threads, Duration::from_secs(60)).unwrap();
}
