//! select, poll, epoll: the list that is handed to the kernel.
//!
//! `poll(2)` takes one list: a descriptor, what is asked about it, and room for the answer. The
//! loop finds its connections by keys, which are numbers. Keep the two in step, while
//! connections come and go.
//!
//! * [`PollSet::insert`] adds a descriptor and returns its key. A key stays the same for as long as
//!   its connection is there, and is not given to another one meanwhile. It may be used again.
//! * [`PollSet::list`] is what the kernel gets: each descriptor once, in any order, without gaps,
//!   and with no answers left from the time before.
//! * [`PollSet::ready`] says, after the kernel has filled the answers in, the keys that have one,
//!   and the answers. It is a copy, so connections may be removed while the loop goes through it.
//! * No operation but `list` and `ready` may look at all entries: with ten thousand connections,
//!   one that ends must not cost ten thousand steps.

/// Something to read.
pub const IN: u16 = 0x1;
/// Room to send.
pub const OUT: u16 = 0x4;

/// As the kernel has it: `struct pollfd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    pub fd: i32,
    /// What is asked.
    pub events: u16,
    /// What is answered.
    pub revents: u16,
}

#[derive(Default)]
pub struct PollSet {
    // Yours.
}

impl PollSet {
    /// Adds a descriptor.
    pub fn insert(&mut self, fd: i32, events: u16) -> usize {
        todo!()
    }

    /// Changes what is asked. The key is one that is there.
    pub fn set_events(&mut self, key: usize, events: u16) {
        todo!()
    }

    /// Removes a descriptor. Returns it, or `None` if there is none with this key (any more).
    pub fn remove(&mut self, key: usize) -> Option<i32> {
        todo!()
    }

    /// The list for the kernel, with empty answers.
    pub fn list(&mut self) -> &mut [PollFd] {
        todo!()
    }

    /// The keys that the kernel has answered for, and its answers.
    pub fn ready(&self) -> Vec<(usize, u16)> {
        todo!()
    }
}
