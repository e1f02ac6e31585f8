//! Errors that groups share, and what they do to the intervals.
//!
//! Two phones that lie in a bad place lose as much in one direction as in the other, and a pair whose antennas do not suit
//! each other does so in every session. Levels that share such an error tell less than as many independent ones. The
//! correlations are estimated from products of residuals (method of moments: their mean in terms of the correlations is
//! known from the design), and the covariance of the columns becomes C + C·E·C, E from the products of the rows.

use std::collections::{BTreeMap, BTreeSet};

use super::linear::{Cholesky, Row, Symmetric};
use super::parameter::{Parameter, References};
use super::robust::Solution;
use super::samples::{Group, real};

/// Correlations are taken as at most so large.
const MOST: f64 = 0.95;
/// With fewer standard deviations above 0 it may be chance (5 %) and is taken as 0.
const CHANCE: f64 = 1.645;
/// From this correlation on, and so many standard deviations above 0, it is worth a warning.
const MUCH: f64 = 0.1;
const SURE: f64 = 4.0;
/// At least this part of the errors' variance is taken as seen.
const LEAST_SEEN: f64 = 0.2;
/// With fewer products than these, in effect, a correlation is not estimated.
const LEAST_PRODUCTS: f64 = 6.0;
/// Kinds of relations between groups, see [`Relations`].
const KINDS: usize = 3;

/// Correlations of errors, 0 where none is seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Correlations {
    /// Of both directions of a pair under the same conditions.
    pub(super) placement: f64,
    /// Of the same direction of a pair under other conditions.
    pub(super) pair: f64,
    /// Whether the latter is no chance.
    pub(super) is_pair_sure: bool,
    /// Degrees of freedom from which the spread of pairs is known, where they differ: the pairs, both directions as one,
    /// without those that phones to be found and the attenuation take up.
    pub(super) freedom: Option<usize>,
}

/// Which groups may share an error. The matrices B of the kinds have a one for each two of them: 0 for both directions
/// under the same conditions, 1 for the same direction under other conditions, 2 for the other direction under others.
struct Relations {
    /// The same conditions, in the other direction.
    mate: Vec<Option<usize>>,
    pair: Vec<usize>,
    /// The pair of the other direction.
    reverse: Vec<Option<usize>>,
    /// Groups of each pair.
    sizes: Vec<u64>,
}

impl Relations {
    fn new(groups: &[Group]) -> Self {
        let mut places = BTreeMap::new();
        let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let key = |group: &Group, sender, receiver| {
            (
                sender,
                receiver,
                group.session,
                group.orientation,
                group.distance.0.to_bits(),
            )
        };
        for (i, group) in groups.iter().enumerate() {
            places.insert(key(group, group.sender, group.receiver), i);
            let next = pairs.len();
            pairs.entry((group.sender, group.receiver)).or_insert(next);
        }
        let mate = |(i, group): (usize, &Group)| {
            let found = places.get(&key(group, group.receiver, group.sender)).copied();
            found.filter(|mate| *mate != i)
        };
        let reverse = |group: &Group| {
            let found = pairs.get(&(group.receiver, group.sender)).copied();
            found.filter(|_| group.sender != group.receiver)
        };
        let pair: Vec<usize> = groups
            .iter()
            .map(|group| pairs[&(group.sender, group.receiver)])
            .collect();
        let mut sizes = vec![0; pairs.len()];
        pair.iter().for_each(|one| sizes[*one] += 1);
        Self {
            mate: groups.iter().enumerate().map(mate).collect(),
            reverse: groups.iter().map(reverse).collect(),
            pair,
            sizes,
        }
    }

