//! TLS and HTTP/2: an integer in HPACK (RFC 7541 §5.1).
//!
//! HPACK writes numbers into as few bytes as it can. The first byte has flags in its upper bits,
//! and the number in the lower ones, the *prefix* of 1 to 8 bits. A number that is less than all
//! ones in the prefix stands there. Otherwise the prefix is all ones, and the rest, `number - all
//! ones`, follows in groups of seven bits, the lowest group first; the highest bit of a byte says
//! that another follows.
//!
//! * `decode` says the number and how many bytes it took; `None` if its end has not come.
//! * A number above `u32::MAX` is refused. A number with more than [`MOST_GROUPS`] groups is
//!   refused, too, even if they are zeros, and as soon as it is certain: a peer may not make you
//!   read forever.
//! * `encode` writes a number behind these flags, in as few bytes as can be.

/// Most groups of seven bits that follow the prefix.
pub const MOST_GROUPS: usize = 5;

/// The number is too large, or has too many bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLarge;

/// The number at the start of `input`, and how many bytes it takes. Its prefix has 1 to 8 bits.
pub fn decode(prefix: u32, input: &[u8]) -> Result<Option<(u32, usize)>, TooLarge> {
    todo!()
}

/// Writes a number with a prefix of so many bits. `flags` has its bits above the prefix.
pub fn encode(prefix: u32, flags: u8, number: u32, out: &mut Vec<u8>) {
    todo!()
}
