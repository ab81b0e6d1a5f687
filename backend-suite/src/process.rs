//! The binary: its command line, signals, running out of descriptors.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::client::{Client, eventually};

/// A backend's binary, running. It does not outlive the test.
struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: SocketAddr,
    data: PathBuf,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            line.trim().to_owned()
        };
        assert!(line().starts_with("Ways to Wait "));
        line();
        let url = line();
        let address = url.strip_prefix("http://").and_then(|it| it.strip_suffix('/'));
        let files = line();
        let data =
            files.strip_prefix("files in ").and_then(|it| it.strip_suffix(", removed at exit"));
        assert!(line().starts_with("Ctrl-C stops"));
        let (address, data) = (address.unwrap().parse().unwrap(), data.unwrap().into());
        Process { child, lines, address, data }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; returns the exit code and what else was printed.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(path: &str) -> Command {
    let mut command = Command::new(path);
    command.args(["--listen", "127.0.0.1:0", "--threads", "2"]);
    command
}

pub fn says_where_it_listens_and_stops_on_a_signal(path: &str) {
    let server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/healthz").text(), "ok\n");
    let data = server.data.clone();
    assert!(data.is_dir());
    client.ask("/sleep/300");
    std::thread::sleep(Duration::from_millis(100));
    server.signal(Signal::TERM);
    assert_eq!(client.response().text(), "slept for 300 ms\n");
    let (code, output) = server.end();
    assert_eq!(code, Some(0));
    assert!(output.contains("2 requests on 1 connections, 0 cut short"), "{output}");
    assert!(!data.exists(), "the temporary directory is left");
}

pub fn a_second_signal_ends_at_once(path: &str) {
    let mut server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    client.ask("/work/10000");
    std::thread::sleep(Duration::from_millis(200));
    let data = server.data.clone();
    let start = Instant::now();
    server.signal(Signal::INT);
    // Signals are not counted: the first has to be seen before the second is one.
    let mut line = String::new();
    server.lines.read_line(&mut line).unwrap();
    assert!(line.starts_with("Stopping"), "{line}");
    server.signal(Signal::INT);
    let (code, output) = server.end();
    assert_eq!(code, Some(0));
    assert!(output.contains("1 cut short"), "{output}");
    assert!(start.elapsed() < Duration::from_secs(5), "the second signal was not obeyed");
    assert!(!data.exists(), "the temporary directory is left");
}

pub fn a_taken_port_is_said_in_one_line(path: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(path).args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with(&format!("error: cannot listen on {address}: Address")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

pub fn a_wrong_flag_is_a_usage_error(path: &str) {
    for (flags, part) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--threads", "0"], "at least 1"),
        (&["--site", "/no/such/place"], "not a directory"),
        (&["--idle-timeout", "soon"], "--idle-timeout"),
        (&["--model", "astrology"], "astrology"),
        (&["--listen", "nonsense"], "such as 127.0.0.1:8080"),
        (&["--tls-listen", "127.0.0.1:0"], "wants --tls-cert"),
        (&["--tls-self-signed"], "--tls-listen"),
        (&["--tls-listen", "127.0.0.1:0", "--tls-cert", "a"], "--tls-key"),
        (&["--tls-listen", "[::1]:0", "--tls-cert=a", "--tls-cert=b", "--tls-key=c"], "in pairs"),
    ] {
        let output = Command::new(path).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(part), "{said}");
    }
}

/// SIGHUP means that certificates are read again where there are any, and the end where there are
/// none.
pub fn a_hangup_is_no_end_where_there_are_certificates(path: &str) {
    let home = tempfile::tempdir().unwrap();
    let mut secured = command(path);
    secured.env("HOME", home.path()).args(["--tls-listen", "127.0.0.1:0", "--tls-self-signed"]);
    let mut child = secured.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let said: Vec<String> = (0..6).map(|_| next()).collect();
    assert!(
        said[3].starts_with("  https://127.0.0.1:") && said[3].contains("SHA-256 "),
        "{said:?}"
    );
    let address = said[2].trim().strip_prefix("http://").unwrap().trim_end_matches('/');
    let address: SocketAddr = address.parse().unwrap();
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(Client::connect(address).get("/healthz").status, 200);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(next().starts_with("Stopping"));
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let plain = Process::start(command(path));
    plain.signal(Signal::HUP);
    assert_eq!(plain.end().0, Some(0));
}

