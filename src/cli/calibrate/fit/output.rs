//! What `calibrate fit` prints.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Fitted;
use crate::cli::json::JsonPrintable;
use crate::lab::calibration::fit::{Estimate, Parameter, Reason, State, Warning};
use crate::lab::calibration::measure::ATTENUATION_DB;
use crate::lab::calibration::words;
pub(super) use crate::lab::calibration::words::{figure, unit};
use crate::lab::calibration::{Entry, ProfileTable, made};
use crate::lab::text::printable;

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/calibration-fit/1";
/// So many groups are shown one by one in text.
const GROUPS: usize = 60;

/// What fixes the scale, in words.
pub(super) fn scale(fitted: &Fitted) -> String {
    printable(&made::scale(&fitted.references)).into_owned()
}

pub(super) fn state(state: &State, unit: &str) -> String {
    match state {
        State::Fixed(value) => format!("{value:+.1} {unit}, known"),
        State::Estimated(estimate) => figure(estimate, unit),
        State::Untold(reason) => format!("not told: {reason}"),
    }
}

/// The name of a phone as tables write it, without spaces and in small letters: `iPhone 7` is `iPhone7`.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        name.chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    plain(one) == plain(other)
}

/// The entry of a table for a phone: by its name, which is that of its model where phones are told apart by models, else by
/// its model, which may stand behind manufacturer and device.
fn entry<'a>(fitted: &Fitted, table: &'a ProfileTable, phone: usize) -> Option<&'a Entry> {
    let names = [fitted.bench.phones.get(phone), fitted.bench.models.get(phone)];
    let of = |name: &String| {
        let model = name.rsplit('/').next().unwrap_or(name);
        let entries = || table.entries().iter();
        let is = |wanted: &str| entries().find(|entry| alike(&entry.model, wanted));
        is(name).or_else(|| is(model))
    };
    names.into_iter().flatten().filter(|name| !name.is_empty()).find_map(of)
}

/// Phones with a figure that was measured and to which a table has nothing to compare.
pub(super) fn missing(fitted: &Fitted, table: &ProfileTable) -> Vec<String> {
    let is_measured = |phone: usize| {
        let of = |parameter| matches!(fitted.fit.get(parameter), State::Estimated(_));
        of(Parameter::Correction(phone)) || of(Parameter::Tx(phone))
    };
    let phones = fitted.bench.phones.iter().enumerate();
    let missing = phones.filter(|(phone, _)| is_measured(*phone) && entry(fitted, table, *phone).is_none());
    missing.map(|(_, name)| printable(name).into_owned()).collect()
}

/// Which phones are not compared with which table, and why.
pub(super) fn uncompared(fitted: &Fitted, tables: &[Arc<ProfileTable>]) -> Vec<String> {
    let of = |table: &Arc<ProfileTable>| {
        let missing = missing(fitted, table);
        (!missing.is_empty()).then(|| {
            format!(
                "not compared with {}, which has no profile of that name or model: {} (`--model NAME=MODEL` tells the model of a \
                 receiver, `vicino mark --model` that of a sender)",
                printable(&table.edition),
                missing.join(", ")
            )
        })
    };
    tables.iter().filter_map(of).collect()
}

/// The figure of a table for a phone's correction or TX power.
fn published(fitted: &Fitted, table: &ProfileTable, parameter: Parameter) -> Option<f64> {
    let (Parameter::Correction(phone) | Parameter::Tx(phone)) = parameter else {
        return None;
    };
    let entry = entry(fitted, table, phone)?;
    let (measured, whole) = match parameter {
        Parameter::Correction(_) => (entry.correction, entry.profile.rssi_correction_db),
        Parameter::Tx(_) => (entry.tx_power, entry.profile.tx_power_dbm),
        _ => return None,
    };
    Some(measured.map_or_else(|| whole.into(), |measured| measured.value))
}

/// What a table says beside what was measured: the difference, with the interval of the measurement.
pub(super) fn beside(
    fitted: &Fitted,
    table: &ProfileTable,
    parameter: Parameter,
    state: &State,
) -> Option<(f64, Estimate)> {
    let of_table = published(fitted, table, parameter)?;
    let State::Estimated(estimate) = state else { return None };
    let mut difference = *estimate;
    difference.value -= of_table;
    if let Some(interval) = &mut difference.interval {
        interval.low -= of_table;
        interval.high -= of_table;
    }
    Some((of_table, difference))
}

/// A name for headings and legends: neutralised, and long ones cut.
#[cfg(feature = "plots")]
pub(super) fn short_name(names: &[String], number: usize) -> String {
    let name = names.get(number).map(|name| printable(name)).unwrap_or_default();
    crate::report::page::cut(&name, 60)
}

