//! Whether a thread of the server sleeps, as the scheduler of Linux tells it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use backend_suite::client::Client;

/// How long a thread is watched.
const WATCHED: Duration = Duration::from_millis(300);

/// The number of the thread that runs a handler; empty where that cannot be asked.
pub(crate) fn current_thread() -> String {
    let link = fs::read_link("/proc/thread-self").unwrap_or_default();
    link.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

/// The thread that drives the connections of a server.
pub(crate) struct ServerThread(String);

impl ServerThread {
    pub(crate) fn of(client: &mut Client) -> Self {
        ServerThread(client.get("/thread").text().to_owned())
    }

    /// Fails if the thread runs, or wants to run, for half of the time in which it is watched. One
    /// that asks the kernel over and over again does so all the time, however busy the machine is.
    pub(crate) fn expect_sleep(&self) {
        if self.0.is_empty() {
            return; // not on Linux
        }
        let (begin, before) = (Instant::now(), self.awake());
        thread::sleep(WATCHED);
        let (awake, watched) = (self.awake().saturating_sub(before), begin.elapsed());
        assert!(awake < watched / 2, "the loop does not sleep: {awake:?} of {watched:?} awake");
    }

    /// How long it has run, and waited for a processor, since its start.
    fn awake(&self) -> Duration {
        let file = format!("/proc/self/task/{}/schedstat", self.0);
        let text = fs::read_to_string(file).expect("the thread of the server has ended");
        text.split(' ').take(2).map(|field| Duration::from_nanos(field.parse().unwrap())).sum()
    }
}
