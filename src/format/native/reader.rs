//! Reads a capture as one stream of events.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::events::{EventParser, Placed};
use super::lines::{Line, LineText, Lines};
use super::meta::StationNote;
use super::row::{HEADER, RowParser, Stations};
use super::{BOM, Meta, Paths};
use crate::format::{BATCH, DamageLog, EventReader, FormatError};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::time::UnixMicros;

type Stream = Box<dyn Read + Send>;

/// How many events without a place among the rows (late marks) are kept in memory; more are damage.
const MAX_LATE: usize = 100_000;
/// What the first bytes of a zstd frame are.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What stands beside the advertisements. The events file is read twice: first for the late marks, which go to their
/// time, then along with the rows.
#[derive(Default)]
pub struct Side {
    /// The metadata, where there are any that can be read.
    pub meta: Option<Meta>,
    /// The events file, opened twice.
    pub events: Option<(Stream, Stream)>,
    /// What could not be opened or understood.
    pub trouble: Vec<String>,
}

impl Side {
    /// Opens what there is beside the rows; what is missing or unreadable costs only itself.
    #[must_use]
    pub fn open(paths: &Paths) -> Self {
        let mut side = Self::default();
        if paths.meta.exists() {
            side.meta = Meta::read(&paths.meta).map_err(|what| side.trouble.push(what)).ok();
        }
        let stream = || File::open(&paths.events).map(|file| Box::new(file) as Stream);
        match stream().and_then(|first| Ok((first, stream()?))) {
            Ok(both) => side.events = Some(both),
            Err(failure) if failure.kind() == io::ErrorKind::NotFound => {}
            Err(failure) => side.trouble.push(format!("{}: {failure}", paths.events.display())),
        }
        side
    }
}

/// Reads a native capture.
pub struct Reader {
    lines: Lines<Stream>,
    /// `None` when not even the header row is whole.
    parser: Option<RowParser>,
    rows: u64,
    events: Option<(Lines<Stream>, EventParser)>,
    /// The next event that has its place among the rows.
    next: Option<Placed>,
    late: VecDeque<Placed>,
    meta: Option<Meta>,
    models: BTreeMap<String, StationNote>,
    damage: DamageLog,
    /// Bytes read of a compressed file.
    compressed: Option<Arc<AtomicU64>>,
    ended: bool,
}

