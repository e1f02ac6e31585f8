//! Writes what it is given to a native capture, on a thread of its own.
//!
//! Rows reach the operating system twice a second and at each mark, and the disk at the stop; a killed process loses at
//! most that half second. A full queue makes the source wait, nothing is dropped. When the disk refuses, the recording
//! ends with whole rows in the file and the reason in [`Progress::failure`] and in every later
//! [`Sink::accept`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Sink, SinkError};
use crate::clock;
use crate::format::FormatError;
use crate::format::native::{Disk, Meta, Paths, Stored, Writer};
use crate::lab::event::{CaptureEvent, EventKind};

/// How often rows reach the operating system.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// How often the metadata are brought up to date.
const NOTE_EVERY: Duration = Duration::from_mins(1);
/// How many batches wait for the thread before the source does.
const QUEUE_BATCHES: usize = 1024;
/// How often a name that somebody else takes at the same moment is given up for the next one.
const NAME_TRIES: usize = 20;

/// How a recording is getting on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Advertisements taken.
    pub adverts: u64,
    /// Other events taken.
    pub events: u64,
    /// Bytes in the advertisement file.
    pub bytes: u64,
    /// Advertisements a second, over the last flushes.
    pub rate: f64,
    /// Since the start.
    pub elapsed: Duration,
    /// Bytes that are free for this user where the capture lies.
    pub space_left: Option<u64>,
    /// Why the recording ended by itself.
    pub failure: Option<String>,
}

enum Order {
    Keep(Vec<CaptureEvent>),
    Stop,
}

/// The end that takes events; goes where the source is.
pub struct Recorder {
    orders: SyncSender<Order>,
    /// How many batches wait for the thread.
    waiting: Arc<AtomicUsize>,
    progress: Arc<Mutex<Progress>>,
}

/// The end that watches and stops. Dropping it stops the recording too.
pub struct Control {
    orders: SyncSender<Order>,
    progress: Arc<Mutex<Progress>>,
    thread: Option<JoinHandle<Result<Stored, FormatError>>>,
    paths: Option<Paths>,
}

/// Begins a recording named `path`, or `path-2` and so on where that is taken: never overwrites.
///
/// # Errors
/// [`FormatError::Io`] when the files or the thread cannot be created.
pub fn start(path: &Path, meta: &Meta) -> Result<(Recorder, Control), FormatError> {
    let mut tries = 0;
    let writer = loop {
        tries += 1;
        match Writer::create(&Paths::free(path), meta.clone()) {
            Err(FormatError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::AlreadyExists && tries < NAME_TRIES => {}
            made => break made?,
        }
    };
    over(writer)
}

/// Records to a writer that is open already.
///
/// # Errors
/// [`FormatError::Io`] when there can be no thread.
pub fn over<D: Disk + 'static>(writer: Writer<D>) -> Result<(Recorder, Control), FormatError> {
    let (orders, queue) = sync_channel(QUEUE_BATCHES);
    let progress = Arc::new(Mutex::new(Progress::default()));
    let paths = writer.paths().cloned();
    let waiting = Arc::new(AtomicUsize::new(0));
    let job = Job {
        waiting: Arc::clone(&waiting),
        folder: paths.as_ref().and_then(|paths| paths.rows.parent()).map(folder),
        writer,
        progress: Arc::clone(&progress),
        started: clock::steady(),
        flushed: (clock::steady(), 0),
    };
    let thread = std::thread::Builder::new()
        .name("recorder".to_owned())
        .spawn(move || job.run(&queue))
        .map_err(|source| FormatError::Io {
            context: "cannot start the recorder's thread".to_owned(),
            source,
        })?;
    let recorder = Recorder {
        orders: orders.clone(),
        waiting,
        progress: Arc::clone(&progress),
    };
    let control = Control {
        orders,
        progress,
        thread: Some(thread),
        paths,
    };
    Ok((recorder, control))
}

/// The folder of a bare file name is the present one.
fn folder(parent: &Path) -> PathBuf {
    if parent.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        parent.to_owned()
    }
}

