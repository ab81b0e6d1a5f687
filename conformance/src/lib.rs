//! A black-box suite for HTTP/1.1, HTTP/2 and WebSocket: what a server does on the wire, held
//! against RFC 9112 and RFC 9110, RFC 9113 and RFC 7541, and RFC 6455, over real sockets and with
//! nothing but `std::net`, or over any other [`Transport`].
//!
//! A [`Case`] is data: a requirement, and an exchange that shows whether it is met. [`run`] plays
//! all of them against a server; each is [delivered](Delivery) whole, byte by byte and
//! [split](Splits) in two, and has to come out the same.
//!
//! ```no_run
//! use conformance::{Filter, Protocol};
//! let server = "127.0.0.1:8080".parse().expect("an address");
//! let filter = Filter { protocols: vec![Protocol::Http2], ..Filter::default() };
//! conformance::run(server, &filter).assert_all_passed();
//! ```
//!
//! # Map
//! * `case`: what a case consists of; `cases`: all of them;
//! * [`http1`], [`http2`], [`websocket`]: for each protocol the steps of an exchange (`step`),
//!   words for writing them (`compose`), one file of cases per area (`cases/`), and the session
//!   that plays them;
//! * `wire`: the connection under a session; `transport`: what carries it, `tcp` for one;
//! * `template`: what is filled in;
//! * `expected`, [`response`], `check`: what a response should be, reading one of HTTP/1.1, and
//!   holding it against that;
//! * `runner`: all cases in all deliveries (`delivery`); `splits`: which these are; `report`: what
//!   came of it;
//! * [`judge`]: the cases of HTTP/1.1 in twelve stages, for a server that is being built.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod check;
mod delivery;
mod expected;
pub mod http1;
pub mod http2;
pub mod judge;
mod report;
pub mod response;
mod runner;
mod splits;
mod tcp;
mod template;
mod transport;
pub mod websocket;
mod wire;

pub use case::{Case, Exchange, Needs, Protocol, Section};
pub use cases::cases;
pub use delivery::Delivery;
pub use expected::{BodyRule, Expected, FieldRule, Framing, Statuses};
pub use report::{Failure, Report, SectionCount};
pub use runner::{Filter, Runner, run};
pub use splits::Splits;
pub use transport::{Connect, Transport};
