//! What the chapter on completions says of the trace of `backend-uring`.

use super::calls::{Call, calls};
use super::define::predicates;

fn is_enter(call: &Call<'_>) -> bool {
    call.name == "io_uring_enter"
}

/// How many operations each call hands over.
fn handed_over(calls: &[Call<'_>]) -> Vec<String> {
    calls.iter().filter(|call| is_enter(call)).map(|call| call.argument(1).to_owned()).collect()
}

/// The calls up to the first that closes a socket, or all of none.
fn first_connection<'c, 't>(calls: &'c [Call<'t>]) -> &'c [Call<'t>] {
    calls.iter().position(|call| call.name == "close").map_or(&[], |at| &calls[..=at])
}

/// The calls behind the first that closes a socket.
fn second_connection<'c, 't>(calls: &'c [Call<'t>]) -> &'c [Call<'t>] {
    &calls[first_connection(calls).len()..]
}

predicates! {
    /// No call carries bytes.
    fn no_call_carries_bytes(trace) {
        let calls = calls(trace);
        let carries = |call: &Call<'_>| matches!(call.name, "recvfrom" | "sendto");
        calls.iter().filter(|call| is_enter(call)).count() == 14 && !calls.iter().any(carries)
    }

    /// Each waits for one completion.
    fn each_call_waits_for_one_completion(trace) {
        let calls = calls(trace);
        let enters: Vec<&Call<'_>> = calls.iter().filter(|call| is_enter(call)).collect();
        enters.len() == 14 && enters.iter().all(|call| call.argument(2) == "1")
    }

    /// The ring is enabled first; then the loop hands over one operation: to watch its waker.
    fn the_ring_is_enabled_and_the_waker_watched(trace) {
        let calls = calls(trace);
        let [first, second, ..] = &calls[..] else { return false };
        first.argument(1) == "IORING_REGISTER_ENABLE_RINGS"
            && is_enter(second)
            && second.argument(1) == "1"
    }

    /// Of the first connection: the waker, a receive, nothing, a send, nothing; then its end.
    fn a_receive_is_handed_over_once_for_both_pieces(trace) {
        let calls = calls(trace);
        handed_over(first_connection(&calls)) == ["1", "1", "0", "1", "0"]
    }

    /// With nothing under way, the socket is shut down and closed at once.
    fn the_first_connection_ends_without_another_operation(trace) {
        let calls = calls(trace);
        let [.., wait, shutdown, close] = first_connection(&calls) else { return false };
        is_enter(wait)
            && wait.argument(1) == "0"
            && shutdown.name == "shutdown"
            && close.name == "close"
    }

    /// Of the second connection: the waker again, a receive, and nothing until the work is done.
    fn work_comes_back_through_the_waker(trace) {
        let calls = calls(trace);
        handed_over(second_connection(&calls)).get(..4).is_some_and(|it| it == ["0", "1", "0", "1"])
    }

    /// After the send the waker ends two waits, and time the third.
    fn shutdown_is_two_wakes_and_a_timeout(trace) {
        let calls = calls(trace);
        let enters = second_connection(&calls).iter().filter(|call| is_enter(call));
        let enters: Vec<&Call<'_>> = enters.collect();
        let Some([first, second, third]) = enters.get(4..7) else { return false };
        [first, second].iter().all(|it| it.result == "0")
            && third.result.contains("ETIME")
            && [first, second, third].iter().all(|it| it.argument(1) == "0")
    }

    /// The cancellation is one operation, and `close` comes behind it.
    fn the_end_waits_for_the_cancelled_receive(trace) {
        let calls = calls(trace);
        let names = |four: &[Call<'_>]| {
            four[0].result.contains("ETIME")
                && four[1].name == "shutdown"
                && is_enter(&four[2])
                && four[2].argument(1) == "1"
                && four[3].name == "close"
        };
        calls.windows(4).any(names)
    }

    /// The last call of the ring stops the watching of the waker, before it is closed.
    fn the_last_call_is_for_the_waker(trace) {
        let calls = calls(trace);
        let Some(last) = calls.iter().rposition(is_enter) else { return false };
        let names: Vec<&str> = calls[last + 1..].iter().map(|call| call.name).collect();
        calls[last].argument(1) == "1"
            && names == ["io_uring_register", "close", "close"]
            && calls[last - 1].name == "close"
    }
}
