//! `vicino replay`: the screen over a capture, or its summary without a screen.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::convert::input_failure;
use super::json::JsonPrintable;
use super::{Exit, Failure, Look, help, origin};
#[cfg(feature = "tui")]
use crate::app::Tab;
use crate::format::open::{self, OpenOptions};
use crate::format::reason;
use crate::lab::calibration::Calibration;
use crate::lab::calibration::ProfileTable;
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};
use crate::runtime::{headless, session_options};
use crate::source::pacing::{Command, Speed};

/// Shows a capture as if it were heard now, at any speed.
///
/// With --headless there is no screen: the capture is read as fast as possible and what it amounts to is printed. The
/// result depends on the capture alone.
#[derive(Debug, Args)]
#[command(after_help = help::REPLAY)]
pub struct Replay {
    /// The capture, in any known format; `-` for standard input
    pub capture: PathBuf,
    /// Times as fast as it was recorded, 0.1 to 1000, or max
    #[arg(long, default_value = "1", value_name = "FACTOR")]
    pub speed: Speed,
    /// Whether it plays at once or waits for the space bar
    #[arg(long, value_enum, default_value_t = Start::Playing)]
    pub start: Start,
    /// Where to start: a time (2020-07-30T09:54:00Z) or a span after the first event (90s, 5m)
    #[arg(long, value_name = "TIME", value_parser = parse_at)]
    pub at: Option<Command>,
    /// Starts over at the end
    #[arg(long = "loop")]
    pub looped: bool,
    /// Silences (no advertisement) are shortened to this many seconds; `off` keeps them as they are
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = parse_silence)]
    pub skip_silence: Silence,
    /// Added to every time of the file, in seconds (-7200 for logs written in CEST)
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, default_value = "0", value_parser = open::parse_clock_offset)]
    pub clock_offset: Micros,
    /// Name of the receiver; by default the file's
    #[arg(long, value_name = "NAME")]
    pub station: Option<String>,
    /// Model of the receiver, which tells its RSSI correction
    #[arg(long, value_name = "MODEL", default_value = "", hide_default_value = true)]
    pub model: String,
    /// Calibration list: an edition (2020-12-14), a file (Google's CSV, or TOML), or the name of one of your own; without
    /// it, the one that the capture names, or the one that was in force at its time
    #[arg(long, value_name = "EDITION|FILE", value_parser = super::calibration::edition)]
    pub edition: Option<Arc<ProfileTable>>,
    /// Lab keys: phones that use one are named, and their metadata read. By default NAME.keys.csv beside NAME.csv;
    /// with --headless only those that are given
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Draws the screen as it is at --at (or at the end) into an SVG file and ends; `-` for standard output
    #[cfg(feature = "tui")]
    #[arg(long, value_name = "SVG", conflicts_with_all = ["headless", "speed", "start", "looped", "skip_silence"])]
    pub snapshot: Option<PathBuf>,
    /// With --snapshot: which tab is drawn
    #[cfg(feature = "tui")]
    #[arg(long, value_name = "TAB", requires = "snapshot", default_value = "live", value_parser = parse_tab)]
    pub screen: Tab,
    /// With --snapshot: columns and rows
    #[cfg(feature = "tui")]
    #[arg(long, value_name = "COLUMNSxROWS", requires = "snapshot", default_value = "110x32", value_parser = parse_size)]
    pub size: (u16, u16),
    /// With --snapshot: keys pressed before it is drawn, as they are typed
    #[cfg(feature = "tui")]
    #[arg(
        long,
        value_name = "KEYS",
        requires = "snapshot",
        default_value = "",
        hide_default_value = true
    )]
    pub press: String,
    /// Without a screen: prints what the capture amounts to; takes nothing that is about playing
    #[arg(long, conflicts_with_all = ["speed", "start", "at", "looped", "skip_silence"])]
    pub headless: bool,
    /// With --headless: the whole session as JSON
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// With --headless: milliseconds between ticks; changes no result
    #[arg(long, hide = true, requires = "headless", value_parser = clap::value_parser!(i64).range(1..))]
    pub tick_ms: Option<i64>,
    /// With --headless: events delivered at a time; changes no result
    #[arg(long, hide = true, requires = "headless")]
    pub batch: Option<usize>,
}

/// Whether a playback begins by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Start {
    /// It does.
    Playing,
    /// It waits for the space bar.
    Paused,
}

/// How long a silence may last; `None` for as long as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence(pub Option<Duration>);

fn parse_silence(text: &str) -> Result<Silence, String> {
    if text == "off" {
        return Ok(Silence(None));
    }
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds, nor `off`".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .map(|limit| Silence(Some(limit)))
        .map_err(|_| "not a span of time".to_owned())
}

fn parse_at(text: &str) -> Result<Command, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Command::SeekTo(UnixMicros(timestamp.as_microsecond())));
    }
    let span: jiff::SignedDuration = text
        .trim_start_matches('+')
        .parse()
        .map_err(|_| "neither a time like 2020-07-30T09:54:00Z nor a span like 90s or 5m".to_owned())?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| "too long".to_owned())?;
    Ok(Command::SeekToOffset(Micros(micros)))
}

#[cfg(feature = "tui")]
fn parse_tab(text: &str) -> Result<Tab, String> {
    let names = || Tab::ALL.map(|tab| tab.title().to_lowercase());
    let found = Tab::ALL.into_iter().find(|tab| tab.title().eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("no such tab; there are {}", names().join(", ")))
}

