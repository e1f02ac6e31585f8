//! The nearness of pairs, in decibels, given all that was heard: the posterior mean of one part of a sum of random effects.
//!
//! The covariance of two slices has a term for each thing that they have in common: everything, a receiver, a sender, a
//! phone in either role (static, and changing over minutes), a pair in one direction, a pair in either direction (static, and
//! changing over minutes). It is never written down: terms that change with `exp(-dt/tau)` are summed forwards and backwards
//! in time, so a product with it takes one pass over the slices, and the equations are solved by conjugate gradients.
//! Literature: Gaussian-process regression (kriging) with additive kernels; Rasmussen and Williams, chapter 2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::level::{Phone, Slice};

/// Variances of the effects in dB², and times over which they change in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// The level that is expected of a pair of which nothing is known, in dB.
    pub mean_db: f64,
    /// Of that mean.
    pub mean: f64,
    /// Of the nearness that all pairs have in common.
    pub pairs: f64,
    /// Of a receiver.
    pub receiver: f64,
    /// Of a sender.
    pub sender: f64,
    /// More of it for senders of unknown model.
    pub unknown_sender: f64,
    /// Of what unknown senders have in common.
    pub unknown_senders: f64,
    /// Of a phone in either role.
    pub phone: f64,
    /// Of how a phone is carried.
    pub carried: f64,
    /// For how long it is carried so, in seconds.
    pub carried_s: f64,
    /// Of one direction of a pair.
    pub direction: f64,
    /// Of the nearness of a pair, which stays.
    pub pair: f64,
    /// Of the nearness of a pair, which changes.
    pub near: f64,
    /// For how long it stays so, in seconds.
    pub near_s: f64,
    /// Of a slice, whatever it is made of.
    pub slice: f64,
    /// Of one report.
    pub report: f64,
}

/// Steps after which the solution is taken as it is.
const MOST_STEPS: usize = 300;
/// Residual, relative to the right side, at which it is good enough.
const RESIDUAL: f64 = 1e-8;

/// Slices in order of time, with by how much what changes has faded from the one before.
#[derive(Debug, Default)]
struct Chain {
    places: Vec<usize>,
    /// As many; the first is of no use.
    fading: Vec<f64>,
}

/// Which slices have something in common.
#[derive(Debug, Default)]
struct Groups {
    receivers: Vec<Vec<usize>>,
    senders: Vec<Vec<usize>>,
    /// Of phones in either role.
    phones: Vec<Chain>,
    directions: Vec<Vec<usize>>,
    /// Of pairs in either direction.
    pairs: Vec<Chain>,
}

/// The nearness of all pairs, ready to be asked for.
#[derive(Debug)]
pub struct Proximity<'a> {
    effects: &'a Effects,
    slices: &'a [Slice],
    pairs: BTreeMap<(Phone, Phone), Vec<usize>>,
    weights: Vec<f64>,
    sum: f64,
}

/// Both directions of a pair as one.
fn unordered(one: Phone, other: Phone) -> (Phone, Phone) {
    (one.min(other), one.max(other))
}

impl Chain {
    fn new(mut places: Vec<usize>, slices: &[Slice], tau_s: f64) -> Self {
        places.sort_by(|a, b| slices[*a].at_s.total_cmp(&slices[*b].at_s));
        let mut before = None;
        let fading = places.iter().map(|place| {
            let at_s = slices[*place].at_s;
            let gap_s = at_s - before.replace(at_s).unwrap_or(at_s);
            (-gap_s / tau_s).exp()
        });
        let fading = fading.collect();
        Self { places, fading }
    }
}

impl Groups {
    fn new(slices: &[Slice], effects: &Effects) -> Self {
        let by = |key: &dyn Fn(&Slice) -> (Phone, Phone)| {
            let mut groups: BTreeMap<(Phone, Phone), Vec<usize>> = BTreeMap::new();
            for (place, slice) in slices.iter().enumerate() {
                groups.entry(key(slice)).or_default().push(place);
            }
            groups
        };
        let mut phones: BTreeMap<Phone, Vec<usize>> = BTreeMap::new();
        for (place, slice) in slices.iter().enumerate() {
            phones.entry(slice.receiver).or_default().push(place);
            phones.entry(slice.sender).or_default().push(place);
        }
        Self {
            receivers: by(&|slice| (slice.receiver, slice.receiver)).into_values().collect(),
            senders: by(&|slice| (slice.sender, slice.sender)).into_values().collect(),
            phones: phones
                .into_values()
                .map(|places| Chain::new(places, slices, effects.carried_s))
                .collect(),
            directions: by(&|slice| (slice.receiver, slice.sender)).into_values().collect(),
            pairs: by(&|slice| unordered(slice.receiver, slice.sender))
                .into_values()
                .map(|places| Chain::new(places, slices, effects.near_s))
                .collect(),
        }
    }
}

/// Adds `variance` × the sum of `x` over a group to each of it.
fn add_static(variance: f64, group: &[usize], x: &[f64], y: &mut [f64]) {
    let sum: f64 = group.iter().map(|place| x[*place]).sum();
    group.iter().for_each(|place| y[*place] += variance * sum);
}

/// Adds, to each of a chain, the sum of `x` over all of it, each weighted by `variance` × exp(−dt/tau): once forwards with
/// itself, once backwards without.
fn add_changing(variance: f64, chain: &Chain, x: &[f64], y: &mut [f64]) {
    let mut sum = 0.0;
    for (place, fading) in chain.places.iter().zip(&chain.fading) {
        sum = sum * fading + x[*place];
        y[*place] += variance * sum;
    }
    let mut sum = 0.0;
    for (place, fading) in chain.places.iter().zip(&chain.fading).rev() {
        y[*place] += variance * sum;
        sum = (sum + x[*place]) * fading;
    }
}

