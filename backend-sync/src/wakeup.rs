//! How shutdown wakes a thread that sleeps in `read(2)`, and only one that has no request. No
//! socket is here, so that loom can try each order of what the two threads do.

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering, fence};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// What a thread that sleeps in `read(2)` and one that begins shutdown tell each other.
///
/// Each says something, and then looks at what the other has said: the one that it is idle, the
/// other that shutdown has begun. With a fence between saying and looking, at least one of them
/// sees the other. Without, the processor may look first, and the thread sleeps forever.
#[derive(Default)]
pub(crate) struct Wakeup {
    /// The thread sleeps in `read(2)`, and no request is under way.
    idle: AtomicBool,
    /// The thread was woken by shutting the read side down.
    woken: AtomicBool,
}

impl Wakeup {
    /// Sleeps, unless there is news of the shutdown. An idle thread may be woken for it.
    pub(crate) fn sleep<T>(
        &self,
        is_idle: bool,
        has_news: impl FnOnce() -> bool,
        sleep: impl FnOnce() -> T,
    ) -> Option<T> {
        self.idle.store(is_idle, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let slept = (!has_news()).then(sleep);
        self.idle.store(false, Ordering::Relaxed);
        slept
    }

    /// Wakes the thread after shutdown has begun, if it sleeps without a request. One that has a
    /// request sees the shutdown when it has answered.
    pub(crate) fn wake(&self, shut_read_side: impl FnOnce()) {
        fence(Ordering::SeqCst);
        if self.idle.load(Ordering::Relaxed) {
            // First, so that the thread does not take it for the end of the stream.
            self.woken.store(true, Ordering::SeqCst);
            shut_read_side();
        }
    }

    /// Whether the read side was shut down to wake the thread.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }
}

#[cfg(all(loom, test))]
mod models {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool as Flag;
    use std::time::Instant;

    use backend_common::ShutdownSignal;
    use loom::sync::Notify;
    use loom::thread::spawn;

    /// A thread's socket: `read(2)` is a wait, and to shut the read side down ends it.
    #[derive(Default)]
    struct Connection {
        wakeup: Wakeup,
        input: Notify,
        is_shut: Flag,
    }

    fn connection() -> (Arc<Connection>, Arc<ShutdownSignal>) {
        let (connection, shutdown) =
            (Arc::<Connection>::default(), Arc::<ShutdownSignal>::default());
        let woken = Arc::clone(&connection);
        shutdown.on_begin(move |_| {
            woken.wakeup.wake(|| {
                woken.is_shut.store(true, Ordering::Relaxed);
                woken.input.notify();
            });
        });
        (connection, shutdown)
    }

    #[test]
    fn an_idle_thread_is_woken_for_shutdown_or_sees_it_before_it_sleeps() {
        loom::model(|| {
            let (connection, shutdown) = connection();
            let signal = Arc::clone(&shutdown);
            let begin = spawn(move || signal.begin(Instant::now()));
            let Connection { wakeup, input, is_shut } = &*connection;
            while shutdown.deadline().is_none() {
                // loom also wakes it for no reason, as a signal does.
                wakeup.sleep(
                    true,
                    || shutdown.deadline().is_some(),
                    || {
                        input.wait();
                        let is_shut = is_shut.load(Ordering::Relaxed);
                        assert!(!is_shut || wakeup.is_woken(), "taken for the end of the stream");
                    },
                );
            }
            begin.join().unwrap();
        });
    }

    #[test]
    fn a_thread_that_has_a_request_is_not_woken() {
        loom::model(|| {
            let (connection, shutdown) = connection();
            let Connection { wakeup, is_shut, .. } = &*connection;
            wakeup.sleep(true, || false, || "a request has come");
            let signal = Arc::clone(&shutdown);
            let begin = spawn(move || signal.begin(Instant::now()));
            wakeup.sleep(false, || shutdown.deadline().is_some(), || "its body has come");
            begin.join().unwrap();
            assert!(!wakeup.is_woken() && !is_shut.load(Ordering::Relaxed));
        });
    }
}
