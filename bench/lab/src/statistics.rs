//! Medians, percentiles, and the intervals in which they lie.
//!
//! An interval comes from a bootstrap over rounds: rounds are drawn with replacement, again and
//! again, and what is estimated is computed from each draw. The page computes the same in the
//! reader's browser, to the last digit: `report/page/statistics.js` is this file in JavaScript, and
//! so the generator is one that is easily written in both.

use serde::Serialize;

/// How often rounds are drawn for an interval.
pub const DRAWS: usize = 1000;

/// With fewer rounds there is no interval: even all of five hold the median with 94 % only.
pub const FEWEST_ROUNDS: usize = 6;

/// What is left out of an interval at each end: with [`DRAWS`], 2.5 %.
const LEFT_OUT: usize = 25;

/// Always the same, so that an interval is the same when it is computed again.
const SEED: u32 = 1;

/// A range in which a figure lies with a confidence of 95 %.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A figure, with what is known about how far it can be trusted.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Estimate {
    /// The median over rounds.
    pub median: f64,
    /// Where it lies; `None` with fewer than [`FEWEST_ROUNDS`].
    pub interval: Option<Interval>,
    /// From how many rounds.
    pub rounds: usize,
}

impl Estimate {
    /// The median of one value from each round; `None` without any.
    #[must_use]
    pub fn of_median(values: &[f64]) -> Option<Estimate> {
        Some(Estimate {
            median: median(values)?,
            interval: interval(drawn_medians(values)),
            rounds: values.len(),
        })
    }

    /// The ratio of two medians, from pairs of values that were measured in the same round.
    #[must_use]
    pub fn of_ratio(pairs: &[(f64, f64)]) -> Option<Estimate> {
        let (above, below): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let drawn = drawn_medians(&above).into_iter().zip(drawn_medians(&below));
        Some(Estimate {
            median: median(&above)? / median(&below)?,
            interval: interval(drawn.map(|(above, below)| above / below).collect()),
            rounds: pairs.len(),
        })
    }

    /// Whether there are enough rounds for an interval: without, nothing can be said of it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.interval.is_some()
    }

    /// The smallest relative difference that has to be expected between two that are the same, if
    /// this is their ratio: whichever end of the interval is farther from 1.
    #[must_use]
    pub fn resolution(&self) -> Option<f64> {
        self.interval.map(|Interval { low, high }| high.max(1.0 / low) - 1.0)
    }

    /// Whether this and another may be called different: their intervals have nothing in common,
    /// and the medians are farther apart than A/A, if that was measured.
    #[must_use]
    pub fn differs(&self, other: &Estimate, resolution: Option<f64>) -> bool {
        let (Some(a), Some(b)) = (self.interval, other.interval) else { return false };
        let apart = a.high < b.low || b.high < a.low;
        let ratio = self.median.max(other.median) / self.median.min(other.median);
        apart && resolution.is_none_or(|resolution| ratio - 1.0 >= resolution)
    }
}

/// The value in the middle, or the mean of the two that are; `None` without any.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    middles(values.len()).map(|[a, b]| (sorted[a] + sorted[b]) / 2.0)
}

/// The places in the middle of so many sorted values: the same one twice, if their number is odd.
fn middles(count: usize) -> Option<[usize; 2]> {
    Some([count.checked_sub(1)? / 2, count / 2])
}

/// Calls back with each of [`DRAWS`] draws from so many rounds: the same for all that have as many
/// rounds, so that a round that was slow for all of them is drawn for all of them or for none.
/// There are none from fewer than [`FEWEST_ROUNDS`].
fn draw(rounds: usize, mut each: impl FnMut(&[usize])) {
    if rounds < FEWEST_ROUNDS {
        return;
    }
    let mut random = Random(SEED);
    let mut drawn = vec![0; rounds];
    for _ in 0..DRAWS {
        drawn.fill_with(|| random.below(rounds));
        each(&drawn);
    }
}

/// The median of each draw. The values are sorted once; a draw is counted by place.
fn drawn_medians(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<usize> = (0..values.len()).collect();
    sorted.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut place = vec![0; values.len()];
    for (at, &round) in sorted.iter().enumerate() {
        place[round] = at;
    }
    let Some([lower, upper]) = middles(values.len()) else { return Vec::new() };
    let mut counts = vec![0; values.len()];
    let mut medians = Vec::with_capacity(DRAWS);
    draw(values.len(), |drawn| {
        counts.fill(0);
        drawn.iter().for_each(|&round| counts[place[round]] += 1);
        let (a, b) = (nth(&counts, lower), nth(&counts, upper));
        medians.push((values[sorted[a]] + values[sorted[b]]) / 2.0);
    });
    medians
}

/// Where the value lies that so many others come before.
fn nth(counts: &[usize], before: usize) -> usize {
    let mut seen = 0;
    let reaches = |&count: &usize| {
        seen += count;
        seen > before
    };
    counts.iter().position(reaches).unwrap_or(0)
}

