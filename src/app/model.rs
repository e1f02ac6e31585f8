//! The state of the program.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::audit::{Audit, Sought};
use super::calibrate::{Calibrate, Planned};
use super::captures::Library;
use super::columns::{Column, Columns};
use super::device::DeviceView;
use super::exposure::Exposure;
use super::form::{Form, Habits, Question};
use super::keymap::{Context, Keymap};
use super::layout::{self, Heights, Wants};
use super::live::Live;
use super::log::{Level, Log};
use super::look::Look;
use super::privacy::Privacy;
use super::prompt::{Prompt, Purpose};
use super::tab::Tab;
use super::transport::Timeline;
use crate::lab::calibration::Calibration;
use crate::lab::distance::live::LiveDistances;
use crate::lab::event::AdapterState;
use crate::lab::keyring::Keyring;
use crate::lab::session::{Options, Session};
use crate::lab::text::printable;
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
    /// Where the capture that is played is not what its metadata say.
    pub warnings: Vec<String>,
    /// Whether the capture that is played is a native file, into which marks can be written.
    pub takes_marks: bool,
    /// Whether what is played is being read through for its time line.
    pub is_read_through: bool,
    /// Lab keys that lie beside what is played; `None`: those of the person hold.
    pub keys: Option<Arc<Keyring>>,
}

/// A recording that is going on.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The file of its rows.
    pub path: PathBuf,
    /// For how long.
    pub elapsed: Micros,
    /// Advertisements written.
    pub adverts: u64,
    /// Advertisements a second of late.
    pub rate: f64,
    /// Bytes written.
    pub bytes: u64,
    /// Bytes that are free where it is written.
    pub space_left: Option<u64>,
}

/// What lies over the tab.
#[derive(Clone, Debug)]
pub enum Popup {
    /// The keys, scrolled by this many lines.
    Help(u16),
    /// The columns, the cursor on this one.
    Columns(usize),
    /// Something to be filled in.
    Form(Form),
    /// Something to be answered.
    Question(Question),
}

/// What a person chose: in the configuration, on the command line.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Keys.
    pub keymap: Keymap,
    /// Colours and letters.
    pub look: Look,
    /// Columns of the device table.
    pub columns: Columns,
    /// By what it is sorted at first.
    pub sort: Column,
    /// How much of identifiers is shown at first.
    pub privacy: Privacy,
    /// Where captures are.
    pub folder: PathBuf,
    /// Lab keys.
    pub keys: Arc<Keyring>,
    /// The figures of phones.
    pub calibration: Calibration,
    /// The home folder, for names that begin with `~`.
    pub home: Option<PathBuf>,
    /// The tab that is shown first.
    pub tab: Tab,
    /// What is to be measured.
    pub plan: Option<Planned>,
}

/// So many ticks, eight seconds, a notice stands in place of the keys.
const NOTICE_TICKS: u32 = 40;
/// Cells of `● rec 00:00:00` with the space around it.
const RECORDING: u16 = 18;

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
    /// Exposure windows.
    pub exposure: Exposure,
    /// The privacy audit.
    pub audit: Audit,
    /// State of the tab of calibration.
    pub calibrate: Calibrate,
    /// Distances of who is heard, as they are estimated.
    pub distances: LiveDistances,
    /// What happened.
    pub log: Log,
    /// How much of identifiers is shown.
    pub privacy: Privacy,
    /// What lies over it.
    pub popup: Option<Popup>,
    /// The line that is being typed.
    pub editing: Option<Prompt>,
    /// The recording that is going on.
    pub recording: Option<Recording>,
    /// The captures of a folder.
    pub library: Library,
    /// The time line of what is played, once it is known.
    pub timeline: Option<Timeline>,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The identifier to be selected once the playback has arrived there.
    pub(super) arrival: Option<UnixMicros>,
    /// The sender to be selected once the time is past this.
    pub(super) sought: Option<Sought>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Colours and letters.
    pub look: Look,
    /// What is wrong with the source at present, and the remedy.
    pub trouble: Option<String>,
    /// The latest thing worth a line.
    pub notice: Option<String>,
    /// The notice that is getting old, and for how many ticks it has stood.
    pub(super) notice_age: (Option<String>, u32),
    /// Rows that the part below the divider has more than by itself, or fewer.
    pub panel: i16,
    /// Whether the divider is being drawn with the mouse.
    pub(super) is_drawing: bool,
    /// Commands typed before, newest last.
    pub(super) history: VecDeque<String>,
    /// What the last mark said.
    pub(super) habits: Habits,
    pub(super) keys: Arc<Keyring>,
    /// The figures of phones that were asked for.
    pub(super) calibration: Calibration,
    /// Those of the person, which hold where a source brings none.
    pub(super) own_keys: Arc<Keyring>,
    pub(super) rate: RateMeter,
    pub(super) options: Options,
    pub(super) is_dirty: bool,
}

