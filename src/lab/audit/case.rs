//! Evidence as rules look at it: identifiers and addresses joined over stations.

pub(super) mod clocks;
mod fixed;
pub(super) mod listening;
pub(super) mod metadata;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::evidence::{Evidence, Owner, Pair};
use super::links::Links;
use super::verdict::Sight;
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::StationId;
use crate::lab::gaen::{Layout, Rpi};
use crate::lab::time::{Micros, UnixMicros};

/// Whether an address is what was on the air, and names its sender: neither an identity that the controller resolved nor
/// something that a source puts in its place.
#[must_use]
pub const fn is_on_air(address: Address) -> bool {
    !matches!(
        address.kind,
        AddressKind::PublicIdentity
            | AddressKind::RandomIdentity
            | AddressKind::Anonymous
            | AddressKind::Opaque
            | AddressKind::Unknown
    )
}

/// An identifier, over all stations.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// Which.
    pub rpi: Rpi,
    /// Its pairs, by their number in the evidence, in order of first hearing.
    pub pairs: Vec<u32>,
    /// Its addresses on the air, each once.
    pub addresses: Vec<Address>,
    /// Identities that controllers resolved, each once.
    pub resolved: Vec<Address>,
    /// The first and the last report.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
    /// How many reports.
    pub heard: u64,
    /// Whose layout its packets have.
    pub layout: Option<Layout>,
}

/// An address on the air, over all stations.
#[derive(Clone, Debug)]
pub struct OnAir {
    /// Its pairs, by their number in the evidence, in order of first hearing.
    pub pairs: Vec<u32>,
    /// Its identifiers, each once, in order of first hearing; without fixed values.
    pub rpis: Vec<Rpi>,
}

/// What is judged.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What it rests on.
    pub evidence: &'a Evidence,
    /// Identifiers in order of first hearing.
    pub identifiers: Vec<Identifier>,
    /// Addresses on the air that carried exposure notifications.
    pub addresses: BTreeMap<Address, OnAir>,
    /// Identities that controllers resolved, with their identifiers.
    pub resolved: BTreeMap<Address, Vec<Rpi>>,
    /// Values that many phones send for a moment at a rotation: nobody's identifier.
    pub fixed: BTreeSet<Rpi>,
    /// Who broadcasts which identifier, as far as it is known.
    pub owners: BTreeMap<Rpi, Owner>,
    links: OnceLock<Links>,
    kept_metadata: OnceLock<Vec<metadata::Kept>>,
    /// Whether these are some of the identifiers only: what carries none cannot be laid to their broadcasters.
    pub is_part: bool,
    pub(super) listening: Vec<listening::Listening>,
    pub(super) clocks: clocks::Clocks,
}

impl<'a> Case<'a> {
    /// Of everyone.
    #[must_use]
    pub fn new(evidence: &'a Evidence) -> Self {
        Self {
            is_part: false,
            ..Self::of(evidence, |_| true)
        }
    }

    /// Of those identifiers only whose broadcaster is of a model.
    #[must_use]
    pub fn of_model(evidence: &'a Evidence, model: &str) -> Self {
        let owners = owners(evidence);
        Self::of(evidence, |rpi| {
            owners.get(&rpi).is_some_and(|owner| owner.model == model)
        })
    }

    /// Of some identifiers.
    #[must_use]
    pub fn of(evidence: &'a Evidence, is_meant: impl Fn(Rpi) -> bool) -> Self {
        let mut by_rpi: BTreeMap<Rpi, Vec<u32>> = BTreeMap::new();
        for (number, pair) in (0u32..).zip(&evidence.pairs) {
            if is_meant(pair.rpi) {
                by_rpi.entry(pair.rpi).or_default().push(number);
            }
        }
        let mut identifiers: Vec<Identifier> = by_rpi
            .into_iter()
            .filter_map(|(rpi, pairs)| identifier(evidence, rpi, pairs))
            .collect();
        identifiers.sort_by_key(|identifier| (identifier.first, identifier.rpi));
        let fixed = fixed::values(evidence, &identifiers);
        let clocks = clocks::Clocks::of(evidence, &identifiers);
        let mut case = Self {
            evidence,
            clocks,
            identifiers,
            addresses: BTreeMap::new(),
            resolved: BTreeMap::new(),
            fixed,
            owners: owners(evidence),
            links: OnceLock::new(),
            kept_metadata: OnceLock::new(),
            is_part: true,
            listening: evidence.stations.iter().map(listening::Listening::of).collect(),
        };
        case.join_addresses();
        case
    }

