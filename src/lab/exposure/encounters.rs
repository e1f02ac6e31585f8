//! Who was near whom, as it forms: exposure windows of every sender at every receiver, while events come.
//!
//! A sender is a phone with a lab key, the station of which the log tells what it broadcast, the person of a published key,
//! or, where nothing of that is known, a single identifier. The windows are those of
//! [`windows`](crate::lab::sightings::windows::windows); the same events give the same windows, however they are split.

use std::collections::BTreeMap;

use super::published::Published;
use crate::lab::advert::StationId;
use crate::lab::attenuation::ProfileTable;
use crate::lab::beacon::Family;
use crate::lab::crypto::Metadata;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::matching::is_in_time;
use crate::lab::session::Session;
use crate::lab::sightings::keyed::{REPLAY_SECONDS, TX_POWER_DBM, enin};
use crate::lab::sightings::windows::{Forming, Window};
use crate::lab::sightings::{Sighting, Sightings};
use crate::lab::time::{Enin, UnixMicros};

/// Identifiers kept at a receiver; of more, those silent longest go that nobody is known to be.
const MOST_IDENTIFIERS: usize = 20_000;
/// Identifiers that stations broadcast themselves, kept.
const MOST_OWN: usize = 100_000;
/// Sightings kept of an identifier of nobody, so that they can be given to who it turns out to be: of one, and of all.
const MOST_RAW: usize = 256;
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
#[derive(Clone, Copy, Debug)]
pub struct Encounter<'a> {
    /// Who heard.
    pub receiver: StationId,
    /// Who was heard.
    pub who: &'a Who,
    /// The windows, in order of time; the last one may go on.
    pub windows: &'a [Window],
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
    identifiers: BTreeMap<Rpi, Identifier>,
    people: BTreeMap<Who, Forming>,
    /// How many identifiers there were when it was looked whose keys were published.
    n_noted: usize,
    /// The calibration list of its time.
    table: Option<&'static ProfileTable>,
}

#[derive(Clone, Debug)]
struct Identifier {
    who: Who,
    /// Its interval, where the key is known.
    enin: Option<Enin>,
    /// The first second of it that counted.
    first: Option<i64>,
    /// The TX power that holds for these metadata, at so many marks; `None` where sightings do not count.
    power: Option<(Option<Aem>, usize, Option<i32>)>,
    latest: UnixMicros,
    /// While nobody is known to be it, and there is room.
    raw: Option<Vec<Sighting>>,
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
            all.people.iter().map(|(who, forming)| Encounter {
                receiver: *receiver,
                who,
                windows: forming.windows(),
            })
        })
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
            self.starts = self.sightings.starts();
            *raw -= self.identifiers.values().map(Identifier::n_raw).sum::<usize>();
            self.identifiers.clear();
            self.people.clear();
        }
        let settled: Vec<Sighting> = self.sightings.settled().filter(|found| found.aem.is_some()).collect();
        for sighting in &settled {
            if !self.identifiers.contains_key(&sighting.rpi) {
                if self.identifiers.len() >= MOST_IDENTIFIERS {
                    *left_out += self.forget(raw);
                }
                let identifier = Identifier::new(sighting, station, context);
                self.identifiers.insert(sighting.rpi, identifier);
            }
            self.put(sighting, station, context, raw);
        }
        !settled.is_empty()
    }

    fn put(&mut self, sighting: &Sighting, station: StationId, context: Context<'_>, raw: &mut usize) {
        let Some(identifier) = self.identifiers.get_mut(&sighting.rpi) else {
            return;
        };
        let table = *self.table.get_or_insert_with(|| ProfileTable::in_force(sighting.at));
        identifier.latest = identifier.latest.max(sighting.at);
        identifier.keep(sighting, raw);
        let Some(tx_power) = identifier.counts(sighting, station, context, table) else {
            return;
        };
        let model = context.session.stations().get(usize::from(station.0));
        let receiver = table.receiver(model.map_or("", |station| &station.model));
        let level = i32::from(sighting.rssi.0) + i32::from(receiver.rssi_correction_db);
        let attenuation_db = (tx_power - level).max(0);
        if let Some(forming) = self.people.get_mut(&identifier.who) {
            forming.take(sighting, attenuation_db);
        } else {
            let mut forming = Forming::default();
            forming.take(sighting, attenuation_db);
            self.people.insert(identifier.who.clone(), forming);
        }
    }

    /// Gives identifiers of nobody away; how many could not be, as too much of them is gone.
    fn attribute(&mut self, station: StationId, context: Context<'_>, raw: &mut usize) -> u64 {
        let (mut again, mut lost) = (Vec::new(), 0);
        let Self {
            identifiers, people, ..
        } = self;
        for (rpi, identifier) in identifiers.iter_mut() {
            let is_nobody = matches!(identifier.who, Who::Unknown(_));
            let Some((number, enin)) = context.published.find(*rpi).filter(|_| is_nobody) else {
                continue;
            };
            *raw -= identifier.n_raw();
            let Some(sightings) = identifier.raw.take() else {
                lost += 1;
                continue;
            };
            people.remove(&identifier.who);
            *identifier = Identifier {
                who: Who::Published(number),
                enin: Some(enin),
                first: None,
                power: None,
                latest: identifier.latest,
                raw: None,
            };
            again.extend(sightings);
        }
        again.sort_by_key(|sighting| sighting.at);
        for sighting in &again {
            self.put(sighting, station, context, raw);
        }
        lost
    }

    /// Notes who of the known ones has a published key.
    fn note_reported(&mut self, published: &Published, reported: &mut BTreeMap<Who, usize>) {
        if published.is_empty() || self.n_noted == self.identifiers.len() {
            return;
        }
        self.n_noted = self.identifiers.len();
        for (rpi, identifier) in &self.identifiers {
            if matches!(identifier.who, Who::Lab(_) | Who::Station(_))
                && let Some((number, _)) = published.find(*rpi)
            {
                reported.insert(identifier.who.clone(), number);
            }
        }
    }

    /// Makes room: of the identifiers of nobody the half that was silent longest goes.
    fn forget(&mut self, raw: &mut usize) -> u64 {
        let nobody = self
            .identifiers
            .iter()
            .filter(|(_, identifier)| matches!(identifier.who, Who::Unknown(_)));
        let mut silent: Vec<(UnixMicros, Rpi)> = nobody.map(|(rpi, identifier)| (identifier.latest, *rpi)).collect();
        silent.sort_unstable();
        silent.truncate(silent.len().div_ceil(2));
        for (_, rpi) in &silent {
            if let Some(identifier) = self.identifiers.remove(rpi) {
                *raw -= identifier.n_raw();
                self.people.remove(&identifier.who);
            }
        }
        silent.len() as u64
    }
}

