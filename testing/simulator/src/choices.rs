//! Where a simulation takes its decisions from: one number, or the bytes of a fuzzer.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Decisions, the same ones whenever they come from the same source.
#[derive(Debug)]
pub struct Choices(Source);

#[derive(Debug)]
enum Source {
    Seed(fastrand::Rng),
    /// Bytes, and how many of them are used up. Behind their end all decisions are the plainest.
    Bytes(Vec<u8>, usize),
}

impl Choices {
    /// Decisions that follow from a number.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Choices(Source::Seed(fastrand::Rng::with_seed(seed)))
    }

    /// Decisions that are given, for a fuzzer that looks for those that lead somewhere new.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Choices(Source::Bytes(bytes.to_vec(), 0))
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        match &mut self.0 {
            Source::Seed(rng) => rng.usize(..end),
            Source::Bytes(bytes, at) => {
                let mut number = 0;
                let mut reach = 1;
                while reach < end {
                    number = number << 8 | usize::from(bytes.get(*at).copied().unwrap_or(0));
                    *at += 1;
                    reach = reach.saturating_mul(256);
                }
                number % end
            }
        }
    }

    /// A number of the range.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// Whether the one thing in `many` happens.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 1 % many
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A number up to `most`, small ones and `most` itself oftener than others.
    pub fn size(&mut self, most: usize) -> usize {
        let bound = match self.below(6) {
            0 | 1 => return most,
            2 => 1,
            3 => 10,
            4 => 1000,
            _ => most,
        };
        self.within(0..=most.min(bound))
    }

    /// So many milliseconds.
    pub fn milliseconds(&mut self, range: RangeInclusive<usize>) -> Duration {
        Duration::from_millis(self.within(range) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_source_decides_the_same() {
        let sizes = |mut choices: Choices| -> Vec<_> {
            (0..100).map(|_| (choices.size(5000), choices.one_in(3))).collect()
        };
        assert_eq!(sizes(Choices::from_seed(7)), sizes(Choices::from_seed(7)));
        assert_ne!(sizes(Choices::from_seed(7)), sizes(Choices::from_seed(8)));
        let bytes: Vec<_> = (0..=255).collect();
        assert_eq!(sizes(Choices::from_bytes(&bytes)), sizes(Choices::from_bytes(&bytes)));
    }

    #[test]
    fn choices_beyond_the_last_byte_are_the_first_option() {
        let mut choices = Choices::from_bytes(b"");
        assert_eq!(choices.below(1000), 0);
        assert!(!choices.one_in(2));
        assert_eq!(choices.size(1000), 1000);
    }
}
