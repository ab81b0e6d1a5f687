//! Calls into the application, which may panic, and may panic once more when what it has left
//! behind is dropped. Neither ends a thread.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Something of the application's, which may panic when it is dropped: then no harm is done.
pub struct DropGuarded<T>(Option<T>);

impl<T> DropGuarded<T> {
    /// Guards it.
    pub fn new(value: T) -> Self {
        DropGuarded(Some(value))
    }

    /// What was guarded.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "it is there until it is taken or dropped")]
    pub fn into_inner(mut self) -> T {
        self.0.take().expect("it is taken once")
    }
}

impl<T> Deref for DropGuarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken once")
    }
}

impl<T> DerefMut for DropGuarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is taken once")
    }
}

impl<T> std::fmt::Debug for DropGuarded<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DropGuarded").finish_non_exhaustive()
    }
}

impl<T> Drop for DropGuarded<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        catch_panic(|| drop(value));
    }
}

/// The result of a call into the application, or `None` if it panicked. For drivers too: what a
/// connection holds of the application may panic even when it is dropped.
pub fn catch_panic<R>(call: impl FnOnce() -> R) -> Option<R> {
    let payload = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => return Some(result),
        Err(payload) => payload,
    };
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another); // enough
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;

    /// Panics when it is dropped, with another one as long as there are any.
    pub(crate) struct Bomb(pub(crate) Arc<()>, pub(crate) u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.1 > 0 {
                std::panic::panic_any(Bomb(Arc::clone(&self.0), self.1 - 1));
            }
        }
    }

    #[test]
    fn a_panic_is_caught_whatever_it_carries_and_nothing_is_kept_of_it() {
        let counted = Arc::new(());
        let carried = Arc::clone(&counted);
        assert_eq!(catch_panic(|| 7), Some(7));
        assert_eq!(catch_panic(|| std::panic::panic_any(carried)), None::<()>);
        assert_eq!(Arc::strong_count(&counted), 1, "the payload is still there");
        assert_eq!(catch_panic(|| drop(Bomb(Arc::clone(&counted), 2))), None);
    }
}
