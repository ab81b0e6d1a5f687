//! What *Threads* says of the memory of a thousand threads.

use super::define::predicates;

/// How many KiB each thread adds to this, and how many there are.
fn each(trace: &str, name: &str) -> Option<(u64, u64)> {
    let value = |line: &str, at| line.split_whitespace().nth(at)?.parse().ok();
    let count = trace.lines().find(|line| line.starts_with("threads:"))?;
    let line = trace.lines().find(|line| line.starts_with(name))?;
    Some((value(line, 7)?, value(count, 1)?))
}

predicates! {
    /// A thousand threads have more than the 2 MiB of their stacks in addresses each, and less
    /// than a hundredth of that in memory.
    fn addresses_are_many_and_memory_is_little(trace) {
        let (Some((addresses, 1_000)), Some((memory, _))) =
            (each(trace, "VmSize:"), each(trace, "VmRSS:"))
        else {
            return false;
        };
        addresses > 2_048 && memory < 20
    }
}
