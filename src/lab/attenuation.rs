//! Attenuation from signal strength: what is known of sender and receiver, and how far it can be trusted.

use serde::{Deserialize, Serialize};

use super::beacon::Family;
use super::calibration::{Profile, ProfileTable};
use super::units::{Db, Dbm};

/// How far a calibration can be trusted; the scale of exposure notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
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

impl ProfileTable {
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
        let found = |name: &str| self.find(name).map(|found| (found.profile, found.confidence));
        let receiver_known = found(receiver);
        let sender_known = match sender {
            Sender::Model(model) => found(model),
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
            .unwrap_or(self.averages().android)
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
    use crate::lab::calibration::editions;

    #[test]
    fn two_known_models_give_googles_formula_at_high_confidence() {
        let found = editions::newest()
            .attenuation(Dbm(-80), Family::GaenAndroid, "Pixel 4", "Pixel 4")
            .unwrap();
        assert_eq!((found.value, found.confidence), (Db(42.0), Confidence::High));
    }

    #[test]
    fn unknown_models_are_the_average_of_their_class_at_the_lowest_confidence() {
        let table = editions::newest();
        let ios = table.attenuation(Dbm(-56), Family::GaenIos, "", "").unwrap();
        assert_eq!((ios.value, ios.confidence), (Db(53.0), Confidence::Lowest));
        assert_eq!(table.attenuation(Dbm(-56), Family::Unknown, "", ""), None);
    }

    #[test]
    fn what_the_metadata_tell_is_taken_before_any_profile() {
        let table = editions::newest();
        let found = table.attenuation_of(Dbm(-80), Family::GaenOther, Sender::Told(Dbm(-20)), "Pixel 4");
        let found = found.unwrap();
        assert_eq!(
            (found.tx_power, found.sender_known, found.confidence),
            (Dbm(-20), true, Confidence::High)
        );
    }

    #[test]
    fn attenuation_is_never_negative() {
        let found = editions::newest()
            .attenuation(Dbm(75), Family::GaenAndroid, "", "Pixel 4")
            .unwrap();
        assert_eq!(found.value, Db(0.0));
    }
}
