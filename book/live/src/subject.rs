//! What scripts are played to, and how the words of a step are read.

use crate::json::Object;

/// Something that steps are played to.
pub(crate) trait Subject {
    /// Plays a step. An error is for who wrote the script.
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String>;

    /// Writes down what the last step came to, and how things stand.
    fn report(&mut self, to: &mut Object);

    /// A value by its name.
    fn show(&self, what: &str) -> Result<String, String>;
}

/// A number that has to be there.
pub(crate) fn number<N: std::str::FromStr>(word: Option<&str>) -> Result<N, String> {
    let word = word.unwrap_or_default();
    word.parse().map_err(|_| format!("`{word}` is no number, or not a fitting one"))
}

/// Bytes as they are written in scripts.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                let value = value.and_then(|value| u8::try_from(value).ok());
                value.ok_or("`\\x` wants two hexadecimal digits")?
            }
            _ => return Err("after `\\` comes r, n, t, x or another `\\`".to_owned()),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_escapes() {
        assert_eq!(unescape(r"a\r\n\t\\\x0F").unwrap(), b"a\r\n\t\\\x0f");
        assert!(unescape(r"\q").is_err() && unescape(r"\x1").is_err() && unescape("\\").is_err());
    }
}
