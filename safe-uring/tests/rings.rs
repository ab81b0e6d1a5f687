//! Rings over real sockets, where it is uncomfortable.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use safe_uring::{Completion, Event, Ring, Sizes, Waker};

const SMALL: Sizes = Sizes { operations: 2, completions: 4, buffers: 2, buffer: 8 };

/// A ring, where there is `io_uring`; says so where there is none, or fails there if
/// `TEST_ALL_BACKENDS` is set.
fn ring(sizes: Sizes) -> Option<Ring> {
    match Ring::new(sizes) {
        Ok(mut ring) => {
            ring.enable().unwrap();
            Some(ring)
        }
        Err(error) => {
            assert!(std::env::var_os("TEST_ALL_BACKENDS").is_none(), "no io_uring: {error}");
            // Not by a macro, whose output would be kept from view.
            let _ = writeln!(std::io::stderr(), "NOT TESTED: there is no io_uring: {error}");
            None
        }
    }
}

/// Two ends of a connection: the peer's, and the ring's.
fn connection() -> (TcpStream, Arc<OwnedFd>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (peer, Arc::new(listener.accept().unwrap().0.into()))
}

/// The next completion, however long it takes.
fn next(ring: &mut Ring) -> Completion {
    loop {
        if let Some(completion) = ring.next() {
            return completion;
        }
        ring.wait(Some(Duration::from_secs(10))).unwrap();
    }
}

/// What has been received, by a copy; `None` at the end.
fn received(ring: &mut Ring, event: Event) -> std::io::Result<Option<Vec<u8>>> {
    let Event::Received(result) = event else { panic!("not a receive") };
    Ok(result?.map(|mut lent| {
        let bytes = ring.bytes(&mut lent).to_vec();
        ring.give_back(lent);
        bytes
    }))
}

#[test]
fn a_receive_goes_on_through_a_few_small_buffers_until_the_end() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (mut peer, socket) = connection();
    let text: Vec<u8> = (0..1000_u32).flat_map(u32::to_le_bytes).collect();
    peer.write_all(&text).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut all = Vec::new();
    let mut shortages = 0;
    ring.receive(3, &socket);
    loop {
        let Completion { key, event, more } = next(&mut ring);
        assert_eq!(key, 3);
        match received(&mut ring, event) {
            Ok(Some(bytes)) => all.extend(bytes),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS), "{error}");
                assert!(!more);
                shortages += 1;
            }
        }
        if !more {
            ring.receive(3, &socket);
        }
    }
    assert_eq!(all, text);
    assert!(shortages > 0, "two buffers cannot have been enough");
}

#[test]
fn buffers_that_are_kept_run_out_and_come_back() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (mut peer, socket) = connection();
    peer.write_all(&[b'x'; 24]).unwrap();
    ring.receive(0, &socket);
    let mut kept = Vec::new();
    loop {
        match next(&mut ring).event {
            Event::Received(Ok(Some(lent))) => kept.push(lent),
            Event::Received(Err(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => break,
            _ => panic!("neither bytes nor a shortage"),
        }
    }
    assert_eq!(kept.len(), 2);
    kept.into_iter().for_each(|lent| ring.give_back(lent));
    ring.receive(0, &socket);
    let event = next(&mut ring).event;
    assert_eq!(received(&mut ring, event).unwrap().unwrap(), [b'x'; 8]);
}

#[test]
fn more_operations_than_either_queue_holds_are_all_completed() {
    let Some(mut ring) = ring(SMALL) else { return };
    let connections: Vec<_> = (0..100).map(|_| connection()).collect();
    for (key, (_, socket)) in connections.iter().enumerate() {
        ring.send(key, socket, vec![u8::try_from(key).unwrap()], 0);
    }
    let mut missing: std::collections::BTreeSet<usize> = (0..100).collect();
    while !missing.is_empty() {
        let completion = next(&mut ring);
        let Event::Sent(Ok(1), buffer, 0) = completion.event else { panic!("not sent") };
        assert_eq!(usize::from(buffer[0]), completion.key);
        assert!(missing.remove(&completion.key), "completed twice");
    }
    for (key, (peer, _)) in connections.iter().enumerate() {
        let mut byte = [0];
        { peer }.read_exact(&mut byte).unwrap();
        assert_eq!(usize::from(byte[0]), key);
    }
}

#[test]
fn output_without_room_is_sent_in_parts() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (mut peer, socket) = connection();
    let text: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let length = text.len();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50)); // so that there is no room at first
        let mut all = vec![0; length];
        peer.read_exact(&mut all).unwrap();
        all
    });
    let (mut buffer, mut from, mut parts) = (text.clone(), 0, 0);
    while from < length {
        ring.send(0, &socket, buffer, from);
        let Event::Sent(Ok(sent), back, start) = next(&mut ring).event else { panic!("not sent") };
        assert_eq!(start, from);
        (buffer, from, parts) = (back, from + sent, parts + 1);
    }
    assert!(reader.join().unwrap() == text);
    assert!(parts > 1, "8 MB went out at once");
}

