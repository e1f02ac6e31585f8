//! The little linear algebra that a fit needs: normal equations of sparse rows, their rank, and the Cholesky factor.
//!
//! Rows have a handful of entries (0, ±1 and a logarithm of a distance), so the normal equations are cheap to add up and
//! well-behaved; a general matrix library would be slower and much larger.

/// A row of a design: columns and coefficients, each column at most once.
pub(super) type Row = Vec<(usize, f64)>;

/// Share of a column's square that must be its own, or it counts as a combination of the others.
const OWN: f64 = 1e-10;

/// A symmetric matrix; only the lower half is kept up.
#[derive(Clone, Debug)]
pub(super) struct Symmetric {
    n: usize,
    cells: Vec<f64>,
}

impl Symmetric {
    pub(super) fn zero(n: usize) -> Self {
        Self {
            n,
            cells: vec![0.0; n * n],
        }
    }

    /// The normal matrix of rows: the sum of weight · row · rowᵀ.
    pub(super) fn normal<'a>(n: usize, rows: impl Iterator<Item = (&'a Row, f64)>) -> Self {
        let mut sum = Self::zero(n);
        for (row, weight) in rows {
            for &(i, a) in row {
                for &(j, b) in row.iter().filter(|(j, _)| *j <= i) {
                    sum.cells[i * n + j] += weight * a * b;
                }
            }
        }
        sum
    }

    /// The sum of the symmetric parts of a · bᵀ, row by row.
    pub(super) fn products(n: usize, a: &[Row], b: &[Row]) -> Self {
        let mut sum = Self::zero(n);
        for (i, j, cell) in a.iter().zip(b).flat_map(|(a, b)| crossed(a, b)) {
            // Off the diagonal it stands for two cells.
            let share = if i == j { cell } else { cell / 2.0 };
            sum.cells[i.max(j) * n + i.min(j)] += share;
        }
        sum
    }

    pub(super) const fn size(&self) -> usize {
        self.n
    }

    pub(super) fn at(&self, i: usize, j: usize) -> f64 {
        self.cells[i.max(j) * self.n + i.min(j)]
    }

    pub(super) fn set(&mut self, i: usize, j: usize, cell: f64) {
        self.cells[i.max(j) * self.n + i.min(j)] = cell;
    }

    /// Adds so many times another one.
    pub(super) fn add(&mut self, other: &Self, times: f64) {
        self.cells
            .iter_mut()
            .zip(&other.cells)
            .for_each(|(a, b)| *a += times * b);
    }

    pub(super) fn scale(&mut self, times: f64) {
        self.cells.iter_mut().for_each(|cell| *cell *= times);
    }

    /// The rows and columns of these numbers, in order.
    pub(super) fn part(&self, kept: &[usize]) -> Self {
        let mut part = Self::zero(kept.len());
        for (i, a) in kept.iter().enumerate() {
            for (j, b) in kept[..=i].iter().enumerate() {
                part.set(i, j, self.at(*a, *b));
            }
        }
        part
    }

    /// The trace of the product with another one.
    pub(super) fn trace(&self, other: &Self) -> f64 {
        let cells = (0..self.n).flat_map(|i| (0..self.n).map(move |j| (i, j)));
        cells.map(|(i, j)| self.at(i, j) * other.at(i, j)).sum()
    }

    /// The product with another one, row by row; it is not symmetric.
    pub(super) fn times(&self, other: &Self) -> Vec<f64> {
        let mut product = vec![0.0; self.n * self.n];
        for (i, k) in (0..self.n).flat_map(|i| (0..self.n).map(move |k| (i, k))) {
            let factor = self.at(i, k);
            let row = &mut product[i * self.n..(i + 1) * self.n];
            row.iter_mut()
                .enumerate()
                .for_each(|(j, cell)| *cell += factor * other.at(k, j));
        }
        product
    }

    /// self + self · inner · self.
    pub(super) fn sandwich(&self, inner: &Self) -> Self {
        let half = self.times(inner);
        let mut sum = self.clone();
        for (i, j) in (0..self.n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let row = &half[i * self.n..(i + 1) * self.n];
            let added: f64 = row.iter().enumerate().map(|(k, a)| a * self.at(k, j)).sum();
            sum.cells[i * self.n + j] += added;
        }
        sum
    }

    /// The quadratic form rowᵀ · self · row.
    pub(super) fn form(&self, row: &[(usize, f64)]) -> f64 {
        crossed(row, row).map(|(i, j, cell)| cell * self.at(i, j)).sum()
    }

    /// Columns, in order, of which none is a combination of the others and which span all: by Cholesky with pivoting.
    pub(super) fn independent(&self) -> Vec<usize> {
        let mut left: Vec<f64> = (0..self.n).map(|i| self.at(i, i)).collect();
        let mut is_open = vec![true; self.n];
        let mut kept: Vec<usize> = Vec::new();
        let mut factor: Vec<Vec<f64>> = vec![Vec::new(); self.n];
        loop {
            // The share that is left makes columns of different units comparable.
            let share = |i: usize| {
                if self.at(i, i) > 0.0 {
                    left[i] / self.at(i, i)
                } else {
                    0.0
                }
            };
            let open = (0..self.n).filter(|i| is_open[*i]);
            let Some(pivot) = open.reduce(|best, i| if share(i) > share(best) { i } else { best }) else {
                break;
            };
            if share(pivot) < OWN {
                break;
            }
            let root = left[pivot].sqrt();
            kept.push(pivot);
            is_open[pivot] = false;
            let row = factor[pivot].clone();
            for i in (0..self.n).filter(|i| is_open[*i]) {
                let known: f64 = factor[i].iter().zip(&row).map(|(a, b)| a * b).sum();
                let cell = (self.at(i, pivot) - known) / root;
                left[i] -= cell * cell;
                factor[i].push(cell);
            }
        }
        kept.sort_unstable();
        kept
    }

    /// How the other columns combine from the `kept` ones: for each other column a vector whose image is zero.
    pub(super) fn null_vectors(&self, kept: &[usize]) -> Vec<Vec<f64>> {
        let Some(factor) = Cholesky::of(&self.part(kept)) else {
            return Vec::new();
        };
        let others = (0..self.n).filter(|i| !kept.contains(i));
        let vector = |other: usize| {
            let mut side: Vec<f64> = kept.iter().map(|i| self.at(*i, other)).collect();
            factor.solve(&mut side);
            let mut vector = vec![0.0; self.n];
            for (i, share) in kept.iter().zip(side) {
                vector[*i] = -share;
            }
            vector[other] = 1.0;
            vector
        };
        others.map(vector).collect()
    }
}

