//! Identifiers that were seen: a filter on their first 32 bits, and the exact table behind it.

use crate::lab::gaen::Rpi;

/// Bits of the filter for each identifier, at least.
const BITS: usize = 48;
/// Smallest and largest filter, as powers of two of 32-bit words: 4 KiB to 4 MiB.
const LOG_WORDS: (u32, u32) = (10, 20);

/// The identifiers, in order, and where to look first.
#[derive(Debug)]
pub(super) struct Table {
    /// Identifier and number, in order.
    entries: Vec<(Rpi, u32)>,
    /// Where the identifiers begin that begin with these bits; one more than there are beginnings.
    buckets: Vec<u32>,
    bucket_bits: u32,
    /// Two bits are set in one word for each identifier.
    words: Vec<u32>,
}

/// First 32 bits of an identifier, as the filter takes them: little-endian, as a register holds them.
#[inline]
pub(super) const fn prefix(rpi: [u8; 16]) -> u32 {
    u32::from_le_bytes([rpi[0], rpi[1], rpi[2], rpi[3]])
}

impl Table {
    pub(super) fn new(mut entries: Vec<(Rpi, u32)>) -> Self {
        entries.sort_unstable();
        let log_words = (entries.len() * BITS / 32).next_power_of_two().trailing_zeros();
        let words = 1usize << log_words.clamp(LOG_WORDS.0, LOG_WORDS.1);
        let mut table = Self {
            buckets: Vec::new(),
            bucket_bits: entries.len().next_power_of_two().trailing_zeros().clamp(1, 24),
            words: vec![0; words],
            entries,
        };
        for n in 0..table.entries.len() {
            let prefix = prefix(table.entries[n].0.0);
            let at = table.word(prefix);
            table.words[at] |= bits(prefix);
        }
        table.fill_buckets();
        table
    }

    fn fill_buckets(&mut self) {
        let n = 1usize << self.bucket_bits;
        let mut counts = vec![0u32; n + 1];
        for (rpi, _) in &self.entries {
            counts[self.bucket(*rpi) + 1] += 1;
        }
        for n in 1..counts.len() {
            counts[n] += counts[n - 1];
        }
        self.buckets = counts;
    }

    /// Identifiers are in order of their bytes, so their first bits as a big-endian number are.
    fn bucket(&self, rpi: Rpi) -> usize {
        let [a, b, c, d, ..] = rpi.0;
        (u32::from_be_bytes([a, b, c, d]) >> (32 - self.bucket_bits)) as usize
    }

    /// The words of the filter: a power of two of them.
    #[inline]
    pub(super) fn words(&self) -> &[u32] {
        &self.words
    }

    #[inline]
    const fn word(&self, prefix: u32) -> usize {
        prefix as usize & (self.words.len() - 1)
    }

    /// Whether an identifier that begins so may have been seen.
    #[inline]
    pub(super) fn may_hold(&self, prefix: u32) -> bool {
        let bits = bits(prefix);
        self.words[self.word(prefix)] & bits == bits
    }

    /// The numbers of what was seen with an identifier.
    pub(super) fn find(&self, rpi: Rpi) -> impl Iterator<Item = u32> {
        let bucket = self.bucket(rpi);
        let (from, to) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        let entries = &self.entries[from..to];
        let first = entries.partition_point(|(other, _)| *other < rpi);
        entries[first..]
            .iter()
            .take_while(move |(other, _)| *other == rpi)
            .map(|(_, number)| *number)
    }
}

/// Two bits from those of the prefix that do not choose the word.
#[inline]
const fn bits(prefix: u32) -> u32 {
    1 << (prefix >> 27) | 1 << (prefix >> 22 & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpi(n: u32) -> Rpi {
        let mut bytes = [0; 16];
        for (word, out) in (1..).zip(bytes.chunks_mut(4)) {
            out.copy_from_slice(
                &n.wrapping_mul(0x9e37_79b9)
                    .wrapping_add(word)
                    .rotate_left(word * 7)
                    .to_le_bytes(),
            );
        }
        Rpi(bytes)
    }

    #[test]
    fn what_was_seen_is_found_and_the_filter_lets_little_else_through() {
        for n in [0, 1, 2, 1_000, 50_000] {
            let table = Table::new((0..n).map(|n| (rpi(n), n)).collect());
            for n in 0..n {
                assert!(table.may_hold(prefix(rpi(n).0)));
                assert!(table.find(rpi(n)).any(|found| found == n), "{n}");
            }
            let others = n..n + 20_000;
            let through = others.clone().filter(|n| table.may_hold(prefix(rpi(*n).0))).count();
            assert!(through < 400, "{n}: {through} of 20,000");
            assert!(others.clone().all(|n| table.find(rpi(n)).next().is_none()));
        }
    }

    #[test]
    fn the_same_identifier_is_found_as_often_as_it_was_seen() {
        let table = Table::new(vec![
            (rpi(1), 7),
            (rpi(2), 8),
            (rpi(1), 9),
            (Rpi([0xff; 16]), 1),
            (Rpi([0; 16]), 2),
        ]);
        assert_eq!(table.find(rpi(1)).collect::<Vec<_>>(), [7, 9]);
        assert_eq!(table.find(Rpi([0xff; 16])).collect::<Vec<_>>(), [1]);
        assert_eq!(table.find(Rpi([0; 16])).collect::<Vec<_>>(), [2]);
    }
}