    fn join_addresses(&mut self) {
        let mut pairs: Vec<u32> = self
            .identifiers
            .iter()
            .flat_map(|identifier| identifier.pairs.iter().copied())
            .collect();
        pairs.sort_by_key(|number| self.evidence.pairs[*number as usize].first);
        let mut seen: BTreeSet<(Address, Rpi)> = BTreeSet::new();
        for number in pairs {
            let pair = &self.evidence.pairs[number as usize];
            let address = pair.address();
            if is_on_air(address) {
                let on_air = self.addresses.entry(address).or_insert_with(|| OnAir {
                    pairs: Vec::new(),
                    rpis: Vec::new(),
                });
                on_air.pairs.push(number);
                if !self.fixed.contains(&pair.rpi) && seen.insert((address, pair.rpi)) {
                    on_air.rpis.push(pair.rpi);
                }
            } else if address.kind.is_resolved() {
                let rpis = self.resolved.entry(address).or_default();
                if seen.insert((address, pair.rpi)) {
                    rpis.push(pair.rpi);
                }
            }
        }
    }

    /// Which identifier follows which on one phone, as an outsider could tell; found out when it is first asked for.
    #[must_use]
    pub fn links(&self) -> &Links {
        self.links.get_or_init(|| Links::of(self))
    }

    /// Metadata that stayed when the identifier changed.
    pub(super) fn kept_metadata(&self) -> &[metadata::Kept] {
        self.kept_metadata.get_or_init(|| metadata::kept(self))
    }

    /// Identifiers whose metadata stayed over others: they were not encrypted for them, and decrypt to anything.
    pub(super) fn with_kept_metadata(&self) -> BTreeSet<Rpi> {
        self.kept_metadata().iter().flat_map(|kept| kept.rpis(self)).collect()
    }

    /// A pair by its number.
    #[must_use]
    pub fn pair(&self, number: u32) -> &'a Pair {
        &self.evidence.pairs[number as usize]
    }

    /// All pairs that are judged.
    pub fn pairs(&self) -> impl Iterator<Item = &'a Pair> + '_ {
        self.identifiers
            .iter()
            .flat_map(|identifier| identifier.pairs.iter())
            .map(|number| self.pair(*number))
    }

    /// Identifiers that are somebody's.
    pub fn own_identifiers(&self) -> impl Iterator<Item = &Identifier> + '_ {
        self.identifiers
            .iter()
            .filter(|identifier| !self.fixed.contains(&identifier.rpi))
    }

    /// The models whose broadcasts were heard, each once.
    #[must_use]
    pub fn models(&self) -> BTreeSet<&str> {
        self.identifiers
            .iter()
            .filter_map(|identifier| self.owners.get(&identifier.rpi))
            .map(|owner| owner.model.as_str())
            .filter(|model| !model.is_empty())
            .collect()
    }

    /// When an identifier was there: stretches that a silence of more than `gap` divides, over all stations.
    #[must_use]
    pub fn stays(&self, identifier: &Identifier, gap: Micros) -> Vec<[UnixMicros; 2]> {
        self.stays_of(&identifier.pairs, gap)
    }

    /// Whether times of stations cannot be put together: one of several had its clock set back.
    #[must_use]
    pub fn has_odd_clocks(&self) -> bool {
        let stations = || self.evidence.stations.iter().filter(|station| station.reports > 0);
        stations().count() > 1 && stations().any(|station| station.was_set_back)
    }

    /// The station by whose times alone something over these pairs is judged, where those of several cannot be put together:
    /// the one that heard most.
    #[must_use]
    pub fn alone(&self, pairs: &[u32]) -> Option<StationId> {
        if !self.has_odd_clocks() {
            return None;
        }
        let mut heard: BTreeMap<StationId, u64> = BTreeMap::new();
        for pair in pairs.iter().map(|number| self.pair(*number)) {
            *heard.entry(pair.station()).or_default() += u64::from(pair.heard);
        }
        heard.into_iter().max_by_key(|(_, n)| *n).map(|(station, _)| station)
    }

    /// Of these pairs those whose times go together: of the station that heard most, and of those whose clocks are not apart
    /// from its.
    #[must_use]
    pub fn in_step(&self, pairs: &[u32]) -> Vec<u32> {
        if !self.clocks.any_apart() {
            return pairs.to_vec();
        }
        let mut heard: BTreeMap<StationId, u64> = BTreeMap::new();
        for pair in pairs.iter().map(|number| self.pair(*number)) {
            *heard.entry(pair.station()).or_default() += u64::from(pair.heard);
        }
        let Some((most, _)) = heard.into_iter().max_by_key(|(_, n)| *n) else {
            return Vec::new();
        };
        let is_in_step = |number: &u32| self.clocks.apart(most, self.pair(*number).station()).is_none();
        pairs.iter().copied().filter(is_in_step).collect()
    }

    /// When any of these pairs were there: stretches that a silence of more than `gap` divides, over all stations whose
    /// clocks go together.
    #[must_use]
    pub fn stays_of(&self, pairs: &[u32], gap: Micros) -> Vec<[UnixMicros; 2]> {
        let alone = self.alone(pairs);
        let mut parts: Vec<[UnixMicros; 2]> = Vec::new();
        for number in pairs {
            let pair = self.pair(*number);
            if alone.is_some_and(|station| station != pair.station()) {
                continue;
            }
            let (silence, from) = pair.silence;
            if silence > gap {
                parts.push([pair.first.at, from]);
                parts.push([from.plus(silence), pair.last.at]);
            } else {
                parts.push([pair.first.at, pair.last.at]);
            }
        }
        parts.sort_unstable();
        let mut stays: Vec<[UnixMicros; 2]> = Vec::new();
        for [from, to] in parts {
            match stays.last_mut() {
                Some([_, end]) if from.since(*end) <= gap => *end = to.max(*end),
                _ => stays.push([from, to]),
            }
        }
        stays
    }

    /// For how long a station listened within a span of time, as far as its reports show.
    #[must_use]
    pub fn listened(&self, station: StationId, from: UnixMicros, to: UnixMicros) -> Micros {
        let listening = self.listening.get(usize::from(station.0));
        listening.map_or(Micros(0), |listening| listening.between(from, to))
    }

    /// Why nothing can be said of addresses, if so.
    #[must_use]
    pub fn no_addresses(&self) -> Option<&'static str> {
        if self.identifiers.is_empty() {
            return Some(NOTHING_HEARD);
        }
        if !self.addresses.is_empty() {
            return None;
        }
        Some(if self.resolved.is_empty() {
            "this source does not tell addresses (macOS gives a handle of its own instead)"
        } else {
            "all addresses were resolved by the receiving controller: none is what was on the air"
        })
    }
}

