//! Places for phones such that their distances are as near as can be to what was heard of each pair: weighted
//! multidimensional scaling in a plane, by majorisation (SMACOF; de Leeuw 1977), from a classical start (Torgerson 1952).

use serde::{Deserialize, Serialize};

/// How nearness becomes a distance on the map.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Distance of a pair that is as near as is usual, in metres.
    pub usual_m: f64,
    /// By how much of itself it shrinks with each decibel.
    pub per_db: f64,
    /// Over how long evidence counts, in seconds.
    pub evidence_s: f64,
    /// Steps of improvement.
    pub steps: usize,
}

/// Most phones on a map.
pub const MOST: usize = 40;
/// Nearer than that, two phones have no direction, in metres.
const TINY: f64 = 1e-9;

/// A square matrix.
type Matrix = Vec<Vec<f64>>;

/// Distances on the map of phones with this nearness (in dB) and evidence of each pair; both are symmetric, of `n` by `n`.
#[must_use]
pub fn distances(nearness_db: &Matrix, evidence: &Matrix, scale: &Scale) -> Matrix {
    let n = nearness_db.len();
    let mut target = square(n);
    let mut weight = square(n);
    for i in 0..n {
        for j in 0..n {
            if i != j {
                let wanted = scale.usual_m * (-scale.per_db * nearness_db[i][j]).exp();
                target[i][j] = wanted;
                weight[i][j] = (evidence[i][j] + 0.1) / (evidence[i][j] + 1.0) / (wanted + 0.5).powi(2);
            }
        }
    }
    let mut places = start(&target);
    let inverse = inverse_of(&weight);
    for _ in 0..scale.steps {
        places = improved(&places, &target, &weight, &inverse);
    }
    between(&places)
}

fn square(n: usize) -> Matrix {
    vec![vec![0.0; n]; n]
}

fn between(places: &[[f64; 2]]) -> Matrix {
    let row = |a: &[f64; 2]| places.iter().map(|b| (a[0] - b[0]).hypot(a[1] - b[1])).collect();
    places.iter().map(row).collect()
}

/// The two main axes of the doubly centred squares.
fn start(target: &Matrix) -> Vec<[f64; 2]> {
    let n = target.len();
    let count = count(n);
    let squares: Matrix = target.iter().map(|row| row.iter().map(|d| d * d).collect()).collect();
    let means: Vec<f64> = squares.iter().map(|row| row.iter().sum::<f64>() / count).collect();
    let mean = means.iter().sum::<f64>() / count;
    let mut centred = square(n);
    for i in 0..n {
        for j in 0..n {
            centred[i][j] = -0.5 * (squares[i][j] - means[i] - means[j] + mean);
        }
    }
    let (values, vectors) = eigen(centred);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    let axis = |nth: usize, i: usize| {
        order
            .get(nth)
            .map_or(0.0, |of| vectors[i][*of] * values[*of].max(1e-6).sqrt())
    };
    (0..n).map(|i| [axis(0, i), axis(1, i)]).collect()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Eigenvalues and eigenvectors (in columns) of a symmetric matrix, by cyclic Jacobi rotations.
fn eigen(mut a: Matrix) -> (Vec<f64>, Matrix) {
    let n = a.len();
    let mut vectors = square(n);
    (0..n).for_each(|i| vectors[i][i] = 1.0);
    for _ in 0..60 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| a[i][j].powi(2))
            .sum();
        let all: f64 = a.iter().flatten().map(|x| x * x).sum();
        if off <= 1e-24 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), vectors)
}

fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let tangent = if theta == 0.0 { 1.0 } else { tangent };
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for row in a.iter_mut().chain(vectors.iter_mut()) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    // Rows p < q.
    let (upper, lower) = a.split_at_mut(q);
    for (of_p, of_q) in upper[p].iter_mut().zip(&mut lower[0]) {
        (*of_p, *of_q) = (cosine * *of_p - sine * *of_q, sine * *of_p + cosine * *of_q);
    }
}

/// The inverse of the weighted Laplacian plus the matrix of means, by Gauss and Jordan with pivots.
fn inverse_of(weight: &Matrix) -> Matrix {
    let n = weight.len();
    let mean = 1.0 / count(n);
    let mut left = square(n);
    let mut right = square(n);
    for i in 0..n {
        right[i][i] = 1.0;
        for j in 0..n {
            left[i][j] = mean
                + if i == j {
                    weight[i].iter().sum::<f64>()
                } else {
                    -weight[i][j]
                };
        }
    }
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()));
        let pivot = pivot.unwrap_or(column);
        left.swap(column, pivot);
        right.swap(column, pivot);
        let by = left[column][column];
        for value in left[column].iter_mut().chain(&mut right[column]) {
            *value /= by;
        }
        let (of_left, of_right) = (left[column].clone(), right[column].clone());
        for row in (0..n).filter(|row| *row != column) {
            let factor = left[row][column];
            for k in 0..n {
                left[row][k] -= factor * of_left[k];
                right[row][k] -= factor * of_right[k];
            }
        }
    }
    right
}

/// One step of majorisation.
fn improved(places: &[[f64; 2]], target: &Matrix, weight: &Matrix, inverse: &Matrix) -> Vec<[f64; 2]> {
    let n = places.len();
    let now = between(places);
    let pulled: Vec<[f64; 2]> = (0..n)
        .map(|i| {
            let mut sum = [0.0; 2];
            for j in (0..n).filter(|j| *j != i && now[i][*j] > TINY) {
                let pull = weight[i][j] * target[i][j] / now[i][j];
                sum[0] += pull * (places[i][0] - places[j][0]);
                sum[1] += pull * (places[i][1] - places[j][1]);
            }
            sum
        })
        .collect();
    let place = |row: &Vec<f64>| {
        row.iter().zip(&pulled).fold([0.0; 2], |sum, (of, pulled)| {
            [sum[0] + of * pulled[0], sum[1] + of * pulled[1]]
        })
    };
    inverse.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_in_a_plane_are_found_again() {
        let scale = Scale {
            usual_m: 1.8,
            per_db: 0.1,
            evidence_s: 300.0,
            steps: 60,
        };
        let places = [[0.0, 0.0], [1.0, 0.2], [2.5, -0.4], [0.3, 2.0], [-1.5, 1.1]];
        let real = between(&places);
        let nearness = |d: f64| {
            if d > 0.0 {
                -(d / scale.usual_m).ln() / scale.per_db
            } else {
                0.0
            }
        };
        let nearness: Matrix = real
            .iter()
            .map(|row| row.iter().map(|d| nearness(*d)).collect())
            .collect();
        let found = distances(&nearness, &vec![vec![3.0; 5]; 5], &scale);
        for (found, real) in found.iter().flatten().zip(real.iter().flatten()) {
            assert!((found - real).abs() < 1e-6, "{found} {real}");
        }
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let (mut values, _) = eigen(vec![vec![2.0, 1.0, 0.0], vec![1.0, 2.0, 1.0], vec![0.0, 1.0, 2.0]]);
        values.sort_by(f64::total_cmp);
        for (value, real) in values.iter().zip([2.0 - 2f64.sqrt(), 2.0, 2.0 + 2f64.sqrt()]) {
            assert!((value - real).abs() < 1e-12, "{values:?}");
        }
    }
}
