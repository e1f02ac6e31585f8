//! How good estimates are, by the usual measures: errors, the area under the curve, the cost of decisions, the coverage of
//! intervals, the calibration of probabilities.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::Serialize;

use super::line::NEAR_M;

/// A window that was judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The true distance, in metres.
    pub truth_m: f64,
    /// What was estimated; where nothing was, what stands in for it.
    pub distance_m: f64,
    /// The interval, in metres.
    pub interval_m: Option<[f64; 2]>,
    /// Scores that grow with the probability of being nearer than [`NEAR_M`].
    pub near: [f64; 2],
    /// Whether these are probabilities.
    pub is_probability: bool,
    /// Decisions.
    pub decided: [bool; 2],
    /// Number of the pair, in either direction.
    pub pair: usize,
}

/// How well it is told whether pairs are nearer than a distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Nearness {
    /// The distance, in metres.
    pub metres: f64,
    /// Share of the windows that are.
    pub prevalence: f64,
    /// Area under the receiver operating characteristic.
    pub auc: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of the decisions for near that are right.
    pub precision: f64,
    /// Share of what is near that is found.
    pub recall: f64,
    /// Mean of the shares of right decisions for near and for far.
    pub balanced_accuracy: f64,
    /// `P_miss` + `P_fa` of the decisions.
    pub ndcf: f64,
    /// The same with the best threshold on the score.
    pub min_ndcf: f64,
}

/// The measures of many windows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// How many windows.
    pub n: usize,
    /// Median absolute error, in metres.
    pub median_abs_err_m: f64,
    /// 90th percentile of the absolute error, in metres.
    pub p90_abs_err_m: f64,
    /// Mean absolute error, in metres.
    pub mae_m: f64,
    /// Root mean square error of log10 of the distance.
    pub rmse_log10: f64,
    /// Share of the windows whose interval holds the truth; `None` without intervals.
    pub coverage: Option<f64>,
    /// Median width of the intervals: upper end by lower end.
    pub width: Option<f64>,
    /// Nearer than [`NEAR_M`].
    pub near: [Nearness; 2],
    /// Probabilities of being nearer than the first of [`NEAR_M`], in tenths: mean probability, share that was, windows.
    pub reliability: Vec<(f64, f64, usize)>,
}

/// Quantile with linear interpolation; 0 of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = share * f64::from(u32::try_from(last).unwrap_or(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// The area under the curve, ties counting half; not a number where all are alike.
#[must_use]
pub fn auc(scored: &[(f64, bool)]) -> f64 {
    let mut order: Vec<(f64, bool)> = scored.to_vec();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let near = count(order.iter().filter(|(_, is)| *is).count());
    let far = count(order.len()) - near;
    let (mut ranks, mut passed) = (0.0, 0.0);
    for same in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let middle = passed + f64::midpoint(1.0, count(same.len()));
        ranks += middle * count(same.iter().filter(|(_, is)| *is).count());
        passed += count(same.len());
    }
    (ranks - near * (near + 1.0) / 2.0) / (near * far)
}

/// The least cost with any threshold.
fn least_cost(scored: &[(f64, bool)]) -> f64 {
    let mut order: Vec<(f64, bool)> = scored.to_vec();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near = count(order.iter().filter(|(_, is)| *is).count());
    let far = count(order.len()) - near;
    if near == 0.0 || far == 0.0 {
        return f64::NAN;
    }
    let (mut best, mut hits, mut alarms) = (1.0_f64, 0.0, 0.0);
    for same in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let found = count(same.iter().filter(|(_, is)| *is).count());
        hits += found;
        alarms += count(same.len()) - found;
        best = best.min((near - hits) / near + alarms / far);
    }
    best
}

