//! Reports gathered into groups of equal conditions; a group is a histogram, so memory does not grow with the reports.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::lab::units::{Dbm, Metres};

/// From this level on a receiver is saturated and its figure says nothing (DP-3T's rule), in dBm.
pub const SATURATED: Dbm = Dbm(-20);
/// The figure for "not available" (Core specification, vol. 4 part E).
const UNAVAILABLE: Dbm = Dbm(127);
/// Largest distance that is taken, in metres.
pub const FARTHEST: Metres = Metres(1000.0);
/// Most groups that are kept.
pub const MOST_GROUPS: usize = 20_000;
/// Bins of 1 dB, from -128 dBm to the last below [`SATURATED`].
const BINS: usize = 108;

/// One advertising report with the conditions it was received in. Phones, sessions and orientations are numbers of the
/// caller's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The phone that sent it.
    pub sender: usize,
    /// The phone that received it.
    pub receiver: usize,
    /// The session, say a morning's set-up, in which it was measured.
    pub session: usize,
    /// How the phones lay to each other, where that was noted.
    pub orientation: Option<usize>,
    /// Distance of the phones; told apart by the millimetre.
    pub distance: Metres,
    /// Level as the receiver reported it.
    pub rssi: Dbm,
}

/// Why an observation cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ObservationError {
    /// The distance is none.
    #[error("a distance of {0} m: give metres above 0, up to 1000")]
    Distance(f64),
    /// There are too many groups.
    #[error(
        "more than {MOST_GROUPS} combinations of phones, session, orientation and distance: give conditions, not single \
         reports, numbers of their own"
    )]
    TooManyGroups,
}

/// What became of the reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Reports with a level that can be used.
    pub used: u64,
    /// Left out: at [`SATURATED`] or above.
    pub saturated: u64,
    /// Left out: level not available.
    pub unavailable: u64,
}

impl Counts {
    /// Share of saturated reports among those with a level; 0 without any.
    #[must_use]
    pub fn saturation(&self) -> f64 {
        real(self.saturated) / real((self.used + self.saturated).max(1))
    }
}

/// The conditions of a group: sender, receiver, session, orientation and distance in millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(usize, usize, usize, Option<usize>, u32);

#[derive(Clone, Debug)]
struct Levels {
    bins: Box<[u64; BINS]>,
    counts: Counts,
}

/// Reports, grouped.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    of_key: BTreeMap<Key, usize>,
    levels: Vec<Levels>,
    /// The group of the last report: the next one mostly belongs to it too.
    last: Option<(Key, usize)>,
}

impl Samples {
    /// No reports yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a report. One without a level that can be used is counted and goes no further.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a million by the check before it"
    )]
    pub fn push(&mut self, one: &Observation) -> Result<(), ObservationError> {
        let Metres(distance) = one.distance;
        // Also what is no number is not within.
        if !(0.000_5..=FARTHEST.0).contains(&distance) {
            return Err(ObservationError::Distance(distance));
        }
        let millimetres = (distance * 1000.0).round() as u32;
        let key = Key(one.sender, one.receiver, one.session, one.orientation, millimetres);
        let idx = match self.last {
            Some((last, idx)) if last == key => idx,
            _ => self.group_of(key)?,
        };
        self.last = Some((key, idx));
        self.levels[idx].add(one.rssi);
        Ok(())
    }

    fn group_of(&mut self, key: Key) -> Result<usize, ObservationError> {
        if let Some(idx) = self.of_key.get(&key) {
            return Ok(*idx);
        }
        if self.levels.len() >= MOST_GROUPS {
            return Err(ObservationError::TooManyGroups);
        }
        self.levels.push(Levels {
            bins: Box::new([0; BINS]),
            counts: Counts::default(),
        });
        self.of_key.insert(key, self.levels.len() - 1);
        Ok(self.levels.len() - 1)
    }

    /// What became of all reports.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let add = |sum: Counts, one: &Levels| Counts {
            used: sum.used + one.counts.used,
            saturated: sum.saturated + one.counts.saturated,
            unavailable: sum.unavailable + one.counts.unavailable,
        };
        self.levels.iter().fold(Counts::default(), add)
    }

    /// The groups in order of their conditions, whatever the order of the reports; also those without usable reports.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let of = |(key, idx): (&Key, &usize)| {
            let Key(sender, receiver, session, orientation, millimetres) = *key;
            let levels = &self.levels[*idx];
            Group {
                sender,
                receiver,
                session,
                orientation,
                distance: Metres(f64::from(millimetres) / 1000.0),
                counts: levels.counts,
                levels: levels.summary(),
            }
        };
        self.of_key.iter().map(of).collect()
    }

    /// The usable levels of a group, weakest first, in dBm, and how many reports have each; nothing of a group that is not
    /// among these samples.
    #[must_use]
    pub fn levels_of(&self, group: &Group) -> Vec<(f64, u64)> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it came from such a number"
        )]
        let millimetres = (group.distance.0 * 1000.0).round() as u32;
        let key = Key(
            group.sender,
            group.receiver,
            group.session,
            group.orientation,
            millimetres,
        );
        let levels = self.of_key.get(&key).and_then(|idx| self.levels.get(*idx));
        levels.map(|levels| levels.filled().collect()).unwrap_or_default()
    }
}

/// The reports of one pair of phones under equal conditions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The phone that sent.
    pub sender: usize,
    /// The phone that received.
    pub receiver: usize,
    /// The session.
    pub session: usize,
    /// How the phones lay, where that was noted.
    pub orientation: Option<usize>,
    /// Distance of the phones.
    #[serde(rename = "distance_m")]
    pub distance: Metres,
    /// What became of the reports.
    pub counts: Counts,
    /// Statistics of the usable ones; `None` where there are none.
    pub levels: Option<Summary>,
}

