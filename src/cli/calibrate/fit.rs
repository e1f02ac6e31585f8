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
use super::super::measured::{For, MeasuredArgs, TruthFile, truth};
use super::super::{Exit, Failure, report, tell, to_stdout};
use crate::format::reason;
use crate::lab::calibration::bench::{Bench, By};
use crate::lab::calibration::fit::{self, Fit, Intervals, Parameter, References, Settings};
use crate::lab::calibration::made::{Reference, table};
use crate::lab::calibration::{Profile, ProfileTable, editions, to_toml};
use crate::lab::distance::Heard;
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
    /// A phone or receiver whose figures are known, and fix the scale; one of the two may be left out (`hci0=5/`, `dut=/-24`).
    /// Without one, a Pixel 4 and an iPhone 11 that are there, as the calibration list has them
    #[arg(long, value_name = "MODEL=CORRECTION/TX", value_parser = reference, allow_hyphen_values = true)]
    reference: Vec<Reference>,
    /// Attenuation at 1 m in dB that is taken as known (42 in a chamber, which `calibrate measure` takes where nobody tells
    /// another; free space has 40.2)
    #[arg(long, value_name = "DB")]
    a1: Option<f64>,
    /// Path-loss exponent that is taken as known (2 in free space)
    #[arg(long, value_name = "N")]
    exponent: Option<f64>,
    /// Only the marks of this session of `calibrate measure` count, which names it at its end
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
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
fn reference(text: &str) -> Result<Reference, &'static str> {
    let told = "MODEL=CORRECTION/TX, such as \"Pixel 4=8/-30\"; one of the two may be left out: hci0=5/, dut=/-24";
    let (model, figures) = text.rsplit_once('=').ok_or(told)?;
    let (correction, power) = figures.split_once('/').ok_or(told)?;
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(number) if number.abs() <= 100.0 => Ok(Some(number)),
            _ => Err(told),
        },
    };
    let (correction, power) = (number(correction)?, number(power)?);
    if correction.or(power).is_none() {
        return Err(told);
    }
    Ok((model.trim().to_owned(), correction, power))
}

/// A fit with what its numbers stand for.
pub(super) struct Fitted {
    pub(super) bench: Bench,
    pub(super) fit: Fit,
    /// The phones that fix the scale.
    pub(super) references: Vec<Reference>,
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
    let files = truth(&args.truth)?;
    let truth: Vec<Truth> = files.iter().map(|file| file.truth.clone()).collect();
    let names: Vec<&Truth> = truth.iter().collect();
    let purpose = For::Measurements {
        session: args.session.as_deref(),
    };
    let heard = args
        .measured
        .heard(&args.captures, &names, &editions::newest().edition, purpose)?;
    let list = list(args, &heard);
    let by = if args.each_phone { By::Phone } else { By::Model };
    let mut bench = Bench::new(&heard, &truth, by).map_err(|error| Failure::new(Exit::Input, error.to_string()))?;
    bench.edition.clone_from(&list.edition);
    bench.session = args.session.clone().unwrap_or_default();
    if let Some(session) = args.session.as_deref().filter(|_| heard.marked.is_empty()) {
        return Err(
            Failure::new(Exit::Input, format!("no mark is a step of session {session:?}"))
                .hint("the notes of its marks begin with `calibration SESSION,`; anonymized captures have none"),
        );
    }
    let unfitting = unfitting(&files, &bench, &heard);
    if bench.samples.counts().used == 0
        && let Some(what) = unfitting.first()
    {
        return Err(Failure::new(Exit::Input, what.clone())
            .hint("names are those of stations and devices; `--clock-offset` corrects logs in local time"));
    }
    for what in unfitting {
        tell(format_args!("{what}; only the rest counts"));
    }
    if bench.unplaced > 0 {
        tell(format_args!(
            "{} reports are of times or phones of which no distance is known, and were left out",
            bench.unplaced
        ));
    }
    let fitted = fitted(args, bench, list)?;
    let table = table(&args.name, &fitted.bench, &fitted.fit, &fitted.references, list);
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

/// The one list that figures are taken from: the one that was asked for, else the one that the captures name (of several the
/// newest), else the one that was in force at their time.
fn list<'a>(args: &'a FitArgs, heard: &Heard) -> &'a ProfileTable {
    if let Some(asked) = args.measured.asked() {
        return asked;
    }
    let mut named = heard
        .editions
        .iter()
        .rev()
        .filter_map(|name| editions::of_edition(name));
    let Some(newest) = named.next() else {
        return editions::in_force(heard.origin);
    };
    if named.next().is_some() {
        tell(format_args!(
            "the captures name several editions of the calibration list: that of {} is taken (--edition takes another)",
            newest.edition
        ));
    }
    newest
}

/// Files of truth that tell the distance of no report, with what they name and what was heard.
fn unfitting(files: &[TruthFile], bench: &Bench, heard: &Heard) -> Vec<String> {
    let is_idle = |(_, is_told): &(&TruthFile, &bool)| !**is_told;
    let idle = files.iter().zip(&bench.told_by_truth).filter(is_idle);
    let heard: Vec<String> = heard
        .pairs()
        .filter_map(|range| heard.levels.get(range)?.first())
        .filter(|level| !level.sender.is_unknown())
        .map(|level| format!("{} → {}", heard.name(level.sender), heard.name(level.receiver)))
        .collect();
    idle.map(|(file, _)| {
        let text = format!(
            "the truth of {} fits no report: it tells of {}; known phones that were heard: {}",
            file.scenario,
            few(&file.truth.pairs()),
            few(&heard)
        );
        printable(&text).into_owned()
    })
    .collect()
}

/// The first few of a list.
fn few(names: &[String]) -> String {
    const MOST: usize = 4;
    match names.len() {
        0 => "none".to_owned(),
        n if n > MOST => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
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
fn fitted(args: &FitArgs, bench: Bench, list: &ProfileTable) -> Result<Fitted, Failure> {
    let references = known(args, &bench, list)?;
    let mut fixed = References {
        attenuation: args.a1,
        exponent: args.exponent,
        ..References::default()
    };
    for (model, correction, power) in &references {
        for (number, (name, of)) in bench.phones.iter().zip(&bench.models).enumerate() {
            if name == model || of == model {
                fixed.corrections.extend(correction.map(|of| (number, of)));
                fixed.tx.extend(power.map(|of| (number, of)));
            }
        }
    }
    let fault = |error: fit::FitError| {
        let failure = Failure::new(Exit::Input, error.to_string());
        if error == fit::FitError::NoReference {
            let names: Vec<String> = bench.phones.iter().map(|name| printable(name).into_owned()).collect();
            return failure.hint(format!(
                "there are {}: --reference NAME=CORRECTION/TX tells what is known of one (hci0=5/ a receiver's correction, \
                 dut=/-24 a phone's TX power), --model STATION=MODEL that a receiver is of a model",
                names.join(", ")
            ));
        }
        failure.hint("`vicino calibrate fit --help` tells what is wanted")
    };
    let settings = Settings {
        effects: bench.effects(&fixed).map_err(fault)?,
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
fn known(args: &FitArgs, bench: &Bench, list: &ProfileTable) -> Result<Vec<Reference>, Failure> {
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
        let Profile {
            rssi_correction_db,
            tx_power_dbm,
        } = list.of_one_scale(model)?.profile;
        Some((
            (*model).to_owned(),
            Some(rssi_correction_db.into()),
            Some(tx_power_dbm.into()),
        ))
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
