//! What the logs of phones tell of each other: who heard whom, when, how strongly.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::beacon::{Family, classify};
use crate::lab::calibration::Calibration;
use crate::lab::event::{CaptureEvent, EventKind, Mark, StationInfo, device_of};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::keyring::Keyring;
use crate::lab::time::UnixMicros;

use names::Names;

use super::level::{Level, Phone, origin};
use super::stretches::{Overlap, stretches};

/// Stronger than that a receiver is overdriven, and its level says nothing, in dBm.
pub(super) const SATURATED_DBM: i8 = -20;
/// Most reports that are kept.
const MOST: usize = 20_000_000;

/// A report of an identifier.
#[derive(Clone, Copy, Debug)]
struct Report {
    station: u32,
    identifier: u32,
    at: UnixMicros,
    rssi: i8,
}

/// An identifier that was heard.
#[derive(Clone, Copy, Debug)]
struct Identifier {
    rpi: Rpi,
    family: Family,
    aem: Option<Aem>,
    address: Address,
}

/// An identifier and its address as people write them.
struct Written {
    digits: String,
    address: String,
}

impl Written {
    fn new(of: &Identifier) -> Self {
        Self {
            digits: of.rpi.to_string(),
            address: of.address.to_string(),
        }
    }

    /// Whether it is meant: by its first digits, eight or more, or by its address.
    fn is(&self, device: &str) -> bool {
        (device.len() >= 8 && self.digits.starts_with(device)) || (!device.is_empty() && self.address == device)
    }
}

/// Takes in captures, one after the other.
#[derive(Debug, Default)]
pub struct Hearing {
    /// Stations by name; those of the same name are one.
    stations: Vec<StationInfo>,
    /// Numbers of the stations of the capture that is read.
    of_capture: BTreeMap<StationId, u32>,
    own: BTreeMap<Rpi, u32>,
    identifiers: Vec<Identifier>,
    numbers: BTreeMap<Rpi, u32>,
    reports: Vec<Report>,
    marks: Vec<(u32, Mark)>,
    /// Names and models that truth tells of identifiers.
    told: BTreeMap<Rpi, (String, String)>,
    /// Identifiers and addresses that truth names in place of phones.
    referred: Vec<String>,
    keeps_saturated: bool,
    /// The session whose marks alone count.
    session: Option<String>,
    saturated: u64,
    left_out: u64,
}

/// A phone that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneInfo {
    /// Its name: that of a station, or of a device. Not neutralised.
    pub name: String,
    /// Its model; empty where it is not told. Not neutralised.
    pub model: String,
    /// Whether its own log is given.
    pub has_log: bool,
}

/// A stretch of time in which the distance of a pair is known.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDistance {
    /// Who heard.
    pub receiver: Phone,
    /// Who sent.
    pub sender: Phone,
    /// From when.
    pub from: UnixMicros,
    /// Until when; `None` for the end.
    pub to: Option<UnixMicros>,
    /// The distance, in metres.
    pub distance_m: f64,
    /// How the device lay; empty where it is not told.
    pub orientation: String,
}

/// A phone of which a lab key tells another model than a mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disputed {
    /// Its name. Not neutralised.
    pub device: String,
    /// The model of its lab key. Not neutralised.
    pub of_key: String,
    /// The model of the mark. Not neutralised.
    pub of_mark: String,
}

/// What was heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The phones that are known, by their numbers.
    pub phones: Vec<PhoneInfo>,
    /// Identifiers of nobody that is known, by their numbers.
    pub unknown: Vec<Rpi>,
    /// Phones whose logs are given.
    pub stations: BTreeSet<Phone>,
    /// By receiver, sender and time.
    pub levels: Vec<Level>,
    /// RSSI of each level, in dBm, as it was reported.
    pub rssi_dbm: Vec<i8>,
    /// The time from which those of the levels count.
    pub origin: UnixMicros,
    /// Editions of the calibration list that stations name.
    pub editions: BTreeSet<String>,
    /// Distances that marks tell; no two of a pair overlap.
    pub marked: Vec<KnownDistance>,
    /// Marks with an end that overlap others which tell something else.
    pub overlaps: Vec<Overlap>,
    /// Phones of which a lab key and a mark tell different models; that of the mark counts.
    pub disputed: Vec<Disputed>,
    /// Reports that were too strong.
    pub saturated: u64,
    /// Reports beyond the most that are kept.
    pub left_out: u64,
}

impl Hearing {
    /// Nothing heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, but for measurements: reports that are too strong are kept, to be counted where they belong.
    #[must_use]
    pub fn for_measurements() -> Self {
        Self {
            keeps_saturated: true,
            ..Self::default()
        }
    }

