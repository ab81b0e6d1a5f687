//! The system calls of one request, in order, as the kernel saw them: what a backend *does*, beside
//! what its code says.
//!
//! A server is watched by `strace` while one client opens a connection, asks twice, and closes it.
//! What is kept is a fingerprint: the calls in their order, with what they are about and what they
//! returned, but without numbers of descriptors, processes and addresses, which differ from run to
//! run. So it can stand in the repository, and a change of it is a change of the server.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::entries::Running;

/// Calls that say how a thread came to run, or how memory is managed, and not how it waits: which
/// of them there are differs from run to run.
const LEFT_OUT: &str = "!futex,sched_yield,brk,mmap,munmap,mremap,madvise,mprotect,\
    restart_syscall,rt_sigprocmask,rt_sigaction,sigaltstack,rseq,set_robust_list,getrandom,\
    sched_getaffinity,clone3,clone,gettid,prctl,exit";

/// A server that has said nothing for so long is waiting.
const QUIET: Duration = Duration::from_millis(150);

/// How long a server may take until it waits.
const PATIENCE: Duration = Duration::from_secs(20);

const REQUEST: &[u8] = b"GET /text HTTP/1.1\r\nHost: lab.example:8080\r\n\r\n";
const CONTENT: &[u8] = b"Hello, world!";

/// The parts of a connection's life, in order.
const PARTS: [&str; 4] =
    ["a connection is opened", "its first request", "a further request", "the client closes it"];

/// How often a trace is recorded at most, until it is the one that is expected.
const TRIES: usize = 5;

/// What a server's threads ask of the kernel in each part of a connection's life.
///
/// Threads run beside each other, so only the order within each of them means anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    parts: Vec<Part>,
}

/// What a thread asked, in order; threads in the order in which they were first heard of.
type Part = Vec<(usize, Vec<String>)>;

/// What a comparison with a trace that was kept comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Compared {
    /// It is the same.
    Same,
    /// It is another, even when it is recorded again: this.
    Different(Trace),
}

/// Records traces until each part has been as it is expected once, as far as it is compared: what
/// each thread asked about the connection, or of its ring, in order.
///
/// The rest differs from run to run: what a thread finds when it wakes depends on who was faster,
/// and threads of async-std and smol take turns at the reactor. tokio's `select!` looks in random
/// order, so that a call which finds nothing may come before or after one which finds something:
/// how many there are is compared, not where they are.
///
/// # Errors
/// As for [`record`].
pub fn compare(server: &Running, expected: &str) -> io::Result<Compared> {
    let expected = parts(expected);
    let mut as_expected = vec![false; expected.len().max(PARTS.len())];
    let mut traces = Vec::new();
    for _ in 0..2 * TRIES {
        let trace = record(server)?;
        let text = trace.to_string();
        let pairs = parts(&text).into_iter().zip(&expected);
        for ((part, expected), is_same) in pairs.zip(&mut as_expected) {
            *is_same |= compared(part) == compared(expected);
        }
        if as_expected.iter().all(|is_same| *is_same) {
            return Ok(Compared::Same);
        }
        traces.push(trace);
    }
    Ok(Compared::Different(most_frequent(&traces)))
}

/// The parts of a trace, each with its heading.
fn parts(text: &str) -> Vec<&str> {
    let begins = PARTS.iter().filter_map(|heading| text.find(&format!("{heading}\n")));
    let begins: Vec<_> = begins.chain([text.len()]).collect();
    begins.windows(2).filter_map(|pair| text.get(pair[0]..pair[1])).collect()
}

/// What is compared of a part: the calls about the connection of each thread that has any, those
/// that found nothing last.
fn compared(part: &str) -> Vec<Vec<&str>> {
    let is_compared = |line: &&str| line.contains("(connection)") || line.contains("(ring)");
    let threads = part.split("  thread ").map(|thread| {
        let mut calls: Vec<_> = thread.lines().filter(is_compared).collect();
        calls.sort_by_key(|call| call.ends_with("EAGAIN"));
        calls
    });
    let mut threads: Vec<_> = threads.filter(|calls| !calls.is_empty()).collect();
    threads.sort();
    threads
}

/// The trace that was recorded most often, of several.
///
/// # Errors
/// As for [`record`].
pub fn usual(server: &Running) -> io::Result<Trace> {
    let traces: Result<Vec<_>, _> = (0..TRIES).map(|_| record(server)).collect();
    traces.map(|traces| most_frequent(&traces))
}

fn most_frequent(traces: &[Trace]) -> Trace {
    let count = |trace: &Trace| traces.iter().filter(|other| *other == trace).count();
    traces.iter().max_by_key(|trace| count(trace)).expect("it was recorded at least once").clone()
}

