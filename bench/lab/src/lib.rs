//! The measuring lab: what each way to wait costs on the machine at hand, and how far the figures
//! can be believed. `cargo lab` lists what it does; `bench/README.md` says how it measures and why.
//!
//! Data flows one way. A [`Plan`](load::Plan) says which load; [`load::run`] puts it on a server
//! and gives an [`Outcome`](load::Outcome), what clients saw; [`entries`] start the servers, and
//! say what the kernel counted for them; both together are a [`Cell`](results::Cell) of the
//! [`Results`](results::Results). From there on nothing is measured any more: the results are
//! judged, printed, and drawn.
//!
//! # Map
//! * [`load`]: the load generator.
//! * [`entries`]: what is measured: our backends, the floor of each model, peers.
//! * [`scenarios`]: which load, as data.
//! * `cell`: one measurement.
//! * [`compare`]: all entries in all scenarios, interleaved, in random order.
//! * [`explain`]: what the difference between two entries consists of.
//! * [`agreement`]: whether two runs say the same.
//! * [`idle`]: what connections cost that nothing happens on.
//! * [`judge`]: which measurements are none, and why.
//! * [`machine`]: its cores, and what it does when nothing but it is measured.
//! * [`results`]: the raw figures, as they are kept in a file.
//! * [`statistics`]: medians with intervals, percentiles with intervals, what A/A can tell apart.
//! * [`report`]: the page that a browser computes from the raw figures.
//! * [`trace`]: the system calls of a connection, in order.
//! * [`publish`]: tables in the documentation.
//! * [`commands`]: the command line, a file for each command.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

pub mod agreement;
mod cell;
pub mod commands;
pub mod compare;
pub mod entries;
pub mod explain;
pub mod idle;
pub mod judge;
pub mod load;
pub mod machine;
pub mod publish;
pub mod report;
pub mod results;
pub mod scenarios;
pub mod statistics;
pub mod trace;
