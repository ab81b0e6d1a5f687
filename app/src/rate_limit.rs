//! How many requests each client may send: a token bucket for each, in a table of a fixed size.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use backend_common::{Statistics, client_network};
use protocol::http::StatusCode;
use protocol::http::header::{HeaderValue, RETRY_AFTER};
use protocol::{Handler, Reply, Request, Response};
use thiserror::Error;

/// A handler whose clients may send so many requests. Those beyond are answered 429 with
/// `Retry-After` (RFC 6585 §4) and counted. A client without an address may send any number.
#[derive(Debug)]
pub struct RateLimit<H> {
    inner: H,
    limit: Option<Limit>,
}

#[derive(Debug)]
struct Limit {
    buckets: Buckets,
    ipv6_prefix: u8,
    statistics: Statistics,
}

impl<H: Handler> RateLimit<H> {
    /// The same handler, without a limit so far.
    pub fn new(inner: H) -> Self {
        RateLimit { inner, limit: None }
    }

    /// Each client may send `burst` requests at once, and further ones at this rate. What is one
    /// client says [`client_network`]. What is refused is counted there.
    #[must_use]
    pub fn limit(
        mut self,
        rate: Rate,
        burst: NonZeroU32,
        ipv6_prefix: u8,
        statistics: Statistics,
    ) -> Self {
        self.limit = Some(Limit { buckets: Buckets::new(rate, burst), ipv6_prefix, statistics });
        self
    }
}

impl<H: Handler> Handler for RateLimit<H> {
    fn handle(&self, request: &Request<'_>) -> Reply {
        if let (Some(limit), Some(peer)) = (&self.limit, request.peer())
            && let Err(wait) = limit.take(peer.ip(), request.now().instant)
        {
            limit.statistics.count_request_over_limit(peer.ip());
            let seconds = HeaderValue::from(wait.as_secs_f64().ceil() as u64);
            return Response::plain(StatusCode::TOO_MANY_REQUESTS)
                .field(RETRY_AFTER, seconds)
                .into();
        }
        self.inner.handle(request)
    }
}

impl Limit {
    fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.buckets.take(client_network(address, self.ipv6_prefix), now)
    }
}

/// So many requests in a second, a minute or an hour: `10/s`, `600/m`, `1000/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    time: Duration,
}

/// A rate that is none.
#[derive(Debug, Error)]
#[error("must be a rate such as 10/s, 600/m or 1000/h")]
pub struct NotARate;

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (requests, unit) = text.split_once('/').ok_or(NotARate)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(NotARate),
        };
        let requests = requests.parse().map_err(|_| NotARate)?;
        Ok(Rate { requests, time: Duration::from_secs(seconds) })
    }
}

impl Rate {
    /// As many requests as come in a second at this rate, at least one.
    #[must_use]
    pub fn burst(&self) -> NonZeroU32 {
        let seconds = u32::try_from(self.time.as_secs()).unwrap_or(u32::MAX);
        NonZeroU32::new(self.requests.get().div_ceil(seconds)).unwrap_or(NonZeroU32::MIN)
    }
}

/// Places in the table: 2 MiB.
const SETS: usize = 1 << 13;
const PLACES: usize = 8;

/// Buckets of all clients. A client has its place in one of the sets; if others have all places of
/// that, the bucket that is fullest is given up. A full one says no more than none; so only while
/// some ten thousand clients are busy at once, one of them may begin again.
#[derive(Debug)]
struct Buckets {
    /// How long it takes until there is one more token.
    interval: Duration,
    /// How long it takes until an empty bucket is full.
    capacity: Duration,
    sets: Box<[Mutex<Set>]>,
    /// With a key of its own, so that nobody knows who shares a set with whom.
    hasher: RandomState,
}

type Set = [Option<Bucket>; PLACES];

/// A token bucket, as the moment at which it will be full: of one that is full, in the past.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    client: Ipv6Addr,
    full_at: Instant,
}

