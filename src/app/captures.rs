//! The library: the captures of a folder, the selected one, what is known of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Effect;
use super::action::Action;
use super::form::{Form, Question};
use super::model::{Model, Popup};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;
use crate::library::{Entry, Listing, Outline, State};

/// Outlines kept; of more, one of the others goes.
const MOST_OUTLINES: usize = 256;
/// Captures larger than this are not read through by themselves, in bytes: when they are selected, or are only in view.
const MOST_READ: u64 = 256 * 1024 * 1024;
/// See [`MOST_READ`].
const MOST_READ_IN_VIEW: u64 = 32 * 1024 * 1024;

/// One line of the library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'a> {
    /// The folder around.
    Outside,
    /// A folder.
    Folder(&'a OsString),
    /// A capture.
    Capture(&'a Entry),
}

impl<'a> Line<'a> {
    fn path(self) -> Option<&'a Path> {
        match self {
            Self::Capture(entry) => Some(&entry.path),
            Self::Outside | Self::Folder(_) => None,
        }
    }
}

/// What is known of a capture besides its metadata.
#[derive(Clone, Debug)]
pub enum Known {
    /// It is being read through.
    Reading,
    /// What it amounts to.
    Read(Box<Outline>),
    /// Why it cannot be read.
    Unreadable(String),
}

/// State of the library.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The folder that is looked at.
    pub folder: PathBuf,
    /// What is in it, once it was looked at.
    pub listing: Option<Listing>,
    /// Why it cannot be looked at.
    pub error: Option<String>,
    /// Words that must occur in a name or a title; empty shows all.
    pub search: String,
    /// The number of the selected line among those shown.
    pub at: usize,
    /// The number of the topmost line on the screen.
    pub top: usize,
    /// What was read of captures, by file and the time of its last change.
    known: BTreeMap<(PathBuf, Option<UnixMicros>), Known>,
}

impl Library {
    /// The library of a folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            ..Self::default()
        }
    }

    /// The lines shown: the folder around, folders, captures.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let words: Vec<String> = self.search.split_whitespace().map(str::to_lowercase).collect();
        let listing = self.listing.as_ref();
        let has_outside = self
            .folder
            .parent()
            .is_some_and(|parent| !parent.as_os_str().is_empty());
        let outside = (has_outside && words.is_empty()).then_some(Line::Outside);
        let folders = listing.into_iter().flat_map(|listing| &listing.folders);
        let captures = listing.into_iter().flat_map(|listing| &listing.entries);
        let matches = move |line: &Line<'_>| {
            if words.is_empty() {
                return true;
            }
            let text = match line {
                Line::Outside => return true,
                Line::Folder(name) => name.to_string_lossy().to_lowercase(),
                Line::Capture(entry) => {
                    let title = entry.meta.as_ref().map_or("", |meta| &meta.title);
                    format!("{} {title}", entry.name).to_lowercase()
                }
            };
            words.iter().all(|word| text.contains(word))
        };
        let all = outside.into_iter().chain(folders.map(Line::Folder));
        all.chain(captures.map(Line::Capture)).filter(matches)
    }

    /// The selected line.
    #[must_use]
    pub fn selected(&self) -> Option<Line<'_>> {
        self.lines().nth(self.at)
    }

    /// The selected capture.
    #[must_use]
    pub fn capture(&self) -> Option<&Entry> {
        match self.selected()? {
            Line::Capture(entry) => Some(entry),
            Line::Folder(_) | Line::Outside => None,
        }
    }

    /// What is known of a capture besides its metadata.
    #[must_use]
    pub fn known(&self, entry: &Entry) -> Option<&Known> {
        self.known.get(&(entry.path.clone(), entry.modified))
    }

    /// Whether a capture can be read through and was not yet.
    fn is_unread(&self, entry: &Entry, most: u64) -> bool {
        let can_be = entry.kind.is_some() && entry.state != State::Recording && entry.bytes <= most;
        can_be && self.known(entry).is_none()
    }

    /// Names that complete a command: folders, or captures.
    pub(super) fn names(&self, is_folders: bool) -> Vec<String> {
        let Some(listing) = &self.listing else {
            return Vec::new();
        };
        let full = |name: &Path| self.folder.join(name).to_string_lossy().into_owned();
        if is_folders {
            listing.folders.iter().map(|name| full(Path::new(name))).collect()
        } else {
            listing
                .entries
                .iter()
                .map(|entry| full(Path::new(&entry.name)))
                .collect()
        }
    }

    /// Takes what was found in the folder; the selection stays with its capture.
    pub(super) fn take(&mut self, folder: &Path, found: Result<Listing, String>) {
        // A folder that was left while it was being read; its names must not stand under the present one's.
        if folder != self.folder {
            return;
        }
        let selected = self.capture().map(|entry| entry.path.clone());
        let is_new = self.listing.is_none();
        match found {
            Ok(listing) => {
                self.error = None;
                self.listing = Some(listing);
            }
            Err(error) => {
                self.listing = None;
                self.error = Some(error);
            }
        }
        let is_it = |line: Line<'_>| matches!(line, Line::Capture(entry) if Some(&entry.path) == selected.as_ref());
        let at = self.lines().position(is_it);
        // A folder that is seen for the first time begins with its captures.
        let first = || self.lines().position(|line| matches!(line, Line::Capture(_)));
        let n = self.lines().count();
        self.at = at
            .or_else(|| if is_new { first() } else { None })
            .unwrap_or(self.at)
            .min(n.saturating_sub(1));
    }

    pub(super) fn learn(&mut self, path: PathBuf, modified: Option<UnixMicros>, known: Known) {
        let key = (path, modified);
        if self.known.len() >= MOST_OUTLINES && !self.known.contains_key(&key) {
            let shown: Vec<&Path> = self
                .lines()
                .skip(self.top)
                .take(MOST_OUTLINES / 2)
                .filter_map(Line::path)
                .collect();
            let other = self.known.keys().find(|(path, _)| !shown.contains(&&**path));
            if let Some(other) = other.or(self.known.keys().next()).cloned() {
                self.known.remove(&other);
            }
        }
        let known = match known {
            Known::Read(mut outline) => {
                // Only how many there are is shown.
                outline.rotations = Vec::new();
                outline.marks.iter_mut().for_each(|mark| mark.text = String::new());
                Known::Read(outline)
            }
            other => other,
        };
        self.known.insert(key, known);
    }

    pub(super) fn forget(&mut self, path: PathBuf, modified: Option<UnixMicros>) {
        self.known.remove(&(path, modified));
    }

    fn travel(&mut self, action: Action, page: usize) {
        let last = self.lines().count().saturating_sub(1);
        self.at = action.travelled(self.at, page, last);
    }
}

