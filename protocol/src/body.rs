//! Where a request body ends, and which of the arriving bytes are its content (RFC 9112 §6, §7.1).

use crate::grammar::{is_field_byte, is_token_byte};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// The length of a request body as its head declares it (RFC 9112 §6.3). A request never extends
/// to the end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Known(u64),
    Chunked,
}

/// Takes a body apart as it arrives, in any pieces.
#[derive(Debug)]
pub(crate) enum BodyDecoder {
    /// So many bytes are still to come.
    Known(u64),
    Chunked(ChunkedDecoder),
}

/// What one call took from the input: framing and then, at most, one run of content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'a> {
    /// Bytes of input used up, content included.
    pub(crate) consumed: usize,
    pub(crate) content: &'a [u8],
}

impl BodyDecoder {
    pub(crate) fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::Known(length) => BodyDecoder::Known(length),
            BodyLength::Chunked => BodyDecoder::Chunked(ChunkedDecoder::default()),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        match self {
            BodyDecoder::Known(left) => *left == 0,
            BodyDecoder::Chunked(chunked) => chunked.state == State::Done,
        }
    }

    /// The name of the state of a chunked body.
    #[cfg(feature = "internals")]
    pub(crate) fn state(&self) -> String {
        match self {
            BodyDecoder::Known(_) => "Known".to_owned(),
            BodyDecoder::Chunked(chunked) => format!("{:?}", chunked.state),
        }
    }

    /// How much content is certain to come.
    pub(crate) fn declared(&self) -> u64 {
        match self {
            BodyDecoder::Known(left) => *left,
            // Not before its size has come whole: what is said must not depend on the split.
            BodyDecoder::Chunked(chunked) if chunked.state == State::Content => chunked.left,
            BodyDecoder::Chunked(_) => 0,
        }
    }

    /// Takes framing and at most `room` bytes of content from the start of `input`. Call again
    /// while something is consumed and the body is not done.
    pub(crate) fn decode<'a>(
        &mut self,
        input: &'a [u8],
        room: usize,
        limits: &Limits,
    ) -> Result<Decoded<'a>, Refusal> {
        match self {
            BodyDecoder::Known(left) => {
                let content = take(input, left, room);
                Ok(Decoded { consumed: content.len(), content })
            }
            BodyDecoder::Chunked(chunked) => chunked.decode(input, room, limits),
        }
    }
}

/// At most `room` of the `left` bytes that are to come, as far as they are here.
fn take<'a>(input: &'a [u8], left: &mut u64, room: usize) -> &'a [u8] {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let content = &input[..input.len().min(room).min(most)];
    *left -= content.len() as u64;
    content
}

/// The chunked transfer coding (RFC 9112 §7.1), a byte at a time but for the content.
///
/// ```text
/// chunked-body = *chunk last-chunk trailer-section CRLF
/// chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
/// ```
///
/// Extensions and trailer fields are held to their grammar, counted and passed over, as a recipient
/// may (RFC 9112 §7.1.1, §7.1.2).
#[derive(Debug, Default)]
pub(crate) struct ChunkedDecoder {
    state: State,
    /// The size as far as its digits have come, then what is left of the chunk.
    left: u64,
    /// Digits of the size so far.
    digits: u8,
    extensions: usize,
    trailers: usize,
}

// ANCHOR: states
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension(Extension),
    SizeLf,
    Content,
    ContentCr,
    ContentLf,
    /// At the start of a trailer line, which may be the empty last one.
    TrailerLine,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Done,
}

/// Where in the extensions of a chunk (RFC 9112 §7.1.1).
///
/// ```text
/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    /// White space that only a semicolon may follow.
    BeforeSemicolon,
    BeforeName,
    Name,
    /// White space that only a semicolon or an equals sign may follow.
    AfterName,
    BeforeValue,
    Token,
    Quoted,
    /// Behind a backslash.
    QuotedPair,
    AfterQuoted,
}
// ANCHOR_END: states

impl State {
    /// Whether what comes belongs to the trailer section or its empty line.
    fn is_behind_last_chunk(self) -> bool {
        matches!(
            self,
            State::TrailerLine
                | State::TrailerName
                | State::TrailerValue
                | State::TrailerLf
                | State::LastLf
        )
    }
}

impl Extension {
    /// One byte of an extension or of the CR behind it. There is no white space before that CR.
    fn step(self, byte: u8) -> Option<State> {
        use Extension::{
            AfterName, AfterQuoted, BeforeName, BeforeSemicolon, BeforeValue, Name, Quoted,
            QuotedPair, Token,
        };
        let next = match (self, byte) {
            (Name | Token | AfterQuoted, b'\r') => return Some(State::SizeLf),
            (BeforeSemicolon | Name | AfterName | Token | AfterQuoted, b';') => BeforeName,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeSemicolon | Token | AfterQuoted, b' ' | b'\t') => BeforeSemicolon,
            (Name | AfterName, b' ' | b'\t') => AfterName,
            (BeforeName | BeforeValue, b' ' | b'\t') => self,
            (BeforeName | Name, byte) if is_token_byte(byte) => Name,
            (BeforeValue | Token, byte) if is_token_byte(byte) => Token,
            // RFC 9110 §5.6.4
            (BeforeValue, b'"') => Quoted,
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => QuotedPair,
            (Quoted | QuotedPair, byte) if is_field_byte(byte) => Quoted,
            _ => return None,
        };
        Some(State::Extension(next))
    }
}

