//! Which figures of phones a verb counts with.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use etcetera::BaseStrategy as _;

use super::tell;
use crate::format::reason;
use crate::lab::calibration::{Calibration, ProfileTable, editions, google, is_name, parse};
use crate::lab::distance::Model;
use crate::lab::text::printable;

/// What a person tells of the phones.
#[derive(Clone, Debug, Args)]
pub(super) struct CalibrationArgs {
    /// Calibration list: an edition (2020-06-13, 2020-08-13, 2020-09-18, 2020-12-14), a file (Google's CSV, or TOML), or
    /// the name of one of your own; without it, the one that the capture names, or the one that was in force at its time
    /// (`distance`: the one that its model was learnt with)
    #[arg(long, value_name = "EDITION|FILE", value_parser = edition)]
    edition: Option<Arc<ProfileTable>>,
    /// Model of a receiver (`01=SM-G973F`), or of all that have no own (`SM-G973F`); before what the capture says
    #[arg(long, value_name = "[STATION=]MODEL")]
    model: Vec<String>,
}

impl CalibrationArgs {
    /// What was asked for, as words of a command line.
    #[cfg(feature = "plots")]
    pub(super) fn words(&self) -> Vec<String> {
        let edition = self.edition.iter().map(|table| ["--edition", &table.edition]);
        let models = self.model.iter().map(|model| ["--model", model]);
        edition.chain(models).flatten().map(str::to_owned).collect()
    }

    /// The stations of which a model was told.
    pub(super) fn stations(&self) -> impl Iterator<Item = &str> {
        self.model.iter().filter_map(|given| Some(given.split_once('=')?.0))
    }

    /// What was asked for; where no edition was, this one.
    pub(super) fn calibration_or(&self, date: &str) -> Calibration {
        let own = || editions::of_edition(date).map(|table| Arc::new(table.clone()));
        self.with(self.edition.clone().or_else(own))
    }

    /// The table that was asked for.
    pub(super) fn asked(&self) -> Option<&ProfileTable> {
        self.edition.as_deref()
    }

    /// What was asked for.
    pub(super) fn calibration(&self) -> Calibration {
        self.with(self.edition.clone())
    }

    fn with(&self, table: Option<Arc<ProfileTable>>) -> Calibration {
        let mut calibration = table.map(Calibration::fixed).unwrap_or_default();
        let newest = editions::newest();
        for given in &self.model {
            let model = given.split_once('=').map_or(given.as_str(), |(_, model)| model);
            let table = calibration.table_or("");
            // One of another edition is known too.
            if let Some(doubt) = table.doubt(model).filter(|_| newest.doubt(model).is_some()) {
                tell(format_args!("--model {}: {}", printable(given), printable(&doubt)));
            }
            match given.split_once('=') {
                Some((station, model)) => calibration.set_model(Some(station.to_owned()), model.to_owned()),
                None => calibration.set_model(None, given.clone()),
            }
        }
        calibration
    }
}

/// The name of a table or a model of one's own, which is that of a file too.
pub(super) fn own_name(text: &str) -> Result<String, String> {
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("a name of letters, digits, - and _".to_owned())
    }
}

/// Longer lists are refused, in bytes.
const MOST: u64 = 16 * 1024 * 1024;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(super) enum EditionError {
    /// Nobody knows the name: the command line is wrong.
    #[error("{0}")]
    Unknown(String),
    /// There is a file, but no table in it: the input is.
    #[error("{0}")]
    File(String),
}

/// The table of that name: a published edition that is built in, a file, or one of the person's own.
pub(super) fn edition(text: &str) -> Result<Arc<ProfileTable>, EditionError> {
    if let Some(table) = editions::of_edition(text) {
        return Ok(Arc::new(table.clone()));
    }
    let path = Path::new(text);
    let own = own_folder().map(|folder| folder.join(format!("{text}.toml")));
    if path.extension().is_some() || path.is_file() {
        return table(path).map(Arc::new).map_err(EditionError::File);
    }
    if let Some(own) = own.filter(|own| own.is_file()) {
        return table(&own).map(Arc::new).map_err(EditionError::File);
    }
    let mut known: Vec<&str> = editions::editions().map(|table| table.edition.as_str()).collect();
    known.push("dp3t-anechoic (EPFL's own measurements)");
    let folder = own_folder().map(|folder| folder.display().to_string());
    Err(EditionError::Unknown(format!(
        "no such edition; there are {}, files (.csv, .toml), and those of your own in {}",
        known.join(", "),
        folder.as_deref().unwrap_or("the data folder")
    )))
}

/// Where a person's own tables lie: `vicino/calibration` in the folder for data.
pub(super) fn own_folder() -> Option<PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().ok()?;
    Some(strategy.data_dir().join("vicino").join("calibration"))
}

/// Reads a table: one of Google's lists (`.csv`), or TOML.
pub(super) fn table(path: &Path) -> Result<ProfileTable, String> {
    let fault = |what: &str| format!("{}: {what}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| fault(&reason(&error)))?;
    let read = file.take(MOST + 1).read_to_string(&mut text);
    read.map_err(|error| fault(&reason(&error)))?;
    if text.len() as u64 > MOST {
        return Err(fault("is longer than 16 MiB"));
    }
    let is_csv = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let parsed = if is_csv {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        google::parse(&text, stem.strip_prefix("en-calibration-").unwrap_or(&stem))
    } else {
        parse(&text)
    };
    parsed.map_err(|error| {
        // A model of distance lies in the same folder.
        if !is_csv && Model::parse(&text).is_ok() {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_own = own_folder().is_some_and(|own| path.parent() == Some(&own));
            let of_own = stem.strip_prefix("distance-").filter(|_| is_own);
            let name = of_own.map_or_else(|| path.display().to_string(), str::to_owned);
            return fault(&format!(
                "is a model of distance, no table of profiles: `vicino distance CAPTURE --estimator {name}` estimates with it and \
                 says what it was learnt from"
            ));
        }
        fault(&error.to_string())
    })
}
