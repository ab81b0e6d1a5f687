//! All cases, in all deliveries.

use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Exchange, Needs, Protocol};
use crate::cases::cases;
use crate::delivery::Delivery;
use crate::report::{Failure, Report};
use crate::splits::{SHORT, Splits};
use crate::tcp::Tcp;
use crate::transport::{Connect, Transport};
use crate::wire::{Record, Route, Wire};
use crate::{http1, http2, websocket};

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
    /// Where exchanges are split.
    pub splits: Splits,
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
            splits: Splits::One,
            exact_codes: false,
            websocket: "/ws/echo".into(),
        }
    }
}

impl Runner {
    /// Runs `cases` against the server at `addr`.
    #[must_use]
    pub fn run<'a>(&self, addr: SocketAddr, cases: impl Iterator<Item = &'a Case>) -> Report {
        let connect = || Ok(Box::new(Tcp::connect(addr, self.timeout)?) as Box<dyn Transport>);
        self.run_over(&addr.to_string(), &connect, cases)
    }

    /// Runs `cases` against the server to which `connect` leads, and which is called `host`.
    #[must_use]
    pub fn run_over<'a>(
        &self,
        host: &str,
        connect: &Connect<'_>,
        cases: impl Iterator<Item = &'a Case>,
    ) -> Report {
        let started = Instant::now();
        let route = Route { host, connect, timeout: self.timeout };
        let cases: Vec<&Case> = cases.collect();
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(Vec::new());
        let exchanges = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(failure) = self.run_case(route, case, &exchanges) {
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
        Report::new(host, &cases, failures, exchanges, started.elapsed())
    }

    /// Runs a case in all its deliveries, up to the first failure.
    fn run_case(
        &self,
        route: Route<'_>,
        case: &Case,
        exchanges: &AtomicUsize,
    ) -> Result<(), Box<Failure>> {
        self.run_exchange(route, case, &case.exchange, ("", 1), exchanges)?;
        if let (Splits::All, Exchange::Http1(steps)) = (self.splits, &case.exchange)
            && let Some(steps) = http1::with_trailing_request(steps)
        {
            let followed = Exchange::Http1(steps);
            let variant = (", a request behind it", 3);
            self.run_exchange(route, case, &followed, variant, exchanges)?;
        }
        Ok(())
    }

    /// Runs the exchange of a case, or a variant that is described and split at every n-th place.
    fn run_exchange(
        &self,
        route: Route<'_>,
        case: &Case,
        exchange: &Exchange,
        (variant, each): (&str, usize),
        exchanges: &AtomicUsize,
    ) -> Result<(), Box<Failure>> {
        let play = |delivery: Delivery, usual: Option<&[u16]>| {
            exchanges.fetch_add(1, Ordering::Relaxed);
            let (played, record) = self.play(route, exchange, delivery);
            let played = played.and_then(|statuses| match usual {
                Some(usual) if usual != statuses => {
                    Err(format!("status {statuses:?}; sent whole it was {usual:?}"))
                }
                _ => Ok(statuses),
            });
            match played {
                Ok(statuses) => Ok((record.sent, statuses)),
                Err(reason) => {
                    let delivery = format!("{delivery}{variant}");
                    Err(Box::new(Failure::new(case, delivery, reason, &record)))
                }
            }
        };
        let (sent, statuses) = play(Delivery::Whole, None)?;
        if self.splits != Splits::None && sent.len() < SHORT {
            play(Delivery::Bytes, Some(&statuses))?;
        }
        for at in self.splits.places(case.id, &sent).into_iter().step_by(each) {
            play(Delivery::Split(at), Some(&statuses))?;
        }
        Ok(())
    }

    /// Plays an exchange once; returns the statuses that came back, or what was wrong.
    fn play(
        &self,
        route: Route<'_>,
        exchange: &Exchange,
        delivery: Delivery,
    ) -> (Result<Vec<u16>, String>, Record) {
        let mut wire = match Wire::open(route, delivery) {
            Ok(wire) => wire,
            Err(reason) => return (Err(reason), Record::default()),
        };
        // A server in memory panics here.
        let played = panic::catch_unwind(AssertUnwindSafe(|| match exchange {
            Exchange::Http1(steps) => http1::play(steps, &mut wire),
            Exchange::Http2(steps) => http2::play(steps, self.exact_codes, &mut wire),
            Exchange::WebSocket(steps) => websocket::play(steps, &self.websocket, &mut wire),
        }));
        (played.unwrap_or_else(|_| Err("the server panicked".into())), wire.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
