//! Who was near whom, as it forms: exposure windows of every sender at every receiver, while events come.
//!
//! A sender is a phone with a lab key, the station of which the log tells what it broadcast, the person of a published key,
//! or, where nothing of that is known, a single identifier. The windows are those of
//! [`windows`](crate::lab::sightings::windows::windows); the same events give the same windows, however they are split.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;

use super::published::Published;
use crate::lab::advert::StationId;
use crate::lab::beacon::Family;
use crate::lab::calibration::ProfileTable;
use crate::lab::crypto::Metadata;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::ledger::{Record, hash_rpi};
use crate::lab::matching::is_in_time;
use crate::lab::session::Session;
use crate::lab::sightings::keyed::{REPLAY_SECONDS, TX_POWER_DBM, enin};
use crate::lab::sightings::windows::{Forming, Window};
use crate::lab::sightings::{Sighting, Sightings};
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::Dbm;

/// Identifiers kept at a receiver; of more, those silent longest go that nobody is known to be.
const MOST_IDENTIFIERS: usize = 20_000;
/// Identifiers that stations broadcast themselves, kept.
const MOST_OWN: usize = 100_000;
/// Sightings kept of an identifier of nobody, so that they can be given to who it turns out to be: of one, and of all.
const MOST_RAW: usize = 128;
/// See [`MOST_RAW`].
const MOST_RAW_IN_ALL: usize = 200_000;

/// Who broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A phone of the lab, by its name.
    Lab(Box<str>),
    /// The person of a published key, by the key's number.
    Published(usize),
    /// A station whose own log tells it.
    Station(StationId),
    /// Nobody who is known.
    Unknown(Rpi),
}

/// One sender at one receiver.
#[derive(Clone, Debug)]
pub struct Encounter<'a> {
    /// Who heard.
    pub receiver: StationId,
    /// Who was heard.
    pub who: &'a Who,
    /// The windows, in order of time; the last one may go on.
    pub windows: Vec<Window>,
}

/// All encounters so far.
#[derive(Clone, Debug, Default)]
pub struct Encounters {
    receivers: BTreeMap<StationId, Receiver>,
    own: BTreeMap<Rpi, StationId>,
    /// Phones of the lab and stations of which a key was published, with its number.
    reported: BTreeMap<Who, usize>,
    /// Sightings kept of identifiers of nobody.
    raw: usize,
    version: u64,
    left_out: u64,
}

#[derive(Clone, Debug, Default)]
struct Receiver {
    sightings: Sightings,
    starts: u32,
    identifiers: Vec<Identifier>,
    /// Places of identifiers, by identifier.
    index: HashTable<u32>,
    /// `None` for who turned out to be somebody else.
    people: Vec<Option<(Who, Forming)>>,
    /// Places of people, by who they are.
    places: BTreeMap<Who, usize>,
    /// How many identifiers there were when it was looked whose keys were published.
    n_noted: usize,
    /// The edition of the calibration list; empty before anybody was heard.
    edition: String,
    /// Correction of its levels, in dB.
    correction_db: i32,
}

/// An identifier that was heard at a receiver. Small, as there are many and each report needs one.
#[derive(Clone, Debug)]
struct Identifier {
    rpi: Rpi,
    /// Whose it is: the place among the people.
    person: usize,
    /// Its interval, where the key is known.
    enin: Option<Enin>,
    /// The first second of it that counted.
    first: Option<i64>,
    power: Power,
    latest: UnixMicros,
    /// While nobody is known to be it, and there is room.
    raw: Option<Vec<Raw>>,
}

/// The TX power that holds for some metadata.
#[derive(Clone, Copy, Debug, Default)]
struct Power {
    /// Of which metadata; `None`: it is not known yet.
    aem: Option<Aem>,
    /// At how many marks.
    n_marks: usize,
    /// `None` where sightings do not count.
    dbm: Option<i32>,
}

/// A sighting without its identifier.
#[derive(Clone, Copy, Debug)]
struct Raw {
    at: UnixMicros,
    previous_scan: Option<UnixMicros>,
    aem: Option<Aem>,
    rssi: Dbm,
}

/// What tells who broadcast what.
#[derive(Clone, Copy)]
struct Context<'a> {
    session: &'a Session,
    published: &'a Published,
    own: &'a BTreeMap<Rpi, StationId>,
    n_marks: usize,
}

