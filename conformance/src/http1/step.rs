//! The steps of an exchange.

use crate::expected::Expected;

/// One step of an exchange.
///
/// In the bytes that are sent `<host>` stands for the server's address, `<unique>` for sixteen
/// characters that no other run of a case has, `<etag>` and `<modified>` for the `ETag` and
/// `Last-Modified` of the last response with status 200.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits a moment, so that what was sent and what will be arrive apart.
    Pause,
    /// Closes our side; we still read.
    HalfClose,
    /// Leaves the connection for a new one.
    Reconnect,
    /// Reads one response. Interim ones are passed over unless one is expected.
    Expect(Expected),
    /// The server closes the connection and sends nothing before it does.
    ExpectClosed,
    /// The connection is still good for a request.
    ExpectOpen,
}
