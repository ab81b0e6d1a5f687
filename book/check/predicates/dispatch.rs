//! What *Static or dynamic* says of its listings.

use super::define::predicates;

/// The instructions of a function.
fn instructions<'t>(trace: &'t str, function: &str) -> Vec<&'t str> {
    let behind = trace.split_once(&format!("{function}:\n")).map_or("", |(_, behind)| behind);
    behind.lines().take_while(|line| line.starts_with(' ')).map(str::trim).collect()
}

fn jumps_through_memory(instruction: &str) -> bool {
    ["jmp ", "call "].iter().any(|it| instruction.starts_with(it)) && instruction.contains('[')
}

/// How many bytes a type has.
fn size(trace: &str, name: &str) -> Option<u64> {
    let line = trace.lines().find(|line| line.get(..24).is_some_and(|it| it.trim() == name))?;
    line.get(24..)?.trim().parse().ok()
}

predicates! {
    /// It reads memory once and returns.
    fn a_known_call_is_the_body_of_the_method(trace) {
        let all = instructions(trace, "of_one_type");
        matches!(all[..], [read, "ret"] if read.starts_with("movzx") && read.contains("[rdi]"))
    }

    /// A comparison comes first, and no call.
    fn an_enum_compares_and_calls_nothing(trace) {
        let all = instructions(trace, "of_an_enum");
        all.first().is_some_and(|first| first.starts_with("cmp") || first.starts_with("mov"))
            && all.iter().any(|it| it.starts_with("cmp") || it.starts_with("test"))
            && !all.iter().any(|it| it.starts_with("call") || jumps_through_memory(it))
    }

    /// There is nothing else.
    fn a_dynamic_call_is_a_jump_through_the_table(trace) {
        let all = instructions(trace, "of_anything");
        matches!(all[..], [jump] if jumps_through_memory(jump) && jump.contains("[rsi+0x18]"))
    }

    /// A type without a field has no bytes.
    fn hello_takes_nothing(trace) {
        size(trace, "Hello") == Some(0)
    }

    /// One for the data, one for the table.
    fn a_pointer_to_anything_is_two(trace) {
        let one = size(trace, "&Refuse");
        one.is_some() && size(trace, "&dyn Handler") == one.map(|one| 2 * one)
    }

    /// It is as large as the box.
    fn an_option_of_a_box_is_free(trace) {
        let of_box = size(trace, "Box<dyn Handler>");
        of_box.is_some() && size(trace, "Option<Box<dyn Handler>>") == of_box
    }
}