    /// B · rows, of each kind.
    fn apply(&self, rows: &[Row]) -> [Vec<Row>; KINDS] {
        let mut totals: Vec<BTreeMap<usize, f64>> = vec![BTreeMap::new(); self.sizes.len()];
        for (row, pair) in rows.iter().zip(&self.pair) {
            row.iter().for_each(|(i, a)| *totals[*pair].entry(*i).or_default() += a);
        }
        let without = |mut total: BTreeMap<usize, f64>, row: Option<&Row>| -> Row {
            row.into_iter()
                .flatten()
                .for_each(|(i, a)| *total.entry(*i).or_default() -= a);
            total.into_iter().collect()
        };
        let mate = |i: usize| self.mate[i].map(|mate| &rows[mate]);
        let all = 0..rows.len();
        [
            all.clone().map(|i| mate(i).cloned().unwrap_or_default()).collect(),
            all.clone()
                .map(|i| without(totals[self.pair[i]].clone(), Some(&rows[i])))
                .collect(),
            all.map(|i| self.reverse[i].map_or_else(Row::new, |pair| without(totals[pair].clone(), mate(i))))
                .collect(),
        ]
    }

    /// How many ones the matrices have.
    fn ones(&self) -> [f64; KINDS] {
        let mut ones = [0; KINDS];
        for i in 0..self.pair.len() {
            let mates = u64::from(self.mate[i].is_some());
            ones[0] += mates;
            ones[1] += self.sizes[self.pair[i]] - 1;
            ones[2] += self.reverse[i].map_or(0, |pair| self.sizes[pair] - mates);
        }
        ones.map(real)
    }
}

/// The correlations, and the covariance of the columns with them. `residuals` are in standard deviations.
pub(super) fn of(
    groups: &[Group],
    references: &References,
    rows: &[Row],
    residuals: &[f64],
    solution: &Solution,
) -> (Correlations, Symmetric) {
    let covariance = &solution.covariance;
    let n = covariance.size();
    let relations = Relations::new(groups);
    let scale = |(row, variance): (&Row, &f64)| row.iter().map(|(i, a)| (*i, a / variance.sqrt())).collect();
    let scaled: Vec<Row> = rows.iter().zip(&solution.variances).map(scale).collect();
    let related = relations.apply(&scaled);
    let products = related.each_ref().map(|other| Symmetric::products(n, &scaled, other));
    let moved = products.each_ref().map(|one| covariance.times(one));
    let (sums, ones) = (sums(&relations, residuals, solution), relations.ones());
    let mut moments = Symmetric::zero(KINDS);
    // What the fit alone makes of the products is minus these.
    let absorbed = products.each_ref().map(|one| covariance.trace(one));
    for k in 0..KINDS {
        for l in 0..=k {
            let twice = covariance.trace(&Symmetric::products(n, &related[k], &related[l]));
            let own = if k == l { ones[k] } else { 0.0 };
            moments.set(k, l, own - 2.0 * twice + trace(&moved[k], &moved[l], n));
        }
    }
    let (found, seen) = settled(&moments, &sums, &absorbed, solution.spare.iter().sum());
    let mut extra = Symmetric::zero(n);
    products
        .iter()
        .zip(found)
        .for_each(|(one, (correlation, _))| extra.add(one, correlation));
    let [(placement, _), (pair, sure), (reverse, _)] = found;
    let is_pair_sure = pair > MUCH && sure > SURE;
    let correlations = Correlations {
        placement,
        pair,
        is_pair_sure,
        freedom: (pair > 0.0 || reverse > 0.0).then(|| between_pairs(groups, references)),
    };
    let mut dependent = covariance.sandwich(&extra);
    dependent.scale(1.0 / seen);
    (correlations, dependent)
}

fn between_pairs(groups: &[Group], references: &References) -> usize {
    let ends = |group: &Group| (group.sender.min(group.receiver), group.sender.max(group.receiver));
    let pairs: BTreeSet<(usize, usize)> = groups.iter().map(ends).collect();
    let roles = groups
        .iter()
        .flat_map(|group| [Parameter::Tx(group.sender), Parameter::Correction(group.receiver)]);
    let unknown = roles.filter(|role| references.get(*role).is_none());
    let phones: BTreeSet<usize> = unknown
        .filter_map(|role| match role {
            Parameter::Tx(phone) | Parameter::Correction(phone) => Some(phone),
            _ => None,
        })
        .collect();
    let taken = phones.len() + usize::from(references.attenuation.is_none());
    pairs.len().saturating_sub(taken).max(1)
}

