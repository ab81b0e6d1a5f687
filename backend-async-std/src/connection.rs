//! One connection as a task: the five waits at once.

use std::future::{Future, pending, poll_fn};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use async_executor::Executor;
use async_lock::Semaphore;
use async_std::io::{Read, Write};
use async_std::net::TcpStream;
use async_std::task::{self, JoinHandle};
use backend_common::{Awaited, Next, Output, Session, ShutdownSignal, TURN, socket};
use event_listener::Event;
use futures_lite::FutureExt;
use protocol::{DropGuarded, FileRange, Outcome, Ticket, Work};

/// How much of a file is read at once, in bytes.
const FILE_PIECE: usize = 64 << 10;

/// What all connections of a server have in common.
pub(crate) struct Shared {
    pub(crate) shutdown: Arc<ShutdownSignal>,
    /// Notified when the shutdown deadline is set or comes forward.
    pub(crate) changed: Arc<Event>,
    /// What runs closures: its threads may block. It owns what it runs, so that must not own it.
    pub(crate) workers: Weak<Executor<'static>>,
    /// One for each of its threads.
    pub(crate) permits: Arc<Semaphore>,
}

/// Which of the five waits is over.
enum Over {
    Input(io::Result<usize>),
    Room(io::Result<usize>),
    Time,
    Work(Ticket, Outcome),
    Shutdown(Instant),
}

// ANCHOR: drive
/// Drives one connection to its end. The waits are raced, and the race is biased: if several are
/// over, the first wins. So they are started in another order than they are listed in: room to send
/// comes before input, since what is sent makes room for more.
pub(crate) async fn drive(
    stream: &TcpStream,
    session: &mut Session,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut timer = pin!(sleep_until(None));
    let mut is_set_to: Option<Instant> = None;
    let mut work = Vec::new();
    let mut passed_on = None;
    let mut shutdown = pin!(next_deadline(&shared, None));
    let mut piece = FilePiece::default();
    for turn in 1.. {
        match session.poll() {
            Next::Wait(wait) => {
                if let Some(deadline) = wait.deadline
                    && is_set_to.is_none_or(|earlier| deadline < earlier)
                {
                    timer.set(sleep_until(Some(deadline)));
                    is_set_to = Some(deadline);
                }
                piece.fill(session.file());
                // A socket that is always ready wins each race, so shutdown is looked at before.
                let deadline = shared.shutdown.deadline().filter(|new| Some(*new) != passed_on);
                if let Some(deadline) = deadline {
                    passed_on = Some(deadline);
                    session.shutdown(deadline);
                    continue;
                }
                if turn % TURN == 0 {
                    // So is the deadline, and before other connections have their turn: a client
                    // is not late by the time that they take.
                    if wait.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        time_out(stream, session, &mut piece)?;
                        continue;
                    }
                    task::yield_now().await; // a busy connection lets others have their turn
                }
                let over =
                    poll_fn(|context| poll_ready(stream, session, &mut piece, wait, context))
                        .or(async {
                            timer.as_mut().await;
                            Over::Time
                        })
                        .or(next_done(&mut work))
                        .or(async { Over::Shutdown(shutdown.as_mut().await) })
                        .await;
                match over {
                    // input
                    Over::Input(result) => result.map(drop)?,
                    // room to send
                    Over::Room(result) => result.map(drop)?,
                    // a moment in time
                    Over::Time => {
                        is_set_to = None;
                        timer.set(sleep_until(None));
                        time_out(stream, session, &mut piece)?;
                    }
                    // work done elsewhere
                    Over::Work(ticket, outcome) => session.complete(ticket, outcome),
                    // shutdown
                    Over::Shutdown(deadline) => {
                        passed_on = Some(deadline);
                        session.shutdown(deadline);
                        shutdown.set(next_deadline(&shared, passed_on));
                    }
                }
            }
            Next::Run(ticket, job) => work.push(spawn(&shared, ticket, job)),
            Next::ShutdownWrite => stream.shutdown(Shutdown::Write)?,
            Next::Abort => socket::abort(stream)?,
            Next::Close => break,
        }
    }
    Ok(())
}
// ANCHOR_END: drive

/// Sends or receives if either can be done without waiting. There is no waiting for readiness as
/// such: the attempt itself leaves the task's waker behind.
fn poll_ready(
    stream: &TcpStream,
    session: &mut Session,
    piece: &mut FilePiece,
    wait: Awaited,
    context: &mut Context<'_>,
) -> Poll<Over> {
    if wait.write {
        let sent = session.send_with(|output| write(stream, piece, output, context));
        if !socket::would_block(&sent) {
            return Poll::Ready(Over::Room(sent));
        }
    }
    if wait.read {
        let received = session.receive_with(|space| read(stream, space, context));
        if !socket::would_block(&received) {
            return Poll::Ready(Over::Input(received));
        }
    }
    Poll::Pending
}

