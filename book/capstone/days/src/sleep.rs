//! Whether a thread of the server sleeps, as the scheduler of Linux tells it.

use std::fs;
use std::thread;
use std::time::Duration;

use backend_suite::client::Client;

/// How often a thread is looked at, and how long after the last look.
const LOOKS: usize = 60;
const PAUSE: Duration = Duration::from_millis(5);

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

    /// Fails if the thread runs, or wants to run, in half of the looks. One that asks the kernel
    /// over and over again does so in nearly all of them, however busy the machine is.
    pub(crate) fn expect_sleep(&self) {
        if self.0.is_empty() {
            return; // not on Linux
        }
        let look = |_| {
            thread::sleep(PAUSE);
            self.is_awake()
        };
        let awake = (0..LOOKS).map(look).filter(|is_awake| *is_awake).count();
        assert!(awake < LOOKS / 2, "the loop does not sleep: awake in {awake} of {LOOKS} looks");
    }

    /// Whether it has something to do. The state stands behind the name, which is in parentheses.
    fn is_awake(&self) -> bool {
        let file = format!("/proc/self/task/{}/stat", self.0);
        let text = fs::read_to_string(file).expect("the thread of the server has ended");
        text.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('R'))
    }
}
