//! Writes a capture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
#[cfg(feature = "zstd")]
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::disk::{self, Disk};
use super::late;
use super::row::MAX_NAME;
use super::{EVENTS_HEADER, HEADER, Meta, Paths, Reader, StationNote, encode_event, write_row};
use crate::format::{EventReader as _, FormatError};
use crate::lab::advert::{Hex, StationId};
use crate::lab::event::{CaptureEvent, Event, EventKind, StationInfo};

/// How many bytes of rows are held back at most between two flushes.
const PENDING: usize = 64 * 1024;

/// What a finished capture holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The metadata as written.
    pub meta: Meta,
    /// Why the metadata could not be brought up to date, if so; the capture opens all the same.
    pub meta_failure: Option<String>,
}

/// Writes events to the three files of a capture. Nothing is certain to be in the files before [`Writer::flush`].
///
/// A station keeps its first name; one that was never introduced is introduced as `station-N`.
pub struct Writer<D: Disk = File> {
    rows: Rows<D>,
    events: Tail<D>,
    names: Names,
    meta: Meta,
    pub(super) paths: Option<Paths>,
    dead: bool,
}

impl Writer<File> {
    /// Creates the files of the capture; never overwrites.
    ///
    /// # Errors
    /// [`FormatError::Io`] when a file of this name is there already or cannot be created.
    pub fn create(paths: &Paths, meta: Meta) -> Result<Self, FormatError> {
        if let Some(taken) = paths.taken() {
            let source = io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name already");
            return Err(FormatError::Io {
                context: format!("{} is not overwritten", taken.display()),
                source,
            });
        }
        let creating = |path: &Path, source| FormatError::Io {
            context: format!("cannot create {}", path.display()),
            source,
        };
        let rows = disk::create(&paths.rows).map_err(|source| creating(&paths.rows, source))?;
        let made = disk::create_appending(&paths.events).map_err(|source| creating(&paths.events, source));
        let made = made.and_then(|events| {
            let mut writer =
                Self::over(rows, events, meta, paths.compressed).map_err(|source| creating(&paths.rows, source))?;
            writer.paths = Some(paths.clone());
            let text = writer.meta.to_text();
            disk::replace(&paths.meta, &text).map_err(|source| creating(&paths.meta, source))?;
            Ok(writer)
        });
        if made.is_err() {
            // These files are this call's own and hold nothing yet.
            let _ = std::fs::remove_file(&paths.rows);
            let _ = std::fs::remove_file(&paths.events);
        }
        made
    }
}

impl<D: Disk> Writer<D> {
    /// Writes to what the caller opened: the header rows at once, no metadata file.
    ///
    /// # Errors
    /// What writing the header rows gives.
    pub fn over(rows: D, events: D, meta: Meta, compressed: bool) -> io::Result<Self> {
        let mut rows = if compressed {
            Rows::compressed(rows)?
        } else {
            Rows::Plain(Tail::new(rows))
        };
        let mut events = Tail::new(events);
        rows.push(|line| line.extend_from_slice(format!("{HEADER}\n").as_bytes()))?;
        events
            .pending
            .extend_from_slice(format!("{EVENTS_HEADER}\n").as_bytes());
        rows.flush()?;
        events.flush()?;
        let meta = Meta {
            complete: false,
            ..meta
        };
        Ok(Self {
            rows,
            events,
            names: Names::default(),
            meta,
            paths: None,
            dead: false,
        })
    }

    /// Takes an event.
    ///
    /// # Errors
    /// [`FormatError::Io`] when the disk refuses; the capture then holds whole rows only, and takes no more.
    pub fn write(&mut self, event: &CaptureEvent) -> Result<(), FormatError> {
        let taken = self.take(event);
        self.settle(taken)
    }

