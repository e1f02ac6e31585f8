//! The screen: what `vicino` alone and `vicino replay` open.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::Path;

use clap::ValueEnum;
use tokio::runtime::Builder;

use super::convert::input_failure;
use super::replay::{Replay, Start};
use super::{ColorWhen, Exit, Failure, Look, origin};
use crate::app::model::SourceInfo;
use crate::app::{Key, Tab};
use crate::format::native::Reader;
use crate::format::open::{in_file, open};
use crate::format::{EventReader, FormatError, reason};
use crate::lab::event::AdapterState;
use crate::runtime::screen::{self, Source};
use crate::runtime::session_options;
use crate::runtime::snapshot;
use crate::source::live;
use crate::source::pacing::{Pacer, Status};
use crate::source::replay::{self as player, Opener};
use crate::source::{Outlet, ble_error::BleError};
use crate::view::{self, Theme};

/// Frames per second; a redraw follows need and never comes more often.
const MOST_FRAMES: u16 = 15;

/// The colours of the screen by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ThemeName {
    /// For dark terminals.
    Dark,
    /// For light terminals.
    Light,
    /// The brightest colours on black.
    Contrast,
}

impl ThemeName {
    const fn theme(self) -> Theme {
        match self {
            Self::Dark => Theme::dark(),
            Self::Light => Theme::light(),
            Self::Contrast => Theme::contrast(),
        }
    }
}

/// `vicino` alone: the first adapter, or else the bundled capture.
///
/// # Errors
/// [`Failure`] when there is no terminal, or it is lost.
pub(super) fn first_adapter(look: Look) -> Result<Exit, Failure> {
    on_terminal(look, "use `vicino scan`", async |options| {
        let info = SourceInfo {
            name: "looking for a Bluetooth adapter".to_owned(),
            ..SourceInfo::default()
        };
        screen::run(Source::Pending(Box::pin(first_source())), info, options).await
    })
}

