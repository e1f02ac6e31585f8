//! `vicino audit`: whether broadcasts keep people private, with evidence.

mod accept;
mod checks;
mod compare;
mod custody;
mod input;
mod keys;
mod layout;
mod links;
mod matrix;
#[cfg(feature = "plots")]
mod page;
#[cfg(feature = "plots")]
mod plots;
mod rows;
mod rules;
mod sarif;
mod text;

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::json::JsonPrintable;
use super::{Exit, Failure, Look, help, tell, to_stdout};
use crate::format::reason;
use crate::lab::audit::settings::Profile;
use crate::lab::audit::{Case, Report, Settings, Verdict};
use input::InputArgs;
use layout::Layout;

/// Longer settings are refused, in bytes.
const MOST_SETTINGS: u64 = 1024 * 1024;

/// Audits broadcasts: twenty rules, each with a verdict, its evidence and what it means.
///
/// What a source does not tell is "not observable", never guessed. Give the logs of all phones that were there: what one
/// heard explains what another broadcast.
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    one: OneArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    Compare(compare::CompareArgs),
    Matrix(matrix::MatrixArgs),
    Rules(rules::RulesArgs),
    Keys(keys::KeysArgs),
    Custody(custody::CustodyArgs),
}

/// An audit.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
struct OneArgs {
    /// Captures, in any known format
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    judging: JudgingArgs,
    /// Exits with 1 when a rule turns out so or worse (fail, warn, never), or when no exposure notification was heard or too many to keep
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
    /// Findings that are known and accepted (TOML or JSON): they are shown, and count for nothing
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Writes a baseline that accepts all that was found
    #[arg(long, value_name = "FILE.toml")]
    write_baseline: Option<PathBuf>,
    /// Writes a page that tells the whole result, with plots, to people without this program: one file of HTML
    #[cfg(feature = "plots")]
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Writes the plots into a folder, each as SVG and PNG
    #[cfg(feature = "plots")]
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// Tells all findings and packets that are listed, not only the first of each rule
    #[arg(long)]
    all: bool,
    /// Prints JSON
    #[arg(long, group = "as")]
    json: bool,
    /// Prints SARIF 2.1.0, for tools that gather what code scanners find
    #[arg(long, group = "as")]
    sarif: bool,
    /// Prints CSV: a row for each finding and packet
    #[arg(long, group = "as")]
    csv: bool,
}

/// By what is judged.
#[derive(Debug, Args)]
struct JudgingArgs {
    /// By whose measure: `spec` (the letter of the specification) or `field` (what real phones do)
    #[arg(long, value_name = "PROFILE", value_enum)]
    profile: Option<ProfileArg>,
    /// Settings: profile, rules, thresholds (TOML; `vicino audit rules --template` prints some to start from)
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
    fn of(self, report: &Report) -> Exit {
        // What shows nothing, or only a part, must not pass for a good capture.
        let scope = &report.scope;
        let what = if scope.exposure_notifications == 0 {
            "no exposure notification was heard: nothing could be judged".to_owned()
        } else if scope.left_out > 0 {
            format!(
                "{} reports were too many to keep: not all could be judged",
                scope.left_out
            )
        } else {
            return self.exit(report.verdict);
        };
        if self == Self::Never {
            return Exit::Done;
        }
        tell(format_args!("{what} (`--fail-on never` accepts that)"));
        Exit::CheckFailed
    }

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
    /// What was asked for, as words of a command line; files without their folders.
    #[cfg(feature = "plots")]
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(profile) = self.profile {
            words.extend(["--profile", Profile::from(profile).word()].map(str::to_owned));
        }
        if let Some(path) = &self.settings {
            words.extend(["--settings".to_owned(), super::reports::name_of(path)]);
        }
        for (flag, rules) in [("--only", &self.only), ("--skip", &self.skip)] {
            if !rules.is_empty() {
                words.extend([flag.to_owned(), rules.join(",")]);
            }
        }
        words
    }

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
/// [`Failure`] with [`Exit::Input`] when a capture cannot be read, with [`Exit::Usage`] for settings that cannot be, with
/// [`Exit::Environment`] for what cannot be written.
pub(super) fn run(args: &AuditArgs, look: &Look) -> Result<Exit, Failure> {
    match &args.what {
        None => one(&args.one, look),
        Some(What::Compare(args)) => compare::run(args, look),
        Some(What::Matrix(args)) => matrix::run(args, look),
        Some(What::Rules(args)) => rules::run(args, look),
        Some(What::Keys(args)) => keys::run(args),
        Some(What::Custody(args)) => custody::run(args),
    }
}

fn one(args: &OneArgs, look: &Look) -> Result<Exit, Failure> {
    #[cfg(feature = "plots")]
    super::reports::refuse_existing(&args.report)?;
    let settings = args.judging.settings()?;
    let evidence = args.input.evidence(&args.captures)?;
    // One case for all: links are followed once.
    let case = Case::new(&evidence);
    let mut report = Report::of(&case, &settings);
    if let Some(path) = &args.baseline {
        accept::accept(path, &mut report)?;
    }
    if let Some(path) = &args.write_baseline {
        accept::write(path, &report)?;
    }
    write_files(args, &case, &report)?;
    to_stdout(|out| {
        if args.json {
            return json(out, &report);
        }
        if args.sarif {
            return json(out, &sarif::log(&report));
        }
        if args.csv {
            return rows::write(out, &report);
        }
        text::write(out, &report, Layout::of_stdout(look), args.all)
    })?;
    Ok(args.fail_on.of(&report))
}

/// Writes the page and the plots that were asked for.
#[cfg(feature = "plots")]
fn write_files(args: &OneArgs, case: &Case<'_>, report: &Report) -> Result<(), Failure> {
    if args.report.is_none() && args.plots.is_none() {
        return Ok(());
    }
    let picture = crate::lab::audit::Picture::new(case);
    let plots = plots::all(report, &picture);
    if let Some(folder) = &args.plots {
        super::reports::write_plots(folder, &plots)?;
    }
    if let Some(path) = &args.report {
        let matrix = crate::lab::audit::compare::Matrix::of(case, &report.settings);
        let told = page::Told {
            args,
            report,
            picture: &picture,
            plots: &plots,
            matrix: &matrix,
        };
        super::reports::write_page(path, told.page()?)?;
    }
    Ok(())
}

#[cfg(not(feature = "plots"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn write_files(_: &OneArgs, _: &Case<'_>, _: &Report) -> Result<(), Failure> {
    Ok(())
}

/// Prints as JSON.
fn json(out: &mut dyn Write, what: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(JsonPrintable(&mut *out), what)?;
    writeln!(out)
}
