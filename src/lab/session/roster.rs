//! The present tracks, found by key and by slot.

use hashbrown::HashTable;

use crate::lab::ledger::{PackedKey, TrackKey};
use crate::lab::track::Track;

/// Tracks in slots without gaps; the last one moves where one is taken out.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    tracks: Vec<Track>,
    index: HashTable<(PackedKey, u32)>,
    hash_seed: u64,
}

impl Roster {
    pub(super) const fn new(hash_seed: u64) -> Self {
        Self {
            tracks: Vec::new(),
            index: HashTable::new(),
            hash_seed,
        }
    }

    /// All tracks, by slot.
    pub(super) fn all(&self) -> &[Track] {
        &self.tracks
    }

    /// The slot of a track.
    pub(super) fn find(&self, key: TrackKey) -> Option<u32> {
        let key = PackedKey::from(key);
        self.index
            .find(key.hash(self.hash_seed), |(other, _)| *other == key)
            .map(|(_, slot)| *slot)
    }

    /// The track in a slot.
    pub(super) fn get(&self, slot: u32) -> Option<&Track> {
        self.tracks.get(slot as usize)
    }

    /// The track in a slot, to change all but its key.
    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Track> {
        self.tracks.get_mut(slot as usize)
    }

    /// As [`Roster::get_mut`].
    ///
    /// # Panics
    /// There is no such slot.
    pub(super) fn at(&mut self, slot: u32) -> &mut Track {
        &mut self.tracks[slot as usize]
    }

    /// Puts in a track with a key that no other has; gives its slot.
    pub(super) fn add(&mut self, track: Track) -> u32 {
        let slot = number(self.tracks.len());
        let (key, seed) = (PackedKey::from(track.key), self.hash_seed);
        self.tracks.push(track);
        self.index
            .insert_unique(key.hash(seed), (key, slot), |(other, _)| other.hash(seed));
        slot
    }

    /// Takes out the tracks that are due and hands them to `each`.
    pub(super) fn take_out(&mut self, is_due: impl Fn(&Track) -> bool, mut each: impl FnMut(Track)) {
        let mut slot = 0;
        while let Some(track) = self.tracks.get(slot) {
            if !is_due(track) {
                slot += 1;
                continue;
            }
            let track = self.tracks.swap_remove(slot);
            self.unindex(track.key);
            each(track);
            if let Some(moved) = self.tracks.get(slot) {
                let key = PackedKey::from(moved.key);
                let entry = self
                    .index
                    .find_mut(key.hash(self.hash_seed), |(other, _)| *other == key);
                if let Some((_, old)) = entry {
                    *old = number(slot);
                }
            }
        }
        if self.tracks.len() < self.tracks.capacity() / 4 {
            let (room, seed) = (self.tracks.len() * 2, self.hash_seed);
            self.tracks.shrink_to(room);
            self.index.shrink_to(room, |(key, _)| key.hash(seed));
        }
    }

    fn unindex(&mut self, key: TrackKey) {
        let key = PackedKey::from(key);
        if let Ok(entry) = self
            .index
            .find_entry(key.hash(self.hash_seed), |(other, _)| *other == key)
        {
            entry.remove();
        }
    }
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).expect("a session keeps far fewer than 2^32 tracks")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::lab::address::{Address, AddressKind};
    use crate::lab::advert::StationId;
    use crate::lab::ledger::RecordId;
    use crate::lab::time::UnixMicros;

    fn key(n: u8) -> TrackKey {
        let address = Address {
            bytes: [n / 4, 0, 0, 0, 0, 9],
            kind: if n.is_multiple_of(2) {
                AddressKind::Public
            } else {
                AddressKind::RandomStatic
            },
        };
        TrackKey {
            station: StationId(u16::from(n / 2 % 2)),
            address,
        }
    }

    proptest! {
        #[test]
        fn every_track_is_found_until_it_is_taken_out(steps in prop::collection::vec((0u8..60, any::<bool>()), 0..200), seed in any::<u64>()) {
            let mut roster = Roster::new(seed);
            let mut model = BTreeMap::new();
            for (n, put) in steps {
                if put && !model.contains_key(&key(n)) {
                    roster.add(Track::new(key(n), UnixMicros(n.into()), RecordId::default()));
                    model.insert(key(n), UnixMicros(n.into()));
                } else if !put {
                    // One in seven goes at a time.
                    let is_due = |at: UnixMicros| at.0 % 7 == i64::from(n % 7);
                    let mut gone = Vec::new();
                    roster.take_out(|track| is_due(track.first), |track| gone.push(track.key));
                    gone.sort_unstable();
                    let expected: Vec<_> = model.iter().filter(|(_, at)| is_due(**at)).map(|(key, _)| *key).collect();
                    prop_assert_eq!(gone, expected);
                    model.retain(|_, at| !is_due(*at));
                }
                prop_assert_eq!((roster.all().len(), roster.index.len()), (model.len(), model.len()));
                for n in 0..60 {
                    let found = roster.find(key(n)).and_then(|slot| roster.get(slot)).map(|track| (track.key, track.first));
                    prop_assert_eq!(found, model.get(&key(n)).map(|at| (key(n), *at)));
                }
            }
        }
    }
}
