//! Two queues that are shared with the kernel, and what is under way between them.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use slab::Slab;

use crate::buffers::{Buffers, GROUP, Lent};
use crate::waker::Waker;

/// How much a ring holds.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Operations that go into the kernel with one call, up to 2^15; more take more calls.
    pub operations: u32,
    /// Completions, more than operations; further ones wait in the kernel, and end operations that
    /// go on.
    pub completions: u32,
    /// Buffers to receive into, a power of two up to 2^15.
    pub buffers: u16,
    /// Length of each, in bytes.
    pub buffer: u32,
}

/// What has come of an operation.
#[derive(Debug)]
#[must_use = "a buffer or a socket may come with it"]
pub struct Completion {
    /// The key that the operation was begun with.
    pub key: usize,
    /// What has been done.
    pub event: Event,
    /// Whether the operation goes on: there will be further completions.
    pub more: bool,
}

/// What has been done, or why not.
#[derive(Debug)]
pub enum Event {
    /// A client has connected.
    Accepted(io::Result<OwnedFd>),
    /// A [`Waker`] has been used.
    Woken,
    /// The client has sent something, to be given back with [`Ring::give_back`];
    /// `None` at the end of the stream.
    Received(io::Result<Option<Lent>>),
    /// How much of the buffer has been sent, and from where on.
    Sent(io::Result<usize>, Vec<u8>, usize),
    /// How much has been read into the buffer.
    Read(io::Result<usize>, Vec<u8>),
}

// ANCHOR: flight
/// An operation that is under way, with all that the kernel may touch because of it.
struct Flight {
    key: usize,
    operation: Operation,
    /// Keeps the descriptor from being closed, and its number from meaning another.
    _descriptor: Arc<dyn AsFd + Send + Sync>,
}

enum Operation {
    Accept,
    Watch,
    /// Into a buffer that the kernel takes from [`Buffers`].
    Receive,
    /// From a place in this buffer on.
    Send(Vec<u8>, usize),
    Read(Vec<u8>),
}
// ANCHOR_END: flight

/// Names an operation: its slot among those that are under way, and the generation of the slot,
/// which tells the operation apart from others that have had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    slot: u32,
    generation: u32,
}

impl Id {
    /// The name of no operation. Cancellations have it: their own completions are passed over,
    /// since that of the cancelled operation says it all.
    const NONE: Id = Id { slot: u32::MAX, generation: u32::MAX };

    /// The form in which the kernel is told it.
    fn user_data(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }
}

/// A ring, used by one thread.
///
/// ```no_run
/// # #[cfg(target_os = "linux")]
/// # fn main() -> std::io::Result<()> {
/// use safe_uring::{Event, Ring, Sizes, Waker};
///
/// let mut ring = Ring::new(Sizes { operations: 8, completions: 16, buffers: 2, buffer: 4096 })?;
/// ring.enable()?; // this thread uses it from now on
/// let waker = Waker::new()?;
/// ring.watch(&waker);
/// std::thread::spawn(move || waker.wake());
/// ring.wait(None)?;
/// while let Some(completion) = ring.next() {
///     assert!(matches!(completion.event, Event::Woken));
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
pub struct Ring {
    uring: IoUring,
    buffers: Buffers,
    flights: Slab<Flight>,
    /// That of the operation that was begun last.
    generation: u32,
    enabled: bool,
    /// Operations for which the kernel's queue had no room yet.
    queue: VecDeque<squeue::Entry>,
}

impl Ring {
    /// Sets up a ring, which does nothing before [`Ring::enable`].
    ///
    /// # Errors
    /// If there is no `io_uring`, or not the one of Linux 6.1 (`ENOSYS`, `EINVAL`), or no
    /// permission to use it (`EPERM`), or no memory.
    pub fn new(sizes: Sizes) -> io::Result<Self> {
        let uring = IoUring::builder()
            .setup_cqsize(sizes.completions)
            .setup_submit_all() // one operation that is refused holds up no others
            .setup_r_disabled() // may be made on one thread and used on another
            .setup_single_issuer() // by that one only
            .setup_defer_taskrun() // completions come while we wait, and do not interrupt us
            .build(sizes.operations)?;
        let buffers = Buffers::register(&uring, sizes.buffers, sizes.buffer)?;
        let (flights, queue) = (Slab::new(), VecDeque::new());
        Ok(Ring { uring, buffers, flights, generation: 0, enabled: false, queue })
    }

    /// From now on, the current thread uses the ring.
    ///
    /// # Errors
    /// If another one does already.
    pub fn enable(&mut self) -> io::Result<()> {
        self.uring.submitter().register_enable_rings()?;
        self.enabled = true;
        Ok(())
    }

