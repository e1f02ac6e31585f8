//! What Android hands up of what a phone's log shows: the sightings from which exposure windows are made.
//!
//! Rules, as in Android's published sources and as inferred from Google's own windows over public captures:
//! - In an active scan a scannable legacy advertisement is held back until its scan response comes from the same address;
//!   the sighting then has the level of the **scan response**. A scan response without one held back is nothing. What is
//!   not scannable is handed up at once.
//! - Scans are told by exposure notifications alone (other programs scan in between): one that comes more than 4 s after
//!   the start of the scan before begins the next.
//! - What comes in the last 15 ms before the scan is switched off is lost; a sighting is noted 3 ms after the report.
//! - After more than half an hour without a new identifier of its own, a phone starts anew: exposure notifications were
//!   off. What was before its first own identifier does not count either.

pub mod keyed;
pub mod windows;

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::advert::{Advertisement, PduType, StationId};
use super::event::{CaptureEvent, Event, EventKind};
use super::gaen::{self, Aem, Rpi};
use super::time::{Micros, UnixMicros};
use super::units::Dbm;

/// For how long a scan is taken to last.
const SCAN: Micros = Micros::from_secs(4);
/// What comes so shortly before the scan is switched off is lost.
const LOST: Micros = Micros::from_millis(15);
/// From a report to the time that its sighting gets.
const LATENCY: Micros = Micros::from_millis(3);
/// A phone that set no new identifier for longer had exposure notifications off.
const OFF: Micros = Micros::from_secs(30 * 60);
/// Advertisements held back at a time: of more, none.
const MOST_HELD: usize = 10_000;
/// Sightings kept of a station: further ones are counted only.
const MOST: usize = 5_000_000;

/// What was handed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, with the latency.
    pub at: UnixMicros,
    /// The identifier.
    pub rpi: Rpi,
    /// The metadata; without them a sighting counts for nothing.
    pub aem: Option<Aem>,
    /// The level, of the scan response where there was one.
    pub rssi: Dbm,
    /// When the scan before this one ended; `None` where there was none since the phone started anew.
    pub previous_scan: Option<UnixMicros>,
}

/// Takes the events of one receiver, in order of time, and gives its sightings.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    held: BTreeMap<Address, (Rpi, Option<Aem>)>,
    is_passive: bool,
    /// Start of the present scan, and the end of the one before.
    scan: Option<UnixMicros>,
    previous_scan: Option<UnixMicros>,
    /// When the scan was switched off after the last exposure notification.
    switched_off: Option<UnixMicros>,
    found: Vec<Sighting>,
    /// Own identifiers, and when the latest new one came.
    own: BTreeSet<Rpi>,
    latest_own: Option<UnixMicros>,
    /// Sightings that were too many to keep.
    left_out: u64,
    /// How often the phone started anew.
    starts: u32,
    /// Time of the latest event.
    latest: Option<UnixMicros>,
}

impl Sightings {
    /// Takes the next event of the receiver.
    pub fn take(&mut self, event: &CaptureEvent) {
        self.latest = Some(event.at());
        match event {
            CaptureEvent::Advert(advert) => self.advert(advert),
            CaptureEvent::Other(event) => self.other(event),
        }
    }

    /// How often the phone started anew; what it had sighted before does not count any more.
    #[must_use]
    pub const fn starts(&self) -> u32 {
        self.starts
    }

    /// Takes out the sightings that nothing that comes can take away any more, in the order in which they came.
    pub fn settled(&mut self) -> impl Iterator<Item = Sighting> {
        let until = self.switched_off.or(self.latest).unwrap_or_default();
        let is_settled = |sighting: &Sighting| until.since(sighting.at.plus(Micros(-LATENCY.0))) > LOST;
        let n = self.found.iter().take_while(|sighting| is_settled(sighting)).count();
        self.found.drain(..n)
    }