impl Reader {
    /// Opens the capture at `path`, with what stands beside it.
    ///
    /// # Errors
    /// [`FormatError`] when the file cannot be opened or its header row is not that of a capture.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let paths = Paths::of(path);
        let io = |source| FormatError::Io {
            context: format!("cannot read {}", paths.rows.display()),
            source,
        };
        let file = File::open(&paths.rows).map_err(io)?;
        Self::new(Box::new(file), Side::open(&paths))
    }

    /// Reads a capture held in memory: its rows and, where there are, events file and metadata.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn from_bytes(rows: &[u8], events: Option<&[u8]>, meta: Option<&str>) -> Result<Self, FormatError> {
        let stream = |bytes: &[u8]| Box::new(io::Cursor::new(bytes.to_vec())) as Stream;
        let mut side = Side {
            events: events.map(|bytes| (stream(bytes), stream(bytes))),
            ..Side::default()
        };
        if let Some(text) = meta {
            side.meta = Meta::parse(text).map_err(|what| side.trouble.push(what)).ok();
        }
        Self::new(stream(rows), side)
    }

    /// Reads rows from a stream, compressed or not, and what stands beside them.
    ///
    /// # Errors
    /// [`FormatError`] when the stream cannot be read or its header row is not that of a capture.
    pub fn new(rows: Stream, side: Side) -> Result<Self, FormatError> {
        let (rows, compressed) = plain(rows)?;
        let mut damage = DamageLog::default();
        for what in side.trouble {
            damage.add(0, 0, || what);
        }
        let mut lines = Lines::new(rows);
        let parser = header(&mut lines, compressed.is_some(), &mut damage)?;
        let models = side.meta.iter().flat_map(|meta| &meta.stations);
        let mut reader = Self {
            lines,
            parser,
            rows: 0,
            events: None,
            next: None,
            late: VecDeque::new(),
            models: models.map(|note| (note.name.clone(), note.clone())).collect(),
            meta: side.meta,
            damage,
            compressed,
            ended: false,
        };
        if let Some((first, second)) = side.events {
            reader.take_late(first);
            reader.events = event_header(second, &mut DamageLog::default());
            reader.next = reader.next_placed();
        }
        Ok(reader)
    }

    /// What is known about the capture, where it says.
    #[must_use]
    pub const fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    /// First pass over the events file: keeps what has no place among the rows, counts what cannot be read.
    fn take_late(&mut self, stream: Stream) {
        let Some((mut lines, parser)) = event_header(stream, &mut self.damage) else {
            return;
        };
        let mut late = Vec::new();
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(failure) => {
                    self.damage.add(0, 0, || format!("in the events file: {failure}"));
                    break;
                }
            };
            let (offset, number) = (line.offset, line.number);
            let placed = match line.text {
                LineText::Whole([]) => continue,
                LineText::Whole(text) => parser.parse(text).map_err(|bad| bad.0),
                LineText::TooLong => Err("longer than 65,536 bytes; skipped".to_owned()),
                LineText::Torn(_) => Err("the last line is not finished; dropped".to_owned()),
            };
            match placed {
                Ok(placed) if placed.row.is_some() => {}
                Ok(_) if late.len() >= MAX_LATE => {
                    self.damage.add(offset, number, || {
                        format!("in the events file: more than {MAX_LATE} rows without \"row\"")
                    });
                }
                Ok(placed) => late.push(placed),
                Err(what) => self
                    .damage
                    .add(offset, number, || format!("in the events file, line {number}: {what}")),
            }
        }
        late.sort_by_key(|placed| placed.at);
        self.late = late.into();
    }

    /// Second pass: the next event with its place among the rows. Damage was counted by the first.
    fn next_placed(&mut self) -> Option<Placed> {
        let (lines, parser) = self.events.as_mut()?;
        loop {
            match lines.next_line() {
                Ok(Some(Line {
                    text: LineText::Whole(text),
                    ..
                })) if !text.is_empty() => {
                    if let Ok(placed) = parser.parse(text)
                        && placed.row.is_some()
                    {
                        return Some(placed);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Appends the event, after the station it concerns where nobody has introduced that.
    fn push_placed(&mut self, placed: Placed, batch: &mut Vec<CaptureEvent>) {
        let mut none = Stations::default();
        let stations = self.parser.as_mut().map_or(&mut none, |parser| &mut parser.stations);
        let station = if matches!(placed.kind, EventKind::Station(_)) {
            stations.introduce(&placed.station, placed.wanted)
        } else if placed.station.is_empty() {
            stations.first().ok()
        } else {
            stations.of(&placed.station).ok()
        };
        let fresh = std::mem::take(&mut stations.fresh);
        self.introduce(fresh, placed.at, batch);
        match station {
            Some(station) => batch.push(CaptureEvent::other(placed.at, station, placed.kind)),
            None => self
                .damage
                .add(0, 0, || "in the events file: more than 65,536 stations".to_owned()),
        }
    }

    fn introduce(&self, fresh: Vec<(StationId, String)>, at: UnixMicros, batch: &mut Vec<CaptureEvent>) {
        for (station, name) in fresh {
            let StationNote { model, edition, .. } = self.models.get(&name).cloned().unwrap_or_default();
            batch.push(CaptureEvent::other(
                at,
                station,
                EventKind::Station(StationInfo { name, model, edition }),
            ));
        }
    }

    /// Appends late events up to the time of the next advertisement.
    fn push_late(&mut self, until: UnixMicros, batch: &mut Vec<CaptureEvent>) {
        while let Some(placed) = self.late.pop_front_if(|placed| placed.at <= until) {
            self.push_placed(placed, batch);
        }
    }

    /// Reads the next row; `false` when there is none.
    fn read_row(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let Some(parser) = &mut self.parser else {
            return Ok(false);
        };
        let line = match self.lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(false),
            Err(failure) => return self.stream_failed(failure).map(|()| false),
        };
        let (offset, number) = (line.offset, line.number);
        match line.text {
            LineText::Whole([]) => return Ok(true),
            LineText::Whole(text) => match parser.parse(text) {
                Ok(advert) => {
                    let fresh = std::mem::take(&mut parser.stations.fresh);
                    if !fresh.is_empty() {
                        self.introduce(fresh, advert.at, batch);
                    }
                    if self.late.front().is_some_and(|late| late.at <= advert.at) {
                        self.push_late(advert.at, batch);
                    }
                    batch.push(CaptureEvent::Advert(advert));
                }
                Err(bad) => {
                    self.damage.add(offset, number, || format!("line {number}: {}", bad.0));
                }
            },
            LineText::TooLong => self.damage.add(offset, number, || {
                format!("line {number}: longer than 65,536 bytes; skipped")
            }),
            LineText::Torn(_) => {
                self.damage.add(offset, number, || {
                    format!("line {number}: the last line is not finished (its writer was interrupted); dropped")
                });
                return Ok(false);
            }
        }
        self.rows += 1;
        Ok(true)
    }

    /// A compressed file that ends early or is damaged costs what follows; any other failure ends the reading.
    fn stream_failed(&mut self, failure: io::Error) -> Result<(), FormatError> {
        let offset = self.lines.offset();
        if self.compressed.is_none() {
            return Err(FormatError::Io {
                context: format!("reading failed at byte {offset}"),
                source: failure,
            });
        }
        self.damage.add(offset, 0, || {
            format!("the compressed data end early or are damaged ({failure}); the rows before are kept")
        });
        Ok(())
    }
}

impl EventReader for Reader {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let until = batch.len() + BATCH;
        while batch.len() < until {
            let due = self
                .next
                .as_ref()
                .is_some_and(|next| self.ended || next.row.is_some_and(|row| row <= self.rows));
            if due && let Some(placed) = self.next.take() {
                self.next = self.next_placed();
                self.push_placed(placed, batch);
            } else if !self.ended {
                self.ended = !self.read_row(batch)?;
            } else if let Some(placed) = self.late.pop_front() {
                self.push_placed(placed, batch);
            } else {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn damage(&self) -> &DamageLog {
        &self.damage
    }

    fn bytes_read(&self) -> u64 {
        match &self.compressed {
            Some(count) => count.load(Ordering::Relaxed),
            None => self.lines.offset(),
        }
    }
}

/// The header row's parser; `None` (with the damage told) for a file that ends within its header row.
fn header(
    lines: &mut Lines<Stream>,
    compressed: bool,
    damage: &mut DamageLog,
) -> Result<Option<RowParser>, FormatError> {
    let mut unfinished = |what: &str| {
        damage.add(0, 1, || format!("line 1: {what}; there are no rows"));
        Ok(None)
    };
    match lines.next_line() {
        Ok(None) => unfinished("the file is empty"),
        Ok(Some(Line {
            text: LineText::TooLong,
            ..
        })) => Err(FormatError::Header {
            offset: 0,
            what: "the first line is longer than 65,536 bytes: not a native capture".to_owned(),
        }),
        Ok(Some(Line {
            text: LineText::Torn(text),
            ..
        })) if HEADER.as_bytes().starts_with(text) => unfinished("the header row is not finished"),
        Ok(Some(Line {
            text: LineText::Torn(text) | LineText::Whole(text),
            ..
        })) => {
            let text = text.strip_prefix(BOM).unwrap_or(text);
            RowParser::new(text)
                .map(Some)
                .map_err(|what| FormatError::Header { offset: 0, what })
        }
        Err(_) if compressed => unfinished("the compressed data end early or are damaged"),
        Err(source) => Err(FormatError::Io {
            context: "reading failed at byte 0".to_owned(),
            source,
        }),
    }
}

fn event_header(stream: Stream, damage: &mut DamageLog) -> Option<(Lines<Stream>, EventParser)> {
    let mut lines = Lines::new(stream);
    let outcome = match lines.next_line() {
        Ok(None) => return None,
        Ok(Some(Line {
            text: LineText::Whole(text),
            ..
        })) => EventParser::new(text.strip_prefix(BOM).unwrap_or(text)),
        Ok(Some(_)) => Err("the header row is not finished".to_owned()),
        Err(failure) => Err(failure.to_string()),
    };
    match outcome {
        Ok(parser) => Some((lines, parser)),
        Err(what) => {
            damage.add(0, 1, || format!("in the events file: {what}; its events are left out"));
            None
        }
    }
}

/// Counts what is read through it.
struct Counting {
    inner: Stream,
    count: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The stream without its compression, if it has one, and then the count of compressed bytes.
fn plain(mut stream: Stream) -> Result<(Stream, Option<Arc<AtomicU64>>), FormatError> {
    let io = |source| FormatError::Io {
        context: "reading failed at byte 0".to_owned(),
        source,
    };
    let mut start = Vec::new();
    stream.by_ref().take(4).read_to_end(&mut start).map_err(io)?;
    let compressed = start == ZSTD_MAGIC;
    let whole: Stream = Box::new(io::Cursor::new(start).chain(stream));
    if !compressed {
        return Ok((whole, None));
    }
    let count = Arc::new(AtomicU64::new(0));
    let counting = Counting {
        inner: whole,
        count: Arc::clone(&count),
    };
    decompress(counting).map(|stream| (stream, Some(count)))
}

#[cfg(feature = "zstd")]
fn decompress(stream: Counting) -> Result<Stream, FormatError> {
    zstd::stream::read::Decoder::new(stream)
        .map(|decoder| Box::new(decoder) as Stream)
        .map_err(|source| FormatError::Io {
            context: "cannot decompress".to_owned(),
            source,
        })
}

#[cfg(not(feature = "zstd"))]
fn decompress(_stream: Counting) -> Result<Stream, FormatError> {
    Err(FormatError::Unrecognised(
        "compressed with zstd, which this program was built without; decompress it first: zstd -d NAME.csv.zst"
            .to_owned(),
    ))
}
