//! RFC 9112 §6.2, §6.3, RFC 9110 §8.6: Content-Length.

use crate::expected::{ok, status};
use crate::http1::compose::{Draft, get, post, request, rfc9110, rfc9112, sized};

pub(super) fn cases() -> Vec<Draft> {
    let of = |length: &str| {
        post("/echo", &format!("Content-Length: {length}\r\n"), "hello") + &get("/echo/smuggled")
    };
    vec![
        rfc9112("6.2", "length", "A body has as many bytes as Content-Length says.")
            .app()
            .send(sized("POST", "/echo", "hello"))
            .expect(ok("hello"))
            .open(),
        rfc9112("6.2", "length-zero", "A body may have no bytes.")
            .app()
            .send(sized("POST", "/echo", ""))
            .expect(ok(""))
            .open(),
        rfc9112("6.2", "length-then-request", "What follows the body is the next request.")
            .app()
            .send(sized("POST", "/echo", "hello") + &get("/echo/next"))
            .expect(ok("hello"))
            .expect(ok("next"))
            .open(),
        rfc9112(
            "6.2",
            "length-body-looks-like-request",
            "A body that looks like a request is a body.",
        )
        .app()
        .send(sized("POST", "/echo", "GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
        .expect(ok("GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
        .open(),
        rfc9112("6.2", "length-body-apart", "A body may come long after its head.")
            .app()
            .send(post("/echo", "Content-Length: 10\r\n", ""))
            .pause()
            .send("hello")
            .pause()
            .send("world")
            .expect(ok("helloworld"))
            .open(),
        rfc9112("6.2", "length-get", "A GET request may have a body; it is not the next request.")
            .send(request("GET", "/", "Content-Length: 5\r\n", "hello"))
            .understood(),
        rfc9112("6.2", "length-binary", "A body may hold every byte.")
            .app()
            .send([post("/echo", "Content-Length: 256\r\n", "").into_bytes(), all_bytes()].concat())
            .expect(ok(all_bytes()))
            .open(),
        rfc9112("6.2", "length-large", "A body of 1 MiB is taken and given back.")
            .app()
            .send(sized("POST", "/echo", &"x".repeat(1 << 20)))
            .expect(ok("x".repeat(1 << 20)))
            .open(),
        rfc9110("8.6", "length-leading-zeros", "Content-Length may begin with zeros.")
            .app()
            .send(post("/echo", "Content-Length: 00005\r\n", "hello"))
            .expect(ok("hello"))
            .open(),
        rfc9112(
            "6.3",
            "length-repeated-equal",
            "A repeated Content-Length is refused even if both agree.",
        )
        .app()
        .send(post("/echo", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"))
        .refused(400),
        rfc9112("6.3", "length-repeated", "Two lengths that differ are answered with 400.")
            .send(post("/", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"))
            .refused(400),
        rfc9112("6.3", "length-repeated-case", "Two lengths in two spellings are two lengths.")
            .send(post("/", "Content-Length: 0\r\ncontent-length: 5\r\n", "hello"))
            .refused(400),
        rfc9112("6.3", "length-list", "A list of lengths that differ is answered with 400.")
            .send(of("5, 6"))
            .refused(400),
        rfc9112("6.3", "length-list-equal", "A list of lengths is refused even if they agree.")
            .app()
            .send(of("5, 5"))
            .refused(400),
        rfc9112("6.3", "length-list-end", "A comma behind the length is refused.")
            .app()
            .send(of("5,"))
            .refused(400),
        rfc9112("6.3", "length-plus", "A length has no plus sign.").send(of("+5")).refused(400),
        rfc9112("6.3", "length-minus", "A length has no minus sign.").send(of("-5")).refused(400),
        rfc9112("6.3", "length-minus-zero", "Not even zero has a sign.")
            .send(of("-0"))
            .refused(400),
        rfc9112("6.3", "length-hexadecimal", "A length is decimal.").send(of("0x5")).refused(400),
        rfc9112("6.3", "length-letters", "A length has no letters.").send(of("5a")).refused(400),
        rfc9112("6.3", "length-space", "A length holds no space.").send(of("5 5")).refused(400),
        rfc9112("6.3", "length-fraction", "A length is whole.").send(of("5.0")).refused(400),
        rfc9112("6.3", "length-exponent", "A length has no exponent.").send(of("5e0")).refused(400),
        rfc9112("6.3", "length-underscore", "A length has no separators.")
            .send(of("0_5"))
            .refused(400),
        rfc9112("6.3", "length-quoted", "A length has no quotes.").send(of("\"5\"")).refused(400),
        rfc9112("6.3", "length-empty", "A length is not empty.").app().send(of("")).refused(400),
        rfc9112("6.3", "length-other-digits", "Digits of other scripts make no length.")
            .send(of("\u{ff15}"))
            .refused(400),
        rfc9110("8.6", "length-overflow", "A length beyond 64 bits is refused, not cut.")
            .send(of("18446744073709551621"))
            .refused([400, 413]),
        rfc9110("8.6", "length-overflow-wide", "A length of many digits is refused, not cut.")
            .send(of("340282366920938463463374607431768211461"))
            .refused([400, 413]),
        rfc9110(
            "15.5.14",
            "length-over-limit",
            "A body over 1 MiB is answered with 413 before it comes.",
        )
        .app()
        .send(post("/echo", "Content-Length: 1048577\r\n", ""))
        .refused(413),
        rfc9110(
            "15.5.14",
            "length-over-limit-sent",
            "The answer 413 is readable while the body still comes.",
        )
        .app()
        .send(sized("POST", "/echo", &"x".repeat(3 << 20)))
        .refused(413),
        rfc9110("15.5.14", "length-enormous", "The largest length there is does no harm.")
            .app()
            .send(post("/echo", "Content-Length: 18446744073709551615\r\n", "hello"))
            .refused(413),
        rfc9112("6.3", "length-on-get-bad", "A bad length is refused where no body is expected.")
            .send(request("GET", "/", "Content-Length: x\r\n", ""))
            .refused(400),
        rfc9112(
            "9.3",
            "unwanted-body",
            "A body that nobody wants is read, not taken for a request.",
        )
        .app()
        .send(sized("POST", "/no/such/path", "GET /echo/smuggled HTTP/1.1\r\n\r\n"))
        .expect(status(404))
        .open(),
    ]
}

fn all_bytes() -> Vec<u8> {
    (0..=255).collect()
}
