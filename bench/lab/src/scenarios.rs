//! Which loads servers are compared under, as data.

use std::net::SocketAddr;
use std::time::Duration;

use crate::entries::{Ability, Entry, Files, Running};
use crate::load::{Exchange, Pace, Plan, Request, Step};
use crate::results::{self, Kind};

/// A load, and who is put under it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name, unique.
    pub name: &'static str,
    /// What it belongs to in the report.
    pub group: &'static str,
    /// One sentence for a reader.
    pub summary: &'static str,
    /// What one request is.
    pub asks: Asks,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Connections at once.
    pub connections: usize,
    /// Requests under way on each.
    pub under_way: usize,
    /// How often a connection is used, if it is not kept.
    pub requests_per_connection: Option<u64>,
    /// What fraction of its own capacity an entry is offered; `None` is a closed loop.
    pub load: Option<f64>,
    /// What else burdens the server, for nothing that counts.
    pub burden: Burden,
    /// What an entry must be able to do.
    pub needs: &'static [Ability],
    /// Who takes part, of those who are able to.
    pub who: &'static [Kind],
    /// Whether a quick run has it.
    pub quick: bool,
    /// It is measured in every so many-th round: more seldom, if it takes long.
    pub every: u32,
}

/// What one request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    /// `GET` of this target, with a head of about 70 bytes.
    Get(&'static str),
    /// `GET` of this target with a browser's twelve fields, about 700 bytes.
    BrowserGet(&'static str),
    /// `POST` of so many bytes to this target.
    Post(&'static str, usize),
    /// `GET` of this target over HTTP/2.
    GetHttp2(&'static str),
    /// A message of so many bytes to a WebSocket that echoes.
    Echo(usize),
    /// A TLS handshake.
    Handshake,
}

/// What burdens a server besides the requests that count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Burden {
    /// Nothing.
    None,
    /// So many clients that send a request a byte at a time and read as slowly.
    SlowClients(usize),
    /// So many connections that ask for this target, one request after another.
    Requests(usize, &'static str),
}

/// How long a cell takes, and how long before it nothing is counted.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Counted.
    pub measured: Duration,
    /// Not counted.
    pub warm_up: Duration,
}

const EVERYBODY: &[Kind] = &[Kind::Ours, Kind::Floor, Kind::Peer];
const SERVERS: &[Kind] = &[Kind::Ours, Kind::Peer];
const OURS_AND_FLOORS: &[Kind] = &[Kind::Ours, Kind::Floor];
const OURS: &[Kind] = &[Kind::Ours];

/// What most scenarios have in common: `GET /text`, 64 connections that are kept, no burden.
const PLAIN: Scenario = Scenario {
    name: "",
    group: "",
    summary: "",
    asks: Asks::Get("/text"),
    tls: false,
    connections: 64,
    under_way: 1,
    requests_per_connection: None,
    load: None,
    burden: Burden::None,
    needs: &[],
    who: EVERYBODY,
    quick: false,
    every: 1,
};

/// The plainest load: with it begins what is done for all.
pub const CAPACITY: &str = "keep-alive 64";

/// All loads.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "keep-alive 1",
        group: "connections",
        summary: "One connection, one request after another: a round trip.",
        connections: 1,
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: CAPACITY,
        group: "connections",
        summary: "64 connections, each with one request after another.",
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: "keep-alive 512",
        group: "connections",
        summary: "512 connections, each with one request after another.",
        connections: 512,
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: "keep-alive 4000",
        group: "connections",
        summary: "4,000 connections, each with one request after another.",
        connections: 4_000,
        who: OURS_AND_FLOORS,
        every: 3,
        ..PLAIN
    },
    Scenario {
        name: "keep-alive 10000",
        group: "connections",
        summary: "10,000 connections, each with one request after another.",
        connections: 10_000,
        needs: &[Ability::Thousands],
        who: OURS_AND_FLOORS,
        every: 3,
        ..PLAIN
    },
    Scenario {
        name: "pipelined 16",
        group: "requests",
        summary: "64 connections with 16 requests under way on each.",
        under_way: 16,
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: "twelve fields",
        group: "requests",
        summary: "64 connections; each request has the twelve fields of a browser, 700 bytes.",
        asks: Asks::BrowserGet("/text"),
        ..PLAIN
    },
    Scenario {
        name: "connection per request",
        group: "requests",
        summary: "64 clients that open a connection for each request; the server closes it.",
        requests_per_connection: Some(1),
        needs: &[Ability::Close],
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: "latency at 10 %",
        group: "latency",
        summary: "256 connections; requests on a schedule, at 10 % of the entry's own capacity.",
        connections: 256,
        load: Some(0.1),
        who: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "latency at 40 %",
        group: "latency",
        summary: "256 connections; requests on a schedule, at 40 % of the entry's own capacity.",
        connections: 256,
        load: Some(0.4),
        who: OURS,
        ..PLAIN
    },
    Scenario {
        name: "latency at 70 %",
        group: "latency",
        summary: "256 connections; requests on a schedule, at 70 % of the entry's own capacity.",
        connections: 256,
        load: Some(0.7),
        quick: true,
        ..PLAIN
    },
    Scenario {
        name: "latency at 90 %",
        group: "latency",
        summary: "256 connections; requests on a schedule, at 90 % of the entry's own capacity.",
        connections: 256,
        load: Some(0.9),
        who: OURS,
        ..PLAIN
    },
    Scenario {
        name: "overload",
        group: "latency",
        summary: "256 connections; requests on a schedule, at 150 % of the entry's own capacity, \
                  and then none, until all are answered.",
        connections: 256,
        load: Some(1.5),
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "file of 1 KiB",
        group: "files",
        summary: "64 connections that fetch a file of 1 KiB.",
        asks: Asks::Get("/1k"),
        needs: &[Ability::Files],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "file of 100 KiB",
        group: "files",
        summary: "64 connections that fetch a file of 100 KiB.",
        asks: Asks::Get("/100k"),
        needs: &[Ability::Files],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "file of 10 MiB",
        group: "files",
        summary: "8 connections that fetch a file of 10 MiB.",
        asks: Asks::Get("/10m"),
        connections: 8,
        needs: &[Ability::Files],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "upload of 100 KiB",
        group: "files",
        summary: "16 connections that send 100 KiB and are told how many bytes arrived.",
        asks: Asks::Post("/upload", 100 << 10),
        connections: 16,
        needs: &[Ability::Upload],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "HTTP/2 10 × 10",
        group: "protocols",
        summary: "10 connections of HTTP/2 with 10 requests under way on each.",
        asks: Asks::GetHttp2("/text"),
        connections: 10,
        under_way: 10,
        needs: &[Ability::Http2],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "TLS",
        group: "protocols",
        summary: "64 connections over TLS 1.3, each with one request after another.",
        tls: true,
        needs: &[Ability::Tls],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "TLS handshakes",
        group: "protocols",
        summary: "16 clients that make one full handshake of TLS 1.3 after another.",
        asks: Asks::Handshake,
        tls: true,
        connections: 16,
        needs: &[Ability::Tls],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "WebSocket echo",
        group: "protocols",
        summary: "64 WebSockets, each with one message of 32 bytes after another.",
        asks: Asks::Echo(32),
        needs: &[Ability::WebSocket],
        who: SERVERS,
        ..PLAIN
    },
    Scenario {
        name: "heavy work beside it",
        group: "under burden",
        summary: "256 connections; requests on a schedule, at 40 % of the entry's own capacity, \
                  while four others have the server compute for 2 ms each time, on threads that \
                  are there for it.",
        connections: 256,
        load: Some(0.4),
        burden: Burden::Requests(4, "/work/2000"),
        needs: &[Ability::Work],
        who: OURS,
        ..PLAIN
    },
    Scenario {
        name: "heavy work on the loop",
        group: "under burden",
        summary: "The same, but computed where connections are driven: wrongly.",
        connections: 256,
        load: Some(0.4),
        burden: Burden::Requests(4, "/block/2000"),
        needs: &[Ability::Block],
        who: OURS,
        ..PLAIN
    },
    Scenario {
        name: "slow clients",
        group: "under burden",
        summary: "64 connections that ask for the text, while 500 others send theirs a byte at a \
                  time.",
        burden: Burden::SlowClients(500),
        needs: &[Ability::Http1],
        who: SERVERS,
        ..PLAIN
    },
];

