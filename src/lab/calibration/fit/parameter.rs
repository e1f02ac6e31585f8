//! The parameters of the model, what is fixed of them, and how a group's level is made up of the free ones.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::linear::Row;
use super::samples::Group;

/// A parameter of the model; phones, sessions and orientations by the caller's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// Radiated level of a sender, in dBm on the scale of an average iPhone.
    Tx(usize),
    /// What is added to a receiver's RSSI, in dB.
    Correction(usize),
    /// Attenuation at 1 m, in dB.
    Attenuation,
    /// Path-loss exponent n: attenuation grows by 10 n dB for ten times the distance.
    Exponent,
    /// How much stronger an orientation is than the mean of all that were measured, in dB.
    Orientation(usize),
    /// How much stronger a session was than the mean of all sessions, in dB.
    Session(usize),
}

/// What is known beforehand: it fixes the scale, which levels alone do not tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct References {
    /// Senders whose level is known, in dBm.
    pub tx: BTreeMap<usize, f64>,
    /// Receivers whose correction is known, in dB.
    pub corrections: BTreeMap<usize, f64>,
    /// Attenuation at 1 m, in dB.
    pub attenuation: Option<f64>,
    /// Path-loss exponent.
    pub exponent: Option<f64>,
}

impl References {
    /// The value of a parameter that is fixed.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> Option<f64> {
        match parameter {
            Parameter::Tx(phone) => self.tx.get(&phone).copied(),
            Parameter::Correction(phone) => self.corrections.get(&phone).copied(),
            Parameter::Attenuation => self.attenuation,
            Parameter::Exponent => self.exponent,
            Parameter::Orientation(_) | Parameter::Session(_) => None,
        }
    }

    /// All but one.
    pub(super) fn without(&self, parameter: Parameter) -> Self {
        let mut others = self.clone();
        match parameter {
            Parameter::Tx(phone) => drop(others.tx.remove(&phone)),
            Parameter::Correction(phone) => drop(others.corrections.remove(&phone)),
            Parameter::Attenuation => others.attenuation = None,
            Parameter::Exponent => others.exponent = None,
            Parameter::Orientation(_) | Parameter::Session(_) => {}
        }
        others
    }

    /// Every value that is fixed.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let phones = self.tx.values().chain(self.corrections.values());
        phones.chain(&self.attenuation).chain(&self.exponent).copied()
    }
}

/// All parameters as a linear map of the free columns: value = fixed part + row · columns.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// In order.
    pub(super) parameters: Vec<Parameter>,
    pub(super) fixed: Vec<f64>,
    rows: Vec<Row>,
    /// Number of free columns.
    pub(super) columns: usize,
}

/// Which conditions shift the level by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Sessions.
    pub sessions: bool,
    /// Orientations.
    pub orientations: bool,
}

impl Default for Effects {
    fn default() -> Self {
        Self {
            sessions: true,
            orientations: true,
        }
    }
}

impl Layout {
    /// The parameters that the groups ask for. The effects of sessions add up to zero, and so do those of orientations:
    /// the other parameters then mean the average over them.
    pub(super) fn new(groups: &[Group], references: &References, effects: Effects) -> Self {
        let mut all: BTreeSet<Parameter> = [Parameter::Attenuation, Parameter::Exponent].into();
        for group in groups {
            all.extend([Parameter::Tx(group.sender), Parameter::Correction(group.receiver)]);
            all.extend(
                effects
                    .orientations
                    .then_some(group.orientation)
                    .flatten()
                    .map(Parameter::Orientation),
            );
            all.extend(effects.sessions.then_some(Parameter::Session(group.session)));
        }
        let parameters: Vec<Parameter> = all.into_iter().collect();
        let mut layout = Self {
            fixed: vec![0.0; parameters.len()],
            rows: vec![Row::new(); parameters.len()],
            columns: 0,
            parameters,
        };
        for i in 0..layout.parameters.len() {
            layout.place(i, references);
        }
        layout
    }

    /// Gives a parameter its columns.
    fn place(&mut self, i: usize, references: &References) {
        let parameter = self.parameters[i];
        if let Some(value) = references.get(parameter) {
            self.fixed[i] = value;
            return;
        }
        let is_last = self
            .parameters
            .get(i + 1)
            .is_none_or(|next| !is_same_kind(parameter, *next));
        if is_effect(parameter) && is_last {
            // The last of them is what the others lack to zero.
            let others = (0..i)
                .rev()
                .take_while(|j| is_same_kind(parameter, self.parameters[*j]));
            self.rows[i] = others
                .flat_map(|j| self.rows[j].clone())
                .map(|(column, _)| (column, -1.0))
                .collect();
            return;
        }
        self.rows[i] = vec![(self.columns, 1.0)];
        self.columns += 1;
    }

    pub(super) fn index(&self, parameter: Parameter) -> Option<usize> {
        self.parameters.binary_search(&parameter).ok()
    }

    /// Whether it is fixed by a reference.
    pub(super) fn is_fixed(&self, i: usize) -> bool {
        self.rows[i].is_empty() && !is_effect(self.parameters[i])
    }

    /// Whether it is the only one of its kind, so that nothing tells its effect.
    pub(super) fn is_only_effect(&self, i: usize) -> bool {
        self.rows[i].is_empty() && is_effect(self.parameters[i])
    }

    /// What a group's level is made up of.
    pub(super) fn terms(&self, group: &Group) -> Vec<(usize, f64)> {
        let terms = [
            Some((Parameter::Tx(group.sender), 1.0)),
            Some((Parameter::Correction(group.receiver), -1.0)),
            Some((Parameter::Attenuation, -1.0)),
            Some((Parameter::Exponent, -10.0 * group.distance.0.log10())),
            group
                .orientation
                .map(|orientation| (Parameter::Orientation(orientation), 1.0)),
            Some((Parameter::Session(group.session), 1.0)),
        ];
        // Effects that are not asked for have no index.
        let known = terms.into_iter().flatten();
        known
            .filter_map(|(parameter, a)| self.index(parameter).map(|i| (i, a)))
            .collect()
    }

    /// A combination of parameters as its fixed part and a row over the free columns.
    pub(super) fn project(&self, terms: &[(usize, f64)]) -> (f64, Row) {
        let fixed = terms.iter().map(|(i, a)| a * self.fixed[*i]).sum();
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for (i, a) in terms {
            for (column, b) in &self.rows[*i] {
                *sums.entry(*column).or_default() += a * b;
            }
        }
        (fixed, sums.into_iter().filter(|(_, a)| *a != 0.0).collect())
    }

    /// A direction of the free columns as one of all parameters.
    pub(super) fn spread(&self, columns: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| super::linear::dot(row, columns)).collect()
    }
}

/// Whether it is the effect of a condition.
pub(super) const fn is_effect(parameter: Parameter) -> bool {
    matches!(parameter, Parameter::Orientation(_) | Parameter::Session(_))
}

fn is_same_kind(a: Parameter, b: Parameter) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}
