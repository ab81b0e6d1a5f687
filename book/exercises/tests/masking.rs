use exercises::masking::Mask;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The plain way.
fn masked(text: &[u8]) -> Vec<u8> {
    text.iter().enumerate().map(|(index, byte)| byte ^ KEY[index % 4]).collect()
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + 1) as u8).collect()
}

#[test]
fn the_example_of_the_rfc() {
    // RFC 6455, section 5.7: a single-frame masked text message.
    let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    let mut mask = Mask::new(KEY, 5);
    assert!(!mask.is_done());
    assert_eq!(mask.apply(&mut bytes), 5);
    assert_eq!(&bytes, b"Hello");
    assert!(mask.is_done());
}

#[test]
fn every_length_up_to_some_eights() {
    for length in 0..40 {
        let mut bytes = masked(&text(length));
        let mut mask = Mask::new(KEY, length as u64);
        assert_eq!(mask.apply(&mut bytes), length);
        assert_eq!(bytes, text(length), "{length} bytes");
        assert!(mask.is_done());
    }
}

#[test]
fn a_payload_in_any_three_pieces() {
    let length = 29;
    for first in 0..=length {
        for second in first..=length {
            let mut bytes = masked(&text(length));
            let mut mask = Mask::new(KEY, length as u64);
            for piece in [0..first, first..second, second..length] {
                let count = piece.len();
                assert_eq!(mask.apply(&mut bytes[piece]), count);
            }
            assert_eq!(bytes, text(length), "cut at {first} and {second}");
            assert!(mask.is_done());
        }
    }
}

#[test]
fn it_is_done_with_the_last_byte_and_not_before() {
    for length in 1..20 {
        let mut bytes = masked(&text(length));
        let mut mask = Mask::new(KEY, length as u64);
        for byte in bytes.chunks_mut(1) {
            assert!(!mask.is_done());
            assert_eq!(mask.apply(byte), 1);
        }
        assert!(mask.is_done());
        assert_eq!(bytes, text(length));
    }
}

#[test]
fn a_long_payload_in_one_piece() {
    let mut bytes = masked(&text(100_000));
    assert_eq!(Mask::new(KEY, 100_000).apply(&mut bytes), 100_000);
    assert_eq!(bytes, text(100_000));
}

#[test]
fn what_follows_stays_as_it_is() {
    for length in 0..20 {
        let mut bytes = [masked(&text(length)), b"the next frame".to_vec()].concat();
        let mut mask = Mask::new(KEY, length as u64);
        assert_eq!(mask.apply(&mut bytes), length);
        assert_eq!(bytes, [text(length), b"the next frame".to_vec()].concat());
        assert_eq!(mask.apply(&mut bytes), 0, "it is over");
        assert_eq!(bytes[..length], text(length));
    }
}

#[test]
fn a_payload_may_be_longer_than_any_memory() {
    let mut mask = Mask::new(KEY, u64::MAX >> 1);
    let mut bytes = masked(&text(1000));
    assert_eq!(mask.apply(&mut bytes), 1000);
    assert_eq!(bytes, text(1000));
    assert!(!mask.is_done());
}

#[test]
fn each_frame_starts_its_key_again() {
    let mut bytes = [masked(b"one"), masked(b"two")].concat();
    let count = Mask::new(KEY, 3).apply(&mut bytes);
    assert_eq!(Mask::new(KEY, 3).apply(&mut bytes[count..]), 3);
    assert_eq!(bytes, b"onetwo");
}