fn nearness(judged: &[Judged], which: usize) -> Nearness {
    let metres = NEAR_M[which];
    let is_near = |of: &Judged| of.truth_m < metres;
    let scored: Vec<(f64, bool)> = judged.iter().map(|of| (of.near[which], is_near(of))).collect();
    let n = |decided: bool, truly: bool| {
        count(
            judged
                .iter()
                .filter(|of| of.decided[which] == decided && is_near(of) == truly)
                .count(),
        )
    };
    let (hits, alarms, misses, passes) = (n(true, true), n(true, false), n(false, true), n(false, false));
    let (miss, alarm) = (misses / (hits + misses).max(1.0), alarms / (alarms + passes).max(1.0));
    Nearness {
        metres,
        prevalence: (hits + misses) / count(judged.len()).max(1.0),
        auc: auc(&scored),
        f1: 2.0 * hits / (2.0 * hits + alarms + misses).max(1.0),
        precision: hits / (hits + alarms).max(1.0),
        recall: hits / (hits + misses).max(1.0),
        balanced_accuracy: 1.0 - f64::midpoint(miss, alarm),
        ndcf: miss + alarm,
        min_ndcf: least_cost(&scored),
    }
}

impl Measures {
    /// Of these windows.
    #[must_use]
    pub fn of(judged: &[Judged]) -> Self {
        let mut errors: Vec<f64> = judged.iter().map(|of| (of.distance_m - of.truth_m).abs()).collect();
        errors.sort_by(f64::total_cmp);
        let n = count(judged.len()).max(1.0);
        let square = |of: &Judged| (of.distance_m.max(1e-3) / of.truth_m).log10().powi(2);
        let intervals: Vec<([f64; 2], f64)> = judged
            .iter()
            .filter_map(|of| Some((of.interval_m?, of.truth_m)))
            .collect();
        let holds = intervals
            .iter()
            .filter(|([low, high], truth)| low <= truth && truth <= high)
            .count();
        let mut widths: Vec<f64> = intervals.iter().map(|([low, high], _)| high / low).collect();
        widths.sort_by(f64::total_cmp);
        let has_intervals = !intervals.is_empty();
        Self {
            n: judged.len(),
            median_abs_err_m: median(&errors),
            p90_abs_err_m: quantile(&errors, 0.9),
            mae_m: errors.iter().sum::<f64>() / n,
            rmse_log10: (judged.iter().map(square).sum::<f64>() / n).sqrt(),
            coverage: has_intervals.then(|| count(holds) / count(intervals.len())),
            width: has_intervals.then(|| quantile(&widths, 0.5)),
            near: [nearness(judged, 0), nearness(judged, 1)],
            reliability: reliability(judged),
        }
    }