/// How much longer nothing is counted for each connection, since it has to be accepted first,
const ACCEPTING: Duration = Duration::from_micros(50);

/// and as long as a thread takes to start, where it gets one.
const STARTING_A_THREAD: Duration = Duration::from_micros(100);

/// How long a request may take before it counts as failed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The name by which servers are asked, the same in every run: heads are then equally long.
const AUTHORITY: &str = "lab.example:8080";

/// What a browser sends besides `Host`: with it, twelve fields and 700 bytes.
const BROWSER: [(&str, &str); 11] = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
    ("Accept-Language", "de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "https://www.example.org/articles/2026/"),
    (
        "Cookie",
        "session=0123456789abcdef0123456789abcdef; theme=dark; language=de; \
         seen=1,2,3,5,8,13,21,34,55,89,144,233,377; last=2026-11-20T08:15:00Z; consent=none; \
         flags=a1,b0,c1,d0,e1",
    ),
    ("Upgrade-Insecure-Requests", "1"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Priority", "u=0, i"),
];

/// What answers a WebSocket's messages.
const ECHO: &str = "/ws/echo";

impl Scenario {
    /// Whether an entry takes part.
    #[must_use]
    pub fn includes(&self, entry: &Entry) -> bool {
        let able = self.needs.iter().all(|need| entry.can(*need));
        self.who.contains(&entry.kind) && able
    }

    /// Whether latency is a figure: in an open loop, and where a burden is to be felt. Beyond
    /// capacity it grows as long as that lasts, so it would only say how long that was.
    #[must_use]
    pub fn is_about_latency(&self) -> bool {
        self.load.is_some_and(|load| load <= 1.0)
            || self.burden != Burden::None
            || self.connections == 1
    }

    /// Whether it says something to count what each request takes: not if it depends on how much
    /// is offered, or on what else burdens the server, nor if it takes too long.
    #[must_use]
    pub fn is_about_requests(&self) -> bool {
        self.load.is_none() && self.burden == Burden::None && self.every == 1
    }

    /// Whether it has its turn in a round.
    #[must_use]
    pub fn is_in(&self, round: u32) -> bool {
        round.is_multiple_of(self.every)
    }

    /// How long a cell takes: longer before anything is counted, the more connections an entry has
    /// to accept.
    #[must_use]
    pub fn times(&self, times: Times, entry: &Entry) -> Times {
        let has_threads = entry.model == "threads";
        let each = ACCEPTING + if has_threads { STARTING_A_THREAD } else { Duration::ZERO };
        let opening = each * u32::try_from(self.connections).unwrap_or(u32::MAX);
        // With so many, each of them has few turns in a short time.
        let measured = if self.every > 1 { times.measured * 3 } else { times.measured };
        Times { warm_up: times.warm_up + opening, measured }
    }

    /// This load on a server, which has so much capacity in requests per second.
    #[must_use]
    pub fn plan(&self, server: &Running, capacity: f64, times: Times, core: usize) -> Option<Plan> {
        let address = if self.tls { server.https? } else { server.http };
        Some(self.plan_at(address, capacity, times, core))
    }

    /// The same on the server at this address.
    pub(crate) fn plan_at(
        &self,
        server: SocketAddr,
        capacity: f64,
        times: Times,
        core: usize,
    ) -> Plan {
        Plan {
            server,
            authority: AUTHORITY.to_owned(),
            tls: self.tls,
            exchange: self.asks.exchange(),
            connections: self.connections,
            threads: 1,
            cores: vec![core],
            pace: self.pace(capacity, times),
            requests_per_connection: self.requests_per_connection,
            slow_connections: match self.burden {
                Burden::SlowClients(count) => count,
                Burden::None | Burden::Requests(..) => 0,
            },
            warm_up: times.warm_up,
            duration: times.measured,
            max_requests: None,
            timeout: TIMEOUT,
        }
    }

    /// What burdens the server meanwhile, if that is requests.
    #[must_use]
    pub fn burden_plan(&self, plan: &Plan) -> Option<Plan> {
        let Burden::Requests(connections, target) = self.burden else { return None };
        Some(Plan {
            exchange: Asks::Get(target).exchange(),
            connections,
            pace: Pace::Closed { under_way: 1 },
            slow_connections: 0,
            ..plan.clone()
        })
    }

    fn pace(&self, capacity: f64, times: Times) -> Pace {
        let Some(load) = self.load else { return Pace::Closed { under_way: self.under_way } };
        let step = Step { rate: (capacity * load).max(1.0), duration: times.measured };
        Pace::Open { steps: vec![step], under_way: self.under_way }
    }

    /// Whether more is offered than can be served.
    #[must_use]
    pub fn is_overload(&self) -> bool {
        self.load.is_some_and(|load| load > 1.0)
    }

    /// The command that puts this load on a server.
    #[must_use]
    pub fn command(&self) -> String {
        let (scheme, target) = match (self.asks, self.tls) {
            (Asks::Echo(_), false) => ("ws", self.asks.target()),
            (Asks::Echo(_), true) => ("wss", self.asks.target()),
            (_, false) => ("http", self.asks.target()),
            (_, true) => ("https", self.asks.target()),
        };
        let mut words = Vec::new();
        if let Burden::Requests(connections, target) = self.burden {
            words.push(format!(
                "cargo lab load http://ADDRESS{target} --connections {connections} --duration 60s &"
            ));
        }
        words.push(format!("cargo lab load {scheme}://ADDRESS{target}"));
        words.push(format!("--connections {}", self.connections));
        words.extend(self.asks.options());
        match (self.under_way, self.asks) {
            (1, _) => {}
            (count, Asks::GetHttp2(_)) => words.push(format!("--streams {count}")),
            (count, _) => words.push(format!("--pipeline {count}")),
        }
        if let Some(count) = self.requests_per_connection {
            words.push(format!("--requests-per-connection {count}"));
        }
        if self.load.is_some() {
            words.push("--rate RATE".to_owned());
        }
        if let Burden::SlowClients(count) = self.burden {
            words.push(format!("--slow {count}"));
        }
        words.join(" ")
    }

    /// What the results say of this scenario.
    #[must_use]
    pub fn for_results(&self) -> results::Scenario {
        results::Scenario {
            name: self.name.to_owned(),
            group: self.group.to_owned(),
            summary: self.summary.to_owned(),
            connections: self.connections,
            command: self.command(),
            load: self.load,
            every: self.every,
            latency: self.is_about_latency(),
        }
    }
}

impl Asks {
    fn target(self) -> &'static str {
        match self {
            Asks::Get(target)
            | Asks::BrowserGet(target)
            | Asks::Post(target, _)
            | Asks::GetHttp2(target) => target,
            Asks::Echo(_) => ECHO,
            Asks::Handshake => "/",
        }
    }

    fn exchange(self) -> Exchange {
        let request = |method: &str, target: &str| Request {
            method: method.to_owned(),
            target: target.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
            status: 200,
            expected: expected(target),
        };
        match self {
            Asks::Get(target) => Exchange::Http1(request("GET", target)),
            Asks::BrowserGet(target) => {
                let fields = BROWSER.map(|(name, value)| (name.to_owned(), value.to_owned()));
                Exchange::Http1(Request { fields: fields.into(), ..request("GET", target) })
            }
            Asks::Post(target, length) => Exchange::Http1(Request {
                body: vec![b'x'; length],
                expected: Some(length.to_string().into_bytes()),
                ..request("POST", target)
            }),
            Asks::GetHttp2(target) => Exchange::Http2(request("GET", target)),
            Asks::Echo(length) => {
                Exchange::WebSocket { target: ECHO.to_owned(), message: vec![b'x'; length] }
            }
            Asks::Handshake => Exchange::Handshake,
        }
    }

    /// The options of `lab load` that ask for this.
    fn options(self) -> Vec<String> {
        match self {
            Asks::Get(_) => Vec::new(),
            Asks::BrowserGet(_) => {
                BROWSER.iter().map(|(name, value)| format!("--header '{name}: {value}'")).collect()
            }
            Asks::Post(_, length) => vec![
                "--method POST".to_owned(),
                format!("--body \"$(head -c {length} /dev/zero | tr '\\0' x)\""),
            ],
            Asks::GetHttp2(_) => vec!["--http2".to_owned()],
            Asks::Echo(length) => vec![format!("--message-size {length}")],
            Asks::Handshake => vec!["--handshakes".to_owned()],
        }
    }
}

