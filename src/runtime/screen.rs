//! The loop of the screen: the only place that waits. Everything that happens becomes a message; what the model asks
//! for is done here; a frame is drawn when something changed, and not more often than the eye needs.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::model::{Model, SourceInfo};
use crate::app::{Effect, Msg, update};
use crate::clock;
use crate::lab::session::Options as SessionOptions;
use crate::source::live::{self, Live};
use crate::source::pacing::{Command, Status};
use crate::source::replay::{Feed, Playback};
use crate::source::{Batch, RecorderSlot};
use crate::terminal::{Screen, key_of, mouse_of};
use crate::view::{self, Theme};

/// How often time passes for the model.
const TICK: Duration = Duration::from_millis(200);
/// A key is answered within this time, whatever the frame rate.
const ANSWER: Duration = Duration::from_millis(33);
/// How long a radio may take to stop.
const FAREWELL: Duration = Duration::from_secs(2);
/// Batches taken in one go before a frame gets its turn.
const MOST_BATCHES: usize = 64;

/// Where the screen's events come from.
pub enum Source {
    /// Live radio; the recorder stands before the screen.
    Live {
        /// The radio.
        live: Live,
        /// Its events.
        batches: mpsc::Receiver<Batch>,
        /// How the radio is doing.
        status: watch::Receiver<live::Status>,
        /// Where a recorder may stand.
        recorder: RecorderSlot,
    },
    /// A capture that is played back.
    Replay(Playback),
    /// None yet: it is being looked for, and the screen is there meanwhile.
    Pending(Pin<Box<dyn Future<Output = (Source, SourceInfo)> + Send>>),
}

/// How the screen is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Its colours.
    pub theme: Theme,
    /// Most frames per second.
    pub most_frames: u16,
    /// What the session is built with.
    pub session: SessionOptions,
}

/// Runs the screen until the person leaves, the terminal goes, or a signal ends the program.
///
/// # Errors
/// The terminal cannot be taken over, or it is gone.
pub async fn run(mut source: Source, info: SourceInfo, options: Options) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut screen = Screen::enter()?;
    let mut input = EventStream::new();
    let mut model = Model::new(info, options.session, screen.size()?);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let frame = Duration::from_secs(1) / u32::from(options.most_frames.clamp(1, 30));
    let mut last_frame = Instant::now();
    let mut due = last_frame;
    loop {
        if model.is_dirty() && Instant::now() >= due {
            update(&mut model, Msg::Frame);
            last_frame = Instant::now();
            screen.draw(|frame| view::draw(&model, &options.theme, frame))?;
            due = last_frame + frame;
        }
        // Every arm only waits for one thing; dropping the others loses nothing.
        let is_moving = source.is_moving();
        let effects = tokio::select! {
            Some(news) = source.next() => source.take(&mut model, news),
            event = input.next() => {
                due = due.min(last_frame + ANSWER);
                match event {
                    Some(Ok(event)) => terminal_event(&mut model, event),
                    // The terminal is gone.
                    Some(Err(_)) | None => vec![Effect::Quit],
                }
            }
            _ = tick.tick(), if is_moving => source.tick(&mut model),
            () = tokio::time::sleep_until(due), if model.is_dirty() => Vec::new(),
            () = signals.any() => vec![Effect::Quit],
        };
        for effect in effects {
            match effect {
                Effect::Quit => {
                    drop(screen);
                    source.end().await;
                    return Ok(());
                }
                Effect::Playback(command) => source.tell(command),
            }
        }
    }
}

fn terminal_event(model: &mut Model, event: TerminalEvent) -> Vec<Effect> {
    match event {
        TerminalEvent::Key(event) => key_of(event).map_or_else(Vec::new, |key| update(model, Msg::Key(key))),
        TerminalEvent::Paste(text) => update(model, Msg::Paste(text)),
        TerminalEvent::Resize(width, height) => update(model, Msg::Resize(width, height)),
        TerminalEvent::Mouse(event) => mouse_of(event).map_or_else(Vec::new, |mouse| update(model, Msg::Mouse(mouse))),
        TerminalEvent::FocusGained | TerminalEvent::FocusLost => Vec::new(),
    }
}

