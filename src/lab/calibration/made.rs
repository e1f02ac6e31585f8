//! Profiles out of a fit: a table that others can use.

use std::collections::BTreeMap;

use super::bench::Bench;
use super::editions;
use super::fit::{Fit, Parameter, State};
use super::profiles::{Entry, Found, Measured, Profile, ProfileTable};
use crate::lab::attenuation::Confidence;

/// A profile of so many orientations is one of the model, and not of a pose.
pub const ORIENTATIONS: usize = 3;

/// A phone whose figures are known and fix the scale: model, correction in dB, TX power in dBm; one of them may be unknown.
pub type Reference = (String, Option<f64>, Option<f64>);

/// A figure, with its interval where it was measured.
type Figure = (f64, Option<Measured>);

fn figure(state: &State) -> Option<Figure> {
    match state {
        State::Fixed(value) => Some((*value, None)),
        State::Estimated(estimate) => {
            let measured = estimate.interval.map(|interval| Measured {
                value: estimate.value,
                low: interval.low,
                high: interval.high,
            });
            Some((estimate.value, measured))
        }
        State::Untold(_) => None,
    }
}

/// What cannot be: a level that does not fall with distance as it does anywhere. `None` where the exponent is fixed, or not
/// told. Indoors it is 1.5 to 4; free space has 2.
#[must_use]
pub fn implausible(fit: &Fit) -> Option<String> {
    let State::Estimated(exponent) = fit.get(Parameter::Exponent) else {
        return None;
    };
    (!(1.0..=5.0).contains(&exponent.value)).then(|| {
        format!(
            "a path-loss exponent of {:.1} is none of a phone that was moved as told (free space has 2): were the distances right?",
            exponent.value
        )
    })
}

