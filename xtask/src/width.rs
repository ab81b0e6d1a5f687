//! Lines that are too wide. rustfmt breaks code at column 100, but neither prose nor strings.

use crate::run::{Failure, Result, read, tracked};

const MAX_WIDTH: usize = 100;

/// Looks at every file of Rust, and prints each line that is too wide.
pub(crate) fn check() -> Result {
    let mut count = 0;
    for file in tracked("*.rs")? {
        for (number, width) in too_wide(&read(&file)?) {
            println!("{file}:{number}: {width} columns");
            count += 1;
        }
    }
    if count == 0 {
        return Ok(());
    }
    Err(Failure::found(format!("{count} lines are wider than {MAX_WIDTH} columns")))
}

/// The number and the width of each line that is too wide.
fn too_wide(text: &str) -> Vec<(usize, usize)> {
    let widths = text.lines().map(|line| (line, line.chars().count()));
    let wide = widths.enumerate().filter(|(_, (line, width))| {
        *width > MAX_WIDTH && !has_address(line) && !is_row_of_a_table(line)
    });
    wide.map(|(index, (_, width))| (index + 1, width)).collect()
}

/// An address cannot be broken.
fn has_address(line: &str) -> bool {
    line.contains("https://") || line.contains("http://")
}

/// Nor can a row of a table, in a doc comment.
fn is_row_of_a_table(line: &str) -> bool {
    let comment = line.trim_start();
    let text = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
    text.is_some_and(|text| text.trim_start().starts_with('|'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_above_column_100_are_found_in_code_and_in_prose() {
        let wide = "x".repeat(101);
        let text = format!("{}\n{wide}\n// {}\n", "x".repeat(100), "é".repeat(98));
        assert_eq!(too_wide(&text), [(2, 101), (3, 101)]);
    }

    #[test]
    fn addresses_and_rows_of_tables_may_be_wide() {
        let wide = "x".repeat(101);
        assert_eq!(too_wide(&format!("//! https://example.org/{wide}")), []);
        assert_eq!(too_wide(&format!("    /// | {wide} |")), []);
        assert_eq!(too_wide(&format!("a | {wide}")), [(1, 105)]);
    }
}
