//! Records out of a stream of bytes, with resynchronisation after damage; the containers only say what their records
//! look like.

use std::io;
use std::ops::Range;

use super::input::{Input, MAX_RECORD};
use super::packet::{Packet, PacketKind, PacketReader};
use super::{DamageLog, FormatError};
use crate::lab::time::{Micros, UnixMicros};

/// Length of the longest header of a record, that of btsnoop.
const LONGEST_HEADER: usize = 24;

/// How a container frames its records.
pub(crate) trait Framing: Send {
    /// Length of a record's header. So many zeros are none: a stretch of the file that was never written.
    const HEADER_LEN: usize = LONGEST_HEADER;

    /// What stands at the beginning of `input`; `at_end` when nothing follows it.
    fn step(&mut self, input: &[u8], at_end: bool) -> Step;

    /// Whether a sound record (as far as can be told) begins at the beginning of `input`. Looks no further than
    /// `MAX_RECORD`, the next header and the byte after it.
    fn candidate(&self, input: &[u8], at_end: bool) -> Candidate;

    /// The short way through the many: hands the HCI events at the beginning of `input` to `each` with their times, as
    /// long as they are whole, their drop counter is `drops` and `each` takes them. The first record that is out of the
    /// ordinary stays for [`Framing::step`].
    #[inline]
    fn burst(&mut self, _input: &[u8], _drops: u32, _each: impl FnMut(UnixMicros, &[u8]) -> bool) -> Burst
    where
        Self: Sized,
    {
        Burst::default()
    }

    /// Container and link type, for people.
    fn name(&self) -> String;
}

/// What [`Framing::burst`] took.
#[derive(Default)]
pub(crate) struct Burst {
    pub(crate) bytes: usize,
    pub(crate) records: u64,
    /// Time of the last record taken.
    pub(crate) last: Option<UnixMicros>,
}

/// What stands at a place.
pub(crate) enum Step {
    /// A record.
    Record(Record),
    /// Bytes without a packet.
    Skip(u64),
    /// Cannot be told before this many bytes are at hand.
    Need(usize),
    /// Nothing more.
    End,
    /// No sound record.
    Damaged(&'static str),
}

/// Whether a record begins at a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    Yes,
    No,
    /// Cannot be told before this many bytes are at hand.
    Need(usize),
}

/// A record as its container describes it.
pub(crate) struct Record {
    /// Bytes that it takes, header and padding included.
    pub(crate) consumed: usize,
    /// The packet within these.
    pub(crate) data: Range<usize>,
    pub(crate) at: UnixMicros,
    pub(crate) sub_nanos: u16,
    pub(crate) original_len: u32,
    pub(crate) included_len: u32,
    pub(crate) kind: PacketKind,
    pub(crate) drops: u32,
    pub(crate) link_type: u16,
}

/// The packets of one container.
pub(crate) struct Records<F> {
    input: Input,
    framing: F,
    damage: DamageLog,
    number: u64,
    trailing: u64,
    after_damage: bool,
}

impl<F: Framing> Records<F> {
    pub(crate) fn new(input: Input, framing: F) -> Self {
        Self {
            input,
            framing,
            damage: DamageLog::default(),
            number: 0,
            trailing: 0,
            after_damage: false,
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "once per packet; the packet then stays in registers"
    )]
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<Packet<'_>>, FormatError> {
        let record = loop {
            let step = if is_blank::<F>(self.input.at_hand()) {
                Step::Damaged("zeros in place of a record")
            } else {
                self.framing.step(self.input.at_hand(), self.input.at_end())
            };
            match step {
                Step::Record(record) => break record,
                Step::End => return Ok(None),
                other => self.pass(&other).map_err(|source| FormatError::Io {
                    context: format!("reading failed at byte {}", self.input.offset()),
                    source,
                })?,
            }
        };
        self.number += 1;
        let offset = self.input.offset();
        let after_damage = std::mem::take(&mut self.after_damage);
        let bytes = self.input.advance(record.consumed);
        Ok(Some(Packet {
            number: self.number,
            offset,
            at: record.at,
            sub_nanos: record.sub_nanos,
            original_len: record.original_len,
            included_len: record.included_len,
            data: bytes.get(record.data).unwrap_or_default(),
            kind: record.kind,
            drops: record.drops,
            link_type: record.link_type,
            after_damage,
        }))
    }

    /// See [`Framing::burst`]; gives the time of the last record taken.
    #[inline]
    pub(crate) fn burst(&mut self, drops: u32, each: impl FnMut(UnixMicros, &[u8]) -> bool) -> Option<UnixMicros> {
        if self.after_damage {
            return None;
        }
        let Burst { bytes, records, last } = self.framing.burst(self.input.at_hand(), drops, each);
        self.input.advance(bytes);
        self.number += records;
        last
    }

    #[cold]
    fn pass(&mut self, step: &Step) -> io::Result<()> {
        match *step {
            Step::Need(n) => self.input.fill(n),
            Step::Skip(n) => {
                let (offset, had) = (self.input.offset(), self.input.skip(n)?);
                if had < n {
                    self.number += 1;
                    self.trailing = had;
                    self.damage
                        .add(offset, self.number, || "the file ends within this block".to_owned());
                }
                Ok(())
            }
            Step::Damaged(what) => self.resynchronise(what),
            Step::Record(_) | Step::End => Ok(()),
        }
    }

    /// Moves on to the next place where a sound record begins, or to the end.
    fn resynchronise(&mut self, what: &'static str) -> io::Result<()> {
        let from = self.input.offset();
        self.number += 1;
        self.after_damage = true;
        let mut found = false;
        self.input.advance(1);
        while !found {
            let at_end = self.input.at_end();
            let (passed, candidate) = search(&self.framing, self.input.at_hand(), at_end);
            self.input.advance(passed);
            match candidate {
                Candidate::Yes => found = true,
                Candidate::No if at_end => break,
                Candidate::No => self.input.fill(1)?,
                Candidate::Need(n) => self.input.fill(n)?,
            }
        }
        let lost = self.input.offset() - from;
        if !found {
            self.trailing = lost;
        }
        self.damage.add(from, self.number, || {
            let end = if found { "" } else { " up to the end of the file" };
            format!("{what}; {lost} bytes{end} passed over")
        });
        Ok(())
    }
}

