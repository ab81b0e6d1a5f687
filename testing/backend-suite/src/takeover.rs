//! A new binary in the place of one that runs, under load.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use backend_common::as_tcp;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::process::command;
use crate::telemetry::admin;

/// Whichever process is the server now. None of them outlives the test.
struct Successors {
    first: Process,
    dir: TempDir,
}

impl Successors {
    fn start(path: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(path);
        command.arg("--pid-file").arg(dir.path().join("pid"));
        command.arg("--config").arg(dir.path().join("wtw.toml"));
        command.stderr(File::create(dir.path().join("log")).unwrap());
        command.args(["--admin", "127.0.0.1:0", "--listen"]);
        command.arg(format!("unix:{}", dir.path().join("socket").display()));
        fs::write(dir.path().join("wtw.toml"), "").unwrap();
        Successors { first: Process::start_as_is(command), dir }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("wtw.toml")
    }

    /// A client at the path.
    fn dial(&self) -> Client {
        Client::from(as_tcp(UnixStream::connect(self.dir.path().join("socket")).unwrap()))
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.dir.path().join("pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid().unwrap(), signal).unwrap();
    }

    /// Has the server start its successor, and waits until that serves.
    fn restart(&self) {
        let old = self.pid();
        self.signal(Signal::USR2);
        eventually("the new one has taken over", || self.pid().is_some_and(|pid| Some(pid) != old));
    }

    /// Ends the server; returns what all of them have said.
    fn end(mut self) -> String {
        self.signal(Signal::TERM);
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.first.lines, &mut said).unwrap();
        said
    }
}

impl Drop for Successors {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What clients have done.
#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    /// Requests that were sent again on a new connection, since the idle one that they were sent on
    /// was closed before the first byte of a response (RFC 9112 section 9.3.1, RFC 9110 section
    /// 9.2.2).
    repeated: AtomicU64,
    enough: AtomicBool,
}

/// Ends the clients when it is dropped.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Counts {
    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Requests on a connection for as long as it may be used; `each` says how often at most. Any
    /// failure but a close before the first byte, on a connection that was used before, is a panic.
    fn ask(&self, address: SocketAddr, each: u64) {
        while !self.enough.load(Ordering::Relaxed) {
            let mut client = Client::connect(address);
            for number in 0..each {
                let request = b"GET /echo/all-is-well HTTP/1.1\r\nHost: test\r\n\r\n";
                let sent = client.stream.write_all(request);
                let response = sent.ok().and_then(|()| client.try_response().unwrap());
                let Some(response) = response else {
                    assert_ne!(number, 0, "a connection was closed before its first response");
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    break;
                };
                assert_eq!((response.status, response.text()), (200, "all-is-well"));
                self.answered.fetch_add(1, Ordering::Relaxed);
                if response.closes() || self.enough.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
    }
}

/// Restarts a server under load, so often, each time after so many requests.
fn restart_under_load(path: &str, restarts: u64, requests: u64) {
    let servers = Successors::start(path);
    let (address, counts) = (servers.first.address, Counts::default());
    let admin = admin(&servers.first);
    thread::scope(|scope| {
        let clients: Vec<_> = [u64::MAX, u64::MAX, u64::MAX, 10, 1, 1]
            .map(|each| {
                scope.spawn({
                    let counts = &counts;
                    move || counts.ask(address, each)
                })
            })
            .into();
        // Whatever happens here, the clients end.
        let _enough = Enough(&counts.enough);
        let failed = || clients.iter().any(thread::ScopedJoinHandle::is_finished);
        for restart in 1..=restarts {
            servers.restart();
            // Of the listeners, that of the administrators is one.
            assert_eq!(Client::connect(admin).get("/readyz").status, 200);
            while counts.answered() < restart * requests && !failed() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let (answered, repeated) = (counts.answered(), counts.repeated.load(Ordering::Relaxed));
    let said = servers.end();
    let taken_over = said.matches("Handed over to process").count() as u64;
    assert_eq!(taken_over, restarts, "{said}");
    assert!(!said.contains(" aborted") || said.contains(" 0 aborted"), "{said}");
    println!("{restarts} restarts, {answered} requests answered, {repeated} repeated, 0 failed");
}

pub fn a_new_binary_takes_over_without_a_lost_request(path: &str) {
    restart_under_load(path, 3, 200);
}

/// Over all backends these are a million.
pub fn fifty_restarts_lose_no_request(path: &str) {
    restart_under_load(path, 50, 3_400);
}

/// Neither where its configuration is wrong nor where it fails with the sockets in its hands.
pub fn a_new_binary_that_does_not_begin_leaves_the_old_one_in_place(path: &str) {
    let servers = Successors::start(path);
    let mut client = Client::connect(servers.first.address);
    assert_eq!(client.get("/healthz").status, 200);
    let old = servers.pid();
    let log = || fs::read_to_string(servers.dir.path().join("log")).unwrap();
    // A socket is no file that can be written, which is found out when it is opened.
    let no_log = "access-log = \"json\"\naccess-log-file = \"socket\"";
    let wrongs = [("max-work = \"none\"", "max-work"), (no_log, "the access log")];
    for (failures, (wrong, why)) in (1..).zip(wrongs) {
        fs::write(servers.config(), wrong).unwrap();
        servers.signal(Signal::USR2);
        eventually("it goes on", || {
            log().matches("no new server has taken over").count() == failures
        });
        assert!(log().contains(why), "{}", log());
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(servers.dial().get("/healthz").status, 200, "at its path");
        assert_eq!(Client::connect(servers.first.address).get("/healthz").status, 200);
        assert_eq!(servers.pid(), old);
    }
    drop(client);
    fs::write(servers.config(), "").unwrap();
    servers.restart(); // and now it works
    assert_eq!(Client::connect(servers.first.address).get("/healthz").status, 200);
    assert_eq!(servers.dial().get("/healthz").status, 200);
    servers.end();
}
