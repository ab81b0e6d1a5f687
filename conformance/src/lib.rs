//! A black-box HTTP/1.1 suite: what a server does on the wire, held against RFC 9112 and
//! RFC 9110, over real sockets and with nothing but `std::net`.
//!
//! A [`Case`] is data: a requirement, and an exchange that shows whether it is met. [`run`] plays
//! all of them against a server; each is [delivered](Delivery) whole, byte by byte and split in
//! two at several places, and has to come out the same.
//!
//! ```no_run
//! use conformance::Filter;
//! let server = "127.0.0.1:8080".parse().expect("an address");
//! conformance::run(server, &Filter::default()).assert_all_passed();
//! ```
//!
//! # Map
//! * `case`: what a case consists of; `compose`: words for writing one; `cases/`: all of them,
//!   one file per area;
//! * `session`: one exchange on its connection; `response`: reading what the server sends;
//!   `check`: holding a response against what was expected;
//! * `runner`: all cases in all deliveries; `report`: what came of it.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod check;
mod compose;
mod report;
mod response;
mod runner;
mod session;

pub use case::{BodyRule, Case, Expected, FieldRule, Framing, Needs, Section, Statuses, Step};
pub use cases::cases;
pub use report::{Failure, Report, SectionCount};
pub use runner::{Delivery, Filter, Runner, run};
