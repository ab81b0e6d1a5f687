//! What the demo application does with HTTP: waiting, working, streaming.

use crate::expected::{Framing, ok, status};
use crate::http1::compose::{Draft, get, head, rfc9110, rfc9112};

pub(super) fn cases() -> Vec<Draft> {
    vec![
        rfc9110("15.3.1", "healthz", "A server that is well says ok.")
            .app()
            .send(get("/healthz"))
            .expect(status(200).line("ok"))
            .open(),
        rfc9110("15.3.1", "counter", "The counter is served.")
            .app()
            .send(get("/counter"))
            .expect(status(200))
            .open(),
        rfc9110("15.3.1", "echo-utf-8", "Text beyond ASCII comes back as UTF-8.")
            .app()
            .send(get("/echo/gr%C3%BC%C3%9Fe"))
            .expect(ok("gr\u{fc}\u{df}e"))
            .open(),
        rfc9110("15.3.1", "sleep", "An answer may take its time.")
            .app()
            .send(get("/sleep/10"))
            .expect(status(200).framed(Framing::Length))
            .open(),
        rfc9110("15.3.1", "work", "An answer may take work.")
            .app()
            .send(get("/work/2"))
            .expect(status(200).framed(Framing::Length))
            .open(),
        rfc9110("15.5", "sleep-nonsense", "A time that is none is an error of the client.")
            .app()
            .send(get("/sleep/soon"))
            .expect(status([400, 404]))
            .open(),
        rfc9112("7.1", "stream", "A response of unknown length is chunked.")
            .app()
            .send(get("/stream/2"))
            .expect(status(200).framed(Framing::Chunked).without("content-length"))
            .open(),
        rfc9112("7.1", "stream-empty", "A response of unknown length may be empty.")
            .app()
            .send(get("/stream/0"))
            .expect(ok("").framed(Framing::Chunked))
            .open(),
        rfc9112("6.3", "stream-1-0", "A client of HTTP/1.0 reads to the end of the connection.")
            .app()
            .send("GET /stream/1 HTTP/1.0\r\n\r\n")
            .expect(status(200).framed(Framing::Close))
            .closed(),
        rfc9112("7.1", "stream-close", "Chunks and close go together.")
            .app()
            .send("GET /stream/1 HTTP/1.1\r\nHost: <host>\r\nConnection: close\r\n\r\n")
            .expect(status(200).framed(Framing::Chunked).lists("connection", "close"))
            .closed(),
        rfc9112("9.3.2", "stream-head-stream", "HEAD of a stream leaves the next one whole.")
            .app()
            .send(head("/stream/9") + &get("/stream/1") + &get("/echo/next"))
            .expect(status(200).for_head())
            .expect(status(200).framed(Framing::Chunked))
            .expect(ok("next"))
            .open(),
    ]
}
