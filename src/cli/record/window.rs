//! How much of a played capture is recorded, by the time of its data.

use std::time::Duration;

use crate::lab::event::CaptureEvent;
use crate::lab::time::{Micros, UnixMicros};

/// The stretch that begins with the first event.
pub(super) struct Window {
    limit: Option<Micros>,
    first: Option<UnixMicros>,
    is_over: bool,
}

impl Window {
    /// As long as `limit`; without it, without an end.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            limit: limit.map(|limit| Micros(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))),
            first: None,
            is_over: false,
        }
    }

    /// Whether its end was reached.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Leaves the events that lie within.
    pub(super) fn cut(&mut self, batch: &mut Vec<CaptureEvent>) {
        let end = batch.iter().position(|event| {
            let has_time = !matches!(event, CaptureEvent::Other(other) if !other.kind.tells_time());
            has_time && self.ends_before(event.at())
        });
        if let Some(end) = end {
            batch.truncate(end);
        }
    }

    /// As [`Window::is_over`], where the time of the data has come to `now` without an event.
    pub(super) fn pass(&mut self, now: UnixMicros) -> bool {
        self.first.is_some() && self.ends_before(now)
    }

    fn ends_before(&mut self, at: UnixMicros) -> bool {
        let first = *self.first.get_or_insert(at);
        self.is_over |= self.limit.is_some_and(|limit| at.since(first) >= limit);
        self.is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::advert::{Advertisement, StationId};
    use crate::lab::event::{EventKind, Mark};

    const fn second(second: i64) -> UnixMicros {
        UnixMicros(1_600_000_000_000_000).plus(Micros::from_secs(second))
    }

    fn heard(at: i64) -> CaptureEvent {
        CaptureEvent::Advert(Advertisement {
            at: second(at),
            ..Advertisement::default()
        })
    }

    #[test]
    fn it_ends_with_the_first_event_that_is_too_late_and_marks_have_no_say() {
        let mut window = Window::new(Some(Duration::from_secs(10)));
        let late = CaptureEvent::other(second(99), StationId(0), EventKind::Mark(Mark::default()));
        let mut batch = vec![late.clone(), heard(0), late, heard(9)];
        window.cut(&mut batch);
        assert_eq!((batch.len(), window.is_over()), (4, false));
        let mut batch = vec![heard(5), heard(10), heard(3)];
        window.cut(&mut batch);
        assert_eq!((batch, window.is_over()), (vec![heard(5)], true));
    }

    #[test]
    fn a_silence_ends_it_too_and_without_a_limit_nothing_does() {
        let mut window = Window::new(Some(Duration::from_secs(10)));
        assert!(!window.pass(second(99)), "nothing was played yet");
        window.cut(&mut vec![heard(0)]);
        assert!(!window.pass(second(9)) && window.pass(second(10)) && window.is_over());
        let mut endless = Window::new(None);
        endless.cut(&mut vec![heard(0), heard(i64::from(i32::MAX))]);
        assert!(!endless.is_over());
    }
}
