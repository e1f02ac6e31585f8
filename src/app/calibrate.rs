//! The tab of calibration: leads through the measuring of a phone, step by step, to its profile.

mod plan;

use super::Effect;
use super::action::Action;
use super::form::Question;
use super::model::{Model, Popup};
use super::update::mark_of_calibration;
use crate::lab::advert::StationId;
use crate::lab::beacon::Family;
use crate::lab::calibration::measure::{Finding, Measure, Outcome, Receiver, Stage};
use crate::lab::calibration::{editions, to_toml};
use crate::lab::ledger::TrackKey;
use crate::lab::time::Micros;
use crate::lab::units::Dbm;
pub use plan::{Planned, plan};

/// Phones that can be chosen: of more, the strongest.
const MOST_CANDIDATES: usize = 50;
/// Who was not heard for longer is not offered.
const PRESENT: Micros = Micros::from_secs(15);

/// A phone that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub key: TrackKey,
    /// Its lab key's device, or how its identifier begins. Not neutralised.
    pub name: String,
    /// Its model, where it is told. Not neutralised.
    pub model: String,
    /// The middle of its levels.
    pub median: Option<Dbm>,
    /// Reports of this stay.
    pub heard: u64,
}

/// State of the tab.
#[derive(Clone, Debug, Default)]
pub struct Calibrate {
    /// The measurement.
    pub measure: Measure,
    /// Phones that can be chosen, strongest first.
    pub candidates: Vec<Candidate>,
    /// The selected one.
    pub selected: Option<TrackKey>,
    /// The model that the person told.
    pub model: Option<String>,
    /// The phone that is taken as soon as it is heard.
    pub wanted: Option<String>,
    /// What the accepted steps tell, or why they tell nothing.
    pub finding: Option<Result<Box<Finding>, String>>,
    /// Whether a profile was written of the steps as they are.
    pub is_written: bool,
}

/// The word for whichever is strongest.
const STRONGEST: &str = "strongest";
/// The strongest is not taken before it was heard so often.
const SURE: u64 = 20;

impl Calibrate {
    /// Begins anew with a plan; what was told of the figures stays, unless it is told anew.
    pub fn begin(&mut self, planned: Planned) {
        let told = std::mem::take(&mut self.measure.told).with(planned.told);
        let mut measure = Measure::with_plan(planned.plan);
        measure.told = told;
        *self = Self {
            measure,
            model: planned.model.or(self.model.take()),
            wanted: planned.phone,
            ..Self::default()
        };
    }

    /// Takes what a plan tells besides steps and phone; what was measured stays.
    fn amend(&mut self, planned: Planned) {
        let measure = &mut self.measure;
        measure.told = std::mem::take(&mut measure.told).with(planned.told);
        if planned.has_times {
            (measure.plan.dwell, measure.plan.wanted) = (planned.plan.dwell, planned.plan.wanted);
        }
        if let Some(model) = planned.model {
            if let Some(phone) = &mut measure.phone {
                phone.model.clone_from(&model);
            }
            self.model = Some(model);
        }
    }

    /// The phone that is to be taken without a question, once it is heard.
    fn awaited(&self) -> Option<TrackKey> {
        let wanted = self.wanted.as_deref()?;
        let is_it = |of: &&Candidate| {
            of.name == wanted
                || (wanted.len() >= 4 && of.name.starts_with(wanted))
                || of.key.address.to_string() == wanted.to_lowercase()
        };
        let found = if wanted == STRONGEST {
            self.candidates.first().filter(|of| of.heard >= SURE)
        } else {
            self.candidates.iter().find(is_it)
        };
        found.map(|of| of.key)
    }

    /// The phone that would be chosen: the selected one, or the strongest.
    #[must_use]
    pub fn candidate(&self) -> Option<&Candidate> {
        let selected = self.candidates.iter().find(|of| Some(of.key) == self.selected);
        selected.or(self.candidates.first())
    }
}

impl Model {
    /// Measures by a plan. One that names neither places nor a phone changes what is told of a measurement that is under way, and
    /// keeps its steps; one of other places keeps those that it has too. Others are given up only after a question.
    pub(super) fn plan_calibration(&mut self, planned: Planned) -> Vec<Effect> {
        let measure = &self.calibrate.measure;
        let lost = match (&planned.phone, planned.is_amendment()) {
            (_, true) => 0,
            (Some(_), _) => measure.n_accepted(),
            (None, _) => measure.n_without_place(&planned.plan),
        };
        if lost > 0 {
            self.popup = Some(Popup::Question(Question::DropSteps {
                planned: Box::new(planned),
                lost,
            }));
            self.is_dirty = true;
            return Vec::new();
        }
        self.take_plan(planned)
    }

