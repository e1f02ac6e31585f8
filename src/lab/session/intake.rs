//! How events get into a session: one by one in full, the many in a few steps each.
//!
//! Most reports are repeats: the same broadcaster with the same payload, a quarter of a second later. Of these only time
//! and level are noted, in the ring that the track's history keeps anyway; what they add up to is counted when the ring
//! is full, when something else happens to the track, and at the end of the [`Intake`]. The result is that of counting
//! each at once (a law that a test holds).

use super::Session;
use crate::lab::address::AddressKind;
use crate::lab::advert::{Advertisement, DataStatus, PduType, RssiQuality, StationId};
use crate::lab::event::CaptureEvent;
use crate::lab::history::History;
use crate::lab::ledger::PackedKey;
use crate::lab::ticks::Ticks;
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// Puts events into a session; all that they add up to is there when it is dropped.
#[derive(Debug)]
pub struct Intake<'a> {
    session: &'a mut Session,
    ticks: Option<&'a mut Ticks>,
    /// Within these times (the end excluded) time goes on and nothing is due; the session learns of them later.
    latest: UnixMicros,
    until: UnixMicros,
    /// Empty between two calls; kept because filling it anew would cost more.
    buffer: Vec<CaptureEvent>,
}

/// What a session needs of a report that may be a repeat: whole, no scan response, sound and with a level.
#[derive(Clone, Copy, Debug)]
pub struct Repeat<'a> {
    /// As in [`Advertisement`].
    pub at: UnixMicros,
    /// As in [`Advertisement`].
    pub station: StationId,
    /// The address's bytes as one number, the first most significant, and its kind.
    pub address: (u64, AddressKind),
    /// As in [`Advertisement`].
    pub pdu: PduType,
    /// As in [`Advertisement`].
    pub rssi: Dbm,
    /// As in [`Advertisement`].
    pub rssi_quality: RssiQuality,
    /// As in [`Advertisement`].
    pub data: &'a [u8],
}

impl<'a> Repeat<'a> {
    /// `None` where the report cannot be a repeat.
    #[inline]
    fn of(advert: &'a Advertisement) -> Option<Self> {
        let is_plain = !advert.details.bad_crc
            && !advert.is_scan_response()
            && advert.data_status() == DataStatus::Complete;
        Some(Self {
            at: advert.at,
            station: advert.station,
            address: (advert.address.number(), advert.address.kind),
            pdu: advert.pdu,
            rssi: advert.rssi.filter(|_| is_plain)?,
            rssi_quality: advert.rssi_quality,
            data: &advert.data,
        })
    }
}

impl Intake<'_> {
    /// Takes the next event.
    pub fn take(&mut self, event: &CaptureEvent) {
        match event {
            CaptureEvent::Advert(advert) => {
                if Repeat::of(advert).is_some_and(|report| self.repeat(&report)) {
                    return;
                }
                self.pass(advert.at);
                self.session.advert(advert);
            }
            CaptureEvent::Other(other) => {
                if other.kind.tells_time() {
                    self.pass(other.at);
                }
                self.catch_up();
                self.session.other(other);
            }
        }
        self.look_ahead();
    }

    /// Takes what `read` appends.
    pub fn take_from<T>(&mut self, read: impl FnOnce(&mut Vec<CaptureEvent>) -> T) -> T {
        let mut events = std::mem::take(&mut self.buffer);
        let outcome = read(&mut events);
        events.iter().for_each(|event| self.take(event));
        events.clear();
        self.buffer = events;
        outcome
    }

    /// Takes the next report if it repeats the broadcaster's last in all but time and level; `false` if not:
    /// [`Intake::take`] must take it then.
    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    pub fn repeat(&mut self, report: &Repeat<'_>) -> bool {
        let at = report.at;
        if (at < self.latest || at >= self.until) && !self.pass(at) {
            return false;
        }
        let is_repeat = self.session.repeat(report);
        if is_repeat {
            self.latest = at;
        }
        is_repeat
    }

    /// Lets time pass to `to` without an event, the ticks before it included.
    ///
    /// Gives whether a repeat at that time can be taken at once.
    #[cold]
    pub fn pass(&mut self, to: UnixMicros) -> bool {
        self.catch_up();
        if let Some(ticks) = self.ticks.as_deref_mut() {
            ticks.pass(to).for_each(|tick| self.session.advance(tick));
        }
        self.look_ahead();
        self.latest <= to && to < self.until
    }

    /// Tells session and ticks how far time has come.
    fn catch_up(&mut self) {
        if self.latest > self.session.latest {
            self.session.go_on(self.latest);
            if let Some(ticks) = self.ticks.as_deref_mut() {
                let due = ticks.pass(self.latest).count();
                debug_assert_eq!(due, 0, "a tick was passed over");
            }
        }
    }

    /// Finds the times in which nothing is due, from where the session stands.
    fn look_ahead(&mut self) {
        let Session {
            latest,
            next_sweep,
            has_time,
            reassembly,
            ..
        } = &*self.session;
        let next_tick = self.ticks.as_deref().map_or(UnixMicros(i64::MAX), Ticks::next);
        let is_plain = *has_time && reassembly.is_empty() && History::holds(*latest) && History::holds(*next_sweep);
        self.latest = *latest;
        self.until = if is_plain {
            next_tick.min(*next_sweep)
        } else {
            UnixMicros(i64::MIN)
        };
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        self.catch_up();
        self.session.settle_all();
    }
}

