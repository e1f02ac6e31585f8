//! The command line: one file per verb. Data goes to standard output, everything else to standard error.

mod audit;
mod calibrate;
mod calibration;
mod captures;
mod completions;
mod config;
mod convert;
mod distance;
mod doctor;
mod exposure;
mod help;
mod inspect;
mod json;
mod keys;
mod lab_keys;
mod man;
mod mark;
mod matching;
mod measured;
mod origin;
mod progress;
mod record;
mod replay;
#[cfg(feature = "plots")]
mod reports;
mod scan;
#[cfg(feature = "tui")]
mod screen;
mod signals;
mod simulate;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::format::reason;
use crate::lab::text::printable;

/// How a run ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The check that was asked for failed.
    CheckFailed = 1,
    /// Wrong use.
    Usage = 2,
    /// Input that cannot be read or understood.
    Input = 3,
    /// The environment: no adapter, no permission, disk full.
    Environment = 4,
}

/// Why a verb failed, for the person: what happened, where, and what to do next.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened and where: lower case, no full stop.
    pub message: String,
    /// What to do next: nothing, or one way a line.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with its exit code.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Adds a way to go on.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of files and values from them stand in messages; the lines of a message are its own.
        f.write_str("error: ")?;
        for (idx, line) in self.message.lines().enumerate() {
            write!(f, "{}{}", if idx > 0 { "\n" } else { "" }, printable(line))?;
        }
        self.hints
            .iter()
            .try_for_each(|hint| write!(f, "\n  hint: {}", printable(hint)))
    }
}

#[derive(Debug, Parser)]
#[command(version, about, long_about = None, disable_help_subcommand = true, after_help = help::VICINO)]
struct Cli {
    #[command(flatten)]
    look: Look,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// How what is shown looks.
#[derive(Clone, Debug, clap::Args)]
struct Look {
    /// Colours: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_possible_values = true
    )]
    #[arg(help_heading = "Everywhere", hide_default_value = true)]
    color: ColorWhen,
    /// Colours of the screen: dark, light, contrast (the brightest on black), none
    #[cfg(feature = "tui")]
    #[arg(long, value_name = "THEME", global = true, value_parser = screen::parse_theme)]
    #[arg(help_heading = "Everywhere")]
    theme: Option<crate::app::look::ThemeName>,
    /// Letters of the screen: unicode, or ascii where terminal or font have no others
    #[cfg(feature = "tui")]
    #[arg(long, value_name = "LETTERS", global = true, value_parser = screen::parse_letters)]
    #[arg(help_heading = "Everywhere")]
    letters: Option<crate::app::look::Letters>,
    /// The configuration to read in place of the usual one
    #[arg(long = "config-file", value_name = "FILE", global = true)]
    #[arg(help_heading = "Everywhere")]
    config: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Live radio without a screen: a line per advertisement, or a summary
    Scan(scan::ScanArgs),
    Record(record::RecordArgs),
    Mark(mark::MarkArgs),
    Replay(replay::Replay),
    Captures(captures::CapturesArgs),
    Inspect(inspect::InspectArgs),
    Convert(convert::ConvertArgs),
    Simulate(simulate::Simulate),
    Match(matching::MatchArgs),
    Exposure(exposure::ExposureArgs),
    Calibrate(calibrate::CalibrateArgs),
    Distance(distance::DistanceArgs),
    Audit(Box<audit::AuditArgs>),
    Keys(keys::KeysArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorWhen {
    /// Whether a terminal is to be coloured.
    fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

/// `vicino` without a verb: the screen; where there is no terminal for it, or no screen in this build, as `scan`.
fn alone(look: &Look) -> Result<Exit, Failure> {
    #[cfg(feature = "tui")]
    if io::IsTerminal::is_terminal(&io::stdout()) {
        return screen::first_adapter(look, None);
    }
    match Cli::parse_from(["vicino", "scan"]).verb {
        Some(verb) => run(verb, look),
        None => Ok(Exit::Done),
    }
}

/// Says something to the person. Where nobody can read it (a closed pipe, a full disk), that changes nothing.
fn tell(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// Says on standard output what was done; as [`tell`], for what is done whether anybody reads of it or not.
fn report(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout().lock(), "{what}");
}

/// Standard output through a buffer; a reader that has seen enough (a closed pipe) is no failure.
fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Exit, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if !is_broken_pipe(&error) => Err(Failure::new(
            Exit::Environment,
            format!("cannot write to standard output: {}", reason(&error)),
        )),
        _ => Ok(Exit::Done),
    }
}

/// Whether nobody reads on; a writer of CSV wraps that in an error of its own.
fn is_broken_pipe(error: &io::Error) -> bool {
    let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref::<csv::Error>());
    let kind = match wrapped.map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(inner)) => inner.kind(),
        _ => error.kind(),
    };
    kind == io::ErrorKind::BrokenPipe
}

/// Parses the command line, runs the verb, reports failures.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let outcome = match cli.verb {
        None => alone(&cli.look),
        Some(verb) => run(verb, &cli.look),
    };
    match outcome {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            tell(format_args!("{failure}"));
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// Ends the program over a command line that is none, as the parser would, but for what a terminal would obey in it, and but
/// for files in it that cannot be read: these are input.
fn refuse(error: &clap::Error) -> ! {
    let source = std::error::Error::source(error);
    if let Some(calibration::EditionError::File(what)) = source.and_then(|source| source.downcast_ref()) {
        let failure = Failure::new(Exit::Input, what)
            .hint("a table is one of Google's lists (.csv), or TOML as `vicino calibrate export` writes it");
        tell(format_args!("{failure}"));
        std::process::exit(i32::from(failure.exit as u8));
    }
    let is_safe = |word: std::ffi::OsString| {
        let word = word.to_string_lossy();
        printable(&word) == word
    };
    if !error.use_stderr() || std::env::args_os().all(is_safe) {
        error.exit();
    }
    for line in error.render().to_string().lines() {
        tell(format_args!("{}", printable(line)));
    }
    std::process::exit(error.exit_code());
}

fn run(verb: Verb, look: &Look) -> Result<Exit, Failure> {
    match verb {
        Verb::Record(args) => record::run(args),
        Verb::Convert(args) => convert::run(&args),
        Verb::Captures(args) => captures::run(&args, look),
        Verb::Inspect(args) => inspect::run(&args),
        Verb::Simulate(args) => simulate::run(&args),
        Verb::Keys(args) => keys::run(&args),
        Verb::Mark(args) => mark::run(&args),
        Verb::Replay(args) => replay::run(&args, look),
        Verb::Scan(args) => scan::run(args),
        Verb::Match(args) => matching::run(&args),
        Verb::Exposure(args) => exposure::run(&args),
        Verb::Calibrate(args) => calibrate::run(&args, look),
        Verb::Distance(args) => distance::run(&args),
        Verb::Audit(args) => audit::run(&args, look),
        Verb::Doctor(args) => doctor::run(&args, look.color),
        Verb::Config(args) => config::run(&args, look),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args),
    }
}