impl Model {
    /// Lines of the library that fit on the screen.
    #[must_use]
    pub fn library_page(&self) -> usize {
        super::layout::library(self.body_height())
    }

    /// Selects another line; what is not known of it is asked for.
    pub(super) fn travel_library(&mut self, action: Action) -> Vec<Effect> {
        let page = self.library_page().max(1);
        self.library.travel(action, page);
        self.settle_library()
    }

    /// Keeps the selection in view, and asks for what is not known of the selected capture.
    pub(super) fn settle_library(&mut self) -> Vec<Effect> {
        let page = self.library_page().max(1);
        let library = &mut self.library;
        let n = library.lines().count();
        library.at = library.at.min(n.saturating_sub(1));
        let most = n.saturating_sub(page);
        library.top = library
            .top
            .min(most)
            .min(library.at)
            .max((library.at + 1).saturating_sub(page));
        // The selected one first; then, while nothing else is being read, those in view.
        let selected = library.capture().filter(|entry| library.is_unread(entry, MOST_READ));
        let is_reading = library.known.values().any(|known| matches!(known, Known::Reading));
        let mut in_view = library
            .lines()
            .skip(library.top)
            .take(page)
            .filter_map(|line| match line {
                Line::Capture(entry) if library.is_unread(entry, MOST_READ_IN_VIEW) => Some(entry),
                _ => None,
            });
        let Some(entry) = selected.or_else(|| in_view.next().filter(|_| !is_reading)) else {
            return Vec::new();
        };
        let (path, modified) = (entry.path.clone(), entry.modified);
        drop(in_view);
        library.learn(path.clone(), modified, Known::Reading);
        vec![Effect::Outline(path, modified)]
    }

    /// Goes to another folder.
    pub(super) fn go_to(&mut self, folder: PathBuf) -> Vec<Effect> {
        self.library.listing = None;
        self.library.error = None;
        self.library.search.clear();
        (self.library.at, self.library.top) = (0, 0);
        self.library.folder.clone_from(&folder);
        vec![Effect::Scan(folder)]
    }

    /// Does what a key asks of the library.
    pub(super) fn act_on_library(&mut self, action: Action) -> Vec<Effect> {
        match (action, self.library.selected()) {
            (Action::Rescan, _) => vec![Effect::Scan(self.library.folder.clone())],
            (Action::Outside, _) | (Action::OpenCapture, Some(Line::Outside)) => {
                match self
                    .library
                    .folder
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                {
                    Some(parent) => self.go_to(parent.to_owned()),
                    None => Vec::new(),
                }
            }
            (Action::OpenCapture, Some(Line::Folder(name))) => {
                let folder = self.library.folder.join(name);
                self.go_to(folder)
            }
            (Action::OpenCapture, Some(Line::Capture(entry))) => {
                let path = entry.path.clone();
                self.open_capture(path)
            }
            (Action::Convert, Some(Line::Capture(entry))) => {
                let stem = entry.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let to = format!("{}.", stem.unwrap_or_default().trim_end_matches(".csv"));
                self.popup = Some(Popup::Form(Form::convert(entry.path.clone(), &to, false)));
                Vec::new()
            }
            (Action::Delete, Some(Line::Capture(entry))) => {
                if self.is_recorded_to(&entry.path) {
                    self.say("this capture is being recorded: r ends the recording");
                } else if entry.state == State::Recording {
                    self.say("this capture is being written at this moment");
                } else {
                    let (path, bytes) = (entry.path.clone(), entry.bytes);
                    self.popup = Some(Popup::Question(Question::Delete { path, bytes }));
                }
                Vec::new()
            }
            _ => {
                self.say("select a capture first");
                Vec::new()
            }
        }
    }

    /// Plays a capture in place of what is shown.
    pub(super) fn open_capture(&mut self, path: PathBuf) -> Vec<Effect> {
        if self.recording.is_some() {
            self.say("a recording is going on: r ends it");
            return Vec::new();
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        self.say(&format!("opening {}", printable(&name)));
        vec![Effect::Open(path)]
    }

    fn is_recorded_to(&self, path: &Path) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.path == path)
    }
}
