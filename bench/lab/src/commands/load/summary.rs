//! What came of a load, for a reader.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use bytesize::ByteSize;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::load::{Exchange, Outcome, Pace, Plan, Trouble};

/// The percentiles that are said, if there are enough requests for them.
const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 99.0, 99.9, 99.99];

/// How many requests have to lie beyond a percentile: with fewer it is a matter of luck.
const BEYOND: f64 = 10.0;

/// The figures, and what they are figures of. Times are in nanoseconds, rates in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    url: String,
    exchange: String,
    connections: usize,
    threads: usize,
    /// Of a closed loop: how many requests were to be under way, and how many were, by Little's
    /// law. Not if connections are opened again: none is under way meanwhile.
    under_way: Option<UnderWay>,
    /// Of an open loop.
    schedule: Option<Schedule>,
    interrupted: bool,
    seconds: f64,
    requests: u64,
    rate: f64,
    errors: BTreeMap<&'static str, u64>,
    first_wrong: Option<String>,
    connects: u64,
    received: u64,
    sent: u64,
    latency: Latency,
    /// How much of its time the generator worked, and how much more it could have done.
    generator_busy: f64,
    generator_headroom: f64,
}

#[derive(Debug, Serialize)]
struct UnderWay {
    planned: usize,
    measured: f64,
}

#[derive(Debug, Serialize)]
struct Schedule {
    /// Requests per second that were due.
    offered: f64,
    /// What a generator that forgets the schedule would have shown.
    latency_from_sending: Latency,
}

#[derive(Debug, Serialize)]
struct Latency {
    mean: f64,
    longest: u64,
    /// By their names: `p99.9`.
    percentiles: BTreeMap<String, u64>,
    /// How many times as many requests the first percentile would take that is not there.
    #[serde(skip)]
    missing: Option<(f64, f64)>,
}

impl Summary {
    pub(super) fn of(url: &str, plan: &Plan, outcome: &Outcome) -> Self {
        let threads = plan.threads.min(plan.connections);
        let seconds = outcome.elapsed.as_secs_f64();
        let planned = plan.connections * plan.pace.under_way();
        let is_closed = matches!(plan.pace, Pace::Closed { .. });
        let is_kept = plan.requests_per_connection.is_none();
        let errors = outcome.errors.iter().map(|(&trouble, &times)| (name_of(trouble), times));
        let headroom = outcome.headroom(threads);
        Summary {
            url: url.to_owned(),
            exchange: described(plan),
            connections: plan.connections,
            threads,
            under_way: (is_closed && is_kept && plan.exchange != Exchange::Handshake)
                .then(|| UnderWay { planned, measured: outcome.under_way() }),
            schedule: outcome.scheduled.map(|scheduled| Schedule {
                offered: scheduled as f64 / seconds.max(f64::MIN_POSITIVE),
                latency_from_sending: Latency::of(&outcome.latency_from_sending),
            }),
            interrupted: outcome.interrupted,
            seconds,
            requests: outcome.requests,
            rate: outcome.rate(),
            errors: errors.collect(),
            first_wrong: outcome.first_wrong.clone(),
            connects: outcome.connects,
            received: outcome.received,
            sent: outcome.sent,
            latency: Latency::of(&outcome.latency),
            generator_busy: 1.0 / headroom,
            generator_headroom: headroom,
        }
    }

    fn write_errors(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() {
            return writeln!(f, "errors      none");
        }
        let parts = self.errors.iter().map(|(name, times)| format!("{times} {name}"));
        writeln!(f, "errors      {}", parts.collect::<Vec<_>>().join(", "))?;
        match &self.first_wrong {
            Some(what) => writeln!(f, "first wrong {what}"),
            None => Ok(()),
        }
    }
}

/// What is asked for, by its protocol.
fn described(plan: &Plan) -> String {
    let tls = if plan.tls { " over TLS" } else { "" };
    match &plan.exchange {
        Exchange::Http1(request) => format!("{}, HTTP/1.1{tls}", request.method),
        Exchange::Http2(request) => format!("{}, HTTP/2{tls}", request.method),
        Exchange::WebSocket { message, .. } => {
            format!("messages of {} bytes, WebSocket{tls}", message.len())
        }
        Exchange::Handshake => "handshakes of TLS".into(),
    }
}

