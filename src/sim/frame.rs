//! What is on the air: frames as phones and their neighbours build them.

use crate::lab::ad::{push, ty};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Payload, PduType};
use crate::lab::gaen::{Aem, Rpi, SERVICE_UUID};

use super::random::Stream;
use super::scenario::{Fault, Malformation, Os};

/// Longest payload of a legacy advertisement.
const LEGACY: usize = 31;

/// An advertisement before it is received.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) address: Address,
    pub(super) pdu: PduType,
    pub(super) data: Payload,
    /// The answer to a scan request, if it is scannable.
    pub(super) response: Option<Payload>,
}

/// A random address of this kind.
pub(super) fn random_address(stream: &mut Stream, kind: AddressKind) -> Address {
    let mut bytes: [u8; 6] = stream.bytes();
    match kind {
        // A company's own range, not multicast, not locally administered.
        AddressKind::Public => bytes[0] &= 0xfc,
        AddressKind::RandomStatic => bytes[0] |= 0xc0,
        AddressKind::RandomResolvable => bytes[0] = (bytes[0] & 0x3f) | 0x40,
        _ => bytes[0] &= 0x3f,
    }
    Address { bytes, kind }
}

/// The exposure-notification frame of a phone with these faults.
pub(super) fn gaen(os: Os, address: Address, rpi: Rpi, aem: Aem, faults: &[Fault]) -> Frame {
    let connectable = faults.contains(&Fault::Connectable);
    let pdu = match os {
        _ if connectable => PduType::AdvInd,
        Os::Android => PduType::AdvScanInd,
        Os::Ios => PduType::AdvNonconnInd,
    };
    let name = faults.iter().find_map(|fault| match fault {
        Fault::ExtraName { name } => Some(name.as_bytes()),
        _ => None,
    });
    let tx_power = faults.contains(&Fault::ExtraTxPower);
    let flags = faults.iter().find_map(|fault| match fault {
        Fault::WrongFlags { value } => Some(*value),
        _ => None,
    });
    let own_flags = (os == Os::Ios && name.is_none() && !tx_power).then_some(0x1a);

    let mut data = Vec::with_capacity(LEGACY);
    if let Some(flags) = flags.or(own_flags) {
        push(&mut data, ty::FLAGS, &[flags]);
    }
    push(&mut data, ty::UUID16_COMPLETE, &SERVICE_UUID.to_le_bytes());
    let service_data = [&SERVICE_UUID.to_le_bytes()[..], &rpi.0, &aem.0].concat();
    push(&mut data, ty::SERVICE_DATA_16, &service_data);
    if tx_power && data.len() + 3 <= LEGACY {
        push(&mut data, ty::TX_POWER, &[0xf1]);
    }
    if let Some(name) = name {
        let room = LEGACY.saturating_sub(data.len() + 2).min(name.len());
        if room > 0 {
            push(&mut data, ty::NAME_SHORT, &name[..room]);
        }
    }
    if let Some(how) = faults.iter().find_map(|fault| match fault {
        Fault::MalformedAd { how } => Some(*how),
        _ => None,
    }) {
        spoil(&mut data, how, &service_data);
    }
    Frame {
        address,
        pdu,
        data: Payload::new(&data),
        response: matches!(pdu, PduType::AdvInd | PduType::AdvScanInd).then(|| response(answered(faults).or(name))),
    }
}

/// The name that is told only to those who ask.
fn answered(faults: &[Fault]) -> Option<&[u8]> {
    faults.iter().find_map(|fault| match fault {
        Fault::ScanResponse { name } => Some(name.as_bytes()),
        _ => None,
    })
}

fn response(name: Option<&[u8]>) -> Payload {
    let mut data = Vec::new();
    if let Some(name) = name {
        push(&mut data, ty::NAME_COMPLETE, &name[..name.len().min(LEGACY - 2)]);
    }
    Payload::new(&data)
}