    /// Hands everything to the operating system: from here on it survives the end of this process.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn flush(&mut self) -> Result<(), FormatError> {
        // Rows first: an event must not refer to rows that are not there.
        let flushed = if self.dead {
            Err(gone())
        } else {
            self.rows.flush().and_then(|()| self.events.flush())
        };
        self.settle(flushed)
    }

    /// What is known so far.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Where it is written, if to files.
    #[must_use]
    pub const fn paths(&self) -> Option<&Paths> {
        self.paths.as_ref()
    }

    /// What else is known: title, privacy treatment, damage of the source.
    pub fn note(&mut self, change: impl FnOnce(&mut Meta)) {
        change(&mut self.meta);
    }

    /// Bytes in the advertisement file, without those held back.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.stored()
    }

    /// Flushes, and brings the metadata up to date: what a killed process leaves then says how much was there.
    ///
    /// # Errors
    /// As [`Writer::flush`]; metadata that cannot be written are no failure.
    pub fn interim(&mut self) -> Result<(), FormatError> {
        self.flush()?;
        self.meta.bytes = self.bytes();
        self.meta.stations = self.names.notes();
        self.meta.settle();
        let _ = store(&self.meta, self.paths.as_ref());
        Ok(())
    }

    /// Ends the capture: everything to the disk, then the metadata. After a failure of the disk it leaves what is
    /// there and brings the metadata up to date as far as that goes.
    ///
    /// # Errors
    /// [`FormatError::Io`] when the last rows cannot be stored.
    pub fn finish(mut self) -> Result<Stored, FormatError> {
        let flushed = if self.dead { Ok(()) } else { self.flush() };
        let context = self.context();
        let (bytes, sha256) = match self.rows.finish() {
            Ok(sum) => sum,
            Err(source) if flushed.is_ok() && !self.dead => return Err(FormatError::Io { context, source }),
            Err(_) => (0, String::new()),
        };
        // A failing sync of the events must not hide that the rows are there.
        let synced = self.events.disk.sync();
        self.meta.bytes = bytes;
        self.meta.sha256 = sha256;
        self.meta.complete = flushed.is_ok() && synced.is_ok() && !self.dead;
        self.meta.stations = self.names.notes();
        if self.dead {
            recount(&mut self.meta, self.paths.as_ref());
        } else if let Some(paths) = &self.paths
            && self
                .events
                .disk
                .length()
                .is_ok_and(|length| length > self.events.stored)
            && let Some(marks) = late::marks(paths)
        {
            // Others have appended marks meanwhile.
            self.meta.take_marks(marks);
        }
        self.meta.settle();
        let meta_failure = store(&self.meta, self.paths.as_ref());
        flushed?;
        Ok(Stored {
            meta: self.meta,
            meta_failure,
        })
    }

    fn take(&mut self, event: &CaptureEvent) -> io::Result<()> {
        if self.dead {
            return Err(gone());
        }
        match event {
            CaptureEvent::Advert(advert) => {
                self.introduce(event)?;
                let name = self.names.of(advert.station);
                self.rows.push(|line| write_row(line, advert, name))?;
            }
            CaptureEvent::Other(other) => {
                if let EventKind::Station(info) = &other.kind {
                    self.names.introduce(other.station, info);
                } else {
                    self.introduce(event)?;
                }
                self.push_event(other)?;
            }
        }
        self.meta.count(event);
        Ok(())
    }

    /// Introduces the event's station where nobody has.
    fn introduce(&mut self, event: &CaptureEvent) -> io::Result<()> {
        let (at, station) = (event.at(), event.station());
        match self.names.ensure(station) {
            Some(info) => self.push_event(&Event {
                at,
                station,
                kind: EventKind::Station(info),
            }),
            None => Ok(()),
        }
    }

    fn push_event(&mut self, event: &Event) -> io::Result<()> {
        let name = self.names.of(event.station);
        encode_event(&mut self.events.pending, event, name, Some(self.meta.counts.adverts));
        if self.events.pending.len() > PENDING {
            self.events.flush()
        } else {
            Ok(())
        }
    }

    fn settle(&mut self, outcome: io::Result<()>) -> Result<(), FormatError> {
        outcome.map_err(|source| {
            self.dead = true;
            FormatError::Io {
                context: self.context(),
                source,
            }
        })
    }

    fn context(&self) -> String {
        match &self.paths {
            Some(paths) => format!("cannot write {}", paths.rows.display()),
            None => "cannot write the capture".to_owned(),
        }
    }
}

/// Writes the metadata beside the rows; why not, if not.
fn store(meta: &Meta, paths: Option<&Paths>) -> Option<String> {
    let path = &paths?.meta;
    let replaced = disk::replace(path, &meta.to_text());
    replaced.err().map(|failure| format!("{}: {failure}", path.display()))
}

/// After a failure more was taken than is in the files: counts what they hold.
fn recount(meta: &mut Meta, paths: Option<&Paths>) {
    let Some(Ok(mut reader)) = paths.map(|paths| Reader::open(&paths.rows)) else {
        return;
    };
    let mut counted = Meta::default();
    let mut batch = Vec::new();
    let mut more = true;
    while more {
        more = reader.read(&mut batch).unwrap_or(false);
        batch.drain(..).for_each(|event| counted.count(&event));
    }
    meta.counts = counted.counts;
    meta.span = counted.span;
    meta.losses.dropped = counted.losses.dropped;
}

fn gone() -> io::Error {
    io::Error::other("writing failed before; this capture takes no more")
}

/// The names of stations as they stand in the files.
#[derive(Default)]
pub(super) struct Names {
    known: BTreeMap<StationId, StationNote>,
    taken: BTreeSet<String>,
}

impl Names {
    /// Gives a station that was never introduced a name; whether it needed one.
    pub(super) fn ensure(&mut self, station: StationId) -> Option<StationInfo> {
        if self.known.contains_key(&station) {
            return None;
        }
        let info = StationInfo {
            name: format!("station-{}", station.0),
            ..StationInfo::default()
        };
        self.introduce(station, &info);
        Some(info)
    }

