//! Does what the model asks for: beside the loop whatever may take time, whose result comes back as a message.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::published::{PublishedKeys, seen_since};
use super::recording::{Ending, Running};
use super::source::{News, Source};
use super::{Opened, Services};
use crate::app::model::{Model, SourceInfo};
use crate::app::{Effect, Heard, Msg, update};
use crate::clock;
use crate::format::native::{Paths, append_event, recount_marks};
use crate::format::reason;
use crate::lab::event::{CaptureEvent, Event, EventKind, Mark};
use crate::lab::note;
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;
use crate::library::{self, Outline};
use crate::runtime::snapshot;

/// So many files of keys that could not be used are told one by one.
const MOST_TOLD: usize = 5;

/// What came of something that was done beside the loop.
pub(super) enum Done {
    /// Tell the model.
    Tell(Box<Msg>),
    /// A source that takes over.
    Opened(Result<Box<Opened>, String>),
    /// Something to say, after which the library is looked at again.
    Changed(String),
    /// What the played capture amounts to, by the number of its source.
    Timeline(u64, Box<Outline>),
    /// A recording of the source of this number that begins, or why it does not.
    Recording(u64, Result<Running, String>),
    /// Published keys that were read.
    Keys(Result<Arc<PublishedKeys>, String>),
    /// Keys that were heard, by the number of the source.
    Heard(u64, Vec<Heard>),
    /// What is in a folder, by the number of the look.
    Listing(u64, Box<Msg>),
}

/// Runs effects and the source.
pub(super) struct Runner {
    pub(super) source: Source,
    services: Services,
    results: UnboundedSender<Done>,
    recording: Option<Running>,
    /// Whether one is about to begin.
    is_beginning: bool,
    /// Ends the reading through of what is played, and of a capture of the library.
    reading: Arc<AtomicBool>,
    outlining: Arc<AtomicBool>,
    /// What writes files and has not come to its end yet.
    writing: Vec<JoinHandle<()>>,
    /// Marks are written one after the other.
    marking: Arc<Mutex<()>>,
    /// Published keys that are looked for, and how many records of the ledger were looked through.
    keys: Option<Arc<PublishedKeys>>,
    looked_at: usize,
    is_looking: bool,
    /// How many looks into folders there were, and which one was the last to be told.
    looks: u64,
    told: u64,
    /// How many sources there were, so that what is known of an earlier one is not taken for the present one's.
    number: u64,
}

impl Runner {
    pub(super) fn new(source: Source, services: Services, results: UnboundedSender<Done>) -> Self {
        let mut runner = Self {
            source,
            services,
            results,
            recording: None,
            is_beginning: false,
            reading: Arc::default(),
            outlining: Arc::default(),
            writing: Vec::new(),
            marking: Arc::default(),
            keys: None,
            looked_at: 0,
            is_looking: false,
            looks: 0,
            told: 0,
            number: 0,
        };
        runner.read_through();
        runner
    }

    /// Whether time passes, in the data or for a recording.
    pub(super) fn is_moving(&self) -> bool {
        self.source.is_moving() || self.recording.is_some()
    }

    pub(super) fn take(&mut self, model: &mut Model, news: News) -> Vec<Effect> {
        let (effects, found) = self.source.take(model, news);
        if let Some((source, info)) = found {
            self.replace(model, source, info);
        }
        effects
    }

    pub(super) fn tick(&mut self, model: &mut Model) -> Vec<Effect> {
        match self.recording.as_ref().map(Running::look) {
            Some(Ok(progress)) => drop(update(model, Msg::Recording(Some(progress)))),
            Some(Err(failure)) => {
                self.recording = None;
                update(model, Msg::Recording(None));
                update(model, Msg::Failure(format!("recording stopped: {failure}")));
            }
            None => {}
        }
        self.look_for_keys(model);
        self.source.tick(model)
    }

