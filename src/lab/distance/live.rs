//! Distances while it is live: of everyone whom a receiver hears, from what it heard so far.
//!
//! The figures are those of [`Estimator`](super::Estimator) in [`Mode::Live`] for a window that ends now. What differs is
//! how the past is kept: not as levels but as slices of every length of the model, which stay few however much is heard.
//! Where there are too many to be solved, longer ones are taken, and in the end the newest; a slice ends with its
//! identifier. Who sent an identifier is decided when it is reckoned, so that a mark or a key told later counts for all of
//! the past that is kept.

mod kept;
#[cfg(test)]
mod tests;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use super::level::{Phone, Slice, mean, origin};
use super::model::Model;
use super::proximity::Proximity;
use super::{Estimate, Mode, Query, Score, free_space_m};
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::beacon::classify;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Rpi};
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};

use super::heard::SATURATED_DBM;
use kept::Identifier;
use who::{Names, Sender};

/// Length of the window that ends now, in seconds.
pub const WINDOW_S: f64 = 30.0;
/// So much of the data's time passes between two estimates.
pub const EVERY: Micros = Micros::from_secs(2);
/// How far back a history reaches, and how far apart its points are.
pub const HISTORY: Micros = Micros::from_secs(600);
/// See [`HISTORY`].
pub const HISTORY_STEP: Micros = Micros::from_secs(10);
/// Identifiers kept, of all receivers: of more, the half that was silent longest goes.
const MOST_IDENTIFIERS: usize = 4_000;
/// Identifiers that stations broadcast themselves, kept.
const MOST_OWN: usize = 100_000;
/// Slices kept of each length: of more, the older half goes.
const MOST_KEPT: usize = 50_000;
/// Slices that are solved together; with more, longer ones are taken.
const MOST_SOLVED: usize = 1_000;
/// The same for a point of a history, of which there are many at once.
const MOST_OF_POINT: usize = 400;
/// Slices that are solved at a time; other receivers wait for the next.
const MOST_AT_A_TIME: usize = 3_000;

/// What is known of the distance of an identifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reckoned {
    /// When it was estimated: the end of the window, unless the last level came before it.
    pub at: UnixMicros,
    /// The distance with its interval and probabilities.
    pub estimate: Estimate,
    /// Median attenuation in the window, in dB, not cut at 0.
    pub attenuation_db: f64,
    /// What free space makes of that attenuation, in metres.
    pub raw_m: f64,
    /// Whether it is known who sends: else how strongly is a guess.
    pub is_known: bool,
    /// Levels in the window.
    pub n_levels: usize,
}

/// A point of a history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub at: UnixMicros,
    /// What was estimated of the window that ended then.
    pub estimate: Estimate,
    /// What free space makes of the level of the time since the point before, in metres; `None` when nothing was heard.
    pub raw_m: Option<f64>,
}

/// The history of one identifier.
#[derive(Clone, Debug, Default)]
struct History {
    of: Option<(StationId, Rpi)>,
    /// The number of the last step that is done.
    done: Option<i64>,
    points: Vec<Point>,
}

/// When a receiver was reckoned.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    has_new: bool,
    at: Option<UnixMicros>,
}

/// Estimates of all that is heard.
#[derive(Clone, Debug)]
pub struct LiveDistances {
    model: &'static Model,
    /// The time from which seconds count.
    origin: Option<UnixMicros>,
    own: BTreeMap<Rpi, StationId>,
    identifiers: BTreeMap<(StationId, Rpi), Identifier>,
    due: BTreeMap<StationId, Due>,
    /// Closed slices of each length.
    kept: Vec<usize>,
    /// Of each length: nothing is kept from before, in seconds.
    cut_s: Vec<f64>,
    history: History,
}

impl Default for LiveDistances {
    fn default() -> Self {
        Self::new(Model::built_in())
    }
}

/// What a receiver heard, ready to be solved.
struct Past {
    slices: Vec<Slice>,
    receiver: Phone,
    correction_db: i32,
    senders: BTreeMap<Rpi, Sender>,
}

/// All identifiers of a receiver.
const fn all_of(station: StationId) -> std::ops::RangeInclusive<(StationId, Rpi)> {
    (station, Rpi([0; 16]))..=(station, Rpi([0xff; 16]))
}

impl LiveDistances {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(model: &'static Model) -> Self {
        let n = model.time.slices_s.len();
        Self {
            model,
            origin: None,
            own: BTreeMap::new(),
            identifiers: BTreeMap::new(),
            due: BTreeMap::new(),
            kept: vec![0; n],
            cut_s: vec![f64::NEG_INFINITY; n],
            history: History::default(),
        }
    }

