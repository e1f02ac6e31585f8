//! Where events go besides the session: captures on disk.

pub mod recorder;

use thiserror::Error;

use crate::lab::event::CaptureEvent;

/// Takes events and keeps them.
pub trait Sink: Send {
    /// Keeps the events, in order. May wait for room, never loses.
    ///
    /// # Errors
    /// [`SinkError`] when nothing more can be kept; what was accepted before stays valid.
    fn accept(&mut self, events: &[CaptureEvent]) -> Result<(), SinkError>;

    /// Whether some more can be accepted without waiting for long; a source that can wait had better do so.
    fn has_room(&self) -> bool {
        true
    }
}

/// Why a sink stopped.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct SinkError(pub String);
