//! Levels of pairs of phones, and slices of them.

use crate::lab::time::{Micros, UnixMicros};

/// The origin of the levels is a multiple of it.
const ORIGIN: i64 = Micros::from_secs(3_600).0;

/// The origin of levels of which this is the first.
pub(super) const fn origin(first: UnixMicros) -> UnixMicros {
    UnixMicros(first.0.div_euclid(ORIGIN).saturating_mul(ORIGIN))
}

/// A phone, by number. Those of which neither name nor model is known, since no log that is given tells whose the
/// identifier is, are numbered apart: each identifier is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phone {
    /// One that is known.
    Known(u32),
    /// Somebody else's identifier.
    Unknown(u32),
}

impl Phone {
    /// Whether it is nobody that is known.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// A report that one phone heard of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Who heard it.
    pub receiver: Phone,
    /// Who sent it.
    pub sender: Phone,
    /// When, in seconds since the origin of the levels.
    pub at_s: f64,
    /// Minus the attenuation, in dB, not cut at 0: RSSI + correction of the receiver − TX power of the sender.
    pub db: f64,
}

/// What came of a pair within some seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Who heard it.
    pub receiver: Phone,
    /// Who sent it.
    pub sender: Phone,
    /// Mean time, in seconds since the origin of the levels.
    pub at_s: f64,
    /// Mean of the stronger half of the levels, in dB: what is weaker was lost in the three channels' fading.
    pub db: f64,
    /// How many levels.
    pub n: u32,
}

/// Cuts levels into slices of so many seconds, by receiver, sender and time. The levels are put into that order.
#[must_use]
pub fn slices(levels: &mut [Level], length_s: f64) -> Vec<Slice> {
    levels.sort_by(|a, b| {
        let pair = |level: &Level| (level.receiver, level.sender);
        pair(a)
            .cmp(&pair(b))
            .then(a.at_s.total_cmp(&b.at_s))
            .then(a.db.total_cmp(&b.db))
    });
    let mut slices = Vec::new();
    let mut sorted = Vec::new();
    for pair in levels.chunk_by(|a, b| (a.receiver, a.sender) == (b.receiver, b.sender)) {
        let mut rest = pair;
        while let Some(first) = rest.first() {
            let end = rest.partition_point(|level| level.at_s < first.at_s + length_s).max(1);
            let (slice, after) = rest.split_at(end);
            sorted.clear();
            sorted.extend(slice.iter().map(|level| level.db));
            sorted.sort_by(|a, b| b.total_cmp(a));
            let stronger = sorted.get(..sorted.len().div_ceil(2)).unwrap_or_default();
            slices.push(Slice {
                receiver: first.receiver,
                sender: first.sender,
                at_s: mean(slice.iter().map(|level| level.at_s)),
                db: mean(stronger.iter().copied()),
                n: u32::try_from(slice.len()).unwrap_or(u32::MAX),
            });
            rest = after;
        }
    }
    slices
}

/// The mean; 0 of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0_f64);
    for value in values {
        sum += value;
        n += 1.0;
    }
    sum / n.max(1.0)
}
