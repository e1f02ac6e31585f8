//! The screen: what `vicino` alone and `vicino replay` open.

mod profile;

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use tokio::runtime::Builder;

use super::convert::input_failure;
use super::exposure;
use super::keys::{Loading, load};
use super::record::{live_note, played_meta};
use super::replay::{Replay, Start};
use super::{ColorWhen, Exit, Failure, Look, config, lab_keys, origin};
use crate::app::calibrate::Planned;
use crate::app::look::{Letters, ThemeName};
use crate::app::model::{Settings, SourceInfo};
use crate::app::{Key, Tab};
use crate::format::native::{self, Meta, Reader};
use crate::format::open::{Kind, OpenOptions, in_file, open, open_known};
use crate::format::{EventReader, FormatError, reason};
use crate::keys::{Limits, Store};
use crate::lab::calibration::Calibration;
use crate::lab::event::AdapterState;
use crate::lab::exposure::rule::Config;
use crate::lab::keyring::Keyring;
use crate::lab::time::Micros;
use crate::library;
use crate::runtime::screen::{self, Opened, Origin, PublishedKeys, Reopen, Services, Source, Told};
use crate::runtime::session_options;
use crate::runtime::snapshot;
use crate::source::live;
use crate::source::pacing::{Command, Pacer, Status};
use crate::source::replay::{self as player, Opener};
use crate::source::{Outlet, RecorderSlot, ble_error::BleError};
use crate::view::{self, Palette};
use profile::profile;

/// Where the bundled capture begins to play: everyone was heard, and one phone is about to rotate wrongly.
const DEMO_START: Command = Command::SeekToOffset(Micros::from_secs(90));

/// A theme by its name.
pub(super) fn parse_theme(text: &str) -> Result<ThemeName, String> {
    let names = ThemeName::ALL.map(ThemeName::name).join(", ");
    ThemeName::named(text).ok_or_else(|| format!("no such theme; there are {names}"))
}

/// Letters by their name.
pub(super) fn parse_letters(text: &str) -> Result<Letters, String> {
    let names = Letters::ALL.map(Letters::name).join(", ");
    Letters::named(text).ok_or_else(|| format!("no such letters; there are {names}"))
}

/// `vicino` alone: the first adapter, or else the bundled capture.
///
/// # Errors
/// [`Failure`] when there is no terminal, or it is lost.
pub(super) fn first_adapter(look: &Look, plan: Option<Planned>) -> Result<Exit, Failure> {
    on_terminal(look, "use `vicino scan`", None, async |mut options| {
        begin_with(&mut options.settings, plan);
        let info = SourceInfo {
            name: "looking for a Bluetooth adapter".to_owned(),
            ..SourceInfo::default()
        };
        screen::run(Source::Pending(listen()), info, options).await
    })
}

/// `vicino replay` with a screen.
///
/// # Errors
/// [`Failure`] when the capture cannot be opened, or there is no terminal, or it is lost.
pub(super) fn replay(args: &Replay, look: &Look, plan: Option<Planned>) -> Result<Exit, Failure> {
    let options = player::Options {
        speed: args.speed,
        paused: args.start == Start::Paused,
        looped: args.looped,
        longest_wait: args.skip_silence.0,
        start: args.at,
    };
    let (opener, origin) = opener(&args.capture, args.open_options()).map_err(|error| input_failure(&error))?;
    origin::warn(&args.capture);
    let folder = args.capture.parent().filter(|_| args.capture.is_file());
    let keys = keys_for(args)?;
    let calibration = args.calibration();
    on_terminal(look, "use --headless", folder, async |mut screen_options| {
        screen_options.settings.calibration = calibration;
        begin_with(&mut screen_options.settings, plan);
        let (source, mut info) = played(&args.capture, opener, origin, options);
        match keys {
            // Those of the command line hold for other captures too.
            Some(keys) if args.keys.is_some() => screen_options.settings.keys = keys,
            keys => info.keys = keys,
        }
        screen::run(source, info, screen_options).await
    })
}

/// With a plan the tab of calibration is shown first.
fn begin_with(settings: &mut Settings, plan: Option<Planned>) {
    if plan.is_some() {
        settings.tab = Tab::Calibrate;
        settings.plan = plan;
    }
}

/// The lab keys of the command line, or those beside the capture.
fn keys_for(args: &Replay) -> Result<Option<Arc<Keyring>>, Failure> {
    match &args.keys {
        Some(file) => lab_keys::read(file).map(Some),
        None => lab_keys::beside(&args.capture),
    }
}

/// Opens a capture for the screen, to be played from its beginning.
fn open_to_play(path: &Path) -> Result<Opened, String> {
    if path.is_dir() {
        return Err(format!("{}: is a folder; `:folder` looks into it", path.display()));
    }
    let (opener, origin) = opener(path, OpenOptions::default()).map_err(|error| error.to_string())?;
    let keys = lab_keys::beside(path).map_err(|failure| failure.message)?;
    let (source, mut info) = played(path, opener, origin, player::Options::default());
    info.keys = keys;
    Ok((source, info))
}

