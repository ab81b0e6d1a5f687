//! Bodies, and the fields that frame them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::head::other_field;
use super::{line_end, mostly, or_rarely};

/// Chunks, whatever is wrong with them.
fn chunked_body() -> BoxedStrategy<String> {
    let size_flaw = select(
        &[
            "",
            "+",
            "-",
            "0x",
            " ",
            "_",
            "g",
            "00000000000000000",
            "ffffffffffffffff",
            "fffffffffffffffff",
        ][..],
    );
    let size_flaw = or_rarely(Just(String::new()), size_flaw.prop_map(String::from));
    let extension = mostly(
        &[
            "",
            "",
            "",
            "",
            ";a",
            ";a=b",
            " ; a = \"b;c\"",
            "\t;\ta;b ;c=d",
            ";a=\"\";b",
            ";a=\"\\\"\\\\\u{e9}\t\"",
        ],
        &[
            " ",
            "a",
            "=",
            ";\n",
            ";a\rb",
            ";\0",
            ";\u{7f}",
            " \t",
            ";a=\"\r\n\"",
            "\u{c};",
            ";",
            "\t;\t",
            ";;a",
            ";a;",
            ";=a",
            ";a=",
            ";a= ",
            ";a ",
            ";a=b ",
            ";a b",
            ";a=b c",
            ";a[b",
            ";a=\"b",
            ";a=\"b\\\"",
            ";a=\"b\"c",
            ";a=\"b\" ",
            ";a=\"\\\u{1}\"",
            ";\u{e9}",
            ";a=\u{e9}",
        ],
    );
    let zeros = prop_oneof![9 => Just(""), 1 => select(&["0", "0000000", "00000000000000"][..])];
    let data_end = mostly(&["\r\n"], &["\n", "", "\r", "x\r\n", "\r\r\n"]);
    let chunk =
        (size_flaw, zeros, vec(any::<u8>(), 1..20), extension.clone(), line_end(), data_end)
            .prop_map(|(flaw, zeros, data, extension, line_end, data_end)| {
                // Letters only, since a text is wanted; line ends among them.
                let data: String = data
                    .iter()
                    .map(|byte| char::from(b"\r\n0aA: "[usize::from(byte % 7)]))
                    .collect();
                format!("{flaw}{zeros}{:x}{extension}{line_end}{data}{data_end}", data.len())
            });
    let last = mostly(&["0", "0", "00"], &["", "0 ", "0\r\n", "0x0", "1"]);
    let trailer = (other_field(), line_end()).prop_map(|(field, end)| field + &end);
    let trailers = prop_oneof![
        4 => Just(Vec::new()),
        1 => vec(trailer, 1..4),
    ];
    (vec(chunk, 0..4), last, extension, line_end(), trailers, line_end())
        .prop_map(|(chunks, last, extension, line_end, trailers, end)| {
            format!("{}{last}{extension}{line_end}{}{end}", chunks.concat(), trailers.concat())
        })
        .boxed()
}

/// Field lines that frame a body, and the body.
pub(super) fn framing_and_body() -> BoxedStrategy<(Vec<String>, String)> {
    let name = || {
        mostly(&["Content-Length: ", "content-length:"], &["Content-Length : ", "Content-Length"])
    };
    let sized = (
        name(),
        mostly(
            &["", "", "", "0", "000000000000000000000000"],
            &["+", "-", "0x", " 1", "1, ", "\""],
        ),
        "[a-z\r\n]{0,20}",
        mostly(&["", " \t"], &[", 3", ",", "a", ".0"]),
    )
        .prop_map(|(name, before, body, after)| {
            (vec![format!("{name}{before}{}{after}", body.len())], body)
        });
    let strange_length = select(
        &[
            "",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999",
            "5, 5",
            "5,6",
            "0x5",
            "1e1",
            "5 5",
            "\u{e9}",
        ][..],
    )
    .prop_map(|value| (vec![format!("Content-Length: {value}")], "hello".to_owned()));
    let coding = mostly(
        &[
            "Transfer-Encoding: chunked",
            "transfer-encoding:Chunked",
            "Transfer-Encoding: , chunked,\t",
        ],
        &[
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding:",
            "Transfer-Encoding: ,",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked;a=b",
            "Transfer-Encoding: \u{b}chunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: x;a=\",chunked\"",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        ],
    );
    let chunked = (coding, chunked_body()).prop_map(|(coding, body)| (vec![coding], body));
    let both = (chunked.clone(), sized.clone(), any::<bool>()).prop_map(
        |((mut one, body), (other, _), turned)| {
            one.extend(other);
            if turned {
                one.reverse();
            }
            (one, body)
        },
    );
    prop_oneof![
        20 => Just((Vec::new(), String::new())),
        20 => sized,
        40 => chunked,
        1 => strange_length,
        1 => both,
    ]
    .boxed()
}
