//! `vicino calibrate fit`: profiles from measurements at known distances.

mod output;
#[cfg(feature = "plots")]
mod page;
#[cfg(feature = "plots")]
mod plots;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::super::calibration::{edition, own_name};
use super::super::measured::{MeasuredArgs, truth};
use super::super::{Exit, Failure, report, tell, to_stdout};
use crate::format::reason;
use crate::lab::calibration::bench::{Bench, By};
use crate::lab::calibration::fit::{self, Effects, Fit, Intervals, Parameter, References, Settings};
use crate::lab::calibration::made::table;
use crate::lab::calibration::{Profile, ProfileTable, editions, to_toml};
use crate::lab::distance::truth::Truth;
use crate::lab::text::printable;

/// Models whose published figures fix the scale where nobody names others.
const REFERENCES: [&str; 2] = ["Pixel 4", "iPhone 11"];
/// Spread between groups where none is left over to tell it, in dB.
const ASSUMED_SD_DB: f64 = 2.0;
/// Draws of a bootstrap.
const ROUNDS: u32 = 1_000;

/// Fits RSSI corrections, TX powers and path loss to measurements at known distances
///
/// Distances are known from marks in the captures (`vicino mark`, `vicino calibrate measure`), or from CSV files: stretches
/// (`from,to,receiver,transmitter,distance_m`, and where wanted `orientation` and `session`), distances over time
/// (`time,receiver,transmitter,distance_m`), or a simulator's NAME.truth.csv. Levels alone fix no scale: reference phones do.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct FitArgs {
    /// Captures
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Truth
    #[arg(long, value_name = "FILE.csv")]
    truth: Vec<PathBuf>,
    #[command(flatten)]
    measured: MeasuredArgs,
    /// A phone whose figures are known, and fix the scale; without one, a Pixel 4 and an iPhone 11 that are there
    #[arg(long, value_name = "MODEL=CORRECTION/TX", value_parser = reference, allow_hyphen_values = true)]
    reference: Vec<(String, f64, f64)>,
    /// Attenuation at 1 m in dB that is taken as known (42 in a chamber; free space has 40.2)
    #[arg(long, value_name = "DB")]
    a1: Option<f64>,
    /// Path-loss exponent that is taken as known (2 in free space)
    #[arg(long, value_name = "N")]
    exponent: Option<f64>,
    /// Tells phones of the same model apart
    #[arg(long)]
    each_phone: bool,
    /// Intervals by drawing residuals anew, instead of from the model
    #[arg(long)]
    bootstrap: bool,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A table to compare with; several
    #[arg(long, value_name = "EDITION|FILE", value_parser = edition)]
    beside: Vec<Arc<ProfileTable>>,
    /// Name of the edition that is made
    #[arg(long, value_name = "NAME", default_value = "own", value_parser = own_name)]
    name: String,
    /// Writes the profiles as a table that `--edition FILE` reads
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// Writes a page that tells the whole result to people without this program: one file of HTML
    #[cfg(feature = "plots")]
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Writes the plots of that page into a folder, as SVG and as PNG
    #[cfg(feature = "plots")]
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// Prints CSV: one row per group of reports, with what the model expects of it
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// `MODEL=CORRECTION/TX`
fn reference(text: &str) -> Result<(String, f64, f64), &'static str> {
    let told = "MODEL=CORRECTION/TX, such as \"Pixel 4=8/-30\"";
    let (model, figures) = text.rsplit_once('=').ok_or(told)?;
    let (correction, power) = figures.split_once('/').ok_or(told)?;
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.abs() <= 100.0);
    let (correction, power) = number(correction).zip(number(power)).ok_or(told)?;
    Ok((model.trim().to_owned(), correction, power))
}

/// A fit with what its numbers stand for.
pub(super) struct Fitted {
    pub(super) bench: Bench,
    pub(super) fit: Fit,
    /// The phones that fix the scale.
    pub(super) references: Vec<(String, f64, f64)>,
    /// The seed of the bootstrap, where one was asked for.
    pub(super) bootstrap: Option<u64>,
}

impl Fitted {
    /// The name of a parameter.
    pub(super) fn name(&self, parameter: Parameter) -> String {
        printable(&self.bench.name(parameter)).into_owned()
    }
}

