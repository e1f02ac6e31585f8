//! `calibrate show`, `compare` and `export`: tables of profiles.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::super::calibration::edition;
use super::super::{Exit, Failure, report, to_stdout};
use crate::format::reason;
use crate::lab::attenuation::Confidence;
use crate::lab::calibration::{Entry, Measured, ProfileTable, google, to_toml};
use crate::lab::text::{json_printable, printable};

/// Versions of the JSON that these print.
const SHOW_SCHEMA: &str = "vicino/calibration/1";
const COMPARE_SCHEMA: &str = "vicino/calibration-compare/1";

/// Shows the profiles of a table, or how those of phones are found
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The table
    #[arg(value_name = "EDITION|FILE", default_value = "2020-12-14", value_parser = edition)]
    table: Arc<ProfileTable>,
    /// Only what is found for these phones: MODEL, OEM/MODEL or OEM/DEVICE/MODEL, with which edition has it and how far it
    /// can be trusted
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV
    #[arg(long)]
    csv: bool,
}

/// A line of what is shown.
struct Shown<'a> {
    entry: Entry,
    edition: &'a str,
}

/// Shows profiles.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let table = &*args.table;
    let all = table.entries().iter().cloned().map(|entry| Shown {
        entry,
        edition: &table.edition,
    });
    let shown: Vec<Shown<'_>> = if args.model.is_empty() {
        all.collect()
    } else {
        args.model.iter().map(|name| found(table, name)).collect()
    };
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let averages = table.averages();
            let figures = |profile: crate::lab::calibration::Profile| json!({ "rssi_correction_db": profile.rssi_correction_db, "tx_power_dbm": profile.tx_power_dbm });
            let value = json!({
                "schema": SHOW_SCHEMA,
                "edition": table.edition,
                "source": table.source,
                "base": table.base,
                "averages": { "android": figures(averages.android), "ios": figures(averages.ios) },
                "profiles": shown.iter().map(as_json).collect::<Vec<_>>(),
            });
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        }
        (_, true) => as_csv(&shown, out),
        _ => as_text(table, &shown, out),
    })
}

/// What is found for a name; the average of Android phones where nothing is.
fn found<'a>(table: &'a ProfileTable, name: &str) -> Shown<'a> {
    let found = table.find(name);
    let edition = found.map_or("", |found| found.edition);
    let own = table.entries().iter().find(|entry| entry.model == name);
    let mut entry = own.cloned().unwrap_or_else(|| {
        let profile = found.map_or(table.averages().android, |found| found.profile);
        Entry::new(name, profile, Confidence::Lowest)
    });
    if let Some(found) = found {
        (entry.profile, entry.confidence) = (found.profile, found.confidence);
    }
    Shown { entry, edition }
}

fn as_json(shown: &Shown<'_>) -> Value {
    let entry = &shown.entry;
    let measured = |of: Option<Measured>| of.map(|of| json!({ "value": of.value, "low": of.low, "high": of.high }));
    json!({
        "oem": entry.oem,
        "device": entry.device,
        "model": entry.model,
        "rssi_correction_db": entry.profile.rssi_correction_db,
        "tx_power_dbm": entry.profile.tx_power_dbm,
        "confidence": entry.confidence,
        "measured_correction_db": measured(entry.correction),
        "measured_tx_power_dbm": measured(entry.tx_power),
        "edition": shown.edition,
        "source": entry.source,
        "date": entry.date,
        "notes": entry.notes,
    })
}

fn as_csv(shown: &[Shown<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "oem",
        "device",
        "model",
        "rssi_correction_db",
        "rssi_correction_low",
        "rssi_correction_high",
        "tx_power_dbm",
        "tx_power_low",
        "tx_power_high",
        "confidence",
        "edition",
        "date",
        "source",
    ])?;
    for Shown { entry, edition } in shown {
        let ends = |of: Option<Measured>| match of {
            Some(of) => [of.low.to_string(), of.high.to_string()],
            None => [String::new(), String::new()],
        };
        let value = |of: Option<Measured>, whole: i8| of.map_or_else(|| whole.to_string(), |of| of.value.to_string());
        let [low, high] = ends(entry.correction);
        let [tx_low, tx_high] = ends(entry.tx_power);
        writer.write_record([
            printable(&entry.oem).into_owned(),
            printable(&entry.device).into_owned(),
            printable(&entry.model).into_owned(),
            value(entry.correction, entry.profile.rssi_correction_db),
            low,
            high,
            value(entry.tx_power, entry.profile.tx_power_dbm),
            tx_low,
            tx_high,
            word(entry.confidence).to_owned(),
            (*edition).to_owned(),
            printable(&entry.date).into_owned(),
            printable(&entry.source).into_owned(),
        ])?;
    }
    writer.flush()
}

const fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Lowest => "lowest",
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// `+2 dB`, or `+2.4 [1.9, 2.9] dB`
fn figure(of: Option<Measured>, whole: i8) -> String {
    match of {
        // A fraction that nobody gave an interval of.
        Some(Measured { value, low, high }) if high - low < 1e-9 => format!("{value:+.1}"),
        Some(Measured { value, low, high }) => format!("{value:+.1} [{low:+.1}, {high:+.1}]"),
        None => format!("{whole:+}"),
    }
}

fn as_text(table: &ProfileTable, shown: &[Shown<'_>], out: &mut dyn Write) -> io::Result<()> {
    let averages = table.averages();
    writeln!(
        out,
        "{}{}: {} profiles; attenuation = TX power of the sender - (RSSI + correction of the receiver)",
        printable(&table.edition),
        table
            .base
            .as_ref()
            .map(|base| format!(" over {base}"))
            .unwrap_or_default(),
        table.entries().len()
    )?;
    if !table.source.is_empty() {
        writeln!(out, "source: {}", printable(&table.source))?;
    }
    writeln!(
        out,
        "of unknown models: Android {:+} dB, {} dBm; iPhones {:+} dB, {} dBm",
        averages.android.rssi_correction_db,
        averages.android.tx_power_dbm,
        averages.ios.rssi_correction_db,
        averages.ios.tx_power_dbm
    )?;
    writeln!(
        out,
        "\n{:<24} {:>20} {:>24}  {:<10} FROM",
        "MODEL", "CORRECTION dB", "TX POWER dBm", "CONFIDENCE"
    )?;
    for Shown { entry, edition } in shown {
        let names = [&entry.oem, &entry.device, &entry.model];
        let names: Vec<&str> = names
            .into_iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect();
        let from = [*edition, &entry.date, &entry.source];
        let from: Vec<&str> = from.into_iter().filter(|text| !text.is_empty()).collect();
        let from = if from.is_empty() {
            "average of Android phones".to_owned()
        } else {
            from.join(", ")
        };
        writeln!(
            out,
            "{:<24} {:>20} {:>24}  {:<10} {}",
            printable(&names.join("/")),
            figure(entry.correction, entry.profile.rssi_correction_db),
            figure(entry.tx_power, entry.profile.tx_power_dbm),
            word(entry.confidence),
            printable(&from)
        )?;
        for note in &entry.notes {
            writeln!(out, "  {}", printable(note))?;
        }
    }
    Ok(())
}

/// Compares two tables: what differs for the models that both know
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The first
    #[arg(value_name = "EDITION|FILE", value_parser = edition)]
    one: Arc<ProfileTable>,
    /// The second
    #[arg(value_name = "EDITION|FILE", value_parser = edition)]
    other: Arc<ProfileTable>,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV
    #[arg(long)]
    csv: bool,
}

/// A model that both tables have.
struct Pair<'a> {
    one: &'a Entry,
    other: &'a Entry,
}

/// The second less the first; with the interval of 90 % where either was measured.
struct Difference {
    value: f64,
    interval: Option<[f64; 2]>,
}

impl Difference {
    fn of(one: Option<Measured>, one_whole: i8, other: Option<Measured>, other_whole: i8) -> Self {
        let measured = |of: Option<Measured>, whole: i8| {
            of.unwrap_or(Measured {
                value: whole.into(),
                low: whole.into(),
                high: whole.into(),
            })
        };
        let is_measured = one.is_some() || other.is_some();
        let (one, other) = (measured(one, one_whole), measured(other, other_whole));
        let value = other.value - one.value;
        // The two are independent of each other.
        let below = (other.value - other.low).hypot(one.high - one.value);
        let above = (other.high - other.value).hypot(one.value - one.low);
        Self {
            value,
            interval: is_measured.then_some([value - below, value + above]),
        }
    }

    fn json(&self) -> Value {
        json!({ "value": self.value, "interval": self.interval })
    }

    fn text(&self) -> String {
        match self.interval {
            Some([low, high]) => format!("{:+.1} [{low:+.1}, {high:+.1}]", self.value),
            None => format!("{:+.0}", self.value),
        }
    }
}

impl Pair<'_> {
    fn correction(&self) -> Difference {
        let (one, other) = (self.one, self.other);
        Difference::of(
            one.correction,
            one.profile.rssi_correction_db,
            other.correction,
            other.profile.rssi_correction_db,
        )
    }

    fn tx_power(&self) -> Difference {
        let (one, other) = (self.one, self.other);
        Difference::of(
            one.tx_power,
            one.profile.tx_power_dbm,
            other.tx_power,
            other.profile.tx_power_dbm,
        )
    }
}

