//! pcap, in either byte order, with times in microseconds or nanoseconds.
//!
//! The records are framed here and not by a crate, because damage must cost only the damaged record and nanoseconds
//! must be kept.

use super::FormatError;
use super::input::MAX_RECORD;
use super::link::LinkKind;
use super::packetlogger::Order;
use super::records::{Candidate, Framing, Record, Step, chain, time_fits, without_header};
use crate::lab::time::UnixMicros;

/// Length of the file header.
pub(crate) const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;
const MAGIC_MICROS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;

pub(crate) struct Pcap {
    order: Order,
    nanos: bool,
    link_type: u16,
    kind: LinkKind,
    last: Option<UnixMicros>,
}

struct Header {
    at: UnixMicros,
    sub_nanos: u16,
    included: u32,
    original: u32,
}

/// A 32-bit word at a byte offset.
pub(crate) fn word(order: Order, bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..)?.first_chunk()?;
    Some(match order {
        Order::Big => u32::from_be_bytes(*raw),
        Order::Little => u32::from_le_bytes(*raw),
    })
}

impl Pcap {
    /// Byte order and whether times are in nanoseconds, by the first four bytes.
    pub(crate) fn recognise(bytes: &[u8]) -> Option<(Order, bool)> {
        [Order::Big, Order::Little]
            .into_iter()
            .find_map(|order| match word(order, bytes, 0)? {
                MAGIC_MICROS => Some((order, false)),
                MAGIC_NANOS => Some((order, true)),
                _ => None,
            })
    }

    /// Reads the file header at the beginning of `bytes`.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, FormatError> {
        let header = || Some((Self::recognise(bytes)?, word(Self::recognise(bytes)?.0, bytes, 20)?));
        let Some(((order, nanos), network)) = header() else {
            return Err(FormatError::Header {
                offset: bytes.len() as u64,
                what: "the pcap header is cut short; copy the file again".to_owned(),
            });
        };
        // The upper half says whether a frame check sequence follows the packets.
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the link type")]
        let link_type = network as u16;
        let kind = LinkKind::from_code(link_type);
        if kind == LinkKind::Other {
            return Err(FormatError::Header {
                offset: 20,
                what: format!(
                    "pcap link type {link_type} is not Bluetooth that can be read (187, 201, 251, 254, 256 and 272 are)"
                ),
            });
        }
        Ok(Self {
            order,
            nanos,
            link_type,
            kind,
            last: None,
        })
    }

    fn header(&self, input: &[u8]) -> Option<Header> {
        let word = |at| word(self.order, input, at);
        let (seconds, fraction, included, original) = (word(0)?, word(4)?, word(8)?, word(12)?);
        let (micros, sub_nanos) = if self.nanos {
            (fraction / 1000, fraction % 1000)
        } else {
            (fraction, 0)
        };
        let fits = micros < 1_000_000 && included <= original && original as usize <= MAX_RECORD - RECORD_HEADER_LEN;
        fits.then(|| Header {
            at: UnixMicros(i64::from(seconds) * 1_000_000 + i64::from(micros)),
            sub_nanos: u16::try_from(sub_nanos).unwrap_or_default(),
            included,
            original,
        })
    }
}

impl Framing for Pcap {
    const HEADER_LEN: usize = RECORD_HEADER_LEN;

    fn step(&mut self, input: &[u8], at_end: bool) -> Step {
        let Some(header) = self.header(input) else {
            let wrong = "the record's lengths or time cannot be true";
            return without_header(input.len(), at_end, RECORD_HEADER_LEN, wrong);
        };
        let consumed = RECORD_HEADER_LEN + header.included as usize;
        let Some(captured) = input.get(RECORD_HEADER_LEN..consumed) else {
            return if at_end {
                Step::Damaged("the file ends within a record")
            } else {
                Step::Need(consumed)
            };
        };
        let (kind, prefix) = self.kind.packet(captured);
        self.last = Some(header.at);
        Step::Record(Record {
            consumed,
            data: (RECORD_HEADER_LEN + prefix).min(consumed)..consumed,
            at: header.at,
            sub_nanos: header.sub_nanos,
            original_len: header.original,
            included_len: header.included,
            kind,
            drops: 0,
            link_type: self.link_type,
        })
    }

    fn candidate(&self, input: &[u8], at_end: bool) -> Candidate {
        chain(input, at_end, RECORD_HEADER_LEN, |input| {
            let header = self.header(input)?;
            (header.included > 0 && time_fits(header.at, self.last))
                .then_some(RECORD_HEADER_LEN + header.included as usize)
        })
    }

    fn name(&self) -> String {
        "pcap".to_owned()
    }
}
