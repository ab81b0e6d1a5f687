//! The Huffman code of HPACK (RFC 7541 Appendix B).
//!
//! It is canonical: shorter codes come first, and codes of one length are in the order of their
//! symbols. So the lengths say everything.

use std::sync::LazyLock;

/// Bits of the code of each octet.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// The code of EOS, which may only be begun, as padding.
const EOS_LENGTH: u8 = 30;

struct Code {
    length: u8,
    bits: u32,
    octet: u8,
}

/// In canonical order.
static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let mut octets: Vec<u8> = (0..=255).collect();
    octets.sort_by_key(|&octet| LENGTHS[usize::from(octet)]);
    let mut next = 0;
    let mut last = 0;
    let code = |octet: u8| {
        let length = LENGTHS[usize::from(octet)];
        next <<= length - last;
        last = length;
        next += 1;
        Code { length, bits: next - 1, octet }
    };
    octets.into_iter().map(code).collect()
});

pub(crate) fn encode(text: &[u8]) -> Vec<u8> {
    let mut bits = Vec::new();
    for &octet in text {
        let code = CODES.iter().find(|code| code.octet == octet).expect("every octet has a code");
        bits.extend((0..code.length).rev().map(|bit| code.bits >> bit & 1 == 1));
    }
    // Padded with the beginning of EOS (RFC 7541 §5.2), which is ones.
    bits.resize(bits.len().next_multiple_of(8), true);
    let octet = |bits: &[bool]| bits.iter().fold(0, |octet, &bit| octet << 1 | u8::from(bit));
    bits.chunks(8).map(octet).collect()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let mut bits = 0_u32;
    let mut length = 0;
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
        bits = bits << 1 | u32::from(bit);
        length += 1;
        let found = CODES.binary_search_by_key(&(length, bits), |code| (code.length, code.bits));
        if let Ok(at) = found {
            text.push(CODES[at].octet);
            (bits, length) = (0, 0);
        } else if length == EOS_LENGTH {
            return Err("a Huffman string has EOS in it".into());
        }
    }
    // Less than an octet of ones (RFC 7541 §5.2).
    if length > 7 || bits != (1 << length) - 1 {
        return Err("a Huffman string is padded wrongly".into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7541 Appendix C.4 and C.6.
    const EXAMPLES: [(&str, &[u8]); 4] = [
        (
            "www.example.com",
            &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
        ),
        ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
        ("302", &[0x64, 0x02]),
        ("private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]),
    ];

    #[test]
    fn the_examples_of_the_rfc() {
        for (text, code) in EXAMPLES {
            assert_eq!(encode(text.as_bytes()), code);
            assert_eq!(decode(code).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn every_octet_comes_back_and_the_code_is_complete() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        // The last code is the one before EOS, which is all ones.
        assert_eq!(CODES.last().unwrap().bits, (1 << EOS_LENGTH) - 2);
    }

    #[test]
    fn padding_is_short_and_ones() {
        assert_eq!(decode(&[0x1f]).unwrap(), b"a", "five bits and three of padding");
        for wrong in [&[0x18][..], &[0x1f, 0xff], &[0xff], &[0xff; 4]] {
            assert!(decode(wrong).is_err(), "{wrong:x?}");
        }
    }
}
