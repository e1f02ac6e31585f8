//! What a fit found, how sure it is, and what is wrong with the data.

use serde::Serialize;
use thiserror::Error;

use super::bootstrap::{self, Draw};
use super::identify::{Freedom, Part, Reason};
use super::linear::{Row, Symmetric, dot};
use super::parameter::{Layout, Parameter};
use super::robust::Solution;
use super::samples::{Counts, Group, real};
use crate::lab::student;

/// Why there is no fit, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum FitError {
    /// There are no reports.
    #[error("no reports: record phones at known distances first")]
    NoData,
    /// No report has a level that can be used.
    #[error("no usable reports ({saturated} saturated, {unavailable} without level): measure again, farther apart")]
    NothingUsable {
        /// Reports at or above -20 dBm.
        saturated: u64,
        /// Reports without a level.
        unavailable: u64,
    },
    /// One group has nothing to be compared with.
    #[error("only one group of reports: measure another distance, orientation, session or pair of phones")]
    OneGroup,
    /// Nothing fixes the scale of TX powers and corrections.
    #[error("no phone of the data has a known TX power or correction: name one, such as a Pixel 4 with 8 and -30")]
    NoReference,
    /// A reference, or an assumed spread, is no value of its kind.
    #[error("a known value of {0}: give one between -1000 and 1000")]
    Reference(f64),
    /// The level of confidence is none.
    #[error("a confidence of {0}: give a number between 0 and 1, such as 0.9")]
    Level(f64),
    /// There are too many parameters.
    #[error("{0} phones, sessions and orientations: fit at most {most} together", most = super::MOST_PARAMETERS)]
    TooManyParameters(usize),
    /// The equations cannot be solved in the precision of the machine.
    #[error("the measurements cannot be told apart numerically: leave out distances that are almost equal")]
    Numerical,
}

/// What is to be said about the data; groups by their place in [`Fit::groups`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "warning")]
pub enum Warning {
    /// All groups have the same distance.
    OneDistance,
    /// No phone has a known value: only differences are told.
    NoReference,
    /// Some of [`Fit::parts`] have no phone with a known value, while others have one.
    Unconnected {
        /// How many.
        parts: usize,
    },
    /// As many parameters as groups: no interval can be given.
    NothingSpare,
    /// Intervals come from the model: there are too few degrees of freedom to draw residuals from.
    TooFewToDraw {
        /// How many there are.
        freedom: usize,
        /// How many it takes.
        least: usize,
    },
    /// Residuals were drawn of so few pairs and sessions that what these share is hardly in the intervals.
    FewToDraw {
        /// Groups that were drawn from.
        groups: usize,
        /// Pairs of phones that they are of.
        pairs: usize,
        /// Sessions that they are of.
        sessions: usize,
    },
    /// Known values that cannot all hold with what was measured.
    ReferencesDisagree {
        /// By how much, in dB: the largest.
        size_db: f64,
        /// Which they are.
        references: Vec<Contradicted>,
    },
    /// Saturated reports were left out.
    Saturated {
        /// How many.
        reports: u64,
        /// Their share of all reports with a level.
        share: f64,
    },
    /// A group of which saturated reports were left out: what is left of it is too weak.
    SaturatedGroup {
        /// Which.
        group: usize,
        /// Share of its reports.
        share: f64,
    },
    /// A group with fewer than 10 reports.
    FewReports {
        /// Which.
        group: usize,
        /// How many.
        n: u64,
    },
    /// A group whose quartiles lie more than 6 dB apart.
    Wide {
        /// Which.
        group: usize,
        /// Distance of the quartiles.
        iqr_db: f64,
    },
    /// Groups of the same pair of phones share their errors. Intervals allow for it, but they rest on few pairs: more phones
    /// tell more than more sessions.
    PairsDiffer {
        /// Correlation of the residuals within pairs.
        correlation: f64,
    },
    /// Most groups of a phone with a known value do not fit: is it the right phone, and its value right?
    DoubtfulReference {
        /// The value.
        parameter: Parameter,
        /// Groups that do not fit.
        outliers: usize,
        /// Groups that depend on it.
        groups: usize,
    },
    /// A group that does not fit the others.
    Outlier {
        /// Which.
        group: usize,
        /// Residual in standard deviations.
        scaled: f64,
    },
}