    /// The model by which it is estimated.
    #[must_use]
    pub const fn model(&self) -> &'static Model {
        self.model
    }

    /// Takes the next events. Nothing is estimated before [`LiveDistances::settle`].
    pub fn take(&mut self, events: &[CaptureEvent]) {
        for event in events {
            match event {
                CaptureEvent::Advert(advert) => self.advert(advert),
                CaptureEvent::Other(other) => {
                    if let EventKind::OwnData { data, .. } = &other.kind
                        && let Some(frame) = gaen::decode(data)
                        && self.own.len() < MOST_OWN
                    {
                        self.own.entry(frame.rpi).or_insert(other.station);
                    }
                }
            }
        }
    }

    fn advert(&mut self, advert: &Advertisement) {
        if advert.details.bad_crc || advert.is_scan_response() {
            return;
        }
        let (Some(frame), Some(rssi)) = (gaen::decode(&advert.data), advert.rssi) else {
            return;
        };
        if rssi.0 >= SATURATED_DBM {
            return;
        }
        self.origin.get_or_insert(origin(advert.at));
        let at_s = self.seconds(advert.at);
        let key = (advert.station, frame.rpi);
        if self.identifiers.len() >= MOST_IDENTIFIERS && !self.identifiers.contains_key(&key) {
            self.forget_half();
        }
        let times = &self.model.time;
        self.identifiers
            .entry(key)
            .or_insert_with(|| Identifier::new(advert.address, classify(&advert.data), frame.aem))
            .take(at_s, rssi.0, (&times.slices_s, times.past_s), &mut self.kept);
        self.due.entry(advert.station).or_default().has_new = true;
        for place in 0..self.kept.len() {
            if self.kept[place] > MOST_KEPT {
                self.cut_half(place);
            }
        }
    }

    /// A time in seconds since the origin.
    #[expect(clippy::cast_precision_loss, reason = "spans of captures")]
    fn seconds(&self, at: UnixMicros) -> f64 {
        at.since(self.origin.unwrap_or(at)).0 as f64 / 1e6
    }

    /// Makes room: the half of the identifiers that was silent longest goes.
    fn forget_half(&mut self) {
        let mut silent: Vec<f64> = self.identifiers.values().map(|of| of.latest_s).collect();
        let middle = silent.len() / 2;
        let limit = *silent.select_nth_unstable_by(middle, f64::total_cmp).1;
        let before = self.identifiers.len();
        self.forget(|of| of.latest_s < limit);
        if self.identifiers.len() == before {
            // All at the same time.
            self.forget(|_| true);
        }
    }

    fn forget(&mut self, goes: impl Fn(&Identifier) -> bool) {
        let kept = &mut self.kept;
        self.identifiers.retain(|_, of| {
            let goes = goes(of);
            if goes {
                for (forming, kept) in of.lengths.iter().zip(&mut *kept) {
                    *kept -= forming.n_closed();
                }
            }
            !goes
        });
        let identifiers = &self.identifiers;
        self.due
            .retain(|station, _| identifiers.range(all_of(*station)).next().is_some());
    }

    /// Makes room: the older half of the slices of a length goes.
    fn cut_half(&mut self, place: usize) {
        let all = self.identifiers.values().filter_map(|of| of.lengths.get(place));
        let mut times: Vec<f64> = all.flat_map(|of| of.closed().map(|cut| cut.at_s)).collect();
        let middle = times.len() / 2;
        let limit = times.select_nth_unstable_by(middle, f64::total_cmp).1.next_up();
        self.cut_s[place] = limit;
        for of in self.identifiers.values_mut() {
            if let Some(forming) = of.lengths.get_mut(place) {
                self.kept[place] -= forming.forget(limit);
            }
        }
    }

    /// Estimates anew what is due: of receivers that heard something since, every [`EVERY`] of the data's time. Whether
    /// there is anything new.
    pub fn settle(&mut self, session: &Session) -> bool {
        let now = session.now();
        let is_due = |due: &Due| due.has_new && due.at.is_none_or(|at| !(0..EVERY.0).contains(&now.since(at).0));
        let mut due: Vec<(Option<UnixMicros>, StationId)> = self
            .due
            .iter()
            .filter(|(_, due)| is_due(due))
            .map(|(station, due)| (due.at, *station))
            .collect();
        if due.is_empty() {
            return false;
        }
        let past_s = self.seconds(now) - self.model.time.past_s;
        self.forget(|of| of.latest_s < past_s);
        due.sort_unstable();
        let table = session.profiles_or(&self.model.edition);
        let mut solved = 0;
        for (_, station) in due {
            if solved >= MOST_AT_A_TIME {
                break;
            }
            let mut names = Names::new(session, &self.own, table);
            let past = self.past(session, station, self.seconds(now), MOST_SOLVED, &mut names);
            solved += past.slices.len();
            self.reckon(station, now, &past);
            if let Some(due) = self.due.get_mut(&station) {
                *due = Due {
                    has_new: false,
                    at: Some(now),
                };
            }
        }
        true
    }

    /// The slices of a receiver up to a time, at most so many, in order of senders and times.
    fn past(&self, session: &Session, station: StationId, end_s: f64, most: usize, names: &mut Names<'_>) -> Past {
        let from_s = end_s - self.model.time.past_s;
        let most = most.min(self.model.time.most_slices);
        let place = self.length(station, from_s, most);
        let table = session.profiles_or(&self.model.edition);
        let model = session.stations().get(usize::from(station.0));
        let correction_db = table
            .receiver(model.map_or("", |station| &station.model))
            .rssi_correction_db
            .into();
        let receiver = names.station(station);
        let (mut slices, mut senders) = (Vec::new(), BTreeMap::new());
        for ((_, rpi), of) in self.identifiers.range(all_of(station)) {
            let sender = names.sender(*rpi, of);
            if sender.phone == receiver {
                continue;
            }
            senders.insert(*rpi, sender);
            let cuts = of
                .lengths
                .get(place)
                .into_iter()
                .flat_map(|of| of.within(from_s, end_s));
            slices.extend(cuts.map(|cut| Slice {
                receiver,
                sender: sender.phone,
                at_s: cut.at_s,
                db: cut.rssi_dbm + f64::from(correction_db - sender.tx_dbm),
                n: cut.n,
            }));
        }
        if slices.len() > most {
            slices.select_nth_unstable_by(most, |a, b| b.at_s.total_cmp(&a.at_s).then(a.sender.cmp(&b.sender)));
            slices.truncate(most);
        }
        slices.sort_by(|a, b| a.sender.cmp(&b.sender).then(a.at_s.total_cmp(&b.at_s)));
        Past {
            slices,
            receiver,
            correction_db,
            senders,
        }
    }

    /// Which length of the slices is taken: the first with which all of the past is kept and not too much of it.
    fn length(&self, station: StationId, from_s: f64, most: usize) -> usize {
        let lengths = 0..self.kept.len();
        let n = |place: usize| -> usize {
            let all = self.identifiers.range(all_of(station));
            all.filter_map(|(_, of)| of.lengths.get(place))
                .map(|of| of.n_from(from_s))
                .sum()
        };
        let mut fits = lengths.filter(|place| self.cut_s[*place] <= from_s && n(*place) <= most);
        fits.next().unwrap_or(self.kept.len().saturating_sub(1))
    }

    /// Estimates everyone whom a receiver heard since it was last reckoned: in the window that ends now, or, of who is
    /// silent for longer, in the one that ended with the last level.
    fn reckon(&mut self, station: StationId, now: UnixMicros, past: &Past) {
        let end_s = self.seconds(now);
        let mut latest: BTreeMap<Phone, (f64, Option<UnixMicros>)> = BTreeMap::new();
        for ((_, rpi), of) in self.identifiers.range(all_of(station)) {
            let Some(sender) = past.senders.get(rpi) else { continue };
            let (latest_s, reckoned) = latest.entry(sender.phone).or_insert((f64::NEG_INFINITY, None));
            *latest_s = latest_s.max(of.latest_s.min(end_s));
            *reckoned = (*reckoned).max(of.reckoned.map(|found| found.at));
        }
        // Of whom no slice is left, nothing can be said.
        let solved: BTreeSet<Phone> = past.slices.iter().map(|slice| slice.sender).collect();
        let is_new = |(latest_s, reckoned): (f64, Option<UnixMicros>)| {
            end_s - latest_s < WINDOW_S || reckoned.is_none_or(|at| self.seconds(at) < latest_s)
        };
        latest.retain(|phone, of| solved.contains(phone) && is_new(*of));
        let mut heard: BTreeMap<Phone, Vec<(f64, f64)>> = BTreeMap::new();
        for ((_, rpi), of) in self.identifiers.range(all_of(station)) {
            let Some(sender) = past.senders.get(rpi) else { continue };
            let Some((latest_s, _)) = latest.get(&sender.phone) else {
                continue;
            };
            let end_s = if end_s - latest_s < WINDOW_S { end_s } else { *latest_s };
            let attenuation = |rssi: i8| f64::from(sender.tx_dbm - i32::from(rssi) - past.correction_db);
            let levels = of.levels(end_s - WINDOW_S, end_s);
            let levels = levels.map(|(at_s, rssi)| (at_s, attenuation(rssi)));
            heard.entry(sender.phone).or_default().extend(levels);
        }
        heard.retain(|_, levels| !levels.is_empty());
        let proximity = Proximity::new(&past.slices, &self.model.live);
        let reckoned = |(phone, levels): (Phone, Vec<(f64, f64)>)| {
            let at_s = mean(levels.iter().map(|(at_s, _)| *at_s));
            let attenuation_db = median(levels.iter().map(|(_, db)| *db).collect());
            let reckoned = Reckoned {
                at: now,
                estimate: self.estimate(&proximity, (past.receiver, phone), at_s),
                attenuation_db,
                raw_m: free_space_m(attenuation_db),
                is_known: !phone.is_unknown(),
                n_levels: levels.len(),
            };
            (phone, reckoned)
        };
        let reckoned: BTreeMap<Phone, Reckoned> = heard.into_iter().map(reckoned).collect();
        for ((_, rpi), of) in self.identifiers.range_mut(all_of(station)) {
            let found = past.senders.get(rpi).and_then(|sender| reckoned.get(&sender.phone));
            // One that went silent keeps what was known of it.
            of.reckoned = found.copied().or(of.reckoned);
        }
    }

    fn estimate(&self, proximity: &Proximity<'_>, (receiver, sender): (Phone, Phone), at_s: f64) -> Estimate {
        let query = Query {
            receiver,
            sender,
            from_s: at_s,
            length_s: WINDOW_S,
            levels: 0..0,
        };
        let score = Score {
            nearness_db: proximity.at(receiver, sender, at_s),
            map: None,
        };
        self.model.estimate(Mode::Live, &query, score)
    }

    /// What was last estimated of an identifier.
    #[must_use]
    pub fn get(&self, station: StationId, rpi: Rpi) -> Option<&Reckoned> {
        self.identifiers.get(&(station, rpi))?.reckoned.as_ref()
    }

    /// Brings the history of one identifier up to date, from what is kept: each point from what came before it. That of
    /// another one is forgotten.
    pub fn follow(&mut self, session: &Session, station: StationId, rpi: Rpi) {
        let step = session.now().0.div_euclid(HISTORY_STEP.0);
        let first = step - HISTORY.0 / HISTORY_STEP.0;
        let goes_on = self.history.of == Some((station, rpi)) && self.history.done.is_some_and(|done| done <= step);
        if !goes_on {
            self.history = History {
                of: Some((station, rpi)),
                ..History::default()
            };
        }
        let done = self.history.done.map_or(first, |done| done.max(first));
        let mut points = std::mem::take(&mut self.history.points);
        points.retain(|point| point.at.0.div_euclid(HISTORY_STEP.0) > first);
        let new = (done + 1..=step).filter_map(|step| {
            let at = UnixMicros(step.saturating_mul(HISTORY_STEP.0));
            self.point(session, (station, rpi), at)
        });
        points.extend(new);
        self.history.points = points;
        self.history.done = Some(step);
    }

    /// The history of an identifier, oldest first, if it is the one that is followed.
    #[must_use]
    pub fn history(&self, station: StationId, rpi: Rpi) -> &[Point] {
        let is_it = self.history.of == Some((station, rpi));
        if is_it { &self.history.points } else { &[] }
    }

    /// What the estimate of a window that ended at a time would have been.
    fn point(&self, session: &Session, (station, rpi): (StationId, Rpi), at: UnixMicros) -> Option<Point> {
        let end_s = self.seconds(at);
        let of = self.identifiers.get(&(station, rpi))?;
        let finest = of.lengths.first()?;
        let mean_of = |from_s: f64, of: &dyn Fn(&kept::Cut) -> f64| {
            let (sum, n) = finest.within(from_s, end_s).fold((0.0, 0.0), |(sum, n), cut| {
                (sum + of(&cut) * f64::from(cut.n), n + f64::from(cut.n))
            });
            (n > 0.0).then(|| sum / n)
        };
        let heard_s = mean_of(end_s - WINDOW_S, &|cut| cut.at_s)?;
        let mut names = Names::new(session, &self.own, session.profiles_or(&self.model.edition));
        let past = self.past(session, station, end_s, MOST_OF_POINT, &mut names);
        let sender = past.senders.get(&rpi)?;
        let proximity = Proximity::new(&past.slices, &self.model.live);
        let rssi_dbm = mean_of(end_s - HISTORY_STEP.as_secs_f64(), &|cut| cut.rssi_dbm);
        Some(Point {
            at,
            estimate: self.estimate(&proximity, (past.receiver, sender.phone), heard_s),
            raw_m: rssi_dbm.map(|rssi| free_space_m(f64::from(sender.tx_dbm - past.correction_db) - rssi)),
        })
    }
}

/// The middle one, or the mean of the two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let middle = values.get(n.saturating_sub(1) / 2..=n / 2).unwrap_or_default();
    mean(middle.iter().copied())
}