    /// Begins what was asked for.
    pub(super) fn start(&mut self, model: &mut Model, effect: Effect) {
        match effect {
            Effect::Playback(command) => self.source.tell(command),
            Effect::Scan(folder) => self.scan(folder),
            Effect::Outline(path, modified) => self.outline(path, modified),
            Effect::Open(path) => {
                let open = self.services.open;
                // A playback needs the runtime's timer.
                let runtime = tokio::runtime::Handle::current();
                self.beside(move || {
                    let _guard = runtime.enter();
                    Done::Opened(open(&path).map(Box::new))
                });
            }
            Effect::Listen => {
                let found = (self.services.listen)();
                let info = SourceInfo {
                    name: "looking for a Bluetooth adapter".to_owned(),
                    ..SourceInfo::default()
                };
                self.replace(model, Source::Pending(found), info);
            }
            Effect::Record(path, title) => self.record(model, &path, title),
            Effect::EndRecording => self.end_recording(model),
            Effect::Mark(event) => self.mark(model, &event),
            Effect::Convert(from, to, is_private) => {
                let convert = self.services.convert;
                self.write(move || match convert(&from, &to, is_private) {
                    Ok(said) => Done::Changed(said),
                    Err(error) => Done::Tell(Box::new(Msg::NotConverted(from, to, is_private, error))),
                });
            }
            Effect::Delete(path) => self.write(move || {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                Done::Changed(match library::delete(&path) {
                    Ok(_) => format!("deleted {name}"),
                    Err(error) => format!("not deleted: {error}"),
                })
            }),
            Effect::Keys(path) => {
                let read = self.services.keys;
                self.beside(move || Done::Keys(read(&path).map(Arc::new)));
            }
            Effect::Rules(path) => {
                let read = self.services.rules;
                self.beside(move || Done::Tell(Box::new(Msg::Rules(read(&path)))));
            }
            Effect::Profile(name, text) => {
                let write = self.services.profile;
                self.write(move || {
                    Done::Tell(Box::new(match write(&name, &text) {
                        Ok(said) => Msg::Notice(Some(said)),
                        Err(error) => Msg::Failure(error),
                    }))
                });
            }
            // The loop's own.
            Effect::Quit | Effect::Copy(_) | Effect::Snapshot(_) => {}
        }
    }

    /// Looks for published keys in what was heard since the last look; one look at a time.
    fn look_for_keys(&mut self, model: &Model) {
        let Some(keys) = self.keys.clone().filter(|_| !self.is_looking) else {
            return;
        };
        let ledger = model.session.ledger();
        // It began anew.
        self.looked_at = if ledger.len() < self.looked_at {
            0
        } else {
            self.looked_at
        };
        let (seen, next) = seen_since(ledger, self.looked_at);
        self.looked_at = next;
        if seen.is_empty() {
            return;
        }
        self.is_looking = true;
        let number = self.number;
        self.beside(move || Done::Heard(number, keys.search(seen)));
    }

    /// Writes a picture of the screen into a new file.
    pub(super) fn save(&mut self, picture: String, path: PathBuf) {
        self.write(move || {
            let name = path.display();
            Done::Tell(Box::new(match snapshot::write(&picture, &path, false) {
                Ok(()) => Msg::Notice(Some(format!("drawn into {name}"))),
                Err(error) => Msg::Failure(format!("cannot write {name}: {}", reason(&error))),
            }))
        });
    }

    /// Takes what came of it.
    pub(super) fn finished(&mut self, model: &mut Model, done: Done) -> Vec<Effect> {
        match done {
            Done::Tell(msg) => return update(model, *msg),
            Done::Opened(Ok(opened)) => {
                let (source, info) = *opened;
                self.replace(model, source, info);
                model_shows_live(model);
            }
            Done::Opened(Err(error)) | Done::Keys(Err(error)) => drop(update(model, Msg::Failure(error))),
            Done::Changed(said) => {
                update(model, Msg::Notice(Some(said)));
                return vec![Effect::Scan(model.library.folder.clone())];
            }
            Done::Timeline(number, outline) if number == self.number => {
                return update(model, Msg::Timeline(outline));
            }
            Done::Recording(number, begun) => {
                self.is_beginning = false;
                self.begun(model, number, begun);
            }
            Done::Keys(Ok(keys)) => {
                update(model, Msg::KeysRead(keys.candidates.len()));
                for error in keys.unusable.iter().take(MOST_TOLD) {
                    update(model, Msg::Failure(error.clone()));
                }
                self.keys = Some(keys);
                self.looked_at = 0;
                self.look_for_keys(model);
            }
            Done::Heard(number, heard) => {
                self.is_looking = false;
                if number == self.number {
                    let effects = update(model, Msg::Published(heard));
                    self.look_for_keys(model);
                    return effects;
                }
            }
            Done::Listing(look, msg) if look > self.told => {
                self.told = look;
                return update(model, *msg);
            }
            // Of a source that was left; a later look was quicker.
            Done::Timeline(..) | Done::Listing(..) => {}
        }
        Vec::new()
    }

