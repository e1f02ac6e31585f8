//! When stations listened, summed up, so that a span of time costs two searches however long it is.

use crate::lab::audit::evidence::Station;
use crate::lab::time::{Micros, UnixMicros};

/// The listening of a station, or of several together.
#[derive(Clone, Debug, Default)]
pub(super) struct Listening {
    /// Stretches in order, apart from each other: from, to, and how much was listened before.
    stretches: Vec<(i64, i64, i64)>,
}

impl Listening {
    /// Of a station.
    pub(super) fn of(station: &Station) -> Self {
        Self::merge(station.listening.iter().map(|[from, to]| (from.0, to.0)).collect())
    }

    /// Of all stations together: whenever any of them listened.
    pub(super) fn of_all(all: &[Self]) -> Self {
        let stretches = all.iter().flat_map(|one| &one.stretches);
        Self::merge(stretches.map(|(from, to, _)| (*from, *to)).collect())
    }

    /// A clock that was set may have put stretches out of order, or one over the other.
    fn merge(mut all: Vec<(i64, i64)>) -> Self {
        all.sort_unstable();
        let mut stretches: Vec<(i64, i64, i64)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match stretches.last_mut() {
                Some((_, end, _)) if from <= *end => *end = to.max(*end),
                _ => stretches.push((from, to, 0)),
            }
        }
        let mut sum = 0_i64;
        for (from, to, before) in &mut stretches {
            *before = sum;
            sum = sum.saturating_add(to.saturating_sub(*from));
        }
        Self { stretches }
    }

    /// Microseconds listened before an instant.
    fn before(&self, at: i64) -> i64 {
        let after = self.stretches.partition_point(|(from, ..)| *from < at);
        after.checked_sub(1).map_or(0, |last| {
            let (from, to, before) = self.stretches[last];
            before.saturating_add(at.min(to).saturating_sub(from))
        })
    }

    /// Seconds listened within a span; none where it ends before it begins.
    pub(super) fn secs(&self, from: UnixMicros, to: UnixMicros) -> f64 {
        if to <= from {
            return 0.0;
        }
        Micros(self.before(to.0).saturating_sub(self.before(from.0))).as_secs_f64()
    }

    /// Seconds from the beginning to the end, of each pause at most so much.
    pub(super) fn span_secs(&self, most: Micros) -> f64 {
        let listened = self.stretches.iter().map(|(from, to, _)| to.saturating_sub(*from));
        let pauses = self
            .stretches
            .windows(2)
            .map(|two| two[1].0.saturating_sub(two[0].1).min(most.0));
        listened.chain(pauses).map(|span| Micros(span).as_secs_f64()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_of_the_stretches(
            stretches in prop::collection::vec((0i64..1000, 0i64..50), 0..30), from in -10i64..1100, length in 0i64..400,
        ) {
            let station = Station {
                listening: stretches.iter().map(|(at, len)| [UnixMicros(*at), UnixMicros(at + len)]).collect(),
                ..Station::default()
            };
            let listening = Listening::of(&station);
            let to = from + length;
            let by_hand = (from..to)
                .filter(|at| stretches.iter().any(|(begin, len)| (*begin..begin + len).contains(at)))
                .count();
            let secs = listening.secs(UnixMicros(from), UnixMicros(to));
            prop_assert!((secs * 1e6 - f64::from(u32::try_from(by_hand).unwrap())).abs() < 1e-3, "{secs} {by_hand}");
        }
    }
}
