//! The native capture: `NAME.csv` (or `NAME.csv.zst`) with one advertisement a row, `NAME.events.csv` with all else that
//! can change a result, `NAME.toml` with what is known about the capture.
//!
//! Every record of the two CSV files is one line. Readers go by the names in the header row; unknown columns are
//! ignored, missing ones leave their default, an empty field means "not known" or the default. Text that a person wrote
//! is kept with control characters and backslashes escaped (`\n`, `\\`, `\u{202e}`), so that a file can be shown on a
//! terminal.
//!
//! **Order.** A row of the events file says in `row` how many rows of the advertisement file come before it; that makes
//! a replay give exactly the recorded order, also when time goes back. A row without it (a mark that was added later or
//! by hand) comes before the first remaining advertisement of the same or a later time; among themselves such rows are
//! ordered by time, then as in the file; where both sorts are due, those with `row` come first.

mod adjusted;
mod check;
mod disk;
mod events;
mod late;
mod lines;
mod meta;
mod number;
mod reader;
mod row;
mod rows;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod writer;

use std::path::{Path, PathBuf};

pub(crate) use adjusted::Adjusted;
pub(crate) use check::check;
pub use disk::Disk;
pub(crate) use disk::create as create_private;
pub use events::{HEADER as EVENTS_HEADER, encode as encode_event};
pub use late::{append_event, recount_marks};
pub(crate) use meta::says_incomplete;
pub use meta::{Counts, Losses, Meta, PSEUDONYMISED, SourceNote, Span, StationNote};
pub use reader::{Reader, Side};
pub use row::{HEADER, write_row};
pub use rows::RowsWriter;
pub use text::{escape, unescape};
pub use writer::{Stored, Writer};

/// Longest line that is read, in bytes; the longest advertisement (1,650 bytes) needs under 4,000.
pub const MAX_LINE: usize = 64 * 1024;

/// The three files of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The advertisements.
    pub rows: PathBuf,
    /// Everything else.
    pub events: PathBuf,
    /// What is known about the capture.
    pub meta: PathBuf,
    /// Whether the advertisements are compressed.
    pub compressed: bool,
}

impl Paths {
    /// The files that belong to `path`, which may end in `.csv`, `.csv.zst` or be the capture's bare name.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let without = |ending: &str| {
            let at = name.len().checked_sub(ending.len())?;
            let (stem, found) = name.split_at_checked(at)?;
            found.eq_ignore_ascii_case(ending).then_some(stem)
        };
        let compressed = without(".csv.zst").is_some();
        let stem = without(".csv.zst").or_else(|| without(".csv")).unwrap_or(&name);
        Self {
            rows: if name.len() == stem.len() {
                path.with_file_name(format!("{stem}.csv"))
            } else {
                path.to_owned()
            },
            events: path.with_file_name(format!("{stem}.events.csv")),
            meta: path.with_file_name(format!("{stem}.toml")),
            compressed,
        }
    }

    /// Whether one of the three files is there already.
    #[must_use]
    pub fn taken(&self) -> Option<&Path> {
        [&self.rows, &self.events, &self.meta]
            .into_iter()
            .find(|path| path.symlink_metadata().is_ok())
            .map(PathBuf::as_path)
    }

    /// The first of `NAME`, `NAME-2`, `NAME-3`, … of which no file is there.
    #[must_use]
    pub fn free(path: &Path) -> Self {
        let first = Self::of(path);
        let name = first
            .rows
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let extension = if first.compressed { ".csv.zst" } else { ".csv" };
        let stem = name.strip_suffix(extension).unwrap_or(&name).to_owned();
        let numbered = (2..=9999u32).map(|n| Self::of(&path.with_file_name(format!("{stem}-{n}{extension}"))));
        std::iter::once(first.clone())
            .chain(numbered)
            .find(|paths| paths.taken().is_none())
            .unwrap_or(first)
    }
}

/// Whether the first bytes of a file (the header row at least in part) are those of a native capture.
#[must_use]
pub fn recognise(start: &[u8]) -> bool {
    let start = start.strip_prefix(BOM).unwrap_or(start);
    let header = start
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let has = |name: &[u8]| {
        header
            .split(|byte| *byte == b',')
            .any(|field| field.trim_ascii() == name)
    };
    let quoted_has = |name: &[u8]| {
        header
            .split(|byte| *byte == b',')
            .any(|field| field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")) == Some(name))
    };
    (has(b"time_us") || quoted_has(b"time_us")) && (has(b"data") || quoted_has(b"data"))
}

/// Whether these are the first bytes of a header row that was not finished: a killed recorder's whole file.
#[must_use]
pub(crate) fn begins(whole: &[u8]) -> bool {
    !whole.is_empty() && HEADER.as_bytes().starts_with(whole)
}

/// Byte order mark, as some editors put it before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
