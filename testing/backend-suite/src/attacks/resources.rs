//! Resources that the server itself runs out of, or loses.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;
use socket2::SockRef;

use crate::attacks::attacker::{crowd, expect_status, last_words, narrow};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY, large_file};
use crate::attacks::target::Target;
use crate::client::{Client, Response, eventually};

/// More connections than descriptors: those that have one are served, those that have none wait,
/// and waiting costs next to no processor time.
pub fn no_descriptors_left(stage: Stage) {
    const CROWD: usize = 100;
    // Of the 60 a backend needs some two dozen for itself.
    Attack::new("no descriptors left").limit("ulimit -n 60").costs(CROWD, BUSY).play(
        stage,
        |target| {
            let mut first = Client::connect(target.address);
            assert_eq!(first.get("/healthz").status, 200);
            let crowd = crowd(CROWD, target.address, |_| Vec::new());
            let mut last = Client::connect(target.address);
            last.ask("/healthz");
            (first, crowd, last)
        },
        |target, (mut first, crowd, mut last)| {
            let before = target.process.cpu_time().unwrap();
            thread::sleep(Duration::from_millis(500));
            assert_eq!(first.get("/healthz").status, 200, "those inside are served");
            let spent = target.process.cpu_time().unwrap() - before;
            assert!(spent < 20, "spun for {spent} of 50 ticks");
            drop(crowd);
            assert_eq!(last.response().status, 200, "served when there is room again");
        },
    );
}

/// Files that cannot grow any further: their uploads are refused, nothing is left of them, and what
/// there is room for is kept.
pub fn a_full_disk(stage: Stage) {
    const CROWD: usize = 20;
    const TOO_LONG: usize = 1 << 20;
    let upload = |number: usize| {
        let begin = format!(
            "PUT /files/{number} HTTP/1.1\r\nHost: x\r\nContent-Length: {TOO_LONG}\r\n\r\n"
        );
        [begin.as_bytes(), &[b'x'; TOO_LONG / 4]].concat()
    };
    // In blocks of 512 bytes or a KiB, as the shell has it. A file may then not grow, by which a
    // process is killed that does not know better.
    Attack::new("a full disk").limit("ulimit -f 250").costs(CROWD, BUSY + BURST).play(
        stage,
        |target| {
            let mut crowd = crowd(CROWD, target.address, upload);
            for stream in &mut crowd {
                let _ = stream.write_all(&[b'x'; TOO_LONG / 4]);
            }
            crowd
        },
        |target, crowd| {
            expect_status(507, crowd);
            let mut client = Client::connect(target.address);
            client.send("PUT /files/small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmall");
            assert_eq!(client.response().status, 201);
            assert_eq!(client.get("/files/small").text(), "small");
            let files = || fs::read_dir(target.process.data.path()).unwrap().count();
            eventually("only what is whole is there", || files() == 2);
        },
    );
}

/// More than all buffers of the kernel's take for one connection.
const LARGE: u64 = 16 << 20;
const READERS: usize = 8;

/// Readers who have begun to be sent a large file, and wait.
fn begin_reading(target: &Target) -> Vec<TcpStream> {
    let request = large_file(target, LARGE).to_vec();
    let readers = crowd(READERS, target.address, |_| request.clone());
    for stream in &readers {
        stream.peek(&mut [0]).unwrap();
    }
    readers
}

/// A file that is removed is sent whole to those who are reading it.
pub fn a_file_removed_while_it_is_sent(stage: Stage) {
    Attack::new("a file removed while it is sent").costs(READERS, 64 + BUSY).play(
        stage,
        |target| {
            let readers = begin_reading(target);
            fs::remove_file(target.process.data.path().join("large")).unwrap();
            readers
        },
        |target, readers| {
            for stream in readers {
                let mut client = Client::from(stream);
                let response = client.response();
                assert_eq!(response.body.len() as u64, LARGE);
                assert!(response.body.iter().all(|byte| *byte == 0));
            }
            assert_eq!(Client::connect(target.address).get("/files/large").status, 404);
        },
    );
}

/// A client that reads a file that is truncated is cut, since its length has been said.
pub fn a_file_truncated_while_it_is_sent(stage: Stage) {
    Attack::new("a file truncated while it is sent").costs(READERS, 64 + BUSY).play(
        stage,
        |target| {
            let readers = begin_reading(target);
            let file =
                fs::File::options().write(true).open(target.process.data.path().join("large"));
            file.unwrap().set_len(1000).unwrap();
            readers
        },
        |target, readers| {
            for stream in readers {
                let told = last_words(stream);
                assert!((told.len() as u64) < LARGE, "all of it came");
            }
            let served = Client::connect(target.address).get("/files/large");
            assert_eq!((served.status, served.body.len()), (200, 1000));
        },
    );
}

/// A handler that panics costs one connection each time.
pub fn a_panicking_handler(stage: Stage) {
    const CROWD: usize = 200;
    let ask = |_| b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    Attack::new("a panicking handler").costs(CROWD, BUSY).play(
        stage,
        |target| crowd(CROWD, target.address, ask),
        |_, crowd| expect_status(500, crowd),
    );
}

