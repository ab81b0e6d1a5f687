//! How many connections and pieces of work there are, and how many there may be.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lets connections in, up to a bound.
#[derive(Default)]
pub struct Admission {
    most: usize,
    most_work: usize,
    open: AtomicUsize,
    work: AtomicUsize,
    /// Whether the acceptor waits for a connection to leave.
    awaited: AtomicBool,
    /// One for each listener.
    wake: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

/// What a server has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections accepted.
    pub connections: u64,
    /// Requests answered, refusals included.
    pub requests: u64,
    /// Connections with a request under way that were cut when the time to stop was up.
    pub cut: u64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report { connections, requests, cut } = self;
        write!(f, "{requests} requests on {connections} connections, {cut} cut short")
    }
}

impl Admission {
    pub(crate) fn new(most: usize, most_work: usize) -> Self {
        Admission { most, most_work, ..Admission::default() }
    }

    /// How an acceptor is woken when it waits for a connection to leave.
    pub fn on_departure(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.wakers().push(Box::new(wake));
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Box<dyn Fn() + Send + Sync>>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: admit
    /// A place for one more connection. If there is none, a later departure wakes the acceptor.
    #[must_use]
    pub fn admit(self: &Arc<Self>) -> Option<Slot> {
        let try_enter = || {
            self.open
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |open| {
                    (open < self.most).then_some(open + 1)
                })
                .is_ok()
        };
        if !try_enter() {
            self.awaited.store(true, Ordering::SeqCst);
            // One may have left between the look and the note; nobody would wake us then.
            if !try_enter() {
                return None;
            }
        }
        Some(Slot { admission: Arc::clone(self) })
    }
    // ANCHOR_END: admit

    /// Whether all connections have left. If not, a later departure wakes the acceptor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.awaited.store(true, Ordering::SeqCst);
        self.open.load(Ordering::SeqCst) == 0
    }

    /// How many places are taken.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// How many places there are.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many pieces of work run or wait to.
    pub(crate) fn work(&self) -> usize {
        self.work.load(Ordering::Relaxed)
    }

    /// How many may.
    pub(crate) fn most_work(&self) -> usize {
        self.most_work
    }
}

/// The place of one connection. Dropping it makes room for another.
pub struct Slot {
    admission: Arc<Admission>,
}

impl Slot {
    /// Leave to begin one more piece of work, if there is any.
    pub(crate) fn begin_work(&self) -> Option<Permit> {
        let admission = &self.admission;
        let has_room = |work| (work < admission.most_work).then_some(work + 1);
        admission.work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, has_room).ok()?;
        Some(Permit { admission: Arc::clone(admission) })
    }
}

/// Leave to do one piece of work. It goes with the work, which may outlive its connection: so the
/// bound holds whatever clients do.
pub(crate) struct Permit {
    admission: Arc<Admission>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::SeqCst);
        if self.admission.awaited.swap(false, Ordering::SeqCst) {
            self.admission.wakers().iter().for_each(|wake| wake());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_a_departure_wakes_whoever_waits() {
        let admission = Arc::new(Admission::new(2, 1));
        let woken = Arc::new(AtomicUsize::new(0));
        let wake = Arc::clone(&woken);
        admission.on_departure(move || {
            wake.fetch_add(1, Ordering::SeqCst);
        });
        let first = admission.admit().unwrap();
        drop(admission.admit().unwrap());
        assert_eq!(woken.load(Ordering::SeqCst), 0, "nobody waited");
        let second = admission.admit().unwrap();
        assert!(admission.admit().is_none());
        drop(first);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert!(!admission.is_empty());
        drop(second);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        assert!(admission.is_empty());
    }

    #[test]
    fn leave_to_work_outlives_the_connection() {
        let admission = Arc::new(Admission::new(2, 1));
        let permit = admission.admit().unwrap().begin_work().unwrap();
        let slot = admission.admit().unwrap();
        assert!(slot.begin_work().is_none());
        drop(permit);
        assert!(slot.begin_work().is_some());
    }
}
