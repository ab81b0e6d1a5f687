//! RFC 9110 §9.3.3, §9.3.4: making and replacing files.

use crate::expected::{FieldRule, ok, status};
use crate::http1::compose::{Draft, get, head, post, request, rfc9110, rfc9112, sized};

const FILE: &str = "/files/conformance-<unique>.txt";

const PAGE: &str = "/files/conformance-<unique>.html";

pub(super) fn cases() -> Vec<Draft> {
    // RFC 6454 §7: what a browser says of the page that has it ask.
    let foreign = |id, method, origin| {
        let fields = format!("Origin: {origin}\r\nContent-Length: 5\r\n");
        rfc9110("17.1", id, "A page of somebody else's has no file made.")
            .app()
            .send(request(method, FILE, &fields, "hello"))
            .expect(status(403))
            .send(get(FILE))
            .expect(status(404))
            .open()
    };
    let from_absolute = |id, origin, expected| {
        let fields = format!("Host: evil.example\r\nOrigin: {origin}\r\nContent-Length: 5\r\n");
        rfc9112("3.2.2", id, "With an absolute target, its host says whose page it is.")
            .app()
            .send(format!("PUT http://good.example{FILE} HTTP/1.1\r\n{fields}\r\nhello"))
            .expect(status(expected))
    };
    let nowhere = |id, path| {
        rfc9110("17.3", id, "A path that leads out of the directory leads nowhere.")
            .app()
            .send(get(path))
            .expect(status([400, 404]))
    };
    vec![
        rfc9110("9.3.4", "put-created", "PUT of a new file makes it.")
            .app()
            .send(sized("PUT", FILE, "hello"))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello").equals("content-length", "5"))
            .open(),
        rfc9112("9.6", "half-close-files", "An upload and a download survive a half-close.")
            .app()
            .send(sized("PUT", FILE, &"x".repeat(300_000)) + &get(FILE))
            .half_close()
            .expect(status(201))
            .expect(ok("x".repeat(300_000)))
            .closed(),
        rfc9110("9.3.4", "put-replaced", "PUT of a file that is there replaces it.")
            .app()
            .send(sized("PUT", FILE, "one longer than the other"))
            .expect(status(201))
            .send(sized("PUT", FILE, "two"))
            .expect(status(204).body("").without("content-length"))
            .send(get(FILE))
            .expect(ok("two"))
            .open(),
        rfc9110("9.3.4", "put-chunked", "PUT takes a chunked body.")
            .app()
            .send(request(
                "PUT",
                FILE,
                "Transfer-Encoding: chunked\r\n",
                "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            ))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello world"))
            .open(),
        rfc9110("9.3.4", "put-empty", "A file may be empty.")
            .app()
            .send(sized("PUT", FILE, ""))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("").equals("content-length", "0"))
            .open(),
        rfc9110("9.3.4", "put-large", "A file may be larger than any buffer.")
            .app()
            .send(sized("PUT", FILE, &"0123456789abcdef".repeat(1 << 16)))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("0123456789abcdef".repeat(1 << 16)))
            .open(),
        rfc9110("9.3.4", "put-pipelined", "What follows PUT sees the file.")
            .app()
            .send(sized("PUT", FILE, "one") + &get(FILE) + &sized("PUT", FILE, "two") + &get(FILE))
            .expect(status(201))
            .expect(ok("one"))
            .expect(status(204))
            .expect(ok("two"))
            .open(),
        rfc9110("9.3.4", "put-continue", "PUT may wait for 100.")
            .app()
            .send(request("PUT", FILE, "Expect: 100-continue\r\nContent-Length: 5\r\n", ""))
            .expect(status(100))
            .send("hello")
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello"))
            .open(),
        rfc9110("14.5", "put-part", "A part of a file is not taken for the whole.")
            .app()
            .send(sized("PUT", FILE, "hello"))
            .expect(status(201))
            .send(request("PUT", FILE, "Content-Range: bytes 0-0/5\r\nContent-Length: 1\r\n", "j"))
            .expect(status(400))
            .send(get(FILE))
            .expect(ok("hello"))
            .open(),
        rfc9110("14.4", "post-content-range", "Content-Range means nothing to POST.")
            .app()
            .send(request(
                "POST",
                FILE,
                "Content-Range: bytes 0-4/9\r\nContent-Length: 5\r\n",
                "hello",
            ))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello"))
            .open(),
        rfc9110("14.2", "range-put", "Range means nothing to PUT.")
            .app()
            .send(request("PUT", FILE, "Range: bytes=0-1\r\nContent-Length: 5\r\n", "hello"))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello"))
            .open(),
        rfc9110("8.7", "put-content-location", "Content-Location of a request changes nothing.")
            .app()
            .send(request(
                "PUT",
                FILE,
                "Content-Location: /files/conformance-<unique>.other\r\nContent-Length: 5\r\n",
                "hello",
            ))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello").without("content-location"))
            .send(get("/files/conformance-<unique>.other"))
            .expect(status(404))
            .open(),
        rfc9110("9.3.4", "put-no-validators", "The answer to PUT leaves validators to GET.")
            .app()
            .send(sized("PUT", FILE, "hello") + &sized("PUT", FILE, "world"))
            .expect(status(201).without("etag").without("last-modified"))
            .expect(status(204).without("etag").without("last-modified"))
            .open(),
        rfc9110("8.4", "put-encoded", "Content whose coding would be lost is not taken.")
            .app()
            .send(request("PUT", FILE, "Content-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"))
            .expect(status(415).field("accept-encoding", FieldRule::Equals("identity")))
            .open(),
        rfc9110("8.4.1", "put-identity", "No coding at all is as good as none.")
            .app()
            .send(request(
                "PUT",
                FILE,
                "Content-Encoding: identity\r\nContent-Length: 5\r\n",
                "hello",
            ))
            .expect(status(201))
            .open(),
        foreign("put-other-origin", "PUT", "http://elsewhere.example"),
        foreign("post-other-origin", "POST", "http://elsewhere.example"),
        foreign("post-other-port", "POST", "http://<host>1"),
        foreign("post-opaque-origin", "POST", "null"),
        rfc9110("17.1", "post-own-origin", "A page of this server may have a file made.")
            .app()
            .send(post(FILE, "Origin: http://<host>\r\nContent-Length: 5\r\n", "hello"))
            .expect(status(201))
            .open(),
        from_absolute("put-absolute-own-origin", "http://good.example", 201),
        from_absolute("put-absolute-other-origin", "http://evil.example", 403),
        rfc9110("17.1", "file-sandboxed", "A page that somebody has left runs no script.")
            .app()
            .send(sized("PUT", PAGE, "<script>alert(1)</script>"))
            .expect(status(201))
            .send(get(PAGE))
            .expect(
                status(200)
                    .equals("content-security-policy", "sandbox")
                    .equals("x-content-type-options", "nosniff"),
            )
            .open(),
        rfc9112("8", "put-incomplete", "A PUT that breaks off leaves nothing behind.")
            .app()
            .send(request("PUT", FILE, "Content-Length: 10\r\n", "hello"))
            .half_close()
            .refused(400)
            .reconnect()
            .send(get(FILE))
            .expect(status(404))
            .open(),
        rfc9112("8", "put-incomplete-replace", "A PUT that breaks off leaves the old file alone.")
            .app()
            .send(sized("PUT", FILE, "old"))
            .expect(status(201))
            .send(request("PUT", FILE, "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"))
            .half_close()
            .refused(400)
            .reconnect()
            .send(get(FILE))
            .expect(ok("old"))
            .open(),
        rfc9110("15.5.14", "put-over-limit", "A file larger than any is answered with 413.")
            .app()
            .send(request("PUT", FILE, "Content-Length: 1099511627776\r\n", ""))
            .refused(413),
        rfc9110("9.3.3", "post-created", "POST of a new file makes it.")
            .app()
            .send(sized("POST", FILE, "hello"))
            .expect(status(201))
            .send(get(FILE))
            .expect(ok("hello"))
            .open(),
        rfc9110("15.5.10", "post-conflict", "POST of a file that is there is a conflict.")
            .app()
            .send(post(FILE, "Content-Length: 3\r\n", "one"))
            .expect(status(201))
            .send(post(FILE, "Content-Length: 3\r\n", "two"))
            .expect(status(409))
            .send(get(FILE))
            .expect(ok("one"))
            .open(),
        rfc9110("9.3.2", "head-file", "HEAD of a file has its length and no body.")
            .app()
            .send(sized("PUT", FILE, "hello"))
            .expect(status(201))
            .send(head(FILE))
            .expect(status(200).for_head().equals("content-length", "5").has("etag"))
            .open(),
        rfc9110("9.3.1", "get-file-1-0", "A file may be fetched in HTTP/1.0.")
            .app()
            .send(sized("PUT", FILE, "hello"))
            .expect(status(201))
            .send(format!("GET {FILE} HTTP/1.0\r\n\r\n"))
            .expect(ok("hello"))
            .closed(),
        rfc9110("15.5.5", "file-missing", "A file that is not there is 404.")
            .app()
            .send(get(FILE))
            .expect(status(404))
            .open(),
        nowhere("file-dots", "/files/../../../../etc/passwd"),
        nowhere("file-dots-encoded", "/files/%2e%2e/%2E%2E/%2e%2e/etc/passwd"),
        nowhere("file-slash-encoded", "/files/..%2f..%2f..%2fetc%2fpasswd"),
        nowhere("file-absolute", "/files//etc/passwd"),
        nowhere("file-nul", "/files/a%00b"),
        nowhere("file-backslash", "/files/..%5c..%5cetc%5cpasswd"),
        rfc9110("17.3", "put-dots", "A file outside of the directory cannot be made.")
            .app()
            .send(sized("PUT", "/files/../conformance-<unique>.txt", "hello"))
            .expect(status([400, 404])),
    ]
}
