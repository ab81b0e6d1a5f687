//! Patterns of paths, and what their wildcards have matched.

use regex_lite::{Captures, Regex};
use serde::Deserialize;

/// A pattern of paths: `*` is any text without a slash, `**` any text, `?` one character that is no
/// slash, `{a,b}` one of several texts. `/a/**/b` matches `/a/b` as well.
///
/// One that begins with a slash is a pattern of whole paths, decoded: `/blog/*`, `/assets/**`. One
/// without any is a pattern of names: `*.html` matches `/index.html` and `/docs/index.html`.
///
/// ```
/// use app::site::Pattern;
/// let pattern = Pattern::try_from("/blog/*/{a,b}.html".to_owned())?;
/// assert!(pattern.matches("/blog/2026/a.html"));
/// assert!(!pattern.matches("/blog/2026/c.html"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(pattern: String) -> Result<Self, String> {
        let is_regex =
            pattern.starts_with(['^', '~']) || pattern.contains("(.") || pattern.contains('\\');
        if is_regex {
            return Err(format!(
                "the pattern {pattern:?} is a regular expression: write * for a part of a path, ** \
                 for any number of parts, as in \"/blog/**\" or \"*.{{png,jpg}}\""
            ));
        }
        if pattern.starts_with('.') && !pattern.contains('/') && pattern != ".well-known" {
            return Err(format!(
                "no name that is served begins with a dot: \"*{pattern}\" is for names that end so"
            ));
        }
        if pattern.contains('/') && !pattern.starts_with('/') {
            return Err(format!("the pattern {pattern:?} has slashes, so it must begin with one"));
        }
        let regex = translate(&pattern).and_then(|regex| Regex::new(&regex).ok());
        regex
            .map(Pattern)
            .ok_or_else(|| format!("the braces of the pattern {pattern:?} do not match"))
    }
}

/// A pattern as a regular expression, with a group for each wildcard.
fn translate(pattern: &str) -> Option<String> {
    let start = if pattern.starts_with('/') { "(?s)^" } else { "(?s)^(?:.*/)?" };
    let mut regex = start.to_owned();
    let mut rest = pattern.chars().peekable();
    let mut in_braces = false;
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                let is_of_parts = regex.ends_with('/') && rest.next_if_eq(&'/').is_some();
                regex.push_str(if is_of_parts { "(?:(.*)/)?" } else { "(.*)" });
            }
            '*' => regex.push_str("([^/]*)"),
            '?' => regex.push_str("[^/]"),
            '{' if !in_braces => {
                in_braces = true;
                regex.push('(');
            }
            '}' if in_braces => {
                in_braces = false;
                regex.push(')');
            }
            ',' if in_braces => regex.push('|'),
            '{' | '}' => return None,
            plain => regex.push_str(&regex_lite::escape(plain.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    (!in_braces).then_some(regex)
}

impl Pattern {
    /// Whether it matches a decoded path, which begins with a slash.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }

    /// How many wildcards it has.
    pub(crate) fn wildcards(&self) -> usize {
        self.0.captures_len() - 1
    }

    /// If it matches: `to` with what the wildcards have matched in place of `$1` to `$9`, as
    /// `write` has it.
    pub(crate) fn expand(
        &self,
        path: &str,
        to: &str,
        write: impl Fn(&str) -> String,
    ) -> Option<String> {
        let captures: Captures<'_> = self.0.captures(path)?;
        let mut parts = to.split('$');
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.chars().next().and_then(|digit| digit.to_digit(10)) {
                Some(number @ 1..) => {
                    let matched = captures.get(number as usize).map_or("", |it| it.as_str());
                    expanded += &write(matched);
                    expanded += &part[1..];
                }
                _ => expanded = expanded + "$" + part,
            }
        }
        Some(expanded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_pattern_matches_whole_paths_or_names() {
        for (text, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/a/b", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/ab", false),
            ("/a/**/b", "/a/b", true),
            ("/a/**/b", "/a/x/y/b", true),
            ("/a/**/b", "/ab", false),
            ("/a**/b", "/ab", false),
            ("/a**/b", "/ac/d/b", true),
            ("/**", "/", true),
            ("/**/*.html", "/a.html", true),
            ("*.html", "/a/b.html", true),
            ("*.html", "/b.html", true),
            ("*.html", "/b.html/c", false),
            ("*.{js,css}", "/x/y.css", true),
            ("*.{js,css}", "/x/y.ts", false),
            ("a?c", "/abc", true),
            ("a?c", "/a/c", false),
            ("a.c", "/abc", false),
            ("(a|b)", "/a", false),
        ] {
            assert_eq!(pattern(text).matches(path), expected, "{text} {path}");
        }
    }

    #[test]
    fn wildcards_are_numbered_from_the_left() {
        let expand = |text, path, to| pattern(text).expand(path, to, str::to_uppercase);
        assert_eq!(expand("/a/*/{x,y}/**", "/a/b/y/c/d", "/$3/$1-$2").unwrap(), "/C/D/B-Y");
        assert_eq!(expand("/a", "/a", "/$1$").unwrap(), "/$");
        assert_eq!(expand("/**/*.htm", "/b.htm", "/x/$1/$2").unwrap(), "/x//B");
        assert_eq!(expand("/a", "/b", "/c"), None);
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_refused() {
        for text in ["a/b", "{a", "a}", "{a{b}}", ".png", "^/a/(.*)$", "~* \\.png$"] {
            assert!(Pattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
