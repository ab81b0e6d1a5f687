//! The child process in which functions are counted.

use std::hint::black_box;

use crate::protocols;

/// How often each function is called in the shorter of its runs.
pub(crate) const CALLS: u64 = 100;

/// The end of a run: callgrind knows this function by its name, and writes down what it has counted
/// before it is called.
#[inline(never)]
pub fn part_ends() {
    black_box(());
}

/// What the child process does that has its functions counted.
pub fn call_functions() {
    for mut function in protocols::all() {
        // What is done once, as choosing the fastest instructions or taking memory, is done now.
        for calls in [CALLS, CALLS, 2 * CALLS] {
            (0..calls).for_each(|_| (function.run)());
            part_ends();
        }
    }
}
