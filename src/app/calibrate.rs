//! The tab of calibration: leads through the measuring of a phone, step by step, to its profile.

use super::Effect;
use super::action::Action;
use super::model::Model;
use super::update::mark_of_calibration;
use crate::lab::beacon::Family;
use crate::lab::calibration::measure::{Finding, Measure, Plan, Stage};
use crate::lab::calibration::to_toml;
use crate::lab::ledger::TrackKey;
use crate::lab::time::Micros;
use crate::lab::units::Dbm;

/// Phones that can be chosen: of more, the strongest.
const MOST_CANDIDATES: usize = 50;
/// Who was not heard for longer is not offered.
const PRESENT: Micros = Micros::from_secs(15);
/// Most characters of a plan's word.
const MOST_WORD: usize = 40;

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
}

/// A plan with what it says of the phone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// The steps.
    pub plan: Plan,
    /// Its model.
    pub model: Option<String>,
    /// Which is taken without a question: a device's name, how an identifier or an address begins, or the strongest.
    pub phone: Option<String>,
}

/// The word for whichever is strongest.
const STRONGEST: &str = "strongest";
/// The strongest is not taken before it was heard so often.
const SURE: u64 = 20;

/// Reads a plan: numbers are distances in metres, `dwell=SECONDS`, `reports=N`, `model=NAME`, `phone=NAME` (or an
/// address, or `strongest`), and other words orientations.
///
/// # Errors
/// Which word is none.
pub fn plan(text: &str) -> Result<Planned, String> {
    let (mut distances, mut orientations) = (Vec::new(), Vec::new());
    let (mut dwell, mut wanted, mut model, mut phone) = (None, None, None, None);
    for word in words(text) {
        if let Some(value) = word.strip_prefix("dwell=") {
            let seconds = value
                .trim_end_matches('s')
                .parse()
                .ok()
                .filter(|of| (1..=3_600).contains(of));
            dwell = Some(Micros::from_secs(seconds.ok_or("dwell: 1 to 3600 seconds")?));
        } else if let Some(value) = word.strip_prefix("reports=") {
            wanted = Some(
                value
                    .parse()
                    .ok()
                    .filter(|of| (1..=100_000).contains(of))
                    .ok_or("reports: 1 to 100000")?,
            );
        } else if let Some(value) = word.strip_prefix("model=") {
            model = Some(value.chars().take(MOST_WORD).collect::<String>()).filter(|model| !model.is_empty());
        } else if let Some(value) = word.strip_prefix("phone=") {
            phone = Some(value.chars().take(MOST_WORD).collect::<String>()).filter(|phone| !phone.is_empty());
        } else if let Ok(metres) = word.trim_end_matches('m').parse::<f64>() {
            if !(0.05..=1_000.0).contains(&metres) {
                return Err(format!("{word}: a distance is 0.05 to 1000 m"));
            }
            distances.push(metres);
        } else {
            orientations.push(word.chars().take(MOST_WORD).collect::<String>());
        }
    }
    let usual = Plan::default();
    if distances.is_empty() {
        distances = usual.steps.iter().map(|step| step.distance_m).collect();
        distances.dedup();
    }
    if orientations.is_empty() {
        orientations.push(String::new());
    }
    let mut plan = Plan::new(&distances, &orientations);
    plan.dwell = dwell.unwrap_or(plan.dwell);
    plan.wanted = wanted.unwrap_or(plan.wanted);
    Ok(Planned { plan, model, phone })
}

/// Words of a line; what stands in quotes is one.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' | ',' if !is_quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

impl Calibrate {
    /// Begins anew with a plan.
    pub fn begin(&mut self, planned: Planned) {
        *self = Self {
            measure: Measure::with_plan(planned.plan),
            model: planned.model.or(self.model.take()),
            wanted: planned.phone,
            ..Self::default()
        };
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
                self.calibrate.begin(Planned {
                    plan,
                    ..Planned::default()
                });
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
                if let Some((mark, station)) = accepted {
                    return vec![mark_of_calibration(mark, station)];
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

    /// Writes the profile under a name.
    pub(super) fn save_profile(&mut self, name: &str) -> Vec<Effect> {
        match &self.calibrate.finding {
            None => self.say("no step was accepted yet: there is nothing to write"),
            Some(Err(error)) => {
                let error = error.clone();
                self.say(&error);
            }
            Some(Ok(finding)) => {
                let table = finding.table(name);
                if table.entries().is_empty() {
                    self.say(
                        "neither the phone nor the station has known figures: nothing fixes the scale (:plan model=…)",
                    );
                    return Vec::new();
                }
                match to_toml(&table) {
                    Ok(text) => return vec![Effect::Profile(name.to_owned(), text)],
                    Err(error) => self.say(&error.to_string()),
                }
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
