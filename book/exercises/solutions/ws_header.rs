//! WebSocket: the head of a frame.
//!
//! The head is read from left to right, and each check stands as early as its bytes are there. The
//! first byte alone can be wrong, and a peer that sends it is refused without waiting for a second
//! one: to wait for the rest of a frame that is wrong already costs memory for nothing.
//!
//! The length is written in one way only. If 5 could also be written in two or eight bytes, two
//! programs could disagree about what a filter between them has seen, and the RFC forbids it (§5.2,
//! "the minimal number of bytes"). The check for a control frame compares the seven bits, since 126
//! and 127 there already mean "longer than 125".

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub is_final: bool,
    pub opcode: u8,
    pub length: u64,
    pub key: [u8; 4],
    /// Bytes that the head takes.
    pub size: usize,
}

/// The connection fails, with the close code 1002.
#[derive(Debug, PartialEq, Eq)]
pub struct ProtocolError;

/// The head at the start of `input`, or `None` if it has not come whole.
pub fn header(input: &[u8]) -> Result<Option<Header>, ProtocolError> {
    let Some(&first) = input.first() else { return Ok(None) };
    let (is_final, opcode) = (first & 0x80 != 0, first & 0x0f);
    let is_control = opcode >= 8;
    if first & 0x70 != 0 || !matches!(opcode, 0..=2 | 8..=10) || (is_control && !is_final) {
        return Err(ProtocolError);
    }
    let Some(&second) = input.get(1) else { return Ok(None) };
    let short = second & 0x7f;
    if second & 0x80 == 0 || (is_control && short > 125) {
        return Err(ProtocolError);
    }
    let Some((length, rest)) = length(short, &input[2..])? else { return Ok(None) };
    let Some(key) = rest.first_chunk() else { return Ok(None) };
    let size = input.len() - rest.len() + key.len();
    Ok(Some(Header { is_final, opcode, length, key: *key, size }))
}

/// The length, and what stands behind it.
fn length(short: u8, input: &[u8]) -> Result<Option<(u64, &[u8])>, ProtocolError> {
    let (length, rest, least) = match short {
        126 => {
            let Some((bytes, rest)) = input.split_first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), rest, 126)
        }
        127 => {
            let Some((bytes, rest)) = input.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), rest, 1 << 16)
        }
        _ => (u64::from(short), input, 0),
    };
    if length < least || length >> 63 != 0 {
        return Err(ProtocolError);
    }
    Ok(Some((length, rest)))
}
