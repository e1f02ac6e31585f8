//! Measuring a phone on a bench, step by step: where it is put, how good what is heard is, what came of it.
//!
//! Driven by the events of the session alone: the same capture gives the same steps, whatever plays it. Every accepted step
//! is a mark, so that the measurement can be computed again from the capture.

mod doubt;
mod finding;
mod quality;
mod told;

pub use finding::{ATTENUATION_DB, Finding};
pub use quality::{Fault, Heard, Quality};
pub use told::{Receiver, Told};

use super::fit::SATURATED;
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, Mark};
use crate::lab::gaen::{self, Rpi};
use crate::lab::ledger::TrackKey;
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::{Dbm, Metres};

/// Most levels of a step that are kept.
const MOST_LEVELS: usize = 100_000;
/// Most steps.
const MOST_STEPS: usize = 200;
/// Most addresses and identifiers under which a phone was heard that are kept.
const MOST_SEEN: usize = 64;

/// Where and how the phone lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// From the station, in metres.
    pub distance_m: f64,
    /// How it lies; empty where it is all the same.
    pub orientation: String,
}

/// What is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// How long each takes at least.
    pub dwell: Micros,
    /// How many reports each needs.
    pub wanted: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self::new(
            &[1.0, 0.5, 2.0, 4.0],
            &["front".to_owned(), "back".to_owned(), "side".to_owned()],
        )
    }
}

impl Plan {
    /// Every orientation at every distance; at least 45 s and 100 reports each (Google's procedure asks for ten).
    #[must_use]
    pub fn new(distances_m: &[f64], orientations: &[String]) -> Self {
        let at = |metres: f64| {
            orientations.iter().map(move |orientation| Step {
                distance_m: metres,
                orientation: orientation.clone(),
            })
        };
        let mut steps: Vec<Step> = distances_m.iter().flat_map(|metres| at(*metres)).collect();
        steps.truncate(MOST_STEPS);
        Self {
            steps,
            dwell: Micros::from_secs(45),
            wanted: 100,
        }
    }
}

/// The phone that is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Phone {
    /// Its lab key's device, or how its identifier begins. Not neutralised.
    pub name: String,
    /// Its model; empty where it is not told. Not neutralised.
    pub model: String,
    /// The station that hears it.
    pub station: StationId,
    /// Whether it is known by a lab key, and found again whatever it changes.
    pub has_key: bool,
    /// Where it was heard, the latest last: who goes back in a capture meets it under those of before.
    seen: Vec<(TrackKey, Option<Rpi>)>,
}

/// A step that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Which.
    pub step: Step,
    /// How good.
    pub quality: Quality,
    /// From when.
    pub from: UnixMicros,
    /// Until when.
    pub to: UnixMicros,
    /// Its mark.
    mark: Mark,
    levels: Vec<Dbm>,
}

/// How far the measurement has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No phone is chosen.
    #[default]
    Choosing,
    /// The phone is to be put in its place.
    Placing,
    /// It is measured, from this time on.
    Measuring(UnixMicros),
    /// It was measured until then: accept or repeat.
    Judging(UnixMicros, UnixMicros),
    /// All steps are done.
    Done,
}

/// A measurement.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    /// What is to be measured.
    pub plan: Plan,
    /// How far it has come.
    pub stage: Stage,
    /// The phone.
    pub phone: Option<Phone>,
    /// Which step, from 0.
    pub at: usize,
    /// What a person told of the figures.
    pub told: Told,
    /// What came of each step; `None` where it was not measured, or skipped.
    pub outcomes: Vec<Option<Outcome>>,
    /// When the first accepted step began, by which this measurement is told from others in the same capture.
    began: Option<UnixMicros>,
    heard: Heard,
    /// When the phone was heard last.
    last: Option<UnixMicros>,
}

impl Measure {
    /// Begins anew with a plan.
    #[must_use]
    pub fn with_plan(plan: Plan) -> Self {
        Self {
            outcomes: vec![None; plan.steps.len()],
            plan,
            ..Self::default()
        }
    }

