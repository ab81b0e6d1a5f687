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

predicates! {
    /// No client leaves the first step unharmed.
    fn the_first_step_survives_nothing(trace) {
        survived(trace).first() == Some(&Some(0))
    }

    /// There are five steps, and each survives one client more than the step before.
    fn each_step_survives_one_more(trace) {
        survived(trace) == [0, 1, 2, 3, 4].map(Some)
    }
}
