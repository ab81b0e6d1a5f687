//! How much one WebSocket may use: a limit on every size and every wait.

use std::time::Duration;

/// The limits of a WebSocket. Sizes are in bytes.
///
/// ```
/// use layer_websocket::Limits;
/// let limits = Limits { max_message: 16 << 20, max_frame: 16 << 20, ..Limits::default() };
/// assert_eq!(limits.high_water, 64 << 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, whatever its fragments; a longer one ends the connection with 1009.
    /// Default 1 MiB.
    pub max_message: usize,
    /// Longest payload of a frame; a longer one ends the connection with 1009. Default 1 MiB.
    pub max_frame: usize,
    /// High-water mark of unsent output: beyond it nothing is read, so nothing is answered
    /// either. Default 64 KiB.
    pub high_water: usize,
    /// Longest silence of the peer before it is sent a Ping. Default 30 s.
    pub idle_timeout: Duration,
    /// Longest time from the Ping to an answer; then the connection ends with 1008. Whatever
    /// frame comes is taken for one, and so is a frame that advances by
    /// [`protocol::Limits::PROGRESS`] bytes in this time. Default 20 s.
    pub pong_timeout: Duration,
    /// How long the closing handshake may take once our Close frame has been sent, and how long
    /// the peer may take to close its side after that: while it still sends, the wait begins again,
    /// up to [`protocol::Linger::LONGEST`] in all. Default 5 s.
    pub close_timeout: Duration,
    /// Longest time in which unsent output must advance by [`protocol::Limits::PROGRESS`] bytes
    /// or be taken whole; then the connection is cut. Default 20 s.
    pub write_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_message: 1 << 20,
            max_frame: 1 << 20,
            high_water: 64 << 10,
            idle_timeout: Duration::from_secs(30),
            pong_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(20),
        }
    }
}
