//! A capture through a session without a screen: as fast as it reads, time and ticks taken from the data.

use crate::format::{EventReader, FormatError};
use crate::lab::session::Session;
use crate::lab::ticks::Ticks;
use crate::lab::time::Micros;

/// After the last event time goes on for this long, so that all that waits for silence has come to pass.
const AFTERMATH: Micros = Micros::from_secs(10 * 60);
/// How the events are delivered. It changes no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Time between ticks.
    pub tick: Micros,
    /// Events delivered at a time; `None` for as many as the capture gives at once, which is the fastest.
    pub batch: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tick: Micros::from_millis(200),
            batch: None,
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
    let mut ticks = Ticks::new(options.tick);
    let outcome = match options.batch {
        None => {
            let mut intake = session.intake_with(Some(&mut ticks));
            loop {
                let more = reader.feed(&mut intake);
                progress(reader.bytes_read());
                match more {
                    Ok(true) => {}
                    end => break end.map(drop),
                }
            }
        }
        Some(size) => in_batches(reader, session, &mut ticks, size.max(1), progress),
    };
    if let Some(last) = ticks.latest() {
        session.intake_with(Some(&mut ticks)).pass(last.plus(AFTERMATH));
    }
    outcome
}

fn in_batches(
    reader: &mut dyn EventReader,
    session: &mut Session,
    ticks: &mut Ticks,
    size: usize,
    mut progress: impl FnMut(u64),
) -> Result<(), FormatError> {
    let mut events = Vec::new();
    loop {
        let more = reader.read(&mut events);
        let whole = match more {
            Ok(true) => events.len() / size * size,
            _ => events.len(),
        };
        for batch in events[..whole].chunks(size) {
            let mut intake = session.intake_with(Some(ticks));
            batch.iter().for_each(|event| intake.take(event));
        }
        events.drain(..whole);
        progress(reader.bytes_read());
        match more {
            Ok(true) => {}
            end => return end.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::DamageLog;
    use crate::lab::address::{Address, AddressKind};
    use crate::lab::advert::Advertisement;
    use crate::lab::event::CaptureEvent;
    use crate::lab::time::UnixMicros;
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
            let options = Options { tick: Micros::from_millis(tick_ms), batch: Some(batch) };
            prop_assert_eq!(report(&events, per_read, options), report(&events, usize::MAX, Options::default()));
        }
    }
}