fn played(path: &Path, opener: Opener, origin: Origin, options: player::Options) -> Opened {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let mut info = replay_info(name, &options);
    info.warnings = native::check(path, false);
    info.takes_marks = origin.marks_go_to.is_some();
    info.is_read_through = origin.reopen.is_some();
    let source = Source::Replay {
        playback: player::spawn(opener, options),
        origin: Box::new(origin),
        recorder: RecorderSlot::default(),
    };
    (source, info)
}

fn convert(from: &Path, to: &Path, is_private: bool) -> Result<String, String> {
    let one_line = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    match super::convert::quietly(from, to, is_private) {
        Ok(report) => Ok(one_line(&report)),
        Err(failure) => Err(one_line(&failure.message)),
    }
}

/// The keys of an export, or of a folder of them.
fn keys(path: &Path) -> Result<PublishedKeys, String> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let loading = Loading {
        limits: Limits::default(),
        threads,
        known: None,
        shows_progress: false,
    };
    let keys = load(&[path.to_owned()], &loading).map_err(|failure| failure.message)?;
    let told = keys.pool.keys.iter().map(|pooled| {
        let file = keys
            .paths
            .get(pooled.file)
            .and_then(|path| path.file_name())
            .unwrap_or_default();
        Told {
            label: format!("{} #{}", file.to_string_lossy(), pooled.number),
            report_type: pooled.key.report_type.map_or(0, |kind| kind as u8),
            days_since_onset: pooled.key.days_since_onset.map(i32::from),
        }
    });
    Ok(PublishedKeys {
        told: told.collect(),
        candidates: keys.candidates,
        unusable: keys.unusable.into_iter().map(|failure| failure.message).collect(),
    })
}

/// The rules of a file of a person's own.
fn rules(path: &Path) -> Result<Vec<Config>, String> {
    exposure::rules_of(path).map_err(|failure| failure.message)
}

/// `vicino replay --snapshot`: one frame, into a file.
///
/// # Errors
/// [`Failure`] when the capture cannot be read, or the file cannot be written.
pub(super) fn snapshot(args: &Replay, out: &Path, look: &Look) -> Result<Exit, Failure> {
    let failed = |error: FormatError| input_failure(&in_file(&args.capture, error));
    let mut reader = open(&args.capture, &args.open_options()).map_err(|error| input_failure(&error))?;
    // Standard input can be read only once.
    let outline = if args.capture == Path::new("-") {
        None
    } else {
        let again = open(&args.capture, &args.open_options()).map_err(|error| input_failure(&error))?;
        Some(library::timeline(&mut *{ again }, &AtomicBool::new(false)))
    };
    let chosen = chosen(look, args.capture.parent())?;
    let mut settings = chosen.settings;
    settings.calibration = args.calibration();
    if let Some(keys) = keys_for(args)? {
        settings.keys = keys;
    }
    // A picture goes to others: it shows the folder as it was named, not where it lies.
    if let Some(folder) = args.capture.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        folder.clone_into(&mut settings.folder);
    }
    origin::warn(&args.capture);
    let name = args.capture.file_name().unwrap_or(args.capture.as_os_str());
    let shown = [Key::char(char::from_digit(tab_number(args.screen), 10).unwrap_or('1'))];
    let options = snapshot::Options {
        name: name.to_string_lossy().into_owned(),
        size: args.size,
        at: args.at,
        keys: shown.into_iter().chain(args.press.chars().map(Key::char)).collect(),
        // A picture has colours wherever it is made, unless none are wanted.
        theme: chosen.palette.theme(if look.color == ColorWhen::Never {
            ThemeName::None
        } else {
            settings.look.theme
        }),
        settings,
        outline,
    };
    let buf = snapshot::draw(&mut *reader, &options).map_err(failed)?;
    let picture = view::svg(&buf, &options.theme);
    let written = if out == Path::new("-") {
        io::Write::write_all(&mut io::stdout().lock(), picture.as_bytes())
    } else {
        snapshot::write(&picture, out, true)
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
fn opener(path: &Path, options: OpenOptions) -> Result<(Opener, Origin), FormatError> {
    let path = path.to_owned();
    let is_stdin = path == Path::new("-");
    let (first, kind) = open_known(&path, &options)?;
    let mut first = Some(first);
    let is_native = matches!(kind, Kind::NativeCsv { .. }) && !is_stdin;
    let origin = Origin {
        marks_go_to: is_native.then(|| path.clone()),
        meta: if is_stdin {
            Meta::default()
        } else {
            played_meta(&path, kind)
        },
        reopen: (!is_stdin).then(|| {
            let (path, options) = (path.clone(), options.clone());
            Box::new(move || open(&path, &options)) as Reopen
        }),
    };
    let opener: Opener = Box::new(move || match first.take() {
        Some(reader) => Ok(reader),
        None if is_stdin => {
            let text = "standard input cannot be read again: playing back from the start needs a file";
            Err(FormatError::Unrecognised(text.to_owned()))
        }
        None => open(&path, &options),
    });
    Ok((opener, origin))
}

fn listen() -> Pin<Box<dyn Future<Output = Opened> + Send>> {
    Box::pin(first_source())
}

/// The first adapter, or else the bundled capture and why.
async fn first_source() -> Opened {
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
                meta: Box::new(Meta {
                    source: live_note(),
                    ..Meta::default()
                }),
            };
            (source, info)
        }
        Err(error) => bundled(&error),
    }
}