/// Watches a server while a client opens a connection, asks twice, and closes it.
///
/// # Errors
/// If `strace` is not installed or may not watch the server, or if the server does not answer.
pub fn record(server: &Running) -> io::Result<Trace> {
    let mut watcher = Watcher::attach(server.process())?;
    let mut ends = vec![watcher.wait_until_quiet()?];
    let mut stream = TcpStream::connect(server.http)?;
    stream.set_nodelay(true)?;
    ends.push(watcher.wait_until_quiet()?);
    for _ in 0..2 {
        ask(&mut stream)?;
        ends.push(watcher.wait_until_quiet()?);
    }
    drop(stream);
    ends.push(watcher.wait_until_quiet()?);
    Ok(Trace::read(&watcher.finish()?, &ends))
}

/// Asks for the text, and reads the response.
fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    while !response.ends_with(CONTENT) {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => response.extend_from_slice(&buffer[..bytes]),
        }
    }
    Ok(())
}

/// An `strace` that watches a server.
struct Watcher {
    child: Child,
    output: PathBuf,
    _folder: TempDir,
}

impl Watcher {
    fn attach(id: u32) -> io::Result<Watcher> {
        let folder = tempfile::tempdir()?;
        let output = folder.path().join("trace");
        let child = Command::new("strace")
            .args(["-f", "-yy", "-s", "0", "-e", &format!("trace={LEFT_OUT}")])
            .args(["-p", &id.to_string(), "-o"])
            .arg(&output)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), "`strace` is not installed (Debian: strace)")
            })?;
        let mut watcher = Watcher { child, output, _folder: folder };
        watcher.wait_until_attached()?;
        Ok(watcher)
    }

    /// It says so on its standard error, which has to be read to the end: otherwise it waits for
    /// its reader.
    fn wait_until_attached(&mut self) -> io::Result<()> {
        let Some(stderr) = self.child.stderr.take() else { return Ok(()) };
        let mut lines = BufReader::new(stderr).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        if !first.contains("attached") {
            return Err(io::Error::other(format!("`strace` may not watch the server: {first}")));
        }
        std::thread::spawn(move || lines.for_each(drop));
        Ok(())
    }

    /// Waits until the server has not asked the kernel for anything for a while, and says how long
    /// the trace is until then.
    fn wait_until_quiet(&mut self) -> io::Result<usize> {
        let began = Instant::now();
        let mut length = self.length()?;
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server never waits"));
            }
            std::thread::sleep(QUIET / 10);
            let now = self.length()?;
            if now != length {
                (length, since) = (now, Instant::now());
            }
        }
        Ok(length)
    }

    fn length(&self) -> io::Result<usize> {
        Ok(usize::try_from(fs::metadata(&self.output)?.len()).unwrap_or(usize::MAX))
    }

    fn finish(mut self) -> io::Result<String> {
        self.detach();
        fs::read_to_string(&self.output)
    }

    /// Asked to end, it lets the server go on unwatched.
    fn detach(&mut self) {
        if let Some(id) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(id, Signal::TERM); // it has ended by itself, then
        }
        let _ = self.child.wait();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.detach();
    }
}

impl Trace {
    /// Reads what `strace` has written. The first of the ends is where the first part begins.
    fn read(text: &str, ends: &[usize]) -> Trace {
        let mut threads = Vec::new();
        let mut unfinished: HashMap<&str, &str> = HashMap::new();
        let mut parts = vec![Part::new(); ends.len()];
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            // A call that sleeps is begun in one part and written to the end in another.
            at += line.len();
            let number = ends.iter().take_while(|end| **end < at).count().min(ends.len() - 1);
            let Some((thread, call)) = line.trim_end().split_once(' ') else { continue };
            let call = call.trim_start();
            if let Some(begun) = call.strip_suffix("<unfinished ...>") {
                unfinished.insert(thread, begun);
                continue;
            }
            let begun = call.starts_with("<...").then(|| unfinished.remove(thread)).flatten();
            let Some(line) = fingerprint(begun.unwrap_or(call), call) else { continue };
            let thread = position(&mut threads, thread);
            let part = &mut parts[number];
            match part.iter_mut().find(|(its, _)| *its == thread) {
                Some((_, lines)) => lines.push(line),
                None => part.push((thread, vec![line])),
            }
        }
        parts.remove(0);
        Trace { parts: parts.into_iter().map(in_order).collect() }
    }
}

/// Threads by what they did rather than by who was first, which differs from run to run.
fn in_order(mut part: Part) -> Part {
    part.sort_by(|(_, one), (_, other)| one.cmp(other));
    part
}

fn position<'a>(threads: &mut Vec<&'a str>, thread: &'a str) -> usize {
    threads.iter().position(|known| *known == thread).unwrap_or_else(|| {
        threads.push(thread);
        threads.len() - 1
    })
}

/// A call without whatever differs from run to run: its name, what it is about, what it returned.
fn fingerprint(begun: &str, ended: &str) -> Option<String> {
    let (name, arguments) = begun.split_once('(')?;
    let (_, returned) = ended.rsplit_once(" = ")?;
    let about = about(arguments);
    Some(format!("{name}({about}) = {}", result(name, returned)))
}

