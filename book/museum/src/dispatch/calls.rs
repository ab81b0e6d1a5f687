//! One call in each of the three ways, so that it can be looked at and counted.

use crate::dispatch::handlers::{Handler, Refuse};
use crate::dispatch::site::Site;

// ANCHOR: one
/// A call whose target the compiler knows.
#[inline(never)]
#[must_use]
pub fn of_one_type(handler: &Refuse) -> u16 {
    handler.status()
}

/// A call whose target is one of three.
#[inline(never)]
#[must_use]
pub fn of_an_enum(handler: &Site) -> u16 {
    handler.status()
}

/// A call whose target is found at run time.
#[inline(never)]
#[must_use]
pub fn of_anything(handler: &dyn Handler) -> u16 {
    handler.status()
}
// ANCHOR_END: one

// ANCHOR: sum
/// Asks each of many handlers for its status.
pub fn sum<'h, H: Handler + ?Sized + 'h>(handlers: impl Iterator<Item = &'h H>) -> u64 {
    handlers.map(|handler| u64::from(handler.status())).sum()
}
// ANCHOR_END: sum
