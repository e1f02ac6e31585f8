//! Ticks out of the data: the multiples of a span of time.

use super::time::{Micros, UnixMicros};

/// Ticks delivered within one silence; of more, the last ones.
const MOST: i64 = 1_000;

/// Ticks at the multiples of a span, as the times of events pass them.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    every: i64,
    /// Time of the latest event; `None` before the first.
    latest: Option<UnixMicros>,
}

impl Ticks {
    /// Ticks at the multiples of `every` (at least 1 µs).
    #[must_use]
    pub fn new(every: Micros) -> Self {
        Self {
            every: every.0.max(1),
            latest: None,
        }
    }

    /// Time of the latest event; `None` before the first.
    #[must_use]
    pub const fn latest(&self) -> Option<UnixMicros> {
        self.latest
    }

    /// The first tick after the latest event: up to it, it included, nothing is due.
    pub(super) fn next(&self) -> UnixMicros {
        let latest = self.latest.unwrap_or(UnixMicros(i64::MIN));
        UnixMicros(self.number_after(latest).saturating_mul(self.every))
    }

    /// Goes on to the time `to` and gives the ticks after the latest event and before `to`.
    pub fn pass(&mut self, to: UnixMicros) -> impl Iterator<Item = UnixMicros> + use<> {
        let every = self.every;
        let from = self.number_after(self.latest.unwrap_or(to));
        let end = self.number_after(UnixMicros(to.0.saturating_sub(1)));
        self.latest = Some(to);
        (from.max(end.saturating_sub(MOST))..end).map(move |n| UnixMicros(n.saturating_mul(every)))
    }

    /// Number of the first multiple after a time.
    fn number_after(&self, at: UnixMicros) -> i64 {
        at.0.div_euclid(self.every).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_the_multiples_between_two_events() {
        let mut ticks = Ticks::new(Micros(500));
        let mut pass = |to| ticks.pass(UnixMicros(to)).map(|tick| tick.0).collect::<Vec<_>>();
        assert_eq!(pass(950), [0; 0]);
        // A tick at the time of an event is none: the event itself brings the time.
        assert_eq!(pass(1_000), [0; 0]);
        assert_eq!(pass(1_001), [0; 0]);
        assert_eq!(pass(2_100), [1_500, 2_000]);
        assert_eq!(pass(900), [0; 0]);
        assert_eq!(
            (ticks.latest(), ticks.next()),
            (Some(UnixMicros(900)), UnixMicros(1_000))
        );
        let mut ticks = Ticks::new(Micros(1));
        assert_eq!(ticks.pass(UnixMicros(0)).count(), 0);
        assert_eq!(ticks.pass(UnixMicros(i64::MAX)).last(), Some(UnixMicros(i64::MAX - 1)));
        assert_eq!(ticks.next(), UnixMicros(i64::MAX));
    }
}