    /// Accepts connections, one after the other, from a listener that may block.
    pub fn accept(&mut self, listener: &Arc<OwnedFd>) -> Id {
        let entry = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).flags(libc::SOCK_CLOEXEC);
        self.begin(0, Operation::Accept, Arc::clone(listener) as _, entry.build())
    }

    /// Has the waker wake this ring, each time that it is used.
    pub fn watch(&mut self, waker: &Waker) -> Id {
        let events = u32::try_from(libc::POLLIN).unwrap_or_default();
        let entry = opcode::PollAdd::new(Fd(waker.eventfd.as_raw_fd()), events).multi(true);
        self.begin(0, Operation::Watch, Arc::clone(&waker.eventfd) as _, entry.build())
    }

    /// Receives whatever comes, time and again.
    pub fn receive(&mut self, key: usize, socket: &Arc<OwnedFd>) -> Id {
        let entry = opcode::RecvMulti::new(Fd(socket.as_raw_fd()), GROUP);
        self.begin(key, Operation::Receive, Arc::clone(socket) as _, entry.build())
    }

    // ANCHOR: send
    /// Sends a buffer, but for its first `from` bytes: as much as there is room for, once there is
    /// any.
    ///
    /// # Panics
    /// If the buffer is shorter.
    pub fn send(&mut self, key: usize, socket: &Arc<OwnedFd>, buffer: Vec<u8>, from: usize) -> Id {
        let bytes = &buffer[from..];
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(Fd(socket.as_raw_fd()), bytes.as_ptr(), length)
            .flags(libc::MSG_NOSIGNAL);
        self.begin(key, Operation::Send(buffer, from), Arc::clone(socket) as _, entry.build())
    }
    // ANCHOR_END: send

    /// Reads up to `length` bytes of a file, from `offset` on, in place of what is in the buffer.
    pub fn read(
        &mut self,
        key: usize,
        file: &Arc<File>,
        offset: u64,
        length: u32,
        mut buffer: Vec<u8>,
    ) -> Id {
        buffer.clear();
        buffer.reserve(length as usize);
        let (descriptor, address) = (Fd(file.as_raw_fd()), buffer.as_mut_ptr());
        let entry = opcode::Read::new(descriptor, address, length).offset(offset);
        self.begin(key, Operation::Read(buffer), Arc::clone(file) as _, entry.build())
    }

    /// Ends an operation early. It is over when its last completion says so, not before. If it is
    /// over already, nothing happens.
    pub fn cancel(&mut self, id: Id) {
        let entry = opcode::AsyncCancel::new(id.user_data()).build();
        self.queue.push_back(entry.user_data(Id::NONE.user_data()));
    }

    fn begin(
        &mut self,
        key: usize,
        operation: Operation,
        descriptor: Arc<dyn AsFd + Send + Sync>,
        entry: squeue::Entry,
    ) -> Id {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let slot = self.flights.insert(Flight { key, operation, _descriptor: descriptor });
        let slot = u32::try_from(slot).expect("fewer than 2^32 operations fit into memory");
        let id = Id { slot, generation };
        self.queue.push_back(entry.user_data(id.user_data()));
        id
    }

    // ANCHOR: wait
    /// Submits what has gathered, and sleeps until something is complete or the time is up. It may
    /// also return for no reason.
    ///
    /// # Errors
    /// Those of `io_uring_enter(2)` that no repetition mends.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        const DAY: Duration = Duration::from_secs(24 * 3600); // far more may overflow in the kernel
        let timespec = timeout.map(|timeout| Timespec::from(timeout.min(DAY)));
        loop {
            self.fill();
            let is_last = self.queue.is_empty();
            let mut arguments = SubmitArgs::new();
            if let Some(timespec) = &timespec {
                arguments = arguments.timespec(timespec);
            }
            match self.uring.submitter().submit_with_args(usize::from(is_last), &arguments) {
                Ok(_) if is_last => return Ok(()),
                Ok(_) => {}
                // The time is up; a signal; completions have to be taken first, or memory is short.
                Err(error) => match error.raw_os_error() {
                    Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN) => return Ok(()),
                    _ => return Err(error),
                },
            }
        }
    }
    // ANCHOR_END: wait

    /// Moves operations into the kernel's queue, as far as there is room.
    fn fill(&mut self) {
        let mut submission = self.uring.submission();
        while let Some(entry) = self.queue.front() {
            // SAFETY: the memory and the descriptor that the entry names are those of its flight,
            // which holds them until the last completion. A vector's memory stays where it is when
            // the vector is moved, and nobody touches it in a flight.
            if unsafe { submission.push(entry) }.is_err() {
                return;
            }
            self.queue.pop_front();
        }
    }

    /// The bytes that have been received.
    ///
    /// # Panics
    /// If another ring has received them.
    pub fn bytes<'l>(&'l mut self, lent: &'l mut Lent) -> &'l mut [u8] {
        self.buffers.bytes(lent)
    }

    /// Gives a buffer back to the kernel.
    ///
    /// # Panics
    /// If it is another ring's.
    pub fn give_back(&mut self, lent: Lent) {
        self.buffers.give_back(lent);
    }

    // ANCHOR: next
    /// What has been completed next, if anything has.
    #[allow(clippy::should_implement_trait, reason = "a ring does not end")]
    pub fn next(&mut self) -> Option<Completion> {
        loop {
            let entry = self.uring.completion().next()?;
            let completion = self.complete(&entry);
            if completion.is_some() {
                return completion;
            }
        }
    }
    // ANCHOR_END: next

    /// `None` if it is the completion of a cancellation.
    fn complete(&mut self, entry: &cqueue::Entry) -> Option<Completion> {
        let result = match entry.result() {
            error if error < 0 => Err(io::Error::from_raw_os_error(-error)),
            count => Ok(count.unsigned_abs() as usize),
        };
        let slot = (entry.user_data() & u64::from(u32::MAX)) as usize;
        let more = cqueue::more(entry.flags());
        if more {
            let flight = self.flights.get(slot)?;
            let event = match flight.operation {
                Operation::Accept => accepted(result, entry),
                Operation::Watch => Event::Woken,
                _ => self.received(result, entry),
            };
            return Some(Completion { key: self.flights[slot].key, event, more });
        }
        let Flight { key, operation, .. } = self.flights.try_remove(slot)?;
        let event = match operation {
            Operation::Accept => accepted(result, entry),
            Operation::Watch => Event::Woken,
            Operation::Receive => self.received(result, entry),
            Operation::Send(buffer, from) => Event::Sent(result, buffer, from),
            Operation::Read(mut buffer) => {
                if let Ok(bytes) = result {
                    assert!(bytes <= buffer.capacity());
                    // SAFETY: the kernel has just written so many bytes to the beginning.
                    unsafe { buffer.set_len(bytes) };
                }
                Event::Read(result, buffer)
            }
        };
        Some(Completion { key, event, more })
    }

    fn received(&mut self, result: io::Result<usize>, entry: &cqueue::Entry) -> Event {
        let Some(id) = cqueue::buffer_select(entry.flags()) else {
            return Event::Received(result.map(|_| None));
        };
        // SAFETY: this completion of a receive says that the kernel has filled this buffer.
        let lent = unsafe { self.buffers.lent(id, *result.as_ref().unwrap_or(&0)) };
        if matches!(result, Ok(1..)) {
            return Event::Received(Ok(Some(lent)));
        }
        self.buffers.give_back(lent);
        Event::Received(result.map(|_| None))
    }
}