/// Statistics of usable reports.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub n: u64,
    /// The median of the whole figures; the mean of the middle two where their number is even.
    pub median_dbm: f64,
    /// The median with each whole figure taken as spread over its 1 dB (median of grouped data): what a receiver that
    /// rounds would have shown without rounding.
    pub grouped_median_dbm: f64,
    /// Distance of the quartiles (linear between the whole figures).
    pub iqr_db: f64,
}

impl Levels {
    #[expect(clippy::cast_sign_loss, reason = "from 0 by the order of the levels")]
    fn add(&mut self, level: Dbm) {
        if level == UNAVAILABLE {
            self.counts.unavailable += 1;
        } else if level >= SATURATED {
            self.counts.saturated += 1;
        } else {
            self.counts.used += 1;
            self.bins[(i32::from(level.0) - i32::from(i8::MIN)) as usize] += 1;
        }
    }

    /// Levels and how many reports have them, weakest first.
    fn filled(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let levels = (i8::MIN..SATURATED.0).map(f64::from);
        levels.zip(*self.bins).filter(|(_, count)| *count > 0)
    }

    /// The level at a rank from 0.
    fn at(&self, rank: u64) -> f64 {
        let mut seen = 0;
        let found = self.filled().find(|(_, count)| {
            seen += count;
            seen > rank
        });
        found.map_or(0.0, |(level, _)| level)
    }

    /// The quantile at so many quarters, linear between ranks.
    fn quartile(&self, quarters: u64) -> f64 {
        let place = quarters * (self.counts.used - 1);
        let (below, part) = (self.at(place / 4), real(place % 4) / 4.0);
        if place.is_multiple_of(4) {
            return below;
        }
        below + part * (self.at(place / 4 + 1) - below)
    }

    fn grouped_median(&self) -> f64 {
        let half = real(self.counts.used) / 2.0;
        let mut below = 0.0;
        for (level, count) in self.filled().map(|(level, count)| (level, real(count))) {
            if below + count >= half {
                return level - 0.5 + (half - below) / count;
            }
            below += count;
        }
        0.0
    }

    fn summary(&self) -> Option<Summary> {
        (self.counts.used > 0).then(|| Summary {
            n: self.counts.used,
            median_dbm: self.quartile(2),
            grouped_median_dbm: self.grouped_median(),
            iqr_db: self.quartile(3) - self.quartile(1),
        })
    }
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(super) const fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(distance: f64, rssi: i8) -> Observation {
        Observation {
            sender: 0,
            receiver: 1,
            session: 0,
            orientation: None,
            distance: Metres(distance),
            rssi: Dbm(rssi),
        }
    }

    fn gathered(levels: &[i8]) -> Group {
        let mut samples = Samples::new();
        levels.iter().for_each(|level| samples.push(&one(1.0, *level)).unwrap());
        samples.groups()[0]
    }

    #[test]
    fn saturated_and_missing_levels_are_left_out_and_counted() {
        let group = gathered(&[-60, -20, 3, 127, -21, -128]);
        let counts = Counts {
            used: 3,
            saturated: 2,
            unavailable: 1,
        };
        assert_eq!(group.counts, counts);
        assert!((group.counts.saturation() - 0.4).abs() < 1e-12);
        assert_eq!(gathered(&[127, -3]).levels, None);
    }

    #[test]
    fn the_grouped_median_lies_within_the_decibel_of_the_median() {
        let levels = gathered(&[-61, -60, -60, -60, -59, -59]).levels.unwrap();
        assert!((levels.median_dbm + 60.0).abs() < 1e-12);
        // Of six, two of the three at -60 lie below the middle: -60.5 + 2/3.
        assert!((levels.grouped_median_dbm + 59.833).abs() < 1e-3);
    }

    #[test]
    fn what_is_no_distance_is_refused() {
        for distance in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            let refused = Samples::new().push(&one(distance, -50));
            assert!(matches!(refused, Err(ObservationError::Distance(_))), "{distance}");
        }
    }

    #[test]
    fn distances_of_the_same_millimetre_are_one_group() {
        let mut samples = Samples::new();
        for distance in [1.5, 1.500_4, 1.499_6, 1.501] {
            samples.push(&one(distance, -50)).unwrap();
        }
        assert_eq!(samples.groups().len(), 2);
    }

    #[test]
    fn too_many_conditions_are_refused() {
        let mut samples = Samples::new();
        for session in 0..MOST_GROUPS {
            samples
                .push(&Observation {
                    session,
                    ..one(1.0, -50)
                })
                .unwrap();
        }
        assert_eq!(samples.push(&one(2.0, -50)), Err(ObservationError::TooManyGroups));
        assert_eq!(samples.push(&one(1.0, -50)), Ok(()));
    }

    proptest! {
        #[test]
        fn quartiles_equal_those_of_the_sorted_levels(mut levels in prop::collection::vec(-128i8..-20, 1..200)) {
            let found = gathered(&levels).levels.unwrap();
            levels.sort_unstable();
            let at = |quarters: usize| {
                let place = quarters * (levels.len() - 1);
                let (low, high) = (f64::from(levels[place / 4]), f64::from(levels[place.div_ceil(4)]));
                low + (high - low) * f64::from(u8::try_from(place % 4).unwrap()) / 4.0
            };
            prop_assert!((found.median_dbm - at(2)).abs() < 1e-9);
            prop_assert!((found.iqr_db - (at(3) - at(1))).abs() < 1e-9);
            prop_assert!((found.grouped_median_dbm - found.median_dbm).abs() <= 0.5 + 64.0);
        }
    }
}