/// More connections than descriptors: those that have one are served, those that have none wait,
/// and waiting costs next to no processor time.
pub fn running_out_of_descriptors_is_waited_out(path: &str) {
    let mut shell = Command::new("sh");
    // 60 descriptors, of which a backend needs some two dozen for itself.
    shell.args(["-c", "ulimit -n 60; exec \"$0\" \"$@\"", path]);
    shell.args(["--listen", "127.0.0.1:0", "--threads", "2"]).stderr(Stdio::null());
    let server = Process::start(shell);
    let mut first = Client::connect(server.address);
    assert_eq!(first.get("/healthz").status, 200);
    let crowd: Vec<_> = (0..100).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let before = cpu_time(server.child.id());
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(first.get("/healthz").status, 200, "those inside are served");
    if let (Some(before), Some(after)) = (before, cpu_time(server.child.id())) {
        assert!(after - before < 20, "spun for {} of 50 ticks", after - before);
    }
    let mut last = Client::connect(server.address);
    last.ask("/healthz");
    drop(crowd);
    assert_eq!(last.response().status, 200, "served when there is room again");
    drop((first, last));
    eventually("room for all again", || {
        let mut clients: Vec<_> = (0..10).map(|_| Client::connect(server.address)).collect();
        clients.iter_mut().all(|client| client.get("/healthz").status == 200)
    });
    server.signal(Signal::INT);
    assert_eq!(server.end().0, Some(0));
}

/// An upload and a download of 64 MiB each, in a server that never holds more than a few pieces.
pub fn memory_stays_flat_whatever_the_size_of_a_file(path: &str) {
    const SIZE: usize = 64 << 20;
    let server = Process::start(command(path));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/healthz").status, 200);
    let before = peak_memory(server.child.id());
    client.send(format!("PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n"));
    let piece = vec![b'x'; 1 << 20];
    (0..SIZE / piece.len()).for_each(|_| client.send(&piece));
    assert_eq!(client.response().status, 201);
    assert_eq!(client.get("/files/x").body.len(), SIZE);
    if let (Some(before), Some(after)) = (before, peak_memory(server.child.id())) {
        assert!(after - before < 8 << 10, "grew by {} KiB", after - before);
    }
    drop(client);
    server.signal(Signal::INT);
    assert_eq!(server.end().0, Some(0));
}

/// A crowd in the middle of its requests, of which every other one is reset: the rest is served, and
/// nothing is left of those that have gone. `CROWD=10000` makes it a larger one.
pub fn a_crowd_that_is_reset_leaves_nothing(path: &str) {
    let _ = setrlimit(Resource::Nofile, {
        let limit = getrlimit(Resource::Nofile);
        Rlimit { current: limit.maximum, ..limit }
    });
    let crowd = std::env::var("CROWD").map_or(400, |crowd| crowd.parse().unwrap());
    let server = Process::start(command(path));
    assert_eq!(Client::connect(server.address).get("/healthz").status, 200);
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).ok()?.count().into();
    let before: Option<usize> = descriptors();

    let halves = [
        "GET /echo/x HTTP/1.1\r\nHo",
        "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345678",
    ];
    let mut clients: Vec<_> = (0..crowd).map(|_| Client::connect(server.address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(halves[usize::from(number / 2 % 8 == 0)]);
    }
    let is_in = |crowd: usize| {
        before.is_none_or(|before| descriptors().is_some_and(|now| now >= before + crowd))
    };
    eventually("all are in", || is_in(crowd));
    let mut rest = Vec::new();
    for (number, client) in clients.into_iter().enumerate() {
        if number % 2 == 0 { client.reset() } else { rest.push((number, client)) }
    }
    eventually("half of them have gone", || before.is_none() || !is_in(crowd / 2 + crowd / 4));
    for (number, client) in &mut rest {
        client.send(["st: x\r\n\r\n", "9"][usize::from(*number / 2 % 8 == 0)]);
    }
    for (_, client) in &mut rest {
        let response = client.response();
        assert!(matches!(response.status, 200 | 201 | 204), "{response:?}");
    }
    drop(rest);
    eventually("all have gone", || before.is_none() || !is_in(1));
    let mut idle: Vec<_> = (0..crowd / 2).map(|_| Client::connect(server.address)).collect();
    idle.iter_mut().for_each(|client| client.send(halves[0]));
    idle.iter_mut().skip(1).step_by(2).for_each(|client| client.send("st: x\r\n\r\n"));
    drop(idle.drain(..crowd / 4));
    server.signal(Signal::INT);
    drop(idle);
    let (code, output) = server.end();
    assert_eq!(code, Some(0), "{output}");
}

/// Most memory that a process has had, in KiB; `None` where there is no `/proc`.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// User and system time of a process, in hundredths of a second; `None` where there is no `/proc`.
fn cpu_time(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}
