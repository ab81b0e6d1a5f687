//! Encodings by hand, the examples of RFC 7541, and whatever else may come: in any pieces.

use std::time::Instant;

use conformance::http2::frame::{Frame as Written, continuation, data, headers, settings};
use conformance::http2::hpack::{self, Literal, indexed, table_size};
use proptest::prelude::*;

use super::*;
use crate::flood::FloodGuard;

const PATH: u64 = 4;
const NEWEST: u64 = 62;
const LITERALS: [Literal; 3] = [Literal::Indexed, Literal::Unindexed, Literal::NeverIndexed];

/// Which streams are malformed when this comes in these pieces, or why the connection ends.
fn judge<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u32>, Reason> {
    let now = Instant::now();
    let mut guard = FloodGuard::new(now);
    guard.receive(&[vec![0; 24], settings(&[]).encode()].concat(), now)?;
    let mut malformed = Vec::new();
    for piece in pieces {
        guard.receive(piece, now)?;
        malformed.extend(guard.take_malformed());
    }
    Ok(malformed)
}

/// The same of frames, in every split in two.
#[track_caller]
fn judge_frames(frames: &[Written]) -> Result<Vec<u32>, Reason> {
    let bytes = frames.iter().flat_map(Written::encode).collect::<Vec<u8>>();
    let whole = judge([&bytes[..]]);
    for at in 0..bytes.len() {
        let (before, behind) = bytes.split_at(at);
        assert_eq!(judge([before, behind]), whole, "split at {at}");
    }
    assert_eq!(judge(bytes.chunks(1)), whole, "octet by octet");
    whole
}

#[test]
fn a_fragment_in_the_path_is_found_in_every_representation() {
    for literal in LITERALS {
        for (path, expected) in [("/a", &[][..]), ("/a#b", &[1]), ("#", &[1]), ("/a?b#", &[1])] {
            for block in [
                literal.at(PATH, path),
                literal.at_coded(PATH + 1, path),
                literal.field(":path", path),
                literal.field_coded(":path", path),
            ] {
                let block = [indexed(2), block, literal.field("x", "#")].concat();
                assert_eq!(judge_frames(&[headers(1, block)]).unwrap(), expected, "{path}");
            }
        }
        for name in ["path", ":patha", ":pat", ":authority", "x:path", ":"] {
            for block in [literal.field(name, "#"), literal.field_coded(name, "#")] {
                assert_eq!(judge_frames(&[headers(1, block)]), Ok(vec![]), "{name}");
            }
        }
    }
}

#[test]
fn the_dynamic_table_is_followed() {
    let frames = [
        headers(1, Literal::Indexed.at_coded(PATH, "/#")),
        headers(3, [Literal::Indexed.field("x", "#"), indexed(NEWEST + 1)].concat()),
        headers(5, indexed(NEWEST)),
        headers(7, Literal::Indexed.at(NEWEST + 1, "/")), // only its name
        headers(9, indexed(NEWEST)),
        headers(11, indexed(NEWEST + 2)),
        headers(13, [table_size(0), table_size(4096), Literal::Indexed.field("y", "")].concat()),
        headers(15, indexed(NEWEST)),
    ];
    assert_eq!(judge_frames(&frames), Ok(vec![1, 3, 11]));
    let gone = headers(17, indexed(NEWEST + 1));
    assert_eq!(judge_frames(&[&frames[..], &[gone]].concat()), Err(Reason::COMPRESSION_ERROR));
}

#[test]
fn entries_are_evicted_when_their_lengths_say_so() {
    // The path has room beside an entry of so many octets, and beside no larger one.
    let room = 4096 - 2 * 32 - (":path".len() + "/#".len()) - "x".len();
    let path = Literal::Indexed.at(PATH, "/#");
    for name in ["x", "\u{1}"] {
        for (length, is_there) in [(room, true), (room + 1, false)] {
            let value: Vec<u8> = (0..=255).cycle().take(length).collect();
            for other in
                [Literal::Indexed.field(name, &value), Literal::Indexed.field_coded(name, &value)]
            {
                let found = judge([
                    &headers(1, path.clone()).encode()[..],
                    &headers(3, [indexed(2), other[..7000.min(other.len())].to_vec()].concat())
                        .unfinished()
                        .encode(),
                    &continuation(3, &other[7000.min(other.len())..]).encode(),
                    &headers(5, indexed(NEWEST + 1)).encode(),
                ]);
                let expected =
                    if is_there { Ok(vec![1, 5]) } else { Err(Reason::COMPRESSION_ERROR) };
                assert_eq!(found, expected, "{length}");
            }
        }
    }
    // One that is too large by itself leaves an empty table.
    let large = Literal::Indexed.at(PATH, "x".repeat(5000));
    let mut frames = vec![headers(1, path), headers(3, large)];
    assert_eq!(judge_frames(&frames), Ok(vec![1]));
    frames.push(headers(5, indexed(NEWEST)));
    assert_eq!(judge_frames(&frames), Err(Reason::COMPRESSION_ERROR));
}

