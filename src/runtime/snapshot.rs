//! A single frame of the screen over a capture, without a terminal: the same model, view and path as the screen itself.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, Settings, SourceInfo};
use crate::app::{Effect, Key, Msg, update};
use crate::format::{EventReader, FormatError};
use crate::lab::event::CaptureEvent;
use crate::lab::session::Options as SessionOptions;
use crate::lab::ticks::Ticks;
use crate::lab::time::{Micros, UnixMicros};
use crate::library::{self, Outline};
use crate::source::pacing::{Command, Pacer, Speed, Status};
use crate::view::{self, Theme};

/// Time between ticks, as on the screen.
const TICK: Micros = Micros::from_millis(200);

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the capture on the screen.
    pub name: String,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Up to when the capture is played; `None`: to its end.
    pub at: Option<Command>,
    /// Keys pressed then.
    pub keys: Vec<Key>,
    /// Colours.
    pub theme: Theme,
    /// What the person chose.
    pub settings: Settings,
    /// What the capture amounts to, for its time line.
    pub outline: Option<Outline>,
}

/// Plays a capture up to a time and draws the screen as it is then.
///
/// # Errors
/// [`FormatError`] when the capture cannot be read that far.
pub fn draw(reader: &mut dyn EventReader, options: &Options) -> Result<Buffer, FormatError> {
    let mut player = Player::new(options);
    let mut events = Vec::new();
    while !player.is_over {
        let more = reader.read(&mut events)?;
        events.drain(..).for_each(|event| player.take(event));
        if !more {
            break;
        }
    }
    let mut model = player.end();
    if let Some(outline) = options.outline.clone() {
        update(&mut model, Msg::Timeline(Box::new(outline)));
    }
    tell(&mut model, Msg::Frame);
    for key in &options.keys {
        tell(&mut model, Msg::Key(*key));
        tell(&mut model, Msg::Frame);
    }
    let area = Rect::new(0, 0, options.size.0, options.size.1);
    let mut buf = Buffer::empty(area);
    view::draw_into(&model, &options.theme, area, &mut buf);
    Ok(buf)
}

/// Updates the model and does at once what it asks of the library; what plays, records or writes is not done.
fn tell(model: &mut Model, msg: Msg) {
    let mut messages = vec![msg];
    while let Some(msg) = messages.pop() {
        for effect in update(model, msg) {
            messages.push(match effect {
                Effect::Scan(folder) => {
                    let found = library::scan(&folder, model.session.now()).map_err(|error| error.to_string());
                    Msg::Listing(folder, Box::new(found))
                }
                Effect::Outline(path, modified) => {
                    let outcome = match library::open(&path) {
                        Ok((mut reader, _)) => Ok(Box::new(library::outline(&mut *reader, &AtomicBool::new(false)))),
                        Err(error) => Err(error.to_string()),
                    };
                    Msg::Outline(path, modified, outcome)
                }
                _ => continue,
            });
        }
    }
}

/// The screen of a model as SVG.
#[must_use]
pub fn picture(model: &Model, theme: &Theme) -> String {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buf = Buffer::empty(area);
    view::draw_into(model, theme, area, &mut buf);
    view::svg(&buf, theme)
}

/// Writes a picture, for its owner only: it may show identifiers. `replace` one that is there, or refuse.
///
/// # Errors
/// The system's refusal.
pub fn write(picture: &str, path: &Path, replace: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    let mut file = if replace {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    }
    .open(path)?;
    file.write_all(picture.as_bytes())
}

struct Player {
    model: Model,
    ticks: Ticks,
    /// Events since the latest tick.
    waiting: Vec<CaptureEvent>,
    at: Option<Command>,
    until: Option<UnixMicros>,
    is_over: bool,
}

impl Player {
    fn new(options: &Options) -> Self {
        let info = SourceInfo {
            name: options.name.clone(),
            playback: Some(Status::new(Pacer::new(Speed::NORMAL, None))),
            ..SourceInfo::default()
        };
        Self {
            model: Model::new(info, SessionOptions::default(), options.size).with(options.settings.clone()),
            ticks: Ticks::new(TICK),
            waiting: Vec::new(),
            at: options.at,
            until: None,
            is_over: false,
        }
    }

    fn take(&mut self, event: CaptureEvent) {
        let has_time = !matches!(&event, CaptureEvent::Other(other) if !other.kind.tells_time());
        if has_time {
            let at = event.at();
            let until = *self.until.get_or_insert_with(|| match self.at {
                Some(Command::SeekTo(time)) => time,
                Some(Command::SeekToOffset(span)) => at.plus(span),
                _ => UnixMicros(i64::MAX),
            });
            self.is_over |= at > until;
            if self.is_over {
                return;
            }
            for tick in self.ticks.pass(at) {
                update(&mut self.model, Msg::Events(std::mem::take(&mut self.waiting)));
                update(&mut self.model, Msg::Tick(Some(tick)));
            }
        }
        if !self.is_over {
            self.waiting.push(event);
        }
    }

    /// The model at the wanted time.
    fn end(mut self) -> Model {
        update(&mut self.model, Msg::Events(self.waiting));
        let latest = self.model.session.now();
        let now = self
            .until
            .filter(|until| until.0 < i64::MAX)
            .map_or(latest, |until| until.max(latest));
        if let Some(mut status) = self.model.source.playback.clone() {
            status.pacer.jump(now, Duration::ZERO);
            update(&mut self.model, Msg::Playback(Box::new(status), Some(now)));
        }
        update(&mut self.model, Msg::Tick(Some(now)));
        self.model
    }
}
