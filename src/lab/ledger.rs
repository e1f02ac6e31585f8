//! One compact record for every pair of address and identifier ever heard: what stays of a broadcaster for good.
//!
//! A record takes 72 bytes and its two index entries at most 23, so a day with a million identifiers fits into memory.

use hashbrown::HashTable;

use super::address::{Address, AddressKind};
use super::advert::StationId;
use super::beacon::Family;
use super::gaen::{Aem, Rpi};
use super::stats::{Few, LevelSum};
use super::time::{Micros, UnixMicros};
use super::units::Dbm;

/// Which broadcaster at which station: what a track is keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackKey {
    /// The receiver.
    pub station: StationId,
    /// The broadcaster.
    pub address: Address,
}

/// Number of a record in the ledger, in order of first hearing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(u32);

/// What is kept of one identifier (or of none) under one address at one station.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// First and last report, by the source's clock.
    pub first: UnixMicros,
    /// See `first`.
    pub last: UnixMicros,
    rpi: Rpi,
    aem: Aem,
    /// How many reports.
    pub heard: u32,
    level_sum: i32,
    level_n: u32,
    next_of_address: u32,
    next_of_rpi: u32,
    station: StationId,
    interval_ms: u16,
    address: [u8; 6],
    /// Address kind in the lower, flags in the upper half.
    kind_and_flags: u8,
    level_min: i8,
    level_max: i8,
    level_median: i8,
    /// Loss in steps of half a per cent; [`UNKNOWN_LOSS`] for unknown.
    loss: u8,
    /// What it broadcast.
    pub family: Family,
}

const HAS_RPI: u8 = 0x10;
const HAS_AEM: u8 = 0x20;
const HAS_MEDIAN: u8 = 0x40;
const SEVERAL_AEMS: u8 = 0x80;
const KIND: u8 = 0x0f;
const UNKNOWN_LOSS: u8 = u8::MAX;
const NONE: u32 = u32::MAX;
/// From here on sum and count of levels are halved, so that the sum fits and the mean stays.
const MOST_LEVELS: u32 = 1 << 24;

/// What is known of a stay besides its counts, kept when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stay {
    /// Median level.
    pub median: Option<Dbm>,
    /// Mean advertising interval; kept to the millisecond.
    pub interval: Option<Micros>,
    /// Share of advertisements missed, 0..1; kept to half a per cent.
    pub loss: Option<f64>,
}

impl Stay {
    /// As a record keeps it, so that a report does not depend on whether the stay has ended.
    #[must_use]
    pub fn rounded(self) -> Self {
        let interval = self
            .interval
            .map(|interval| Micros::from_millis((interval.0 + 500) / 1000));
        let loss = self.loss.map(|loss| (loss.clamp(0.0, 1.0) * 200.0).round() / 200.0);
        Self { interval, loss, ..self }
    }
}

impl Record {
    /// The identifier, if these reports carried one.
    #[must_use]
    pub fn rpi(&self) -> Option<Rpi> {
        self.has(HAS_RPI).then_some(self.rpi)
    }

    /// The metadata first heard with the identifier.
    #[must_use]
    pub fn aem(&self) -> Option<Aem> {
        self.has(HAS_AEM).then_some(self.aem)
    }

    const fn has(&self, flag: u8) -> bool {
        self.kind_and_flags & flag != 0
    }

    /// Whether the identifier came with more than one metadata.
    #[must_use]
    pub const fn has_several_aems(&self) -> bool {
        self.has(SEVERAL_AEMS)
    }

    /// The broadcaster.
    #[must_use]
    pub fn key(&self) -> TrackKey {
        let kind = AddressKind::ALL
            .get(usize::from(self.kind_and_flags & KIND))
            .copied()
            .unwrap_or_default();
        TrackKey {
            station: self.station,
            address: Address {
                bytes: self.address,
                kind,
            },
        }
    }

    /// As [`Record::key`] `==`, without building it.
    #[inline]
    fn is_of(&self, key: TrackKey) -> bool {
        self.address == key.address.bytes
            && self.kind_and_flags & KIND == key.address.kind as u8
            && self.station == key.station
    }

    /// Levels of all its reports.
    #[must_use]
    pub fn levels(&self) -> LevelSum {
        LevelSum {
            n: self.level_n,
            sum: i64::from(self.level_sum),
            min: self.level_min,
            max: self.level_max,
        }
    }

    /// The latest stay that ended.
    #[must_use]
    pub fn stay(&self) -> Stay {
        Stay {
            median: self.has(HAS_MEDIAN).then_some(Dbm(self.level_median)),
            interval: (self.interval_ms > 0).then(|| Micros::from_millis(self.interval_ms.into())),
            loss: (self.loss != UNKNOWN_LOSS).then(|| f64::from(self.loss) / 200.0),
        }
    }

