//! Attenuation from signal strength: what is known of sender and receiver, and how far it can be trusted.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::beacon::Family;
use super::time::UnixMicros;
use super::units::{Db, Dbm};

/// How far a calibration can be trusted; the scale of exposure notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing known of the model: the average of its class is assumed.
    Lowest,
    /// Average of the manufacturer.
    Low,
    /// A similar model, or one measured in a single orientation.
    Medium,
    /// Measured for this model.
    High,
}

/// What is known of a phone model, relative to an average iPhone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Added to the model's RSSI, in dB.
    pub rssi_correction_db: i8,
    /// Radiated level as an average iPhone would report it, in dBm.
    pub tx_power_dbm: i8,
}

/// Profiles by model, of one edition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileTable {
    /// Which edition.
    pub edition: String,
    average: Averages,
    #[serde(rename = "profile")]
    profiles: Vec<NamedProfile>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Averages {
    android: Profile,
    ios: Profile,
}

#[derive(Clone, Debug, Deserialize)]
struct NamedProfile {
    model: String,
    #[serde(flatten)]
    profile: Profile,
}

static STARTER: LazyLock<ProfileTable> = LazyLock::new(|| {
    toml::from_str(include_str!("../../calibration/starter.toml"))
        .expect("the built-in table parses, as its test shows")
});

/// The built-in editions besides the starter's, oldest first.
static EARLIER: LazyLock<[ProfileTable; 3]> = LazyLock::new(|| {
    [
        include_str!("../../calibration/2020-06-13.toml"),
        include_str!("../../calibration/2020-08-13.toml"),
        include_str!("../../calibration/2020-09-18.toml"),
    ]
    .map(|text| toml::from_str(text).expect("the built-in tables parse, as their test shows"))
});

/// When each built-in edition came out: the beginning of its day.
static OUT: LazyLock<Vec<(UnixMicros, &'static ProfileTable)>> = LazyLock::new(|| {
    let out = |table: &'static ProfileTable| {
        let start: jiff::Timestamp = format!("{}T00:00:00Z", table.edition).parse().ok()?;
        Some((UnixMicros(start.as_microsecond()), table))
    };
    ProfileTable::editions().filter_map(out).collect()
});

const YEAR_10000: UnixMicros = UnixMicros(253_402_300_800_000_000);

impl ProfileTable {
    /// All built-in editions, oldest first.
    pub fn editions() -> impl Iterator<Item = &'static Self> {
        EARLIER.iter().chain([&*STARTER])
    }

    /// The built-in edition of that date.
    #[must_use]
    pub fn of_edition(date: &str) -> Option<&'static Self> {
        Self::editions().find(|table| table.edition == date)
    }

    /// The edition that phones used at a time: the latest that was out; before the first, that one.
    #[must_use]
    pub fn in_force(at: UnixMicros) -> &'static Self {
        // What is no date of these millennia has no edition of its own.
        let is_date = at < YEAR_10000;
        let mut out = OUT.iter().filter(|(day, _)| is_date && *day <= at);
        out.next_back().map_or_else(
            || EARLIER.first().unwrap_or_else(|| Self::starter()),
            |(_, table)| table,
        )
    }

    /// The built-in table, `calibration/starter.toml`.
    #[must_use]
    pub fn starter() -> &'static Self {
        &STARTER
    }

    /// The profile of a model, by its exact name.
    #[must_use]
    pub fn get(&self, model: &str) -> Option<Profile> {
        self.profiles
            .iter()
            .find(|named| named.model == model)
            .map(|named| named.profile)
    }

    /// Whether the model is known, in this edition or in a later one.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.nearest(model).is_some()
    }

    /// The profile of a receiver; of an unknown one the average of Android phones.
    #[must_use]
    pub fn receiver(&self, model: &str) -> Profile {
        self.nearest(model).unwrap_or(self.average.android)
    }

    /// The profile of a model of this edition, or of the next one that has it: better than an average.
    fn nearest(&self, model: &str) -> Option<Profile> {
        self.found(model).map(|(profile, _)| profile)
    }

    /// As [`ProfileTable::nearest`], with how far it can be trusted: less where it is of another edition.
    fn found(&self, model: &str) -> Option<(Profile, Confidence)> {
        let own = self.get(model).map(|profile| (profile, Confidence::High));
        let later = || {
            let mut later = Self::editions().filter(|other| other.edition > self.edition);
            later.find_map(|other| Some((other.get(model)?, Confidence::Medium)))
        };
        own.or_else(later)
    }

    /// The profile of a sender; of an unknown one the average of its class, or of Android phones.
    #[must_use]
    pub fn sender(&self, model: &str, family: Family) -> Profile {
        let class = || self.class_of(family).unwrap_or(self.average.android);
        self.nearest(model).unwrap_or_else(class)
    }

    fn class_of(&self, family: Family) -> Option<Profile> {
        match family {
            Family::GaenAndroid => Some(self.average.android),
            Family::GaenIos => Some(self.average.ios),
            _ => None,
        }
    }

    /// Attenuation of an exposure-notification broadcast: TX power − (RSSI + correction), not below 0.
    ///
    /// Unknown models are taken as the average of their class, at the lowest confidence; `None` for broadcasts of which
    /// not even the class is known. Formula: Google, "BLE attenuation computation".
    #[must_use]
    pub fn attenuation(&self, rssi: Dbm, family: Family, sender: &str, receiver: &str) -> Option<Attenuation> {
        self.attenuation_of(rssi, family, Sender::Model(sender), receiver)
    }

    /// As [`ProfileTable::attenuation`], of a sender whose metadata may have told its TX power.
    #[must_use]
    pub fn attenuation_of(&self, rssi: Dbm, family: Family, sender: Sender<'_>, receiver: &str) -> Option<Attenuation> {
        let class = self.class_of(family);
        let receiver_known = self.found(receiver);
        let sender_known = match sender {
            Sender::Model(model) => self.found(model),
            Sender::Told(Dbm(tx_power_dbm)) => {
                let rssi_correction_db = 0;
                Some((
                    Profile {
                        rssi_correction_db,
                        tx_power_dbm,
                    },
                    Confidence::High,
                ))
            }
        };
        let profile = |known: Option<(Profile, Confidence)>| known.map(|(profile, _)| profile);
        // Whose TX power was told needs no class.
        let class = class.or(profile(sender_known).filter(|_| matches!(sender, Sender::Told(_))))?;
        let tx_power = Dbm(profile(sender_known).unwrap_or(class).tx_power_dbm);
        let correction_db = profile(receiver_known)
            .unwrap_or(self.average.android)
            .rssi_correction_db;
        let db = i32::from(tx_power.0) - (i32::from(rssi.0) + i32::from(correction_db));
        let confidence = |known: Option<(Profile, Confidence)>| known.map_or(Confidence::Lowest, |(_, how)| how);
        Some(Attenuation {
            value: Db(f64::from(db.max(0))),
            confidence: confidence(sender_known).min(confidence(receiver_known)),
            tx_power,
            correction: Db(f64::from(correction_db)),
            sender_known: sender_known.is_some(),
            receiver_known: receiver_known.is_some(),
        })
    }
}

