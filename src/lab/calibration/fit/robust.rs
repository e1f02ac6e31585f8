//! Robust weighted regression: Tukey's bisquare, started from least absolute deviations, with the spread between groups
//! estimated along.
//!
//! Sources: Huber and Ronchetti, Robust Statistics (2009), sections 7.6 (standard errors with the factor K) and 7.8
//! (scale, Proposal 2, here weighted by 1 − leverage so that it holds in small designs); Maronna, Martin and Yohai,
//! Robust Statistics (2006), chapter 4.

use super::linear::{Cholesky, Row, Symmetric, dot};
use super::samples::real;

/// Tuning of the bisquare: 95 % efficiency on normal errors.
const BISQUARE: f64 = 4.685;
/// Where the scale stops counting larger residuals.
const SCALE_CUT: f64 = 1.5;
/// Mean of min(z², 1.5²) of a normal z.
const SCALE_MEAN: f64 = 0.778_465;
/// Least weight: keeps every column in the equations and pulls at nothing.
const LEAST: f64 = 1e-6;
/// Below this 1 − leverage a group decides its parameter alone, and its residual says nothing.
pub(super) const ALONE: f64 = 1e-8;

/// Levels, the rows that make them up, and the variance of each level as known from within its group.
pub(super) struct Problem<'a> {
    pub(super) columns: usize,
    pub(super) rows: &'a [Row],
    pub(super) levels: &'a [f64],
    pub(super) within: &'a [f64],
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    pub(super) columns: Vec<f64>,
    /// Variance of each group's level, within and between.
    pub(super) variances: Vec<f64>,
    /// Variance between groups, in dB².
    pub(super) between: f64,
    /// Robust weight of each group, 0 to 1.
    pub(super) weights: Vec<f64>,
    /// 1 − leverage of each group.
    pub(super) spare: Vec<f64>,
    /// Covariance of the columns by least squares with these variances.
    pub(super) covariance: Symmetric,
    /// By what the variances from these equations are to be multiplied.
    pub(super) inflation: f64,
    /// Degrees of freedom.
    pub(super) freedom: usize,
}

