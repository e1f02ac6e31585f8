//! Writes pcapng as Wireshark opens it: HCI packets as link type 201 (H4 with direction), what sniffers heard as link
//! type 256 (link layer with radio pseudo-header).

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::{DataLink, PcapError};

use super::export::{EventWriter, NotCarried};
use super::hci_writer::{self, Way};
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, PduType, ReportForm};
use crate::lab::event::CaptureEvent;

const HCI: u32 = 0;
const AIR: u32 = 1;
/// Access address of all advertising PDUs.
const ACCESS_ADDRESS: u32 = 0x8e89_bed6;
/// What the check sum of advertising PDUs begins with (Core specification, vol. 6 part B, 2.1.2).
const CRC_START: u32 = 0x55_5555;

/// Writes pcapng to any output.
pub struct PcapngWriter<W: Write> {
    output: PcapNgWriter<W>,
    lost: NotCarried,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes the section header and both interfaces.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(output: W) -> io::Result<Self> {
        let mut output = PcapNgWriter::new(output).map_err(to_io)?;
        for (link, name) in [
            (DataLink::BLUETOOTH_HCI_H4_WITH_PHDR, "HCI"),
            (DataLink::BLUETOOTH_LE_LL_WITH_PHDR, "air"),
        ] {
            let interface = InterfaceDescriptionBlock {
                linktype: link,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                    // The crate writes nanoseconds, whatever the interface says: so it says nanoseconds.
                    InterfaceDescriptionOption::IfTsResol(9),
                ],
            };
            output.write_pcapng_block(interface).map_err(to_io)?;
        }
        Ok(Self {
            output,
            lost: NotCarried::default(),
        })
    }

    fn packet(&mut self, interface: u32, at: Duration, data: &[u8]) -> io::Result<()> {
        let block = EnhancedPacketBlock {
            interface_id: interface,
            timestamp: at,
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            data: Cow::Borrowed(data),
            options: Vec::new(),
        };
        self.output.write_pcapng_block(block).map(|_| ()).map_err(to_io)
    }
}

impl<W: Write> EventWriter for PcapngWriter<W> {
    fn write(&mut self, event: &CaptureEvent) -> io::Result<()> {
        // Nanoseconds in 64 bits reach from 1970 to 2554.
        let micros = u64::try_from(event.at().0).unwrap_or(0).min(u64::MAX / 1000);
        if i64::try_from(micros) != Ok(event.at().0) {
            self.lost.add("times before 1970 or after 2554");
        }
        let at = Duration::from_micros(micros);
        if let CaptureEvent::Advert(advert) = event
            && advert.details.form == ReportForm::Air
            && let Some(frame) = air_frame(advert)
        {
            return self.packet(AIR, at, &frame);
        }
        let mut packets = Vec::new();
        hci_writer::packets(event, &mut self.lost, |way, packet| {
            let direction: u32 = match way {
                Way::Command => 0,
                Way::Event => 1,
            };
            packets.push([&direction.to_be_bytes(), packet].concat());
        });
        packets.iter().try_for_each(|packet| self.packet(HCI, at, packet))
    }

    fn finish(&mut self) -> io::Result<NotCarried> {
        self.output.get_mut().flush()?;
        Ok(std::mem::take(&mut self.lost))
    }
}

fn to_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(failure) => failure,
        other => io::Error::other(other.to_string()),
    }
}

/// Radio pseudo-header, access address, PDU and check sum; `None` where the PDU would be longer than one can be.
///
/// Source of the pseudo-header: the registry of tcpdump, `LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR`.
fn air_frame(advert: &Advertisement) -> Option<Vec<u8>> {
    const DEWHITENED: u16 = 0x0001;
    const SIGNAL_VALID: u16 = 0x0002;
    const REFERENCE_VALID: u16 = 0x0010;
    const CRC_CHECKED: u16 = 0x0400;
    const CRC_VALID: u16 = 0x0800;
    let pdu = air_pdu(advert)?;
    let mut flags = DEWHITENED | REFERENCE_VALID | CRC_CHECKED;
    if advert.rssi.is_some() {
        flags |= SIGNAL_VALID;
    }
    if !advert.details.bad_crc {
        flags |= CRC_VALID;
    }
    let signal = advert.rssi.map_or(0, |level| level.0.to_le_bytes()[0]);
    let mut frame = vec![radio_channel(advert.channel.unwrap_or(37)), signal, 0, 0];
    frame.extend(ACCESS_ADDRESS.to_le_bytes());
    frame.extend(flags.to_le_bytes());
    frame.extend(ACCESS_ADDRESS.to_le_bytes());
    let mut crc = crc(&pdu);
    if advert.details.bad_crc {
        // What the wrong check sum was is not known; that it was wrong must stay.
        crc[0] ^= 0xff;
    }
    frame.extend_from_slice(&pdu);
    frame.extend(crc);
    Some(frame)
}

