//! `vicino exposure`: what a capture amounts to for exposure notification.

mod windows;

use clap::{Args, Subcommand};

use super::{Exit, Failure, help};

/// Exposure windows as phones make them.
#[derive(Debug, Args)]
#[command(after_help = help::EXPOSURE)]
pub(crate) struct ExposureArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Windows(windows::WindowsArgs),
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`], as the sub-commands say.
pub(crate) fn run(args: &ExposureArgs) -> Result<Exit, Failure> {
    match &args.what {
        What::Windows(args) => windows::run(args),
    }
}
