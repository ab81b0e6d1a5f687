//! The application that every backend serves alike, and the command line that their `main`s share.
//!
//! It does nothing but decide: whatever takes time is an effect. `/sleep` is a deadline, `/work`
//! and files are [`Work`](protocol::Work), `/stream` a source that says when it goes on.
//!
//! * [`App`]: the routes.
//! * [`Https`], [`Forwarded`], [`RateLimit`]: handlers around it: for HTTPS alone, behind proxies,
//!   with a bound on what each client may ask.
//! * [`certificates`]: those of a TLS listener, from files that may change.
//! * `console`, `signals`: what is said without waiting for it, and what is heard from the system.
//! * `telemetry`: the access log, metrics, and the listener that shows them.
//! * `operation`: sockets and accounts of the system that it runs on.
//! * [`store`]: a directory that cannot be left, for `--site` and `--data`.
//! * [`site`]: pages out of such a directory.
//! * [`main`]: the command line; a backend's `main` is `app::main::<Model>()`. That of `wtw`, which
//!   has all of them, is [`main_with`].

#![forbid(unsafe_code)]

mod answers;
pub mod certificates;
mod cli;
mod conditional;
mod console;
mod dashboard;
mod forwarded;
mod https;
mod operation;
mod origin;
mod rate_limit;
mod routes;
mod signals;
pub mod site;
pub mod store;
mod telemetry;

pub use cli::{AnyBackend, main, main_with};
pub use forwarded::{Forwarded, ForwardedField, Trust};
pub use https::Https;
pub use rate_limit::{NotARate, Rate, RateLimit};
pub use routes::App;
