//! A program that serves, running as a child, and what the system says of it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A program that serves. It does not outlive the test.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub lines: BufReader<ChildStdout>,
    pub address: SocketAddr,
    /// Of the TLS listener, if there is one.
    pub tls: Option<SocketAddr>,
    /// The note about its certificate.
    pub note: String,
    /// Where it keeps uploads, if it takes any.
    pub data: TempDir,
    /// The lines that it printed at its start.
    pub said: Vec<String>,
}

impl Process {
    /// Starts it with a data directory of its own.
    pub fn start(command: Command) -> Self {
        Process::start_in(tempfile::tempdir().unwrap(), command)
    }

    /// Starts it with this data directory.
    pub fn start_in(data: TempDir, mut command: Command) -> Self {
        command.arg("--data").arg(data.path());
        let mut process = Process::start_as_is(command);
        process.data = data;
        process
    }

    /// Starts it as the command says, with a data directory or without.
    pub fn start_as_is(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = Vec::new();
        while !said.last().is_some_and(|line: &String| line.starts_with("  Ctrl-C stops")) {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended after {said:?}");
            said.push(line);
        }
        assert!(said[0].starts_with("Ways to Wait "), "{said:?}");
        let after = |start| said.iter().find_map(|line| line.trim().strip_prefix(start));
        let (secured, note) =
            after("https://").and_then(|it| it.split_once('/')).unwrap_or_default();
        Process {
            address: after("http://").unwrap().trim_end_matches('/').parse().unwrap(),
            tls: (!secured.is_empty()).then(|| secured.parse().unwrap()),
            note: note.to_owned(),
            data: tempfile::tempdir().unwrap(),
            child,
            lines,
            said,
        }
    }

    pub fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Waits for the end; returns the exit code and what else was printed.
    pub fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }

    /// As [`Process::end`], unless it takes longer than this.
    pub fn end_within(mut self, time: Duration) -> Option<(Option<i32>, String)> {
        let deadline = Instant::now() + time;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(self.end())
    }

    /// Most memory that it has had, in KiB; `None` where there is no `/proc`.
    pub fn peak_memory(&self) -> Option<u64> {
        self.status("VmHWM")
    }

    /// From now on the peak is that of what is still to come.
    pub fn forget_peak(&self) {
        let _ = fs::write(self.proc("clear_refs"), "5"); // then it is that of its whole life
    }

    pub fn threads(&self) -> Option<u64> {
        self.status("Threads")
    }

    pub fn descriptors(&self) -> Option<usize> {
        Some(fs::read_dir(self.proc("fd")).ok()?.count())
    }

    /// User and system time, in hundredths of a second; `None` where there is no `/proc`.
    pub fn cpu_time(&self) -> Option<u64> {
        let stat = fs::read_to_string(self.proc("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    }

    fn status(&self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(self.proc("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn proc(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