impl Problem<'_> {
    fn residuals(&self, columns: &[f64]) -> Vec<f64> {
        let pairs = self.levels.iter().zip(self.rows);
        pairs.map(|(level, row)| level - dot(row, columns)).collect()
    }

    /// Weighted least squares.
    fn least_squares(&self, levels: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
        let mut side = vec![0.0; self.columns];
        for ((row, level), weight) in self.rows.iter().zip(levels).zip(weights) {
            row.iter().for_each(|(i, a)| side[*i] += weight * a * level);
        }
        self.factor(weights)?.solve(&mut side);
        Some(side)
    }

    fn factor(&self, weights: &[f64]) -> Option<Cholesky> {
        let rows = self.rows.iter().zip(weights.iter().copied());
        Cholesky::of(&Symmetric::normal(self.columns, rows))
    }

    /// About the least absolute deviations: deviations below a tenth of a decibel count as their squares.
    fn least_deviations(&self) -> Option<Vec<f64>> {
        let mut weights = vec![1.0; self.levels.len()];
        let mut columns = self.least_squares(self.levels, &weights)?;
        for _ in 0..40 {
            weights = self
                .residuals(&columns)
                .iter()
                .map(|rest| 1.0 / rest.hypot(0.1))
                .collect();
            let next = self.least_squares(self.levels, &weights)?;
            let moved = largest_step(&columns, &next);
            columns = next;
            if moved < 1e-3 {
                break;
            }
        }
        Some(columns)
    }

    /// Tukey's bisquare from a start, with the variances given.
    fn bisquare(&self, levels: &[f64], start: Vec<f64>, variances: &[f64], steps: usize) -> Option<Vec<f64>> {
        let mut columns = start;
        for _ in 0..steps {
            let groups = self.rows.iter().zip(levels).zip(variances);
            let weights = groups.map(|((row, level), variance)| {
                let rest = (level - dot(row, &columns)) / variance.sqrt();
                bisquare_weight(rest).max(LEAST) / variance
            });
            let next = self.least_squares(levels, &weights.collect::<Vec<_>>())?;
            let moved = largest_step(&columns, &next);
            columns = next;
            if moved < 1e-7 {
                break;
            }
        }
        Some(columns)
    }

    /// The variance between groups at which residuals are as large as they should be; 0 when they are smaller anyway.
    fn between(&self, residuals: &[f64], spare: &[f64]) -> f64 {
        let free: f64 = spare.iter().sum();
        let excess = |between: f64| {
            let groups = residuals.iter().zip(spare).zip(self.within);
            let counted = groups
                .filter(|((_, spare), _)| **spare > ALONE)
                .map(|((rest, spare), within)| {
                    let square = rest * rest / (spare * (within + between));
                    spare * square.min(SCALE_CUT * SCALE_CUT)
                });
            counted.sum::<f64>() - free * SCALE_MEAN
        };
        if excess(0.0) <= 0.0 {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while excess(high) > 0.0 && high < 1e6 {
            high *= 4.0;
        }
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if excess(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    fn spare(&self, covariance: &Symmetric, variances: &[f64]) -> Vec<f64> {
        let groups = self.rows.iter().zip(variances);
        groups
            .map(|(row, variance)| (1.0 - covariance.form(row) / variance).clamp(0.0, 1.0))
            .collect()
    }

    /// Solves it; `None` only when the rows do not span the columns. `assumed` is the variance between groups where
    /// nothing is left over to estimate it from.
    pub(super) fn solve(&self, assumed: f64) -> Option<Solution> {
        let free = self.levels.len().saturating_sub(self.columns);
        let of = |between: f64| -> Vec<f64> { self.within.iter().map(|within| within + between).collect() };
        let mut columns = self.least_deviations()?;
        let mut between = if free == 0 {
            assumed
        } else {
            self.first_between(&columns, free)
        };
        let mut variances = of(between);
        let mut covariance = self.factor(&inverse(&variances))?.inverse();
        let mut spare = self.spare(&covariance, &variances);
        for _ in 0..if free == 0 { 0 } else { 40 } {
            columns = self.bisquare(self.levels, columns, &variances, 60)?;
            let next = self.between(&self.residuals(&columns), &spare);
            let is_settled = (next - between).abs() <= 1e-6 * (1.0 + between);
            between = next;
            variances = of(between);
            covariance = self.factor(&inverse(&variances))?.inverse();
            spare = self.spare(&covariance, &variances);
            if is_settled {
                break;
            }
        }
        let scaled = self.scaled(self.levels, &columns, &variances);
        let weights: Vec<f64> = scaled.iter().map(|rest| bisquare_weight(*rest)).collect();
        let rejected = weights.iter().filter(|weight| **weight <= 0.0).count();
        // Where the spread comes from within the groups alone it is known, not estimated.
        let least = if between > 0.0 { 0.0 } else { 1.0 };
        let inflation = if free == 0 {
            1.0
        } else {
            self.inflation(&scaled, &spare).max(least)
        };
        let freedom = free.saturating_sub(rejected).max(usize::from(free > 0));
        Some(Solution {
            columns,
            variances,
            between,
            weights,
            spare,
            covariance,
            inflation,
            freedom,
        })
    }

    /// The variance between groups from the least deviations, of which as many are zero as there are columns.
    fn first_between(&self, columns: &[f64], free: usize) -> f64 {
        let mut sizes: Vec<f64> = self.residuals(columns).iter().map(|rest| rest.abs()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let (_, left) = sizes.split_at(sizes.len() - free);
        let spread = 1.4826 * left[left.len() / 2];
        (spread * spread - median(self.within)).max(0.0)
    }

    /// Residuals in units of their standard deviation.
    pub(super) fn scaled(&self, levels: &[f64], columns: &[f64], variances: &[f64]) -> Vec<f64> {
        let groups = self.rows.iter().zip(levels).zip(variances);
        groups
            .map(|((row, level), variance)| (level - dot(row, columns)) / variance.sqrt())
            .collect()
    }

    /// Huber's K² · mean ψ² / (mean ψ')²: what the robust estimate's variance is more, or less, than that of least
    /// squares with the given variances.
    fn inflation(&self, scaled: &[f64], spares: &[f64]) -> f64 {
        let (mut sum, mut square, mut slope, mut slope_square) = (0.0, 0.0, 0.0, 0.0);
        for (rest, spare) in scaled.iter().zip(spares).filter(|(_, spare)| **spare > ALONE) {
            let rest = rest / spare.sqrt();
            let weight = bisquare_weight(rest);
            let part = (rest / BISQUARE).powi(2);
            let one = if weight > 0.0 {
                (1.0 - part) * (1.0 - 5.0 * part)
            } else {
                0.0
            };
            sum += spare;
            square += spare * (weight * rest).powi(2);
            slope += spare * one;
            slope_square += spare * one * one;
        }
        let (square, slope, slope_square) = (square / sum, slope / sum, slope_square / sum);
        // Hardly any group that agrees with another: nothing is known.
        let slope = slope.max(0.1);
        let crowding = real(self.columns as u64) / real(self.levels.len() as u64);
        let k = 1.0 + crowding * (slope_square - slope * slope).max(0.0) / (slope * slope);
        k * k * square / (slope * slope)
    }

    /// The columns and the inflation for other levels, from a solution for these.
    pub(super) fn again(&self, levels: &[f64], from: &Solution) -> Option<(Vec<f64>, f64)> {
        let columns = self.bisquare(levels, from.columns.clone(), &from.variances, 20)?;
        let scaled = self.scaled(levels, &columns, &from.variances);
        let inflation = self.inflation(&scaled, &from.spare);
        Some((columns, inflation))
    }
}

fn bisquare_weight(scaled: f64) -> f64 {
    (1.0 - (scaled / BISQUARE).powi(2)).max(0.0).powi(2)
}

fn inverse(variances: &[f64]) -> Vec<f64> {
    variances.iter().map(|variance| 1.0 / variance).collect()
}

fn largest_step(from: &[f64], to: &[f64]) -> f64 {
    from.iter().zip(to).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The upper of the middle two; 0 without values.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
