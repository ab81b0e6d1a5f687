//! A request as a span, under the names that OpenTelemetry has agreed on for HTTP.

use std::str::FromStr;

use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue, StringValue};
use opentelemetry_sdk::trace::SdkTracer;
use protocol::http::uri::Authority;
use protocol::{Cut, Request, Summary, Waited};

use crate::telemetry::request::{Line, Seen};
use crate::telemetry::trace_context::TraceContext;

/// The methods that have names of their own in telemetry (RFC 9110, RFC 5789).
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// A method, or `_OTHER`: clients can think of any number of them.
pub(super) fn known(method: &str) -> &'static str {
    METHODS.into_iter().find(|it| *it == method).unwrap_or("_OTHER")
}

/// The span that a request says it belongs to.
pub(super) fn parent(request: &Request<'_>) -> Option<SpanContext> {
    let TraceContext { trace_id, parent_id, flags } = TraceContext::of(request)?;
    let (trace_id, span_id) =
        (TraceId::from_hex(&trace_id).ok()?, SpanId::from_hex(&parent_id).ok()?);
    let state = request.field_str("tracestate").and_then(|it| TraceState::from_str(it).ok());
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    Some(SpanContext::new(trace_id, span_id, flags, true, state.unwrap_or_default()))
}

/// Records the span of a request that has ended, if it is to be sampled: as its parent was, and
/// without a parent as `OTEL_TRACES_SAMPLER` says.
pub(super) fn record(
    tracer: &SdkTracer,
    parent: Option<SpanContext>,
    active: &[KeyValue; 2],
    seen: &Seen,
    summary: &Summary,
) -> SpanContext {
    let context = Context::new();
    let context = parent.map_or(context.clone(), |it| context.with_remote_span_context(it));
    let builder = SpanBuilder::from_name(name(active, seen))
        .with_kind(SpanKind::Server)
        .with_start_time(seen.wall);
    let mut span = tracer.build_with_context(builder, &context);
    if span.is_recording() {
        span.set_attributes(active.iter().cloned());
        span.set_attributes(outcome(seen, summary));
        span.set_attributes(request(seen, summary));
        span.set_attributes(waits(summary));
        if let Some(error) = error(summary) {
            span.set_status(Status::error(error));
        }
        span.end_with_timestamp(seen.wall + summary.duration);
    }
    span.span_context().clone()
}

/// `GET /route`: of few requests each is another.
fn name(active: &[KeyValue; 2], seen: &Seen) -> String {
    let method = match active[0].value.as_str() {
        other if other == "_OTHER" => "HTTP".into(),
        method => method,
    };
    route(seen).map_or_else(|| method.to_string(), |route| format!("{method} {route}"))
}

fn route(seen: &Seen) -> Option<&'static str> {
    (!["none", "-"].contains(&seen.route)).then_some(seen.route)
}

/// Why a request failed for a reason that is the server's: a client may go when it likes.
fn error(summary: &Summary) -> Option<String> {
    match (summary.cut, summary.status) {
        (Some(cut), _) if cut != Cut::Client => Some(cut.name().to_owned()),
        (_, Some(status)) if status.is_server_error() => Some(status.as_str().to_owned()),
        _ => None,
    }
}

/// What became of a request, as far as it is of few kinds.
pub(super) fn outcome(seen: &Seen, summary: &Summary) -> impl Iterator<Item = KeyValue> {
    let status = summary.status.map(|status| i64::from(status.as_u16()));
    let version = seen.line.as_ref().map(|line| match line.version {
        "HTTP/2.0" => "2",
        version => version.trim_start_matches("HTTP/"),
    });
    [
        route(seen).map(|route| KeyValue::new("http.route", route)),
        status.map(|status| KeyValue::new("http.response.status_code", status)),
        version.map(|version| KeyValue::new("network.protocol.version", version)),
        error(summary).map(|error| KeyValue::new("error.type", error)),
    ]
    .into_iter()
    .flatten()
}

/// What the head of a request says, who sent it, and how much came and went.
fn request(seen: &Seen, summary: &Summary) -> impl Iterator<Item = KeyValue> {
    let peer = seen.peer.or(summary.peer).map(|peer| peer.ip().to_canonical().to_string());
    let mut attributes = vec![
        number("http.request.body.size", summary.received),
        number("http.response.body.size", summary.sent),
    ];
    attributes.extend(peer.map(|peer| KeyValue::new("client.address", peer)));
    attributes.extend(summary.refusal.map(|it| KeyValue::new("wtw.refusal", it.name())));
    attributes.extend(summary.cut.map(|it| KeyValue::new("wtw.cut", it.name())));
    attributes.extend(seen.line.iter().flat_map(head));
    attributes.into_iter()
}

fn head(line: &Line) -> impl Iterator<Item = KeyValue> + use<> {
    let text =
        |key: &'static str, value: &str| KeyValue::new(key, StringValue::from(value.to_owned()));
    let (path, query) = line.target.split_once('?').unwrap_or((&line.target, ""));
    let original = known(&line.method) == "_OTHER";
    let host = line.host.as_ref().and_then(|host| host.parse::<Authority>().ok());
    [
        Some(text("url.path", path)),
        (!query.is_empty()).then(|| text("url.query", query)),
        original.then(|| text("http.request.method_original", &line.method)),
        host.as_ref().map(|host| text("server.address", host.host())),
        host.and_then(|host| Some(number("server.port", host.port_u16()?.into()))),
        line.user_agent.as_ref().map(|agent| text("user_agent.original", agent)),
    ]
    .into_iter()
    .flatten()
}

/// How long a request waited, by what for, and how long it ran, in seconds.
fn waits(summary: &Summary) -> [KeyValue; 5] {
    let Waited { input, room, time, work } = summary.waited;
    let ran = summary.duration.saturating_sub(input + room + time + work);
    [
        ("wtw.waited.input", input),
        ("wtw.waited.room", room),
        ("wtw.waited.time", time),
        ("wtw.waited.work", work),
        ("wtw.ran", ran),
    ]
    .map(|(key, time)| KeyValue::new(key, time.as_secs_f64()))
}

fn number(key: &'static str, value: u64) -> KeyValue {
    KeyValue::new(key, i64::try_from(value).unwrap_or(i64::MAX))
}
