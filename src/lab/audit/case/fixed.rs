//! A value that phones send for a moment at a rotation, before and after the change of the address, so that the identifiers
//! on both sides cannot be joined by it: what Google's phones do since September 2020 (risks and mitigations FAQ). It is
//! nobody's identifier.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identifier, is_on_air};
use crate::lab::address::Address;
use crate::lab::audit::evidence::{Evidence, Pair};
use crate::lab::gaen::Rpi;
use crate::lab::time::Micros;

/// From so many addresses on, no single phone can have had them all in a row of moments.
const MANY_ADDRESSES: usize = 4;
/// How long such a moment is at most.
const MOMENT: Micros = Micros::from_secs(15);
/// How long it is where nothing else tells that it is a moment at a rotation: such a value is sent for some 3 s.
const SHORT: Micros = Micros::from_secs(5);
/// How soon before and after it the phone's own identifiers are heard where few addresses have to do.
const NEXT: Micros = Micros::from_secs(2);

/// The fixed values among identifiers.
pub(super) fn values(evidence: &Evidence, identifiers: &[Identifier]) -> BTreeSet<Rpi> {
    let of = |number: &u32| &evidence.pairs[*number as usize];
    // Once, or at the beginning and at the end of an address's life.
    let is_momentary = |pair: &Pair| {
        let (silence, _) = pair.silence;
        pair.last.at.since(pair.first.at).0.saturating_sub(silence.0) <= 2 * MOMENT.0
    };
    let candidates: Vec<&Identifier> = identifiers
        .iter()
        .filter(|identifier| identifier.addresses.len() > 1 && identifier.pairs.iter().map(of).all(is_momentary))
        .collect();
    if candidates.is_empty() {
        return BTreeSet::new();
    }
    let mut under: BTreeMap<Address, Vec<&Pair>> = candidates
        .iter()
        .flat_map(|identifier| &identifier.addresses)
        .map(|address| (*address, Vec::new()))
        .collect();
    for pair in &evidence.pairs {
        if let Some(pairs) = under.get_mut(&pair.address()) {
            pairs.push(pair);
        }
    }
    candidates
        .into_iter()
        .filter(|identifier| is_fixed(identifier, of, &under))
        .map(|identifier| identifier.rpi)
        .collect()
}

fn is_fixed<'a>(identifier: &Identifier, of: impl Fn(&u32) -> &'a Pair, under: &BTreeMap<Address, Vec<&Pair>>) -> bool {
    let others = |pair: &Pair| {
        let pairs = under.get(&pair.address()).map_or(&[][..], Vec::as_slice);
        // A value lives for a moment; an identifier under the same address is looked for among few.
        pairs
            .iter()
            .filter(|other| other.rpi != identifier.rpi)
            .take(64)
            .copied()
            .collect::<Vec<_>>()
    };
    let moments = || {
        identifier
            .pairs
            .iter()
            .map(&of)
            .filter(|pair| is_on_air(pair.address()))
    };
    if identifier.addresses.len() >= MANY_ADDRESSES {
        // Whose addresses carry nothing else is a phone that changes addresses in haste.
        let carrying: BTreeSet<Address> = moments()
            .filter(|pair| !others(pair).is_empty())
            .map(Pair::address)
            .collect();
        return carrying.len() * 2 > identifier.addresses.len();
    }
    // Of few phones: each moment must follow at once on another identifier, or be followed by one, all within one moment.
    let follows = |pair: &Pair| others(pair).iter().any(|other| is_next(other, pair));
    let is_followed = |pair: &Pair| others(pair).iter().any(|other| is_next(pair, other));
    let encloses = |pair: &Pair| others(pair).iter().any(|other| is_within(pair, other));
    // Or each for a short moment under an address that carries somebody's own identifier.
    let is_short = |pair: &Pair| pair.last.at.since(pair.first.at).0.saturating_sub(pair.silence.0.0) <= SHORT.0;
    let addresses: BTreeSet<Address> = moments().map(Pair::address).collect();
    if addresses.len() > 1 && moments().all(|pair| is_short(pair) && !others(pair).is_empty()) {
        return true;
    }
    moments().all(|pair| follows(pair) || is_followed(pair) || encloses(pair))
        && (moments().any(encloses) || moments().any(follows) && moments().any(is_followed))
}

/// Whether the other fills the silence of a pair that was heard before and after it, at the same station.
fn is_within(pair: &Pair, other: &Pair) -> bool {
    let (silence, from) = pair.silence;
    let until = from.plus(silence);
    let is_near = |gap: Micros| gap.0 >= 0 && gap <= NEXT;
    pair.station() == other.station() && is_near(other.first.at.since(from)) && is_near(until.since(other.last.at))
}

/// Whether one ends just before the other begins, at the same station.
fn is_next(before: &Pair, after: &Pair) -> bool {
    let gap = after.first.at.since(before.last.at);
    before.station() == after.station() && gap.0 >= 0 && gap <= NEXT
}
