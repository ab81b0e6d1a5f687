//! Files as data: which range of one is to be sent.

use std::sync::Arc;

/// A range of an open file: data to the protocol, which never reads it.
#[derive(Clone, Debug)]
pub struct FileRange {
    /// The open file. Backends read at an offset, so its cursor does not matter.
    #[expect(
        clippy::disallowed_types,
        reason = "a handle that is passed through, never used here"
    )]
    pub file: Arc<std::fs::File>,
    /// Where the range begins, in bytes.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// Reads the beginning of a range of a file, and returns how much it has read. There is no I/O
/// here, so the code that sets up a connection says how.
pub type ReadFile = fn(&FileRange, &mut [u8]) -> std::io::Result<usize>;
