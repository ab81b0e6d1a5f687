use exercises::ws_header::{Header, ProtocolError, header};

const KEY: [u8; 4] = [1, 2, 3, 4];

/// A masked head with these first bytes.
fn head(first: &[u8]) -> Vec<u8> {
    [first, &KEY].concat()
}

fn read(wire: &[u8]) -> Option<Header> {
    header(wire).unwrap()
}

#[test]
fn short_medium_and_long_lengths_are_read() {
    for (first, length) in [
        (&[0x81, 0x80][..], 0),
        (&[0x81, 0x85], 5),
        (&[0x81, 0xfd], 125),
        (&[0x81, 0xfe, 0, 126], 126),
        (&[0x81, 0xfe, 0xff, 0xff], 65_535),
        (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
        (&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX >> 1),
    ] {
        let wire = head(first);
        let expected = Header { is_final: true, opcode: 1, length, key: KEY, size: wire.len() };
        assert_eq!(read(&wire), Some(expected));
        assert_eq!(read(&[&wire[..], b"payload"].concat()), Some(expected));
    }
}

#[test]
fn a_head_that_has_not_come_whole_is_waited_for() {
    for first in [&[0x81, 0x85][..], &[0x02, 0xfe, 1, 0], &[0x80, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]] {
        let wire = head(first);
        for end in 0..wire.len() {
            assert_eq!(read(&wire[..end]), None, "{end} bytes of {wire:x?}");
        }
        assert!(read(&wire).is_some());
    }
}

#[test]
fn flags_and_opcodes_are_told_apart() {
    for (first, is_final, opcode) in
        [(0x01, false, 1), (0x82, true, 2), (0x00, false, 0), (0x80, true, 0), (0x89, true, 9)]
    {
        let it = read(&head(&[first, 0x83])).unwrap();
        assert_eq!((it.is_final, it.opcode, it.length), (is_final, opcode, 3), "{first:x}");
    }
}

#[test]
fn reserved_bits_and_opcodes_are_refused_with_the_first_byte() {
    for first in [0xc1, 0xa1, 0x91, 0x41, 0x83, 0x87, 0x8b, 0x8f] {
        assert_eq!(header(&[first]), Err(ProtocolError), "{first:x}");
    }
    assert!(read(&[0x82]).is_none());
}

#[test]
fn control_frames_are_whole_and_short() {
    for opcode in [8, 9, 10] {
        assert_eq!(header(&[opcode]), Err(ProtocolError), "without FIN");
        assert_eq!(header(&[0x80 | opcode, 0xfe]), Err(ProtocolError), "too long");
        assert_eq!(header(&[0x80 | opcode, 0xff]), Err(ProtocolError), "too long");
        assert_eq!(read(&head(&[0x80 | opcode, 0xfd])).unwrap().length, 125);
    }
}

#[test]
fn a_frame_without_a_mask_is_refused_with_the_second_byte() {
    assert_eq!(header(&[0x81, 0x05]), Err(ProtocolError));
    assert_eq!(header(&[0x89, 0x00]), Err(ProtocolError));
    assert!(read(&[0x81, 0x85]).is_none());
}

#[test]
fn a_length_takes_as_few_bytes_as_can_be() {
    for first in [
        &[0x81, 0xfe, 0, 0][..],
        &[0x81, 0xfe, 0, 125],
        &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
        &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(header(first), Err(ProtocolError), "{first:x?}");
    }
    assert!(read(&[0x81, 0xfe, 0, 126]).is_none());
}