/// The sizes that RFC 7541 gives for the table behind each of its examples.
#[test]
fn the_examples_of_appendix_c_leave_tables_of_the_right_size() {
    let requests = [57, 110, 164];
    let responses = [222, 222, 215];
    let of_requests = [
        [
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ],
        [
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ],
    ];
    let of_responses = [
        [
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a\
             323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            "4803333037c1c0bf",
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69\
             707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d6178\
             2d6167653d333630303b2076657273696f6e3d31",
        ],
        [
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29\
             ad171863c78f0b97c8e9ae82ae43d3",
            "4883640effc1c0bf",
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7\
             f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d50\
             07",
        ],
    ];
    let all = [(of_requests, requests, 4096), (of_responses, responses, 256)];
    for (examples, sizes, most) in all {
        for blocks in examples {
            let mut decoder = Decoder::default();
            decoder.table.resize(most).unwrap();
            for (block, size) in blocks.into_iter().zip(sizes) {
                decoder.decode(&hex(block), |field| assert!(!field.has_fragment)).unwrap();
                assert!(decoder.is_between_fields());
                assert_eq!(decoder.table.size, size, "{block}");
            }
        }
    }
}

fn hex(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes().chunks(2).map(|two| str::from_utf8(two).unwrap());
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

#[test]
fn the_code_is_complete() {
    assert_eq!(LIMITS.last(), Some(&(1 << 32)));
    assert_eq!(CODES.iter().map(|(_, count)| count).sum::<u64>(), 257);
}

#[test]
fn a_pseudo_field_in_trailers_is_found_in_every_representation() {
    let request = |stream| {
        [headers(stream, [indexed(3), Literal::Unindexed.at(PATH, "/")].concat()), data(1, "a")]
    };
    let ask = |trailers: Vec<u8>| {
        let trailers = headers(1, trailers).end_stream();
        judge_frames(&[&request(1)[..], &[trailers], &request(3)].concat())
    };
    for index in 1..=61 {
        let expected = if index < 15 { vec![1] } else { vec![] };
        assert_eq!(ask(indexed(index)), Ok(expected.clone()), "{index}");
        for literal in LITERALS {
            assert_eq!(ask(literal.at(index, "")), Ok(expected.clone()), "{index}");
            assert_eq!(ask(literal.at_coded(index, "x")), Ok(expected.clone()), "{index}");
        }
    }
    for (name, expected) in [(":path", &[1][..]), (":x", &[1]), ("x:path", &[]), ("x", &[])] {
        for literal in LITERALS {
            assert_eq!(ask(literal.field(name, "/")).unwrap(), expected, "{name}");
            assert_eq!(ask(literal.field_coded(name, "/")).unwrap(), expected, "{name}");
        }
    }
    assert_eq!(ask(vec![]), Ok(vec![]));
}

#[test]
fn padding_and_priority_are_no_fields_and_blocks_may_continue() {
    let block = Literal::Unindexed.at(PATH, "/#");
    for frame in [
        headers(1, block.clone()).padded(3),
        headers(1, block.clone()).prioritized(0, 0x23),
        headers(1, block.clone()).prioritized(0x8000_0005, 0).padded(255),
    ] {
        assert_eq!(judge_frames(&[frame, headers(3, indexed(4))]), Ok(vec![1]));
    }
    // What would be a path with a fragment, but is padding.
    let mut hidden = headers(1, indexed(4)).padded(0);
    hidden.payload[0] = block.len().to_le_bytes()[0];
    hidden.payload.extend(&block);
    assert_eq!(judge_frames(&[hidden]), Ok(vec![]));
    for at in 0..=block.len() {
        let (first, last) = block.split_at(at);
        let frames = [headers(1, first).padded(1).unfinished(), continuation(1, last)];
        assert_eq!(judge_frames(&frames), Ok(vec![1]), "{at}");
        let mut frames = frames.to_vec();
        frames.insert(1, continuation(1, "").unfinished());
        assert_eq!(judge_frames(&frames), Ok(vec![1]), "{at}");
        // A request that is malformed by h2's own rules as well has to be heard to its end.
        assert_eq!(judge_frames(&frames[..1]), Ok(vec![]), "{at}");
    }
}

/// h2 resets such a stream, and does not add to its table what is in it.
#[test]
fn the_block_of_a_stream_that_depends_on_itself_is_passed_over() {
    let path = |path| Literal::Indexed.at(PATH, path);
    let frames = [
        headers(1, path("/#")),
        headers(3, path("/")).prioritized(0x8000_0003, 1),
        headers(5, indexed(NEWEST)),
    ];
    assert_eq!(judge_frames(&frames), Ok(vec![1, 5]));
    let padded = headers(3, path("/")).prioritized(3, 1).padded(2);
    assert_eq!(judge_frames(&[frames[0].clone(), padded, frames[2].clone()]), Ok(vec![1, 5]));
    let other = headers(3, path("/")).prioritized(1, 1);
    assert_eq!(judge_frames(&[frames[0].clone(), other, frames[2].clone()]), Ok(vec![1]));
}

#[test]
fn a_field_block_that_cannot_be_decoded_ends_the_connection() {
    let value = |string: &[u8]| Literal::Indexed.written(PATH, &[string]);
    for block in [
        indexed(0),
        indexed(NEWEST),
        indexed(1 << 30),
        Literal::Unindexed.at(NEWEST, ""),
        table_size(4097),
        vec![0xff, 0x80],
        vec![0xff; 12],
        vec![0x7f, 0xff, 0xff, 0xff, 0xff, 0x01],
        value(&[5, b'a']),
        value(&[0x84, 0xff, 0xff, 0xff, 0xff]), // EOS
        value(&[]),
        vec![0x40, 1, b'x'],
        vec![0x40],
    ] {
        let found = judge_frames(&[headers(1, block.clone())]);
        assert_eq!(found, Err(Reason::COMPRESSION_ERROR), "{block:x?}");
    }
    for (frame, reason) in [
        // h2 waits for the rest of such a field if the block goes on, and forgets it then.
        (headers(1, [0x40, 0]).unfinished(), Reason::PROTOCOL_ERROR),
        (Written { kind: PUSH_PROMISE, ..headers(1, [0, 0, 0, 2]) }, Reason::PROTOCOL_ERROR),
        (headers(1, "").padded_with(1, b""), Reason::PROTOCOL_ERROR),
        (headers(1, "abc").flags(PRIORITY), Reason::FRAME_SIZE_ERROR),
        (headers(1, "").flags(PADDED), Reason::FRAME_SIZE_ERROR),
    ] {
        assert_eq!(judge_frames(std::slice::from_ref(&frame)), Err(reason), "{frame:?}");
    }
}

#[derive(Clone, Debug)]
enum Representation {
    Indexed(u64),
    At(Literal, u64, Vec<u8>, bool),
    Named(Literal, Vec<u8>, Vec<u8>, bool),
    Size(u64),
    Octets(Vec<u8>),
}

const NAMES: &[&[u8]] = &[b":path", b":method", b"x", b"cookie", b"::"];
const VALUES: &[&[u8]] = &[b"/", b"/#", b"", b"GET", b"/a?b#c"];

fn representation() -> impl Strategy<Value = Representation> {
    use prop::sample::select;
    let literal = || select(&LITERALS[..]);
    let index = || prop_oneof![20 => 1..NEWEST, 10 => NEWEST..NEWEST + 2, 1 => 1..130_u64];
    let name =
        prop_oneof![select(NAMES).prop_map(Vec::from), prop::collection::vec(any::<u8>(), 1..20),];
    let value = || {
        prop_oneof![
            10 => select(VALUES).prop_map(Vec::from),
            10 => prop::collection::vec(any::<u8>(), 0..30),
            2 => (500..4200_usize, any::<u8>()).prop_map(|(length, it)| vec![it; length]),
        ]
    };
    prop_oneof![
        10 => index().prop_map(Representation::Indexed),
        20 => (literal(), index(), value(), any::<bool>())
            .prop_map(|(literal, index, value, is_coded)| {
                Representation::At(literal, index, value, is_coded)
            }),
        20 => (literal(), name, value(), any::<bool>())
            .prop_map(|(literal, name, value, is_coded)| {
                Representation::Named(literal, name, value, is_coded)
            }),
        2 => prop_oneof![Just(0), 0..5000_u64].prop_map(Representation::Size),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Representation::Octets),
    ]
}