/// What the first descriptor among the arguments is.
fn about(arguments: &str) -> &'static str {
    let Some((_, described)) = arguments.split_once('<') else { return "" };
    let described = described.split(']').next().unwrap_or(described);
    match described {
        _ if described.starts_with("TCP:[") && described.contains("->") => "connection",
        _ if described.starts_with("TCP") => "listener",
        _ if described.starts_with("UNIX") => "pair of sockets",
        _ if described.contains("eventpoll") => "epoll",
        _ if described.contains("eventfd") => "eventfd",
        _ if described.contains("timerfd") => "timerfd",
        _ if described.contains("io_uring") => "ring",
        _ if described.starts_with("pipe") => "pipe",
        _ => "file",
    }
}

/// What a call returned: a number of bytes or events, an error by its name, or a new connection.
fn result<'a>(name: &str, returned: &'a str) -> &'a str {
    if name.starts_with("accept") && !returned.starts_with('-') {
        return "connection";
    }
    match returned.strip_prefix("-1 ") {
        Some(error) => error.split(' ').next().unwrap_or(error),
        None => returned.split([' ', '<']).next().unwrap_or(returned),
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (heading, part) in PARTS.iter().zip(&self.parts) {
            writeln!(f, "{heading}")?;
            for (number, (_, lines)) in part.iter().enumerate() {
                if part.len() > 1 {
                    writeln!(f, "  thread {}", number + 1)?;
                }
                for line in lines {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        Ok(())
    }
}

/// Where the trace of a server is kept in the repository.
#[must_use]
pub fn path(entry: &str) -> PathBuf {
    Path::new("bench/traces").join(entry.replace(' ', "-")).with_extension("txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACED: &str = "\
12 epoll_wait(8<anon_inode:[eventpoll]>,  <unfinished ...>
11 accept4(3<TCP:[127.0.0.1:80]>, {}, [128 => 16], 0) = 9<TCP:[127.0.0.1:80->127.0.0.1:5]>
11 write(9<anon_inode:[eventfd]>, \"\"..., 8 <unfinished ...>
12 <... epoll_wait resumed>[...], 1024, -1) = 1
11 <... write resumed>)              = 8
12 recvfrom(9<TCP:[127.0.0.1:80->127.0.0.1:5]>, \"\"..., 32768, 0, NULL, NULL) = 85
12 recvfrom(9<TCP:[127.0.0.1:80->127.0.0.1:5]>, 0x7f, 32768, 0, NULL, NULL) = -1 EAGAIN (Resource)
11 +++ exited with 0 +++
";

    #[test]
    fn calls_of_each_thread_stand_in_order_and_without_numbers_that_differ() {
        let first_request = TRACED.find("12 recvfrom").expect("it is there");
        let end = TRACED.len();
        let trace = Trace::read(TRACED, &[0, first_request, end, end, end]);
        let expected = "\
a connection is opened
  thread 1
    accept4(listener) = connection
    write(eventfd) = 8
  thread 2
    epoll_wait(epoll) = 1
its first request
    recvfrom(connection) = 85
    recvfrom(connection) = EAGAIN
a further request
the client closes it
";
        assert_eq!(trace.to_string(), expected);
    }

    #[test]
    fn a_trace_has_its_parts_each_with_its_heading() {
        let text = Trace::read(TRACED, &[0, 0, TRACED.len(), TRACED.len(), TRACED.len()]);
        let text = text.to_string();
        let parts = parts(&text);
        assert_eq!((parts.len(), parts.concat()), (4, text.clone()));
        assert!(parts[2].starts_with("a further request\n"));
        let about = ["    recvfrom(connection) = 85", "    recvfrom(connection) = EAGAIN"];
        let all: Vec<_> = parts.iter().flat_map(|part| compared(part)).collect();
        assert_eq!(all, [about]);
    }

    #[test]
    fn a_call_that_finds_nothing_is_compared_wherever_it_is() {
        let one = "  read(connection) = 46\n  read(connection) = EAGAIN\n  write(connection) = 9\n";
        let other =
            "  read(connection) = 46\n  write(connection) = 9\n  read(connection) = EAGAIN\n";
        assert_eq!(compared(one), compared(other));
        let without = "  read(connection) = 46\n  write(connection) = 9\n";
        assert_ne!(compared(one), compared(without));
        let reversed =
            "  write(connection) = 9\n  read(connection) = 46\n  read(connection) = EAGAIN\n";
        assert_ne!(compared(one), compared(reversed));
    }

    #[test]
    fn a_trace_that_is_seen_twice_is_the_usual_one() {
        let trace = |line: &str| Trace { parts: vec![vec![(0, vec![line.to_owned()])]] };
        let traces = [trace("read"), trace("write"), trace("close"), trace("write")];
        assert_eq!(most_frequent(&traces), trace("write"));
    }
}
