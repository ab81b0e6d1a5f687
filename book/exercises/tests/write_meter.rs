use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};

use exercises::write_meter::{Cost, Meter, apart, joined, vectored};

/// Takes at most so many bytes in each call, or fails, as it was told; then everything.
#[derive(Default)]
struct Socket {
    told: VecDeque<Result<usize, ErrorKind>>,
    taken: Vec<u8>,
    vectored: usize,
}

impl Socket {
    fn told(told: &[Result<usize, ErrorKind>]) -> Self {
        Socket { told: told.iter().copied().collect(), ..Socket::default() }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.told.pop_front().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
        self.taken.extend_from_slice(&bytes[..most]);
        Ok(most)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(slices.iter().all(|slice| !slice.is_empty()), "an empty slice");
        self.vectored += 1;
        let both: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        self.write(&both)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Way = fn(&mut Socket, &[u8], &[u8]) -> io::Result<Cost>;

/// The ways, with the calls and the copied bytes of a head of 5 bytes and a body of 1000.
const WAYS: [(&str, Way, usize, usize); 3] = [
    ("apart", |out, head, body| apart(out, head, body), 2, 0),
    ("joined", |out, head, body| joined(out, head, body), 1, 1005),
    ("vectored", |out, head, body| vectored(out, head, body), 1, 0),
];

const HEAD: &[u8] = b"head\n";
const BODY: &[u8] = &[b'b'; 1000];

#[test]
fn every_write_counts_also_one_that_fails() {
    let told = [Ok(3), Ok(0), Err(ErrorKind::Interrupted), Ok(4)];
    let mut meter = Meter::new(Socket::told(&told));
    assert_eq!(meter.write(b"hello").unwrap(), 3);
    assert_eq!(meter.write(b"lo").unwrap(), 0);
    assert_eq!(meter.write(b"lo").unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!((meter.calls, meter.bytes), (3, 3));
    meter.flush().unwrap();
    assert_eq!(meter.write(b"lo").unwrap(), 2);
    assert_eq!((meter.calls, meter.bytes), (4, 5));
}

#[test]
fn a_write_of_several_slices_is_one_call() {
    let mut socket = Socket::told(&[Ok(6), Err(ErrorKind::BrokenPipe)]);
    let mut meter = Meter::new(&mut socket);
    let slices = [IoSlice::new(b"hello"), IoSlice::new(b"you")];
    assert_eq!(meter.write_vectored(&slices).unwrap(), 6);
    assert_eq!((meter.calls, meter.bytes), (1, 6));
    assert!(meter.write_vectored(&slices).is_err());
    assert_eq!((meter.calls, meter.bytes), (2, 6));
    assert_eq!((&*socket.taken, socket.vectored), (&b"helloy"[..], 2), "passed on as it was");
}

#[test]
fn each_way_sends_the_same_and_costs_something_else() {
    for (name, way, calls, copied) in WAYS {
        let mut socket = Socket::default();
        assert_eq!(way(&mut socket, HEAD, BODY).unwrap(), Cost { calls, copied }, "{name}");
        assert_eq!(socket.taken, [HEAD, BODY].concat(), "{name}");
        assert_eq!(socket.vectored, usize::from(name == "vectored"), "{name}");
    }
}

#[test]
fn short_writes_go_on_where_they_have_stopped() {
    for (name, way, calls, copied) in WAYS {
        for at in [1, 4, 6, 7, 100, 1004] {
            let mut socket = Socket::told(&[Ok(at)]);
            let cost = way(&mut socket, HEAD, BODY).unwrap();
            assert_eq!(socket.taken, [HEAD, BODY].concat(), "{name}, cut at {at}");
            let more = usize::from(name != "apart" || at < HEAD.len());
            assert_eq!(cost, Cost { calls: calls + more, copied }, "{name}, cut at {at}");
        }
    }
}

#[test]
fn byte_by_byte_each_byte_is_a_call() {
    for (name, way, _, copied) in WAYS {
        let mut socket = Socket::told(&[Ok(1); 1005]);
        let cost = way(&mut socket, HEAD, BODY).unwrap();
        assert_eq!(cost, Cost { calls: 1005, copied }, "{name}");
        assert_eq!(socket.taken, [HEAD, BODY].concat(), "{name}");
    }
}

#[test]
fn what_is_empty_is_not_written() {
    for (name, way, ..) in WAYS {
        for (head, body, calls) in [(HEAD, &b""[..], 1), (b"", BODY, 1), (b"", b"", 0)] {
            let mut socket = Socket::default();
            let cost = way(&mut socket, head, body).unwrap();
            assert_eq!(cost.calls, calls, "{name} of {} and {}", head.len(), body.len());
            assert_eq!(socket.taken, [head, body].concat(), "{name}");
        }
    }
}

#[test]
fn an_interrupted_write_is_tried_again_and_counts() {
    for (name, way, calls, copied) in WAYS {
        let mut socket = Socket::told(&[Err(ErrorKind::Interrupted)]);
        let cost = way(&mut socket, HEAD, BODY).unwrap();
        assert_eq!(cost, Cost { calls: calls + 1, copied }, "{name}");
    }
}

#[test]
fn a_writer_that_takes_nothing_and_other_errors_end_it() {
    for (name, way, ..) in WAYS {
        let kind = |told| way(&mut Socket::told(&[Ok(3), told]), HEAD, BODY).unwrap_err().kind();
        assert_eq!(kind(Ok(0)), ErrorKind::WriteZero, "{name}");
        assert_eq!(kind(Err(ErrorKind::BrokenPipe)), ErrorKind::BrokenPipe, "{name}");
    }
}
