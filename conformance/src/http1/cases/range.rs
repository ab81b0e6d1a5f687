//! RFC 9110 §14: ranges, of a file of ten bytes.

use crate::expected::{Expected, FieldRule, ok, status};
use crate::http1::compose::{Draft, get_with, request, rfc9110, sized};

const FILE: &str = "/files/conformance-<unique>.txt";

pub(super) fn cases() -> Vec<Draft> {
    let part =
        |range: &'static str, body: &str| status(206).equals("content-range", range).body(body);
    let whole = || ok("0123456789").without("content-range");
    let outside = || status(416).equals("content-range", "bytes */10");
    vec![
        range(
            "14.1.2",
            "range",
            "A range is sent with its place in the whole.",
            "bytes=2-4",
            part("bytes 2-4/10", "234"),
        ),
        range(
            "14.1.2",
            "range-one-byte",
            "Both ends of a range belong to it.",
            "bytes=0-0",
            part("bytes 0-0/10", "0"),
        ),
        range(
            "14.1.2",
            "range-open",
            "A range may extend to the end.",
            "bytes=7-",
            part("bytes 7-9/10", "789"),
        ),
        range(
            "14.1.2",
            "range-suffix",
            "A range may be counted from the end.",
            "bytes=-3",
            part("bytes 7-9/10", "789"),
        ),
        range(
            "14.1.2",
            "range-beyond",
            "A range is cut at the end.",
            "bytes=8-99",
            part("bytes 8-9/10", "89"),
        ),
        range(
            "14.1.2",
            "range-suffix-beyond",
            "A suffix longer than the whole is the whole.",
            "bytes=-99",
            part("bytes 0-9/10", "0123456789"),
        ),
        range(
            "14.1.2",
            "range-all",
            "A range may be the whole.",
            "bytes=0-",
            part("bytes 0-9/10", "0123456789"),
        ),
        range(
            "14.1.2",
            "range-huge",
            "A range to the end of all numbers is cut at the end.",
            "bytes=5-18446744073709551615",
            part("bytes 5-9/10", "56789"),
        ),
        range(
            "14.1",
            "range-unit-case",
            "The unit may be spelt in any case.",
            "Bytes=2-4",
            status([200, 206]),
        ),
        range(
            "15.5.17",
            "range-outside",
            "A range that begins behind the end is 416.",
            "bytes=10-12",
            outside(),
        ),
        range(
            "15.5.17",
            "range-outside-open",
            "So is one that extends to the end.",
            "bytes=10-",
            outside(),
        ),
        range(
            "15.5.17",
            "range-suffix-zero",
            "The last zero bytes are no range.",
            "bytes=-0",
            outside(),
        ),
        range(
            "14.2",
            "range-reversed",
            "A range that ends before it begins is none.",
            "bytes=4-2",
            status([200, 400, 416]),
        ),
        range(
            "14.2",
            "range-nonsense",
            "What is no range is ignored.",
            "bytes=a-b",
            status([200, 400, 416]),
        ),
        range(
            "14.2",
            "range-overflow",
            "A number beyond 64 bits does no harm.",
            "bytes=99999999999999999999999-",
            status([200, 400, 416]),
        ),
        range(
            "14.2",
            "range-unknown-unit",
            "A range in an unknown unit is ignored.",
            "lines=1-2",
            whole(),
        ),
        range(
            "14.2",
            "range-several",
            "Several ranges may be sent as several parts or as a whole.",
            "bytes=0-1,4-5",
            status([200, 206]),
        ),
        stored("14.2", "range-many", "Very many ranges are no more work than the whole.")
            .send(get_with(FILE, &format!("Range: bytes={}\r\n", vec!["0-"; 1_300].join(","))))
            .expect(whole())
            .open(),
        stored("14.2", "range-head", "A range means nothing to HEAD.")
            .send(request("HEAD", FILE, "Range: bytes=2-4\r\n", ""))
            .expect(status(200).for_head().equals("content-length", "10"))
            .open(),
        stored("14.2", "range-not-modified", "A precondition comes before the range.")
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-None-Match: <etag>\r\n"))
            .expect(status(304))
            .open(),
        stored("13.1.5", "if-range", "If the file is still the same, the range is sent.")
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-Range: <etag>\r\n"))
            .expect(part("bytes 2-4/10", "234"))
            .open(),
        stored("13.1.5", "if-range-other", "If the file is another, it is sent whole.")
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-Range: \"conformance-other\"\r\n"))
            .expect(whole())
            .open(),
        stored("13.1.5", "if-range-date-other", "If the date is another, the file is sent whole.")
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
            .expect(whole())
            .open(),
        stored("13.1.5", "if-range-weak", "If-Range compares strongly: a weak tag is another.")
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-Range: W/<etag>\r\n"))
            .expect(whole())
            .open(),
        stored("13.1.5", "if-range-alone", "If-Range means nothing without Range.")
            .send(get_with(FILE, "If-Range: \"conformance-other\"\r\n"))
            .expect(whole())
            .open(),
        rfc9110(
            "13.1.5",
            "if-range-no-ranges",
            "If-Range means nothing where there are no ranges.",
        )
        .app()
        .send(get_with("/echo/abc", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n"))
        .expect(ok("abc"))
        .open(),
        // Both files may be of one second: then their dates do not tell them apart.
        stored("13.1.5", "if-range-date-weak", "A date that may be of two versions is no match.")
            .send(sized("PUT", FILE, "abcdefghij"))
            .expect(status(204))
            .send(get_with(FILE, "Range: bytes=2-4\r\nIf-Range: <modified>\r\n"))
            .expect(ok("abcdefghij"))
            .open(),
        stored("15.3.7", "range-fields", "A part has the fields that the whole would have.")
            .send(get_with(FILE, "Range: bytes=2-4\r\n"))
            .expect(
                part("bytes 2-4/10", "234")
                    .field("date", FieldRule::ImfFixdate)
                    .field("etag", FieldRule::EntityTag)
                    .field("last-modified", FieldRule::ImfFixdate)
                    .field("content-type", FieldRule::Begins("text/plain")),
            )
            .open(),
        stored(
            "15.3.7",
            "range-then-request",
            "The response after a range begins where it should.",
        )
        .send(get_with(FILE, "Range: bytes=2-4\r\n") + &get_with("/echo/next", ""))
        .expect(part("bytes 2-4/10", "234"))
        .expect(ok("next"))
        .open(),
    ]
}

/// Begins with a file that is stored and fetched.
fn stored(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    rfc9110(section, id, requirement)
        .app()
        .send(sized("PUT", FILE, "0123456789"))
        .expect(status(201))
        .send(get_with(FILE, ""))
        .expect(ok("0123456789"))
}

fn range(
    section: &'static str,
    id: &'static str,
    requirement: &'static str,
    range: &str,
    expected: Expected,
) -> Draft {
    stored(section, id, requirement)
        .send(get_with(FILE, &format!("Range: {range}\r\n")))
        .expect(expected)
        .open()
}
