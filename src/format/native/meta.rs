//! `NAME.toml`: what is known about a capture. Nothing in it is needed to read the capture.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::lab::event::CaptureEvent;
use crate::lab::time::UnixMicros;

/// Version of the capture's layout that this program writes.
pub const VERSION: u32 = 1;
/// Largest metadata file that is read, in bytes.
const MAX_META: u64 = 1024 * 1024;
/// Longest message about a metadata file, in characters: keys in it are of the file.
const MOST_MESSAGE: usize = 160;

/// What [`Meta::privacy`] says of a capture whose identifiers are pseudonyms, among other words.
pub const PSEUDONYMISED: &str = "replaced by keyed hashes";

/// What is known about a capture. Unknown keys are ignored when reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Version of the capture's layout.
    pub format_version: u32,
    /// What wrote it.
    pub program: String,
    /// In the person's words.
    pub title: String,
    /// Who may use it and how.
    pub licence: String,
    /// Where the data come from.
    pub provenance: String,
    /// Privacy treatment: `none`, or what was replaced and removed.
    pub privacy: String,
    /// Which key the pseudonyms are made with, where it is kept (see [`Pseudonymiser::key_id`]): captures that tell the
    /// same have the same pseudonym for the same. Empty where each has its own.
    ///
    /// [`Pseudonymiser::key_id`]: crate::lab::redact::Pseudonymiser::key_id
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pseudonym_key: String,
    /// Seconds that were added to every time of the source.
    pub clock_offset_s: f64,
    /// Whether the writer came to its end; otherwise the counts and the check sum are older than the rows.
    pub complete: bool,
    /// SHA-256 of the advertisement file, in hexadecimal.
    pub sha256: String,
    /// Bytes of the advertisement file.
    pub bytes: u64,
    /// What the events came from.
    pub source: SourceNote,
    /// First and last time of what was heard or happened; what a mark is about may lie outside.
    pub span: Span,
    /// How much there is.
    pub counts: Counts,
    /// How much is known to be missing.
    pub losses: Losses,
    /// The receivers.
    pub stations: Vec<StationNote>,
}

impl Meta {
    /// Whether addresses and identifiers are pseudonyms.
    #[must_use]
    pub fn is_pseudonymised(&self) -> bool {
        self.privacy.contains(PSEUDONYMISED)
    }
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            format_version: VERSION,
            program: concat!("vicino ", env!("CARGO_PKG_VERSION")).to_owned(),
            title: String::new(),
            licence: String::new(),
            provenance: String::new(),
            privacy: "none".to_owned(),
            pseudonym_key: String::new(),
            clock_offset_s: 0.0,
            complete: false,
            sha256: String::new(),
            bytes: 0,
            source: SourceNote::default(),
            span: Span::default(),
            counts: Counts::default(),
            losses: Losses::default(),
            stations: Vec::new(),
        }
    }
}

/// What the events came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceNote {
    /// Kind of source: `btsnoop`, `btleplug`, `simulator`, …
    pub kind: String,
    /// File, adapter, operating system, in words.
    pub description: String,
    /// What this source cannot see.
    pub cannot_see: Vec<String>,
}

/// First and last time in the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Span {
    /// Earliest time, in microseconds since 1970.
    pub first_us: Option<i64>,
    /// Latest time, in microseconds since 1970.
    pub last_us: Option<i64>,
    /// Earliest time, for people.
    pub first: String,
    /// Latest time, for people.
    pub last: String,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Advertisements.
    pub adverts: u64,
    /// All other events.
    pub events: u64,
    /// Of these, marks.
    pub marks: u64,
    /// Of these, gaps.
    pub gaps: u64,
}

/// How much is known to be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Losses {
    /// Reports that the source says it lost.
    pub dropped: u64,
    /// Records of the source that could not be read.
    pub damaged: u64,
}

/// A receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StationNote {
    /// Its name in the rows.
    pub name: String,
    /// Its model.
    pub model: String,
    /// Edition of the calibration list that it used, where that is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub edition: String,
}

/// The text of a metadata file.
pub(super) fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_META).read_to_string(&mut text)?;
    Ok(text)
}

/// Why a metadata file cannot be read, for people.
pub(super) fn why_unread(failure: &std::io::Error) -> String {
    match failure.kind() {
        std::io::ErrorKind::InvalidData => "not UTF-8 text".to_owned(),
        _ => crate::format::reason(failure),
    }
}

/// Whether metadata say themselves that the writer did not come to its end; those written by hand need not say anything.
pub(crate) fn says_incomplete(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.get("complete") == Some(&toml::Value::Boolean(false)))
}

impl Meta {
    /// Reads the metadata beside a capture.
    ///
    /// # Errors
    /// A sentence that says what is wrong, with the line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = read_text(path).map_err(|failure| format!("{}: {}", path.display(), why_unread(&failure)))?;
        Self::parse(&text).map_err(|what| format!("{}: {what}", path.display()))
    }

    /// From the text of a metadata file.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|failure| {
            // The message alone: the line that it would show may be of any length.
            let at = failure.span().map_or(0, |span| span.start.min(text.len()));
            let before = text.as_bytes().get(..at).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            let message: String = failure.message().chars().take(MOST_MESSAGE).collect();
            format!("line {line}: {}", message.replace('\n', " "))
        })
    }

    /// The text of a metadata file.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Takes an event into span and counts.
    pub(super) fn count(&mut self, event: &CaptureEvent) {
        use crate::lab::event::EventKind;
        let at = event.at().0;
        match event {
            CaptureEvent::Advert(_) => self.counts.adverts += 1,
            CaptureEvent::Other(event) => {
                self.counts.events += 1;
                match &event.kind {
                    EventKind::Mark(_) => {
                        self.counts.marks += 1;
                        return;
                    }
                    EventKind::Gap { .. } => self.counts.gaps += 1,
                    // TOML's integers end at 2^63.
                    EventKind::Dropped { n } => {
                        self.losses.dropped = self.losses.dropped.saturating_add(*n).min(i64::MAX.unsigned_abs());
                    }
                    EventKind::Station(_) => return,
                    _ => {}
                }
            }
        }
        self.span.first_us = Some(self.span.first_us.map_or(at, |first| first.min(at)));
        self.span.last_us = Some(self.span.last_us.map_or(at, |last| last.max(at)));
    }

    /// Sets the number of marks, where some were added that [`Meta::count`] did not see.
    pub(super) fn take_marks(&mut self, marks: u64) {
        let others = self.counts.events.saturating_sub(self.counts.marks);
        self.counts.events = others.saturating_add(marks);
        self.counts.marks = marks;
    }

    /// Brings the words for people in line with the numbers.
    pub(super) fn settle(&mut self) {
        let words = |at: Option<i64>| at.map(|at| UnixMicros(at).to_string()).unwrap_or_default();
        self.span.first = words(self.span.first_us);
        self.span.last = words(self.span.last_us);
    }
}