impl ChunkedDecoder {
    /// More hexadecimal digits than a `u64` has are refused, leading zeros or not.
    const MAX_DIGITS: u8 = 16;

    // ANCHOR: decode
    fn decode<'a>(
        &mut self,
        input: &'a [u8],
        room: usize,
        limits: &Limits,
    ) -> Result<Decoded<'a>, Refusal> {
        let mut at = 0;
        while self.state != State::Content && self.state != State::Done {
            let Some(&byte) = input.get(at) else { break };
            self.state = self.step(byte, limits)?;
            at += 1;
        }
        let mut content = &input[at..at];
        if self.state == State::Content {
            content = take(&input[at..], &mut self.left, room);
            if self.left == 0 {
                self.state = State::ContentCr;
            }
        }
        Ok(Decoded { consumed: at + content.len(), content })
    }
    // ANCHOR_END: decode

    /// One byte of framing.
    fn step(&mut self, byte: u8, limits: &Limits) -> Result<State, Refusal> {
        if self.state.is_behind_last_chunk() {
            self.count_trailer(limits)?;
        }
        match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digits += 1;
                if self.digits > Self::MAX_DIGITS {
                    return Err(Refusal::Chunk);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.left = self.left << 4 | u64::from(digit);
                Ok(State::Size)
            }
            (State::Size, _) if self.digits == 0 => Err(Refusal::Chunk),
            (State::Size, b'\r') => Ok(State::SizeLf),
            // The semicolon, or white space before it, belongs to the extension already.
            (State::Size, byte) => self.extension(Extension::BeforeSemicolon, byte, limits),
            (State::Extension(extension), byte) => self.extension(extension, byte, limits),
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                Ok(if self.left == 0 { State::TrailerLine } else { State::Content })
            }
            (State::ContentCr, b'\r') => Ok(State::ContentLf),
            (State::ContentLf, b'\n') => Ok(State::Size),
            (State::TrailerLine, b'\r') => Ok(State::LastLf),
            (State::TrailerLine | State::TrailerName, byte) if is_token_byte(byte) => {
                Ok(State::TrailerName)
            }
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, byte) if is_field_byte(byte) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerLine),
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(Refusal::Chunk),
        }
    }

    /// One byte of an extension, or the CR that ends it, which is not counted.
    fn extension(
        &mut self,
        extension: Extension,
        byte: u8,
        limits: &Limits,
    ) -> Result<State, Refusal> {
        let next = extension.step(byte).ok_or(Refusal::Chunk)?;
        self.extensions += usize::from(next != State::SizeLf);
        if self.extensions > limits.max_chunk_extensions { Err(Refusal::Chunk) } else { Ok(next) }
    }

    fn count_trailer(&mut self, limits: &Limits) -> Result<(), Refusal> {
        self.trailers += 1;
        if self.trailers > limits.max_head { Err(Refusal::FieldsTooLarge) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content and the number of bytes consumed, fed in pieces of `step` with `room`.
    fn decode(wire: &[u8], step: usize, room: usize) -> Result<(Vec<u8>, usize, bool), Refusal> {
        let limits = Limits { max_chunk_extensions: 20, max_head: 40, ..Limits::default() };
        let mut decoder = BodyDecoder::new(BodyLength::Chunked);
        let (mut content, mut consumed, mut end) = (Vec::new(), 0, 0);
        while !decoder.is_done() {
            let piece = decoder.decode(&wire[consumed..end], room, &limits)?;
            consumed += piece.consumed;
            content.extend_from_slice(piece.content);
            if piece.consumed == 0 {
                if end == wire.len() {
                    break;
                }
                end = wire.len().min(end + step);
            }
        }
        Ok((content, consumed, decoder.is_done()))
    }

    fn check(wire: &str, expected: Result<&str, Refusal>) {
        for step in [1, 2, 3, 7, 1000] {
            for room in [1, 2, 1000] {
                let outcome = decode(wire.as_bytes(), step, room);
                match expected {
                    Ok(content) => {
                        let length = wire.len() - if wire.ends_with("NEXT") { 4 } else { 0 };
                        assert_eq!(
                            outcome,
                            Ok((content.into(), length, true)),
                            "{wire:?} by {step}"
                        );
                    }
                    Err(refusal) => assert_eq!(outcome, Err(refusal), "{wire:?} by {step}"),
                }
            }
        }
    }

    #[test]
    fn chunks_are_joined_in_every_split() {
        check("0\r\n\r\n", Ok(""));
        check("5\r\nhello\r\n0\r\n\r\nNEXT", Ok("hello"));
        check("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\nNEXT", Ok("hello world"));
        check("A\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789"));
        check("a\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789"));
    }

    #[test]
    fn extensions_and_trailers_are_passed_over() {
        check("1;a=b\r\nx\r\n0;last=\"1\"\r\n\r\nNEXT", Ok("x"));
        check("1 ; a\r\nx\r\n0\r\n\r\n", Ok("x"));
        for extension in [
            "\t;\ta",
            ";a;b;c",
            ";a ;b",
            ";a =\tb ; c",
            ";a=\"\"",
            ";a= \"b;c=d\"\t;e",
            ";a=\"\\\"\\\\\"",
            ";a=\"\\ \\\t\\b\"",
            ";a=\"\u{e9}\"",
            ";a=\"\\\u{e9}\"",
            ";a=b;a=b",
            ";!#$%&'*+-.^_`|~=1",
        ] {
            check(&format!("1{extension}\r\nx\r\n0\r\n\r\n"), Ok("x"));
        }
        check("1\r\nx\r\n0\r\nExpires: never\r\nX:\r\n\r\nNEXT", Ok("x"));
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for wire in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 \r\nx\r\n",
            "1\nx\r\n",
            "1\r\nxy\r\n",
            "1\r\nx\n0\r\n\r\n",
            "1;a\nb\r\nx\r\n",
            "1;a\rb\r\nx\r\n",
            "1;a\0\r\nx\r\n",
            "00000000000000001\r\nx\r\n",
            "ffffffffffffffff0\r\nx\r\n",
            "0\r\nname\r\n\r\n",
            "0\r\nname : v\r\n\r\n",
            "0\r\n folded\r\n\r\n",
            "0\r\n: v\r\n\r\n",
            "0\r\na: b\nc: d\r\n\r\n",
        ] {
            check(wire, Err(Refusal::Chunk));
        }
    }

    /// RFC 9112 §7.1.1, RFC 9110 §5.6.4.
    #[test]
    fn extensions_outside_the_grammar_are_refused() {
        for extension in [
            ";",
            ";;a",
            ";a;",
            ";a;;b",
            "; ",
            ";=x",
            ";a=",
            ";a= ",
            ";a==b",
            ";a=b=c",
            ";a b",
            ";a b=c",
            ";a=b c",
            ";a=\"b",
            ";a=\"b\\\"",
            ";a=\"b\"c",
            ";a=\"b\"\"c\"",
            ";a=b\"c\"",
            ";\"a\"",
            ";a=\"\\\u{7f}\"",
            ";a=\"\u{1}\"",
            ";a[b",
            ";a=b,c",
            ";\u{e9}",
            ";a=\u{e9}",
            "z",
            "=a",
            " z",
            // No white space before the line end.
            " ",
            ";a ",
            ";a=b\t",
            ";a=\"b\" ",
        ] {
            check(&format!("1{extension}\r\nx\r\n0\r\n\r\n"), Err(Refusal::Chunk));
            check(&format!("1\r\nx\r\n0{extension}\r\n\r\n"), Err(Refusal::Chunk));
        }
        // A line end in quotation marks ends the line.
        check("1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n", Err(Refusal::Chunk));
        check("1;a=\"\\\r\n\"\r\nx\r\n0\r\n\r\n", Err(Refusal::Chunk));
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        check("1;456789012345678901\r\nx\r\n0\r\n\r\n", Ok("x"));
        check("1;4567890123456789012\r\nx\r\n0;a\r\n\r\n", Err(Refusal::Chunk));
        check("1;4=\"8901234567890\"\r\nx\r\n0;a\r\n\r\n", Ok("x"));
        check("1;4=\"89012345678901\"\r\nx\r\n0;a\r\n\r\n", Err(Refusal::Chunk));
        // Colons, line ends and the empty line count, as in a head.
        let trailers = |length| format!("0\r\na:{}\r\n\r\n", "x".repeat(length));
        check(&trailers(34), Ok(""));
        check(&trailers(35), Err(Refusal::FieldsTooLarge));
        check(&format!("0\r\n{}\r\n", "a:\r\n".repeat(9)), Ok(""));
        check(&format!("0\r\n{}\r\n", "a:\r\n".repeat(10)), Err(Refusal::FieldsTooLarge));
    }

    #[test]
    fn incomplete_is_not_done() {
        for wire in ["", "5", "5\r\nhell", "5\r\nhello\r\n", "0\r\n", "0\r\n\r"] {
            assert!(!decode(wire.as_bytes(), 1000, 1000).unwrap().2, "{wire:?}");
        }
    }

    #[test]
    fn known_length_takes_no_more_than_its_own() {
        let mut decoder = BodyDecoder::new(BodyLength::Known(5));
        let limits = Limits::default();
        assert_eq!(decoder.decode(b"he", 9, &limits).unwrap().content, b"he");
        assert_eq!(decoder.decode(b"lloNEXT", 2, &limits).unwrap().content, b"ll");
        assert_eq!(decoder.decode(b"oNEXT", 9, &limits).unwrap().content, b"o");
        assert!(decoder.is_done());
    }
}
