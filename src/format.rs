//! Capture formats: bytes to events and back, streaming over any reader, in bounded memory.
//!
//! The kind of a file is found by its content. Damage costs the damaged record: it is counted and described with its
//! position, and the rest is read.

pub(crate) mod btsnoop;
pub mod btsnoop_writer;
pub mod decode;
pub mod export;
pub mod hci;
pub(crate) mod hci_writer;
pub(crate) mod input;
pub mod jsonl;
pub(crate) mod link;
pub mod ll;
pub mod native;
pub mod open;
pub mod packet;
pub(crate) mod packetlogger;
pub(crate) mod pcap;
pub(crate) mod pcapng;
pub mod pcapng_writer;
pub(crate) mod records;

use std::{fmt, io};

use serde::Serialize;
use thiserror::Error;

use crate::lab::event::CaptureEvent;
use crate::lab::session::Intake;

/// About how many events one call of [`EventReader::read`] appends.
pub const BATCH: usize = 256;

/// A capture as a stream of events.
pub trait EventReader: Send {
    /// Appends the next events, about [`BATCH`] of them, to `batch`; `false` when there are no more. May append nothing
    /// and return `true` (a long stretch without events).
    ///
    /// # Errors
    /// [`FormatError`] when reading cannot go on at all. Damaged records are no error, see [`EventReader::damage`].
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError>;

    /// As [`EventReader::read`], the events straight into a session; the same in fewer steps.
    ///
    /// # Errors
    /// As [`EventReader::read`]; the session then has what came before.
    fn feed(&mut self, intake: &mut Intake<'_>) -> Result<bool, FormatError> {
        intake.take_from(|batch| self.read(batch))
    }

    /// From now on notes in which record of its file each advertisement is, which takes the longer way.
    fn number_records(&mut self) {}

    /// The numbers of the records in which the advertisements were, from 1, in order, as far as there was room. `None` where
    /// advertisements are counted themselves: the n-th row is number n.
    fn take_numbers(&mut self) -> Option<Vec<u32>> {
        None
    }

    /// What was damaged so far.
    fn damage(&self) -> &DamageLog;

    /// Bytes consumed so far (of the compressed file where it is compressed), for progress.
    fn bytes_read(&self) -> u64;
}

/// Why a capture cannot be read, or not any further.
#[derive(Debug, Error)]
pub enum FormatError {
    /// The operating system refused.
    #[error("{context}: {}", reason(source))]
    Io {
        /// What was being done, with the path.
        context: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The content is none of the known kinds.
    #[error("{0}")]
    Unrecognised(String),
    /// The kind is known, but its header or version cannot be read.
    #[error("at byte {offset}: {what}")]
    Header {
        /// Where.
        offset: u64,
        /// What is wrong, and what to do.
        what: String,
    },
}

/// What the operating system says, in the words of this program's messages: without the number of the error.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words);
    match words.split_at_checked(1) {
        // A word, not an abbreviation.
        Some((first, rest)) if rest.starts_with(|letter: char| letter.is_lowercase()) => first.to_lowercase() + rest,
        _ => words.to_owned(),
    }
}

/// One damaged record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Byte offset of the record in the (uncompressed) file.
    pub offset: u64,
    /// Number of the record or line, from 1.
    pub record: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} at byte {}: {}", self.record, self.offset, self.what)
    }
}

/// Damage met while reading: all of it counted, the first few described.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DamageLog {
    /// How many records were damaged.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Damage>,
}

impl DamageLog {
    /// How many are described.
    pub const KEPT: usize = 20;

    /// Counts one, and keeps its description while there is room.
    pub fn add(&mut self, offset: u64, record: u64, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(Damage {
                offset,
                record,
                what: what(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words_without_numbers() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(reason(&io::Error::other("D-Bus is gone")), "D-Bus is gone");
        assert_eq!(reason(&io::Error::other("")), "");
    }
}
