//! Running statistics of signal strength.

use serde::Serialize;

use super::units::Dbm;

/// Count, sum and extremes of levels: what is left of a broadcaster when its details are thinned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelSum {
    /// How many levels.
    pub n: u32,
    /// Their sum, in dBm.
    pub sum: i64,
    /// The weakest; meaningless when `n` is 0.
    pub min: i8,
    /// The strongest; meaningless when `n` is 0.
    pub max: i8,
}

impl LevelSum {
    /// Adds one level.
    #[inline]
    pub fn add(&mut self, level: Dbm) {
        if self.n == 0 {
            (self.min, self.max) = (level.0, level.0);
        }
        self.n = self.n.saturating_add(1);
        self.sum += i64::from(level.0);
        self.min = self.min.min(level.0);
        self.max = self.max.max(level.0);
    }

    /// Adds what another sum holds.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = *other;
            return;
        }
        self.n = self.n.saturating_add(other.n);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The mean level in dBm; `None` without levels.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sums of 2^32 bytes stay below 2^53")]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / f64::from(self.n))
    }
}

/// A few levels added up on the way to where they are kept; at most a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Few {
    pub(super) n: u16,
    pub(super) sum: i32,
    /// The weakest and the strongest, in dBm; without levels such as leave others as they are.
    min: i32,
    max: i32,
}

impl Few {
    pub(super) const NONE: Self = Self {
        n: 0,
        sum: 0,
        min: i8::MAX as i32,
        max: i8::MIN as i32,
    };

    #[inline]
    pub(super) fn add(&mut self, level: Dbm) {
        let level = i32::from(level.0);
        self.n += 1;
        self.sum += level;
        self.min = self.min.min(level);
        self.max = self.max.max(level);
    }

    #[inline]
    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a level")]
    pub(super) const fn min(&self) -> Dbm {
        Dbm(self.min as i8)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a level")]
    pub(super) const fn max(&self) -> Dbm {
        Dbm(self.max as i8)
    }
}

/// Lowest level with a bin of its own; weaker ones share its bin.
const LOWEST: i8 = -127;
/// Bins of 1 dB, from [`LOWEST`] to 0 dBm; stronger ones share the last.
const BINS: usize = 128;

#[inline]
#[expect(clippy::cast_sign_loss, reason = "not negative by the clamp")]
fn bin(level: Dbm) -> usize {
    (i32::from(level.0).clamp(LOWEST.into(), 0) - i32::from(LOWEST)) as usize
}

/// Levels in bins of 1 dB, for medians, quantiles and the histogram of a device.
///
/// Counts are 16 bits wide; when one is full all are halved, so the shape stays and the memory too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelHistogram(Box<[u16; BINS]>);

impl Default for LevelHistogram {
    fn default() -> Self {
        Self(Box::new([0; BINS]))
    }
}

impl LevelHistogram {
    /// Adds one level.
    pub fn add(&mut self, level: Dbm) {
        let idx = bin(level);
        if self.0[idx] == u16::MAX {
            self.halve();
        }
        self.0[idx] += 1;
    }

    /// As [`LevelHistogram::add`] of each of a few levels.
    pub(super) fn add_few(&mut self, levels: impl ExactSizeIterator<Item = Dbm>) {
        let fullest = self.0.iter().copied().max().unwrap_or_default();
        if usize::from(u16::MAX - fullest) < levels.len() {
            levels.for_each(|level| self.add(level));
            return;
        }
        let bins = &mut *self.0;
        levels.for_each(|level| bins[bin(level)] = bins[bin(level)].wrapping_add(1));
    }

    #[cold]
    fn halve(&mut self) {
        self.0.iter_mut().for_each(|count| *count /= 2);
    }

    /// The bins as level and count, weakest first, empty ones left out.
    pub fn bins(&self) -> impl Iterator<Item = (Dbm, u16)> + '_ {
        (LOWEST..=0)
            .zip(self.0.iter())
            .filter(|(_, count)| **count > 0)
            .map(|(level, count)| (Dbm(level), *count))
    }

