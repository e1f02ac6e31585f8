//! Events as HCI packets: the way back of the HCI decoder.
//!
//! A report that came from HCI gives the bytes it was decoded from. Reports of sniffers and operating systems are put
//! into the report that a controller would have given.
//!
//! Source: Core specification, vol. 4 part E, 7.7.65.2, 7.7.65.13 and 7.8.

use super::export::NotCarried;
use super::hci::legacy_pdu;
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, PduType, ReportForm};
use crate::lab::event::{CaptureEvent, EventKind, Irk, OwnDataCommand};
use crate::lab::units::Dbm;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A command of the host.
    Command,
    /// An event of the controller.
    Event,
}

/// Data that fit into a legacy event (255 bytes of parameters) and into an extended one.
const MAX_LEGACY: usize = 243;
const MAX_EXTENDED: usize = 229;
/// Data that fit into one LE Set Extended Advertising Data command.
const MAX_OWN_DATA: usize = 251;
/// RSSI and TX power that are not available.
const NO_LEVEL: u8 = 127;

/// Gives the packets of an event to `packet`, each with its H4 type byte; counts what HCI has no packet for.
pub(crate) fn packets(event: &CaptureEvent, lost: &mut NotCarried, mut packet: impl FnMut(Way, &[u8])) {
    match event {
        CaptureEvent::Advert(advert) => report(advert, lost, |bytes| packet(Way::Event, bytes)),
        CaptureEvent::Other(other) => commands(&other.kind, lost, |bytes| packet(Way::Command, bytes)),
    }
}

