//! WebSocket: the mask (RFC 6455 §5.3).
//!
//! Each frame of a client carries a key of four bytes, and its payload is masked with it: byte `i`
//! of the payload is combined with byte `i % 4` of the key by exclusive or. The same operation
//! takes the mask off. (It keeps nothing secret. It keeps a script in a browser from choosing the
//! bytes on the wire, which confused proxies.)
//!
//! The payload comes in any pieces, and is unmasked where it lies:
//!
//! * `Mask::new` begins a frame with its key and the length of its payload.
//! * `apply` unmasks what belongs to this frame at the start of `bytes`, and says how many bytes
//!   these are; what follows is the next frame and stays as it is.
//! * `is_done` says whether the payload is complete.
//! * Do it in steps of eight bytes where there are so many: byte by byte is several times slower.
//!   The tests do not look at the clock, but at every split.

/// Unmasks the payload of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    // Yours.
}

impl Mask {
    pub fn new(key: [u8; 4], length: u64) -> Self {
        todo!()
    }

    /// Unmasks what belongs to this frame, and says how many bytes these are.
    pub fn apply(&mut self, bytes: &mut [u8]) -> usize {
        todo!()
    }

    /// Whether the payload is complete.
    pub fn is_done(&self) -> bool {
        todo!()
    }
}
