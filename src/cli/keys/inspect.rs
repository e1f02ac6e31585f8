//! `vicino keys inspect`: what is in exports.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::inspect::csv_field;
use super::super::{Exit, Failure, tell, to_stdout};
use super::json::Files;
use super::{LimitArgs, listed, output, read};
use crate::keys::{BatchFault, Batches, DiagnosisKey, ExportFile, ReportType, hex};
use crate::lab::text::printable;

/// Columns of `--csv`; those of a key are what `keys export --from` reads.
const COLUMNS: &str =
    "file,revised,rolling_start,rolling_period,transmission_risk_level,report_type,days_since_onset,variant";

/// Says what is in files of diagnosis keys, what is odd about them, and whether batches are complete
///
/// Files are zip archives of export.bin and export.sig, or a bare export.bin; of folders, the *.zip in them are read.
/// Signatures are not checked here: see `keys verify`.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints one CSV row per key
    #[arg(long)]
    csv: bool,
    /// Shows the keys themselves, in JSON and CSV: who has them can recognise the phones
    #[arg(long)]
    show_keys: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs it: one file after the other, so that many do not lie in memory together.
pub(super) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let paths = listed(&args.files)?;
    let mut batches = Batches::default();
    let mut exit = Exit::Done;
    to_stdout(|out| {
        if args.csv {
            writeln!(out, "{COLUMNS}{}", if args.show_keys { ",tek" } else { "" })?;
        }
        let mut json = args.json.then(|| Files::begin(out)).transpose()?;
        for path in &paths {
            match (read(path, args.limits.limits()), &mut json) {
                (Ok(file), json) => {
                    batches.add(path, &file);
                    match json {
                        Some(json) => json.file(path, &file, args.show_keys, out)?,
                        None if args.csv => csv(path, &file, args.show_keys, out)?,
                        None => text(path, &file, out)?,
                    }
                }
                (Err(failure), json) => {
                    exit = failure.exit;
                    tell(format_args!("{failure}"));
                    if let Some(json) = json {
                        json.failure(path, &failure.message, out)?;
                    }
                }
            }
        }
        match json {
            Some(json) => json.end(&batches, out)?,
            None => tell_of(&batches),
        }
        Ok(())
    })?;
    Ok(exit)
}

/// Tells of files that are there twice and of batches that are not whole.
pub(super) fn tell_of(batches: &Batches) {
    for (file, of) in batches.duplicates() {
        let (file, of) = (file.display().to_string(), of.display().to_string());
        tell(format_args!("{}: same content as {}", printable(&file), printable(&of)));
    }
    for fault in batches.faults() {
        tell(format_args!("warning: {}", batch_text(&fault)));
    }
}

/// What is wrong with a batch, in words.
pub(super) fn batch_text(fault: &BatchFault) -> String {
    let list = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    // Writing to a string cannot fail.
    let mut text = format!(
        "batch of {} files of region {} from {}:",
        fault.size,
        printable(&fault.region),
        output::time(fault.start)
    );
    if fault.missing > 0 {
        let more = if fault.missing as usize > fault.first_missing.len() {
            ", …"
        } else {
            ""
        };
        let _ = write!(
            text,
            " {} missing (number {}{more})",
            fault.missing,
            list(&fault.first_missing)
        );
    }
    if !fault.repeated.is_empty() {
        let _ = write!(text, " different files of number {}", list(&fault.repeated));
    }
    text
}

