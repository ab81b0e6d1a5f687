//! One connection as a task: the five waits at once.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::time::Instant;

use backend_common::{Awaited, Next, Output, Session, TURN, socket};
use protocol::{Outcome, Ticket, Work};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Sleep, sleep_until};

/// Receives the shutdown deadline, once shutdown has begun.
pub(crate) type ShutdownReceiver = watch::Receiver<Option<Instant>>;

// ANCHOR: drive
/// Drives one connection to its end.
pub(crate) async fn drive(
    stream: &TcpStream,
    session: &mut Session,
    shutdown: ShutdownReceiver,
) -> io::Result<()> {
    let mut timer = pin!(sleep_until(Instant::now().into()));
    let mut is_set = false;
    let mut work = JoinSet::new();
    let mut shutdown = pin!(next_deadline(shutdown));
    for turn in 1.. {
        match session.poll() {
            Next::Wait(wait) => {
                set(&mut timer, &mut is_set, wait);
                if turn % TURN == 0 {
                    yield_now().await; // a busy connection lets others have their turn
                }
                // If several are over, one of them is chosen at random: none can starve another.
                tokio::select! {
                    // input
                    ready = stream.readable(), if wait.read => {
                        ready?;
                        socket::unless_blocked(receive(stream, session))?;
                    }
                    // room to send
                    ready = stream.writable(), if wait.write => {
                        ready?;
                        socket::unless_blocked(send(stream, session))?;
                    }
                    // a moment in time
                    () = &mut timer, if is_set => {
                        is_set = false;
                        time_out(stream, session)?;
                    }
                    // work done elsewhere
                    Some(done) = work.join_next(), if !work.is_empty() => {
                        let (ticket, outcome) = done.map_err(io::Error::other)?;
                        session.complete(ticket, outcome);
                    }
                    // shutdown
                    (deadline, receiver) = &mut shutdown => {
                        session.shutdown(deadline);
                        shutdown.set(next_deadline(receiver));
                    }
                }
            }
            Next::Run(ticket, job) => spawn(&mut work, ticket, job),
            Next::ShutdownWrite => SockRef::from(stream).shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream)?,
            Next::Close => break,
        }
    }
    Ok(())
}
// ANCHOR_END: drive

/// Reads what there is, as far as there is space for it.
fn receive(stream: &TcpStream, session: &mut Session) -> io::Result<usize> {
    session.receive_with(|space| stream.try_read(space))
}

/// Sends what there is room for.
fn send(stream: &TcpStream, session: &mut Session) -> io::Result<usize> {
    session.send_with(|output| match output {
        Output::Bytes(bytes) => stream.try_write(bytes),
        Output::File(range) => {
            stream.try_io(Interest::WRITABLE, || socket::send_file(stream, range))
        }
    })
}

/// Sets the timer. One that is set already need not be put off: it may fire too early.
fn set(timer: &mut Pin<&mut Sleep>, is_set: &mut bool, wait: Awaited) {
    if let Some(deadline) = wait.deadline
        && !(*is_set && timer.deadline() <= deadline.into())
    {
        timer.as_mut().reset(deadline.into());
        *is_set = true;
    }
}

/// Tries the socket whatever the runtime knows of it: what it knows may be from before a pause.
fn time_out(stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    let socket = SockRef::from(stream);
    session.handle_timeout_with(
        |space| (&*socket).read(space),
        |output| match output {
            Output::Bytes(bytes) => (&*socket).write(bytes),
            Output::File(range) => socket::send_file(stream, range),
        },
    )
}

/// Hands work over: a closure that may block to threads that may, a future as a task. The handle
/// cancels either when it is dropped; only a closure that runs already goes on. Its outcome is then
/// dropped by tokio, which catches a panic of that, so no `DropGuarded` is needed here.
fn spawn(work: &mut JoinSet<(Ticket, Outcome)>, ticket: Ticket, job: Work) {
    match job {
        Work::Blocking(job) => work.spawn_blocking(move || (ticket, job.run())),
        Work::Future(task) => work.spawn(async move { (ticket, task.await) }),
    };
}

/// Waits for the shutdown deadline, or for it to come forward; forever, if it cannot any more.
async fn next_deadline(mut shutdown: ShutdownReceiver) -> (Instant, ShutdownReceiver) {
    loop {
        if shutdown.changed().await.is_err() {
            return std::future::pending().await;
        }
        let deadline = *shutdown.borrow_and_update();
        if let Some(deadline) = deadline {
            return (deadline, shutdown);
        }
    }
}