    /// The step that is at hand.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        self.plan.steps.get(self.at)
    }

    /// Chooses the phone of a track.
    pub fn choose(&mut self, session: &Session, key: TrackKey, model: Option<&str>) {
        let Some(track) = session.track(key) else { return };
        let known = session.known(track.rpi, track.aem);
        let digits = |rpi: Rpi| rpi.to_string().chars().take(8).collect();
        let name = known.as_ref().map_or_else(
            || track.rpi.map_or_else(|| key.address.to_string(), digits),
            |known| known.device.to_owned(),
        );
        let told = known
            .as_ref()
            .map(|known| known.model)
            .filter(|model| !model.is_empty());
        let told = told.unwrap_or_else(|| session.model_of(key.address, track.rpi));
        self.phone = Some(Phone {
            name,
            model: model.unwrap_or(told).to_owned(),
            station: key.station,
            has_key: known.is_some(),
            seen: vec![(key, track.rpi)],
        });
        if self.outcomes.len() != self.plan.steps.len() {
            self.outcomes = vec![None; self.plan.steps.len()];
        }
        self.stage = if self.plan.steps.is_empty() {
            Stage::Done
        } else {
            Stage::Placing
        };
        self.last = Some(track.last);
    }

    /// The phone lies in its place: it is measured from now on.
    pub fn start(&mut self, now: UnixMicros) {
        if matches!(self.stage, Stage::Placing | Stage::Judging(..)) {
            self.heard = Heard::default();
            self.stage = Stage::Measuring(now);
        }
    }

    /// Takes in events, after the session did.
    pub fn take(&mut self, events: &[CaptureEvent], session: &Session) {
        let Some(phone) = &mut self.phone else { return };
        let Stage::Measuring(from) = self.stage else {
            // It is kept in sight while it is carried about.
            for event in events {
                if phone.is_it(event, session) {
                    self.last = Some(event.at());
                }
            }
            return;
        };
        for event in events {
            let CaptureEvent::Advert(advert) = event else { continue };
            if advert.at < from || advert.station != phone.station || advert.is_scan_response() {
                continue;
            }
            if !phone.is_it(event, session) {
                self.heard.others += 1;
                continue;
            }
            self.last = Some(advert.at);
            match advert.rssi {
                Some(level) if level >= SATURATED && level.0 != 127 => self.heard.saturated += 1,
                Some(level) if level.0 != 127 && self.heard.levels.len() < MOST_LEVELS => {
                    self.heard.levels.push((advert.at, level));
                }
                _ => {}
            }
        }
    }

    /// Time passes: a step that has all that it needs is to be judged.
    pub fn pass(&mut self, now: UnixMicros) {
        if let Stage::Measuring(from) = self.stage
            && now.since(from) >= self.plan.dwell
            && self.heard.levels.len() >= self.plan.wanted
        {
            self.stage = Stage::Judging(from, now);
        }
    }

    /// Ends the measuring of a step by hand.
    pub fn stop(&mut self, now: UnixMicros) {
        if let Stage::Measuring(from) = self.stage {
            self.stage = Stage::Judging(from, now.max(from));
        }
    }

    /// How good what was heard in the step at hand is; `None` while nothing is measured.
    #[must_use]
    pub fn quality(&self, now: UnixMicros) -> Option<Quality> {
        match self.stage {
            Stage::Measuring(from) => Some(self.heard.quality(now.since(from))),
            Stage::Judging(from, to) => Some(self.heard.quality(to.since(from))),
            _ => None,
        }
    }

    /// How long the phone was not heard; `None` before it is chosen.
    #[must_use]
    pub fn silence(&self, now: UnixMicros) -> Option<Micros> {
        self.last.map(|last| Micros(now.since(last).0.max(0)))
    }

    /// The time went elsewhere, as who plays a capture may wish: the step at hand is measured again; those that were accepted
    /// stay. Whether one was being measured.
    pub fn interrupt(&mut self) -> bool {
        let is_running = matches!(self.stage, Stage::Measuring(_));
        if is_running {
            self.repeat();
        }
        is_running
    }

    /// Accepts the step at hand; gives its mark, after one that takes back that of the same step before, and goes on.
    pub fn accept(&mut self) -> Option<(Vec<Mark>, StationId)> {
        let Stage::Judging(from, to) = self.stage else {
            return None;
        };
        // Nothing is no measurement.
        if self.heard.levels.is_empty() {
            return None;
        }
        let (phone, step) = (self.phone.clone()?, self.step()?.clone());
        let quality = self.heard.quality(to.since(from));
        // Marks end before their end: the last report, which completed the step, is of it.
        let last = self.heard.levels.last().map(|(at, _)| *at);
        let to = last.filter(|last| *last >= to).map_or(to, |last| last.plus(Micros(1)));
        // The report by whose time the step was started came before it.
        let first = self.heard.levels.first().map(|(at, _)| *at);
        let from = first
            .filter(|first| *first > from)
            .map_or(from, |_| from.plus(Micros(1)));
        self.began.get_or_insert(from);
        let session = self.session();
        let mark = Mark {
            from,
            to: Some(to),
            device: phone.name.clone(),
            model: phone.model.clone(),
            distance: Some(Metres(step.distance_m)),
            orientation: step.orientation.clone(),
            note: Mark::note_of_step(&session, quality.n),
            ..Mark::default()
        };
        let outcome = Outcome {
            step,
            quality,
            from,
            to,
            mark: mark.clone(),
            levels: self.heard.levels.drain(..).map(|(_, level)| level).collect(),
        };
        let mut marks = Vec::new();
        if let Some(place) = self.outcomes.get_mut(self.at) {
            marks.extend(place.replace(outcome).map(|before| before.mark.withdrawal()));
        }
        marks.push(mark);
        self.go_on();
        Some((marks, phone.station))
    }

    /// The name of this measurement, in the notes of its marks: when its first accepted step began.
    #[must_use]
    pub fn session(&self) -> String {
        let digits = |began: UnixMicros| {
            began
                .to_string()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(15)
                .collect()
        };
        self.began.map(digits).unwrap_or_default()
    }

    /// The mark that tells the phone's model, where steps were marked before it was told.
    #[must_use]
    pub fn mark_of_model(&self) -> Option<Mark> {
        let phone = self.phone.as_ref().filter(|phone| !phone.model.is_empty())?;
        let all = || self.outcomes.iter().flatten();
        if all().all(|outcome| outcome.mark.model == phone.model) {
            return None;
        }
        Some(Mark {
            from: all().map(|outcome| outcome.from).min()?,
            to: all().map(|outcome| outcome.to).max(),
            device: phone.name.clone(),
            model: phone.model.clone(),
            note: Mark::note_of_model(&self.session()),
            ..Mark::default()
        })
    }

    /// Accepted steps that another plan has no place for.
    #[must_use]
    pub fn n_without_place(&self, plan: &Plan) -> usize {
        let has_place = |outcome: &&Outcome| plan.steps.contains(&outcome.step);
        self.outcomes
            .iter()
            .flatten()
            .filter(|outcome| !has_place(outcome))
            .count()
    }

    /// Goes on with the same phone by another plan. Accepted steps stay where it has them too; gives the marks that take back
    /// the others.
    pub fn replan(&mut self, plan: Plan) -> Vec<Mark> {
        let mut before: Vec<Outcome> = self.outcomes.drain(..).flatten().collect();
        let mut kept = |step: &Step| {
            let place = before.iter().position(|outcome| outcome.step == *step)?;
            Some(before.remove(place))
        };
        self.outcomes = plan.steps.iter().map(&mut kept).collect();
        self.plan = plan;
        self.heard = Heard::default();
        let next = self.outcomes.iter().position(Option::is_none);
        self.at = next.unwrap_or(self.plan.steps.len().saturating_sub(1));
        self.stage = next.map_or(Stage::Done, |_| Stage::Placing);
        before.iter().map(|outcome| outcome.mark.withdrawal()).collect()
    }

    /// Goes on without a step.
    pub fn skip(&mut self) {
        if !matches!(self.stage, Stage::Choosing | Stage::Done) {
            self.go_on();
        }
    }

    /// Back to the step before.
    pub fn back(&mut self) {
        if self.stage != Stage::Choosing && !self.plan.steps.is_empty() {
            // When all are done it is the last that was at hand.
            if self.stage != Stage::Done {
                self.at = self.at.saturating_sub(1);
            }
            self.stage = Stage::Placing;
        }
    }

    /// Measures the step at hand again.
    pub fn repeat(&mut self) {
        if matches!(self.stage, Stage::Measuring(_) | Stage::Judging(..)) {
            self.heard = Heard::default();
            self.stage = Stage::Placing;
        }
    }

    fn go_on(&mut self) {
        self.heard = Heard::default();
        self.at += 1;
        self.stage = if self.at < self.plan.steps.len() {
            Stage::Placing
        } else {
            self.at = self.plan.steps.len().saturating_sub(1);
            Stage::Done
        };
    }

    /// Accepted steps.
    #[must_use]
    pub fn n_accepted(&self) -> usize {
        self.outcomes.iter().flatten().count()
    }
}

