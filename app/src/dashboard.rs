//! `/dashboard`, a page that shows what the server does, and `/dashboard/live`, a WebSocket that
//! tells it once a second.
//!
//! ```text
//! page ── opens ──► Feed ── sample, latencies ──► Statistics
//!      ◄── hello, then a sample each second
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::{Latencies, Open, Sample, Statistics, Waits, Watch};
use base64::Engine;
use layer_websocket::{Limits, Message, Outbox, Socket};
use protocol::bytes::Bytes;
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{Now, Reply, Request, Response};
use serde_json::json;

use crate::origin::is_own;

/// How often there is news.
const EVERY: Duration = Duration::from_secs(1);

/// Longest message of a page, in bytes. It has nothing to say.
const LONGEST_MESSAGE: usize = 1 << 10;

/// Most pages that watch at once. Each has histograms of its own, some 30 KiB, and looks at every
/// connection each second: if all connections were to watch, it would be their number squared.
const MOST_PAGES: usize = 100;

/// The dashboard: a page, and the feed of samples behind it.
pub(crate) struct Dashboard {
    statistics: Statistics,
    /// One more than there are pages that watch.
    pages: Arc<()>,
    backend: String,
    model: String,
    page: Bytes,
    policy: HeaderValue,
}

impl Dashboard {
    pub(crate) fn new(statistics: Statistics, backend: &str, model: &str, page: String) -> Self {
        Dashboard {
            statistics,
            pages: Arc::default(),
            backend: backend.to_owned(),
            model: model.to_owned(),
            policy: content_security_policy(&page),
            page: page.into(),
        }
    }

    pub(crate) fn page(&self) -> Reply {
        Response::ok()
            .content_type("text/html; charset=utf-8")
            .field(header::CONTENT_SECURITY_POLICY, self.policy.clone())
            .body(self.page.clone())
            .into()
    }

    pub(crate) fn live(&self, request: &Request<'_>) -> Reply {
        if !is_own(request) {
            return Response::plain(StatusCode::FORBIDDEN).into();
        }
        // Two that ask at the same moment may both get in; that is near enough.
        if Arc::strong_count(&self.pages) > MOST_PAGES {
            return Response::plain(StatusCode::SERVICE_UNAVAILABLE).into();
        }
        let limits = Limits {
            max_message: LONGEST_MESSAGE,
            max_frame: LONGEST_MESSAGE,
            ..Limits::default()
        };
        let feed = Feed {
            statistics: self.statistics.clone(),
            hello: self.hello(),
            opened: request.now().instant,
            next: request.now().instant,
            watch: None,
            _page: Arc::clone(&self.pages),
        };
        layer_websocket::accept(request, &limits, feed)
    }

    fn hello(&self) -> String {
        let Sample { max_connections, max_work, .. } = self.statistics.sample();
        json!({
            "type": "hello",
            "backend": self.backend,
            "model": self.model,
            "version": env!("CARGO_PKG_VERSION"),
            "max_connections": max_connections,
            "max_work": max_work,
        })
        .to_string()
    }
}

/// The page may run its own script, wear its own style, and talk to nobody but this server.
fn content_security_policy(page: &str) -> HeaderValue {
    let hash = |tag: &str| {
        let inside = page.split_once(&format!("<{tag}>")).map_or("", |(_, rest)| rest);
        let inside = inside.split_once(&format!("</{tag}>")).map_or("", |(inside, _)| inside);
        let digest = ring::digest::digest(&ring::digest::SHA256, inside.as_bytes());
        base64::engine::general_purpose::STANDARD.encode(digest)
    };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    );
    HeaderValue::try_from(policy).expect("base64 is ASCII")
}

/// One page that watches.
struct Feed {
    statistics: Statistics,
    hello: String,
    opened: Instant,
    /// When there is news again.
    next: Instant,
    watch: Option<Watch>,
    /// Counted for as long as it is there.
    _page: Arc<()>,
}

impl Socket for Feed {
    fn open(&mut self, outbox: &mut Outbox<'_>, now: Now) {
        self.watch = Some(self.statistics.watch());
        outbox.text(std::mem::take(&mut self.hello));
        self.time(outbox, now);
    }

    fn message(&mut self, _: Message, _: &mut Outbox<'_>, _: Now) {}

    fn time(&mut self, outbox: &mut Outbox<'_>, now: Now) {
        // Old news is of no use to who does not keep up.
        if outbox.has_room()
            && let Some(watch) = &mut self.watch
        {
            let sample = self.statistics.sample();
            outbox.text(message(&sample, &watch.latencies(), self.opened));
        }
        self.next = (self.next + EVERY).max(now.instant);
        outbox.wake_at(self.next);
    }
}

/// Times are in seconds, latencies in microseconds.
fn message(sample: &Sample, latencies: &Latencies, opened: Instant) -> String {
    let Open { idle, receiving, answering, sending, upgraded, closing, .. } = sample.open;
    let Waits { input, room, time, work, .. } = sample.waits;
    let microseconds = |it: Duration| it.as_secs_f64() * 1e6;
    json!({
        "type": "sample",
        "at": sample.at.saturating_duration_since(opened).as_secs_f64(),
        "connections": sample.connections,
        "requests": sample.requests,
        "received": sample.received,
        "sent": sample.sent,
        "open": {
            "idle": idle,
            "receiving": receiving,
            "answering": answering,
            "sending": sending,
            "upgraded": upgraded,
            "closing": closing,
        },
        "waits": { "input": input, "room": room, "time": time, "work": work },
        "work": sample.work,
        "stop_in": sample.shutdown.map(|by| by.saturating_duration_since(sample.at).as_secs_f64()),
        "latency": {
            "count": latencies.count,
            "p50": microseconds(latencies.p50),
            "p90": microseconds(latencies.p90),
            "p99": microseconds(latencies.p99),
            "p999": microseconds(latencies.p999),
            "max": microseconds(latencies.max),
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::UNIX_EPOCH;

    use backend_common::{Backend, Context, Listener, Server, Variant};
    use protocol::Field;
    use protocol::http::{Method, Version};

    use super::*;

    /// A backend whose server never runs.
    #[derive(Clone, Copy, Default)]
    struct Never;

    impl Backend for Never {
        const NAME: &'static str = "never";
        const MODELS: &'static [Variant<Self>] =
            &[Variant { model: Never, name: "never", summary: "" }];

        fn serve(self, _: Listener, _: Arc<Context>) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn pages_beyond_the_bound_are_refused() {
        let statistics = Server::<Never>::bind("127.0.0.1:0").unwrap().statistics();
        let dashboard = Dashboard::new(statistics, "never", "never", String::new());
        let fields = [
            ("Host", "test"),
            ("Upgrade", "websocket"),
            ("Connection", "upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        .map(|(name, value)| Field { name, value: value.as_bytes() });
        let ask = |fields: &[Field<'_>]| {
            let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
            let target = "/dashboard/live";
            let request = Request::new(Method::GET, target, Version::HTTP_11, fields, now);
            dashboard.live(&request.unwrap())
        };
        assert!(matches!(ask(&fields[..1]), Reply::Respond(it) if it.status() == 426));
        let mut pages: Vec<_> = (0..MOST_PAGES).map(|_| ask(&fields)).collect();
        assert!(pages.iter().all(|it| matches!(it, Reply::Upgrade(..))));
        assert!(matches!(ask(&fields), Reply::Respond(it) if it.status() == 503));
        pages.pop();
        assert!(matches!(ask(&fields), Reply::Upgrade(..)));
    }
}
