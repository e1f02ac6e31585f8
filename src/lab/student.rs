//! Student's t: how wide an interval is at a level of confidence.

use std::f64::consts::FRAC_2_PI;

/// Beyond so many degrees of freedom t is the normal distribution to four digits.
const NORMAL: usize = 10_000;

/// Degrees of freedom as a real number; they stay below [`NORMAL`].
fn count(freedom: usize) -> f64 {
    f64::from(u16::try_from(freedom).unwrap_or(u16::MAX))
}

/// Probability that |t| stays below a value, by the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4.
fn within(value: f64, freedom: usize) -> f64 {
    let angle = (value / count(freedom).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let is_odd = freedom % 2 == 1;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut sum = if freedom == 1 { 0.0 } else { term };
    let mut step = if is_odd { 3 } else { 2 };
    while step + 2 <= freedom {
        let (above, below) = (count(step - 1), count(step));
        term *= above / below * cosine * cosine;
        sum += term;
        step += 2;
    }
    if is_odd {
        FRAC_2_PI * (angle + sine * sum)
    } else {
        sine * sum
    }
}

/// The value that |t| stays below with probability `level` (between 0 and 1), by halving.
pub(crate) fn quantile(level: f64, freedom: usize) -> f64 {
    let freedom = freedom.clamp(1, NORMAL);
    let (mut low, mut high) = (0.0, 1.0);
    while within(high, freedom) < level && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if within(middle, freedom) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        let table = [
            (0.90, 1, 6.3138),
            (0.95, 2, 4.3027),
            (0.90, 3, 2.3534),
            (0.95, 4, 2.7764),
            (0.99, 5, 4.0321),
            (0.90, 10, 1.8125),
            (0.95, 31, 2.0395),
            (0.90, 120, 1.6577),
            (0.95, usize::MAX, 1.9602),
        ];
        for (level, freedom, value) in table {
            let found = quantile(level, freedom);
            assert!((found - value).abs() < 1e-4, "{level} {freedom}: {found}");
        }
    }
}
