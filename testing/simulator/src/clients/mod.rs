//! The other end of a connection: it asks, and holds what it hears against what it asked for.

mod client;
mod http1;
mod http2;
mod plan;
mod tls;
mod websocket;

use crate::choices::Choices;

pub(crate) use client::{Client, Mishaps};
pub use client::{Language, Words};
pub(crate) use tls::setup;

/// Somebody who speaks this.
pub(crate) fn client(language: Language, choices: &mut Choices) -> Box<dyn Client> {
    let inside: Box<dyn Client> = match language.words {
        Words::Http1 => Box::new(http1::Http1::new(choices)),
        Words::Http2 => Box::new(http2::Http2::new(choices)),
        Words::WebSocket => Box::new(websocket::WebSocket::new(choices)),
    };
    if language.tls { Box::new(tls::Tls::new(inside, language.words)) } else { inside }
}
