//! Completions: who owns the buffer?
//!
//! From its submission to its completion the kernel may touch the memory of an operation. So you
//! must not free it, whatever your caller does: a caller may drop what you gave it, and may also
//! forget it (`std::mem::forget` is safe, a cycle of `Rc` does the same), so that no destructor
//! runs. The kernel here is a model: a [`Buffer`] that is dropped while an operation has its memory
//! is a *violation*, and the tests count them.
//!
//! * `send` takes a buffer by value, gives it to the kernel, and returns a [`Ticket`] that names
//!   the operation. Each operation has an id that no other one under way has.
//! * `next` hands out one completion, if there is one, with the buffer that belongs to it.
//!   Completions come in any order.
//! * `cancel` asks the kernel to end an operation. It still completes, and only then the kernel is
//!   done with the memory: do not give the buffer back before.
//! * The ring may be dropped with operations under way: give it a `Drop` that cancels all of them
//!   and waits until the kernel is done ([`Kernel::wait`]).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// What an operation has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    Cancelled,
}

/// A model of the kernel. Its clones are the same kernel.
#[derive(Clone, Debug, Default)]
pub struct Kernel(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    allocated: usize,
    /// Operations under way: their ids, the memory that they name, and whether they are to end.
    under_way: Vec<(u64, usize, bool)>,
    completions: VecDeque<(u64, Outcome)>,
    violations: usize,
}

impl Kernel {
    /// Memory with these bytes in it.
    pub fn buffer(&self, bytes: &[u8]) -> Buffer {
        let mut state = self.0.borrow_mut();
        state.allocated += 1;
        Buffer { memory: state.allocated, bytes: bytes.to_vec(), kernel: self.clone() }
    }

    /// An operation begins. From now on the memory is the kernel's.
    pub fn submit(&self, id: u64, buffer: &Buffer) {
        let mut state = self.0.borrow_mut();
        assert!(state.under_way.iter().all(|one| one.0 != id), "{id} is under way already");
        state.under_way.push((id, buffer.memory, false));
    }

    /// An operation is to end. It still completes, some time later.
    pub fn cancel(&self, id: u64) {
        let mut state = self.0.borrow_mut();
        state.under_way.iter_mut().filter(|one| one.0 == id).for_each(|one| one.2 = true);
    }

    /// The next completion, without waiting.
    pub fn completion(&self) -> Option<(u64, Outcome)> {
        self.0.borrow_mut().completions.pop_front()
    }

    /// Waits for the next completion; `None` if nothing is under way.
    pub fn wait(&self) -> Option<(u64, Outcome)> {
        if let Some(completion) = self.completion() {
            return Some(completion);
        }
        let (id, _, is_cancelled) = self.0.borrow().under_way.first().copied()?;
        assert!(is_cancelled, "{id} would never end");
        self.finish(id);
        self.completion()
    }

    /// For tests: the kernel is done with this operation.
    pub fn finish(&self, id: u64) {
        let mut state = self.0.borrow_mut();
        let at = state.under_way.iter().position(|one| one.0 == id).expect("it is under way");
        let (_, _, is_cancelled) = state.under_way.remove(at);
        let outcome = if is_cancelled { Outcome::Cancelled } else { Outcome::Sent };
        state.completions.push_back((id, outcome));
    }

    /// For tests: the ids of the operations that are under way, the oldest first.
    pub fn under_way(&self) -> Vec<u64> {
        self.0.borrow().under_way.iter().map(|one| one.0).collect()
    }

    /// For tests: how often memory was freed that the kernel could still touch.
    pub fn violations(&self) -> usize {
        self.0.borrow().violations
    }
}

/// Memory. It cannot be cloned, and dropping it frees it.
#[derive(Debug)]
pub struct Buffer {
    memory: usize,
    pub bytes: Vec<u8>,
    kernel: Kernel,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut state = self.kernel.0.borrow_mut();
        let is_used = state.under_way.iter().any(|one| one.1 == self.memory);
        state.violations += usize::from(is_used);
    }
}

/// Names an operation. It may be dropped, forgotten, or kept for as long as you like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// Operations with the buffers that they need.
#[derive(Debug)]
pub struct Ring {
    kernel: Kernel,
    // Yours.
}

impl Ring {
    pub fn new(kernel: Kernel) -> Self {
        todo!()
    }

    /// Begins to send.
    pub fn send(&mut self, buffer: Buffer) -> Ticket {
        todo!()
    }

    /// Asks for an operation to end. It may be over already.
    pub fn cancel(&mut self, ticket: Ticket) {
        todo!()
    }

    /// The next completion, if there is one.
    pub fn next(&mut self) -> Option<(Ticket, Outcome, Buffer)> {
        todo!()
    }
}