    /// Ends everything in order; what was recorded is on the disk then.
    ///
    /// # Errors
    /// Why the recording that was going on could not be ended well.
    pub(super) async fn end(mut self) -> Result<(), String> {
        self.reading.store(true, Ordering::Relaxed);
        self.outlining.store(true, Ordering::Relaxed);
        self.source.end().await;
        for task in std::mem::take(&mut self.writing) {
            // One that panicked has said so.
            let _ = task.await;
        }
        match self.recording.take().map(|running| running.stop().wait()) {
            Some(Err(failure)) => Err(failure),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn replace(&mut self, model: &mut Model, source: Source, info: SourceInfo) {
        // One that began while the other source was being opened has come to its end.
        self.end_recording(model);
        let before = std::mem::replace(&mut self.source, source);
        if matches!(before, Source::Live { .. }) {
            tokio::spawn(before.end());
        }
        update(model, Msg::Source(Box::new(info)));
        self.number += 1;
        self.looked_at = 0;
        self.read_through();
    }

    /// Reads what is played through, for its time line.
    fn read_through(&mut self) {
        self.reading.store(true, Ordering::Relaxed);
        self.reading = Arc::default();
        let Source::Replay { origin, .. } = &mut self.source else {
            return;
        };
        let Some(reopen) = origin.reopen.take() else { return };
        let (stop, number) = (Arc::clone(&self.reading), self.number);
        self.beside(move || {
            let outline = match reopen() {
                Ok(mut reader) => library::timeline(&mut *reader, &stop),
                Err(error) => Outline {
                    failure: Some(error.to_string()),
                    ..Outline::default()
                },
            };
            Done::Timeline(number, Box::new(outline))
        });
    }

    fn beside(&self, work: impl FnOnce() -> Done + Send + 'static) -> JoinHandle<()> {
        let results = self.results.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody waits for it any more when the screen is gone.
            let _ = results.send(work());
        })
    }

    /// Work of which the end is waited for before the program ends.
    pub(super) fn write(&mut self, work: impl FnOnce() -> Done + Send + 'static) {
        self.writing.retain(|task| !task.is_finished());
        let task = self.beside(work);
        self.writing.push(task);
    }

    fn scan(&mut self, folder: PathBuf) {
        let now = clock::wall();
        self.looks += 1;
        let look = self.looks;
        self.beside(move || {
            let found = library::scan(&folder, now).map_err(|error| error.to_string());
            Done::Listing(look, Box::new(Msg::Listing(folder, Box::new(found))))
        });
    }

    /// Reads a capture of the library through; the one before gives way, so that there is one at a time.
    fn outline(&mut self, path: PathBuf, modified: Option<UnixMicros>) {
        self.outlining.store(true, Ordering::Relaxed);
        self.outlining = Arc::default();
        let stop = Arc::clone(&self.outlining);
        self.beside(move || {
            let outcome = match library::open(&path) {
                Ok((mut reader, _)) => Ok(Box::new(library::outline(&mut *reader, &stop))),
                Err(error) => Err(error.to_string()),
            };
            Done::Tell(Box::new(if stop.load(Ordering::Relaxed) {
                Msg::OutlineDropped(path, modified)
            } else {
                Msg::Outline(path, modified, outcome)
            }))
        });
    }