fn report(advert: &Advertisement, lost: &mut NotCarried, mut packet: impl FnMut(&[u8])) {
    match advert.details.form {
        ReportForm::Legacy | ReportForm::Extended => {}
        ReportForm::Air => lost.add("link-layer packets became HCI reports: channel, PDU header and check sum"),
        ReportForm::Host => lost.add("reports of an operating system became HCI reports: how they were put together"),
    }
    if advert.address.hci_type().is_none() && address_type(advert) != advert.details.address_type {
        lost.add("addresses that are none (handles) became random addresses");
    }
    let longest = if advert.details.form == ReportForm::Legacy {
        MAX_LEGACY
    } else {
        31
    };
    let is_extended = advert.details.form == ReportForm::Extended
        || matches!(advert.pdu, PduType::AdvExtInd | PduType::AuxScanRsp)
        || advert.data.len() > longest;
    if !is_extended {
        return packet(&legacy(advert));
    }
    // More than one event holds goes into several, each but the last with the status "more to come".
    let mut rest = &*advert.data;
    loop {
        let (now, later) = rest.split_at(rest.len().min(MAX_EXTENDED));
        packet(&extended(advert, now, !later.is_empty()));
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
}

fn legacy(advert: &Advertisement) -> Vec<u8> {
    let stated = advert.details.event_type.to_le_bytes()[0];
    let event_type = match advert.details.form {
        ReportForm::Legacy if legacy_pdu(stated) == advert.pdu => stated,
        _ => match advert.pdu {
            PduType::AdvInd => 0,
            PduType::AdvDirectInd => 1,
            PduType::AdvScanInd => 2,
            PduType::ScanRsp => 4,
            _ => 3,
        },
    };
    let mut event = vec![
        0x04,
        0x3e,
        byte(advert.data.len() + 12),
        0x02,
        1,
        event_type,
        address_type(advert),
    ];
    event.extend(advert.address.little_endian());
    event.push(byte(advert.data.len()));
    event.extend_from_slice(&advert.data);
    event.push(level(advert.rssi));
    event
}

fn extended(advert: &Advertisement, data: &[u8], more: bool) -> Vec<u8> {
    let details = &advert.details;
    let mut event_type = match details.form {
        ReportForm::Extended => details.event_type,
        _ => synthetic_event_type(advert),
    };
    if more {
        event_type = event_type & !0x60 | 0x20;
    }
    let mut event = vec![0x04, 0x3e, byte(data.len() + 26), 0x0d, 1];
    event.extend(event_type.to_le_bytes());
    event.push(address_type(advert));
    event.extend(advert.address.little_endian());
    let phy = if details.form == ReportForm::Extended {
        details.primary_phy
    } else {
        details.primary_phy.max(1)
    };
    event.extend([phy, details.secondary_phy, details.set_id.unwrap_or(0xff)]);
    event.extend([level(advert.tx_power), level(advert.rssi)]);
    event.extend(details.periodic_interval.to_le_bytes());
    let direct = details.direct.unwrap_or_default();
    event.push(if details.direct.is_some() {
        direct.hci_type().unwrap_or(1)
    } else {
        0
    });
    event.extend(direct.little_endian());
    event.push(byte(data.len()));
    event.extend_from_slice(data);
    event
}

/// The event type of an extended report for what came from elsewhere; bit 4 says that legacy PDUs were used.
fn synthetic_event_type(advert: &Advertisement) -> u16 {
    let directed = if advert.details.direct.is_some() { 0x04 } else { 0 };
    match advert.pdu {
        PduType::AdvInd => 0x13,
        PduType::AdvDirectInd => 0x15,
        PduType::AdvScanInd => 0x12,
        PduType::ScanRsp => 0x1b,
        PduType::AdvNonconnInd => 0x10,
        PduType::AuxScanRsp => 0x08 | directed,
        PduType::AdvExtInd | PduType::Unknown => directed,
    }
}

/// The address type as in the source where it says the same as the address's kind.
fn address_type(advert: &Advertisement) -> u8 {
    let stated = advert.details.address_type;
    if Address::from_hci(stated, advert.address.little_endian()).kind == advert.address.kind {
        return stated;
    }
    advert.address.hci_type().unwrap_or(1)
}

fn level(level: Option<Dbm>) -> u8 {
    level.map_or(NO_LEVEL, |level| level.0.to_le_bytes()[0])
}

/// Lengths here are bounded by the constants above.
fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn commands(kind: &EventKind, lost: &mut NotCarried, mut packet: impl FnMut(&[u8])) {
    let mut command = |opcode: u16, parameters: &[&[u8]]| {
        let mut bytes = vec![0x01];
        bytes.extend(opcode.to_le_bytes());
        bytes.push(byte(parameters.iter().map(|part| part.len()).sum()));
        for part in parameters {
            bytes.extend_from_slice(part);
        }
        packet(&bytes);
    };
    match kind {
        EventKind::OwnData { set, command: by, data } => own_data(*set, *by, data, lost, command),
        EventKind::OwnAddress { set: None, address } => command(0x2005, &[&address.little_endian()]),
        EventKind::OwnAddress {
            set: Some(set),
            address,
        } => command(0x2035, &[&[*set], &address.little_endian()]),
        EventKind::OwnEnable { set: None, on } => command(0x200a, &[&[u8::from(*on)]]),
        EventKind::OwnEnable { set: Some(set), on } => command(0x2039, &[&[u8::from(*on), 1, *set, 0, 0, 0]]),
        EventKind::ScanParameters {
            active,
            interval,
            window,
        } => {
            let (interval, window) = (interval.to_le_bytes(), window.to_le_bytes());
            command(0x200b, &[&[u8::from(*active)], &interval, &window, &[0, 0]]);
        }
        EventKind::ScanEnable { on, filter_duplicates } => {
            command(0x200c, &[&[u8::from(*on), u8::from(*filter_duplicates)]]);
        }
        EventKind::ResolvingAdd(entry) => {
            let peer_type = [entry.peer.hci_type().unwrap_or(0)];
            let (peer, local) = (reversed(&entry.peer_irk), reversed(&entry.local_irk));
            command(0x2027, &[&peer_type, &entry.peer.little_endian(), &peer.0, &local.0]);
        }
        EventKind::ResolvingRemove { peer } => {
            command(0x2028, &[&[peer.hci_type().unwrap_or(0)], &peer.little_endian()]);
        }
        EventKind::ResolvingClear => command(0x2029, &[]),
        EventKind::Station(_) => lost.add("names and models of stations"),
        EventKind::Mark(_) => lost.add("marks"),
        EventKind::Gap { .. } => lost.add("gaps"),
        EventKind::Adapter(_) => lost.add("adapter states"),
        EventKind::Dropped { .. } => lost.add("counts of dropped reports"),
    }
}

fn own_data(set: u8, by: OwnDataCommand, data: &[u8], lost: &mut NotCarried, mut command: impl FnMut(u16, &[&[u8]])) {
    let mut padded = [0; 31];
    let fits = padded
        .get_mut(..data.len())
        .map(|place| place.copy_from_slice(data))
        .is_some();
    let length = [byte(data.len())];
    match by {
        OwnDataCommand::Legacy if fits => command(0x2008, &[&length, &padded]),
        OwnDataCommand::AndroidMulti if fits => command(0xfd54, &[&[0x02], &length, &padded, &[set]]),
        OwnDataCommand::Apple if fits => command(0xfd4b, &[&[0x03], &length, &padded]),
        OwnDataCommand::Extended if data.len() <= MAX_OWN_DATA => command(0x2037, &[&[set, 3, 1], &length, data]),
        OwnDataCommand::Extended => {
            let end = (data.len() - 1) / MAX_OWN_DATA;
            for (idx, part) in data.chunks(MAX_OWN_DATA).enumerate() {
                let operation = if idx == 0 {
                    1
                } else if idx == end {
                    2
                } else {
                    0
                };
                command(0x2037, &[&[set, operation, 1, byte(part.len())], part]);
            }
        }
        _ => lost.add("own broadcasts longer than their command holds"),
    }
}

/// Keys travel least significant byte first.
fn reversed(key: &Irk) -> Irk {
    let mut key = key.clone();
    key.0.reverse();
    key
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::format::btsnoop_writer::{BAD_CRC, BtsnoopWriter};
    use crate::format::export::EventWriter as _;
    use crate::format::hci::{command::CommandDecoder, reports};
    use crate::format::native::tests::{read_all, stream};
    use crate::format::open::{OpenOptions, open_reader};
    use crate::lab::advert::DataStatus::{Complete, MoreToCome};
    use crate::lab::advert::StationId;
    use crate::lab::time::UnixMicros;

    /// HCI events with one to three reports of any content that a decoder keeps whole.
    fn event() -> impl Strategy<Value = Vec<u8>> {
        let data = || prop::collection::vec(any::<u8>(), 0..32);
        let legacy = (any::<[u8; 8]>(), data(), any::<u8>())
            .prop_map(|(head, data, rssi)| [&head[..], &[byte(data.len())], &data, &[rssi]].concat());
        let extended = (any::<[u8; 16]>(), data(), any::<[u8; 6]>()).prop_map(|(mut head, data, direct)| {
            // Undirected: without a direct address, as controllers send it.
            head[0] &= !0x04;
            let _ = direct;
            [&head[..], &[0; 7], &[byte(data.len())], &data].concat()
        });
        let whole = |subevent: u8, reports: Vec<Vec<u8>>| {
            let body = reports.concat();
            [&[0x3e, byte(body.len() + 2), subevent, byte(reports.len())], &body[..]].concat()
        };
        prop_oneof![
            prop::collection::vec(legacy, 1..4).prop_map(move |reports| whole(0x02, reports)),
            prop::collection::vec(extended, 1..4).prop_map(move |reports| whole(0x0d, reports)),
        ]
    }

    fn decode(event: &[u8]) -> Vec<CaptureEvent> {
        let mut batch = Vec::new();
        reports(event, UnixMicros(0), StationId(0), &mut batch).unwrap();
        batch
    }

    /// The reports of an event without their head: what must come back byte for byte.
    fn bodies(event: &[u8]) -> Vec<u8> {
        event[4..].to_vec()
    }

    proptest! {
        #[test]
        fn every_report_gives_the_bytes_it_came_from(event in event()) {
            let mut written = Vec::new();
            let mut lost = NotCarried::default();
            for report in decode(&event) {
                packets(&report, &mut lost, |way, packet| {
                    assert_eq!((way, packet[0], usize::from(packet[2])), (Way::Event, 4, packet.len() - 3));
                    written.extend_from_slice(&bodies(&packet[1..]));
                });
            }
            prop_assert_eq!(written, bodies(&event));
            prop_assert_eq!(lost, NotCarried::default());
        }

        #[test]
        fn own_commands_say_the_same_after_the_way_there_and_back(events in stream()) {
            let mut lost = NotCarried::default();
            for event in &events {
                let CaptureEvent::Other(other) = event else { continue };
                let (mut said, mut written) = (Vec::new(), Vec::new());
                packets(event, &mut lost, |_, packet| written.push(packet[1..].to_vec()));
                let mut decoder = CommandDecoder::default();
                for command in &written {
                    decoder.decode(command, &mut |kind| said.push(kind));
                }
                match &other.kind {
                    EventKind::OwnData { command: OwnDataCommand::Legacy | OwnDataCommand::Apple, set, .. } if *set != 0 => {}
                    // Own addresses are always random; unknown kinds have no type.
                    EventKind::OwnAddress { .. } | EventKind::ResolvingAdd(_) | EventKind::ResolvingRemove { .. } => {
                        prop_assert_eq!(said.len(), 1);
                    }
                    kind if !written.is_empty() => prop_assert_eq!(&said[..], std::slice::from_ref(kind)),
                    _ => {}
                }
            }
        }

        #[test]
        fn any_stream_makes_a_btsnoop_file_with_all_its_advertisements(events in stream()) {
            let mut events = events;
            for event in &mut events {
                if let CaptureEvent::Advert(advert) = event {
                    // Times at the ends of the range are none to a reader of packets.
                    advert.at = UnixMicros(advert.at.0.rem_euclid(1 << 51));
                }
            }
            events.retain(|event| (0..1 << 51).contains(&event.at().0));
            let (mut sound, mut broken) = (events.clone(), 0);
            sound.retain(|event| match event {
                CaptureEvent::Advert(advert) if advert.details.bad_crc => {
                    broken += 1;
                    false
                }
                _ => true,
            });
            let mut bytes = Vec::new();
            let mut writer = BtsnoopWriter::new(&mut bytes).unwrap();
            for event in &events {
                writer.write(event).unwrap();
            }
            let lost = writer.finish().unwrap();
            prop_assert_eq!(lost.0.get(BAD_CRC).copied().unwrap_or(0), broken);
            drop(writer);
            let mut reader = open_reader(Box::new(Cursor::new(bytes)), "x", &OpenOptions::default()).unwrap();
            let seen = |events: &[CaptureEvent]| {
                let adverts = events.iter().filter_map(|event| match event {
                    CaptureEvent::Advert(advert) => Some((advert.address.bytes, advert.data.to_vec())),
                    CaptureEvent::Other(_) => None,
                });
                adverts.collect::<Vec<_>>()
            };
            let back = read_all(reader.as_mut());
            prop_assert_eq!(seen(&back), seen(&sound));
        }
    }

    #[test]
    fn long_data_are_split_and_say_that_more_comes() {
        let mut advert = Advertisement {
            data: vec![7; 500].as_slice().into(),
            ..Advertisement::default()
        };
        advert.details.form = ReportForm::Host;
        let mut back = Vec::new();
        packets(
            &CaptureEvent::Advert(advert),
            &mut NotCarried::default(),
            |_, packet| back.extend(decode(&packet[1..])),
        );
        let parts: Vec<_> = back
            .iter()
            .map(|event| match event {
                CaptureEvent::Advert(advert) => (advert.data.len(), advert.data_status()),
                CaptureEvent::Other(_) => unreachable!(),
            })
            .collect();
        assert_eq!(parts, [(229, MoreToCome), (229, MoreToCome), (42, Complete)]);
    }
}
