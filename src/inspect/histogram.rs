//! RSSI values counted level by level: exact quantiles in fixed memory.

use serde_json::{Value, json};

use crate::lab::units::Dbm;

/// How often each level occurred.
#[derive(Clone, Debug)]
pub struct RssiHistogram {
    levels: Box<[u64; 256]>,
    n: u64,
}

impl Default for RssiHistogram {
    fn default() -> Self {
        Self {
            levels: Box::new([0; 256]),
            n: 0,
        }
    }
}

/// The middle of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Median {
    /// Of an odd number of values: one of them.
    Value(i8),
    /// Of an even number: the mean of the two middle ones.
    Mean(f64),
}

impl Median {
    /// As a number.
    #[must_use]
    pub fn dbm(self) -> f64 {
        match self {
            Self::Value(level) => f64::from(level),
            Self::Mean(level) => level,
        }
    }

    /// As a JSON number: a mean keeps its decimal.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self {
            Self::Value(level) => json!(level),
            Self::Mean(level) => json!(level),
        }
    }
}

impl RssiHistogram {
    /// Counts one value.
    pub fn add(&mut self, rssi: Dbm) {
        self.levels[index(rssi.0)] += 1;
        self.n += 1;
    }

    /// How many values there are.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// How many values are at `level` or above.
    #[must_use]
    pub fn at_least(&self, level: Dbm) -> u64 {
        self.levels[index(level.0)..].iter().sum()
    }

    /// Smallest, median and largest value; `None` when there are none.
    #[must_use]
    pub fn min_median_max(&self) -> Option<(i8, Median, i8)> {
        let last = self.n.checked_sub(1)?;
        let (low, high) = (self.ranked(last / 2), self.ranked(self.n / 2));
        let median = if self.n % 2 == 1 {
            Median::Value(high)
        } else {
            Median::Mean(f64::midpoint(f64::from(low), f64::from(high)))
        };
        Some((self.ranked(0), median, self.ranked(last)))
    }

    /// The value with `rank` smaller or equal ones before it.
    fn ranked(&self, rank: u64) -> i8 {
        let mut before = 0;
        (i8::MIN..=i8::MAX)
            .find(|level| {
                before += self.levels[index(*level)];
                rank < before
            })
            .unwrap_or(i8::MAX)
    }
}

/// Levels from -128 upwards as 0..=255.
fn index(level: i8) -> usize {
    usize::from(level.cast_unsigned() ^ 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_values_have_no_median() {
        assert_eq!(RssiHistogram::default().min_median_max(), None);
    }

    proptest! {
        #[test]
        fn quantiles_equal_those_of_the_sorted_values(mut values in prop::collection::vec(any::<i8>(), 1..50)) {
            let mut histogram = RssiHistogram::default();
            for value in &values {
                histogram.add(Dbm(*value));
            }
            values.sort_unstable();
            let (min, median, max) = histogram.min_median_max().unwrap();
            prop_assert_eq!((min, max), (values[0], values[values.len() - 1]));
            let middle = f64::midpoint(f64::from(values[(values.len() - 1) / 2]), f64::from(values[values.len() / 2]));
            prop_assert!((median.dbm() - middle).abs() < 1e-9);
            let loud = values.iter().filter(|value| **value >= -20).count() as u64;
            prop_assert_eq!(histogram.at_least(Dbm(-20)), loud);
        }
    }
}
