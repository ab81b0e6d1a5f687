//! Two texts beside each other, line by line.

/// A line of one text or of both.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    Both(&'a str),
    First(&'a str),
    Second(&'a str),
}

/// The lines of both texts, with as many in common as can be.
#[must_use]
pub fn lines<'a>(first: &'a str, second: &'a str) -> Vec<Line<'a>> {
    let (first, second): (Vec<&str>, Vec<&str>) =
        (first.lines().collect(), second.lines().collect());
    // How many lines the rests from these places on have in common.
    let mut common = vec![vec![0; second.len() + 1]; first.len() + 1];
    for i in (0..first.len()).rev() {
        for j in (0..second.len()).rev() {
            common[i][j] = match first[i] == second[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < first.len() || j < second.len() {
        if i < first.len() && j < second.len() && first[i] == second[j] {
            lines.push(Line::Both(first[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == second.len() || (i < first.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::First(first[i]));
            i += 1;
        } else {
            lines.push(Line::Second(second[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_common_are_found_between_those_that_differ() {
        use Line::{Both, First, Second};
        assert_eq!(
            lines("a\nb\nc\n", "a\nx\nc\nd\n"),
            [Both("a"), First("b"), Second("x"), Both("c"), Second("d")]
        );
        assert_eq!(lines("", "a"), [Second("a")]);
        assert_eq!(lines("a", ""), [First("a")]);
    }
}
