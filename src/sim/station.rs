//! Receivers: when they listen, what they hear, what goes wrong with them.

use std::collections::{BTreeMap, VecDeque};

use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind, ResolvingEntry, StationInfo};
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

use super::addresses::identity;
use super::math::{exp_minus, float, log10, whole};
use super::models;
use super::random::Stream;
use super::scenario::{self, Radio, Scan, StationFault};
use super::walk::Vector;

/// A receiver while it runs. All times are microseconds since the Unix epoch.
pub(super) struct Station {
    pub(super) id: StationId,
    pub(super) position: Vector,
    pub(super) active: bool,
    info: StationInfo,
    correction: f64,
    noise: f64,
    step: f64,
    sensitivity: f64,
    windows: Option<Windows>,
    /// What is to happen, in order.
    agenda: VecDeque<(i64, Happening)>,
    gap: Option<(i64, String)>,
    /// What its clock shows minus what it is.
    clock_error: i64,
    /// Its resolving list, by the names of the phones that it is bonded with.
    bonds: BTreeMap<String, ResolvingEntry>,
}

struct Windows {
    stream: Stream,
    length: i64,
    every: [i64; 2],
    on: i64,
    next_on: i64,
    open: bool,
}

#[derive(Clone, Debug)]
enum Happening {
    GapBegins(String),
    GapEnds,
    Dropped(u64),
    TimeBack(i64),
}

impl Station {
    pub(super) fn new(seed: u64, idx: u16, spec: &scenario::Station, start: i64) -> Self {
        let name: &str = spec.name.as_ref();
        let mut agenda: Vec<_> = spec
            .faults
            .iter()
            .flat_map(|fault| match fault {
                StationFault::Gap { at, lasts, reason } => vec![
                    (at.micros(), Happening::GapBegins(reason.clone())),
                    (at.micros() + lasts.micros(), Happening::GapEnds),
                ],
                StationFault::Dropped { at, n } => vec![(at.micros(), Happening::Dropped(*n))],
                StationFault::TimeBack { at, by } => vec![(at.micros(), Happening::TimeBack(by.micros()))],
            })
            .map(|(at, happening)| (start + at, happening))
            .collect();
        agenda.sort_by_key(|(at, _)| *at);
        let windows = match spec.scan {
            Scan::Continuous => None,
            Scan::Windows {
                window,
                every: [shortest, longest],
            } => {
                let mut stream = Stream::new(seed, "windows", &[name]);
                let on = start + stream.between(0, shortest.micros());
                Some(Windows {
                    length: window.micros(),
                    every: [shortest.micros(), longest.micros()],
                    next_on: on,
                    on: i64::MIN,
                    open: false,
                    stream,
                })
            }
        };
        Self {
            id: StationId(idx),
            position: spec.position,
            active: spec.active,
            info: StationInfo {
                name: name.to_owned(),
                model: spec.model.clone(),
                edition: models::EDITION.to_owned(),
            },
            correction: spec.rssi_correction_db,
            noise: spec.noise_db,
            step: spec.step_db,
            sensitivity: spec.sensitivity_dbm,
            windows,
            agenda: agenda.into(),
            gap: None,
            clock_error: 0,
            bonds: bonds(seed, spec),
        }
    }

    /// Whether its controller holds the key of the phone of this name.
    pub(super) fn is_bonded(&self, phone: &str) -> bool {
        self.bonds.contains_key(phone)
    }

    /// What it reports in the place of this address of a phone.
    pub(super) fn resolved(&self, phone: &str, address: Address) -> Address {
        let is_resolvable = address.kind == AddressKind::RandomResolvable;
        match self.bonds.get(phone).filter(|_| is_resolvable) {
            Some(entry) => Address {
                bytes: entry.peer.bytes,
                kind: AddressKind::PublicIdentity,
            },
            None => address,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.info.name
    }

    /// What its clock shows at `now`.
    pub(super) const fn shown(&self, now: i64) -> UnixMicros {
        UnixMicros(now.saturating_add(self.clock_error))
    }

    /// What a station says first.
    pub(super) fn introduction(&self, now: i64) -> Vec<CaptureEvent> {
        // A window as long as the interval: it listens without pause while scanning is on.
        let parameters = EventKind::ScanParameters {
            active: self.active,
            interval: 160,
            window: 160,
        };
        let mut all = vec![EventKind::Station(self.info.clone()), parameters];
        let list = self.bonds.values().cloned();
        all.extend(list.map(|entry| EventKind::ResolvingAdd(Box::new(entry))));
        if self.windows.is_none() {
            all.push(scan(true));
        }
        all.into_iter().map(|kind| self.event(now, kind)).collect()
    }

    fn event(&self, now: i64, kind: EventKind) -> CaptureEvent {
        CaptureEvent::other(self.shown(now), self.id, kind)
    }

    /// Whether it listens at `now`.
    pub(super) fn listens(&self) -> bool {
        self.gap.is_none() && self.windows.as_ref().is_none_or(|windows| windows.open)
    }

    /// From when on it may hear something, at `at` the earliest, as far as is known now.
    pub(super) fn wakes(&self, at: i64) -> i64 {
        match &self.windows {
            Some(windows) if !windows.open || at >= windows.on + windows.length => at.max(windows.next_on),
            _ => at,
        }
    }

    /// When its state changes next.
    pub(super) fn next_change(&self) -> Option<i64> {
        let windows = self.windows.as_ref().map(|windows| {
            if windows.open {
                windows.on + windows.length
            } else {
                windows.next_on
            }
        });
        let agenda = self.agenda.front().map(|(at, _)| *at);
        windows.into_iter().chain(agenda).min()
    }

    /// Does what is due at `now`.
    pub(super) fn change(&mut self, now: i64, out: &mut Vec<CaptureEvent>) {
        while self.agenda.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((at, happening)) = self.agenda.pop_front() {
                out.extend(self.happen(at, happening));
            }
        }
        if let Some(windows) = &mut self.windows {
            let closes = windows.open && now >= windows.on + windows.length;
            if closes {
                windows.open = false;
                out.push(self.event(now, scan(false)));
            } else if !windows.open && now >= windows.next_on {
                windows.open = true;
                windows.on = windows.next_on;
                windows.next_on = windows.on + windows.stream.between(windows.every[0], windows.every[1]);
                out.push(self.event(now, scan(true)));
            }
        }
    }