/// Where on the band a channel lies, in steps of 2 MHz from 2402 MHz.
const fn radio_channel(channel: u8) -> u8 {
    match channel {
        37 => 0,
        38 => 12,
        39 => 39,
        0..=10 => channel + 1,
        other => other.saturating_add(2),
    }
}

fn air_pdu(advert: &Advertisement) -> Option<Vec<u8>> {
    let stated = advert.details.event_type.to_le_bytes()[0];
    let (number, extended) = match advert.pdu {
        PduType::AdvInd => (0, false),
        PduType::AdvDirectInd => (1, false),
        PduType::AdvNonconnInd => (2, false),
        PduType::ScanRsp => (4, false),
        PduType::AdvScanInd => (6, false),
        PduType::AdvExtInd | PduType::AuxScanRsp => (7, true),
        PduType::Unknown => return None,
    };
    let random = |address: Address| address.hci_type() != Some(0);
    let first = if stated & 0x0f == number && advert.details.event_type != 0 {
        stated
    } else {
        let direct = advert.details.direct.is_some_and(random);
        number | u8::from(random(advert.address)) << 6 | u8::from(direct) << 7
    };
    let mut payload = Vec::new();
    if extended {
        extended_header(advert, &mut payload);
    } else {
        payload.extend(advert.address.little_endian());
        if advert.pdu == PduType::AdvDirectInd {
            payload.extend(advert.details.direct.unwrap_or_default().little_endian());
        }
    }
    payload.extend_from_slice(&advert.data);
    let mut pdu = vec![first, u8::try_from(payload.len()).ok()?];
    pdu.extend(payload);
    Some(pdu)
}

/// The common extended header (Core specification, vol. 6 part B, 2.3.4) with what is known of it.
fn extended_header(advert: &Advertisement, payload: &mut Vec<u8>) {
    let anonymous = advert.address.kind == crate::lab::address::AddressKind::Anonymous;
    let mut fields = Vec::new();
    let mut flags = 0;
    if !anonymous {
        flags |= 0x01;
        fields.extend(advert.address.little_endian());
    }
    if let Some(direct) = advert.details.direct {
        flags |= 0x02;
        fields.extend(direct.little_endian());
    }
    if let Some(set) = advert.details.set_id {
        flags |= 0x08;
        // The upper four of 16 bits; the data identifier is not known.
        fields.extend([0, set << 4]);
    }
    if let Some(level) = advert.tx_power {
        flags |= 0x40;
        fields.push(level.0.to_le_bytes()[0]);
    }
    payload.push(u8::try_from(fields.len() + 1).unwrap_or_default());
    payload.push(flags);
    payload.extend(fields);
}

