//! What is told of requests: the access log, metrics, and the listener that shows them.
//!
//! ```text
//! protocol ── Observer ──► Telemetry ── a line for each request ──► AccessLog ──► Console
//!                              ├─────── counters, histograms ─────► Metrics ◄── Admin: /metrics
//!                              └─────── a span, the same line ────► Otlp ──► a collector
//! ```

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod metrics;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
#[cfg(not(feature = "otlp"))]
#[path = "without_otlp.rs"]
pub(crate) mod otlp;
pub(crate) mod request;
mod trace_context;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Conclude, Observer, Request};

use crate::forwarded::{ForwardedField, Trust, as_sent};
use crate::telemetry::access_log::AccessLog;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otlp::Otlp;
use crate::telemetry::request::Seen;

/// Names the route of a request, of which there are a few, by its path.
pub(crate) type NameRoute = Box<dyn Fn(&str) -> &'static str + Send + Sync>;

/// Passes on what it is told to those who want to know.
pub(crate) struct Telemetry {
    pub(crate) name_route: NameRoute,
    /// Those that are believed when they say who the client is, and in which field.
    pub(crate) trust: Trust,
    pub(crate) forwarded_field: ForwardedField,
    pub(crate) access_log: Option<Arc<AccessLog>>,
    pub(crate) metrics: Option<Arc<Metrics>>,
    pub(crate) otlp: Option<Arc<Otlp>>,
}

impl Telemetry {
    /// Whether anybody wants to know anything.
    pub(crate) fn is_wanted(&self) -> bool {
        self.access_log.is_some() || self.metrics.is_some() || self.otlp.is_some()
    }

    /// A request as its client has sent it: the log is to name no proxies.
    fn seen(&self, request: Option<&Request<'_>>, route: &'static str) -> Seen {
        let sent = request.and_then(|it| as_sent(it, &self.trust, self.forwarded_field));
        Seen::of(sent.as_ref().or(request), route)
    }
}

impl Observer for Telemetry {
    fn begin(&self, request: Option<&Request<'_>>) -> Option<Conclude> {
        let route = request.map_or("-", |request| (self.name_route)(request.path()));
        let access_log = self.access_log.clone();
        let otlp = self.otlp.as_ref().map(|otlp| otlp.begin(request));
        let is_shown = access_log.is_some() || otlp.is_some();
        let seen = is_shown.then(|| self.seen(request, route));
        let metrics = self.metrics.clone();
        Some(Box::new(move |summary| {
            if let Some(seen) = seen {
                let line = access_log.as_ref().map(|log| log.line(&seen, summary));
                otlp.into_iter().for_each(|begun| begun.end(&seen, summary, line.as_deref()));
                access_log.zip(line).into_iter().for_each(|(log, line)| log.write(line));
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

#[cfg(test)]
mod tests {
    use std::time::{Instant, UNIX_EPOCH};

    use backend_common::TrustedProxies;
    use protocol::http::{Method, Version};
    use protocol::{Field, Now};

    use super::*;

    #[test]
    fn the_client_that_a_trusted_proxy_names_is_logged() {
        let telemetry = Telemetry {
            name_route: Box::new(|_| "-"),
            trust: TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]).into(),
            forwarded_field: ForwardedField::XForwarded,
            access_log: None,
            metrics: None,
            otlp: None,
        };
        let fields = [Field { name: "X-Forwarded-For", value: b"192.0.2.1" }];
        let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
        for (peer, client) in [("10.0.0.1:5", "192.0.2.1:0"), ("11.0.0.1:5", "11.0.0.1:5")] {
            let request = Request::new(Method::GET, "/", Version::HTTP_11, &fields, now).unwrap();
            let request = request.from_peer(peer.parse().ok());
            let seen = telemetry.seen(Some(&request), "-");
            assert_eq!(seen.peer, client.parse().ok());
        }
    }
}
