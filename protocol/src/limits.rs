//! How much of everything one connection may use: a limit on every size and every wait.

use std::time::Duration;

/// The limits of a connection. All sizes are in bytes.
///
/// ```
/// use protocol::Limits;
/// let limits = Limits { max_body: 10 << 20, ..Limits::default() };
/// assert_eq!(limits.max_head, 16 << 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest request line, without its CRLF; longer is answered 414. Default 8 KiB.
    pub max_request_line: usize,
    /// Longest request head: request line, fields and the empty line; longer is answered 431.
    /// Also the longest trailer section. Default 16 KiB.
    pub max_head: usize,
    /// Most field lines in a request head, at most [`Limits::MAX_FIELDS`]; more is answered 431.
    /// Default 100.
    pub max_fields: usize,
    /// Longest request body of any kind; longer is answered 413. Default 1 GiB.
    pub max_body: u64,
    /// Longest request body that is [collected](crate::Reply::collect) in memory; longer is
    /// answered 413. Default 1 MiB.
    pub max_collect: usize,
    /// Chunk extensions in one body, summed; more is answered 400. Default 16 KiB.
    pub max_chunk_extensions: usize,
    /// How much of a body that nobody wants is read and thrown away to keep the connection.
    /// Default 256 KiB.
    pub max_discard: u64,
    /// High-water mark of unsent output: beyond it no further pipelined request is read and no
    /// more of a response body is produced. Default 64 KiB.
    pub high_water: usize,
    /// Longest silence between two requests before the connection is closed. Default 60 s.
    pub idle_timeout: Duration,
    /// Longest time from the first byte of a request head to its last; then 408. Default 10 s.
    pub head_timeout: Duration,
    /// Longest time in which a request body must advance by [`Limits::PROGRESS`] bytes or end;
    /// then 408. Default 20 s.
    pub body_timeout: Duration,
    /// Longest time in which unsent output must advance by [`Limits::PROGRESS`] bytes or be
    /// taken whole; then the connection is aborted. Default 20 s.
    pub write_timeout: Duration,
    /// Requests that an HTTP/2 connection may have under way at once, at least one. Each may have
    /// 128 KiB of its body on the way before any of it is taken. Default 100.
    pub max_streams: u32,
    /// How long a connection that we ended waits for the peer to close its side, so that a reset
    /// does not destroy the last response on its way. While the peer still sends, the wait begins
    /// again with whatever arrives, for up to [`Linger::LONGEST`](crate::Linger::LONGEST), 30 s, in
    /// all. Default 2 s.
    pub linger_timeout: Duration,
}

impl Limits {
    /// Ceiling of [`Limits::max_fields`].
    pub const MAX_FIELDS: usize = 128;

    /// The high-water mark as it counts: there is room for something even with 0, or nothing would
    /// ever be sent.
    #[must_use]
    pub fn high_water_mark(&self) -> usize {
        self.high_water.max(1)
    }

    /// What counts as progress of a body or of output: fewer bytes than this in the allowed time,
    /// and the peer is too slow to be served.
    pub const PROGRESS: u64 = 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_request_line: 8 << 10,
            max_head: 16 << 10,
            max_fields: 100,
            max_body: 1 << 30,
            max_collect: 1 << 20,
            max_chunk_extensions: 16 << 10,
            max_discard: 256 << 10,
            high_water: 64 << 10,
            idle_timeout: Duration::from_secs(60),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(20),
            max_streams: 100,
            linger_timeout: Duration::from_secs(2),
        }
    }
}
