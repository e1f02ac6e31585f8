//! Which sightings count for a published key, and how far away they were.
//!
//! Source: Android's published matcher (`exposure-notifications-internals`, `matching/`): the tolerance of two hours, the
//! replay window, and the range of TX powers that a phone can have.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Sighting;
use crate::lab::crypto::{BroadcastKeys, Tek};
use crate::lab::gaen::Rpi;
use crate::lab::matching::is_in_time;
use crate::lab::time::{Enin, UnixMicros};

/// Sightings of an identifier that come later after its first one are taken for replayed, in seconds.
pub const REPLAY_SECONDS: i64 = 1_200;
/// TX powers that a phone can have, in dBm; what decrypts to others is taken for tampered with.
pub const TX_POWER_DBM: RangeInclusive<i8> = -50..=20;

/// Sightings by their identifier.
pub type ByIdentifier = BTreeMap<Rpi, Vec<Sighting>>;

/// The sightings that count for a key, in order of time, each with its attenuation in dB: decrypted TX power less
/// calibrated level, not below 0. `intervals` are those in which an identifier of the key was heard, `correction_db` is the
/// receiver's.
#[must_use]
pub fn counted(tek: &Tek, intervals: &[Enin], heard: &ByIdentifier, correction_db: i32) -> Vec<(Sighting, i32)> {
    let keys = BroadcastKeys::derive(tek);
    let mut found = Vec::new();
    for interval in intervals {
        let all = heard.get(&keys.rpi(*interval)).into_iter().flatten();
        let in_time = all.filter(|sighting| enin(sighting.at).is_some_and(|seen| is_in_time(*interval, seen)));
        let mut in_time: Vec<&Sighting> = in_time.collect();
        in_time.sort_by_key(|sighting| sighting.at);
        let Some(first) = in_time.first().map(|sighting| sighting.at.whole_seconds()) else {
            continue;
        };
        for sighting in in_time {
            if sighting.at.whole_seconds() - first > REPLAY_SECONDS {
                break;
            }
            let Some(aem) = sighting.aem else { continue };
            let tx_power = keys.open(sighting.rpi, aem).tx_power().0;
            if TX_POWER_DBM.contains(&tx_power) {
                let level = i32::from(sighting.rssi.0) + correction_db;
                found.push((*sighting, (i32::from(tx_power) - level).max(0)));
            }
        }
    }
    found.sort_by_key(|(sighting, _)| sighting.at);
    found
}

/// The interval of a time; `None` outside of those that there are.
#[must_use]
pub fn enin(at: UnixMicros) -> Option<Enin> {
    u32::try_from(at.whole_seconds().div_euclid(600)).ok().map(Enin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::crypto::Metadata;
    use crate::lab::units::Dbm;

    const OF: Enin = Enin(2_660_000);
    const START: i64 = 2_660_000 * 600;

    fn tek() -> Tek {
        Tek::new([7; 16])
    }

    /// Attenuations that count of sightings at these seconds, all of one identifier and with this TX power.
    fn attenuations(seconds: &[i64], tx_power: i8) -> Vec<i32> {
        let keys = BroadcastKeys::derive(&tek());
        let rpi = keys.rpi(OF);
        let sighting = |second: &i64| Sighting {
            at: UnixMicros(second * 1_000_000 + 999_999),
            rpi,
            aem: Some(keys.seal(rpi, Metadata::v1_0(Dbm(tx_power)))),
            rssi: Dbm(-60),
            previous_scan: None,
        };
        let heard = ByIdentifier::from([(rpi, seconds.iter().map(sighting).collect())]);
        counted(&tek(), &[OF], &heard, 5)
            .into_iter()
            .map(|(_, db)| db)
            .collect()
    }

    #[test]
    fn two_hours_on_each_side_count() {
        let of_interval = |difference: i64| attenuations(&[START + 600 * difference], -10).len();
        assert_eq!([-13, -12, 0, 12, 13].map(of_interval), [0, 1, 1, 1, 0]);
        assert_eq!(attenuations(&[START - 7_201], -10).len(), 0);
        assert_eq!(attenuations(&[START + 7_799], -10).len(), 1);
    }

    #[test]
    fn what_comes_later_than_twenty_minutes_after_the_first_is_replayed() {
        assert_eq!(attenuations(&[START, START + 1_200, START + 1_201], -10).len(), 2);
        // A sighting that does not count does not begin the twenty minutes.
        assert_eq!(attenuations(&[START - 8_000, START + 100, START + 1_300], -10).len(), 2);
        assert_eq!(
            attenuations(&[START + 1_300, START], -10).len(),
            1,
            "whatever their order"
        );
    }

    #[test]
    fn tx_power_must_be_one_that_a_phone_can_have() {
        let of_power = |tx_power| attenuations(&[START], tx_power);
        assert_eq!([-51, -50, 20, 21].map(|power| of_power(power).len()), [0, 1, 1, 0]);
        assert_eq!(of_power(20), [75], "20 - (-60 + 5)");
        assert_eq!(of_power(-50), [5]);
    }

    #[test]
    fn attenuation_is_not_below_nothing_and_metadata_are_needed() {
        let keys = BroadcastKeys::derive(&tek());
        let rpi = keys.rpi(OF);
        let sighting = Sighting {
            at: UnixMicros(START * 1_000_000),
            rpi,
            aem: Some(keys.seal(rpi, Metadata::v1_0(Dbm(-50)))),
            rssi: Dbm(-20),
            previous_scan: None,
        };
        let without = Sighting { aem: None, ..sighting };
        let heard = ByIdentifier::from([(rpi, vec![sighting, without])]);
        assert_eq!(counted(&tek(), &[OF], &heard, 0), [(sighting, 0)]);
        assert!(counted(&tek(), &[Enin(OF.0 + 1)], &heard, 0).is_empty());
        assert!(counted(&Tek::new([8; 16]), &[OF], &heard, 0).is_empty());
    }
}