    /// Of marks only those of this session of `calibrate measure` count.
    #[must_use]
    pub fn of_session(mut self, session: Option<String>) -> Self {
        self.session = session;
        self
    }

    /// The next events are of another capture.
    pub fn begin_capture(&mut self) {
        self.of_capture.clear();
    }

    /// Whose an identifier is, and of which model, as truth tells; an empty model is none.
    pub fn tell(&mut self, rpi: Rpi, name: &str, model: &str) {
        self.told.insert(rpi, (name.to_owned(), model.to_owned()));
    }

    /// An identifier (`rpi:7e3c1b63`) or an address (`addr:5e:1b:09:c4:77:01`) that truth names in place of a phone. Where nobody
    /// else is known to be its sender, it is one of that name.
    pub fn refer(&mut self, reference: &str) {
        self.referred.push(reference.to_owned());
    }

    /// Takes in an event.
    pub fn take(&mut self, event: &CaptureEvent) {
        match event {
            CaptureEvent::Advert(advert) => self.take_advert(advert),
            CaptureEvent::Other(event) => match &event.kind {
                EventKind::Station(info) => self.introduce(event.station, info),
                EventKind::OwnData { data, .. } => {
                    let station = self.station(event.station);
                    if let Some(frame) = gaen::decode(data) {
                        self.own.entry(frame.rpi).or_insert(station);
                    }
                }
                EventKind::Mark(mark) => {
                    let station = self.station(event.station);
                    if mark.is_withdrawal() {
                        self.marks
                            .retain(|(of, known)| *of != station || !mark.withdraws(known));
                    } else {
                        self.marks.push((station, mark.clone()));
                    }
                }
                _ => {}
            },
        }
    }

    fn introduce(&mut self, id: StationId, info: &StationInfo) {
        let same = |known: &StationInfo| !info.name.is_empty() && known.name == info.name;
        let number = self.stations.iter().position(same).unwrap_or_else(|| {
            self.stations.push(info.clone());
            self.stations.len() - 1
        });
        let known = &mut self.stations[number];
        if known.model.is_empty() {
            known.model.clone_from(&info.model);
        }
        if known.edition.is_empty() {
            known.edition.clone_from(&info.edition);
        }
        self.of_capture.insert(id, u32::try_from(number).unwrap_or(u32::MAX));
    }

    fn station(&mut self, id: StationId) -> u32 {
        if !self.of_capture.contains_key(&id) {
            let name = format!("station-{}", id.0);
            self.introduce(
                id,
                &StationInfo {
                    name,
                    ..StationInfo::default()
                },
            );
        }
        self.of_capture.get(&id).copied().unwrap_or(0)
    }

    fn take_advert(&mut self, advert: &Advertisement) {
        if advert.details.bad_crc || advert.is_scan_response() {
            return;
        }
        let (Some(frame), Some(rssi)) = (gaen::decode(&advert.data), advert.rssi) else {
            return;
        };
        if rssi.0 >= SATURATED_DBM {
            self.saturated += 1;
            if !self.keeps_saturated {
                return;
            }
        }
        if self.reports.len() >= MOST {
            self.left_out += 1;
            return;
        }
        let station = self.station(advert.station);
        let identifiers = &mut self.identifiers;
        let identifier = *self.numbers.entry(frame.rpi).or_insert_with(|| {
            identifiers.push(Identifier {
                rpi: frame.rpi,
                family: classify(&advert.data),
                aem: frame.aem,
                address: advert.address,
            });
            u32::try_from(identifiers.len() - 1).unwrap_or(u32::MAX)
        });
        self.reports.push(Report {
            station,
            identifier,
            at: advert.at,
            rssi: rssi.0,
        });
    }