    /// The sightings so far that were not taken out, in order of time, and how many were too many to keep.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Sighting>, u64) {
        self.drop_lost();
        self.found.sort_by_key(|sighting| sighting.at);
        (self.found, self.left_out)
    }

    fn advert(&mut self, advert: &Advertisement) {
        if advert.is_scan_response() {
            let held = self.held.remove(&advert.address);
            if let (Some((rpi, aem)), Some(rssi)) = (held, advert.rssi) {
                self.hand_up(advert.at, rpi, aem, rssi);
            }
            return;
        }
        let Some(frame) = gaen::decode(&advert.data) else {
            return;
        };
        self.hear(advert.at);
        let is_scannable = matches!(advert.pdu, PduType::AdvInd | PduType::AdvScanInd);
        if is_scannable && !self.is_passive {
            if self.held.len() < MOST_HELD || self.held.contains_key(&advert.address) {
                self.held.insert(advert.address, (frame.rpi, frame.aem));
            }
        } else if let Some(rssi) = advert.rssi {
            self.hand_up(advert.at, frame.rpi, frame.aem, rssi);
        }
    }

    fn other(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ScanParameters { active, .. } => self.is_passive = !*active,
            EventKind::ScanEnable { on: false, .. } => {
                self.switched_off.get_or_insert(event.at);
            }
            EventKind::OwnData { data, .. } => {
                if let Some(frame) = gaen::decode(data)
                    && self.own.len() < MOST
                    && self.own.insert(frame.rpi)
                {
                    let is_anew = self.latest_own.is_none_or(|latest| event.at.since(latest) > OFF);
                    if is_anew {
                        self.start_anew();
                    }
                    self.latest_own = Some(event.at);
                }
            }
            _ => {}
        }
    }

    /// An exposure notification, whoever sent it: it tells the scans.
    fn hear(&mut self, at: UnixMicros) {
        match self.scan {
            // The switch that came before was one within the scan.
            Some(start) if at.since(start) <= SCAN => self.switched_off = None,
            Some(start) => {
                self.drop_lost();
                self.previous_scan = Some(start.plus(SCAN));
                self.scan = Some(at);
            }
            // A switch before the first scan ends none.
            None => (self.scan, self.switched_off) = (Some(at), None),
        }
    }

    fn hand_up(&mut self, at: UnixMicros, rpi: Rpi, aem: Option<Aem>, rssi: Dbm) {
        // Controllers say 127 where they do not know.
        if rssi.0 == i8::MAX {
            return;
        }
        if self.found.len() >= MOST {
            self.left_out += 1;
            return;
        }
        self.found.push(Sighting {
            at: at.plus(LATENCY),
            rpi,
            aem,
            rssi,
            previous_scan: self.previous_scan,
        });
    }

    /// What came just before the scan was switched off.
    fn drop_lost(&mut self) {
        let Some(off) = self.switched_off.take() else { return };
        while let Some(last) = self.found.last() {
            let before = off.since(last.at.plus(Micros(-LATENCY.0)));
            if !(0..=LOST.0).contains(&before.0) {
                break;
            }
            self.found.pop();
        }
    }

    fn start_anew(&mut self) {
        self.starts = self.starts.wrapping_add(1);
        self.found.clear();
        self.held.clear();
        (self.scan, self.previous_scan, self.switched_off) = (None, None, None);
    }
}

/// Sightings of all receivers of a capture.
#[derive(Debug, Default)]
pub struct AllSightings(BTreeMap<StationId, Sightings>);

impl AllSightings {
    /// Takes the next event.
    pub fn take(&mut self, event: &CaptureEvent) {
        self.0.entry(event.station()).or_default().take(event);
    }

