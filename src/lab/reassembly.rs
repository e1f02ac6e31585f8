//! Joins the fragments of extended advertisements that one report could not hold.

use std::collections::BTreeMap;

use super::address::Address;
use super::advert::{Advertisement, DataStatus, StationId};

/// Advertisements in the making; a hostile sender must not make it more.
const MOST_PENDING: usize = 256;
/// Longest data that the Core specification allows (vol. 6 part B, 2.3.4.9).
const MOST_BYTES: usize = 1650;

type Key = (StationId, Address, Option<u8>);

/// Fragments that wait for the rest.
#[derive(Clone, Debug, Default)]
pub struct Reassembly(BTreeMap<Key, Vec<u8>>);

impl Reassembly {
    /// Whether no fragment waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a report; gives the whole data when it was the last fragment, or all there is when the rest was lost.
    pub fn join(&mut self, advert: &Advertisement) -> Option<Vec<u8>> {
        let key = (advert.station, advert.address, advert.details.set_id);
        if advert.data_status() != DataStatus::MoreToCome {
            let mut data = self.0.remove(&key).unwrap_or_default();
            data.extend_from_slice(&advert.data);
            data.truncate(MOST_BYTES);
            return Some(data);
        }
        if self.0.len() >= MOST_PENDING && !self.0.contains_key(&key) {
            self.0.pop_first();
        }
        let data = self.0.entry(key).or_default();
        data.extend_from_slice(&advert.data);
        data.truncate(MOST_BYTES);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::advert::{Payload, ReportForm};

    fn fragment(set: u8, status: u16, data: &[u8]) -> Advertisement {
        let mut advert = Advertisement {
            data: Payload::new(data),
            ..Advertisement::default()
        };
        advert.details.form = ReportForm::Extended;
        advert.details.event_type = status << 5;
        advert.details.set_id = Some(set);
        advert
    }

    #[test]
    fn fragments_of_two_sets_are_joined_each_on_its_own() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.join(&fragment(1, 1, b"ab")), None);
        assert_eq!(reassembly.join(&fragment(2, 1, b"xy")), None);
        assert_eq!(reassembly.join(&fragment(1, 1, b"cd")), None);
        assert_eq!(reassembly.join(&fragment(1, 0, b"ef")), Some(b"abcdef".to_vec()));
        assert_eq!(reassembly.join(&fragment(2, 2, b"z")), Some(b"xyz".to_vec()));
        assert!(reassembly.is_empty());
    }

    #[test]
    fn endless_fragments_stay_within_bounds() {
        let mut reassembly = Reassembly::default();
        for n in 0..2000u16 {
            let mut advert = fragment(0, 1, &[0; 229]);
            advert.station = StationId(n % 500);
            assert_eq!(reassembly.join(&advert), None);
        }
        assert!(reassembly.0.len() <= MOST_PENDING);
        assert!(reassembly.0.values().all(|data| data.len() <= MOST_BYTES));
    }
}
