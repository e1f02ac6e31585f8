//! Published keys of which identifiers were heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lab::crypto::BroadcastKeys;
use crate::lab::gaen::Rpi;
use crate::lab::matching::Candidate;
use crate::lab::time::Enin;

/// A published key that was heard.
#[derive(Clone)]
pub struct PublishedKey {
    /// Its file and its number there, for people. Not neutralised.
    pub label: String,
    /// As the interface tells it: 1 confirmed by a test, 2 by a physician, 3 by the person; 5 taken back; 0 not told.
    pub report_type: u8,
    /// Days from the onset of symptoms to its day, where that was published.
    pub days_since_onset: Option<i32>,
    /// Tells it from other keys, whatever they are called: something that follows from its bytes, its first interval, its
    /// period.
    sign: (Rpi, Enin, u32),
    /// What it becomes, to open metadata.
    pub derived: Arc<BroadcastKeys>,
}

impl std::fmt::Debug for PublishedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublishedKey")
            .field("label", &self.label)
            .field("report_type", &self.report_type)
            .finish_non_exhaustive()
    }
}

/// The keys, with those of their identifiers that were heard.
#[derive(Clone, Debug, Default)]
pub struct Published {
    keys: Vec<PublishedKey>,
    identifiers: BTreeMap<Rpi, (usize, Enin)>,
}

/// The report type of keys that were taken back.
const REVOKED: u8 = 5;

impl Published {
    /// Adds a key with the intervals in which its identifiers were heard; of one that is there already what is told now
    /// holds. An identifier that another key has too (the same bytes, told with another time) stays with the first of
    /// them that was not taken back.
    pub fn add(
        &mut self,
        label: &str,
        report_type: u8,
        days_since_onset: Option<i32>,
        key: &Candidate,
        heard: &[Enin],
    ) {
        let derived = BroadcastKeys::derive(&key.tek);
        let sign = (derived.rpi(Enin(0)), key.start, key.period);
        let number = if let Some(number) = self.keys.iter().position(|key| key.sign == sign) {
            number
        } else {
            self.keys.push(PublishedKey {
                label: String::new(),
                report_type,
                days_since_onset,
                sign,
                derived: Arc::new(derived),
            });
            self.keys.len() - 1
        };
        if let Some(key) = self.keys.get_mut(number) {
            label.clone_into(&mut key.label);
            (key.report_type, key.days_since_onset) = (report_type, days_since_onset);
        }
        let Some(key) = self.keys.get(number) else { return };
        for enin in heard {
            let place = self
                .identifiers
                .entry(key.derived.rpi(*enin))
                .or_insert((number, *enin));
            let owner = self.keys.get(place.0).map(|key| key.report_type);
            if owner == Some(REVOKED) && report_type != REVOKED {
                *place = (number, *enin);
            }
        }
    }

    /// The number of the key of an identifier, and its interval.
    #[must_use]
    pub fn find(&self, rpi: Rpi) -> Option<(usize, Enin)> {
        self.identifiers.get(&rpi).copied()
    }

    /// A key by its number.
    #[must_use]
    pub fn key(&self, number: usize) -> Option<&PublishedKey> {
        self.keys.get(number)
    }

    /// How many keys were heard.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::crypto::Tek;

    fn candidate(tek: &Tek, period: u32) -> Candidate {
        Candidate {
            tek: tek.clone(),
            start: Enin(0),
            period,
        }
    }

    #[test]
    fn the_same_bytes_with_another_period_take_no_identifier_away() {
        let tek = Tek::new([7; 16]);
        let (long, short) = (candidate(&tek, 144), candidate(&tek, 120));
        let rpi = BroadcastKeys::derive(&tek).rpi(Enin(100));
        let of = |order: [(&Candidate, u8); 2]| {
            let mut published = Published::default();
            for (key, report_type) in order {
                published.add("a.zip #1", report_type, None, key, &[Enin(100)]);
            }
            let (number, _) = published.find(rpi).unwrap();
            (published.len(), published.key(number).unwrap().report_type)
        };
        assert_eq!(of([(&long, 1), (&short, 5)]), (2, 1));
        assert_eq!(of([(&short, 5), (&long, 1)]), (2, 1));
    }

    #[test]
    fn a_key_is_kept_once_with_all_its_identifiers() {
        let tek = Tek::new([7; 16]);
        let key = candidate(&tek, 144);
        let mut published = Published::default();
        published.add("a.zip #1", 1, None, &key, &[Enin(100)]);
        published.add("b.zip #7", 5, None, &key, &[Enin(101)]);
        assert_eq!(
            (published.key(0).unwrap().report_type, &*published.key(0).unwrap().label),
            (5, "b.zip #7")
        );
        let derived = |enin| BroadcastKeys::derive(&tek).rpi(Enin(enin));
        assert_eq!(
            (published.len(), published.find(derived(100))),
            (1, Some((0, Enin(100))))
        );
        assert_eq!(published.find(derived(101)), Some((0, Enin(101))));
        assert_eq!(published.find(Rpi([0; 16])), None);
        assert!(!format!("{published:?}").contains("derived"));
    }
}