    /// Counts one report.
    pub fn count(&mut self, at: UnixMicros, level: Option<Dbm>) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.heard = self.heard.saturating_add(1);
        if let Some(level) = level {
            self.add_level(level);
        }
    }

    /// Counts reports in order of time, from `first` to `last`, that all have a level, as [`Record::count`] does each.
    pub(super) fn count_few(&mut self, first: UnixMicros, last: UnixMicros, levels: &Few) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
        self.heard = self.heard.saturating_add(levels.n.into());
        self.level_n += u32::from(levels.n);
        self.level_sum += levels.sum;
        self.level_min = self.level_min.min(levels.min().0);
        self.level_max = self.level_max.max(levels.max().0);
    }

    /// Whether [`Record::count_few`] can count so many.
    pub(super) const fn has_room(&self, reports: u16) -> bool {
        self.level_n + reports as u32 <= MOST_LEVELS
    }

    fn add_level(&mut self, Dbm(level): Dbm) {
        self.level_min = self.level_min.min(level);
        self.level_max = self.level_max.max(level);
        if self.level_n == MOST_LEVELS {
            (self.level_n, self.level_sum) = (self.level_n / 2, self.level_sum / 2);
        }
        self.level_n += 1;
        self.level_sum += i32::from(level);
    }

    /// Notes metadata other than the first.
    pub fn see_aem(&mut self, aem: Option<Aem>) {
        if aem != self.aem() {
            self.kind_and_flags |= SEVERAL_AEMS;
        }
    }

    /// Keeps what is known of the stay that ends.
    pub fn end_stay(&mut self, stay: Stay) {
        if let Some(median) = stay.median {
            self.level_median = median.0;
            self.kind_and_flags |= HAS_MEDIAN;
        }
        if let Some(interval) = stay.interval {
            self.interval_ms = u16::try_from((interval.0 + 500) / 1000).unwrap_or(u16::MAX);
        }
        if let Some(loss) = stay.loss {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0..=200 by the clamp"
            )]
            let steps = (loss.clamp(0.0, 1.0) * 200.0).round() as u8;
            self.loss = steps;
        }
    }
}

/// Records in blocks: growing never copies, and never doubles.
const BLOCK: usize = 4096;

/// All records, found by identifier and by address.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    blocks: Vec<Vec<Record>>,
    len: u32,
    by_rpi: HashTable<u32>,
    by_address: HashTable<u32>,
    hash_seed: u64,
}

impl Ledger {
    /// An empty ledger; `hash_seed` should be a secret where hostile identifiers could be chosen to collide.
    #[must_use]
    pub fn new(hash_seed: u64) -> Self {
        Self {
            hash_seed,
            ..Self::default()
        }
    }

    /// How many records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether nothing was heard yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The record.
    ///
    /// # Panics
    /// Never: ids come from this ledger, which forgets nothing.
    #[must_use]
    #[inline]
    pub fn get(&self, id: RecordId) -> &Record {
        at(&self.blocks, id.0)
    }

    /// The record, to count in.
    #[inline]
    pub fn get_mut(&mut self, id: RecordId) -> &mut Record {
        &mut self.blocks[id.0 as usize / BLOCK][id.0 as usize % BLOCK]
    }