impl Representation {
    fn write(self) -> Vec<u8> {
        match self {
            Representation::Indexed(index) => indexed(index),
            Representation::At(literal, index, value, false) => literal.at(index, value),
            Representation::At(literal, index, value, true) => literal.at_coded(index, value),
            Representation::Named(literal, name, value, false) => literal.field(name, value),
            Representation::Named(literal, name, value, true) => literal.field_coded(name, value),
            Representation::Size(size) => table_size(size),
            Representation::Octets(octets) => octets,
        }
    }
}

/// Blocks of these fields, if they are to be right without those that are not.
fn written(blocks: Vec<(bool, Vec<Representation>)>, is_right: bool) -> Vec<(bool, Vec<u8>)> {
    let mut decoder = hpack::Decoder::new();
    let write = |(is_trailers, fields): (bool, Vec<Representation>)| {
        let mut block = Vec::new();
        for field in fields {
            let longer = [&block[..], &field.write()].concat();
            if !is_right || decoder.clone().decode(&longer).is_ok() {
                block = longer;
            }
        }
        let _ = decoder.decode(&block); // it may be wrong
        (is_trailers, block)
    };
    blocks.into_iter().map(write).collect()
}

/// What a decoder that keeps all of the fields makes of the blocks of one stream after the
/// other. It may be stricter.
fn judge_with_contents(blocks: &[(bool, Vec<u8>)]) -> Result<Vec<u32>, String> {
    let mut decoder = hpack::Decoder::new();
    let mut malformed = Vec::new();
    let mut stream = 0;
    for (is_trailers, block) in blocks {
        let is_trailers = *is_trailers && stream > 0;
        stream += if is_trailers { 0 } else { 1 };
        let fields = decoder.decode(block)?;
        if fields.iter().any(|(name, _)| name.is_empty()) {
            return Err("a name is empty".into());
        }
        let is_malformed = |(name, value): &hpack::Field| match is_trailers {
            true => name.starts_with(b":"),
            false => name == b":path" && value.contains(&b'#'),
        };
        malformed.extend(fields.iter().any(is_malformed).then_some(stream));
    }
    Ok(malformed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_decoder_that_keeps_everything_says_the_same(
        blocks in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(representation(), 0..6)), 1..8),
        is_right in prop::bool::weighted(0.8),
        cuts in prop::collection::vec(1..3000_usize, 1..5),
        pieces in prop::collection::vec(1..300_usize, 1..5),
    ) {
        let blocks = written(blocks, is_right);
        let (mut bytes, mut stream, mut cuts) = (Vec::new(), 0, cuts.iter().cycle());
        for (is_trailers, block) in &blocks {
            stream += if *is_trailers && stream > 0 { 0 } else { 1 };
            // In so few frames that nobody takes them for a flood.
            let least = block.len() / 50 + 1;
            let mut cut = || least.max(*cuts.next().unwrap());
            let (first, mut rest) = block.split_at(block.len().min(cut()));
            let mut frames = vec![headers(stream, first).unfinished()];
            while !rest.is_empty() {
                let (next, later) = rest.split_at(rest.len().min(cut()));
                frames.push(continuation(stream, next).unfinished());
                rest = later;
            }
            frames.push(continuation(stream, ""));
            bytes.extend(frames.iter().flat_map(Written::encode));
        }
        let whole = judge([&bytes[..]]);
        if let Ok(expected) = judge_with_contents(&blocks) {
            prop_assert_eq!(whole.clone(), Ok(expected));
        }
        let (mut in_pieces, mut rest) = (Vec::new(), &bytes[..]);
        for length in pieces.iter().cycle() {
            let (piece, later) = rest.split_at(rest.len().min(*length));
            in_pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(judge(in_pieces), whole);
    }

    #[test]
    fn any_octets_in_any_frames_are_judged_alike_in_all_pieces(
        frames in prop::collection::vec(
            (prop_oneof![4 => Just(1_u8), 2 => Just(9_u8), 1 => any::<u8>()], any::<u8>(), 0..5_u32,
                prop::collection::vec(any::<u8>(), 0..40)), 0..12),
        step in 1..50_usize,
    ) {
        let written = frames.into_iter().flat_map(|(kind, flags, stream, payload)| {
            Written { kind, flags, stream, payload }.encode()
        });
        let bytes: Vec<u8> = written.collect();
        prop_assert_eq!(judge(bytes.chunks(step)), judge([&bytes[..]]));
    }
}
