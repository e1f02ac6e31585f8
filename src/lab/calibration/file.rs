//! Tables of profiles in TOML: those that are built in, and a person's own.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::profiles::{Averages, Entry, Measured, Profile, ProfileTable};
use super::{editions, profiles};
use crate::lab::attenuation::Confidence;

/// Most profiles of a table.
pub(super) const MOST: usize = 100_000;

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// It is no TOML, or not of a table.
    #[error("{0}")]
    Toml(String),
    /// A line of a CSV list is none of a profile.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A profile cannot be meant so.
    #[error("profile of {model:?}: {what}")]
    Profile {
        /// Which.
        model: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The base is no edition.
    #[error("base {0:?} is no published edition")]
    Base(String),
    /// There are too many profiles, or none.
    #[error("it has no profile, or more than {MOST}")]
    Count,
    /// The columns are those of no known list.
    #[error(
        "no list of profiles: the columns are neither those of June 2020 (oem,model,rssi correction …,tx …,has direct \
         measurement) nor those of later ones (oem,device,model,rssi_correction,tx,calibration_confidence)"
    )]
    Columns,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    edition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    average: Option<FileAverages>,
    #[serde(rename = "profile", default)]
    profiles: Vec<FileProfile>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FileAverages {
    android: FileFigures,
    ios: FileFigures,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FileFigures {
    rssi_correction_db: f64,
    tx_power_dbm: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FileProfile {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    oem: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    device: String,
    model: String,
    rssi_correction_db: f64,
    tx_power_dbm: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rssi_correction_interval_db: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tx_power_interval_dbm: Option<[f64; 2]>,
    #[serde(default = "high")]
    confidence: Confidence,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    date: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

const fn high() -> Confidence {
    Confidence::High
}

/// Reads a table.
///
/// # Errors
/// [`TableError`], with the line or the model.
pub fn parse(text: &str) -> Result<ProfileTable, TableError> {
    let file: File = toml::from_str(text).map_err(|error| TableError::Toml(error.to_string()))?;
    if file.profiles.is_empty() || file.profiles.len() > MOST {
        return Err(TableError::Count);
    }
    if let Some(base) = file.base.as_ref().filter(|base| !editions::is_published(base)) {
        return Err(TableError::Base(base.clone()));
    }
    let entries = file.profiles.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let averages = match file.average {
        Some(average) => Averages {
            android: figures(average.android, "average.android")?,
            ios: figures(average.ios, "average.ios")?,
        },
        // A person's own table knows no fleet: that of its base, or of the newest edition.
        None => file
            .base
            .as_deref()
            .and_then(editions::of_edition)
            .unwrap_or_else(editions::newest)
            .averages(),
    };
    let mut table = ProfileTable::new(file.edition, averages, entries);
    table.source = file.source;
    table.base = file.base;
    Ok(table)
}

fn figures(of: FileFigures, model: &str) -> Result<Profile, TableError> {
    let whole = |value: f64, what| {
        whole(value).ok_or_else(|| TableError::Profile {
            model: model.to_owned(),
            what,
        })
    };
    Ok(Profile {
        rssi_correction_db: whole(of.rssi_correction_db, "rssi_correction_db is -60 to 60 dB")?,
        tx_power_dbm: whole(of.tx_power_dbm, "tx_power_dbm is -60 to 60 dBm")?,
    })
}

/// Whole decibels, halves up; `None` of what no phone can have.
pub(super) fn whole(value: f64) -> Option<i8> {
    #[expect(clippy::cast_possible_truncation, reason = "within -60 to 60")]
    (-60.0..=60.0).contains(&value).then(|| (value + 0.5).floor() as i8)
}

fn entry(of: FileProfile) -> Result<Entry, TableError> {
    let fault = |what| TableError::Profile {
        model: of.model.clone(),
        what,
    };
    let measured = |value: f64, interval: Option<[f64; 2]>| match interval {
        Some([low, high]) if low <= value && value <= high && (high - low).is_finite() => {
            Ok(Some(Measured { value, low, high }))
        }
        Some(_) => Err(fault("an interval has the figure within its two ends")),
        // What is no whole number would be lost.
        None if value.fract() != 0.0 => Ok(Some(Measured {
            value,
            low: value,
            high: value,
        })),
        None => Ok(None),
    };
    if of.model.trim().is_empty() {
        return Err(fault("it needs a model"));
    }
    let values = FileFigures {
        rssi_correction_db: of.rssi_correction_db,
        tx_power_dbm: of.tx_power_dbm,
    };
    Ok(Entry {
        profile: figures(values, &of.model)?,
        correction: measured(of.rssi_correction_db, of.rssi_correction_interval_db)?,
        tx_power: measured(of.tx_power_dbm, of.tx_power_interval_dbm)?,
        oem: of.oem,
        device: of.device,
        model: of.model,
        confidence: of.confidence,
        source: of.source,
        date: of.date,
        notes: of.notes,
    })
}

/// The table as text that [`parse`] reads; it begins with what the figures mean.
///
/// # Errors
/// Never for a table that was read or fitted.
pub fn to_toml(table: &ProfileTable) -> Result<String, TableError> {
    let of = |profile: Profile| FileFigures {
        rssi_correction_db: profile.rssi_correction_db.into(),
        tx_power_dbm: profile.tx_power_dbm.into(),
    };
    let profile = |entry: &Entry| {
        let figures = of(entry.profile);
        let interval = |measured: Option<Measured>| measured.map(|of| [rounded(of.low), rounded(of.high)]);
        FileProfile {
            oem: entry.oem.clone(),
            device: entry.device.clone(),
            model: entry.model.clone(),
            rssi_correction_db: entry
                .correction
                .map_or(figures.rssi_correction_db, |of| rounded(of.value)),
            tx_power_dbm: entry.tx_power.map_or(figures.tx_power_dbm, |of| rounded(of.value)),
            rssi_correction_interval_db: interval(entry.correction),
            tx_power_interval_dbm: interval(entry.tx_power),
            confidence: entry.confidence,
            source: entry.source.clone(),
            date: entry.date.clone(),
            notes: entry.notes.clone(),
        }
    };
    let averages = table.averages();
    let file = File {
        edition: table.edition.clone(),
        source: table.source.clone(),
        base: table.base.clone(),
        average: Some(FileAverages {
            android: of(averages.android),
            ios: of(averages.ios),
        }),
        profiles: table.entries().iter().map(profile).collect(),
    };
    let body = toml::to_string(&file).map_err(|error| TableError::Toml(error.to_string()))?;
    Ok(format!(
        "# Profiles of phone models, relative to an average iPhone; intervals are of 90 %.\n# attenuation (dB) = TX power of \
         the sender (dBm) - (RSSI (dBm) + RSSI correction of the receiver (dB))\n\n{body}"
    ))
}

/// To hundredths of a decibel.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The mean of all entries, for a list that tells none.
pub(super) fn averages_of(entries: &[Entry]) -> Averages {
    let ios = editions::newest().averages().ios;
    let android = profiles::mean(entries.iter().map(|entry| entry.profile));
    Averages {
        android: android.unwrap_or(editions::newest().averages().android),
        ios,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_to_the_same() {
        for table in editions::editions() {
            assert_eq!(&parse(&to_toml(table).unwrap()).unwrap(), table);
        }
        let text = "edition = 'lab'\nbase = '2020-12-14'\nsource = 'bench'\n[[profile]]\nmodel = 'X'\nrssi_correction_db = 2.4\n\
                    tx_power_dbm = -28.5\nrssi_correction_interval_db = [1.9, 2.9]\nconfidence = 'medium'\ndate = '2026-11-27'\n";
        let table = parse(text).unwrap();
        let entry = &table.entries()[0];
        assert_eq!((entry.profile.rssi_correction_db, entry.profile.tx_power_dbm), (2, -28));
        assert!((entry.correction.unwrap().high - 2.9).abs() < 1e-9);
        assert_eq!(entry.confidence, Confidence::Medium);
        let again = parse(&to_toml(&table).unwrap()).unwrap();
        assert_eq!(
            (again.entries()[0].correction, &again.base),
            (entry.correction, &table.base)
        );
    }

    #[test]
    fn what_cannot_be_is_told() {
        let profile = |more: &str| format!("edition = 'x'\n{more}[[profile]]\nmodel = 'm'\ntx_power_dbm = -20\n");
        let fault = |text: String| parse(&text).unwrap_err().to_string();
        assert!(fault(profile("")).contains("rssi_correction_db"));
        assert!(fault(profile("base = 'y'\n") + "rssi_correction_db = 1\n").contains("no published edition"));
        for wrong in ["nan", "1e300", "-61"] {
            let text = profile("") + &format!("rssi_correction_db = {wrong}\n");
            assert_eq!(
                fault(text),
                "profile of \"m\": rssi_correction_db is -60 to 60 dB",
                "{wrong}"
            );
        }
        let text = profile("") + "rssi_correction_db = 1\nrssi_correction_interval_db = [2, 3]\n";
        assert!(fault(text).contains("within its two ends"));
        assert!(fault("edition = 'x'\n".to_owned()).contains("no profile"));
    }
}
