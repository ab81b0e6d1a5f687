//! The order to stop: given once, seen by all, and able to wake whoever sleeps.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The order to stop, which has been given or not.
///
/// Every concurrency model sleeps in its own way, so each leaves here how it is woken.
pub struct ShutdownSignal {
    base: Instant,
    /// When everything must be gone, in nanoseconds after `base`; [`ShutdownSignal::NEVER`] before the order.
    by: AtomicU64,
    wakers: Mutex<Vec<Waker>>,
}

type Waker = Box<dyn Fn(Instant) + Send + Sync>;

impl Default for ShutdownSignal {
    fn default() -> Self {
        let by = AtomicU64::new(ShutdownSignal::NEVER);
        ShutdownSignal { base: Instant::now(), by, wakers: Mutex::default() }
    }
}

impl ShutdownSignal {
    const NEVER: u64 = u64::MAX;

    /// When everything must be gone, once the order has been given. Takes no lock: it may be
    /// asked anywhere, and often.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.by.load(Ordering::SeqCst) {
            ShutdownSignal::NEVER => None,
            by => Some(self.base + Duration::from_nanos(by)),
        }
    }

    /// Gives the order: finish what is under way, and be gone at the moment `by`. A later order
    /// may only shorten the time.
    pub fn begin(&self, by: Instant) {
        let nanoseconds = by.saturating_duration_since(self.base).as_nanos();
        let nanoseconds =
            u64::try_from(nanoseconds).unwrap_or(u64::MAX).min(ShutdownSignal::NEVER - 1);
        let wakers = self.lock();
        self.by.fetch_min(nanoseconds, Ordering::SeqCst);
        if let Some(by) = self.deadline() {
            wakers.iter().for_each(|wake| wake(by));
        }
    }

    /// Has `wake` called whenever the order is given, and at once if it has been given already.
    /// It is called under a lock: it wakes someone, and does no more.
    pub fn on_begin(&self, wake: impl Fn(Instant) + Send + Sync + 'static) {
        let mut wakers = self.lock();
        if let Some(by) = self.deadline() {
            wake(by);
        }
        wakers.push(Box::new(wake));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn an_order_reaches_early_and_late_listeners_and_only_shortens() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listen = |shutdown: &ShutdownSignal, name: &'static str| {
            let seen = Arc::clone(&seen);
            shutdown.on_begin(move |by| seen.lock().unwrap().push((name, by)));
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
}
