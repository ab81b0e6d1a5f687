//! Clients that send too much.

use std::io::Write;
use std::time::Duration;

use crate::attacks::attacker::{
    Background, Flood, connect, crowd, expect_status, flood, last_words, status,
};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY};
use crate::attacks::target::Target;

/// More than any of them may say.
const MOST: usize = 8 << 20;

/// A flood of each kind, twice: how it begins, how it goes on, and the status it comes to.
type Kind = (&'static str, &'static str, u16);

fn begin(target: &Target, kinds: &[Kind]) -> Vec<Background<Flood>> {
    let twice = kinds.iter().chain(kinds);
    twice.map(|(first, then, _)| flood(connect(target.address), first, then, MOST)).collect()
}

/// Each has been told in time, and been cut before it had said all that it wanted to.
fn end(floods: Vec<Background<Flood>>, kinds: &[Kind]) {
    for ((first, then, expected), flood) in kinds.iter().chain(kinds).zip(floods) {
        let flood = flood.wait();
        assert_eq!(flood.status(), *expected, "{first:?} {then:?}: {flood:?}");
    }
}

/// Heads without an end, in each of their parts.
pub fn header_floods(stage: Stage) {
    const KINDS: [Kind; 6] = [
        ("GET /echo/x HTTP/1.1\r\nHost: x\r\n", "A: 1\r\n", 431),
        ("GET /echo/x HTTP/1.1\r\nHost: x\r\nA: ", "x", 431),
        ("GET /echo/x HTTP/1.1\r\nHost: x\r\n", "x", 431),
        ("GET /echo/", "x", 414),
        ("", "x", 414),
        (
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "A: 1\r\n",
            431,
        ),
    ];
    Attack::new("header floods").costs(2 * KINDS.len(), BUSY + BURST).play(
        stage,
        |target| begin(target, &KINDS),
        |_, floods| end(floods, &KINDS),
    );
}

/// Chunk extensions without an end: one that is endless, and a few for each chunk.
pub fn chunk_extension_floods(stage: Stage) {
    const ONE: &str =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=";
    const MANY: &str = "PUT /files/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const KINDS: [Kind; 2] = [(ONE, "x", 400), (MANY, "1;a=b;c=d\r\nx\r\n", 400)];
    Attack::new("chunk-extension floods").costs(2 * KINDS.len(), BUSY + BURST).play(
        stage,
        |target| begin(target, &KINDS),
        |_, floods| end(floods, &KINDS),
    );
}

/// Bodies without an end, in chunks of one byte, kept in memory or in a file.
pub fn one_byte_chunks(stage: Stage) {
    const MEMORY: &str = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const FILE: &str = "PUT /files/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const KINDS: [Kind; 2] = [(MEMORY, "1\r\nx\r\n", 413), (FILE, "1\r\nx\r\n", 413)];
    Attack::new("one-byte chunks")
        .flags(&["--max-body", "200KiB", "--max-collect", "200KiB"])
        .costs(2 * KINDS.len(), 200 + BUSY + BURST)
        .play(stage, |target| begin(target, &KINDS), |_, floods| end(floods, &KINDS));
}

/// Lengths that no body has, and one that is allowed but never comes: nothing is set aside for it.
pub fn huge_declared_lengths(stage: Stage) {
    const REFUSED: [(&str, u16); 6] = [
        ("Content-Length: 18446744073709551615\r\n\r\n", 413),
        ("Content-Length: 18446744073709551616\r\n\r\n", 400),
        ("Content-Length: 99999999999999999999999999999\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", 413),
    ];
    const CROWD: usize = 200;
    let refused = |number: usize| {
        let method = ["POST /echo", "PUT /files/x"][number / REFUSED.len()];
        let rest = REFUSED[number % REFUSED.len()].0;
        format!("{method} HTTP/1.1\r\nHost: x\r\n{rest}").into_bytes()
    };
    let allowed =
        |_| b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\nx".to_vec();
    Attack::new("huge declared lengths").costs(CROWD + 2 * REFUSED.len(), BUSY).play(
        stage,
        |target| {
            let allowed = crowd(CROWD, target.address, allowed);
            (crowd(2 * REFUSED.len(), target.address, refused), allowed)
        },
        |_, (refused, allowed)| {
            for (number, stream) in refused.into_iter().enumerate() {
                let (said, expected) = REFUSED[number % REFUSED.len()];
                let told = last_words(stream);
                assert_eq!(status(&told), expected, "{said:?}");
            }
            for stream in &allowed {
                stream.shutdown(std::net::Shutdown::Write).unwrap();
            }
            expect_status(400, allowed);
        },
    );
}

/// An endless pipeline whose answers nobody reads: beyond the high-water mark no more of it is
/// taken.
pub fn pipelines_that_are_never_read(stage: Stage) {
    const CROWD: usize = 8;
    /// More than the kernel's buffers take.
    const FLOOD: usize = 256 << 20;
    let request = format!("GET /echo/{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1000));
    Attack::new("pipelines that are never read")
        .flags(&["--write-timeout", "1500ms"])
        .costs(CROWD, 64 + BUSY + BURST)
        .play(
            stage,
            |target| {
                let deaf = |_| {
                    let mut stream = connect(target.address);
                    let piece = request.repeat(100);
                    Background::start(move |is_over| {
                        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
                        let mut sent = 0;
                        while sent < FLOOD
                            && !is_over()
                            && stream.write_all(piece.as_bytes()).is_ok()
                        {
                            sent += piece.len();
                        }
                        sent
                    })
                };
                (0..CROWD).map(deaf).collect::<Vec<_>>()
            },
            |_, pipelines| {
                for pipeline in pipelines {
                    let sent = pipeline.wait();
                    assert!(sent < FLOOD, "all was taken");
                }
            },
        );
}
