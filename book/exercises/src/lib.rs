//! The exercises of the course. Each is a file with `todo!()` in it and a file of tests, all red;
//! you are done when they are green. Start with one:
//!
//! ```text
//! cargo test --test head_end
//! ```
//!
//! | chapter | exercise |
//! |---|---|
//! | Bytes, not messages | `head_end`, `chunked` |
//! | The connection as a state machine | `keep_alive`, `pipeline` |
//! | The event loop | `timer_queue`, `edge_loop` |
//! | Layers | `frames`, `layer` |

#![cfg_attr(not(feature = "solutions"), allow(unused, clippy::all))]

#[cfg_attr(feature = "solutions", path = "../solutions/chunked.rs")]
pub mod chunked;
#[cfg_attr(feature = "solutions", path = "../solutions/edge_loop.rs")]
pub mod edge_loop;
#[cfg_attr(feature = "solutions", path = "../solutions/frames.rs")]
pub mod frames;
#[cfg_attr(feature = "solutions", path = "../solutions/head_end.rs")]
pub mod head_end;
#[cfg_attr(feature = "solutions", path = "../solutions/keep_alive.rs")]
pub mod keep_alive;
#[cfg_attr(feature = "solutions", path = "../solutions/layer.rs")]
pub mod layer;
#[cfg_attr(feature = "solutions", path = "../solutions/pipeline.rs")]
pub mod pipeline;
#[cfg_attr(feature = "solutions", path = "../solutions/timer_queue.rs")]
pub mod timer_queue;