    /// Puts names to what was heard, and levels on the scale of the calibration.
    #[must_use]
    pub fn finish(mut self, keys: &Keyring, calibration: &Calibration) -> Heard {
        if let Some(session) = &self.session {
            self.marks.retain(|(_, mark)| mark.is_step_of(session));
        }
        let mut names = Names::new(&self.stations, calibration);
        let senders: Vec<Sender> = self
            .identifiers
            .iter()
            .map(|of| self.sender(of, keys, &mut names))
            .collect();
        let first = self.reports.iter().map(|report| report.at).min().unwrap_or_default();
        let origin = origin(first);
        let mut rows: Vec<(Level, i8)> = Vec::with_capacity(self.reports.len());
        for report in &self.reports {
            let receiver = Phone::Known(report.station);
            let (Some(sender), Some(station)) = (
                senders.get(report.identifier as usize),
                self.stations.get(report.station as usize),
            ) else {
                continue;
            };
            if sender.phone == receiver {
                continue;
            }
            let table = calibration.table(Some(station), first);
            let receiving = names
                .phones
                .get(report.station as usize)
                .map_or("", |phone| &phone.model);
            let correction = table.receiver(receiving).rssi_correction_db;
            let tx_power = sender.told_dbm.unwrap_or_else(|| {
                let model = names.model(sender.phone);
                table.sender(model, sender.family).tx_power_dbm
            });
            let db = i32::from(report.rssi) + i32::from(correction) - i32::from(tx_power);
            #[expect(clippy::cast_precision_loss, reason = "spans of captures")]
            let at_s = report.at.since(origin).0 as f64 / 1e6;
            let level = Level {
                receiver,
                sender: sender.phone,
                at_s,
                db: f64::from(db),
            };
            rows.push((level, report.rssi));
        }
        rows.sort_by(|(a, _), (b, _)| {
            let pair = |level: &Level| (level.receiver, level.sender);
            pair(a)
                .cmp(&pair(b))
                .then(a.at_s.total_cmp(&b.at_s))
                .then(a.db.total_cmp(&b.db))
        });
        let stations = (0..self.stations.len()).filter_map(|number| u32::try_from(number).ok().map(Phone::Known));
        let (marked, overlaps) = self.marked(&names, &senders);
        let disputed = self.disputed(keys);
        let of_stations = self.stations.iter().map(|station| &station.edition);
        let editions = of_stations.filter(|edition| !edition.is_empty()).cloned().collect();
        let (levels, rssi_dbm) = rows.into_iter().unzip();
        Heard {
            phones: names.phones,
            unknown: names.unknown,
            stations: stations.collect(),
            levels,
            rssi_dbm,
            origin,
            editions,
            marked,
            overlaps,
            disputed,
            saturated: self.saturated,
            left_out: self.left_out,
        }
    }

    /// Whose an identifier is: a phone's whose own log set it, a device's whose lab key fits, one that truth or a mark
    /// names; else nobody's.
    fn sender(&self, of: &Identifier, keys: &Keyring, names: &mut Names) -> Sender {
        let known = keys.find(of.rpi, of.aem);
        let told_dbm = known
            .as_ref()
            .and_then(|known| known.metadata)
            .filter(|told| told.is_plausible());
        let phone = match (self.own.get(&of.rpi), &known, self.told.get(&of.rpi)) {
            (Some(station), _, _) => Phone::Known(*station),
            // What a person wrote down at the bench is newer than the key.
            (None, Some(known), _) => {
                names.device(known.device, self.model_at_bench(known.device).unwrap_or(known.model))
            }
            (None, None, Some((name, model))) => names.device(name, model),
            (None, None, None) => match self.mark_of(of) {
                Some(mark) => {
                    let model = self.model_at_bench(&mark.device).unwrap_or(&mark.model);
                    names.device(&mark.device, model)
                }
                None => match self.reference_of(of) {
                    Some(reference) => names.device(reference, ""),
                    None => names.nobody(of.rpi),
                },
            },
        };
        Sender {
            phone,
            family: of.family,
            told_dbm: told_dbm.map(|told| told.tx_power().0),
        }
    }

    /// The model that the latest mark tells of a device by its name.
    fn model_at_bench(&self, device: &str) -> Option<&str> {
        let mut marks = self.marks.iter().rev().map(|(_, mark)| mark);
        let told = marks.find(|mark| mark.device == device && !mark.model.is_empty())?;
        Some(&told.model)
    }

    /// The phones of which lab keys and marks tell different models.
    fn disputed(&self, keys: &Keyring) -> Vec<Disputed> {
        let known = self.identifiers.iter().filter_map(|of| keys.find(of.rpi, of.aem));
        let found: BTreeSet<Disputed> = known
            .filter(|known| !known.model.is_empty())
            .filter_map(|known| {
                let told = self.model_at_bench(known.device).filter(|told| *told != known.model)?;
                Some(Disputed {
                    device: known.device.to_owned(),
                    of_key: known.model.to_owned(),
                    of_mark: told.to_owned(),
                })
            })
            .collect();
        found.into_iter().collect()
    }

    /// The mark that names an identifier by its first digits, or by its address.
    fn mark_of(&self, of: &Identifier) -> Option<&Mark> {
        let of = Written::new(of);
        let mut marks = self.marks.iter().map(|(_, mark)| mark);
        marks.find(|mark| of.is(&mark.device.to_lowercase()))
    }

