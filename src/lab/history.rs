//! Signal strength over time in bounded memory: the newest samples as they came, older ones as minimum, mean and
//! maximum per second, still older ones per minute.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::stats::Few;
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
pub(super) struct Packed(i64);

impl Packed {
    /// Times that fit.
    const TIMES: RangeInclusive<i64> = -(1 << 55)..=(1 << 55) - 1;

    /// Of a time that fits.
    #[inline]
    const fn new(at: UnixMicros, level: Dbm) -> Self {
        Self((at.0 << 8) | level.0.cast_unsigned() as i64)
    }

    #[inline]
    pub(super) const fn at(self) -> UnixMicros {
        UnixMicros(self.0 >> 8)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower eight bits are the level")]
    pub(super) const fn level(self) -> Dbm {
        Dbm(self.0 as i8)
    }

    const fn unpack(self) -> (UnixMicros, Dbm) {
        (self.at(), self.level())
    }
}

/// Levels within one second or minute; there is at least one, except in a history that has none yet.
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

impl Default for Bucket {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Bucket {
    /// Without levels.
    const fn new(start_s: i64) -> Self {
        Self {
            start_s,
            sum: 0,
            n: 0,
            min: Dbm(i8::MAX),
            max: Dbm(i8::MIN),
        }
    }

    #[inline]
    fn add(&mut self, level: Dbm) {
        if self.n == u16::MAX {
            (self.n, self.sum) = (self.n / 2, self.sum / 2);
        }
        self.n += 1;
        self.sum += i32::from(level.0);
        self.min = self.min.min(level);
        self.max = self.max.max(level);
    }

    /// As [`Bucket::add`] of the last `few.n` of `samples`, which `few` adds up.
    #[inline]
    fn add_few(&mut self, few: &Few, samples: &[Packed]) {
        if let Some(n) = self.n.checked_add(few.n) {
            self.n = n;
            self.sum += few.sum;
            self.min = self.min.min(few.min());
            self.max = self.max.max(few.max());
        } else {
            let from = samples.len().saturating_sub(few.n.into());
            samples[from..].iter().for_each(|packed| self.add(packed.level()));
        }
    }

    /// Adds a second to this minute; `false`, with nothing done, where the second belongs to another minute.
    fn add_second(&mut self, second: &Self) -> bool {
        if second.n == 0 {
            return true;
        }
        if self.n == 0 {
            *self = Self::minute_of(second);
            return true;
        }
        if !(0..60).contains(&second.start_s.wrapping_sub(self.start_s)) {
            return false;
        }
        let (mut n, mut sum) = (second.n, second.sum);
        // Halved together, so that the mean stays.
        while self.n.checked_add(n).is_none() {
            (self.n, self.sum, n, sum) = (self.n / 2, self.sum / 2, n / 2, sum / 2);
        }
        self.n += n;
        self.sum += sum;
        self.min = self.min.min(second.min);
        self.max = self.max.max(second.max);
        true
    }

    /// The minute that a second begins.
    fn minute_of(second: &Self) -> Self {
        Self {
            start_s: second.start_s.div_euclid(60) * 60,
            ..*second
        }
    }

    /// Mean level, in dBm.
    #[must_use]
    pub fn mean(&self) -> f64 {
        f64::from(self.sum) / f64::from(self.n)
    }
}

/// The levels of one broadcaster over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// A ring of the newest samples: the next goes where `noted` modulo its length says.
    newest: Box<[Packed; RAW]>,
    /// How many samples there were, and how many of these are in the buckets (all but [`RAW`] at most).
    noted: u64,
    thinned: u64,
    buckets: Buckets,
}

/// All samples, thinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Buckets {
    /// The present second, still open, and those before it.
    second: Bucket,
    seconds: VecDeque<Bucket>,
    /// The present minute without the present second, and those before it.
    minute: Bucket,
    minutes: VecDeque<Bucket>,
}

impl Buckets {
    /// Takes samples, oldest first; gives their sum.
    #[inline]
    fn take(&mut self, samples: &[Packed]) -> Few {
        let mut all = Few::NONE;
        let mut run = Few::NONE;
        let mut start_us = self.second.start_s.wrapping_mul(1_000_000);
        for (idx, packed) in samples.iter().enumerate() {
            let at = packed.at();
            if !(0..1_000_000).contains(&at.0.wrapping_sub(start_us)) {
                self.second.add_few(&run, &samples[..idx]);
                all.merge(&run);
                run = Few::NONE;
                self.next_second(at.whole_seconds());
                start_us = self.second.start_s.wrapping_mul(1_000_000);
            }
            run.add(packed.level());
        }
        self.second.add_few(&run, samples);
        all.merge(&run);
        all
    }

