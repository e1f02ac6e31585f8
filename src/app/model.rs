//! The state of the program.

use std::collections::VecDeque;

use super::device::DeviceView;
use super::filter::FilterError;
use super::keymap::Context;
use super::layout::{self, Heights};
use super::live::Live;
use super::log::Log;
use super::privacy::Privacy;
use super::tab::Tab;
use crate::lab::event::AdapterState;
use crate::lab::session::{Options, Session};
use crate::lab::time::{Micros, UnixMicros};
use crate::source::pacing::Status;

/// What the screen needs to know of the source.
#[derive(Clone, Debug, Default)]
pub struct SourceInfo {
    /// Its name for people: the adapter, the file.
    pub name: String,
    /// How a live source hears: which interface, and what it cannot see. Empty for a capture.
    pub how: String,
    /// How the playback stands; `None` for a live source.
    pub playback: Option<Status>,
    /// Why it is this source and no other, for a line on the screen.
    pub reason: Option<String>,
}

/// A recording that is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// For how long.
    pub elapsed: Micros,
    /// Bytes written.
    pub bytes: u64,
}

/// What lies over the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Popup {
    /// The keys, scrolled by this many lines.
    Help(u16),
}

/// What is being typed: the filter of the table, or the words to look for in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// What is typed.
    pub text: String,
    /// Why this is no filter; the last one that was is used meanwhile.
    pub error: Option<FilterError>,
    /// The text as it was, for who changes their mind.
    pub(super) before: String,
}

/// All state; [`update`](super::update()) alone changes it.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the events amount to.
    pub session: Session,
    /// Where they come from.
    pub source: SourceInfo,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The screen that is shown.
    pub tab: Tab,
    /// The device table.
    pub live: Live,
    /// The screen of one device.
    pub device: DeviceView,
    /// What happened.
    pub log: Log,
    /// How much of identifiers is shown.
    pub privacy: Privacy,
    /// What lies over it.
    pub popup: Option<Popup>,
    /// The filter while it is being typed.
    pub editing: Option<Prompt>,
    /// The recording that is going on.
    pub recording: Option<Recording>,
    /// What is wrong with the source at present, and the remedy.
    pub trouble: Option<String>,
    /// The latest thing worth a line.
    pub notice: Option<String>,
    pub(super) rate: RateMeter,
    pub(super) options: Options,
    pub(super) is_dirty: bool,
}

impl Model {
    /// An empty screen over a source.
    #[must_use]
    pub fn new(source: SourceInfo, options: Options, size: (u16, u16)) -> Self {
        Self {
            session: Session::new(options),
            source,
            size,
            tab: Tab::default(),
            live: Live::default(),
            device: DeviceView::default(),
            log: Log::default(),
            privacy: Privacy::default(),
            popup: None,
            editing: None,
            recording: None,
            trouble: None,
            notice: None,
            rate: RateMeter::default(),
            options,
            is_dirty: true,
        }
    }

    /// Where keys go at present.
    #[must_use]
    pub const fn context(&self) -> Context {
        match (&self.editing, &self.popup) {
            (Some(_), _) => Context::Filter,
            (None, Some(Popup::Help(_))) => Context::Help,
            (None, None) => self.tab.context(),
        }
    }

    /// Whether something changed since the last frame.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Advertisements per second of late, by the clock of the data.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.rate.per_second()
    }

    /// What is wrong, for a line of its own; `None` when all is well.
    #[must_use]
    pub fn banner(&self) -> Option<String> {
        let playback = self.source.playback.as_ref();
        if let Some(failure) = playback.and_then(|status| status.failure.as_ref()) {
            return Some(format!("the capture cannot be read any further: {failure}"));
        }
        if let Some(trouble) = &self.trouble {
            return Some(trouble.clone());
        }
        let mut adapters = self.session.adapters().iter();
        let (station, state) = adapters.find(|(_, state)| **state != AdapterState::Scanning)?;
        let name = self.session.station(*station).name;
        let when = if playback.is_some() {
            " at this time of the capture"
        } else {
            ""
        };
        Some(format!("{name} does not scan{when}: adapter {state}"))
    }

    /// How the screen is divided; `None` when it is too small.
    #[must_use]
    pub fn heights(&self) -> Option<Heights> {
        layout::heights(self.size, self.banner().is_some())
    }
}

/// Counts at recent ticks, for the rate in the status line.
#[derive(Clone, Debug, Default)]
pub(super) struct RateMeter(VecDeque<(UnixMicros, u64)>);

impl RateMeter {
    const SPAN: Micros = Micros::from_secs(5);
    const STEP: Micros = Micros::from_millis(400);

    pub(super) fn note(&mut self, now: UnixMicros, count: u64) {
        if self.0.back().is_some_and(|(last, _)| now < *last) {
            self.0.clear();
        }
        if self.0.back().is_some_and(|(last, _)| now.since(*last) < Self::STEP) {
            return;
        }
        self.0.push_back((now, count));
        while self.0.len() > 2
            && self
                .0
                .get(1)
                .is_some_and(|(second, _)| now.since(*second) >= Self::SPAN)
        {
            self.0.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    fn per_second(&self) -> Option<f64> {
        let ((from, before), (to, after)) = (self.0.front()?, self.0.back()?);
        let span = to.since(*from);
        (span >= Micros::from_secs(1)).then(|| after.saturating_sub(*before) as f64 / span.as_secs_f64())
    }
}