/// The content that is right for a target that all servers answer alike.
fn expected(target: &str) -> Option<Vec<u8>> {
    if target == "/text" {
        return Some(b"Hello, world!".to_vec());
    }
    let is_it = |(name, _): &&(&str, usize)| target.strip_prefix('/') == Some(name);
    Files::ALL.iter().find(is_it).map(|(_, length)| Files::content(*length))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_a_sentence() {
        let names: HashSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        for Scenario { name, group, summary, .. } in SCENARIOS {
            assert!(!group.is_empty() && summary.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn a_browsers_head_has_twelve_fields_and_700_bytes() {
        let fields: usize = BROWSER.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let head = "GET /text HTTP/1.1\r\nHost: \r\n\r\n".len() + AUTHORITY.len() + fields;
        assert_eq!(BROWSER.len() + 1, 12);
        assert!(head.abs_diff(700) < 35, "{head}");
    }

    #[test]
    fn capacity_is_found_in_a_closed_loop_that_everybody_is_in() {
        let capacity = SCENARIOS.iter().find(|scenario| scenario.name == CAPACITY);
        let capacity = capacity.expect("it is one of them");
        assert!(capacity.load.is_none() && capacity.quick && capacity.needs.is_empty());
        assert_eq!(capacity.who, EVERYBODY);
    }
}