/// A warning in words.
pub(super) fn warning(fitted: &Fitted, warning: &Warning) -> String {
    words::warning(&fitted.bench, &fitted.fit, warning)
}

/// What every reader of the figures must know.
pub(super) fn cautions(fitted: &Fitted) -> Vec<String> {
    let mut all = words::cautions(&fitted.bench, &fitted.fit);
    all.extend(attenuation_hint(fitted));
    all
}

/// What tells more where only sums with the attenuation at 1 m are told: the screen of `calibrate measure` takes that as known.
fn attenuation_hint(fitted: &Fitted) -> Option<String> {
    let is_traded = |state: &State| matches!(state, State::Untold(Reason::TradeOff(others)) if others.contains(&Parameter::Attenuation));
    let all = fitted.fit.parameters.iter();
    let mut traded = all
        .filter(|(_, state)| is_traded(state))
        .map(|(parameter, _)| fitted.name(*parameter));
    let first = traded.next()?;
    Some(format!(
        "{first} and the attenuation at 1 m are told only together: --a1 {ATTENUATION_DB} takes that as `calibrate measure` does (of \
         a chamber; free space has 40.2, a room its own)"
    ))
}

/// The warnings that are no cautions.
pub(super) fn others(fitted: &Fitted) -> impl Iterator<Item = &Warning> {
    fitted.fit.warnings.iter().filter(|of| !of.is_of_all())
}

/// Where the intervals come from.
pub(super) fn intervals(fitted: &Fitted) -> String {
    match (fitted.bootstrap, fitted.fit.drawn) {
        (None, _) => "from the model; nothing is drawn by chance".to_owned(),
        (Some(_), 0) => {
            "from the model: there was too little to draw from for the bootstrap that was asked for".to_owned()
        }
        (Some(seed), rounds) => format!("bootstrap of {rounds} draws, seed {seed}"),
    }
}

pub(super) fn as_text(fitted: &Fitted, tables: &[Arc<ProfileTable>], out: &mut dyn Write) -> io::Result<()> {
    let quality = &fitted.fit.quality;
    writeln!(
        out,
        "{} reports in {} groups; {} phones, {} sessions, {} orientations",
        quality.counts.used,
        quality.groups,
        fitted.bench.phones.len(),
        fitted.bench.sessions.len(),
        fitted.bench.orientations.len()
    )?;
    writeln!(out, "scale fixed by {}", scale(fitted))?;
    let optional =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}{unit}"));
    writeln!(
        out,
        "residuals {} (between groups {:.2} dB), R² {}, {} degrees of freedom\n",
        optional(quality.residual_sd_db, " dB"),
        quality.between_sd_db,
        optional(quality.r_squared, ""),
        quality.freedom
    )?;
    writeln!(out, "{:<36} 90 % INTERVAL ({})", "PARAMETER", intervals(fitted))?;
    for (parameter, of) in &fitted.fit.parameters {
        writeln!(out, "{:<36} {}", fitted.name(*parameter), state(of, unit(*parameter)))?;
        for table in tables {
            if let Some((value, difference)) = beside(fitted, table, *parameter, of) {
                writeln!(
                    out,
                    "{:<36} {value:+.1}: difference {}",
                    format!("  {}", printable(&table.edition)),
                    figure(&difference, unit(*parameter))
                )?;
            }
        }
    }
    let contrasts = fitted.fit.contrasts();
    if !contrasts.is_empty() {
        writeln!(out, "\nTOLD TOGETHER")?;
        for contrast in &contrasts {
            writeln!(out, "{}", words::contrast(&fitted.bench, contrast))?;
        }
    }
    writeln!(
        out,
        "\nOF REPORTS: MEDIAN and IQR, in whole decibels as they were received. OF THE FIT: LEVEL, the median with the fraction that \
         the counts\nof its decibel tell, against the level that is EXPECTED; RESIDUAL = LEVEL − EXPECTED, not MEDIAN − EXPECTED\n"
    )?;
    writeln!(
        out,
        "{:<44} {:>7} {:>8} {:>6} │ {:>8} {:>9} {:>9} {:>7}",
        "GROUP", "REPORTS", "MEDIAN", "IQR", "LEVEL", "EXPECTED", "RESIDUAL", "WEIGHT"
    )?;
    for judged in fitted.fit.groups.iter().take(GROUPS) {
        let Some(levels) = &judged.group.levels else { continue };
        let name: String = words::group(&fitted.bench, judged).chars().take(44).collect();
        writeln!(
            out,
            "{name:<44} {:>7} {:>8.1} {:>6.1} │ {:>8.1} {:>9.1} {:>+9.1} {:>7.2}",
            levels.n,
            levels.median_dbm,
            levels.iqr_db,
            levels.grouped_median_dbm,
            judged.expected_dbm,
            judged.residual_db,
            judged.weight
        )?;
    }
    if fitted.fit.groups.len() > GROUPS {
        writeln!(out, "… {} more (--csv shows all)", fitted.fit.groups.len() - GROUPS)?;
    }
    let warnings = others(fitted).map(|of| warning(fitted, of));
    let all = cautions(fitted)
        .into_iter()
        .chain(uncompared(fitted, tables))
        .chain(warnings);
    let all: Vec<String> = all.collect();
    if !all.is_empty() {
        writeln!(out)?;
    }
    all.iter().try_for_each(|line| writeln!(out, "! {line}"))
}

