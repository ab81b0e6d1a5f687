//! What an application implements, and the effects it may ask for. A handler never waits: it
//! answers now, says when to answer, or hands back [`Work`] to be done elsewhere.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http::StatusCode;

use crate::{Protocol, Request, Response};

/// Answers requests. One handler serves all connections of a server, from many threads.
///
/// A function or closure is a handler:
///
/// ```
/// use protocol::{Handler, Request, Response};
/// fn takes(_: impl Handler) {}
/// takes(|request: &Request<'_>| Response::text(format!("You asked for {}\n", request.path())));
/// ```
pub trait Handler: Send + Sync + 'static {
    /// Called when the head of a request is complete; its body, if any, has yet to be read.
    /// A panic is answered with 500 and costs an HTTP/1.1 connection, no more.
    fn handle(&self, request: &Request<'_>) -> Reply;
}

impl<F, R> Handler for F
where
    F: Fn(&Request<'_>) -> R + Send + Sync + 'static,
    R: Into<Reply>,
{
    fn handle(&self, request: &Request<'_>) -> Reply {
        self(request).into()
    }
}

/// What a handler wants to happen.
#[non_exhaustive]
pub enum Reply {
    /// Answer now. A body that the request may have is thrown away.
    Respond(Response),
    /// Answer at a moment in time, which costs no thread.
    RespondAt(Instant, Box<Response>),
    /// Have this done elsewhere, then do what comes of it.
    Run(Work),
    /// Collect the body in memory, then go on; see [`Reply::collect`].
    Collect(Collector),
    /// Hand the body to a sink as it arrives; see [`Reply::stream`].
    Stream(Box<dyn Sink>),
    /// Answer `101 Switching Protocols` and hand the connection over; see [`Reply::upgrade`].
    Upgrade(Box<Response>, Box<dyn Protocol>),
}

/// What happens to a body once it has been collected.
pub type Collector = Box<dyn FnOnce(Vec<u8>) -> Reply + Send>;

impl Reply {
    /// Answers at a moment in time.
    pub fn at(moment: Instant, response: impl Into<Response>) -> Self {
        Reply::RespondAt(moment, Box::new(response.into()))
    }

    /// Collects the body, up to [`Limits::max_collect`](crate::Limits::max_collect) bytes, then calls
    /// `then`. A request without a body has an empty one.
    pub fn collect<R: Into<Reply>>(then: impl FnOnce(Vec<u8>) -> R + Send + 'static) -> Self {
        Reply::Collect(Box::new(move |body| then(body).into()))
    }

    /// Hands the body to a sink as it arrives, up to [`Limits::max_body`](crate::Limits::max_body) bytes.
    /// The peer is made to wait while the sink is behind.
    pub fn stream(sink: impl Sink) -> Self {
        Reply::Stream(Box::new(sink))
    }

    /// Has a closure run where it may block. What it returns is the next reply.
    pub fn blocking<R: Into<Reply>>(job: impl FnOnce() -> R + Send + 'static) -> Self {
        Reply::Run(Work::blocking(move || Outcome::Reply(job().into())))
    }

    /// Has a future run to its end. Every backend can: so it must not need a certain runtime.
    pub fn future<R: Into<Reply>>(future: impl Future<Output = R> + Send + 'static) -> Self {
        Reply::Run(Work::future(async { Outcome::Reply(future.await.into()) }))
    }

    /// Answers `101 Switching Protocols` with `Upgrade: name` (RFC 9110 §7.8) and hands what
    /// follows on the connection to `next`. `response` may bring further fields.
    pub fn upgrade(
        name: http::HeaderValue,
        mut response: Response,
        next: impl Protocol + 'static,
    ) -> Self {
        response.status = StatusCode::SWITCHING_PROTOCOLS;
        response.body = crate::Body::Empty;
        Reply::Upgrade(Box::new(response.field(http::header::UPGRADE, name)), Box::new(next))
    }
}

impl Reply {
    /// The same reply, with a change to whatever response comes of it: for fields that all
    /// responses should have. An upgrade stays as it is, and what is answered in place of the
    /// application has no such change: after a panic, for example.
    ///
    /// ```
    /// use protocol::http::header::{HeaderValue, SERVER};
    /// use protocol::Reply;
    /// let reply = Reply::from("hello");
    /// let reply = reply.map(|response| response.field(SERVER, HeaderValue::from_static("x")));
    /// ```
    #[must_use]
    pub fn map(self, change: impl Fn(Response) -> Response + Clone + Send + 'static) -> Self {
        match self {
            Reply::Respond(response) => Reply::Respond(change(response)),
            Reply::RespondAt(moment, response) => {
                Reply::RespondAt(moment, Box::new(change(*response)))
            }
            Reply::Run(work) => Reply::Run(work.map(move |outcome| match outcome {
                Outcome::Reply(reply) => Outcome::Reply(reply.map(change)),
                other => other,
            })),
            Reply::Collect(then) => Reply::Collect(Box::new(move |body| then(body).map(change))),
            Reply::Stream(sink) => Reply::Stream(Box::new(Changed { sink, change })),
            upgrade @ Reply::Upgrade(..) => upgrade,
        }
    }
}

/// A sink with a change to whatever response comes of it.
struct Changed<C> {
    sink: Box<dyn Sink>,
    change: C,
}

impl<C: Fn(Response) -> Response + Clone + Send + 'static> Sink for Changed<C> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.sink.write(piece).map_err(&self.change)
    }

    fn finish(self: Box<Self>) -> Reply {
        self.sink.finish().map(self.change)
    }
}

