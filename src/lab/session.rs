//! The session: takes events in order, owns tracks, the ledger, clocks and derived state.
//!
//! Results depend on the events alone: how they are split into batches, how often [`Session::advance`] is called and
//! what is drawn in between changes nothing (a law that tests hold).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ad;
use super::address::Address;
use super::advert::{Advertisement, DataStatus, StationId};
use super::calibration::Calibration;
use super::calibration::ProfileTable;
use super::event::{AdapterState, CaptureEvent, Event, EventKind, Mark, StationInfo};
use super::gaen::{Aem, Rpi};
use super::keyring::{Keyring, Known};
use super::ledger::{Ledger, RecordId, TrackKey};
use super::own::OwnLog;
use super::reassembly::Reassembly;
use super::stats::LevelHistogram;
use super::time::{Micros, UnixMicros};
use super::totals::Totals;
use super::track::{self, Track};
use super::units::Metres;

mod clock;
mod echo;
mod intake;
mod roster;

use clock::Clock;
pub use echo::Echo;
use echo::Guesses;
pub(super) use echo::Token;
pub use intake::Intake;
use roster::Roster;

/// A broadcaster silent for longer is no track any more; its record stays. Longer than a phone's pause between scans.
const IDLE: Micros = Micros::from_secs(6 * 60);
/// Marks, gaps, stations and peers kept; further ones are counted only.
const MOST_NOTES: usize = 10_000;
/// Devices whose models are kept.
const MOST_MODELS: usize = 1_000;

/// What a session is built with.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Most tracks at a time; when there are more, those silent longest are retired first.
    pub most_tracks: usize,
    /// Secret that keeps hostile addresses from colliding; changes no result.
    pub hash_seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most_tracks: 20_000,
            hash_seed: 0,
        }
    }
}

/// A stretch in which nothing could be heard.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gap {
    /// Which station was deaf.
    pub station: StationId,
    /// From when.
    #[serde(rename = "from_us")]
    pub from: UnixMicros,
    /// Until when.
    #[serde(rename = "to_us")]
    pub to: UnixMicros,
    /// Why.
    pub reason: String,
}

/// Everything derived from the events so far.
#[derive(Clone, Debug)]
pub struct Session {
    options: Options,
    clock: Clock,
    /// Numbers the stretches of uninterrupted listening, over all stations.
    listening: u32,
    tracks: Roster,
    guesses: Guesses,
    /// Where the advertisement was counted that was taken last; `None` unless its own bytes are the track's payload.
    counted_in: Option<u32>,
    /// Slots of the tracks with reports that are not yet counted; empty but within an [`Intake`].
    unsettled: Vec<u32>,
    pub(super) ledger: Ledger,
    reassembly: Reassembly,
    pub(super) totals: Totals,
    pub(super) stations: Vec<StationInfo>,
    pub(super) adapters: BTreeMap<StationId, AdapterState>,
    pub(super) marks: Vec<(StationId, Mark)>,
    /// Advertised names, as they came; the latest of each.
    pub(super) names: BTreeMap<TrackKey, Box<str>>,
    /// Models by device, as marks name them; the latest last.
    models: Vec<(String, String)>,
    pub(super) gaps: Vec<Gap>,
    pub(super) own: OwnLog,
    keys: Arc<Keyring>,
    calibration: Calibration,
}

