//! All cases, in all deliveries.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Exchange, Needs, Protocol};
use crate::cases::cases;
use crate::report::{Failure, Report};
use crate::wire::Wire;
use crate::{http1, http2, websocket};

/// How the bytes of an exchange are put on the wire. Whatever the delivery, the outcome has to be
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As the case has them.
    Whole,
    /// One by one.
    Bytes,
    /// With a pause after so many bytes.
    Split(usize),
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Delivery::Whole => f.write_str("sent whole"),
            Delivery::Bytes => f.write_str("sent byte by byte"),
            Delivery::Split(at) => write!(f, "sent with a pause after byte {at}"),
        }
    }
}

/// Which cases to run. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those with this text in id, section or requirement, in any spelling.
    pub only: Option<String>,
    /// Only those that apply to [any](Needs::Any) server.
    pub any: bool,
    /// Only those of these protocols, or of all if there are none.
    pub protocols: Vec<Protocol>,
}

impl Filter {
    /// Whether `case` is to be run.
    #[must_use]
    pub fn takes(&self, case: &Case) -> bool {
        let text = || format!("{} {} {}", case.id, case.section, case.requirement).to_lowercase();
        (!self.any || case.needs == Needs::Any)
            && (self.protocols.is_empty() || self.protocols.contains(&case.protocol()))
            && self.only.as_ref().is_none_or(|only| text().contains(&only.to_lowercase()))
    }
}

/// Runs the cases that `filter` takes against the server at `addr`.
#[must_use]
pub fn run(addr: SocketAddr, filter: &Filter) -> Report {
    Runner::default().run(addr, cases().iter().filter(|case| filter.takes(case)))
}

/// How to run cases.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Exchanges at a time.
    pub threads: usize,
    /// Longest wait for a response or for the end of a connection.
    pub timeout: Duration,
    /// Whether errors of HTTP/2 have to have the very codes of RFC 9113, and not `PROTOCOL_ERROR`
    /// instead.
    pub exact_codes: bool,
    /// The target at which messages of WebSocket are sent back.
    pub websocket: String,
}

impl Default for Runner {
    fn default() -> Self {
        Runner {
            threads: 8,
            timeout: Duration::from_secs(5),
            exact_codes: false,
            websocket: "/ws/echo".into(),
        }
    }
}

impl Runner {
    /// Exchanges longer than this are not sent byte by byte, and split only once.
    const SHORT: usize = 2 << 10;

    /// Runs `cases` against the server at `addr`.
    #[must_use]
    pub fn run<'a>(&self, addr: SocketAddr, cases: impl Iterator<Item = &'a Case>) -> Report {
        let started = Instant::now();
        let cases: Vec<&Case> = cases.collect();
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(Vec::new());
        let exchanges = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(failure) = self.run_case(addr, case, &exchanges) {
                            let mut failures =
                                failures.lock().unwrap_or_else(PoisonError::into_inner);
                            failures.push(*failure);
                        }
                    }
                });
            }
        });
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let exchanges = exchanges.into_inner();
        Report::new(addr, &cases, failures, exchanges, started.elapsed())
    }

    /// Runs a case in all its deliveries, up to the first failure.
    fn run_case(
        &self,
        addr: SocketAddr,
        case: &Case,
        exchanges: &AtomicUsize,
    ) -> Result<(), Box<Failure>> {
        let exchange = |delivery, usual| {
            exchanges.fetch_add(1, Ordering::Relaxed);
            self.exchange(addr, case, delivery, usual)
        };
        let (sent, statuses) = exchange(Delivery::Whole, None)?;
        if sent.len() < Self::SHORT {
            exchange(Delivery::Bytes, Some(&statuses))?;
        }
        for at in splits(&sent) {
            exchange(Delivery::Split(at), Some(&statuses))?;
        }
        Ok(())
    }

    /// Runs a case once; returns what was sent, and the statuses that came back.
    fn exchange(
        &self,
        addr: SocketAddr,
        case: &Case,
        delivery: Delivery,
        usual: Option<&Vec<u16>>,
    ) -> Result<(Vec<u8>, Vec<u16>), Box<Failure>> {
        let failure = |reason: String, sent: &[u8], seen: &[u8]| {
            Box::new(Failure::new(case, delivery, reason, sent, seen))
        };
        let mut wire =
            Wire::open(addr, delivery, self.timeout).map_err(|reason| failure(reason, b"", b""))?;
        let played = match &case.exchange {
            Exchange::Http1(steps) => http1::play(steps, &mut wire),
            Exchange::Http2(steps) => http2::play(steps, self.exact_codes, &mut wire),
            Exchange::WebSocket(steps) => websocket::play(steps, &self.websocket, &mut wire),
        };
        let statuses = played.map_err(|reason| failure(reason, &wire.sent, &wire.seen))?;
        match usual {
            Some(usual) if *usual != statuses => Err(failure(
                format!("status {statuses:?}; sent whole it was {usual:?}"),
                &wire.sent,
                &wire.seen,
            )),
            _ => Ok((wire.sent, statuses)),
        }
    }
}

/// Where to split what was `sent`: near both ends, in between, and inside the first and the last
/// CRLF.
fn splits(sent: &[u8]) -> Vec<usize> {
    let length = sent.len();
    let crs = || sent.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(at, _)| at + 1);
    let mut places = vec![length / 2];
    if length < Runner::SHORT {
        places.extend([1, length / 4, length * 3 / 4, length.saturating_sub(1)]);
        places.extend(crs().next());
        places.extend(crs().next_back());
    }
    places.retain(|&at| at > 0 && at < length);
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_lie_inside_and_part_a_crlf() {
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(splits(sent), [1, 6, 13, 15, 20, 26]);
        assert_eq!(splits(b"a"), [0; 0]);
        assert_eq!(splits(b""), [0; 0]);
        assert_eq!(splits(&[b'\r'; 4096]), [2048]);
    }

    #[test]
    fn filters_combine() {
        let takes = |only: Option<&str>, any| {
            let filter = Filter { only: only.map(Into::into), any, protocols: Vec::new() };
            cases().iter().filter(|case| filter.takes(case)).count()
        };
        assert_eq!(takes(None, false), cases().len());
        assert!(takes(None, true) < cases().len());
        assert!(takes(Some("CHUNK"), false) > takes(Some("chunk"), true));
        assert_eq!(takes(Some("no such text anywhere"), false), 0);
        let of = |protocols: &[Protocol]| {
            let filter = Filter { protocols: protocols.into(), ..Filter::default() };
            cases().iter().filter(|case| filter.takes(case)).count()
        };
        let each = [Protocol::Http1, Protocol::Http2, Protocol::WebSocket].map(|one| of(&[one]));
        assert_eq!(each.iter().sum::<usize>(), cases().len());
        assert_eq!(of(&[Protocol::Http1, Protocol::Http2]), each[0] + each[1]);
    }
}