/// What fixes the scale, in words.
#[must_use]
pub fn scale(references: &[Reference]) -> String {
    if references.is_empty() {
        return "nothing: only differences are told".to_owned();
    }
    let of = |(model, correction, power): &Reference| match (correction, power) {
        (Some(correction), Some(power)) => format!("{model} ({correction:+}/{power})"),
        (Some(correction), None) => format!("{model} (correction {correction:+} dB)"),
        (None, Some(power)) => format!("{model} (TX power {power} dBm)"),
        (None, None) => model.clone(),
    };
    references.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// The options of `vicino calibrate fit` that give the same again: models that were told, the references, what was
/// taken as known of the path, the list, and the session whose marks count.
#[must_use]
pub fn options(bench: &Bench, references: &[Reference], fit: &Fit) -> String {
    let figure = |of: Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
    let mut words: Vec<String> = references
        .iter()
        .map(|(model, correction, power)| format!("--reference \"{model}={}/{}\"", figure(*correction), figure(*power)))
        .collect();
    words.extend(bench.told_models.iter().map(|told| format!("--model \"{told}\"")));
    let known = |parameter, option: &str| match fit.get(parameter) {
        State::Fixed(value) => Some(format!("{option} {value}")),
        _ => None,
    };
    words.extend(known(Parameter::Attenuation, "--a1"));
    words.extend(known(Parameter::Exponent, "--exponent"));
    words.extend(
        Some(&bench.edition)
            .filter(|of| !of.is_empty())
            .map(|of| format!("--edition {of}")),
    );
    words.extend(
        Some(&bench.session)
            .filter(|of| !of.is_empty())
            .map(|of| format!("--session {of}")),
    );
    words.join(" ")
}

/// Manufacturer, device and model of a phone: as it is named (`OEM/DEVICE/MODEL`), else as the published list has the model.
fn names(of: &str) -> (String, String, &str) {
    if let [oem, device, model] = of.split('/').map(str::trim).collect::<Vec<_>>()[..] {
        return (oem.to_owned(), device.to_owned(), model);
    }
    let known = editions::newest().entries().iter().find(|entry| entry.model == of);
    let (oem, device) = known.map_or_else(Default::default, |entry| (entry.oem.clone(), entry.device.clone()));
    (oem, device, of)
}

/// What is known beforehand of a phone, told in one reference or in several: correction and TX power.
fn known(bench: &Bench, phone: usize, references: &[Reference]) -> Option<(Option<f64>, Option<f64>)> {
    let is_it = |model: &String| bench.phones.get(phone) == Some(model) || bench.models.get(phone) == Some(model);
    let of_it = || references.iter().rev().filter(|(model, ..)| is_it(model));
    let correction = of_it().find_map(|(_, correction, _)| *correction);
    let power = of_it().find_map(|(.., power)| *power);
    correction.or(power).map(|_| (correction, power))
}

/// A half of a profile, and from where.
struct Half {
    figure: Figure,
    from: String,
    /// What it can be trusted at most, where nobody told or measured it.
    stand_in: Option<Confidence>,
}

/// A half that is told, else measured, else of the list, whose average stands in for models that it lacks.
fn half(told: Option<f64>, state: &State, found: Option<Found>, average: i8, of: fn(&Profile) -> i8) -> Half {
    if let Some(value) = told {
        let (figure, from) = ((value, None), "as told".to_owned());
        return Half {
            figure,
            from,
            stand_in: None,
        };
    }
    if let Some(figure) = figure(state) {
        let from = "measured".to_owned();
        return Half {
            figure,
            from,
            stand_in: None,
        };
    }
    let (value, from, trust) = found.map_or((average, "of an average phone", Confidence::Lowest), |found| {
        (of(&found.profile), found.edition, Confidence::Low)
    });
    Half {
        figure: (value.into(), None),
        from: from.to_owned(),
        stand_in: Some(trust),
    }
}

/// The profiles of phones of which at least one figure is told. What is known beforehand is written as it was taken; half of a
/// profile is one when the other half is stood in for by the list of the fit, and that is said.
#[must_use]
pub fn table(name: &str, bench: &Bench, fit: &Fit, references: &[Reference], list: &ProfileTable) -> ProfileTable {
    let date = bench.dates.iter().max().cloned().unwrap_or_default();
    let notes = notes(bench, fit, references);
    let average = list.averages().android;
    let mut entries = BTreeMap::new();
    for (phone, model) in bench.phones.iter().enumerate() {
        let states = (fit.get(Parameter::Correction(phone)), fit.get(Parameter::Tx(phone)));
        let reference = known(bench, phone, references);
        let told = reference.unwrap_or_default();
        let found = list.of_one_scale(model);
        let correction = half(told.0, &states.0, found, average.rssi_correction_db, |of| {
            of.rssi_correction_db
        });
        let power = half(told.1, &states.1, found, average.tx_power_dbm, |of| of.tx_power_dbm);
        if correction.stand_in.is_some() && power.stand_in.is_some() {
            continue;
        }
        let Some(profile) = Profile::rounded(correction.figure.0, power.figure.0) else {
            continue;
        };
        let is_measured = correction.figure.1.is_some() || power.figure.1.is_some();
        // A row of the list is that row, although one half of it was enough.
        let row = found.filter(|found| found.profile == profile && reference.is_some() && !is_measured);
        let stand_in = correction.stand_in.or(power.stand_in);
        let is_whole_reference = row.is_some() || (told.0.is_some() && told.1.is_some());
        let confidence = match (row, stand_in) {
            (Some(row), _) => row.confidence,
            (None, Some(trust)) => trust,
            (None, None) if is_whole_reference || bench.orientations.len() >= ORIENTATIONS => Confidence::High,
            (None, None) => Confidence::Medium,
        };
        let (oem, device, model) = names(model);
        let mut entry = Entry::new(model, profile, confidence);
        (entry.oem, entry.device) = (oem, device);
        (entry.correction, entry.tx_power) = (correction.figure.1, power.figure.1);
        entry.source = if is_whole_reference {
            "reference".to_owned()
        } else if reference.is_none() && stand_in.is_none() {
            "measured".to_owned()
        } else if correction.stand_in.is_none() {
            format!("correction {}, TX power {}", correction.from, power.from)
        } else {
            format!("TX power {}, correction {}", power.from, correction.from)
        };
        entry.date.clone_from(&date);
        // What is known beforehand was not measured here.
        if reference.is_none() || is_measured {
            entry.notes.clone_from(&notes);
        }
        entries.insert(model.to_owned(), entry);
    }
    let mut table = ProfileTable::new(name.to_owned(), list.averages(), entries.into_values().collect());
    table.base = Some(editions::scale_of(list).to_owned());
    table.source = provenance(bench, fit, references);
    table
}

/// From what a fit is.
fn provenance(bench: &Bench, fit: &Fit, references: &[Reference]) -> String {
    format!(
        "{} groups of reports, {} phones, {} sessions, {} orientations; scale fixed by {}",
        fit.quality.groups,
        bench.phones.len(),
        bench.sessions.len(),
        bench.orientations.len(),
        scale(references)
    )
}

/// Where a profile comes from and what speaks against it: it stays with the profile when tables are put together.
fn notes(bench: &Bench, fit: &Fit, references: &[Reference]) -> Vec<String> {
    let mut notes = vec![provenance(bench, fit, references)];
    // Those that are only the days say nothing new.
    let is_named = |session: &&String| !bench.dates.contains(session);
    let named: Vec<&str> = bench.sessions.iter().filter(is_named).map(String::as_str).collect();
    if !named.is_empty() {
        notes.push(format!("sessions: {}", named.join(", ")));
    }
    notes.push(format!(
        "again by: vicino calibrate fit … {}",
        options(bench, references, fit)
    ));
    notes.extend(
        super::words::cautions(bench, fit)
            .into_iter()
            .map(|of| format!("caution: {of}")),
    );
    notes
}