impl Default for Session {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Session {
    /// An empty session.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            clock: Clock::default(),
            listening: 0,
            tracks: Roster::new(options.hash_seed),
            guesses: Guesses::default(),
            counted_in: None,
            unsettled: Vec::new(),
            ledger: Ledger::new(options.hash_seed),
            reassembly: Reassembly::default(),
            totals: Totals::default(),
            stations: Vec::new(),
            adapters: BTreeMap::new(),
            marks: Vec::new(),
            names: BTreeMap::new(),
            models: Vec::new(),
            gaps: Vec::new(),
            own: OwnLog::default(),
            keys: Arc::default(),
            calibration: Calibration::default(),
        }
    }

    /// The same with figures of phones other than those of the time of the data. They change nothing that is counted.
    #[must_use]
    pub fn with_calibration(mut self, calibration: Calibration) -> Self {
        self.calibration = calibration;
        self
    }

    /// Takes every receiver to be of a model from now on, whatever the capture says.
    pub fn tell_receiver(&mut self, model: &str) {
        self.calibration.set_model(None, model.to_owned());
        for info in &mut self.stations {
            if let Some(model) = self.calibration.model_of(&info.name) {
                model.clone_into(&mut info.model);
            }
        }
    }

    /// The same with lab keys, by which broadcasters are known. They change nothing that is counted.
    #[must_use]
    pub fn with_keys(mut self, keys: Arc<Keyring>) -> Self {
        self.keys = keys;
        self
    }

    /// Takes the next event.
    pub fn ingest(&mut self, event: &CaptureEvent) {
        self.intake().take(event);
    }

    /// Takes the next events: less work than one by one.
    pub fn ingest_all<'a>(&mut self, events: impl IntoIterator<Item = &'a CaptureEvent>) {
        let mut intake = self.intake();
        events.into_iter().for_each(|event| intake.take(event));
    }

    /// Lets time pass without an event, so that views show true ages. Changes no result.
    pub fn advance(&mut self, now: UnixMicros) {
        self.clock.advance(now);
    }

    /// The present, by the data and by [`Session::advance`].
    #[must_use]
    pub const fn now(&self) -> UnixMicros {
        self.clock.now()
    }

    /// Time of the latest event, not counting marks; `None` before the first.
    #[must_use]
    pub fn data_now(&self) -> Option<UnixMicros> {
        self.clock.span().map(|_| self.clock.latest())
    }

    /// Times of the earliest and the latest event, not counting marks; `None` before the first.
    #[must_use]
    pub fn span(&self) -> Option<(UnixMicros, UnixMicros)> {
        self.clock.span()
    }

    /// Secret that keeps hostile identifiers from colliding.
    pub(super) const fn hash_seed(&self) -> u64 {
        self.options.hash_seed
    }

    /// The tracks, in no meaningful order.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        self.tracks.all()
    }

    /// The track of a broadcaster, while it is one.
    #[must_use]
    pub fn track(&self, key: TrackKey) -> Option<&Track> {
        self.tracks.find(key).and_then(|slot| self.tracks.get(slot))
    }

    /// All that was ever heard.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Sums over everything.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// A station's name and model; an unnamed one is called by its number.
    #[must_use]
    pub fn station(&self, id: StationId) -> StationInfo {
        let unnamed = || StationInfo {
            name: format!("station-{}", id.0),
            ..StationInfo::default()
        };
        self.stations
            .get(usize::from(id.0))
            .filter(|info| !info.name.is_empty())
            .cloned()
            .unwrap_or_else(unnamed)
    }

    /// The stations introduced so far, by number.
    #[must_use]
    pub fn stations(&self) -> &[StationInfo] {
        &self.stations
    }

    /// The figures of phones for what a station heard.
    #[must_use]
    pub fn profiles(&self, station: StationId) -> &ProfileTable {
        let info = self.stations.get(usize::from(station.0));
        self.calibration
            .table(info, self.clock.span().map_or(UnixMicros(0), |(first, _)| first))
    }

    /// The figures of phones that were asked for; else those of this edition.
    #[must_use]
    pub fn profiles_or(&self, edition: &str) -> &ProfileTable {
        self.calibration.table_or(edition)
    }

    /// The latest state of each station's adapter.
    #[must_use]
    pub const fn adapters(&self) -> &BTreeMap<StationId, AdapterState> {
        &self.adapters
    }

    /// Marks in order of arrival.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> + '_ {
        self.marks.iter().map(|(_, mark)| mark)
    }

    /// Marks of a station in order of arrival.
    pub fn marks_of(&self, station: StationId) -> impl Iterator<Item = &Mark> + '_ {
        let of = self.marks.iter().filter(move |(of, _)| *of == station);
        of.map(|(_, mark)| mark)
    }

    /// Gaps in order of arrival.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What the stations themselves broadcast.
    #[must_use]
    pub const fn own(&self) -> &OwnLog {
        &self.own
    }

    /// Whose a broadcaster is, by the lab keys.
    #[must_use]
    pub fn known(&self, rpi: Option<Rpi>, aem: Option<Aem>) -> Option<Known<'_>> {
        self.keys.find(rpi?, aem)
    }

    /// The model of a broadcaster, from the latest mark that names it by address, by identifier prefix (four digits or
    /// more) or as all; empty where none does.
    #[must_use]
    pub fn model_of(&self, address: Address, rpi: Option<Rpi>) -> &str {
        if self.models.is_empty() {
            return "";
        }
        let address = address.to_string();
        let rpi = rpi.map(|rpi| rpi.to_string()).unwrap_or_default();
        let names =
            |device: &str| device.is_empty() || device == address || (device.len() >= 4 && rpi.starts_with(device));
        self.models
            .iter()
            .rev()
            .find(|(device, _)| names(device))
            .map_or("", |(_, model)| model)
    }

    /// The true distance of a broadcaster from a station at a time, from the latest mark that holds then, tells one and
    /// names it as [`Session::model_of`] does.
    #[must_use]
    pub fn distance_of(&self, key: TrackKey, rpi: Option<Rpi>, at: UnixMicros) -> Option<Metres> {
        if self.marks.is_empty() {
            return None;
        }
        let address = key.address.to_string();
        let rpi = rpi.map(|rpi| rpi.to_string()).unwrap_or_default();
        let holds = |(station, mark): &&(StationId, Mark)| {
            let device = &*mark.device;
            let names = device.is_empty() || device == address || (device.len() >= 4 && rpi.starts_with(device));
            *station == key.station && names && mark.from <= at && mark.to.is_none_or(|to| at <= to)
        };
        let told = self
            .marks
            .iter()
            .filter(|(_, mark)| mark.distance.is_some())
            .filter(holds);
        // Of those from the same time on, the last one written.
        told.max_by_key(|(_, mark)| mark.from)?.1.distance
    }

    /// A report that is no repeat, or cannot be told to be one.
    fn advert(&mut self, advert: &Advertisement) {
        self.pass(advert.at);
        if advert.details.bad_crc {
            self.totals.bad_crc += 1;
            return;
        }
        let joined;
        let payload = if advert.data_status() == DataStatus::Complete && self.reassembly.is_empty() {
            &*advert.data
        } else if let Some(data) = self.reassembly.join(advert) {
            joined = data;
            &joined
        } else {
            self.totals.fragments += 1;
            return;
        };
        self.counted_in = self.count(advert, payload).filter(|_| *payload == *advert.data);
    }

    /// Gives the slot of an advertisement, and `None` for a scan response.
    fn count(&mut self, advert: &Advertisement, payload: &[u8]) -> Option<u32> {
        let slot = self.slot(advert);
        if advert.is_scan_response() {
            let track = self.tracks.at(slot);
            self.totals.scan_responses += 1;
            track.scan_responses += 1;
            track.last = advert.at;
            if track.scan_response != *payload {
                track.scan_response = payload.into();
                keep_name(&mut self.names, track, payload);
            }
            return None;
        }
        self.settle(slot);
        let track = self.tracks.at(slot);
        track.token.clear();
        if track.payload != *payload || track.heard == 0 {
            change_payload(&mut self.ledger, track, payload, advert);
            keep_name(&mut self.names, track, payload);
        }
        track.observe(advert, self.listening);
        let record = self.ledger.get_mut(track.current);
        record.count(advert.at, advert.rssi);
        self.totals.count(record.family, 1);
        self.totals.without_rssi += u64::from(advert.rssi.is_none());
        Some(slot)
    }

    fn slot(&mut self, advert: &Advertisement) -> u32 {
        let key = TrackKey {
            station: advert.station,
            address: advert.address,
        };
        if let Some(slot) = self.tracks.find(key) {
            return slot;
        }
        if self.tracks.all().len() >= self.options.most_tracks.max(2) {
            self.retire_longest_silent();
        }
        self.tracks.add(Track::new(key, advert.at, RecordId::default()))
    }

    /// Moves the clock to an event's time and does what is due by then.
    fn pass(&mut self, at: UnixMicros) {
        let due = self.clock.pass(at);
        if due.went_back {
            self.settle_all();
            self.totals.times_going_back += 1;
        }
        if due.was_set {
            self.totals.clock_steps += 1;
            self.listen_anew();
        }
        if due.sweep {
            self.retire(|track| at.since(track.last).0.unsigned_abs() > IDLE.0.unsigned_abs());
        }
    }

    /// Begins another stretch of uninterrupted listening.
    fn listen_anew(&mut self) {
        self.settle_all();
        self.listening = self.listening.wrapping_add(1);
    }

    /// Takes out the tracks that are due; their records know the rest.
    fn retire(&mut self, is_due: impl Fn(&Track) -> bool) {
        self.settle_all();
        let ledger = &mut self.ledger;
        self.tracks.take_out(is_due, |track| {
            if track.heard > 0 {
                let record = track.with_rpi.unwrap_or(track.current);
                ledger.get_mut(record).end_stay(track.stay());
            }
        });
    }

    /// Makes room: the half that was silent longest goes. Exact order, so that no result depends on chance.
    fn retire_longest_silent(&mut self) {
        let mut ages: Vec<(UnixMicros, TrackKey)> =
            self.tracks.all().iter().map(|track| (track.last, track.key)).collect();
        let middle = ages.len() / 2;
        let (_, limit, _) = ages.select_nth_unstable(middle);
        let limit = *limit;
        self.totals.evicted += middle as u64;
        self.retire(|track| (track.last, track.key) < limit);
    }

    fn other(&mut self, event: &Event) {
        if event.kind.tells_time() {
            self.pass(event.at);
        }
        match &event.kind {
            EventKind::Station(info) => self.introduce(event.station, info),
            EventKind::Mark(mark) => self.mark(event.station, mark),
            EventKind::Gap { from, to, reason } => {
                self.listen_anew();
                let gap = Gap {
                    station: event.station,
                    from: *from,
                    to: *to,
                    reason: reason.clone(),
                };
                keep(&mut self.gaps, gap, &mut self.totals.notes_left_out);
            }
            EventKind::Dropped { n } => self.totals.dropped = self.totals.dropped.saturating_add(*n),
            EventKind::Adapter(state) => {
                self.listen_anew();
                self.adapters.insert(event.station, *state);
            }
            EventKind::ScanEnable { on, .. } => {
                if !on {
                    self.listen_anew();
                }
                self.own.take(event);
            }
            _ => self.own.take(event),
        }
    }

    fn mark(&mut self, station: StationId, mark: &Mark) {
        if mark.is_withdrawal() {
            self.marks
                .retain(|(of, known)| *of != station || !mark.withdraws(known));
            return;
        }
        if !mark.model.is_empty() {
            let device = mark.device.to_ascii_lowercase();
            self.models.retain(|(known, _)| *known != device);
            if self.models.len() < MOST_MODELS {
                self.models.push((device, mark.model.clone()));
            }
        }
        keep(
            &mut self.marks,
            (station, mark.clone()),
            &mut self.totals.notes_left_out,
        );
    }

    fn introduce(&mut self, id: StationId, info: &StationInfo) {
        let idx = usize::from(id.0);
        if self.stations.len() <= idx {
            self.stations.resize(idx + 1, StationInfo::default());
        }
        let mut info = info.clone();
        if let Some(model) = self.calibration.model_of(&info.name) {
            model.clone_into(&mut info.model);
        }
        self.stations[idx] = info;
    }

    /// Identifiers heard under more than one address, and addresses heard with more than one identifier, over all
    /// stations: each should be none.
    #[must_use]
    pub fn unsynchronised(&self) -> Unsynchronised {
        let mut found = Unsynchronised::default();
        for rpi in self.ledger.rpis() {
            found.rpis += 1;
            let mut addresses: Vec<Address> = self
                .ledger
                .of_rpi(rpi)
                .map(|(_, record)| record.key().address)
                .collect();
            addresses.sort_unstable();
            addresses.dedup();
            if addresses.len() > 1 {
                found.rpis_with_several_addresses += 1;
                if addresses.iter().any(|address| address.kind.is_resolved()) {
                    found.of_these_with_a_resolved_identity += 1;
                }
            }
        }
        let mut by_address: BTreeMap<Address, (Rpi, bool)> = BTreeMap::new();
        for record in self.ledger.iter() {
            if let Some(rpi) = record.rpi() {
                let entry = by_address.entry(record.key().address).or_insert((rpi, false));
                entry.1 |= entry.0 != rpi;
            }
        }
        let of_several = by_address.iter().filter(|(_, (_, several))| *several);
        let (resolved, on_air): (Vec<_>, Vec<_>) = of_several.partition(|(address, _)| address.kind.is_resolved());
        found.addresses_with_several_rpis = on_air.len();
        found.resolved_identities_with_several_rpis = resolved.len();
        found
    }
}