/// The check sum of an advertising PDU, as it follows on the air (polynomial x^24+x^10+x^9+x^6+x^4+x^3+x+1).
fn crc(pdu: &[u8]) -> [u8; 3] {
    // Both the register and the polynomial are mirrored, because bits go out least significant first.
    let mut register = CRC_START.reverse_bits() >> 8;
    for byte in pdu {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= 0x00da_6000;
            }
        }
    }
    let [a, b, c, _] = register.to_le_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::format::native::tests::{advert, read_all};
    use crate::format::open::{Capture, OpenOptions, open_capture, open_reader};
    use crate::format::packet::{CrcState, PacketKind};
    use crate::lab::address::AddressKind;
    use crate::lab::advert::{Payload, ReportDetails};

    fn back(events: &[CaptureEvent]) -> Vec<CaptureEvent> {
        let mut bytes = Vec::new();
        let mut writer = PcapngWriter::new(&mut bytes).unwrap();
        for event in events {
            writer.write(event).unwrap();
        }
        writer.finish().unwrap();
        drop(writer);
        let mut reader = open_reader(Box::new(Cursor::new(bytes)), "x", &OpenOptions::default()).unwrap();
        let events = read_all(reader.as_mut());
        assert_eq!(reader.damage().count, 0, "{:?}", reader.damage());
        events
            .into_iter()
            .filter(|event| matches!(event, CaptureEvent::Advert(_)))
            .collect()
    }

    #[test]
    fn channels_lie_where_the_specification_puts_them() {
        assert_eq!(
            [37, 0, 10, 38, 11, 36, 39].map(radio_channel),
            [0, 1, 11, 12, 13, 38, 39]
        );
    }

    #[test]
    fn the_check_sum_is_that_of_packets_from_the_air() {
        let shared = std::env::var_os("VICINO_SHARED").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
            PathBuf::from,
        );
        let path = shared.join("data/mitll-static/1-May Anechoic Chamber/nRF52/nrf52_capture_45.pcapng");
        if !path.exists() {
            println!("skipped: no {}", path.display());
            return;
        }
        let Capture::Packets(mut packets) = open_capture(&path, &OpenOptions::default()).unwrap() else {
            panic!("a pcapng holds packets");
        };
        let mut checked = 0;
        while let Some(packet) = packets.next_packet().unwrap() {
            if let PacketKind::Link(link) = packet.kind
                && link.crc == CrcState::Good
                && packet.data.starts_with(&ACCESS_ADDRESS.to_le_bytes())
            {
                let (pdu, sum) = packet.data[4..].split_last_chunk::<3>().unwrap();
                assert_eq!(crc(pdu), *sum, "packet {}", packet.number);
                checked += 1;
            }
        }
        assert!(checked > 9000, "{checked}");
    }

    proptest! {
        #[test]
        fn what_a_sniffer_heard_comes_back(
            made in advert(),
            pdu in prop::sample::select(&[PduType::AdvInd, PduType::AdvDirectInd, PduType::AdvNonconnInd, PduType::ScanRsp, PduType::AdvScanInd, PduType::AdvExtInd][..]),
            (channel, set, target, bad_crc) in (0u8..40, prop::option::of(0u8..16), any::<[u8; 6]>(), any::<bool>()),
        ) {
            let mut heard = made;
            heard.at = crate::lab::time::UnixMicros(heard.at.0.rem_euclid(1 << 52));
            heard.station = crate::lab::advert::StationId(0);
            heard.rssi_quality = crate::lab::advert::RssiQuality::Paired;
            heard.address = Address::from_hci(heard.address.bytes[0] & 1, heard.address.bytes);
            heard.pdu = pdu;
            heard.channel = Some(channel);
            let extended = pdu == PduType::AdvExtInd;
            if !extended {
                heard.tx_power = None;
            }
            if pdu == PduType::AdvDirectInd {
                heard.data = Payload::default();
            }
            let direct = pdu == PduType::AdvDirectInd;
            heard.details = ReportDetails {
                form: ReportForm::Air,
                direct: direct.then(|| Address::from_hci(1, target)),
                set_id: set.filter(|_| extended),
                bad_crc,
                ..ReportDetails::default()
            };
            let back = back(&[CaptureEvent::Advert(heard.clone())]);
            prop_assert_eq!(back.len(), 1);
            let CaptureEvent::Advert(found) = &back[0] else { unreachable!() };
            // The PDU header was made up; all else is what was heard.
            heard.details.event_type = found.details.event_type;
            heard.details.address_type = u8::from(heard.address.kind != AddressKind::Public);
            // RSSI 127 is "not available" in every format.
            heard.rssi = heard.rssi.filter(|level| level.0 != 127);
            heard.tx_power = heard.tx_power.filter(|level| level.0 != 127);
            let mut found = found.clone();
            found.rssi = found.rssi.filter(|level| level.0 != 127);
            found.tx_power = found.tx_power.filter(|level| level.0 != 127);
            prop_assert_eq!(found, heard);
        }
    }
}
