//! Apple's manufacturer data: `type, length, value` messages after the company identifier.
//!
//! Source: the furiousMAC "continuity" message descriptions; Celosia and Cunche, "Discontinued Privacy" (`PoPETs` 2020);
//! Apple, `HomeKit` Accessory Protocol (the length of type 0x06).

use super::Family;

/// Message types.
pub(crate) mod ty {
    pub(crate) const BACKGROUND: u8 = 0x01;
    pub(crate) const IBEACON: u8 = 0x02;
    pub(crate) const AIRPRINT: u8 = 0x03;
    pub(crate) const AIRDROP: u8 = 0x05;
    pub(crate) const HOMEKIT: u8 = 0x06;
    pub(crate) const PROXIMITY_PAIRING: u8 = 0x07;
    pub(crate) const HEY_SIRI: u8 = 0x08;
    pub(crate) const AIRPLAY_TARGET: u8 = 0x09;
    pub(crate) const AIRPLAY_SOURCE: u8 = 0x0a;
    pub(crate) const MAGIC_SWITCH: u8 = 0x0b;
    pub(crate) const HANDOFF: u8 = 0x0c;
    pub(crate) const TETHERING_TARGET: u8 = 0x0d;
    pub(crate) const TETHERING_SOURCE: u8 = 0x0e;
    pub(crate) const NEARBY_ACTION: u8 = 0x0f;
    pub(crate) const NEARBY_INFO: u8 = 0x10;
    pub(crate) const FIND_MY: u8 = 0x12;
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) ty: u8,
    /// Whether a length byte follows the type; the background area has none.
    pub(crate) has_length: bool,
    pub(crate) value: &'a [u8],
}

impl Message<'_> {
    /// Bytes that it takes.
    pub(crate) const fn len(&self) -> usize {
        1 + self.has_length as usize + self.value.len()
    }

    /// Its family; an iBeacon must have exactly its 21 bytes.
    pub(crate) const fn family(&self) -> Family {
        match self.ty {
            ty::BACKGROUND if !self.has_length => Family::AppleBackground,
            ty::IBEACON if self.value.len() == 21 => Family::IBeacon,
            ty::AIRPRINT => Family::AppleAirPrint,
            ty::AIRDROP => Family::AppleAirDrop,
            ty::HOMEKIT => Family::AppleHomeKit,
            ty::PROXIMITY_PAIRING => Family::AppleProximityPairing,
            ty::HEY_SIRI => Family::AppleHeySiri,
            ty::AIRPLAY_TARGET => Family::AppleAirPlayTarget,
            ty::AIRPLAY_SOURCE => Family::AppleAirPlaySource,
            ty::MAGIC_SWITCH => Family::AppleMagicSwitch,
            ty::HANDOFF => Family::AppleHandoff,
            ty::TETHERING_TARGET => Family::AppleTetheringTarget,
            ty::TETHERING_SOURCE => Family::AppleTetheringSource,
            ty::NEARBY_ACTION => Family::AppleNearbyAction,
            ty::NEARBY_INFO => Family::AppleNearbyInfo,
            ty::FIND_MY => Family::FindMy,
            _ => Family::AppleOther,
        }
    }
}

/// Iterates over the whole messages of the bytes after the company identifier.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a>(&'a [u8]);

pub(crate) const fn messages(data: &[u8]) -> Messages<'_> {
    Messages(data)
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let (&ty, rest) = self.0.split_first()?;
        if ty == ty::BACKGROUND && rest.len() == 16 {
            self.0 = &[];
            return Some(Message {
                ty,
                has_length: false,
                value: rest,
            });
        }
        let (&length, rest) = rest.split_first()?;
        let length = match ty {
            // The three top bits are a sub-type here.
            ty::HOMEKIT => length & 0x1f,
            _ => length,
        };
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(Message {
            ty,
            has_length: true,
            value,
        })
    }
}
