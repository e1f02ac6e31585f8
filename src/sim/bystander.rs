//! Neighbours of exposure notifications in the field.

use crate::lab::ad::{push, ty};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Payload, PduType};

use super::frame::{Frame, random_address};
use super::random::Stream;
use super::scenario::{self, BystanderKind, FixedAddress};

const MINUTE: i64 = 60_000_000;
const APPLE: [u8; 2] = 0x004c_u16.to_le_bytes();
const SAMSUNG: [u8; 2] = 0x0075_u16.to_le_bytes();
const FAST_PAIR: [u8; 2] = 0xfe2c_u16.to_le_bytes();
const EDDYSTONE: [u8; 2] = 0xfeaa_u16.to_le_bytes();

/// A broadcaster that is no phone with exposure notifications.
pub(super) struct Bystander {
    spec: scenario::Bystander,
    stream: Stream,
    address: Address,
    /// Bytes that name the device where its kind has such (UUID, namespace, key).
    id: [u8; 22],
    /// What changes with the address.
    token: [u8; 3],
    next_change: i64,
}

impl Bystander {
    pub(super) fn new(seed: u64, spec: &scenario::Bystander, from: i64) -> Self {
        let mut stream = Stream::new(seed, "changes", &[spec.name.as_ref()]);
        let mut bystander = Self {
            id: stream.bytes(),
            token: stream.bytes(),
            spec: spec.clone(),
            address: Address::default(),
            next_change: i64::MAX,
            stream,
        };
        bystander.address = bystander.new_address();
        if bystander.address.kind.is_private() {
            bystander.next_change = from.saturating_add(bystander.stream.between(1, 15 * MINUTE));
        }
        bystander
    }

    pub(super) const fn next_change(&self) -> i64 {
        self.next_change
    }

    pub(super) fn change(&mut self, now: i64) {
        if self.next_change <= now {
            // Controllers refresh private addresses every 15 min by default.
            self.next_change = now.saturating_add(15 * MINUTE);
            self.token = self.stream.bytes();
            self.address = self.new_address();
        }
    }

    fn new_address(&mut self) -> Address {
        let kind = match (self.spec.address, self.spec.kind) {
            (Some(FixedAddress::Public), _)
            | (None, BystanderKind::Headphones | BystanderKind::Tv | BystanderKind::Raw) => AddressKind::Public,
            (Some(FixedAddress::Static), _)
            | (None, BystanderKind::Ibeacon | BystanderKind::FindMy | BystanderKind::Eddystone) => {
                AddressKind::RandomStatic
            }
            (Some(FixedAddress::Resolvable), _) | (None, BystanderKind::AppleNearby) => AddressKind::RandomResolvable,
            (Some(FixedAddress::Nonresolvable), _) => AddressKind::RandomNonresolvable,
        };
        random_address(&mut self.stream, kind)
    }

    pub(super) fn frame(&self) -> Frame {
        let mut data = Vec::with_capacity(31);
        let pdu = self.fill(&mut data);
        Frame {
            address: self.address,
            pdu,
            data: Payload::new(&data),
            response: (pdu != PduType::AdvNonconnInd).then(|| {
                let mut response = Vec::new();
                push_name(&mut response, self.spec.advertised_name.as_bytes());
                Payload::new(&response)
            }),
        }
    }

    /// Appends the payload; gives the PDU type it goes with.
    fn fill(&self, data: &mut Vec<u8>) -> PduType {
        let name = self.spec.advertised_name.as_bytes();
        match self.spec.kind {
            BystanderKind::Headphones => {
                push(data, ty::FLAGS, &[0x06]);
                let model = [self.id[0], self.id[1], self.id[2]];
                push(data, ty::SERVICE_DATA_16, &[&FAST_PAIR[..], &model].concat());
                push(data, ty::TX_POWER, &[0xf4]);
                push_name(data, name);
                PduType::AdvInd
            }
            BystanderKind::Ibeacon => {
                push(data, ty::FLAGS, &[0x06]);
                let body = [&APPLE[..], &[0x02, 0x15], &self.id[..16], &[0, 1, 0, 7, 0xc5]].concat();
                push(data, ty::MANUFACTURER, &body);
                PduType::AdvNonconnInd
            }
            BystanderKind::AppleNearby => {
                push(data, ty::FLAGS, &[0x1a]);
                let body = [&APPLE[..], &[0x10, 0x05, 0x01, 0x18], &self.token].concat();
                push(data, ty::MANUFACTURER, &body);
                PduType::AdvInd
            }
            BystanderKind::FindMy => {
                let key = [self.address.bytes[0] >> 6, 0];
                push(
                    data,
                    ty::MANUFACTURER,
                    &[&APPLE[..], &[0x12, 0x19, 0x10], &self.id, &key].concat(),
                );
                PduType::AdvInd
            }
            BystanderKind::Eddystone => {
                push(data, ty::FLAGS, &[0x06]);
                push(data, ty::UUID16_COMPLETE, &EDDYSTONE);
                let body = [&EDDYSTONE[..], &[0x00, 0xe7], &self.id[..16], &[0, 0]].concat();
                push(data, ty::SERVICE_DATA_16, &body);
                PduType::AdvNonconnInd
            }
            BystanderKind::Tv => {
                push(
                    data,
                    ty::MANUFACTURER,
                    &[&SAMSUNG[..], &[0x42, 0x04], &self.id[..4]].concat(),
                );
                push_name(data, name);
                PduType::AdvScanInd
            }
            BystanderKind::Raw => {
                data.extend(&self.spec.data.0);
                push_name(data, name);
                PduType::AdvInd
            }
        }
    }
}

/// Adds the name, or what of it fits into a legacy advertisement.
fn push_name(data: &mut Vec<u8>, name: &[u8]) {
    let room = 31_usize.saturating_sub(data.len() + 2).min(name.len());
    if room > 0 {
        let ty = if room == name.len() {
            ty::NAME_COMPLETE
        } else {
            ty::NAME_SHORT
        };
        push(data, ty, &name[..room]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ad::{self, AdEnd};
    use crate::lab::gaen;

    fn bystander(kind: &str) -> Bystander {
        let spec = toml::from_str(&format!("name = 'x'\nkind = '{kind}'\nadvertised_name = 'Kopfhörer 3'")).unwrap();
        Bystander::new(1, &spec, 0)
    }

    #[test]
    fn every_kind_is_a_legacy_advertisement_without_exposure_notification() {
        for kind in [
            "headphones",
            "ibeacon",
            "apple-nearby",
            "find-my",
            "eddystone",
            "tv",
            "raw",
        ] {
            let frame = bystander(kind).frame();
            assert!(frame.data.len() <= 31, "{kind}: {} bytes", frame.data.len());
            assert_eq!(ad::end(&frame.data), AdEnd::Clean, "{kind}");
            assert_eq!(gaen::decode(&frame.data), None, "{kind}");
        }
        let name = |kind| ad::local_name(&bystander(kind).frame().data);
        assert_eq!(name("headphones").as_deref(), Some("Kopfhörer 3"));
        assert_eq!(name("ibeacon"), None);
    }

    #[test]
    fn private_addresses_change_and_others_never() {
        let mut nearby = bystander("apple-nearby");
        let (before, at) = (nearby.frame(), nearby.next_change());
        nearby.change(at);
        assert!(before.address != nearby.frame().address && before.data != nearby.frame().data);
        assert_eq!(nearby.next_change(), at + 15 * MINUTE);
        assert_eq!(bystander("headphones").next_change(), i64::MAX);
    }
}
