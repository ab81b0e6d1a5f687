//! What the connections of a server have in common, whatever version of HTTP they speak.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Now;
use crate::handler::Handler;
use crate::limits::Limits;
use crate::observer::{Observation, Observer};
use crate::refusal::Refusal;
use crate::request::Request;

/// Is called whenever a client is refused, with a name for the kind of reason and the reason.
pub type Refused = Arc<dyn Fn(&'static str, &dyn Display) + Send + Sync>;

/// The handler of a connection, its limits, and what is told of its requests, and called when a
/// client is refused.
///
/// ```
/// use std::sync::Arc;
/// use protocol::{Limits, Request, Service};
/// let service = Service::new(Arc::new(|_: &Request<'_>| "hello"), Arc::new(Limits::default()))
///     .on_refused(Some(Arc::new(|_kind, why| eprintln!("refused: {why}"))));
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
    /// By which of the server's listeners it came.
    pub listener: usize,
    observer: Option<Arc<dyn Observer>>,
    refused: Option<Refused>,
}

impl Service {
    /// A service that tells nobody, is not secured, does not know its peer, and has one listener.
    #[must_use]
    pub fn new(handler: Arc<dyn Handler>, limits: Arc<Limits>) -> Self {
        let (is_secure, peer, listener) = (false, None, 0);
        Service { handler, limits, is_secure, peer, listener, observer: None, refused: None }
    }

    /// Has its requests observed.
    #[must_use]
    pub fn observed_by(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.observer = observer;
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

    /// Has requests say that they come by this one of the server's listeners.
    #[must_use]
    pub fn at_listener(mut self, listener: usize) -> Self {
        self.listener = listener;
        self
    }

    /// Tells a request what is known of its connection.
    #[inline]
    pub fn place(&self, request: &mut Request<'_>) {
        request.secure = self.is_secure;
        request.peer = self.peer;
        request.listener = self.listener;
    }

    /// Whether anybody is told of requests.
    pub(crate) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    /// Tells that the head of a request is complete, or was refused. Returns what is to be told of
    /// its end, if somebody wants to know.
    #[must_use]
    pub fn observe(&self, request: Option<&Request<'_>>, now: Now) -> Option<Observation> {
        let conclude = self.observer.as_deref()?.begin(request)?;
        Some(Observation::new(conclude, self.peer, now))
    }

    /// A message is refused.
    pub fn refused(&self, refusal: Refusal) {
        self.refused_as(refusal.name(), &refusal);
    }

    /// A client is refused for a reason of this kind.
    pub fn refused_as(&self, kind: &'static str, why: &dyn Display) {
        self.refused.iter().for_each(|refused| refused(kind, why));
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("limits", &self.limits).finish_non_exhaustive()
    }
}