impl Model {
    /// An empty screen over a source.
    #[must_use]
    pub fn new(mut source: SourceInfo, options: Options, size: (u16, u16)) -> Self {
        let keys = source.keys.take().unwrap_or_default();
        Self {
            session: Session::new(options).with_keys(Arc::clone(&keys)),
            source,
            size,
            tab: Tab::default(),
            live: Live::default(),
            device: DeviceView::default(),
            exposure: Exposure::default(),
            audit: Audit::default(),
            calibrate: Calibrate::default(),
            distances: LiveDistances::default(),
            log: Log::default(),
            privacy: Privacy::default(),
            popup: None,
            editing: None,
            recording: None,
            library: Library::default(),
            timeline: None,
            home: None,
            arrival: None,
            sought: None,
            keymap: Keymap::default(),
            look: Look::default(),
            trouble: None,
            notice: None,
            notice_age: (None, 0),
            panel: 0,
            is_drawing: false,
            history: VecDeque::new(),
            habits: Habits::default(),
            own_keys: Arc::default(),
            keys,
            calibration: Calibration::default(),
            rate: RateMeter::default(),
            options,
            is_dirty: true,
        }
    }

    /// Where the tabs stand in a header of so many columns: that something is recorded must be seen beside them.
    #[must_use]
    pub fn placed_tabs(&self, columns: u16) -> Vec<(Tab, std::ops::Range<u16>, String)> {
        let taken = if self.recording.is_some() { RECORDING } else { 0 };
        Tab::placed(columns.saturating_sub(taken), self.tab)
    }

    /// The same with what a person chose.
    #[must_use]
    pub fn with(mut self, settings: Settings) -> Self {
        self.keymap = settings.keymap;
        self.home = settings.home;
        self.look = settings.look;
        self.live.columns = settings.columns;
        self.live.sort = settings.sort;
        self.privacy = settings.privacy;
        self.library = Library::new(settings.folder);
        self.tab = settings.tab;
        self.own_keys = Arc::clone(&settings.keys);
        self.calibration = settings.calibration.clone();
        self.session = self.session.with_calibration(settings.calibration);
        // Those that lie beside what is played go before those of the configuration.
        if self.keys.is_empty() {
            self.session = self.session.with_keys(Arc::clone(&settings.keys));
            self.keys = settings.keys;
        }
        if let Some(planned) = settings.plan {
            // Nothing was accepted yet that could be given up.
            let _ = self.plan_calibration(planned);
        }
        self
    }

    /// Where keys go at present.
    #[must_use]
    pub fn context(&self) -> Context {
        if let Some(prompt) = &self.editing {
            return match prompt.purpose {
                Purpose::Filter | Purpose::Search => Context::Filter,
                Purpose::Command => Context::Command,
            };
        }
        match &self.popup {
            Some(Popup::Help(_)) => Context::Help,
            Some(Popup::Columns(_)) => Context::Columns,
            Some(Popup::Form(_)) => Context::Form,
            Some(Popup::Question(_)) => Context::Question,
            None => self.tab.context(),
        }
    }

    /// Tells the person something, on the screen and in the log.
    pub(super) fn say(&mut self, text: &str) {
        self.log_notice(Level::Info, text);
        self.notice = Some(text.to_owned());
        self.is_dirty = true;
    }

    /// Tells the person that something is not as it should be.
    pub(super) fn warn(&mut self, text: &str) {
        self.log_notice(Level::Warning, text);
        self.notice = Some(printable(text).into_owned());
        self.is_dirty = true;
    }

    /// A notice gets older.
    pub(super) fn age_notice(&mut self) {
        let (known, ticks) = &mut self.notice_age;
        if *known != self.notice {
            known.clone_from(&self.notice);
            *ticks = 0;
        }
        if self.notice.is_some() && *ticks <= NOTICE_TICKS {
            *ticks += 1;
            self.is_dirty |= *ticks > NOTICE_TICKS;
        }
    }

    /// Whether the notice has stood long enough to be read: what it stands over is wanted again.
    #[must_use]
    pub fn is_notice_old(&self) -> bool {
        self.notice_age.1 > NOTICE_TICKS && self.notice_age.0 == self.notice
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
        let wants = Wants {
            banner: self.banner().is_some(),
            transport: self.source.playback.is_some(),
            panel: self.panel,
        };
        layout::heights(self.size, wants)
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
