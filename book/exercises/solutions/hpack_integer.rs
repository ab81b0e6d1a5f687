//! TLS and HTTP/2: an integer in HPACK.
//!
//! The sum is kept in 64 bits, so five groups of seven bits cannot overflow it, and the limit is
//! looked at after each of them. The number of groups is limited by itself: `ff 80 80 80 80 …` adds
//! zeros, so its value never grows, and a decoder that only looks at the value reads for as long as
//! its peer likes. Implementations have had this mistake.
//!
//! All ones in the prefix mean "more follows", so the number that is exactly all ones has a second
//! byte, which is 0. Both directions have to agree on this boundary; it is where they go wrong.

/// Most groups of seven bits that follow the prefix.
pub const MOST_GROUPS: usize = 5;

/// The number is too large, or has too many bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLarge;

/// The number at the start of `input`, and how many bytes it takes. Its prefix has 1 to 8 bits.
pub fn decode(prefix: u32, input: &[u8]) -> Result<Option<(u32, usize)>, TooLarge> {
    let Some((&first, rest)) = input.split_first() else { return Ok(None) };
    let ones = all_ones(prefix);
    let number = u32::from(first) & ones;
    if number < ones {
        return Ok(Some((number, 1)));
    }
    let mut sum = u64::from(ones);
    for (index, &byte) in rest.iter().enumerate() {
        sum += u64::from(byte & 0x7f) << (7 * index);
        let number = u32::try_from(sum).map_err(|_| TooLarge)?;
        if byte & 0x80 == 0 {
            return Ok(Some((number, index + 2)));
        }
        if index + 1 == MOST_GROUPS {
            return Err(TooLarge);
        }
    }
    Ok(None)
}

/// Writes a number with a prefix of so many bits. `flags` has its bits above the prefix.
pub fn encode(prefix: u32, flags: u8, number: u32, out: &mut Vec<u8>) {
    let ones = all_ones(prefix);
    if number < ones {
        out.push(flags | number as u8);
        return;
    }
    out.push(flags | ones as u8);
    let mut rest = number - ones;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn all_ones(prefix: u32) -> u32 {
    (1 << prefix) - 1
}
