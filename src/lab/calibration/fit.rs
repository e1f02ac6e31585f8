//! Fits TX powers, receive corrections and the path loss to reports of phones at known distances.
//!
//! The model, of the median level of a group of reports under equal conditions:
//!
//! ```text
//! level = tx(sender) − correction(receiver) − (A + 10 n log10(distance)) + orientation + session + error
//! ```
//!
//! It is Google's formula (attenuation = TX power − (RSSI + correction)) with the log-distance path loss. Levels alone
//! fix no scale: 1 dB more of every TX power and correction changes nothing. [`References`] fix it, such as a Pixel 4
//! (correction 8, TX −30) or an iPhone 11 (0, 1); what the data still cannot tell comes back with the reason.
//!
//! The error is that of a whole group (antennas, reflections, the hand that placed the phone): it does not get smaller
//! with more reports. Its spread is estimated from how groups disagree, and intervals follow from it; so are the
//! correlations of errors that both directions of a pair, or all groups of a pair, share. A place that takes 5 dB takes them
//! in both directions: where each pair was measured in one place only, that comes out as 5 dB less TX power and 5 dB more
//! correction, and only their sum is right.
//!
//! Not modelled: packets too weak to be heard at all, which make far groups look stronger; radio channels.

mod bootstrap;
mod contradict;
mod dependence;
mod identify;
mod linear;
mod parameter;
mod result;
mod robust;
mod samples;

use std::collections::BTreeSet;
use std::f64::consts::FRAC_PI_2;

pub use identify::{Part, Reason};
pub use parameter::{Effects, Parameter, References};
pub use result::{Contradicted, Contrast, Estimate, Fit, FitError, Interval, Judged, Quality, State, Warning};
pub use samples::{Counts, FARTHEST, Group, MOST_GROUPS, Observation, ObservationError, SATURATED, Samples, Summary};

use dependence::Correlations;
use identify::Freedom;
use linear::{Row, Symmetric, dot};
use parameter::Layout;
use result::Engine;
use robust::{ALONE, Problem, Solution};
use samples::real;

/// Most parameters that are fitted together.
pub const MOST_PARAMETERS: usize = 500;
/// Largest value of a reference, in its unit.
const MOST_KNOWN: f64 = 1000.0;
/// A group should have so many reports (Google's procedure).
pub const FEW_REPORTS: u64 = 10;
/// Quartiles should lie no farther apart, in dB.
pub const WIDE_IQR_DB: f64 = 6.0;
/// From so many standard deviations on a group is called an outlier.
pub const OUTLIER: f64 = 3.5;
/// Distance of the quartiles of a normal distribution, in standard deviations.
const NORMAL_IQR: f64 = 1.349;
/// Variance that rounding to whole decibels adds, in dB².
const ROUNDING: f64 = 1.0 / 12.0;
/// Spread within a group where none can be seen, in dB².
const LEAST_WITHIN: f64 = 0.25;

/// With fewer degrees of freedom residuals are not drawn anew: there are too few to stand for all.
const LEAST_TO_DRAW: usize = 8;

/// Where intervals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intervals {
    /// From the model: standard errors and Student's t.
    Model,
    /// From drawing the groups' residuals anew.
    Bootstrap {
        /// How often; a thousand is usual.
        rounds: u32,
        /// The same seed gives the same intervals.
        seed: u64,
    },
}

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Confidence of the intervals, between 0 and 1.
    pub level: f64,
    /// Where intervals come from.
    pub intervals: Intervals,
    /// Which conditions shift the level by themselves.
    pub effects: Effects,
    /// Whether TX powers and corrections are wanted, so that a fit without any known phone is refused.
    pub needs_reference: bool,
    /// Standard deviation between groups, in dB, that is assumed where no group is left over to tell it.
    pub assumed_sd_db: Option<f64>,
    /// Whether known values are held against each other, which costs a fit for each.
    pub compare_references: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: 0.9,
            intervals: Intervals::Model,
            effects: Effects::default(),
            needs_reference: true,
            assumed_sd_db: None,
            compare_references: true,
        }
    }
}

/// Fits the model to the reports.
pub fn fit(samples: &Samples, references: &References, settings: &Settings) -> Result<Fit, FitError> {
    let (groups, unusable) = usable(samples, settings.assumed_sd_db.is_some())?;
    check(&groups, references, settings)?;
    let mut fit = of_groups(samples.counts(), &groups, references, settings)?;
    fit.unusable = unusable;
    if settings.compare_references {
        let contradiction = contradict::found(&fit, references, settings);
        fit.warnings.splice(0..0, contradiction);
    }
    Ok(fit)
}

