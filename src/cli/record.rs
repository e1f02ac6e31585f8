//! `vicino record`: live radio to a capture.

mod bar;
mod typed;
mod window;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::HumanBytes;
use tokio::sync::mpsc;

use self::bar::Bar;
use self::typed::Line;
use self::window::Window;
use super::convert::{input_failure, output_failure};
use super::scan::{OnlyArg, no_radio, parse_time, said};
use super::signals::Signals;
use super::{Exit, Failure, help, origin, report, tell};
use crate::clock;
use crate::format::native::{Meta, SourceNote};
use crate::format::open::{Kind, OpenOptions, open, open_known};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::note;
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;
use crate::sink::recorder::{self, Control};
use crate::source::live::{self, Live, Only, Options, Power};
use crate::source::pacing::Speed;
use crate::source::replay::{self as player, Feed};
use crate::source::{Batch, Outlet, RecorderSlot};

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What to do where there is no radio.
const INSTEAD: &str =
    "without a radio: record what a capture plays with `--from CAPTURE`; `vicino simulate demo` makes one";

/// Records live radio to a capture until Ctrl-C, with progress, rate and space left.
///
/// Every line on standard input becomes a mark: a distance in metres, or any of distance=, device=, model=, orientation=,
/// obstacle= and after them a note. What was understood is said; what looks like a distance and is none is refused.
#[derive(Debug, Args)]
#[command(after_help = help::RECORD)]
pub(crate) struct RecordArgs {
    /// Name of the capture; where it is taken, NAME-2 and so on
    name: PathBuf,
    /// End after this time, for example 60s or 1h30m; with --from, of the capture's own time, whatever the speed
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    limit: Option<Duration>,
    /// Keep only these advertisements
    #[arg(long, value_name = "WHAT")]
    only: Option<OnlyArg>,
    /// The adapter to use; without it, the first
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    adapter: Option<String>,
    /// Switch the adapter on if it is off
    #[arg(long, conflicts_with = "from")]
    power_on: bool,
    /// What the capture is about
    #[arg(long, default_value = "", hide_default_value = true)]
    title: String,
    /// Record what a capture plays back instead of the radio; ends with it
    #[arg(long, value_name = "CAPTURE")]
    from: Option<PathBuf>,
    /// With --from: times as fast as it was recorded, 0.1 to 1000, or max
    #[arg(long, default_value = "1", value_name = "FACTOR", requires = "from")]
    speed: Speed,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Input`] when `--from` cannot be read, [`Exit::Environment`] when there is no radio or no room.
pub(super) fn run(args: RecordArgs) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Environment, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(record(args));
    // A thread that waits for a line of standard input does not hold up the end.
    runtime.shutdown_background();
    outcome
}

async fn record(args: RecordArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let (outlet, slot, consumer) = Outlet::new();
    let mut sources = tokio::select! {
        biased;
        () = signals.next() => return Ok(Exit::Done),
        sources = start(&args, outlet, &slot, consumer) => sources?,
    };
    let mut bar = Bar::new();
    let mut notes = typed::lines();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let over = limit(args.limit.filter(|_| args.from.is_none()));
    tokio::pin!(over);
    let mut newest = None;
    loop {
        tokio::select! {
            () = signals.next() => break,
            () = &mut over => break,
            heard = sources.next() => match heard {
                Some(Heard::Events(batch)) => newest = batch.last().map(CaptureEvent::at).or(newest),
                Some(Heard::Change(said)) => bar.announce(&said),
                None => break,
            },
            Some(line) = notes.recv() => {
                // What is played has its own time, which begins with its first event.
                let at = if args.from.is_some() { newest } else { Some(clock::wall()) };
                take_note(&line, at, &slot, &mut bar);
            }
            _ = look.tick() => {
                let progress = sources.control.progress();
                if notes.is_empty() || !bar.waits_for_answers() {
                    bar.show(&progress);
                }
                if progress.failure.is_some() || sources.has_passed() {
                    break;
                }
            }
        }
    }
    bar.clear();
    sources.finish(&slot).await
}

async fn limit(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// A running source with its recorder.
struct Recording {
    control: Control,
    source: Source,
    only: Only,
    slot: RecorderSlot,
}

/// What a source gives.
enum Heard {
    /// Events, already recorded.
    Events(Batch),
    /// What there is to say about a change of the radio.
    Change(String),
}

enum Source {
    Live { live: Live, batches: mpsc::Receiver<Batch> },
    Playback(player::Playback, Window),
}

async fn start(
    args: &RecordArgs,
    outlet: Outlet,
    slot: &RecorderSlot,
    batches: mpsc::Receiver<Batch>,
) -> Result<Recording, Failure> {
    let only = args.only.map_or(Only::Everything, |OnlyArg::Gaen| Only::Gaen);
    let playback = args
        .from
        .as_deref()
        .map(|from| playback(from, args.speed))
        .transpose()?;
    let mut meta = match (&args.from, &playback) {
        (Some(from), Some((_, kind))) => played_meta(from, *kind),
        _ => Meta {
            source: live_note(),
            ..Meta::default()
        },
    };
    if !args.title.is_empty() {
        meta.title.clone_from(&args.title);
    }
    // The recorder is there before the source, so that nothing of it is missed.
    let (recorder, control) = recorder::start(&args.name, &meta).map_err(|error| output_failure(&error))?;
    let paths = control.paths().cloned();
    slot.put(Some(Box::new(recorder)));
    let source = match playback {
        Some((playback, _)) => Source::Playback(playback, Window::new(args.limit)),
        None => match live::start(live_options(args, only), outlet).await {
            Ok(live) => Source::Live { live, batches },
            Err(error) => {
                // Nothing was heard: no empty capture is left behind.
                slot.put(None);
                let _ = control.stop();
                for path in paths.iter().flat_map(|paths| [&paths.rows, &paths.events, &paths.meta]) {
                    let _ = std::fs::remove_file(path);
                }
                return Err(no_radio(&error, INSTEAD));
            }
        },
    };
    if let Some(paths) = &paths {
        tell(format_args!(
            "recording to {}",
            printable(&paths.rows.display().to_string())
        ));
    }
    Ok(Recording {
        control,
        source,
        only,
        slot: slot.clone(),
    })
}

fn live_options(args: &RecordArgs, only: Only) -> Options {
    Options {
        adapter: args.adapter.clone(),
        only,
        power: if args.power_on { Power::On } else { Power::Ask },
        ..Options::default()
    }
}

/// What a live capture cannot hold, so that its readers know.
pub(super) fn live_note() -> SourceNote {
    let capabilities = if cfg!(target_os = "macos") {
        live::Capabilities::CORE_BLUETOOTH
    } else {
        live::Capabilities::BLUEZ
    };
    SourceNote {
        kind: "live".to_owned(),
        description: capabilities.source.to_owned(),
        cannot_see: capabilities.notes.iter().map(|&note| note.to_owned()).collect(),
    }
}

/// What is known about a capture holds for what is recorded from it.
pub(super) fn played_meta(from: &Path, kind: Kind) -> Meta {
    let mut meta = origin::meta(from, kind);
    "playback".clone_into(&mut meta.source.kind);
    meta.source.description = printable(&from.file_name().unwrap_or_default().to_string_lossy()).into_owned();
    meta
}

fn playback(from: &Path, speed: Speed) -> Result<(player::Playback, Kind), Failure> {
    let (first, kind) = open_known(from, &OpenOptions::default()).map_err(|error| input_failure(&error))?;
    origin::warn(from);
    let mut first = Some(first);
    let from = from.to_owned();
    let opener: player::Opener = Box::new(move || match first.take() {
        Some(reader) => Ok(reader),
        None => open(&from, &OpenOptions::default()),
    });
    let options = player::Options {
        speed,
        longest_wait: None,
        ..player::Options::default()
    };
    Ok((player::spawn(opener, options), kind))
}

impl Recording {
    /// What comes next; `None` at the end. Cancelling loses no events.
    async fn next(&mut self) -> Option<Heard> {
        match &mut self.source {
            Source::Live { live, batches } => {
                let mut status = live.status();
                status.mark_unchanged();
                tokio::select! {
                    batch = batches.recv() => batch.map(Heard::Events),
                    Ok(()) = status.changed() => Some(Heard::Change(said(&status.borrow_and_update()))),
                }
            }
            Source::Playback(_, window) if window.is_over() => None,
            Source::Playback(playback, window) => {
                let only = self.only;
                tokio::select! {
                    biased;
                    feed = playback.feed.recv() => {
                        let Some(Feed::Events(mut batch)) = feed else { return None };
                        window.cut(&mut batch);
                        batch.retain(|event| kept(event, only));
                        self.slot.accept(&batch);
                        Some(Heard::Events(batch))
                    }
                    Ok(_) = playback.status.wait_for(|status| status.ended) => None,
                }
            }
        }
    }

    /// Whether what is played has come to the end of what is to be recorded, although no event has.
    fn has_passed(&mut self) -> bool {
        let Source::Playback(playback, window) = &mut self.source else {
            return false;
        };
        let now = playback.status.borrow().data_time(playback.origin.elapsed());
        now.is_some_and(|now| window.pass(now))
    }

    /// Ends the source, takes in what it still had, ends the recording.
    async fn finish(mut self, slot: &RecorderSlot) -> Result<Exit, Failure> {
        if let Source::Live { live, batches } = &mut self.source {
            live.stop();
            let drain = async { while batches.recv().await.is_some() {} };
            let _ = tokio::time::timeout(Duration::from_secs(5), drain).await;
        }
        let status = match &self.source {
            Source::Live { .. } => None,
            Source::Playback(playback, _) => Some(playback.status.borrow().clone()),
        };
        let path = self.control.paths().map(|paths| paths.rows.display().to_string());
        slot.put(None);
        let stored = self.control.stop().map_err(|error| {
            Failure::new(Exit::Environment, error.to_string()).hint("free space, then record under a new name")
        })?;
        let counts = stored.meta.counts;
        report(format_args!(
            "{}: {} advertisements, {} marks, {} gaps, {}",
            printable(&path.unwrap_or_default()),
            counts.adverts,
            counts.marks,
            counts.gaps,
            HumanBytes(stored.meta.bytes),
        ));
        let Some(status) = status else { return Ok(Exit::Done) };
        if status.damaged > 0 {
            tell(format_args!(
                "warning: {} damaged records of the played capture are not in the recording",
                status.damaged
            ));
        }
        match status.failure {
            None => Ok(Exit::Done),
            Some(failure) => Err(Failure::new(
                Exit::Input,
                format!("the played capture cannot be read to its end: {failure}"),
            )
            .hint("what came before is recorded")),
        }
    }
}

fn kept(event: &CaptureEvent, only: Only) -> bool {
    match event {
        CaptureEvent::Advert(advert) => only.keeps(&advert.data),
        CaptureEvent::Other(_) => true,
    }
}

/// Marks what a line says from `at` on, if there is such a time yet, and answers.
fn take_note(line: &Line, at: Option<UnixMicros>, slot: &RecorderSlot, bar: &mut Bar) {
    let (line, at) = match (line, at) {
        (Line::Text(line), _) if line.trim().is_empty() => return bar.pass(),
        (_, None) => return bar.answer("not marked: nothing was played yet"),
        (Line::TooLong, _) => {
            return bar.answer(&format!(
                "not marked: the line is longer than {} bytes",
                typed::MAX_LINE
            ));
        }
        (Line::Text(line), Some(at)) => (line, at),
    };
    match note::parse(line, at) {
        Ok(mark) => {
            bar.answer(&format!("marked from {at}: {}", note::describe(&mark)));
            slot.accept(&[CaptureEvent::other(at, StationId(0), EventKind::Mark(mark))]);
        }
        Err(what) => bar.answer(&format!("not marked: {what}; write {}", note::HELP)),
    }
}
