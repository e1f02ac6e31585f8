//! Bluetooth LE link layer: advertising PDUs as sniffers hear them.
//!
//! Source: Core specification, vol. 6 part B, 2.1 and 2.3.

use super::packet::{CrcState, LinkFrame};
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, Payload, PduType, ReportDetails, ReportForm, StationId};
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// Access address of all advertising PDUs.
pub const ADVERTISING_ACCESS_ADDRESS: u32 = 0x8e89_bed6;

const TX_ADD: u16 = 0x0040;
const RX_ADD: u16 = 0x0080;

/// A PDU on an advertising channel, borrowed from its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvertisingPdu<'a> {
    /// The 16-bit header: type (4 bits), flags, length (8 bits).
    pub header: u16,
    /// What follows the header, of the length that it announces or as far as the frame goes.
    pub payload: &'a [u8],
    /// All that follows the header, check sum included.
    pub tail: &'a [u8],
    /// Whether the frame holds less than the header's length announces.
    pub cut_short: bool,
}

impl<'a> AdvertisingPdu<'a> {
    /// The advertising PDU in a frame that begins with its access address and ends with the three bytes of the check
    /// sum; `None` for data packets and for frames without a header.
    #[must_use]
    pub fn parse(frame: &'a [u8], link: LinkFrame) -> Option<Self> {
        let (access_address, rest) = frame.split_first_chunk()?;
        if u32::from_le_bytes(*access_address) != ADVERTISING_ACCESS_ADDRESS {
            return None;
        }
        let rest = if link.coded { rest.get(1..)? } else { rest };
        let (header, rest) = rest.split_first_chunk()?;
        let announced = usize::from(header[1]);
        Some(Self {
            header: u16::from_le_bytes(*header),
            payload: rest.get(..announced).unwrap_or(rest),
            tail: rest,
            cut_short: rest.len() < announced,
        })
    }

    /// The PDU type's number (0..=15).
    #[must_use]
    pub const fn ty(&self) -> u8 {
        (self.header & 0x0f) as u8
    }

    /// The advertiser's address: also in requests, where it stands second, and in extended headers.
    #[must_use]
    pub fn advertiser(&self) -> Option<Address> {
        let random = match self.ty() {
            3 | 5 => self.header & RX_ADD,
            _ => self.header & TX_ADD,
        };
        Some(Address::from_hci(
            u8::from(random != 0),
            advertiser_in(self.ty(), self.payload)?,
        ))
    }

    /// The bytes where the advertiser's address has its place, even when the (damaged) length in the header excludes
    /// them; least significant first.
    #[must_use]
    pub fn advertiser_place(&self) -> Option<[u8; 6]> {
        advertiser_in(self.ty(), self.tail)
    }

    /// The AD structures; empty in PDUs that have none.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        match self.ty() {
            0 | 2 | 4 | 6 => self.payload.get(6..).unwrap_or_default(),
            7 => ExtendedHeader::parse(self.payload).map_or(&[], |extended| extended.data),
            _ => &[],
        }
    }

    /// The advertisement, if the PDU is one: not a request, not the answer to a connection request, not unknown, not too
    /// short for its address.
    #[must_use]
    pub fn advertisement(&self, at: UnixMicros, station: StationId, link: LinkFrame) -> Option<Advertisement> {
        let target = |bytes: [u8; 6]| Address::from_hci(u8::from(self.header & RX_ADD != 0), bytes);
        let mut details = ReportDetails {
            form: ReportForm::Air,
            event_type: self.header,
            address_type: u8::from(self.header & TX_ADD != 0),
            bad_crc: link.crc == CrcState::Bad,
            ..ReportDetails::default()
        };
        let mut tx_power = None;
        let mut address = self.advertiser();
        let pdu = match self.ty() {
            0 => PduType::AdvInd,
            1 => {
                details.direct = Some(target(*self.payload.get(6..)?.first_chunk()?));
                PduType::AdvDirectInd
            }
            2 => PduType::AdvNonconnInd,
            4 => PduType::ScanRsp,
            6 => PduType::AdvScanInd,
            7 => {
                let extended = ExtendedHeader::parse(self.payload)?;
                details.direct = extended.target.map(target);
                details.set_id = extended.set_id;
                tx_power = extended.tx_power;
                address = address.or(Some(Address::from_hci(0xff, [0; 6])));
                PduType::AdvExtInd
            }
            _ => return None,
        };
        Some(Advertisement {
            at,
            station,
            address: address?,
            pdu,
            rssi: link.rssi,
            tx_power,
            channel: link.channel,
            details,
            data: Payload::new(self.data()),
            ..Advertisement::default()
        })
    }
}

/// The common extended advertising payload (2.3.4).
struct ExtendedHeader<'a> {
    advertiser: Option<[u8; 6]>,
    target: Option<[u8; 6]>,
    set_id: Option<u8>,
    tx_power: Option<Dbm>,
    data: &'a [u8],
}

impl<'a> ExtendedHeader<'a> {
    fn parse(payload: &'a [u8]) -> Option<Self> {
        let (first, rest) = payload.split_first()?;
        let (header, data) = rest.split_at_checked(usize::from(first & 0x3f))?;
        let mut extended = Self {
            data,
            advertiser: None,
            target: None,
            set_id: None,
            tx_power: None,
        };
        let Some((flags, mut fields)) = header.split_first() else {
            return Some(extended);
        };
        let mut field = |bit: u8, len: usize| -> Option<Option<&[u8]>> {
            if flags & 1 << bit == 0 {
                return Some(None);
            }
            let (field, rest) = fields.split_at_checked(len)?;
            fields = rest;
            Some(Some(field))
        };
        extended.advertiser = field(0, 6)?.and_then(|raw| raw.first_chunk().copied());
        extended.target = field(1, 6)?.and_then(|raw| raw.first_chunk().copied());
        let _cte_info = field(2, 1)?;
        // Advertising data id in the lower 12 bits, set id above.
        extended.set_id = field(3, 2)?.and_then(|raw| raw.get(1).map(|high| high >> 4));
        let _aux_pointer = field(4, 3)?;
        let _sync_info = field(5, 18)?;
        extended.tx_power = field(6, 1)?.and_then(|raw| raw.first().and_then(|level| Dbm::from_hci(*level)));
        Some(extended)
    }
}

