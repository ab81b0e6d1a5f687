//! Day 1: one connection at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use backend_common::{Context, Listener, Next, Output, Session, socket, threads};
use rustix::event::{PollFd, PollFlags, poll};

/// Serves forever.
pub(super) fn serve(listener: &Listener, context: &Context) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    loop {
        // One at a time: there is always a place for it.
        let Some(slot) = context.admission.admit() else { continue };
        let stream = accept(listener)?;
        let mut session = Session::new(context, slot);
        if let Err(error) = converse(&stream, &mut session) {
            session.ended(&error);
        }
    }
}

fn accept(listener: &Listener) -> io::Result<TcpStream> {
    loop {
        wait(listener, PollFlags::IN)?;
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if socket::is_clients_fault(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

// ANCHOR: converse
/// Drives a connection to its end.
fn converse(mut stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    loop {
        match session.poll() {
            Next::Wait(wanted) => {
                let mut interest = PollFlags::empty();
                interest.set(PollFlags::IN, wanted.read);
                interest.set(PollFlags::OUT, wanted.write);
                let ready = wait(stream, interest)?;
                if ready.contains(PollFlags::OUT) {
                    let result = session.send_with(|output| write(stream, output));
                    socket::unless_blocked(result)?;
                } else if wanted.read && !ready.is_empty() {
                    let result = session.receive_with(|space| stream.read(space));
                    socket::unless_blocked(result)?;
                } else if ready.intersects(PollFlags::ERR | PollFlags::HUP) {
                    return Ok(()); // nobody is left to answer
                }
            }
            Next::Run(ticket, work) => session.complete(ticket, threads::perform(work)),
            Next::ShutdownWrite => stream.shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream)?,
            Next::Close => return Ok(()),
        }
    }
}
// ANCHOR_END: converse

/// Sleeps until the socket is ready for one of these, and says for which.
fn wait(socket: &impl AsFd, interest: PollFlags) -> io::Result<PollFlags> {
    let mut fds = [PollFd::new(socket, interest)];
    match poll(&mut fds, None) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error.into()),
        _ => Ok(fds[0].revents()),
    }
}

fn write(mut stream: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => stream.write(bytes),
        Output::File(range) => socket::send_file(stream, range),
    }
}
