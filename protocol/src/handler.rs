//! What an application implements, and the effects it may ask for. A handler never waits: it
//! answers now, says when to answer, or hands back [`Work`] to be done elsewhere.

use std::fmt;
use std::future::Future;
use std::time::Instant;

use http::{HeaderMap, StatusCode};

use crate::protocol::Protocol;
use crate::request::Request;
use crate::response::{Body, Response};
use crate::work::{Outcome, Work};

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

/// What happens to a body once it has been collected, and to the fields behind it.
pub type Collector = Box<dyn FnOnce(Vec<u8>, HeaderMap) -> Reply + Send>;

impl Reply {
    /// Answers at a moment in time.
    pub fn at(moment: Instant, response: impl Into<Response>) -> Self {
        Reply::RespondAt(moment, Box::new(response.into()))
    }

    /// Collects the body, up to [`Limits::max_collect`](crate::Limits::max_collect) bytes, then
    /// calls `then`. A request without a body has an empty one.
    pub fn collect<R: Into<Reply>>(then: impl FnOnce(Vec<u8>) -> R + Send + 'static) -> Self {
        Reply::Collect(Box::new(move |body, _| then(body).into()))
    }

    /// As [`Reply::collect`], with the trailer fields that stand behind the body (RFC 9110 §6.5).
    /// Those of HTTP/2 are passed on; those of HTTP/1.1 are passed over, as a recipient may
    /// (RFC 9112 §7.1.2).
    pub fn collect_with_trailers<R: Into<Reply>>(
        then: impl FnOnce(Vec<u8>, HeaderMap) -> R + Send + 'static,
    ) -> Self {
        Reply::Collect(Box::new(move |body, trailers| then(body, trailers).into()))
    }

    /// Hands the body to a sink as it arrives, up to [`Limits::max_body`](crate::Limits::max_body)
    /// bytes. The peer is made to wait while the sink is behind.
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
        response.body = Body::Empty;
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
            Reply::Collect(then) => {
                Reply::Collect(Box::new(move |body, trailers| then(body, trailers).map(change)))
            }
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

    fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), Response> {
        self.sink.trailers(trailers).map_err(&self.change)
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

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Reply::Respond(response)
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

    /// Takes the trailer fields, if there are any behind the body: see
    /// [`Reply::collect_with_trailers`].
    ///
    /// # Errors
    /// The response to give instead of finishing.
    fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), Response> {
        let _ = trailers;
        Ok(())
    }

    /// The body is complete.
    fn finish(self: Box<Self>) -> Reply;
}