    pub(super) fn introduce(&mut self, station: StationId, info: &StationInfo) {
        if let Some(known) = self.known.get_mut(&station) {
            known.model.clone_from(&info.model);
            known.edition.clone_from(&info.edition);
            return;
        }
        let wished = if info.name.is_empty() {
            format!("station-{}", station.0)
        } else {
            info.name.clone()
        };
        let mut end = wished.len().min(MAX_NAME - 8);
        while !wished.is_char_boundary(end) {
            end -= 1;
        }
        let base = &wished[..end];
        let mut name = base.to_owned();
        let mut n = 1u32;
        while self.taken.contains(&name) {
            n += 1;
            name = format!("{base}-{n}");
        }
        self.taken.insert(name.clone());
        self.known.insert(
            station,
            StationNote {
                name,
                model: info.model.clone(),
                edition: info.edition.clone(),
            },
        );
    }

    pub(super) fn of(&self, station: StationId) -> &str {
        self.known.get(&station).map_or("", |note| note.name.as_str())
    }

    fn notes(&self) -> Vec<StationNote> {
        self.known.values().cloned().collect()
    }
}

/// Whole lines on their way to a disk.
struct Tail<D> {
    disk: D,
    pending: Vec<u8>,
    stored: u64,
    sum: Sha256,
}

impl<D: Disk> Tail<D> {
    fn new(disk: D) -> Self {
        Self {
            disk,
            pending: Vec::with_capacity(PENDING + 4096),
            stored: 0,
            sum: Sha256::new(),
        }
    }

    /// Writes what is pending. When the disk takes only a part, the file is cut back to the last whole line.
    fn flush(&mut self) -> io::Result<()> {
        let before = self.disk.length().ok();
        let mut written = 0;
        let mut outcome = Ok(());
        while outcome.is_ok() && written < self.pending.len() {
            match self.disk.write(&self.pending[written..]) {
                Ok(0) => outcome = Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
                Err(failure) => outcome = Err(failure),
            }
        }
        let outcome = outcome.and_then(|()| self.disk.flush());
        let whole = match outcome {
            Ok(()) => written,
            Err(_) => memchr::memrchr(b'\n', &self.pending[..written]).map_or(0, |at| at + 1),
        };
        self.sum.update(&self.pending[..whole]);
        self.stored += whole as u64;
        self.pending.clear();
        if whole < written {
            // Only where nobody else has appended meanwhile; otherwise the torn line stays, and costs only itself.
            let (length, before) = (self.disk.length()?, before.unwrap_or(0));
            if length == before + written as u64 {
                self.disk.cut(before + whole as u64)?;
            }
        }
        outcome
    }
}

enum Rows<D: Disk> {
    Plain(Tail<D>),
    #[cfg(feature = "zstd")]
    Compressed(Box<Compressed<D>>),
}

#[cfg(feature = "zstd")]
struct Compressed<D: Disk> {
    encoder: zstd::stream::write::Encoder<'static, Summing<D>>,
    line: Vec<u8>,
}

impl<D: Disk> Rows<D> {
    #[cfg(feature = "zstd")]
    fn compressed(disk: D) -> io::Result<Self> {
        let summing = Summing {
            disk,
            stored: 0,
            sum: Sha256::new(),
        };
        let encoder = zstd::stream::write::Encoder::new(summing, 0)?;
        Ok(Self::Compressed(Box::new(Compressed {
            encoder,
            line: Vec::new(),
        })))
    }

    #[cfg(not(feature = "zstd"))]
    fn compressed(_disk: D) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this program was built without zstd; write to a name that ends in .csv",
        ))
    }

    fn push(&mut self, row: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        match self {
            Self::Plain(tail) => {
                row(&mut tail.pending);
                if tail.pending.len() > PENDING {
                    tail.flush()
                } else {
                    Ok(())
                }
            }
            #[cfg(feature = "zstd")]
            Self::Compressed(out) => {
                out.line.clear();
                row(&mut out.line);
                out.encoder.write_all(&out.line)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tail) => tail.flush(),
            #[cfg(feature = "zstd")]
            Self::Compressed(out) => out.encoder.flush(),
        }
    }

    fn stored(&self) -> u64 {
        match self {
            Self::Plain(tail) => tail.stored,
            #[cfg(feature = "zstd")]
            Self::Compressed(out) => out.encoder.get_ref().stored,
        }
    }

    /// Brings all to the disk; length and check sum.
    fn finish(self) -> io::Result<(u64, String)> {
        let (mut disk, stored, sum) = match self {
            Self::Plain(mut tail) => {
                tail.flush()?;
                (tail.disk, tail.stored, tail.sum)
            }
            #[cfg(feature = "zstd")]
            Self::Compressed(out) => {
                let summing = out.encoder.finish()?;
                (summing.disk, summing.stored, summing.sum)
            }
        };
        disk.sync()?;
        Ok((stored, Hex(&sum.finalize()).to_string()))
    }
}

/// Counts and sums what goes to the disk.
#[cfg(feature = "zstd")]
struct Summing<D> {
    disk: D,
    stored: u64,
    sum: Sha256,
}

#[cfg(feature = "zstd")]
impl<D: Disk> io::Write for Summing<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.disk.write(bytes)?;
        self.sum.update(bytes.get(..n).unwrap_or_default());
        self.stored += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.disk.flush()
    }
}
