//! From a score to a distance: a straight line to its logarithm, with what its residuals tell.

use serde::{Deserialize, Serialize};

/// Distances below which it is asked whether two phones are, in metres.
pub const NEAR_M: [f64; 2] = [1.5, 2.0];

/// ln d = intercept + slope × score, and the spread about it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// ln of the distance in metres at score 0.
    pub intercept: f64,
    /// Change of ln of the distance with the score.
    pub slope: f64,
    /// Scale of the logistic distribution of the residuals.
    pub spread: f64,
    /// Lower end of the interval of 90 %, added to ln d.
    pub low: f64,
    /// Upper end of the interval of 90 %, added to ln d.
    pub high: f64,
    /// Shares of the windows that were nearer than [`NEAR_M`] where it was learnt.
    pub shares: [f64; 2],
}

/// A distance with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The median, in metres.
    pub distance_m: f64,
    /// Lower end of the interval of 90 %, in metres.
    pub low_m: f64,
    /// Upper end of the interval of 90 %, in metres.
    pub high_m: f64,
    /// Probabilities of being nearer than [`NEAR_M`].
    pub p_near: [f64; 2],
}

/// The logarithm of the odds.
#[must_use]
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    (p / (1.0 - p)).ln()
}

/// A window with truth, to learn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The score.
    pub score: f64,
    /// The true distance, in metres.
    pub distance_m: f64,
    /// Which scenario it is of; each counts as much as the others.
    pub scenario: usize,
    /// Which third of the receivers it is of.
    pub third: usize,
}

/// By how much the interval of residuals is widened: it was seen with one scenario left out, and unseen ones differ more.
const WIDENED: f64 = 1.15;

impl Line {
    /// The distance that a score tells.
    #[must_use]
    pub fn estimate(&self, score: f64) -> Estimate {
        let middle = self.intercept + self.slope * score;
        let p = |near: f64| 1.0 / (1.0 + (-(near.ln() - middle) / self.spread).exp());
        Estimate {
            distance_m: middle.exp(),
            low_m: (middle + self.low).exp(),
            high_m: (middle + self.high).exp(),
            p_near: NEAR_M.map(p),
        }
    }

    /// Learns the line by least squares, every scenario weighing the same; spread and interval from the residuals of windows
    /// whose scenario and third of the receivers were left out. `None` with fewer than three windows, or with one score
    /// alone.
    #[must_use]
    pub fn learn(samples: &[Sample]) -> Option<Self> {
        let (intercept, slope) = fitted(samples.iter())?;
        let n_scenarios = samples.iter().map(|sample| sample.scenario).max()? + 1;
        let weights = weights(samples, n_scenarios);
        let mut residuals = left_out(samples, n_scenarios, &weights);
        if residuals.is_empty() {
            // One scenario: what is left over of the line itself.
            let of = |sample: &Sample| sample.distance_m.ln() - intercept - slope * sample.score;
            residuals = samples.iter().map(of).zip(weights.iter().copied()).collect();
        }
        residuals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = residuals.iter().map(|(_, weight)| weight).sum();
        let quantile = |share: f64| {
            let mut below = 0.0;
            let found = residuals.iter().find(|(_, weight)| {
                below += weight / all;
                below >= share
            });
            found.or(residuals.last()).map_or(0.0, |(residual, _)| *residual)
        };
        let square: f64 = residuals
            .iter()
            .map(|(residual, weight)| residual * residual * weight)
            .sum();
        let total: f64 = weights.iter().sum();
        let share = |near: f64| {
            let nearer = samples
                .iter()
                .zip(&weights)
                .filter(|(sample, _)| sample.distance_m < near);
            nearer.map(|(_, weight)| weight).sum::<f64>() / total
        };
        Some(Self {
            intercept,
            slope,
            spread: ((square / all).sqrt() * 3f64.sqrt() / std::f64::consts::PI).max(1e-3),
            low: (WIDENED * quantile(0.05)).min(0.0),
            high: (WIDENED * quantile(0.95)).max(0.0),
            shares: NEAR_M.map(share),
        })
    }
}