    fn record(&mut self, model: &mut Model, path: &Path, title: String) {
        let Some(slot) = self
            .source
            .recorder()
            .filter(|_| self.recording.is_none() && !self.is_beginning)
        else {
            let text = "there is no source yet that could be recorded".to_owned();
            update(model, Msg::Notice(Some(text)));
            return;
        };
        let mut meta = self.source.meta();
        if !title.is_empty() {
            meta.title = title;
        }
        // Nothing that is deleted or opened later shall miss it under another spelling.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // A reader of the recording needs to know who hears.
        let (slot, stations, number) = (slot.clone(), stations(model), self.number);
        self.is_beginning = true;
        self.write(move || Done::Recording(number, Running::begin(&path, &meta, &slot, &stations)));
    }

    fn begun(&mut self, model: &mut Model, number: u64, begun: Result<Running, String>) {
        match begun {
            Ok(running) if number == self.number => {
                let progress = running.look().ok();
                self.recording = Some(running);
                update(model, Msg::Recording(progress));
                self.scan(model.library.folder.clone());
            }
            // Its source was left meanwhile.
            Ok(running) => self.finish(running.stop()),
            Err(error) => drop(update(model, Msg::Failure(format!("not recorded: {error}")))),
        }
    }

    fn end_recording(&mut self, model: &mut Model) {
        let Some(running) = self.recording.take() else { return };
        update(model, Msg::Recording(None));
        self.finish(running.stop());
    }

    fn finish(&mut self, ending: Ending) {
        self.write(move || match ending.wait() {
            Ok(said) | Err(said) => Done::Changed(said),
        });
    }

    /// Writes a mark where it is kept, and shows it.
    fn mark(&mut self, model: &mut Model, event: &Event) {
        let described = match &event.kind {
            // Whose mark it is stands in the log, as far as privacy shows it.
            EventKind::Mark(whole_mark) => {
                let mark = Mark {
                    device: String::new(),
                    ..whole_mark.clone()
                };
                let whom = if whole_mark.device.is_empty() {
                    "every device"
                } else {
                    "this device"
                };
                format!("{whom}, {}", printable(&note::describe(&mark)))
            }
            _ => String::new(),
        };
        let whole = CaptureEvent::Other(Box::new(event.clone()));
        update(model, Msg::Events(vec![whole.clone()]));
        let capture = match &self.source {
            Source::Replay { origin, .. } => origin.marks_go_to.clone(),
            Source::Live { .. } | Source::Pending(_) => None,
        };
        let slot = self.source.recorder().filter(|_| self.recording.is_some()).cloned();
        let (event, station) = (event.clone(), model.session.station(event.station).name);
        let turn = Arc::clone(&self.marking);
        self.write(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = |why: &str| Msg::Failure(format!("not kept: {why}"));
            let said = |text: String| Msg::Notice(Some(text));
            Done::Tell(Box::new(match (slot, capture) {
                (Some(slot), _) if slot.accept(&[whole]) => said(format!("marked in the recording: {described}")),
                (Some(_), _) => failed("the recording has stopped"),
                (None, Some(rows)) => match append(&rows, &event, &station) {
                    Ok(()) => said(format!("marked in {}: {described}", file_name(&rows))),
                    Err(error) => failed(&error),
                },
                (None, None) => said(format!("marked on this screen only: {described} · r records")),
            }))
        });
    }
}

/// Adds a mark to a native capture.
fn append(rows: &Path, event: &Event, station: &str) -> Result<(), String> {
    let paths = Paths::of(rows);
    append_event(&paths.events, event, station)
        .map_err(|error| format!("cannot write {}: {}", file_name(&paths.events), reason(&error)))?;
    // Counts that stay as they were do no harm; the mark is in the file.
    let _ = recount_marks(&paths);
    Ok(())
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Who hears, as a recording that begins in the middle needs to be told.
fn stations(model: &Model) -> Vec<CaptureEvent> {
    let at = model.session.data_now().unwrap_or_default();
    let known = (0..).zip(model.session.stations());
    known
        .map(|(number, info)| {
            let station = crate::lab::advert::StationId(number);
            CaptureEvent::other(at, station, EventKind::Station(info.clone()))
        })
        .collect()
}

/// A capture that was opened is looked at.
fn model_shows_live(model: &mut Model) {
    if model.tab == crate::app::Tab::Captures {
        update(model, Msg::Show(crate::app::Tab::Live));
    }
}