/// Work that lasts longer than anybody waits: beyond the bound it is refused, requests that need
/// none are served, and shutdown does not wait for it.
pub fn work_that_never_returns(stage: Stage) {
    const MOST: usize = 4;
    let ask = |_| b"GET /work/700 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec();
    Attack::new("work that never returns").flags(&["--max-work", "4"]).costs(2 * MOST, BUSY).play(
        stage,
        |target| {
            let working = crowd(MOST, target.address, ask);
            eventually("all workers have their hands full", || target.sample()["work"] == MOST);
            (working, crowd(MOST, target.address, ask))
        },
        |_, (working, refused)| {
            expect_status(503, refused);
            expect_status(200, working);
        },
    );
}

/// Memory that all compressed forms and lists may take together, in KiB, and what two workers take
/// while they make some: a form that is doubled in its place, and the state of an encoder.
const FORMS: u64 = (64 << 10) + 2 * (12 << 10);

/// Text of so many bytes, of which compression leaves a half: hexadecimal digits of noise, which
/// repeat farther apart than `gzip` looks back.
fn noisy_text(seed: usize, length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1);
    let digit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"0123456789abcdef"[(state >> 60) as usize]
    };
    let block: Vec<u8> = std::iter::repeat_with(digit).take(64 << 10).collect();
    block.repeat(length / block.len())
}

/// Clients who ask and do not read, so that what they have asked for stays where it is.
fn deaf(crowd: usize, target: &Target, request: impl Fn(usize) -> Vec<u8>) -> Vec<TcpStream> {
    let begin = |number| {
        let mut stream = narrow(target.address);
        stream.write_all(&request(number)).unwrap();
        stream
    };
    (0..crowd).map(begin).collect()
}

/// The responses to all of them, who begin to read when the last one is answered.
fn responses(deaf: Vec<TcpStream>) -> impl Iterator<Item = Response> {
    for stream in &deaf {
        stream.peek(&mut [0]).unwrap();
    }
    deaf.into_iter().map(|stream| {
        SockRef::from(&stream).set_recv_buffer_size(1 << 20).unwrap();
        Client::from(stream).response()
    })
}

/// Clients who ask for compressed forms of many files and do not read them: once all that may be
/// in memory is, files are sent as they are. What each is sent is right.
pub fn many_large_texts_at_once(stage: Stage) {
    const CROWD: usize = 40;
    const LENGTH: usize = 4 << 20;
    let request = |number: usize| {
        let fields = "Host: x\r\nAccept-Encoding: gzip\r\n";
        format!("GET /{number}.txt HTTP/1.1\r\n{fields}\r\n").into_bytes()
    };
    let each = FORMS / CROWD as u64 + 64 + BUSY;
    let flags = ["--site", ".", "--demo", "--write-timeout", "60s"];
    Attack::new("many large texts at once").flags(&flags).costs(CROWD, each).alone().play(
        stage,
        |target| {
            for number in 0..CROWD {
                let path = target.site().join(format!("{number}.txt"));
                fs::write(path, noisy_text(number, LENGTH)).unwrap();
            }
            deaf(CROWD, target, request)
        },
        |target, crowd| {
            let (mut compressed, mut plain) = (0, 0);
            for (number, response) in responses(crowd).enumerate() {
                assert_eq!(response.status, 200, "{number}");
                let text = if response.head.contains("content-encoding: gzip\r\n") {
                    compressed += 1;
                    let mut text = Vec::new();
                    GzDecoder::new(&response.body[..]).read_to_end(&mut text).unwrap();
                    text
                } else {
                    plain += 1;
                    response.body
                };
                assert!(text == noisy_text(number, LENGTH), "{number}");
            }
            // A form is half as large as its file, or somewhat more.
            assert!((8..=32).contains(&compressed) && plain > 0, "{compressed}, {plain}");
            // There is room again.
            let mut client = Client::connect(target.address);
            client.send(request(CROWD - 1));
            assert!(client.response().head.contains("content-encoding: gzip\r\n"));
        },
    );
}

/// What the allocator keeps for a thread that has made a long list, in KiB, names and all.
const LIST: u64 = 3 << 10;

/// Clients who have a large directory listed and do not read the list: once all that may be in
/// memory is, others are refused.
pub fn large_listings_that_are_not_read(stage: Stage) {
    const CROWD: usize = 50;
    const FILES: usize = 10_100;
    let name = |number: usize| format!("{number:060}");
    let request = |_| b"GET /large/ HTTP/1.1\r\nHost: x\r\n\r\n".to_vec();
    let each = FORMS / CROWD as u64 + LIST + BUSY;
    let flags = ["--site", ".", "--demo", "--listing", "--write-timeout", "60s"];
    Attack::new("large listings that are not read").flags(&flags).costs(CROWD, each).alone().play(
        stage,
        |target| {
            let folder = target.site().join("large");
            fs::create_dir(&folder).unwrap();
            for number in 0..FILES {
                fs::File::create(folder.join(name(number))).unwrap();
            }
            deaf(CROWD, target, request)
        },
        |target, crowd| {
            let (mut listed, mut refused) = (0, 0);
            for response in responses(crowd) {
                match response.status {
                    200 => {
                        listed += 1;
                        assert!(response.head.contains("listing-cut-at: 10000\r\n"));
                        assert!(response.text().contains(&name(9_999)));
                        assert!(!response.text().contains(&name(10_000)));
                    }
                    503 => refused += 1,
                    other => panic!("{other}"),
                }
            }
            assert!(listed > 10 && refused > 0, "{listed}, {refused}");
            assert_eq!(Client::connect(target.address).get("/large/").status, 200);
        },
    );
}