fn look(progress: &Mutex<Progress>) -> Progress {
    progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Sink for Recorder {
    fn accept(&mut self, events: &[CaptureEvent]) -> Result<(), SinkError> {
        let ended = || {
            let failure = look(&self.progress).failure;
            SinkError(failure.unwrap_or_else(|| "the recording was stopped".to_owned()))
        };
        if look(&self.progress).failure.is_some() {
            return Err(ended());
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.orders.send(Order::Keep(events.to_vec())).map_err(|_| ended())
    }

    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < QUEUE_BATCHES / 2
    }
}

impl Control {
    /// How the recording is getting on.
    #[must_use]
    pub fn progress(&self) -> Progress {
        look(&self.progress)
    }

    /// Where it is written.
    #[must_use]
    pub const fn paths(&self) -> Option<&Paths> {
        self.paths.as_ref()
    }

    /// Stops after everything accepted so far is on the disk.
    ///
    /// # Errors
    /// Why the recording ended before, or could not be ended well; what is in the files is valid in any case.
    pub fn stop(mut self) -> Result<Stored, SinkError> {
        match self.join() {
            Some(Ok(Ok(stored))) => match look(&self.progress).failure {
                None => Ok(stored),
                Some(failure) => Err(SinkError(failure)),
            },
            Some(Ok(Err(failure))) => Err(SinkError(words(&failure))),
            Some(Err(_)) | None => Err(SinkError("the recorder's thread broke down".to_owned())),
        }
    }

    fn join(&mut self) -> Option<std::thread::Result<Result<Stored, FormatError>>> {
        // A thread that has ended takes no orders, and needs none.
        let _ = self.orders.send(Order::Stop);
        self.thread.take().map(JoinHandle::join)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.join();
    }
}

fn words(failure: &FormatError) -> String {
    match failure {
        FormatError::Io { context, source } if source.kind() == std::io::ErrorKind::StorageFull => {
            format!("{context}: the disk is full; the recording has ended, all rows up to here are kept")
        }
        failure => format!("{failure}; the recording has ended, the rows up to here are kept"),
    }
}

struct Job<D: Disk> {
    waiting: Arc<AtomicUsize>,
    writer: Writer<D>,
    folder: Option<PathBuf>,
    progress: Arc<Mutex<Progress>>,
    started: Instant,
    /// When rows were last flushed, and how many there were.
    flushed: (Instant, u64),
}

impl<D: Disk> Job<D> {
    fn run(mut self, queue: &Receiver<Order>) -> Result<Stored, FormatError> {
        self.report();
        let outcome = self.serve(queue);
        if let Err(failure) = &outcome {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.failure = Some(words(failure));
        }
        let finished = self.writer.finish();
        if outcome.is_ok()
            && let Err(failure) = &finished
        {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.failure = Some(words(failure));
        }
        finished
    }

    fn serve(&mut self, queue: &Receiver<Order>) -> Result<(), FormatError> {
        let mut due = self.flushed.0 + FLUSH_EVERY;
        let mut note_due = self.started + NOTE_EVERY;
        loop {
            let now = clock::steady();
            if now >= due {
                self.flush()?;
                if now >= note_due {
                    self.writer.interim()?;
                    note_due = now + NOTE_EVERY;
                }
                due = now + FLUSH_EVERY;
            }
            match queue.recv_timeout(due.saturating_duration_since(now)) {
                Ok(Order::Keep(events)) => {
                    self.keep(&events)?;
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return self.flush(),
            }
        }
    }

    fn keep(&mut self, events: &[CaptureEvent]) -> Result<(), FormatError> {
        let mut marked = false;
        for event in events {
            self.writer.write(event)?;
            marked |= matches!(event, CaptureEvent::Other(other) if matches!(other.kind, EventKind::Mark(_)));
        }
        if marked { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), FormatError> {
        self.writer.flush()?;
        self.report();
        Ok(())
    }

    fn report(&mut self) {
        let now = clock::steady();
        let counts = self.writer.meta().counts;
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let span = now.saturating_duration_since(self.flushed.0);
        // Marks flush in between; a rate over a few milliseconds would say nothing.
        if span >= FLUSH_EVERY / 2 {
            let rows = u32::try_from(counts.adverts - self.flushed.1).unwrap_or(u32::MAX);
            let newest = f64::from(rows) / span.as_secs_f64();
            progress.rate = if progress.rate > 0.0 {
                (progress.rate * 3.0 + newest) / 4.0
            } else {
                newest
            };
            self.flushed = (now, counts.adverts);
        }
        progress.adverts = counts.adverts;
        progress.events = counts.events;
        progress.bytes = self.writer.bytes();
        progress.elapsed = now.saturating_duration_since(self.started);
        progress.space_left = self.folder.as_deref().and_then(space_left);
    }
}

/// Bytes that are free for this user on the file system of a folder.
#[must_use]
pub fn space_left(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::EventReader as _;
    use crate::format::native::Reader;
    use crate::lab::advert::{Advertisement, StationId};
    use crate::lab::event::{Mark, StationInfo};
    use crate::lab::time::UnixMicros;
    use std::fs::OpenOptions;

    fn events(n: i64) -> Vec<CaptureEvent> {
        let info = StationInfo {
            name: "hci0".to_owned(),
            model: "test".to_owned(),
            ..StationInfo::default()
        };
        let station = CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::Station(info));
        let adverts = (0..n).map(|at| {
            CaptureEvent::Advert(Advertisement {
                at: UnixMicros(at),
                data: (&[2u8, 1, 6][..]).into(),
                ..Advertisement::default()
            })
        });
        std::iter::once(station).chain(adverts).collect()
    }

    fn read(path: &Path) -> Vec<CaptureEvent> {
        let mut reader = Reader::open(path).unwrap();
        let mut events = Vec::new();
        while reader.read(&mut events).unwrap() {}
        assert_eq!(reader.damage().count, 0, "{:?}", reader.damage());
        events
    }

    #[test]
    fn everything_accepted_is_in_the_files_after_the_stop() {
        let folder = tempfile::tempdir().unwrap();
        let (mut recorder, control) = start(&folder.path().join("walk"), &Meta::default()).unwrap();
        let all = events(10_000);
        all.chunks(7).for_each(|batch| recorder.accept(batch).unwrap());
        let path = control.paths().unwrap().rows.clone();
        let stored = control.stop().unwrap();
        assert_eq!(stored.meta.counts.adverts, 10_000);
        assert!(stored.meta.complete);
        assert_eq!(read(&path), all);
        assert!(recorder.accept(&all).is_err(), "a stopped recorder takes nothing");
        let (_, second) = start(&folder.path().join("walk"), &Meta::default()).unwrap();
        assert!(second.paths().unwrap().rows.ends_with("walk-2.csv"));
    }

    #[test]
    fn a_mark_is_in_the_file_while_the_recording_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (mut recorder, control) = start(&folder.path().join("walk"), &Meta::default()).unwrap();
        let mut all = events(3);
        let mark = Mark {
            note: "here".to_owned(),
            ..Mark::default()
        };
        all.push(CaptureEvent::other(UnixMicros(3), StationId(0), EventKind::Mark(mark)));
        recorder.accept(&all).unwrap();
        while control.progress().events < 2 {
            std::thread::yield_now();
        }
        let path = control.paths().unwrap().rows.clone();
        assert_eq!(read(&path), all, "what a killed process would leave");
        assert!(control.progress().space_left.is_some_and(|bytes| bytes > 0));
        drop(control);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_recording_and_says_so() {
        /// A file whose every write finds the disk full, after the header rows.
        struct Full {
            file: std::fs::File,
            without_room: std::fs::File,
            header: bool,
        }
        impl std::io::Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                if self.header {
                    return self.without_room.write(bytes);
                }
                self.header = true;
                self.file.write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        impl Disk for Full {
            fn sync(&mut self) -> std::io::Result<()> {
                self.file.sync()
            }
            fn cut(&mut self, length: u64) -> std::io::Result<()> {
                self.file.cut(length)
            }
            fn length(&mut self) -> std::io::Result<u64> {
                self.file.length()
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("walk.csv");
        let rows = Full {
            file: std::fs::File::create(&path).unwrap(),
            without_room: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            header: false,
        };
        let other = Full {
            file: std::fs::File::create(folder.path().join("walk.events.csv")).unwrap(),
            without_room: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            header: false,
        };
        let writer = Writer::over(rows, other, Meta::default(), false).unwrap();
        let (mut recorder, control) = over(writer).unwrap();
        let all = events(100);
        let failure = loop {
            if let Err(failure) = recorder.accept(&all) {
                break failure;
            }
        };
        assert!(failure.0.contains("the disk is full"), "{failure}");
        assert_eq!(control.progress().failure, Some(failure.0));
        assert!(control.stop().is_err());
        assert!(read(&path).is_empty());
    }
}
