//! Bounds on connections and pieces of work, and how many of both there are.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use crate::by_address::{ByAddress, Place};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Admits connections and work, up to a bound on each.
#[derive(Default)]
pub struct Admission {
    max_connections: usize,
    max_work: usize,
    open: AtomicUsize,
    work: AtomicUsize,
    /// Whether an acceptor waits for a connection to end. It is only ever swapped: of two swaps one
    /// comes first, and the other sees what was done before it. So either an acceptor sees the
    /// departure, or the departure the acceptor.
    awaited: AtomicBool,
    /// One for each listener.
    wake: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Admission {
    pub(crate) fn new(max_connections: usize, max_work: usize) -> Self {
        Admission { max_connections, max_work, ..Admission::default() }
    }

    /// Has `wake` wake an acceptor that waits for a connection to end.
    pub fn on_departure(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.wakers().push(Box::new(wake));
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Box<dyn Fn() + Send + Sync>>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: admit
    /// A place for one more connection. If there is none, the end of a connection will wake the
    /// acceptor.
    #[must_use]
    pub fn admit(self: &Arc<Self>) -> Option<Slot> {
        let try_enter = || {
            self.open
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
                    (open < self.max_connections).then_some(open + 1)
                })
                .is_ok()
        };
        if !try_enter() {
            self.awaited.swap(true, Ordering::AcqRel);
            // One may have ended between the look and the note, which it has not seen then.
            if !try_enter() {
                return None;
            }
        }
        Some(Slot { admission: Arc::clone(self), peer: None, place: None })
    }
    // ANCHOR_END: admit

    /// Whether all connections have ended. Like the `poll` of a future it is more than a question:
    /// if some are there, the end of the next one will wake the acceptor (once), so that it can
    /// sleep until then and ask again.
    #[must_use]
    pub fn poll_empty(&self) -> bool {
        self.awaited.swap(true, Ordering::AcqRel);
        self.open.load(Ordering::Acquire) == 0
    }

    /// How many places are taken.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// How many places there are.
    pub(crate) fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// How many pieces of work run or wait to.
    pub(crate) fn work(&self) -> usize {
        self.work.load(Ordering::Relaxed)
    }

    /// How many pieces of work may run or wait to.
    pub(crate) fn max_work(&self) -> usize {
        self.max_work
    }
}

/// The place of one connection. Dropping it makes room for another.
#[derive(Debug)]
pub struct Slot {
    admission: Arc<Admission>,
    peer: Option<SocketAddr>,
    /// Among the connections of the same client, if they are bounded.
    place: Option<Place>,
}

impl Slot {
    /// The place is taken by a connection from this address.
    #[must_use]
    pub fn for_peer(mut self, peer: impl Into<Option<SocketAddr>>) -> Self {
        self.peer = peer.into();
        self
    }

    /// Takes a place among the connections of the same client. Returns whether there was one; a
    /// client without an address may have any number.
    pub(crate) fn take_place(&mut self, by_address: &Arc<ByAddress>) -> bool {
        self.place = self.peer.and_then(|peer| by_address.admit(peer.ip()));
        self.place.is_some() || self.peer.is_none()
    }

    /// The address that the connection comes from, if it has one.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Permission to begin one more piece of work, if the bound allows it.
    pub(crate) fn begin_work(&self) -> Option<Permit> {
        let admission = &self.admission;
        let has_room = |work| (work < admission.max_work).then_some(work + 1);
        admission.work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, has_room).ok()?;
        Some(Permit { admission: Arc::clone(admission) })
    }
}

/// Permission to do one piece of work. It goes with the work, which may outlive its connection: so
/// the bound holds whatever clients do.
#[derive(Debug)]
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
        self.admission.open.fetch_sub(1, Ordering::AcqRel);
        if self.admission.awaited.swap(false, Ordering::AcqRel) {
            self.admission.wakers().iter().for_each(|wake| wake());
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, work) = (self.open(), self.work());
        let mut admission = f.debug_struct("Admission");
        admission.field("open", &open).field("max_connections", &self.max_connections);
        admission.field("work", &work).field("max_work", &self.max_work).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_the_end_of_a_connection_wakes_an_acceptor_that_waits() {
        let admission = Arc::new(Admission::new(2, 1));
        let woken = Arc::new(AtomicUsize::new(0));
        let wake = Arc::clone(&woken);
        admission.on_departure(move || {
            wake.fetch_add(1, Ordering::SeqCst);
        });
        let first = admission.admit().unwrap();
        drop(admission.admit().unwrap());
        assert_eq!(woken.load(Ordering::SeqCst), 0, "no acceptor waited");
        let second = admission.admit().unwrap();
        assert!(admission.admit().is_none());
        drop(first);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert!(!admission.poll_empty());
        drop(second);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        assert!(admission.poll_empty());
    }

    #[test]
    fn a_permit_to_work_outlives_the_connection() {
        let admission = Arc::new(Admission::new(2, 1));
        let permit = admission.admit().unwrap().begin_work().unwrap();
        let slot = admission.admit().unwrap();
        assert!(slot.begin_work().is_none());
        drop(permit);
        assert!(slot.begin_work().is_some());
    }
}