/// What a source has to say.
enum News {
    Found(Box<(Source, SourceInfo)>),
    Radio,
    Events(Batch),
    Reset,
    Status,
}

impl From<Feed> for News {
    fn from(feed: Feed) -> Self {
        match feed {
            Feed::Events(batch) => Self::Events(batch),
            Feed::Reset => Self::Reset,
        }
    }
}

impl Source {
    /// The next thing the source has to say; never resolves when it has fallen silent for good.
    async fn next(&mut self) -> Option<News> {
        match self {
            Self::Live { batches, status, .. } => tokio::select! {
                Some(batch) = batches.recv() => Some(News::Events(batch)),
                Ok(()) = status.changed() => Some(News::Radio),
                else => None,
            },
            Self::Pending(found) => Some(News::Found(Box::new(found.await))),
            Self::Replay(playback) => tokio::select! {
                Some(feed) = playback.feed.recv() => Some(feed.into()),
                Ok(()) = playback.status.changed() => Some(News::Status),
                else => None,
            },
        }
    }

    /// Takes what there is, and what else is queued.
    fn take(&mut self, model: &mut Model, news: News) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut next = Some(news);
        for _ in 0..MOST_BATCHES {
            let msg = match next {
                Some(News::Events(batch)) => Msg::Events(batch),
                Some(News::Reset) => Msg::Reset,
                Some(News::Found(found)) => {
                    let (source, info) = *found;
                    *self = source;
                    Msg::Source(Box::new(info))
                }
                Some(News::Radio) => {
                    self.radio(model);
                    break;
                }
                Some(News::Status) => {
                    self.status(model);
                    break;
                }
                None => break,
            };
            effects.extend(update(model, msg));
            next = match self {
                Self::Live { batches, .. } => batches.try_recv().ok().map(News::Events),
                Self::Replay(playback) => playback.feed.try_recv().ok().map(News::from),
                Self::Pending(_) => None,
            };
        }
        effects
    }

    fn radio(&mut self, model: &mut Model) {
        if let Self::Live { status, .. } = self {
            let trouble = status.borrow_and_update().error.clone();
            let text = trouble.map(|error| format!("{error} · {}", error.remedy()));
            update(model, Msg::Trouble(text));
        }
    }

    fn status(&mut self, model: &mut Model) {
        if let Self::Replay(playback) = self {
            let status: Status = borrow(&mut playback.status);
            let now = status.data_time(playback.origin.elapsed());
            update(model, Msg::Playback(Box::new(status), now));
        }
    }

    fn tick(&mut self, model: &mut Model) -> Vec<Effect> {
        let now = match self {
            Self::Live { recorder, .. } => {
                if let Some(failure) = recorder.take_failure() {
                    update(model, Msg::Notice(Some(format!("recording stopped: {failure}"))));
                }
                Some(clock::wall())
            }
            Self::Replay(playback) => {
                let status = playback.status.borrow();
                status.data_time(playback.origin.elapsed())
            }
            Self::Pending(_) => None,
        };
        update(model, Msg::Tick(now))
    }

    /// Whether time passes.
    fn is_moving(&self) -> bool {
        match self {
            Self::Live { .. } => true,
            Self::Pending(_) => false,
            Self::Replay(playback) => !playback.status.borrow().is_still(),
        }
    }

    /// A playback that is busy with 16 commands can do without one more.
    fn tell(&self, command: Command) {
        if let Self::Replay(playback) = self {
            let _ = playback.commands.try_send(command);
        }
    }
}

impl Source {
    /// Lets a radio stop its scan in order, but does not wait for one that hangs.
    async fn end(self) {
        if let Self::Live { live, mut batches, .. } = self {
            live.stop();
            let drained = async { while batches.recv().await.is_some() {} };
            // Too late is no failure: the operating system stops the scan of a program that is gone.
            let _ = tokio::time::timeout(FAREWELL, drained).await;
        }
    }
}

fn borrow(status: &mut watch::Receiver<Status>) -> Status {
    status.borrow_and_update().clone()
}

/// The signals that end the program.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