/// The factor L of a positive definite matrix L·Lᵀ.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    n: usize,
    cells: Vec<f64>,
}

impl Cholesky {
    /// `None` when the matrix is not positive definite.
    pub(super) fn of(matrix: &Symmetric) -> Option<Self> {
        let n = matrix.n;
        let mut cells = matrix.cells.clone();
        for i in 0..n {
            for j in 0..=i {
                let (row, other) = (&cells[i * n..i * n + j], &cells[j * n..j * n + j]);
                let known: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                let rest = cells[i * n + j] - known;
                cells[i * n + j] = if i == j {
                    // Also what is no number is not above.
                    if !(rest > 0.0 && rest.is_finite()) {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / cells[j * n + j]
                };
            }
        }
        Some(Self { n, cells })
    }

    /// Solves L·x = b in place.
    fn forward(&self, side: &mut [f64]) {
        for i in 0..self.n {
            let row = &self.cells[i * self.n..i * self.n + i];
            let known: f64 = row.iter().zip(&*side).map(|(a, b)| a * b).sum();
            side[i] = (side[i] - known) / self.cells[i * self.n + i];
        }
    }

    /// Solves L·Lᵀ·x = b in place.
    pub(super) fn solve(&self, side: &mut [f64]) {
        self.forward(side);
        for i in (0..self.n).rev() {
            side[i] /= self.cells[i * self.n + i];
            let value = side[i];
            for (cell, other) in self.cells[i * self.n..i * self.n + i].iter().zip(&mut *side) {
                *other -= cell * value;
            }
        }
    }

    /// The inverse (L·Lᵀ)⁻¹.
    pub(super) fn inverse(&self) -> Symmetric {
        let mut inverse = Symmetric::zero(self.n);
        for j in 0..self.n {
            let mut side = vec![0.0; self.n];
            side[j] = 1.0;
            self.solve(&mut side);
            (j..self.n).for_each(|i| inverse.cells[i * self.n + j] = side[i]);
        }
        inverse
    }
}

/// The cells of a · bᵀ.
fn crossed<'a>(a: &'a [(usize, f64)], b: &'a [(usize, f64)]) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    a.iter().flat_map(|(i, a)| b.iter().map(move |(j, b)| (*i, *j, a * b)))
}

