//! What Apple's messages give away beside exposure notifications: counters, and tokens that outlive an address.
//!
//! Sources: Martin et al., "Handoff all your privacy" (PETS 2019); Celosia and Cunche, "Discontinued privacy" (PETS 2020);
//! Becker, Li and Starobinski, "Tracking anonymized Bluetooth devices" (PETS 2019).

use crate::lab::ad::{self, ty as ad_ty};
use crate::lab::advert::Advertisement;
use crate::lab::audit::verdict::Sight;
use crate::lab::beacon::apple::{messages, ty};
use crate::lab::ledger::mix;
use crate::lab::stats::LevelSum;

/// Company identifier, as it stands in manufacturer data.
const APPLE: [u8; 2] = [0x4c, 0x00];
/// Tokens of a device that are kept, the newest last: those at an address's beginning and end are what links.
const MOST_TOKENS: usize = 16;

/// Bytes of a message that stay the same for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Type of the message.
    pub ty: u8,
    /// Its bytes, as a number that equal bytes share.
    pub value: u64,
    /// The first and the last packet with it.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
}

/// A device with Apple's messages, under one address at one station.
#[derive(Clone, Debug)]
pub struct AppleTrack {
    /// The first and the last packet.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
    /// Levels.
    pub levels: LevelSum,
    /// Counter of the first and of the last Handoff message.
    pub handoff: Option<(u16, u16)>,
    /// The packets of these.
    pub handoff_seen: Option<(Sight, Sight)>,
    /// What could link it to another address.
    pub tokens: Vec<Token>,
}

/// What is worth keeping of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    handoff: Option<u16>,
    tokens: [Option<(u8, u64)>; 2],
}

/// What Apple's messages in a payload hold; `None` where there are none.
pub(super) fn tokens(payload: &[u8]) -> Option<Found> {
    let mut found = Found::default();
    let mut any = false;
    for structure in ad::structures(payload).filter(|structure| structure.ty == ad_ty::MANUFACTURER) {
        let Some(data) = structure.data.strip_prefix(&APPLE) else {
            continue;
        };
        any = true;
        for message in messages(data) {
            match (message.ty, message.value) {
                // Clipboard flag, counter (little-endian), tag and ciphertext.
                (ty::HANDOFF, [_, low, high, rest @ ..]) if rest.len() >= 4 => {
                    found.handoff = Some(u16::from_le_bytes([*low, *high]));
                    found.tokens[0] = Some((ty::HANDOFF, number(message.value)));
                }
                // Status, flags, then three bytes of an authentication tag.
                (ty::NEARBY_INFO, [_, _, tag @ ..]) if tag.len() >= 3 => {
                    found.tokens[1] = Some((ty::NEARBY_INFO, number(&tag[..3])));
                }
                _ => {}
            }
        }
    }
    any.then_some(found)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0, |sum, chunk| {
        let mut part = [0; 8];
        part[..chunk.len()].copy_from_slice(chunk);
        mix(u64::from_le_bytes(part), sum)
    })
}

impl AppleTrack {
    pub(super) fn new(first: Sight) -> Self {
        Self {
            first,
            last: first,
            levels: LevelSum::default(),
            handoff: None,
            handoff_seen: None,
            tokens: Vec::new(),
        }
    }

    pub(super) fn see(&mut self, found: Found, sight: Sight) {
        if let Some(counter) = found.handoff {
            self.handoff = Some((self.handoff.map_or(counter, |(first, _)| first), counter));
            self.handoff_seen = Some((self.handoff_seen.map_or(sight, |(first, _)| first), sight));
        }
        for (ty, value) in found.tokens.into_iter().flatten() {
            if let Some(token) = self
                .tokens
                .iter_mut()
                .find(|token| token.ty == ty && token.value == value)
            {
                token.last = sight;
                continue;
            }
            if self.tokens.len() >= MOST_TOKENS {
                // The oldest half stays: it links to the address before; the newest links to the one after.
                self.tokens.remove(MOST_TOKENS / 2);
            }
            self.tokens.push(Token {
                ty,
                value,
                first: sight,
                last: sight,
            });
        }
    }

    pub(super) fn count(&mut self, advert: &Advertisement, number: u64) {
        (self.last.at, self.last.number) = (advert.at, number);
        if let Some(token) = self.tokens.last_mut() {
            token.last = self.last;
        }
        if let Some(level) = advert.rssi {
            self.levels.add(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn handoff_counters_and_authentication_tags_are_found() {
        let payload = hex!("02011a0bff4c00 1006 0318aabbccdd 0000");
        let found = tokens(&hex!("02011a0aff4c001005031caabbcc")).unwrap();
        assert_eq!(found.handoff, None);
        assert!(found.tokens[1].is_some());
        assert!(tokens(&payload).is_some());
        let handoff = tokens(&hex!("14ff4c000c0e00b54d0102030405060708090a0b000000")).unwrap();
        assert_eq!(handoff.handoff, Some(0x4db5));
        assert_eq!(tokens(&hex!("020106")), None);
        assert_eq!(tokens(&hex!("03ff4c00")), Some(Found::default()));
    }
}