/// Reads what there is, as far as there is space for it.
fn read(mut stream: &TcpStream, space: &mut [u8], context: &mut Context<'_>) -> io::Result<usize> {
    blocked_unless(Pin::new(&mut stream).poll_read(context, space))
}

/// Sends what there is room for.
fn write(
    mut stream: &TcpStream,
    piece: &mut FilePiece,
    output: Output<'_>,
    context: &mut Context<'_>,
) -> io::Result<usize> {
    match output {
        Output::Bytes(bytes) => blocked_unless(Pin::new(&mut stream).poll_write(context, bytes)),
        Output::File(_) => {
            let result = blocked_unless(
                Pin::new(&mut stream).poll_write(context, &piece.bytes[piece.sent..]),
            );
            piece.sent += result.as_ref().unwrap_or(&0);
            result
        }
    }
}

/// Turns what is pending into what would block.
fn blocked_unless(poll: Poll<io::Result<usize>>) -> io::Result<usize> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// A piece of the file that is being sent. There is no waiting for room to send without the bytes
/// in hand, so `sendfile(2)` cannot be used.
#[derive(Default)]
struct FilePiece {
    bytes: Vec<u8>,
    sent: usize,
}

impl FilePiece {
    /// Reads the next piece, if a file is to be sent and the last piece has been. As with
    /// `sendfile(2)`, the thread waits if the file is not in memory.
    fn fill(&mut self, range: Option<&FileRange>) {
        let Some(range) = range else {
            *self = FilePiece::default(); // an idle connection holds no buffer
            return;
        };
        if self.sent == self.bytes.len() {
            self.bytes.resize(FILE_PIECE, 0);
            // Nothing at all, if it cannot be read: that ends the connection.
            let length = socket::read_file(range, &mut self.bytes).unwrap_or(0);
            self.bytes.truncate(length);
            self.sent = 0;
        }
    }
}

/// Waits for a moment; forever, if there is none.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => task::sleep(moment.saturating_duration_since(Instant::now())).await,
        None => pending().await,
    }
}

/// Tries the socket once more before the deadline counts. No task is to be woken by that.
fn time_out(stream: &TcpStream, session: &mut Session, piece: &mut FilePiece) -> io::Result<()> {
    session.handle_timeout_with(
        |space| read(stream, space, &mut Context::from_waker(Waker::noop())),
        |output| write(stream, piece, output, &mut Context::from_waker(Waker::noop())),
    )
}

/// Hands work over: a closure that may block to threads that may, a future as a task. The handle
/// cancels neither when it is dropped. The outcome is then dropped by the executor, and a panic of
/// that would end a thread: so it is in `DropGuarded`. (tokio catches such a panic itself.)
fn spawn(shared: &Shared, ticket: Ticket, job: Work) -> JoinHandle<(Ticket, DropGuarded<Outcome>)> {
    match job {
        Work::Blocking(job) => {
            let (workers, permits) = (Weak::clone(&shared.workers), Arc::clone(&shared.permits));
            task::spawn(async move {
                let _permit = permits.acquire_arc().await;
                let run = async move { DropGuarded::new(job.run()) };
                let outcome = match workers.upgrade().map(|workers| workers.spawn(run).fallible()) {
                    Some(outcome) => outcome.await,
                    None => None,
                };
                // There is none if the server has ended, and nobody to tell.
                (ticket, outcome.unwrap_or_else(|| DropGuarded::new(Outcome::Overloaded)))
            })
        }
        Work::Future(task) => task::spawn(async move { (ticket, DropGuarded::new(task.await)) }),
    }
}

/// Waits for the next outcome of work; forever, if there is none.
async fn next_done(work: &mut Vec<JoinHandle<(Ticket, DropGuarded<Outcome>)>>) -> Over {
    poll_fn(|context| {
        for at in 0..work.len() {
            if let Poll::Ready((ticket, outcome)) = Pin::new(&mut work[at]).poll(context) {
                drop(work.swap_remove(at));
                return Poll::Ready(Over::Work(ticket, outcome.into_inner()));
            }
        }
        Poll::Pending
    })
    .await
}

/// Waits for a shutdown deadline that differs from the last.
async fn next_deadline(shared: &Shared, last: Option<Instant>) -> Instant {
    loop {
        let changed = shared.changed.listen(); // before looking, so that nothing is missed
        match shared.shutdown.deadline() {
            Some(deadline) if Some(deadline) != last => return deadline,
            _ => changed.await,
        }
    }
}