/// `vicino replay` with a screen.
///
/// # Errors
/// [`Failure`] when the capture cannot be opened, or there is no terminal, or it is lost.
pub(super) fn replay(args: &Replay, look: Look) -> Result<Exit, Failure> {
    let name = args.capture.file_name().unwrap_or(args.capture.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let opener = opener(args).map_err(|error| input_failure(&error))?;
    origin::warn(&args.capture);
    let options = player::Options {
        speed: args.speed,
        paused: args.start == Start::Paused,
        looped: args.looped,
        longest_wait: args.skip_silence.0,
        start: args.at,
    };
    on_terminal(look, "use --headless", async |screen_options| {
        let info = replay_info(name, &options);
        let playback = player::spawn(opener, options);
        screen::run(Source::Replay(playback), info, screen_options).await
    })
}

/// `vicino replay --snapshot`: one frame, into a file.
///
/// # Errors
/// [`Failure`] when the capture cannot be read, or the file cannot be written.
pub(super) fn snapshot(args: &Replay, out: &Path, look: Look) -> Result<Exit, Failure> {
    let failed = |error: FormatError| input_failure(&in_file(&args.capture, error));
    let mut reader = open(&args.capture, &args.open_options()).map_err(|error| input_failure(&error))?;
    origin::warn(&args.capture);
    let name = args.capture.file_name().unwrap_or(args.capture.as_os_str());
    let shown = [Key::char(char::from_digit(tab_number(args.screen), 10).unwrap_or('1'))];
    let options = snapshot::Options {
        name: name.to_string_lossy().into_owned(),
        size: args.size,
        at: args.at,
        keys: shown.into_iter().chain(args.keys.chars().map(Key::char)).collect(),
        // A picture has colours wherever it is made, unless none are wanted.
        theme: if look.color == ColorWhen::Never {
            Theme::plain()
        } else {
            look.theme.theme()
        },
    };
    let buf = snapshot::draw(&mut *reader, &options).map_err(failed)?;
    let picture = view::svg(&buf);
    let written = if out == Path::new("-") {
        io::Write::write_all(&mut io::stdout().lock(), picture.as_bytes())
    } else {
        std::fs::write(out, picture)
    };
    written.map(|()| Exit::Done).map_err(|error| {
        let text = format!("cannot write {}: {}", out.display(), reason(&error));
        Failure::new(Exit::Environment, text)
    })
}

fn tab_number(tab: Tab) -> u32 {
    (1..)
        .zip(Tab::ALL)
        .find(|(_, other)| *other == tab)
        .map_or(1, |(number, _)| number)
}

/// Opens the capture once now, so that a wrong file is told before the screen opens, and again whenever the playback
/// starts over. Standard input cannot be read again.
fn opener(args: &Replay) -> Result<Opener, FormatError> {
    let (path, options) = (args.capture.clone(), args.open_options());
    let is_stdin = path == Path::new("-");
    let mut first = Some(open(&path, &options)?);
    Ok(Box::new(move || match first.take() {
        Some(reader) => Ok(reader),
        None if is_stdin => {
            let text = "standard input cannot be read again: playing back from the start needs a file";
            Err(FormatError::Unrecognised(text.to_owned()))
        }
        None => open(&path, &options),
    }))
}

/// The first adapter, or else the bundled capture and why.
async fn first_source() -> (Source, SourceInfo) {
    let (outlet, recorder, batches) = Outlet::new();
    match live::start(live::Options::default(), outlet).await {
        Ok(live) => {
            let info = SourceInfo {
                name: live.station.name.clone(),
                how: live.capabilities.source.to_owned(),
                ..SourceInfo::default()
            };
            let source = Source::Live {
                status: live.status(),
                live,
                batches,
                recorder,
            };
            (source, info)
        }
        Err(error) => bundled(&error),
    }
}

fn bundled(error: &BleError) -> (Source, SourceInfo) {
    let options = player::Options {
        looped: true,
        ..player::Options::default()
    };
    let mut info = replay_info("demo".to_owned(), &options);
    let what = match error.state() {
        AdapterState::Scanning | AdapterState::Gone => "no Bluetooth adapter",
        AdapterState::Off => "Bluetooth is off",
        AdapterState::Blocked => "Bluetooth is blocked",
        AdapterState::ServiceDown => "no Bluetooth service",
        AdapterState::NotPermitted => "Bluetooth not permitted",
    };
    info.reason = Some(format!("{what}: bundled capture"));
    (Source::Replay(player::spawn(Box::new(demo), options)), info)
}

/// The bundled capture.
fn demo() -> Result<Box<dyn EventReader>, FormatError> {
    let rows = include_bytes!("../../captures/demo.csv.zst");
    let events = include_bytes!("../../captures/demo.events.csv");
    let meta = include_str!("../../captures/demo.toml");
    Ok(Box::new(Reader::from_bytes(rows, Some(events), Some(meta))?))
}

fn replay_info(name: String, options: &player::Options) -> SourceInfo {
    SourceInfo {
        name,
        playback: Some(Status::new(Pacer::new(options.speed, options.longest_wait))),
        ..SourceInfo::default()
    }
}

/// Runs the screen on a runtime of its own. A reader that waits for standard input does not hold up the end.
/// `instead` is what to do where there is none for it.
fn on_terminal(
    look: Look,
    instead: &str,
    run: impl AsyncFnOnce(screen::Options) -> io::Result<()>,
) -> Result<Exit, Failure> {
    let name = std::env::var_os("TERM").unwrap_or_default();
    if let Some(message) = unfit(io::stdout().is_terminal(), &name) {
        return Err(Failure::new(Exit::Usage, message).hint(instead));
    }
    let lost = |error: io::Error| Failure::new(Exit::Environment, format!("the terminal: {error}"));
    let options = screen::Options {
        theme: if look.color.is_on() {
            look.theme.theme()
        } else {
            Theme::plain()
        },
        most_frames: MOST_FRAMES,
        session: session_options(),
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(lost)?;
    let outcome = runtime.block_on(run(options));
    runtime.shutdown_background();
    outcome.map(|()| Exit::Done).map_err(lost)
}

/// Why there can be no screen, if so; `name` is what the environment calls the terminal.
pub(super) fn unfit(is_terminal: bool, name: &OsStr) -> Option<&'static str> {
    match name.to_str() {
        _ if !is_terminal => Some("standard output is not a terminal"),
        Some("") => Some("the screen needs to know the terminal, but TERM is not set"),
        Some("dumb") => Some("this terminal (TERM=dumb) cannot show the screen"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_needs_a_terminal_that_is_no_dumb_one() {
        let reason = |is_terminal, name: &str| unfit(is_terminal, name.as_ref()).unwrap_or_default();
        assert!(reason(false, "xterm").contains("not a terminal"));
        assert!(reason(true, "dumb").contains("TERM=dumb"));
        assert!(reason(true, "").contains("TERM is not set"));
        assert_eq!(reason(true, "tmux-256color"), "");
    }

    #[test]
    fn the_bundled_capture_is_whole() {
        let mut reader = demo().unwrap();
        let mut events = Vec::new();
        while reader.read(&mut events).unwrap() {}
        assert_eq!(reader.damage().count, 0, "{:?}", reader.damage());
        assert!(events.len() > 1_000, "{}", events.len());
    }
}