    /// What is compared between estimators: median error, AUC and cost for the first of [`NEAR_M`].
    #[must_use]
    pub const fn main(&self) -> [f64; 3] {
        [self.median_abs_err_m, self.near[0].auc, self.near[0].ndcf]
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    quantile(sorted, 0.5)
}

fn reliability(judged: &[Judged]) -> Vec<(f64, f64, usize)> {
    let probabilities = judged.iter().filter(|of| of.is_probability);
    let mut tenths = vec![(0.0, 0.0, 0_usize); 10];
    for of in probabilities {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 9")]
        let tenth = (of.near[0] * 10.0).clamp(0.0, 9.0) as usize;
        tenths[tenth].0 += of.near[0];
        tenths[tenth].1 += f64::from(u8::from(of.truth_m < NEAR_M[0]));
        tenths[tenth].2 += 1;
    }
    let mean = |(p, near, n): (f64, f64, usize)| (p / count(n), near / count(n), n);
    tenths.into_iter().filter(|(_, _, n)| *n > 0).map(mean).collect()
}

/// Interval of 90 % of the difference in [`Measures::main`] between two estimators of the same windows: whole pairs are drawn
/// again and again, since the windows of one pair are alike.
#[must_use]
pub fn paired(one: &[Judged], other: &[Judged], draws: usize, seed: u64) -> [[f64; 2]; 3] {
    let n_pairs = one.iter().map(|of| of.pair + 1).max().unwrap_or(0);
    let mut windows: Vec<Vec<usize>> = vec![Vec::new(); n_pairs];
    for (place, of) in one.iter().enumerate() {
        windows[of.pair].push(place);
    }
    let windows: Vec<Vec<usize>> = windows.into_iter().filter(|of| !of.is_empty()).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut differences: [Vec<f64>; 3] = Default::default();
    for _ in 0..draws {
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for _ in 0..windows.len() {
            let place = (u64::from(random.next_u32()) * windows.len() as u64) >> 32;
            let of = usize::try_from(place).ok().and_then(|place| windows.get(place));
            for place in of.into_iter().flatten() {
                ones.push(one[*place]);
                others.push(other[*place]);
            }
        }
        let (ones, others) = (Measures::of(&ones).main(), Measures::of(&others).main());
        for (all, (a, b)) in differences.iter_mut().zip(ones.into_iter().zip(others)) {
            if (a - b).is_finite() {
                all.push(a - b);
            }
        }
    }
    differences.map(|mut all| {
        if all.is_empty() {
            return [f64::NAN; 2];
        }
        all.sort_by(f64::total_cmp);
        [quantile(&all, 0.05), quantile(&all, 0.95)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth_m: f64, distance_m: f64, p: f64, pair: usize) -> Judged {
        Judged {
            truth_m,
            distance_m,
            interval_m: Some([distance_m / 2.0, distance_m * 2.0]),
            near: [p, p],
            is_probability: true,
            decided: [p >= 0.5; 2],
            pair,
        }
    }

    #[test]
    fn measures_of_a_few_windows_are_as_by_hand() {
        let all = [
            judged(1.0, 1.5, 0.9, 0),
            judged(1.2, 1.2, 0.4, 1),
            judged(3.0, 1.4, 0.6, 1),
            judged(4.0, 5.0, 0.1, 2),
        ];
        let measures = Measures::of(&all);
        assert!((measures.median_abs_err_m - 0.75).abs() < 1e-12, "{measures:?}");
        assert!((measures.p90_abs_err_m - 1.42).abs() < 1e-12, "{measures:?}");
        let near = measures.near[0];
        assert_eq!(
            (near.prevalence, near.auc, near.ndcf, near.min_ndcf),
            (0.5, 0.75, 1.0, 0.5)
        );
        assert_eq!((near.precision, near.recall, near.f1), (0.5, 0.5, 0.5));
        assert_eq!(measures.coverage, Some(0.75));
        assert_eq!(measures.reliability.len(), 4);
    }

    #[test]
    fn ties_count_half_and_one_kind_alone_has_no_area() {
        assert!((auc(&[(0.5, true), (0.5, false)]) - 0.5).abs() < 1e-12);
        assert!(auc(&[(0.5, true), (0.7, true)]).is_nan());
    }

    #[test]
    fn the_same_estimates_differ_by_nothing_and_better_ones_by_something() {
        let good: Vec<Judged> = (0..60)
            .map(|n| {
                judged(
                    if n % 2 == 0 { 1.0 } else { 3.0 },
                    if n % 2 == 0 { 1.1 } else { 2.9 },
                    if n % 2 == 0 { 0.9 } else { 0.1 },
                    n / 3,
                )
            })
            .collect();
        let bad: Vec<Judged> = good
            .iter()
            .map(|of| Judged {
                distance_m: 2.0,
                near: [0.5; 2],
                decided: [false; 2],
                ..*of
            })
            .collect();
        for [low, high] in paired(&good, &good, 50, 1) {
            assert!(low.abs() < 1e-12 && high.abs() < 1e-12);
        }
        let [error, area, cost] = paired(&good, &bad, 50, 1);
        assert!(
            error[1] < 0.0 && area[0] > 0.0 && cost[1] < 0.0,
            "{error:?} {area:?} {cost:?}"
        );
        assert_eq!(paired(&good, &bad, 50, 1), paired(&good, &bad, 50, 1));
    }
}
