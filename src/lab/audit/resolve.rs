//! Identities that a controller resolved, and the resolvable addresses that belong to them.
//!
//! A controller that holds the identity resolving key (IRK) of a bonded phone reports that phone's identity address in the
//! place of the resolvable address that was on the air (HCI address types 2 and 3). A log then shows one address that never
//! changes, although everybody else saw it change. The keys themselves stand in the log (LE Add Device To Resolving List),
//! so that the resolvable addresses in the other logs can be attributed: `ah(IRK, prand)` is AES-128 of the 24 bits `prand`,
//! zeros before them, of which the last 24 bits are kept (Core specification, vol. 3 part H, 2.2.2).

use std::collections::{BTreeMap, BTreeSet};

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};

use super::case::Case;
use super::evidence::Evidence;
use super::verdict::Sight;
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::StationId;
use crate::lab::event::Irk;
use crate::lab::gaen::Rpi;
use crate::lab::time::{Micros, UnixMicros};

/// Resolvable addresses that are tried with every key.
const MOST_ADDRESSES: usize = 200_000;
/// Keys that are tried.
const MOST_KEYS: usize = 64;
/// Identifiers of an address that are kept by name: a phone sends one with each address.
const MOST_RPIS: usize = 8;

/// The random address hash function `ah`, ready for many addresses.
pub struct Resolver(Aes128);

impl Resolver {
    /// With a key, most significant byte first.
    #[must_use]
    pub fn new(irk: &Irk) -> Self {
        Self(Aes128::new(&Array(irk.0)))
    }

    /// Whether a resolvable address was made with this key. One in 2^24 others passes too.
    #[must_use]
    pub fn resolves(&self, address: Address) -> bool {
        if address.kind != AddressKind::RandomResolvable {
            return false;
        }
        let [a, b, c, hash @ ..] = address.bytes;
        self.hash([a, b, c]) == hash
    }

    /// The last three bytes of a resolvable address with these first ones.
    #[must_use]
    pub fn hash(&self, random: [u8; 3]) -> [u8; 3] {
        let mut block = [0; 16];
        block[13..].copy_from_slice(&random);
        let mut block = Array(block);
        self.0.encrypt_block(&mut block);
        let [.., a, b, c] = block.0;
        [a, b, c]
    }
}

/// A resolved identity, as it was published and as it really was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Reports with exposure notifications under it.
    pub reports: u64,
    /// Its identifiers, each once.
    pub rpis: BTreeSet<Rpi>,
    /// Who reported it.
    pub stations: BTreeSet<StationId>,
    /// The first and the last of these reports: what was read as the life of an address.
    pub seen: Option<(Sight, Sight)>,
    /// The addresses under which other stations heard the same identifiers: what was on the air.
    pub on_air: BTreeMap<Address, OnAir>,
    /// Of these, those that the identity's key resolves; `None` where no log holds the key.
    pub confirmed: Option<usize>,
    /// Further resolvable addresses that the key resolves, whatever they carried.
    pub further: usize,
    /// Stations whose resolving list holds the key.
    pub key_held_by: BTreeSet<StationId>,
    /// The station whose own identity it is, where a log tells: the key is that of its own list.
    pub is_station: Option<StationId>,
}

/// An address that belongs to an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnAir {
    /// First and last report.
    pub first: UnixMicros,
    /// See `first`.
    pub last: UnixMicros,
    /// How many of the identity's identifiers it carried.
    pub rpis: usize,
    /// The first few of them, in order of their bytes.
    pub rpi_list: Vec<Rpi>,
    /// Whether the identity's key resolves it.
    pub is_confirmed: bool,
}

impl Identity {
    /// How long the identity was seen, which was read as the life of an address.
    #[must_use]
    pub fn apparent_life(&self) -> Micros {
        self.seen.map_or(Micros(0), |(first, last)| last.at.since(first.at))
    }

    /// The longest time that an address of it was really seen on the air.
    #[must_use]
    pub fn longest_on_air(&self) -> Micros {
        self.on_air
            .values()
            .map(|on_air| on_air.last.since(on_air.first))
            .max()
            .unwrap_or(Micros(0))
    }
}