fn name_of(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Connect => "not connected",
        Trouble::Closed => "closed in the middle",
        Trouble::Timeout => "timed out",
        Trouble::Wrong => "wrong",
    }
}

impl Latency {
    fn of(latencies: &Histogram<u64>) -> Self {
        // In ten thousandths, which are whole numbers.
        let share = |percentile: f64| (10_000.0 - percentile * 100.0).round();
        let beyond = |percentile: f64| latencies.len() as f64 * share(percentile) / 10_000.0;
        let known = PERCENTILES.iter().filter(|&&percentile| beyond(percentile) >= BEYOND);
        let value = |&percentile: &f64| {
            (format!("p{percentile}"), latencies.value_at_percentile(percentile))
        };
        let percentiles: BTreeMap<_, _> = known.map(value).collect();
        let first_missing = PERCENTILES.get(percentiles.len()).copied();
        Latency {
            mean: if latencies.is_empty() { 0.0 } else { latencies.mean() },
            longest: latencies.max(),
            missing: first_missing.map(|missing| (missing, BEYOND / beyond(missing))),
            percentiles,
        }
    }

    fn percentiles(&self) -> impl Iterator<Item = (String, u64)> {
        PERCENTILES.iter().filter_map(|percentile| {
            let name = format!("p{percentile}");
            self.percentiles.get(&name).map(|&value| (name, value))
        })
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.url, self.exchange)?;
        let threads =
            if self.threads == 1 { "1 thread" } else { &format!("{} threads", self.threads) };
        let cut = if self.interrupted { "; INTERRUPTED: this is only a part" } else { "" };
        let connections = self.connections;
        writeln!(f, "{connections} connections from {threads}, {:.2} s{cut}\n", self.seconds)?;
        writeln!(f, "requests    {}, {:.1}/s", self.requests, self.rate)?;
        self.write_errors(f)?;
        let volume = |bytes: u64| {
            let rate = bytes as f64 / self.seconds.max(f64::MIN_POSITIVE);
            format!("{}, {}/s", ByteSize(bytes), ByteSize(rate as u64))
        };
        writeln!(f, "received    {}", volume(self.received))?;
        writeln!(f, "sent        {}", volume(self.sent))?;
        writeln!(f, "connections {} opened", self.connects)?;
        writeln!(
            f,
            "latency     mean {}, longest {}",
            time(self.latency.mean),
            time(self.latency.longest as f64)
        )?;
        for (name, value) in self.latency.percentiles() {
            let sending = self.schedule.as_ref().map(|it| &it.latency_from_sending.percentiles);
            let sending = sending.and_then(|values| values.get(&name)).map(|&it| time(it as f64));
            let sending = sending.map_or(String::new(), |it| format!("  ({it} from sending)"));
            writeln!(f, "  {name:<9} {}{sending}", time(value as f64))?;
        }
        if let Some((percentile, times)) =
            self.latency.missing.filter(|(_, times)| times.is_finite())
        {
            writeln!(f, "  p{percentile:<8} needs {:.0} times as many requests", times.ceil())?;
        }
        if let Some(UnderWay { planned, measured }) = self.under_way {
            writeln!(f, "under way   {measured:.1} of {planned} (rate × mean latency)")?;
        }
        if let Some(Schedule { offered, .. }) = self.schedule {
            writeln!(
                f,
                "offered     {offered:.1}/s, of which {:.1} % were done",
                self.rate / offered * 100.0
            )?;
        }
        let busy = self.generator_busy * 100.0;
        let much = if self.generator_headroom < 2.0 { ": IT MAY BE THE LIMIT" } else { "" };
        writeln!(f, "generator   busy for {busy:.0} % of the time{much}")
    }
}

