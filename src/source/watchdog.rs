//! Notices that a scan has died, brings it back, and keeps the record of what was not heard meanwhile.
//!
//! Nothing here reads a clock or does anything: the driver in [`super::live`] asks and acts. Steady time is counted from
//! the start of the source; the times of the record are those of the events.

use std::time::Duration;

use super::ble_error::BleError;
use crate::lab::advert::StationId;
use crate::lab::event::{AdapterState, CaptureEvent, EventKind};
use crate::lab::time::UnixMicros;

/// After so much silence the service is asked whether all is well: a dead one says nothing by itself.
const SILENCE: Duration = Duration::from_secs(2);
/// Then again each time after this.
const BEAT: Duration = Duration::from_secs(3);
/// A scan that is said to run is started anew when it is silent for so many usual intervals …
const STALL_FACTOR: u32 = 50;
/// … but for no less than this, doubled each time that it was in vain …
const STALL_FLOOR: Duration = Duration::from_secs(30);
/// … up to this.
const STALL_CEILING: Duration = Duration::from_mins(30);
/// Pause before the first new attempt; doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A scan that ran for so long was a success: the pauses begin anew.
const STABLE: Duration = Duration::from_secs(5);

/// What the service answered when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// The adapter is on.
    pub powered: bool,
    /// The adapter scans.
    pub discovering: bool,
}

/// When to ask, when to give up a scan, how long to wait before the next one.
#[derive(Clone, Debug)]
pub struct Watchdog {
    started: Duration,
    heard: Duration,
    asked: Duration,
    /// Smoothed time between events; `None` until two came.
    interval: Option<Duration>,
    n_heard: u64,
    vain_restarts: u32,
    attempts: u32,
}

impl Watchdog {
    /// Before the first scan.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            started: Duration::ZERO,
            heard: Duration::ZERO,
            asked: Duration::ZERO,
            interval: None,
            n_heard: 0,
            vain_restarts: 0,
            attempts: 0,
        }
    }

    /// A scan began.
    pub const fn started(&mut self, now: Duration) {
        self.started = now;
        self.heard = now;
        self.asked = now;
        self.n_heard = 0;
    }

    /// An event came.
    pub fn heard(&mut self, now: Duration) {
        let gap = now.saturating_sub(self.heard);
        if 0 < self.n_heard {
            self.interval = Some(self.interval.map_or(gap, |usual| (usual * 7 + gap) / 8));
        }
        self.heard = now;
        self.n_heard += 1;
        self.vain_restarts = 0;
    }

    /// When the service is to be asked, if nothing comes before.
    #[must_use]
    pub fn next_question(&self) -> Duration {
        (self.heard + SILENCE).max(self.asked + BEAT)
    }

    /// The service answered: why the scan must be given up, if it must.
    ///
    /// # Errors
    /// - The adapter is off.
    /// - The adapter does not scan.
    /// - It says that it scans, but is silent for unusually long.
    pub fn answered(&mut self, now: Duration, pulse: Pulse) -> Result<(), BleError> {
        self.asked = now;
        if !pulse.powered {
            return Err(BleError::PoweredOff(String::new()));
        }
        if !pulse.discovering {
            return Err(BleError::ScanStopped);
        }
        let silence = now.saturating_sub(self.heard);
        if silence < self.patience() {
            return Ok(());
        }
        self.vain_restarts += 1;
        Err(BleError::Stalled(silence.as_secs()))
    }

    /// The scan ended, or could not begin: how long to wait before the next attempt.
    pub fn pause(&mut self, now: Duration, ran: bool) -> Duration {
        if ran && STABLE <= now.saturating_sub(self.started) {
            self.attempts = 0;
        }
        let pause = FIRST_PAUSE * 2_u32.pow(self.attempts.min(16));
        self.attempts += 1;
        pause.min(LONGEST_PAUSE)
    }

    /// How much silence is still believed. Where nothing was ever heard there may simply be nothing.
    fn patience(&self) -> Duration {
        let usual = self.interval.map_or(STALL_CEILING, |usual| usual * STALL_FACTOR);
        let floor = STALL_FLOOR * 2_u32.pow(self.vain_restarts.min(8));
        usual.max(floor).min(STALL_CEILING)
    }
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

/// The record of the adapter's states and of the times in which nothing could be heard.
#[derive(Clone, Debug)]
pub struct Record {
    station: StationId,
    state: Option<AdapterState>,
    /// The last moment at which the scan was known to run.
    alive: Option<UnixMicros>,
    outage: Option<String>,
}

impl Record {
    /// Nothing happened yet.
    #[must_use]
    pub const fn new(station: StationId) -> Self {
        Self {
            station,
            state: None,
            alive: None,
            outage: None,
        }
    }

    /// The scan runs: something came, or the service said so.
    pub const fn alive(&mut self, at: UnixMicros) {
        if self.outage.is_none() {
            self.alive = Some(at);
        }
    }

    /// The scan is lost, or could not be brought back.
    pub fn lost(&mut self, at: UnixMicros, error: &BleError, out: &mut Vec<CaptureEvent>) {
        // The first reason is the cause; what fails while it is brought back is its consequence.
        self.outage.get_or_insert_with(|| error.to_string());
        self.state(at, error.state(), out);
    }

    /// The scan runs, for the first time or again.
    pub fn back(&mut self, at: UnixMicros, out: &mut Vec<CaptureEvent>) {
        self.close(at, out);
        self.state(at, AdapterState::Scanning, out);
        self.alive = Some(at);
    }

    /// The source ends: an outage that lasts until now is recorded.
    pub fn close(&mut self, at: UnixMicros, out: &mut Vec<CaptureEvent>) {
        if let Some((reason, from)) = self.outage.take().zip(self.alive) {
            let kind = EventKind::Gap { from, to: at, reason };
            out.push(CaptureEvent::other(at, self.station, kind));
        }
    }