    /// The level below which `per_mille` thousandths of the levels lie (lower value where it falls between two);
    /// `None` without levels.
    #[must_use]
    pub fn quantile(&self, per_mille: u32) -> Option<Dbm> {
        let total: u64 = self.0.iter().map(|count| u64::from(*count)).sum();
        let rank = (total * u64::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0;
        self.bins()
            .find(|(_, count)| {
                seen += u64::from(*count);
                seen >= rank
            })
            .map(|(level, _)| level)
    }

    /// The median level (the lower of the middle two); `None` without levels.
    #[must_use]
    pub fn median(&self) -> Option<Dbm> {
        self.quantile(500)
    }
}

/// Levels as a report shows them, in dBm; the mean is rounded to 0.01 dB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LevelReport {
    /// How many reports had a level.
    pub n: u32,
    /// The weakest.
    pub min_dbm: i8,
    /// The median; `None` where only a summary is left.
    pub median_dbm: Option<i8>,
    /// The mean.
    pub mean_dbm: f64,
    /// The strongest.
    pub max_dbm: i8,
}

impl LevelReport {
    /// From a sum and a median; `None` without levels.
    #[must_use]
    pub fn new(sum: &LevelSum, median: Option<Dbm>) -> Option<Self> {
        let mean_dbm = (sum.mean()? * 100.0).round() / 100.0;
        Some(Self {
            n: sum.n,
            min_dbm: sum.min,
            median_dbm: median.map(|level| level.0),
            mean_dbm,
            max_dbm: sum.max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bin_halves_at_the_same_level_whether_levels_come_alone_or_not() {
        let (mut each, mut few) = (LevelHistogram::default(), LevelHistogram::default());
        let levels: Vec<Dbm> = (0..200_000).map(|n| Dbm(if n % 3 == 0 { -128 } else { 20 })).collect();
        levels.iter().for_each(|level| each.add(*level));
        levels.chunks(61).for_each(|chunk| few.add_few(chunk.iter().copied()));
        assert_eq!(each, few);
        assert_eq!(each.bins().count(), 2);
    }
    use proptest::prelude::*;

    #[test]
    fn median_is_the_lower_middle_and_absent_without_levels() {
        let mut histogram = LevelHistogram::default();
        assert_eq!(histogram.median(), None);
        for level in [-70, -60, -50, -40] {
            histogram.add(Dbm(level));
        }
        assert_eq!(histogram.median(), Some(Dbm(-60)));
        assert_eq!(histogram.quantile(1000), Some(Dbm(-40)));
        assert_eq!(histogram.quantile(0), Some(Dbm(-70)));
    }

    #[test]
    fn a_full_bin_keeps_the_shape() {
        let mut histogram = LevelHistogram::default();
        for n in 0..200_000 {
            histogram.add(Dbm(if n % 4 == 0 { -50 } else { -60 }));
        }
        let bins: Vec<_> = histogram.bins().collect();
        let ratio = f64::from(bins[0].1) / f64::from(bins[1].1);
        assert!((2.9..3.1).contains(&ratio), "{bins:?}");
    }

    proptest! {
        #[test]
        fn merged_sums_equal_the_sum_of_all(a in prop::collection::vec(any::<i8>(), 0..50), b in prop::collection::vec(any::<i8>(), 0..50)) {
            let sum = |levels: &[i8]| {
                let mut sum = LevelSum::default();
                levels.iter().for_each(|level| sum.add(Dbm(*level)));
                sum
            };
            let mut merged = sum(&a);
            merged.merge(&sum(&b));
            let all = sum(&[a, b].concat());
            prop_assert_eq!((merged.n, merged.sum), (all.n, all.sum));
            if all.n > 0 {
                prop_assert_eq!((merged.min, merged.max), (all.min, all.max));
            }
        }

        #[test]
        fn median_equals_that_of_the_sorted_levels(mut levels in prop::collection::vec(-127i8..=0, 1..200)) {
            let mut histogram = LevelHistogram::default();
            levels.iter().for_each(|level| histogram.add(Dbm(*level)));
            levels.sort_unstable();
            prop_assert_eq!(histogram.median(), Some(Dbm(levels[(levels.len() - 1) / 2])));
        }
    }
}