/// What 95 % of the draws lie in; `None` if they are draws from too few rounds.
fn interval(mut drawn: Vec<f64>) -> Option<Interval> {
    drawn.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: *drawn.get(LEFT_OUT)?, high: *drawn.get(DRAWS - 1 - LEFT_OUT)? })
}

/// Mulberry32: not much of a generator, but good enough to draw from ten rounds, and the same in
/// any language that multiplies integers of 32 bits.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut mixed = (self.0 ^ (self.0 >> 15)).wrapping_mul(self.0 | 1);
        mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
        mixed ^ (mixed >> 14)
    }

    fn below(&mut self, end: usize) -> usize {
        ((u64::from(self.next()) * end as u64) >> 32) as usize
    }
}

/// Values that are counted by round, such as latencies.
#[derive(Clone, Debug)]
pub struct Histograms {
    /// All values that occur in any round, ascending.
    values: Vec<u64>,
    /// For each round, how many are at most as large as the value at the same place.
    up_to: Vec<Vec<u64>>,
}

impl Histograms {
    /// Takes the histograms of the rounds, as pairs of the distance from the value before, and how
    /// often. A round without any value is left out.
    #[must_use]
    pub fn new<'a>(rounds: impl IntoIterator<Item = &'a [(u64, u64)]>) -> Self {
        let rounds: Vec<Vec<(u64, u64)>> =
            rounds.into_iter().map(absolute).filter(|pairs| !pairs.is_empty()).collect();
        let mut values: Vec<u64> = rounds.iter().flatten().map(|&(value, _)| value).collect();
        values.sort_unstable();
        values.dedup();
        let up_to = rounds.iter().map(|pairs| cumulative(&values, pairs)).collect();
        Histograms { values, up_to }
    }

    /// How many rounds there are.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.up_to.len()
    }

    /// How many values there are in all rounds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.up_to.iter().filter_map(|counts| counts.last()).sum()
    }

    /// How many values are larger than the percentile, which is given as a fraction.
    #[must_use]
    pub fn beyond(&self, fraction: f64) -> u64 {
        let count = self.count();
        count - rank(fraction, count).min(count)
    }

    /// The smallest value that at least such a fraction of all does not exceed.
    #[must_use]
    pub fn percentile(&self, fraction: f64) -> Option<u64> {
        let all: Vec<usize> = (0..self.rounds()).collect();
        (!all.is_empty()).then(|| self.percentile_of(&all, fraction))
    }

    /// The interval of [`percentile`](Self::percentile).
    #[must_use]
    pub fn interval(&self, fraction: f64) -> Option<Interval> {
        let mut percentiles = Vec::with_capacity(DRAWS);
        draw(self.rounds(), |drawn| percentiles.push(self.percentile_of(drawn, fraction) as f64));
        interval(percentiles)
    }

    fn percentile_of(&self, drawn: &[usize], fraction: f64) -> u64 {
        let up_to = |place: usize| drawn.iter().map(|&round| self.up_to[round][place]).sum::<u64>();
        let last = self.values.len() - 1;
        let wanted = rank(fraction, up_to(last));
        let (mut low, mut high) = (0, last);
        while low < high {
            let middle = usize::midpoint(low, high);
            if up_to(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.values[low]
    }
}

/// Which of so many sorted values is the percentile, from 1.
fn rank(fraction: f64, count: u64) -> u64 {
    ((fraction * count as f64).ceil() as u64).max(1)
}

fn absolute(pairs: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut value = 0;
    let sum = |&(distance, count): &(u64, u64)| {
        value += distance;
        (value, count)
    };
    pairs.iter().map(sum).collect()
}

fn cumulative(values: &[u64], pairs: &[(u64, u64)]) -> Vec<u64> {
    let mut pairs = pairs.iter().peekable();
    let mut sum = 0;
    let up_to = |&value: &u64| {
        while let Some((_, count)) = pairs.next_if(|(at, _)| *at <= value) {
            sum += count;
        }
        sum
    };
    values.iter().map(up_to).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn estimate(median: f64, low: f64, high: f64) -> Estimate {
        Estimate { median, interval: Some(Interval { low, high }), rounds: 10 }
    }

    #[test]
    fn the_generator_is_mulberry32() {
        let mut random = Random(1);
        let first: Vec<u32> = (0..4).map(|_| random.next()).collect();
        assert_eq!(first, [2_693_262_067, 11_749_833, 2_265_367_787, 4_213_581_821]);
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn five_rounds_are_too_few_for_an_interval() {
        let interval = |values: &[f64]| Estimate::of_median(values)?.interval;
        assert_eq!(interval(&[1.0, 2.0, 3.0, 4.0, 5.0]), None);
        let six = interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("it is known");
        assert!(six.low < 3.0 && six.high > 4.0, "{six:?}");
    }

    #[test]
    fn one_outlier_of_ten_does_not_reach_the_interval() {
        let values = [10.0, 10.1, 10.2, 9.9, 9.8, 10.0, 10.1, 9.9, 10.0, 99.0];
        let interval = Estimate::of_median(&values).and_then(|estimate| estimate.interval);
        assert!(interval.is_some_and(|Interval { low, high }| low >= 9.8 && high <= 10.2));
    }

    #[test]
    fn a_ratio_of_rounds_that_rise_and_fall_together_is_exact() {
        let pairs: Vec<_> = (1..=6).map(f64::from).map(|it| (2.0 * it, it)).collect();
        let ratio = Estimate::of_ratio(&pairs).unwrap();
        assert_eq!(ratio.median, 2.0);
        assert_eq!(ratio.interval, Some(Interval { low: 2.0, high: 2.0 }));
    }

    #[test]
    fn a_resolution_is_the_farther_end_from_one() {
        assert_eq!(estimate(1.0, 1.0, 1.25).resolution(), Some(0.25));
        assert_eq!(estimate(1.0, 0.5, 1.25).resolution(), Some(1.0));
    }

    #[test]
    fn what_overlaps_or_is_nearer_than_twins_does_not_differ() {
        let (low, high) = (estimate(10.0, 9.8, 10.2), estimate(11.0, 10.8, 11.2));
        assert!(low.differs(&high, None) && high.differs(&low, Some(0.05)));
        assert!(!low.differs(&high, Some(0.2)));
        assert!(!low.differs(&estimate(10.3, 10.1, 10.5), None));
        assert!(!low.differs(&Estimate { interval: None, ..high }, None));
    }

    #[test]
    fn percentiles_of_all_rounds_together() {
        // 1, 2, …, 1000, in two rounds.
        let (even, odd) = (vec![(2, 1); 500], [vec![(1, 1)], vec![(2, 1); 499]].concat());
        let both = Histograms::new([&even[..], &[], &odd[..]]);
        assert_eq!((both.rounds(), both.count()), (2, 1000));
        assert_eq!(both.percentile(0.5), Some(500));
        assert_eq!(both.percentile(0.999), Some(999));
        assert_eq!(both.percentile(1.0), Some(1000));
        assert_eq!(both.percentile(0.0), Some(1));
        assert_eq!((both.beyond(0.99), both.beyond(1.0)), (10, 0));
        assert_eq!(Histograms::new([]).percentile(0.5), None);
    }

    #[test]
    fn rounds_that_are_alike_give_a_percentile_without_doubt() {
        let round = [(10, 90), (10, 10)];
        let all = Histograms::new([&round[..]; FEWEST_ROUNDS]);
        assert_eq!(all.interval(0.95), Some(Interval { low: 20.0, high: 20.0 }));
    }

    proptest! {
        #[test]
        fn an_interval_is_around_the_median(values in vec(0.1..1e9, FEWEST_ROUNDS..20)) {
            let estimate = Estimate::of_median(&values).unwrap();
            let Interval { low, high } = estimate.interval.unwrap();
            prop_assert!(low <= estimate.median && estimate.median <= high);
            prop_assert!(values.iter().any(|&value| value <= low));
            prop_assert!(values.iter().any(|&value| value >= high));
        }

        #[test]
        fn a_drawn_median_is_that_of_the_drawn_values(
            values in vec(1.0..9.0, FEWEST_ROUNDS..12),
        ) {
            let mut expected = Vec::new();
            draw(values.len(), |drawn| {
                let drawn: Vec<f64> = drawn.iter().map(|&round| values[round]).collect();
                expected.extend(median(&drawn));
            });
            prop_assert_eq!(drawn_medians(&values), expected);
        }

        #[test]
        fn to_differ_is_mutual(a in 1.0..9.0, b in 1.0..9.0, width in 0.0..1.0, least in 0.0..1.0) {
            let (a, b) = (estimate(a, a - width, a + width), estimate(b, b - width, b + width));
            prop_assert_eq!(a.differs(&b, Some(least)), b.differs(&a, Some(least)));
            prop_assert!(!a.differs(&a, None));
        }

        #[test]
        fn a_percentile_is_that_of_the_sorted_values(
            rounds in vec(vec((1u64..50, 1u64..9), 1..30), 1..5),
            fraction in 0.0f64..=1.0,
        ) {
            let mut sorted: Vec<u64> = Vec::new();
            for (value, count) in rounds.iter().flat_map(|pairs| absolute(pairs)) {
                sorted.extend((0..count).map(|_| value));
            }
            sorted.sort_unstable();
            let place = ((fraction * sorted.len() as f64).ceil() as usize).max(1) - 1;
            let histograms = Histograms::new(rounds.iter().map(Vec::as_slice));
            prop_assert_eq!(histograms.percentile(fraction), Some(sorted[place]));
        }
    }
}
