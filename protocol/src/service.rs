//! What the connections of a server have in common, whatever version of HTTP they speak.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::handler::Handler;
use crate::limits::Limits;
use crate::request::Request;

/// Is called whenever a response is complete, with the moment when the head of its request was. To
/// know how long it took is to read a clock, which is its own to do.
pub type Answered = Arc<dyn Fn(Instant) + Send + Sync>;

/// Is called whenever a client is refused, with the reason: for a log.
pub type Refused = Arc<dyn Fn(&dyn Display) + Send + Sync>;

/// The handler of a connection, its limits, and what is called when a request is answered or a
/// client refused.
///
/// ```
/// use std::sync::Arc;
/// use protocol::{Limits, Request, Service};
/// let service = Service::new(Arc::new(|_: &Request<'_>| "hello"), Arc::new(Limits::default()))
///     .on_refused(Some(Arc::new(|why| eprintln!("refused: {why}"))));
/// # drop(service);
/// ```
#[derive(Clone)]
pub struct Service {
    /// Answers the requests.
    pub handler: Arc<dyn Handler>,
    /// How much of everything a connection may use.
    pub limits: Arc<Limits>,
    /// Whether something below HTTP encrypts.
    pub is_secure: bool,
    /// The address at the other end of the connection.
    pub peer: Option<SocketAddr>,
    answered: Option<Answered>,
    refused: Option<Refused>,
}

impl Service {
    /// A service that tells nobody, is not secured, and does not know its peer.
    #[must_use]
    pub fn new(handler: Arc<dyn Handler>, limits: Arc<Limits>) -> Self {
        Service { handler, limits, is_secure: false, peer: None, answered: None, refused: None }
    }

    /// Has this called for every response.
    #[must_use]
    pub fn on_answered(mut self, answered: Option<Answered>) -> Self {
        self.answered = answered;
        self
    }

    /// Has this called for every refusal.
    #[must_use]
    pub fn on_refused(mut self, refused: Option<Refused>) -> Self {
        self.refused = refused;
        self
    }

    /// Has requests say that they come from this address.
    #[must_use]
    pub fn with_peer(mut self, peer: Option<SocketAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// What a request has besides its head: what is known of the connection.
    #[must_use]
    pub fn place<'a>(&self, request: Request<'a>) -> Request<'a> {
        request.secured(self.is_secure).from_peer(self.peer)
    }

    /// The response is complete to a request whose head was at this moment.
    pub fn answered(&self, begun: Instant) {
        self.answered.iter().for_each(|answered| answered(begun));
    }

    /// A client has been refused for this reason.
    pub fn refused(&self, why: &dyn Display) {
        self.refused.iter().for_each(|refused| refused(why));
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("limits", &self.limits).finish_non_exhaustive()
    }
}
