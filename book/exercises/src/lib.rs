//! The exercises of the course. Each is a file with `todo!()` in it and a file of tests, all red;
//! you are done when they are green. Start with one:
//!
//! ```text
//! cargo test --test head_end
//! ```
//!
//! | chapter | exercise |
//! |---|---|
//! | A server in 60 lines | `read_head`, `accept_loop`, `head_deadline` |
//! | Under `std::net` | `strace_line`, `descriptors` |
//! | Bytes, not messages | `head_end`, `chunked` |
//! | Answering well | `field_line`, `chunk_writer`, `upload_failure` |
//! | The connection as a state machine | `keep_alive`, `pipeline` |
//! | Threads | `pool`, `bounded_queue` |
//! | Static or dynamic | `hand_vtable`, `router`, `erased` |
//! | select, poll, epoll | `unsent`, `poll_set`, `level_loop`, `acceptor` |
//! | The event loop | `timer_queue`, `edge_loop` |
//! | Completions | `multishot` |
//! | TLS and HTTP/2 | `frames`, `layer` |
//! | WebSocket | `closing` |

#![cfg_attr(not(feature = "solutions"), allow(unused, clippy::all))]

#[cfg_attr(feature = "solutions", path = "../solutions/accept_loop.rs")]
pub mod accept_loop;
#[cfg_attr(feature = "solutions", path = "../solutions/acceptor.rs")]
pub mod acceptor;
#[cfg_attr(feature = "solutions", path = "../solutions/bounded_queue.rs")]
pub mod bounded_queue;
#[cfg_attr(feature = "solutions", path = "../solutions/chunk_writer.rs")]
pub mod chunk_writer;
#[cfg_attr(feature = "solutions", path = "../solutions/chunked.rs")]
pub mod chunked;
#[cfg_attr(feature = "solutions", path = "../solutions/closing.rs")]
pub mod closing;
#[cfg_attr(feature = "solutions", path = "../solutions/descriptors.rs")]
pub mod descriptors;
#[cfg_attr(feature = "solutions", path = "../solutions/edge_loop.rs")]
pub mod edge_loop;
#[cfg_attr(feature = "solutions", path = "../solutions/erased.rs")]
pub mod erased;
#[cfg_attr(feature = "solutions", path = "../solutions/field_line.rs")]
pub mod field_line;
#[cfg_attr(feature = "solutions", path = "../solutions/frames.rs")]
pub mod frames;
#[cfg_attr(feature = "solutions", path = "../solutions/hand_vtable.rs")]
pub mod hand_vtable;
#[cfg_attr(feature = "solutions", path = "../solutions/head_deadline.rs")]
pub mod head_deadline;
#[cfg_attr(feature = "solutions", path = "../solutions/head_end.rs")]
pub mod head_end;
#[cfg_attr(feature = "solutions", path = "../solutions/keep_alive.rs")]
pub mod keep_alive;
#[cfg_attr(feature = "solutions", path = "../solutions/layer.rs")]
pub mod layer;
#[cfg_attr(feature = "solutions", path = "../solutions/level_loop.rs")]
pub mod level_loop;
#[cfg_attr(feature = "solutions", path = "../solutions/multishot.rs")]
pub mod multishot;
#[cfg_attr(feature = "solutions", path = "../solutions/pipeline.rs")]
pub mod pipeline;
#[cfg_attr(feature = "solutions", path = "../solutions/poll_set.rs")]
pub mod poll_set;
#[cfg_attr(feature = "solutions", path = "../solutions/pool.rs")]
pub mod pool;
#[cfg_attr(feature = "solutions", path = "../solutions/read_head.rs")]
pub mod read_head;
#[cfg_attr(feature = "solutions", path = "../solutions/router.rs")]
pub mod router;
#[cfg_attr(feature = "solutions", path = "../solutions/strace_line.rs")]
pub mod strace_line;
#[cfg_attr(feature = "solutions", path = "../solutions/timer_queue.rs")]
pub mod timer_queue;
#[cfg_attr(feature = "solutions", path = "../solutions/unsent.rs")]
pub mod unsent;
#[cfg_attr(feature = "solutions", path = "../solutions/upload_failure.rs")]
pub mod upload_failure;
