//! What a fit says, in words: the same on the screen, in reports and in profiles.

use super::bench::Bench;
use super::fit::{Contradicted, Contrast, Estimate, Fit, Judged, Parameter, Warning};
use super::made;
use crate::lab::text::printable;

/// The name of a parameter, neutralised.
#[must_use]
pub fn name(bench: &Bench, parameter: Parameter) -> String {
    printable(&bench.name(parameter)).into_owned()
}

/// The unit of a parameter.
#[must_use]
pub const fn unit(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Tx(_) => "dBm",
        Parameter::Exponent => "",
        _ => "dB",
    }
}

/// `+2.7 [−0.7, +6.0] dB`
#[must_use]
pub fn figure(estimate: &Estimate, unit: &str) -> String {
    match estimate.interval {
        Some(interval) => format!(
            "{:+.1} [{:+.1}, {:+.1}] {unit}",
            estimate.value, interval.low, interval.high
        ),
        None => format!("{:+.1} {unit}, no interval", estimate.value),
    }
}

/// A group in words.
#[must_use]
pub fn group(bench: &Bench, judged: &Judged) -> String {
    let name = |names: &[String], number: usize| {
        names
            .get(number)
            .map(|name| printable(name).into_owned())
            .unwrap_or_default()
    };
    let group = &judged.group;
    let orientation = group
        .orientation
        .map(|number| format!(", {}", name(&bench.orientations, number)));
    format!(
        "{} → {}, {:.2} m{}",
        name(&bench.phones, group.sender),
        name(&bench.phones, group.receiver),
        group.distance.0,
        orientation.unwrap_or_default()
    )
}

/// A warning in words.
#[must_use]
pub fn warning(bench: &Bench, fit: &Fit, warning: &Warning) -> String {
    let of = |place: &usize| {
        let judged = fit.groups.get(*place);
        judged.map(|judged| group(bench, judged)).unwrap_or_default()
    };
    match warning {
        Warning::OneDistance => {
            "all was measured at one distance: attenuation at 1 m and exponent cannot be told apart".to_owned()
        }
        Warning::NoReference => {
            "no phone has known figures: only differences between phones are told (--reference)".to_owned()
        }
        Warning::Unconnected { parts } => {
            format!("{parts} sets of phones were never measured against one with known figures")
        }
        Warning::NothingSpare => {
            "as many unknowns as groups: intervals rest on an assumed spread of 2 dB; measure more orientations or pairs".to_owned()
        }
        Warning::TooFewToDraw { freedom, least } => format!(
            "--bootstrap drew nothing, the intervals come from the model: {freedom} degrees of freedom are left over to draw \
             from, and it takes {least}; measure more distances, orientations, sessions or phones"
        ),
        Warning::FewToDraw {
            groups,
            pairs,
            sessions,
        } => format!(
            "--bootstrap drew from {groups} groups of only {pairs} {} of phones in {sessions} {}: what all groups of a pair or a \
             session share is hardly in the intervals, which may be too narrow; measure more phones or more sessions",
            if *pairs == 1 { "pair" } else { "pairs" },
            if *sessions == 1 { "session" } else { "sessions" },
        ),
        Warning::ReferencesDisagree { size_db, references } => {
            let one = |of: &Contradicted| {
                let unit = unit(of.parameter);
                let told = figure(&of.told, unit);
                let (name, known) = (name(bench, of.parameter), of.known);
                format!("{name} is given as {known:+.1} {unit}, by the others it is {}", told.trim_end())
            };
            format!(
                "known figures contradict each other by up to {size_db:.1} dB, and all that is computed with them is off by as \
                 much: {} (intervals of 99 %); check which phone is which, and which figure is right",
                references.iter().map(one).collect::<Vec<_>>().join("; ")
            )
        }
        Warning::Saturated { reports, share } => {
            format!(
                "{reports} reports ({:.0} %) were saturated (-20 dBm or more) and left out",
                100.0 * share
            )
        }
        Warning::SaturatedGroup { group, share } => {
            format!(
                "{}: {:.0} % saturated, the rest of it reads too weak: measure farther apart",
                of(group),
                100.0 * share
            )
        }
        Warning::FewReports { group, n } => format!("{}: only {n} reports", of(group)),
        Warning::Wide { group, iqr_db } => format!("{}: quartiles {iqr_db:.1} dB apart: something moved", of(group)),
        Warning::PairsDiffer { correlation } => {
            format!(
                "groups of the same pair share their errors (correlation {correlation:.2}): more phones tell more than more sessions"
            )
        }
        Warning::DoubtfulReference {
            parameter,
            outliers,
            groups,
        } => format!(
            "{}: {outliers} of {groups} groups do not fit it: is it the right phone, and its figure right?",
            name(bench, *parameter)
        ),
        Warning::Outlier { group, scaled } => format!("{}: {scaled:+.1} standard deviations off", of(group)),
    }
}

/// What every reader of the figures must know: what contradicts itself, what was not drawn, what cannot be, and what one
/// pose does not tell.
#[must_use]
pub fn cautions(bench: &Bench, fit: &Fit) -> Vec<String> {
    let pose = "fewer than three orientations were measured: what a pose takes in both directions cannot be told from the \
                phone's own correction and TX power; only their sum is safe, and the intervals are too narrow by as much";
    let is_one_pose = bench.orientations.len() < 3;
    let of_all = fit.warnings.iter().filter(|of| of.is_of_all());
    let mut all: Vec<String> = of_all.map(|of| warning(bench, fit, of)).collect();
    all.extend(made::implausible(fit));
    all.extend(is_one_pose.then(|| pose.to_owned()));
    all
}

/// All that is to be said of a fit, but for what is of single groups, and that nothing fixes its scale.
#[must_use]
pub fn of_all(bench: &Bench, fit: &Fit) -> Vec<String> {
    let is_of_group = |of: &Warning| {
        matches!(
            of,
            Warning::SaturatedGroup { .. }
                | Warning::FewReports { .. }
                | Warning::Wide { .. }
                | Warning::Outlier { .. }
                | Warning::NoReference
        )
    };
    let others = fit.warnings.iter().filter(|of| !of.is_of_all() && !is_of_group(of));
    let mut all = cautions(bench, fit);
    all.extend(others.map(|of| warning(bench, fit, of)));
    all
}

/// Parameters that are told together, with their figure: `+ TX power of dut − correction of hci0: -68.0 [-70.1, -65.9] dB`
#[must_use]
pub fn contrast(bench: &Bench, contrast: &Contrast) -> String {
    let terms = contrast.terms.iter().map(|(parameter, factor)| {
        let sign = if *factor < 0.0 { "−" } else { "+" };
        format!("{sign} {}", name(bench, *parameter))
    });
    let terms: Vec<String> = terms.collect();
    format!("{}: {}", terms.join(" "), figure(&contrast.estimate, "dB"))
}