/// The scalar product of a sparse row with a vector.
pub(super) fn dot(row: &[(usize, f64)], vector: &[f64]) -> f64 {
    row.iter().map(|(i, a)| a * vector[*i]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        vec![
            vec![(0, 1.0), (1, 1.0)],
            vec![(0, 1.0), (2, 1.0)],
            vec![(0, 1.0), (1, 1.0), (3, 2.0)],
            vec![(0, 1.0), (2, 1.0), (3, 5.0)],
        ]
    }

    #[test]
    fn the_rank_and_what_combines_are_found() {
        let rows = rows();
        let normal = Symmetric::normal(4, rows.iter().map(|row| (row, 1.0)));
        let kept = normal.independent();
        assert_eq!(kept.len(), 3, "the first column is the sum of the next two");
        let vectors = normal.null_vectors(&kept);
        assert_eq!(vectors.len(), 1);
        assert!(rows.iter().all(|row| dot(row, &vectors[0]).abs() < 1e-12));
        assert!(vectors[0][3].abs() < 1e-12 && vectors[0][0].abs() > 0.5);
    }

    #[test]
    fn solving_undoes_the_product() {
        let rows: Vec<Row> = vec![
            vec![(0, 1.0), (1, 0.5)],
            vec![(1, 1.0), (2, -3.0)],
            vec![(0, 2.0), (2, 1.0)],
            vec![(2, 1.0)],
        ];
        let normal = Symmetric::normal(3, rows.iter().map(|row| (row, 2.0)));
        let truth = [3.0, -1.0, 0.25];
        let mut side: Vec<f64> = (0..3)
            .map(|i| (0..3).map(|j| normal.at(i, j) * truth[j]).sum())
            .collect();
        let factor = Cholesky::of(&normal).unwrap();
        factor.solve(&mut side);
        assert!(side.iter().zip(truth).all(|(a, b)| (a - b).abs() < 1e-12), "{side:?}");
        let mut unit = vec![0.0, 1.0, 0.0];
        factor.solve(&mut unit);
        let inverse = factor.inverse();
        assert!((inverse.form(&[(1, 1.0)]) - unit[1]).abs() < 1e-12);
        let both = inverse.form(&[(0, 1.0), (1, 2.0)]);
        assert!((both - (inverse.at(0, 0) + 4.0 * inverse.at(0, 1) + 4.0 * unit[1])).abs() < 1e-12);
        assert!(Cholesky::of(&Symmetric::zero(2)).is_none());
        let unit = normal.times(&inverse);
        assert!(
            (0..9).all(|i| (unit[i] - if i % 4 == 0 { 1.0 } else { 0.0 }).abs() < 1e-12),
            "{unit:?}"
        );
        assert!((normal.trace(&inverse) - 3.0).abs() < 1e-12);
        // inverse + inverse · normal · inverse is twice the inverse.
        assert!((inverse.sandwich(&normal).at(2, 1) - 2.0 * inverse.at(1, 2)).abs() < 1e-12);
        let mut doubled = Symmetric::products(3, &rows, &rows);
        doubled.add(&normal, -0.5);
        assert!(doubled.form(&[(0, 1.0), (1, 2.0), (2, 3.0)]).abs() < 1e-12);
    }
}
