//! What the screen shows and how it changes: model, messages, update, effects. Pure: no terminal, no clock, no I/O.
//!
//! ```text
//! source, keys, ticks ──► Msg ──► update(&mut Model) ──► Vec<Effect> ──► runtime
//!                                        │
//!                                        └──► view(&Model)
//! ```

pub mod action;
pub mod audit;
pub mod calibrate;
pub mod captures;
pub mod columns;
pub mod command;
pub mod device;
pub mod exposure;
pub mod filter;
pub mod follow;
pub mod form;
pub mod help;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod live;
pub mod log;
pub mod look;
pub mod model;
pub mod mouse;
pub mod privacy;
pub mod prompt;
pub mod rows;
pub mod tab;
pub mod transport;
pub mod update;

use std::path::PathBuf;

use crate::lab::event::{CaptureEvent, Event};
use crate::lab::exposure::rule::Config;
use crate::lab::matching::Candidate;
use crate::lab::time::{Enin, UnixMicros};
use crate::library::{Listing, Outline};
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
    /// Something that failed: a line on the screen, and an error in the log.
    Failure(String),
    /// A capture could not be converted to this file, pseudonymised or not, and why.
    NotConverted(PathBuf, PathBuf, bool, String),
    /// What is in a folder, or why it cannot be looked at; nothing when the library has gone to another one meanwhile.
    Listing(PathBuf, Box<Result<Listing, String>>),
    /// What a capture of the library amounts to, or why it cannot be read; with the time of its last change.
    Outline(PathBuf, Option<UnixMicros>, Result<Box<Outline>, String>),
    /// A capture of the library is not read through after all: another one was asked for meanwhile.
    OutlineDropped(PathBuf, Option<UnixMicros>),
    /// What the capture that is played amounts to.
    Timeline(Box<Outline>),
    /// Published keys that were heard, by the work beside the loop.
    Published(Vec<Heard>),
    /// Published keys that were read, how many.
    KeysRead(usize),
    /// Rules of a person's own, or why they cannot be read.
    Rules(Result<Vec<Config>, String>),
    /// Show a screen.
    Show(Tab),
}

/// A published key that was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its file and its number there, for people.
    pub label: String,
    /// See [`PublishedKey::report_type`](crate::lab::exposure::published::PublishedKey::report_type).
    pub report_type: u8,
    /// Days from the onset of symptoms to its day.
    pub days_since_onset: Option<i32>,
    /// The key and its time.
    pub key: Candidate,
    /// The intervals of its identifiers that were heard.
    pub intervals: Vec<Enin>,
}

/// What the runtime is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Tell the playback.
    Playback(Command),
    /// Look at the captures of a folder.
    Scan(PathBuf),
    /// Read a capture of the library through; with the time of its last change.
    Outline(PathBuf, Option<UnixMicros>),
    /// Play a capture in place of the present source.
    Open(PathBuf),
    /// Listen to the air in place of the present source.
    Listen,
    /// Begin a recording with this name and title.
    Record(PathBuf, String),
    /// End the recording.
    EndRecording,
    /// Write down what is known, where the source is recorded or the capture that is played takes it.
    Mark(Box<Event>),
    /// Write a capture in the format that the ending of the other name tells, pseudonymised or not.
    Convert(PathBuf, PathBuf, bool),
    /// Delete a capture.
    Delete(PathBuf),
    /// Put a text into the clipboard of the terminal.
    Copy(String),
    /// Draw the screen into a file.
    Snapshot(PathBuf),
    /// Look for published keys of these files in all that is heard.
    Keys(PathBuf),
    /// Read rules of a person's own.
    Rules(PathBuf),
    /// Write a profile of this name, which is this text, where one's own tables lie.
    Profile(String, String),
}
