//! Published keys of which identifiers were heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lab::crypto::{BroadcastKeys, Tek};
use crate::lab::gaen::Rpi;
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
    /// Tells it from other keys, whatever they are called.
    sign: Rpi,
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

impl Published {
    /// Adds a key with the intervals in which its identifiers were heard; of one that is there already what is told now
    /// holds.
    pub fn add(&mut self, label: &str, report_type: u8, days_since_onset: Option<i32>, tek: &Tek, heard: &[Enin]) {
        let derived = BroadcastKeys::derive(tek);
        let sign = derived.rpi(Enin(0));
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
        if let Some(key) = self.keys.get(number) {
            for enin in heard {
                self.identifiers.insert(key.derived.rpi(*enin), (number, *enin));
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

    #[test]
    fn a_key_is_kept_once_with_all_its_identifiers() {
        let tek = Tek::new([7; 16]);
        let mut published = Published::default();
        published.add("a.zip #1", 1, None, &tek, &[Enin(100)]);
        published.add("b.zip #7", 5, None, &tek, &[Enin(101)]);
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
