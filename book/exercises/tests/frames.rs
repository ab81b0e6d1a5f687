use exercises::frames::{Event, Frames, HEADER, MOST, TooLong};

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A frame that has come whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// Puts frames together again, and sees that the events are in order.
#[derive(Default)]
struct Reader {
    frames: Frames,
    open: Option<(usize, Frame)>,
    whole: Vec<Frame>,
}

impl Reader {
    fn receive(&mut self, input: &[u8]) -> Result<(), TooLong> {
        let Reader { frames, open, whole } = self;
        frames.receive(input, |event| match event {
            Event::Begin { kind, flags, stream, length } => {
                assert!(open.is_none(), "a frame begins within another");
                *open = Some((length, Frame { kind, flags, stream, payload: Vec::new() }));
            }
            Event::Payload(piece) => {
                assert!(!piece.is_empty());
                open.as_mut().expect("payload of no frame").1.payload.extend_from_slice(piece);
            }
            Event::End => {
                let (length, frame) = open.take().expect("the end of no frame");
                assert_eq!(frame.payload.len(), length);
                whole.push(frame);
            }
        })
    }
}

fn some_frames() -> (Vec<u8>, Vec<Frame>) {
    let wire = [
        frame(4, 0, 0, b""),
        frame(1, 5, 1, b"a field block"),
        frame(0, 0, 1, b""),
        frame(0, 1, 0x7fff_ffff, b"x"),
    ];
    let whole = |kind, flags, stream, payload: &[u8]| Frame {
        kind,
        flags,
        stream,
        payload: payload.to_vec(),
    };
    let frames = vec![
        whole(4, 0, 0, b""),
        whole(1, 5, 1, b"a field block"),
        whole(0, 0, 1, b""),
        whole(0, 1, 0x7fff_ffff, b"x"),
    ];
    (wire.concat(), frames)
}

#[test]
fn several_frames_in_one_piece() {
    let (wire, frames) = some_frames();
    let mut reader = Reader::default();
    reader.receive(&wire).unwrap();
    assert_eq!(reader.whole, frames);
    assert!(reader.frames.is_between());
}

#[test]
fn frames_in_any_three_pieces() {
    let (wire, frames) = some_frames();
    for first in 0..=wire.len() {
        for second in first..=wire.len() {
            let mut reader = Reader::default();
            for piece in [&wire[..first], &wire[first..second], &wire[second..]] {
                reader.receive(piece).unwrap();
            }
            assert_eq!(reader.whole, frames, "cut at {first} and {second}");
        }
    }
}

#[test]
fn what_is_under_way_is_known_at_each_byte() {
    let wire = [frame(6, 0, 0, b"12345678"), frame(4, 1, 0, b"")].concat();
    let mut reader = Reader::default();
    let between: Vec<usize> = (0..wire.len())
        .filter(|&at| {
            reader.receive(&wire[at..=at]).unwrap();
            reader.frames.is_between()
        })
        .collect();
    assert_eq!(between, [HEADER + 8 - 1, wire.len() - 1]);
}

#[test]
fn payload_is_passed_on_as_it_comes() {
    let wire = frame(0, 0, 1, &[7; MOST]);
    let mut reader = Reader::default();
    reader.receive(&wire[..HEADER + 1]).unwrap();
    assert_eq!(reader.open.as_ref().unwrap().1.payload, [7]);
    reader.receive(&wire[HEADER + 1..HEADER + 1000]).unwrap();
    assert_eq!(reader.open.as_ref().unwrap().1.payload.len(), 1000);
    assert!(size_of::<Frames>() <= 64, "the payload is kept by its user");
}

#[test]
fn the_highest_bit_of_a_stream_is_ignored() {
    let mut reader = Reader::default();
    reader.receive(&frame(8, 0, 0x8000_0003, b"1234")).unwrap();
    assert_eq!(reader.whole[0].stream, 3);
}

#[test]
fn a_frame_that_is_too_long_is_refused_with_its_header() {
    let mut header = frame(0, 0, 1, b"");
    header[..3].copy_from_slice(&[0, 0x40, 0]);
    Reader::default().receive(&header).unwrap(); // 16,384 are allowed
    for (length, bytes) in [(16_385, [0, 0x40, 1]), (16_777_215, [0xff; 3])] {
        header[..3].copy_from_slice(&bytes);
        let mut reader = Reader::default();
        reader.receive(&header[..HEADER - 1]).unwrap();
        assert_eq!(reader.receive(&header[HEADER - 1..]), Err(TooLong(length)));
        assert!(reader.open.is_none(), "it has not begun");
    }
}