#[cfg(feature = "tui")]
fn parse_size(text: &str) -> Result<(u16, u16), String> {
    const MOST: u16 = 500;
    let part = |text: &str| text.parse().ok().filter(|part| (1..=MOST).contains(part));
    text.split_once('x')
        .and_then(|(columns, rows)| Some((part(columns)?, part(rows)?)))
        .ok_or_else(|| format!("not columns and rows like 110x32 (at most {MOST} each)"))
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] when the capture cannot be read, or there is no terminal for the screen.
pub(super) fn run(args: &Replay, look: &Look) -> Result<Exit, Failure> {
    if args.headless {
        return headless(args);
    }
    #[cfg(feature = "tui")]
    {
        match &args.snapshot {
            Some(out) => super::screen::snapshot(args, out, look),
            None => super::screen::replay(args, look, None),
        }
    }
    #[cfg(not(feature = "tui"))]
    {
        let _ = look;
        let message = "this build has no screen";
        Err(Failure::new(Exit::Usage, message).hint("use --headless, or build with the feature `tui`"))
    }
}

impl Replay {
    /// How the capture of the command line is to be read.
    pub(super) fn open_options(&self) -> OpenOptions {
        OpenOptions {
            name: self.station.clone(),
            model: self.model.clone(),
            clock_offset: self.clock_offset,
            ..OpenOptions::default()
        }
    }

    pub(super) fn calibration(&self) -> Calibration {
        self.edition.clone().map(Calibration::fixed).unwrap_or_default()
    }
}

fn headless(args: &Replay) -> Result<Exit, Failure> {
    let mut reader = open::open(&args.capture, &args.open_options()).map_err(|error| input_failure(&error))?;
    origin::warn(&args.capture);
    let defaults = headless::Options::default();
    let options = headless::Options {
        tick: args.tick_ms.map_or(defaults.tick, Micros::from_millis),
        batch: args.batch.or(defaults.batch),
    };
    let bar = progress_bar(&args.capture);
    let mut session = Session::new(session_options()).with_calibration(args.calibration());
    // Only those that were asked for: a report depends on nothing that happens to lie about.
    if let Some(file) = &args.keys {
        session = session.with_keys(super::lab_keys::read(file)?);
    }
    let outcome = headless::replay(&mut *reader, &mut session, options, |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    origin::warn_of_damage(reader.damage());
    if outcome.is_ok() && session.totals().adverts == 0 {
        let name = args.capture.display().to_string();
        super::tell(format_args!("{}: nothing was heard", super::printable(&name)));
    }
    match print(&session, args.json) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::new(
                Exit::Environment,
                format!("cannot write the output: {}", reason(&error)),
            ));
        }
        _ => {}
    }
    outcome
        .map(|()| Exit::Done)
        .map_err(|error| input_failure(&open::in_file(&args.capture, error)))
}

/// What the session amounts to; as JSON it is written as it is made, however long it is.
fn print(session: &Session, as_json: bool) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if as_json {
        serde_json::to_writer_pretty(JsonPrintable(&mut out), &session.report())?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", summary(session))?;
    }
    out.flush()
}

/// Shown when a person watches.
fn progress_bar(path: &Path) -> ProgressBar {
    let length = path.metadata().map_or(0, |metadata| metadata.len());
    if !io::stderr().is_terminal() || length == 0 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} / {total_bytes}  {binary_bytes_per_sec}  {eta}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A few lines for people.
fn summary(session: &Session) -> String {
    let totals = session.totals();
    let found = session.unsynchronised();
    let mut lines = vec![format!(
        "{} advertisements, {} scan responses, {} stations",
        totals.adverts,
        totals.scan_responses,
        session.stations().len().max(1)
    )];
    if let Some((first, last)) = session.span() {
        lines.push(format!("from {first} to {last}"));
    }
    let resolved = found.of_these_with_a_resolved_identity;
    lines.push(format!(
        "{} identifiers: {} under more than one address; {} addresses with more than one identifier",
        found.rpis,
        found.rpis_with_several_addresses - resolved,
        found.addresses_with_several_rpis
    ));
    if resolved + found.resolved_identities_with_several_rpis > 0 {
        lines.push(format!(
            "addresses that the controller resolved, from which nothing follows: {} with more than one identifier; {resolved} \
             identifiers under such a one and others",
            found.resolved_identities_with_several_rpis
        ));
    }
    lines.push(format!(
        "{} gaps, {} lost, {} with a wrong check sum, {} times back in time",
        session.gaps().len(),
        totals.dropped,
        totals.bad_crc,
        totals.times_going_back
    ));
    if totals.evicted > 0 {
        lines.push(format!(
            "{} devices were retired early, as there were too many at a time; their sums are kept",
            totals.evicted
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_time_or_a_span() {
        assert_eq!(
            parse_at("2020-07-30T09:54:00Z"),
            Ok(Command::SeekTo(UnixMicros(1_596_102_840_000_000)))
        );
        assert_eq!(parse_at("90s"), Ok(Command::SeekToOffset(Micros::from_secs(90))));
        assert_eq!(parse_at("+5m"), Ok(Command::SeekToOffset(Micros::from_secs(300))));
        assert!(parse_at("noon").is_err());
    }

    #[test]
    fn a_silence_is_seconds_or_off() {
        assert_eq!(parse_silence("off"), Ok(Silence(None)));
        assert_eq!(parse_silence("0.5"), Ok(Silence(Some(Duration::from_millis(500)))));
        assert!(parse_silence("-1").is_err() && parse_silence("nan").is_err() && parse_silence("long").is_err());
    }
}