    fn state(&mut self, at: UnixMicros, state: AdapterState, out: &mut Vec<CaptureEvent>) {
        if self.state.replace(state) != Some(state) {
            out.push(CaptureEvent::other(at, self.station, EventKind::Adapter(state)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Pulse = Pulse {
        powered: true,
        discovering: true,
    };

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Four events a second until `until`.
    fn busy(until: u32) -> Watchdog {
        let mut dog = Watchdog::new();
        dog.started(Duration::ZERO);
        for quarter in 1..=until * 4 {
            dog.heard(secs(f64::from(quarter) / 4.0));
        }
        dog
    }

    #[test]
    fn traffic_puts_the_question_off_and_silence_brings_it() {
        let mut dog = busy(10);
        assert_eq!(dog.next_question(), secs(12.0));
        dog.heard(secs(11.0));
        assert_eq!(dog.next_question(), secs(13.0));
        assert_eq!(dog.answered(secs(13.1), WELL), Ok(()));
        assert_eq!(dog.next_question(), secs(16.1));
    }

    #[test]
    fn an_adapter_that_is_off_or_does_not_scan_is_given_up_at_once() {
        let mut dog = busy(10);
        let off = Pulse { powered: false, ..WELL };
        let idle = Pulse {
            discovering: false,
            ..WELL
        };
        assert_eq!(dog.answered(secs(12.0), off), Err(BleError::PoweredOff(String::new())));
        assert_eq!(dog.answered(secs(12.0), idle), Err(BleError::ScanStopped));
    }

    #[test]
    fn unusual_silence_restarts_the_scan_ever_less_often_until_something_is_heard() {
        let mut dog = busy(10);
        assert_eq!(dog.answered(secs(39.0), WELL), Ok(()));
        assert_eq!(dog.answered(secs(40.0), WELL), Err(BleError::Stalled(30)));
        dog.started(secs(41.0));
        assert_eq!(dog.answered(secs(100.0), WELL), Ok(()));
        assert_eq!(dog.answered(secs(101.0), WELL), Err(BleError::Stalled(60)));
        dog.started(secs(102.0));
        dog.heard(secs(103.0));
        assert_eq!(dog.answered(secs(133.0), WELL), Err(BleError::Stalled(30)));
    }

    #[test]
    fn a_room_without_devices_is_believed_for_half_an_hour() {
        let mut dog = Watchdog::new();
        dog.started(Duration::ZERO);
        assert_eq!(dog.answered(secs(1_799.0), WELL), Ok(()));
        assert!(dog.answered(secs(1_800.0), WELL).is_err());
    }

    #[test]
    fn a_rare_broadcaster_is_given_time_by_its_own_pace() {
        let mut dog = Watchdog::new();
        dog.started(Duration::ZERO);
        for n in 1..=20 {
            dog.heard(secs(f64::from(n) * 10.0));
        }
        assert_eq!(dog.answered(secs(200.0 + 499.0), WELL), Ok(()));
        assert!(dog.answered(secs(200.0 + 500.0), WELL).is_err());
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_begin_anew_after_a_stable_scan() {
        let mut dog = busy(60);
        let pauses: Vec<_> = (0..7).map(|_| dog.pause(secs(60.0), false)).collect();
        assert_eq!(pauses, [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0].map(secs));
        dog.started(secs(100.0));
        assert_eq!(
            dog.pause(secs(101.0), true),
            LONGEST_PAUSE,
            "a scan that dies at once is no success"
        );
        dog.started(secs(110.0));
        assert_eq!(dog.pause(secs(115.0), true), FIRST_PAUSE);
    }

    fn words(events: &[CaptureEvent]) -> Vec<String> {
        events
            .iter()
            .map(|event| match event {
                CaptureEvent::Other(event) => match &event.kind {
                    EventKind::Gap { from, to, reason } => format!("{} gap {}..{} {reason}", event.at.0, from.0, to.0),
                    EventKind::Adapter(state) => format!("{} {state}", event.at.0),
                    other => other.word().to_owned(),
                },
                CaptureEvent::Advert(_) => "advert".to_owned(),
            })
            .collect()
    }

    #[test]
    fn an_outage_is_recorded_from_the_last_sign_of_life_with_its_first_cause() {
        let mut record = Record::new(StationId(0));
        let mut out = Vec::new();
        record.back(UnixMicros(10), &mut out);
        record.alive(UnixMicros(20));
        record.lost(UnixMicros(25), &BleError::AdapterGone, &mut out);
        record.lost(UnixMicros(30), &BleError::NoAdapter { in_kernel: false }, &mut out);
        record.lost(UnixMicros(35), &BleError::NoService("gone".into()), &mut out);
        record.alive(UnixMicros(36));
        record.back(UnixMicros(40), &mut out);
        assert_eq!(
            words(&out),
            [
                "10 scanning",
                "25 gone",
                "35 service-down",
                "40 gap 20..40 the Bluetooth adapter was unplugged",
                "40 scanning"
            ]
        );
    }

    #[test]
    fn an_outage_that_lasts_to_the_end_is_recorded_and_health_is_not() {
        let mut record = Record::new(StationId(0));
        let mut out = Vec::new();
        record.back(UnixMicros(10), &mut out);
        record.close(UnixMicros(20), &mut out);
        assert_eq!(words(&out), ["10 scanning"]);
        record.lost(UnixMicros(25), &BleError::ScanStopped, &mut out);
        record.close(UnixMicros(30), &mut out);
        assert_eq!(words(&out)[1..], ["25 service-down", "30 gap 10..30 the scan stopped"]);
    }
}
