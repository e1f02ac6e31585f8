//! Keys in CSV: those of the lab, and those to export.

use thiserror::Error;

use super::{DiagnosisKey, ReportType};
use crate::lab::crypto::Tek;
use crate::lab::secret_rows::{Row, SecretRows};
use crate::lab::time::Enin;

/// Most rows of a table.
const MOST_ROWS: usize = 2_000_000;

/// Why a table of keys cannot be used; says nothing of the keys themselves.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// It is no CSV file with the columns of one.
    #[error("no table of keys: needs the columns {0}")]
    Columns(String),
    /// A line is none of a key.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are too many.
    #[error("more than {MOST_ROWS} keys")]
    TooMany,
}

/// Calls `each` with the cells of every row: those of `needed` columns, then those of `optional` ones (empty where there
/// is no such column).
pub(super) fn rows(
    text: &str,
    needed: &[&str],
    optional: &[&str],
    mut each: impl FnMut(&[&str]) -> Result<(), &'static str>,
) -> Result<(), TableError> {
    let columns = || TableError::Columns(needed.join(","));
    let mut rows = SecretRows::new(text);
    let Row::At(_) = rows.next() else { return Err(columns()) };
    let mut places = Vec::with_capacity(needed.len() + optional.len());
    for name in needed {
        places.push(Some(rows.place(name).ok_or_else(columns)?));
    }
    places.extend(optional.iter().map(|name| rows.place(name)));
    for count in 0.. {
        let fault = |line| move |what| TableError::Line { line, what };
        let line = match rows.next() {
            Row::At(_) if count >= MOST_ROWS => return Err(TableError::TooMany),
            Row::At(line) => line,
            Row::End => break,
            Row::Unreadable(line) => return Err(fault(line)("cannot be read")),
        };
        let cell = |place: &Option<usize>| place.map_or("", |place| rows.cell(place));
        let cells: Vec<&str> = places.iter().map(cell).collect();
        each(&cells).map_err(fault(line))?;
    }
    Ok(())
}

/// A key of 32 hexadecimal digits.
pub(super) fn tek(text: &str) -> Result<Tek, &'static str> {
    Tek::from_hex(text).ok_or("tek: 32 hexadecimal digits are needed")
}

/// The first interval of a key; at most what a reader of exports can hold.
pub(super) fn start(text: &str) -> Result<Enin, &'static str> {
    let most = i32::MAX.cast_unsigned() - 144;
    let start = text.parse().ok().filter(|start| *start <= most);
    start
        .map(Enin)
        .ok_or("rolling_start: a number of an interval is needed")
}

/// For how many intervals a key is used.
pub(super) fn period(text: &str) -> Result<u8, &'static str> {
    let period = text.parse().ok().filter(|period| (1..=144).contains(period));
    period.ok_or("rolling_period: 1 to 144 intervals")
}

/// The keys of a CSV file, first those to publish for the first time, then revised ones. Columns: `tek` (32 hexadecimal
/// digits), `rolling_start` (number of an interval of ten minutes since 1970), `rolling_period` (1 to 144; empty for a
/// day), and where they are there `transmission_risk_level` (0 to 8), `report_type` (number or word, see
/// [`ReportType::word`]), `days_since_onset` (-14 to 14), `variant` (0 to 4) and `revised` (`true` or `false`); other
/// columns are not looked at, so that a file of lab keys is one.
///
/// # Errors
/// [`TableError`], with the line.
pub fn keys_of_table(text: &str) -> Result<(Vec<DiagnosisKey>, Vec<DiagnosisKey>), TableError> {
    let needed = ["tek", "rolling_start", "rolling_period"];
    let optional = [
        "transmission_risk_level",
        "report_type",
        "days_since_onset",
        "variant",
        "revised",
    ];
    let (mut keys, mut revised) = (Vec::new(), Vec::new());
    rows(text, &needed, &optional, |cells| {
        let [
            tek_cell,
            start_cell,
            period_cell,
            level,
            report,
            days,
            variant,
            is_revised,
        ] = cells
        else {
            return Err("cannot be read");
        };
        let mut key = DiagnosisKey::new(tek(tek_cell)?, start(start_cell)?);
        key.rolling_period = told(period_cell).map(period).transpose()?;
        let small = |text: &str, most: u8| text.parse().ok().filter(|value: &u8| *value <= most);
        key.transmission_risk_level = told(level)
            .map(|level| small(level, 8).ok_or("transmission_risk_level: 0 to 8"))
            .transpose()?;
        key.report_type = told(report).map(report_type).transpose()?;
        key.days_since_onset = told(days).map(onset).transpose()?;
        key.variant = told(variant)
            .map(|variant| small(variant, 4).ok_or("variant: 0 to 4"))
            .transpose()?;
        match *is_revised {
            "" | "false" => keys.push(key),
            "true" => revised.push(key),
            _ => return Err("revised: true or false"),
        }
        Ok(())
    })?;
    Ok((keys, revised))
}

fn told<'a>(cell: &&'a str) -> Option<&'a str> {
    Some(*cell).filter(|cell| !cell.is_empty())
}

fn report_type(text: &str) -> Result<ReportType, &'static str> {
    let by_number = text.parse().ok().and_then(ReportType::of);
    let by_word = || ReportType::ALL.into_iter().find(|report| report.word() == text);
    by_number
        .or_else(by_word)
        .ok_or("report_type: 0 to 5, or a word like confirmed-test")
}

fn onset(text: &str) -> Result<i8, &'static str> {
    let days = text.parse().ok().filter(|days| (-14..=14).contains(days));
    days.ok_or("days_since_onset: -14 to 14")
}

/// A key of 32 hexadecimal digits; `None` where the text is none.
#[must_use]
pub fn parse_tek(text: &str) -> Option<Tek> {
    tek(text).ok()
}
