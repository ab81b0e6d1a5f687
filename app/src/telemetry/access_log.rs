//! The access log: a line for each request, when its response is sent. No connection waits for it;
//! lines that cannot be written in time are lost and counted.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use protocol::{Summary, Waited, date};
use serde_json::json;

use crate::console::Console;
use crate::telemetry::request::Seen;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The combined format of Apache and nginx; behind it what that has no place for.
    Combined,
    /// The same behind the host and its port, for several sites in one log.
    VhostCombined,
    /// An object of JSON.
    Json,
}

/// Writes lines, in one format, to one place.
pub(crate) struct AccessLog {
    format: Format,
    to: Console,
}

impl AccessLog {
    pub(crate) fn new(format: Format, to: Console) -> Self {
        AccessLog { format, to }
    }

    pub(crate) fn line(&self, seen: &Seen, summary: &Summary) -> Vec<u8> {
        match self.format {
            Format::Combined => combined(seen, summary).into_bytes(),
            Format::VhostCombined => vhost_combined(seen, summary).into_bytes(),
            Format::Json => json(seen, summary),
        }
    }

    pub(crate) fn write(&self, line: Vec<u8>) {
        self.to.push(line);
    }
}

impl Format {
    /// The line in place of some that were lost.
    pub(crate) fn lost(self, lines: u64) -> String {
        match self {
            Format::Combined | Format::VhostCombined => format!("# {lines} lines were lost\n"),
            Format::Json => format!("{}\n", json!({ "lost": lines })),
        }
    }
}

fn peer(seen: &Seen, summary: &Summary) -> Option<IpAddr> {
    seen.peer.or(summary.peer).map(|peer| peer.ip().to_canonical())
}

/// `peer - - [time] "request line" status bytes "referer" "user agent"`, then the route, the
/// seconds that it took, and those that it waited, by what for.
fn combined(seen: &Seen, summary: &Summary) -> String {
    let peer = peer(seen, summary).map_or_else(|| "-".to_owned(), |peer| peer.to_string());
    let status = summary.status.map_or(0, |status| status.as_u16());
    let field = |value: Option<&str>| value.map_or_else(|| "-".to_owned(), escaped);
    let (asked, referer, agent) = match &seen.line {
        Some(line) => (
            format!("{} {} {}", line.method, escaped(&line.target), line.version),
            field(line.referer.as_deref()),
            field(line.user_agent.as_deref()),
        ),
        None => ("-".into(), "-".into(), "-".into()),
    };
    let Summary { sent, duration, .. } = summary;
    let Waited { input, room, time, work } = summary.waited;
    let [input, room, time, work] = [input, room, time, work].map(seconds);
    let end = summary.cut.map_or_else(String::new, |cut| format!(" cut={}", cut.name()));
    format!(
        "{peer} - - [{}] \"{asked}\" {status} {sent} \"{referer}\" \"{agent}\" {} {} \
         input={input} room={room} time={time} work={work}{end}\n",
        moment(seen.wall),
        seen.route,
        seconds(*duration),
    )
}

/// `host:port` as the client has asked for it, then what [`combined`] says.
fn vhost_combined(seen: &Seen, summary: &Summary) -> String {
    let line = seen.line.as_ref();
    let host = line.and_then(|line| line.host.as_deref()).map_or_else(|| "-".to_owned(), escaped);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let port = match line.is_some_and(|line| line.is_secure) {
        _ if has_port => "",
        true => ":443",
        false => ":80",
    };
    format!("{host}{port} {}", combined(seen, summary))
}

fn json(seen: &Seen, summary: &Summary) -> Vec<u8> {
    let line = seen.line.as_ref();
    let Summary { status, received, sent, duration, waited, refusal, cut, .. } = *summary;
    let Waited { input, room, time, work } = waited;
    let seconds = |time: Duration| time.as_secs_f64();
    let object = json!({
        "time": humantime::format_rfc3339_micros(seen.wall).to_string(),
        "peer": peer(seen, summary),
        "method": line.map(|line| &line.method),
        "target": line.map(|line| &line.target),
        "version": line.map(|line| line.version),
        "host": line.and_then(|line| line.host.as_ref()),
        "referer": line.and_then(|line| line.referer.as_ref()),
        "user_agent": line.and_then(|line| line.user_agent.as_ref()),
        "trace_id": line.and_then(|line| Some(&line.trace.as_ref()?.trace_id)),
        "parent_id": line.and_then(|line| Some(&line.trace.as_ref()?.parent_id)),
        "route": seen.route,
        "status": status.map(|status| status.as_u16()),
        "received": received,
        "sent": sent,
        "duration": seconds(duration),
        "waited": {
            "input": seconds(input),
            "room": seconds(room),
            "time": seconds(time),
            "work": seconds(work),
        },
        "refusal": refusal.map(protocol::Refusal::name),
        "cut": cut.map(protocol::Cut::name),
    });
    format!("{object}\n").into_bytes()
}

fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

/// `06/Nov/1994:08:49:37 +0000`.
fn moment(wall: SystemTime) -> String {
    let date = date(wall); // Sun, 06 Nov 1994 08:49:37 GMT
    let parts: Vec<_> = date.to_str().unwrap_or_default().split(' ').collect();
    match parts[..] {
        [_, day, month, year, time, _] => format!("{day}/{month}/{year}:{time} +0000"),
        _ => "-".to_owned(),
    }
}

/// What a client has sent, so that it can neither end a field nor a line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => {
                let _ = write!(escaped, "\\x{byte:02X}"); // to a String it is always possible
            }
            _ => escaped.push(char::from(byte)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Instant, UNIX_EPOCH};

    use protocol::http::{Method, Version};
    use protocol::{Field, Limits, Now, Request, Service};

    use super::*;

    struct Keep(Arc<Mutex<Option<Summary>>>);

    impl protocol::Observer for Keep {
        fn begin(&self, _: Option<&Request<'_>>) -> Option<protocol::Conclude> {
            let kept = Arc::clone(&self.0);
            Some(Box::new(move |summary| *kept.lock().unwrap() = Some(*summary)))
        }
    }

    /// What is told of a request that ends at once, with nothing sent.
    fn told(target: &str, agent: &'static [u8]) -> (Seen, Summary) {
        let now = Now { instant: Instant::now(), wall: UNIX_EPOCH };
        let fields = [
            Field { name: "Host", value: b"example.org" },
            Field { name: "User-Agent", value: agent },
        ];
        let request = Request::new(Method::GET, target, Version::HTTP_11, &fields, now).unwrap();
        let summary = Arc::new(Mutex::new(None));
        let handler = Arc::new(|_: &Request<'_>| "");
        let service = Service::new(handler, Arc::new(Limits::default()))
            .with_peer(Some(([192, 0, 2, 1], 50_000).into()))
            .observed_by(Some(Arc::new(Keep(Arc::clone(&summary)))));
        drop(service.observe(Some(&request), now));
        let summary = summary.lock().unwrap().unwrap();
        (Seen::of(Some(&request), "site"), summary)
    }

    #[test]
    fn a_combined_line_has_the_fields_of_apache_and_then_our_own() {
        let (seen, summary) = told("/a?b=c", b"curl/8");
        let line = combined(&seen, &summary);
        let expected = "192.0.2.1 - - [01/Jan/1970:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 0 0 \
                        \"-\" \"curl/8\" site 0.000000 \
                        input=0.000000 room=0.000000 time=0.000000 work=0.000000 cut=client\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn in_front_of_it_the_host_and_its_port_may_stand() {
        let (mut seen, summary) = told("/", b"curl/8");
        for (host, is_secure, expected) in [
            ("example.org", false, "example.org:80 192.0.2.1 - - ["),
            ("example.org", true, "example.org:443 192.0.2.1 - - ["),
            ("example.org:8080", true, "example.org:8080 192.0.2.1 - - ["),
            ("[::1]", false, "[::1]:80 192.0.2.1 - - ["),
            ("[::1]:8080", false, "[::1]:8080 192.0.2.1 - - ["),
        ] {
            let line = seen.line.as_mut().unwrap();
            (line.host, line.is_secure) = (Some(host.into()), is_secure);
            let line = vhost_combined(&seen, &summary);
            assert!(line.starts_with(expected), "{line}");
        }
        seen.line = None;
        assert!(vhost_combined(&seen, &summary).starts_with("-:80 192.0.2.1 "));
    }

    #[test]
    fn what_a_client_sends_can_neither_end_a_field_nor_a_line() {
        let (seen, summary) = told("/%22", b"a\" 200 \\ \xff\x1b");
        let line = combined(&seen, &summary);
        assert!(line.contains("\"a\\x22 200 \\x5C \\xEF\\xBF\\xBD\\x1B\" site"), "{line}");
        assert_eq!(line.lines().count(), 1);
        let object = String::from_utf8(json(&seen, &summary)).unwrap();
        assert_eq!(object.lines().count(), 1);
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        assert_eq!(object["user_agent"], "a\" 200 \\ \u{fffd}\u{1b}");
        assert_eq!((&object["peer"], &object["cut"]), (&"192.0.2.1".into(), &"client".into()));
    }

    #[test]
    fn a_refused_head_has_a_line_too() {
        let (_, summary) = told("/", b"");
        let seen = Seen { wall: UNIX_EPOCH, ..Seen::of(None, "-") };
        let line = combined(&seen, &summary);
        assert!(line.contains("] \"-\" 0 0 \"-\" \"-\" - 0.0"), "{line}");
        let object: serde_json::Value = serde_json::from_slice(&json(&seen, &summary)).unwrap();
        assert_eq!((&object["method"], &object["route"]), (&serde_json::Value::Null, &"-".into()));
    }
}