impl Phone {
    /// Whether an event is a report of it; where it changes address or identifier, but not both, it is followed.
    fn is_it(&mut self, event: &CaptureEvent, session: &Session) -> bool {
        let CaptureEvent::Advert(advert) = event else {
            return false;
        };
        if advert.station != self.station || advert.details.bad_crc {
            return false;
        }
        let Some(frame) = gaen::decode(&advert.data) else {
            return false;
        };
        let key = TrackKey {
            station: advert.station,
            address: advert.address,
        };
        let is_known = self.has_key
            && session
                .known(Some(frame.rpi), frame.aem)
                .is_some_and(|known| known.device == self.name);
        let is_same = |(of, rpi): &(TrackKey, Option<Rpi>)| *of == key || *rpi == Some(frame.rpi);
        if !(is_known || (!self.has_key && self.seen.iter().any(is_same))) {
            return false;
        }
        let now = (key, Some(frame.rpi));
        if self.seen.last() != Some(&now) {
            self.seen.retain(|of| *of != now);
            if self.seen.len() >= MOST_SEEN {
                self.seen.remove(0);
            }
            self.seen.push(now);
        }
        true
    }

    /// Whether a mark's device names it: by its name, by how an identifier begins, or by an address; or as all.
    fn is_named(&self, device: &str) -> bool {
        let device = device.to_lowercase();
        let is_it = |(key, rpi): &(TrackKey, Option<Rpi>)| {
            let begins = |rpi: &Rpi| device.len() >= 4 && rpi.to_string().starts_with(&device);
            key.address.to_string() == device || rpi.as_ref().is_some_and(begins)
        };
        device.is_empty() || self.name.to_lowercase() == device || self.seen.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests;
