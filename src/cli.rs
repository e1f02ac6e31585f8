//! The command line: one file per verb. Data goes to standard output, everything else to standard error.

mod convert;
mod inspect;
mod simulate;
mod mark;
mod scan;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// What to do next, if there is something.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with its exit code.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\n  hint: {hint}"))
    }
}

#[derive(Debug, Parser)]
#[command(version, about, long_about = None, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Convert(convert::ConvertArgs),
    Inspect(inspect::InspectArgs),
    Simulate(simulate::Simulate),
    Mark(mark::MarkArgs),
    /// Live radio without a screen: a line per advertisement, or a summary
    Scan(scan::ScanArgs),
}

/// Parses the command line, runs the verb, reports failures.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome: Result<Exit, Failure> = match cli.verb {
        None => Ok(Exit::Done),
        Some(Verb::Convert(args)) => convert::run(&args),
        Some(Verb::Inspect(args)) => inspect::run(&args),
        Some(Verb::Simulate(args)) => simulate::run(&args),
        Some(Verb::Mark(args)) => mark::run(&args),
        Some(Verb::Scan(args)) => scan::run(args),
    };
    match outcome {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit as u8)
        }
    }
}
