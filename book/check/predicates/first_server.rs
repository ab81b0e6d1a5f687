//! What *A server in 60 lines* says of the verdicts of the four clients.

use super::define::predicates;

/// How many of the four clients each step survives, in the order of the steps. Nothing if it is not
/// the first ones.
fn survived(trace: &str) -> Vec<Option<usize>> {
    let lines: Vec<&str> = trace.lines().collect();
    let of_a_step = |four: &[&str]| {
        let verdicts = four.iter().map(|line| line.split_whitespace().nth(2));
        let survives: Vec<bool> = verdicts.map(|it| it == Some("survived")).collect();
        let count = survives.iter().take_while(|it| **it).count();
        (four.len() == 4 && !survives[count..].contains(&true)).then_some(count)
    };
    lines.chunks(4).map(of_a_step).collect()
}

/// How many connections did this.
fn count(trace: &str, what: &str) -> usize {
    trace.lines().filter(|line| line.contains(what)).count()
}

predicates! {
    /// The browser asks once, and has made three connections.
    fn one_request_and_three_connections(trace) {
        count(trace, " connects") == 3 && count(trace, " asks: GET / HTTP/1.1") == 1
    }

    /// One connection ends without a word, and another stays and is silent.
    fn one_leaves_and_one_is_silent(trace) {
        let silent = count(trace, " has said nothing for 8 s");
        count(trace, " leaves without a word") == 1 && silent == 1
    }

    /// No client leaves the first step unharmed.
    fn the_first_step_survives_nothing(trace) {
        survived(trace).first() == Some(&Some(0))
    }

    /// There are five steps, and each survives one client more than the step before.
    fn each_step_survives_one_more(trace) {
        survived(trace) == [0, 1, 2, 3, 4].map(Some)
    }
}