/// Fits.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when captures or truth cannot be read, or when they tell nothing.
pub(super) fn run(args: &FitArgs) -> Result<Exit, Failure> {
    #[cfg(feature = "plots")]
    {
        let plots = args.plots.iter().flat_map(|folder| plots::files(folder));
        let files: Vec<PathBuf> = args.out.iter().chain(&args.report).cloned().chain(plots).collect();
        super::super::reports::refuse_existing(&files)?;
    }
    let truth: Vec<Truth> = truth(&args.truth)?.into_iter().map(|file| file.truth).collect();
    let names: Vec<&Truth> = truth.iter().collect();
    let heard = args
        .measured
        .heard(&args.captures, &names, &editions::newest().edition, true)?;
    let by = if args.each_phone { By::Phone } else { By::Model };
    let bench = Bench::new(&heard, &truth, by).map_err(|error| Failure::new(Exit::Input, error.to_string()))?;
    if bench.unplaced > 0 {
        tell(format_args!(
            "{} reports are of times or phones of which no distance is known, and were left out",
            bench.unplaced
        ));
    }
    let fitted = fitted(args, bench)?;
    let table = table(&args.name, &fitted.bench, &fitted.fit, &fitted.references);
    if let Some(path) = &args.out {
        write(path, &table, args.json || args.csv)?;
    }
    #[cfg(feature = "plots")]
    write_reports(args, &fitted, &table)?;
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => output::as_json(&fitted, &args.beside, out),
        (_, true) => output::as_csv(&fitted, out),
        _ => output::as_text(&fitted, &args.beside, out),
    })
}

/// Writes the page and the plots that are asked for.
#[cfg(feature = "plots")]
fn write_reports(args: &FitArgs, fitted: &Fitted, table: &ProfileTable) -> Result<(), Failure> {
    if let Some(path) = &args.report {
        super::super::reports::write_page(path, page::page(args, fitted, table)?)?;
    }
    if let Some(folder) = &args.plots {
        super::super::reports::write_plots(folder, &plots::all(fitted))?;
    }
    Ok(())
}

/// The fit of measurements by the wishes of the command line.
fn fitted(args: &FitArgs, bench: Bench) -> Result<Fitted, Failure> {
    let references = known(args, &bench)?;
    let mut fixed = References {
        attenuation: args.a1,
        exponent: args.exponent,
        ..References::default()
    };
    for (model, correction, power) in &references {
        for (number, (name, of)) in bench.phones.iter().zip(&bench.models).enumerate() {
            if name == model || of == model {
                fixed.corrections.insert(number, *correction);
                fixed.tx.insert(number, *power);
            }
        }
    }
    let fault = |error: fit::FitError| {
        Failure::new(Exit::Input, error.to_string()).hint("`vicino calibrate fit --help` tells what is wanted")
    };
    let effects = if bench.sessions.len() < 2 && bench.orientations.len() < 2 {
        Effects {
            sessions: false,
            orientations: false,
        }
    } else {
        fit::separable(&bench.samples, &fixed).map_err(fault)?
    };
    let settings = Settings {
        effects,
        assumed_sd_db: Some(ASSUMED_SD_DB),
        intervals: if args.bootstrap {
            Intervals::Bootstrap {
                rounds: ROUNDS,
                seed: args.seed,
            }
        } else {
            Intervals::Model
        },
        ..Settings::default()
    };
    let fit = fit::fit(&bench.samples, &fixed, &settings).map_err(fault)?;
    Ok(Fitted {
        bench,
        fit,
        references,
        bootstrap: args.bootstrap.then_some(args.seed),
    })
}

/// The phones whose figures are known: those that were named, else those of the usual references that are there.
fn known(args: &FitArgs, bench: &Bench) -> Result<Vec<(String, f64, f64)>, Failure> {
    let is_there = |model: &str| bench.phones.iter().chain(&bench.models).any(|name| name == model);
    if let Some((model, ..)) = args.reference.iter().find(|(model, ..)| !is_there(model)) {
        let there: Vec<String> = bench.phones.iter().map(|name| printable(name).into_owned()).collect();
        return Err(Failure::new(Exit::Usage, format!("no phone {model:?} was measured"))
            .hint(format!("there are: {}", there.join(", "))));
    }
    if !args.reference.is_empty() {
        return Ok(args.reference.clone());
    }
    let usual = REFERENCES.iter().filter(|model| is_there(model)).filter_map(|model| {
        let (
            Profile {
                rssi_correction_db,
                tx_power_dbm,
            },
            _,
        ) = editions::newest().own(model)?;
        Some(((*model).to_owned(), rssi_correction_db.into(), tx_power_dbm.into()))
    });
    Ok(usual.collect())
}

/// Writes the table; that it did goes to standard error where standard output is data.
fn write(path: &Path, table: &ProfileTable, is_data: bool) -> Result<(), Failure> {
    let fault = |what: String| Failure::new(Exit::Environment, format!("{}: {what}", path.display()));
    if table.entries().is_empty() {
        return Err(fault("no phone of which a correction or a TX power is told".to_owned())
            .hint("the output says of each what is missing"));
    }
    let text = to_toml(table).map_err(|error| fault(error.to_string()))?;
    let mut file = File::create_new(path)
        .map_err(|error| fault(reason(&error)).hint("a file that is there already is not overwritten"))?;
    file.write_all(text.as_bytes()).map_err(|error| fault(reason(&error)))?;
    let name = path.display().to_string();
    let say = if is_data { tell } else { report };
    say(format_args!("{}: {} profiles", printable(&name), table.entries().len()));
    Ok(())
}
