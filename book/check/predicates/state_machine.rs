//! What *The connection as a state machine* says of its transcript.

use super::define::predicates;

/// The lines of a transcript without their times.
fn steps(transcript: &str) -> Vec<&str> {
    transcript.lines().filter_map(|line| line.split_once(" s  ").map(|(_, step)| step)).collect()
}

/// The seconds that a transcript shows first and last.
fn seconds(transcript: &str) -> Vec<f64> {
    let times = transcript.lines().filter_map(|line| line.split_once(" s  "));
    times.filter_map(|(time, _)| time.trim().parse().ok()).collect()
}

predicates! {
    /// Time passes for the connection: from 0 to a little more than 11 seconds.
    fn eleven_seconds_pass(trace) {
        let seconds = seconds(trace);
        let last = seconds.last().is_some_and(|last| (11.0..12.0).contains(last));
        seconds.first() == Some(&0.0) && seconds.contains(&0.25) && last
            && seconds.iter().filter(|time| **time == 11.27).count() == 4
    }

    /// The second request has come with the first and is left with the caller; input is not wanted.
    fn the_second_request_waits_unconsumed(trace) {
        let steps = steps(trace);
        steps.windows(3).any(|three| {
            three[0].starts_with("receive(82 bytes")
                && three[0].ends_with("41 consumed")
                && three[1].contains("Run(")
                && three[2].contains("Wait { read: false")
        })
    }

    /// While work is outstanding there is no deadline.
    fn work_has_no_deadline(trace) {
        let steps = steps(trace);
        let waits = steps.windows(2).filter(|two| two[0].contains("Run("));
        waits.map(|two| two[1]).collect::<Vec<_>>().concat().contains("deadline: none")
    }

    /// The end of a connection: our side is closed, the client is waited for, both are closed.
    fn the_end_takes_three_steps(trace) {
        let steps = steps(trace);
        let wanted = ["→ ShutdownWrite", "→ Wait { read: true", "receive_eof()", "→ Close"];
        let mut at = 0;
        for step in &steps {
            at += usize::from(wanted.get(at).is_some_and(|wanted| step.contains(wanted)));
        }
        at == wanted.len()
    }
}
