//! Bytes, not messages: a body in chunks, taken apart.
//!
//! What the next byte means depends on what came before it, so each such place in the grammar is a
//! state, and one function says what a byte does in a state. All that is not written down there is
//! malformed: the last line of the match refuses signs, white space, extensions, a bare LF and a
//! ninth digit at once. A list of what is forbidden would forget something; a list of what is
//! allowed can not.
//!
//! Two numbers are kept besides: how many digits the size has so far, and what is left of the
//! chunk. The digits are counted and not only the value limited, since `000000001` is nine digits
//! as well: a peer that may send zeros without an end sends bytes that cost work and bring nothing.
//!
//! The loop ends with the state `Done`, not with the input, so bytes that follow the body stay with
//! the caller: they are the next request.

/// Something is not as the grammar says.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Takes a chunked body apart.
#[derive(Default)]
pub struct Chunked {
    state: State,
    /// The size as far as its digits have come, then what is left of the chunk.
    left: usize,
    digits: u8,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    SizeLf,
    Content,
    ContentCr,
    ContentLf,
    LastCr,
    LastLf,
    Done,
}

impl Chunked {
    /// Takes bytes from the start of `input`, appends the content to `content`, and returns how
    /// many bytes it has taken: all of them, unless the body ends before they do.
    pub fn decode(&mut self, input: &[u8], content: &mut Vec<u8>) -> Result<usize, Malformed> {
        let mut taken = 0;
        while self.state != State::Done {
            let Some(&byte) = input.get(taken) else { break };
            self.state = self.step(byte, content)?;
            taken += 1;
        }
        Ok(taken)
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, byte: u8, content: &mut Vec<u8>) -> Result<State, Malformed> {
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() && self.digits < 8 => {
                let digit = char::from(byte).to_digit(16).ok_or(Malformed)?;
                self.left = self.left << 4 | digit as usize;
                self.digits += 1;
                Ok(State::Size)
            }
            (State::Size, b'\r') if self.digits > 0 => Ok(State::SizeLf),
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                Ok(if self.left == 0 { State::LastCr } else { State::Content })
            }
            (State::Content, _) => {
                content.push(byte);
                self.left -= 1;
                Ok(if self.left == 0 { State::ContentCr } else { State::Content })
            }
            (State::ContentCr, b'\r') => Ok(State::ContentLf),
            (State::ContentLf, b'\n') => Ok(State::Size),
            (State::LastCr, b'\r') => Ok(State::LastLf),
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(Malformed),
        }
    }
}
