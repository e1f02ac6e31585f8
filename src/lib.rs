//! Vicino: a Bluetooth proximity lab kit.
//!
//! One path leads from the air to every result: a source (live radio, a capture, the simulator) gives
//! [`lab::event::CaptureEvent`]s, the session takes them, and screens, verbs and reports are views over that session.

pub mod lab;

pub mod format;

pub mod inspect;

pub mod keys;

pub mod library;

pub mod clock;
pub mod sim;
pub mod sink;
pub mod source;

pub mod app;
#[cfg(feature = "tui")]
pub mod view;

pub mod runtime;
#[cfg(feature = "tui")]
pub mod terminal;

pub mod config;

#[cfg(feature = "plots")]
pub mod report;

pub mod cli;
