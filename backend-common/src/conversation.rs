//! What is spoken on a connection: HTTP as it is, or under TLS. The backends do not know which.

use std::time::Instant;

use protocol::{Connection, FileRange, Now, Outcome, Protocol, Refused, Step, Ticket};

use crate::Context;
use crate::http::Http;

/// A connection with its layers.
// An indirection for each would cost the plain ones, for the sake of the others.
#[allow(clippy::large_enum_variant, reason = "the plain one is the common one")]
pub(crate) enum Conversation {
    Plain(Http),
    #[cfg(feature = "tls")]
    Tls(Box<layer_tls::Tls<Http>>),
}

/// Does the same, whatever the layers.
macro_rules! each {
    ($conversation:expr, $protocol:pat => $call:expr) => {
        match $conversation {
            Conversation::Plain($protocol) => $call,
            #[cfg(feature = "tls")]
            Conversation::Tls($protocol) => $call,
        }
    };
}

impl Conversation {
    /// With whoever has connected to this context's listener; `None` if it cannot be set up.
    pub(crate) fn new(context: &Context, refused: Option<Refused>, now: Now) -> Option<Self> {
        let one = Connection::new(context.handler.clone(), context.limits.clone(), now);
        let one = one.on_answered(context.statistics.answered()).on_refused(refused.clone());
        let http = Http::from(one);
        #[cfg(feature = "tls")]
        if let Some(setup) = &context.tls {
            let tls = layer_tls::Tls::new(setup.clone(), http, now)
                .inspect_err(|error| tracing::error!("cannot speak TLS: {error}"));
            return tls.ok().map(|tls| Conversation::Tls(Box::new(tls.on_refused(refused))));
        }
        Some(Conversation::Plain(http))
    }

    /// How many requests have been answered.
    pub(crate) fn served(&self) -> u64 {
        match self {
            Conversation::Plain(http) => http.served(),
            #[cfg(feature = "tls")]
            Conversation::Tls(tls) => tls.inner().served(),
        }
    }

    /// Whether no request is under way.
    pub(crate) fn is_idle(&self) -> bool {
        match self {
            Conversation::Plain(http) => http.is_idle(),
            #[cfg(feature = "tls")]
            Conversation::Tls(tls) => tls.is_idle() && tls.inner().is_idle(),
        }
    }

    /// Whether more of a request is to come, if input is waited for.
    pub(crate) fn is_receiving(&self) -> bool {
        match self {
            Conversation::Plain(http) => http.is_receiving(),
            #[cfg(feature = "tls")]
            Conversation::Tls(tls) => tls.inner().is_receiving(),
        }
    }

    /// Whether another protocol has taken over from HTTP, and has not said its last word.
    pub(crate) fn is_upgraded(&self) -> bool {
        match self {
            Conversation::Plain(http) => http.is_upgraded(),
            #[cfg(feature = "tls")]
            Conversation::Tls(tls) => tls.inner().is_upgraded(),
        }
    }
}

impl Protocol for Conversation {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        each!(self, it => it.receive(input, out, now))
    }

    fn receive_eof(&mut self, now: Now) {
        each!(self, it => it.receive_eof(now));
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        each!(self, it => it.sent(bytes, now));
    }

    fn reset_send_timeout(&mut self, now: Now) {
        each!(self, it => it.reset_send_timeout(now));
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        each!(self, it => it.complete(ticket, outcome, out, now));
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        each!(self, it => it.handle_timeout(out, now));
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        each!(self, it => it.shutdown(by, now));
    }

    fn poll(&mut self) -> Step {
        each!(self, it => it.poll())
    }

    fn file(&self) -> Option<&FileRange> {
        each!(self, it => it.file())
    }
}
