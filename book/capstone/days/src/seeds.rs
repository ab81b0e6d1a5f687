//! Clients that do their worst, as a seed has it: what they send, where they cut it, who goes on,
//! who pauses, who closes a side, and who resets. The loop is a real one, over real sockets; so a
//! seed brings back what the clients do, and the kernel decides what the loop sees of it at once.

use std::collections::VecDeque;
use std::env;
use std::fmt::Write;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use backend_common::Backend;
use backend_suite::client::Client;
use fastrand::Rng;

use crate::sleep::ServerThread;
use crate::{LARGE, connect, echo};

/// Makes the test of seeds: `seeds!(Model)`.
#[macro_export]
macro_rules! seeds {
    ($model:expr) => {
        $crate::tests!($model; seeds::clients_from_a_hundred_seeds_get_their_answers,);
    };
}

/// With `SEED=7` in the environment, only those from this seed.
pub fn clients_from_a_hundred_seeds_get_their_answers<B: Backend>(model: B) {
    let address = echo(model);
    let thread = ServerThread::of(&mut connect(address));
    let asked = env::var("SEED").map(|seed| seed.parse().expect("SEED is a whole number"));
    for seed in asked.map_or(0..100, |seed: u64| seed..seed + 1) {
        let mut log = String::new();
        let played = catch_unwind(AssertUnwindSafe(|| play(seed, address, &mut log)));
        assert!(played.is_ok(), "seed {seed}, alone with SEED={seed}, went so:\n{log}");
    }
    thread.expect_sleep();
}

fn play(seed: u64, address: SocketAddr, log: &mut String) {
    let rng = &mut Rng::with_seed(seed);
    let mut visits: Vec<_> = (0..rng.usize(1..=6)).map(|_| Visit::new(rng, address)).collect();
    while !visits.is_empty() {
        let at = rng.usize(..visits.len());
        if visits[at].go_on(rng, log) {
            visits.swap_remove(at).end(log);
        }
    }
}

/// One client, and what is still to come of it.
struct Visit {
    client: Client,
    name: char,
    requests: Vec<u8>,
    sent: usize,
    /// Where each request ends, and which path is its answer.
    expected: VecDeque<(usize, String)>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// When it has all answers.
    Close,
    /// When it has sent all requests; the answers are still to come.
    HalfClose,
    /// In the middle, with or without answers that it has not read.
    Reset,
}

impl Visit {
    fn new(rng: &mut Rng, address: SocketAddr) -> Self {
        let (mut requests, mut expected) = (Vec::new(), VecDeque::new());
        for number in 0..rng.usize(1..=6) {
            let is_large = rng.usize(..200) == 0;
            let path = if is_large { "/large".into() } else { format!("/{number}") };
            let padding = "p".repeat(rng.choice([0, 0, 100, 4000]).unwrap_or_default());
            let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\nPadding: {padding}\r\n\r\n");
            requests.extend(head.into_bytes());
            expected.push_back((requests.len(), path));
        }
        let endings = [Ending::Close, Ending::HalfClose, Ending::Reset];
        let ending = rng.choice(endings).unwrap_or(Ending::Close);
        if ending == Ending::Reset {
            requests.truncate(rng.usize(..=requests.len()));
        }
        let (client, name) = (connect(address), rng.lowercase());
        Visit { client, name, requests, sent: 0, expected, ending }
    }

    /// Sends a piece, reads an answer, or pauses. Returns whether all is sent.
    fn go_on(&mut self, rng: &mut Rng, log: &mut String) -> bool {
        let is_owed = self.expected.front().is_some_and(|(end, _)| *end <= self.sent);
        match rng.usize(..8) {
            // So that pieces are not read as one.
            0 => thread::sleep(Duration::from_millis(1)),
            1 | 2 if is_owed => self.read(log),
            _ => {
                let most = rng.choice([1, 20, 300, 10_000]).unwrap_or(1);
                let piece = most.min(self.requests.len() - self.sent);
                self.client.send(&self.requests[self.sent..self.sent + piece]);
                self.sent += piece;
                let _ = writeln!(log, "{} sends {piece} bytes", self.name);
            }
        }
        self.sent == self.requests.len()
    }

    fn read(&mut self, log: &mut String) {
        let Some((_, path)) = self.expected.pop_front() else { return };
        let _ = writeln!(log, "{} expects the answer {path}", self.name);
        let response = self.client.response();
        if path == "/large" {
            assert_eq!(response.body.len(), LARGE);
        } else {
            assert_eq!(response.text(), path);
        }
    }

    fn end(mut self, log: &mut String) {
        let _ = writeln!(log, "{} has sent all, and ends: {:?}", self.name, self.ending);
        match self.ending {
            Ending::Reset => return self.client.reset(),
            Ending::HalfClose => self.client.half_close(),
            Ending::Close => {}
        }
        while !self.expected.is_empty() {
            self.read(log);
        }
        if self.ending == Ending::HalfClose {
            self.client.expect_close();
        }
    }
}
