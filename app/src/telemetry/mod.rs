//! What is told of requests: the access log, metrics, and the listener that shows them.
//!
//! ```text
//! protocol ── Observer ──► Telemetry ── a line for each request ──► AccessLog ──► Console
//!                              └─────── counters, histograms ─────► Metrics ◄── Admin: /metrics
//! ```

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod metrics;
pub(crate) mod request;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Conclude, Observer, Request};

use crate::telemetry::access_log::AccessLog;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::request::Seen;

/// Names the route of a request, of which there are a few, by its path.
pub(crate) type NameRoute = Box<dyn Fn(&str) -> &'static str + Send + Sync>;

/// Passes on what it is told to those who want to know.
pub(crate) struct Telemetry {
    pub(crate) name_route: NameRoute,
    pub(crate) access_log: Option<Arc<AccessLog>>,
    pub(crate) metrics: Option<Arc<Metrics>>,
}

impl Telemetry {
    /// Whether anybody wants to know anything.
    pub(crate) fn is_wanted(&self) -> bool {
        self.access_log.is_some() || self.metrics.is_some()
    }
}

impl Observer for Telemetry {
    fn begin(&self, request: Option<&Request<'_>>) -> Option<Conclude> {
        let route = request.map_or("-", |request| (self.name_route)(request.path()));
        let access_log = self.access_log.clone();
        let seen = access_log.is_some().then(|| Seen::of(request, route));
        let metrics = self.metrics.clone();
        Some(Box::new(move |summary| {
            if let (Some(log), Some(seen)) = (access_log, seen) {
                log.write(&seen, summary);
            }
            if let Some(metrics) = metrics {
                metrics.concluded(route, summary);
            }
        }))
    }

    fn refused(&self, kind: &'static str, _why: &dyn Display) {
        self.metrics.iter().for_each(|metrics| metrics.refused(kind));
    }

    fn work_begun(&self, waited: Duration) {
        self.metrics.iter().for_each(|metrics| metrics.work_begun(waited));
    }

    fn deadline_met(&self, late: Duration) {
        self.metrics.iter().for_each(|metrics| metrics.deadline_met(late));
    }
}
