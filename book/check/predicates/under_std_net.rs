//! What *Under `std::net`* says of the recordings of the museum's servers.

use super::calls::{Call, calls};
use super::define::predicates;

/// The calls of this name.
fn named<'t>(trace: &'t str, name: &str) -> Vec<Call<'t>> {
    calls(trace).into_iter().filter(|call| call.name == name).collect()
}

/// The names of all calls, in their order.
fn names(trace: &str) -> Vec<&str> {
    calls(trace).iter().map(|call| call.name).collect()
}

/// The thread that made the first call of this name, and finished it without a break.
fn thread<'t>(trace: &'t str, name: &str) -> Option<&'t str> {
    let is_named = |line: &&str| line.contains(&format!(" {name}(")) && line.contains(" = ");
    trace.lines().find(is_named)?.split_whitespace().next()
}

/// How long a call took, in seconds, as `strace -T` says.
fn seconds(call: &Call<'_>) -> Option<f64> {
    call.result.split_once('<')?.1.strip_suffix('>')?.parse().ok()
}

/// The number behind this, in hexadecimal digits.
fn hexadecimal(text: &str, before: &str) -> Option<u64> {
    let digits = text.split_once(before)?.1;
    let end = digits.find(|c: char| !c.is_ascii_hexdigit())?;
    u64::from_str_radix(&digits[..end], 16).ok()
}