#[test]
fn a_cancelled_operation_ends_by_its_own_completion() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (mut peer, socket) = connection();
    let id = ring.receive(0, &socket);
    ring.wait(Some(Duration::from_millis(1))).unwrap();
    assert!(ring.next().is_none());
    ring.cancel(id);
    let Completion { event, more, .. } = next(&mut ring);
    let error = received(&mut ring, event).unwrap_err();
    assert_eq!((error.raw_os_error(), more), (Some(libc::ECANCELED), false));
    // Its slot is free again. A cancellation that comes too late does not meet its new operation.
    ring.receive(1, &socket);
    ring.cancel(id);
    peer.write_all(b"hello").unwrap();
    let Completion { key, event, .. } = next(&mut ring);
    assert_eq!((key, received(&mut ring, event).unwrap().unwrap()), (1, b"hello".to_vec()));
}

#[test]
fn a_reset_is_an_error_in_both_directions() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (peer, socket) = connection();
    ring.receive(0, &socket);
    ring.wait(Some(Duration::from_millis(1))).unwrap();
    rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
    drop(peer);
    let event = next(&mut ring).event;
    let error = received(&mut ring, event).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    ring.send(0, &socket, b"anybody there?".to_vec(), 0);
    let Event::Sent(Err(error), buffer, 0) = next(&mut ring).event else { panic!("sent") };
    assert_eq!((error.raw_os_error(), &buffer[..]), (Some(libc::EPIPE), &b"anybody there?"[..]));
}

/// The descriptor is the ring's until the end: closing ours changes nothing.
#[test]
fn a_socket_outlives_its_owner_while_it_is_used() {
    let Some(mut ring) = ring(SMALL) else { return };
    let (mut peer, socket) = connection();
    ring.receive(0, &socket);
    drop(socket); // before the kernel has seen the operation
    peer.write_all(b"hello").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let event = next(&mut ring).event;
    assert_eq!(received(&mut ring, event).unwrap().unwrap(), b"hello");
    let event = next(&mut ring).event;
    assert!(received(&mut ring, event).unwrap().is_none());
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "closed after its last operation");
}

