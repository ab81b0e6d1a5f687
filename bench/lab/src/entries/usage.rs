//! What the kernel counts for a process.

use std::fs;
use std::io;
use std::ops::Add;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// More threads than this are not asked one by one: it would disturb what is measured.
const MOST_THREADS: u64 = 16;

/// What the kernel counted for all threads of a server, since it was started.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Processor time, in nanoseconds, of threads that have ended as well.
    pub cpu: u64,
    /// Of it, ticks in user space and in the kernel.
    pub user_ticks: u64,
    /// See `user_ticks`.
    pub kernel_ticks: u64,
    /// Context switches, if the threads are not too many to be asked.
    pub switches: Option<Switches>,
}

/// Context switches of threads that still are: the kernel shows no others.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Switches {
    /// The sum of the threads' numbers: with another sum they are other threads.
    threads: u64,
    /// Because a thread waited.
    pub waits: u64,
    /// Because another had to run.
    pub preemptions: u64,
}

impl Usage {
    /// What was counted after an earlier moment. Context switches are known only if the threads
    /// are still the same.
    #[must_use]
    pub fn since(&self, earlier: &Usage) -> Usage {
        let of_the_same_threads = self.switches.zip(earlier.switches);
        let of_the_same_threads =
            of_the_same_threads.filter(|(now, then)| now.threads == then.threads);
        let switches = of_the_same_threads.map(|(now, then)| Switches {
            threads: now.threads,
            waits: now.waits.saturating_sub(then.waits),
            preemptions: now.preemptions.saturating_sub(then.preemptions),
        });
        Usage {
            cpu: self.cpu - earlier.cpu,
            user_ticks: self.user_ticks - earlier.user_ticks,
            kernel_ticks: self.kernel_ticks - earlier.kernel_ticks,
            switches,
        }
    }
}

impl Add for Usage {
    type Output = Usage;

    fn add(self, other: Usage) -> Usage {
        let switches = self.switches.zip(other.switches).map(|(one, other)| Switches {
            threads: one.threads + other.threads,
            waits: one.waits + other.waits,
            preemptions: one.preemptions + other.preemptions,
        });
        Usage {
            cpu: self.cpu + other.cpu,
            user_ticks: self.user_ticks + other.user_ticks,
            kernel_ticks: self.kernel_ticks + other.kernel_ticks,
            switches,
        }
    }
}

/// What has been counted for a process. Its processor time is read first: the rest takes longer.
pub(super) fn of(pid: Pid) -> io::Result<Usage> {
    let time = ClockId::now(clock_getcpuclockid(pid)?)?;
    let seconds = time.tv_sec().unsigned_abs();
    let cpu = seconds * 1_000_000_000 + time.tv_nsec().unsigned_abs();
    let [user_ticks, kernel_ticks, threads] =
        counts(&fs::read_to_string(format!("/proc/{pid}/stat"))?).ok_or_else(|| {
            io::Error::other(format!("/proc/{pid}/stat is not as proc(5) has it"))
        })?;
    let switches = if threads > MOST_THREADS { None } else { Some(switches(pid)?) };
    Ok(Usage { cpu, user_ticks, kernel_ticks, switches })
}

/// A process's own memory: pages that are resident and private, in bytes.
pub(super) fn memory(pid: Pid) -> io::Result<u64> {
    Ok(private(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?))
}

/// A process and all that descend from it.
pub(super) fn family(pid: Pid) -> Vec<Pid> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&pid) = family.get(next) {
        next += 1;
        for thread in threads(pid).unwrap_or_default() {
            let path = format!("/proc/{pid}/task/{thread}/children");
            let children = fs::read_to_string(path).unwrap_or_default(); // the thread has ended
            family.extend(
                children.split_whitespace().filter_map(|it| it.parse().ok()).map(Pid::from_raw),
            );
        }
    }
    family
}

