//! System calls and context switches, counted by the kernel's tracepoints: that slows a server down
//! far less than to stop it at each call, so it waits and is woken about as often as without.
//!
//! What is counted is whatever runs on the server's core: the server, which is alone there, and
//! what the system does on its own.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::libc::{self, c_long};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use crate::load::{self, Event, Next, Plan};
use crate::machine::{self, Cores};

/// Fewer than so many of a thousand requests make a system call that is not worth a word.
const WORTH_A_WORD: f64 = 0.005;

/// The tracepoint at which every system call arrives, with its number.
const TRACEPOINT: &str = "raw_syscalls:sys_enter";

/// The one at which a core goes from one thread to another, or to its idle loop.
const SWITCHES: &str = "sched:sched_switch";

/// What servers ask for; whatever else there is, is `other`. They are told apart by their numbers:
/// a tracepoint of its own for each of them would take a second to turn on.
const CALLS: &[(&str, c_long)] = &[
    ("accept", libc::SYS_accept),
    ("accept4", libc::SYS_accept4),
    ("clone3", libc::SYS_clone3),
    ("close", libc::SYS_close),
    ("epoll_ctl", libc::SYS_epoll_ctl),
    ("epoll_pwait", libc::SYS_epoll_pwait),
    ("exit", libc::SYS_exit),
    ("fcntl", libc::SYS_fcntl),
    ("futex", libc::SYS_futex),
    ("getsockname", libc::SYS_getsockname),
    ("getsockopt", libc::SYS_getsockopt),
    ("io_uring_enter", libc::SYS_io_uring_enter),
    ("ioctl", libc::SYS_ioctl),
    ("madvise", libc::SYS_madvise),
    ("mmap", libc::SYS_mmap),
    ("munmap", libc::SYS_munmap),
    ("newfstatat", libc::SYS_newfstatat),
    ("openat", libc::SYS_openat),
    ("pread64", libc::SYS_pread64),
    ("read", libc::SYS_read),
    ("readv", libc::SYS_readv),
    ("recvfrom", libc::SYS_recvfrom),
    ("recvmsg", libc::SYS_recvmsg),
    ("sched_yield", libc::SYS_sched_yield),
    ("sendfile", libc::SYS_sendfile),
    ("sendmsg", libc::SYS_sendmsg),
    ("sendto", libc::SYS_sendto),
    ("setsockopt", libc::SYS_setsockopt),
    ("shutdown", libc::SYS_shutdown),
    ("statx", libc::SYS_statx),
    ("write", libc::SYS_write),
    ("writev", libc::SYS_writev),
    #[cfg(target_arch = "x86_64")]
    ("epoll_wait", libc::SYS_epoll_wait),
    #[cfg(target_arch = "x86_64")]
    ("poll", libc::SYS_poll),
];

/// Whether anything can be counted here; if not, why, for the operator.
pub(super) fn check() -> Result<(), String> {
    match perf(0).args(["--", "true"]).stderr(Stdio::null()).status() {
        Err(_) => Err("`perf` is not installed (Debian: linux-perf)".into()),
        Ok(status) if !status.success() => {
            Err("`perf` may not count system calls here, as root it may".into())
        }
        Ok(_) => Ok(()),
    }
}

fn perf(core: usize) -> Command {
    let mut perf = Command::new("perf");
    perf.args(["stat", "-x", ",", "-C", &core.to_string()]);
    for (_, number) in CALLS {
        perf.args(["-e", TRACEPOINT, "--filter", &format!("id == {number}")]);
    }
    perf.args(["-e", TRACEPOINT, "-e", SWITCHES]);
    perf
}

/// What was counted, for each request.
pub(super) struct Counted {
    /// System calls by name.
    pub(super) system_calls: BTreeMap<String, f64>,
    /// Context switches of the core.
    pub(super) switches: f64,
}

/// Counts while a load is on the server, in a run of its own.
pub(super) fn count(cores: Cores, plan: &Plan) -> io::Result<Counted> {
    let mut counter = machine::on_core(cores.generator, || Counter::start(cores.server))??;
    let mut controlled = Ok(());
    let outcome = load::run(plan, &mut |event| {
        let asked = match event {
            Event::Begun => counter.ask("enable"),
            Event::Ended => counter.ask("disable"),
            Event::Progress { .. } => Ok(()),
        };
        controlled = std::mem::replace(&mut controlled, Ok(())).and(asked);
        Next::Go
    })?;
    controlled?;
    if outcome.requests == 0 || !outcome.errors.is_empty() {
        return Err(io::Error::other("not all requests were answered rightly"));
    }
    let requests = outcome.requests as f64;
    let said = counter.finish()?;
    let (calls, switches) = parse(&said).ok_or_else(|| io::Error::other(said))?;
    let each = calls.into_iter().map(|(name, count)| (name, count / requests));
    Ok(Counted {
        system_calls: each.filter(|(_, count)| *count >= WORTH_A_WORD).collect(),
        switches: switches / requests,
    })
}

