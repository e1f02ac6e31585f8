//! When a station listened, in order of time whatever its clock did.

use crate::lab::audit::evidence::Station;
use crate::lab::time::{Micros, UnixMicros};

/// Stretches of listening that do not overlap, each with the time listened before it, in microseconds.
#[derive(Clone, Debug, Default)]
pub(in crate::lab::audit) struct Listening(Vec<(i64, i64, i64)>);

impl Listening {
    pub(super) fn of(station: &Station) -> Self {
        Self::merge(station.listening.clone())
    }

    /// Of several together: whenever any of them listened.
    pub(in crate::lab::audit) fn of_all(all: &[Self]) -> Self {
        let stretches = all.iter().flat_map(|one| &one.0);
        Self::merge(
            stretches
                .map(|(from, to, _)| [UnixMicros(*from), UnixMicros(*to)])
                .collect(),
        )
    }

    fn merge(mut stretches: Vec<[UnixMicros; 2]>) -> Self {
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

    /// Time listened within a span; none where it ends before it begins.
    pub(in crate::lab::audit) fn between(&self, from: UnixMicros, to: UnixMicros) -> Micros {
        Micros(self.before(to.0).saturating_sub(self.before(from.0)).max(0))
    }

    /// From the beginning to the end, of each pause at most so much; in seconds.
    pub(in crate::lab::audit) fn span_secs(&self, most: Micros) -> f64 {
        let listened = self.0.iter().map(|(from, to, _)| to.saturating_sub(*from));
        let pauses = self.0.windows(2);
        let pauses = pauses.map(|two| two[1].0.saturating_sub(two[0].1).min(most.0));
        listened.chain(pauses).map(|span| Micros(span).as_secs_f64()).sum()
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

    #[test]
    fn together_they_listened_whenever_one_did_and_long_pauses_count_in_part() {
        let at = |seconds: i64| UnixMicros(seconds * 1_000_000);
        let of = |from, to| Listening(vec![(at(from).0, at(to).0, 0)]);
        let all = Listening::of_all(&[of(0, 10), of(1000, 1005), of(5, 20), of(30, 31)]);
        assert_eq!(all.between(at(0), at(2000)), Micros::from_secs(26));
        assert!((all.span_secs(Micros::from_secs(100)) - (26.0 + 10.0 + 100.0)).abs() < 1e-9);
    }
}
