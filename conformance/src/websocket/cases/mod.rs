//! The cases of WebSocket, one file per area.

mod closing;
mod control;
mod fragments;
mod frames;
mod handshake;
mod utf8;

use crate::case::{Case, Exchange};

/// All cases, in the order of the areas.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    let areas = [
        handshake::cases(),
        frames::cases(),
        control::cases(),
        fragments::cases(),
        utf8::cases(),
        closing::cases(),
    ];
    areas.into_iter().flatten().map(|draft| draft.finish(Exchange::WebSocket))
}
