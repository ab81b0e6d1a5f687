//! Completions: a receive that goes on.
//!
//! Two things are known of the receive: whether it is under way, and whether it has been told to
//! end. They are one value with three states, since what is not under way cannot be cancelled.
//! Whether input is wanted, what is held and whether the peer has ended are apart from that.
//!
//! After each event the same question is asked in `settle`: given all that, should a receive begin
//! or be cancelled? So it does not matter in which order things happened. A receive that ended
//! because the ring was empty, or because it was cancelled for bytes that are wanted by now,
//! begins again at the same place in the code.
//!
//! Bytes are always put behind what is held, and taken from there. With that, nothing can
//! overtake.

/// What has come of the receive that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// These bytes lie in this buffer. If there will be no more, the receive has ended.
    Data { buffer: u16, bytes: Vec<u8>, more: bool },
    /// The buffer ring was empty; the receive has ended.
    NoBuffer,
    /// The receive was cancelled and has ended.
    Cancelled,
    /// The peer has closed its side; the receive has ended.
    End,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The kernel may use the buffer again.
    GiveBack(u16),
    /// The connection takes these bytes, never none.
    Deliver(Vec<u8>),
    /// A receive is handed to the kernel.
    Begin,
    /// The receive that is under way is cancelled.
    Cancel,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Receive {
    No,
    UnderWay,
    /// It has been cancelled, and its last completion has not come.
    Ending,
}

pub struct Receiver {
    receive: Receive,
    wanted: bool,
    held: Vec<u8>,
    has_ended: bool,
}

impl Receiver {
    /// Nothing is under way, and input is not wanted yet.
    pub fn new() -> Self {
        Receiver { receive: Receive::No, wanted: false, held: Vec::new(), has_ended: false }
    }

    /// Whether the connection wants input from now on.
    pub fn want(&mut self, wanted: bool) -> Vec<Act> {
        self.wanted = wanted;
        self.settle(Vec::new())
    }

    /// The receive that is under way has a completion.
    pub fn complete(&mut self, completion: Completion) -> Vec<Act> {
        let mut acts = Vec::new();
        match completion {
            Completion::Data { buffer, bytes, more } => {
                self.held.extend_from_slice(&bytes);
                acts.push(Act::GiveBack(buffer));
                if !more {
                    self.receive = Receive::No;
                }
            }
            Completion::NoBuffer | Completion::Cancelled => self.receive = Receive::No,
            Completion::End => {
                self.receive = Receive::No;
                self.has_ended = true;
            }
        }
        self.settle(acts)
    }

    /// Adds what follows from how things stand now.
    fn settle(&mut self, mut acts: Vec<Act>) -> Vec<Act> {
        if self.wanted && !self.held.is_empty() {
            acts.push(Act::Deliver(std::mem::take(&mut self.held)));
        }
        if self.wanted && self.receive == Receive::No && !self.has_ended {
            self.receive = Receive::UnderWay;
            acts.push(Act::Begin);
        }
        if !self.held.is_empty() && self.receive == Receive::UnderWay {
            self.receive = Receive::Ending;
            acts.push(Act::Cancel);
        }
        acts
    }

    /// How many bytes are kept.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether no receive is under way, so that the connection may be dropped.
    pub fn is_idle(&self) -> bool {
        self.receive == Receive::No
    }
}
