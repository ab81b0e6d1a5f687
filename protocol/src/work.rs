//! Work that is done elsewhere, and what comes of it. A protocol never waits: what takes long is
//! handed out as [`Work`], and its [`Outcome`] is brought back under a [`Ticket`].

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::guard::{DropGuarded, catch_panic};
use crate::handler::{Reply, Sink};
use crate::response::Response;

/// Names one piece of [`Work`] of one connection, so that its outcome finds its way back. A
/// connection may have several pieces of work outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) u64);

impl Ticket {
    /// A name for work of a [`Protocol`](crate::Protocol) other than HTTP, which numbers its own.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Ticket(number)
    }
}

/// The tickets of one connection, counted up from one.
#[derive(Debug, Default)]
pub struct Tickets(u64);

impl Tickets {
    /// A ticket that there has not been before.
    #[allow(clippy::should_implement_trait, reason = "they never end")]
    pub fn next(&mut self) -> Ticket {
        self.0 += 1;
        Ticket(self.0)
    }
}

/// Something to be done elsewhere, in the backend's own idiom.
#[derive(Debug)]
pub enum Work {
    /// May block or compute for long: it wants a thread.
    Blocking(BlockingTask),
    /// Waits for other things without blocking: it wants an executor.
    Future(FutureTask),
}

impl Work {
    pub(crate) fn blocking(task: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Work::Blocking(BlockingTask(DropGuarded::new(Box::new(task))))
    }

    pub(crate) fn future(future: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Work::Future(FutureTask(DropGuarded::new(Box::pin(future))))
    }

    /// The same work, with something that is dropped when it has been done, or never will be.
    #[must_use]
    pub fn holding(self, held: impl Send + 'static) -> Self {
        match self {
            Work::Blocking(task) => Work::blocking(move || {
                let _held = held;
                task.run()
            }),
            Work::Future(task) => Work::future(async move {
                let _held = held;
                task.await
            }),
        }
    }

    /// The same work; this is called when it begins.
    #[must_use]
    pub fn on_begin(self, begun: impl FnOnce() + Send + 'static) -> Self {
        match self {
            Work::Blocking(task) => Work::blocking(move || {
                begun();
                task.run()
            }),
            Work::Future(task) => Work::future(async move {
                begun();
                task.await
            }),
        }
    }

    /// The same work, with a change to what comes of it.
    pub(crate) fn map(self, change: impl FnOnce(Outcome) -> Outcome + Send + 'static) -> Self {
        match self {
            Work::Blocking(task) => Work::blocking(move || change(task.run())),
            Work::Future(task) => Work::future(async move { change(task.await) }),
        }
    }

    /// Work of a [`Protocol`](crate::Protocol) other than HTTP: its result comes back as
    /// [`Outcome::Other`].
    pub fn other<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> Self {
        Work::blocking(move || Outcome::Other(Box::new(task())))
    }
}

/// A closure that may block. It may be dropped undone.
pub struct BlockingTask(DropGuarded<Box<dyn FnOnce() -> Outcome + Send>>);

impl BlockingTask {
    /// Runs it to its end. A panic is an outcome too.
    #[must_use]
    pub fn run(self) -> Outcome {
        catch_panic(self.0.into_inner()).unwrap_or(Outcome::Panicked)
    }
}

impl fmt::Debug for BlockingTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingTask")
    }
}

/// A future. A panic while it is polled is an outcome too. It may be dropped undone.
pub struct FutureTask(DropGuarded<Pin<Box<dyn Future<Output = Outcome> + Send>>>);

impl Future for FutureTask {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let future = self.0.as_mut();
        catch_panic(|| future.poll(context)).unwrap_or(Poll::Ready(Outcome::Panicked))
    }
}

impl fmt::Debug for FutureTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FutureTask")
    }
}

/// What came of a piece of [`Work`].
#[non_exhaustive]
pub enum Outcome {
    /// What to do next.
    Reply(Reply),
    /// A sink has taken a piece.
    Written(Written),
    /// The work panicked: answered with 500.
    Panicked,
    /// There was no room for it: answered with 503 (RFC 9110 §15.6.4).
    Overloaded,
    /// The result of [`Work::other`].
    Other(Box<dyn Any + Send>),
}

/// A sink on its way back from writing, with the buffer of its piece.
pub struct Written {
    pub(crate) sink: DropGuarded<Box<dyn Sink>>,
    pub(crate) piece: Vec<u8>,
    pub(crate) result: Result<(), Response>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("result", &self.result).finish_non_exhaustive()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Reply(_) => "Reply",
            Outcome::Written(_) => "Written",
            Outcome::Panicked => "Panicked",
            Outcome::Overloaded => "Overloaded",
            Outcome::Other(_) => "Other",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::tests::Bomb;
    use std::sync::Arc;

    #[test]
    fn work_that_panics_when_it_is_dropped_does_no_harm() {
        let counted = Arc::new(());
        let bombs = [0, 1, 2].map(|_| Bomb(Arc::clone(&counted), 1));
        let [first, second, third] = bombs;
        drop(Work::blocking(move || {
            drop(first);
            Outcome::Panicked
        }));
        drop(Work::future(async move {
            let _second = second;
            std::future::pending().await
        }));
        drop(Work::blocking(|| Outcome::Panicked).holding(third));
        assert_eq!(Arc::strong_count(&counted), 1, "one has not been dropped");
    }
}