fn advertiser_in(ty: u8, bytes: &[u8]) -> Option<[u8; 6]> {
    match ty {
        0 | 1 | 2 | 4 | 6 => bytes.first_chunk().copied(),
        3 | 5 => bytes.get(6..)?.first_chunk().copied(),
        7 | 8 => {
            // The address follows right after lengths and flags, whether or not what comes after it fits.
            let [lengths, flags, rest @ ..] = bytes else {
                return None;
            };
            let held = lengths & 0x3f >= 7 && flags & 1 != 0;
            rest.first_chunk().copied().filter(|_| held)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::AddressKind;
    use hex_literal::hex;
    use proptest::prelude::*;

    const LINK: LinkFrame = LinkFrame {
        channel: Some(37),
        rssi: Some(Dbm(-50)),
        crc: CrcState::Good,
        coded: false,
    };

    fn advert(frame: &[u8]) -> Option<Advertisement> {
        AdvertisingPdu::parse(frame, LINK)?.advertisement(UnixMicros(5), StationId(1), LINK)
    }

    #[test]
    fn a_legacy_advertisement_with_random_address() {
        let heard = advert(&hex!("d6be898e 4209 0102030405c6 020106 aabbcc")).unwrap();
        assert_eq!(heard.pdu, PduType::AdvNonconnInd);
        assert_eq!(heard.address, Address::from_hci(1, [1, 2, 3, 4, 5, 0xc6]));
        assert_eq!(
            (&*heard.data, heard.channel, heard.rssi),
            (&[2, 1, 6][..], Some(37), Some(Dbm(-50)))
        );
        assert_eq!(
            (heard.details.form, heard.details.event_type),
            (ReportForm::Air, 0x0942)
        );
        assert!(!heard.details.bad_crc);
    }

    #[test]
    fn requests_name_the_advertiser_second_and_are_no_advertisement() {
        let frame = hex!("d6be898e 830c 0102030405c6 1112131415d6 aabbcc");
        let pdu = AdvertisingPdu::parse(&frame, LINK).unwrap();
        assert_eq!(
            pdu.advertiser(),
            Some(Address::from_hci(1, [0x11, 0x12, 0x13, 0x14, 0x15, 0xd6]))
        );
        assert_eq!(advert(&frame), None);
        assert_eq!(advert(&hex!("d6be898e 0a06 0102030405c6 aabbcc")), None);
    }

    #[test]
    fn a_data_packet_is_no_advertising_pdu() {
        assert_eq!(AdvertisingPdu::parse(&hex!("01020304 0a00 aabbcc"), LINK), None);
    }

    #[test]
    fn an_extended_header_is_taken_apart_in_order() {
        // AdvA, ADI (set 3), TX power 4 dBm, one byte of ACAD, then AD structures.
        let heard = advert(&hex!("d6be898e 470f 0b 49 0102030405c6 3430 04 ee 020106 aabbcc")).unwrap();
        assert_eq!(heard.pdu, PduType::AdvExtInd);
        assert_eq!(heard.address, Address::from_hci(1, [1, 2, 3, 4, 5, 0xc6]));
        assert_eq!((heard.details.set_id, heard.tx_power), (Some(3), Some(Dbm(4))));
        assert_eq!(&*heard.data, &[2, 1, 6]);
        // No address: anonymous. No header at all: data only.
        assert_eq!(
            advert(&hex!("d6be898e 0704 00 020106 aabbcc")).unwrap().address.kind,
            AddressKind::Anonymous
        );
        // Flags that announce more than the header holds.
        assert_eq!(advert(&hex!("d6be898e 0704 02 0102 06 aabbcc")), None);
    }

    #[test]
    fn the_coding_indicator_is_passed_over() {
        let coded = LinkFrame { coded: true, ..LINK };
        let frame = hex!("d6be898e 00 4209 0102030405c6 020106 aabbcc");
        assert_eq!(AdvertisingPdu::parse(&frame, coded).unwrap().data(), &[2, 1, 6]);
    }

    #[test]
    fn a_frame_cut_anywhere_gives_no_more_than_it_holds() {
        let frame = hex!("d6be898e 4209 0102030405c6 020106 aabbcc");
        for cut in 0..frame.len() - 3 {
            if let Some(pdu) = AdvertisingPdu::parse(&frame[..cut], LINK) {
                assert!(pdu.cut_short && pdu.data().len() < 3, "{cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..80), coded: bool) {
            let link = LinkFrame { coded, ..LINK };
            let frame = [&ADVERTISING_ACCESS_ADDRESS.to_le_bytes()[..], &body].concat();
            if let Some(pdu) = AdvertisingPdu::parse(&frame, link) {
                prop_assert!(pdu.data().len() <= body.len());
                let advert = pdu.advertisement(UnixMicros(0), StationId(0), link);
                prop_assert!(advert.is_none_or(|advert| *advert.data == *pdu.data()));
                let _ = pdu.advertiser();
            }
        }
    }
}
