//! A server that sends back what it gets, on one thread. It waits in three ways: [`one_by_one`]
//! lets a silent client starve all others, [`busy`] asks the kernel without end, and [`polled`]
//! does neither.

#![cfg(unix)]
#![forbid(unsafe_code)]

pub mod busy;
pub mod one_by_one;
pub mod polled;

/// How much is read at once.
const SIZE: usize = 4096;
