use exercises::hpack_integer::{TooLarge, decode, encode};

fn encoded(prefix: u32, flags: u8, number: u32) -> Vec<u8> {
    let mut out = Vec::new();
    encode(prefix, flags, number, &mut out);
    out
}

/// The examples of RFC 7541, appendix C.1, and the boundaries of prefixes.
const EXAMPLES: [(u32, u32, &[u8]); 10] = [
    (5, 10, &[0x0a]),
    (5, 1337, &[0x1f, 0x9a, 0x0a]),
    (8, 42, &[0x2a]),
    (5, 30, &[0x1e]),
    (5, 31, &[0x1f, 0x00]),
    (8, 255, &[0xff, 0x00]),
    (7, 254, &[0x7f, 0x7f]),
    (7, 255, &[0x7f, 0x80, 0x01]),
    (1, 1, &[0x01, 0x00]),
    (8, u32::MAX, &[0xff, 0x80, 0xfe, 0xff, 0xff, 0x0f]),
];

#[test]
fn numbers_are_read() {
    for (prefix, number, wire) in EXAMPLES {
        assert_eq!(decode(prefix, wire), Ok(Some((number, wire.len()))), "{wire:x?}");
    }
}

#[test]
fn numbers_are_written_in_as_few_bytes_as_can_be() {
    for (prefix, number, wire) in EXAMPLES {
        assert_eq!(encoded(prefix, 0, number), wire, "{number}");
    }
}

#[test]
fn flags_are_not_part_of_the_number() {
    assert_eq!(encoded(5, 0xe0, 10), [0xea]);
    assert_eq!(encoded(5, 0xe0, 1337), [0xff, 0x9a, 0x0a]);
    assert_eq!(decode(5, &[0xea]), Ok(Some((10, 1))));
    assert_eq!(decode(5, &[0xff, 0x9a, 0x0a]), Ok(Some((1337, 3))));
}

#[test]
fn what_follows_is_left_alone() {
    assert_eq!(decode(5, &[0x0a, 0xff]), Ok(Some((10, 1))));
    assert_eq!(decode(5, &[0x1f, 0x9a, 0x0a, 0x80]), Ok(Some((1337, 3))));
}

#[test]
fn a_number_whose_end_has_not_come_is_waited_for() {
    for (prefix, _, wire) in EXAMPLES {
        for end in 0..wire.len() {
            assert_eq!(decode(prefix, &wire[..end]), Ok(None), "{:x?}", &wire[..end]);
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    for prefix in 1..=8 {
        for shift in 0..32 {
            for number in [(1u32 << shift) - 1, 1 << shift, u32::MAX >> shift] {
                let wire = encoded(prefix, 0, number);
                assert_eq!(decode(prefix, &wire), Ok(Some((number, wire.len()))), "{number}");
            }
        }
    }
}

#[test]
fn a_number_that_is_too_large_is_refused() {
    assert_eq!(decode(8, &[0xff, 0x81, 0xfe, 0xff, 0xff, 0x0f]), Err(TooLarge), "one too many");
    assert_eq!(decode(8, &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), Err(TooLarge));
    assert_eq!(decode(1, &[0x01, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(TooLarge));
}

#[test]
fn zeros_without_an_end_are_refused_as_soon_as_it_is_certain() {
    assert_eq!(decode(5, &[0x1f, 0x80, 0x80, 0x80, 0x80]), Ok(None));
    assert_eq!(decode(5, &[0x1f, 0x80, 0x80, 0x80, 0x80, 0x00]), Ok(Some((31, 6))));
    assert_eq!(decode(5, &[0x1f, 0x80, 0x80, 0x80, 0x80, 0x80]), Err(TooLarge));
    assert_eq!(decode(5, &[[0x1f].as_slice(), &[0x80; 1000]].concat()), Err(TooLarge));
}
