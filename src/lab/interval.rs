//! Advertising interval and loss of one broadcaster, estimated from when its reports arrive.
//!
//! What is heard is every k-th advertisement, k unknown: the estimator finds the interval of which the spacings are
//! multiples. Times in which nobody listened (gaps, a phone's pauses between scans) count neither as heard nor as lost.

use super::time::{Micros, UnixMicros};

/// Reports closer than this belong to one advertising event heard on several channels (20 ms is the least interval
/// that the Core specification allows).
const SAME_EVENT_US: i64 = 15_000;
/// Spacings above this are pauses, of the broadcaster or of the receiver (10.24 s is the longest legacy interval).
const PAUSE_US: i64 = 12_000_000;
/// As many missed in a row say nothing about loss any more.
const MOST_MISSED: i64 = 40;
/// Counts are halved from here on, so that the estimate follows a broadcaster that changes its interval.
const FULL: i64 = 8192;

/// Estimates interval and loss; fixed size, constant time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntervalEstimator {
    last: Option<UnixMicros>,
    listening: u32,
    taken: Sums,
    /// Spacings well below the present estimate that are alike, the shortest of all: when they are many, the estimate was
    /// a multiple.
    short_span_us: i64,
    short_n: i64,
}

/// The spacings taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    span_us: i64,
    /// How many intervals and how many spacings they are.
    intervals: i64,
    spacings: i64,
}

impl Sums {
    /// Counts a spacing that is one interval, whatever rounding says, because it is within a quarter of the mean: no
    /// division is needed to see that. `false`, with nothing done, for any other.
    #[inline]
    fn add_plain(&mut self, spacing: i64) -> bool {
        let is_plain = (SAME_EVENT_US..=PAUSE_US).contains(&spacing)
            && (1..FULL).contains(&self.intervals)
            && (spacing * 4 * self.intervals - 3 * self.span_us).cast_unsigned() <= (2 * self.span_us).cast_unsigned();
        if is_plain {
            self.span_us += spacing;
            self.intervals += 1;
            self.spacings += 1;
        }
        is_plain
    }
}

impl IntervalEstimator {
    /// Takes the arrival of a report. `listening` numbers the stretches of uninterrupted listening: no spacing is taken
    /// across two of them.
    #[inline]
    pub fn observe(&mut self, at: UnixMicros, listening: u32) {
        let spacing = match self.last {
            Some(last) if self.listening == listening => at.since(last).0,
            _ => i64::MAX,
        };
        if (0..SAME_EVENT_US).contains(&spacing) {
            return;
        }
        (self.last, self.listening) = (Some(at), listening);
        if (SAME_EVENT_US..=PAUSE_US).contains(&spacing) {
            self.take(spacing);
        }
    }

    /// As [`IntervalEstimator::observe`] of each of these arrivals, which are in order of time and within a few thousand
    /// years.
    pub(super) fn observe_few(&mut self, mut arrivals: impl Iterator<Item = UnixMicros>, listening: u32) {
        let Some(first) = arrivals.next() else { return };
        self.observe(first, listening);
        let (Some(mut last), mut taken) = (self.last, self.taken) else {
            return;
        };
        for at in arrivals {
            if taken.add_plain(at.0.wrapping_sub(last.0)) {
                last = at;
            } else {
                (self.last, self.taken) = (Some(last), taken);
                self.observe(at, listening);
                (last, taken) = (self.last.unwrap_or(at), self.taken);
            }
        }
        (self.last, self.taken) = (Some(last), taken);
    }

    #[inline]
    fn take(&mut self, spacing: i64) {
        if !self.taken.add_plain(spacing) {
            self.take_odd(spacing);
        }
    }

    #[inline(never)]
    fn take_odd(&mut self, spacing: i64) {
        let Some(interval) = self.interval() else {
            self.taken = Sums {
                span_us: spacing,
                intervals: 1,
                spacings: 1,
            };
            return;
        };
        let interval = interval.0.max(1);
        if spacing < interval * 7 / 10 {
            self.take_short(spacing, interval);
            return;
        }
        let multiple = (spacing + interval / 2) / interval;
        let off_us = (spacing - multiple * interval).abs();
        if multiple <= MOST_MISSED && off_us <= interval * 3 / 10 {
            self.count(spacing, multiple);
        }
    }

    #[inline]
    fn count(&mut self, spacing: i64, multiple: i64) {
        self.taken.span_us += spacing;
        self.taken.intervals += multiple;
        self.taken.spacings += 1;
        if self.taken.intervals > FULL {
            self.halve();
        }
    }

    #[cold]
    fn halve(&mut self) {
        let Sums {
            span_us,
            intervals,
            spacings,
        } = &mut self.taken;
        for sum in [span_us, intervals, spacings] {
            *sum /= 2;
        }
    }

    #[cold]
    fn take_short(&mut self, spacing: i64, interval: i64) {
        let short = self.short_span_us / self.short_n.max(1);
        if self.short_n == 0 || spacing < short * 7 / 10 {
            (self.short_span_us, self.short_n) = (spacing, 1);
        } else if spacing <= short * 13 / 10 {
            self.short_span_us += spacing;
            self.short_n += 1;
        }
        // A broadcaster that starts anew gives a single short spacing; only a share of them shows a shorter interval.
        if self.short_n < 2 || self.short_n * 8 < self.taken.spacings {
            return;
        }
        let short = (self.short_span_us / self.short_n).max(1);
        let factor = (interval + short / 2) / short;
        if (interval - factor * short).abs() > short * 3 / 10 {
            self.taken = Sums::default();
        }
        self.taken.intervals = self.taken.intervals * factor + self.short_n;
        self.taken.span_us += self.short_span_us;
        self.taken.spacings += self.short_n;
        (self.short_span_us, self.short_n) = (0, 0);
    }

