//! RFC 7541 §2.3.3, §4, §5, §6.3: tables and their sizes, integers, strings, and what is wrong with
//! them.

use crate::http2::compose::{Draft, get, named, rfc7541};
use crate::http2::frame::Code::CompressionError;
use crate::http2::frame::{continuation, headers};
use crate::http2::hpack::{Literal, coded, indexed, integer, plain, said_to_be_coded, table_size};

/// The first entry of the dynamic table, and of `user-agent` in the static one.
const NEWEST: u64 = 62;
const USER_AGENT: u64 = 58;

/// Larger than the table that any server offers.
const TOO_LARGE: u64 = 1 << 26;

pub(super) fn cases() -> Vec<Draft> {
    [wrong(), sizes(), right()].concat()
}

/// Field sections that are a decoding error (RFC 7541 §2.3.3, for one).
fn wrong() -> Vec<Draft> {
    let value =
        |string: Vec<u8>| [get("/"), Literal::Unindexed.written(USER_AGENT, &[&string])].concat();
    let more = |block: &[u8]| [get("/"), block.to_vec()].concat();
    let mut cases = Vec::new();
    for (section, id, requirement, block) in [
        (
            "2.3.3",
            "hpack-index-beyond",
            "An index beyond the tables is an error.",
            more(&indexed(NEWEST)),
        ),
        (
            "2.3.3",
            "hpack-index-far",
            "An index far beyond the tables is an error.",
            more(&indexed(10_000)),
        ),
        (
            "2.3.3",
            "hpack-name-beyond",
            "A name beyond the tables is an error.",
            more(&Literal::Unindexed.at(NEWEST + 8, "x")),
        ),
        (
            "2.3.3",
            "hpack-name-beyond-indexed",
            "A name beyond the tables is an error in any literal.",
            more(&Literal::Indexed.at(NEWEST, "x")),
        ),
        (
            "2.3.3",
            "hpack-name-beyond-never",
            "A name beyond the tables is an error in the last one, too.",
            more(&Literal::NeverIndexed.at(NEWEST, "x")),
        ),
        ("6.1", "hpack-index-0", "Index 0 is an error.", more(&indexed(0))),
        ("4.2", "hpack-size-at-end", "The table is not resized at the end.", more(&table_size(0))),
        (
            "4.2",
            "hpack-size-between",
            "The table is not resized between fields.",
            [indexed(2), table_size(100), get("/")].concat(),
        ),
        (
            "6.3",
            "hpack-size-too-large",
            "A table larger than the server allows is an error.",
            [table_size(TOO_LARGE), get("/")].concat(),
        ),
        (
            "6.3",
            "hpack-size-huge",
            "Also one whose size does not fit into 32 bits.",
            [table_size(1 << 40), get("/")].concat(),
        ),
        (
            "5.1",
            "hpack-integer-cut",
            "An integer that breaks off is an error.",
            more(&[0xff, 0x80]),
        ),
        (
            "5.1",
            "hpack-integer-huge",
            "An integer beyond all limits is an error.",
            more(&[&[0xff; 11][..], &[0x01]].concat()),
        ),
        (
            "5.1",
            "hpack-integer-wraps",
            "An integer does not wrap around.",
            // As 32 bits, the index of `user-agent`.
            more(&integer(0x80, 7, (1 << 32) + USER_AGENT)),
        ),
        (
            "5.1",
            "hpack-integer-wraps-64",
            "Nor does one beyond 64 bits.",
            // 2^64 and the index of `user-agent`.
            more(&[0xff, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ),
        (
            "5.2",
            "hpack-string-cut",
            "A string that breaks off is an error.",
            value(vec![0x05, b'a', b'b']),
        ),
        (
            "5.2",
            "hpack-string-huge",
            "A string of a length beyond all limits is an error.",
            value(integer(0, 7, 1 << 31)),
        ),
        (
            "5.2",
            "hpack-string-missing",
            "A name without a value is an error.",
            more(&[&[0x00][..], &plain("a")].concat()),
        ),
        (
            "5.2",
            "hpack-coded-cut",
            "A string in Huffman code that breaks off is an error.",
            value(coded("abcdef")[..4].to_vec()),
        ),
        (
            "5.2",
            "hpack-padding-long",
            "Padding of more than seven bits is an error.",
            value(said_to_be_coded(&[0x1f, 0xff])),
        ),
        (
            "5.2",
            "hpack-padding-only",
            "A string that is nothing but padding is an error.",
            value(said_to_be_coded(&[0xff])),
        ),
        ("5.2", "hpack-padding-zero", "Padding is ones.", value(said_to_be_coded(&[0x18]))),
        (
            "5.2",
            "hpack-padding-mixed",
            "All of the padding is ones.",
            value(said_to_be_coded(&[0x1d])),
        ),
        (
            "5.2",
            "hpack-eos",
            "EOS in a string is an error.",
            value(said_to_be_coded(&[0xff, 0xff, 0xff, 0xff])),
        ),
        (
            "5.2",
            "hpack-eos-inside",
            "EOS behind other symbols is an error, too.",
            // `a`, EOS, and `a` in the last five bits.
            value(said_to_be_coded(&[0x1f, 0xff, 0xff, 0xff, 0xe3])),
        ),
        (
            "5.2",
            "hpack-padding-long-name",
            "Names are held against the same rules.",
            more(&Literal::Indexed.written(0, &[&said_to_be_coded(&[0x1f, 0xff]), &plain("x")])),
        ),
    ] {
        let case = rfc7541(section, id, requirement).send(headers(1, block).end_stream());
        cases.push(case.connection_error([CompressionError]));
    }
    cases.extend([
        rfc7541("4.3", "hpack-size-0-clears", "A table of size 0 is empty.")
            .send(headers(1, [get("/"), Literal::Indexed.field("a", "b")].concat()).end_stream())
            .understood(1)
            .send(headers(3, [table_size(0), get("/"), indexed(NEWEST)].concat()).end_stream())
            .connection_error([CompressionError]),
        rfc7541("4.4", "hpack-entry-too-large", "An entry that is too large empties the table.")
            .app()
            .send(
                headers(
                    1,
                    [
                        get("/"),
                        Literal::Indexed.field("a", "b"),
                        // Larger than 4096 octets with its overhead.
                        Literal::Indexed.field("c", "d".repeat(4064)),
                    ]
                    .concat(),
                )
                .end_stream(),
            )
            .understood(1)
            .send(headers(3, [get("/"), indexed(NEWEST)].concat()).end_stream())
            .connection_error([CompressionError]),
        rfc7541("4.3", "hpack-smaller-evicts", "A smaller table evicts its oldest entries.")
            .send(
                headers(
                    1,
                    [get("/"), Literal::Indexed.field("a", "1"), Literal::Indexed.field("b", "2")]
                        .concat(),
                )
                .end_stream(),
            )
            .understood(1)
            .send(headers(3, [table_size(34), get("/"), indexed(NEWEST)].concat()).end_stream())
            .understood(3)
            .send(headers(5, [get("/"), indexed(NEWEST + 1)].concat()).end_stream())
            .connection_error([CompressionError]),
    ]);
    cases
}

fn sizes() -> Vec<Draft> {
    let ok_with = |id, requirement, sizes: &[u64]| {
        let updates: Vec<u8> = sizes.iter().flat_map(|size| table_size(*size)).collect();
        rfc7541("6.3", id, requirement)
            .send(headers(1, [updates, get("/")].concat()).end_stream())
            .understood(1)
            .goes_on(3)
    };
    vec![
        ok_with("hpack-size", "The table may be resized at the start of fields.", &[128]),
        ok_with("hpack-size-twice", "It may be resized twice.", &[128, 4096]),
        ok_with("hpack-size-0", "Its size may be 0.", &[0]),
        ok_with("hpack-size-full", "Its size may be what was allowed.", &[4096]),
        rfc7541("6.3", "hpack-size-down-and-up", "A table that was emptied can be filled again.")
            .app()
            .send(
                headers(
                    1,
                    [
                        table_size(0),
                        table_size(4096),
                        get("/user-agent"),
                        Literal::Indexed.at(USER_AGENT, "one"),
                    ]
                    .concat(),
                )
                .end_stream(),
            )
            .response(1, named("one"))
            .send(headers(3, [get("/user-agent"), indexed(NEWEST)].concat()).end_stream())
            .response(3, named("one")),
        rfc7541("6.3", "hpack-size-continued", "A resize may stand alone in HEADERS.")
            .send_all([
                headers(1, table_size(64)).unfinished().end_stream(),
                continuation(1, get("/")),
            ])
            .understood(1)
            .goes_on(3),
    ]
}

fn right() -> Vec<Draft> {
    let value = |id, requirement, string: Vec<u8>| {
        let field = Literal::Unindexed.written(USER_AGENT, &[&string]);
        rfc7541("5.2", id, requirement)
            .send(headers(1, [get("/"), field].concat()).end_stream())
            .understood(1)
            .goes_on(3)
    };
    vec![
        value("hpack-string-empty", "A string may be empty.", plain("")),
        value("hpack-string-empty-coded", "Also one in Huffman code.", said_to_be_coded(&[])),
        value("hpack-string-long", "A length may take several octets.", plain("y".repeat(1000))),
        value("hpack-string-long-coded", "Also one in Huffman code.", coded("y".repeat(1000))),
        value("hpack-padding-7", "Padding may have seven bits.", coded("0000 000w&")),
        rfc7541("5.1", "hpack-integer-prefix", "An integer may just not fit into its prefix.")
            // A string of 127 octets has the length 0x7f 0x00.
            .app()
            .send(
                headers(
                    1,
                    [get("/user-agent"), Literal::Unindexed.at(USER_AGENT, "z".repeat(127))]
                        .concat(),
                )
                .end_stream(),
            )
            .response(1, named("z".repeat(127))),
    ]
}
