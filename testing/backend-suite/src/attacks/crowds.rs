//! Clients that come and go in great numbers.

use std::io::Write;
use std::thread;

use crate::attacks::attacker::{Background, connect, reset};
use crate::attacks::frame::{Attack, Stage};
use crate::attacks::slow::{BURST, BUSY};
use crate::client::{Client, eventually};

/// Clients that connect and leave at once: with an end or with a reset, having said nothing or half
/// of something.
pub fn connect_and_leave(stage: Stage) {
    const VISITS: usize = 2_000;
    /// Clients that wait to be accepted are in the kernel's queue; some more may be on their way
    /// out.
    const AT_ONCE: usize = 100;
    Attack::new("connect and leave").costs(AT_ONCE, BUSY).play(
        stage,
        |target| {
            let address = target.address;
            Background::start(move |is_over| {
                for visit in 0..VISITS {
                    if is_over() {
                        break;
                    }
                    let Ok(mut stream) = std::net::TcpStream::connect(address) else { break };
                    if visit % 3 == 0 {
                        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHo");
                    }
                    if visit % 2 == 0 {
                        reset(&stream);
                    }
                }
            })
        },
        |_, visits| visits.wait(),
    );
}

/// A crowd in the middle of its requests, of which every other one is reset: the rest is served.
/// `CROWD=10000` makes it a larger one.
pub fn a_crowd_that_is_reset(stage: Stage) {
    const HALVES: [[&str; 2]; 2] = [
        ["GET /echo/x HTTP/1.1\r\nHo", "st: x\r\n\r\n"],
        ["PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345678", "9"],
    ];
    let crowd = std::env::var("CROWD").map_or(400, |crowd| crowd.parse().unwrap());
    let halves = |number: usize| HALVES[usize::from((number / 2).is_multiple_of(8))];
    Attack::new("a crowd that is reset").costs(crowd, BUSY).play(
        stage,
        |target| {
            let before = target.process.descriptors().unwrap();
            let is_in = |crowd| target.process.descriptors().unwrap() >= before + crowd;
            let mut clients: Vec<_> = (0..crowd).map(|_| Client::connect(target.address)).collect();
            for (number, client) in clients.iter_mut().enumerate() {
                client.send(halves(number)[0]);
            }
            eventually("all are in", || is_in(crowd));
            let mut rest = Vec::new();
            for (number, client) in clients.into_iter().enumerate() {
                if number % 2 == 0 { client.reset() } else { rest.push((number, client)) }
            }
            eventually("half of them have gone", || !is_in(crowd / 2 + crowd / 4));
            rest
        },
        |_, mut rest| {
            for (number, client) in &mut rest {
                client.send(halves(*number)[1]);
            }
            for (_, client) in &mut rest {
                let response = client.response();
                assert!(matches!(response.status, 200 | 201 | 204), "{response:?}");
            }
        },
    );
}

/// Ten thousand requests in one go are answered, in their order.
pub fn pipelines_of_ten_thousand(stage: Stage) {
    const LENGTH: usize = 10_000;
    const CROWD: usize = 4;
    Attack::new("pipelines of 10,000 requests").costs(CROWD, 64 + BUSY + BURST).play(
        stage,
        |target| {
            let begin = |_| {
                let stream = connect(target.address);
                let mut pen = stream.try_clone().unwrap();
                let writing = thread::spawn(move || {
                    let request = |it| format!("GET /echo/{it} HTTP/1.1\r\nHost: x\r\n\r\n");
                    let _ = pen.write_all((0..LENGTH).map(request).collect::<String>().as_bytes());
                });
                Background::start(move |_| {
                    let mut client = Client::from(stream);
                    let is_answered = |it: &usize| {
                        matches!(client.try_response(), Ok(Some(answer)) if answer.text() == it.to_string())
                    };
                    let answered = (0..LENGTH).take_while(is_answered).count();
                    drop(client);
                    writing.join().unwrap();
                    answered
                })
            };
            (0..CROWD).map(begin).collect::<Vec<_>>()
        },
        |_, pipelines| {
            for pipeline in pipelines {
                assert_eq!(pipeline.wait(), LENGTH);
            }
        },
    );
}
