//! The connection as a state machine: answers in order, and backpressure.
//!
//! One question decides everything: may the next request begin? It may if no work is under way and
//! less than the high-water mark is unsent. `receive` asks it before each request, `poll` asks it
//! to say whether input is wanted, and so the two can never disagree.
//!
//! What must not begin stays with the caller. The connection remembers one bit about it, `backlog`:
//! a whole request was there and had to wait. Without this bit it would sleep forever, since the
//! bytes have come already and nobody brings them again; if it said `Receive` without the bit, it
//! would turn in circles. The bit is set again by each `receive`, so `Receive` is only said when
//! the next call will take something.

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
                Some(("echo", text)) => self.answer(text, out),
                _ => self.answer("?", out),
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