impl Session {
    /// Where the next events are put in.
    pub fn intake(&mut self) -> Intake<'_> {
        self.intake_with(None)
    }

    /// As [`Session::intake`], with ticks in the time of the data between the events.
    pub fn intake_with<'a>(&'a mut self, ticks: Option<&'a mut Ticks>) -> Intake<'a> {
        let mut intake = Intake {
            session: self,
            ticks,
            latest: UnixMicros(i64::MAX),
            until: UnixMicros(i64::MIN),
            buffer: Vec::new(),
        };
        intake.look_ahead();
        intake
    }

    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    fn repeat(&mut self, report: &Repeat<'_>) -> bool {
        let key = PackedKey::new(report.station, report.address.0, report.address.1);
        let guess = self.guesses.of(key);
        let slot = match self.tracks.get(guess as usize) {
            Some(track) if track.packed_key == key => guess,
            _ => match self.find(key) {
                Some(slot) => slot,
                None => return false,
            },
        };
        let Some(track) = self.tracks.get_mut(slot as usize) else {
            return false;
        };
        if track.payload != *report.data || track.heard == 0 {
            return false;
        }
        track.last = report.at;
        track.pdu = report.pdu;
        track.rssi_quality = report.rssi_quality;
        let is_full = track.history.note(report.at, report.rssi);
        if is_full || !track.is_unsettled {
            self.attend_to(slot, is_full);
        }
        true
    }

    /// Finds a track in the index, and guesses right the next time.
    #[cold]
    fn find(&mut self, key: PackedKey) -> Option<u32> {
        let slot = u32::try_from(self.slot_of(key)?).ok()?;
        *self.guesses.at(key) = slot;
        Some(slot)
    }

    #[inline(never)]
    fn attend_to(&mut self, slot: u32, is_full: bool) {
        if is_full {
            self.settle(slot as usize);
        }
        if !std::mem::replace(&mut self.tracks[slot as usize].is_unsettled, true) {
            self.unsettled.push(slot);
        }
    }

    /// Counts what waits for it in one track.
    pub(super) fn settle(&mut self, slot: usize) {
        let track = &mut self.tracks[slot];
        if track.is_unsettled {
            let record = self.ledger.get_mut(track.current);
            let n = track.settle(record, self.listening);
            self.totals.count(record.family, n);
        }
    }

    /// Counts what waits for it in all tracks.
    pub(super) fn settle_all(&mut self) {
        for idx in 0..self.unsettled.len() {
            let slot = self.unsettled[idx] as usize;
            self.settle(slot);
            self.tracks[slot].is_unsettled = false;
        }
        self.unsettled.clear();
    }
}

/// For each of a few thousand hashes the slot of the track last found there, which need not be the right one any more.
#[derive(Clone, Debug)]
pub(super) struct Guesses(Box<[u32; 1 << Guesses::BITS]>);

impl Default for Guesses {
    fn default() -> Self {
        Self(Box::new([0; 1 << Self::BITS]))
    }
}

impl Guesses {
    const BITS: u32 = 12;

    #[inline]
    fn of(&self, key: PackedKey) -> u32 {
        self.0[key.short_hash::<{ Self::BITS }>()]
    }

    fn at(&mut self, key: PackedKey) -> &mut u32 {
        &mut self.0[key.short_hash::<{ Self::BITS }>()]
    }
}
