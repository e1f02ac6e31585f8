//! What `match` prints.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::keys::Loaded;
use super::{Found, MatchArgs};
use crate::lab::matching::Counts;
use crate::lab::text::printable;
use crate::lab::time::{Enin, UnixMicros};

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/match/1";
/// The columns of the CSV.
const COLUMNS: [&str; 15] = [
    "capture",
    "receiver",
    "keys",
    "number",
    "report_type",
    "rpi",
    "interval",
    "first",
    "last",
    "sightings",
    "tx_dbm",
    "min_att",
    "median_att",
    "day",
    "edition",
];

fn day(key: Enin) -> String {
    UnixMicros(i64::from(key.0) * 600_000_000)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

fn report_type(found: &Found<'_>) -> &'static str {
    found.pooled.key.report_type.map_or("", crate::keys::ReportType::word)
}

pub(super) fn as_csv(args: &MatchArgs, files: &[PathBuf], found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for one in found {
        let db = |value: Option<i32>| value.map(|value| value.to_string()).unwrap_or_default();
        writer.write_record([
            name(&args.captures[one.place.capture]),
            one.receiver.clone(),
            name(&files[one.pooled.file]),
            one.pooled.number.to_string(),
            report_type(one).to_owned(),
            one.rpi.to_string(),
            one.enin.0.to_string(),
            one.first.to_string(),
            one.last.to_string(),
            one.sightings.to_string(),
            one.tx_power_dbm.map(|tx| tx.to_string()).unwrap_or_default(),
            db(one.attenuation_db.map(|(least, _)| least)),
            db(one.attenuation_db.map(|(_, middle)| middle)),
            day(one.pooled.key.rolling_start),
            one.edition.clone(),
        ])?;
    }
    writer.flush()
}

fn name(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

pub(super) fn as_json(args: &MatchArgs, keys: &Loaded, found: &[Found<'_>], counts: Counts) -> Value {
    let (files, pool) = (&keys.paths, &keys.pool);
    let matches = found.iter().map(|one| {
        json!({
            "capture": args.captures[one.place.capture].display().to_string(),
            "receiver": one.receiver,
            "keys": files[one.pooled.file].display().to_string(),
            "number": one.pooled.number,
            "report_type": one.pooled.key.report_type,
            "day": day(one.pooled.key.rolling_start),
            "rpi": one.rpi.to_string(),
            "interval": one.enin,
            "first_us": one.first.0,
            "last_us": one.last.0,
            "sightings": one.sightings,
            "tx_power_dbm": one.tx_power_dbm,
            "edition": one.edition,
            "min_attenuation_db": one.attenuation_db.map(|(least, _)| least),
            "median_attenuation_db": one.attenuation_db.map(|(_, middle)| middle),
        })
    });
    json!({
        "schema": SCHEMA,
        "signatures": keys.signatures(),
        "keys": {
            "files": files.len(),
            "unusable_files": keys.unusable.len(),
            "keys": pool.keys.len(),
            "repeated": pool.repeated,
            "revised": pool.revised,
            "superseded": pool.superseded,
            "with_another_time": pool.with_another_time,
            "recursive": pool.recursive,
            "of_days_without_a_capture": counts.out_of_time,
        },
        "matches": matches.collect::<Vec<_>>(),
    })
}

pub(super) fn as_text(args: &MatchArgs, keys: &Loaded, found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let names = found.iter().map(|one| keys.key_name(one.pooled));
    let cells = names.map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    writeln!(
        out,
        "{:<16} {:<11} {:>cells$}  {:<8}  {:<19}  {:>9} {:>8} {:>9}  REPORT",
        "CAPTURE", "DAY OF KEY", "KEY", "RPI", "FIRST SEEN (UTC)", "SIGHTINGS", "TX", "MIN ATTEN"
    )?;
    for one in found {
        let capture = args.captures[one.place.capture]
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let capture: String = printable(&capture).chars().take(16).collect();
        let first = one.first.to_string();
        let tx = one
            .tx_power_dbm
            .map_or_else(|| "–".to_owned(), |tx| format!("{tx} dBm"));
        let least = one
            .attenuation_db
            .map_or_else(|| "–".to_owned(), |(least, _)| format!("{least} dB"));
        writeln!(
            out,
            "{capture:<16} {:<11} {:>cells$}  {:<8}  {:<19}  {:>9} {tx:>8} {least:>9}  {}",
            day(one.pooled.key.rolling_start),
            keys.key_name(one.pooled),
            one.rpi.to_string().chars().take(8).collect::<String>(),
            first.get(..19).unwrap_or(&first).replace('T', " "),
            one.sightings,
            report_type(one)
        )?;
    }
    let editions: BTreeSet<&str> = found.iter().map(|one| one.edition.as_str()).collect();
    let editions: Vec<&str> = editions.into_iter().collect();
    writeln!(out, "attenuation by the calibration of {}", editions.join(", "))
}
