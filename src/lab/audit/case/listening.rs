//! When a station listened, in order of time whatever its clock did.

use crate::lab::audit::evidence::Station;
use crate::lab::time::{Micros, UnixMicros};

/// Stretches of listening that do not overlap, each with the time listened before it, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Listening(Vec<(i64, i64, i64)>);

impl Listening {
    pub(super) fn of(station: &Station) -> Self {
        let mut stretches = station.listening.clone();
        stretches.sort_unstable();
        let mut all: Vec<(i64, i64, i64)> = Vec::with_capacity(stretches.len());
        for [UnixMicros(from), UnixMicros(to)] in stretches {
            match all.last_mut() {
                // A clock that was set back tells the same time twice.
                Some((_, until, _)) if from <= *until => *until = to.max(*until),
                before => {
                    let sum = before.map_or(0, |(from, to, sum)| sum.saturating_add(to.saturating_sub(*from)));
                    all.push((from, to, sum));
                }
            }
        }
        Self(all)
    }

    /// Time listened before an instant.
    fn before(&self, at: i64) -> i64 {
        let idx = self.0.partition_point(|(from, ..)| *from < at);
        let of = |(from, to, sum): &(i64, i64, i64)| sum.saturating_add(at.min(*to).saturating_sub(*from));
        self.0[..idx].last().map_or(0, of)
    }

    pub(super) fn between(&self, from: UnixMicros, to: UnixMicros) -> Micros {
        Micros(self.before(to.0).saturating_sub(self.before(from.0)).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_counts_no_time_twice() {
        let at = |seconds: i64| UnixMicros(seconds * 1_000_000);
        let station = Station {
            listening: vec![[at(100), at(200)], [at(50), at(120)], [at(300), at(310)]],
            ..Station::default()
        };
        let listening = Listening::of(&station);
        for (from, to, seconds) in [
            (0, 1000, 160),
            (60, 70, 10),
            (190, 305, 15),
            (200, 300, 0),
            (400, 500, 0),
            (70, 60, 0),
        ] {
            assert_eq!(
                listening.between(at(from), at(to)),
                Micros::from_secs(seconds),
                "{from} to {to}"
            );
        }
        let forever = listening.between(UnixMicros(i64::MIN), UnixMicros(i64::MAX));
        assert_eq!(forever, Micros::from_secs(160));
    }
}
