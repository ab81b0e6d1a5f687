//! RFC 9110 §13.1.3, §13.1.4: what a date in a request is compared with, and when it is ignored.

use crate::expected::{Expected, ok, status};
use crate::http1::compose::{Draft, get, get_with, request, rfc9110, sized};

const FILE: &str = "/files/conformance-<unique>.txt";
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

pub(super) fn cases() -> Vec<Draft> {
    // Stores the file, fetches it, and fetches it again with these fields.
    let again = |section, id, requirement, fields: &str, expected: Expected| {
        rfc9110(section, id, requirement)
            .app()
            .send(sized("PUT", FILE, "0123456789"))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("0123456789"))
            .send(get_with(FILE, fields))
            .expect(expected)
            .open()
    };
    let without_date = |section, id, requirement, fields: String| {
        rfc9110(section, id, requirement)
            .app()
            .send(get_with("/echo/a", &fields))
            .expect(ok("a"))
            .open()
    };
    let whole = || ok("0123456789");
    let unmodified = format!("If-Unmodified-Since: {PAST}\r\n");
    vec![
        again(
            "13.1.3",
            "modified-since-list",
            "Several dates in If-Modified-Since are none.",
            "If-Modified-Since: <modified>\r\nIf-Modified-Since: <modified>\r\n",
            whole(),
        ),
        without_date(
            "13.1.3",
            "modified-since-no-date",
            "What has no date of modification is sent.",
            // Later than any answer, and yet it has not been modified since that anybody knows of.
            "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT\r\n".into(),
        ),
        again(
            "13.1.4",
            "unmodified-since",
            "A file that has not changed since is sent.",
            "If-Unmodified-Since: <modified>\r\n",
            whole(),
        ),
        again(
            "13.1.4",
            "unmodified-since-invalid",
            "A date in If-Unmodified-Since that is none is ignored.",
            "If-Unmodified-Since: yesterday\r\n",
            whole(),
        ),
        again(
            "13.1.4",
            "unmodified-since-list",
            "Several dates in If-Unmodified-Since are none.",
            &unmodified.repeat(2),
            whole(),
        ),
        without_date(
            "13.1.4",
            "unmodified-since-no-date",
            "What has no date of modification has not changed.",
            unmodified.clone(),
        ),
        rfc9110("13.1.4", "unmodified-since-put", "A file that has changed since is not replaced.")
            .app()
            .send(sized("PUT", FILE, "0123456789"))
            .expect(status(201))
            .send(request("PUT", FILE, &format!("{unmodified}Content-Length: 3\r\n"), "new"))
            .expect(status(412))
            .send(get(FILE))
            .expect(whole())
            .open(),
    ]
}
