//! What threads that only sleep cost: starts as many as asked for (1,000), and prints what the
//! kernel says of this process before and after. Linux only.

use std::sync::{Arc, Barrier};
use std::{env, fs, thread};

fn main() {
    let count = env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let before = memory();
    let all = Arc::new(Barrier::new(count + 1));
    let start = |_| {
        let all = Arc::clone(&all);
        thread::spawn(move || {
            all.wait(); // every thread is running
            all.wait(); // the memory has been looked at
        })
    };
    let threads: Vec<_> = (0..count).map(start).collect();
    all.wait();
    let after = memory();
    all.wait();
    println!("threads: {count}");
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        let each = after.saturating_sub(before) / count;
        println!("{name}: {before} KiB before, {after} KiB after, {each} KiB for each");
    }
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}

/// The size of the address space, and how much of it is in memory, in KiB.
fn memory() -> Vec<(&'static str, usize)> {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let value = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some((name, line.split_whitespace().next()?.parse().ok()?))
    };
    ["VmSize", "VmRSS"].into_iter().filter_map(value).collect()
}
