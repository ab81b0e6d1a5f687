//! RFC 9110 §13: conditional requests, on a file of ten bytes.

use crate::expected::{Expected, FieldRule, ok, status};
use crate::http1::compose::{Draft, get, get_with, request, rfc9110, sized};

const FILE: &str = "/files/conformance-<unique>.txt";
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

pub(super) fn cases() -> Vec<Draft> {
    let not_modified = || status(304).field("date", FieldRule::ImfFixdate);
    // Stores the file, fetches it, and fetches it again with these fields.
    let again = |section, id, requirement, fields: &str, expected: Expected| {
        stored(section, id, requirement)
            .send(get_with(FILE, &format!("{fields}\r\n")))
            .expect(expected)
            .open()
    };
    let past = |name: &str| format!("{name}: {PAST}");
    vec![
        rfc9110("8.8", "validators", "A file has an entity tag and a date of modification.")
            .app()
            .send(sized("PUT", FILE, "0123456789"))
            .expect(status(201))
            .send(get(FILE))
            .expect(
                ok("0123456789")
                    .field("etag", FieldRule::EntityTag)
                    .field("last-modified", FieldRule::ImfFixdate),
            )
            .open(),
        again(
            "13.1.2",
            "none-match",
            "A file that the client has is not sent again.",
            "If-None-Match: <etag>",
            not_modified().has("etag"),
        ),
        again(
            "13.1.2",
            "none-match-list",
            "One of several entity tags is enough.",
            "If-None-Match: \"a\", <etag>, \"b,c\"",
            not_modified(),
        ),
        again(
            "13.1.2",
            "none-match-comma",
            "A comma inside an entity tag does not part it.",
            "If-None-Match: \"a,b\", <etag>",
            not_modified(),
        ),
        again(
            "13.1.2",
            "none-match-any",
            "An asterisk matches whatever there is.",
            "If-None-Match: *",
            not_modified(),
        ),
        again(
            "13.1.2",
            "none-match-other",
            "A file that the client does not have is sent.",
            "If-None-Match: \"conformance-other\"",
            ok("0123456789"),
        ),
        stored("8.8.3.2", "none-match-weak", "If-None-Match compares weakly.")
            .send(get_with(FILE, "If-None-Match: W/<etag>\r\n"))
            .expect(not_modified())
            .open(),
        again(
            "13.1.3",
            "modified-since",
            "A file that has not changed since is not sent again.",
            "If-Modified-Since: <modified>",
            not_modified(),
        ),
        again(
            "13.1.3",
            "modified-since-past",
            "A file that has changed since is sent.",
            &past("If-Modified-Since"),
            ok("0123456789"),
        ),
        again(
            "13.1.3",
            "modified-since-invalid",
            "A date that is none is ignored.",
            "If-Modified-Since: yesterday",
            ok("0123456789"),
        ),
        again(
            "13.2.2",
            "none-match-first",
            "If-None-Match decides; If-Modified-Since is not looked at.",
            "If-None-Match: \"conformance-other\"\r\nIf-Modified-Since: <modified>",
            ok("0123456789"),
        ),
        again(
            "13.2.2",
            "none-match-first-true",
            "If-None-Match decides even if the date is past.",
            &format!("If-None-Match: <etag>\r\n{}", past("If-Modified-Since")),
            not_modified(),
        ),
        again(
            "13.1.1",
            "match",
            "If-Match holds for the entity tag of the file.",
            "If-Match: <etag>",
            ok("0123456789"),
        ),
        again(
            "13.1.1",
            "match-other",
            "If-Match of another entity tag is answered with 412.",
            "If-Match: \"conformance-other\"",
            status(412),
        ),
        again(
            "13.1.4",
            "unmodified-since-past",
            "A file that has changed since is answered with 412.",
            &past("If-Unmodified-Since"),
            status(412),
        ),
        again(
            "5.6.7",
            "date-rfc850",
            "A date in the format of RFC 850 is a date.",
            "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
            status(412),
        ),
        again(
            "5.6.7",
            "date-asctime",
            "A date in the format of asctime is a date.",
            "If-Unmodified-Since: Sun Nov  6 08:49:37 1994",
            status(412),
        ),
        again(
            "5.3",
            "none-match-lines",
            "Entity tags on two lines are one list.",
            "If-None-Match: \"a\"\r\nIf-None-Match: <etag>",
            not_modified(),
        ),
        again(
            "5.6.1.2",
            "none-match-empty-elements",
            "Empty elements of a list of entity tags are passed over.",
            "If-None-Match: , \"a\", ,<etag>,",
            not_modified(),
        ),
        again(
            "8.6",
            "not-modified-length",
            "304 has no length, or that of the file.",
            "If-None-Match: <etag>",
            not_modified().field("content-length", FieldRule::OnlyIf("10")),
        ),
        again(
            "14.4",
            "get-content-range",
            "Content-Range means nothing to GET.",
            "Content-Range: bytes 2-4/10",
            ok("0123456789"),
        ),
        stored("13.2.1", "precondition-on-conflict", "Preconditions do not matter to a 409.")
            .send(request(
                "POST",
                FILE,
                "If-Match: \"conformance-other\"\r\nContent-Length: 3\r\n",
                "new",
            ))
            .expect(status(409))
            .send(get(FILE))
            .expect(ok("0123456789"))
            .open(),
        rfc9110("13.2.1", "precondition-options", "Preconditions mean nothing to OPTIONS.")
            .app()
            .send(request("OPTIONS", FILE, "If-Match: \"conformance-other\"\r\n", ""))
            .expect(status([200, 204]).has("allow"))
            .open(),
        again(
            "13.1.1",
            "match-lines",
            "Entity tags of If-Match on two lines are one list.",
            "If-Match: \"a\"\r\nIf-Match: <etag>",
            ok("0123456789"),
        ),
        again(
            "13.1.1",
            "match-any",
            "An asterisk in If-Match matches whatever there is.",
            "If-Match: *",
            ok("0123456789"),
        ),
        again(
            "13.1.1",
            "match-weak",
            "If-Match compares strongly.",
            "If-Match: W/<etag>",
            status(412),
        ),
        again(
            "13.2.2",
            "match-first",
            "If-Match decides; If-Unmodified-Since is not looked at.",
            &format!("If-Match: <etag>\r\n{}", past("If-Unmodified-Since")),
            ok("0123456789"),
        ),
        stored("13.1.1", "match-put", "A file that has changed meanwhile is not replaced.")
            .send(put("If-Match: \"conformance-other\"\r\n"))
            .expect(status(412))
            .send(get(FILE))
            .expect(ok("0123456789"))
            .open(),
        stored("13.1.1", "match-put-same", "A file that has not changed may be replaced.")
            .send(put("If-Match: <etag>\r\n"))
            .expect(status(204))
            .send(get(FILE))
            .expect(ok("abcdefghij"))
            .open(),
        stored("13.1.2", "none-match-put", "With If-None-Match: * nothing is replaced.")
            .send(put("If-None-Match: *\r\n"))
            .expect(status(412))
            .send(get(FILE))
            .expect(ok("0123456789"))
            .open(),
        stored("13.1.3", "modified-since-put", "If-Modified-Since means nothing to PUT.")
            .send(put("If-Modified-Since: <modified>\r\n"))
            .expect(status(204))
            .send(get(FILE))
            .expect(ok("abcdefghij"))
            .open(),
        rfc9110("13.1.1", "match-missing", "If-Match: * does not hold where there is nothing.")
            .app()
            .send(put("If-Match: *\r\n"))
            .expect(status(412))
            .send(get(FILE))
            .expect(status(404))
            .open(),
        stored("13.1.2", "none-match-head", "Preconditions hold for HEAD, too.")
            .send(request("HEAD", FILE, "If-None-Match: <etag>\r\n", ""))
            .expect(not_modified().for_head())
            .open(),
        stored(
            "15.4.5",
            "not-modified-body",
            "304 has no body; the next response follows at once.",
        )
        .send(get_with(FILE, "If-None-Match: <etag>\r\n") + &get("/echo/next"))
        .expect(not_modified())
        .expect(ok("next"))
        .open(),
        stored("8.8.1", "etag-changes", "Another content has another entity tag.")
            .send(sized("PUT", FILE, "another"))
            .expect(status(204))
            .send(get_with(FILE, "If-None-Match: <etag>\r\n"))
            .expect(ok("another"))
            .open(),
        stored("8.8.1", "etag-changes-twice", "A tag does not come back with another content.")
            .send(put("") + &sized("PUT", FILE, "ABCDEFGHIJ"))
            .expect(status(204))
            .expect(status(204))
            .send(get_with(FILE, "If-None-Match: <etag>\r\n"))
            .expect(ok("ABCDEFGHIJ"))
            .open(),
        stored(
            "8.8.1",
            "etag-changes-at-once",
            "Another content of the same length has another tag.",
        )
        .send(put(""))
        .expect(status(204))
        .send(get_with(FILE, "If-None-Match: <etag>\r\n"))
        .expect(ok("abcdefghij"))
        .open(),
    ]
}

/// Replaces the file, with these fields.
fn put(fields: &str) -> String {
    request("PUT", FILE, &format!("{fields}Content-Length: 10\r\n"), "abcdefghij")
}

/// Begins with a file that is stored and fetched, so that its validators are known.
fn stored(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    rfc9110(section, id, requirement)
        .app()
        .send(sized("PUT", FILE, "0123456789"))
        .expect(status(201))
        .send(get(FILE))
        .expect(ok("0123456789"))
}
