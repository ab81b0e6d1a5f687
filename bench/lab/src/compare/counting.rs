//! System calls, counted by the kernel's tracepoints: the server is hardly slowed down by it, so it
//! waits and is woken as often as without.
//!
//! What is counted is whatever runs on the server's core. Nothing else does, but for what the
//! system does on its own.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use crate::load::{self, Event, Next, Plan};
use crate::machine::{self, Cores};

/// Fewer than so many of a thousand requests make a system call that is not worth a word.
const WORTH_A_WORD: f64 = 0.005;

/// Every system call.
const TOTAL: &str = "raw_syscalls:sys_enter";

/// How the kernel names the tracepoints of single ones.
const GROUP: &str = "syscalls:";

/// Where it lists them: each architecture has others.
const TRACEPOINTS: &str = "/sys/kernel/tracing/events/syscalls";

/// What servers ask for. To count all 350 by name would take ten seconds to begin with; whatever
/// else there is, is `other`.
const CALLS: [&str; 34] = [
    "sys_enter_accept",
    "sys_enter_accept4",
    "sys_enter_clone3",
    "sys_enter_close",
    "sys_enter_epoll_ctl",
    "sys_enter_epoll_pwait",
    "sys_enter_epoll_wait",
    "sys_enter_exit",
    "sys_enter_fcntl",
    "sys_enter_futex",
    "sys_enter_getsockname",
    "sys_enter_getsockopt",
    "sys_enter_io_uring_enter",
    "sys_enter_ioctl",
    "sys_enter_madvise",
    "sys_enter_mmap",
    "sys_enter_munmap",
    "sys_enter_newfstatat",
    "sys_enter_openat",
    "sys_enter_poll",
    "sys_enter_pread64",
    "sys_enter_read",
    "sys_enter_readv",
    "sys_enter_recvfrom",
    "sys_enter_recvmsg",
    "sys_enter_sched_yield",
    "sys_enter_sendfile64",
    "sys_enter_sendmsg",
    "sys_enter_sendto",
    "sys_enter_setsockopt",
    "sys_enter_shutdown",
    "sys_enter_statx",
    "sys_enter_write",
    "sys_enter_writev",
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
    let known = CALLS.iter().filter(|name| Path::new(TRACEPOINTS).join(name).exists());
    let known: String = known.map(|name| format!("{GROUP}{name},")).collect();
    let mut perf = Command::new("perf");
    let core = core.to_string();
    perf.args(["stat", "-x", ",", "-C", &core, "-e"]).arg(known + TOTAL);
    perf
}

/// System calls for each request of a load, by name, in a run of its own.
pub(super) fn system_calls(cores: Cores, plan: &Plan) -> io::Result<BTreeMap<String, f64>> {
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
    let requests = outcome.requests.max(1) as f64;
    let counts = parse(&counter.finish()?);
    let each = counts.into_iter().map(|(name, count)| (name, count / requests));
    Ok(each.filter(|(_, count)| *count >= WORTH_A_WORD).collect())
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

/// Reads lines such as `3,,syscalls:sys_enter_close,…`; what the total has beyond them is `other`.
fn parse(said: &str) -> Vec<(String, f64)> {
    let line = |line: &str| {
        let mut columns = line.split(',');
        let count: f64 = columns.next()?.parse().ok()?;
        Some((columns.nth(1)?.to_owned(), count))
    };
    let lines: Vec<_> = said.lines().filter_map(line).collect();
    let named = lines.iter().filter_map(|(name, count)| {
        let name = name.strip_prefix(GROUP)?.strip_prefix("sys_enter_")?;
        Some((name.to_owned(), *count))
    });
    let mut counts: Vec<_> = named.collect();
    let total = lines.iter().find(|(name, _)| name == TOTAL).map_or(0.0, |(_, count)| *count);
    let other = total - counts.iter().map(|(_, count)| count).sum::<f64>();
    counts.push(("other".to_owned(), other.max(0.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_whatever_else_is_said_is_not() {
        let said = "hello\n3,,syscalls:sys_enter_close,3256959,100.00,,\n\
                    <not counted>,,syscalls:sys_enter_read,0,0.00,,\n\
                    12,,syscalls:sys_enter_epoll_wait,3256959,100.00,,\n\
                    17,,raw_syscalls:sys_enter,3256959,100.00,,\n";
        let expected = [("close", 3.0), ("epoll_wait", 12.0), ("other", 2.0)];
        assert_eq!(parse(said), expected.map(|(name, count)| (name.to_owned(), count)));
    }
}
