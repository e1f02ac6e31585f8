//! How events get into a session: one by one in full, the many in a few steps each.
//!
//! Most reports are repeats: the same broadcaster with the same payload, a quarter of a second later. Of these only time
//! and level are noted, in the ring that the track's history keeps anyway; what they add up to is counted when the ring
//! is full, when something else happens to the track, and at the end of the [`Intake`]. The result is that of counting
//! each at once (a law that a test holds).

use super::{Echo, Session};
use crate::lab::advert::{Advertisement, DataStatus};
use crate::lab::event::CaptureEvent;
use crate::lab::history::History;
use crate::lab::ledger::TrackKey;
use crate::lab::ticks::Ticks;
use crate::lab::time::UnixMicros;

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

impl Intake<'_> {
    /// Takes the next event.
    pub fn take(&mut self, event: &CaptureEvent) {
        self.session.counted_in = None;
        match event {
            CaptureEvent::Advert(advert) => {
                if self.repeat(advert) {
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

    /// Takes the next report if it repeats the broadcaster's last in all but time and level; `false` if not.
    fn repeat(&mut self, advert: &Advertisement) -> bool {
        let is_repeat = self.is_usual(advert.at) && self.session.repeat(advert);
        if is_repeat {
            self.latest = advert.at;
        }
        is_repeat
    }

    /// As [`Intake::take`] for a report that need not be decoded because one with the same token was announced with
    /// [`Intake::expect`]; `false` if that was not so, or cannot be told: [`Intake::take`] must take it then.
    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    pub fn echo(&mut self, echo: &Echo<'_>) -> bool {
        let is_echo = self.is_usual(echo.at) && self.session.echo(echo);
        if is_echo {
            self.latest = echo.at;
        }
        is_echo
    }

    /// Announces that further reports with the token of `echo` say what the report does that was taken last.
    pub fn expect(&mut self, echo: &Echo<'_>) {
        self.session.expect(echo);
    }

    #[inline]
    fn is_usual(&mut self, at: UnixMicros) -> bool {
        (self.latest <= at && at < self.until) || self.pass(at)
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
        if self.latest > self.session.clock.latest() {
            self.session.clock.go_on(self.latest);
            if let Some(ticks) = self.ticks.as_deref_mut() {
                let due = ticks.pass(self.latest).count();
                debug_assert_eq!(due, 0, "a tick was passed over");
            }
        }
    }

    /// Finds the times in which nothing is due, from where the session stands.
    fn look_ahead(&mut self) {
        let Session { clock, reassembly, .. } = &*self.session;
        let next_tick = self.ticks.as_deref().map_or(UnixMicros(i64::MAX), Ticks::next);
        self.latest = clock.latest();
        self.until = match clock.quiet_until() {
            Some(until) if reassembly.is_empty() && History::holds(self.latest) && History::holds(until) => {
                next_tick.min(until)
            }
            _ => UnixMicros(i64::MIN),
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

    /// Takes a report that repeats the latest of its track in all but time and level; `false`, with nothing done, if it
    /// does not. Its time must be one at which nothing is due, and fit into a history.
    fn repeat(&mut self, advert: &Advertisement) -> bool {
        if advert.details.bad_crc || advert.data_status() != DataStatus::Complete {
            return false;
        }
        let key = TrackKey {
            station: advert.station,
            address: advert.address,
        };
        let Some(slot) = self.tracks.find(key) else {
            return false;
        };
        let track = self.tracks.at(slot);
        if advert.is_scan_response() {
            let is_repeat = track.scan_responses > 0 && track.scan_response == *advert.data;
            if is_repeat {
                self.totals.scan_responses += 1;
                track.scan_responses += 1;
                track.last = advert.at;
            }
            return is_repeat;
        }
        let Some(rssi) = advert.rssi else { return false };
        if track.payload != *advert.data || track.heard == 0 {
            return false;
        }
        track.token.clear();
        track.last = advert.at;
        track.pdu = advert.pdu;
        track.rssi_quality = advert.rssi_quality;
        let is_full = track.history.note(advert.at, rssi);
        if is_full || !track.is_unsettled {
            self.attend_to(slot, is_full);
        }
        self.counted_in = Some(slot);
        true
    }

    #[inline(never)]
    pub(super) fn attend_to(&mut self, slot: u32, is_full: bool) {
        if is_full {
            self.settle(slot);
        }
        if !std::mem::replace(&mut self.tracks.at(slot).is_unsettled, true) {
            self.unsettled.push(slot);
        }
    }

    /// Counts what waits for it in one track.
    pub(super) fn settle(&mut self, slot: u32) {
        let track = self.tracks.at(slot);
        if track.is_unsettled {
            let record = self.ledger.get_mut(track.current);
            let n = track.settle(record, self.listening);
            self.totals.count(record.family, n);
        }
    }

    /// Counts what waits for it in all tracks.
    pub(super) fn settle_all(&mut self) {
        for idx in 0..self.unsettled.len() {
            let slot = self.unsettled[idx];
            self.settle(slot);
            self.tracks.at(slot).is_unsettled = false;
        }
        self.unsettled.clear();
    }
}
