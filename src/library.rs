//! Captures on disk: what there is in a folder, what a capture consists of, what it amounts to.
//!
//! Names and titles are given as they are in the file system and in the files: who shows them neutralises them.

mod density;
mod files;
mod known;
mod outline;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use thiserror::Error;

use crate::format::native::{Meta, Paths, says_incomplete};
use crate::format::open::Kind;
use crate::format::reason;
use crate::lab::time::{Micros, UnixMicros};

pub use density::Density;
pub use files::{default_folder, delete, files, make_folder, open};
pub use outline::{Outline, OutlineMark, Rotation, outline, timeline};

/// Names in a folder that are looked at; further ones are only counted.
const MOST_LOOKED_AT: usize = 10_000;
/// Names that are counted beyond; there a folder's end is not waited for.
const MOST_COUNTED: u64 = 1_000_000;
/// Metadata longer than this are passed over, in bytes.
const MOST_META: u64 = 64 * 1024;
/// Metadata that are kept for one listing, in bytes of their text.
const MOST_META_IN_ALL: usize = 16 * 1024 * 1024;
/// Rows that were written within this time are taken to be recorded at this moment: a recorder writes down what it hears
/// twice a second.
const FRESH: Micros = Micros::from_secs(10);

/// Why the library could not do what it was asked to.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// The operating system refused.
    #[error("{}: {what}: {}", path.display(), reason(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// What the path names is no capture.
    #[error("{}: {what}", path.display())]
    NotACapture {
        /// The file or folder.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
}

/// Whether a capture is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Native, and its writer came to its end.
    Complete,
    /// Native, without metadata that can be read: nothing tells whether it is whole.
    NoMetadata,
    /// Native and being written: not ended, and the rows are younger than ten seconds.
    Recording,
    /// Native and not ended, the rows older than that: its writer was killed, or it has heard nothing for so long.
    Interrupted,
    /// Native, but its rows are not as long as its metadata say: changed or cut short after the recording.
    Changed,
    /// Of another program: nothing is known about its end.
    Foreign,
}

impl State {
    /// The word for tables and scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::NoMetadata => "no metadata",
            Self::Recording => "recording",
            Self::Interrupted => "interrupted",
            Self::Changed => "changed",
            Self::Foreign => "foreign",
        }
    }
}

/// A capture in a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The file to open: of a native capture its rows.
    pub path: PathBuf,
    /// The file's name, not neutralised.
    pub name: String,
    /// What it is; `None` where its name is a capture's, but it cannot be read or its content is nothing known.
    pub kind: Option<Kind>,
    /// Bytes of all its files.
    pub bytes: u64,
    /// When its rows, or the file of another program, were last written.
    pub modified: Option<UnixMicros>,
    /// What it says about itself; `None` where that is missing, longer than 64 KiB or cannot be understood. Boxed because
    /// most of a listing is looked at only in passing.
    pub meta: Option<Box<Meta>>,
    /// Whether it is whole.
    pub state: State,
}

/// What there is in a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// The captures directly in it: the newest first, those of the same time by name.
    pub entries: Vec<Entry>,
    /// Names of the folders in it, in order; hidden ones left out.
    pub folders: Vec<OsString>,
    /// Names that were not looked at because there were too many (beyond a million they are not counted).
    pub left_out: u64,
}

/// The captures directly in a folder: native ones, each with what stands beside it as one, and those of other programs
/// that are known by their first bytes. Hidden files and whatever is no regular file are passed over, links are followed.
/// `now` tells what is being recorded at this moment.
///
/// # Errors
/// [`LibraryError::Io`] when the folder cannot be read. A file that cannot be costs only itself.
pub fn scan(folder: &Path, now: UnixMicros) -> Result<Listing, LibraryError> {
    let mut listing = Listing {
        folder: folder.to_owned(),
        ..Listing::default()
    };
    let mut room = MOST_META_IN_ALL;
    for name in names(folder, &mut listing.left_out)? {
        let path = folder.join(&name);
        // A link that leads nowhere, or a file that has gone since.
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_dir() {
            listing.folders.push(name);
        } else if metadata.is_file() {
            listing.entries.extend(entry(path, &name, &metadata, now, &mut room));
        }
    }
    listing.folders.sort_unstable();
    listing.entries.sort_by(|one, other| {
        other
            .modified
            .cmp(&one.modified)
            .then_with(|| one.path.cmp(&other.path))
    });
    Ok(listing)
}

fn names(folder: &Path, left_out: &mut u64) -> Result<Vec<OsString>, LibraryError> {
    let failed = |source| LibraryError::Io {
        path: folder.to_owned(),
        what: "the folder cannot be read",
        source,
    };
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if names.len() < MOST_LOOKED_AT {
            names.push(name);
            continue;
        }
        *left_out += 1;
        if *left_out >= MOST_COUNTED {
            break;
        }
    }
    Ok(names)
}

/// The capture at `path`; `None` where it is none.
fn entry(path: PathBuf, name: &OsStr, metadata: &Metadata, now: UnixMicros, room: &mut usize) -> Option<Entry> {
    let name = name.to_string_lossy().into_owned();
    let kind = match known::kind(&path) {
        Ok(Some(kind)) => Some(kind),
        Ok(None) if known::promises_a_capture(&name) => None,
        Err(_) if known::may_be_a_capture(&name) => None,
        _ => return None,
    };
    let modified = modified(metadata);
    let (meta, state) = match kind {
        Some(Kind::NativeCsv { .. }) => about(&path, modified, now, room),
        _ => (None, State::Foreign),
    };
    let lengths = files::parts(&path, kind).into_iter().map(|file| file.metadata());
    Some(Entry {
        bytes: lengths.flatten().map(|metadata| metadata.len()).sum(),
        path,
        name,
        kind,
        modified,
        meta,
        state,
    })
}

/// What a native capture says about itself, and whether it is whole. Once there is no `room` for metadata they are read
/// for the state alone.
fn about(rows: &Path, modified: Option<UnixMicros>, now: UnixMicros, room: &mut usize) -> (Option<Box<Meta>>, State) {
    let paths = Paths::of(rows);
    if paths.rows != rows {
        return (None, State::Complete);
    }
    let text = read_meta(&paths.meta).unwrap_or_default();
    if text.is_empty() {
        return (None, State::NoMetadata);
    }
    let Ok(meta) = Meta::parse(&text) else {
        return (None, State::NoMetadata);
    };
    let length = rows.metadata().map_or(0, |metadata| metadata.len());
    let state = if meta.complete && meta.bytes > 0 && meta.bytes != length {
        State::Changed
    } else if meta.complete || !says_incomplete(&text) {
        State::Complete
    } else if modified.is_some_and(|at| now.since(at).0.unsigned_abs() <= FRESH.0.unsigned_abs()) {
        State::Recording
    } else {
        State::Interrupted
    };
    let kept = room.checked_sub(text.len());
    *room = kept.unwrap_or(*room);
    (kept.map(|_| Box::new(meta)), state)
}

fn read_meta(path: &Path) -> io::Result<String> {
    let file = known::open_regular(path)?;
    let mut text = String::new();
    file.take(MOST_META).read_to_string(&mut text)?;
    Ok(text)
}

/// When a file was last written.
fn modified(metadata: &Metadata) -> Option<UnixMicros> {
    let micros = |span: std::time::Duration| i64::try_from(span.as_micros()).ok();
    match metadata.modified().ok()?.duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after).map(UnixMicros),
        Err(before) => micros(before.duration()).map(|micros| UnixMicros(-micros)),
    }
}
