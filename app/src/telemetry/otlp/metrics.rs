//! Metrics, under the names that OpenTelemetry has agreed on for HTTP servers. Connections are not
//! counted a second time: statistics are looked at when they are to be sent.

use backend_common::{Open, Statistics, Waits};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};
use protocol::{Request, Summary};

use crate::telemetry::otlp::span;
use crate::telemetry::request::Seen;

/// Upper bounds of the buckets, in seconds, as the conventions want them.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What is counted.
pub(super) struct Instruments {
    /// Requests under way.
    pub(super) active: UpDownCounter<i64>,
    durations: Histogram<f64>,
}

/// What a request is counted under while it is under way: `http.request.method`, `url.scheme`.
pub(super) fn active(request: Option<&Request<'_>>) -> [KeyValue; 2] {
    let method = request.map_or("_OTHER", |request| span::known(request.method().as_str()));
    let scheme = if request.is_some_and(Request::is_secure) { "https" } else { "http" };
    [KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", scheme)]
}

impl Instruments {
    pub(super) fn of(meter: &Meter) -> Self {
        let active = meter
            .i64_up_down_counter("http.server.active_requests")
            .with_unit("{request}")
            .with_description("Requests under way");
        let durations = meter
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("From the complete head to the last byte sent")
            .with_boundaries(BUCKETS.to_vec());
        Instruments { active: active.build(), durations: durations.build() }
    }

    /// A request has ended.
    pub(super) fn concluded(&self, active: &[KeyValue; 2], seen: &Seen, summary: &Summary) {
        let mut attributes = Vec::with_capacity(6);
        attributes.extend_from_slice(active);
        attributes.extend(span::outcome(seen, summary));
        self.durations.record(summary.duration.as_secs_f64(), &attributes);
    }

    /// Connections, by how far each is with its request, and by what each waits for.
    pub(super) fn observe(&self, meter: &Meter, statistics: &Statistics) {
        let of = statistics.clone();
        meter
            .u64_observable_gauge("wtw.connections")
            .with_unit("{connection}")
            .with_description("Open connections, by how far each is with its request")
            .with_callback(move |gauge| {
                let Open { idle, receiving, answering, sending, upgraded, closing, .. } =
                    of.sample().open;
                for (state, count) in [
                    ("idle", idle),
                    ("receiving", receiving),
                    ("answering", answering),
                    ("sending", sending),
                    ("upgraded", upgraded),
                    ("closing", closing),
                ] {
                    gauge.observe(count, &[KeyValue::new("state", state)]);
                }
            })
            .build();
        let of = statistics.clone();
        meter
            .u64_observable_gauge("wtw.connections.waiting")
            .with_unit("{connection}")
            .with_description("Open connections, by what each waits for")
            .with_callback(move |gauge| {
                let Waits { input, room, time, work, .. } = of.sample().waits;
                let waits = [("input", input), ("room", room), ("time", time), ("work", work)];
                for (wait, count) in waits {
                    gauge.observe(count, &[KeyValue::new("wait", wait)]);
                }
            })
            .build();
    }
}
