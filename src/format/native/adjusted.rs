//! A native capture read with another clock or another name for its station.

use crate::format::open::OpenOptions;
use crate::format::{DamageLog, EventReader, FormatError};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::time::Micros;

use super::Reader;

/// Reads a native capture as [`OpenOptions`] ask: times moved; name and model of its station replaced where the options
/// give them (of the station whose number they name).
pub(crate) struct Adjusted {
    reader: Reader,
    options: OpenOptions,
}

impl Adjusted {
    pub(crate) fn new(reader: Reader, options: &OpenOptions) -> Self {
        Self {
            reader,
            options: options.clone(),
        }
    }
}

impl EventReader for Adjusted {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let start = batch.len();
        let more = self.reader.read(batch)?;
        let options = &self.options;
        if options.clock_offset != Micros(0) || options.name.is_some() || !options.model.is_empty() {
            for event in &mut batch[start..] {
                shift(event, options.clock_offset);
                let CaptureEvent::Other(other) = event else {
                    continue;
                };
                if other.station == options.station
                    && let EventKind::Station(info) = &mut other.kind
                {
                    info.name = options.name.clone().unwrap_or_else(|| std::mem::take(&mut info.name));
                    if !options.model.is_empty() {
                        info.model.clone_from(&options.model);
                    }
                }
            }
        }
        Ok(more)
    }

    fn damage(&self) -> &DamageLog {
        self.reader.damage()
    }

    fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }
}

/// Moves every time within an event by `span`.
fn shift(event: &mut CaptureEvent, span: Micros) {
    match event {
        CaptureEvent::Advert(advert) => advert.at = advert.at.plus(span),
        CaptureEvent::Other(other) => {
            other.at = other.at.plus(span);
            match &mut other.kind {
                EventKind::Mark(mark) => {
                    mark.from = mark.from.plus(span);
                    mark.to = mark.to.map(|to| to.plus(span));
                }
                EventKind::Gap { from, to, .. } => {
                    *from = from.plus(span);
                    *to = to.plus(span);
                }
                _ => {}
            }
        }
    }
}