/// The reason where beacons of other kinds would have to be laid to some of the phones.
pub const WHOSE_BEACON: &str = "other beacons carry no RPI: whether they are of these phones is not known";

/// The reason of every rule where there is nothing to judge.
pub const NOTHING_HEARD: &str = "no exposure notification was heard";

fn identifier(evidence: &Evidence, rpi: Rpi, mut pairs: Vec<u32>) -> Option<Identifier> {
    let of = |number: &u32| &evidence.pairs[*number as usize];
    // In whatever order captures came in.
    pairs.sort_by_key(|number| of(number).first);
    let first = pairs.iter().map(|number| of(number).first).min()?;
    let last = pairs.iter().map(|number| of(number).last).max()?;
    let addresses = |is_meant: fn(Address) -> bool| -> Vec<Address> {
        let all: BTreeSet<Address> = pairs
            .iter()
            .map(|number| of(number).address())
            .filter(|address| is_meant(*address))
            .collect();
        all.into_iter().collect()
    };
    let layout = pairs
        .iter()
        .filter_map(|number| evidence.looks_of(of(number)).find(|facts| facts.look.is_raw))
        .find_map(|facts| facts.look.layout);
    Some(Identifier {
        rpi,
        addresses: addresses(is_on_air),
        resolved: addresses(|address| address.kind.is_resolved()),
        first,
        last,
        heard: pairs.iter().map(|number| u64::from(of(number).heard)).sum(),
        layout,
        pairs,
    })
}

fn owners(evidence: &Evidence) -> BTreeMap<Rpi, Owner> {
    let own = evidence.own.rpis.iter().map(|own| {
        let info = &evidence.station(own.station).info;
        let owner = Owner {
            name: info.name.clone(),
            model: info.model.clone(),
        };
        (own.rpi, owner)
    });
    // What is told from outside goes before a phone's own log, which may not know its model.
    let mut all: BTreeMap<Rpi, Owner> = own.collect();
    all.extend(evidence.owners.clone());
    all
}

/// What is said where clocks of stations do not go together.
pub const ODD_CLOCKS: &str = "the clock of a station was set back: each RPI and address is judged by the station, and between two \
                              settings of its clock, that heard most of it, not over all";
