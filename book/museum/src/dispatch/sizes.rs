//! How many bytes a handler takes, and what points to one.

use std::mem::size_of;

use crate::dispatch::handlers::{Handler, Hello, Refuse};
use crate::dispatch::site::Site;

/// A line for each type.
#[must_use]
pub fn table() -> String {
    let sizes = [
        ("Hello", size_of::<Hello>()),
        ("Refuse", size_of::<Refuse>()),
        ("Site", size_of::<Site>()),
        ("&Refuse", size_of::<&Refuse>()),
        ("&dyn Handler", size_of::<&dyn Handler>()),
        ("Box<dyn Handler>", size_of::<Box<dyn Handler>>()),
        ("Option<Box<dyn Handler>>", size_of::<Option<Box<dyn Handler>>>()),
        ("[Site; 100]", size_of::<[Site; 100]>()),
        ("[&dyn Handler; 100]", size_of::<[&dyn Handler; 100]>()),
    ];
    sizes.map(|(name, size)| format!("{name:24} {size:>5}\n")).concat()
}