/// Fits the model to groups with usable reports.
fn of_groups(counts: Counts, groups: &[Group], references: &References, settings: &Settings) -> Result<Fit, FitError> {
    let layout = Layout::new(groups, references, settings.effects);
    if layout.parameters.len() > MOST_PARAMETERS {
        return Err(FitError::TooManyParameters(layout.parameters.len()));
    }
    let parts = identify::parts(groups, references);
    let design = Design::new(groups, &layout);
    let problem = Problem {
        columns: design.kept.len(),
        rows: &design.rows,
        levels: &design.levels,
        within: &design.within,
    };
    let assumed = settings.assumed_sd_db.unwrap_or(1.0).powi(2);
    let solution = problem.solve(assumed).ok_or(FitError::Numerical)?;
    let is_free = groups.len() > design.kept.len();
    let draws = match settings.intervals {
        Intervals::Bootstrap { rounds, seed } if solution.freedom >= LEAST_TO_DRAW => {
            bootstrap::draw(&problem, &solution, rounds, seed)
        }
        _ => Vec::new(),
    };
    let scaled = problem.scaled(problem.levels, &solution.columns, &solution.variances);
    let (correlations, dependent) = if is_free {
        dependence::of(groups, references, problem.rows, &scaled, &solution)
    } else {
        (Correlations::default(), solution.covariance.clone())
    };
    let groups = judged(groups, &design, &solution);
    let quality = quality(counts, &groups, &solution, correlations);
    let engine = Engine {
        has_spread: is_free || settings.assumed_sd_db.is_some(),
        kept: design.kept,
        unseen: design.unseen,
        level: settings.level,
        dependent,
        pairs_freedom: correlations.freedom,
        solution,
        layout,
        draws,
    };
    let rounds = engine.draws.len();
    let mut warnings: Vec<Warning> = undrawn(&groups, &quality, settings, rounds).into_iter().collect();
    warnings.extend(self::warnings(&groups, &parts, &quality));
    warnings.extend(doubtful(&groups, references));
    let correlation = correlations.pair;
    warnings.extend(
        correlations
            .is_pair_sure
            .then_some(Warning::PairsDiffer { correlation }),
    );
    let all = engine.layout.parameters.iter().enumerate();
    Ok(Fit {
        parameters: all
            .map(|(i, parameter)| (*parameter, engine.state(i, &parts)))
            .collect(),
        warnings,
        groups,
        unusable: Vec::new(),
        parts,
        quality,
        drawn: rounds,
        engine,
    })
}

/// Which effects can be fitted at no cost: those that hide no phone and no path which are told without them. Where each
/// session has phones of its own, its effect would take all that is known of them.
pub fn separable(samples: &Samples, references: &References) -> Result<Effects, FitError> {
    let (groups, _) = usable(samples, true)?;
    let hidden = |sessions, orientations| {
        let layout = Layout::new(&groups, references, Effects { sessions, orientations });
        if layout.parameters.len() > MOST_PARAMETERS {
            return Err(FitError::TooManyParameters(layout.parameters.len()));
        }
        Ok(Design::new(&groups, &layout).unseen.hidden(&layout))
    };
    let without = hidden(false, false)?;
    let orientations = hidden(false, true)? == without;
    let sessions = hidden(true, orientations)? == without;
    Ok(Effects { sessions, orientations })
}

/// The groups with usable reports, and those without. One alone is enough where a spread is assumed.
fn usable(samples: &Samples, one_is_enough: bool) -> Result<(Vec<Group>, Vec<Group>), FitError> {
    let (groups, unusable): (Vec<Group>, Vec<Group>) =
        samples.groups().into_iter().partition(|group| group.levels.is_some());
    let Counts {
        saturated, unavailable, ..
    } = samples.counts();
    match (groups.len(), unusable.len()) {
        (0, 0) => Err(FitError::NoData),
        (0, _) => Err(FitError::NothingUsable { saturated, unavailable }),
        (1, _) if !one_is_enough => Err(FitError::OneGroup),
        _ => Ok((groups, unusable)),
    }
}

