//! A case and its parts. Everything is data; the session of its protocol plays it.

use std::fmt;

use crate::{http1, http2, websocket};

/// One requirement and an exchange that shows whether a server meets it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Names the case; unique.
    pub id: &'static str,
    /// Where the requirement stands.
    pub section: Section,
    /// The requirement in one sentence, in our words.
    pub requirement: &'static str,
    /// The servers to which the case applies.
    pub needs: Needs,
    /// The exchange that shows whether it is met.
    pub exchange: Exchange,
}

/// Steps in the protocol of the case: bytes to send, and responses to expect.
#[derive(Clone, Debug)]
pub enum Exchange {
    /// HTTP/1.1.
    Http1(Vec<http1::step::Step>),
    /// HTTP/2, with prior knowledge.
    Http2(Vec<http2::step::Step>),
    /// WebSocket, from the opening handshake on.
    WebSocket(Vec<websocket::step::Step>),
}

/// A protocol that there are cases for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// WebSocket.
    WebSocket,
}

impl Case {
    /// The protocol that the case is about.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.exchange {
            Exchange::Http1(_) => Protocol::Http1,
            Exchange::Http2(_) => Protocol::Http2,
            Exchange::WebSocket(_) => Protocol::WebSocket,
        }
    }
}

/// A case that is being written: each protocol has its own words that add steps.
#[derive(Clone, Debug)]
pub(crate) struct Draft<S> {
    id: &'static str,
    section: Section,
    requirement: &'static str,
    needs: Needs,
    steps: Vec<S>,
}

impl<S> Draft<S> {
    /// Applies to any server, and has no steps yet.
    pub(crate) fn new(
        rfc: u16,
        number: &'static str,
        id: &'static str,
        requirement: &'static str,
    ) -> Self {
        let section = Section { rfc, number };
        Draft { id, section, requirement, needs: Needs::Any, steps: Vec::new() }
    }

    /// Applies to the demo application only.
    pub(crate) fn app(mut self) -> Self {
        self.needs = Needs::App;
        self
    }

    pub(crate) fn then(mut self, step: S) -> Self {
        self.steps.push(step);
        self
    }

    /// Goes on in the same way for each of these.
    pub(crate) fn then_each<T>(
        self,
        items: impl IntoIterator<Item = T>,
        add: impl Fn(Self, T) -> Self,
    ) -> Self {
        items.into_iter().fold(self, add)
    }

    pub(crate) fn into_steps(self) -> Vec<S> {
        self.steps
    }

    pub(crate) fn finish(self, exchange: fn(Vec<S>) -> Exchange) -> Case {
        let Draft { id, section, requirement, needs, steps } = self;
        Case { id, section, requirement, needs, exchange: exchange(steps) }
    }
}

/// A section of an RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Section {
    /// Its number: 9110 or 9112, say.
    pub rfc: u16,
    /// The section's number, such as `6.3`.
    pub number: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {} §{}", self.rfc, self.number)
    }
}

impl Section {
    /// Orders sections by number rather than by text: §9.3 comes before §10.1.
    pub(crate) fn order(&self) -> (u16, Vec<u32>) {
        (self.rfc, self.number.split('.').map(|part| part.parse().unwrap_or(0)).collect())
    }
}

/// The servers to which a case applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any server that has something, or nothing, at `/` and `/echo`. For WebSocket: any that sends
    /// the messages back that it gets at [`websocket`](crate::Runner::websocket).
    Any,
    /// The demo application: its routes, its limits, and the strict one of two readings where
    /// the RFC allows both.
    App,
}
