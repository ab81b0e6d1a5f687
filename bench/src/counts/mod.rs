//! Instructions in user space, counted by callgrind: the one figure that stays the same on a small
//! machine that others use as well, so the one that can be held against what is committed.
//!
//! Counted are all functions of [`protocols`](crate::protocols), and whole requests to a server of
//! each backend and model: the part of its threads in user space that answers one request, from the
//! client's bytes to the rest before the next. What the kernel does is not in it.
//!
//! # How
//! A child process runs under callgrind. It calls the function N times and 2 N times, or is asked
//! so often; between these runs it calls [`part_ends`], at which callgrind writes down what it has
//! counted and begins again. The difference divided by N is the count: start-up, connecting, and
//! what surrounds the runs have no part in it.
//!
//! A server is asked by a client outside of callgrind, and only when all of its threads sleep: so
//! it finds the same state each time, and never a second request where one was expected.
//!
//! # Why by itself
//! gungraun counts functions in one process, keeps what it compares with where a clone does not
//! have it, and wants a runner of exactly its version to be installed. What it would do for us is
//! the short `callgrind.rs`; servers it cannot count.
//!
//! # What may differ
//! Another Rust generates other code, and another kind of processor has other instructions, of
//! which libraries choose at run time: figures with another toolchain or
//! [`processor`](Setting::processor) are not compared at all. The C library (`malloc`, `memcpy`) is
//! counted apart: if it is another one, only our own instructions are compared. (Large copies look
//! dearer in it than they are: an instruction that repeats itself is counted as often as it does.)
//!
//! Functions repeat exactly, keep-alive requests to a few instructions; but tokio looks at the
//! clock, and does more the more time has passed: to 1 %. Where a new connection goes from one
//! thread to another, both run for a while: such counts differ by up to 4 %, so they are held to
//! 8 % instead of 2 %.
//!
//! `io_uring` is left out: callgrind cannot end a wait in `io_uring_enter`.

mod callgrind;
mod committed;
mod functions;
mod measure;
mod readme;
mod server;
mod setting;

pub use committed::{Comparison, Count, Counts, compare, document};
pub use functions::{call_functions, part_ends};
pub use measure::measure;
pub use readme::{readme, with_table};
pub use server::serve;
pub use setting::Setting;
