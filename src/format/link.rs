//! Link types: what stands before the packet, and what the packet is.
//!
//! Source: the public list of link-layer header types (tcpdump.org), Bluetooth and nRF Sniffer entries.

use super::packet::{CrcState, Direction, HciPacket, LinkFrame, PacketKind};
use crate::lab::units::Dbm;

/// Linux monitor opcodes beyond this are not assigned.
pub(crate) const MONITOR_OPCODE_MAX: u32 = 32;

/// The link types of pcap and pcapng that hold Bluetooth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// 187: HCI with the H4 type byte.
    H4,
    /// 201: as 187, after a 32-bit direction (big-endian, 0 sent, 1 received).
    H4WithDirection,
    /// 251: Bluetooth LE link layer.
    LowEnergy,
    /// 254: Linux monitor, 16-bit adapter and 16-bit opcode (big-endian) first.
    Monitor,
    /// 256: as 251, after a radio header of 10 bytes.
    LowEnergyWithRadio,
    /// 272: as 251, after the nRF Sniffer's header.
    NordicSniffer,
    /// Anything else.
    Other,
}

impl LinkKind {
    pub(crate) const fn from_code(code: u16) -> Self {
        match code {
            187 => Self::H4,
            201 => Self::H4WithDirection,
            251 => Self::LowEnergy,
            254 => Self::Monitor,
            256 => Self::LowEnergyWithRadio,
            272 => Self::NordicSniffer,
            _ => Self::Other,
        }
    }

    /// What a captured packet is, and how many bytes stand before it.
    pub(crate) fn packet(self, captured: &[u8]) -> (PacketKind, usize) {
        match self {
            Self::H4 => h4(captured, Direction::Sent),
            Self::H4WithDirection => match captured.split_first_chunk() {
                Some((direction, rest)) => {
                    let direction = match u32::from_be_bytes(*direction) & 1 {
                        0 => Direction::Sent,
                        _ => Direction::Received,
                    };
                    let (kind, prefix) = h4(rest, direction);
                    (kind, 4 + prefix)
                }
                None => (PacketKind::Unknown(0), captured.len()),
            },
            Self::LowEnergy => (PacketKind::Link(LinkFrame::default()), 0),
            Self::Monitor => match captured.first_chunk() {
                Some([_, _, high, low]) => (monitor(u32::from(u16::from_be_bytes([*high, *low]))), 4),
                None => (PacketKind::Unknown(0), captured.len()),
            },
            Self::LowEnergyWithRadio => radio(captured),
            Self::NordicSniffer => nordic(captured),
            Self::Other => (PacketKind::Unknown(0), 0),
        }
    }
}

/// An H4 packet; the direction of commands and events follows from their type.
#[inline]
pub(crate) fn h4(bytes: &[u8], direction: Direction) -> (PacketKind, usize) {
    match bytes.first().map(|first| (HciPacket::from_h4(*first), *first)) {
        Some((Some(HciPacket::Event), _)) => (PacketKind::Hci(HciPacket::Event, Direction::Received), 1),
        Some((Some(HciPacket::Command), _)) => (PacketKind::Hci(HciPacket::Command, Direction::Sent), 1),
        Some((Some(packet), _)) => (PacketKind::Hci(packet, direction), 1),
        Some((None, first)) => (PacketKind::Unknown(first), 1),
        None => (PacketKind::Unknown(0), 0),
    }
}

/// A Linux monitor packet by its opcode (`BlueZ`, `src/shared/btsnoop.h`).
#[inline]
pub(crate) const fn monitor(opcode: u32) -> PacketKind {
    use {
        Direction::{Received, Sent},
        HciPacket::{Acl, Command, Event, Iso, Sco},
    };
    match opcode {
        2 => PacketKind::Hci(Command, Sent),
        3 => PacketKind::Hci(Event, Received),
        4 => PacketKind::Hci(Acl, Sent),
        5 => PacketKind::Hci(Acl, Received),
        6 => PacketKind::Hci(Sco, Sent),
        7 => PacketKind::Hci(Sco, Received),
        18 => PacketKind::Hci(Iso, Sent),
        19 => PacketKind::Hci(Iso, Received),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the opcode is the lower half of the flags"
        )]
        note => PacketKind::Note(note as u16),
    }
}

/// Link type 256: RF channel, signal, noise, access-address errors, reference access address, flags (little-endian).
fn radio(captured: &[u8]) -> (PacketKind, usize) {
    const SIGNAL_VALID: u16 = 0x0002;
    const CRC_CHECKED: u16 = 0x0400;
    const CRC_VALID: u16 = 0x0800;
    let Some([rf_channel, signal, _, _, _, _, _, _, low, high]) = captured.first_chunk() else {
        return (PacketKind::Unknown(0), captured.len());
    };
    let flags = u16::from_le_bytes([*low, *high]);
    let frame = LinkFrame {
        channel: channel_of_rf(*rf_channel),
        rssi: if flags & SIGNAL_VALID == 0 {
            None
        } else {
            Dbm::from_hci(*signal)
        },
        crc: match (flags & CRC_CHECKED != 0, flags & CRC_VALID != 0) {
            (false, _) => CrcState::Unknown,
            (true, true) => CrcState::Good,
            (true, false) => CrcState::Bad,
        },
        coded: flags >> 14 == 2,
    };
    (PacketKind::Link(frame), 10)
}

/// The Bluetooth channel of RF channel `k` (2402 + 2 k MHz): 37, 38 and 39 are the RF channels 0, 12 and 39.
const fn channel_of_rf(rf: u8) -> Option<u8> {
    match rf {
        0 => Some(37),
        1..=11 => Some(rf - 1),
        12 => Some(38),
        13..=38 => Some(rf - 2),
        39 => Some(39),
        _ => None,
    }
}

/// Link type 272: board, then header and payload length (protocol version 1: a byte each; 2 and 3: payload length as
/// u16), version, counter, packet id; then length of what follows, flags, channel, RSSI without its sign, event
/// counter, time.
fn nordic(captured: &[u8]) -> (PacketKind, usize) {
    let Some([_, _, _, version, _, _, id, rest @ ..]) = captured.first_chunk::<17>() else {
        return (PacketKind::Unknown(0), captured.len());
    };
    // 2: packet in a connection (version 3), 6: packet (versions 1 and 2), advertising packet (version 3).
    let [header_len, flags, channel, strength, ..] = rest;
    if !(1..=3).contains(version) || !matches!(id, 2 | 6) || *header_len < 10 {
        return (PacketKind::Unknown(*id), captured.len());
    }
    let frame = LinkFrame {
        channel: (*channel < 40).then_some(*channel),
        rssi: i8::try_from(-i16::from(*strength)).ok().map(Dbm),
        crc: if flags & 1 == 0 { CrcState::Bad } else { CrcState::Good },
        coded: *version == 3 && flags >> 4 & 0b111 == 2,
    };
    (PacketKind::Link(frame), 7 + usize::from(*header_len))
}
