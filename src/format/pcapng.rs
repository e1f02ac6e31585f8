//! pcapng: sections in either byte order, several interfaces, enhanced, simple and obsolete packet blocks; other
//! blocks are passed over.
//!
//! The blocks are framed here and not by a crate, because damage must cost only the damaged block and nanoseconds
//! must be kept. Source: draft-ietf-opsawg-pcapng.

use super::input::MAX_RECORD;
use super::link::LinkKind;
use super::packetlogger::Order;
use super::pcap::word;
use super::records::{Candidate, Framing, Record, Step};
use crate::lab::time::UnixMicros;

/// What a file begins with; the same in either byte order.
pub(crate) const MAGIC: &[u8; 4] = &[0x0a, 0x0d, 0x0d, 0x0a];
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Type and both lengths.
const SHORTEST: usize = 12;
/// Blocks of other types are passed over up to this length; what claims more is damage.
const MAX_OTHER_BLOCK: u32 = 64 << 20;
/// More interfaces than this in a section are damage.
const MAX_INTERFACES: usize = 4096;

/// Times of an interface.
#[derive(Clone, Copy)]
struct Interface {
    link_type: u16,
    kind: LinkKind,
    snap_len: u32,
    /// `if_tsresol`: bit 7 clear: 10^-n s; set: 2^-n s.
    resolution: u8,
    /// `if_tsoffset`, in seconds.
    offset: i64,
}

pub(crate) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
    last: UnixMicros,
}

/// A packet block's fields.
struct Fields {
    interface: usize,
    time: Option<u64>,
    captured: u32,
    original: u32,
    data_at: usize,
}

impl PcapNg {
    pub(crate) const fn new() -> Self {
        Self {
            order: Order::Little,
            interfaces: Vec::new(),
            last: UnixMicros(0),
        }
    }

    /// Byte order of the section whose header begins `input`.
    fn section_order(input: &[u8]) -> Option<Order> {
        [Order::Big, Order::Little]
            .into_iter()
            .find(|order| word(*order, input, 8) == Some(BYTE_ORDER_MAGIC))
    }

    /// Type and total length of the block that begins `input`; for a section header in that section's order.
    fn block(&self, input: &[u8]) -> Option<(u32, u32, Order)> {
        let order = match word(self.order, input, 0)? {
            SECTION_HEADER => Self::section_order(input)?,
            _ => self.order,
        };
        Some((word(self.order, input, 0)?, word(order, input, 4)?, order))
    }

    fn packet(&mut self, ty: u32, block: &[u8]) -> Step {
        let Some(fields) = self.fields(ty, block) else {
            return Step::Damaged("the packet block is too short");
        };
        let Some(interface) = self.interfaces.get(fields.interface).copied() else {
            return Step::Damaged("the packet belongs to an interface that is not described");
        };
        let limit = match (ty, interface.snap_len) {
            (SIMPLE_PACKET, 1..) => fields.captured.min(interface.snap_len),
            _ => fields.captured,
        };
        let end = fields.data_at.saturating_add(limit as usize);
        let Some(captured) = block
            .get(..block.len() - 4)
            .and_then(|body| body.get(fields.data_at..end))
        else {
            return Step::Damaged("the packet's length does not fit into its block");
        };
        let (at, sub_nanos) = fields.time.map_or((self.last, 0), |time| interface.instant(time));
        let (kind, prefix) = interface.kind.packet(captured);
        self.last = at;
        Step::Record(Record {
            consumed: block.len(),
            data: (fields.data_at + prefix).min(end)..end,
            at,
            sub_nanos,
            original_len: fields.original,
            included_len: limit,
            kind,
            drops: 0,
            link_type: interface.link_type,
        })
    }

    fn fields(&self, ty: u32, block: &[u8]) -> Option<Fields> {
        let word = |at| word(self.order, block, at);
        let time = |at| Some(u64::from(word(at)?) << 32 | u64::from(word(at + 4)?));
        Some(match ty {
            SIMPLE_PACKET => {
                let original = word(8)?;
                let room = u32::try_from(block.len().checked_sub(16)?).ok()?;
                Fields {
                    interface: 0,
                    time: None,
                    captured: original.min(room),
                    original,
                    data_at: 12,
                }
            }
            OBSOLETE_PACKET => Fields {
                interface: match self.order {
                    Order::Big => word(8)? >> 16,
                    Order::Little => word(8)? & 0xffff,
                } as usize,
                time: time(12),
                captured: word(20)?,
                original: word(24)?,
                data_at: 28,
            },
            _ => Fields {
                interface: word(8)? as usize,
                time: time(12),
                captured: word(20)?,
                original: word(24)?,
                data_at: 28,
            },
        })
    }

