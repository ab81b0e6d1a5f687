//! The connection as a state machine: answers in order, and no more than the peer takes.
//!
//! A small protocol without I/O. A request is a line that ends in LF; it is answered by a line.
//!
//! * `echo TEXT` is answered `TEXT` at once.
//! * `work TEXT` is answered by whatever comes of work done elsewhere: `poll` hands it out as
//!   [`Step::Run`], and `complete` brings the result.
//!
//! A client may send several requests without waiting (pipelining). The answers come in the order
//! of the requests. So behind a `work` nothing is answered, nor even consumed, before its result
//! has come; and while there are [`HIGH_WATER`] or more unsent bytes of output, no request is
//! begun either. What you do not consume is presented again, with more appended.
//!
//! The contract is that of the `protocol` crate in small: after every call, the caller calls `poll`
//! until it says [`Step::Wait`]. On [`Step::Receive`] it calls `receive` with what it still holds.
//! Do not say `Receive` for ever: only if something has changed since the last `receive` that lets
//! you go on with input that you left there.

/// With so much unsent output, no further request is begun.
pub const HIGH_WATER: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Call `receive` again, even if nothing new has come.
    Receive,
    /// Have this done elsewhere, and bring what comes of it to `complete`.
    Run(String),
    /// Nothing to do. Is input wanted?
    Wait { read: bool },
}

#[derive(Default)]
pub struct Connection {
    working: Working,
    unsent: usize,
    /// The caller holds a whole request that could not be begun.
    backlog: bool,
}

#[derive(Default)]
enum Working {
    #[default]
    No,
    /// To be handed out.
    Asked(String),
    /// Handed out; the result has yet to come.
    Out,
}

impl Connection {
    /// Takes whole requests from the start of `input`, appends answers to `out`, and returns how
    /// many bytes of `input` it has consumed.
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut consumed = 0;
        self.backlog = false;
        while let Some(length) = input[consumed..].iter().position(|&byte| byte == b'\n') {
            if !self.may_begin() {
                self.backlog = true;
                break;
            }
            let line = String::from_utf8_lossy(&input[consumed..consumed + length]).into_owned();
            consumed += length + 1;
            match line.split_once(' ') {
                Some(("work", text)) => self.working = Working::Asked(text.to_owned()),
                Some((_, text)) => self.answer(text, out),
                None => self.answer("", out),
            }
        }
        consumed
    }

    /// So many bytes of `out` have been sent.
    pub fn sent(&mut self, bytes: usize) {
        self.unsent -= bytes;
    }

    /// The work has come to this.
    pub fn complete(&mut self, result: &str, out: &mut Vec<u8>) {
        self.working = Working::No;
        self.answer(result, out);
    }

    /// What to do next.
    pub fn poll(&mut self) -> Step {
        if let Working::Asked(text) = &mut self.working {
            let text = std::mem::take(text);
            self.working = Working::Out;
            return Step::Run(text);
        }
        if self.backlog && self.may_begin() {
            return Step::Receive;
        }
        Step::Wait { read: self.may_begin() }
    }

    fn may_begin(&self) -> bool {
        matches!(self.working, Working::No) && self.unsent < HIGH_WATER
    }

    fn answer(&mut self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
        self.unsent += text.len() + 1;
    }
}
