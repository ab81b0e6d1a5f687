//! Resources that the server itself runs out of, or loses.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::attacks::attacker::{crowd, expect_status, last_words};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY, large_file};
use crate::attacks::target::Target;
use crate::client::{Client, eventually};

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
            let files = || std::fs::read_dir(target.process.data.path()).unwrap().count();
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
            std::fs::remove_file(target.process.data.path().join("large")).unwrap();
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
                std::fs::File::options().write(true).open(target.process.data.path().join("large"));
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
