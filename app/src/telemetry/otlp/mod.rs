//! Traces, metrics and logs for a collector, by OTLP over HTTP (the protocol of OpenTelemetry).
//!
//! ```text
//! Telemetry ── a request that has ended ──► Otlp ──► span, record ──► queue ──► thread ──┐
//!                                             └────► histogram ◄─────────────── thread ──┼► Client
//! tracing ─────── an event of the log ─────────────► record ────────► queue ──► thread ──┘
//! ```
//!
//! Queues and threads are those of the SDK. What finds no room in a queue is lost and counted, so
//! no connection ever waits for a collector.

mod client;
mod endpoints;
mod metrics;
mod span;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use backend_common::Statistics;
use opentelemetry::KeyValue;
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{SpanContext, TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};
use protocol::{Request, Summary};
use tracing_subscriber::{Layer, Registry};

use crate::telemetry::otlp::client::Client;
use crate::telemetry::otlp::endpoints::Endpoints;
use crate::telemetry::otlp::metrics::Instruments;
use crate::telemetry::request::Seen;

/// What is said of this program, wherever telemetry names its source.
const SCOPE: &str = "wtw";

/// What hears of the events of the log, besides the log.
pub(crate) type LogLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends telemetry to a collector.
pub(crate) struct Otlp {
    traces: SdkTracerProvider,
    meters: SdkMeterProvider,
    logs: SdkLoggerProvider,
    tracer: SdkTracer,
    logger: SdkLogger,
    instruments: Instruments,
    client: Client,
}

impl Otlp {
    /// Begins to send, to the collector at `url` or where the environment says; nothing if neither
    /// names one.
    ///
    /// # Errors
    /// If the environment says something that cannot be used.
    pub(crate) fn start(
        url: Option<&str>,
        backend: &str,
        model: &str,
    ) -> Result<Option<Arc<Self>>, String> {
        let endpoints = Endpoints::of(url, |name| std::env::var(name).ok());
        if endpoints.is_empty() {
            return Ok(None);
        }
        let client = Client::new(endpoints.are_secure())?;
        let otlp = Otlp::to(&endpoints, &resource(backend, model), client);
        otlp.map(|otlp| Some(Arc::new(otlp))).map_err(|error| error.to_string())
    }

    fn to(
        endpoints: &Endpoints,
        resource: &Resource,
        client: Client,
    ) -> Result<Self, ExporterBuildError> {
        let mut traces = SdkTracerProvider::builder().with_resource(resource.clone());
        if let Some(url) = &endpoints.traces {
            let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            let exporter = exporter.with_endpoint(url).with_http_client(client.clone());
            traces = traces.with_batch_exporter(exporter.build()?);
        }
        let mut meters = SdkMeterProvider::builder().with_resource(resource.clone());
        if let Some(url) = &endpoints.metrics {
            let exporter =
                MetricExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            let exporter = exporter.with_endpoint(url).with_http_client(client.clone());
            meters = meters.with_periodic_exporter(exporter.build()?);
        }
        let mut logs = SdkLoggerProvider::builder().with_resource(resource.clone());
        if let Some(url) = &endpoints.logs {
            let exporter = LogExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            let exporter = exporter.with_endpoint(url).with_http_client(client.clone());
            logs = logs.with_batch_exporter(exporter.build()?);
        }
        let (traces, meters, logs) = (traces.build(), meters.build(), logs.build());
        Ok(Otlp {
            tracer: traces.tracer(SCOPE),
            logger: logs.logger("wtw.access"),
            instruments: Instruments::of(&meters.meter(SCOPE)),
            client,
            traces,
            meters,
            logs,
        })
    }

    /// What sends the events of the log as well.
    pub(crate) fn layer(&self) -> LogLayer {
        Box::new(OpenTelemetryTracingBridge::new(&self.logs))
    }

    /// From now on the connections of this server are told of, too.
    pub(crate) fn observe(&self, statistics: &Statistics) {
        self.instruments.observe(&self.meters.meter(SCOPE), statistics);
    }

    /// A request has begun.
    pub(crate) fn begin(self: &Arc<Self>, request: Option<&Request<'_>>) -> Begun {
        let active = metrics::active(request);
        self.instruments.active.add(1, &active);
        Begun { otlp: Arc::clone(self), active, parent: request.and_then(span::parent) }
    }

    /// Sends what there still is, but not beyond a moment.
    pub(crate) fn finish(&self, by: Instant) {
        let (done, all_done) = mpsc::channel::<()>();
        let (traces, meters, logs) = (self.traces.clone(), self.meters.clone(), self.logs.clone());
        let within = by.saturating_duration_since(Instant::now());
        // Each may wait for the collector as long as all of them.
        let ends: [Box<dyn FnOnce() + Send>; 3] = [
            Box::new(move || drop(traces.shutdown_with_timeout(within))),
            Box::new(move || drop(meters.shutdown_with_timeout(within))),
            Box::new(move || drop(logs.shutdown_with_timeout(within))),
        ];
        for end in ends {
            let done = done.clone();
            let thread = thread::Builder::new().name("otlp-end".into());
            // Without a thread, what there still is is lost.
            let _ = thread.spawn(move || {
                end();
                drop(done);
            });
        }
        drop(done);
        let left = by.saturating_duration_since(Instant::now());
        let _ = all_done.recv_timeout(left); // all have ended when nobody is left to say so
        self.client.say_what_is_lost();
    }
}

/// A request that has begun.
pub(crate) struct Begun {
    otlp: Arc<Otlp>,
    /// What it is counted under among those that are under way.
    active: [KeyValue; 2],
    parent: Option<SpanContext>,
}

impl Begun {
    /// It has ended; `line` is that of the access log, if there is one.
    pub(crate) fn end(self, seen: &Seen, summary: &Summary, line: Option<&[u8]>) {
        let Begun { otlp, active, parent } = self;
        otlp.instruments.active.add(-1, &active);
        otlp.instruments.concluded(&active, seen, summary);
        let span = span::record(&otlp.tracer, parent, &active, seen, summary);
        if let Some(line) = line {
            let line = String::from_utf8_lossy(line).trim_end().to_owned();
            let mut record = otlp.logger.create_log_record();
            record.set_timestamp(seen.wall + summary.duration);
            record.set_severity_number(Severity::Info);
            record.set_severity_text("INFO");
            record.set_body(AnyValue::from(line));
            record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
            otlp.logger.emit(record);
        }
    }
}

/// The program, as the environment names it; without that, by its own name.
fn resource(backend: &str, model: &str) -> Resource {
    // Told apart from others of the same name, as a version 4 UUID would.
    let instance = RandomIdGenerator::default().new_trace_id().to_string();
    let attributes = [
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance),
        KeyValue::new("wtw.backend", backend.to_owned()),
        KeyValue::new("wtw.model", model.to_owned()),
    ];
    let named = Resource::builder().build();
    let name = named.get(&"service.name".into()).map(|name| name.as_str().into_owned());
    let is_named = name.is_some_and(|name| !name.starts_with("unknown_service"));
    let own = attributes.into_iter().filter(|own| named.get(&own.key).is_none());
    let own = Resource::builder().with_attributes(own.collect::<Vec<_>>());
    if is_named { own.build() } else { own.with_service_name(SCOPE).build() }
}
