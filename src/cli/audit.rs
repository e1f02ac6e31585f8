//! `vicino audit`: whether broadcasts keep people private, with evidence.

mod input;
mod links;
mod text;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::json::JsonPrintable;
use super::{Exit, Failure, Look, help, to_stdout};
use crate::format::reason;
use crate::lab::audit::settings::Profile;
use crate::lab::audit::{Report, Settings, Verdict};
use input::InputArgs;

/// Longer settings are refused, in bytes.
const MOST_SETTINGS: u64 = 1024 * 1024;

/// Audits broadcasts: twenty rules, each with a verdict, its evidence and what it means.
///
/// What a source does not tell is "not observable", never guessed. Give the logs of all phones that were there: what one
/// heard explains what another broadcast.
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT)]
pub(crate) struct AuditArgs {
    /// Captures, in any known format
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    judging: JudgingArgs,
    /// Exits with 1 when a rule turns out so or worse: fail, warn, never
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// By what is judged.
#[derive(Debug, Args)]
struct JudgingArgs {
    /// By whose measure: `spec` (the letter of the specification) or `field` (what real phones do)
    #[arg(long, value_name = "PROFILE", value_enum)]
    profile: Option<ProfileArg>,
    /// Settings: profile, rules, thresholds (TOML; `vicino audit --help` tells more)
    #[arg(long, value_name = "FILE.toml")]
    settings: Option<PathBuf>,
    /// Only these rules: B1,B2 or by name
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    only: Vec<String>,
    /// Without these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    skip: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileArg {
    /// The letter of the specification.
    Spec,
    /// What real phones do.
    Field,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Spec => Self::Spec,
            ProfileArg::Field => Self::Field,
        }
    }
}

/// From which verdict on the check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A rule failed.
    Fail,
    /// A rule failed or warned.
    Warn,
    /// Never.
    Never,
}

impl FailOn {
    fn exit(self, verdict: Verdict) -> Exit {
        let is_failed = match self {
            Self::Fail => verdict >= Verdict::Fail,
            Self::Warn => verdict >= Verdict::Warn,
            Self::Never => false,
        };
        if is_failed { Exit::CheckFailed } else { Exit::Done }
    }
}

impl JudgingArgs {
    /// The settings of the command line over those of the file over those of the profile.
    fn settings(&self) -> Result<Settings, Failure> {
        let profile = self.profile.map(Profile::from);
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Usage, error.to_string()).hint("see `vicino audit --help`")
        };
        let mut settings = match &self.settings {
            None => Settings::of(profile.unwrap_or_default()),
            Some(path) => {
                let text = read(path)?;
                Settings::parse(&text, profile)
                    .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", path.display())))?
            }
        };
        settings.choose(&self.only, &self.skip).map_err(|error| wrong(&error))?;
        if settings.rules.is_empty() {
            return Err(wrong(&"no rule is left to judge by"));
        }
        Ok(settings)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let fault = |what: &str| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|error| fault(&reason(&error)))?;
    let read = file.take(MOST_SETTINGS + 1).read_to_string(&mut text);
    read.map_err(|error| fault(&reason(&error)))?;
    if text.len() as u64 > MOST_SETTINGS {
        return Err(fault("is longer than 1 MiB"));
    }
    Ok(text)
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when a capture cannot be read, with [`Exit::Usage`] for settings that cannot be.
pub(super) fn run(args: &AuditArgs, look: &Look) -> Result<Exit, Failure> {
    let settings = args.judging.settings()?;
    let evidence = args.input.evidence(&args.captures)?;
    let report = Report::new(&evidence, &settings);
    to_stdout(|out| {
        if args.json {
            serde_json::to_writer_pretty(JsonPrintable(&mut *out), &report)?;
            return writeln!(out);
        }
        text::write(
            out,
            &report,
            look.color.is_on() && std::io::IsTerminal::is_terminal(&std::io::stdout()),
        )
    })?;
    Ok(args.fail_on.exit(report.verdict))
}
