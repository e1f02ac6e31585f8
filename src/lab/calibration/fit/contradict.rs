//! Known values that cannot all hold: each is let go in turn, and what the measurements and the others say of it is compared
//! with it. One that nothing else tells contradicts nothing.

use super::result::Contradicted;
use super::{Fit, Group, Intervals, Parameter, References, Settings, State, Warning, of_groups};

/// From this difference on it is told, in dB: published figures are whole decibels, and one is rounding and chance.
const LEAST_DB: f64 = 1.5;
/// And outside the interval of this confidence.
const SURE: f64 = 0.99;
/// Of more known values than these it is not looked at each: every one costs a fit.
const MOST: usize = 40;

/// The contradiction among the known values of a fit, if there is one.
pub(super) fn found(fit: &Fit, references: &References, settings: &Settings) -> Option<Warning> {
    let known: Vec<(Parameter, f64)> = fit
        .parameters
        .iter()
        .filter_map(|(parameter, _)| Some((*parameter, references.get(*parameter)?)))
        .collect();
    // One alone fixes the scale and meets nothing.
    if !(2..=MOST).contains(&known.len()) {
        return None;
    }
    let groups: Vec<Group> = fit.groups.iter().map(|judged| judged.group).collect();
    let settings = Settings {
        level: SURE,
        intervals: Intervals::Model,
        needs_reference: false,
        ..*settings
    };
    let contradicted = known.into_iter().filter_map(|(parameter, known)| {
        let others = references.without(parameter);
        let without = of_groups(fit.quality.counts, &groups, &others, &settings).ok()?;
        let State::Estimated(told) = without.get(parameter) else {
            return None;
        };
        let interval = told.interval?;
        let is_outside = !(interval.low..=interval.high).contains(&known);
        let one = Contradicted { parameter, known, told };
        (is_outside && size_db(&one, &groups) >= LEAST_DB).then_some(one)
    });
    let contradicted: Vec<Contradicted> = contradicted.collect();
    let sizes = contradicted.iter().map(|one| size_db(one, &groups));
    let size_db = sizes.reduce(f64::max)?;
    Some(Warning::ReferencesDisagree {
        size_db,
        references: contradicted,
    })
}

/// How much it is off, in dB: of an exponent, what it makes over all distances that were measured.
fn size_db(one: &Contradicted, groups: &[Group]) -> f64 {
    let difference = (one.told.value - one.known).abs();
    if one.parameter != Parameter::Exponent {
        return difference;
    }
    let logs = groups.iter().map(|group| group.distance.0.log10());
    let (low, high) = logs.fold((0.0_f64, 0.0_f64), |(low, high), log| (low.min(log), high.max(log)));
    10.0 * difference * (high - low)
}
