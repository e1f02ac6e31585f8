//! The session's time: the present by the data, and what comes due with it.

use crate::lab::time::{Micros, UnixMicros};

/// How often idle tracks are looked for, in time of the data.
const SWEEP: Micros = Micros::from_secs(30);
/// A larger step back is a clock that was set; a smaller one is the order of writing.
const STEP: Micros = Micros::from_secs(5);

/// Times of the events so far.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    now: UnixMicros,
    /// Time of the latest event, and of the earliest and the last of all; without meaning before the first.
    latest: UnixMicros,
    first: UnixMicros,
    last: UnixMicros,
    is_running: bool,
    next_sweep: UnixMicros,
}

/// What comes due with an event's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// The event is earlier than the one before it.
    pub(super) went_back: bool,
    /// So much earlier that the clock was set.
    pub(super) was_set: bool,
    /// Idle tracks are to be looked for.
    pub(super) sweep: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: UnixMicros(0),
            latest: UnixMicros(0),
            first: UnixMicros(0),
            last: UnixMicros(0),
            is_running: false,
            next_sweep: UnixMicros(i64::MIN),
        }
    }
}

impl Clock {
    /// The present, by events and by [`Clock::advance`].
    pub(super) const fn now(&self) -> UnixMicros {
        self.now
    }

    /// Time of the latest event.
    pub(super) const fn latest(&self) -> UnixMicros {
        self.latest
    }

    /// Times of the earliest and the last event; `None` before the first.
    pub(super) fn span(&self) -> Option<(UnixMicros, UnixMicros)> {
        self.is_running.then_some((self.first, self.last))
    }

    /// From [`Clock::latest`] to this time (excluded) nothing comes due; `None` before the first event.
    pub(super) fn quiet_until(&self) -> Option<UnixMicros> {
        self.is_running.then_some(self.next_sweep)
    }

    /// Lets time pass without an event.
    pub(super) fn advance(&mut self, now: UnixMicros) {
        self.now = self.now.max(now);
    }

    /// Moves to the time of an event.
    pub(super) fn pass(&mut self, at: UnixMicros) -> Due {
        if self.latest <= at && at < self.next_sweep {
            self.go_on(at);
            return Due::default();
        }
        if !self.is_running {
            (self.latest, self.first, self.last, self.is_running) = (at, at, at, true);
        }
        let went_back = at < self.latest;
        let was_set = self.latest.since(at) > STEP;
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        if !went_back || was_set {
            self.latest = at;
        }
        if was_set {
            self.now = at;
        }
        self.now = self.now.max(at);
        let sweep = was_set || at >= self.next_sweep;
        if sweep {
            self.next_sweep = at.plus(SWEEP);
        }
        Due {
            went_back,
            was_set,
            sweep,
        }
    }

    /// As [`Clock::pass`] to a time with which nothing comes due.
    pub(super) fn go_on(&mut self, at: UnixMicros) {
        self.latest = at;
        self.last = self.last.max(at);
        self.now = self.now.max(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> UnixMicros {
        UnixMicros(seconds * 1_000_000)
    }

    #[test]
    fn sweeps_come_by_the_time_of_the_data_and_with_a_clock_that_was_set() {
        let mut clock = Clock::default();
        assert_eq!((clock.span(), clock.quiet_until()), (None, None));
        assert!(clock.pass(at(100)).sweep);
        assert_eq!(clock.quiet_until(), Some(at(130)));
        assert_eq!(clock.pass(at(129)), Due::default());
        assert!(clock.pass(at(130)).sweep);
        let back = clock.pass(at(126));
        assert_eq!((back.went_back, back.was_set, back.sweep), (true, false, false));
        assert_eq!((clock.latest(), clock.now()), (at(130), at(130)));
        let set = clock.pass(at(20));
        assert_eq!((set.went_back, set.was_set, set.sweep), (true, true, true));
        assert_eq!(
            (clock.latest(), clock.now(), clock.span()),
            (at(20), at(20), Some((at(20), at(130))))
        );
        clock.advance(at(25));
        assert_eq!((clock.latest(), clock.now()), (at(20), at(25)));
    }
}