/// The correlations, and what part of the errors' variance is seen in the residuals: the fit takes shared errors for
/// parameters, so that residuals are smaller than errors. Found in turn. `absorbed` is what the fit takes of the products, `free` the
/// degrees of freedom.
fn settled(moments: &Symmetric, sums: &[f64; KINDS], absorbed: &[f64; KINDS], free: f64) -> ([(f64, f64); KINDS], f64) {
    let (mut found, mut seen) = ([(0.0, 0.0); KINDS], 1.0);
    for _ in 0..20 {
        let excess = std::array::from_fn(|k| seen * sums[k] + absorbed[k]);
        found = solve(moments, &excess);
        let lost: f64 = found
            .iter()
            .zip(absorbed)
            .map(|((correlation, _), one)| correlation * one)
            .sum();
        seen = (1.0 - lost / free).clamp(LEAST_SEEN, 1.0);
    }
    (found, seen)
}

/// Sums of products of residuals over the ones of each kind, in units of the residuals' variance. Residuals count as in
/// the fit, outliers not at all: mostly of one sign, they would look like shared errors.
fn sums(relations: &Relations, residuals: &[f64], solution: &Solution) -> [f64; KINDS] {
    let counted: Vec<f64> = residuals
        .iter()
        .zip(&solution.weights)
        .map(|(rest, weight)| rest * weight)
        .collect();
    let kept = solution
        .spare
        .iter()
        .zip(&solution.weights)
        .filter(|(_, weight)| **weight > 0.0);
    let free: f64 = kept.map(|(spare, _)| *spare).sum();
    let variance = counted.iter().map(|rest| rest * rest).sum::<f64>() / free;
    let column: Vec<Row> = counted.iter().map(|rest| vec![(0, *rest)]).collect();
    let sum = |other: Vec<Row>| -> f64 {
        let pairs = counted.iter().zip(&other);
        pairs
            .map(|(rest, other)| rest * other.first().map_or(0.0, |(_, sum)| *sum))
            .sum()
    };
    relations
        .apply(&column)
        .map(sum)
        .map(|sum| sum / variance.max(f64::MIN_POSITIVE))
}

/// The correlations that give these sums, each in standard deviations too. One that may be chance is 0, the least sure
/// first, and the others are found anew: the covariance of independent errors' correlations is twice the inverse of the
/// moments.
fn solve(moments: &Symmetric, excess: &[f64; KINDS]) -> [(f64, f64); KINDS] {
    let mut active: Vec<usize> = (0..KINDS).filter(|k| moments.at(*k, *k) >= LEAST_PRODUCTS).collect();
    let mut found = [(0.0, 0.0); KINDS];
    while !active.is_empty() {
        let mut side: Vec<f64> = active.iter().map(|k| excess[*k]).collect();
        let Some(factor) = Cholesky::of(&moments.part(&active)) else {
            active.pop();
            continue;
        };
        factor.solve(&mut side);
        let inverse = factor.inverse();
        let sure = |a: usize| side[a] / (2.0 * inverse.at(a, a)).sqrt();
        let least = (0..active.len()).reduce(|a, b| if sure(b) < sure(a) { b } else { a });
        if let Some(least) = least.filter(|least| sure(*least) < CHANCE) {
            active.remove(least);
            continue;
        }
        for (a, k) in active.iter().enumerate() {
            found[*k] = (side[a].min(MOST), sure(a));
        }
        break;
    }
    found
}

/// The trace of the product of two square matrices, row by row.
fn trace(a: &[f64], b: &[f64], n: usize) -> f64 {
    (0..n)
        .flat_map(|i| (0..n).map(move |j| a[i * n + j] * b[j * n + i]))
        .sum()
}
