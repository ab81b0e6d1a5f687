//! RFC 9112 §7.1: the chunked transfer coding.

use crate::expected::ok;
use crate::http1::compose::{Draft, chunked, get, rfc9110, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    [good(), bad(), limits()].concat()
}

fn good() -> Vec<Draft> {
    let hello = "5\r\nhello\r\n";
    vec![
        rfc9112("7.1", "chunk", "A body may be one chunk.")
            .app()
            .send(chunked("5\r\nhello\r\n0\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9112("7.1", "chunks", "Chunks are joined.")
            .app()
            .send(chunked("5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"))
            .expect(ok("hello world"))
            .open(),
        rfc9112("7.1", "chunks-none", "A chunked body may be empty.")
            .app()
            .send(chunked("0\r\n\r\n"))
            .expect(ok(""))
            .open(),
        rfc9112("7.1", "chunk-size-cases", "Sizes are hexadecimal, in upper and lower case.")
            .app()
            .send(chunked("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n"))
            .expect(ok("01234567890123456789a"))
            .open(),
        rfc9112("7.1", "chunk-size-zeros", "Sizes may begin with zeros.")
            .app()
            .send(chunked("0005\r\nhello\r\n000\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9112("7.1", "chunk-many", "A body may have many small chunks.")
            .app()
            .send(chunked(&("1\r\nx\r\n".repeat(300) + "0\r\n\r\n")))
            .expect(ok("x".repeat(300)))
            .open(),
        rfc9112("7.1", "chunk-with-crlf", "Content is counted, not searched for line ends.")
            .app()
            .send(chunked("9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"))
            .expect(ok("\r\n0\r\n\r\n\r\n"))
            .open(),
        rfc9112("7.1", "chunk-then-request", "What follows the last chunk is the next request.")
            .app()
            .send(chunked(&format!("{hello}0\r\n\r\n")) + &get("/echo/next"))
            .expect(ok("hello"))
            .expect(ok("next"))
            .open(),
        rfc9112("7.1", "chunk-last-apart", "The body ends with its last CRLF, not before.")
            .app()
            .send(chunked(&format!("{hello}0\r\n")))
            .pause()
            .send("\r")
            .pause()
            .send("\n")
            .expect(ok("hello"))
            .open(),
        rfc9112("7.1", "chunk-slow", "Chunks may come one at a time.")
            .app()
            .send(chunked("5\r\nhel"))
            .pause()
            .send("lo\r\n5")
            .pause()
            .send("\r\nworld\r\n0\r\n\r\n")
            .expect(ok("helloworld"))
            .open(),
        rfc9112("7.1", "chunk-large", "A chunked body of 1 MiB is taken and given back.")
            .app()
            .send(chunked(&format!("100000\r\n{}\r\n0\r\n\r\n", "x".repeat(1 << 20))))
            .expect(ok("x".repeat(1 << 20)))
            .open(),
        rfc9112("7.1.1", "extension", "Chunk extensions are ignored.")
            .app()
            .send(chunked("5;name=value\r\nhello\r\n0;last\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9112("7.1.1", "extension-quoted", "A quoted chunk extension is ignored.")
            .app()
            .send(chunked("5;a=\"b;c\\\"d\";e\r\nhello\r\n0\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9112(
            "7.1.1",
            "extension-spaced",
            "White space around the parts of an extension is bad but borne.",
        )
        .app()
        .send(chunked("5 ; a = b\r\nhello\r\n0\r\n\r\n"))
        .expect(ok("hello"))
        .open(),
        rfc9112("7.1.1", "extension-several", "A chunk may have several extensions.")
            .app()
            .send(chunked("5;a;b=c\t;\td=\"\";e= \"f\"\r\nhello\r\n0;g;h\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9110("5.6.4", "extension-quoted-pair", "In a quoted extension anything may be quoted.")
            .app()
            .send(chunked("5;a=\"\\a\\\\\\\t\u{e9}\"\r\nhello\r\n0\r\n\r\n"))
            .expect(ok("hello"))
            .open(),
        rfc9112("7.1.2", "trailer", "Trailer fields are read and may be discarded.")
            .app()
            .send(
                chunked(&format!("{hello}0\r\nX-Sum: 1\r\nX-Empty:\r\n\r\n")) + &get("/echo/next"),
            )
            .expect(ok("hello"))
            .expect(ok("next"))
            .open(),
        rfc9110("6.5.1", "trailer-framing", "Trailer fields change nothing of the framing.")
            .app()
            .send(chunked(&format!("{hello}0\r\nContent-Length: 40\r\n\r\n")) + &get("/echo/next"))
            .expect(ok("hello"))
            .expect(ok("next"))
            .open(),
        rfc9110("6.5.1", "trailer-connection", "Trailer fields do not close the connection.")
            .app()
            .send(chunked(&format!("{hello}0\r\nConnection: close\r\n\r\n")))
            .expect(ok("hello"))
            .open(),
    ]
}

fn bad() -> Vec<Draft> {
    // Whatever a reading of the chunks makes of them: the request behind is not to be answered.
    let bad = |chunks: &str| chunked(&format!("{chunks}0\r\n\r\n{}", get("/echo/smuggled")));
    let case = |id, requirement, chunks: &str| {
        rfc9112("7.1", id, requirement).app().send(bad(chunks)).refused(400)
    };
    let extension = |id, requirement, extension: &str| {
        let chunk = format!("5{extension}\r\nhello\r\n");
        rfc9112("7.1.1", id, requirement).app().send(bad(&chunk)).refused(400)
    };
    let extensions = [
        extension("extension-empty", "An extension has a name.", ";"),
        extension("extension-empty-first", "Each extension has a name.", ";;a"),
        extension("extension-empty-last", "The last extension has a name.", ";a=b;"),
        extension("extension-no-name", "A value has a name before it.", ";=x"),
        extension("extension-no-value", "An equals sign has a value behind it.", ";a="),
        extension("extension-name-bracket", "A name is a token.", ";a[b"),
        extension("extension-name-quoted", "A name is not quoted.", ";\"a\""),
        extension("extension-name-obs-text", "A name is in ASCII.", ";\u{e9}"),
        extension(
            "extension-value-obs-text",
            "A value that is not quoted is in ASCII.",
            ";a=\u{e9}",
        ),
        extension("extension-two-names", "A name is one word.", ";a b"),
        extension("extension-two-values", "A value is one word.", ";a=b c"),
        extension("extension-quote-open", "A quoted value ends in a quote.", ";a=\"b"),
        extension(
            "extension-quote-open-escaped",
            "An escaped quote does not end a quoted value.",
            ";a=\"b\\\"",
        ),
        extension(
            "extension-quote-then-more",
            "Nothing but white space follows a quoted value.",
            ";a=\"b\"c",
        ),
        extension("extension-quote-line-end", "A quoted value holds no line end.", ";a=\"\r\n\""),
        extension(
            "extension-quote-control",
            "A quoted value holds no control byte.",
            ";a=\"\\\u{1}\"",
        ),
        extension("extension-space-last", "No white space ends a line of extensions.", ";a "),
        extension("extension-space-last-value", "Nor behind a quoted value.", ";a=\"b\"\t"),
    ];
    let sizes = vec![
        case("chunk-size-letters", "A chunk size is hexadecimal.", "5g\r\nhello\r\n"),
        case("chunk-size-no-digits", "A chunk size has digits.", "xyz\r\nhello\r\n"),
        case("chunk-size-minus", "A chunk size has no minus sign.", "-5\r\nhello\r\n"),
        case("chunk-size-plus", "A chunk size has no plus sign.", "+5\r\nhello\r\n"),
        case("chunk-size-prefix", "A chunk size has no prefix.", "0x5\r\nhello\r\n"),
        case("chunk-size-empty", "A chunk size is not empty.", "\r\nhello\r\n"),
        case("chunk-size-only-extension", "An extension needs a size.", ";a=b\r\nhello\r\n"),
        case("chunk-size-space-before", "No space comes before a size.", " 5\r\nhello\r\n"),
        case("chunk-size-space-after", "No space alone comes after a size.", "5 \r\nhello\r\n"),
        case("chunk-size-space-in", "No space comes inside a size.", "0 5\r\nhello\r\n"),
        case("chunk-size-underscore", "A size has no separators.", "0_5\r\nhello\r\n"),
        case(
            "chunk-size-overflow",
            "A size beyond 64 bits is refused, not cut.",
            "10000000000000005\r\nhello\r\n",
        ),
        case("chunk-size-bare-lf", "A size line ends in CRLF.", "5\nhello\r\n"),
        case("chunk-size-bare-cr", "A CR alone does not end a size line.", "5\rhello\r\n"),
        case("chunk-data-bare-lf", "Chunk data ends in CRLF.", "5\r\nhello\n"),
        case("chunk-data-no-end", "Chunk data is followed by CRLF.", "5\r\nhello"),
        case("chunk-data-long", "Chunk data is as long as its size.", "5\r\nhello!\r\n"),
        case("chunk-data-short", "Chunk data is not shorter than its size.", "6\r\nhello\r\n"),
        case("chunk-data-two-more", "Two more bytes are no line end.", "3\r\nhello\r\n"),
        rfc9112("7.1.1", "extension-bare-lf", "An extension does not hide a line end.")
            .app()
            .send(bad("5;a\nb\r\nhello\r\n"))
            .refused(400),
        rfc9112("7.1.1", "extension-bare-cr", "An extension holds no CR.")
            .app()
            .send(bad("5;a\rb\r\nhello\r\n"))
            .refused(400),
        rfc9112("7.1.1", "extension-nul", "An extension holds no control bytes.")
            .app()
            .send(bad("5;a=\0\r\nhello\r\n"))
            .refused(400),
        rfc9112("7.1.2", "trailer-no-colon", "A trailer line has a colon.")
            .app()
            .send(chunked("0\r\nGET /echo/smuggled HTTP/1.1\r\n\r\n"))
            .refused(400),
        rfc9112("7.1.2", "trailer-space-before-colon", "No space comes before a trailer's colon.")
            .app()
            .send(chunked("0\r\nX-Sum : 1\r\n\r\n"))
            .refused(400),
        rfc9112("7.1.2", "trailer-folded", "A trailer line is not folded.")
            .app()
            .send(chunked("0\r\nX-Sum: 1\r\n 2\r\n\r\n"))
            .refused(400),
        rfc9112("7.1.2", "trailer-bare-lf", "A trailer line ends in CRLF.")
            .app()
            .send(chunked("0\r\nX-Sum: 1\n\r\n"))
            .refused(400),
        rfc9112("2.2", "trailer-bare-cr", "A CR alone in a trailer line is refused.")
            .app()
            .send(chunked("0\r\nX-Sum: 1\rX: 2\r\n\r\n"))
            .refused(400),
        rfc9110("5.5", "trailer-nul", "NUL in a trailer line is refused.")
            .app()
            .send(chunked("0\r\nX-Sum: \0\r\n\r\n"))
            .refused(400),
        rfc9112("7.1.2", "trailer-end-bare-lf", "The trailer section ends in CRLF.")
            .app()
            .send(chunked("0\r\n\n"))
            .refused(400),
        rfc9112("8", "incomplete-chunk", "A body that breaks off in a chunk is refused.")
            .app()
            .send(chunked("5\r\nhel"))
            .half_close()
            .refused(400),
        rfc9112("8", "incomplete-chunks", "A body without a last chunk is refused.")
            .app()
            .send(chunked("5\r\nhello\r\n"))
            .half_close()
            .refused(400),
        rfc9112("8", "incomplete-last-chunk", "A last chunk without its empty line is refused.")
            .app()
            .send(chunked("5\r\nhello\r\n0\r\n"))
            .half_close()
            .refused(400),
    ];
    [sizes, extensions.into()].concat()
}

fn limits() -> Vec<Draft> {
    vec![
        rfc9112("7.1.1", "extensions-bounded", "Extensions beyond all measure are refused.")
            .app()
            .send(chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000))))
            .refused(400),
        rfc9112("7.1.1", "extensions-bounded-sum", "Many small extensions are too many.")
            .app()
            .send(chunked(&("1;extension\r\nx\r\n".repeat(2000) + "0\r\n\r\n")))
            .refused(400),
        rfc9112("7.1.2", "trailers-bounded", "A trailer section over 16 KiB is answered with 431.")
            .app()
            .send(chunked(&format!("0\r\nX: {}\r\n\r\n", "x".repeat(17_000))))
            .refused(431),
        rfc9110(
            "15.5.14",
            "chunks-over-limit",
            "Chunks that add up to more than 1 MiB are answered with 413.",
        )
        .app()
        .send(chunked(&(format!("10000\r\n{}\r\n", "x".repeat(1 << 16)).repeat(17) + "0\r\n\r\n")))
        .refused(413),
        rfc9110("15.5.14", "chunk-enormous", "A chunk of the largest size does no harm.")
            .app()
            .send(chunked("ffffffffffffffff\r\nhello"))
            .half_close()
            .refused([400, 413]),
    ]
}
