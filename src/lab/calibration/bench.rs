//! Reports of captures as measurements: which phone heard which at what distance, in which session and orientation.

use std::collections::BTreeMap;

use super::fit::{self, Effects, FitError, Observation, ObservationError, Parameter, References, Samples};
use crate::lab::distance::truth::{Stretch, Truth, pair, plain};
use crate::lab::distance::{Heard, Level, Phone};
use crate::lab::time::UnixMicros;
use crate::lab::units::{Dbm, Metres};

/// Distances of walks are told apart by so much of themselves.
const STEP: f64 = 0.1;

/// By what phones are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// All of one model are alike; those whose model is not known are themselves.
    #[default]
    Model,
    /// Each is itself.
    Phone,
}

/// Measurements, with the names of what their numbers stand for.
#[derive(Clone, Debug, Default)]
pub struct Bench {
    /// The reports.
    pub samples: Samples,
    /// Phones or models, by their numbers. Not neutralised.
    pub phones: Vec<String>,
    /// The model of each; empty where it is not known. Not neutralised.
    pub models: Vec<String>,
    /// Sessions.
    pub sessions: Vec<String>,
    /// The days of the reports, as `2020-06-02`.
    pub dates: Vec<String>,
    /// Orientations.
    pub orientations: Vec<String>,
    /// Models that a person told beside the capture, as `STATION=MODEL`.
    pub told_models: Vec<String>,
    /// The list that known figures are of, and what stands in for others.
    pub edition: String,
    /// The session of `calibrate measure` whose marks alone count; empty where all do.
    pub session: String,
    /// Reports at times of which no distance is known.
    pub unplaced: u64,
    /// How many reports each file of truth tells the distance of, whether a mark tells it too or not; counted up to the first.
    pub told_by_truth: Vec<bool>,
}

/// Numbers in the order in which names come.
pub(super) fn number(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// What is known of a report's place.
struct Place {
    distance_m: f64,
    orientation: String,
    session: String,
}

/// Finds the place of reports: marks first, then stretches, then distances over time.
struct Places<'a> {
    heard: &'a Heard,
    truth: &'a [Truth],
    /// Stretches by sender.
    stretches: BTreeMap<&'a str, Vec<&'a Stretch>>,
    origin_s: f64,
}

impl<'a> Places<'a> {
    fn new(heard: &'a Heard, truth: &'a [Truth]) -> Self {
        let mut stretches: BTreeMap<&str, Vec<&Stretch>> = BTreeMap::new();
        for stretch in truth.iter().flat_map(|truth| &truth.stretches) {
            stretches.entry(&stretch.sender).or_default().push(stretch);
        }
        #[expect(clippy::cast_precision_loss, reason = "times of captures")]
        let origin_s = heard.origin.0 as f64 / 1e6;
        Self {
            heard,
            truth,
            stretches,
            origin_s,
        }
    }

    /// Whether a file of truth tells the distance of a report.
    fn is_told(&self, truth: &Truth, level: &Level, receiver: &str, sender: &str) -> bool {
        let at_s = self.origin_s + level.at_s;
        let mut stretches = truth.stretches.iter().filter(|of| of.sender == sender);
        stretches.any(|of| of.holds(receiver, at_s)) || truth.at(&pair(receiver, sender), at_s).is_some()
    }

    fn of(&self, level: &Level, receiver: &str, sender: &str) -> Option<Place> {
        let at = self.heard.time(level.at_s);
        let holds = |known: &&crate::lab::distance::heard::KnownDistance| {
            (known.receiver, known.sender) == (level.receiver, level.sender)
                && known.from <= at
                && known.to.is_none_or(|to| at < to)
        };
        if let Some(known) = self.heard.marked.iter().filter(holds).max_by_key(|known| known.from) {
            return Some(Place {
                distance_m: known.distance_m,
                orientation: known.orientation.clone(),
                session: String::new(),
            });
        }
        let at_s = self.origin_s + level.at_s;
        let of_pair = |stretch: &&&Stretch| stretch.holds(receiver, at_s);
        if let Some(stretch) = self.stretches.get(sender).and_then(|all| all.iter().find(of_pair)) {
            return Some(Place {
                distance_m: stretch.distance_m,
                orientation: stretch.orientation.clone(),
                session: stretch.session.clone(),
            });
        }
        let of = pair(receiver, sender);
        let distance = self.truth.iter().find_map(|truth| truth.at(&of, at_s))?;
        Some(Place {
            distance_m: ((distance.max(0.05).ln() / STEP).round() * STEP).exp(),
            orientation: String::new(),
            session: String::new(),
        })
    }
}