impl<'a> Proximity<'a> {
    /// Of all that these slices tell.
    #[must_use]
    pub fn new(slices: &'a [Slice], effects: &'a Effects) -> Self {
        let groups = Groups::new(slices, effects);
        let weights = solve(slices, &groups, effects);
        let mut pairs: BTreeMap<(Phone, Phone), Vec<usize>> = BTreeMap::new();
        for (place, slice) in slices.iter().enumerate() {
            pairs
                .entry(unordered(slice.receiver, slice.sender))
                .or_default()
                .push(place);
        }
        let sum = weights.iter().sum();
        Self {
            effects,
            slices,
            pairs,
            weights,
            sum,
        }
    }

    /// How near two phones are at a time, in dB: above 0 nearer than is usual here.
    #[must_use]
    pub fn at(&self, one: Phone, other: Phone, at_s: f64) -> f64 {
        let Effects {
            pairs,
            pair,
            near,
            near_s,
            ..
        } = self.effects;
        let of = |place: &usize| {
            let dt = (self.slices[*place].at_s - at_s).abs();
            (pair + near * (-dt / near_s).exp()) * self.weights[*place]
        };
        pairs * self.sum + self.of(one, other).iter().map(of).sum::<f64>()
    }

    /// How much was heard of a pair about a time, in slices: each counts `exp(-dt/tau_s)`.
    #[must_use]
    pub fn evidence(&self, one: Phone, other: Phone, at_s: f64, tau_s: f64) -> f64 {
        let of = |place: &usize| (-(self.slices[*place].at_s - at_s).abs() / tau_s).exp();
        self.of(one, other).iter().map(of).sum()
    }

    /// The weights of the slices, for tests.
    #[cfg(test)]
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn of(&self, one: Phone, other: Phone) -> &[usize] {
        self.pairs.get(&unordered(one, other)).map_or(&[], Vec::as_slice)
    }
}

/// The product with the covariance.
fn multiply(slices: &[Slice], groups: &Groups, effects: &Effects, x: &[f64], y: &mut [f64]) {
    let all: f64 = x.iter().sum();
    let unknown = |slice: &Slice| slice.sender.is_unknown();
    let strange: f64 = slices
        .iter()
        .zip(x)
        .filter(|(slice, _)| unknown(slice))
        .map(|(_, x)| x)
        .sum();
    for ((slice, x), y) in slices.iter().zip(x).zip(&mut *y) {
        *y = (effects.slice + effects.report / f64::from(slice.n)) * x + (effects.pairs + effects.mean) * all;
        if unknown(slice) {
            *y += effects.unknown_senders * strange;
        }
    }
    for group in &groups.receivers {
        add_static(effects.receiver, group, x, y);
    }
    for group in &groups.senders {
        let is_unknown = group.first().is_some_and(|place| unknown(&slices[*place]));
        let more = if is_unknown { effects.unknown_sender } else { 0.0 };
        add_static(effects.sender + more, group, x, y);
    }
    for chain in &groups.phones {
        add_static(effects.phone, &chain.places, x, y);
        add_changing(effects.carried, chain, x, y);
    }
    for group in &groups.directions {
        add_static(effects.direction, group, x, y);
    }
    for chain in &groups.pairs {
        add_static(effects.pair, &chain.places, x, y);
        add_changing(effects.near, chain, x, y);
    }
}

/// The variance of a slice.
fn variance(slice: &Slice, effects: &Effects) -> f64 {
    let strange = effects.unknown_sender + effects.unknown_senders;
    effects.slice
        + effects.report / f64::from(slice.n)
        + effects.pairs
        + effects.mean
        + effects.receiver
        + effects.sender
        + if slice.sender.is_unknown() { strange } else { 0.0 }
        + 2.0 * (effects.phone + effects.carried)
        + effects.direction
        + effects.pair
        + effects.near
}

/// Conjugate gradients with the diagonal as preconditioner. Sums go in the order of the slices, so that the result is the
/// same on every machine.
fn solve(slices: &[Slice], groups: &Groups, effects: &Effects) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let diagonal: Vec<f64> = slices.iter().map(|slice| variance(slice, effects)).collect();
    let mut residual: Vec<f64> = slices.iter().map(|slice| slice.db - effects.mean_db).collect();
    let enough = RESIDUAL * dot(&residual, &residual).sqrt();
    let mut x = vec![0.0; slices.len()];
    let mut scaled: Vec<f64> = residual.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
    let mut direction = scaled.clone();
    let mut product = vec![0.0; slices.len()];
    let mut rho = dot(&residual, &scaled);
    for _ in 0..MOST_STEPS {
        if dot(&residual, &residual).sqrt() <= enough || rho <= 0.0 {
            break;
        }
        multiply(slices, groups, effects, &direction, &mut product);
        let step = rho / dot(&direction, &product);
        if !step.is_finite() {
            break;
        }
        for place in 0..slices.len() {
            x[place] += step * direction[place];
            residual[place] -= step * product[place];
            scaled[place] = residual[place] / diagonal[place];
        }
        let next = dot(&residual, &scaled);
        let turn = next / rho;
        rho = next;
        direction.iter_mut().zip(&scaled).for_each(|(d, s)| *d = s + turn * *d);
    }
    x
}