impl<R: Into<Reply>, E: Into<Reply>> From<Result<R, E>> for Reply {
    fn from(result: Result<R, E>) -> Self {
        result.map_or_else(Into::into, Into::into)
    }
}

impl From<StatusCode> for Reply {
    fn from(status: StatusCode) -> Self {
        Reply::Respond(status.into())
    }
}

impl From<&'static str> for Reply {
    fn from(text: &'static str) -> Self {
        Reply::Respond(text.into())
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Reply::Respond(text.into())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reply::Respond(_) => "Respond",
            Reply::RespondAt(..) => "RespondAt",
            Reply::Run(_) => "Run",
            Reply::Collect(_) => "Collect",
            Reply::Stream(_) => "Stream",
            Reply::Upgrade(..) => "Upgrade",
        })
    }
}

/// Takes a request body piece by piece, to a file for instance. It may block: its methods are
/// called as [`Work`]. Dropping it without [`Sink::finish`] means that the body never came whole.
pub trait Sink: Send + 'static {
    /// Takes the next piece.
    ///
    /// # Errors
    /// The response to give instead of reading on.
    fn write(&mut self, piece: &[u8]) -> Result<(), Response>;

    /// The body is complete.
    fn finish(self: Box<Self>) -> Reply;
}

/// Names one piece of [`Work`] of one connection, so that its outcome finds its way back. A
/// connection may have several pieces of work outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) u64);

impl Ticket {
    /// A name for work of a [`Protocol`] other than HTTP, which numbers its own.
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
    Blocking(Job),
    /// Waits for other things without blocking: it wants an executor.
    Future(Task),
}

impl Work {
    pub(crate) fn blocking(job: impl FnOnce() -> Outcome + Send + 'static) -> Self {
        Work::Blocking(Job(DropGuarded::new(Box::new(job))))
    }

    pub(crate) fn future(future: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Work::Future(Task(DropGuarded::new(Box::pin(future))))
    }

    /// The same work, with something that is dropped when it has been done, or never will be.
    #[must_use]
    pub fn holding(self, held: impl Send + 'static) -> Self {
        match self {
            Work::Blocking(job) => Work::blocking(move || {
                let _held = held;
                job.run()
            }),
            Work::Future(task) => Work::future(async move {
                let _held = held;
                task.await
            }),
        }
    }

    /// The same work, with a change to what comes of it.
    fn map(self, change: impl FnOnce(Outcome) -> Outcome + Send + 'static) -> Self {
        match self {
            Work::Blocking(job) => Work::blocking(move || change(job.run())),
            Work::Future(task) => Work::future(async move { change(task.await) }),
        }
    }

    /// Work of a [`Protocol`] other than HTTP: its result comes back as [`Outcome::Other`].
    pub fn other<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self {
        Work::blocking(move || Outcome::Other(Box::new(job())))
    }
}

/// Something of the application's, which may panic when it is dropped: then no harm is done.
pub struct DropGuarded<T>(Option<T>);

impl<T> DropGuarded<T> {
    /// Guards it.
    pub fn new(value: T) -> Self {
        DropGuarded(Some(value))
    }

    /// What was guarded.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "it is there until it is taken or dropped")]
    pub fn into_inner(mut self) -> T {
        self.0.take().expect("it is taken once")
    }
}

impl<T> Deref for DropGuarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken once")
    }
}

impl<T> DerefMut for DropGuarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is taken once")
    }
}

impl<T> Drop for DropGuarded<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        catch_panic(|| drop(value));
    }
}

/// A closure that may block. It may be dropped undone.
pub struct Job(DropGuarded<Box<dyn FnOnce() -> Outcome + Send>>);

impl Job {
    /// Runs it to its end. A panic is an outcome too.
    #[must_use]
    pub fn run(self) -> Outcome {
        catch_panic(self.0.into_inner()).unwrap_or(Outcome::Panicked)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// A future. A panic while it is polled is an outcome too. It may be dropped undone.
pub struct Task(DropGuarded<Pin<Box<dyn Future<Output = Outcome> + Send>>>);

impl Future for Task {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Some(future) = &mut self.0.0 else { return Poll::Ready(Outcome::Panicked) };
        catch_panic(|| future.as_mut().poll(context)).unwrap_or(Poll::Ready(Outcome::Panicked))
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// The result of a call into the application, or `None` if it panicked. For drivers too: what a
/// connection holds of the application may panic even when it is dropped.
pub fn catch_panic<R>(call: impl FnOnce() -> R) -> Option<R> {
    let payload = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => return Some(result),
        Err(payload) => payload,
    };
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another); // enough
    }
    None
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
    use std::sync::Arc;

    /// Panics when it is dropped, with another one as long as there are any.
    struct Bomb(Arc<()>, u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.1 > 0 {
                std::panic::panic_any(Bomb(Arc::clone(&self.0), self.1 - 1));
            }
        }
    }

    #[test]
    fn a_panic_is_caught_whatever_it_carries_and_nothing_is_kept_of_it() {
        let counted = Arc::new(());
        let carried = Arc::clone(&counted);
        assert_eq!(catch_panic(|| 7), Some(7));
        assert_eq!(catch_panic(|| std::panic::panic_any(carried)), None::<()>);
        assert_eq!(Arc::strong_count(&counted), 1, "the payload is still there");
        assert_eq!(catch_panic(|| drop(Bomb(Arc::clone(&counted), 2))), None);
    }

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
