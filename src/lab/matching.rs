//! Which keys were seen: derives the identifiers of each key and finds those among the identifiers of captures.
//!
//! A key costs an HKDF and 144 AES blocks, whatever was seen; so keys go through in batches, in the lanes of vectors where
//! the machine has them, and a filter on the first 32 bits of an identifier lets only one in some hundreds through to
//! the exact table. Both ways, [`Path::Wide`] and [`Path::Portable`], give the same hits. Pure: threads are the caller's.
//!
//! Source of the rules: Exposure Notification Cryptography Specification v1.2; the tolerance of two hours on each side is
//! that of Android's published matcher.

mod hkdf;
mod portable;
mod table;
#[cfg(target_arch = "x86_64")]
mod wide;

use aes::Aes128Enc;
use aes::cipher::{Array, Block, BlockCipherEncrypt as _, KeyInit as _};

use super::crypto::{ROLLING_PERIOD, Tek};
use super::gaen::Rpi;
use super::time::Enin;

use table::Table;

/// Intervals by which a sighting may lie before the one of its identifier.
pub const TOLERANCE_BEFORE: u32 = 12;
/// Intervals by which it may lie after the beginning of the one of its identifier, this one not included.
pub const TOLERANCE_AFTER: u32 = 13;
/// Intervals of a day.
const DAY: u32 = 144;
/// Keys that go through together.
const BATCH: usize = 16;

/// Whether an identifier of the interval `of` may be seen in the interval `seen`.
#[must_use]
pub const fn is_in_time(of: Enin, seen: Enin) -> bool {
    seen.0.saturating_add(TOLERANCE_BEFORE) >= of.0 && seen.0 < of.0.saturating_add(TOLERANCE_AFTER)
}

/// A key that may have been seen. It is published, so no secret any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The key.
    pub tek: Tek,
    /// Its first interval.
    pub start: Enin,
    /// For how many intervals it was used, 1 to 144; what lies beyond is not looked for.
    pub period: u32,
}

/// An identifier that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The identifier.
    pub rpi: Rpi,
    /// The interval of the first sighting.
    pub first: Enin,
    /// The interval of the last sighting, not before the first.
    pub last: Enin,
}

/// An identifier of a key that was seen in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Number of the key, as given.
    pub key: usize,
    /// The interval of the identifier.
    pub enin: Enin,
    /// Number of what was seen, as given.
    pub seen: usize,
}

/// How the work is done; the result is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// With vectors of 512 bits, where the machine has AVX-512 and VAES.
    Wide,
    /// Without.
    Portable,
}

impl Path {
    /// The fastest one of this machine.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if wide::is_there() {
            return Self::Wide;
        }
        Self::Portable
    }
}

/// What was seen, ready to be looked up.
#[derive(Debug)]
pub struct Index {
    seen: Vec<Seen>,
    /// All of it, or by day of the keys: day number and table, in order.
    tables: Vec<(Option<u32>, Table)>,
}

/// What became of the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Keys whose identifiers were derived.
    pub derived: u64,
    /// Keys of which nothing can have been seen, as nothing was heard in their time.
    pub out_of_time: u64,
    /// Keys with a period of 0, or more than 144 intervals, or an interval beyond the calendar.
    pub invalid: u64,
}

impl Index {
    /// An index of what was seen. `by_day` keeps what can belong to a day's keys together: less to look through for each,
    /// and keys of other days cost nothing. The same identifier may be given several times.
    #[must_use]
    pub fn new(seen: Vec<Seen>, by_day: bool) -> Self {
        let mut tables = Vec::new();
        if by_day {
            let mut of_day: Vec<(u32, u32)> = Vec::new();
            for (idx, one) in (0u32..).zip(&seen) {
                for day in days(*one) {
                    of_day.push((day, idx));
                }
            }
            of_day.sort_unstable();
            for group in of_day.chunk_by(|(a, _), (b, _)| a == b) {
                let entries = group.iter().map(|(_, idx)| (seen[*idx as usize].rpi, *idx));
                tables.push((Some(group[0].0), Table::new(entries.collect())));
            }
        } else if !seen.is_empty() {
            let entries = (0u32..).zip(&seen).map(|(idx, one)| (one.rpi, idx));
            tables.push((None, Table::new(entries.collect())));
        }
        Self { seen, tables }
    }

