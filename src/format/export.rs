//! Writing captures of other formats than the native one.

use std::collections::BTreeMap;
use std::io;

use crate::lab::event::CaptureEvent;

/// What a format cannot hold, in words, and how many events it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotCarried(pub BTreeMap<&'static str, u64>);

impl NotCarried {
    /// Counts one.
    pub(crate) fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

/// Takes events and writes them in its format.
pub trait EventWriter {
    /// Writes an event, or counts that the format cannot hold it.
    ///
    /// # Errors
    /// What the output says.
    fn write(&mut self, event: &CaptureEvent) -> io::Result<()>;

    /// Hands everything to the output and tells what could not be carried.
    ///
    /// # Errors
    /// What the output says.
    fn finish(&mut self) -> io::Result<NotCarried>;
}