    /// The reference of truth that means an identifier.
    fn reference_of(&self, of: &Identifier) -> Option<&str> {
        let of = (!self.referred.is_empty()).then(|| Written::new(of))?;
        let found = self.referred.iter().find(|reference| of.is(device_of(reference)));
        found.map(String::as_str)
    }

    /// The distances that marks tell. A mark without an end holds until the next one without an end of the same device; one
    /// that begins within another takes its own stretch alone, and afterwards the other goes on. Second the marks that overlap.
    fn marked(&self, names: &Names, senders: &[Sender]) -> (Vec<KnownDistance>, Vec<Overlap>) {
        let by_mark = |mark: &Mark| -> Option<Phone> {
            let marked = self
                .identifiers
                .iter()
                .zip(senders)
                .find(|(of, _)| self.mark_of(of).is_some_and(|found| found.device == mark.device));
            names
                .of(&mark.device)
                .or_else(|| marked.map(|(_, sender)| sender.phone))
        };
        let all = self.marks.iter().filter_map(|(station, mark)| {
            Some(KnownDistance {
                receiver: Phone::Known(*station),
                sender: by_mark(mark)?,
                from: mark.from,
                to: mark.to,
                distance_m: mark.distance?.0,
                orientation: mark.orientation.clone(),
            })
        });
        stretches(all.collect())
    }
}

struct Sender {
    phone: Phone,
    family: Family,
    told_dbm: Option<i8>,
}

impl Heard {
    /// The name of a phone; an identifier's digits of who is not known. Not neutralised.
    #[must_use]
    pub fn name(&self, phone: Phone) -> String {
        match phone {
            Phone::Known(number) => self
                .phones
                .get(number as usize)
                .map(|phone| phone.name.clone())
                .unwrap_or_default(),
            Phone::Unknown(number) => self
                .unknown
                .get(number as usize)
                .map(|rpi| format!("rpi:{rpi}"))
                .unwrap_or_default(),
        }
    }

    /// The phone of that name.
    #[must_use]
    pub fn phone(&self, name: &str) -> Option<Phone> {
        let place = self.phones.iter().position(|phone| phone.name == name)?;
        u32::try_from(place).ok().map(Phone::Known)
    }

    /// The time of so many seconds since the origin.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "times of captures")]
    pub fn time(&self, at_s: f64) -> UnixMicros {
        UnixMicros(self.origin.0.saturating_add((at_s * 1e6).round() as i64))
    }

    /// A time in seconds since the origin.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans of captures")]
    pub fn seconds(&self, at: UnixMicros) -> f64 {
        at.since(self.origin).0 as f64 / 1e6
    }

    /// The levels of each pair, as places, in order of receivers and senders.
    pub fn pairs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let mut from = 0;
        self.levels
            .chunk_by(|a, b| (a.receiver, a.sender) == (b.receiver, b.sender))
            .map(move |levels| {
                let range = from..from + levels.len();
                from = range.end;
                range
            })
    }

    /// The windows of a grid in which a pair was heard: of those whose sender is known, or of all.
    #[must_use]
    pub fn windows(&self, from_s: f64, length_s: f64, with_unknown: bool) -> Vec<super::Query> {
        let mut windows = Vec::new();
        for range in self.pairs() {
            let levels = &self.levels[range.clone()];
            let Some(first) = levels
                .first()
                .filter(|level| with_unknown || !level.sender.is_unknown())
            else {
                continue;
            };
            let number = |level: &Level| ((level.at_s - from_s) / length_s + 1e-9).floor();
            let mut place = range.start;
            for window in levels.chunk_by(|a, b| number(a).total_cmp(&number(b)).is_eq()) {
                let next = place + window.len();
                windows.push(super::Query {
                    receiver: first.receiver,
                    sender: first.sender,
                    from_s: from_s + window.first().map_or(0.0, number) * length_s,
                    length_s,
                    levels: place..next,
                });
                place = next;
            }
        }
        windows
    }

    /// The levels of a pair in a stretch of time, as places.
    #[must_use]
    pub fn within(&self, receiver: Phone, sender: Phone, from_s: f64, to_s: f64) -> std::ops::Range<usize> {
        let at = |s: f64| {
            self.levels.partition_point(|level| {
                (level.receiver, level.sender) < (receiver, sender)
                    || ((level.receiver, level.sender) == (receiver, sender) && level.at_s < s)
            })
        };
        at(from_s)..at(to_s)
    }
}