predicates! {
    /// The first call is a poll without a wait, about 0, 1 and 2, and reports nothing.
    fn the_runtime_asks_about_three_descriptors(trace) {
        let calls = calls(trace);
        let Some(first) = calls.first() else { return false };
        first.name == "poll"
            && ["fd=0,", "fd=1,", "fd=2,"].iter().all(|fd| first.argument(0).contains(fd))
            && first.argument(2) == "0"
            && first.returned() == Some(0)
    }

    /// SIGPIPE is ignored.
    fn sigpipe_is_ignored(trace) {
        let actions = named(trace, "rt_sigaction");
        let is_pipe = |call: &Call<'_>| call.argument(0) == "SIGPIPE";
        actions.iter().any(|call| is_pipe(call) && call.argument(1).contains("SIG_IGN"))
    }

    /// `socket` returns 3, and the calls behind it are about 3.
    fn the_listener_is_descriptor_3(trace) {
        let calls = calls(trace);
        let Some(at) = calls.iter().position(|call| call.name == "socket") else { return false };
        let behind = &calls[at + 1..];
        calls[at].returned() == Some(3)
            && names(trace)[at + 1..] == ["setsockopt", "bind", "listen", "getsockname", "accept4"]
            && behind.iter().all(|call| call.argument(0) == "3")
    }

    /// The option that is set before the bind is `SO_REUSEADDR`.
    fn the_address_may_be_used_again(trace) {
        let calls = calls(trace);
        let set = calls.windows(2).find(|two| two[1].name == "bind").map(|two| two[0]);
        set.is_some_and(|it| it.name == "setsockopt" && it.argument(2) == "SO_REUSEADDR")
    }

    /// The port that is bound is 0, and the one that is asked for later is not.
    fn port_0_is_asked_for_and_another_is_given(trace) {
        let is_0 = |name| named(trace, name).first().map(|it| it.argument(1).contains("htons(0)"));
        is_0("bind") == Some(true) && is_0("getsockname") == Some(false)
    }

    /// The queue has room for 128.
    fn up_to_128_wait_in_the_queue(trace) {
        named(trace, "listen").iter().any(|call| call.argument(1) == "128")
    }

    /// The last call is an accept that was interrupted.
    fn accept_was_asleep_at_the_end(trace) {
        calls(trace)
            .last()
            .is_some_and(|call| call.name == "accept4" && call.result.starts_with("? ERESTARTSYS"))
    }

    /// The flags of the thread name memory, descriptors and the process.
    fn a_thread_shares_memory_and_descriptors(trace) {
        let calls = named(trace, "clone3");
        let Some(call) = calls.first() else { return false };
        let flags = ["CLONE_VM|", "CLONE_FILES|", "CLONE_THREAD|"];
        flags.iter().all(|flag| call.argument(0).contains(flag)) && call.returned() > Some(0)
    }

    /// The stack lacks less than 64 KiB to 2 MiB.
    fn the_stack_has_nearly_2_mib(trace) {
        let size = hexadecimal(trace, "stack_size=0x");
        size.is_some_and(|size| size < 2 << 20 && size > (2 << 20) - (64 << 10))
    }

    /// Accepting returns 4, from 3, and the calls that follow are about 4.
    fn the_connection_is_descriptor_4(trace) {
        let [accepted, received, sent, closed] = &calls(trace)[..] else { return false };
        accepted.argument(0) == "3"
            && accepted.returned() == Some(4)
            && [received, sent, closed].iter().all(|call| call.argument(0) == "4")
    }

    /// The thread that accepted sleeps in the next accept while the others make calls.
    fn the_next_accept_is_unfinished(trace) {
        let begins = format!("{} accept4(3,  <unfinished", thread(trace, "accept4").unwrap_or("?"));
        let begun = trace.lines().position(|line| line.starts_with(&begins));
        let resumed = trace.lines().position(|line| line.contains("<... accept4 resumed>"));
        let received = trace.lines().position(|line| line.contains(" recvfrom("));
        begun.is_some() && begun < received && received < resumed
    }

    /// One thread receives, sends and closes, and another accepts.
    fn a_worker_serves(trace) {
        let worker = thread(trace, "recvfrom");
        worker.is_some()
            && worker == thread(trace, "sendto")
            && worker == thread(trace, "close")
            && thread(trace, "accept4").is_some_and(|main| Some(main) != worker)
    }

    /// There was room for 1,024, and fewer came.
    fn fewer_bytes_came_than_had_room(trace) {
        let received = named(trace, "recvfrom");
        received.first().is_some_and(|call| {
            call.argument(2) == "1024" && call.returned().is_some_and(|n| n > 0 && n < 1_024)
        })
    }

    /// The send was given 64 bytes, and returned 64.
    fn all_bytes_were_taken(trace) {
        let sent = named(trace, "sendto");
        sent.first().is_some_and(|call| call.argument(2) == "64" && call.returned() == Some(64))
    }

    /// Both timeouts are set, to two seconds.
    fn two_options_of_two_seconds(trace) {
        let options = named(trace, "setsockopt");
        let [receive, send] = &options[..] else { return false };
        receive.argument(2).contains("RCVTIMEO")
            && send.argument(2).contains("SNDTIMEO")
            && [receive, send].iter().all(|call| call.argument(3).starts_with("\"\\2\\0"))
    }

    /// The one receive takes two seconds, and a little more, and fails with EAGAIN.
    fn the_receive_failed_after_two_seconds(trace) {
        let received = named(trace, "recvfrom");
        let [receive] = &received[..] else { return false };
        receive.result.starts_with("-1 EAGAIN")
            && seconds(receive).is_some_and(|time| (2.0..3.0).contains(&time))
    }

    /// `getpeername` stands between the receive that failed and the close.
    fn the_client_is_asked_for_before_it_is_closed(trace) {
        let names = names(trace);
        names.windows(3).any(|three| three == ["recvfrom", "getpeername", "close"])
    }

    /// The head came in two pieces, and there is one response.
    fn two_receives_and_one_send(trace) {
        let names = names(trace);
        names.windows(3).any(|three| three == ["recvfrom", "recvfrom", "sendto"])
            && names.iter().filter(|name| **name == "sendto").count() == 1
    }

    /// Behind the send: a shutdown of writing, a receive of 0, the close.
    fn the_end_is_said_and_heard_before_the_close(trace) {
        let calls = calls(trace);
        let sent = calls.iter().position(|call| call.name == "sendto");
        let Some([said, heard, closed, ..]) = sent.map(|at| &calls[at + 1..]) else { return false };
        (said.name, said.argument(1)) == ("shutdown", "SHUT_WR")
            && (heard.name, heard.returned()) == ("recvfrom", Some(0))
            && closed.name == "close"
    }

    /// The server receives 1,024 bytes once, sends and closes.
    fn it_closes_with_bytes_unread(trace) {
        let received = named(trace, "recvfrom");
        received.len() == 1
            && received[0].returned() == Some(1_024)
            && names(trace).windows(3).any(|three| three == ["recvfrom", "sendto", "close"])
    }

    /// The client sends 4,000 bytes at once, receives something and then ECONNRESET.
    fn an_answer_and_then_a_reset(trace) {
        let sent = named(trace, "sendto");
        let received = named(trace, "recvfrom");
        let Some((last, before)) = received.split_last() else { return false };
        matches!(&sent[..], [once] if once.returned() == Some(4_000))
            && before.iter().any(|call| call.returned() > Some(0))
            && last.result.starts_with("-1 ECONNRESET")
    }

    /// The socket is made, and binding it to port 80 fails.
    fn the_port_is_refused(trace) {
        let [made, bound] = &calls(trace)[..] else { return false };
        made.name == "socket"
            && made.returned() >= Some(0)
            && bound.argument(1).contains("htons(80)")
            && bound.result.starts_with("-1 EACCES")
    }

    /// Binding to port 80 succeeds.
    fn the_port_is_given(trace) {
        let bound = named(trace, "bind");
        bound.iter().any(|it| it.argument(1).contains("htons(80)") && it.returned() == Some(0))
    }
}
