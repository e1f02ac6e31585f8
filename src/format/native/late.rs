//! Marks that are added beside the recorder or after it.

use std::io::{self, Cursor, Read as _, Seek as _, Write as _};
use std::path::Path;

use super::meta::{Meta, read_text};
use super::{BOM, EVENTS_HEADER, HEADER, MAX_LINE, Paths, Reader, Side, disk, events};
use crate::format::EventReader as _;
use crate::lab::event::{CaptureEvent, Event, EventKind};

/// Appends one event to the events file of a capture, which another program may be recording at this moment: one write
/// to the end of the file. Creates the file where there is none.
///
/// # Errors
/// What the system says.
pub fn append_event(path: &Path, event: &Event, station: &str) -> io::Result<()> {
    let mut text = Vec::new();
    let mut header = EVENTS_HEADER.to_owned();
    let mut file = match disk::create_appending(path) {
        Err(failure) if failure.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::OpenOptions::new().read(true).append(true).open(path)?
        }
        opened => opened?,
    };
    if file.metadata()?.len() == 0 {
        text.extend_from_slice(format!("{EVENTS_HEADER}\n").as_bytes());
    } else {
        let mut start = Vec::new();
        io::Read::by_ref(&mut file)
            .take(MAX_LINE as u64)
            .read_to_end(&mut start)?;
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_prefix(BOM).unwrap_or(line);
        String::from_utf8_lossy(line).trim_end().clone_into(&mut header);
        // A writer that was killed left half a line: it must not swallow this one.
        let mut last = [0];
        file.seek(io::SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != [b'\n'] {
            text.push(b'\n');
        }
    }
    events::encode_under(&header, &mut text, event, station, None)
        .map_err(|what| io::Error::new(io::ErrorKind::InvalidData, what))?;
    file.write_all(&text)?;
    file.sync_data()
}

/// Brings the count of marks in the metadata of a finished capture in line with its events file; those of a capture that
/// is being recorded are left to its recorder. Everything else in the file, comments too, stays as it is.
///
/// # Errors
/// Why the metadata stay as they are, for people.
pub fn recount_marks(paths: &Paths) -> Result<(), String> {
    let text = match read_text(&paths.meta) {
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(|failure| failure.to_string())?,
    };
    let before = Meta::parse(&text)?;
    let mut after = before.clone();
    after.take_marks(marks(paths).ok_or("the events file cannot be read")?);
    if !before.complete || after == before {
        return Ok(());
    }
    let values = [("events", after.counts.events), ("marks", after.counts.marks)];
    let text = with_counts(&text, values);
    if Meta::parse(&text)? != after {
        return Err("its counts cannot be found in the file".to_owned());
    }
    disk::replace(&paths.meta, &text).map_err(|failure| failure.to_string())
}

/// How many marks stand in the events file; `None` where it cannot be read.
pub(super) fn marks(paths: &Paths) -> Option<u64> {
    let no_rows = Cursor::new(format!("{HEADER}\n").into_bytes());
    let side = Side {
        meta: None,
        ..Side::open(paths)
    };
    let mut events = Reader::new(Box::new(no_rows), side).ok()?;
    let (mut marks, mut batch, mut more) = (0, Vec::new(), true);
    while more {
        more = events.read(&mut batch).ok()?;
        let is_mark = |event: &CaptureEvent| matches!(event, CaptureEvent::Other(event) if matches!(event.kind, EventKind::Mark(_)));
        marks += batch.drain(..).filter(is_mark).count() as u64;
    }
    Some(marks)
}

/// The text of a metadata file with other values in its table of counts.
fn with_counts(text: &str, values: [(&str, u64); 2]) -> String {
    let mut in_counts = false;
    let lines = text.split_inclusive('\n').map(|line| {
        if line.starts_with('[') {
            in_counts = line.trim_end() == "[counts]";
        }
        let name = line.split('=').next().unwrap_or_default().trim();
        match values.iter().find(|(value, _)| in_counts && *value == name) {
            Some((name, value)) => format!("{name} = {value}\n"),
            None => line.to_owned(),
        }
    });
    lines.collect()
}
