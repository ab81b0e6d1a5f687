//! Panics that belong to a test.

use std::panic;
use std::sync::Once;

/// The message of a panic that a test brings about.
pub const EXPECTED_PANIC: &str = "as the test will have it";

/// Has panics with [`EXPECTED_PANIC`] say nothing; all others are reported as usual.
pub fn silence_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() != Some(&EXPECTED_PANIC) {
                report(info);
            }
        }));
    });
}
