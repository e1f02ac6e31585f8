//! A broadcaster while it is there.

use crate::lab::advert::Hex;
use crate::lab::event::Mark;
use crate::lab::gaen::Rpi;
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::{Db, Metres};

use super::bystander::Bystander;
use super::frame::Frame;
use super::math::{float, whole};
use super::models;
use super::phone::{Birth, Phone};
use super::random::Stream;
use super::scenario::{self, Fault, Os, Place, Scenario};
use super::station::{Link, Station, Transmission};
use super::truth::{Key, Sighting, Truth};
use super::walk::{Walk, distance};

/// Longest random delay of an advertising event (Core specification, vol. 6 part B, 4.4.2.2.1: `advDelay`).
const ADV_DELAY: i64 = 10_000;

/// A broadcaster. All times are microseconds since the Unix epoch.
pub(super) struct Device {
    pub(super) name: String,
    pub(super) frame: Frame,
    pub(super) links: Vec<Link>,
    /// From when it is there.
    pub(super) from: i64,
    /// Until when.
    pub(super) until: i64,
    /// Whether truth marks go into the capture.
    pub(super) marks: bool,
    /// Whether the truth states its place regularly, and not only when it changes.
    pub(super) sampled: bool,
    pub(super) absurd: Option<(i8, f64)>,
    pub(super) duplicates: bool,
    pub(super) walk: Walk,
    model: String,
    identity: Identity,
    timing: Stream,
    interval: i64,
    tx_power: f64,
    body: f64,
    pocket: f64,
    loss: f64,
    /// Start of the scenario, from which walks count.
    start: i64,
    key_told: Option<Enin>,
}

enum Identity {
    Phone(Box<Phone>),
    Bystander(Box<Bystander>),
}

/// What phones, bystanders and the members of a crowd have in common.
pub(super) struct Common<'a> {
    pub(super) seed: u64,
    pub(super) start: i64,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) stations: &'a [Station],
}