fn spoil(data: &mut Vec<u8>, how: Malformation, service_data: &[u8]) {
    match how {
        Malformation::Overrun => data.truncate(data.len().saturating_sub(4)),
        Malformation::ShortServiceData => {
            data.clear();
            push(data, ty::UUID16_COMPLETE, &SERVICE_UUID.to_le_bytes());
            push(data, ty::SERVICE_DATA_16, &service_data[..17]);
        }
        Malformation::LongServiceData => {
            data.clear();
            push(data, ty::UUID16_COMPLETE, &SERVICE_UUID.to_le_bytes());
            push(data, ty::SERVICE_DATA_16, &[service_data, &[0]].concat());
        }
        Malformation::DataAfterEnd => {
            data.clear();
            push(data, ty::UUID16_COMPLETE, &SERVICE_UUID.to_le_bytes());
            push(data, ty::SERVICE_DATA_16, service_data);
            data.extend([0, 0xbe, 0xef]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ad::{self, AdEnd};
    use crate::lab::gaen::{Layout, decode};
    use hex_literal::hex;

    const RPI: Rpi = Rpi(hex!("8be6cd371c5c891604bfbe49df845096"));
    const AEM: Aem = Aem(hex!("72033874"));

    fn frame(os: Os, faults: &[Fault]) -> Frame {
        gaen(os, Address::default(), RPI, AEM, faults)
    }

    #[test]
    fn honest_phones_send_the_two_layouts_byte_for_byte() {
        let android = frame(Os::Android, &[]);
        assert_eq!(
            *android.data,
            hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874")
        );
        assert_eq!(
            (android.pdu, android.response),
            (PduType::AdvScanInd, Some(Payload::default()))
        );
        let ios = frame(Os::Ios, &[]);
        assert_eq!(
            *ios.data,
            hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874")
        );
        assert_eq!((ios.pdu, ios.response), (PduType::AdvNonconnInd, None));
    }

    #[test]
    fn faults_of_the_payload_show_in_it() {
        for os in [Os::Android, Os::Ios] {
            let named = frame(os, &[Fault::ExtraName { name: "Tom's".into() }]);
            assert_eq!(ad::local_name(&named.data), Some("T".into()));
            let power = frame(os, &[Fault::ExtraTxPower]);
            assert_eq!(ad::structures(&power.data).last().unwrap().ty, ty::TX_POWER);
            let flags = frame(os, &[Fault::WrongFlags { value: 6 }]);
            assert_eq!(decode(&flags.data).unwrap().layout, Layout::Other);
            assert_eq!(frame(os, &[Fault::Connectable]).pdu, PduType::AdvInd);
            for fault in [&named, &power, &flags] {
                assert!(fault.data.len() <= LEGACY && decode(&fault.data).unwrap().aem == Some(AEM));
            }
            let spoilt = |how| frame(os, &[Fault::MalformedAd { how }]).data;
            assert!(matches!(ad::end(&spoilt(Malformation::Overrun)), AdEnd::Overrun { .. }));
            assert!(matches!(
                ad::end(&spoilt(Malformation::DataAfterEnd)),
                AdEnd::DataAfterEnd { .. }
            ));
            assert_eq!(decode(&spoilt(Malformation::ShortServiceData)), None);
            assert_eq!(decode(&spoilt(Malformation::LongServiceData)).unwrap().aem, None);
        }
        let named = frame(Os::Android, &[Fault::ExtraName { name: "Tom's".into() }]);
        assert_eq!(ad::local_name(&named.response.unwrap()), Some("Tom's".into()));
    }

    #[test]
    fn addresses_have_the_bits_of_their_kind() {
        let mut stream = Stream::new(1, "test", &[]);
        for kind in [
            AddressKind::RandomStatic,
            AddressKind::RandomResolvable,
            AddressKind::RandomNonresolvable,
        ] {
            for _ in 0..50 {
                assert_eq!(Address::random_kind(random_address(&mut stream, kind).bytes), kind);
            }
        }
    }
}
