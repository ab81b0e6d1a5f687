//! RFC 7541 §6: every representation of a field, and Appendix C.

use crate::expected::ok;
use crate::http2::compose::{Draft, get, named, post, rfc7541};
use crate::http2::frame::headers;
use crate::http2::hpack::{Literal, indexed};

/// Of `user-agent` in the static table.
const USER_AGENT: u64 = 58;

/// The first entry of the dynamic table.
const NEWEST: u64 = 62;

pub(super) fn cases() -> Vec<Draft> {
    [representations(), tables(), examples()].concat()
}

fn representations() -> Vec<Draft> {
    const VALUE: &str = "Agent/1.0 (a; b)";
    let mut cases = Vec::new();
    for (section, literal, ids) in [
        (
            "6.2.1",
            Literal::Indexed,
            [
                "hpack-indexed-name",
                "hpack-indexed-name-coded",
                "hpack-indexed-new",
                "hpack-indexed-new-coded",
            ],
        ),
        (
            "6.2.2",
            Literal::Unindexed,
            [
                "hpack-unindexed-name",
                "hpack-unindexed-name-coded",
                "hpack-unindexed-new",
                "hpack-unindexed-new-coded",
            ],
        ),
        (
            "6.2.3",
            Literal::NeverIndexed,
            [
                "hpack-never-indexed-name",
                "hpack-never-indexed-name-coded",
                "hpack-never-indexed-new",
                "hpack-never-indexed-new-coded",
            ],
        ),
    ] {
        let fields = [
            literal.at(USER_AGENT, VALUE),
            literal.at_coded(USER_AGENT, VALUE),
            literal.field("user-agent", VALUE),
            literal.field_coded("user-agent", VALUE),
        ];
        for (id, field) in ids.into_iter().zip(fields) {
            cases.push(
                rfc7541(section, id, "A literal may be in any representation.")
                    .send(headers(1, [get("/"), field].concat()).end_stream())
                    .understood(1)
                    .goes_on(3),
            );
        }
    }
    let echoed = |id, requirement, field: Vec<u8>| {
        rfc7541("6.2", id, requirement)
            .app()
            .send(headers(1, [get("/user-agent"), field].concat()).end_stream())
            .response(1, named(VALUE))
    };
    // All that a header value may be made of, which is most of the codes that are not long.
    let printable: String = (b'!'..=b'~').map(char::from).collect();
    cases.extend([
        echoed("hpack-value", "A literal has its value.", Literal::Unindexed.at(USER_AGENT, VALUE)),
        echoed(
            "hpack-value-coded",
            "Huffman code is decoded.",
            Literal::NeverIndexed.field_coded("user-agent", VALUE),
        ),
        rfc7541("5.2", "hpack-value-all", "Every character in Huffman code is decoded.")
            .app()
            .send(
                headers(
                    1,
                    [get("/user-agent"), Literal::Indexed.at_coded(USER_AGENT, printable.clone())]
                        .concat(),
                )
                .end_stream(),
            )
            .response(1, named(printable)),
        rfc7541("6.1", "hpack-static", "Every entry of the static table can be used.")
            // Those that stand in requests, and have no value that could be refused.
            .send(
                headers(
                    1,
                    [2, 6, 4]
                        .into_iter()
                        .chain([15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30])
                        .chain([31, 32, 33, 34, 36, 37, 44, 45, 46, 47, 48, 49, 51, 52, 53])
                        .chain([54, 55, 56, 58, 59, 60, 61])
                        .flat_map(indexed)
                        .chain(Literal::Unindexed.at(38, "localhost"))
                        .collect::<Vec<u8>>(),
                )
                .end_stream(),
            )
            .understood(1)
            .goes_on(3),
        rfc7541("6.1", "hpack-static-method", "The static table has POST.")
            .app()
            .send(headers(1, [post("/echo"), indexed(15)].concat()).end_stream())
            .response(1, ok("")),
        rfc7541("6.2.1", "hpack-pseudo-literal", "Pseudo-fields may be literals, in Huffman code.")
            .app()
            .send(
                headers(
                    1,
                    [
                        Literal::NeverIndexed.field_coded(":method", "GET"),
                        Literal::Indexed.at_coded(6, "http"),
                        Literal::Indexed.at_coded(4, "/echo/coded"),
                        Literal::Indexed.at_coded(1, "localhost"),
                    ]
                    .concat(),
                )
                .end_stream(),
            )
            .response(1, ok("coded")),
    ]);
    cases
}