fn accepted(result: io::Result<usize>, entry: &cqueue::Entry) -> Event {
    // SAFETY: this completion of an accept hands over a new descriptor, which is ours alone.
    Event::Accepted(result.map(|_| unsafe { OwnedFd::from_raw_fd(entry.result()) }))
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (under_way, queued) = (self.flights.len(), self.queue.len());
        let mut ring = f.debug_struct("Ring");
        ring.field("enabled", &self.enabled).field("under_way", &under_way);
        ring.field("queued", &queued).finish_non_exhaustive()
    }
}

impl Drop for Ring {
    /// Ends what is under way, and waits for its end: closing a ring does not. (On another thread
    /// than the one that uses the ring neither can be done, and what is under way is leaked.)
    fn drop(&mut self) {
        let mut result = Ok(());
        let mut is_cancelled = false;
        // Before it is enabled, the kernel has seen nothing.
        while self.enabled && !self.flights.is_empty() && result.is_ok() {
            // An operation that was about to wait may miss a cancellation, so there are several;
            // but each ends one wait by its own completion, so there is another wait between them.
            is_cancelled = !is_cancelled;
            if is_cancelled {
                let everything = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
                self.queue.push_back(everything.user_data(Id::NONE.user_data()));
            }
            result = self.wait(Some(Duration::from_millis(100)));
            while let Some(completion) = self.next() {
                drop(completion); // an accepted connection is closed with it
            }
        }
        match result {
            Ok(()) => self.buffers.unregister(&self.uring.submitter()),
            // Memory that the kernel may still touch is better lost than used again.
            Err(_) => std::mem::forget(std::mem::take(&mut self.flights)),
        }
    }
}
