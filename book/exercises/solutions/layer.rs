//! TLS and HTTP/2: a protocol around another one.
//!
//! The layer stands between two contracts. Towards the caller it is a protocol: what it has not
//! consumed is presented again. Towards the inner protocol it is the caller: it keeps what was in
//! the records and was not consumed, and presents it again.
//!
//! A record is opened only while the inner protocol waits for input. If it does not, the records
//! stay with the caller, whose buffer fills, who then reads no more from the socket: that is how
//! backpressure reaches the other end. One bit remembers that a whole record is held there, since
//! nobody else will say so when the inner protocol wants input again.
//!
//! `sent` has to undo the wrapping: each record on its way is one byte that counts for nothing and
//! some that count. A queue of records with what is unsent of each says it exactly, whatever goes
//! at once.

use std::collections::VecDeque;

/// What is spoken on a connection.
pub trait Protocol {
    /// Takes what has come, appends what is to be sent to `out`, and returns how many bytes of
    /// `input` it has consumed.
    fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize;

    /// So many bytes of `out` have been sent.
    fn sent(&mut self, bytes: usize);

    /// What to do next.
    fn poll(&mut self) -> Step;
}

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Call `receive` again, even if nothing new has come.
    Receive,
    /// Nothing to do. Is input wanted?
    Wait { read: bool },
}

/// Most bytes that a record carries.
pub const MOST: usize = 255;

pub struct Layer<P> {
    inner: P,
    /// What has been in records, and the inner protocol has not consumed.
    plain: Vec<u8>,
    /// Records on their way: how many bytes of what each carries are unsent, and whether its first
    /// byte is.
    records: VecDeque<(usize, bool)>,
    /// The caller holds a whole record that has not been opened.
    is_held: bool,
}

impl<P: Protocol> Layer<P> {
    /// A layer around this protocol.
    pub fn new(inner: P) -> Self {
        let (plain, records) = (Vec::new(), VecDeque::new());
        Layer { inner, plain, records, is_held: false }
    }

    /// The inner protocol.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// Presents what there is to the inner protocol.
    fn present(&mut self, out: &mut Vec<u8>) {
        let mut said = Vec::new();
        let consumed = self.inner.receive(&self.plain, &mut said);
        self.plain.drain(..consumed);
        for piece in said.chunks(MOST) {
            out.push(piece.len() as u8);
            out.extend_from_slice(piece);
            self.records.push_back((piece.len(), true));
        }
    }
}

/// What the first record carries, if it is whole.
fn record(input: &[u8]) -> Option<&[u8]> {
    let (&length, rest) = input.split_first()?;
    rest.get(..usize::from(length))
}

impl<P: Protocol> Protocol for Layer<P> {
    fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut consumed = 0;
        loop {
            let next = record(&input[consumed..]);
            match (self.inner.poll(), next) {
                (Step::Receive, _) => self.present(out),
                (Step::Wait { read: true }, Some(carried)) => {
                    self.plain.extend_from_slice(carried);
                    consumed += 1 + carried.len();
                    self.present(out);
                }
                (Step::Wait { .. }, _) => {
                    self.is_held = next.is_some();
                    return consumed;
                }
            }
        }
    }

    fn sent(&mut self, mut bytes: usize) {
        let mut carried = 0;
        while bytes > 0
            && let Some((unsent, is_new)) = self.records.front_mut()
        {
            bytes -= usize::from(std::mem::take(is_new));
            let sent = bytes.min(*unsent);
            bytes -= sent;
            *unsent -= sent;
            carried += sent;
            if *unsent == 0 {
                self.records.pop_front();
            }
        }
        self.inner.sent(carried);
    }

    fn poll(&mut self) -> Step {
        match self.inner.poll() {
            Step::Wait { read: true } if self.is_held => Step::Receive,
            wait => wait,
        }
    }
}
