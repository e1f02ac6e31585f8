//! What is kept of a capture for the audit, gathered in one pass and in bounded memory.
//!
//! Everything is kept per station: stations' files may come one after the other, in any order, and each keeps its own
//! clock. What belongs together over stations is joined when it is judged (see [`Case`](super::Case)).

mod apple;
mod look;
mod pair;
mod station;

use std::collections::BTreeMap;

use hashbrown::HashTable;

pub use apple::{AppleTrack, Token};
pub use look::{Look, LookFacts, LookSet};
pub use pair::Pair;
pub use station::Station;

use super::verdict::Sight;
use crate::lab::advert::{Advertisement, Payload, PduType, StationId};
use crate::lab::beacon::{self, Family};
use crate::lab::crypto::Metadata;
use crate::lab::event::{CaptureEvent, Event, EventKind, ResolvingEntry};
use crate::lab::gaen::{self, Rpi};
use crate::lab::ledger::{PackedKey, TrackKey, hash_rpi, mix};
use crate::lab::own::OwnLog;
use crate::lab::units::Dbm;
use look::Looks;

/// Identifiers under addresses that are kept; further ones are counted only.
const MOST_PAIRS: usize = 250_000;
/// Addresses that are kept; further ones are counted only.
const MOST_ADDRESSES: usize = 500_000;
/// Entries of resolving lists that are kept.
const MOST_RESOLVING: usize = 100_000;
/// Settings back of a station's clock that are told apart.
const MOST_SETTINGS: u32 = 64;
/// Devices with Apple's messages that are kept.
const MOST_APPLE: usize = 50_000;

/// Who broadcasts an identifier, where that is known: from a phone's own log, from lab keys, from truth.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its name, not neutralised.
    pub name: String,
    /// Its model, not neutralised; empty where unknown.
    pub model: String,
}

/// Other advertisements, or scan responses with content, under an address that also carries exposure notifications.
#[derive(Clone, Debug)]
pub struct Company {
    /// How many reports.
    pub n: u64,
    /// The first and the last of them.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
    /// The first's payload.
    pub payload: Payload,
    /// Its family.
    pub family: Family,
}

/// An address at a station.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Which.
    pub key: TrackKey,
    /// Advertisements under it that are no exposure notifications.
    pub others: Option<Box<Company>>,
    /// Scan responses under it that have content.
    pub responses: Option<Box<Company>>,
    /// Whether exposure notifications were heard under it.
    pub has_gaen: bool,
    /// Its track of Apple's messages.
    apple: Option<u32>,
    /// Payload and PDU type of the latest report, and what they were found to be.
    latest: Payload,
    pdu: PduType,
    is: Is,
}

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// Not looked at yet.
    New,
    /// An exposure notification of this pair, with this look.
    Gaen(u32, u8),
    /// An exposure notification without an identifier.
    Broken(u8),
    /// Apple's messages, of this track.
    Apple(u32),
    /// Anything else.
    Other,
    /// An exposure notification that there is no room for.
    LeftOut,
}

/// All that an audit judges from.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Names of the captures, in order.
    pub captures: Vec<String>,
    /// Receivers, by the number of their [`StationId`].
    pub stations: Vec<Station>,
    /// Identifiers under addresses, in order of first hearing within each station.
    pub pairs: Vec<Pair>,
    /// Devices with Apple's messages.
    pub apple: Vec<AppleTrack>,
    /// What stations broadcast themselves.
    pub own: OwnLog,
    /// Entries of the stations' resolving lists that have a key, each once. Secrets: never printed.
    pub resolving: Vec<(StationId, ResolvingEntry)>,
    /// Identifiers whose broadcaster is known from outside the captures.
    pub owners: BTreeMap<Rpi, Owner>,
    /// Decrypted metadata of identifiers whose key is known.
    pub known: BTreeMap<Rpi, Metadata>,
    /// Where stations stand, by name of the place, as far as it was told.
    pub places: BTreeMap<StationId, String>,
    /// TX powers of the models of a calibration list, one for each model.
    pub tx_powers: Vec<Dbm>,
    /// Whether identifiers and addresses in the capture are pseudonyms.
    pub is_pseudonymised: bool,
    /// Advertisements, scan responses not counted.
    pub adverts: u64,
    /// Of these, exposure notifications.
    pub gaen: u64,
    /// Reports with a wrong check sum; nothing is concluded from them.
    pub bad_crc: u64,
    /// Damaged records of the captures that were left out.
    pub damaged: u64,
    /// Reports of which nothing could be kept for lack of room.
    pub left_out: u64,
    looks: Looks,
    slots: Vec<Slot>,
    by_address: HashTable<u32>,
    by_pair: HashTable<u32>,
    hash_seed: u64,
    /// Numbers of the present capture's stations.
    numbers: Vec<Option<StationId>>,
}

