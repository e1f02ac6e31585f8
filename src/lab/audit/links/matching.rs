//! Which ending goes with which beginning: marginal probabilities of a matching in which each has at most one partner.
//!
//! Loopy belief propagation for data association (Williams and Lau, "Approximate evaluation of marginal association
//! probabilities with belief propagation", IEEE Transactions on Aerospace and Electronic Systems 50 (4), 2014): exact
//! where candidates form a tree, close to it otherwise, and it always converges.

/// Rounds at most.
const ROUNDS: usize = 200;
/// Messages that change by less have settled.
const SETTLED: f64 = 1e-6;

/// A candidate: an ending, a beginning, and how likely they are together against neither having a partner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) weight: f64,
}

/// The probability of each candidate. `nodes` is above all numbers of endings and beginnings.
pub(super) fn marginals(candidates: &[Candidate], nodes: usize) -> Vec<f64> {
    // Messages to endings; those to beginnings are made on the way.
    let mut to_ending = vec![1.0_f64; candidates.len()];
    let mut to_beginning = vec![0.0_f64; candidates.len()];
    let mut sums = vec![0.0_f64; nodes];
    for _ in 0..ROUNDS {
        sums.fill(1.0);
        for (candidate, message) in candidates.iter().zip(&to_ending) {
            sums[candidate.from] += candidate.weight * message;
        }
        for ((candidate, message), out) in candidates.iter().zip(&to_ending).zip(&mut to_beginning) {
            // What the others say: never below the 1 of having no partner.
            let others = (sums[candidate.from] - candidate.weight * message).max(1.0);
            *out = candidate.weight / others;
        }
        sums.fill(1.0);
        for (candidate, message) in candidates.iter().zip(&to_beginning) {
            sums[candidate.to] += message;
        }
        let mut change = 0.0_f64;
        for ((candidate, message), out) in candidates.iter().zip(&to_beginning).zip(&mut to_ending) {
            let new = 1.0 / (sums[candidate.to] - message).max(1.0);
            change = change.max((new - *out).abs());
            *out = new;
        }
        if change < SETTLED {
            break;
        }
    }
    sums.fill(1.0);
    for (candidate, message) in candidates.iter().zip(&to_ending) {
        sums[candidate.from] += candidate.weight * message;
    }
    let probability = |(candidate, message): (&Candidate, &f64)| candidate.weight * message / sums[candidate.from];
    candidates.iter().zip(&to_ending).map(probability).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(weights: &[Vec<f64>]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (from, row) in weights.iter().enumerate() {
            for (to, weight) in row.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                candidates.push(Candidate {
                    from,
                    to,
                    weight: *weight,
                });
            }
        }
        candidates
    }

    /// By going through all matchings: their total weight, and that of those with each pair.
    fn exact(weights: &[Vec<f64>], taken: u32, from: usize) -> f64 {
        let Some(row) = weights.get(from) else { return 1.0 };
        let with = row.iter().enumerate().filter(|(to, _)| taken >> to & 1 == 0);
        exact(weights, taken, from + 1)
            + with
                .map(|(to, weight)| weight * exact(weights, taken | 1 << to, from + 1))
                .sum::<f64>()
    }

    #[test]
    fn one_ending_and_one_beginning_are_exact() {
        let found = marginals(&all(&[vec![3.0]]), 1);
        assert!((found[0] - 0.75).abs() < 1e-9);
    }

    #[test]
    fn two_that_fit_two_alike_are_even_and_a_better_fit_decides() {
        let even = marginals(&all(&[vec![1e6, 1e6], vec![1e6, 1e6]]), 2);
        assert!(
            even.iter().all(|probability| (probability - 0.5).abs() < 0.01),
            "{even:?}"
        );
        // The second fits only one, so the first gets the other.
        let forced = marginals(&all(&[vec![1e6, 1e6], vec![1e6, 1e-6]]), 2);
        assert!(forced[1] > 0.99 && forced[2] > 0.99, "{forced:?}");
    }

    proptest! {
        #[test]
        fn probabilities_are_near_those_of_all_matchings(
            logs in prop::collection::vec(prop::collection::vec(-3.0f64..5.0, 3), 3),
        ) {
            let weights: Vec<Vec<f64>> = logs.iter().map(|row| row.iter().map(|log| log.exp()).collect()).collect();
            let total = exact(&weights, 0, 0);
            let found = marginals(&all(&weights), 3);
            // Where several matchings are nearly as good, messages exaggerate the best of them.
            let mut off = 0.0;
            for (idx, probability) in found.iter().enumerate() {
                let (from, to) = (idx / 3, idx % 3);
                let mut without = weights.clone();
                without[from][to] = 0.0;
                let right = 1.0 - exact(&without, 0, 0) / total;
                prop_assert!((probability - right).abs() < 0.4, "{probability} for {right}");
                off += (probability - right).abs();
            }
            prop_assert!(off / 9.0 < 0.2, "{off}");
            for row in found.chunks(3) {
                prop_assert!(row.iter().sum::<f64>() <= 1.0 + 1e-9);
            }
        }
    }
}
