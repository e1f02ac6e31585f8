//! What happened, in order: gaps, states of the adapter, marks, new identifiers, notices. Bounded, and cleared with the
//! session.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::action::Action;
use super::model::Model;
use crate::lab::doubt::{Doubt, Doubts};
use crate::lab::event::{AdapterState, CaptureEvent, Event, EventKind};
use crate::lab::ledger::{Record, TrackKey};
use crate::lab::step;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};

/// Entries kept; of more, the newest.
const MOST: usize = 10_000;
/// How often broadcasters are looked at for what speaks against them.
const LOOK: Micros = Micros::from_secs(10);
/// Records of an identifier or an address that are looked at for each new one.
const MOST_BESIDE: usize = 100;
/// New identifiers looked at in one go.
const MOST_RECORDS: usize = 2_000;

/// How much an entry matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For who looks closely: every new identifier.
    Detail,
    /// Worth knowing.
    #[default]
    Info,
    /// Deserves a look.
    Warning,
    /// Something is wrong.
    Error,
}

impl Level {
    /// The word in the log, five cells at most.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Detail => "more",
            Self::Info => "info",
            Self::Warning => "warn",
            Self::Error => "error",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Detail => Self::Info,
            Self::Info => Self::Warning,
            Self::Warning => Self::Error,
            Self::Error => Self::Detail,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, by the clock of the data.
    pub at: UnixMicros,
    /// How much it matters.
    pub level: Level,
    /// What, without identifiers; safe to show.
    pub text: String,
    /// Whether it is about the program itself: it stays when the data begin anew.
    pub is_own: bool,
    /// The identifier or address that it is about, if one: shown as far as privacy allows.
    pub about: String,
}

/// The log and what is shown of it.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    /// The least level shown.
    pub least: Level,
    /// Lines that the view is scrolled back from the newest.
    pub back: usize,
    /// Words that must occur; empty shows all.
    pub search: String,
    /// How many records of the ledger were looked at.
    records: usize,
    /// What was told of each broadcaster, and when that is looked at again.
    told: BTreeMap<TrackKey, Doubts>,
    next_look: UnixMicros,
    /// Addresses of which was said that a controller resolved them.
    resolved: BTreeSet<TrackKey>,
}

impl Log {
    /// The entries shown, newest first.
    pub fn shown(&self) -> impl Iterator<Item = &Entry> {
        let words: Vec<String> = self.search.split_whitespace().map(str::to_lowercase).collect();
        self.entries.iter().rev().filter(move |entry| {
            let says = |word: &String| entry.text.to_lowercase().contains(word) || entry.about.contains(word);
            entry.level >= self.least && words.iter().all(says)
        })
    }

    /// How many entries there are, shown or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything begins anew; what is shown of it stays chosen.
    pub(super) fn clear(&mut self) {
        self.entries.retain(|entry| entry.is_own);
        (self.back, self.records) = (0, 0);
        self.told.clear();
        self.resolved.clear();
        self.next_look = UnixMicros(i64::MIN);
    }

    pub(super) fn add(&mut self, at: UnixMicros, level: Level, text: impl Into<String>, about: impl Into<String>) {
        let entry = Entry {
            at,
            level,
            text: text.into(),
            is_own: false,
            about: about.into(),
        };
        self.push(entry);
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == MOST {
            self.entries.pop_front();
        }
        // Who reads older lines keeps them in place.
        if self.back > 0 && entry.level >= self.least {
            self.back += 1;
        }
        self.entries.push_back(entry);
    }

    pub(super) const fn next_level(&mut self) {
        self.least = self.least.next();
        self.back = 0;
    }

    pub(super) fn travel(&mut self, action: Action, page: usize) {
        // The oldest entry stands at the top of a full page.
        let most = self.shown().count().saturating_sub(page.max(1));
        let back = match action {
            Action::Up => self.back + 1,
            Action::Down => self.back.saturating_sub(1),
            Action::PageUp => self.back + page,
            Action::PageDown => self.back.saturating_sub(page),
            Action::First => most,
            _ => 0,
        };
        self.back = back.min(most);
    }
}

impl Model {
    /// Notes what these events say happened.
    pub(super) fn log_events(&mut self, events: &[CaptureEvent]) {
        for event in events {
            if let CaptureEvent::Other(event) = event {
                self.log_event(event);
            }
        }
        self.log_identifiers();
        self.log_doubts();
    }