/// A `perf stat` that counts when it is asked to.
struct Counter {
    child: Child,
    control: File,
    acknowledgement: File,
    /// The two pipes are in it.
    _folder: TempDir,
}

impl Counter {
    fn start(core: usize) -> io::Result<Counter> {
        let folder = tempfile::tempdir()?;
        let (control, control_path) = pipe(folder.path(), "control")?;
        let (acknowledgement, acknowledgement_path) = pipe(folder.path(), "acknowledgement")?;
        let paths = format!("fifo:{},{}", control_path.display(), acknowledgement_path.display());
        // It ends with the program that it runs, and `cat` with its input.
        let child = perf(core)
            .args(["--delay", "-1", "--control", &paths, "--", "cat"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut counter = Counter { child, control, acknowledgement, _folder: folder };
        counter.ask("disable")?; // answered as soon as everything has been set up
        Ok(counter)
    }

    /// Gives a command, and waits until it is carried out.
    fn ask(&mut self, command: &str) -> io::Result<()> {
        writeln!(self.control, "{command}")?;
        let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
        let mut readable = [PollFd::new(&self.acknowledgement, PollFlags::IN)];
        if poll(&mut readable, Some(&limit))? == 0 {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "`perf` does not react"));
        }
        let mut acknowledged = [0; 16];
        self.acknowledgement.read(&mut acknowledged).map(drop)
    }

    /// What it has counted.
    fn finish(mut self) -> io::Result<String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            stderr.read_to_string(&mut said)?;
        }
        self.child.wait()?;
        Ok(said)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait(); // it has ended, or ends with its program
    }
}

/// A named pipe. Opened for both directions, it waits for nobody.
fn pipe(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    let path = folder.join(name);
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR)?;
    Ok((OpenOptions::new().read(true).write(true).open(&path)?, path))
}

/// Reads lines such as `3,,raw_syscalls:sys_enter,…`: one for each of the calls in their order,
/// one for all of them, and one for context switches. What all have beyond those by name is
/// `other`. `None` if a line is missing, or something could not be counted.
fn parse(said: &str) -> Option<(Vec<(String, f64)>, f64)> {
    let is_count = |line: &&str| {
        line.split(',').nth(2).is_some_and(|event| [TRACEPOINT, SWITCHES].contains(&event))
    };
    let count = |line: &str| line.split(',').next()?.parse::<f64>().ok();
    let counts: Option<Vec<f64>> = said.lines().filter(is_count).map(count).collect();
    let counts = counts.filter(|counts| counts.len() == CALLS.len() + 2)?;
    let [ref named @ .., total, switches] = counts[..] else { return None };
    let names = CALLS.iter().map(|(name, _)| (*name).to_owned());
    let mut calls: Vec<_> = names.zip(named.iter().copied()).collect();
    calls.push(("other".to_owned(), (total - named.iter().sum::<f64>()).max(0.0)));
    Some((calls, switches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_their_order_and_whatever_else_is_said_is_not() {
        let line = |count: &str, event| format!("{count},,{event},3256959,100.00,,\n");
        let said = |of_read: &str| {
            let mut said = "hello\n".to_owned();
            for (name, _) in CALLS {
                said += &match *name {
                    "close" => line("3", TRACEPOINT),
                    "write" => line("12", TRACEPOINT),
                    "read" => line(of_read, TRACEPOINT),
                    _ => line("0", TRACEPOINT),
                };
            }
            said + &line("17", TRACEPOINT) + &line("40", SWITCHES)
        };
        let (calls, switches) = parse(&said("0")).expect("nothing is missing");
        let found: Vec<_> = calls.into_iter().filter(|(_, count)| *count > 0.0).collect();
        let expected = [("close", 3.0), ("write", 12.0), ("other", 2.0)];
        assert_eq!(found, expected.map(|(name, count)| (name.to_owned(), count)));
        assert_eq!(switches, 40.0);
        assert!(parse(&said("<not counted>")).is_none() && parse("hello\n").is_none());
    }
}
