//! What the accepted steps of a measurement tell.

use super::{Measure, Phone, Receiver};
use crate::lab::calibration::bench::{Bench, day, number};
use crate::lab::calibration::fit::{self, Fit, FitError, Observation, Parameter, References, Settings, State};
use crate::lab::calibration::made::{self, Reference};
use crate::lab::calibration::{Profile, ProfileTable, words};
use crate::lab::event::StationInfo;
use crate::lab::session::Session;
use crate::lab::units::Metres;

/// Attenuation at 1 m of two calibrated phones in a chamber, in dB: what is assumed where it is not measured. Free space has
/// 40.2; source: Google's calibration procedure, Pixel 4 to Pixel 4.
pub const ATTENUATION_DB: f64 = 42.0;

/// What a finished measurement tells.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The fit.
    pub fit: Fit,
    /// What its numbers stand for.
    pub bench: Bench,
    /// What fixed the scale.
    pub references: Vec<Reference>,
    /// The list that figures are taken from: one, for those of two editions are on different scales.
    pub list: ProfileTable,
    /// Which figures are of it, and its edition.
    pub listed: Vec<(Parameter, String)>,
    /// Whether the attenuation at 1 m is the usual one, which nobody told.
    pub is_usual_attenuation: bool,
}

impl Finding {
    /// The profiles, as a table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> ProfileTable {
        made::table(name, &self.bench, &self.fit, &self.references, &self.list)
    }

    /// The edition that a figure was taken from, where a list has it.
    #[must_use]
    pub fn edition_of(&self, parameter: Parameter) -> Option<&str> {
        let mut listed = self.listed.iter();
        listed.find(|(of, _)| *of == parameter).map(|(_, edition)| &**edition)
    }

    /// Whether the scale is fixed, so that there are profiles.
    #[must_use]
    pub const fn has_scale(&self) -> bool {
        !self.references.is_empty()
    }

    /// What `vicino calibrate fit` says of the same steps, besides what is wrong with single ones.
    #[must_use]
    pub fn cautions(&self) -> Vec<String> {
        words::of_all(&self.bench, &self.fit)
    }

    /// What the steps tell although nothing fixes the scale: sums and differences with their figures.
    #[must_use]
    pub fn together(&self) -> Vec<String> {
        let contrasts = self.fit.contrasts();
        contrasts
            .iter()
            .map(|contrast| words::contrast(&self.bench, contrast))
            .collect()
    }

    /// The options of `vicino calibrate fit` that give the same.
    #[must_use]
    pub fn options(&self) -> String {
        made::options(&self.bench, &self.references, &self.fit)
    }

    /// The value of the attenuation at 1 m, where it was taken as known.
    #[must_use]
    pub fn attenuation_db(&self) -> Option<f64> {
        match self.fit.get(Parameter::Attenuation) {
            State::Fixed(value) => Some(value),
            _ => None,
        }
    }
}

/// The figures that are known before anything is computed.
struct Known {
    fixed: References,
    references: Vec<Reference>,
    listed: Vec<(Parameter, String)>,
}

impl Measure {
    /// What the accepted steps tell: of a known receiver the phone's TX power; of an unknown one its correction, where the
    /// phone's power is known; where both are known, the attenuation at 1 m. That is otherwise taken as told, or as
    /// [`ATTENUATION_DB`]. Where neither is known, only differences.
    ///
    /// # Errors
    /// [`FitError`], with what to do.
    pub fn finding(&self, session: &Session) -> Result<Finding, FitError> {
        let Some(phone) = &self.phone else {
            return Err(FitError::NoData);
        };
        let station = self.receiver(session, phone);
        let mut bench = self.bench(session, phone, &station);
        let table = session.profiles(phone.station);
        bench.edition.clone_from(&table.edition);
        bench.session = self.session();
        let known = self.known(table, &bench, phone, &station);
        let settings = Settings {
            effects: bench.effects(&known.fixed)?,
            assumed_sd_db: Some(2.0),
            needs_reference: false,
            ..Settings::default()
        };
        let is_usual_attenuation = known.fixed.attenuation.is_some() && self.told.attenuation_db.is_none();
        let fit = fit::fit(&bench.samples, &known.fixed, &settings)?;
        Ok(Finding {
            fit,
            bench,
            references: known.references,
            list: table.clone(),
            listed: known.listed,
            is_usual_attenuation,
        })
    }