/// Time in user space and in the kernel, and the number of threads, from `/proc/PID/stat`. The name
/// of the program, which is in parentheses, may have any character in it.
fn counts(stat: &str) -> Option<[u64; 3]> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse().ok();
    Some([field(11)?, field(12)?, field(17)?])
}

/// Context switches of all threads: because they waited, and because they had to.
fn switches(pid: Pid) -> io::Result<Switches> {
    let mut sum = Switches::default();
    for thread in threads(pid)? {
        sum.threads += thread.parse::<u64>().unwrap_or(0);
        // It may have ended just now.
        let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status"));
        let status = status.unwrap_or_default();
        sum.waits += value(&status, "voluntary_ctxt_switches:");
        sum.preemptions += value(&status, "nonvoluntary_ctxt_switches:");
    }
    Ok(sum)
}

fn threads(pid: Pid) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Bytes that are resident and in no other process.
fn private(rollup: &str) -> u64 {
    (value(rollup, "Private_Clean:") + value(rollup, "Private_Dirty:")) << 10
}

/// The number behind this name, at the beginning of a line; 0 if there is none.
fn value(lines: &str, name: &str) -> u64 {
    let mut values = lines.lines().filter_map(|line| line.strip_prefix(name));
    let number = values.next().and_then(|value| value.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 31 12 0 0 20 0 3 0 99 1 2";
        assert_eq!(counts(stat), Some([31, 12, 3]));
        assert_eq!(counts("7 (a) S 1"), None);
    }

    #[test]
    fn values_are_told_apart_by_whole_names() {
        let status = "Threads:\t1\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(value(status, "voluntary_ctxt_switches:"), 5);
        assert_eq!(value(status, "nonvoluntary_ctxt_switches:"), 3);
        let rollup = "Rss:  9 kB\nPrivate_Clean:  4 kB\nPrivate_Dirty:  3 kB\n";
        assert_eq!(private(rollup), 7 << 10);
        assert_eq!(value(rollup, "Swap:"), 0);
    }

    #[test]
    fn time_of_threads_that_have_ended_is_counted() {
        let own = Pid::this();
        let before = of(own).expect("it runs");
        let work = || {
            let began = std::time::Instant::now();
            while began.elapsed().as_millis() < 30 {
                std::hint::spin_loop();
            }
            let thread = ClockId::CLOCK_THREAD_CPUTIME_ID.now().expect("it runs");
            thread.tv_nsec().unsigned_abs()
        };
        let worked = std::thread::spawn(work).join().expect("it does not panic");
        let after = of(own).expect("it runs");
        assert!(
            worked > 0 && after.cpu - before.cpu >= worked,
            "{worked} of {before:?}, {after:?}"
        );
        assert!(memory(own).expect("it runs") > 0);
    }

    #[test]
    fn context_switches_are_known_of_the_same_threads_only() {
        let of_threads = |threads, waits| Usage {
            switches: Some(Switches { threads, waits, preemptions: 0 }),
            ..Usage::default()
        };
        let waits = |now: Usage, then| now.since(&then).switches.map(|switches| switches.waits);
        assert_eq!(waits(of_threads(30, 9), of_threads(30, 4)), Some(5));
        assert_eq!(waits(of_threads(31, 9), of_threads(30, 4)), None);
    }

    #[test]
    fn a_family_has_the_children_of_children() {
        use std::io::{Read, Write};
        use std::process::{Command, Stdio};
        let mut shell = Command::new("sh");
        shell.args(["-c", "(echo; cat; true); true"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().expect("there is a shell");
        let mut output = child.stdout.take().expect("it is piped");
        let mut line = [0];
        output.read_exact(&mut line).expect("the inner shell runs");
        let family = family(Pid::from_raw(child.id().cast_signed()));
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(b"\n").expect("cat reads");
        drop(input);
        child.wait().expect("it ends with its input");
        assert!(family.len() >= 2, "{family:?}");
    }
}