impl Encounters {
    /// Takes the next events, which the session has taken already.
    pub fn take(&mut self, events: &[CaptureEvent], session: &Session, published: &Published) {
        for event in events {
            if let CaptureEvent::Other(other) = event
                && let EventKind::OwnData { data, .. } = &other.kind
                && let Some(frame) = gaen::decode(data)
                && self.own.len() < MOST_OWN
            {
                self.own.insert(frame.rpi, other.station);
            }
            self.receivers.entry(event.station()).or_default().sightings.take(event);
        }
        let n_marks = session.marks().count();
        let (own, raw) = (&self.own, &mut self.raw);
        let context = Context {
            session,
            published,
            own,
            n_marks,
        };
        for (station, receiver) in &mut self.receivers {
            let taken = receiver.settle(*station, context, raw, &mut self.left_out);
            if taken {
                self.version += 1;
                receiver.note_reported(published, &mut self.reported);
            }
        }
    }

    /// Gives identifiers of nobody to those whose keys have been found meanwhile.
    pub fn attribute(&mut self, session: &Session, published: &Published) {
        let context = Context {
            session,
            published,
            own: &self.own,
            n_marks: session.marks().count(),
        };
        for (station, receiver) in &mut self.receivers {
            self.left_out += receiver.attribute(*station, context, &mut self.raw);
            receiver.n_noted = 0;
            receiver.note_reported(published, &mut self.reported);
        }
        self.version += 1;
    }

    /// The number of the published key of a sender, if one was published.
    #[must_use]
    pub fn key_of(&self, who: &Who) -> Option<usize> {
        match who {
            Who::Published(number) => Some(*number),
            known => self.reported.get(known).copied(),
        }
    }

