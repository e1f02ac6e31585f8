//! What is known about a native capture: its metadata, and what it holds besides advertisements.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};

use super::text::line;
use crate::format::native::{Meta, Paths};
use crate::inspect::{Inspection, Notes};
use crate::lab::text::printable;

/// What is known about one capture.
pub(super) struct Native {
    /// `None` where it is missing or damaged, as after a recorder that was killed before it wrote any.
    meta: Option<Meta>,
    notes: Notes,
}

impl Native {
    /// `None` where the capture is no native one.
    pub(super) fn of(file: &Path, inspection: &Inspection) -> Option<Self> {
        Some(Self {
            meta: Meta::read(&Paths::of(file).meta).ok(),
            notes: inspection.notes.clone()?,
        })
    }

    pub(super) fn json(&self) -> Value {
        let meta = self.meta.as_ref();
        let mut value = json!(self.notes);
        value["title"] = json!(meta.map(|meta| &meta.title));
        value["source"] = json!(meta.map(|meta| &meta.source));
        value["privacy"] = json!(meta.map(|meta| &meta.privacy));
        value["clock_offset_s"] = json!(meta.map(|meta| meta.clock_offset_s));
        value["complete"] = json!(meta.map(|meta| meta.complete));
        value
    }

    pub(super) fn text(&self, out: &mut String) -> fmt::Result {
        match &self.meta {
            Some(meta) => described(out, meta)?,
            None => line(out, "complete", "unknown: no metadata that can be read")?,
        }
        let notes = &self.notes;
        for station in notes.stations.values() {
            let model = Some(station.model.as_str()).filter(|model| !model.is_empty());
            let model = model.map_or(String::new(), |model| format!(" ({model})"));
            line(out, "station", printable(&format!("{}{model}", station.name)))?;
        }
        let Notes {
            gaps,
            dropped,
            marks,
            bad_crc,
            ..
        } = notes;
        line(
            out,
            "notes",
            format_args!("{marks} marks, {gaps} gaps, {dropped} dropped, {bad_crc} with a wrong check sum"),
        )
    }
}

fn described(out: &mut String, meta: &Meta) -> fmt::Result {
    let source = &meta.source;
    let texts = [
        ("title", meta.title.clone()),
        (
            "source",
            format!("{} {}", source.kind, source.description).trim().to_owned(),
        ),
        ("cannot see", source.cannot_see.join(", ")),
        ("privacy", meta.privacy.clone()),
    ];
    for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        line(out, name, printable(text))?;
    }
    if meta.clock_offset_s != 0.0 {
        line(out, "clock offset", format_args!("{} s", meta.clock_offset_s))?;
    }
    let complete = if meta.complete {
        "yes"
    } else {
        "no: being recorded, or the recorder did not come to its end"
    };
    line(out, "complete", complete)
}