/// What is known of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender<'a> {
    /// Its model; empty where it is not known.
    Model(&'a str),
    /// The TX power that its own metadata tell.
    Told(Dbm),
}

/// An attenuation and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Attenuation {
    /// The attenuation.
    #[serde(rename = "db")]
    pub value: Db,
    /// The lower of both ends' confidences.
    pub confidence: Confidence,
    /// The sender's level that was used.
    #[serde(rename = "tx_power_dbm")]
    pub tx_power: Dbm,
    /// The receiver's correction that was used.
    #[serde(rename = "correction_db")]
    pub correction: Db,
    /// Whether the sender's model has a profile, or its metadata told its TX power.
    pub sender_known: bool,
    /// Whether the receiver's model has a profile.
    pub receiver_known: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_has_its_own_figures() {
        let dates: Vec<&str> = ProfileTable::editions().map(|table| table.edition.as_str()).collect();
        assert_eq!(dates, ["2020-06-13", "2020-08-13", "2020-09-18", "2020-12-14"]);
        let figures = |date| ProfileTable::of_edition(date).unwrap().get("SM-G973F").unwrap();
        let pair = |date| (figures(date).rssi_correction_db, figures(date).tx_power_dbm);
        assert_eq!((pair("2020-06-13"), pair("2020-09-18")), ((-3, -24), (2, -29)));
        assert!(ProfileTable::of_edition("2020-01-01").is_none());
    }

    #[test]
    fn two_known_models_give_googles_formula_at_high_confidence() {
        let found = ProfileTable::starter()
            .attenuation(Dbm(-80), Family::GaenAndroid, "Pixel 4", "Pixel 4")
            .unwrap();
        assert_eq!((found.value, found.confidence), (Db(42.0), Confidence::High));
    }

    #[test]
    fn unknown_models_are_the_average_of_their_class_at_the_lowest_confidence() {
        let table = ProfileTable::starter();
        let ios = table.attenuation(Dbm(-56), Family::GaenIos, "", "").unwrap();
        assert_eq!((ios.value, ios.confidence), (Db(53.0), Confidence::Lowest));
        assert_eq!(table.attenuation(Dbm(-56), Family::Unknown, "", ""), None);
    }

    #[test]
    fn what_the_metadata_tell_is_taken_before_any_profile() {
        let table = ProfileTable::starter();
        let found = table.attenuation_of(Dbm(-80), Family::GaenOther, Sender::Told(Dbm(-20)), "Pixel 4");
        let found = found.unwrap();
        assert_eq!(
            (found.tx_power, found.sender_known, found.confidence),
            (Dbm(-20), true, Confidence::High)
        );
    }

    #[test]
    fn attenuation_is_never_negative() {
        let found = ProfileTable::starter()
            .attenuation(Dbm(75), Family::GaenAndroid, "", "Pixel 4")
            .unwrap();
        assert_eq!(found.value, Db(0.0));
    }

    #[test]
    fn the_edition_of_a_time_is_the_latest_that_was_out() {
        let edition = |text: &str| {
            let at: jiff::Timestamp = format!("{text}T12:00:00Z").parse().unwrap();
            &*ProfileTable::in_force(UnixMicros(at.as_microsecond())).edition
        };
        assert_eq!(edition("2020-06-01"), "2020-06-13", "there is none before");
        assert_eq!(edition("2020-07-30"), "2020-06-13");
        assert_eq!(
            (edition("2020-08-12"), edition("2020-08-13")),
            ("2020-06-13", "2020-08-13")
        );
        assert_eq!(edition("2026-11-27"), "2020-12-14");
        assert_eq!(ProfileTable::in_force(UnixMicros(i64::MAX)).edition, "2020-06-13");
    }
}
