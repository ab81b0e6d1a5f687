//! The types of frames and their flags, as far as they are looked at here (RFC 9113 §6).

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY_FRAME: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Of DATA and HEADERS.
pub(crate) const END_STREAM: u8 = 1;
/// Of HEADERS and CONTINUATION.
pub(crate) const END_HEADERS: u8 = 4;
/// Of HEADERS.
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const PRIORITY: u8 = 0x20;
