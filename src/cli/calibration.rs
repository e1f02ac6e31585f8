//! Which figures of phones a verb counts with.

use std::sync::Arc;

use clap::Args;

use crate::lab::attenuation::ProfileTable;
use crate::lab::calibration::Calibration;

/// What a person tells of the phones.
#[derive(Clone, Debug, Args)]
pub(super) struct CalibrationArgs {
    /// Edition of the calibration list: 2020-06-13, 2020-08-13, 2020-09-18, 2020-12-14; without it, the one that the
    /// capture names, or the one that was in force at its time
    #[arg(long, value_name = "DATE", value_parser = edition)]
    edition: Option<Arc<ProfileTable>>,
    /// Model of a receiver (`01=SM-G973F`), or of all that have no own (`SM-G973F`); before what the capture says
    #[arg(long, value_name = "[STATION=]MODEL")]
    model: Vec<String>,
}

impl CalibrationArgs {
    /// What was asked for.
    pub(super) fn calibration(&self) -> Calibration {
        let mut calibration = self.edition.clone().map(Calibration::fixed).unwrap_or_default();
        for given in &self.model {
            match given.split_once('=') {
                Some((station, model)) => calibration.set_model(Some(station.to_owned()), model.to_owned()),
                None => calibration.set_model(None, given.clone()),
            }
        }
        calibration
    }
}

/// The built-in edition of that date.
pub(super) fn edition(text: &str) -> Result<Arc<ProfileTable>, String> {
    let known = || {
        ProfileTable::editions()
            .map(|table| table.edition.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    ProfileTable::of_edition(text)
        .map(|table| Arc::new(table.clone()))
        .ok_or_else(|| format!("no such edition; there are {}", known()))
}
