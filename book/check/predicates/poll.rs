//! What *select, poll, epoll* says of the recordings of the echo servers.

use super::calls::{Call, calls};
use super::define::predicates;

/// A line of `strace -c`: the name of a call, how often it was made, and how often it failed.
fn counts(trace: &str) -> Vec<(&str, u64, u64)> {
    let counted = trace.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let name = fields.next()?;
        let calls = fields.next()?.parse().ok()?;
        let errors = fields.next().map_or(Ok(0), str::parse).ok()?;
        Some((name, calls, errors))
    });
    counted.collect()
}

/// How often this call was made, and how often it failed.
fn count(trace: &str, name: &str) -> Option<(u64, u64)> {
    let found = counts(trace).into_iter().find(|(counted, ..)| *counted == name);
    found.map(|(_, calls, errors)| (calls, errors))
}

fn is_wait(call: &Call<'_>) -> bool {
    call.name == "ppoll"
}

/// What a call is about.
fn descriptor<'t>(call: &Call<'t>) -> &'t str {
    call.argument(0)
}

/// How many bytes a send was given. It is the third argument.
fn given(call: &Call<'_>) -> Option<i64> {
    call.argument(2).parse().ok()
}

fn is_partial(call: &Call<'_>) -> bool {
    call.name == "sendto"
        && call.returned().is_some_and(|sent| 0 < sent && Some(sent) < given(call))
}

fn receives(call: &Call<'_>, from: &str, bytes: &str) -> bool {
    call.name == "recvfrom" && descriptor(call) == from && call.argument(1) == bytes
}

