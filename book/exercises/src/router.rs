//! Static or dynamic: routes to handlers of any type, and a wrapper that knows its type.
//!
//! Fill in what is missing, the fields too. Decide for each which of the two it needs: a type
//! parameter, or a pointer to anything that is a handler.
//!
//! * [`Counted`] hands every request on and counts them, also when many threads ask at once.
//! * A [`Router`] hands a request to the route with the longest prefix that fits. A prefix, such as
//!   `/files`, fits the path `/files` and everything below `/files/`. It does not fit `/filestore`.
//! * A handler gets the rest of the path, which always begins with `/`: `/a` for `/files/a`, and
//!   `/` for `/files`.
//! * If no route fits, the handler `otherwise` gets the path as it is.
//! * A route that is added again, with the same prefix, takes the place of the old one.
//! * A router is a handler, so a router can be a route of another one.

use std::sync::Arc;

/// Answers requests, from many threads.
pub trait Handler: Send + Sync {
    /// What a request for this path is answered with.
    fn handle(&self, path: &str) -> String;
}

impl<F: Fn(&str) -> String + Send + Sync> Handler for F {
    fn handle(&self, path: &str) -> String {
        self(path)
    }
}

/// A handler, and how often it was asked.
pub struct Counted<H> {
    inner: H,
    // What else?
}

impl<H: Handler> Counted<H> {
    /// A handler that has not been asked.
    pub fn new(inner: H) -> Self {
        todo!()
    }

    /// How often it was asked.
    pub fn count(&self) -> u64 {
        todo!()
    }
}

impl<H: Handler> Handler for Counted<H> {
    fn handle(&self, path: &str) -> String {
        todo!()
    }
}

/// Handlers by the beginnings of paths.
pub struct Router {
    // What?
}

impl Router {
    /// A router without routes: everything goes to `otherwise`.
    pub fn new(otherwise: impl Handler + 'static) -> Self {
        todo!()
    }

    /// Adds a route to a handler of its own.
    pub fn route(self, prefix: &str, handler: impl Handler + 'static) -> Self {
        todo!()
    }

    /// Adds a route to a handler that others have too.
    pub fn share(self, prefix: &str, handler: Arc<dyn Handler>) -> Self {
        todo!()
    }
}

impl Handler for Router {
    fn handle(&self, path: &str) -> String {
        todo!()
    }
}
