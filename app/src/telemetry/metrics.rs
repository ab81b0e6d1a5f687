//! Metrics in the text format of Prometheus (`OpenMetrics`).

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use backend_common::{Open, Sample, Statistics, Waits};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use protocol::{Summary, Waited};

/// Upper bounds of the buckets, in seconds: a factor of about three from one to the next.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    /// `2xx`; `none` without a response.
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// Which of the waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WaitedFor {
    wait: &'static str,
}

/// What is counted, and what statistics know besides.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Histogram,
    waited: [Counter<f64, AtomicU64>; 4],
    refusals: Family<Kind, Counter>,
    cut: Family<Kind, Counter>,
    work: Histogram,
    lateness: Histogram,
}

/// The waits of a request, in their order.
const WAITS: [&str; 4] = ["input", "room", "time", "work"];

impl Metrics {
    /// Those of the server with these statistics.
    pub(crate) fn new(statistics: Statistics, backend: &str, model: &str) -> Self {
        let mut registry = Registry::with_prefix("wtw");
        let histogram = || Histogram::new(BUCKETS);
        let waited: Family<WaitedFor, Counter<f64, AtomicU64>> = Family::default();
        let metrics = Metrics {
            requests: Family::default(),
            durations: histogram(),
            waited: WAITS.map(|wait| waited.get_or_create(&WaitedFor { wait }).clone()),
            refusals: Family::default(),
            cut: Family::default(),
            work: histogram(),
            lateness: histogram(),
            registry: Registry::default(),
        };
        let Metrics { requests, durations, refusals, cut, work, lateness, .. } = &metrics;
        registry.register("requests", "Requests that have ended, by route", requests.clone());
        let duration = "From the complete head to the last byte sent";
        registry.register_with_unit("request", duration, Unit::Seconds, durations.clone());
        let help = "How long requests have waited, by what they waited for";
        registry.register_with_unit("request_wait", help, Unit::Seconds, waited);
        registry.register("refusals", "Clients refused or out of time, by kind", refusals.clone());
        registry.register("cut", "Requests that did not end in order, by cause", cut.clone());
        let help = "How long work has waited for a thread";
        registry.register_with_unit("work_wait", help, Unit::Seconds, work.clone());
        let help = "How late deadlines are met: how far the loops lag behind";
        registry.register_with_unit("deadline_lateness", help, Unit::Seconds, lateness.clone());
        let labels = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("backend", backend.to_owned()),
            ("model", model.to_owned()),
        ];
        let info = prometheus_client::metrics::info::Info::new(labels);
        registry.register("build", "The program", info);
        registry.register_collector(Box::new(Sampled(statistics)));
        Metrics { registry, ..metrics }
    }

    /// A request has ended.
    pub(crate) fn concluded(&self, route: &'static str, summary: &Summary) {
        let class = match summary.status.map(|status| status.as_u16() / 100) {
            Some(1) => "1xx",
            Some(2) => "2xx",
            Some(3) => "3xx",
            Some(4) => "4xx",
            Some(5) => "5xx",
            _ => "none",
        };
        self.requests.get_or_create(&Answered { route, class }).inc();
        self.durations.observe(summary.duration.as_secs_f64());
        let Waited { input, room, time, work } = summary.waited;
        for (counter, waited) in self.waited.iter().zip([input, room, time, work]) {
            if !waited.is_zero() {
                counter.inc_by(waited.as_secs_f64());
            }
        }
        if let Some(cut) = summary.cut {
            self.cut.get_or_create(&Kind { kind: cut.name() }).inc();
        }
    }

    pub(crate) fn refused(&self, kind: &'static str) {
        self.refusals.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn work_begun(&self, waited: Duration) {
        self.work.observe(waited.as_secs_f64());
    }

    pub(crate) fn deadline_met(&self, late: Duration) {
        self.lateness.observe(late.as_secs_f64());
    }

    /// All of them, as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let _ = text::encode(&mut text, &self.registry); // to a String it is always possible
        text
    }
}

/// What is not counted twice: the statistics of the server, looked at when somebody asks.
struct Sampled(Statistics);

impl fmt::Debug for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sampled")
    }
}

impl Collector for Sampled {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sample = self.0.sample();
        let Sample { connections, received, sent, open, waits, work, shutdown, .. } = sample;
        let Open { idle, receiving, answering, sending, upgraded, closing, .. } = open;
        let states = [
            ("idle", idle),
            ("receiving", receiving),
            ("answering", answering),
            ("sending", sending),
            ("upgraded", upgraded),
            ("closing", closing),
        ];
        let Waits { input, room, time, work: for_work, .. } = waits;
        let waits = WAITS.into_iter().zip([input, room, time, for_work]);
        let help = "Open connections, by how far each is with its request";
        gauges(&mut encoder, "connections", help, "state", states)?;
        let help = "Open connections, by what each waits for";
        gauges(&mut encoder, "connections_waiting", help, "wait", waits)?;
        for (name, help, value) in [
            ("connections_max", "Most connections at once", sample.max_connections),
            ("work", "Pieces of work that run or wait to", work),
            ("work_max", "Most pieces of work at once", sample.max_work),
            ("draining", "1 once shutdown has begun", u64::from(shutdown.is_some())),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        for (name, help, value, unit) in [
            ("connections_accepted", "Connections accepted", connections, None),
            (
                "connections_over_limit",
                "Connections closed since their client had too many",
                sample.connections_over_limit,
                None,
            ),
            (
                "requests_over_limit",
                "Requests answered 429 since their client sent too many",
                sample.requests_over_limit,
                None,
            ),
            ("received", "Bytes that have come", received, Some(&Unit::Bytes)),
            ("sent", "Bytes handed to the system", sent, Some(&Unit::Bytes)),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                unit,
                counter.metric_type(),
            )?)?;
        }
        Ok(())
    }
}

/// Encodes one gauge for each value of a label.
fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: impl IntoIterator<Item = (&'static str, u64)>,
) -> fmt::Result {
    let kind = ConstGauge::new(0_i64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (value, count) in values {
        let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        gauge.encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}