impl Evidence {
    /// No evidence yet; `hash_seed` should be a secret where hostile identifiers could be chosen to collide.
    #[must_use]
    pub fn new(hash_seed: u64) -> Self {
        Self {
            hash_seed,
            ..Self::default()
        }
    }

    /// Begins another capture: its stations are none of those before. `name` is for people and links.
    pub fn begin_capture(&mut self, name: &str) {
        self.numbers.clear();
        self.captures.push(name.to_owned());
    }

    /// Takes an event of a capture. `number` is that of its packet in the station's capture, from 1.
    pub fn take(&mut self, event: &CaptureEvent, number: u64) {
        match event {
            CaptureEvent::Advert(advert) => self.advert(advert, number),
            CaptureEvent::Other(event) => {
                let station = self.based(event.station);
                self.other(&Event {
                    station,
                    ..(**event).clone()
                });
            }
        }
    }

    /// The number of a station over all captures.
    fn based(&mut self, station: StationId) -> StationId {
        let idx = usize::from(station.0);
        if self.numbers.len() <= idx {
            self.numbers.resize(idx + 1, None);
        }
        let known = self.numbers[idx];
        known.unwrap_or_else(|| {
            let capture = self.captures.len().saturating_sub(1);
            let number = self.add_station(Station {
                capture,
                number: station,
                ..Station::NONE
            });
            self.numbers[idx] = Some(number);
            number
        })
    }

    fn add_station(&mut self, station: Station) -> StationId {
        let number = u16::try_from(self.stations.len()).unwrap_or(u16::MAX);
        if number < u16::MAX || self.stations.len() == usize::from(u16::MAX) {
            self.stations.push(station);
        }
        StationId(number)
    }

    /// The number under which a report of a station is kept: from where its clock is set back on it counts as another
    /// station, since its times before and after do not go together.
    fn heard_by(&mut self, advert: &Advertisement) -> StationId {
        let number = self.based(advert.station);
        let here = self.station_mut(number);
        if !here.sets_back(advert.at) || here.settings >= MOST_SETTINGS {
            return number;
        }
        here.was_set_back = true;
        let next = here.set_back(number);
        let number = self.add_station(next);
        self.numbers[usize::from(advert.station.0)] = Some(number);
        number
    }