    /// The receiver, with the model that was told for it.
    fn receiver(&self, session: &Session, phone: &Phone) -> StationInfo {
        let mut station = session.station(phone.station);
        if let Some(told) = self.told.receiver.as_ref().filter(|told| told.correction_db.is_none()) {
            station.model.clone_from(&told.name);
        }
        station
    }

    fn bench(&self, session: &Session, phone: &Phone, station: &StationInfo) -> Bench {
        let name = |model: &str, name: &str| if model.is_empty() { name } else { model }.to_owned();
        let mut bench = Bench {
            phones: vec![name(&phone.model, &phone.name), name(&station.model, &station.name)],
            models: vec![phone.model.clone(), station.model.clone()],
            ..Bench::default()
        };
        let is_model = |told: &Receiver| told.correction_db.is_none();
        if self.told.receiver.as_ref().is_some_and(is_model) {
            let of_session = session.station(phone.station).name;
            bench.told_models.push(format!("{of_session}={}", station.model));
        }
        for outcome in self.outcomes.iter().flatten() {
            let day = day(outcome.from);
            number(&mut bench.dates, &day);
            let session = number(&mut bench.sessions, &day);
            let orientation = Some(&outcome.step.orientation).filter(|of| !of.is_empty());
            let orientation = orientation.map(|of| number(&mut bench.orientations, of));
            for level in &outcome.levels {
                let observation = Observation {
                    sender: 0,
                    receiver: 1,
                    session,
                    orientation,
                    distance: Metres(outcome.step.distance_m),
                    rssi: *level,
                };
                // A plan has few steps, at distances that were checked.
                let _ = bench.samples.push(&observation);
            }
        }
        bench
    }

    fn known(&self, table: &ProfileTable, bench: &Bench, phone: &Phone, station: &StationInfo) -> Known {
        let told = self.told.receiver.as_ref().and_then(|told| told.correction_db);
        let found = [table.of_one_scale(&station.model), table.of_one_scale(&phone.model)];
        let [of_station, of_phone] = found.map(|found| found.map(|found| found.profile));
        let edition = |number: usize| found[number].map(|found| found.edition.to_owned()).unwrap_or_default();
        let correction = told.or_else(|| of_station.map(|of| of.rssi_correction_db.into()));
        let power = self.told.tx_dbm;
        let attenuation = self.told.attenuation_db;
        let usual = Some(attenuation.unwrap_or(ATTENUATION_DB));
        let mut known = Known {
            fixed: References {
                attenuation: usual,
                ..References::default()
            },
            references: Vec::new(),
            listed: Vec::new(),
        };
        if told.is_none() && of_station.is_some() {
            known.listed.push((Parameter::Correction(1), edition(0)));
        }
        let name = |number: usize| bench.phones.get(number).cloned().unwrap_or_default();
        let unless_told = |of: Option<Profile>| of.filter(|_| told.is_none()).map(|of| f64::from(of.tx_power_dbm));
        if let Some(correction) = correction {
            known.fixed.corrections.insert(1, correction);
            known
                .references
                .push((name(1), Some(correction), unless_told(of_station)));
        }
        match (power, of_phone, correction) {
            (Some(power), _, _) => {
                known.fixed.tx.insert(0, power);
                known.references.push((name(0), None, Some(power)));
                // Both ends are known: the way between them is what is measured.
                if correction.is_some() {
                    known.fixed.attenuation = attenuation;
                }
            }
            (None, Some(of), None) => {
                let power = f64::from(of.tx_power_dbm);
                known.listed.push((Parameter::Tx(0), edition(1)));
                known.fixed.tx.insert(0, power);
                known
                    .references
                    .push((name(0), Some(of.rssi_correction_db.into()), Some(power)));
            }
            _ => {}
        }
        known
    }
}
