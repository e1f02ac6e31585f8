//! What the screen shows and how it changes: model, messages, update, effects. Pure: no terminal, no clock, no I/O.
//!
//! ```text
//! source, keys, ticks ──► Msg ──► update(&mut Model) ──► Vec<Effect> ──► runtime
//!                                        │
//!                                        └──► view(&Model)
//! ```

pub mod action;
pub mod device;
pub mod filter;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod live;
pub mod log;
pub mod model;
pub mod mouse;
pub mod privacy;
pub mod rows;
pub mod tab;
pub mod update;

use crate::lab::event::CaptureEvent;
use crate::lab::time::UnixMicros;
use crate::source::pacing::{Command, Status};

pub use action::Action;
pub use key::Key;
pub use model::Model;
pub use mouse::Mouse;
pub use tab::Tab;
pub use update::update;

/// All that can happen to the model.
#[derive(Clone, Debug)]
pub enum Msg {
    /// The source gave events.
    Events(Vec<CaptureEvent>),
    /// The source starts over: what follows begins at the beginning.
    Reset,
    /// How the playback stands, and where in the data it is.
    Playback(Box<Status>, Option<UnixMicros>),
    /// Time passes; the present by the clock of the data.
    Tick(Option<UnixMicros>),
    /// A key was pressed.
    Key(Key),
    /// The mouse was used.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// A frame is about to be drawn.
    Frame,
    /// Another source took over: everything begins anew.
    Source(Box<model::SourceInfo>),
    /// What is wrong with the source at present, and the remedy.
    Trouble(Option<String>),
    /// A recording began, went on, or ended.
    Recording(Option<model::Recording>),
    /// Something worth a line on the screen, until the next one.
    Notice(Option<String>),
}

/// What the runtime is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Tell the playback.
    Playback(Command),
}
