//! WebSocket: the mask.
//!
//! One number survives between the pieces: how much of the payload has come. It says where in the
//! key the next byte begins, so the key is turned by that much once, and from then on the bytes of
//! a piece line up with it. What the length leaves open is the second half of the job: bytes behind
//! the payload are the head of the next frame, and a mask that is applied to them destroys it.
//!
//! Eight bytes of the turned key, twice four, are one number; `chunks_exact_mut` gives the places
//! for it, and its remainder the few bytes at the end. Since eight is a whole number of keys, the
//! remainder begins at the beginning of the turned key again.

/// Unmasks the payload of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    key: [u8; 4],
    /// Where in the key the next byte begins.
    turn: usize,
    left: u64,
}

impl Mask {
    pub fn new(key: [u8; 4], length: u64) -> Self {
        Mask { key, turn: 0, left: length }
    }

    /// Unmasks what belongs to this frame, and says how many bytes these are.
    pub fn apply(&mut self, bytes: &mut [u8]) -> usize {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let mut key = self.key;
        key.rotate_left(self.turn);
        let twice = u64::from_ne_bytes([key, key].concat().try_into().expect("eight bytes"));
        let mut eights = bytes[..count].chunks_exact_mut(8);
        for eight in &mut eights {
            let number = u64::from_ne_bytes(eight.try_into().expect("eight bytes")) ^ twice;
            eight.copy_from_slice(&number.to_ne_bytes());
        }
        for (byte, key) in eights.into_remainder().iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        self.left -= count as u64;
        self.turn = (self.turn + count) % 4;
        count
    }

    /// Whether the payload is complete.
    pub fn is_done(&self) -> bool {
        self.left == 0
    }
}
