//! The moment at which tests begin.

use std::sync::LazyLock;
use std::time::{Instant, UNIX_EPOCH};

use protocol::Now;

/// The moment at which everything begins. The wall clock stands still then, so that `Date` is
/// always the same.
#[must_use]
pub fn start() -> Now {
    // An Instant cannot be made up; this one is never read again.
    static START: LazyLock<Now> =
        LazyLock::new(|| Now { instant: Instant::now(), wall: UNIX_EPOCH });
    *START
}
