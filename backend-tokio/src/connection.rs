//! One connection as a task: the five waits at once.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::time::Instant;

use backend_common::{Next, Output, Session, Wait, socket};
use protocol::{Outcome, Ticket, Work};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Sleep, sleep_until};

/// How often a connection may read or write before others have their turn. The budget of the runtime
/// allows eight times as much, which others feel.
const TURN: usize = 16;

/// The order to stop, as a channel: the moment by which all must be gone.
pub(crate) type Orders = watch::Receiver<Option<Instant>>;

// ANCHOR: converse
/// Drives one connection to its end.
pub(crate) async fn converse(
    stream: &TcpStream,
    session: &mut Session,
    orders: Orders,
) -> io::Result<()> {
    let mut timer = pin!(sleep_until(Instant::now().into()));
    let mut is_set = false;
    let mut work = JoinSet::new();
    let mut order = pin!(next_order(orders));
    for turn in 1.. {
        match session.poll() {
            Next::Run(ticket, job) => spawn(&mut work, ticket, job),
            Next::ShutdownWrite => socket2::SockRef::from(stream).shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream)?,
            Next::Close => break,
            Next::Wait(wait) => {
                set(&mut timer, &mut is_set, wait);
                if turn % TURN == 0 {
                    yield_now().await; // a busy connection lets others have their turn
                }
                tokio::select! {
                    // room to send
                    ready = stream.writable(), if wait.write => {
                        ready?;
                        socket::unless_blocked(send(stream, session))?;
                    }
                    // input
                    ready = stream.readable(), if wait.read => {
                        ready?;
                        let result = session.receive_with(|space| stream.try_read(space));
                        socket::unless_blocked(result)?;
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
                    // the order to stop
                    (by, orders) = &mut order => {
                        session.shutdown(by);
                        order.set(next_order(orders));
                    }
                }
            }
        }
    }
    Ok(())
}
// ANCHOR_END: converse

/// Sends what the socket has room for.
fn send(stream: &TcpStream, session: &mut Session) -> io::Result<usize> {
    session.send_with(|output| match output {
        Output::Bytes(bytes) => stream.try_write(bytes),
        Output::File(range) => {
            stream.try_io(Interest::WRITABLE, || socket::send_file(stream, range))
        }
    })
}

/// The socket is tried whatever the runtime knows of it: what it knows may be from before a pause.
fn time_out(stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    session.handle_timeout_with(
        |space| (&*socket).read(space),
        |output| match output {
            Output::Bytes(bytes) => (&*socket).write(bytes),
            Output::File(range) => socket::send_file(stream, range),
        },
    )
}

/// A timer that is set already need not be put off: it may fire too early.
fn set(timer: &mut Pin<&mut Sleep>, is_set: &mut bool, wait: Wait) {
    if let Some(deadline) = wait.deadline
        && !(*is_set && timer.deadline() <= deadline.into())
    {
        timer.as_mut().reset(deadline.into());
        *is_set = true;
    }
}

/// Work that may block goes to threads that may; a future becomes a task.
fn spawn(work: &mut JoinSet<(Ticket, Outcome)>, ticket: Ticket, job: Work) {
    match job {
        Work::Blocking(job) => work.spawn_blocking(move || (ticket, job.run())),
        Work::Future(task) => work.spawn(async move { (ticket, task.await) }),
    };
}

/// The next order to stop; never, if none can come any more.
async fn next_order(mut orders: Orders) -> (Instant, Orders) {
    loop {
        if orders.changed().await.is_err() {
            return std::future::pending().await;
        }
        let by = *orders.borrow_and_update();
        if let Some(by) = by {
            return (by, orders);
        }
    }
}
