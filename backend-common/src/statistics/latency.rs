//! How long requests take, recorded only while there is a watcher.
//!
//! Each thread records into one of a few histograms, so that threads seldom meet. They grow for as
//! long as there are watchers; a [`Watch`] remembers what there was when it last looked, so several
//! do not take from each other.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Durations are told apart from so many nanoseconds on.
const SHORTEST: u64 = 100;

/// Longer ones, in nanoseconds, count as this.
const LONGEST: u64 = 3_600_000_000_000;

/// To one part in a hundred.
const DIGITS: u8 = 2;

/// Latencies within some stretch of time. A latency is the time from when the head of a request is
/// complete to when its response has been handed to the operating system (under HTTP/2, to the
/// connection): the time that a request body takes to come is in it, and that which the client
/// takes to make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latencies {
    /// How many requests were answered.
    pub count: u64,
    /// Half of them took no longer. Like all of these to one part in a hundred, an hour at most.
    pub p50: Duration,
    /// Nine in ten took no longer.
    pub p90: Duration,
    /// All but one in a hundred took no longer.
    pub p99: Duration,
    /// All but one in a thousand took no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

/// Histograms, and whether there are any.
pub(crate) struct Recorder {
    is_watched: AtomicBool,
    watchers: Mutex<usize>,
    shards: Box<[Shard]>,
}

/// The histogram of some threads, while there are watchers; in a cache line of its own.
#[repr(align(64))]
#[derive(Default)]
struct Shard(Mutex<Option<Histogram<u64>>>);

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Option<Histogram<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(SHORTEST, LONGEST, DIGITS).expect("the bounds are constants")
}

/// The number of the current thread, counted from zero.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

impl Default for Recorder {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Recorder {
            is_watched: AtomicBool::new(false),
            watchers: Mutex::new(0),
            shards: (0..cores).map(|_| Shard::default()).collect(),
        }
    }
}

impl Recorder {
    /// Whether latencies are wanted: one load of what hardly ever changes.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(LONGEST);
        let shard = &self.shards[thread_number() % self.shards.len()];
        if let Some(histogram) = shard.lock().as_mut() {
            histogram.saturating_record(nanoseconds);
        }
    }

    /// All that has been recorded since there are watchers.
    fn all(&self) -> Histogram<u64> {
        let mut all = empty();
        for shard in &self.shards {
            if let Some(histogram) = shard.lock().as_ref() {
                all.add(histogram).expect("all have the same bounds");
            }
        }
        all
    }

    pub(crate) fn watch(recorder: &Arc<Self>) -> Watch {
        let mut watchers = recorder.watchers();
        *watchers += 1;
        if *watchers == 1 {
            recorder.shards.iter().for_each(|shard| *shard.lock() = Some(empty()));
            recorder.is_watched.store(true, Ordering::Relaxed);
        }
        Watch { seen: recorder.all(), recorder: Arc::clone(recorder) }
    }

    fn watchers(&self) -> MutexGuard<'_, usize> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher: latencies are recorded for as long as it is kept.
pub struct Watch {
    recorder: Arc<Recorder>,
    /// What there was when it was last looked at.
    seen: Histogram<u64>,
}

impl Watch {
    /// Those of the requests that have been answered since the last call, or since the watch began.
    #[allow(clippy::missing_panics_doc, reason = "histograms only grow while they are watched")]
    pub fn latencies(&mut self) -> Latencies {
        let all = self.recorder.all();
        let mut new = all.clone();
        new.subtract(&self.seen).expect("what was there is there still");
        self.seen = all;
        if new.is_empty() {
            return Latencies::default(); // percentiles of nothing are none
        }
        let at = |quantile| Duration::from_nanos(new.value_at_quantile(quantile));
        Latencies {
            count: new.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(new.max()),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = self.recorder.watchers();
        *watchers -= 1;
        if *watchers == 0 {
            self.recorder.is_watched.store(false, Ordering::Relaxed);
            self.recorder.shards.iter().for_each(|shard| *shard.lock() = None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(actual: Duration, expected: Duration) {
        let ratio = actual.as_secs_f64() / expected.as_secs_f64();
        assert!((0.99..1.01).contains(&ratio), "{actual:?} instead of {expected:?}");
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let recorder = Arc::<Recorder>::default();
        let mut watch = Recorder::watch(&recorder);
        (1..=10_000).for_each(|it| recorder.add(Duration::from_micros(it)));
        let latencies = watch.latencies();
        assert_eq!(latencies.count, 10_000);
        assert_near(latencies.p50, Duration::from_micros(5_000));
        assert_near(latencies.p90, Duration::from_micros(9_000));
        assert_near(latencies.p99, Duration::from_micros(9_900));
        assert_near(latencies.p999, Duration::from_micros(9_990));
        assert_near(latencies.max, Duration::from_micros(10_000));
    }

    #[test]
    fn watchers_see_what_is_new_to_them_whatever_others_see() {
        let recorder = Arc::<Recorder>::default();
        let mut first = Recorder::watch(&recorder);
        recorder.add(Duration::from_millis(1));
        let mut second = Recorder::watch(&recorder);
        recorder.add(Duration::from_millis(500));
        assert_eq!(second.latencies().count, 1);
        assert_eq!(first.latencies().count, 2);
        assert_eq!(first.latencies(), Latencies::default());
        drop(first);
        recorder.add(Duration::from_millis(1));
        let latencies = second.latencies();
        assert_eq!(latencies.count, 1);
        assert_near(latencies.max, Duration::from_millis(1)); // not the one before
    }

    #[test]
    fn without_a_watcher_no_latency_is_recorded() {
        let recorder = Arc::<Recorder>::default();
        let recorded = || recorder.shards.iter().any(|shard| shard.lock().is_some());
        recorder.add(Duration::ZERO);
        assert!(!recorded() && !recorder.is_watched());
        let mut watch = Recorder::watch(&recorder);
        recorder.add(Duration::ZERO);
        assert_eq!(watch.latencies().count, 1);
        let other = Recorder::watch(&recorder);
        drop(watch);
        assert!(recorded(), "one is left");
        drop(other);
        recorder.add(Duration::ZERO);
        assert!(!recorded());
        assert_eq!(Recorder::watch(&recorder).latencies(), Latencies::default());
    }

    /// Threads record while others look: nothing is lost, and nothing counted twice.
    #[test]
    fn threads_and_watchers_do_not_disturb_each_other() {
        const EACH: u64 = 10_000;
        let recorder = Arc::<Recorder>::default();
        let mut watch = Recorder::watch(&recorder);
        let mut seen = 0;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..EACH).for_each(|it| recorder.add(Duration::from_nanos(it))));
            }
            for _ in 0..10 {
                seen += watch.latencies().count;
                drop(Recorder::watch(&recorder));
            }
        });
        assert_eq!(seen + watch.latencies().count, 4 * EACH);
    }
}