impl<F: Framing> PacketReader for Records<F> {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, FormatError> {
        self.next()
    }

    fn damage(&self) -> &DamageLog {
        &self.damage
    }

    fn note_damage(&mut self, offset: u64, record: u64, what: &'static str) {
        self.damage.add(offset, record, || what.to_owned());
    }

    fn bytes_read(&self) -> u64 {
        self.input.offset()
    }

    fn trailing_bytes(&self) -> u64 {
        self.trailing
    }

    fn format(&self) -> String {
        self.framing.name()
    }
}

/// Whether zeros stand where a header should.
#[inline]
fn is_blank<F: Framing>(bytes: &[u8]) -> bool {
    const ZEROS: [u8; LONGEST_HEADER] = [0; LONGEST_HEADER];
    bytes.get(..F::HEADER_LEN) == ZEROS.get(..F::HEADER_LEN)
}

/// The first place in `bytes` where a sound record begins, or where that cannot be told yet; otherwise their end. In a
/// run of zeros none begins before the last of them that make no whole header.
fn search<F: Framing>(framing: &F, bytes: &[u8], at_end: bool) -> (usize, Candidate) {
    let mut passed = 0;
    while let Some(rest) = bytes.get(passed..).filter(|rest| !rest.is_empty()) {
        if is_blank::<F>(rest) {
            passed += zeros(rest) - (F::HEADER_LEN - 1);
            continue;
        }
        match framing.candidate(rest, at_end) {
            Candidate::No => passed += 1,
            found => return (passed, found),
        }
    }
    (passed, Candidate::No)
}

/// How many zeros the bytes begin with.
fn zeros(bytes: &[u8]) -> usize {
    const BLOCK: [u8; 4096] = [0; 4096];
    // Whole blocks are compared at the speed of memory.
    let blocks = bytes
        .chunks_exact(BLOCK.len())
        .take_while(|block| *block == BLOCK)
        .count()
        * BLOCK.len();
    let rest = bytes.get(blocks..).unwrap_or_default();
    blocks + rest.iter().take_while(|byte| **byte == 0).count()
}

/// What stands where no header can: the end, too few bytes for one, or damage.
pub(crate) const fn without_header(len: usize, at_end: bool, header_len: usize, wrong: &'static str) -> Step {
    match (len, at_end) {
        (0, true) => Step::End,
        _ if len >= header_len => Step::Damaged(wrong),
        (_, true) => Step::Damaged("the file ends within a record header"),
        (_, false) => Step::Need(header_len),
    }
}

/// Whether a record at `at` may follow one at `last`: within 400 days, or, when none was read, between 2000 and 2100.
/// Only for finding the next record after damage; sound records may have any time.
pub(crate) fn time_fits(at: UnixMicros, last: Option<UnixMicros>) -> bool {
    const SPAN: i64 = Micros::from_secs(400 * 86_400).0;
    const YEAR_2000: i64 = 946_684_800_000_000;
    const YEAR_2100: i64 = 4_102_444_800_000_000;
    match last {
        Some(last) => (-SPAN..=SPAN).contains(&at.since(last).0),
        None => (YEAR_2000..YEAR_2100).contains(&at.0),
    }
}

/// Judges a place by the header there and by the header after its record.
///
/// `header` gives the length of the record (with its header) when `input` begins with a plausible header of
/// `header_len` bytes.
#[inline]
pub(crate) fn chain(
    input: &[u8],
    at_end: bool,
    header_len: usize,
    header: impl Fn(&[u8]) -> Option<usize>,
) -> Candidate {
    if input.len() < header_len {
        return if at_end {
            Candidate::No
        } else {
            Candidate::Need(header_len)
        };
    }
    let Some(len) = header(input).filter(|len| *len <= MAX_RECORD) else {
        return Candidate::No;
    };
    // The byte after the next header may tell against it: without it, what is found would depend on how the file comes.
    match input.get(len..) {
        Some(rest) if rest.len() > header_len || at_end && rest.len() == header_len => {
            if header(rest).is_some() {
                Candidate::Yes
            } else {
                Candidate::No
            }
        }
        Some(_) if at_end => Candidate::Yes,
        None if at_end => Candidate::No,
        _ => Candidate::Need(len + header_len + 1),
    }
}

#[cfg(test)]
mod tests;