pub(super) fn as_csv(fitted: &Fitted, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "sender",
        "receiver",
        "session",
        "orientation",
        "distance_m",
        "reports",
        "saturated",
        "median_dbm",
        "iqr_db",
        "expected_dbm",
        "residual_db",
        "scaled_residual",
        "weight",
        "level_dbm",
    ])?;
    for judged in &fitted.fit.groups {
        let group = &judged.group;
        let Some(levels) = &group.levels else { continue };
        let name = |names: &[String], number: usize| {
            names
                .get(number)
                .map(|name| printable(name).into_owned())
                .unwrap_or_default()
        };
        writer.write_record([
            name(&fitted.bench.phones, group.sender),
            name(&fitted.bench.phones, group.receiver),
            name(&fitted.bench.sessions, group.session),
            group
                .orientation
                .map(|number| name(&fitted.bench.orientations, number))
                .unwrap_or_default(),
            format!("{:.3}", group.distance.0),
            levels.n.to_string(),
            group.counts.saturated.to_string(),
            format!("{:.2}", levels.median_dbm),
            format!("{:.2}", levels.iqr_db),
            format!("{:.2}", judged.expected_dbm),
            format!("{:.2}", judged.residual_db),
            judged.scaled.map(|scaled| format!("{scaled:.2}")).unwrap_or_default(),
            format!("{:.3}", judged.weight),
            // What is fitted, and what residuals are of.
            format!("{:.2}", levels.grouped_median_dbm),
        ])?;
    }
    writer.flush()
}

pub(super) fn as_json(fitted: &Fitted, tables: &[Arc<ProfileTable>], out: &mut dyn Write) -> io::Result<()> {
    let parameters = fitted.fit.parameters.iter().map(|(parameter, of)| {
        let compared = tables.iter().filter_map(|table| {
            let (value, difference) = beside(fitted, table, *parameter, of)?;
            Some(json!({ "edition": table.edition, "value": value, "difference": difference }))
        });
        json!({
            "parameter": parameter,
            "name": fitted.name(*parameter),
            "unit": unit(*parameter),
            "state": of,
            "reason": match of { State::Untold(reason) => Some(reason.to_string()), _ => None },
            "beside": compared.collect::<Vec<Value>>(),
        })
    });
    let warnings = fitted
        .fit
        .warnings
        .iter()
        .map(|of| json!({ "kind": of, "text": warning(fitted, of) }));
    let value = json!({
        "schema": SCHEMA,
        "phones": fitted.bench.phones,
        "sessions": fitted.bench.sessions,
        "orientations": fitted.bench.orientations,
        "references": fitted.references.iter().map(|(model, correction, power)| json!({
            "model": model, "rssi_correction_db": correction, "tx_power_dbm": power,
        })).collect::<Vec<_>>(),
        "quality": fitted.fit.quality,
        "intervals": {
            "asked": if fitted.bootstrap.is_some() { "bootstrap" } else { "model" },
            "from": if fitted.fit.drawn > 0 { "bootstrap" } else { "model" },
            "rounds": fitted.fit.drawn,
        },
        "parameters": parameters.collect::<Vec<_>>(),
        "contrasts": fitted.fit.contrasts(),
        "groups": fitted.fit.groups,
        "unusable": fitted.fit.unusable,
        "warnings": warnings.collect::<Vec<_>>(),
        "cautions": cautions(fitted),
        "uncompared": tables.iter().map(|table| json!({
            "edition": table.edition, "phones": missing(fitted, table),
        })).collect::<Vec<Value>>(),
    });
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(JsonPrintable(&mut out), &value)?;
    writeln!(out)?;
    out.flush()
}
