//! A broadcaster while it is there.

use crate::lab::advert::Hex;
use crate::lab::event::Mark;
use crate::lab::gaen::Rpi;
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::{Db, Metres};

use super::addresses;
use super::beside::{Companion, Relay};
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
    /// The phone whose addresses it sends, which bonded stations resolve.
    pub(super) resolves_as: String,
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
    Companion(Box<Companion>),
    Relay(Box<Relay>),
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
        let name: &str = spec.name.as_ref();
        let tx_power = tx_power(spec);
        let phone = Phone::new(birth(common, spec));
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

    /// Another beacon of a phone, the `number`-th.
    pub(super) fn companion(
        common: &Common<'_>,
        of: &scenario::Phone,
        number: usize,
        spec: &scenario::Companion,
    ) -> Self {
        // '+' is in no name of a scenario.
        let name = format!("{}+{number}", of.name.as_ref());
        let companion = Companion::new(common.seed, &name, spec, Phone::new(birth(common, of)), common.from);
        let identity = Identity::Companion(Box::new(companion));
        let mut device = Self::new(common, &name, identity, &of.place, spec.interval_ms, tx_power(of));
        device.marks = false;
        of.name.as_ref().clone_into(&mut device.resolves_as);
        device
    }

    /// A device that sends the frames of `of` on.
    pub(super) fn relay(common: &Common<'_>, of: &scenario::Phone, spec: &scenario::Relay) -> Self {
        let phone = Phone::new(birth(
            &Common {
                from: common.start + of.place.from.micros(),
                ..*common
            },
            of,
        ));
        let identity = Identity::Relay(Box::new(Relay::new(common.seed, spec, phone)));
        let name: &str = spec.name.as_ref();
        let mut device = Self::new(common, name, identity, &spec.place, spec.interval_ms, spec.tx_power_dbm);
        of.name.as_ref().clone_into(&mut device.resolves_as);
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
            irk: None,
            pause: None,
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
            resolves_as: name.to_owned(),
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
            Identity::Companion(companion) => companion.frame(),
            Identity::Relay(relay) => relay.frame(),
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
            Identity::Companion(companion) => companion.next_change(),
            Identity::Relay(relay) => relay.next_change(),
        }
    }

    pub(super) fn change(&mut self, now: i64) {
        match &mut self.identity {
            Identity::Phone(phone) => phone.change(now),
            Identity::Bystander(bystander) => bystander.change(now),
            Identity::Companion(companion) => companion.change(now),
            Identity::Relay(relay) => relay.change(now),
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
            Identity::Phone(phone) => phone.rpi().map(|rpi| (rpi, phone.enin())),
            // What a relay sends is the identifier of the phone that it hears.
            Identity::Bystander(_) | Identity::Companion(_) | Identity::Relay(_) => None,
        }
    }

    /// Whether it sends nothing just now.
    pub(super) fn is_silent(&self, now: i64) -> bool {
        match &self.identity {
            Identity::Phone(phone) => phone.is_silent(now),
            Identity::Relay(relay) => relay.is_silent(now),
            Identity::Bystander(_) | Identity::Companion(_) => false,
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

fn tx_power(spec: &scenario::Phone) -> f64 {
    spec.tx_power_dbm
        .or_else(|| models::tx_power(&spec.model))
        .unwrap_or_default()
}

/// What a phone is when it starts to broadcast, at `common.from`; the same whoever asks.
fn birth<'a>(common: &Common<'_>, spec: &'a scenario::Phone) -> Birth<'a> {
    let name: &str = spec.name.as_ref();
    let jumps = spec.faults.iter().filter_map(|fault| match fault {
        Fault::ClockJump { at, by } => Some((common.start + at.micros(), by.micros())),
        _ => None,
    });
    let is_bonded = common.stations.iter().any(|station| station.is_bonded(name));
    Birth {
        seed: common.seed,
        name,
        os: spec.os,
        tx_power: tx_power(spec),
        faults: &spec.faults,
        from: common.from,
        first_rotation: spec.first_rotation.map(|first| common.from + first.micros()),
        jumps: jumps.collect(),
        irk: is_bonded.then(|| addresses::identity(common.seed, name).0),
        pause: spec.pause_at_rotation.map(|pause| pause.map(scenario::Span::micros)),
    }
}

/// Broadcasters of a scenario by name, so that their order in the file does not matter.
pub(super) fn by_name(scenario: &Scenario) -> Vec<Spec<'_>> {
    let phones = scenario.phones.iter().map(Spec::Phone);
    let bystanders = scenario.bystanders.iter().map(Spec::Bystander);
    let mut all: Vec<_> = phones.chain(bystanders).collect();
    all.sort_by(|a, b| a.name().cmp(b.name()));
    // Those that belong to a phone come after all others, whose numbers stay as they are.
    let mut companions = Vec::new();
    for spec in &all {
        if let Spec::Phone(phone) = spec {
            let numbered = (1..).zip(&phone.companions);
            companions.extend(numbered.map(|(number, companion)| Spec::Companion(phone, number, companion)));
        }
    }
    let mut relays: Vec<_> = scenario
        .relays
        .iter()
        .filter_map(|relay| {
            let of = scenario
                .phones
                .iter()
                .find(|phone| *phone.name.as_ref() == relay.hears)?;
            Some(Spec::Relay(of, relay))
        })
        .collect();
    relays.sort_by(|a, b| a.name().cmp(b.name()));
    all.into_iter().chain(companions).chain(relays).collect()
}

/// A broadcaster of a scenario.
#[derive(Clone, Copy)]
pub(super) enum Spec<'a> {
    Phone(&'a scenario::Phone),
    Bystander(&'a scenario::Bystander),
    /// Of a phone, by its number.
    Companion(&'a scenario::Phone, usize, &'a scenario::Companion),
    /// Of the phone that it hears.
    Relay(&'a scenario::Phone, &'a scenario::Relay),
}

impl Spec<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Phone(phone) | Self::Companion(phone, ..) => phone.name.as_ref(),
            Self::Bystander(bystander) => bystander.name.as_ref(),
            Self::Relay(_, relay) => relay.name.as_ref(),
        }
    }

    /// From when until when it is there, since the start; `None`: until the end.
    pub(super) fn stay(&self) -> (i64, Option<i64>) {
        let of = |place: &Place| (place.from.micros(), place.until.map(scenario::Span::micros));
        match self {
            Self::Phone(phone) | Self::Companion(phone, ..) => of(&phone.place),
            Self::Bystander(bystander) => of(&bystander.place),
            Self::Relay(phone, relay) => {
                let ((heard, gone), (from, until)) = (of(&phone.place), of(&relay.place));
                let after = relay.after.micros();
                let last = gone.map(|gone| gone + after);
                let until = match (last, until) {
                    (Some(last), Some(until)) => Some(last.min(until)),
                    (last, until) => last.or(until),
                };
                (from.max(heard + after), until)
            }
        }
    }

    pub(super) fn build(&self, common: &Common<'_>) -> Device {
        match self {
            Self::Phone(phone) => Device::phone(common, phone),
            Self::Bystander(bystander) => Device::bystander(common, bystander),
            Self::Companion(phone, number, companion) => Device::companion(common, phone, *number, companion),
            Self::Relay(phone, relay) => Device::relay(common, phone, relay),
        }
    }
}
