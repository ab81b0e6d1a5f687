//! The cases of HTTP/2, one file per area.

mod continuation;
mod control;
mod exchange;
mod fields;
mod floods;
mod flow_control;
mod frames;
mod hpack;
mod malformed;
mod priority;
mod settings;
mod starting;
mod streams;

use crate::case::{Case, Exchange};

/// All cases, in the order of the areas.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    let areas = [
        starting::cases(),
        frames::cases(),
        streams::cases(),
        priority::cases(),
        settings::cases(),
        control::cases(),
        flow_control::cases(),
        continuation::cases(),
        exchange::cases(),
        malformed::cases(),
        fields::cases(),
        hpack::cases(),
        floods::cases(),
    ];
    areas.into_iter().flatten().map(|draft| draft.finish(Exchange::Http2))
}