/// All identities under which exposure notifications were reported.
#[must_use]
pub fn identities(case: &Case<'_>) -> BTreeMap<Address, Identity> {
    let mut found: BTreeMap<Address, Identity> = BTreeMap::new();
    for pair in case.pairs().filter(|pair| pair.address().kind.is_resolved()) {
        let identity = found.entry(pair.address()).or_default();
        identity.reports += u64::from(pair.heard);
        identity.rpis.insert(pair.rpi);
        identity.stations.insert(pair.station());
        identity.seen = Some(identity.seen.map_or((pair.first, pair.last), |(first, last)| {
            (first.min(pair.first), last.max(pair.last))
        }));
    }
    if found.is_empty() {
        return found;
    }
    // Where many identities share an identifier, somebody invents them: the first few tell enough.
    let mut of_rpi: BTreeMap<Rpi, Vec<Address>> = BTreeMap::new();
    for (identity, facts) in &found {
        for rpi in &facts.rpis {
            let identities = of_rpi.entry(*rpi).or_default();
            if identities.len() < MOST_KEYS {
                identities.push(*identity);
            }
        }
    }
    for (address, on_air) in &case.addresses {
        let mut joined: BTreeMap<Address, (usize, Vec<Rpi>)> = BTreeMap::new();
        for rpi in &on_air.rpis {
            for identity in of_rpi.get(rpi).into_iter().flatten() {
                let (rpis, list) = joined.entry(*identity).or_default();
                *rpis += 1;
                if list.len() < MOST_RPIS {
                    list.push(*rpi);
                }
            }
        }
        if joined.is_empty() {
            continue;
        }
        let (first, last) = on_air
            .pairs
            .iter()
            .map(|number| case.pair(*number))
            .fold((UnixMicros(i64::MAX), UnixMicros(i64::MIN)), |(first, last), pair| {
                (first.min(pair.first.at), last.max(pair.last.at))
            });
        for (identity, (rpis, rpi_list)) in joined {
            if let Some(identity) = found.get_mut(&identity) {
                identity.on_air.insert(
                    *address,
                    OnAir {
                        first,
                        last,
                        rpis,
                        rpi_list,
                        is_confirmed: false,
                    },
                );
            }
        }
    }
    confirm(case.evidence, &mut found);
    found
}

/// Tries the identities' keys on the addresses.
fn confirm(evidence: &Evidence, found: &mut BTreeMap<Address, Identity>) {
    let resolvable: BTreeSet<Address> = evidence
        .addresses()
        .iter()
        .map(|slot| slot.key.address)
        .filter(|address| address.kind == AddressKind::RandomResolvable)
        .take(MOST_ADDRESSES)
        .collect();
    let identities: Vec<Address> = found.keys().copied().take(MOST_KEYS).collect();
    for address in identities {
        let is_same = |peer: Address| peer.bytes == address.bytes;
        let entries = evidence
            .resolving
            .iter()
            .filter(|(_, entry)| is_same(entry.peer) && !entry.peer_irk.is_none());
        let holders: BTreeSet<StationId> = entries.clone().map(|(station, _)| *station).collect();
        let Some((_, entry)) = entries.reduce(|_, newest| newest) else {
            continue;
        };
        // Whose own key it is tells whose identity.
        let owner = evidence
            .resolving
            .iter()
            .find(|(_, other)| other.local_irk == entry.peer_irk)
            .map(|(station, _)| *station);
        let resolver = Resolver::new(&entry.peer_irk);
        let Some(identity) = found.get_mut(&address) else {
            continue;
        };
        identity.key_held_by = holders;
        identity.is_station = owner;
        for (on_air, facts) in &mut identity.on_air {
            facts.is_confirmed = resolver.resolves(*on_air);
        }
        identity.confirmed = Some(identity.on_air.values().filter(|facts| facts.is_confirmed).count());
        identity.further = resolvable
            .iter()
            .filter(|other| !identity.on_air.contains_key(other) && resolver.resolves(**other))
            .count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn the_sample_of_the_core_specification_resolves() {
        // Vol. 3 part H, appendix D.7: IRK, prand 708194, hash 0dfbaa.
        let resolver = Resolver::new(&Irk(hex!("ec0234a357c8ad05341010a60a397d9b")));
        let address = |bytes| Address {
            bytes,
            kind: AddressKind::RandomResolvable,
        };
        assert!(resolver.resolves(address(hex!("7081940dfbaa"))));
        assert!(!resolver.resolves(address(hex!("7081940dfbab"))));
        let other_kind = Address {
            bytes: hex!("7081940dfbaa"),
            kind: AddressKind::RandomNonresolvable,
        };
        assert!(!resolver.resolves(other_kind));
    }
}
