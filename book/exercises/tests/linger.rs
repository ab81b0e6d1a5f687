use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use exercises::linger::{ANSWER, refuse};

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n";
/// Longer than anything here should take.
const LONG: Duration = Duration::from_secs(4);
/// No test waits for it.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A client that has sent the head and the beginning of a body before the server reads anything,
/// and what the server tells when it has ended.
fn connect(linger: Duration) -> (TcpStream, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    let (server, _) = listener.accept().unwrap();
    client.write_all(&[HEAD, &[b'x'; 20_000]].concat()).unwrap();
    let (tell, ended) = channel();
    thread::spawn(move || {
        refuse(server, linger).unwrap();
        tell.send(()).unwrap();
    });
    (client, ended)
}

/// The client gets all of the answer, and an orderly end behind it.
fn is_answered(client: &mut TcpStream) {
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("the answer and the end of it");
    assert_eq!(answer, ANSWER);
}

#[test]
fn the_answer_is_followed_by_an_orderly_end() {
    let (mut client, ended) = connect(FOR_EVER);
    is_answered(&mut client);
    drop(client);
    ended.recv_timeout(LONG).expect("the server has seen the end of the client");
}

#[test]
fn a_client_that_closes_its_side_is_not_waited_for() {
    let (mut client, ended) = connect(FOR_EVER);
    client.shutdown(Shutdown::Write).unwrap();
    is_answered(&mut client);
    ended.recv_timeout(LONG).expect("the server has seen the end of the client");
}

#[test]
fn a_client_that_still_sends_is_not_reset() {
    let (mut client, ended) = connect(FOR_EVER);
    is_answered(&mut client);
    let early = ended.recv_timeout(Duration::from_millis(100));
    assert_eq!(early, Err(RecvTimeoutError::Timeout), "the client has not closed its side");
    for _ in 0..50 {
        client.write_all(&[b'x'; 1000]).expect("the server still reads");
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0]).expect("no reset"), 0);
    ended.recv_timeout(LONG).expect("the server has seen the end of the client");
}

#[test]
fn a_client_that_says_nothing_is_not_waited_for_without_an_end() {
    let (mut client, ended) = connect(Duration::from_millis(50));
    is_answered(&mut client);
    ended.recv_timeout(LONG).expect("nothing has come for long enough");
}

#[test]
fn a_client_that_never_stops_is_not_read_without_an_end() {
    let (mut client, ended) = connect(FOR_EVER);
    is_answered(&mut client);
    thread::spawn(move || while client.write_all(&[b'x'; 10_000]).is_ok() {});
    ended.recv_timeout(LONG).expect("enough has come");
}
