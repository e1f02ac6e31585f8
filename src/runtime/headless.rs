//! A capture through a session without a screen: as fast as it reads, time and ticks taken from the data.

use crate::format::{EventReader, FormatError};
use crate::lab::event::CaptureEvent;
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};

/// After the last event time goes on for this long, so that all that waits for silence has come to pass.
const AFTERMATH: Micros = Micros::from_secs(10 * 60);
/// Ticks delivered within one silence; of more, the last ones.
const MOST_TICKS: i64 = 1_000;

/// How the events are delivered. It changes no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Time between ticks.
    pub tick: Micros,
    /// Events delivered at a time, at least; what a read gives beyond waits for the next.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tick: Micros::from_millis(200),
            batch: 1,
        }
    }
}

/// Feeds a whole capture to a session. `progress` is called after every read with the bytes read so far.
///
/// # Errors
/// [`FormatError`] when the capture cannot be read to its end; the session then holds what came before.
pub fn replay(
    reader: &mut dyn EventReader,
    session: &mut Session,
    options: Options,
    mut progress: impl FnMut(u64),
) -> Result<(), FormatError> {
    let size = options.batch.max(1);
    let mut events = Vec::new();
    let mut ticks = Ticks::new(options.tick);
    let outcome = loop {
        match reader.read(&mut events) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        let whole = events.len() / size * size;
        events[..whole]
            .iter()
            .for_each(|event| deliver(session, event, &mut ticks));
        events.drain(..whole);
        progress(reader.bytes_read());
    };
    for event in &events {
        deliver(session, event, &mut ticks);
    }
    if let Some(last) = ticks.last {
        ticks.pass(session, last.plus(AFTERMATH));
    }
    outcome
}

#[inline]
fn deliver(session: &mut Session, event: &CaptureEvent, ticks: &mut Ticks) {
    let has_time = !matches!(event, CaptureEvent::Other(other) if !other.kind.tells_time());
    if has_time {
        ticks.pass(session, event.at());
    }
    session.ingest(event);
}

/// Ticks out of the data: the multiples of a span of time.
struct Ticks {
    every: i64,
    /// Time of the latest event.
    last: Option<UnixMicros>,
    /// The first multiple after `last`.
    next: i64,
}

impl Ticks {
    fn new(every: Micros) -> Self {
        Self {
            every: every.0.max(1),
            last: None,
            next: i64::MIN,
        }
    }

    /// Goes on to the time `to`, delivering all multiples after the latest event and before `to`.
    #[inline]
    fn pass(&mut self, session: &mut Session, to: UnixMicros) {
        match self.last {
            Some(last) if last <= to && to.0 < self.next => self.last = Some(to),
            last => self.tick(session, last.unwrap_or(to), to),
        }
    }

    fn tick(&mut self, session: &mut Session, from: UnixMicros, to: UnixMicros) {
        let multiples = |at: UnixMicros| at.0.div_euclid(self.every).saturating_add(1);
        let end = multiples(UnixMicros(to.0.saturating_sub(1)));
        for n in multiples(from).max(end.saturating_sub(MOST_TICKS))..end {
            session.advance(UnixMicros(n.saturating_mul(self.every)));
        }
        self.next = multiples(to).saturating_mul(self.every);
        self.last = Some(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::DamageLog;
    use crate::lab::address::{Address, AddressKind};
    use crate::lab::advert::Advertisement;
    use crate::lab::units::Dbm;
    use proptest::prelude::*;

    struct Held(Vec<CaptureEvent>, usize, DamageLog);

    impl EventReader for Held {
        fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
            let take = self.1.min(self.0.len());
            batch.extend(self.0.drain(..take));
            Ok(!self.0.is_empty())
        }

        fn damage(&self) -> &DamageLog {
            &self.2
        }

        fn bytes_read(&self) -> u64 {
            0
        }
    }

    fn report(events: &[CaptureEvent], per_read: usize, options: Options) -> String {
        let mut session = Session::default();
        let mut reader = Held(events.to_vec(), per_read, DamageLog::default());
        replay(&mut reader, &mut session, options, |_| ()).unwrap();
        serde_json::to_string(&session.report()).unwrap()
    }

    prop_compose! {
        fn event()(step in -4_000_000i64..400_000_000, sender in 0u8..6, rpi in 0u8..4, level in -100i8..-30)
            -> (i64, CaptureEvent)
        {
            let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
            data.extend([rpi; 20]);
            let address = Address { bytes: [sender; 6], kind: AddressKind::RandomNonresolvable };
            let advert = Advertisement { address, rssi: Some(Dbm(level)), data: data.as_slice().into(), ..Default::default() };
            (step, CaptureEvent::Advert(advert))
        }
    }

    proptest! {
        #[test]
        fn any_batch_size_and_any_tick_give_the_same_report(
            steps in prop::collection::vec(event(), 1..80),
            batch in 1usize..300, per_read in 1usize..50, tick_ms in 1i64..100_000,
        ) {
            let mut now = 1_600_000_000_000_000;
            let events: Vec<_> = steps.into_iter().map(|(step, mut event)| {
                now += step;
                if let CaptureEvent::Advert(advert) = &mut event {
                    advert.at = UnixMicros(now);
                }
                event
            }).collect();
            let options = Options { tick: Micros::from_millis(tick_ms), batch };
            prop_assert_eq!(report(&events, per_read, options), report(&events, usize::MAX, Options::default()));
        }
    }

    #[test]
    fn ticks_are_the_multiples_between_two_events() {
        let mut session = Session::default();
        let mut ticks = Ticks::new(Micros(500));
        ticks.pass(&mut session, UnixMicros(950));
        // A tick at the time of an event is none: the event itself brings the time.
        ticks.pass(&mut session, UnixMicros(1_000));
        ticks.pass(&mut session, UnixMicros(1_001));
        assert_eq!(session.now(), UnixMicros(0));
        ticks.pass(&mut session, UnixMicros(2_100));
        assert_eq!(session.now(), UnixMicros(2_000));
        let mut ticks = Ticks::new(Micros(1));
        ticks.pass(&mut session, UnixMicros(0));
        ticks.pass(&mut session, UnixMicros(i64::MAX));
        assert_eq!(session.now(), UnixMicros(i64::MAX - 1));
    }
}
