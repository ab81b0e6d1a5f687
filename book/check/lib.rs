//! What keeps the course true. The text is in `book/src`; here is what tests it.
//!
//! * [`links`] finds listings without a source, dead links and lines that have moved.
//! * [`held`] finds attacks in SECURITY.md against which there is no test.
//! * [`predicates`] finds sentences about a trace that are not true of it.
//! * [`rust`] finds the oldest Rust that the text promises.
//! * [`mod@transcript`] produces the transcripts of connections that the text shows; [`frames`] is
//!   what it needs of HTTP/2.
//! * [`waits`] finds a backend in which the five waits stand in another order.
//! * The snippets in the text are documentation tests of this crate.

#![forbid(unsafe_code)]

pub mod frames;
pub mod held;
pub mod links;
pub mod predicates;
pub mod rust;
pub mod transcript;
pub mod waits;

/// A chapter, for the sake of its snippets.
macro_rules! chapter {
    ($name:ident, $file:literal) => {
        #[cfg(doctest)]
        #[doc = include_str!($file)]
        struct $name;
    };
}

chapter!(Introduction, "../src/introduction.md");
chapter!(FirstServer, "../src/first-server.md");
chapter!(UnderStdNet, "../src/under-std-net.md");
chapter!(Bytes, "../src/bytes.md");
chapter!(Answering, "../src/answering.md");
chapter!(StateMachine, "../src/state-machine.md");
chapter!(Threads, "../src/threads.md");
chapter!(Dispatch, "../src/dispatch.md");
chapter!(EventLoop, "../src/event-loop.md");
chapter!(Completions, "../src/completions.md");
chapter!(Layers, "../src/layers.md");
chapter!(Concepts, "../../CONCEPTS.md");
