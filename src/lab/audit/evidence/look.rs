//! What an exposure notification looks like in a single packet: all that tells kinds of phones apart before any key.

use std::collections::BTreeMap;

use crate::lab::ad;
use crate::lab::address::AddressKind;
use crate::lab::advert::{Advertisement, PduType};
use crate::lab::audit::verdict::Sight;
use crate::lab::gaen::{self, Layout};
use crate::lab::validate::{Check, Remark, validate};

/// Looks that are told apart; all further ones share the last.
const MOST: usize = 64;
/// AD types that a look keeps.
const TYPES: usize = 16;

/// What does not depend on identifier, metadata and address bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// PDU type.
    pub pdu: PduType,
    /// Of an extended advertisement: connectable, scannable.
    pub extended: Option<(bool, bool)>,
    /// Kind of address.
    pub address: AddressKind,
    /// Types of the AD structures, in order, the first sixteen.
    pub types: Vec<u8>,
    /// Value of the Flags.
    pub flags: Option<Vec<u8>>,
    /// Length of the payload.
    pub len: usize,
    /// Whether the payload is byte for byte as received.
    pub is_raw: bool,
    /// Whose layout it is; `None` without a whole identifier.
    pub layout: Option<Layout>,
}

impl Look {
    fn of(advert: &Advertisement) -> Self {
        let extended = advert.pdu == PduType::AdvExtInd;
        let bits = advert.details.event_type;
        Self {
            pdu: advert.pdu,
            extended: extended.then_some((bits & 1 != 0, bits & 2 != 0)),
            address: advert.address.kind,
            types: ad::structures(&advert.data)
                .take(TYPES)
                .map(|structure| structure.ty)
                .collect(),
            flags: gaen::flags(&advert.data).map(|flags| flags[..flags.len().min(TYPES)].to_vec()),
            len: advert.data.len(),
            is_raw: advert.details.form.is_raw(),
            layout: gaen::decode(&advert.data).map(|frame| frame.layout),
        }
    }
}

/// A look, how often it was seen, and what a single packet of it shows.
#[derive(Clone, Debug)]
pub struct LookFacts {
    /// The look; that of the first packet where several share this.
    pub look: Look,
    /// How many packets.
    pub n: u64,
    /// The first of them.
    pub first: Sight,
    /// What the checks of a single packet say.
    pub remarks: Vec<Remark>,
}

impl LookFacts {
    /// What a check of a single packet says.
    #[must_use]
    pub fn remark(&self, check: Check) -> Option<&Remark> {
        self.remarks.iter().find(|remark| remark.check == check)
    }
}

/// Some of the looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookSet(u64);

impl LookSet {
    pub(super) const fn insert(&mut self, look: u8) {
        self.0 |= 1 << look;
    }

    /// Whether a look is among them, by its number in [`Evidence::looks`](super::Evidence::looks).
    #[must_use]
    pub const fn has(self, look: usize) -> bool {
        look < MOST && self.0 >> look & 1 != 0
    }
}

/// All looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks {
    known: BTreeMap<Look, u8>,
    facts: Vec<LookFacts>,
}

impl Looks {
    /// The number of an advertisement's look.
    pub(super) fn see(&mut self, advert: &Advertisement, sight: Sight) -> u8 {
        let look = Look::of(advert);
        if let Some(number) = self.known.get(&look) {
            return *number;
        }
        let number = self.facts.len().min(MOST - 1);
        if self.facts.len() < MOST {
            self.facts.push(LookFacts {
                look: look.clone(),
                n: 0,
                first: sight,
                remarks: validate(&advert.data, advert.pdu, advert.address.kind),
            });
        }
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        if self.known.len() < MOST * MOST {
            self.known.insert(look, number);
        }
        number
    }

    pub(super) fn count(&mut self, look: u8, n: u64) {
        self.facts[usize::from(look)].n += n;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LookFacts> + '_ {
        self.facts.iter()
    }

    pub(super) fn of(&self, set: LookSet) -> impl Iterator<Item = &LookFacts> + '_ {
        (0..)
            .zip(&self.facts)
            .filter(move |(number, _)| set.has(*number))
            .map(|(_, facts)| facts)
    }
}