    /// Every sender at every receiver.
    pub fn iter(&self) -> impl Iterator<Item = Encounter<'_>> {
        self.receivers.iter().flat_map(|(receiver, all)| {
            let with_windows = all.people.iter().flatten().map(|(who, forming)| Encounter {
                receiver: *receiver,
                who,
                windows: forming.windows(),
            });
            // Of some nothing counted yet.
            with_windows.filter(|encounter| !encounter.windows.is_empty())
        })
    }

    /// The edition of the calibration list that is used, of the first receiver that heard somebody.
    #[must_use]
    pub fn edition(&self) -> Option<&str> {
        let mut editions = self.receivers.values().map(|receiver| receiver.edition.as_str());
        editions.find(|edition| !edition.is_empty())
    }

    /// Changes whenever the encounters may have.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Identifiers that were too many to keep, or too long ago to be given to whom they turned out to be.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Receiver {
    /// Puts what is certain by now into windows; whether there was anything.
    fn settle(&mut self, station: StationId, context: Context<'_>, raw: &mut usize, left_out: &mut u64) -> bool {
        if self.starts != self.sightings.starts() {
            *raw -= self.identifiers.iter().map(Identifier::n_raw).sum::<usize>();
            *self = Self {
                starts: self.sightings.starts(),
                sightings: std::mem::take(&mut self.sightings),
                ..Self::default()
            };
        }
        let settled: Vec<Sighting> = self.sightings.settled().filter(|found| found.aem.is_some()).collect();
        if settled.is_empty() {
            return false;
        }
        let table = context.session.profiles(station);
        self.edition.clone_from(&table.edition);
        let model = context.session.stations().get(usize::from(station.0));
        let profile = table.receiver(model.map_or("", |station| &station.model));
        self.correction_db = i32::from(profile.rssi_correction_db);
        for sighting in &settled {
            let place = if let Some(place) = self.place(sighting.rpi, context) {
                place
            } else {
                if self.identifiers.len() >= MOST_IDENTIFIERS {
                    *left_out += self.forget(raw, context);
                }
                self.meet(sighting, station, context)
            };
            self.put(place, sighting, station, context, raw);
        }
        true
    }

    fn place(&self, rpi: Rpi, context: Context<'_>) -> Option<usize> {
        let is_it = |place: &u32| {
            self.identifiers
                .get(*place as usize)
                .is_some_and(|other| other.rpi == rpi)
        };
        let hash = hash_rpi(rpi, context.session.hash_seed());
        self.index.find(hash, is_it).map(|place| *place as usize)
    }

    /// Takes in an identifier that was not heard before; gives its place.
    fn meet(&mut self, sighting: &Sighting, receiver: StationId, context: Context<'_>) -> usize {
        let rpi = sighting.rpi;
        let lab = context.session.known(Some(rpi), None);
        let published = context.published.find(rpi);
        let own = context.own.get(&rpi).filter(|station| **station != receiver);
        let (who, enin) = match (lab, published, own) {
            (Some(known), ..) => (Who::Lab(known.device.into()), Some(known.enin)),
            (None, Some((number, enin)), _) => (Who::Published(number), Some(enin)),
            (None, None, Some(station)) => (Who::Station(*station), None),
            (None, None, None) => (Who::Unknown(rpi), None),
        };
        let raw = matches!(who, Who::Unknown(_)).then(Vec::new);
        let identifier = Identifier {
            rpi,
            person: self.person(who),
            enin,
            first: None,
            power: Power::default(),
            latest: sighting.at,
            raw,
        };
        self.identifiers.push(identifier);
        let place = self.identifiers.len() - 1;
        self.index_last(context);
        place
    }

    fn index_last(&mut self, context: Context<'_>) {
        let seed = context.session.hash_seed();
        let Some(last) = self.identifiers.last() else { return };
        // There are never more than `MOST_IDENTIFIERS`.
        let place = u32::try_from(self.identifiers.len() - 1).unwrap_or(u32::MAX);
        let identifiers = &self.identifiers;
        let hash = |place: &u32| {
            identifiers
                .get(*place as usize)
                .map_or(0, |other| hash_rpi(other.rpi, seed))
        };
        self.index.insert_unique(hash_rpi(last.rpi, seed), place, hash);
    }

    /// The place of a person, who may be new.
    fn person(&mut self, who: Who) -> usize {
        *self.places.entry(who).or_insert_with_key(|who| {
            self.people.push(Some((who.clone(), Forming::default())));
            self.people.len() - 1
        })
    }

    fn put(&mut self, place: usize, sighting: &Sighting, station: StationId, context: Context<'_>, raw: &mut usize) {
        let table = context.session.profiles(station);
        let Some(identifier) = self.identifiers.get_mut(place) else {
            return;
        };
        let Some(Some((who, forming))) = self.people.get_mut(identifier.person) else {
            return;
        };
        identifier.latest = identifier.latest.max(sighting.at);
        identifier.keep(sighting, raw);
        if !identifier.is_in_time(sighting) {
            return;
        }
        // It changes neither from one sighting to the next nor, mostly, at all.
        let power = identifier.power;
        if power.aem != sighting.aem || power.n_marks != context.n_marks {
            identifier.power = Power {
                aem: sighting.aem,
                n_marks: context.n_marks,
                dbm: context.tx_power(who, sighting, station, table),
            };
        }
        if let Some(tx_power) = identifier.power.dbm {
            let level = i32::from(sighting.rssi.0) + self.correction_db;
            forming.take(sighting, (tx_power - level).max(0));
        }
    }

    /// Gives identifiers of nobody away; how many could not be, as too much of them is gone.
    fn attribute(&mut self, station: StationId, context: Context<'_>, raw: &mut usize) -> u64 {
        let (mut again, mut lost) = (Vec::new(), 0);
        for place in 0..self.identifiers.len() {
            let Some(identifier) = self.identifiers.get_mut(place) else {
                continue;
            };
            let (rpi, before) = (identifier.rpi, identifier.person);
            let is_nobody = matches!(self.people.get(before), Some(Some((Who::Unknown(_), _))));
            let Some((number, enin)) = context.published.find(rpi).filter(|_| is_nobody) else {
                continue;
            };
            *raw -= identifier.n_raw();
            let Some(sightings) = identifier.raw.take() else {
                lost += 1;
                continue;
            };
            (identifier.enin, identifier.first, identifier.power) = (Some(enin), None, Power::default());
            self.places.remove(&Who::Unknown(rpi));
            if let Some(person) = self.people.get_mut(before) {
                *person = None;
            }
            let person = self.person(Who::Published(number));
            if let Some(identifier) = self.identifiers.get_mut(place) {
                identifier.person = person;
            }
            again.extend(sightings.iter().map(|sighting| (place, sighting.of(rpi))));
        }
        again.sort_by_key(|(_, sighting)| sighting.at);
        for (place, sighting) in &again {
            self.put(*place, sighting, station, context, raw);
        }
        lost
    }

    /// Notes who of the known ones has a published key.
    fn note_reported(&mut self, published: &Published, reported: &mut BTreeMap<Who, usize>) {
        if published.is_empty() || self.n_noted == self.identifiers.len() {
            return;
        }
        self.n_noted = self.identifiers.len();
        for identifier in &self.identifiers {
            if let Some(Some((who @ (Who::Lab(_) | Who::Station(_)), _))) = self.people.get(identifier.person)
                && let Some((number, _)) = published.find(identifier.rpi)
            {
                reported.insert(who.clone(), number);
            }
        }
    }

    /// Makes room: of the identifiers of nobody the half that was silent longest goes, and its people.
    fn forget(&mut self, raw: &mut usize, context: Context<'_>) -> u64 {
        let is_nobody = |people: &[Option<(Who, Forming)>], identifier: &Identifier| {
            matches!(people.get(identifier.person), Some(Some((Who::Unknown(_), _))))
        };
        let nobody = self
            .identifiers
            .iter()
            .filter(|identifier| is_nobody(&self.people, identifier));
        let mut silent: Vec<(UnixMicros, Rpi)> = nobody.map(|identifier| (identifier.latest, identifier.rpi)).collect();
        silent.sort_unstable();
        silent.truncate(silent.len().div_ceil(2));
        let goes: BTreeSet<Rpi> = silent.into_iter().map(|(_, rpi)| rpi).collect();
        let mut people = std::mem::take(&mut self.people);
        self.places.clear();
        self.index.clear();
        // A person may have several identifiers.
        let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
        for mut identifier in std::mem::take(&mut self.identifiers) {
            if goes.contains(&identifier.rpi) {
                *raw -= identifier.n_raw();
                continue;
            }
            let before = identifier.person;
            if let Some(person) = people.get_mut(before).and_then(Option::take) {
                moved.insert(before, self.people.len());
                self.places.insert(person.0.clone(), self.people.len());
                self.people.push(Some(person));
            }
            identifier.person = moved.get(&before).copied().unwrap_or(usize::MAX);
            self.identifiers.push(identifier);
            self.index_last(context);
        }
        goes.len() as u64
    }
}

