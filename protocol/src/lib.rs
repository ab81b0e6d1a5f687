//! HTTP/1.1 for servers, without I/O: what a server *decides*, apart from how it *waits*.
//!
//! There are no sockets, files, threads, locks or clocks in this crate. Bytes and the time come
//! in; bytes, deadlines and effects go out. A backend, which has sockets, drives a
//! [`Connection`] and waits for exactly five things:
//!
//! | wait for | here |
//! |---|---|
//! | input | [`Wait::read`], then [`Protocol::receive`] or [`Protocol::receive_eof`] |
//! | room to send | bytes in `out`, then [`Protocol::file`]; report with [`Protocol::sent`] |
//! | a moment in time | [`Wait::deadline`], then [`Protocol::handle_timeout`] |
//! | work done elsewhere | [`Step::Run`], then [`Protocol::complete`] |
//! | shutdown | [`Protocol::shutdown`] |
//!
//! After every call, [`Protocol::poll`] is called until it says [`Step::Wait`] or
//! [`Step::Close`]. That is the whole contract. A transcript:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Instant, UNIX_EPOCH};
//! use protocol::{Connection, Limits, Now, Protocol, Request, Response, Step};
//!
//! let hello = Arc::new(|request: &Request<'_>| Response::text(request.path().to_owned()));
//! let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
//! let mut connection = Connection::new(hello, Arc::new(Limits::default()), now);
//!
//! // Nothing has come yet: wait for input, and no longer than the idle timeout.
//! let Step::Wait(wait) = connection.poll() else { panic!() };
//! assert!(wait.read);
//!
//! // Half a head. Nothing is consumed; it has to be presented again, with more appended.
//! let mut out = Vec::new();
//! let mut input = b"GET /hello HTTP/1.1\r\nHost: exa".to_vec();
//! assert_eq!(connection.receive(&mut input, &mut out, now), 0);
//!
//! // The rest of it. The response stands in the output.
//! input.extend_from_slice(b"mple.org\r\n\r\n");
//! assert_eq!(connection.receive(&mut input, &mut out, now), input.len());
//! assert_eq!(
//!     String::from_utf8_lossy(&out),
//!     "HTTP/1.1 200 OK\r\n\
//!      date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
//!      content-type: text/plain; charset=utf-8\r\n\
//!      content-length: 6\r\n\
//!      \r\n\
//!      /hello"
//! );
//!
//! // It has been sent, and the connection waits for the next request.
//! connection.sent(out.len() as u64, now);
//! assert!(matches!(connection.poll(), Step::Wait(wait) if wait.read));
//! ```
//!
//! # Map
//! * HTTP/1.1 as bytes: [`head`](Request) (RFC 9112 §2–§6), `body` (§6, §7), `grammar`, `writer`
//!   (§4), [`Refusal`] (what is refused, and with which status).
//! * A request and its response, whatever the version of HTTP: [`Exchange`]; [`Handler`] and its
//!   [`Reply`] (effects as data), [`Response`], [`Work`], [`FileRange`], [`Service`].
//! * A connection: [`Protocol`] (the contract as a trait), [`Connection`] (HTTP/1.1, §9), `upgrade`
//!   (what takes over from it).
//! * What every protocol has: [`Phase`] and [`Linger`] (how a connection ends), [`Drain`]
//!   (shutdown), [`Unsent`] and [`Progress`] (output, and slow peers), [`FileReader`], [`Limits`]
//!   (of everything), the `clock`.

#![forbid(unsafe_code)]

mod body;
mod clock;
mod connection;
mod drain;
mod exchange;
mod file;
mod file_reader;
mod grammar;
mod guard;
mod handler;
mod head;
#[cfg(feature = "internals")]
pub mod internals;
mod limits;
mod linger;
mod observer;
mod phase;
mod producer;
mod progress;
mod protocol;
mod refusal;
mod request;
mod response;
mod service;
mod sink_feed;
mod unsent;
mod upgrade;
mod work;
mod writer;

pub use bytes;
pub use http;

pub use clock::{Now, after, date, earliest, is_due};
pub use connection::Connection;
pub use drain::Drain;
pub use exchange::{Effect, Exchange};
pub use file::{FileRange, ReadFile};
pub use file_reader::{FileReader, Piece};
pub use grammar::is_host;
pub use guard::{DropGuarded, catch_panic};
pub use handler::{Collector, Handler, Reply, Sink};
pub use httparse::Header as Field;
pub use limits::Limits;
pub use linger::Linger;
pub use observer::{Conclude, Cut, Observation, Observer, Summary, Waited, WaitsFor};
pub use phase::Phase;
pub use producer::{Produced, Producer};
pub use progress::Progress;
pub use protocol::{Protocol, Step, Wait};
pub use refusal::Refusal;
pub use request::{Request, Target};
pub use response::{Body, Content, Production, Response, Source};
pub use service::{Refused, Service};
pub use unsent::Unsent;
pub use work::{BlockingTask, FutureTask, Outcome, Ticket, Tickets, Work, Written};
