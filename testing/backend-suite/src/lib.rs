//! The tests that every backend has to pass, over real sockets: written once, generic over the
//! backend, and run by each backend's own `cargo test` through [`suite!`], [`binary!`] and
//! [`attacks!`](crate::attacks!).
//!
//! * [`protocols`]: HTTP/1.1, HTTP/2 and WebSocket, byte for byte.
//! * [`serving`]: many connections, bounds, work, panics, time.
//! * [`statistics`]: the numbers of a running server, and the dashboard.
//! * [`files`]: uploads and downloads, also when they go wrong.
//! * [`sites`]: forms of files, pages that are not there, rules, hosts.
//! * [`shutdown`]: graceful shutdown, under every condition.
//! * [`http2`]: many requests at once on a connection.
//! * [`tls`]: the same over TLS, as far as it may differ.
//! * [`https`]: the binary's certificates and what leads clients to them.
//! * [`proxies`]: who the client is behind a proxy, and how much each may have.
//! * [`websocket`]: what takes over after an upgrade.
//! * [`process`]: the binary: its command line, signals, memory.
//! * [`configuration`]: the binary's file, environment and command line.
//! * [`telemetry`]: the binary's access log, and what it shows its administrators.
//! * [`operation`]: the binary as it is run in earnest: logs, supervisors, deployments, limits.
//! * [`sockets`]: the binary: where it listens.
//! * [`supervised`]: the binary as systemd and root start it.
//! * [`takeover`]: a new binary in the place of one that runs, under load.
//! * [`mod@attacks`]: the binary under attack;
//! * [`child`]: a program that serves;
//! * [`fixtures`]: the servers that all of them start; [`client`]: whom they serve;
//! * `suite`: the lists of all tests.
//!
//! That all say the same to the same requests is for `tests/across` of this crate to see.

#![allow(missing_docs, reason = "the names of the tests say what they test")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "these are tests"
)]

#[cfg(target_os = "linux")]
pub mod attacks;
#[cfg(unix)]
pub mod child;
pub mod client;
#[cfg(unix)]
pub mod configuration;
pub mod files;
pub mod fixtures;
pub mod http2;
#[cfg(unix)]
pub mod https;
#[cfg(unix)]
pub mod listeners;
#[cfg(target_os = "linux")]
pub mod operation;
#[cfg(unix)]
pub mod process;
pub mod protocols;
pub mod proxies;
pub mod serving;
pub mod shutdown;
pub mod sites;
#[cfg(unix)]
pub mod sockets;
pub mod statistics;
mod suite;
#[cfg(target_os = "linux")]
pub mod supervised;
#[cfg(target_os = "linux")]
pub mod takeover;
#[cfg(unix)]
pub mod telemetry;
pub mod tls;
pub mod websocket;