impl Buckets {
    fn new(rate: Rate, burst: NonZeroU32) -> Self {
        let interval = (rate.time / rate.requests.get()).max(Duration::from_nanos(1));
        Buckets {
            interval,
            capacity: interval.saturating_mul(burst.get()),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Takes a token of this client, or says how long it takes until there is one.
    fn take(&self, client: Ipv6Addr, now: Instant) -> Result<(), Duration> {
        let set = &self.sets[self.hasher.hash_one(client) as usize % SETS];
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let own = set.iter().position(|it| it.is_some_and(|bucket| bucket.client == client));
        let at = own.unwrap_or_else(|| fullest(&set));
        let full_at = match set[at] {
            Some(bucket) if own.is_some() => bucket.full_at.max(now),
            _ => now,
        };
        let full_at = full_at + self.interval;
        let missing = full_at.saturating_duration_since(now).saturating_sub(self.capacity);
        if !missing.is_zero() {
            return Err(missing);
        }
        set[at] = Some(Bucket { client, full_at });
        Ok(())
    }
}

/// The place that is free, or of the bucket that is full first.
fn fullest(set: &Set) -> usize {
    let full_at = |place: &Option<Bucket>| place.map(|bucket| bucket.full_at);
    (0..PLACES).min_by_key(|&at| full_at(&set[at])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u32) -> Ipv6Addr {
        Ipv4Addr::from(number).to_ipv6_mapped()
    }

    fn buckets(rate: &str, burst: u32) -> Buckets {
        Buckets::new(rate.parse().unwrap(), NonZeroU32::new(burst).unwrap())
    }

    #[test]
    fn a_burst_is_answered_and_then_as_many_as_the_rate_says() {
        let (buckets, start) = (buckets("10/s", 3), Instant::now());
        let take = |ms| buckets.take(client(1), start + Duration::from_millis(ms));
        for _ in 0..3 {
            assert_eq!(take(0), Ok(()));
        }
        assert_eq!(take(0), Err(Duration::from_millis(100)));
        assert_eq!(take(40), Err(Duration::from_millis(60)), "asking costs nothing");
        assert_eq!(take(100), Ok(()));
        assert_eq!(take(100), Err(Duration::from_millis(100)));
        assert_eq!(buckets.take(client(2), start), Ok(()), "others have a bucket of their own");
        let answered = (100..10_100).filter(|&ms| take(ms).is_ok()).count();
        assert_eq!(answered, 99, "within ten seconds");
        assert_eq!(take(60_000), Ok(()));
        assert_eq!((take(60_000), take(60_000)), (Ok(()), Ok(())), "no more than a burst is saved");
        assert!(take(60_000).is_err());
    }

    #[test]
    fn a_table_that_is_full_gives_up_buckets_that_are_full() {
        let (buckets, start) = (buckets("1/s", 100), Instant::now());
        let busy = client(0);
        (0..100).for_each(|_| assert_eq!(buckets.take(busy, start), Ok(())));
        for number in 1..300_000 {
            assert_eq!(buckets.take(client(number), start), Ok(()));
        }
        assert!(buckets.take(busy, start).is_err(), "the busiest client is not forgotten");
    }

    #[test]
    fn a_rate_is_a_number_in_a_second_a_minute_or_an_hour() {
        for (text, interval_ms, burst) in
            [("1/s", 1000, 1), ("10/s", 100, 10), ("600/m", 100, 10), ("36/h", 100_000, 1)]
        {
            let rate: Rate = text.parse().unwrap();
            let buckets = Buckets::new(rate, rate.burst());
            assert_eq!(buckets.interval, Duration::from_millis(interval_ms), "{text}");
            assert_eq!(rate.burst().get(), burst, "{text}");
        }
        for text in ["", "10", "0/s", "-1/s", "10/d", "10 /s", "/s", "1.5/s", "99999999999/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        let fastest = Buckets::new("4294967295/s".parse().unwrap(), NonZeroU32::MAX);
        assert_eq!(fastest.take(client(1), Instant::now()), Ok(()));
    }
}
