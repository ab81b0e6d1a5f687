//! A server that is counted: a child process under callgrind, and its client on this side.

use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use backend_common::Request;

use crate::client::http1::Client;
use crate::counts::callgrind::Parts;
use crate::counts::functions::part_ends;
use crate::models::{self, PLAIN, Threads};

/// The query of the request that marks.
const MARK: &str = "mark";

/// How long a server may take until it listens, and to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the child process does: serves with the model of this name until its standard input ends.
///
/// # Errors
/// If there is no such model, or the server cannot begin.
pub fn serve(model: &str) -> io::Result<()> {
    let model = models::all().into_iter().find(|it| it.name == model);
    let model = model.ok_or_else(|| io::Error::other("there is no such model"))?;
    let server = model.start(Threads::Few, mark_if_asked);
    println!("{}", server.address());
    io::stdin().read_to_end(&mut Vec::new())?;
    server.shutdown(Duration::from_secs(5))?;
    Ok(())
}

fn mark_if_asked(request: &Request<'_>) {
    if request.query() == Some(MARK) {
        part_ends();
    }
}

/// A server under callgrind. It is ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    marker: Client,
    marks: usize,
    /// What [`Server::asleep`] said when it was at rest last.
    last_rest: Option<Vec<(OsString, String)>>,
}

impl Server {
    /// Starts a server of this model.
    pub(crate) fn start(parts: &Parts, model: &str) -> io::Result<Self> {
        let mut command = parts.command(&["serve", model]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let Ok(address) = line.trim().parse() else {
            child.wait()?;
            return Err(io::Error::other(format!("{model} does not listen")));
        };
        let request = format!("GET {PLAIN}?{MARK} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        // It asks once when it connects.
        let marker = Client::connect(address, request.as_bytes(), 1);
        let mut server = Server { child, address, marker, marks: 1, last_rest: None };
        server.rest();
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends a part; returns its number.
    pub(crate) fn mark(&mut self) -> usize {
        self.marker.ask_and_await();
        self.rest();
        self.marks += 1;
        self.marks
    }

    /// Waits until its threads have done something since they slept last, and all sleep again.
    /// Until then it may be busy although it has answered, or has yet to notice what a client did.
    pub(crate) fn rest(&mut self) {
        let begin = Instant::now();
        let mut before = None;
        loop {
            let now = self.asleep();
            // While one thread was looked at, another may have woken one that was seen asleep.
            if now.is_some() && now == before && now != self.last_rest {
                self.last_rest = now;
                return;
            }
            before = now;
            assert!(begin.elapsed() < PATIENCE, "the server does not come to rest");
            thread::yield_now();
        }
    }

    /// Its threads, and how often each has gone to sleep so far, if all of them sleep.
    fn asleep(&self) -> Option<Vec<(OsString, String)>> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let asleep = |thread: DirEntry| {
            let switches = switches_of_sleeper(&thread.path().join("status"))?;
            Some((thread.file_name(), switches))
        };
        threads.map(|thread| asleep(thread.ok()?)).collect()
    }

    /// Has it end, so that callgrind does.
    pub(crate) fn end(mut self) -> io::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{status}"))) }
    }
}

/// How often a thread has gone to sleep, if it sleeps: from its file in `/proc`.
fn switches_of_sleeper(status: &Path) -> Option<String> {
    let status = fs::read_to_string(status).ok()?; // else it ends just now
    let value = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_asleep = value("State:")?.starts_with('S');
    is_asleep.then(|| value("voluntary_ctxt_switches:").map(str::to_owned))?
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
