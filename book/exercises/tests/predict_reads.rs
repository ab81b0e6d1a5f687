use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use exercises::predict_reads::{
    Act, Comes, NOTHING_YET, ONE_BYTE_EACH, SPLIT_ANYWHERE, THE_END_WAITS, nothing_yet,
    one_byte_each, split_anywhere, the_end_waits,
};

/// What the kernel makes of a script.
fn play(script: &[Act]) -> Vec<Comes> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_nodelay(true).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut on_its_way, mut is_closed, mut comes) = (0, false, Vec::new());
    for act in script {
        match *act {
            Act::Write(text) => {
                peer.write_all(text.as_bytes()).unwrap();
                on_its_way += text.len();
            }
            Act::Close => {
                peer.shutdown(Shutdown::Write).unwrap();
                is_closed = true;
            }
            Act::Read(room) => {
                arrive(&server, on_its_way);
                // The end may be on its way, too; then the read may wait for it.
                server.set_nonblocking(!is_closed).unwrap();
                let mut buffer = vec![0; room];
                comes.push(match server.read(&mut buffer) {
                    Ok(0) => Comes::End,
                    Ok(count) => {
                        on_its_way -= count;
                        Comes::Bytes(count)
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Comes::WouldBlock,
                    Err(error) => panic!("{error}"),
                });
            }
        }
    }
    comes
}

/// Waits until so many bytes are there to be read.
fn arrive(server: &TcpStream, count: usize) {
    server.set_nonblocking(false).unwrap();
    let mut buffer = [0; 1024];
    while count > 0 && server.peek(&mut buffer).unwrap() < count {}
}

#[test]
fn two_writes_are_one_stream() {
    assert_eq!(split_anywhere(), play(SPLIT_ANYWHERE));
}

#[test]
fn nothing_yet_is_not_the_end() {
    assert_eq!(nothing_yet(), play(NOTHING_YET));
}

#[test]
fn the_end_comes_behind_the_last_byte_and_again() {
    assert_eq!(the_end_waits(), play(THE_END_WAITS));
}

#[test]
fn a_read_takes_what_is_there() {
    assert_eq!(one_byte_each(), play(ONE_BYTE_EACH));
}