impl Device {
    pub(super) fn phone(common: &Common<'_>, spec: &scenario::Phone) -> Self {
        let jumps = spec
            .faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::ClockJump { at, by } => Some((common.start + at.micros(), by.micros())),
                _ => None,
            })
            .collect();
        let name: &str = spec.name.as_ref();
        let tx_power = spec
            .tx_power_dbm
            .or_else(|| models::tx_power(&spec.model))
            .unwrap_or_default();
        let phone = Phone::new(Birth {
            seed: common.seed,
            name,
            os: spec.os,
            tx_power,
            faults: &spec.faults,
            from: common.from,
            first_rotation: spec.first_rotation.map(|first| common.from + first.micros()),
            jumps,
        });
        let interval_ms = spec.interval_ms.unwrap_or(usual_interval(spec.os));
        let mut device = Self::new(
            common,
            name,
            Identity::Phone(Box::new(phone)),
            &spec.place,
            interval_ms,
            tx_power,
        );
        device.model.clone_from(&spec.model);
        device.duplicates = spec.faults.contains(&Fault::DuplicateFrames);
        device.absurd = spec.faults.iter().find_map(|fault| match fault {
            Fault::AbsurdRssi { rssi_dbm, share } => Some((*rssi_dbm, *share)),
            _ => None,
        });
        device
    }

    pub(super) fn bystander(common: &Common<'_>, spec: &scenario::Bystander) -> Self {
        let bystander = Bystander::new(common.seed, spec, common.from);
        let identity = Identity::Bystander(Box::new(bystander));
        Self::new(
            common,
            spec.name.as_ref(),
            identity,
            &spec.place,
            spec.interval_ms,
            spec.tx_power_dbm,
        )
    }

    /// The `n`-th of a crowd; stays from `common.from` to `common.until` and walks straight through the area.
    pub(super) fn member(common: &Common<'_>, crowd: &scenario::Crowd, name: &str, mut stream: Stream) -> Self {
        let os = if stream.chance(crowd.android_share) {
            Os::Android
        } else {
            Os::Ios
        };
        let models: &[(&str, f64)] = if os == Os::Android {
            &models::ANDROID
        } else {
            &models::IOS
        };
        let last = i64::try_from(models.len() - 1).unwrap_or_default();
        let (model, tx_power) = models[usize::try_from(stream.between(0, last)).unwrap_or_default()];
        let phone = Phone::new(Birth {
            seed: common.seed,
            name,
            os,
            tx_power,
            faults: &[],
            from: common.from,
            first_rotation: None,
            jumps: Vec::new(),
        });
        let [x0, y0, x1, y1] = crowd.area;
        let mut point = || [stream.uniform(x0, x1), stream.uniform(y0, y1)];
        let ends = [point(), point()];
        let place = Place {
            body_db: crowd.body_db,
            loss: crowd.loss,
            ..Place::default()
        };
        let interval_ms = crowd.interval_ms.unwrap_or(usual_interval(os));
        let identity = Identity::Phone(Box::new(phone));
        let mut device = Self::new(common, name, identity, &place, interval_ms, tx_power);
        device.walk = Walk::straight(
            (common.from - common.start, ends[0]),
            (common.until - common.start, ends[1]),
        );
        model.clone_into(&mut device.model);
        device.sampled = false;
        device
    }

    fn new(
        common: &Common<'_>,
        name: &str,
        identity: Identity,
        place: &Place,
        interval_ms: f64,
        tx_power: f64,
    ) -> Self {
        let links = common
            .stations
            .iter()
            .map(|station| Link::new(common.seed, name, station.name(), common.from))
            .collect();
        let mut device = Self {
            name: name.to_owned(),
            frame: Frame::default(),
            links,
            from: common.from,
            until: common.until,
            marks: place.marks,
            sampled: true,
            absurd: None,
            duplicates: false,
            walk: Walk::of(place),
            model: String::new(),
            identity,
            timing: Stream::new(common.seed, "timing", &[name]),
            interval: whole(interval_ms * 1000.0 * (1.0 - place.clock_ppm / 1e6)),
            tx_power,
            body: place.body_db,
            pocket: place.pocket_db,
            loss: place.loss,
            start: common.start,
            key_told: None,
        };
        device.rebuild();
        device
    }

    fn rebuild(&mut self) {
        self.frame = match &self.identity {
            Identity::Phone(phone) => phone.frame(),
            Identity::Bystander(bystander) => bystander.frame(),
        };
    }

    /// The first transmission after `from`.
    pub(super) fn first_transmission(&mut self, from: i64) -> i64 {
        from + self.timing.between(0, self.interval)
    }

    /// The transmission after the one at `now`; none needs to be made before `wake`, when somebody listens again.
    pub(super) fn next_transmission(&mut self, now: i64, wake: impl Fn(i64) -> i64) -> i64 {
        let next = now + self.interval + self.timing.between(0, ADV_DELAY);
        // Unheard transmissions are passed over all at once, at their mean distance.
        let unheard = self.interval + ADV_DELAY / 2;
        next + (wake(next) - next).max(0) / unheard * unheard
    }

    pub(super) fn next_change(&self) -> i64 {
        match &self.identity {
            Identity::Phone(phone) => phone.next_change(),
            Identity::Bystander(bystander) => bystander.next_change(),
        }
    }

    pub(super) fn change(&mut self, now: i64) {
        match &mut self.identity {
            Identity::Phone(phone) => phone.change(now),
            Identity::Bystander(bystander) => bystander.change(now),
        }
        self.rebuild();
    }

    /// What a station needs to hear the packet sent at `now`.
    pub(super) fn transmission(&self, now: i64, station: &Station) -> Transmission {
        let offset = now - self.start;
        let body = if self.body > 0.0 {
            self.body * self.walk.body_share(offset, station.position)
        } else {
            0.0
        };
        Transmission {
            at: now,
            tx_power: self.tx_power,
            distance: distance(self.walk.position(offset), station.position),
            obstruction: body + self.pocket,
            loss: self.loss,
        }
    }

    /// The truth at `now`: a row for each station, before them the key if it is new.
    pub(super) fn truth(&mut self, now: i64, stations: &[Station]) -> Vec<Truth> {
        let mut all = Vec::with_capacity(stations.len() + 1);
        if let Identity::Phone(phone) = &self.identity {
            let (tek, rolling_start) = phone.key();
            if self.key_told != Some(rolling_start) {
                self.key_told = Some(rolling_start);
                all.push(Truth::Key(Key {
                    device: self.name.clone(),
                    model: self.model.clone(),
                    tek: tek.clone(),
                    rolling_start,
                }));
            }
        }
        all.extend(stations.iter().map(|station| {
            let packet = self.transmission(now, station);
            Truth::Sighting(Sighting {
                at: UnixMicros(now),
                station: station.name().to_owned(),
                device: self.name.clone(),
                model: self.model.clone(),
                rpi: self.identifier(),
                address: self.frame.address,
                distance: Metres(packet.distance),
                obstruction: Db(packet.obstruction),
            })
        }));
        all
    }

    fn identifier(&self) -> Option<(Rpi, Enin)> {
        match &self.identity {
            Identity::Phone(phone) => Some((phone.rpi(), phone.enin())),
            Identity::Bystander(_) => None,
        }
    }

    /// The mark that holds from `now` on, if it stands still: until it walks, changes its identity or is gone.
    pub(super) fn mark(&self, now: i64, end: i64, station: &Station) -> Option<Mark> {
        let stands_until = self.walk.stands_until(now - self.start)?.saturating_add(self.start);
        let to = stands_until.min(self.next_change()).min(self.until).min(end);
        let packet = self.transmission(now, station);
        let device = self.identifier().map_or_else(
            || self.frame.address.to_string(),
            |(rpi, _)| Hex(&rpi.0[..4]).to_string(),
        );
        Some(Mark {
            from: station.shown(now),
            to: Some(station.shown(to)),
            device,
            model: self.model.clone(),
            distance: Some(Metres(float(whole(packet.distance * 1000.0)) / 1000.0)),
            orientation: String::new(),
            obstacle: if packet.obstruction > 0.0 {
                format!("{:.1} dB", packet.obstruction)
            } else {
                String::new()
            },
            note: self.name.clone(),
        })
    }
}

