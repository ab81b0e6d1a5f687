//! Writes JSON. Bytes become a string with a character for each: `U+0000` to `U+00FF`.

use std::fmt::{Display, Write};

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Object(String::from("{"))
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, value: impl Display) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0 += &format!("{comma}{}:{value}", text(name));
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.raw(name, text(value));
    }

    pub(crate) fn bytes(&mut self, name: &str, value: &[u8]) {
        self.raw(name, bytes(value));
    }

    pub(crate) fn list(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        self.raw(name, list(values));
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// An array of values that are JSON already.
pub(crate) fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(","))
}

/// A number, or `null`.
pub(crate) fn number(value: Option<u128>) -> String {
    value.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

pub(crate) fn text(text: &str) -> String {
    quoted(text.chars())
}

pub(crate) fn bytes(bytes: &[u8]) -> String {
    quoted(bytes.iter().map(|&byte| char::from(byte)))
}

fn quoted(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::from('"');
    for character in characters {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let written = write!(text, "\\u{unit:04x}");
                    debug_assert!(written.is_ok(), "writing to a String");
                }
            }
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_escaped() {
        assert_eq!(text("a\"b\\ é\n😀"), r#""a\"b\\ \u00e9\u000a\ud83d\ude00""#);
        assert_eq!(bytes(b"\x00a\xff"), r#""\u0000a\u00ff""#);
    }

    #[test]
    fn members_are_separated_by_commas() {
        let mut object = Object::new();
        object.text("a", "b");
        object.list("c", [number(Some(1)), number(None)]);
        assert_eq!(object.end(), r#"{"a":"b","c":[1,null]}"#);
    }
}
