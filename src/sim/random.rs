//! Random streams: one per purpose and device, so that a device more or less leaves all others as they are.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::math::{float, ln};

/// A stream of its own, chosen by seed, purpose and names; the same on every platform and in every version.
///
/// The key of the `ChaCha12` generator is the SHA-256 of these; nothing depends on a default generator.
#[derive(Clone, Debug)]
pub(super) struct Stream(ChaCha12Rng);

impl Stream {
    pub(super) fn new(seed: u64, purpose: &str, names: &[&str]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"vicino simulation 1");
        hash.update(seed.to_le_bytes());
        for part in std::iter::once(&purpose).chain(names) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(ChaCha12Rng::from_seed(hash.finalize().into()))
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Uniform in `0..n`; the bias of the multiplication (below 2^-20 for spans of half a year) does not matter here.
    fn below(&mut self, n: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Uniform in `low..=high`; `low` when they are out of order.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or_default();
        low.saturating_add_unsigned(self.below(span.saturating_add(1)))
    }

    /// Uniform in `[0, 1)`, in steps of 2^-53.
    pub(super) fn unit(&mut self) -> f64 {
        float(i64::try_from(self.0.next_u64() >> 11).unwrap_or_default()) / float(1 << 53)
    }

    /// Uniform between two finite bounds.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// About normal with mean 0 and standard deviation 1: the sum of twelve uniform numbers (Irwin–Hall), summed as
    /// integers. Never beyond ±6.
    pub(super) fn normal(&mut self) -> f64 {
        let sum: i64 = (0..3)
            .map(|_| {
                let word = self.0.next_u64();
                [0, 16, 32, 48]
                    .map(|shift| i64::try_from((word >> shift) & 0xffff).unwrap_or_default())
                    .iter()
                    .sum::<i64>()
            })
            .sum();
        (float(sum) - 12.0 * 32_767.5) / 65_536.0
    }

    /// Exponential with the given mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -ln(1.0 - self.unit()) * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_their_name_and_are_pinned() {
        let first = |seed, purpose, names: &[&str]| u64::from_le_bytes(Stream::new(seed, purpose, names).bytes());
        let one = first(1, "radio", &["a", "bc"]);
        for other in [
            first(2, "radio", &["a", "bc"]),
            first(1, "timing", &["a", "bc"]),
            first(1, "radio", &["ab", "c"]),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one, first(1, "radio", &["a", "bc"]));
    }

    #[test]
    fn moments_of_the_distributions() {
        let mut stream = Stream::new(1, "test", &[]);
        let n = 100_000;
        let (mut sum, mut squares, mut waits) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = stream.normal();
            sum += z;
            squares += z * z;
            waits += stream.exponential(5.0);
            assert!((3..=7).contains(&stream.between(3, 7)));
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.01 && (squares / n - 1.0).abs() < 0.02);
        assert!((waits / n - 5.0).abs() < 0.05);
        assert_eq!(stream.between(9, 3), 9);
    }
}
