//! `vicino calibrate`: profiles of phone models: measured, fitted, shown, compared, exported.

mod fit;
#[cfg(feature = "tui")]
mod measure;
mod tables;

use clap::{Args, Subcommand};

use super::{Exit, Failure, Look, help};

/// Profiles of phone models: RSSI corrections and TX powers with their uncertainty.
///
/// A table is an edition of Google's list that is built in (2020-06-13, 2020-08-13, 2020-09-18, 2020-12-14), what EPFL
/// measured itself (dp3t-anechoic), a file (Google's CSV, or TOML), or the name of one of your own in the data folder.
#[derive(Debug, Args)]
#[command(after_help = help::CALIBRATE)]
pub(crate) struct CalibrateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    #[cfg(feature = "tui")]
    Measure(measure::MeasureArgs),
    Fit(Box<fit::FitArgs>),
    Show(tables::ShowArgs),
    Compare(tables::CompareArgs),
    Export(tables::ExportArgs),
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Input`] for tables that cannot be read, [`Exit::Environment`] for files that cannot be written.
pub(crate) fn run(args: &CalibrateArgs, look: &Look) -> Result<Exit, Failure> {
    #[cfg(not(feature = "tui"))]
    let _ = look;
    match &args.what {
        #[cfg(feature = "tui")]
        What::Measure(args) => measure::run(args, look),
        What::Fit(args) => fit::run(args),
        What::Show(args) => tables::show(args),
        What::Compare(args) => tables::compare(args),
        What::Export(args) => tables::export(args),
    }
}