fn bundled(error: &BleError) -> Opened {
    let options = player::Options {
        looped: true,
        start: Some(DEMO_START),
        ..player::Options::default()
    };
    let mut info = replay_info("bundled capture".to_owned(), &options);
    let what = match error.state() {
        AdapterState::Scanning | AdapterState::Gone => "no Bluetooth adapter",
        AdapterState::Off => "Bluetooth is off",
        AdapterState::Blocked => "Bluetooth is blocked",
        AdapterState::ServiceDown => "no Bluetooth service",
        AdapterState::NotPermitted => "Bluetooth not permitted",
    };
    info.reason = Some(what.to_owned());
    info.keys = Keyring::parse(include_str!("../../captures/demo.keys.csv"))
        .ok()
        .map(Arc::new);
    info.is_read_through = true;
    let source = Source::Replay {
        playback: player::spawn(Box::new(demo), options),
        origin: Box::new(Origin {
            marks_go_to: None,
            meta: demo_meta(),
            reopen: Some(Box::new(demo)),
        }),
        recorder: RecorderSlot::default(),
    };
    (source, info)
}

/// The bundled capture.
fn demo() -> Result<Box<dyn EventReader>, FormatError> {
    let rows = include_bytes!("../../captures/demo.csv.zst");
    let events = include_bytes!("../../captures/demo.events.csv");
    let meta = include_str!("../../captures/demo.toml");
    Ok(Box::new(Reader::from_bytes(rows, Some(events), Some(meta))?))
}

/// What a recording of the bundled capture says about itself.
fn demo_meta() -> Meta {
    let text = include_str!("../../captures/demo.toml");
    let mut meta = Meta::parse(text).unwrap_or_default();
    "playback".clone_into(&mut meta.source.kind);
    "the bundled capture demo".clone_into(&mut meta.source.description);
    meta.complete = false;
    meta
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
    look: &Look,
    instead: &str,
    folder: Option<&Path>,
    run: impl AsyncFnOnce(screen::Options) -> Result<(), screen::Failure>,
) -> Result<Exit, Failure> {
    let name = std::env::var_os("TERM").unwrap_or_default();
    if let Some(message) = unfit(io::stdout().is_terminal(), &name) {
        return Err(Failure::new(Exit::Usage, message).hint(instead));
    }
    let failed = |error: screen::Failure| Failure::new(Exit::Environment, error.to_string());
    let chosen = chosen(look, folder)?;
    let options = screen::Options {
        palette: chosen.palette,
        settings: chosen.settings,
        most_frames: chosen.frames,
        session: session_options(),
        services: Services {
            open: open_to_play,
            listen,
            convert,
            keys,
            rules,
            profile,
        },
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| failed(error.into()))?;
    let outcome = runtime.block_on(run(options));
    runtime.shutdown_background();
    outcome.map(|()| Exit::Done).map_err(failed)
}

/// What the person chose. `folder` is where the captures are that are looked at first, whatever was chosen.
///
/// # Errors
/// [`Failure`] when the configuration cannot be used.
fn chosen(look: &Look, folder: Option<&Path>) -> Result<Chosen, Failure> {
    let config = config::load(look)?;
    let here = |folder: &Path| {
        if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder.to_owned()
        }
    };
    let folder = folder.map(here).or(config.folder.value).unwrap_or_else(|| ".".into());
    let mut palette = Palette::default();
    for (name, value) in &config.colours {
        // They were looked at when the file was read.
        let set = palette.set(name, value);
        debug_assert!(set.is_ok(), "{name} {value}");
    }
    // Without a word about it, those that `keys new` made.
    let made = || Store::default_path().filter(|path| path.is_file());
    let keys = config.lab_keys.value.or_else(made);
    let keys = keys.as_deref().map(lab_keys::read).transpose()?;
    Ok(Chosen {
        settings: Settings {
            keymap: config.keymap,
            look: crate::app::look::Look {
                theme: config.theme.value,
                letters: config.letters.value,
            },
            columns: config.columns.value,
            sort: config.sort.value,
            privacy: config.privacy.value,
            folder: std::path::absolute(&folder).unwrap_or(folder),
            keys: keys.unwrap_or_default(),
            calibration: Calibration::default(),
            home: std::env::var_os("HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from),
            tab: Tab::default(),
            plan: None,
        },
        palette,
        frames: config.frames.value,
    })
}

/// What the person chose, as the screen needs it.
struct Chosen {
    settings: Settings,
    palette: Palette,
    frames: u16,
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
        let keys = Keyring::parse(include_str!("../../captures/demo.keys.csv")).unwrap();
        assert!(keys.len() > 1, "{}", keys.len());
    }
}
