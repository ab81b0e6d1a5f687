//! Linux's `io_uring`, as far as a server needs it, without `unsafe` in the code that uses it.
//!
//! Operations go into one queue that is shared with the kernel, completions come out of another.
//! From its submission to its last completion, an operation's memory is the kernel's, which reads
//! or writes it on a schedule of its own; Rust's borrows know nothing of that. So one rule holds
//! here: **what the kernel may touch, the ring owns.** The caller hands over the buffer of an
//! operation that it begins, and gets it back with the completion. It may cancel the operation, and
//! still has to wait for its end. Descriptors are owned like buffers, so that a number means the
//! same socket when the kernel looks at it as when it was written down. And a ring that is dropped
//! waits for the end of all that is under way, since closing it would not.
//!
//! * [`Ring`]: accept, receive, send, read, cancel; wait; what is complete.
//! * [`Lent`]: a buffer that the kernel has received into, of a stock that it takes from.
//! * [`Waker`]: wakes a ring from another thread.
//!
//! On other systems than Linux the crate is empty.
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> std::io::Result<()> {
//! use safe_uring::{Event, Ring, Sizes};
//! use std::{io::Read, net::{TcpListener, TcpStream}, os::fd::OwnedFd, sync::Arc};
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let mut peer = TcpStream::connect(listener.local_addr()?)?;
//! let socket: Arc<OwnedFd> = Arc::new(listener.accept()?.0.into());
//!
//! # let Ok(ring) = Ring::new(Sizes { operations: 8, completions: 16, buffers: 2, buffer: 4096 })
//! #     else { return Ok(()) };
//! # drop(ring);
//! let mut ring = Ring::new(Sizes { operations: 8, completions: 16, buffers: 2, buffer: 4096 })?;
//! ring.enable()?;
//! ring.send(7, &socket, b"hello".to_vec(), 0); // the buffer is the ring's now
//! ring.wait(None)?;
//! let completion = ring.next().expect("something is complete");
//! assert_eq!(completion.key, 7);
//! let Event::Sent(Ok(5), buffer, _) = completion.event else { panic!("not sent") };
//! assert_eq!(buffer, b"hello"); // and ours again
//!
//! let mut said = [0; 5];
//! peer.read_exact(&mut said)?;
//! assert_eq!(&said, b"hello");
//! # Ok(())
//! # }
//! # #[cfg(not(target_os = "linux"))]
//! # fn main() {}
//! ```
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "so that nobody else needs any")]

mod buffers;
mod ring;
mod waker;

pub use buffers::Lent;
pub use ring::{Completion, Event, Id, Ring, Sizes};
pub use waker::Waker;