    /// The sightings of each receiver.
    #[must_use]
    pub fn finish(self) -> BTreeMap<StationId, (Vec<Sighting>, u64)> {
        let all = self.0.into_iter();
        all.map(|(station, sightings)| (station, sightings.finish())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::AddressKind;
    use crate::lab::event::OwnDataCommand;

    fn at(millis: i64) -> UnixMicros {
        UnixMicros(1_596_110_400_000_000).plus(Micros::from_millis(millis))
    }

    fn payload(rpi: u8) -> Vec<u8> {
        let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
        data.extend([rpi; 20]);
        data
    }

    fn heard(millis: i64, phone: u8, pdu: PduType, level: i8) -> CaptureEvent {
        let data = if pdu == PduType::ScanRsp {
            Vec::new()
        } else {
            payload(phone)
        };
        CaptureEvent::Advert(Advertisement {
            at: at(millis),
            address: Address {
                bytes: [0x5e, 0, 0, 0, 0, phone],
                kind: AddressKind::RandomResolvable,
            },
            pdu,
            rssi: Some(Dbm(level)),
            data: data.as_slice().into(),
            ..Advertisement::default()
        })
    }

    fn other(millis: i64, kind: EventKind) -> CaptureEvent {
        CaptureEvent::other(at(millis), StationId(0), kind)
    }

    fn off(millis: i64) -> CaptureEvent {
        let (on, filter_duplicates) = (false, false);
        other(millis, EventKind::ScanEnable { on, filter_duplicates })
    }

    fn own(millis: i64, rpi: u8) -> CaptureEvent {
        let data = payload(rpi);
        other(
            millis,
            EventKind::OwnData {
                set: 0,
                command: OwnDataCommand::Legacy,
                data: data.as_slice().into(),
            },
        )
    }

    /// Milliseconds (without the latency), phone and level of what is handed up.
    fn found(events: &[CaptureEvent]) -> Vec<(i64, u8, i8)> {
        let mut sightings = Sightings::default();
        events.iter().for_each(|event| sightings.take(event));
        let all = sightings.finish().0.into_iter();
        all.map(|sighting| (sighting.at.since(at(3)).0 / 1_000, sighting.rpi.0[0], sighting.rssi.0))
            .collect()
    }

    #[test]
    fn what_is_scannable_waits_for_its_scan_response_and_has_its_level() {
        use PduType::{AdvNonconnInd, AdvScanInd, ScanRsp};
        let events = [
            heard(0, 1, AdvScanInd, -60),
            heard(1, 2, AdvNonconnInd, -70),
            heard(2, 2, ScanRsp, -10),
            heard(3, 1, ScanRsp, -64),
            heard(4, 1, ScanRsp, -10),
            heard(5, 3, AdvScanInd, -50),
        ];
        assert_eq!(found(&events), [(1, 2, -70), (3, 1, -64)]);
        let passive = EventKind::ScanParameters {
            active: false,
            interval: 0,
            window: 0,
        };
        assert_eq!(found(&[other(0, passive), heard(5, 3, AdvScanInd, -50)]), [(5, 3, -50)]);
    }

    #[test]
    fn what_comes_just_before_the_scan_is_switched_off_is_lost() {
        let heard = |millis, phone| heard(millis, phone, PduType::AdvNonconnInd, -60);
        assert_eq!(found(&[heard(0, 1), heard(90, 2), off(100)]), [(0, 1, -60)]);
        assert_eq!(found(&[heard(0, 1), heard(84, 2), off(100)]).len(), 2, "16 ms before");
        // Other programs switch it in the middle of the scan.
        assert_eq!(found(&[heard(0, 1), heard(90, 2), off(100), heard(200, 3)]).len(), 3);
        assert_eq!(found(&[heard(0, 1), heard(90, 2), off(100), heard(9_000, 3)]).len(), 2);
    }

    #[test]
    fn scans_are_told_by_exposure_notifications_and_the_one_before_ends_after_four_seconds() {
        let mut sightings = Sightings::default();
        for millis in [0, 4_000, 4_001, 240_000] {
            sightings.take(&heard(millis, 1, PduType::AdvNonconnInd, -60));
        }
        let previous: Vec<_> = sightings
            .finish()
            .0
            .into_iter()
            .map(|sighting| sighting.previous_scan)
            .collect();
        assert_eq!(previous, [None, None, Some(at(4_000)), Some(at(8_001))]);
    }

    #[test]
    fn a_phone_that_was_off_starts_anew() {
        let heard = |millis| heard(millis, 1, PduType::AdvNonconnInd, -60);
        let minute = 60_000;
        assert_eq!(found(&[heard(0), own(10, 9), heard(20)]), [(20, 1, -60)]);
        let on = [own(0, 9), heard(20), own(29 * minute, 8), heard(29 * minute + 5)];
        assert_eq!(found(&on).len(), 2);
        let again = [own(0, 9), heard(20), own(31 * minute, 8), heard(31 * minute + 5)];
        assert_eq!(found(&again), [(31 * minute + 5, 1, -60)]);
        // The same identifier set once more is no new one.
        assert_eq!(found(&[own(0, 9), heard(20), own(31 * minute, 9)]), [(20, 1, -60)]);
    }
}