/// The interval that the phones' own software asks for; iOS as measured.
const fn usual_interval(os: Os) -> f64 {
    match os {
        Os::Android => 250.0,
        Os::Ios => 270.0,
    }
}

/// Phones and bystanders of a scenario by name, so that their order in the file does not matter.
pub(super) fn by_name(scenario: &Scenario) -> Vec<Spec<'_>> {
    let phones = scenario.phones.iter().map(Spec::Phone);
    let bystanders = scenario.bystanders.iter().map(Spec::Bystander);
    let mut all: Vec<_> = phones.chain(bystanders).collect();
    all.sort_by(|a, b| a.name().cmp(b.name()));
    all
}

/// A phone or a bystander of a scenario.
#[derive(Clone, Copy)]
pub(super) enum Spec<'a> {
    Phone(&'a scenario::Phone),
    Bystander(&'a scenario::Bystander),
}

impl Spec<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.name.as_ref(),
            Self::Bystander(bystander) => bystander.name.as_ref(),
        }
    }

    pub(super) const fn place(&self) -> &Place {
        match self {
            Self::Phone(phone) => &phone.place,
            Self::Bystander(bystander) => &bystander.place,
        }
    }

    pub(super) fn build(&self, common: &Common<'_>) -> Device {
        match self {
            Self::Phone(phone) => Device::phone(common, phone),
            Self::Bystander(bystander) => Device::bystander(common, bystander),
        }
    }
}
