//! The cases of HTTP/1.1, one file per area.

mod app;
mod body;
mod chunked;
mod conditional;
mod connection;
mod content_length;
mod dates;
mod expect;
mod fields;
mod files;
mod host;
mod judged;
mod message;
mod methods;
mod pipelining;
mod range;
mod request_line;
mod semantics;
mod target;

use crate::case::{Case, Exchange};

/// All cases, in the order of the areas.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    let areas = [
        message::cases(),
        request_line::cases(),
        target::cases(),
        host::cases(),
        fields::cases(),
        content_length::cases(),
        body::cases(),
        chunked::cases(),
        connection::cases(),
        pipelining::cases(),
        methods::cases(),
        semantics::cases(),
        expect::cases(),
        conditional::cases(),
        dates::cases(),
        range::cases(),
        files::cases(),
        app::cases(),
    ];
    areas.into_iter().flatten().map(|draft| draft.finish(Exchange::Http1))
}

/// Cases that only the judge plays.
pub(crate) fn judged() -> impl Iterator<Item = Case> {
    judged::cases().into_iter().map(|draft| draft.finish(Exchange::Http1))
}
