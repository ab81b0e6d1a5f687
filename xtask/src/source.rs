//! Rust as tokens: enough of it to see which module uses which.

/// A word, a `::`, or any other character that is not white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Counted from one.
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// The tokens of a file, without comments, without what stands in quotes, and without what is only
/// there in tests.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    without_tests(&all_tokens(text))
}

fn all_tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let rest = &characters[at..];
        let length = skipped(rest).unwrap_or(match first {
            _ if rest.starts_with(&[':', ':']) => 2,
            _ if is_of_word(first) => rest.iter().take_while(|c| is_of_word(**c)).count(),
            _ => 1,
        });
        if skipped(rest).is_none() && !first.is_whitespace() {
            tokens.push(Token { text: rest[..length].iter().collect(), line });
        }
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    tokens
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of a comment, or of a literal in quotes, if one begins here.
fn skipped(rest: &[char]) -> Option<usize> {
    let until = |end: &[char], from: usize| {
        let found = rest[from..].windows(end.len()).position(|part| part == end);
        found.map_or(rest.len(), |found| from + found + end.len())
    };
    match rest {
        ['/', '/', ..] => Some(rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => Some(until(&['*', '/'], 2)),
        ['"', ..] => Some(quoted(rest, '"')),
        // A character, and no lifetime.
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => Some(quoted(rest, '\'')),
        ['b', quote @ ('"' | '\''), ..] => Some(1 + quoted(&rest[1..], *quote)),
        ['r' | 'b', ..] => {
            let start = rest.iter().take(2).take_while(|c| matches!(c, 'b' | 'r')).count();
            let hashes = rest[start..].iter().take_while(|c| **c == '#').count();
            let is_raw = rest[start - 1] == 'r' && rest.get(start + hashes) == Some(&'"');
            let end: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
            is_raw.then(|| until(&end, start + hashes + 1))
        }
        [word, ..] if is_of_word(*word) => None,
        _ => None,
    }
}

/// The length of what stands in such quotes, with them.
fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Leaves out each item behind a `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut left = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match attribute(&tokens[at..]) {
            Some((length, true)) => at += length + item(&tokens[at + length..]),
            _ => {
                left.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    left
}

/// The length of an attribute, and whether it is one for tests alone.
fn attribute(tokens: &[Token]) -> Option<(usize, bool)> {
    if !(tokens.len() > 2 && tokens[0].is("#") && tokens[1].is("[")) {
        return None;
    }
    let length = 1 + group(&tokens[1..]);
    let has = |word| tokens[..length].iter().any(|token| token.is(word));
    Some((length, tokens[2].is("cfg") && has("test") && !has("any") && !has("not")))
}

/// The length of an item, with attributes before it: to its `;`, or to the end of its braces.
fn item(tokens: &[Token]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        let is_last = tokens[at].is(";") || tokens[at].is("{");
        at += group(&tokens[at..]);
        if is_last {
            let is_use = tokens.get(at).is_some_and(|next| next.is(";"));
            return at + usize::from(is_use);
        }
    }
    at
}

/// The length of what stands between the bracket that comes first and the one that closes it.
pub(crate) fn group(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let tokens: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
        tokens.join(" ")
    }

    #[test]
    fn comments_and_quotes_are_left_out() {
        let text =
            "a // b\n/* c\n */ d \"e \\\" f\" 'g' '\\'' &'h r\"i\" br#\"j\" k\"# b'l' rest::m";
        assert_eq!(words(text), "a d & ' h rest :: m");
        assert_eq!(tokens("a\n// b\n\"c\nd\"\ne")[1], Token { text: "e".to_owned(), line: 5 });
    }

    #[test]
    fn what_is_only_there_in_tests_is_left_out() {
        assert_eq!(words("#[cfg(test)] mod tests; fn a() {}"), "fn a ( ) { }");
        assert_eq!(words("#[cfg(test)]\n#[x]\nmod tests { fn b() {} }\nuse c;"), "use c ;");
        assert_eq!(words("#[cfg(all(test, unix))] use crate::{a, b}; d"), "d");
        assert_eq!(words("#[cfg(test)] fn f(a: [u8; 3]) -> u8 { 1 } d"), "d");
    }

    #[test]
    fn what_is_also_there_without_tests_stays() {
        assert_eq!(words("#[cfg(any(test, x))] mod a;").matches("mod a ;").count(), 1);
        assert_eq!(words("#[cfg(unix)] mod a;").matches("mod a ;").count(), 1);
    }
}
