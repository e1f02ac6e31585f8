//! Intervals from the data themselves: groups' residuals are drawn anew, and the fit is done again.
//!
//! Whole groups are drawn, never reports: those of one group share its error. The conditions stay as they were measured,
//! so every phone keeps its groups. Each deviation is compared with its own standard error (bootstrap-t), which holds in
//! small samples too. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 9.5 and 12.5.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::linear::dot;
use super::robust::{ALONE, Problem, Solution};
use super::samples::real;

/// One round: how far the columns came out from those of the data, in units of the round's own scale.
pub(super) type Draw = Vec<f64>;

/// Draws so many rounds; the same for the same seed.
pub(super) fn draw(problem: &Problem<'_>, solution: &Solution, rounds: u32, seed: u64) -> Vec<Draw> {
    let pool = Pool::new(problem, solution);
    let expected: Vec<f64> = problem.rows.iter().map(|row| dot(row, &solution.columns)).collect();
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut draws = Vec::new();
    for _ in 0..rounds {
        let groups = expected.iter().zip(&solution.variances);
        let levels: Vec<f64> = groups
            .map(|(level, variance)| level + variance.sqrt() * pool.one(&mut random))
            .collect();
        let Some((columns, inflation)) = problem.again(&levels, solution) else {
            continue;
        };
        // A round in which all groups agree by chance has no scale.
        let scale = inflation.max(1e-3 * solution.inflation).sqrt();
        let deviations = columns
            .iter()
            .zip(&solution.columns)
            .map(|(new, old)| (new - old) / scale);
        draws.push(deviations.collect());
    }
    draws
}

/// Half the width of the interval of a combination, at a level, in units of the scale.
pub(super) fn half_width(draws: &[Draw], row: &[(usize, f64)], level: f64) -> f64 {
    let mut sizes: Vec<f64> = draws.iter().map(|draw| dot(row, draw).abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    // The rank that holds the level with its own deviation counted in.
    let wanted = level * (real(sizes.len() as u64) + 1.0);
    let rank = (1u64..).zip(&sizes).find(|(rank, _)| real(*rank) >= wanted);
    rank.map(|(_, size)| *size)
        .or(sizes.last().copied())
        .unwrap_or_default()
}

/// Residuals in units of their standard deviation, each with its share of the degrees of freedom summed up.
struct Pool(Vec<(f64, f64)>);

impl Pool {
    fn new(problem: &Problem<'_>, solution: &Solution) -> Self {
        let scaled = problem.scaled(problem.levels, &solution.columns, &solution.variances);
        let free = scaled.iter().zip(&solution.spare).filter(|(_, spare)| **spare > ALONE);
        let mut sum = 0.0;
        let mut pool: Vec<(f64, f64)> = free
            .map(|(rest, spare)| {
                sum += spare;
                (sum, rest / spare.sqrt())
            })
            .collect();
        // Both signs in turn: errors are taken as symmetric, so the pool has no mean of its own.
        let mirrored: Vec<(f64, f64)> = pool.iter().map(|(upto, rest)| (sum + upto, -rest)).collect();
        pool.extend(mirrored);
        Self(pool)
    }

    fn one(&self, random: &mut ChaCha12Rng) -> f64 {
        let Some((sum, _)) = self.0.last() else { return 0.0 };
        // 53 bits, uniform in 0 to 1.
        let place = sum * real(random.next_u64() >> 11) / real(1 << 53);
        let idx = self.0.partition_point(|(upto, _)| *upto <= place);
        self.0.get(idx).map_or(0.0, |(_, rest)| *rest)
    }
}