/// Rotation out of step, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unsynchronised {
    /// Identifiers heard.
    pub rpis: usize,
    /// Identifiers under more than one address.
    pub rpis_with_several_addresses: usize,
    /// Of these, those where one of the addresses is an identity that the controller resolved: nothing follows from it.
    pub of_these_with_a_resolved_identity: usize,
    /// Addresses with more than one identifier, without identities that a controller resolved.
    pub addresses_with_several_rpis: usize,
    /// Identities that a controller resolved, with more than one identifier: as it must be, nothing follows from it.
    pub resolved_identities_with_several_rpis: usize,
}

fn keep<T>(kept: &mut Vec<T>, new: T, left_out: &mut u64) {
    if kept.len() < MOST_NOTES {
        kept.push(new);
    } else {
        *left_out += 1;
    }
}

/// A payload other than the latest: another identifier, other contents, or the first.
fn change_payload(ledger: &mut Ledger, track: &mut Track, payload: &[u8], advert: &Advertisement) {
    let at = advert.at;
    let change = track::read(payload, advert.details.form);
    let (rpi, aem) = change.frame.map_or((None, None), |frame| (Some(frame.rpi), frame.aem));
    let rotated = rpi.is_some() && track.rpi != rpi;
    if rotated && let Some(ended) = track.with_rpi {
        ledger.get_mut(ended).end_stay(track.stay());
        track.histogram = LevelHistogram::default();
    }
    let cached = if rpi.is_some() {
        track.with_rpi.filter(|_| !rotated)
    } else {
        track.without_rpi
    };
    track.current = cached.unwrap_or_else(|| ledger.find_or_add(track.key, rpi, aem, change.family, at));
    if rpi.is_some() {
        track.with_rpi = Some(track.current);
        ledger.get_mut(track.current).see_aem(aem);
    } else {
        track.without_rpi = Some(track.current);
        ledger.get_mut(track.current).family = change.family;
    }
    track.keep_payload(payload, &change, at);
}

fn keep_name(names: &mut BTreeMap<TrackKey, Box<str>>, track: &mut Track, payload: &[u8]) {
    let Some(name) = ad::local_name(payload) else { return };
    if track.name.as_deref() == Some(&*name) {
        return;
    }
    track.name = Some(name.as_str().into());
    if names.len() < MOST_NOTES || names.contains_key(&track.key) {
        names.insert(track.key, name.into());
    }
}

#[cfg(test)]
mod tests;
