//! Profiles out of a fit: a table that others can use.

use std::collections::BTreeMap;

use super::bench::Bench;
use super::editions;
use super::fit::{Fit, Parameter, State};
use super::profiles::{Entry, Measured, Profile, ProfileTable};
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

/// The options of `vicino calibrate fit` that give the same again: models that were told, the references, and what was taken as known of the path.
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

/// The profiles of phones of which at least one figure is told. Half of a profile is one when the other half is stood in
/// for by the newest published list, and that is said.
#[must_use]
pub fn table(name: &str, bench: &Bench, fit: &Fit, references: &[Reference]) -> ProfileTable {
    let n_orientations = bench.orientations.len();
    let base = editions::newest();
    let date = bench.dates.iter().max().cloned().unwrap_or_default();
    let notes = notes(bench, fit, references);
    let mut entries = BTreeMap::new();
    for (phone, model) in bench.phones.iter().enumerate() {
        let (correction, power) = (fit.get(Parameter::Correction(phone)), fit.get(Parameter::Tx(phone)));
        let is_reference = matches!((&correction, &power), (State::Fixed(_), _) | (_, State::Fixed(_)));
        let known = base.find(model);
        let stand_in = known.map_or(base.averages().android, |found| found.profile);
        let from = known.map_or("of an average phone", |found| found.edition);
        let (correction, power, source) = match (figure(&correction), figure(&power)) {
            (None, None) => continue,
            (Some(correction), Some(power)) => (correction, power, "measured".to_owned()),
            (Some(correction), None) => (
                correction,
                (stand_in.tx_power_dbm.into(), None),
                format!("correction measured, TX power {from}"),
            ),
            (None, Some(power)) => (
                (stand_in.rssi_correction_db.into(), None),
                power,
                format!("TX power measured, correction {from}"),
            ),
        };
        let Some(profile) = Profile::rounded(correction.0, power.0) else {
            continue;
        };
        let confidence = match (is_reference, source == "measured") {
            (true, _) => Confidence::High,
            (false, true) if n_orientations >= ORIENTATIONS => Confidence::High,
            (false, true) => Confidence::Medium,
            (false, false) => Confidence::Low,
        };
        let (oem, device, model) = names(model);
        let mut entry = Entry::new(model, profile, confidence);
        (entry.oem, entry.device) = (oem, device);
        (entry.correction, entry.tx_power) = (correction.1, power.1);
        entry.source = if is_reference { "reference".to_owned() } else { source };
        entry.date.clone_from(&date);
        // What is known beforehand was not measured here.
        if !is_reference {
            entry.notes.clone_from(&notes);
        }
        entries.insert(model.to_owned(), entry);
    }
    let mut table = ProfileTable::new(name.to_owned(), base.averages(), entries.into_values().collect());
    table.base = Some(base.edition.clone());
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
