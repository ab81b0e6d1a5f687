//! Connections on a faulty network, in virtual time.
//!
//! A *simulation* is one connection of a server without sockets, somebody who talks to it, and all
//! that may happen between them: bytes come and go in pieces of any size, late and all at once; the
//! client reads slowly, closes its side early or resets; work is done late, out of order, refused,
//! or never; timers ring too early or too late; shutdown begins in the middle. All of it follows
//! from one number, the *seed*, so that whatever is found can be found again.
//!
//! After every step and in the end it has to hold:
//!
//! * every request that a handler has accepted is answered exactly once and in order, or the
//!   connection has ended for a reason that is known;
//! * what a handler has not accepted was not heard for a reason that is known;
//! * buffers stay under their limits; nothing that was handed out is left over;
//! * no deadline is left in the past, and there is always something that is waited for.
//!
//! ```
//! let course = simulator::play(7, None, None).expect("nothing goes wrong");
//! assert!(course.steps > 0);
//! ```
//!
//! `cargo run -p simulator -- --seed 7` shows what happens from this seed.
//!
//! # Map
//! * [`choices`]: where decisions come from; `world`: what can happen, and what has to hold;
//!   `events`: how it happens; `network`: what is on its way;
//! * `stage`: the application that is served; `clients`: who speaks at the other end.

#![forbid(unsafe_code)]

pub mod choices;
mod clients;
mod events;
mod network;
mod stage;
mod tally;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use choices::Choices;

pub use clients::{Language, Words};
pub use tally::Tally;
pub use world::{Course, Violation, Watch, simulate};

/// Plays the simulation that follows from `seed`, in a language of its choice or in this one.
///
/// # Errors
/// What must not have happened; a panic is that, too.
pub fn play(seed: u64, only: Option<Language>, watch: Watch<'_>) -> Result<Course, Violation> {
    let choices = Choices::from_seed(seed);
    let played = catch_unwind(AssertUnwindSafe(|| simulate(choices, only, watch)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.into()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}
