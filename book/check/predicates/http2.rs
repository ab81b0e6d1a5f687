//! What the chapter on HTTP/2 says of its transcript.

use super::define::predicates;

/// The steps under the remark that begins like this.
fn part<'t>(transcript: &'t str, remark: &str) -> Vec<&'t str> {
    let behind = transcript.split("# ").find(|part| part.starts_with(remark)).unwrap_or_default();
    behind.lines().filter_map(|line| line.split_once(" s  ").map(|(_, step)| step)).collect()
}

fn has(steps: &[&str], parts: &[&str]) -> bool {
    steps.iter().any(|step| parts.iter().all(|part| step.contains(part)))
}

predicates! {
    /// Two pieces of work are outstanding, and the third request has been answered.
    fn the_third_is_answered_before_the_first(trace) {
        let steps = part(trace, "HEADERS 1 and");
        has(&steps, &["HEADERS 5, DATA 5", "END_STREAM"])
            && has(&steps, &["Run(Ticket(1)"])
            && has(&steps, &["Run(Ticket(2)"])
    }

    /// What was begun last is done and answered first.
    fn answers_come_as_work_is_done(trace) {
        let steps = part(trace, "The work that was begun last");
        let place = |text| steps.iter().position(|step| step.contains(text));
        let (Some(three), Some(one)) = (place("→ HEADERS 3"), place("→ HEADERS 1")) else {
            return false;
        };
        three < one && steps[three].contains("Ticket(2)") && steps[one].contains("Ticket(1)")
    }

    /// While work is outstanding, input is wanted and there is no deadline.
    fn input_is_wanted_while_work_is_outstanding(trace) {
        let steps = part(trace, "HEADERS 1 and");
        steps.last().is_some_and(|last| last.contains("Wait { read: true, deadline: none }"))
    }

    /// Stream 7 has said 10 bytes of 15 and has 20 seconds; stream 9 is answered meanwhile.
    fn a_shut_window_holds_one_stream(trace) {
        let steps = part(trace, "HEADERS 7 asks");
        let ends = has(&steps, &["HEADERS 9, DATA 9", "END_STREAM"]);
        let waits = steps.iter().filter(|step| step.contains("deadline: 20.50 s")).count();
        has(&steps, &["HEADERS 7, DATA 7 (10 bytes)"]) && ends && waits == 2
    }

    /// The window is opened, and the other 5 bytes come.
    fn room_in_the_window_arrives_as_input(trace) {
        let steps = part(trace, "WINDOW_UPDATE 7");
        steps.first().is_some_and(|first| {
            first.starts_with("receive(13 bytes") && first.contains("DATA 7 (5 bytes) END_STREAM")
        })
    }

    /// The same response takes 71 bytes the first time and 29 the second.
    fn fields_that_were_said_before_are_numbers(trace) {
        part(trace, "HEADERS 1 and").contains(&"sent(71)")
            && part(trace, "HEADERS 7 asks").contains(&"sent(29)")
    }

    /// There are two GOAWAY, and the answer to the PING is between them.
    fn goaway_is_said_twice(trace) {
        let steps = part(trace, "Shutdown; then");
        has(&steps, &["→ 0 consumed, GOAWAY, PING"]) && has(&steps, &["17 new", "GOAWAY"])
    }
}
