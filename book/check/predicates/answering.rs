//! What *Answering well* says of its traces.

use super::calls::{Call, calls};
use super::define::predicates;

/// The lines of the output of one command.
fn output<'t>(trace: &'t str, command: &str) -> Vec<&'t str> {
    let part = trace.split("$ greet ").find_map(|part| part.strip_prefix(command));
    part.unwrap_or_default().lines().filter(|line| !line.is_empty()).collect()
}

/// What the five levels answer in a row of the table.
fn row<'t>(table: &'t str, what: &str) -> Vec<&'t str> {
    let row = table.lines().find_map(|line| line.strip_prefix(what));
    row.unwrap_or_default().split_whitespace().collect()
}

predicates! {
    /// The first body lacks its full stop, and the second response begins with it.
    fn one_byte_too_few_spoils_the_next_response(trace) {
        let lines = output(trace, "naive Zoë Ann\n");
        let [first, second] = lines[..] else { return false };
        first.starts_with("200, Content-Length: 11,")
            && first.ends_with("body \"Hello, Zoë\"")
            && second.starts_with("no response: \".HTTP/1.1 200 OK\"")
    }

    /// The client finds a field for cookies.
    fn a_name_becomes_a_field(trace) {
        let lines = output(trace, "naive $'Ann\\r\\nSet-Cookie: admin=1'\n");
        lines.len() == 1 && lines[0].contains(", X-Greeted: Ann, Set-Cookie: admin=1, body")
    }

    /// Pieces that end with the body, and then all of them at once.
    fn each_piece_is_a_system_call_and_a_buffer_makes_one(trace) {
        let calls = calls(trace);
        let bytes: Vec<i64> = calls.iter().filter_map(Call::returned).collect();
        let Some((whole, pieces)) = bytes.split_last() else { return false };
        pieces.len() == 14 && pieces.iter().sum::<i64>() == *whole
    }

    /// Texts that only look like the one of a missing file are answered 404.
    fn words_decide_on_the_second_level(trace) {
        row(trace, "page \"os error 2\"").get(1) == Some(&"404!")
            && row(trace, "page 3, no descriptor").get(1) == Some(&"404!")
    }

    /// A path that is no page's is 500 on two levels.
    fn the_other_path_is_forgotten_up_to_the_third_level(trace) {
        row(trace, "another path") == ["-!", "500!", "500!", "404", "404"]
    }

    /// The missing footer is 404 but for the fifth level.
    fn the_footer_is_ours_on_the_fifth_level_alone(trace) {
        row(trace, "page 1, no footer") == ["-!", "404!", "404!", "404!", "500"]
    }
}