/// One over the size of its scenario.
fn weights(samples: &[Sample], n_scenarios: usize) -> Vec<f64> {
    let mut sizes = vec![0.0_f64; n_scenarios];
    samples.iter().for_each(|sample| sizes[sample.scenario] += 1.0);
    samples.iter().map(|sample| 1.0 / sizes[sample.scenario]).collect()
}

fn fitted<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<(f64, f64)> {
    let samples: Vec<Sample> = samples.copied().collect();
    if samples.len() < 3 {
        return None;
    }
    let n_scenarios = samples.iter().map(|sample| sample.scenario).max()? + 1;
    let weights = weights(&samples, n_scenarios);
    let all: f64 = weights.iter().sum();
    let mean = |of: &dyn Fn(&Sample) -> f64| {
        let sum: f64 = samples
            .iter()
            .zip(&weights)
            .map(|(sample, weight)| of(sample) * weight)
            .sum();
        sum / all
    };
    let (score, log) = (mean(&|sample| sample.score), mean(&|sample| sample.distance_m.ln()));
    let square = mean(&|sample| (sample.score - score).powi(2));
    let both = mean(&|sample| (sample.score - score) * (sample.distance_m.ln() - log));
    (square > 1e-12).then(|| {
        let slope = both / square;
        (log - slope * score, slope)
    })
}

/// Residuals with their weights, each of a line that saw neither its scenario nor its third of the receivers.
fn left_out(samples: &[Sample], n_scenarios: usize, weights: &[f64]) -> Vec<(f64, f64)> {
    let mut residuals = Vec::new();
    for scenario in 0..n_scenarios {
        for third in 0..3 {
            let seen = samples
                .iter()
                .filter(|sample| sample.scenario != scenario && sample.third != third);
            let Some((intercept, slope)) = fitted(seen) else {
                continue;
            };
            for (sample, weight) in samples.iter().zip(weights) {
                if sample.scenario == scenario && sample.third == third {
                    residuals.push((sample.distance_m.ln() - intercept - slope * sample.score, *weight));
                }
            }
        }
    }
    residuals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(n: usize) -> Vec<Sample> {
        let sample = |i: usize| {
            let score = f64::from(u32::try_from(i % 40).unwrap()) / 4.0 - 5.0;
            let wobble = if i.is_multiple_of(2) { 0.2 } else { -0.2 };
            Sample {
                score,
                distance_m: (0.7 - 0.1 * score + wobble).exp(),
                scenario: i % 3,
                third: i / 3 % 3,
            }
        };
        (0..n).map(sample).collect()
    }

    #[test]
    fn a_line_is_learnt_with_its_spread() {
        let line = Line::learn(&samples(240)).unwrap();
        assert!(
            (line.intercept - 0.7).abs() < 0.02 && (line.slope + 0.1).abs() < 0.01,
            "{line:?}"
        );
        assert!((0.1..0.13).contains(&line.spread), "{line:?}");
        assert!(
            (0.2..0.25).contains(&line.high) && (-0.25..-0.2).contains(&line.low),
            "{line:?}"
        );
        let found = line.estimate(0.0);
        assert!((found.distance_m - 2.0).abs() < 0.05, "{found:?}");
        assert!(found.low_m < found.distance_m && found.distance_m < found.high_m);
        assert!(
            found.p_near[0] < 0.1 && (0.4..0.6).contains(&found.p_near[1]),
            "{found:?}"
        );
    }

    #[test]
    fn too_little_teaches_nothing() {
        assert_eq!(Line::learn(&samples(2)), None);
        let mut same = samples(30);
        same.iter_mut().for_each(|sample| sample.score = 1.0);
        assert_eq!(Line::learn(&same), None);
        let mut alone = samples(30);
        alone.iter_mut().for_each(|sample| sample.scenario = 0);
        assert!(Line::learn(&alone).unwrap().spread > 0.0);
    }
}
