//! A [`Protocol`] without a socket, a virtual clock, and a peer that does as it is told.
//!
//! [`Driver`] keeps the contract to the letter, and is strict where the contract is:
//!
//! * it comes to rest: in a bounded number of steps something moves, a byte or a piece of work;
//! * it always waits for something, and never without an end for a peer that owes nothing;
//! * after a timeout has been handled, no deadline lies in the past;
//! * nothing is unsent when our side is closed, which happens once.
//!
//! A protocol that breaks one of these panics. So a test need not look for them, and neither need a
//! property, the simulator or a fuzzer.
//!
//! ```
//! use std::sync::Arc;
//! use harness::{Driver, start};
//! use protocol::{Connection, Limits, Request, Response};
//!
//! let hello = Arc::new(|request: &Request<'_>| Response::text(request.path().to_owned()));
//! let connection = Connection::new(hello, Arc::new(Limits::default()), start());
//! let mut driver = Driver::new(connection, start());
//! driver.feed("GET /hello HTTP/1.1\r\nHo");
//! driver.pass_ms(9_999);
//! driver.feed("st: example.org\r\n\r\n");
//! assert!(driver.wire.ends_with(b"\r\n\r\n/hello"));
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "to panic is what it is for")]

mod clock;
mod driver;
#[cfg(feature = "http2")]
pub mod http2;
mod panics;
mod table;
mod told;
mod work;

#[cfg(doc)]
use protocol::Protocol;

pub use clock::start;
pub use driver::{Driver, End, read_file};
pub use panics::{EXPECTED_PANIC, silence_expected_panics};
pub use table::transitions;
pub use told::Told;
pub use work::run;