fn check(groups: &[Group], references: &References, settings: &Settings) -> Result<(), FitError> {
    let mut values = references.values().chain(settings.assumed_sd_db);
    // What is no number lies in no range.
    if let Some(value) = values.find(|value| !(-MOST_KNOWN..=MOST_KNOWN).contains(value)) {
        return Err(FitError::Reference(value));
    }
    if !(settings.level > 0.0 && settings.level < 1.0) {
        return Err(FitError::Level(settings.level));
    }
    let is_known = |group: &Group| {
        references.tx.contains_key(&group.sender) || references.corrections.contains_key(&group.receiver)
    };
    if settings.needs_reference && !groups.iter().any(is_known) {
        return Err(FitError::NoReference);
    }
    Ok(())
}

/// The equations of the groups, in the columns that can be told apart.
struct Design {
    kept: Vec<usize>,
    unseen: Freedom,
    rows: Vec<Row>,
    /// Levels without what is fixed.
    levels: Vec<f64>,
    within: Vec<f64>,
}

impl Design {
    fn new(groups: &[Group], layout: &Layout) -> Self {
        let all: Vec<(f64, Row)> = groups
            .iter()
            .map(|group| layout.project(&layout.terms(group)))
            .collect();
        let normal = Symmetric::normal(layout.columns, all.iter().map(|(_, row)| (row, 1.0)));
        let kept = normal.independent();
        let unseen = Freedom::new(layout, &normal, &kept);
        let restrict = |row: &Row| {
            let known = row
                .iter()
                .filter_map(|(column, a)| Some((kept.binary_search(column).ok()?, *a)));
            known.collect::<Row>()
        };
        let level = |(group, (fixed, _)): (&Group, &(f64, Row))| level_of(group) - fixed;
        Self {
            rows: all.iter().map(|(_, row)| restrict(row)).collect(),
            levels: groups.iter().zip(&all).map(level).collect(),
            within: within(groups),
            kept,
            unseen,
        }
    }
}

fn level_of(group: &Group) -> f64 {
    group.levels.map_or(0.0, |levels| levels.grouped_median_dbm)
}

/// Variance of each group's median as its own reports tell it: π/2 · s²/n for a normal distribution, with s from the
/// quartiles. Groups of few reports lean on the typical spread of all, as if it were worth four reports.
fn within(groups: &[Group]) -> Vec<f64> {
    let of = |group: &Group| {
        group
            .levels
            .map_or((1.0, 0.0), |levels| (real(levels.n), levels.iqr_db / NORMAL_IQR))
    };
    let spreads: Vec<f64> = groups.iter().map(of).map(|(_, spread)| spread * spread).collect();
    let typical = robust::median(&spreads).max(LEAST_WITHIN);
    let variance = |(n, spread): (f64, f64)| {
        let pooled = (4.0 * typical + (n - 1.0) * spread * spread) / (n + 3.0);
        FRAC_PI_2 * pooled / n + ROUNDING
    };
    groups.iter().map(of).map(variance).collect()
}

fn judged(groups: &[Group], design: &Design, solution: &Solution) -> Vec<Judged> {
    let judge = |(i, group): (usize, &Group)| {
        let residual_db = design.levels[i] - dot(&design.rows[i], &solution.columns);
        let spare = solution.spare[i];
        Judged {
            group: *group,
            expected_dbm: level_of(group) - residual_db,
            residual_db,
            scaled: (spare > ALONE).then(|| residual_db / (solution.variances[i] * spare).sqrt()),
            weight: solution.weights[i],
        }
    };
    groups.iter().enumerate().map(judge).collect()
}

fn quality(counts: Counts, groups: &[Judged], solution: &Solution, correlations: Correlations) -> Quality {
    let level = |judged: &Judged| judged.expected_dbm + judged.residual_db;
    let weights: Vec<f64> = solution
        .weights
        .iter()
        .zip(&solution.variances)
        .map(|(a, b)| a / b)
        .collect();
    let weighted = || groups.iter().zip(&weights);
    let total: f64 = weights.iter().sum();
    let mean = weighted().map(|(judged, weight)| weight * level(judged)).sum::<f64>() / total;
    let all: f64 = weighted()
        .map(|(judged, weight)| weight * (level(judged) - mean).powi(2))
        .sum();
    let rest: f64 = weighted()
        .map(|(judged, weight)| weight * judged.residual_db.powi(2))
        .sum();
    let squares: f64 = groups.iter().map(|judged| judged.residual_db.powi(2)).sum();
    let (groups, parameters) = (groups.len(), solution.columns.len());
    let free = groups - parameters;
    Quality {
        counts,
        groups,
        parameters,
        freedom: solution.freedom,
        between_sd_db: solution.between.sqrt(),
        placement_correlation: correlations.placement,
        pair_correlation: correlations.pair,
        residual_sd_db: (free > 0).then(|| (squares / real(free as u64)).sqrt()),
        r_squared: (free > 0 && all > 0.0).then(|| 1.0 - rest / all),
    }
}