    fn interface(&mut self, block: &[u8]) -> Step {
        let (Some(first), Some(snap_len)) = (word(self.order, block, 8), word(self.order, block, 12)) else {
            return Step::Damaged("the interface block is too short");
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Step::Damaged("too many interfaces");
        }
        #[expect(clippy::cast_possible_truncation, reason = "one half of the word is the link type")]
        let link_type = match self.order {
            Order::Big => (first >> 16) as u16,
            Order::Little => first as u16,
        };
        let mut interface = Interface {
            link_type,
            kind: LinkKind::from_code(link_type),
            snap_len,
            resolution: 6,
            offset: 0,
        };
        let mut options = block.get(16..block.len() - 4).unwrap_or_default();
        while let Some((code, value, rest)) = self.option(options) {
            match (code, value) {
                (9, [resolution]) => interface.resolution = *resolution,
                (14, value) => {
                    if let Some(raw) = value.first_chunk() {
                        interface.offset = match self.order {
                            Order::Big => i64::from_be_bytes(*raw),
                            Order::Little => i64::from_le_bytes(*raw),
                        };
                    }
                }
                _ => {}
            }
            options = rest;
        }
        self.interfaces.push(interface);
        Step::Skip(block.len() as u64)
    }

    /// Code, value and rest of an option list; `None` at its end.
    fn option<'a>(&self, options: &'a [u8]) -> Option<(u16, &'a [u8], &'a [u8])> {
        let half = |at: usize| {
            let raw = options.get(at..)?.first_chunk()?;
            Some(match self.order {
                Order::Big => u16::from_be_bytes(*raw),
                Order::Little => u16::from_le_bytes(*raw),
            })
        };
        let (code, len) = (half(0)?, usize::from(half(2)?));
        let value = options.get(4..4 + len)?;
        let rest = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        (code != 0).then_some((code, value, rest))
    }
}

impl Interface {
    /// The instant of a time stamp, and the nanoseconds beyond its microsecond.
    fn instant(self, time: u64) -> (UnixMicros, u16) {
        let offset_micros = self.offset.saturating_mul(1_000_000);
        let shift = self.resolution & 0x7f;
        let (micros, sub_nanos) = match self.resolution {
            6 => (i128::from(time), 0),
            9 => (i128::from(time / 1000), time % 1000),
            _ => {
                let nanos = match self.resolution & 0x80 {
                    0 => 10_u128
                        .checked_pow(u32::from(shift))
                        .map_or(0, |unit| u128::from(time) * 1_000_000_000 / unit),
                    _ => (u128::from(time) * 1_000_000_000)
                        .checked_shr(u32::from(shift))
                        .unwrap_or(0),
                };
                let sub_nanos = (nanos % 1000) as u64;
                (i128::try_from(nanos / 1000).unwrap_or(i128::MAX), sub_nanos)
            }
        };
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        (
            UnixMicros(micros.saturating_add(offset_micros)),
            u16::try_from(sub_nanos).unwrap_or_default(),
        )
    }
}

/// Whether a block of this type is taken in whole.
const fn is_read(ty: u32) -> bool {
    matches!(
        ty,
        SECTION_HEADER | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET
    )
}

impl Framing for PcapNg {
    const HEADER_LEN: usize = SHORTEST;

    fn step(&mut self, input: &[u8], at_end: bool) -> Step {
        if input.len() < SHORTEST {
            return match (input.is_empty(), at_end) {
                (true, true) => Step::End,
                (false, true) => Step::Damaged("the file ends within a block header"),
                (_, false) => Step::Need(SHORTEST),
            };
        }
        let Some((ty, len, order)) = self.block(input) else {
            return Step::Damaged("the section header has no byte-order mark");
        };
        let total = len as usize;
        if len % 4 != 0 || total < SHORTEST || len > MAX_OTHER_BLOCK || (is_read(ty) && total > MAX_RECORD) {
            return Step::Damaged("the block's length cannot be true");
        }
        if !is_read(ty) && total > MAX_RECORD {
            return Step::Skip(u64::from(len));
        }
        let Some(block) = input.get(..total) else {
            return if at_end {
                Step::Damaged("the file ends within a block")
            } else {
                Step::Need(total)
            };
        };
        if word(order, block, total - 4) != Some(len) {
            return Step::Damaged("the block's two lengths differ");
        }
        match ty {
            SECTION_HEADER => {
                self.order = order;
                self.interfaces.clear();
                Step::Skip(u64::from(len))
            }
            INTERFACE => self.interface(block),
            OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET => self.packet(ty, block),
            _ => Step::Skip(u64::from(len)),
        }
    }

    /// Its length stands at both ends of a block, which is proof enough.
    fn candidate(&self, input: &[u8], at_end: bool) -> Candidate {
        if input.len() < SHORTEST {
            return if at_end {
                Candidate::No
            } else {
                Candidate::Need(SHORTEST)
            };
        }
        let known = |ty| is_read(ty) || matches!(ty, 4 | 5 | 10 | 0xbad | 0x4000_0bad);
        match self.block(input) {
            Some((ty, len, order))
                if known(ty) && len % 4 == 0 && (SHORTEST..=MAX_RECORD).contains(&(len as usize)) =>
            {
                let total = len as usize;
                match input.get(total - 4..) {
                    Some(end) if end.len() >= 4 => {
                        if word(order, end, 0) == Some(len) {
                            Candidate::Yes
                        } else {
                            Candidate::No
                        }
                    }
                    _ if at_end => Candidate::No,
                    _ => Candidate::Need(total),
                }
            }
            _ => Candidate::No,
        }
    }

    fn name(&self) -> String {
        "pcapng".to_owned()
    }
}