impl Warning {
    /// Whether it is about all figures or their intervals, so that nobody should read these without it.
    #[must_use]
    pub const fn is_of_all(&self) -> bool {
        matches!(
            self,
            Self::TooFewToDraw { .. } | Self::FewToDraw { .. } | Self::ReferencesDisagree { .. }
        )
    }
}

/// A known value that others contradict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contradicted {
    /// What is known.
    pub parameter: Parameter,
    /// Its known value.
    pub known: f64,
    /// What the measurements and all other known values say instead.
    pub told: Estimate,
}

/// A value and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The value, in the unit of its parameter.
    pub value: f64,
    /// How sure; `None` where no group is left over to tell.
    pub interval: Option<Interval>,
}

/// How sure a value is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Standard error.
    pub std_error: f64,
    /// Lower end at the level of the settings.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What is known of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Fixed by a reference.
    Fixed(f64),
    /// Told by the data.
    Estimated(Estimate),
    /// Not told, and why.
    Untold(Reason),
}

impl State {
    /// The value, where there is one.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Fixed(value) => Some(*value),
            Self::Estimated(estimate) => Some(estimate.value),
            Self::Untold(_) => None,
        }
    }
}

/// A combination of parameters that the data do tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// Parameters and factors.
    pub terms: Vec<(Parameter, f64)>,
    /// Its value.
    pub estimate: Estimate,
}

/// A group and how it fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The group.
    #[serde(flatten)]
    pub group: Group,
    /// The level that the model gives.
    pub expected_dbm: f64,
    /// What the measured level is above it.
    pub residual_db: f64,
    /// The residual in standard deviations; `None` for a group that alone decides a parameter.
    pub scaled: Option<f64>,
    /// Weight in the fit, from 0 (left out) to 1.
    pub weight: f64,
}

/// How well the model fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// What became of the reports.
    pub counts: Counts,
    /// Groups with usable reports.
    pub groups: usize,
    /// Free parameters.
    pub parameters: usize,
    /// Degrees of freedom; groups that were left out count none.
    pub freedom: usize,
    /// Standard deviation between groups of equal parameters, robust, in dB.
    pub between_sd_db: f64,
    /// Correlation of the errors of both directions of a pair under the same conditions; 0 where none is seen.
    pub placement_correlation: f64,
    /// Correlation of the errors of a pair under different conditions; 0 where none is seen.
    pub pair_correlation: f64,
    /// Standard deviation of the residuals, outliers and all, in dB; `None` without degrees of freedom.
    pub residual_sd_db: Option<f64>,
    /// Share of the variance between groups that the model explains, weighted as in the fit.
    pub r_squared: Option<f64>,
}

/// What a fit found.
#[derive(Clone, Debug, Serialize)]
pub struct Fit {
    /// Every parameter that the groups ask for, in order.
    pub parameters: Vec<(Parameter, State)>,
    /// The groups that were used, in order of their conditions.
    pub groups: Vec<Judged>,
    /// The groups without usable reports.
    pub unusable: Vec<Group>,
    /// Phones that measurements connect.
    pub parts: Vec<Part>,
    /// How well the model fits.
    pub quality: Quality,
    /// What is to be said about the data; first what is about all figures.
    pub warnings: Vec<Warning>,
    /// Rounds in which residuals were drawn for the intervals; 0 where these come from the model.
    pub drawn: usize,
    #[serde(skip)]
    pub(super) engine: Engine,
}

/// What it takes to tell a combination of parameters.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) layout: Layout,
    /// Columns in the equations, in order; the others count as 0.
    pub(super) kept: Vec<usize>,
    pub(super) unseen: Freedom,
    pub(super) solution: Solution,
    /// Covariance of the columns with the correlations of errors.
    pub(super) dependent: Symmetric,
    /// Degrees of freedom of what pairs share, where they share anything.
    pub(super) pairs_freedom: Option<usize>,
    /// Whether there is anything to tell an interval from.
    pub(super) has_spread: bool,
    pub(super) level: f64,
    pub(super) draws: Vec<Draw>,
}

impl Engine {
    /// Fixed part of a combination and its row over the columns in the equations.
    fn row(&self, terms: &[(usize, f64)]) -> (f64, Row) {
        let (fixed, row) = self.layout.project(terms);
        let kept = row
            .into_iter()
            .filter_map(|(column, a)| Some((self.kept.binary_search(&column).ok()?, a)));
        (fixed, kept.collect())
    }

