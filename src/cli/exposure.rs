//! `vicino exposure`: what a capture amounts to for exposure notification.

mod assess;
mod windows;

use clap::{Args, Subcommand};

use super::{Exit, Failure, help};

/// Exposure windows as phones make them, and what applications would do with them.
#[derive(Debug, Args)]
#[command(after_help = help::EXPOSURE)]
pub(crate) struct ExposureArgs {
    #[command(subcommand)]
    what: What,
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
        What::Windows(args) => windows::run(args),
        What::Assess(args) => assess::assess(args),
        What::Configs(args) => assess::list(args),
    }
}
