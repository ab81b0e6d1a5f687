//! Whether the loop of a server sleeps.

use backend_suite::client::Client;
use museum::scheduler;

/// The thread that drives the connections of a server.
pub(crate) struct ServerThread(String);

impl ServerThread {
    pub(crate) fn of(client: &mut Client) -> Self {
        ServerThread(client.get("/thread").text().to_owned())
    }

    /// Fails if the thread runs, or wants to run, in half of the looks.
    pub(crate) fn expect_sleep(&self) {
        if self.0.is_empty() {
            return; // not on Linux
        }
        let awake = scheduler::awake(&self.0).expect("the thread of the server has ended");
        assert!(awake < 0.5, "the loop does not sleep: awake in {awake:.2} of all looks");
    }
}