    /// How many identifiers were seen.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing was seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Finds the keys among what was seen; `number` is that of the first key. Hits come in order of key, interval and what
    /// was seen.
    pub fn find(&self, keys: &[Candidate], number: usize, path: Path, hits: &mut Vec<Hit>) -> Counts {
        let mut counts = Counts::default();
        let mut found = Vec::new();
        // Which keys each table is asked for.
        let mut asked: Vec<Vec<u32>> = vec![Vec::new(); self.tables.len()];
        for (idx, key) in (0u32..).zip(keys) {
            if !key.is_valid() {
                counts.invalid += 1;
                continue;
            }
            let mut is_asked_for = false;
            for day in key.days() {
                if let Ok(table) = self.tables.binary_search_by_key(&Some(day), |(day, _)| *day) {
                    asked[table].push(idx);
                    is_asked_for = true;
                }
            }
            if let Some((None, _)) = self.tables.first() {
                asked[0].push(idx);
                is_asked_for = true;
            }
            counts.derived += u64::from(is_asked_for);
            counts.out_of_time += u64::from(!is_asked_for);
        }
        let mut likely = Vec::new();
        for ((_, table), asked) in self.tables.iter().zip(&asked) {
            for batch in asked.chunks(BATCH) {
                let derived = candidates(keys, batch, table, path, &mut found);
                for (lane, interval) in found.drain(..) {
                    let (idx, rpik) = (batch[usize::from(lane)] as usize, derived[usize::from(lane)]);
                    let key = &keys[idx];
                    if u32::from(interval) < key.period {
                        let enin = Enin(key.start.0.saturating_add(u32::from(interval)));
                        likely.push((number + idx, enin, rpi_of(rpik, enin)));
                    }
                }
            }
            // All at once: the table is larger than the caches, and look-ups wait for memory side by side.
            for (key, enin, rpi) in likely.drain(..) {
                self.confirm(key, enin, rpi, table, hits);
            }
        }
        hits.sort_unstable();
        hits.dedup();
        counts
    }

    /// Looks whether an identifier was seen, and in time.
    fn confirm(&self, key: usize, enin: Enin, rpi: Rpi, table: &Table, hits: &mut Vec<Hit>) {
        for idx in table.find(rpi) {
            let seen = self.seen[idx as usize];
            let lies_within = seen.last.0.saturating_add(TOLERANCE_BEFORE) >= enin.0
                && seen.first.0 < enin.0.saturating_add(TOLERANCE_AFTER);
            if lies_within {
                let seen = idx as usize;
                hits.push(Hit { key, enin, seen });
            }
        }
    }
}

/// The identifier of an interval, from the derived key.
fn rpi_of(rpik: [u8; 16], enin: Enin) -> Rpi {
    let mut block = padded(enin);
    Aes128Enc::new(&Array(rpik)).encrypt_block(&mut block);
    Rpi(block.0)
}

/// `EN-RPI`, six zeros and the interval: what is encrypted to an identifier.
fn padded(enin: Enin) -> Block<Aes128Enc> {
    let mut block = Block::<Aes128Enc>::default();
    block.0[..6].copy_from_slice(b"EN-RPI");
    block.0[12..].copy_from_slice(&enin.0.to_le_bytes());
    block
}

/// Keys and intervals of a batch that the filter lets through, lane and interval; gives the derived key of each lane.
fn candidates(
    keys: &[Candidate],
    batch: &[u32],
    table: &Table,
    path: Path,
    found: &mut Vec<(u8, u8)>,
) -> [[u8; 16]; BATCH] {
    let mut teks = [[0; 16]; BATCH];
    let mut starts = [0; BATCH];
    for (lane, idx) in batch.iter().enumerate() {
        let key = &keys[*idx as usize];
        teks[lane] = *key.tek.expose();
        starts[lane] = key.start.0;
    }
    let derived = match path {
        #[cfg(target_arch = "x86_64")]
        Path::Wide if wide::is_there() => wide::candidates(&teks, &starts, table, found),
        Path::Wide | Path::Portable => portable::candidates(&teks[..batch.len()], &starts, table, found),
    };
    let n = u8::try_from(batch.len()).unwrap_or(u8::MAX);
    found.retain(|(lane, _)| *lane < n);
    derived
}

impl Candidate {
    const fn is_valid(&self) -> bool {
        self.period >= 1 && self.period <= ROLLING_PERIOD && self.start.0.checked_add(ROLLING_PERIOD).is_some()
    }

    /// The days in which its intervals lie: one, or two where it does not begin at midnight.
    fn days(&self) -> std::ops::RangeInclusive<u32> {
        let last = self.start.0.saturating_add(self.period.saturating_sub(1));
        self.start.0 / DAY..=last / DAY
    }
}

/// The days of the identifiers that may be seen then: those of the sightings and, within the tolerance of midnight, those
/// beside them. A span of years (a hostile time) is its two ends' days alone.
fn days(seen: Seen) -> impl Iterator<Item = u32> {
    const MOST: u32 = 60;
    // An identifier of the interval i is seen from i - 12 to i + 12.
    let first = seen.first.0.saturating_sub(TOLERANCE_AFTER - 1) / DAY;
    let last = seen.last.0.saturating_add(TOLERANCE_BEFORE) / DAY;
    let span = last.saturating_sub(first);
    (0..=span.min(MOST)).map(move |n| if n == MOST { last } else { first + n })
}

#[cfg(test)]
mod tests;
