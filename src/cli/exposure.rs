//! `vicino exposure`: what a capture amounts to for exposure notification.

mod assess;
mod by_keys;
mod input;
mod windows;

use clap::{Args, Subcommand};

use super::{Exit, Failure, help};

#[cfg(feature = "tui")]
pub(super) fn rules_of(path: &std::path::Path) -> Result<Vec<crate::lab::exposure::rule::Config>, Failure> {
    assess::rules_of(path)
}

/// Exposure windows as phones make them, and what applications would do with them.
///
/// With captures and keys: the windows with the people of those keys, and what each application would have told.
#[derive(Debug, Args)]
#[command(after_help = help::EXPOSURE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ExposureArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    by_keys: by_keys::ByKeysArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    Windows(windows::WindowsArgs),
    Assess(assess::AssessArgs),
    Configs(assess::ConfigsArgs),
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`], as the sub-commands say.
pub(crate) fn run(args: &ExposureArgs) -> Result<Exit, Failure> {
    match &args.what {
        None => by_keys::run(&args.by_keys),
        Some(What::Windows(args)) => windows::run(args),
        Some(What::Assess(args)) => assess::assess(args),
        Some(What::Configs(args)) => assess::list(args),
    }
}