    fn happen(&mut self, at: i64, happening: Happening) -> Option<CaptureEvent> {
        match happening {
            Happening::GapBegins(reason) => {
                self.gap = Some((at, reason));
                None
            }
            Happening::GapEnds => self.gap.take().map(|(from, reason)| {
                let kind = EventKind::Gap {
                    from: self.shown(from),
                    to: self.shown(at),
                    reason,
                };
                self.event(at, kind)
            }),
            Happening::Dropped(n) => Some(self.event(at, EventKind::Dropped { n })),
            Happening::TimeBack(by) => {
                self.clock_error = self.clock_error.saturating_sub(by);
                None
            }
        }
    }

    /// What is left to say at the end.
    pub(super) fn finish(&mut self, end: i64) -> Option<CaptureEvent> {
        self.happen(end, Happening::GapEnds)
    }

    /// The level at which a packet of this radiated power arrives after this attenuation; `None` when it is too weak.
    fn hear(&self, tx_power: f64, attenuation: f64, noise: f64) -> Option<Dbm> {
        let level = tx_power - attenuation - self.correction + self.noise * noise;
        let stepped = self.step * (level / self.step).round();
        let heard = level >= self.sensitivity;
        heard.then(|| Dbm(i8::try_from(whole(stepped).clamp(-127, 20)).unwrap_or(-127)))
    }
}

/// The resolving list of a station.
fn bonds(seed: u64, spec: &scenario::Station) -> BTreeMap<String, ResolvingEntry> {
    // '@' is in no name of a phone: a station's own key is no phone's.
    let (local_irk, _) = identity(seed, &format!("@{}", spec.name.as_ref()));
    let entry = |name: &String| {
        let (peer_irk, peer) = identity(seed, name);
        let local_irk = local_irk.clone();
        let entry = ResolvingEntry {
            peer,
            peer_irk,
            local_irk,
        };
        (name.clone(), entry)
    };
    spec.bonded.iter().map(entry).collect()
}

fn scan(on: bool) -> EventKind {
    EventKind::ScanEnable {
        on,
        filter_duplicates: false,
    }
}

/// The path between one broadcaster and one receiver.
pub(super) struct Link {
    stream: Stream,
    shadowing: f64,
    at: i64,
}

/// What a link adds to the path loss, and whom it loses.
pub(super) struct Transmission {
    pub(super) at: i64,
    pub(super) tx_power: f64,
    pub(super) distance: f64,
    /// Body and pocket, in dB.
    pub(super) obstruction: f64,
    /// Share lost whatever the level.
    pub(super) loss: f64,
}

impl Link {
    pub(super) fn new(seed: u64, device: &str, station: &str, at: i64) -> Self {
        let mut stream = Stream::new(seed, "radio", &[device, station]);
        Self {
            shadowing: stream.normal(),
            stream,
            at,
        }
    }

    /// One packet over the link; `None` when it is lost.
    ///
    /// Shadowing is a first-order Gauss–Markov process in time, fading is independent from packet to packet. Every
    /// packet draws the same number of random values, whatever becomes of it.
    pub(super) fn carry(&mut self, radio: &Radio, station: &Station, packet: &Transmission) -> Option<Dbm> {
        let lost = self.stream.chance(packet.loss);
        let [innovation, fading, noise] = [(); 3].map(|()| self.stream.normal());
        let elapsed = float(packet.at - self.at) / float(radio.shadowing_time.micros());
        let memory = exp_minus(elapsed);
        self.shadowing = self.shadowing * memory + innovation * (1.0 - memory * memory).sqrt();
        self.at = packet.at;
        let attenuation = path_loss(radio, packet.distance)
            + packet.obstruction
            + radio.shadowing_db * self.shadowing
            + radio.fading_db * fading;
        station.hear(packet.tx_power, attenuation, noise).filter(|_| !lost)
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.stream.chance(probability)
    }
}

/// Log-distance path loss in dB; below 10 cm as at 10 cm, where the model ends.
fn path_loss(radio: &Radio, distance: f64) -> f64 {
    radio.intercept_db + 10.0 * radio.exponent * log10(distance.max(0.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_loss_is_that_of_the_model() {
        let radio = Radio {
            intercept_db: 40.0,
            exponent: 2.0,
            ..Radio::default()
        };
        for (distance, loss) in [(1.0, 40.0), (10.0, 60.0), (2.0, 46.0206), (0.0, 20.0)] {
            assert!((path_loss(&radio, distance) - loss).abs() < 1e-4, "{distance} m");
        }
    }
}
