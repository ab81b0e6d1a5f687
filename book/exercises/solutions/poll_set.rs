//! select, poll, epoll: the list that is handed to the kernel.
//!
//! Three lists: the entries without gaps, for the kernel; beside each the key that it belongs to;
//! and for each key its place among the entries. To remove an entry, the last one takes its place
//! (`swap_remove`), and the place of that one is put right: three steps, however many there are.
//! Keys that are free lie on a stack.

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
    list: Vec<PollFd>,
    /// The key of each entry of the list.
    keys: Vec<usize>,
    /// The place of each key in the list.
    places: Vec<Option<usize>>,
    free: Vec<usize>,
}

impl PollSet {
    /// Adds a descriptor.
    pub fn insert(&mut self, fd: i32, events: u16) -> usize {
        let place = Some(self.list.len());
        let key = match self.free.pop() {
            Some(key) => key,
            None => {
                self.places.push(None);
                self.places.len() - 1
            }
        };
        self.places[key] = place;
        self.list.push(PollFd { fd, events, revents: 0 });
        self.keys.push(key);
        key
    }

    /// Changes what is asked. The key is one that is there.
    pub fn set_events(&mut self, key: usize, events: u16) {
        if let Some(place) = self.places[key] {
            self.list[place].events = events;
        }
    }

    /// Removes a descriptor. Returns it, or `None` if there is none with this key (any more).
    pub fn remove(&mut self, key: usize) -> Option<i32> {
        let place = self.places.get_mut(key)?.take()?;
        let entry = self.list.swap_remove(place);
        self.keys.swap_remove(place);
        if let Some(&moved) = self.keys.get(place) {
            self.places[moved] = Some(place);
        }
        self.free.push(key);
        Some(entry.fd)
    }

    /// The list for the kernel, with empty answers.
    pub fn list(&mut self) -> &mut [PollFd] {
        for entry in &mut self.list {
            entry.revents = 0;
        }
        &mut self.list
    }

    /// The keys that the kernel has answered for, and its answers.
    pub fn ready(&self) -> Vec<(usize, u16)> {
        let entries = self.keys.iter().zip(&self.list);
        let ready = entries.filter(|(_, entry)| entry.revents != 0);
        ready.map(|(&key, entry)| (key, entry.revents)).collect()
    }
}
