//! The event loop. It is yours; the pages of the capstone say what each day asks for.
//!
//! A [`Session`] is one connection without its socket: it has the protocol and the buffers, and
//! says by [`Session::poll`] what it wants next.
//!
//! | it says | then |
//! |---|---|
//! | `Next::Wait(wanted)` | nothing to do until a wait ends: see below |
//! | `Next::Run(ticket, work)` | `session.complete(ticket, threads::perform(work))` on days 1 to 3 |
//! | `Next::ShutdownWrite` | shut the write side of the socket down |
//! | `Next::Abort` | [`socket::abort`], then ask again: `Close` follows |
//! | `Next::Close` | drop the session and the socket |
//!
//! | it waits for | when that has come |
//! |---|---|
//! | `wanted.read`: input | [`Session::receive_with`], with what reads from the socket |
//! | `wanted.write`: room to send | [`Session::send_with`], with [`write`] |
//! | `wanted.deadline`: a moment in time | [`Session::handle_timeout_with`], from day 3 on |
//!
//! Both attempts may fail with `WouldBlock`: [`socket::unless_blocked`] takes that for what it is.
//!
//! Besides what is imported below you will need, on the first day:
//!
//! ```ignore
//! use std::io::{ErrorKind, Read};
//! use std::net::Shutdown;
//!
//! use backend_common::{Next, threads};
//! use rustix::event::{PollFd, poll};
//! ```

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use backend_common::{Context, Listener, Output, Session, socket};
use rustix::event::PollFlags;

/// Serves forever. Each session needs a place, `context.admission.admit()`, and is made of it by
/// [`Session::new`].
pub(crate) fn serve(listener: &Listener, context: &Context) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    // So that the compiler does not warn of them before they are used.
    let _ = (accept, converse, wait::<TcpStream>, write);
    todo!("day 1: serve the clients of {listener:?} one after the other, within {context:?}")
}

/// Sleeps until there is a client, and accepts it. Its socket has to be made non-blocking.
fn accept(listener: &Listener) -> io::Result<TcpStream> {
    todo!("day 1: wait for {listener:?}")
}

/// Drives a connection to its end.
fn converse(stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    todo!("day 1: do what {session:?} says, on {stream:?}")
}

/// Sleeps until the socket is ready for one of these, and says for which: `rustix::event::poll`.
fn wait<S: AsFd>(socket: &S, interest: PollFlags) -> io::Result<PollFlags> {
    todo!("day 1: ask the kernel for {interest:?} of {:?}", socket.as_fd())
}

/// Writes what a session wants to send. This is finished.
fn write(mut stream: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => stream.write(bytes),
        Output::File(range) => socket::send_file(stream, range),
    }
}
