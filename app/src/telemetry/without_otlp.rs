//! In place of `otlp` in a program that is built without that feature: nothing is sent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use backend_common::Statistics;
use protocol::{Request, Summary};
use tracing_subscriber::{Layer, Registry};

use crate::telemetry::request::Seen;

/// What hears of the events of the log, besides the log.
pub(crate) type LogLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// There is none.
pub(crate) struct Otlp(Infallible);

/// There is none.
pub(crate) struct Begun(Infallible);

impl Otlp {
    #[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
    pub(crate) fn start(
        _url: Option<&str>,
        _backend: &str,
        _model: &str,
    ) -> Result<Option<Arc<Self>>, String> {
        Ok(None) // an option that asks for it is refused
    }

    pub(crate) fn layer(&self) -> LogLayer {
        match self.0 {}
    }

    pub(crate) fn observe(&self, _statistics: &Statistics) {
        match self.0 {}
    }

    pub(crate) fn begin(self: &Arc<Self>, _request: Option<&Request<'_>>) -> Begun {
        match self.0 {}
    }

    pub(crate) fn finish(&self, _by: Instant) {
        match self.0 {}
    }
}

impl Begun {
    pub(crate) fn end(self, _seen: &Seen, _summary: &Summary, _line: Option<&[u8]>) {
        match self.0 {}
    }
}
