//! The packet layer: what a capture file holds, before anything is decoded.

use super::{DamageLog, FormatError};
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// One record of a capture, its bytes borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Number of the record, from 1; damaged records count.
    pub number: u64,
    /// Byte offset of the record in the file.
    pub offset: u64,
    /// When, by the clock of the file.
    pub at: UnixMicros,
    /// Nanoseconds beyond the microsecond (0..=999).
    pub sub_nanos: u16,
    /// Length of the packet as it was, by the record's header.
    pub original_len: u32,
    /// Length of what the record holds of it.
    pub included_len: u32,
    /// The packet without what the container puts before it (H4 type, radio header).
    pub data: &'a [u8],
    /// What it is.
    pub kind: PacketKind,
    /// Cumulative number of packets that the recorder lost, where the container tells; else 0.
    pub drops: u32,
    /// The container's link type (btsnoop datalink, pcap link type; 0 for `PacketLogger`).
    pub link_type: u16,
    /// Whether damage stands right before this record: something is missing between it and its predecessor.
    pub after_damage: bool,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// A packet between host and controller.
    Hci(HciPacket, Direction),
    /// A note of the logger: `PacketLogger` record type or Linux monitor opcode.
    Note(u16),
    /// A link-layer packet from the air, access address first.
    Link(LinkFrame),
    /// Something else; the H4 type byte or the sniffer's packet id.
    Unknown(u8),
}

/// HCI packet types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HciPacket {
    /// Command.
    Command,
    /// Event.
    Event,
    /// Asynchronous data.
    Acl,
    /// Synchronous data.
    Sco,
    /// Isochronous data.
    Iso,
}

impl HciPacket {
    /// The type of an H4 packet by its first byte.
    #[must_use]
    #[inline]
    pub const fn from_h4(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Command,
            2 => Self::Acl,
            3 => Self::Sco,
            4 => Self::Event,
            5 => Self::Iso,
            _ => return None,
        })
    }

    /// The short word in counts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command => "cmd",
            Self::Event => "evt",
            Self::Acl => "acl",
            Self::Sco => "sco",
            Self::Iso => "iso",
        }
    }
}

/// Which way an HCI packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Host to controller.
    Sent,
    /// Controller to host.
    Received,
}

/// What a sniffer tells of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFrame {
    /// Bluetooth channel (0..=39; 37 to 39 are the primary advertising channels).
    pub channel: Option<u8>,
    /// Received signal strength.
    pub rssi: Option<Dbm>,
    /// Check sum.
    pub crc: CrcState,
    /// Sent on the LE Coded PHY: a coding indicator stands between access address and header.
    pub coded: bool,
}

/// Whether a frame's check sum was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrcState {
    /// Not checked by the sniffer.
    #[default]
    Unknown,
    /// Right.
    Good,
    /// Wrong: whatever the frame says may be damaged.
    Bad,
}

/// A capture as a stream of packets, in file order.
pub trait PacketReader: Send {
    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// [`FormatError`] when reading cannot go on at all. Damaged records are passed over, see
    /// [`PacketReader::damage`].
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, FormatError>;

    /// What was damaged so far.
    fn damage(&self) -> &DamageLog;

    /// Counts damage within a packet that the container is sound about.
    fn note_damage(&mut self, offset: u64, record: u64, what: &'static str);

    /// Bytes consumed so far.
    fn bytes_read(&self) -> u64;

    /// Bytes after the last record that could be read.
    fn trailing_bytes(&self) -> u64;

    /// Container and link type, for people.
    fn format(&self) -> String;
}