impl Identifier {
    fn n_raw(&self) -> usize {
        self.raw.as_ref().map_or(0, Vec::len)
    }

    fn keep(&mut self, sighting: &Sighting, in_all: &mut usize) {
        let Some(raw) = &mut self.raw else { return };
        if raw.len() >= MOST_RAW || *in_all >= MOST_RAW_IN_ALL {
            *in_all -= raw.len();
            self.raw = None;
        } else {
            raw.push(Raw {
                at: sighting.at,
                previous_scan: sighting.previous_scan,
                aem: sighting.aem,
                rssi: sighting.rssi,
            });
            *in_all += 1;
        }
    }

    /// Whether a sighting counts by its time: see [`counted`](crate::lab::sightings::keyed::counted).
    fn is_in_time(&mut self, sighting: &Sighting) -> bool {
        let Some(of) = self.enin else { return true };
        if !enin(sighting.at).is_some_and(|seen| is_in_time(of, seen)) {
            return false;
        }
        let second = sighting.at.whole_seconds();
        second - *self.first.get_or_insert(second) <= REPLAY_SECONDS
    }
}

impl Raw {
    fn of(self, rpi: Rpi) -> Sighting {
        Sighting {
            at: self.at,
            rpi,
            aem: self.aem,
            rssi: self.rssi,
            previous_scan: self.previous_scan,
        }
    }
}

impl Context<'_> {
    /// The TX power of a sender, where its sightings count.
    fn tx_power(self, who: &Who, sighting: &Sighting, receiver: StationId, table: &ProfileTable) -> Option<i32> {
        let told = |metadata: Metadata| {
            let power = metadata.tx_power().0;
            TX_POWER_DBM.contains(&power).then(|| i32::from(power))
        };
        let (model, family) = match who {
            Who::Lab(_) => return told(self.session.known(Some(sighting.rpi), sighting.aem)?.metadata?),
            Who::Published(number) => {
                let derived = &self.published.key(*number)?.derived;
                return told(derived.open(sighting.rpi, sighting.aem?));
            }
            Who::Station(station) => (
                self.session.stations().get(usize::from(station.0))?.model.as_str(),
                Family::GaenAndroid,
            ),
            Who::Unknown(rpi) => {
                let ledger = self.session.ledger();
                let of_receiver = |record: &&Record| record.key().station == receiver;
                let record = ledger
                    .of_rpi(*rpi)
                    .map(|(_, record)| record)
                    .take(100)
                    .find(of_receiver);
                match record {
                    Some(record) => (self.session.model_of(record.key().address, Some(*rpi)), record.family),
                    None => ("", Family::GaenAndroid),
                }
            }
        };
        Some(i32::from(table.sender(model, family).tx_power_dbm))
    }
}

#[cfg(test)]
mod tests;
