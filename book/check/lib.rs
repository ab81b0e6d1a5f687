//! What keeps the course true. The text is in `book/src`; here is what tests it.
//!
//! * [`links`] finds listings without a source, dead links and lines that have moved.
//! * [`glossary()`](glossary::glossary) makes the glossary of the course from CONCEPTS.md.
//! * [`held`] finds attacks in SECURITY.md against which there is no test.
//! * [`prose`] reads a chapter as its reader does; with it [`minutes`] finds a chapter whose
//!   minutes do not add up, [`terms`] a term before its definition, [`facts`] a number without a
//!   source, [`figures`] a figure of states that is not that of the code, [`confusions`] a
//!   confusion that the index lacks.
//! * [`mod@plan`] makes the plan for a class from the minutes.
//! * [`predicates`] finds sentences about a trace that are not true of it.
//! * [`quiz`] finds questions from which nobody could learn, and computed ones that are marked
//!   wrongly.
//! * [`exam`] draws exams and tests from their questions.
//! * [`rust`] finds the oldest Rust that the text promises.
//! * [`mod@transcript`] produces the transcripts of connections that the text shows; [`frames`] is
//!   what it needs of HTTP/2.
//! * [`waits`] finds a backend in which the five waits stand in another order.
//! * The snippets in the text are documentation tests of this crate.

#![forbid(unsafe_code)]

pub mod confusions;
pub mod exam;
pub mod facts;
pub mod figures;
pub mod glossary;
pub mod held;
pub mod links;
pub mod minutes;
pub mod plan;
pub mod predicates;
pub mod prose;
pub mod quiz;
pub mod rust;
pub mod terms;
pub mod transcript;
pub mod waits;

pub use live::frames;

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
chapter!(Poll, "../src/poll.md");
chapter!(EventLoop, "../src/event-loop.md");
chapter!(Completions, "../src/completions.md");
chapter!(TlsAndHttp2, "../src/tls-and-http2.md");
chapter!(WebSocket, "../src/websocket.md");
chapter!(Confusions, "../src/confusions.md");
chapter!(Teaching, "../src/teaching.md");
chapter!(Capstone, "../src/capstone.md");
chapter!(Progress, "../src/progress.md");
chapter!(Concepts, "../../CONCEPTS.md");
