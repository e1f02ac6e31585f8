//! What the data can tell at all, and why not the rest: from the null space of the design.

use serde::Serialize;
use thiserror::Error;

use super::linear::Symmetric;
use super::parameter::{Layout, Parameter, References, is_effect};
use super::samples::Group;

/// Shares below this are rounding.
const NONE: f64 = 1e-6;

/// Why a parameter cannot be told from the data.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No usable report asks for it.
    #[error("no usable report depends on it: measure it, at levels below -20 dBm")]
    NoReports,
    /// Attenuation at 1 m and exponent need two distances.
    #[error("only one distance was measured: measure at another one, or fix the attenuation at 1 m or the exponent")]
    OneDistance,
    /// The only session, or the only orientation.
    #[error("there is only one of its kind, and nothing to compare it with")]
    OnlyOne,
    /// No phone at all has a known value.
    #[error("no phone has a known value: fix the TX power or the correction of one")]
    NoReference,
    /// Its phones were never measured against those with known values, not even over others.
    #[error("no chain of measurements leads from here to a phone with a known value: measure against one")]
    Unconnected,
    /// It always changed together with these.
    #[error("it always changed together with others: vary one without the other, or leave the effect out")]
    Together(Vec<Parameter>),
    /// Only sums with these are told.
    #[error("only sums with others are told: fix one of them, or measure a phone whose values are both known")]
    TradeOff(Vec<Parameter>),
}

/// Phones that measurements connect; levels compare only within such a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its senders, in order.
    pub senders: Vec<usize>,
    /// Its receivers, in order.
    pub receivers: Vec<usize>,
    /// Whether one of them has a known value.
    pub has_reference: bool,
}

impl Part {
    fn holds(&self, parameter: Parameter) -> bool {
        match parameter {
            Parameter::Tx(phone) => self.senders.contains(&phone),
            Parameter::Correction(phone) => self.receivers.contains(&phone),
            _ => false,
        }
    }
}

/// The parts that groups connect, by their first sender.
pub(super) fn parts(groups: &[Group], references: &References) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for group in groups {
        let (sender, receiver) = (Parameter::Tx(group.sender), Parameter::Correction(group.receiver));
        let mut joined = Part {
            senders: vec![group.sender],
            receivers: vec![group.receiver],
            has_reference: references.get(sender).is_some() || references.get(receiver).is_some(),
        };
        let touched = parts.extract_if(.., |part| part.holds(sender) || part.holds(receiver));
        for part in touched {
            joined.senders.extend(part.senders);
            joined.receivers.extend(part.receivers);
            joined.has_reference |= part.has_reference;
        }
        for phones in [&mut joined.senders, &mut joined.receivers] {
            phones.sort_unstable();
            phones.dedup();
        }
        parts.push(joined);
    }
    parts.sort_unstable_by(|a, b| a.senders.cmp(&b.senders));
    parts
}

/// The directions in which parameters can move together without any level noticing, orthonormal.
#[derive(Clone, Debug)]
pub(super) struct Freedom(Vec<Vec<f64>>);

impl Freedom {
    pub(super) fn new(layout: &Layout, normal: &Symmetric, kept: &[usize]) -> Self {
        let mut found: Vec<Vec<f64>> = Vec::new();
        for columns in normal.null_vectors(kept) {
            let mut vector = layout.spread(&columns);
            // Twice, against rounding.
            for _ in 0..2 {
                for other in &found {
                    let share = product(other, &vector);
                    vector.iter_mut().zip(other).for_each(|(a, b)| *a -= share * b);
                }
            }
            let length = product(&vector, &vector).sqrt();
            vector.iter_mut().for_each(|a| *a /= length);
            found.push(vector);
        }
        Self(found)
    }

    /// Whether a combination of parameters stays the same in all these directions.
    pub(super) fn leaves(&self, terms: &[(usize, f64)]) -> bool {
        let size: f64 = terms.iter().map(|(_, a)| a.abs()).sum();
        self.0
            .iter()
            .all(|vector| super::linear::dot(terms, vector).abs() <= NONE * size)
    }

    /// Those that move when a parameter does; not those that only make up for it a little, as other sessions do for one
    /// so that all still add up to zero.
    fn partners(&self, i: usize, layout: &Layout) -> Vec<Parameter> {
        let moves = |j: usize| self.0.iter().map(|vector| vector[i] * vector[j]).sum::<f64>().abs();
        let others: Vec<(usize, f64)> = (0..layout.parameters.len())
            .filter(|j| *j != i)
            .map(|j| (j, moves(j)))
            .collect();
        let most = others.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        let strong = others
            .into_iter()
            .filter(|(_, share)| *share > NONE && *share >= most / 2.0);
        strong.map(|(j, _)| layout.parameters[j]).collect()
    }

    /// The parameters other than effects that are not told.
    pub(super) fn hidden(&self, layout: &Layout) -> Vec<Parameter> {
        let all = layout.parameters.iter().enumerate();
        let hidden = all.filter(|(i, parameter)| !is_effect(**parameter) && !self.leaves(&[(*i, 1.0)]));
        hidden.map(|(_, parameter)| *parameter).collect()
    }

    /// Why a parameter is not told; `None` when it is.
    pub(super) fn reason(&self, i: usize, layout: &Layout, parts: &[Part]) -> Option<Reason> {
        use Parameter::{Attenuation, Exponent};
        if layout.is_only_effect(i) {
            return Some(Reason::OnlyOne);
        }
        if self.leaves(&[(i, 1.0)]) {
            return None;
        }
        let parameter = layout.parameters[i];
        let partners = self.partners(i, layout);
        if is_effect(parameter) || partners.iter().any(|partner| is_effect(*partner)) {
            return Some(Reason::Together(partners));
        }
        let is_path = |parameter: &Parameter| matches!(parameter, Attenuation | Exponent);
        if is_path(&parameter) && partners.iter().all(is_path) {
            return Some(Reason::OneDistance);
        }
        let is_known = |part: &Part| part.has_reference;
        Some(if !parts.iter().any(is_known) {
            Reason::NoReference
        } else if parts.iter().any(|part| part.holds(parameter) && !is_known(part)) {
            Reason::Unconnected
        } else {
            Reason::TradeOff(partners)
        })
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