    /// All records in order of first hearing.
    pub fn iter(&self) -> impl Iterator<Item = &Record> + '_ {
        self.blocks.iter().flatten()
    }

    /// The records from number `from` on, in order of first hearing.
    pub fn from(&self, from: usize) -> impl Iterator<Item = &Record> + '_ {
        let blocks = self.blocks.get(from / BLOCK..).unwrap_or_default();
        blocks.iter().flatten().skip(from % BLOCK)
    }

    /// Every broadcaster once, in order of first hearing.
    pub fn keys(&self) -> impl Iterator<Item = TrackKey> + '_ {
        self.iter()
            .filter(|record| record.next_of_address == NONE)
            .map(Record::key)
    }

    /// Every identifier once, in order of first hearing.
    pub fn rpis(&self) -> impl Iterator<Item = Rpi> + '_ {
        self.iter()
            .filter(|record| record.next_of_rpi == NONE)
            .filter_map(Record::rpi)
    }

    /// All records of a broadcaster, newest first.
    pub fn of_address(&self, key: TrackKey) -> impl Iterator<Item = (RecordId, &Record)> + '_ {
        let head = self
            .by_address
            .find(hash_key(key, self.hash_seed), |id| at(&self.blocks, *id).is_of(key));
        self.chain(head.copied(), |record| record.next_of_address)
    }

    /// All records of an identifier, newest first.
    pub fn of_rpi(&self, rpi: Rpi) -> impl Iterator<Item = (RecordId, &Record)> + '_ {
        let head = self
            .by_rpi
            .find(hash_rpi(rpi, self.hash_seed), |id| at(&self.blocks, *id).rpi == rpi);
        self.chain(head.copied(), |record| record.next_of_rpi)
    }

    fn chain(&self, head: Option<u32>, next: fn(&Record) -> u32) -> impl Iterator<Item = (RecordId, &Record)> + '_ {
        let record = move |id: u32| (id != NONE).then(|| (RecordId(id), at(&self.blocks, id)));
        std::iter::successors(head.and_then(record), move |(_, current)| record(next(current)))
    }

    /// The record of this broadcaster with this identifier (or without one); makes it when there is none.
    pub fn find_or_add(
        &mut self,
        key: TrackKey,
        rpi: Option<Rpi>,
        aem: Option<Aem>,
        family: Family,
        heard_at: UnixMicros,
    ) -> RecordId {
        if let Some(id) = self.find(key, rpi) {
            return id;
        }
        let id = self.len;
        let flags = if rpi.is_some() { HAS_RPI } else { 0 } | if aem.is_some() { HAS_AEM } else { 0 };
        let record = Record {
            first: heard_at,
            last: heard_at,
            rpi: rpi.unwrap_or_default(),
            address: key.address.bytes,
            kind_and_flags: key.address.kind as u8 | flags,
            level_sum: 0,
            interval_ms: 0,
            loss: UNKNOWN_LOSS,
            aem: aem.unwrap_or_default(),
            heard: 0,
            level_n: 0,
            next_of_address: self.put_by_address(key, id),
            next_of_rpi: rpi.map_or(NONE, |rpi| self.put_by_rpi(rpi, id)),
            station: key.station,
            level_min: i8::MAX,
            level_max: i8::MIN,
            level_median: 0,
            family,
        };
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(record),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(record);
                self.blocks.push(block);
            }
        }
        self.len += 1;
        RecordId(id)
    }

    /// A pair stands in the chain of its address and in that of its identifier: both are followed in step until either
    /// ends, so that neither an address with many identifiers nor an identifier under many addresses costs time.
    fn find(&self, key: TrackKey, rpi: Option<Rpi>) -> Option<RecordId> {
        let is_it = |(_, record): &(RecordId, &Record)| record.is_of(key) && record.rpi() == rpi;
        let mut of_address = self.of_address(key);
        let mut of_rpi = rpi.map(|rpi| self.of_rpi(rpi));
        loop {
            let next = of_address.next()?;
            if is_it(&next) {
                return Some(next.0);
            }
            if let Some(of_rpi) = &mut of_rpi {
                let next = of_rpi.next()?;
                if is_it(&next) {
                    return Some(next.0);
                }
            }
        }
    }

    /// Makes `id` the newest of its address; gives the one that was.
    fn put_by_address(&mut self, key: TrackKey, id: u32) -> u32 {
        let (blocks, seed) = (&self.blocks, self.hash_seed);
        put(
            &mut self.by_address,
            id,
            hash_key(key, seed),
            |other| at(blocks, other).is_of(key),
            |other| hash_key(at(blocks, other).key(), seed),
        )
    }

    /// Makes `id` the newest of its identifier; gives the one that was.
    fn put_by_rpi(&mut self, rpi: Rpi, id: u32) -> u32 {
        let (blocks, seed) = (&self.blocks, self.hash_seed);
        put(
            &mut self.by_rpi,
            id,
            hash_rpi(rpi, seed),
            |other| at(blocks, other).rpi == rpi,
            |other| hash_rpi(at(blocks, other).rpi, seed),
        )
    }
}

fn at(blocks: &[Vec<Record>], id: u32) -> &Record {
    &blocks[id as usize / BLOCK][id as usize % BLOCK]
}

fn put(
    index: &mut HashTable<u32>,
    id: u32,
    hash: u64,
    same: impl Fn(u32) -> bool,
    hash_of: impl Fn(u32) -> u64,
) -> u32 {
    if let Some(head) = index.find_mut(hash, |other| same(*other)) {
        std::mem::replace(head, id)
    } else {
        index.insert_unique(hash, id, |other| hash_of(*other));
        NONE
    }
}

/// Mixes 64 bits with a secret (one folded multiplication, as wyhash does).
#[inline]
pub(crate) fn mix(value: u64, seed: u64) -> u64 {
    let product = u128::from(value ^ 0x9e37_79b9_7f4a_7c15) * u128::from((seed ^ 0xa076_1d64_78bd_642f) | 1);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// A [`TrackKey`] as two numbers, which are made, compared and hashed in a few steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedKey {
    /// The address's bytes, the first most significant, and above them its kind.
    address: u64,
    station: StationId,
}

impl PackedKey {
    #[inline]
    pub(crate) fn hash(self, seed: u64) -> u64 {
        mix(self.address ^ u64::from(self.station.0).rotate_right(8), seed)
    }
}

