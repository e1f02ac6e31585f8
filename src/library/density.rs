//! Advertisements over time, in bounded memory.

use std::collections::VecDeque;

use crate::lab::time::{Micros, UnixMicros};

/// Most buckets; when more would be needed, their width doubles.
const MOST_BUCKETS: i64 = 4096;
/// Width of a bucket at first, in microseconds.
const WIDTH: i64 = 1_000_000;
/// Most cells that are given.
const MOST_CELLS: usize = 1 << 16;

/// How many advertisements came when: counts in buckets of a second, which double in width whenever more than 4,096 would
/// be needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Density {
    /// How often the width was doubled; 2^63 µs need 32.
    doubled: u32,
    /// Number of the first bucket: its begin divided by the width.
    lowest: i64,
    buckets: VecDeque<u64>,
    span: Option<(UnixMicros, UnixMicros)>,
    total: u64,
}

impl Density {
    /// Counts an advertisement, at whatever time.
    pub fn add(&mut self, at: UnixMicros) {
        self.total += 1;
        let Some((first, last)) = &mut self.span else {
            self.span = Some((at, at));
            self.lowest = self.number(at);
            self.buckets.push_back(1);
            return;
        };
        (*first, *last) = (at.min(*first), at.max(*last));
        let mut number = self.number(at);
        while number.max(self.highest()) - number.min(self.lowest) >= MOST_BUCKETS {
            self.double();
            number = self.number(at);
        }
        while number < self.lowest {
            self.buckets.push_front(0);
            self.lowest -= 1;
        }
        while number > self.highest() {
            self.buckets.push_back(0);
        }
        let idx = usize::try_from(number - self.lowest).unwrap_or_default();
        if let Some(count) = self.buckets.get_mut(idx) {
            *count += 1;
        }
    }

    /// How many were counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Times of the earliest and the latest; `None` before the first.
    #[must_use]
    pub const fn span(&self) -> Option<(UnixMicros, UnixMicros)> {
        self.span
    }

    /// How finely times are told apart: the width of a bucket.
    #[must_use]
    pub const fn resolution(&self) -> Micros {
        Micros(WIDTH << self.doubled)
    }

    /// The advertisements from `from` to `to` (both included) in so many cells of the same length (65,536 at most). What is
    /// finer than [`Density::resolution`] is spread evenly. Over the whole [`Density::span`] the cells add up to
    /// [`Density::total`]. All zero where `to` is before `from`.
    #[must_use]
    pub fn over(&self, from: UnixMicros, to: UnixMicros, cells: usize) -> Vec<u64> {
        let cells = cells.min(MOST_CELLS);
        let mut counts = vec![0; cells];
        if to < from {
            return counts;
        }
        let before: Vec<u64> = std::iter::once(0)
            .chain(self.buckets.iter().scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            }))
            .collect();
        let length = i128::from(to.0) + 1 - i128::from(from.0);
        let mut so_far = self.before(from.0.into(), &before);
        for (idx, count) in (1i128..).zip(&mut counts) {
            let end = i128::from(from.0) + length * idx / cells as i128;
            let by_then = self.before(end, &before);
            *count = by_then - so_far;
            so_far = by_then;
        }
        counts
    }

    /// How many came before `at`; `sums` are those before each bucket and after the last.
    fn before(&self, at: i128, sums: &[u64]) -> u64 {
        let Some((first, last)) = self.span else { return 0 };
        let (first, end) = (i128::from(first.0), i128::from(last.0) + 1);
        if at <= first {
            return 0;
        }
        if at >= end {
            return self.total;
        }
        let width = i128::from(self.resolution().0);
        let number = at.div_euclid(width);
        let idx = usize::try_from(number - i128::from(self.lowest)).unwrap_or_default();
        let (Some(sum), Some(count)) = (sums.get(idx), self.buckets.get(idx)) else {
            return self.total;
        };
        // The outer buckets hold nothing outside the span.
        let (begin, end) = ((number * width).max(first), ((number + 1) * width).min(end));
        let share = i128::from(*count) * (at - begin) / (end - begin);
        sum + u64::try_from(share).unwrap_or_default()
    }

    const fn number(&self, at: UnixMicros) -> i64 {
        at.0.div_euclid(self.resolution().0)
    }

    fn highest(&self) -> i64 {
        self.lowest + i64::try_from(self.buckets.len()).unwrap_or(MOST_BUCKETS) - 1
    }

    fn double(&mut self) {
        let old = std::mem::take(&mut self.buckets);
        let lowest = self.lowest;
        self.lowest = lowest >> 1;
        self.doubled += 1;
        for (number, count) in (lowest..).zip(old) {
            let idx = usize::try_from((number >> 1) - self.lowest).unwrap_or_default();
            match self.buckets.get_mut(idx) {
                Some(sum) => *sum += count,
                None => self.buckets.push_back(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn density(times: &[i64]) -> Density {
        let mut density = Density::default();
        times.iter().for_each(|at| density.add(UnixMicros(*at)));
        density
    }

    #[test]
    fn whole_seconds_are_exact_and_nothing_is_counted_outside() {
        let density = density(&[1_500_000, 1_600_000, 3_999_999, 9_000_000]);
        let seconds = |from: i64, to: i64, cells| {
            density.over(UnixMicros(from * 1_000_000), UnixMicros(to * 1_000_000 - 1), cells)
        };
        assert_eq!(seconds(0, 10, 10), [0, 2, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(seconds(2, 4, 2), [0, 1]);
        assert_eq!(seconds(20, 30, 3), [0, 0, 0]);
        assert_eq!(seconds(5, 5, 2), [0, 0], "to is before from");
        assert!(seconds(0, 10, 0).is_empty());
    }

    #[test]
    fn far_jumps_cost_resolution_and_neither_memory_nor_counts() {
        let mut density = Density::default();
        for n in 0..20_000i64 {
            for at in [i64::MAX - n, i64::MIN + n, n * 1_000_000_000, -n] {
                density.add(UnixMicros(at));
            }
        }
        assert!(density.buckets.len() <= 4096);
        let cells = density.over(UnixMicros(i64::MIN), UnixMicros(i64::MAX), 7);
        assert_eq!(cells.iter().sum::<u64>(), 80_000);
        assert_eq!((cells[0], cells[6]), (20_000, 20_000));
    }

    #[test]
    fn width_doubles_only_when_it_must() {
        let seconds = |n: i64| n * 1_000_000;
        assert_eq!(density(&[0, seconds(4095)]).resolution(), Micros::from_secs(1));
        assert_eq!(density(&[0, seconds(4096)]).resolution(), Micros::from_secs(2));
        assert_eq!(density(&[seconds(4096), 0]).resolution(), Micros::from_secs(2));
    }

    proptest! {
        #[test]
        fn cells_over_the_whole_span_add_up(
            times in prop::collection::vec(prop_oneof![any::<i64>(), -10_000_000_000i64..10_000_000_000], 1..200),
            cells in 1usize..300,
        ) {
            let density = density(&times);
            let (first, last) = density.span().unwrap();
            prop_assert_eq!(density.over(first, last, cells).iter().sum::<u64>(), times.len() as u64);
            prop_assert_eq!(density.total(), times.len() as u64);
            prop_assert!(density.buckets.len() <= 4096);
        }

        #[test]
        fn order_changes_nothing_but_what_it_must(mut times in prop::collection::vec(-10_000_000_000i64..10_000_000_000, 1..100)) {
            let forth = density(&times);
            times.sort_unstable();
            prop_assert_eq!(forth, density(&times));
        }
    }
}
