//! Whether a capture is what its metadata say.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::meta::{Meta, VERSION, read_text, says_incomplete};
use super::{EVENTS_HEADER, Paths};
use crate::lab::advert::Hex;

/// What is amiss with the capture at `path` by its metadata, in sentences for people; nothing where it is no native
/// capture or has none. The check sum is compared only where `thorough`, which reads the whole file.
#[must_use]
pub(crate) fn check(path: &Path, thorough: bool) -> Vec<String> {
    let paths = Paths::of(path);
    let mut amiss = Vec::new();
    // What cannot be read is damage, which the reader counts; the bare name of a capture is none of its files.
    if path != paths.rows || !paths.meta.is_file() {
        return amiss;
    }
    let Ok(text) = read_text(&paths.meta) else {
        return amiss;
    };
    if text.trim().is_empty() {
        amiss.push(format!(
            "{} is empty: nothing is known about the capture but its rows",
            paths.meta.display()
        ));
        return amiss;
    }
    let Ok(meta) = Meta::parse(&text) else {
        return amiss;
    };
    if meta.complete {
        if let Some(what) = differs(&paths.rows, &meta, thorough) {
            amiss.push(what);
        }
    } else if says_incomplete(&text) {
        amiss.push(
            "the recording was not ended: the last second may be missing; the metadata are older than the rows, from \
             which all that is shown is counted"
                .to_owned(),
        );
    }
    if meta.format_version > VERSION {
        amiss.push(format!(
            "it is of format {}, newer than the {VERSION} that this program knows: what is new in it is not understood",
            meta.format_version
        ));
    }
    let events = paths.events.metadata().ok();
    let has_events = events
        .as_ref()
        .is_some_and(|events| events.len() > EVENTS_HEADER.len() as u64 + 2);
    if meta.counts.events > 0 && !has_events {
        let at_least = if meta.complete { "" } else { "at least " };
        let state = if events.is_some() { "empty" } else { "missing" };
        amiss.push(format!(
            "{} is {state}: {at_least}{} events (of these {} marks) are not there",
            paths.events.display(),
            meta.counts.events,
            meta.counts.marks
        ));
    }
    amiss
}

fn differs(rows: &Path, meta: &Meta, thorough: bool) -> Option<String> {
    let length = rows.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    if meta.bytes > 0 && length != meta.bytes {
        return Some(format!(
            "the file has {length} bytes, {} by its metadata: it was changed or cut short after the recording",
            meta.bytes
        ));
    }
    if thorough && !meta.sha256.is_empty() && sum(rows).ok()? != meta.sha256.to_ascii_lowercase() {
        return Some("the check sum is not that of the metadata: the file was changed after the recording".to_owned());
    }
    None
}

fn sum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(Hex(&sum.finalize()).to_string()),
            n => sum.update(part.get(..n).unwrap_or_default()),
        }
    }
}
