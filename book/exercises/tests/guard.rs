use exercises::guard::{Kernel, Outcome, Ring, Ticket};

fn ring() -> (Kernel, Ring) {
    let kernel = Kernel::default();
    (kernel.clone(), Ring::new(kernel))
}

#[test]
fn a_buffer_comes_back_with_its_completion() {
    let (kernel, mut ring) = ring();
    let ticket = ring.send(kernel.buffer(b"hello"));
    assert!(ring.next().is_none(), "it is under way");
    kernel.finish(ticket.0);
    let (done, outcome, buffer) = ring.next().unwrap();
    assert_eq!((done, outcome, &buffer.bytes[..]), (ticket, Outcome::Sent, &b"hello"[..]));
    assert!(ring.next().is_none(), "and only once");
    drop(buffer);
    assert_eq!(kernel.violations(), 0);
}

#[test]
fn completions_come_in_any_order_with_their_own_buffers() {
    let (kernel, mut ring) = ring();
    let texts: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
    let tickets = texts.map(|bytes| ring.send(kernel.buffer(bytes)));
    for at in [2, 0, 3, 1] {
        kernel.finish(tickets[at].0);
    }
    for at in [2, 0, 3, 1] {
        let (ticket, _, buffer) = ring.next().unwrap();
        assert_eq!((ticket, &buffer.bytes[..]), (tickets[at], texts[at]));
    }
    assert_eq!(kernel.violations(), 0);
}

#[test]
#[allow(dropping_copy_types, forgetting_copy_types, reason = "the reader's may be no copy")]
fn a_ticket_may_be_dropped_or_forgotten() {
    let (kernel, mut ring) = ring();
    let first: Ticket = ring.send(kernel.buffer(b"dropped"));
    drop(first);
    let second = ring.send(kernel.buffer(b"forgotten"));
    std::mem::forget(second);
    assert_eq!(kernel.violations(), 0, "the kernel still has both");
    assert_eq!(kernel.under_way().len(), 2);
    for id in kernel.under_way() {
        kernel.finish(id);
    }
    assert_eq!(ring.next().unwrap().2.bytes, b"dropped");
    assert_eq!(ring.next().unwrap().2.bytes, b"forgotten");
}

#[test]
fn a_cancelled_operation_keeps_its_buffer_until_it_completes() {
    let (kernel, mut ring) = ring();
    let ticket = ring.send(kernel.buffer(b"hello"));
    ring.cancel(ticket);
    assert!(ring.next().is_none(), "to ask is not to have");
    assert_eq!(kernel.violations(), 0);
    kernel.finish(ticket.0);
    let (_, outcome, buffer) = ring.next().unwrap();
    assert_eq!((outcome, &buffer.bytes[..]), (Outcome::Cancelled, &b"hello"[..]));
    ring.cancel(ticket); // it is over
    assert!(ring.next().is_none());
}

#[test]
fn a_ring_that_is_dropped_waits_for_the_kernel() {
    let (kernel, mut ring) = ring();
    let tickets = [b"a", b"b", b"c"].map(|bytes| ring.send(kernel.buffer(bytes)));
    kernel.finish(tickets[1].0);
    drop(ring);
    assert_eq!(kernel.violations(), 0);
    assert!(kernel.under_way().is_empty(), "nothing goes on behind its back");
}

#[test]
fn a_ring_that_is_forgotten_frees_nothing() {
    let (kernel, mut ring) = ring();
    ring.send(kernel.buffer(b"a"));
    std::mem::forget(ring);
    assert_eq!(kernel.violations(), 0);
    assert_eq!(kernel.under_way().len(), 1);
}

#[test]
fn an_id_is_not_given_twice_while_it_is_under_way() {
    let (kernel, mut ring) = ring();
    let first = ring.send(kernel.buffer(b"first"));
    let second = ring.send(kernel.buffer(b"second"));
    kernel.finish(first.0);
    assert_eq!(ring.next().unwrap().2.bytes, b"first");
    let third = ring.send(kernel.buffer(b"third"));
    assert_ne!(second, third);
    for ticket in [third, second] {
        kernel.finish(ticket.0);
    }
    assert_eq!(ring.next().unwrap().2.bytes, b"third");
    assert_eq!(ring.next().unwrap().2.bytes, b"second");
}