    /// The numbers of the stations with this name.
    pub fn stations_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = StationId> + 'a {
        (0..)
            .zip(&self.stations)
            .filter(move |(_, station)| station.info.name == name)
            .map(|(number, _)| StationId(number))
    }

    /// What exposure notifications look like in one packet.
    pub fn looks(&self) -> impl Iterator<Item = &LookFacts> + '_ {
        self.looks.iter()
    }

    /// The looks of a pair.
    pub fn looks_of(&self, pair: &Pair) -> impl Iterator<Item = &LookFacts> + '_ {
        self.looks.of(pair.looks)
    }

    /// Addresses at stations, in order of first hearing within each station.
    #[must_use]
    pub fn addresses(&self) -> &[Slot] {
        &self.slots
    }

    /// The address of a pair.
    #[must_use]
    pub fn slot_of(&self, pair: &Pair) -> Option<&Slot> {
        self.slots.get(pair.slot as usize)
    }

    /// A station; an unknown one is empty.
    #[must_use]
    pub fn station(&self, station: StationId) -> &Station {
        static NONE: Station = Station::NONE;
        self.stations.get(usize::from(station.0)).unwrap_or(&NONE)
    }

    fn station_mut(&mut self, station: StationId) -> &mut Station {
        let idx = usize::from(station.0);
        if self.stations.len() <= idx {
            let capture = self.captures.len().saturating_sub(1);
            self.stations.resize_with(idx + 1, || Station {
                capture,
                ..Station::NONE
            });
        }
        &mut self.stations[idx]
    }

    fn advert(&mut self, advert: &Advertisement, number: u64) {
        if advert.details.bad_crc {
            self.bad_crc += 1;
            return;
        }
        let station = self.heard_by(advert);
        let listening = self.station_mut(station).hear(advert);
        self.adverts += u64::from(!advert.is_scan_response());
        let key = TrackKey {
            station,
            address: advert.address,
        };
        let Some(idx) = self.slot(key) else {
            self.gaen += u64::from(gaen::decode(&advert.data).is_some());
            self.left_out += 1;
            return;
        };
        let slot = &self.slots[idx as usize];
        if slot.is == Is::New || slot.pdu != advert.pdu || slot.latest != *advert.data {
            let seen = Seen {
                advert,
                station,
                number,
            };
            self.look_at(idx, seen);
        }
        self.count(
            idx,
            Seen {
                advert,
                station,
                number,
            },
            listening,
        );
    }

    /// Counts a report whose payload was looked at.
    fn count(&mut self, idx: u32, seen: Seen<'_>, listening: u32) {
        let Seen {
            advert,
            station,
            number,
        } = seen;
        let is = self.slots[idx as usize].is;
        match is {
            Is::Gaen(pair, look) => {
                self.gaen += 1;
                self.looks.count(look, 1);
                self.stations[usize::from(station.0)].gaen += 1;
                self.pairs[pair as usize].count(advert, number, listening);
            }
            Is::Broken(look) => self.looks.count(look, 1),
            Is::LeftOut => {
                self.gaen += 1;
                self.left_out += 1;
            }
            Is::Apple(track) => {
                self.apple[track as usize].count(advert, number);
                self.company(idx, seen);
            }
            Is::Other => self.company(idx, seen),
            Is::New => {}
        }
    }

    /// A report that is no exposure notification, kept beside those of its address.
    fn company(&mut self, idx: u32, seen: Seen<'_>) {
        let advert = seen.advert;
        let is_response = advert.is_scan_response();
        if is_response && advert.data.is_empty() {
            return;
        }
        let sight = seen.sight(None);
        let slot = &mut self.slots[idx as usize];
        let company = if is_response {
            &mut slot.responses
        } else {
            &mut slot.others
        };
        if let Some(company) = company {
            company.n += 1;
            company.last = sight;
        } else {
            *company = Some(Box::new(Company {
                n: 1,
                first: sight,
                last: sight,
                payload: advert.data.clone(),
                family: beacon::family(advert),
            }));
        }
    }

    /// Finds out what a payload is that is not the one before.
    fn look_at(&mut self, idx: u32, seen: Seen<'_>) {
        let advert = seen.advert;
        let frame = gaen::decode(&advert.data);
        let is = match frame {
            Some(frame) => {
                let look = self.looks.see(advert, seen.sight(Some(frame.rpi)));
                match self.pair(idx, frame, seen) {
                    Some(pair) => {
                        self.pairs[pair as usize].looks.insert(look);
                        Is::Gaen(pair, look)
                    }
                    None => Is::LeftOut,
                }
            }
            None if beacon::classify(&advert.data) == Family::GaenBroken => {
                Is::Broken(self.looks.see(advert, seen.sight(None)))
            }
            None => self.apple_of(idx, seen).map_or(Is::Other, Is::Apple),
        };
        let slot = &mut self.slots[idx as usize];
        slot.latest.set(&advert.data);
        slot.pdu = advert.pdu;
        slot.is = is;
        slot.has_gaen |= matches!(is, Is::Gaen(..) | Is::Broken(_));
    }

    fn apple_of(&mut self, idx: u32, seen: Seen<'_>) -> Option<u32> {
        let found = apple::tokens(&seen.advert.data)?;
        let number = match self.slots[idx as usize].apple {
            Some(number) => number,
            None if self.apple.len() < MOST_APPLE => {
                self.apple.push(AppleTrack::new(seen.sight(None)));
                u32::try_from(self.apple.len() - 1).ok()?
            }
            None => return None,
        };
        self.slots[idx as usize].apple = Some(number);
        self.apple[number as usize].see(found, seen.sight(None));
        Some(number)
    }

    fn slot(&mut self, key: TrackKey) -> Option<u32> {
        let seed = self.hash_seed;
        let hash = PackedKey::from(key).hash(seed);
        if let Some(idx) = self.by_address.find(hash, |idx| self.slots[*idx as usize].key == key) {
            return Some(*idx);
        }
        if self.slots.len() >= MOST_ADDRESSES {
            return None;
        }
        let idx = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(Slot {
            key,
            others: None,
            responses: None,
            has_gaen: false,
            apple: None,
            latest: Payload::default(),
            pdu: PduType::Unknown,
            is: Is::New,
        });
        let slots = &self.slots;
        self.by_address
            .insert_unique(hash, idx, |idx| PackedKey::from(slots[*idx as usize].key).hash(seed));
        Some(idx)
    }

    fn pair(&mut self, slot: u32, frame: gaen::Frame, seen: Seen<'_>) -> Option<u32> {
        let secret = self.hash_seed;
        let hash = hash_of(slot, frame.rpi, secret);
        let found = self.by_pair.find(hash, |idx| {
            let pair = &self.pairs[*idx as usize];
            pair.slot == slot && pair.rpi == frame.rpi
        });
        if let Some(idx) = found {
            let idx = *idx;
            self.pairs[idx as usize].see_aem(frame.aem, seen.sight(Some(frame.rpi)));
            return Some(idx);
        }
        if self.pairs.len() >= MOST_PAIRS {
            return None;
        }
        let idx = u32::try_from(self.pairs.len()).ok()?;
        self.pairs.push(Pair::new(slot, frame, seen.sight(Some(frame.rpi))));
        let pairs = &self.pairs;
        self.by_pair.insert_unique(hash, idx, |idx| {
            let pair = &pairs[*idx as usize];
            hash_of(pair.slot, pair.rpi, secret)
        });
        Some(idx)
    }

    fn other(&mut self, event: &Event) {
        self.own.take(event);
        match &event.kind {
            EventKind::Station(info) => self.station_mut(event.station).info = info.clone(),
            EventKind::ScanEnable { on, filter_duplicates } => {
                self.station_mut(event.station).switch_scan(*on, *filter_duplicates);
            }
            EventKind::Gap { .. } => self.station_mut(event.station).gaps += 1,
            EventKind::Dropped { n } => self.station_mut(event.station).dropped += n,
            EventKind::ResolvingAdd(entry) => {
                let is_none = entry.peer_irk.is_none() && entry.local_irk.is_none();
                let is_there =
                    |(station, other): &(StationId, ResolvingEntry)| *station == event.station && *other == **entry;
                // Lists are short: what repeats stands near the end.
                if !is_none
                    && self.resolving.len() < MOST_RESOLVING
                    && !self.resolving.iter().rev().take(256).any(is_there)
                {
                    self.resolving.push((event.station, (**entry).clone()));
                }
            }
            _ => {}
        }
    }
}

fn hash_of(slot: u32, rpi: Rpi, seed: u64) -> u64 {
    mix(u64::from(slot), hash_rpi(rpi, seed))
}

/// A report with what its place in the capture is.
#[derive(Clone, Copy)]
struct Seen<'a> {
    advert: &'a Advertisement,
    station: StationId,
    number: u64,
}

impl Seen<'_> {
    const fn sight(self, rpi: Option<Rpi>) -> Sight {
        Sight {
            at: self.advert.at,
            station: self.station,
            number: self.number,
            address: self.advert.address,
            rpi,
        }
    }
}
