//! Apple `PacketLogger` (`.pklg`), in either byte order.
//!
//! No file header. Record: length of what follows, seconds, microseconds (32 bits each), type (8 bits), packet.

use super::input::MAX_RECORD;
use super::packet::{Direction, HciPacket, PacketKind};
use super::records::{Candidate, Framing, Record, Step, chain, time_fits, without_header};
use crate::lab::time::UnixMicros;

/// Length, time and type.
pub(crate) const RECORD_HEADER_LEN: usize = 13;

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Big,
    Little,
}

pub(crate) struct PacketLogger {
    order: Order,
    last: Option<UnixMicros>,
}

struct Header {
    len: usize,
    at: UnixMicros,
    ty: u8,
}

impl PacketLogger {
    pub(crate) const fn new(order: Order) -> Self {
        Self { order, last: None }
    }

    /// The byte order in which `bytes`, the beginning of a file, make sense; `None` when they do in neither.
    pub(crate) fn recognise(bytes: &[u8], at_end: bool) -> Option<Order> {
        [Order::Big, Order::Little].into_iter().find(|order| {
            let framing = Self::new(*order);
            let first = framing.header(bytes).filter(|header| time_fits(header.at, None));
            first.is_some_and(|header| {
                let next = bytes.get(4 + header.len..).unwrap_or_default();
                match framing.header(next) {
                    Some(second) => time_fits(second.at, Some(header.at)),
                    // A single record, whole or cut.
                    None => at_end && next.len() < RECORD_HEADER_LEN && known(header.ty),
                }
            })
        })
    }

    /// How many bytes [`PacketLogger::recognise`] wants to see, judging from the first record's header.
    pub(crate) fn wanted(bytes: &[u8]) -> usize {
        [Order::Big, Order::Little]
            .into_iter()
            .filter_map(|order| Self::new(order).header(bytes))
            .map(|header| 4 + header.len + RECORD_HEADER_LEN)
            .max()
            .unwrap_or(RECORD_HEADER_LEN)
    }

    /// The header at the beginning of `input`, if one can stand there.
    #[inline]
    fn header(&self, input: &[u8]) -> Option<Header> {
        let raw: &[u8; RECORD_HEADER_LEN] = input.first_chunk()?;
        let word = |idx: usize| {
            let word = raw.get(idx * 4..).and_then(|rest| rest.first_chunk())?;
            Some(match self.order {
                Order::Big => u32::from_be_bytes(*word),
                Order::Little => u32::from_le_bytes(*word),
            })
        };
        let (len, seconds, micros) = (word(0)? as usize, word(1)?, word(2)?);
        let fits = (9..=MAX_RECORD - 4).contains(&len) && micros < 1_000_000;
        fits.then(|| Header {
            len,
            at: UnixMicros(i64::from(seconds) * 1_000_000 + i64::from(micros)),
            ty: raw[12],
        })
    }
}

/// Whether the type is one of HCI or of the notes that the program is known to write.
const fn known(ty: u8) -> bool {
    matches!(ty, 0x00..=0x03 | 0x08..=0x0b | 0xf0..=0xff)
}

/// The length that an HCI packet gives for itself.
#[inline]
fn own_length(ty: u8, packet: &[u8]) -> Option<usize> {
    match (ty, packet) {
        (0x00, [_, _, len, ..]) => Some(3 + usize::from(*len)),
        (0x01, [_, len, ..]) => Some(2 + usize::from(*len)),
        _ => None,
    }
}

const fn kind(ty: u8) -> PacketKind {
    use {
        Direction::{Received, Sent},
        HciPacket::{Acl, Command, Event, Sco},
    };
    match ty {
        0x00 => PacketKind::Hci(Command, Sent),
        0x01 => PacketKind::Hci(Event, Received),
        0x02 => PacketKind::Hci(Acl, Sent),
        0x03 => PacketKind::Hci(Acl, Received),
        0x08 => PacketKind::Hci(Sco, Sent),
        0x09 => PacketKind::Hci(Sco, Received),
        note => PacketKind::Note(note as u16),
    }
}

impl Framing for PacketLogger {
    const HEADER_LEN: usize = RECORD_HEADER_LEN;

    #[inline]
    fn step(&mut self, input: &[u8], at_end: bool) -> Step {
        let Some(header) = self.header(input) else {
            let wrong = "the record's length or time cannot be true";
            return without_header(input.len(), at_end, RECORD_HEADER_LEN, wrong);
        };
        let consumed = 4 + header.len;
        if input.len() < consumed {
            return if at_end {
                Step::Damaged("the file ends within a record")
            } else {
                Step::Need(consumed)
            };
        }
        if own_length(header.ty, &input[RECORD_HEADER_LEN..consumed]).is_some_and(|len| len != header.len - 9) {
            // Packet and record disagree about the length: the next header tells whether the record is right.
            let next = input.get(consumed..).unwrap_or_default();
            match self.header(next) {
                Some(next) if time_fits(next.at, Some(header.at)) => {}
                None if next.len() < RECORD_HEADER_LEN && !at_end => return Step::Need(consumed + RECORD_HEADER_LEN),
                None if next.is_empty() => {}
                _ => return Step::Damaged("the record's length is not that of its packet"),
            }
        }
        self.last = Some(header.at);
        #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_RECORD")]
        let len = (consumed - RECORD_HEADER_LEN) as u32;
        Step::Record(Record {
            consumed,
            data: RECORD_HEADER_LEN..consumed,
            at: header.at,
            sub_nanos: 0,
            original_len: len,
            included_len: len,
            kind: kind(header.ty),
            drops: 0,
            link_type: 0,
        })
    }

    fn candidate(&self, input: &[u8], at_end: bool) -> Candidate {
        chain(input, at_end, RECORD_HEADER_LEN, |input| {
            let header = self.header(input)?;
            (known(header.ty) && time_fits(header.at, self.last)).then_some(4 + header.len)
        })
    }

    fn name(&self) -> String {
        match self.order {
            Order::Big => "pklg (big-endian)".to_owned(),
            Order::Little => "pklg (little-endian)".to_owned(),
        }
    }
}
