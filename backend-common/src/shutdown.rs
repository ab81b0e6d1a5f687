//! The signal of graceful shutdown: given once, seen by all, and able to wake what sleeps.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering};

/// How long connections and threads may still take to end when they have been aborted at the
/// shutdown deadline. Only a handler or work that computes, or blocks its thread, takes longer; the
/// server does not wait for it.
pub const ABORT_GRACE: Duration = Duration::from_millis(500);

/// The signal that a server shuts down, with the moment by which it does.
///
/// Every concurrency model sleeps in its own way, so each registers here how it is woken.
pub struct ShutdownSignal {
    base: Instant,
    /// The shutdown deadline, in nanoseconds after `base`; [`ShutdownSignal::NEVER`] before
    /// shutdown has begun.
    deadline: AtomicU64,
    wakers: Mutex<Vec<Waker>>,
    /// Whether another process has the same listeners and accepts from then on.
    handed_over: AtomicBool,
    /// The numbers of listeners from which clients are accepted; `None` before the server runs.
    accepting: StdMutex<Option<BTreeSet<usize>>>,
    all_left: Condvar,
}

type Waker = Box<dyn Fn(Instant) + Send + Sync>;

impl Default for ShutdownSignal {
    fn default() -> Self {
        let deadline = AtomicU64::new(ShutdownSignal::NEVER);
        ShutdownSignal {
            base: Instant::now(),
            deadline,
            wakers: Mutex::default(),
            handed_over: AtomicBool::new(false),
            accepting: StdMutex::default(),
            all_left: Condvar::new(),
        }
    }
}

impl ShutdownSignal {
    const NEVER: u64 = u64::MAX;

    /// The shutdown deadline, once shutdown has begun: by then all connections have ended. It takes
    /// no lock, so it may be asked for anywhere, and often.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.deadline.load(Ordering::SeqCst) {
            ShutdownSignal::NEVER => None,
            nanoseconds => Some(self.base + Duration::from_nanos(nanoseconds)),
        }
    }

    /// Until when clients are accepted that had connected before the shutdown; `None` if it has not
    /// begun, or if they are left to another process that has the same listener.
    #[must_use]
    pub fn accept_until(&self) -> Option<Instant> {
        self.deadline().filter(|_| !self.is_handed_over())
    }

    /// Whether clients that are not accepted yet are left to another process.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        // Not before shutdown has begun, of which the loops are to know first.
        self.handed_over.load(Ordering::SeqCst) && self.deadline().is_some()
    }

    /// From so many listeners clients will be accepted.
    pub(crate) fn accepts_from(&self, listeners: usize) {
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((0..listeners).collect());
    }

    /// From this listener no more clients are accepted.
    pub(crate) fn accepts_no_more(&self, listener: usize) {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listeners) = &mut *accepting {
            listeners.remove(&listener);
        }
        self.all_left.notify_all();
    }

    /// Begins shutdown, and leaves clients that are not accepted yet to another process. Returns
    /// when no backend accepts any more, or at the deadline. A server that does not run yet touches
    /// its listeners once more when it begins, so that is waited for.
    pub(crate) fn hand_over(&self, deadline: Instant) {
        self.handed_over.store(true, Ordering::SeqCst);
        self.begin(deadline);
        let time = deadline.saturating_duration_since(Instant::now());
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        let accepts = |accepting: &mut Option<BTreeSet<usize>>| {
            accepting.as_ref().is_none_or(|listeners| !listeners.is_empty())
        };
        drop(self.all_left.wait_timeout_while(accepting, time, accepts));
    }

    /// Whether the shutdown deadline has come, by which all connections have ended.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Begins shutdown: requests under way are finished, and all connections have ended by the
    /// deadline. Calling it again can only bring the deadline forward.
    pub fn begin(&self, deadline: Instant) {
        let nanoseconds = deadline.saturating_duration_since(self.base).as_nanos();
        let nanoseconds =
            u64::try_from(nanoseconds).unwrap_or(u64::MAX).min(ShutdownSignal::NEVER - 1);
        let wakers = self.lock();
        self.deadline.fetch_min(nanoseconds, Ordering::SeqCst);
        if let Some(deadline) = self.deadline() {
            wakers.iter().for_each(|wake| wake(deadline));
        }
    }

    /// Has `wake` called with the deadline whenever it is set or brought forward, and at once if
    /// shutdown has begun already. It is called under a lock: it wakes something, and does no more.
    pub fn on_begin(&self, wake: impl Fn(Instant) + Send + Sync + 'static) {
        let mut wakers = self.lock();
        if let Some(deadline) = self.deadline() {
            wake(deadline);
        }
        wakers.push(Box::new(wake));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ShutdownSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShutdownSignal").field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn shutdown_wakes_early_and_late_listeners_and_its_deadline_only_comes_forward() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listen = |shutdown: &ShutdownSignal, name: &'static str| {
            let seen = Arc::clone(&seen);
            shutdown.on_begin(move |deadline| seen.lock().unwrap().push((name, deadline)));
        };
        let now = Instant::now();
        let shutdown = ShutdownSignal::default();
        listen(&shutdown, "early");
        assert_eq!(shutdown.deadline(), None);
        shutdown.begin(now + Duration::from_secs(1));
        listen(&shutdown, "late");
        shutdown.begin(now + Duration::from_secs(9));
        assert_eq!(shutdown.deadline(), Some(now + Duration::from_secs(1)));
        shutdown.begin(now);
        assert!(shutdown.deadline().unwrap() - now < Duration::from_secs(1));
        let names: Vec<_> = seen.lock().unwrap().iter().map(|&(name, _)| name).collect();
        assert_eq!(names, ["early", "late", "early", "late", "early", "late"]);
    }

    #[test]
    fn a_server_that_does_not_run_yet_is_handed_over_once_it_has_left_its_listeners() {
        let shutdown = Arc::new(ShutdownSignal::default());
        let (begun, has_begun) = mpsc::channel();
        shutdown.on_begin(move |_| begun.send(()).unwrap());
        let has_left = Arc::new(AtomicBool::new(false));
        let (signal, left) = (Arc::clone(&shutdown), Arc::clone(&has_left));
        let thread = std::thread::spawn(move || {
            signal.hand_over(Instant::now() + Duration::from_secs(60));
            left.load(Ordering::SeqCst)
        });
        has_begun.recv().unwrap();
        shutdown.accepts_from(2);
        shutdown.accepts_no_more(0);
        shutdown.accepts_no_more(0); // it is said again when the backend has ended
        has_left.store(true, Ordering::SeqCst);
        shutdown.accepts_no_more(1);
        assert!(thread.join().unwrap(), "the other process accepts too early");
    }
}
