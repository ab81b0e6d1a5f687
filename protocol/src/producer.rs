//! What a response body comes from: a source, asked piece by piece.

use std::time::Instant;

use http::HeaderMap;

use crate::clock::Now;
use crate::guard::{DropGuarded, catch_panic};
use crate::response::{Content, Production, Source};

/// A response body that is being produced.
pub struct Producer {
    source: DropGuarded<Box<dyn Source>>,
    not_before: Option<Instant>,
    trailers: Option<Box<HeaderMap>>,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("not_before", &self.not_before).finish_non_exhaustive()
    }
}

/// How far a [`Producer`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Produced {
    /// There is more.
    Some,
    /// There is more, but not before [`Producer::not_before`].
    NotYet,
    /// That was all.
    All,
    /// It panicked, or said that there was more and gave nothing. The body cannot be completed.
    Broken,
}

impl Producer {
    /// A body of which nothing has been produced.
    #[must_use]
    pub fn new(source: Box<dyn Source>) -> Self {
        Producer { source: DropGuarded::new(source), not_before: None, trailers: None }
    }

    /// Nothing will be produced before this moment.
    #[must_use]
    pub fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// What is to be sent behind the body, once that is complete.
    #[must_use]
    pub fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take().map(|trailers| *trailers)
    }

    /// Whether it is time to produce.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| moment <= now)
    }

    /// Appends one piece, even if it is not time.
    pub fn produce(&mut self, out: &mut Vec<u8>, now: Now) -> Produced {
        self.not_before = None;
        let before = out.len();
        let source = &mut self.source;
        let trailers = &mut self.trailers;
        let production = catch_panic(|| source.produce(&mut Content { out, trailers }, now));
        match production {
            Some(Production::At(moment)) if moment > now.instant => {
                self.not_before = Some(moment);
                Produced::NotYet
            }
            // A moment that has come is no reason to wait, nor to ask forever.
            Some(Production::More | Production::At(_)) if out.len() > before => Produced::Some,
            Some(Production::End) => Produced::All,
            Some(Production::More | Production::At(_)) | None => Produced::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::clock::tests::moment;

    #[test]
    fn production_goes_on_rests_ends_or_breaks() {
        let now = Now { instant: moment(), wall: UNIX_EPOCH };
        let later = now.instant + Duration::from_secs(1);
        let script = [
            (&b"a"[..], Production::More, Produced::Some),
            (b"b", Production::At(later), Produced::NotYet),
            (b"", Production::At(later), Produced::NotYet),
            (b"c", Production::At(now.instant), Produced::Some),
            (b"", Production::At(now.instant), Produced::Broken),
            (b"", Production::More, Produced::Broken),
            (b"", Production::End, Produced::All),
        ];
        for (text, production, expected) in script {
            let source = move |piece: &mut Content<'_>, _: Now| {
                piece.push(text);
                production
            };
            let mut producer = Producer::new(Box::new(source));
            let mut out = b"before".to_vec();
            assert_eq!(producer.produce(&mut out, now), expected, "{production:?}");
            assert_eq!(&out[6..], text);
            let is_due = expected != Produced::NotYet;
            assert_eq!((producer.is_due(now.instant), producer.is_due(later)), (is_due, true));
        }
    }
}