/// Closing a ring would end what is under way some time later. Dropping one has ended it.
#[test]
fn dropping_a_ring_ends_its_operations() {
    for _ in 0..50 {
        let Some(mut ring) = ring(SMALL) else { return };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let listener: Arc<OwnedFd> = Arc::new(listener.into());
        ring.accept(&listener);
        ring.watch(&Waker::new().unwrap());
        let connections: Vec<_> = (0..4).map(|_| connection()).collect();
        for (key, (_, socket)) in connections.iter().enumerate() {
            ring.receive(key, socket);
            ring.send(key, socket, vec![b'x'; 8 << 20], 0); // far more than there is room for
        }
        ring.wait(Some(Duration::from_millis(1))).unwrap();
        drop(ring);
        assert_eq!(Arc::strong_count(&listener), 1, "kept by an operation");
        drop(listener);
        let error = TcpStream::connect(address).expect_err("the kernel still accepts");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[test]
fn a_ring_that_is_never_used_gives_everything_back() {
    if ring(SMALL).is_none() {
        return;
    }
    let mapped = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        size.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
    };
    let (before, listener) = (mapped(), TcpListener::bind("127.0.0.1:0").unwrap());
    let listener: Arc<OwnedFd> = Arc::new(listener.into());
    for _ in 0..200 {
        let mut ring = Ring::new(Sizes { buffers: 64, buffer: 64 << 10, ..SMALL }).unwrap();
        ring.accept(&listener); // it is not even enabled
    }
    assert_eq!(Arc::strong_count(&listener), 1);
    // Other tests of this process map meanwhile, but not as much.
    let more = mapped().saturating_sub(before);
    assert!(more < 400 << 10, "{more} KiB are left mapped of 800 MiB");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    if ring(SMALL).is_none() {
        return;
    }
    for sizes in [
        Sizes { buffers: 0, ..SMALL },
        Sizes { buffers: 3, ..SMALL },
        Sizes { operations: 0, ..SMALL },
        Sizes { buffers: 1 << 15, buffer: u32::MAX, ..SMALL },
    ] {
        assert!(Ring::new(sizes).is_err(), "{sizes:?}");
    }
}

#[test]
fn connections_are_accepted_one_after_the_other_until_it_is_cancelled() {
    let Some(mut ring) = ring(SMALL) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener: Arc<OwnedFd> = Arc::new(listener.into());
    let mut accept = ring.accept(&listener);
    let mut accepted = Vec::new();
    let peers: Vec<_> = (0..50).map(|_| TcpStream::connect(address).unwrap()).collect();
    while accepted.len() < peers.len() {
        let Completion { event, more, .. } = next(&mut ring);
        let Event::Accepted(socket) = event else { panic!("not an accept") };
        accepted.push(TcpStream::from(socket.unwrap()));
        if !more {
            accept = ring.accept(&listener); // the queue of completions was full
        }
    }
    ring.cancel(accept);
    let Completion { event, more, .. } = next(&mut ring);
    let Event::Accepted(Err(error)) = event else { panic!("accepted") };
    assert_eq!((error.raw_os_error(), more), (Some(libc::ECANCELED), false));
    for (mut peer, mut socket) in peers.into_iter().zip(accepted) {
        socket.write_all(b"!").unwrap();
        peer.read_exact(&mut [0]).unwrap();
    }
}

#[test]
fn a_waker_wakes_each_time_and_also_if_it_was_used_before_it_is_watched() {
    let Some(mut ring) = ring(SMALL) else { return };
    let waker = Waker::new().unwrap();
    waker.wake();
    ring.watch(&waker);
    for _ in 0..10 {
        let Completion { event, more, .. } = next(&mut ring);
        assert!(matches!(event, Event::Woken) && more);
        let other = waker.clone();
        std::thread::spawn(move || other.wake()).join().unwrap();
    }
}

#[test]
fn files_are_read_from_anywhere_and_end() {
    let Some(mut ring) = ring(SMALL) else { return };
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    let file = Arc::new(file);
    for (offset, length, expected) in [(0, 4, &b"0123"[..]), (8, 4, b"89"), (10, 4, b"")] {
        ring.read(0, &file, offset, length, b"something old".to_vec());
        let Event::Read(Ok(bytes), buffer) = next(&mut ring).event else { panic!("not read") };
        assert_eq!((bytes, &buffer[..]), (expected.len(), expected));
    }
}

#[test]
fn the_time_is_up_without_anything_complete() {
    let Some(mut ring) = ring(SMALL) else { return };
    let start = std::time::Instant::now();
    ring.wait(Some(Duration::from_millis(20))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert!(ring.next().is_none());
    // Longer than any clock runs is not no time at all.
    let waker = Waker::new().unwrap();
    ring.watch(&waker);
    let waking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        waker.wake();
    });
    ring.wait(Some(Duration::MAX)).unwrap();
    assert!(matches!(ring.next(), Some(Completion { event: Event::Woken, .. })));
    waking.join().unwrap();
}

#[test]
#[should_panic(expected = "stock")]
fn a_buffer_of_another_ring_is_refused() {
    let (Some(mut one), Some(mut other)) = (ring(SMALL), ring(SMALL)) else { panic!("no stock") };
    let (mut peer, socket) = connection();
    peer.write_all(b"hello").unwrap();
    one.receive(0, &socket);
    let Event::Received(Ok(Some(lent))) = next(&mut one).event else { panic!("not received") };
    other.give_back(lent);
}