fn csv(path: &Path, file: &ExportFile, show_keys: bool, out: &mut dyn Write) -> io::Result<()> {
    let name = csv_field(&path.display().to_string());
    let cell = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    for (is_revised, keys) in [(false, &file.export.keys), (true, &file.export.revised_keys)] {
        for key in keys {
            write!(
                out,
                "{name},{is_revised},{},{},{},{},{},{}",
                key.rolling_start.0,
                cell(key.rolling_period.map(i64::from)),
                cell(key.transmission_risk_level.map(i64::from)),
                key.report_type.map_or("", ReportType::word),
                cell(key.days_since_onset.map(i64::from)),
                cell(key.variant.map(i64::from)),
            )?;
            if show_keys {
                write!(out, ",{}", *hex(&key.tek))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn text(path: &Path, file: &ExportFile, out: &mut dyn Write) -> io::Result<()> {
    let export = &file.export;
    let name = path.display().to_string();
    let kind = if file.is_zip {
        "key export"
    } else {
        "bare export.bin, no signatures"
    };
    writeln!(out, "{}: {kind}", printable(&name))?;
    let mut row = |name: &str, value: &str| writeln!(out, "  {name:<12}{}", printable(value));
    row(
        "window",
        &format!("{} to {}", output::time(export.start), output::time(export.end)),
    )?;
    row("region", &export.region)?;
    row("batch", &format!("{} of {}", export.batch_num, export.batch_size))?;
    row(
        "keys",
        &format!("{}, revised {}", export.keys.len(), export.revised_keys.len()),
    )?;
    if let (Some(first), Some(last)) = output::span(file) {
        let (first, last) = (output::moment(first), output::moment(last.saturating_add(1)));
        row("in use", &format!("{first} to {last}"))?;
    }
    for (name, counts) in tallies(export.keys.iter().chain(&export.revised_keys)) {
        row(name, &counts)?;
    }
    // export.sig tells more, where there is one.
    let of_sig = file.signatures.iter().map(|signature| &signature.info);
    let of_bin = export.signature_infos.iter().filter(|_| !file.is_zip);
    for info in of_sig.chain(of_bin) {
        let key = info.key_name().unwrap_or_else(|| "a key that is not named".into());
        let app = info.app_bundle_id.as_deref().or(info.android_package.as_deref());
        let app = app.map(|app| format!(" for {app}")).unwrap_or_default();
        row(
            "signed by",
            &format!(
                "{key}, {}{app}",
                info.algorithm.as_deref().unwrap_or("algorithm not told")
            ),
        )?;
    }
    row("SHA-256", &output::digits(&file.sha256))?;
    for (what, tally) in file.oddities.iter() {
        let place = if tally.first > 0 {
            format!(", first key {}", tally.first)
        } else {
            String::new()
        };
        row("odd", &format!("{} {}{place}", tally.count, what.what()))?;
    }
    Ok(())
}

/// How many keys have which period, risk level, report type and onset.
fn tallies<'a>(keys: impl Iterator<Item = &'a DiagnosisKey>) -> Vec<(&'static str, String)> {
    let names = ["risk level", "reports", "onset", "variants"];
    let mut counts: [BTreeMap<Option<i64>, u64>; 4] = Default::default();
    let mut whole_days = 0_u64;
    let mut parts = 0_u64;
    for key in keys {
        *(if key.period() == 144 {
            &mut whole_days
        } else {
            &mut parts
        }) += 1;
        let values = [
            key.transmission_risk_level.map(i64::from),
            key.report_type.map(|report| report as i64),
            key.days_since_onset.map(i64::from),
            key.variant.map(i64::from),
        ];
        for (counts, value) in counts.iter_mut().zip(values) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut rows = vec![("periods", format!("{whole_days} of a whole day, {parts} shorter"))];
    for (name, counts) in names.into_iter().zip(counts) {
        // Where no key tells, there is nothing to say.
        if counts.keys().all(Option::is_none) {
            continue;
        }
        let word = |value: Option<i64>| match (name, value) {
            (_, None) => "not told".to_owned(),
            ("reports", Some(number)) => {
                let report = u64::try_from(number).ok().and_then(ReportType::of);
                report.map_or("", ReportType::word).to_owned()
            }
            (_, Some(number)) => number.to_string(),
        };
        let cells: Vec<String> = counts
            .iter()
            .map(|(value, count)| format!("{}: {count}", word(*value)))
            .collect();
        rows.push((name, cells.join(", ")));
    }
    rows
}