impl Identifier {
    fn new(sighting: &Sighting, receiver: StationId, context: Context<'_>) -> Self {
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
        Self {
            who,
            enin,
            first: None,
            power: None,
            latest: sighting.at,
            raw,
        }
    }

    fn n_raw(&self) -> usize {
        self.raw.as_ref().map_or(0, Vec::len)
    }

    fn keep(&mut self, sighting: &Sighting, in_all: &mut usize) {
        let Some(raw) = &mut self.raw else { return };
        if raw.len() >= MOST_RAW || *in_all >= MOST_RAW_IN_ALL {
            *in_all -= raw.len();
            self.raw = None;
        } else {
            raw.push(*sighting);
            *in_all += 1;
        }
    }

    /// The TX power of the sender, where the sighting counts.
    fn counts(
        &mut self,
        sighting: &Sighting,
        receiver: StationId,
        context: Context<'_>,
        table: &ProfileTable,
    ) -> Option<i32> {
        if let Some(of) = self.enin {
            if !enin(sighting.at).is_some_and(|seen| is_in_time(of, seen)) {
                return None;
            }
            let second = sighting.at.whole_seconds();
            if second - *self.first.get_or_insert(second) > REPLAY_SECONDS {
                return None;
            }
        }
        // Neither changes from one sighting to the next.
        if let Some((aem, n_marks, power)) = self.power
            && aem == sighting.aem
            && n_marks == context.n_marks
        {
            return power;
        }
        let power = self.tx_power(sighting, receiver, context, table);
        self.power = Some((sighting.aem, context.n_marks, power));
        power
    }

    fn tx_power(
        &self,
        sighting: &Sighting,
        receiver: StationId,
        context: Context<'_>,
        table: &ProfileTable,
    ) -> Option<i32> {
        let told = |metadata: Metadata| {
            let power = metadata.tx_power().0;
            TX_POWER_DBM.contains(&power).then(|| i32::from(power))
        };
        let (model, family) = match &self.who {
            Who::Lab(_) => return told(context.session.known(Some(sighting.rpi), sighting.aem)?.metadata?),
            Who::Published(number) => {
                let derived = &context.published.key(*number)?.derived;
                return told(derived.open(sighting.rpi, sighting.aem?));
            }
            Who::Station(station) => (
                context.session.stations().get(usize::from(station.0))?.model.as_str(),
                Family::GaenAndroid,
            ),
            Who::Unknown(rpi) => {
                let ledger = context.session.ledger();
                let of_receiver = |record: &&crate::lab::ledger::Record| record.key().station == receiver;
                let record = ledger
                    .of_rpi(*rpi)
                    .map(|(_, record)| record)
                    .take(100)
                    .find(of_receiver);
                match record {
                    Some(record) => (
                        context.session.model_of(record.key().address, Some(*rpi)),
                        record.family,
                    ),
                    None => ("", Family::GaenAndroid),
                }
            }
        };
        Some(i32::from(table.sender(model, family).tx_power_dbm))
    }
}

#[cfg(test)]
mod tests;
