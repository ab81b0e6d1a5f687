//! What is refused since a client has as much as each may have: how often, and when it is logged.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// A line for each would let clients fill the log: who is refused may come again at once.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Counts refusals of one kind, and says some of them.
#[derive(Debug, Default)]
pub(crate) struct OverLimit {
    refused: u64,
    /// How many had been refused at the last line, and when that was.
    logged: Option<(u64, Instant)>,
}

impl OverLimit {
    /// How many have been refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// One more is refused. Returns what is to be said of those since the last line, if this one is
    /// to be logged.
    fn count(&mut self, now: Instant) -> Option<Others> {
        self.refused += 1;
        let (before, at) = self.logged.unzip();
        if at.is_some_and(|at| now < at + AT_MOST_EVERY) {
            return None;
        }
        self.logged = Some((self.refused, now));
        Some(Others(self.refused - before.unwrap_or(0) - 1))
    }

    /// A client has too many connections.
    pub(crate) fn connection(&mut self, client: IpAddr) {
        if let Some(others) = self.count(Instant::now()) {
            tracing::warn!("{client} has too many connections: one more was closed{others}");
        }
    }

    /// A client sends too many requests.
    pub(crate) fn request(&mut self, client: IpAddr) {
        if let Some(others) = self.count(Instant::now()) {
            tracing::warn!("{client} sends too many requests: one was answered 429{others}");
        }
    }
}

/// Refusals that were not logged.
struct Others(u64);

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            others => write!(f, " (and {others} others of any client since the last such line)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_a_second_is_logged_with_the_number_of_those_between() {
        let (mut refusals, start) = (OverLimit::default(), Instant::now());
        let mut count = |ms| {
            let others = refusals.count(start + Duration::from_millis(ms))?;
            Some(others.to_string())
        };
        assert_eq!(count(0).as_deref(), Some(""));
        assert_eq!(count(10), None);
        assert_eq!(count(999), None);
        let line = " (and 2 others of any client since the last such line)";
        assert_eq!(count(1_000).as_deref(), Some(line));
        assert_eq!(count(1_500), None);
        assert_eq!(refusals.refused(), 5);
    }
}
