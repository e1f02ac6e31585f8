//! btsnoop: Android's HCI logs (datalinks 1001 and 1002) and Linux monitor captures (`btmon -w`, datalink 2001).
//!
//! All fields are big-endian. Header: `btsnoop\0`, version 1, datalink. Record: original length, included length,
//! flags, cumulative drops, time in microseconds since the year 0, packet.

use super::input::MAX_RECORD;
use super::link;
use super::packet::{Direction, HciPacket, PacketKind};
use super::records::{Burst, Candidate, Framing, Record, Step, chain, time_fits};
use super::{BATCH, FormatError};
use crate::lab::time::UnixMicros;

/// What a file begins with.
pub(crate) const MAGIC: &[u8; 8] = b"btsnoop\0";
/// Length of the file header.
pub(crate) const HEADER_LEN: usize = 16;
const RECORD_HEADER_LEN: usize = 24;
/// Longest packet that is taken for one.
const MOST_INCLUDED: usize = MAX_RECORD - RECORD_HEADER_LEN;
/// H4 type of events.
const H4_EVENT: u8 = 4;
/// Microseconds from the year 0 to 1970 as btsnoop counts them.
const EPOCH: i64 = 0x00dc_ddb3_0f2f_8000;

/// What the packets of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Datalink {
    /// HCI without a type byte; the type comes from the flags.
    Bare,
    /// HCI with the H4 type byte.
    H4,
    /// Linux monitor: adapter and opcode in the flags.
    Monitor,
}

pub(crate) struct Btsnoop {
    datalink: Datalink,
    last: Option<UnixMicros>,
}

struct Header {
    original: u32,
    included: u32,
    flags: u32,
    drops: u32,
    at: UnixMicros,
}

impl Btsnoop {
    /// Reads the file header at the beginning of `bytes`.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, FormatError> {
        let field = |at: usize| {
            bytes
                .get(at..)
                .and_then(|rest| rest.first_chunk())
                .map(|raw| u32::from_be_bytes(*raw))
        };
        let (Some(version), Some(datalink)) = (field(8), field(12)) else {
            return Err(FormatError::Header {
                offset: bytes.len() as u64,
                what: "the btsnoop header is cut short; copy the file again".to_owned(),
            });
        };
        if version != 1 {
            return Err(FormatError::Header {
                offset: 8,
                what: format!("btsnoop version {version} is not known, only version 1 is"),
            });
        }
        let datalink = match datalink {
            1001 => Datalink::Bare,
            1002 => Datalink::H4,
            2001 => Datalink::Monitor,
            other => {
                return Err(FormatError::Header {
                    offset: 12,
                    what: format!(
                        "btsnoop datalink {other} is not known (1001 HCI, 1002 HCI UART (H4) and 2001 Linux monitor are)"
                    ),
                });
            }
        };
        Ok(Self { datalink, last: None })
    }

    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    fn header(input: &[u8]) -> Option<Header> {
        let raw: &[u8; RECORD_HEADER_LEN] = input.first_chunk()?;
        // Constant indices: one load and one swap each.
        let word = |at: usize| u32::from_be_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
        Some(Header {
            original: word(0),
            included: word(4),
            flags: word(8),
            drops: word(12),
            at: UnixMicros(raw_time(raw).saturating_sub(EPOCH)),
        })
    }

    #[inline]
    fn kind(&self, flags: u32, packet: &[u8]) -> (PacketKind, usize) {
        let direction = if flags & 1 == 0 {
            Direction::Sent
        } else {
            Direction::Received
        };
        match self.datalink {
            Datalink::H4 => link::h4(packet, direction),
            Datalink::Monitor => (link::monitor(flags & 0xffff), 0),
            Datalink::Bare => {
                let packet = match (flags & 2 != 0, direction) {
                    (true, Direction::Sent) => HciPacket::Command,
                    (true, Direction::Received) => HciPacket::Event,
                    (false, _) => HciPacket::Acl,
                };
                (PacketKind::Hci(packet, direction), 0)
            }
        }
    }

    const fn link_type(&self) -> u16 {
        match self.datalink {
            Datalink::Bare => 1001,
            Datalink::H4 => 1002,
            Datalink::Monitor => 2001,
        }
    }
}

