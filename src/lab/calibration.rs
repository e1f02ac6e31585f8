//! Which figures of phones count: those that were asked for, or those that phones had at the time of the data.

pub mod bench;
pub mod editions;
mod file;
pub mod fit;
pub mod google;
pub mod made;
pub mod measure;
mod profiles;
mod unknown;
pub mod words;

use std::sync::Arc;

use super::event::StationInfo;
use super::time::UnixMicros;
pub use file::{TableError, parse, to_toml};
pub use profiles::{Averages, Entry, Found, Measured, Profile, ProfileTable};

/// Whether a text can be the name of a table of one's own, which is that of a file too.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    !text.is_empty() && text.len() <= 60 && !text.starts_with('.') && text.chars().all(is_plain)
}

/// What a person asked for; by default the edition of each receiver's time.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    fixed: Option<Arc<ProfileTable>>,
    models: Vec<(Option<String>, String)>,
}

impl Calibration {
    /// Always this table.
    #[must_use]
    pub fn fixed(table: Arc<ProfileTable>) -> Self {
        Self {
            fixed: Some(table),
            ..Self::default()
        }
    }

    /// Takes a station to be of a model, whatever the capture says; without a station all that have no model of their
    /// own here.
    pub fn set_model(&mut self, station: Option<String>, model: String) {
        self.models.retain(|(known, _)| *known != station);
        self.models.push((station, model));
    }

    /// The model that was told for a station.
    #[must_use]
    pub fn model_of(&self, station: &str) -> Option<&str> {
        let of = |wanted: Option<&str>| self.models.iter().find(move |(known, _)| known.as_deref() == wanted);
        of(Some(station)).or_else(|| of(None)).map(|(_, model)| model.as_str())
    }

    /// The table that was asked for; else that of this edition, or the newest.
    #[must_use]
    pub fn table_or(&self, edition: &str) -> &ProfileTable {
        match &self.fixed {
            Some(table) => table,
            None => editions::of_edition(edition).unwrap_or_else(editions::newest),
        }
    }

    /// The table for what a station heard: the one that was asked for; else that of the edition that the capture names;
    /// else the one that was in force then.
    #[must_use]
    pub fn table(&self, station: Option<&StationInfo>, at: UnixMicros) -> &ProfileTable {
        let told = || station.and_then(|station| editions::of_edition(&station.edition));
        match &self.fixed {
            Some(table) => table,
            None => told().unwrap_or_else(|| editions::in_force(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_before_what_the_capture_says_and_that_before_the_time() {
        let at = UnixMicros(1_596_113_355_000_000);
        let mut station = StationInfo::default();
        let of_time = Calibration::default();
        assert_eq!(of_time.table(Some(&station), at).edition, "2020-06-13");
        station.edition = "2020-12-14".to_owned();
        assert_eq!(of_time.table(Some(&station), at).edition, "2020-12-14");
        assert_eq!(of_time.table(None, at).edition, "2020-06-13");
        let asked = Calibration::fixed(Arc::new(editions::of_edition("2020-08-13").unwrap().clone()));
        assert_eq!(asked.table(Some(&station), at).edition, "2020-08-13");
        station.edition = "of nobody".to_owned();
        assert_eq!(of_time.table(Some(&station), at).edition, "2020-06-13");
    }

    #[test]
    fn a_model_of_a_station_is_before_one_for_all() {
        let mut told = Calibration::default();
        assert_eq!(told.model_of("01"), None);
        told.set_model(None, "SM-A405FN".to_owned());
        told.set_model(Some("01".to_owned()), "SM-G973F".to_owned());
        told.set_model(Some("01".to_owned()), "SM-G970F".to_owned());
        assert_eq!(told.model_of("01"), Some("SM-G970F"));
        assert_eq!(told.model_of("02"), Some("SM-A405FN"));
    }
}