    /// The mean interval, jitter included; `None` until a spacing was seen.
    #[must_use]
    pub fn interval(&self) -> Option<Micros> {
        (self.taken.intervals > 0).then(|| Micros(self.taken.span_us / self.taken.intervals))
    }

    /// How many intervals the estimate rests on, missed ones counted.
    #[must_use]
    pub const fn intervals(&self) -> i64 {
        self.taken.intervals
    }

    /// The share of advertisements missed while listening, 0..1; `None` before eight spacings.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "both counts stay below 2^20")]
    pub fn loss(&self) -> Option<f64> {
        (self.taken.spacings >= 8).then(|| 1.0 - self.taken.spacings as f64 / self.taken.intervals as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds arrivals of `interval_us` plus up to 10 ms of jitter, of which `heard` tells which are heard.
    fn feed(estimator: &mut IntervalEstimator, start: i64, interval_us: i64, heard: impl Iterator<Item = bool>) -> i64 {
        let mut at = start;
        for (idx, heard) in heard.enumerate() {
            at += interval_us + (i64::try_from(idx).unwrap() * 7919) % 10_000;
            if heard {
                estimator.observe(UnixMicros(at), 0);
            }
        }
        at
    }

    #[test]
    fn every_report_heard_gives_the_interval_and_no_loss() {
        let mut estimator = IntervalEstimator::default();
        feed(&mut estimator, 0, 270_000, std::iter::repeat_n(true, 100));
        let interval = estimator.interval().unwrap().0;
        assert!((274_000..276_000).contains(&interval), "{interval}");
        assert_eq!(estimator.loss(), Some(0.0));
    }

    #[test]
    fn three_channels_of_one_event_count_once() {
        let mut estimator = IntervalEstimator::default();
        for n in 0..40 {
            for channel in 0..3 {
                estimator.observe(UnixMicros(n * 250_000 + channel * 400), 0);
            }
        }
        assert_eq!(estimator.interval(), Some(Micros(250_000)));
        assert_eq!(estimator.loss(), Some(0.0));
    }

    #[test]
    fn nothing_is_taken_across_a_pause_or_a_gap() {
        let mut estimator = IntervalEstimator::default();
        let end = feed(&mut estimator, 0, 270_000, std::iter::repeat_n(true, 20));
        estimator.observe(UnixMicros(end + 240_000_000), 0);
        estimator.observe(UnixMicros(end + 240_500_000), 1);
        estimator.observe(UnixMicros(end - 7_200_000_000), 1);
        assert_eq!(estimator.loss(), Some(0.0));
        assert!((274_000..276_000).contains(&estimator.interval().unwrap().0));
    }

    #[test]
    fn one_restart_does_not_pass_for_a_shorter_interval() {
        let mut estimator = IntervalEstimator::default();
        let end = feed(&mut estimator, 0, 270_000, std::iter::repeat_n(true, 50));
        feed(&mut estimator, end - 200_000, 270_000, std::iter::repeat_n(true, 50));
        let interval = estimator.interval().unwrap().0;
        assert!((270_000..280_000).contains(&interval), "{interval}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn interval_and_loss_are_found_at_any_loss_up_to_two_fifths(seed in any::<u64>(), lost_per_mille in 0u64..400) {
            let mut estimator = IntervalEstimator::default();
            let mut state = seed | 1;
            let heard: Vec<bool> = (0..2000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 33) % 1000 >= lost_per_mille
                })
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let lost = heard.iter().filter(|heard| !**heard).count() as f64 / heard.len() as f64;
            feed(&mut estimator, 0, 270_000, heard.into_iter());
            let interval = estimator.interval().unwrap().0;
            prop_assert!((273_000..277_000).contains(&interval), "{interval}");
            prop_assert!((estimator.loss().unwrap() - lost).abs() < 0.02, "{:?} of {lost}", estimator.loss());
        }

        #[test]
        fn the_short_way_and_the_long_way_give_the_same(
            spacings in prop::collection::vec(SAME_EVENT_US..1_000_000, 1..40), last in SAME_EVENT_US..=PAUSE_US,
        ) {
            let mut short = IntervalEstimator::default();
            spacings.iter().for_each(|spacing| short.take_odd(*spacing));
            let mut long = short;
            short.take(last);
            long.take_odd(last);
            prop_assert_eq!(short, long);
        }

        #[test]
        fn several_arrivals_count_as_each_of_them(
            mut arrivals in prop::collection::vec((0i64..40).prop_map(|n| UnixMicros(n * n * n * 300)), 0..60),
            cuts in prop::collection::vec(0usize..60, 0..4), listening in 0u32..2,
        ) {
            arrivals.sort_unstable();
            let (mut each, mut few) = (IntervalEstimator::default(), IntervalEstimator::default());
            arrivals.iter().for_each(|at| each.observe(*at, listening));
            let mut rest = arrivals.as_slice();
            for cut in cuts {
                let (part, after) = rest.split_at(cut.min(rest.len()));
                few.observe_few(part.iter().copied(), listening);
                rest = after;
            }
            few.observe_few(rest.iter().copied(), listening);
            prop_assert_eq!(each, few);
        }

        #[test]
        fn any_arrival_times_are_survived(times in prop::collection::vec(any::<i64>(), 0..100)) {
            let mut estimator = IntervalEstimator::default();
            times.iter().for_each(|at| estimator.observe(UnixMicros(*at), 0));
            let _ = (estimator.interval(), estimator.loss());
        }
    }
}