impl From<TrackKey> for PackedKey {
    #[inline]
    fn from(key: TrackKey) -> Self {
        Self {
            address: key.address.number() | (key.address.kind as u64) << 48,
            station: key.station,
        }
    }
}

fn hash_key(key: TrackKey, seed: u64) -> u64 {
    PackedKey::from(key).hash(seed)
}

/// An identifier's bytes are uniform when it is honest; the secret helps against those that are not.
pub(super) fn hash_rpi(rpi: Rpi, seed: u64) -> u64 {
    let value = u128::from_le_bytes(rpi.0);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
    let (low, high) = (value as u64, (value >> 64) as u64);
    mix(low ^ mix(high, seed), seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_without_room_for_its_levels_says_so_and_one_with_room_counts_as_one_by_one() {
        let mut ledger = Ledger::default();
        let id = ledger.find_or_add(key(1), None, None, Family::Unknown, UnixMicros(5));
        let mut one_by_one = *ledger.get(id);
        let mut at_once = one_by_one;
        let mut few = Few::NONE;
        for level in [-50, -90, 20] {
            one_by_one.count(UnixMicros(7), Some(Dbm(level)));
            few.add(Dbm(level));
        }
        assert!(at_once.has_room(few.n));
        at_once.count_few(UnixMicros(7), UnixMicros(7), &few);
        assert_eq!(format!("{one_by_one:?}"), format!("{at_once:?}"));
        at_once.level_n = MOST_LEVELS - 2;
        assert!(at_once.has_room(2) && !at_once.has_room(3));
    }

    fn key(n: u8) -> TrackKey {
        let address = Address {
            bytes: [n, 0, 0, 0, 0, 0],
            kind: AddressKind::RandomResolvable,
        };
        TrackKey {
            station: StationId(0),
            address,
        }
    }

    #[test]
    fn a_record_takes_no_more_than_72_bytes() {
        assert!(size_of::<Record>() <= 72, "{}", size_of::<Record>());
    }

    #[test]
    fn rotation_of_either_without_the_other_is_found_from_both_sides() {
        let mut ledger = Ledger::new(7);
        let add = |ledger: &mut Ledger, address, rpi| {
            ledger.find_or_add(
                key(address),
                Some(Rpi([rpi; 16])),
                None,
                Family::GaenAndroid,
                UnixMicros(0),
            )
        };
        let (a1, a2, b2) = (add(&mut ledger, 1, 1), add(&mut ledger, 1, 2), add(&mut ledger, 2, 2));
        assert_eq!(
            (add(&mut ledger, 1, 1), add(&mut ledger, 2, 2), ledger.len()),
            (a1, b2, 3)
        );
        assert_eq!(
            ledger
                .of_address(key(1))
                .map(|(_, record)| record.rpi().unwrap().0[0])
                .collect::<Vec<_>>(),
            [2, 1]
        );
        assert_eq!(
            ledger
                .of_rpi(Rpi([2; 16]))
                .map(|(_, record)| record.key())
                .collect::<Vec<_>>(),
            [key(2), key(1)]
        );
        assert_ne!(a1, a2);
    }

    #[test]
    fn reports_without_an_identifier_have_a_record_of_their_own() {
        let mut ledger = Ledger::new(7);
        let with = ledger.find_or_add(key(1), Some(Rpi([0; 16])), None, Family::GaenIos, UnixMicros(0));
        let without = ledger.find_or_add(key(1), None, None, Family::Unknown, UnixMicros(0));
        assert_ne!(with, without);
        assert_eq!(
            ledger.find_or_add(key(1), None, None, Family::Unknown, UnixMicros(9)),
            without
        );
        assert_eq!(ledger.get(without).rpi(), None);
    }

    proptest! {
        #[test]
        fn every_pair_is_found_again_and_chains_are_complete(pairs in prop::collection::vec((0u8..20, prop::option::of(0u8..20)), 1..300), seed in any::<u64>()) {
            let mut ledger = Ledger::new(seed);
            let mut model = std::collections::BTreeMap::new();
            for (address, rpi) in pairs {
                let id = ledger.find_or_add(key(address), rpi.map(|n| Rpi([n; 16])), None, Family::Unknown, UnixMicros(0));
                prop_assert_eq!(*model.entry((address, rpi)).or_insert(id), id);
            }
            prop_assert_eq!(ledger.len(), model.len());
            for n in 0..20 {
                let of_address = model.keys().filter(|(address, _)| *address == n).count();
                prop_assert_eq!(ledger.of_address(key(n)).count(), of_address);
                let of_rpi = model.keys().filter(|(_, rpi)| *rpi == Some(n)).count();
                prop_assert_eq!(ledger.of_rpi(Rpi([n; 16])).count(), of_rpi);
            }
        }
    }
}
