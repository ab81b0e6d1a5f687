//! RFC 9113 §8.1, §8.6: requests and responses.

use crate::expected::{FieldRule, Statuses, ok, status};
use crate::http2::compose::{Draft, fields, get, get_with, named, post, request, rfc9113, with};
use crate::http2::frame::{continuation, data, headers};
use crate::http2::step::Outcome;

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9113("8.1", "h2-get", "A GET request is answered.").request(1).goes_on(3),
        rfc9113("8.1", "h2-get-ended-by-data", "A request may end with empty DATA.")
            .send_all([headers(1, get("/")), data(1, "").end_stream()])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-head", "A response to HEAD has no content.")
            .send(headers(1, request("HEAD", "/")).end_stream())
            .response(1, status(Statuses::Understood).body("").for_head())
            .goes_on(3),
        rfc9113("8.1", "h2-head-length", "HEAD has the length that GET would have.")
            .app()
            .send(headers(1, request("HEAD", "/echo/four")).end_stream())
            .response(1, status(200).body("").for_head().equals("content-length", "4"))
            .goes_on(3),
        rfc9113("8.1", "h2-post", "A request may have content.")
            .send_all([headers(1, post("/echo")), data(1, "test").end_stream()])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-post-later", "Content may come after a while.")
            .send(headers(1, post("/echo")))
            .pause()
            .send(data(1, "test"))
            .pause()
            .send(data(1, "").end_stream())
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-post-back", "Content in several frames is one.")
            .app()
            .send_all([headers(1, post("/echo")), data(1, "hel"), data(1, "lo").end_stream()])
            .response(1, ok("hello")),
        rfc9113("8.1", "h2-post-empty", "Content may be empty.")
            .app()
            .send(headers(1, post("/echo")).end_stream())
            .response(1, ok("")),
        rfc9113("8.1", "h2-trailers", "A request may have trailers.")
            .send_all([
                headers(1, with(post("/echo"), &[("trailer", "x-sum")])),
                data(1, "test"),
                headers(1, fields(&[("x-sum", "1")])).end_stream(),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-trailers-back", "Trailers are no content.")
            .app()
            .send_all([
                headers(1, post("/echo")),
                data(1, "test"),
                headers(1, fields(&[("x-sum", "1")])).end_stream(),
            ])
            .response(1, ok("test")),
        rfc9113("8.1", "h2-trailers-without-content", "Trailers need no content before them.")
            .send_all([
                headers(1, post("/echo")),
                headers(1, fields(&[("x-sum", "1")])).end_stream(),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-trailers-empty", "Trailers may be empty.")
            .send_all([headers(1, post("/echo")), data(1, "test"), headers(1, "").end_stream()])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-end-stream-continued", "END_STREAM holds when CONTINUATION follows.")
            .send_all([headers(1, "").unfinished().end_stream(), continuation(1, get("/"))])
            .understood(1)
            .goes_on(3),
        rfc9113("8.1", "h2-several", "Several requests may be under way.")
            .send_all([
                headers(1, post("/echo")),
                headers(3, get("/")).end_stream(),
                headers(5, post("/echo")),
                data(5, "five"),
                data(1, "one").end_stream(),
                data(5, "").end_stream(),
            ])
            .understood(1)
            .understood(3)
            .understood(5)
            .goes_on(7),
        rfc9113("5", "h2-out-of-order", "A request that takes its time does not hold up another.")
            .app()
            .send_all([
                headers(1, get("/sleep/300")).end_stream(),
                headers(3, get("/echo/first")).end_stream(),
            ])
            .response(3, ok("first"))
            .not(Outcome::Head(1))
            .response(1, status(200)),
        rfc9113("5", "h2-interleaved", "The content of several requests may be interleaved.")
            .app()
            .send_all([
                headers(1, post("/echo")),
                headers(3, post("/echo")),
                data(3, "c"),
                data(1, "a"),
                data(3, "d").end_stream(),
                data(1, "b").end_stream(),
            ])
            .response(1, ok("ab"))
            .response(3, ok("cd")),
        rfc9113("8.1", "h2-continue", "An interim response may come before the final one.")
            .send(headers(1, with(post("/echo"), &[("expect", "100-continue")])))
            .pause()
            .send(data(1, "test").end_stream())
            .any_of([Outcome::Response(1, status(Statuses::OneOf((200..=417).collect())))])
            .goes_on(3),
        rfc9113("8.1.1", "h2-content-length", "Content may be as long as was said.")
            .send_all([
                headers(1, with(post("/echo"), &[("content-length", "4")])),
                data(1, "te"),
                data(1, "st").end_stream().padded(3),
            ])
            .understood(1)
            .goes_on(3),
        rfc9113("8.2.2", "h2-te-trailers", "TE may say `trailers`.")
            .send(headers(1, get_with(&[("te", "trailers")])).end_stream())
            .understood(1)
            .goes_on(3),
        rfc9113("8.2.3", "h2-cookies", "A cookie may be in several field lines.")
            .send(headers(1, get_with(&[("cookie", "a=b"), ("cookie", "c=d")])).end_stream())
            .understood(1)
            .goes_on(3),
        rfc9113("8.2.3", "h2-cookies-many", "It is one field, however many lines it has.")
            .app()
            .send(headers(1, get_with(&[("cookie", "a=b"); 120])).end_stream())
            .understood(1)
            .goes_on(3),
        rfc9113("8.3.1", "h2-host", "A request may have Host instead of :authority.")
            .send(
                headers(1, [&[0x82, 0x86, 0x84][..], &fields(&[("host", "localhost")])].concat())
                    .end_stream(),
            )
            .understood(1)
            .goes_on(3),
        rfc9113("8.3.1", "h2-options", "OPTIONS may be for the server as a whole.")
            .app()
            .send(headers(1, request("OPTIONS", "*")).end_stream())
            .response(1, status([200, 204]))
            .goes_on(3),
        rfc9113("8.3.1", "h2-query", "The path may have a query.")
            .app()
            .send(headers(1, get("/echo/a?b=c")).end_stream())
            .response(1, ok("a")),
        rfc9113("8.3.1", "h2-method-unknown", "A method may be unknown.")
            .send(headers(1, request("FROBNICATE", "/")).end_stream())
            .response(1, status(Statuses::OneOf((200..=501).filter(|s| *s != 400).collect())))
            .goes_on(3),
        rfc9113("8.3.1", "h2-no-upgrade", "The fields of a request are understood.")
            .app()
            .send(headers(1, with(get("/user-agent"), &[("user-agent", "a/b")])).end_stream())
            .response(1, named("a/b")),
        rfc9113("8.3.2", "h2-status", "A response that finds nothing says so.")
            .app()
            .send(headers(1, get("/no/such/route")).end_stream())
            .response(1, status(404))
            .goes_on(3),
        rfc9113("8.3.2", "h2-fields", "A response says what it is.")
            .app()
            .send(headers(1, get("/echo/hello")).end_stream())
            .response(
                1,
                ok("hello")
                    .field("date", FieldRule::ImfFixdate)
                    .field("content-type", FieldRule::Begins("text/plain"))
                    .equals("content-length", "5"),
            ),
        rfc9113("8.1", "h2-stream", "Content whose length is not known ends with the stream.")
            .app()
            .send(headers(1, get("/stream/1")).end_stream())
            .response(1, status(200).without("content-length"))
            .goes_on(3),
    ]
}
