//! A kernel that reads memory when it likes, and two rings above it: for the exercise "A guard is
//! not enough" of the chapter on completions.
//!
//! [`Kernel`] is unsound on purpose, as a system call is: it keeps the address of a buffer, and
//! believes that the bytes are still there. The caller has to see to that. The rings are safe
//! code: [`borrowed`] is the proposal of the exercise, [`owned`] the answer.

use std::cell::RefCell;
use std::rc::Rc;

pub mod borrowed;
pub mod owned;

/// A kernel. Its clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Kernel(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    /// The operations under way: their ids, and where their bytes were when they began.
    under_way: Vec<(u64, *const [u8])>,
    sent: Vec<Vec<u8>>,
}

impl Kernel {
    /// The sending of some bytes begins. From now on they are the kernel's, until it has finished.
    pub fn submit(&self, bytes: &[u8]) -> u64 {
        let mut state = self.0.borrow_mut();
        state.last_id += 1;
        let id = state.last_id;
        state.under_way.push((id, bytes));
        id
    }

    /// The kernel gets round to an operation, if it is still under way: it reads the bytes.
    pub fn finish(&self, id: u64) {
        let mut state = self.0.borrow_mut();
        let Some(at) = state.under_way.iter().position(|one| one.0 == id) else { return };
        let (_, bytes) = state.under_way.remove(at);
        // SAFETY: there is none. The bytes are there if the caller of `submit` has kept them.
        state.sent.push(unsafe { &*bytes }.to_vec());
    }

    /// What has been sent.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.0.borrow().sent.clone()
    }
}