fn tables() -> Vec<Draft> {
    let agent = |value: &str| Literal::Indexed.at(USER_AGENT, value);
    let ask = |stream, fields: Vec<Vec<u8>>| {
        headers(stream, [get("/user-agent"), fields.concat()].concat()).end_stream()
    };
    vec![
        rfc7541("2.3.2", "hpack-dynamic", "What was added to the table can be used.")
            .app()
            .send_all([ask(1, vec![agent("one")]), ask(3, vec![indexed(NEWEST)])])
            .response(1, named("one"))
            .response(3, named("one")),
        rfc7541("2.3.2", "hpack-duplicates", "An entry may be in the table twice.")
            .app()
            .send_all([
                ask(1, vec![agent("one")]),
                ask(3, vec![agent("one")]),
                ask(5, vec![indexed(NEWEST)]),
                ask(7, vec![indexed(NEWEST + 1)]),
            ])
            .response(3, named("one"))
            .response(5, named("one"))
            .response(7, named("one")),
        rfc7541("2.3.2", "hpack-dynamic-same", "Also in the field section that adds it.")
            .app()
            .send(ask(
                1,
                vec![
                    Literal::Indexed.field("x-a", "1"),
                    agent("one"),
                    Literal::Indexed.field("x-b", "2"),
                    indexed(NEWEST),
                ],
            ))
            .response(1, named("one")),
        rfc7541("2.3.2", "hpack-dynamic-order", "The newest entry comes first.")
            .app()
            .send_all([
                ask(1, vec![agent("one")]),
                ask(3, vec![agent("two")]),
                ask(5, vec![indexed(NEWEST + 1)]),
                ask(7, vec![indexed(NEWEST)]),
            ])
            .response(5, named("one"))
            .response(7, named("two")),
        rfc7541("2.3.3", "hpack-dynamic-name", "The name of an entry can be used alone.")
            .app()
            .send_all([
                ask(1, vec![agent("one")]),
                ask(3, vec![Literal::Unindexed.at(NEWEST, "two")]),
                ask(5, vec![indexed(NEWEST)]),
            ])
            .response(3, named("two"))
            .response(5, named("one")),
        rfc7541("6.2.2", "hpack-unindexed", "A literal without indexing is not added.")
            .app()
            .send_all([
                ask(1, vec![agent("one")]),
                ask(
                    3,
                    vec![
                        Literal::Unindexed.at(USER_AGENT, "two"),
                        Literal::NeverIndexed.field("x-a", "b"),
                    ],
                ),
                ask(5, vec![indexed(NEWEST)]),
            ])
            .response(3, named("two"))
            .response(5, named("one")),
        rfc7541(
            "4.4",
            "hpack-evicted-name",
            "An entry may be evicted by the one that uses its name.",
        )
        .app()
        .send_all([
            ask(1, vec![agent("one")]),
            ask(3, vec![Literal::Indexed.at(NEWEST, "y".repeat(4000))]),
            ask(5, vec![indexed(NEWEST)]),
        ])
        .response(1, named("one"))
        .response(5, named("y".repeat(4000))),
        rfc7541("2.2", "hpack-refused-request", "A malformed request adds to the table as well.")
            .app()
            .send_all([
                ask(1, vec![agent("one"), Literal::Unindexed.field("connection", "close")]),
                ask(3, vec![indexed(NEWEST)]),
            ])
            .response(3, named("one")),
    ]
}

/// RFC 7541 §C.2, §C.3, §C.4, octet for octet.
fn examples() -> Vec<Draft> {
    let three = |id, requirement, blocks: [&str; 3]| {
        let sections = blocks.into_iter().zip([1, 3, 5]);
        rfc7541("5", id, requirement)
            .send_all(sections.map(|(block, stream)| headers(stream, hex(block)).end_stream()))
            .understood(1)
            .understood(3)
            .head(5)
            .goes_on(7)
    };
    vec![
        three(
            "hpack-examples-plain",
            "The requests of Appendix C.3 are understood.",
            [
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ],
        ),
        three(
            "hpack-examples-coded",
            "The requests of Appendix C.4 are understood.",
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ],
        ),
        rfc7541("6.2.1", "hpack-example-custom", "The field of Appendix C.2.1 is understood.")
            .send(
                headers(
                    1,
                    [get("/"), hex("400a637573746f6d2d6b65790d637573746f6d2d686561646572")]
                        .concat(),
                )
                .end_stream(),
            )
            .understood(1)
            .goes_on(3),
        rfc7541("6.2.3", "hpack-example-password", "The field of Appendix C.2.3 is understood.")
            .send(
                headers(1, [get("/"), hex("100870617373776f726406736563726574")].concat())
                    .end_stream(),
            )
            .understood(1)
            .goes_on(3),
    ]
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0).to_le_bytes()[0];
    digits.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}
