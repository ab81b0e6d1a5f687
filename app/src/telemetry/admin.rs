//! What the administrators' listener answers. It is served by a server of its own, so that it
//! answers when the public one is full, and is not counted among its connections.

use std::sync::Arc;

use backend_common::Statistics;
use protocol::http::header::{self, HeaderValue};
use protocol::http::{Method, StatusCode};
use protocol::{Handler, Reply, Request, Response};

use crate::telemetry::metrics::Metrics;

/// The media type of `OpenMetrics`.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers for a server: `/metrics`, `/healthz`, `/readyz`.
pub(crate) struct Admin {
    pub(crate) metrics: Arc<Metrics>,
    /// Of the server that it answers for.
    pub(crate) statistics: Statistics,
}

impl Handler for Admin {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let response = match request.path() {
            _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                Response::method_not_allowed("GET, HEAD")
            }
            // To look at all connections takes a moment: as work it holds up nobody.
            "/metrics" => {
                let metrics = Arc::clone(&self.metrics);
                let text = move || Response::ok().content_type(OPEN_METRICS).body(metrics.text());
                return Reply::blocking(move || uncached(text()));
            }
            "/healthz" => Response::text("ok\n"),
            "/readyz" if self.statistics.sample().shutdown.is_some() => {
                Response::new(StatusCode::SERVICE_UNAVAILABLE)
                    .content_type("text/plain; charset=utf-8")
                    .body("draining\n")
            }
            "/readyz" => Response::text("ready\n"),
            _ => Response::plain(StatusCode::NOT_FOUND),
        };
        uncached(response).into()
    }
}

/// It is true at this moment.
fn uncached(response: Response) -> Response {
    response.field(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
