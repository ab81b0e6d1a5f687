//! What *The event loop* says of the trace of `backend-mio`.

use super::calls::{Call, calls};
use super::define::predicates;

/// The token of the mailbox: the greatest number of 32 bits.
const MAILBOX: &str = "u32=4294967295";

fn is_wait(call: &Call<'_>) -> bool {
    call.name == "epoll_wait"
}

fn timeout<'t>(call: &Call<'t>) -> &'t str {
    call.argument(3)
}

fn is_for_mailbox(call: &Call<'_>) -> bool {
    is_wait(call) && call.argument(1).contains(MAILBOX)
}

/// The calls behind the one that receives these bytes, or all of none.
fn after<'c, 't>(calls: &'c [Call<'t>], bytes: &str) -> &'c [Call<'t>] {
    let received = |call: &Call<'_>| call.name == "recvfrom" && call.argument(1).contains(bytes);
    calls.iter().position(received).map_or(&[], |at| &calls[at + 1..])
}

/// The calls before the next send.
fn before_send<'c, 't>(calls: &'c [Call<'t>]) -> &'c [Call<'t>] {
    calls.iter().position(|call| call.name == "sendto").map_or(&[], |at| &calls[..at])
}

/// The calls from the one that receives the request for work.
fn work<'c, 't>(calls: &'c [Call<'t>]) -> &'c [Call<'t>] {
    after(calls, "/work/200")
}

predicates! {
    /// The first wait has no timeout, and the mailbox ends it.
    fn the_mailbox_ends_the_first_wait(trace) {
        calls(trace).first().is_some_and(|first| is_for_mailbox(first) && timeout(first) == "-1")
    }

    /// The loop registers the connection for both directions, edge-triggered, as token 0.
    fn the_connection_is_registered_once_for_both(trace) {
        let calls = calls(trace);
        let Some(second) = calls.get(1) else { return false };
        let event = second.argument(3);
        second.name == "epoll_ctl"
            && second.argument(1) == "EPOLL_CTL_ADD"
            && ["EPOLLIN|EPOLLOUT", "EPOLLET", "u32=0,"].iter().all(|it| event.contains(it))
    }

    /// A fresh socket has room: the wait of 60 seconds ends with that, and the next call is a wait.
    fn room_is_reported_and_nothing_follows(trace) {
        let calls = calls(trace);
        let [_, _, room, next, ..] = &calls[..] else { return false };
        is_wait(room)
            && timeout(room) == "60000"
            && room.argument(1).contains("{events=EPOLLOUT,")
            && is_wait(next)
    }

    /// The wait behind the piece of a head is for the ten seconds of a head.
    fn a_head_has_ten_seconds(trace) {
        let calls = calls(trace);
        after(&calls, "GET /echo/one").first().is_some_and(|wait| timeout(wait) == "10000")
    }

    /// Between the rest of the two requests and the send, there is no call.
    fn the_send_follows_its_receive_directly(trace) {
        let calls = calls(trace);
        let next = after(&calls, "GET /echo/two").first();
        next.is_some_and(|next| next.name == "sendto" && next.returned() == Some(304))
    }

    /// The client's end is announced, received as 0, answered by a shutdown, and closed.
    fn the_end_is_announced_and_received(trace) {
        let calls = calls(trace);
        let mut places = calls.windows(4).filter(|four| four[0].argument(1).contains("EPOLLRDHUP"));
        places.any(|four| {
            four[1].name == "recvfrom"
                && four[1].returned() == Some(0)
                && four[2].name == "shutdown"
                && four[3].name == "close"
        })
    }

    /// After the first connection has been closed, the wait has no timeout.
    fn no_timer_is_left_behind(trace) {
        let calls = calls(trace);
        let closed = calls.iter().position(|call| call.name == "close");
        closed.and_then(|at| calls.get(at + 1)).is_some_and(|next| timeout(next) == "-1")
    }

    /// Both connections have the same descriptor and the same token.
    fn descriptor_and_token_are_used_again(trace) {
        let calls = calls(trace);
        let added: Vec<&Call<'_>> = calls.iter().filter(|call| call.name == "epoll_ctl").collect();
        let [first, second] = added[..] else { return false };
        let is_same = |place| first.argument(place) == second.argument(place);
        is_same(2) && is_same(3)
    }

    /// Between the request for work and its response there are two waits: an edge that brings
    /// nothing new, and the mailbox.
    fn two_waits_between_request_and_answer(trace) {
        let calls = calls(trace);
        let [edge, message] = before_send(work(&calls)) else { return false };
        edge.argument(1).contains("{events=EPOLLOUT, data={u32=0,") && is_for_mailbox(message)
    }

    /// Both messages of shutdown come through the mailbox, and then the timeout is 500 ms.
    fn shutdown_is_two_messages(trace) {
        let calls = calls(trace);
        let answered = calls.iter().rposition(|call| call.name == "sendto");
        let Some([first, second, third, ..]) = answered.map(|at| &calls[at + 1..]) else {
            return false;
        };
        is_for_mailbox(first)
            && is_for_mailbox(second)
            && [second, third].iter().all(|wait| timeout(wait) == "500")
    }

    /// The last wait brings no event; then the connection is shut down and closed.
    fn a_moment_in_time_is_a_wait_without_events(trace) {
        let calls = calls(trace);
        let Some(last) = calls.iter().rposition(is_wait) else { return false };
        let names: Vec<&str> = calls[last + 1..].iter().map(|call| call.name).take(2).collect();
        calls[last].argument(1) == "[]"
            && calls[last].returned() == Some(0)
            && names == ["shutdown", "close"]
    }

    /// After the first responses the timeout is that of the head's timer, which was left in place.
    fn a_pointless_timer_is_left_where_it_was(trace) {
        let calls = calls(trace);
        let wait = after(&calls, "GET /echo/two").iter().find(|call| is_wait(call));
        wait.and_then(|wait| timeout(wait).parse().ok())
            .is_some_and(|rest: u32| (9_000..10_000).contains(&rest))
    }

    /// An event lists what was true before as well: readable comes with writable.
    fn events_list_all_that_is_true(trace) {
        let calls = calls(trace);
        let events = |set| calls.iter().filter(|it| it.argument(1).contains(set)).count();
        events("{events=EPOLLIN|EPOLLOUT,") >= 3
    }

    /// Each time that bytes were received, the next call is no second receive.
    fn no_receive_finds_nothing(trace) {
        let calls = calls(trace);
        let brings_bytes = |call: &Call<'_>| call.name == "recvfrom" && call.returned() > Some(0);
        let count = calls.iter().filter(|call| brings_bytes(call)).count();
        let repeats = |pair: &[Call<'_>]| brings_bytes(&pair[0]) && pair[1].name == "recvfrom";
        count >= 3 && !calls.windows(2).any(repeats)
    }

    /// The waker is the descriptor that is closed last.
    fn the_waker_is_descriptor_13(trace) {
        calls(trace).last().is_some_and(|it| it.name == "close" && it.argument(0) == "13")
    }
}