    pub(super) fn estimate(&self, terms: &[(usize, f64)]) -> Estimate {
        let (fixed, row) = self.row(terms);
        let value = fixed + dot(&row, &self.solution.columns);
        let independent = self.solution.covariance.form(&row);
        // Where shared errors cancel they are not counted on.
        let widening = (self.dependent.form(&row) / independent).max(1.0);
        let std_error = (self.solution.inflation * independent * widening).sqrt();
        let freedom = less(self.solution.freedom, self.pairs_freedom, widening);
        let quantile = student::quantile(self.level, freedom);
        let half = if self.draws.is_empty() {
            std_error * quantile
        } else {
            // Drawn as independent; what is shared widens it as it does the other.
            let drawn = bootstrap::half_width(&self.draws, &row, self.level);
            let wider = widening.sqrt() * quantile / student::quantile(self.level, self.solution.freedom);
            self.solution.inflation.sqrt() * drawn * wider
        };
        let interval = self.has_spread.then_some(Interval {
            std_error,
            low: value - half,
            high: value + half,
        });
        Estimate { value, interval }
    }

    pub(super) fn state(&self, i: usize, parts: &[Part]) -> State {
        if self.layout.is_fixed(i) {
            return State::Fixed(self.layout.fixed[i]);
        }
        match self.unseen.reason(i, &self.layout, parts) {
            Some(reason) => State::Untold(reason),
            None => State::Estimated(self.estimate(&[(i, 1.0)])),
        }
    }
}

/// Degrees of freedom when levels that share errors stand for fewer; what pairs share is known from the pairs alone
/// (Satterthwaite's formula for a sum of two variances, here 1 and `widening` − 1).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and what it was"
)]
fn less(freedom: usize, of_pairs: Option<usize>, widening: f64) -> usize {
    let freedom = real(freedom as u64);
    let fewer = freedom / widening;
    let of_sum = of_pairs.map_or(fewer, |pairs| {
        let shared = (widening - 1.0).powi(2) / real(pairs as u64);
        widening.powi(2) / (1.0 / freedom + shared)
    });
    fewer.min(of_sum) as usize
}

impl Fit {
    /// What is known of a parameter.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> State {
        let found = self.parameters.binary_search_by_key(&parameter, |(one, _)| *one);
        found.map_or(State::Untold(Reason::NoReports), |i| self.parameters[i].1.clone())
    }

    /// A combination of parameters, such as TX power − correction − attenuation; `None` when the data do not tell it.
    #[must_use]
    pub fn contrast(&self, terms: &[(Parameter, f64)]) -> Option<Estimate> {
        let known = terms
            .iter()
            .map(|(parameter, a)| Some((self.engine.layout.index(*parameter)?, *a)));
        let known: Vec<(usize, f64)> = known.collect::<Option<_>>()?;
        self.engine.unseen.leaves(&known).then(|| self.engine.estimate(&known))
    }

    /// Combinations that are told although their parameters are not: levels at 1 m, and differences between phones.
    #[must_use]
    pub fn contrasts(&self) -> Vec<Contrast> {
        use Parameter::{Attenuation, Correction, Tx};
        let is_untold = |parameter| matches!(self.get(parameter), State::Untold(_));
        let mut asked: Vec<Vec<(Parameter, f64)>> = Vec::new();
        for part in &self.parts {
            let (Some(sender), Some(receiver)) = (part.senders.first(), part.receivers.first()) else {
                continue;
            };
            let (first, other) = (Tx(*sender), Correction(*receiver));
            for one in part
                .senders
                .iter()
                .map(|phone| Tx(*phone))
                .filter(|one| is_untold(*one))
            {
                asked.push(vec![(one, 1.0), (Attenuation, -1.0)]);
                asked.push(vec![(one, 1.0), (other, -1.0), (Attenuation, -1.0)]);
                asked.extend((one != first).then(|| vec![(one, 1.0), (first, -1.0)]));
            }
            for one in part
                .receivers
                .iter()
                .map(|phone| Correction(*phone))
                .filter(|one| is_untold(*one))
            {
                asked.push(vec![(one, 1.0), (Attenuation, 1.0)]);
                asked.extend((one != other).then(|| vec![(one, 1.0), (other, -1.0)]));
            }
        }
        let told = asked.into_iter().filter_map(|terms| {
            let estimate = self.contrast(&terms)?;
            Some(Contrast { terms, estimate })
        });
        told.collect()
    }
}
