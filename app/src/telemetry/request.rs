//! What is kept of a request until its end.

use std::net::SocketAddr;
use std::time::SystemTime;

use protocol::Request;
use protocol::http::Version;

use crate::telemetry::trace_context::TraceContext;

/// A request, as logs show it. Of one whose head was refused nothing is known but the time.
pub(crate) struct Seen {
    pub(crate) wall: SystemTime,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) route: &'static str,
    pub(crate) line: Option<Line>,
}

/// What the head of a request says. It is the client's word: each place that shows it escapes it.
pub(crate) struct Line {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: &'static str,
    pub(crate) host: Option<String>,
    pub(crate) is_secure: bool,
    pub(crate) referer: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) trace: Option<TraceContext>,
}

impl Seen {
    pub(crate) fn of(request: Option<&Request<'_>>, route: &'static str) -> Self {
        let wall = request.map_or_else(SystemTime::now, |request| request.now().wall);
        let peer = request.and_then(Request::peer);
        Seen { wall, peer, route, line: request.map(Line::of) }
    }
}

impl Line {
    fn of(request: &Request<'_>) -> Self {
        let text = |name| request.field(name).map(|it| String::from_utf8_lossy(it).into_owned());
        let query = request.query().map(|query| format!("?{query}"));
        Line {
            method: request.method().to_string(),
            // Authority-form has no path.
            target: match request.path() {
                "" => request.authority().unwrap_or("-").to_owned(),
                path => format!("{path}{}", query.unwrap_or_default()),
            },
            version: match request.version() {
                Version::HTTP_10 => "HTTP/1.0",
                Version::HTTP_2 => "HTTP/2.0",
                _ => "HTTP/1.1",
            },
            host: request.authority().map(str::to_owned),
            is_secure: request.is_secure(),
            referer: text("referer"),
            user_agent: text("user-agent"),
            trace: TraceContext::of(request),
        }
    }
}
