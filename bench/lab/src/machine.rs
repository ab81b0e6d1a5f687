//! The machine: which core runs what, what it does when nothing but it is measured, and what is
//! written down of it.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, hint, io, thread};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::results::{Calibration, Provenance};

/// The cores on which the two sides of a measurement run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cores {
    /// Where servers run.
    pub server: usize,
    /// Where the generator runs.
    pub generator: usize,
    /// How many the lab may use.
    pub available: usize,
}

impl Cores {
    /// Two of the cores that this process may use: the last one, and the last before it that does
    /// not share its execution units (hyperthreading), if there is one. What the system does on its
    /// own it mostly does on the first.
    ///
    /// # Errors
    /// If there is only one: server and generator would take each other's time.
    pub fn choose() -> io::Result<Cores> {
        let set = sched_getaffinity(None)?;
        let cores: Vec<_> = (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect();
        let [ref others @ .., next, server] = cores[..] else {
            return Err(io::Error::other(
                "two cores are needed: one for the server, one for clients",
            ));
        };
        let siblings = siblings(server);
        let apart = others.iter().chain([&next]).rev().find(|core| !siblings.contains(core));
        Ok(Cores { server, generator: *apart.unwrap_or(&next), available: cores.len() })
    }

    /// How the report says it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Cores { server, generator, available } = self;
        let shared =
            if siblings(*server).contains(generator) { ", which is half of the same" } else { "" };
        format!("server on core {server}, clients on core {generator}{shared}, of {available}")
    }
}

/// The logical cores that are one core of the processor together with this one.
fn siblings(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    listed(&fs::read_to_string(path).unwrap_or_default()) // not said: then they are all apart
}

/// Numbers as the kernel lists them: `0-1,8`.
fn listed(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

/// Runs something on one core; what it starts stays there. The thread goes back afterwards.
///
/// # Errors
/// If the core may not be used.
pub fn on_core<T>(core: usize, run: impl FnOnce() -> T) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)?;
    let result = run();
    sched_setaffinity(None, &before)?;
    Ok(result)
}

/// How often a cache line goes there and back.
const EXCHANGES: u32 = 2_000;

/// How long is looked for pauses,
const WATCHED: Duration = Duration::from_millis(100);

/// and what is one: in less nobody else has run.
const PAUSE: Duration = Duration::from_micros(20);

/// Steps of the fixed computation: some 10 ms.
const STEPS: u32 = 10_000_000;

/// Measures the machine itself, so that a reader sees whether it was the same all the time.
///
/// # Errors
/// If a core may not be used.
pub fn calibrate(cores: Cores, began: Instant) -> io::Result<Calibration> {
    let at_seconds = began.elapsed().as_secs_f64();
    // The shortest of three: others may have had the core in between, and only ever lengthen it.
    let computation =
        on_core(cores.server, || (0..3).map(|_| computation()).min().unwrap_or(u64::MAX))?;
    let (paused, longest_pause) = on_core(cores.server, pauses)?;
    let cache_line = distance(cores)?;
    Ok(Calibration { at_seconds, computation, cache_line, paused, longest_pause })
}

/// How much of the time a thread that never waits did not run, and how long at a time at most.
fn pauses() -> (f64, u64) {
    let (mut paused, mut longest) = (Duration::ZERO, Duration::ZERO);
    let began = Instant::now();
    let mut before = began;
    while before - began < WATCHED {
        let now = Instant::now();
        let gap = now - before;
        if gap > PAUSE {
            paused += gap;
            longest = longest.max(gap);
        }
        before = now;
    }
    let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    (paused.as_secs_f64() / (before - began).as_secs_f64(), longest)
}

/// How long a chain of multiplications takes, none of which can begin before the one before it.
fn computation() -> u64 {
    let began = Instant::now();
    let mut state = 1_u64;
    for _ in 0..STEPS {
        state = hint::black_box(state).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
    hint::black_box(state);
    nanoseconds(began)
}

/// How far the two cores are from each other: how many nanoseconds a cache line takes there and
/// back. The shortest of three, as for the computation.
///
/// # Errors
/// If a core may not be used.
pub fn distance(cores: Cores) -> io::Result<u64> {
    let tries: Vec<u64> = (0..3).map(|_| cache_line(cores)).collect::<io::Result<_>>()?;
    Ok(tries.into_iter().min().unwrap_or(u64::MAX))
}

fn cache_line(cores: Cores) -> io::Result<u64> {
    let turn = AtomicU32::new(0);
    // Even numbers are the server's to change, odd ones the generator's.
    let wait_for = |number| {
        while turn.load(Ordering::Acquire) != number {
            hint::spin_loop();
        }
    };
    let take_turns = |first: u32| {
        for number in (first..2 * EXCHANGES).step_by(2) {
            wait_for(number);
            turn.store(number + 1, Ordering::Release);
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| on_core(cores.generator, || take_turns(1)));
        let taken = on_core(cores.server, || {
            turn.store(1, Ordering::Release);
            wait_for(2); // until then, the other thread had to start
            let began = Instant::now();
            take_turns(2);
            nanoseconds(began)
        });
        other.join().map_err(|_| io::Error::other("a thread has panicked"))??;
        Ok(taken? / u64::from(EXCHANGES - 1))
    })
}

fn nanoseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// What is written down of the machine and of the tree, before anything is measured.
#[must_use]
pub fn provenance(cores: Cores, seed: u64) -> Provenance {
    let dirty = said("git", &["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    let commit = said("git", &["rev-parse", "--short=10", "HEAD"]);
    Provenance {
        commit: commit.unwrap_or_else(|| "unknown".into()) + if dirty { "+" } else { "" },
        toolchain: said("rustc", &["--version"]).unwrap_or_else(|| "unknown".into()),
        processor: processor(),
        cores: cores.available,
        kernel: said("uname", &["-sr"]).unwrap_or_else(|| "unknown".into()),
        pinning: cores.in_words(),
        command: command(std::env::args().skip(1)),
        began: now(),
        took_seconds: 0.0,
        seed,
        rounds: 0,
    }
}

/// The command as one types it, rather than the path at which cargo has put the program.
fn command(arguments: impl Iterator<Item = String>) -> String {
    ["cargo".to_owned(), "lab".to_owned()]
        .into_iter()
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// The time in UTC, to the second.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_on_the_core_while_it_should_be_and_goes_back() {
        let Ok(cores) = Cores::choose() else { return };
        let before = sched_getaffinity(None).expect("it is known");
        let during = on_core(cores.server, || sched_getaffinity(None).expect("it is known"));
        let during = during.expect("the core may be used");
        assert!(during.is_set(cores.server) && during.count() == 1);
        assert_eq!(sched_getaffinity(None).expect("it is known"), before);
    }

    #[test]
    fn lists_of_cores_have_numbers_and_ranges() {
        assert_eq!(listed("0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!(listed("5\n"), [5]);
        assert!(listed("").is_empty());
    }

    #[test]
    fn a_calibration_takes_some_time() {
        let Ok(cores) = Cores::choose() else { return };
        let calibration = calibrate(cores, Instant::now()).expect("the cores may be used");
        assert!(calibration.computation > 0 && calibration.cache_line > 0);
        assert!((0.0..=1.0).contains(&calibration.paused), "{calibration:?}");
    }
}