/// The day of a time, which mostly is that of the time before.
#[derive(Default)]
struct Days(Option<(i64, String)>);

impl Days {
    fn of(&mut self, at: UnixMicros) -> &str {
        let number = at.0.div_euclid(24 * 60 * 60 * 1_000_000);
        if self.0.as_ref().is_none_or(|(known, _)| *known != number) {
            self.0 = Some((number, day(at)));
        }
        self.0.as_ref().map_or("", |(_, day)| day)
    }
}

/// The day of a time, as `2020-06-02`.
pub(super) fn day(at: UnixMicros) -> String {
    at.to_string().chars().take(10).collect()
}

impl Bench {
    /// Which effects can be told: those of sessions and orientations where there are several, as far as they hide nothing.
    ///
    /// # Errors
    /// [`FitError`] when nothing can be fitted.
    pub fn effects(&self, fixed: &References) -> Result<Effects, FitError> {
        if self.sessions.len() < 2 && self.orientations.len() < 2 {
            return Ok(Effects {
                sessions: false,
                orientations: false,
            });
        }
        fit::separable(&self.samples, fixed)
    }

    /// What a parameter of a fit is of. Not neutralised.
    #[must_use]
    pub fn name(&self, parameter: Parameter) -> String {
        let of = |names: &[String], number: usize| names.get(number).cloned().unwrap_or_default();
        match parameter {
            Parameter::Tx(phone) => format!("TX power of {}", of(&self.phones, phone)),
            Parameter::Correction(phone) => format!("correction of {}", of(&self.phones, phone)),
            Parameter::Attenuation => "attenuation at 1 m".to_owned(),
            Parameter::Exponent => "path-loss exponent".to_owned(),
            Parameter::Orientation(number) => format!("orientation {}", of(&self.orientations, number)),
            Parameter::Session(number) => format!("session {}", of(&self.sessions, number)),
        }
    }

    /// The measurements in what was heard; without a session that is told, each day is one.
    ///
    /// # Errors
    /// [`ObservationError`] when there are too many combinations.
    pub fn new(heard: &Heard, truth: &[Truth], by: By) -> Result<Self, ObservationError> {
        let mut bench = Self {
            told_by_truth: vec![false; truth.len()],
            ..Self::default()
        };
        let places = Places::new(heard, truth);
        let mut days = Days::default();
        for range in heard.pairs() {
            let Some(levels) = heard.levels.get(range.clone()) else {
                continue;
            };
            let Some(first) = levels.first() else { continue };
            let name = |phone: Phone| plain(&heard.name(phone));
            let (receiver, sender) = (name(first.receiver), name(first.sender));
            if first.sender.is_unknown() {
                bench.unplaced += levels.len() as u64;
                continue;
            }
            let mut numbers: Option<(usize, usize)> = None;
            for (level, place) in levels.iter().zip(range) {
                for (of, is_told) in truth.iter().zip(&mut bench.told_by_truth) {
                    *is_told = *is_told || places.is_told(of, level, &receiver, &sender);
                }
                let Some(found) = places.of(level, &receiver, &sender) else {
                    bench.unplaced += 1;
                    continue;
                };
                let (of_sender, of_receiver) = *numbers.get_or_insert_with(|| {
                    (
                        bench.phone(heard, first.sender, by),
                        bench.phone(heard, first.receiver, by),
                    )
                });
                let day = days.of(heard.time(level.at_s));
                if !bench.dates.iter().any(|known| known == day) {
                    bench.dates.push(day.to_owned());
                }
                let session = if found.session.is_empty() {
                    day.to_owned()
                } else {
                    found.session
                };
                let orientation = Some(found.orientation).filter(|orientation| !orientation.is_empty());
                let observation = Observation {
                    sender: of_sender,
                    receiver: of_receiver,
                    session: number(&mut bench.sessions, &session),
                    orientation: orientation.map(|name| number(&mut bench.orientations, &name)),
                    distance: Metres(found.distance_m),
                    rssi: Dbm(heard.rssi_dbm.get(place).copied().unwrap_or(127)),
                };
                bench.samples.push(&observation)?;
            }
        }
        Ok(bench)
    }

    fn phone(&mut self, heard: &Heard, phone: Phone, by: By) -> usize {
        let info = match phone {
            Phone::Known(number) => heard.phones.get(number as usize),
            Phone::Unknown(_) => None,
        };
        let (name, model) = info.map_or(("", ""), |info| (&*info.name, &*info.model));
        let entity = if by == By::Phone || model.is_empty() {
            name
        } else {
            model
        };
        let place = number(&mut self.phones, entity);
        if self.models.len() < self.phones.len() {
            self.models.push(model.to_owned());
        }
        place
    }
}