/// Compares tables.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let by_model = |table: &'_ ProfileTable| -> BTreeMap<String, usize> {
        let places = table.entries().iter().enumerate();
        places.map(|(place, entry)| (entry.model.clone(), place)).collect()
    };
    let (ones, others) = (by_model(&args.one), by_model(&args.other));
    let pairs: Vec<Pair<'_>> = ones
        .iter()
        .filter_map(|(model, place)| {
            Some(Pair {
                one: args.one.entries().get(*place)?,
                other: args.other.entries().get(*others.get(model)?)?,
            })
        })
        .collect();
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let models = pairs.iter().map(|pair| {
                json!({
                    "model": pair.one.model,
                    "one": pair.one.profile_json(),
                    "other": pair.other.profile_json(),
                    "correction_db": pair.correction().json(),
                    "tx_power_dbm": pair.tx_power().json(),
                })
            });
            let value = json!({
                "schema": COMPARE_SCHEMA,
                "one": args.one.edition,
                "other": args.other.edition,
                "only_in_one": ones.len() - pairs.len(),
                "only_in_other": others.len() - pairs.len(),
                "models": models.collect::<Vec<_>>(),
            });
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        }
        (_, true) => compare_as_csv(&pairs, out),
        _ => compare_as_text(args, &pairs, (ones.len(), others.len()), out),
    })
}

trait ProfileJson {
    fn profile_json(&self) -> Value;
}

impl ProfileJson for Entry {
    fn profile_json(&self) -> Value {
        json!({ "rssi_correction_db": self.profile.rssi_correction_db, "tx_power_dbm": self.profile.tx_power_dbm })
    }
}

fn compare_as_csv(pairs: &[Pair<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "model",
        "correction_one",
        "correction_other",
        "correction_difference",
        "tx_one",
        "tx_other",
        "tx_difference",
    ])?;
    for pair in pairs {
        writer.write_record([
            printable(&pair.one.model).into_owned(),
            pair.one.profile.rssi_correction_db.to_string(),
            pair.other.profile.rssi_correction_db.to_string(),
            pair.correction().value.to_string(),
            pair.one.profile.tx_power_dbm.to_string(),
            pair.other.profile.tx_power_dbm.to_string(),
            pair.tx_power().value.to_string(),
        ])?;
    }
    writer.flush()
}

fn compare_as_text(
    args: &CompareArgs,
    pairs: &[Pair<'_>],
    (ones, others): (usize, usize),
    out: &mut dyn Write,
) -> io::Result<()> {
    let (one, other) = (printable(&args.one.edition), printable(&args.other.edition));
    writeln!(
        out,
        "{} models in both; only in {one} {}, only in {other} {}",
        pairs.len(),
        ones - pairs.len(),
        others - pairs.len()
    )?;
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:<20} {:>22} {:>22} {:>22} {:>22}",
        "MODEL", "CORRECTION dB", "difference", "TX POWER dBm", "difference"
    )?;
    for pair in pairs {
        let (a, b) = (pair.one, pair.other);
        writeln!(
            out,
            "{:<20} {:>22} {:>22} {:>22} {:>22}",
            printable(&a.model),
            format!(
                "{:+} → {:+}",
                a.profile.rssi_correction_db, b.profile.rssi_correction_db
            ),
            pair.correction().text(),
            format!("{:+} → {:+}", a.profile.tx_power_dbm, b.profile.tx_power_dbm),
            pair.tx_power().text()
        )?;
    }
    let middle = |differences: &mut Vec<f64>| {
        differences.sort_by(f64::total_cmp);
        differences.get(differences.len() / 2).copied().unwrap_or(0.0)
    };
    let mut corrections: Vec<f64> = pairs.iter().map(|pair| pair.correction().value).collect();
    let mut powers: Vec<f64> = pairs.iter().map(|pair| pair.tx_power().value).collect();
    writeln!(
        out,
        "\nmedian difference: correction {:+.1} dB, TX power {:+.1} dB",
        middle(&mut corrections),
        middle(&mut powers)
    )
}

/// Writes a table as a file: Google's CSV, or TOML
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The table
    #[arg(value_name = "EDITION|FILE", value_parser = edition)]
    table: Arc<ProfileTable>,
    /// The file to write; its name ends in .csv (Google's format, whole decibels) or .toml
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

/// Writes a table.
pub(super) fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let extension = args
        .out
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let text = match extension {
        "csv" => google::to_csv(&args.table),
        "toml" => to_toml(&args.table),
        _ => {
            return Err(
                Failure::new(Exit::Usage, format!("{}: no such format", args.out.display()))
                    .hint("let the name end in .csv or .toml"),
            );
        }
    };
    let fault = |what: String| Failure::new(Exit::Environment, format!("{}: {what}", args.out.display()));
    let text = text.map_err(|error| fault(error.to_string()))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.out)
        .map_err(|error| fault(reason(&error)).hint("a file that is there already is not overwritten"))?;
    file.write_all(text.as_bytes()).map_err(|error| fault(reason(&error)))?;
    let name = args.out.display().to_string();
    report(format_args!(
        "{}: {} profiles",
        printable(&name),
        args.table.entries().len()
    ));
    Ok(Exit::Done)
}
