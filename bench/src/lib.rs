//! What the benches measure and how, so that a clock and a count are about the same code.
//!
//! * [`protocols`]: what a server does without a socket, beside the libraries below it, given the
//!   [`heads`] of real programs.
//! * [`scenarios`]: what clients do to a server, with the plainest [`client`]s; [`models`]: the
//!   servers.
//! * [`table`]: criterion's figures of all models at a glance.
//! * [`counts`]: instructions instead of time, held against what is committed.
//!
//! `cargo bench -p bench` runs everything and leaves a report in `target/criterion/report/`;
//! `cargo bench -p bench --bench backends -- "round trip"` compares the backends in one scenario.
//! `cargo xtask counts` counts instructions, and `cargo xtask ci counts` fails when they rise.

#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "without the right answer there is no measurement")]

pub mod client;
pub mod counts;
mod echo;
pub mod heads;
pub mod models;
pub mod protocols;
pub mod scenarios;
pub mod table;
