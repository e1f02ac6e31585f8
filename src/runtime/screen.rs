//! The loop of the screen: the only place that waits. Everything that happens becomes a message; what the model asks
//! for is done here; a frame is drawn when something changed, and not more often than the eye needs.

mod effects;
mod meter;
mod published;
mod recording;
mod source;

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures::StreamExt;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::model::{Model, Settings, SourceInfo};
use crate::app::{Effect, Msg, update};
use crate::lab::exposure::rule::Config;
use crate::lab::session::Options as SessionOptions;
use crate::terminal::{Screen, key_of, mouse_of};
use crate::view::{self, Palette};

use effects::Runner;
use meter::Meter;
pub use published::{PublishedKeys, Told};
pub use source::{Origin, Reopen, Source};

/// How often time passes for the model.
const TICK: Duration = Duration::from_millis(200);
/// A key is answered within this time, whatever the frame rate.
const ANSWER: Duration = Duration::from_millis(33);

/// A source with what the screen needs to know of it.
pub type Opened = (Source, SourceInfo);

/// What is done elsewhere for the screen. Each may take its time: it is called beside the loop.
#[derive(Clone, Copy)]
pub struct Services {
    /// Opens a capture.
    pub open: fn(&Path) -> Result<Opened, String>,
    /// Looks for an adapter.
    pub listen: fn() -> Pin<Box<dyn Future<Output = Opened> + Send>>,
    /// Writes a capture in another format, pseudonymised or not; gives what there is to say about it.
    pub convert: fn(&Path, &Path, bool) -> Result<String, String>,
    /// Reads published keys: of an export, or of a folder of them.
    pub keys: fn(&Path) -> Result<PublishedKeys, String>,
    /// Reads rules of a person's own.
    pub rules: fn(&Path) -> Result<Vec<Config>, String>,
    /// Writes a profile of that name; gives what is to be said of it.
    pub profile: fn(&str, &str) -> Result<String, String>,
}

/// How the screen is run.
#[derive(Clone)]
pub struct Options {
    /// Its colours.
    pub palette: Palette,
    /// What the person chose.
    pub settings: Settings,
    /// Most frames per second.
    pub most_frames: u16,
    /// What the session is built with.
    pub session: SessionOptions,
    /// What is done elsewhere.
    pub services: Services,
}

/// Why the screen ended badly.
#[derive(Debug, Error)]
pub enum Failure {
    /// The terminal cannot be taken over, or it is gone.
    #[error("the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// What was recorded could not be ended well.
    #[error("the recording: {0}")]
    Recording(String),
}

/// Runs the screen until the person leaves, the terminal goes, or a signal ends the program.
///
/// # Errors
/// See [`Failure`].
pub async fn run(source: Source, info: SourceInfo, options: Options) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    // Before the screen, so that it is dropped after it.
    let mut meter = Meter::from_environment();
    let mut screen = Screen::enter()?;
    let mut input = EventStream::new();
    let mut model = Model::new(info, options.session, screen.size()?).with(options.settings);
    let (results, mut done) = mpsc::unbounded_channel();
    let mut runner = Runner::new(source, options.services, results);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let most_frames = meter.most_frames().unwrap_or(options.most_frames);
    let frame = Duration::from_secs(1) / u32::from(most_frames.clamp(1, 30));
    let mut last_frame = Instant::now();
    let mut due = last_frame;
    loop {
        let mut effects = Vec::new();
        if model.is_dirty() && Instant::now() >= due {
            meter.begin();
            effects = update(&mut model, Msg::Frame);
            last_frame = Instant::now();
            let theme = options.palette.theme(model.look.theme);
            screen.draw(|frame| {
                view::draw(&model, &theme, frame);
                meter.built();
            })?;
            meter.drawn();
            due = last_frame + frame;
        }
        if effects.is_empty() {
            // Every arm only waits for one thing; dropping the others loses nothing.
            let is_moving = runner.is_moving();
            effects = tokio::select! {
                Some(news) = runner.source.next() => runner.take(&mut model, news),
                Some(result) = done.recv() => runner.finished(&mut model, result),
                event = input.next() => {
                    due = due.min(last_frame + ANSWER);
                    if matches!(event, Some(Ok(TerminalEvent::Key(_)))) {
                        meter.key();
                    }
                    match event {
                        Some(Ok(event)) => terminal_event(&mut model, event),
                        // The terminal is gone.
                        Some(Err(_)) | None => vec![Effect::Quit],
                    }
                }
                _ = tick.tick(), if is_moving => runner.tick(&mut model),
                () = tokio::time::sleep_until(due), if model.is_dirty() => Vec::new(),
                () = signals.any() => vec![Effect::Quit],
            };
        }
        for effect in effects {
            match effect {
                Effect::Quit => {
                    drop(screen);
                    return runner.end().await.map_err(Failure::Recording);
                }
                Effect::Copy(text) => screen.copy(&text)?,
                Effect::Snapshot(path) => {
                    let theme = options.palette.theme(model.look.theme);
                    let picture = super::snapshot::picture(&model, &theme);
                    runner.save(picture, path);
                }
                other => runner.start(&mut model, other),
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
