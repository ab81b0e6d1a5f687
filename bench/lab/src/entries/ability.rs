//! What servers can do.

/// What not every entry can do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ability {
    /// Answers any request of HTTP/1.1. (A floor answers all alike, and knows no bodies.)
    Http1,
    /// Closes the connection after a request with `Connection: close`.
    Close,
    /// Serves more than 4,096 connections at once: a pool of threads has as many as it was told.
    Thousands,
    /// HTTP/2 by prior knowledge.
    Http2,
    /// TLS, at an address of its own; HTTP/2 over it if it has [`Ability::Http2`].
    Tls,
    /// Echoes messages at `/ws/echo`.
    WebSocket,
    /// Serves [`Files`](super::Files): `/1k`, `/100k` and `/10m`.
    Files,
    /// Takes an upload at `/upload` and answers with its length, in decimal digits.
    Upload,
    /// Computes for so many microseconds at `/work/N`, elsewhere than on the loop.
    Work,
    /// Does so at `/block/N`, on the loop: wrongly.
    Block,
}