    fn log_event(&mut self, event: &Event) {
        let station = || self.session.station(event.station).name;
        let (level, text) = match &event.kind {
            EventKind::Station(info) if info.model.is_empty() => {
                (Level::Info, format!("station {}", printable(&info.name)))
            }
            EventKind::Station(info) => (
                Level::Info,
                format!("station {} ({})", printable(&info.name), printable(&info.model)),
            ),
            EventKind::Gap { from, to, reason } => (
                Level::Warning,
                format!(
                    "{} heard nothing for {}: {}",
                    printable(&station()),
                    seconds(to.since(*from)),
                    printable(reason)
                ),
            ),
            EventKind::Dropped { n } => (Level::Warning, format!("{} lost {n} reports", printable(&station()))),
            EventKind::Adapter(AdapterState::Scanning) => {
                (Level::Info, format!("{} is scanning", printable(&station())))
            }
            EventKind::Adapter(state) => (
                Level::Error,
                format!("{} does not scan: adapter {state}", printable(&station())),
            ),
            EventKind::Mark(mark) => (Level::Info, format!("mark: {}", mark_text(mark))),
            EventKind::ScanEnable { on, .. } => (
                Level::Detail,
                format!(
                    "{} switched its scan {}",
                    printable(&station()),
                    if *on { "on" } else { "off" }
                ),
            ),
            EventKind::OwnData { .. } => (
                Level::Detail,
                format!("{} set what it broadcasts itself", printable(&station())),
            ),
            _ => return,
        };
        let about = match &event.kind {
            EventKind::Mark(mark) => printable(&mark.device).into_owned(),
            _ => String::new(),
        };
        self.log.add(event.at, level, text, about);
    }

    /// Notes identifiers heard for the first time, and addresses that kept over a change of identifier.
    fn log_identifiers(&mut self) {
        let ledger = self.session.ledger();
        let n_new = (ledger.len() - self.log.records.min(ledger.len())).min(MOST_RECORDS);
        let mut found = Vec::new();
        for record in ledger.from(self.log.records).take(n_new) {
            let Some(rpi) = record.rpi() else { continue };
            let key = record.key();
            if !step::is_observable(key) && self.log.resolved.len() < MOST && self.log.resolved.insert(key) {
                let text = format!(
                    "resolved identity ({}): its rotation is not observable",
                    key.address.kind
                );
                found.push((record.first, Level::Info, text, key.address.to_string()));
            }
            let is_earlier = |other: &Record| other.first < record.first;
            let kept = step::before(ledger, record, MOST_BESIDE).any(is_earlier);
            let elsewhere = step::elsewhere(ledger, record, MOST_BESIDE).any(is_earlier);
            let (level, text) = if elsewhere && !kept {
                (Level::Warning, "identifier also under another address".to_owned())
            } else if kept {
                (
                    Level::Warning,
                    format!("address {} kept over a change of identifier", key.address.kind),
                )
            } else {
                (Level::Detail, format!("new identifier, {}", record.family))
            };
            found.push((record.first, level, text, rpi.to_string()));
        }
        self.log.records += n_new;
        for (at, level, text, about) in found {
            self.log.add(at, level, text, about);
        }
    }

    /// Notes what broadcasters show that an honest phone would not. An address that keeps stands with the identifier
    /// that came to it.
    fn log_doubts(&mut self) {
        let now = self.session.now();
        if now < self.log.next_look {
            return;
        }
        self.log.next_look = now.plus(LOOK);
        if self.log.told.len() > MOST {
            self.log.told.clear();
        }
        let mut found = Vec::new();
        for track in self.session.tracks() {
            let doubts = Doubts::of(&self.session, track);
            if doubts.is_empty() {
                continue;
            }
            let told = self.log.told.insert(track.key, doubts).unwrap_or_default();
            let is_new = |doubt: &Doubt| *doubt != Doubt::OutOfStep && !told.has(*doubt);
            let rpi = track.rpi.map(|rpi| rpi.to_string()).unwrap_or_default();
            found.extend(
                doubts
                    .iter()
                    .filter(is_new)
                    .map(|doubt| (track.last, track.key, doubt, rpi.clone())),
            );
        }
        // Tracks are in no meaningful order.
        found.sort_unstable();
        for (at, _, doubt, rpi) in found {
            self.log.add(at, Level::Warning, doubt.text(), rpi);
        }
    }

    /// Notes something about the program itself.
    pub(super) fn log_notice(&mut self, level: Level, text: &str) {
        self.log.push(Entry {
            at: self.session.now(),
            level,
            text: printable(text).into_owned(),
            is_own: true,
            about: String::new(),
        });
    }
}

/// `1 damaged record`
#[must_use]
pub fn damaged(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} damaged record{plural}")
}

fn seconds(span: Micros) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

fn mark_text(mark: &crate::lab::event::Mark) -> String {
    let mut parts = Vec::new();
    if let Some(distance) = mark.distance {
        parts.push(format!("{} m", distance.0));
    }
    for text in [&mark.model, &mark.orientation, &mark.obstacle, &mark.note] {
        if !text.is_empty() {
            parts.push(printable(text).into_owned());
        }
    }
    parts.join(", ")
}
