//! Static or dynamic: routes to handlers of any type, and a wrapper that knows its type.
//!
//! # Explanation
//! A route keeps an `Arc<dyn Handler>`, because the handlers of one table have many types. A
//! `Counted<H>` keeps its `H` itself, because it wraps one handler, whose type is known where it is
//! written; if it goes into a table, the pointer is around both. The router is a handler too, so
//! routers nest, and the rest of the path that it hands on always begins with `/`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    count: AtomicU64,
}

impl<H: Handler> Counted<H> {
    /// A handler that has not been asked.
    pub fn new(inner: H) -> Self {
        Counted { inner, count: AtomicU64::new(0) }
    }

    /// How often it was asked.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl<H: Handler> Handler for Counted<H> {
    fn handle(&self, path: &str) -> String {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.inner.handle(path)
    }
}

/// Handlers by the beginnings of paths.
pub struct Router {
    routes: Vec<(String, Arc<dyn Handler>)>,
    otherwise: Arc<dyn Handler>,
}

impl Router {
    /// A router without routes: everything goes to `otherwise`.
    pub fn new(otherwise: impl Handler + 'static) -> Self {
        Router { routes: Vec::new(), otherwise: Arc::new(otherwise) }
    }

    /// Adds a route to a handler of its own.
    pub fn route(self, prefix: &str, handler: impl Handler + 'static) -> Self {
        self.share(prefix, Arc::new(handler))
    }

    /// Adds a route to a handler that others have too.
    pub fn share(mut self, prefix: &str, handler: Arc<dyn Handler>) -> Self {
        self.routes.retain(|(other, _)| other != prefix);
        self.routes.push((prefix.to_owned(), handler));
        self
    }
}

impl Handler for Router {
    fn handle(&self, path: &str) -> String {
        let matching = self.routes.iter().filter_map(|(prefix, handler)| {
            let rest = path.strip_prefix(prefix.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((prefix.len(), rest, handler))
        });
        match matching.max_by_key(|(length, ..)| *length) {
            Some((_, "", handler)) => handler.handle("/"),
            Some((_, rest, handler)) => handler.handle(rest),
            None => self.otherwise.handle(path),
        }
    }
}
