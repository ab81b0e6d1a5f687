//! Day 3: deadlines.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use backend_common::{
    Connection, Connections, Context, Listener, Next, Output, Session, TURN, socket, threads,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A socket, and what the kernel is asked about it.
struct Socket {
    stream: TcpStream,
    interest: PollFlags,
}

struct EventLoop<'s> {
    listener: &'s Listener,
    context: &'s Context,
    connections: Connections<Socket>,
}

/// Serves forever.
pub(super) fn serve(listener: &Listener, context: &Context) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    EventLoop { listener, context, connections: Connections::default() }.run()
}

impl EventLoop<'_> {
    fn run(mut self) -> io::Result<()> {
        loop {
            let (is_listener_ready, ready) = self.wait()?;
            for (key, flags) in ready {
                self.on_ready(key, flags);
            }
            // Not before: what has come in time is passed on first.
            self.on_time();
            // Not before: a new connection may get the key of one that has just been closed.
            if is_listener_ready {
                self.accept()?;
            }
        }
    }

    /// Asks the kernel, and sleeps until there is something to do. Returns whether there is a
    /// client to accept, and the keys of connections with what their sockets are ready for.
    fn wait(&self) -> io::Result<(bool, Vec<(usize, PollFlags)>)> {
        let mut fds = vec![PollFd::new(self.listener, PollFlags::IN)];
        let mut keys = Vec::new();
        for (key, Connection { socket, .. }) in self.connections.iter() {
            keys.push(key);
            fds.push(PollFd::new(&socket.stream, socket.interest));
        }
        match poll(&mut fds, self.timeout().as_ref()) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let connections = keys.into_iter().zip(fds[1..].iter().map(PollFd::revents));
        Ok((!fds[0].revents().is_empty(), connections.filter(|(_, it)| !it.is_empty()).collect()))
    }

    /// How long `poll` may sleep: until the next deadline.
    fn timeout(&self) -> Option<Timespec> {
        let timeout = self.connections.next_timer()?.saturating_duration_since(Instant::now());
        let longest = Duration::from_secs(60 * 60); // a deadline may be centuries away
        Timespec::try_from(timeout.min(longest)).ok()
    }

    /// Deadlines. That of a connection which has moved on comes too early, which does no harm.
    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(key) = self.connections.next_due(now) {
            let Connection { session, socket, .. } = &mut self.connections[key];
            let stream = &socket.stream;
            let receive = |space: &mut [u8]| (&*stream).read(space);
            match session.handle_timeout_with(receive, |output| write(stream, output)) {
                Ok(()) => self.drive(key),
                result => self.on_closed(key, &result),
            }
        }
    }

    /// Accepts one; for others the listener stays ready.
    fn accept(&mut self) -> io::Result<()> {
        let Some(slot) = self.context.admission.admit() else { return Ok(()) };
        match self.listener.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                let session = Session::new(self.context, slot.for_peer(peer));
                let interest = PollFlags::empty();
                let key = self.connections.insert(session, Socket { stream, interest });
                self.drive(key);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) if socket::is_clients_fault(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Does all that can be done for a connection without waiting, and notes what it waits for.
    fn drive(&mut self, key: usize) {
        let mut turn = TURN;
        loop {
            let Some(connection) = self.connections.get_mut(key) else { return };
            let Connection { session, socket, .. } = connection;
            let result = match session.poll() {
                Next::Wait(wait) => {
                    socket.interest.set(PollFlags::IN, wait.read);
                    socket.interest.set(PollFlags::OUT, wait.write);
                    let may_send = wait.write && turn > 0;
                    turn = turn.saturating_sub(1);
                    let result = if may_send { send(socket, session) } else { Ok(false) };
                    if let Some(deadline) = wait.deadline {
                        self.connections.set_timer(key, deadline);
                    }
                    match result {
                        Ok(false) => return, // the next `poll` says when there is more to do
                        result => result.map(drop),
                    }
                }
                Next::Run(ticket, work) => {
                    session.complete(ticket, threads::perform(work));
                    Ok(())
                }
                Next::ShutdownWrite => socket.stream.shutdown(Shutdown::Write),
                Next::Abort => socket::abort(&socket.stream),
                Next::Close => return self.on_closed(key, &Ok(())),
            };
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
    }

    /// The kernel has said something about a socket.
    fn on_ready(&mut self, key: usize, flags: PollFlags) {
        let Some(Connection { session, socket, .. }) = self.connections.get_mut(key) else {
            return;
        };
        let wants_input = socket.interest.contains(PollFlags::IN);
        let is_over = flags.contains(PollFlags::HUP) && !wants_input;
        if is_over || flags.contains(PollFlags::ERR) {
            return self.on_closed(key, &Ok(())); // nobody is left to answer
        }
        if wants_input && flags.intersects(PollFlags::IN | PollFlags::HUP) {
            let result = session.receive_with(|space| socket.stream.read(space));
            let result = socket::unless_blocked(result);
            if result.is_err() {
                return self.on_closed(key, &result);
            }
        }
        self.drive(key); // it sends what there is
    }

    /// Closed, by either side.
    fn on_closed(&mut self, key: usize, result: &io::Result<()>) {
        let Connection { session, .. } = self.connections.remove(key);
        if let Err(error) = result {
            session.ended(error);
        }
    }
}

/// Sends what there is room for. Returns whether anything was sent.
fn send(socket: &mut Socket, session: &mut Session) -> io::Result<bool> {
    let result = session.send_with(|output| write(&socket.stream, output));
    let has_sent = result.is_ok();
    socket::unless_blocked(result).map(|()| has_sent)
}

fn write(mut stream: &TcpStream, output: Output<'_>) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => stream.write(bytes),
        Output::File(range) => socket::send_file(stream, range),
    }
}
