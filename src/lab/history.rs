//! Signal strength over time in bounded memory: the newest samples as they came, older ones as minimum, mean and
//! maximum per second, still older ones per minute.

use std::collections::VecDeque;

use super::time::UnixMicros;
use super::units::Dbm;

/// Samples kept as they came.
const RAW: usize = 64;
/// Seconds kept (those with samples).
const SECONDS: usize = 120;
/// Minutes kept (those with samples): a day.
const MINUTES: usize = 1440;

/// One sample, packed: time in the upper 56 bits (years 828 to 3111, others saturate), level in the lower 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(i64);

impl Packed {
    fn new(at: UnixMicros, level: Dbm) -> Self {
        let at = at.0.clamp(-(1 << 55), (1 << 55) - 1);
        Self((at << 8) | i64::from(level.0.cast_unsigned()))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower eight bits are the level")]
    const fn unpack(self) -> (UnixMicros, Dbm) {
        (UnixMicros(self.0 >> 8), Dbm(self.0 as i8))
    }
}

/// Levels within one second or minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Start of the second or minute, in seconds since the Unix epoch.
    pub start_s: i64,
    sum: i32,
    n: u16,
    /// Weakest level.
    pub min: Dbm,
    /// Strongest level.
    pub max: Dbm,
}

impl Bucket {
    fn new(start_s: i64, level: Dbm) -> Self {
        Self {
            start_s,
            sum: i32::from(level.0),
            n: 1,
            min: level,
            max: level,
        }
    }

    fn add(&mut self, level: Dbm) {
        if self.n == u16::MAX {
            (self.n, self.sum) = (self.n / 2, self.sum / 2);
        }
        self.n += 1;
        self.sum += i32::from(level.0);
        self.min = self.min.min(level);
        self.max = self.max.max(level);
    }

    /// Mean level, in dBm.
    #[must_use]
    pub fn mean(&self) -> f64 {
        f64::from(self.sum) / f64::from(self.n)
    }
}

/// The levels of one broadcaster over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    raw: VecDeque<Packed>,
    seconds: VecDeque<Bucket>,
    minutes: VecDeque<Bucket>,
}

impl History {
    /// Takes a sample. A step back in time starts a new bucket, so buckets are in order of arrival.
    #[inline]
    pub fn push(&mut self, at: UnixMicros, level: Dbm) {
        if self.raw.len() == RAW {
            self.raw.pop_front();
        }
        self.raw.push_back(Packed::new(at, level));
        let second = at.0.div_euclid(1_000_000);
        match self.seconds.back_mut() {
            Some(bucket) if bucket.start_s == second => bucket.add(level),
            _ => push_bounded(&mut self.seconds, SECONDS, Bucket::new(second, level)),
        }
        match self.minutes.back_mut() {
            Some(bucket) if (bucket.start_s..bucket.start_s + 60).contains(&second) => bucket.add(level),
            _ => push_bounded(
                &mut self.minutes,
                MINUTES,
                Bucket::new(second.div_euclid(60) * 60, level),
            ),
        }
    }

    /// The newest samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = (UnixMicros, Dbm)> + '_ {
        self.raw.iter().map(|packed| packed.unpack())
    }

    /// The newest seconds with samples, oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = &Bucket> + '_ {
        self.seconds.iter()
    }

    /// The newest minutes with samples, oldest first.
    pub fn minutes(&self) -> impl DoubleEndedIterator<Item = &Bucket> + '_ {
        self.minutes.iter()
    }
}

fn push_bounded(buckets: &mut VecDeque<Bucket>, most: usize, bucket: Bucket) {
    if buckets.len() == most {
        buckets.pop_front();
    }
    buckets.push_back(bucket);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_life_is_thinned_to_bounded_memory() {
        let mut history = History::default();
        for n in 0..400_000i64 {
            history.push(UnixMicros(n * 270_000), Dbm(-60 - i8::try_from(n % 7).unwrap()));
        }
        assert_eq!(
            (history.raw.len(), history.seconds.len(), history.minutes.len()),
            (RAW, SECONDS, MINUTES)
        );
        let minute = history.minutes().next_back().unwrap();
        assert_eq!((minute.min, minute.max), (Dbm(-66), Dbm(-60)));
        assert!((minute.mean() + 63.0).abs() < 0.1);
    }

    #[test]
    fn time_going_back_is_kept_in_order_of_arrival() {
        let mut history = History::default();
        history.push(UnixMicros(7_200_000_000), Dbm(-50));
        history.push(UnixMicros(1_500_000), Dbm(-70));
        assert_eq!(
            history.seconds().map(|bucket| bucket.start_s).collect::<Vec<_>>(),
            [7200, 1]
        );
        assert_eq!(
            history.minutes().map(|bucket| bucket.start_s).collect::<Vec<_>>(),
            [7200, 0]
        );
    }

    proptest! {
        #[test]
        fn packing_keeps_time_and_level(at in -(1i64 << 55)..(1i64 << 55), level in any::<i8>()) {
            prop_assert_eq!(Packed::new(UnixMicros(at), Dbm(level)).unpack(), (UnixMicros(at), Dbm(level)));
        }
    }
}