/// A time with three digits, and its unit.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        1e9.. => (nanoseconds / 1e9, "s"),
        1e6.. => (nanoseconds / 1e6, "ms"),
        1e3.. => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds, "ns"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn plan(pace: Pace) -> Plan {
        Plan {
            server: ([127, 0, 0, 1], 80).into(),
            authority: "localhost".into(),
            tls: true,
            exchange: Exchange::WebSocket { target: "/".into(), message: vec![0; 7] },
            connections: 4,
            threads: 2,
            cores: Vec::new(),
            pace,
            requests_per_connection: None,
            slow_connections: 0,
            warm_up: Duration::ZERO,
            duration: Duration::from_secs(2),
            max_requests: None,
            timeout: Duration::from_secs(1),
        }
    }

    /// A thousand requests in two seconds, each of 8 ms.
    fn outcome() -> Outcome {
        let mut latency = Histogram::new(3).unwrap();
        latency.record_n(8_000_000, 1_000).unwrap();
        Outcome {
            requests: 1_000,
            elapsed: Duration::from_secs(2),
            latency: latency.clone(),
            latency_from_sending: latency,
            scheduled: None,
            errors: BTreeMap::new(),
            first_wrong: None,
            connects: 4,
            received: 4_096,
            sent: 2_048,
            busy: Duration::from_secs(1),
            slices: Vec::new(),
            interrupted: false,
        }
    }

    #[test]
    fn a_closed_loop_is_held_against_littles_law() {
        let summary = Summary::of("wss://x/", &plan(Pace::Closed { under_way: 1 }), &outcome());
        let expected = "\
wss://x/: messages of 7 bytes, WebSocket over TLS
4 connections from 2 threads, 2.00 s

requests    1000, 500.0/s
errors      none
received    4.0 KiB, 2.0 KiB/s
sent        2.0 KiB, 1.0 KiB/s
connections 4 opened
latency     mean 8.00 ms, longest 8.00 ms
  p50       8.00 ms
  p75       8.00 ms
  p90       8.00 ms
  p99       8.00 ms
  p99.9     needs 10 times as many requests
under way   4.0 of 4 (rate × mean latency)
generator   busy for 25 % of the time
";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn an_open_loop_says_what_was_offered_and_errors_are_named() {
        let steps = vec![crate::load::Step { rate: 1_000.0, duration: Duration::from_secs(2) }];
        let errors = [(Trouble::Timeout, 3), (Trouble::Wrong, 1)].into();
        let first_wrong = Some("the status is 500".into());
        let outcome = Outcome {
            scheduled: Some(2_000),
            errors,
            first_wrong,
            interrupted: true,
            busy: Duration::from_secs(4),
            ..outcome()
        };
        let plan = plan(Pace::Open { steps, under_way: 1 });
        let text = Summary::of("wss://x/", &plan, &outcome).to_string();
        for line in [
            "errors      3 timed out, 1 wrong",
            "first wrong the status is 500",
            "2.00 s; INTERRUPTED: this is only a part",
            "  p99       8.00 ms  (8.00 ms from sending)",
            "offered     1000.0/s, of which 50.0 % were done",
            "generator   busy for 100 % of the time: IT MAY BE THE LIMIT",
        ] {
            assert!(text.lines().any(|own| own.ends_with(line)), "{line} is missing:\n{text}");
        }
    }

    #[test]
    fn a_percentile_needs_ten_requests_beyond_it() {
        let mut latencies = Histogram::new(3).unwrap();
        latencies.record_n(5, 99).unwrap();
        assert_eq!(Latency::of(&latencies).percentiles.len(), 2);
        latencies.record(5).unwrap();
        assert_eq!(Latency::of(&latencies).percentiles.len(), 3);
        assert_eq!(Latency::of(&latencies).missing, Some((99.0, 10.0)));
    }

    #[test]
    fn times_have_three_digits() {
        for (nanoseconds, text) in [
            (7.0, "7.00 ns"),
            (1_234.0, "1.23 µs"),
            (56_789.0, "56.8 µs"),
            (123_456_789.0, "123 ms"),
            (2_500_000_000.0, "2.50 s"),
        ] {
            assert_eq!(time(nanoseconds), text);
        }
    }
}