predicates! {
    /// Accepts and receives by thousands, and all but a few have failed.
    fn nearly_every_call_finds_nothing(trace) {
        ["accept4", "recvfrom"].iter().all(|name| {
            count(trace, name).is_some_and(|(calls, errors)| calls > 1000 && errors + 1 >= calls)
        })
    }

    /// One client is accepted. The waits are one for it, and one that lasts.
    fn it_waits_twice_in_two_seconds(trace) {
        let waits = count(trace, "ppoll").is_some_and(|(waits, _)| waits == 2);
        waits && count(trace, "accept4") == Some((1, 0)) && count(trace, "recvfrom").is_none()
    }

    /// The first list has one entry, the listener, and it is the one that is ready.
    fn the_first_list_is_the_listener(trace) {
        calls(trace).iter().find(|call| is_wait(call)).is_some_and(|first| {
            descriptor(first) == "[{fd=3, events=POLLIN}]"
                && first.argument(1) == "1"
                && first.result == "1 ([{fd=3, revents=POLLIN}])"
        })
    }

    /// There is no timeout.
    fn no_wait_has_a_timeout(trace) {
        let calls = calls(trace);
        let mut waits = calls.iter().filter(|call| is_wait(call)).map(|call| call.argument(2));
        waits.clone().count() == 6 && waits.all(|timeout| timeout == "NULL")
    }

    /// Both clients are accepted, as 4 and 5, and made non-blocking.
    fn each_client_is_made_non_blocking(trace) {
        let calls = calls(trace);
        let pairs = calls.windows(2).filter(|pair| pair[0].name == "accept4");
        let clients: Vec<_> = pairs.map(|pair| (pair[0].returned(), pair[1])).collect();
        clients.len() == 2
            && clients.iter().zip(["4", "5"]).all(|((accepted, next), descriptor)| {
                accepted.map(|it| it.to_string()).as_deref() == Some(descriptor)
                    && next.name == "ioctl"
                    && next.argument(0) == descriptor
                    && next.argument(1) == "FIONBIO"
            })
    }

    /// The lists have one, two and three entries, and two when the second client has left.
    fn the_list_follows_the_clients(trace) {
        let calls = calls(trace);
        let mut lengths: Vec<_> =
            calls.iter().filter(|call| is_wait(call)).map(|call| call.argument(1)).collect();
        lengths.dedup();
        lengths == ["1", "2", "3", "2"]
    }

    /// The second client is answered before anything is received from the first.
    fn the_second_is_answered_while_the_first_is_silent(trace) {
        let calls = calls(trace);
        let hello = calls.iter().position(|call| receives(call, "5", "\"hello\\n\""));
        let first = calls.iter().position(|call| receives(call, "4", "\"first\\n\""));
        let (Some(hello), Some(first)) = (hello, first) else { return false };
        let answer = calls.get(hello + 1).is_some_and(|call| {
            call.name == "sendto" && descriptor(call) == "5" && call.returned() == Some(6)
        });
        answer && hello < first
    }

    /// Each wait names one socket, and the next call is about this one.
    fn each_wait_is_followed_by_what_it_announced(trace) {
        let calls = calls(trace);
        let mut waits = 0;
        for pair in calls.windows(2).filter(|pair| is_wait(&pair[0])) {
            let ready = pair[0].result.split("fd=").nth(1).and_then(|it| it.split(',').next());
            let expected = if ready == Some("3") { "accept4" } else { "recvfrom" };
            if ready != Some(descriptor(&pair[1])) || pair[1].name != expected {
                return false;
            }
            waits += 1;
        }
        waits >= 5
    }

    /// Nothing is received: the end. The socket is closed.
    fn the_end_is_something_to_read(trace) {
        let calls = calls(trace);
        calls.windows(2).any(|pair| {
            receives(&pair[0], "5", "\"\"")
                && pair[0].returned() == Some(0)
                && (pair[1].name, descriptor(&pair[1])) == ("close", "5")
        })
    }

    /// The last wait has no answer: the process was ended.
    fn the_last_wait_has_no_answer(trace) {
        calls(trace).last().is_some_and(|last| is_wait(last) && last.result.starts_with('?'))
    }

    /// A send takes a part, and the next wait asks for room.
    fn a_part_is_sent_and_room_asked_for(trace) {
        let calls = calls(trace);
        let Some(at) = calls.iter().position(is_partial) else { return false };
        let next = calls[at..].iter().find(|call| is_wait(call));
        next.is_some_and(|call| descriptor(call).contains("events=POLLIN|POLLOUT"))
    }

    /// Before it, no wait asks for room.
    fn room_was_not_asked_for_before(trace) {
        let calls = calls(trace);
        let Some(at) = calls.iter().position(is_partial) else { return false };
        let mut before = calls[..at].iter().filter(|call| is_wait(call));
        before.clone().count() > 0 && before.all(|call| !descriptor(call).contains("POLLOUT"))
    }

    /// From the partial send to the wait that ends with room, each wait ends with input, which is
    /// received, and a send that finds no room.
    fn without_room_a_send_says_eagain(trace) {
        let calls = calls(trace);
        let room = |call: &Call<'_>| is_wait(call) && call.result.contains("revents=POLLOUT");
        let part = calls.iter().position(is_partial);
        let (Some(part), Some(room)) = (part, calls.iter().position(room)) else { return false };
        let rounds = calls.get(part + 1..room).unwrap_or_default().chunks(3);
        rounds.len() > 0
            && rounds.into_iter().all(|round| {
                let [wait, receive, send] = round else { return false };
                is_wait(wait)
                    && receive.name == "recvfrom"
                    && send.name == "sendto"
                    && send.result.starts_with("-1 EAGAIN")
            })
    }

    /// A wait ends with room, and the next call is a send.
    fn room_comes_and_the_rest_is_sent(trace) {
        let calls = calls(trace);
        calls.windows(2).any(|pair| {
            is_wait(&pair[0])
                && pair[0].result.contains("revents=POLLOUT")
                && pair[1].name == "sendto"
                && pair[1].returned().is_some_and(|sent| sent > 0)
        })
    }

    /// The last wait asks for input alone.
    fn at_last_only_input_is_asked_for(trace) {
        calls(trace).last().is_some_and(|last| is_wait(last) && !descriptor(last).contains("OUT"))
    }
}
