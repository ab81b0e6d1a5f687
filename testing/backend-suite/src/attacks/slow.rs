//! Clients that send, read or do too little.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::attacks::attacker::{
    Background, connect, crowd, expect_status, last_words, narrow, trickle,
};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::target::Target;
use crate::client::{Client, eventually, holds_in_time};

/// The cost of a connection that is in the middle of something, in KiB: a buffer of 32 KiB for
/// input, one of 4 KiB or more for output, and what is kept of a request.
pub(super) const BUSY: u64 = 48;

/// Input that may come of a flood before the server can object, in KiB: 32 buffers of 4 KiB where
/// the kernel fills them by itself, elsewhere what one read brings.
pub(super) const BURST: u64 = 128;

/// A head that never ends, byte by byte. Each byte comes soon; the whole of it does not.
pub fn slow_heads(stage: Stage) {
    const CROWD: usize = 200;
    let head = |_| b"GET /echo/x HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_vec();
    Attack::new("slow heads").flags(&["--head-timeout", "600ms"]).costs(CROWD, BUSY).play(
        stage,
        |target| {
            let crowd = crowd(CROWD, target.address, head);
            (trickle(&crowd, b'x'), crowd)
        },
        |_, (_trickle, crowd)| expect_status(408, crowd),
    );
}

/// A body that grows byte by byte, and a file with it.
pub fn slow_bodies(stage: Stage) {
    const CROWD: usize = 200;
    let upload = |number| {
        format!("PUT /files/{number} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n").into()
    };
    Attack::new("slow bodies").flags(&["--body-timeout", "600ms"]).costs(CROWD, BUSY).play(
        stage,
        |target| {
            let crowd = crowd(CROWD, target.address, upload);
            (trickle(&crowd, b'x'), crowd)
        },
        |target, (_trickle, crowd)| {
            expect_status(408, crowd);
            let files = || std::fs::read_dir(target.process.data.path()).unwrap().count();
            eventually("only what warmed it up is there", || files() == 1);
        },
    );
}

/// A file that is larger than all buffers of the kernel's.
const LARGE: u64 = 64 << 20;

/// Makes it; returns what asks for it.
pub(super) fn large_file(target: &Target, length: u64) -> &'static [u8] {
    File::create(target.process.data.path().join("large")).unwrap().set_len(length).unwrap();
    b"GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n"
}

/// Clients that ask for much, and take a byte now and then.
pub fn slow_readers(stage: Stage) {
    const CROWD: usize = 100;
    Attack::new("slow readers").flags(&["--write-timeout", "1500ms"]).costs(CROWD, 64 + BUSY).play(
        stage,
        |target| {
            let request = large_file(target, LARGE);
            let mut readers: Vec<_> = (0..CROWD).map(|_| narrow(target.address)).collect();
            readers.iter_mut().for_each(|stream| stream.write_all(request).unwrap());
            let taken: Vec<_> = readers.iter().map(|it| it.try_clone().unwrap()).collect();
            let taking = Background::start(move |is_over| {
                while !is_over() {
                    for mut stream in &taken {
                        let _ = stream.read(&mut [0]);
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            });
            (taking, readers)
        },
        |target, (_taking, readers)| {
            eventually("all have been cut", || target.sample()["open"]["sending"] == 0);
            // Nor does the kernel go on: it would for minutes.
            let port = target.address.port();
            let is_all_gone = holds_in_time(|| unsent(port).is_empty());
            assert!(is_all_gone, "still being sent: {:#?}", unsent(port));
            for reader in readers {
                assert!((last_words(reader).len() as u64) < LARGE);
            }
        },
    );
}

/// The sockets of this port, open or not, of which the kernel has something to send. What has been
/// sent to others and is not acknowledged yet counts as that, too, but it is little.
fn unsent(port: u16) -> Vec<String> {
    const LITTLE: u32 = 4 << 10;
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_unsent = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (queue, _) = fields[4].split_once(':').unwrap();
        let is_much = u32::from_str_radix(queue, 16).unwrap() > LITTLE;
        fields[1].ends_with(&format!(":{port:04X}")) && is_much
    };
    table.lines().skip(1).filter(is_unsent).map(str::to_owned).collect()
}

/// A window of a few bytes, which are taken one by one. That is slow and no reason to be cut.
pub fn one_byte_windows(stage: Stage) {
    const CROWD: usize = 4;
    const LENGTH: usize = 200_000;
    let read = |mut stream: TcpStream| {
        let mut body = 0;
        let mut byte = [0];
        let mut end = [0; 4];
        while end != *b"\r\n\r\n" && stream.read(&mut byte).is_ok_and(|bytes| bytes > 0) {
            end = [end[1], end[2], end[3], byte[0]];
        }
        while body < LENGTH && stream.read(&mut byte).is_ok_and(|bytes| bytes > 0) {
            body += 1;
        }
        body
    };
    Attack::new("one-byte windows").costs(CROWD, 64 + BUSY).play(
        stage,
        |target| {
            let request = large_file(target, LENGTH as u64);
            let begin = |_| {
                let mut stream = narrow(target.address);
                stream.write_all(request).unwrap();
                Background::start(move |_| read(stream))
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, readers| {
            for reader in readers {
                assert_eq!(reader.wait(), LENGTH, "it was served whole");
            }
        },
    );
}

/// Five thousand clients that say nothing at all: that is what silence may cost.
pub fn idle_connections(stage: Stage) {
    const CROWD: usize = 5_000;
    /// No buffer, only what the server and its runtime remember of a connection, in KiB.
    const IDLE: u64 = 4;
    Attack::new("5,000 idle connections").costs(CROWD, IDLE).alone().play(
        stage,
        |target| {
            let crowd: Vec<_> = (0..CROWD).map(|_| connect(target.address)).collect();
            let descriptors = || target.process.descriptors().unwrap();
            eventually("all are in", || descriptors() > CROWD);
            crowd
        },
        |_, crowd| {
            for stream in crowd.into_iter().step_by(100) {
                let mut client = Client::from(stream);
                assert_eq!(client.get("/echo/x").text(), "x");
            }
        },
    );
}