fn warnings(groups: &[Judged], parts: &[Part], quality: &Quality) -> Vec<Warning> {
    let mut found = Vec::new();
    let distance = |judged: &Judged| judged.group.distance;
    if groups.windows(2).all(|pair| distance(&pair[0]) == distance(&pair[1])) {
        found.push(Warning::OneDistance);
    }
    if !parts.iter().any(|part| part.has_reference) {
        found.push(Warning::NoReference);
    }
    let unknown = parts.iter().filter(|part| !part.has_reference).count();
    if (1..parts.len()).contains(&unknown) {
        found.push(Warning::Unconnected { parts: unknown });
    }
    if quality.groups == quality.parameters {
        found.push(Warning::NothingSpare);
    }
    if quality.counts.saturated > 0 {
        let (reports, share) = (quality.counts.saturated, quality.counts.saturation());
        found.push(Warning::Saturated { reports, share });
    }
    for (group, judged) in groups.iter().enumerate() {
        found.extend(warnings_of(group, judged));
    }
    found
}

/// What is to be said about intervals that were to be drawn: that nothing was, or that what was drawn is hardly independent.
/// Groups of one pair in one session share what is wrong with both, and a hundred of them are still one pair.
fn undrawn(groups: &[Judged], quality: &Quality, settings: &Settings, drawn: usize) -> Option<Warning> {
    if !matches!(settings.intervals, Intervals::Bootstrap { .. }) {
        return None;
    }
    if drawn == 0 {
        let freedom = quality.freedom;
        return Some(Warning::TooFewToDraw {
            freedom,
            least: LEAST_TO_DRAW,
        });
    }
    let pair = |group: &Group| (group.sender.min(group.receiver), group.sender.max(group.receiver));
    let pairs: BTreeSet<_> = groups.iter().map(|judged| pair(&judged.group)).collect();
    let sessions: BTreeSet<usize> = groups.iter().map(|judged| judged.group.session).collect();
    let units = groups.iter().map(|judged| (pair(&judged.group), judged.group.session));
    let units: BTreeSet<_> = units.collect();
    (units.len() < LEAST_TO_DRAW).then_some(Warning::FewToDraw {
        groups: groups.len(),
        pairs: pairs.len(),
        sessions: sessions.len(),
    })
}

/// Known values of phones most groups of which are outliers.
fn doubtful(groups: &[Judged], references: &References) -> Vec<Warning> {
    let tx = references.tx.keys().map(|phone| Parameter::Tx(*phone));
    let known = tx.chain(references.corrections.keys().map(|phone| Parameter::Correction(*phone)));
    let judge = |parameter| {
        let depends = |judged: &&Judged| match parameter {
            Parameter::Tx(phone) => judged.group.sender == phone,
            _ => Parameter::Correction(judged.group.receiver) == parameter,
        };
        let outliers = |judged: &&Judged| judged.scaled.is_some_and(|scaled| scaled.abs() > OUTLIER);
        let all = groups.iter().filter(depends);
        let (outliers, groups) = (all.clone().filter(outliers).count(), all.count());
        (outliers > 1 && 2 * outliers > groups).then_some(Warning::DoubtfulReference {
            parameter,
            outliers,
            groups,
        })
    };
    known.filter_map(judge).collect()
}

fn warnings_of(group: usize, judged: &Judged) -> impl Iterator<Item = Warning> {
    let share = judged.group.counts.saturation();
    let (n, iqr_db) = judged.group.levels.map_or((0, 0.0), |levels| (levels.n, levels.iqr_db));
    let scaled = judged.scaled.filter(|scaled| scaled.abs() > OUTLIER);
    let found = [
        (share > 0.0).then_some(Warning::SaturatedGroup { group, share }),
        (n < FEW_REPORTS).then_some(Warning::FewReports { group, n }),
        (iqr_db > WIDE_IQR_DB).then_some(Warning::Wide { group, iqr_db }),
        scaled.map(|scaled| Warning::Outlier { group, scaled }),
    ];
    found.into_iter().flatten()
}

#[cfg(test)]
mod tests;