    /// Measures by a plan, whatever it gives up.
    pub(super) fn take_plan(&mut self, planned: Planned) -> Vec<Effect> {
        let mut effects = Vec::new();
        let tells_model = planned.model.is_some();
        let receiver = planned.told.receiver.clone();
        let is_amendment = planned.is_amendment() && self.calibrate.measure.phone.is_some();
        if let Some(receiver) = &receiver {
            self.tell_receiver(receiver);
        }
        self.doubt_models(&planned);
        if is_amendment {
            self.calibrate.amend(planned);
            self.find_calibration();
        } else if self.calibrate.measure.phone.is_some() && planned.phone.is_none() {
            let station = self.calibrated_station();
            let measure = &mut self.calibrate.measure;
            let mut plan = planned.plan.clone();
            if !planned.has_times {
                (plan.dwell, plan.wanted) = (measure.plan.dwell, measure.plan.wanted);
            }
            let withdrawn = measure.replan(plan);
            let marks = withdrawn.into_iter().map(|mark| mark_of_calibration(mark, station));
            effects.extend(marks);
            self.calibrate.amend(planned);
            self.find_calibration();
        } else {
            self.calibrate.begin(planned);
        }
        if tells_model && let Some(mark) = self.calibrate.measure.mark_of_model() {
            effects.push(mark_of_calibration(mark, self.calibrated_station()));
        }
        self.calibrate.is_written = false;
        self.is_dirty = true;
        effects
    }

    /// A receiver's model counts for all that is shown, and is in recordings that begin from now on.
    fn tell_receiver(&mut self, receiver: &Receiver) {
        // A name with a correction is no model.
        if receiver.correction_db.is_none() {
            self.calibration.set_model(None, receiver.name.clone());
            self.session.tell_receiver(&receiver.name);
        }
    }

    /// Says of models that no list has what is taken in their place.
    fn doubt_models(&mut self, planned: &Planned) {
        let receiver = planned
            .told
            .receiver
            .as_ref()
            .filter(|told| told.correction_db.is_none());
        let table = self.session.profiles(StationId(0));
        let newest = editions::newest();
        // Before anything is heard its time, and with it the list, is not known.
        let has_time = !self.session.stations().is_empty();
        let lacks = |name: &str| table.lacks(name).filter(|_| has_time);
        let doubt = |name: &str| {
            let unknown = newest.doubt(name).and_then(|_| table.doubt(name));
            unknown.or_else(|| lacks(name))
        };
        let names = [
            receiver.map(|told| ("receiver", told.name.as_str())),
            planned.model.as_deref().map(|of| ("phone", of)),
        ];
        let doubts: Vec<String> = names
            .into_iter()
            .flatten()
            .filter_map(|(what, name)| Some(format!("{what}: {}", doubt(name)?)))
            .collect();
        for text in doubts {
            self.warn(&text);
        }
    }

    /// The time goes elsewhere in the same source: accepted steps stay.
    pub(super) fn interrupt_calibration(&mut self) {
        if self.calibrate.measure.interrupt() {
            let at = self.calibrate.measure.at + 1;
            self.say(&format!(
                "the time went elsewhere: step {at} is to be measured again; accepted ones stay"
            ));
        }
        self.calibrate.candidates.clear();
        self.calibrate.selected = None;
    }

    /// The receiver of the phone that is measured, or of the one that would be chosen.
    #[must_use]
    pub fn calibrated_station(&self) -> StationId {
        let calibrate = &self.calibrate;
        let chosen = calibrate.measure.phone.as_ref().map(|phone| phone.station);
        let offered = || calibrate.candidate().map(|of| of.key.station);
        chosen.or_else(offered).unwrap_or_default()
    }

    /// The phones that can be chosen now, strongest first.
    pub(super) fn settle_calibration(&mut self) {
        if self.calibrate.measure.stage != Stage::Choosing {
            return;
        }
        let now = self.now();
        let is_phone = |family: Family| matches!(family, Family::GaenAndroid | Family::GaenIos | Family::GaenOther);
        let tracks = self.session.tracks().iter().filter(|track| is_phone(track.family));
        let present = tracks.filter(|track| now.since(track.last) <= PRESENT);
        let mut candidates: Vec<Candidate> = present
            .map(|track| {
                let known = self.session.known(track.rpi, track.aem);
                let digits = || track.rpi.map(|rpi| rpi.to_string().chars().take(8).collect());
                let name = known.as_ref().map(|known| known.device.to_owned()).or_else(digits);
                let model = known.map(|known| known.model).filter(|model| !model.is_empty());
                Candidate {
                    key: track.key,
                    name: name.unwrap_or_else(|| track.key.address.to_string()),
                    model: model
                        .unwrap_or_else(|| self.session.model_of(track.key.address, track.rpi))
                        .to_owned(),
                    median: track.histogram.median(),
                    heard: track.heard,
                }
            })
            .collect();
        candidates.sort_by(|a, b| b.median.cmp(&a.median).then(a.key.cmp(&b.key)));
        candidates.truncate(MOST_CANDIDATES);
        self.calibrate.candidates = candidates;
        if let Some(key) = self.calibrate.awaited() {
            let model = self.calibrate.model.clone();
            self.calibrate.measure.choose(&self.session, key, model.as_deref());
        }
    }

