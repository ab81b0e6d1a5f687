//! The body of a request (RFC 9112 §6, §7).

use crate::head::{field_line, is_field_content, is_token, token};
use crate::model::{End, Limits, refused};

/// A body of so many bytes, and that number (RFC 9112 §6.2).
pub(crate) fn read_known(
    input: &[u8],
    length: u64,
    limits: &Limits,
) -> Result<(Vec<u8>, usize), End> {
    if length > limits.max_body {
        return refused(413, "the body is too large");
    }
    let content = take(input, length)?;
    Ok((content.to_vec(), content.len()))
}

/// The content of a chunked body, and how many bytes of input the body has (RFC 9112 §7.1).
///
/// ```text
/// chunked-body = *chunk last-chunk trailer-section CRLF
/// chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
/// last-chunk   = 1*( "0" ) [ chunk-ext ] CRLF
/// ```
///
/// # Errors
/// How the input ends instead: incomplete, or refused.
pub fn read_chunked(input: &[u8], limits: &Limits) -> Result<(Vec<u8>, usize), End> {
    let (mut content, mut at, mut extensions) = (Vec::new(), 0, 0);
    loop {
        let line = line(&input[at..])?;
        at += line.len() + 2;
        let (size, extension) = chunk_line(line)?;
        extensions += extension;
        if extensions > limits.max_chunk_extensions {
            return refused(400, "too much of chunk extensions"); // §7.1.1
        }
        if size == 0 {
            break;
        }
        if (content.len() as u64).saturating_add(size) > limits.max_body {
            return refused(413, "the body is too large");
        }
        let data = take(&input[at..], size)?;
        content.extend_from_slice(data);
        at += data.len();
        if !line_end(&input[at..])? {
            return refused(400, "chunk data is longer than its size");
        }
        at += 2;
    }
    at += trailer_section(&input[at..], limits)?;
    Ok((content, at))
}

/// The size of a chunk, and how long its extensions are.
///
/// ```text
/// chunk-size = 1*HEXDIG
/// ```
fn chunk_line(line: &[u8]) -> Result<(u64, usize), End> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at(digits);
    // §7.1: a recipient must not let the number overflow.
    if digits == 0 || digits > 16 {
        return refused(400, "the chunk size is malformed");
    }
    if !is_chunk_ext(extension) {
        return refused(400, "the chunk extension is malformed");
    }
    let size = String::from_utf8_lossy(size);
    let size = u64::from_str_radix(&size, 16).expect("up to sixteen hexadecimal digits");
    Ok((size, extension.len()))
}

/// Whether these are any number of extensions, one behind the other (§7.1.1).
///
/// ```text
/// chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
/// chunk-ext-name = token
/// chunk-ext-val  = token / quoted-string
/// ```
fn is_chunk_ext(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(name) = bws(rest).strip_prefix(b";") else { return false };
        let Some((_, behind)) = token(bws(name)) else { return false };
        rest = behind;
        if let Some(value) = bws(rest).strip_prefix(b"=") {
            let value = bws(value);
            let behind = token(value).map(|(_, behind)| behind);
            let Some(behind) = behind.or_else(|| behind_quoted_string(value)) else {
                return false;
            };
            rest = behind;
        }
    }
    true
}

/// The text behind optional white space that should not be there (RFC 9110 §5.6.3).
fn bws(text: &[u8]) -> &[u8] {
    let is_white_space = |byte: &&u8| matches!(byte, b' ' | b'\t');
    &text[text.iter().take_while(is_white_space).count()..]
}

/// The text behind a quoted string, if there is one (RFC 9110 §5.6.4).
///
/// ```text
/// quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
/// quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
/// ```
fn behind_quoted_string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', quoted, rest @ ..] if is_field_content(&[*quoted]) => rest,
            [b'\\', ..] => return None,
            [plain, rest @ ..] if is_field_content(&[*plain]) => rest,
            _ => return None,
        };
    }
}

/// The length of the trailer section with its empty line; its fields are thrown away
/// (RFC 9112 §7.1.2).
fn trailer_section(input: &[u8], limits: &Limits) -> Result<usize, End> {
    let section = &input[..input.len().min(limits.max_head)];
    let mut at = 0;
    loop {
        let rest = &section[at..];
        match line(rest) {
            Ok([]) => return Ok(at + 2),
            Ok(line) if field_line(line).is_some() => at += line.len() + 2,
            // As far as there is room for it, a line may still become one.
            Err(End::Incomplete) if may_become_field_line(rest) => {
                return if input.len() > limits.max_head {
                    refused(431, "the trailer section is too long")
                } else {
                    Err(End::Incomplete)
                };
            }
            _ => return refused(400, "a trailer line is malformed"),
        }
    }
}

/// Whether this is the beginning of a field line, or of the empty line.
fn may_become_field_line(text: &[u8]) -> bool {
    let is_field_line = || field_line(text.strip_suffix(b"\r").unwrap_or(text)).is_some();
    text.is_empty() || text == b"\r" || is_token(text) || is_field_line()
}

/// The first line, without its CRLF, which is the only way to end one (RFC 9112 §2.2).
fn line(input: &[u8]) -> Result<&[u8], End> {
    let Some(lf) = input.iter().position(|&byte| byte == b'\n') else {
        return Err(End::Incomplete);
    };
    match input[..lf].strip_suffix(b"\r") {
        Some(line) => Ok(line),
        None => refused(400, "a line ends in a bare LF"),
    }
}

/// Whether CRLF comes next.
fn line_end(input: &[u8]) -> Result<bool, End> {
    if input.is_empty() || input == b"\r" {
        return Err(End::Incomplete);
    }
    Ok(input.starts_with(b"\r\n"))
}

/// The next so many bytes.
fn take(input: &[u8], length: u64) -> Result<&[u8], End> {
    let length = usize::try_from(length).map_err(|_| End::Incomplete)?;
    input.get(..length).ok_or(End::Incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of the chunk sizes is above what a `u64` holds, and above no limit.
    #[test]
    fn without_a_limit_no_sum_of_chunk_sizes_is_too_large() {
        let limits = Limits {
            max_request_line: 100,
            max_head: 100,
            max_fields: 10,
            max_body: u64::MAX,
            max_chunk_extensions: 0,
        };
        let body = b"1\r\nx\r\nffffffffffffffff\r\nhello";
        assert_eq!(read_chunked(body, &limits), Err(End::Incomplete));
        let limits = Limits { max_body: u64::MAX - 1, ..limits };
        let refused = read_chunked(body, &limits);
        assert!(matches!(refused, Err(End::Refused { status: 413, .. })), "{refused:?}");
    }
}