    fn next_second(&mut self, start_s: i64) {
        if self.second.n > 0 {
            push_bounded(&mut self.seconds, SECONDS, self.second);
            if !self.minute.add_second(&self.second) {
                push_bounded(&mut self.minutes, MINUTES, self.minute);
                self.minute = Bucket::minute_of(&self.second);
            }
        }
        self.second = Bucket::new(start_s);
    }
}

impl Default for History {
    fn default() -> Self {
        Self {
            newest: Box::new([Packed(0); RAW]),
            noted: 0,
            thinned: 0,
            buckets: Buckets::default(),
        }
    }
}

impl History {
    /// Takes a sample (times before the year 828 or after 3111 saturate). A step back in time starts a new bucket, so buckets are in order of arrival.
    pub fn push(&mut self, at: UnixMicros, level: Dbm) {
        let at = at.0.clamp(*Packed::TIMES.start(), *Packed::TIMES.end());
        self.note(UnixMicros(at), level);
        self.thin();
    }

    /// Takes a sample of a time that it [`holds`](Self::holds), and leaves its place in the buckets to
    /// [`History::thin`], which must come before the next when this gives `true`.
    #[inline]
    pub(super) fn note(&mut self, at: UnixMicros, level: Dbm) -> bool {
        self.newest[place(self.noted)] = Packed::new(at, level);
        self.noted += 1;
        self.noted - self.thinned >= RAW as u64
    }

    /// Whether a sample keeps its time to the microsecond.
    #[inline]
    pub(super) fn holds(at: UnixMicros) -> bool {
        Packed::TIMES.contains(&at.0)
    }

    /// Puts the samples that wait for it into the buckets; gives their sum.
    pub(super) fn thin(&mut self) -> Few {
        let mut all = Few::NONE;
        for part in waiting(&self.newest, self.thinned, self.noted) {
            all.merge(&self.buckets.take(part));
        }
        self.thinned = self.noted;
        all
    }

    /// The samples that wait for [`History::thin`], in two parts, oldest first; the first is empty only if both are.
    pub(super) fn waiting(&self) -> [&[Packed]; 2] {
        waiting(&self.newest, self.thinned, self.noted)
    }

    /// How many samples there were in all.
    #[must_use]
    pub const fn n_samples(&self) -> u64 {
        self.noted
    }

    /// The newest samples, oldest first.
    #[must_use]
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = (UnixMicros, Dbm)> + '_ {
        let kept = self.noted.saturating_sub(RAW as u64)..self.noted;
        kept.map(|n| self.newest[place(n)].unpack())
    }

    /// The newest seconds with samples, oldest first.
    #[must_use]
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = &Bucket> + '_ {
        let Buckets { second, seconds, .. } = &self.buckets;
        seconds.iter().chain(Some(second).filter(|second| second.n > 0))
    }

    /// The newest minutes with samples, oldest first.
    #[must_use]
    pub fn minutes(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        let Buckets {
            second,
            minute,
            minutes,
            ..
        } = &self.buckets;
        let mut open = [*minute, Bucket::default()];
        if !open[0].add_second(second) {
            open[1] = Bucket::minute_of(second);
        }
        minutes.iter().copied().chain(open).filter(|minute| minute.n > 0)
    }
}

/// The samples of these numbers, in two parts as they stand in the ring.
#[inline]
fn waiting(newest: &[Packed; RAW], from: u64, to: u64) -> [&[Packed]; 2] {
    let n = usize::try_from(to - from).unwrap_or(RAW).min(RAW);
    let end = place(from) + n;
    match newest.get(place(from)..end) {
        Some(part) => [part, &[]],
        None => [&newest[place(from)..], &newest[..end - RAW]],
    }
}

/// Where the sample of this number is kept.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than the ring's length")]
const fn place(number: u64) -> usize {
    (number % RAW as u64) as usize
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
            (
                history.samples().count(),
                history.buckets.seconds.len(),
                history.buckets.minutes.len()
            ),
            (RAW, SECONDS, MINUTES)
        );
        let minute = history.minutes().nth_back(1).unwrap();
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

    #[test]
    fn a_second_with_more_levels_than_it_can_count_is_the_same_in_parts_of_any_length() {
        let (mut each, mut parts) = (History::default(), History::default());
        for n in 0..70_000i64 {
            let (at, level) = (UnixMicros(n * 14), Dbm(-60 - i8::try_from(n % 7).unwrap()));
            each.push(at, level);
            if parts.note(at, level) || n % 1000 == 0 {
                parts.thin();
            }
        }
        parts.thin();
        assert_eq!(each, parts);
    }

    proptest! {
        #[test]
        fn packing_keeps_time_and_level(at in -(1i64 << 55)..(1i64 << 55), level in any::<i8>()) {
            prop_assert_eq!(Packed::new(UnixMicros(at), Dbm(level)).unpack(), (UnixMicros(at), Dbm(level)));
        }
    }
}