    /// Selects the candidate above or below.
    pub(super) fn travel_calibration(&mut self, action: Action) {
        let calibrate = &mut self.calibrate;
        let of = |key: Option<TrackKey>| calibrate.candidates.iter().position(|of| Some(of.key) == key);
        let idx = of(calibrate.selected).unwrap_or(0);
        let last = calibrate.candidates.len().saturating_sub(1);
        let idx = match action {
            Action::Up => idx.saturating_sub(1),
            Action::Down => (idx + 1).min(last),
            Action::First | Action::PageUp => 0,
            _ => last,
        };
        calibrate.selected = calibrate.candidates.get(idx).map(|of| of.key);
    }

    /// Does what a key of the tab asks for.
    pub(super) fn act_on_calibration(&mut self, action: Action) -> Vec<Effect> {
        let now = self.now();
        self.is_dirty = true;
        match action {
            Action::GoOn => return self.go_on_calibrating(),
            Action::Again => self.calibrate.measure.repeat(),
            Action::SkipStep => {
                self.calibrate.measure.skip();
                self.find_calibration();
            }
            Action::StepBack => self.calibrate.measure.back(),
            Action::Anew => {
                let plan = self.calibrate.measure.plan.clone();
                self.calibrate.begin(Planned::of(plan));
            }
            Action::SaveProfile => return self.save_profile("own"),
            _ => {}
        }
        self.calibrate.measure.pass(now);
        Vec::new()
    }

    fn go_on_calibrating(&mut self) -> Vec<Effect> {
        let now = self.now();
        match self.calibrate.measure.stage {
            Stage::Choosing => {
                let model = self.calibrate.model.clone();
                let chosen = self.calibrate.candidate().map(|of| of.key);
                let Some(key) = chosen else {
                    self.say("no phone with exposure notifications is heard yet");
                    return Vec::new();
                };
                self.calibrate.measure.choose(&self.session, key, model.as_deref());
            }
            Stage::Placing => self.calibrate.measure.start(now),
            Stage::Measuring(_) => self.calibrate.measure.stop(now),
            Stage::Judging(..) => {
                let accepted = self.calibrate.measure.accept();
                self.find_calibration();
                if let Some((marks, station)) = accepted {
                    self.calibrate.is_written = false;
                    let marks = marks.into_iter();
                    return marks.map(|mark| mark_of_calibration(mark, station)).collect();
                }
                self.say("nothing was heard in this step: x measures it again, n goes on without it");
            }
            Stage::Done => return self.save_profile("own"),
        }
        Vec::new()
    }

    /// Computes what the accepted steps tell so far.
    fn find_calibration(&mut self) {
        let measure = &self.calibrate.measure;
        self.calibrate.finding = (measure.n_accepted() > 0).then(|| {
            let finding = measure.finding(&self.session);
            finding.map(Box::new).map_err(|error| error.to_string())
        });
    }

    /// Writes the profile under a name; one that rests on a single step with a fault only after a question.
    pub(super) fn save_profile(&mut self, name: &str) -> Vec<Effect> {
        let phone = self.calibrate.measure.phone.as_ref();
        if self.calibrate.finding.is_some() && phone.is_some_and(|phone| phone.model.is_empty()) {
            self.say("of which model is the phone? :plan model=NAME tells it (Build.MODEL, such as SM-A515F); the steps stay");
            return Vec::new();
        }
        let finding = match &self.calibrate.finding {
            None => {
                self.say("no step was accepted yet: there is nothing to write");
                return Vec::new();
            }
            Some(Err(error)) => {
                let error = error.clone();
                self.say(&error);
                return Vec::new();
            }
            Some(Ok(finding)) => finding,
        };
        let table = finding.table(name);
        if table.entries().is_empty() {
            self.say("nothing fixes the scale: :plan receiver=MODEL, receiver=NAME:DB or tx=DBM does, the steps stay");
            return Vec::new();
        }
        let text = match to_toml(&table) {
            Ok(text) => text,
            Err(error) => {
                self.say(&error.to_string());
                return Vec::new();
            }
        };
        if let Some(weakness) = self.calibrate.weakness() {
            self.popup = Some(Popup::Question(Question::WeakProfile {
                name: name.to_owned(),
                text,
                weakness,
            }));
            return Vec::new();
        }
        self.calibrate.is_written = true;
        vec![Effect::Profile(name.to_owned(), text)]
    }
}

impl Calibrate {
    /// Whether quitting would lose accepted steps of which no profile was written.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        !self.is_written && self.measure.n_accepted() > 0
    }

    /// Why the accepted steps are too little for a profile that others should use.
    fn weakness(&self) -> Option<String> {
        let measure = &self.measure;
        let faulty = |of: &&Outcome| !of.quality.faults(measure.plan.wanted).is_empty();
        let accepted = || measure.outcomes.iter().flatten();
        let n_faulty = accepted().filter(faulty).count();
        match (accepted().count(), n_faulty) {
            (1, 1) => Some("It rests on a single step, and that has a !.".to_owned()),
            (1, 0) => Some("It rests on a single step.".to_owned()),
            (all, faulty) if all == faulty => Some(format!("Each of its {all} steps has a !.")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
