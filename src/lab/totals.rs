//! Sums over a whole session.

use super::beacon::Family;

/// One count for each family.
const FAMILIES: usize = Family::ALL.len();

/// Sums over everything that a session took in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Advertisements (scan responses and fragments not counted).
    pub adverts: u64,
    /// Of these, those without a level.
    pub without_rssi: u64,
    /// Answers to scan requests.
    pub scan_responses: u64,
    /// Reports that were part of an advertisement, but not its end.
    pub fragments: u64,
    /// Reports with a wrong check sum; nothing else is taken from them.
    pub bad_crc: u64,
    /// Reports that the sources say they lost.
    pub dropped: u64,
    /// Events earlier than the one before.
    pub times_going_back: u64,
    /// Of these, those so much earlier that a clock was set.
    pub clock_steps: u64,
    /// Tracks retired early because there were too many.
    pub evicted: u64,
    /// Marks and gaps that were too many to keep.
    pub notes_left_out: u64,
    by_family: [u64; FAMILIES],
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            adverts: 0,
            without_rssi: 0,
            scan_responses: 0,
            fragments: 0,
            bad_crc: 0,
            dropped: 0,
            times_going_back: 0,
            clock_steps: 0,
            evicted: 0,
            notes_left_out: 0,
            by_family: [0; FAMILIES],
        }
    }
}

impl Totals {
    pub(super) fn count(&mut self, family: Family, n: u16) {
        self.adverts += u64::from(n);
        if let Some(count) = self.by_family.get_mut(family as usize) {
            *count += u64::from(n);
        }
    }

    /// Advertisements of a family.
    #[must_use]
    pub fn of_family(&self, family: Family) -> u64 {
        self.by_family.get(family as usize).copied().unwrap_or_default()
    }
}
