//! Attacks on a running server: on a backend's binary, as a process of its own, so that memory,
//! descriptors and threads are the server's alone.
//!
//! Every `Attack` is played in the same frame. While it goes on, a client that does nothing wrong
//! is served, and memory stays within a bound; when it is over, descriptors, threads and
//! connections are as many as before. Then it begins once more, on another server, which is told to
//! stop in the middle of it, and shuts down.
//!
//! * [`slow`]: clients that send, read or do too little; [`crowds`]: clients in great numbers;
//! * [`floods`]: clients that send too much; [`resources`]: what the server itself runs out of;
//! * [`http2`], [`tls`], [`websocket`]: what only the layers make possible;
//! * `attacker`: words for writing them; `target`: the server, and the client that does nothing
//!   wrong;
//! * `frame`: how each is played, and what it may cost.
//!
//! With `ATTACK_REPORT=FILE`, what was measured is added to this file, a line of JSON for each
//! attack.

mod attacker;
pub mod crowds;
pub mod floods;
mod frame;
pub mod http2;
pub mod resources;
pub mod slow;
mod target;
pub mod tls;
pub mod websocket;

pub use frame::Stage;