/// The time of a record as its header has it.
#[inline]
fn raw_time(header: &[u8; RECORD_HEADER_LEN]) -> i64 {
    header.last_chunk().map_or(0, |time| i64::from_be_bytes(*time))
}

/// Whether the lengths can be those of a Bluetooth packet.
#[inline]
const fn lengths_fit(header: &Header) -> bool {
    header.included <= header.original && header.original as usize <= MOST_INCLUDED
}

impl Framing for Btsnoop {
    #[inline]
    fn step(&mut self, input: &[u8], at_end: bool) -> Step {
        let Some(header) = Self::header(input) else {
            return match (input.is_empty(), at_end) {
                (true, true) => Step::End,
                (false, true) => Step::Damaged("the file ends within a record header"),
                (_, false) => Step::Need(RECORD_HEADER_LEN),
            };
        };
        if !lengths_fit(&header) {
            return Step::Damaged("the record's lengths cannot be true");
        }
        let consumed = RECORD_HEADER_LEN + header.included as usize;
        let Some(packet) = input.get(RECORD_HEADER_LEN..consumed) else {
            return if at_end {
                Step::Damaged("the file ends within a record")
            } else {
                Step::Need(consumed)
            };
        };
        let (kind, prefix) = self.kind(header.flags, packet);
        self.last = Some(header.at);
        Step::Record(Record {
            consumed,
            data: RECORD_HEADER_LEN + prefix..consumed,
            at: header.at,
            sub_nanos: 0,
            original_len: header.original,
            included_len: header.included,
            kind,
            drops: header.drops,
            link_type: self.link_type(),
        })
    }

    #[inline]
    fn burst(&mut self, input: &[u8], drops: u32, mut each: impl FnMut(UnixMicros, &[u8]) -> bool) -> Burst {
        let drops = drops.to_be_bytes();
        let mut rest = input;
        let mut burst = Burst::default();
        while self.datalink == Datalink::H4 && burst.records < BATCH as u64 {
            // As `Self::header`, but no field is read that can be compared as it stands.
            let Some((header, after)) = rest.split_first_chunk::<RECORD_HEADER_LEN>() else {
                break;
            };
            let included = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
            let is_plain = header[..4] == header[4..8] && header[12..16] == drops && included <= MOST_INCLUDED;
            let Some((packet, after)) = after.split_at_checked(included).filter(|_| is_plain) else {
                break;
            };
            let [H4_EVENT, event @ ..] = packet else { break };
            let Some(at) = raw_time(header).checked_sub(EPOCH) else {
                break;
            };
            if !each(UnixMicros(at), event) {
                break;
            }
            burst.last = Some(UnixMicros(at));
            burst.records += 1;
            rest = after;
        }
        burst.bytes = input.len() - rest.len();
        self.last = burst.last.or(self.last);
        burst
    }

    fn candidate(&self, input: &[u8], at_end: bool) -> Candidate {
        chain(input, at_end, RECORD_HEADER_LEN, |input| {
            let header = Self::header(input).filter(lengths_fit)?;
            let flags_fit = match self.datalink {
                Datalink::Monitor => header.flags & 0xffff <= link::MONITOR_OPCODE_MAX,
                _ => header.flags <= 3,
            };
            let kind_fits = match (self.datalink, input.get(RECORD_HEADER_LEN)) {
                (Datalink::H4, Some(first)) => HciPacket::from_h4(*first).is_some(),
                _ => true,
            };
            (flags_fit && kind_fits && header.included > 0 && time_fits(header.at, self.last))
                .then_some(RECORD_HEADER_LEN + header.included as usize)
        })
    }

    fn name(&self) -> String {
        match self.datalink {
            Datalink::Bare => "btsnoop/HCI (datalink 1001)".to_owned(),
            Datalink::H4 => "btsnoop/H4 (datalink 1002)".to_owned(),
            Datalink::Monitor => "btsnoop/Linux monitor (datalink 2001)".to_owned(),
        }
    }
}
