//! Profiles of phone models by name, and how the name of a phone finds one.

use std::collections::BTreeMap;

use crate::lab::attenuation::Confidence;
use crate::lab::beacon::Family;

use super::editions;

/// What is known of a phone model, relative to an average iPhone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Added to the model's RSSI, in dB.
    pub rssi_correction_db: i8,
    /// Radiated level as an average iPhone would report it, in dBm.
    pub tx_power_dbm: i8,
}

impl Profile {
    /// In whole decibels, halves up, as exposure notifications compute; `None` of what no phone can have.
    #[must_use]
    pub fn rounded(rssi_correction_db: f64, tx_power_dbm: f64) -> Option<Self> {
        Some(Self {
            rssi_correction_db: super::file::whole(rssi_correction_db)?,
            tx_power_dbm: super::file::whole(tx_power_dbm)?,
        })
    }
}

/// A figure with its interval of 90 %, in dB or dBm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A profile with its names and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Manufacturer; empty where the list names none.
    pub oem: String,
    /// Code name of the device (`Build.DEVICE`); empty where the list names none.
    pub device: String,
    /// The model (`Build.MODEL`).
    pub model: String,
    /// The figures, in whole decibels as exposure notifications compute with them.
    pub profile: Profile,
    /// How far they can be trusted.
    pub confidence: Confidence,
    /// The correction as it was measured, where this is an own measurement.
    pub correction: Option<Measured>,
    /// The TX power as it was measured, where this is an own measurement.
    pub tx_power: Option<Measured>,
    /// From where: a list, a laboratory, captures.
    pub source: String,
    /// The day of the measurement, as `2020-12-14`; empty where it is not told.
    pub date: String,
    /// From which measurement it is, and what speaks against it.
    pub notes: Vec<String>,
}

/// Where a table comes from that was put together out of several measurements.
const MERGED: &str = "several measurements; each profile has its own source and notes";

impl Entry {
    /// An entry of a list, of which nothing more is known.
    #[must_use]
    pub fn new(model: &str, profile: Profile, confidence: Confidence) -> Self {
        Self {
            oem: String::new(),
            device: String::new(),
            model: model.to_owned(),
            profile,
            confidence,
            correction: None,
            tx_power: None,
            source: String::new(),
            date: String::new(),
            notes: Vec::new(),
        }
    }
}

/// What is assumed of models that nobody measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Averages {
    /// Of Android phones.
    pub android: Profile,
    /// Of iPhones.
    pub ios: Profile,
}

/// A profile that was found for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The figures.
    pub profile: Profile,
    /// How far they can be trusted.
    pub confidence: Confidence,
    /// The edition that has them; another than the table's where this lacks the model.
    pub edition: &'a str,
}

/// Profiles of one edition.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileTable {
    /// Which edition: the date of a published list, or the name of a person's own.
    pub edition: String,
    /// Where it comes from.
    pub source: String,
    /// The edition that is asked for models that this lacks; where there is none, the next later published one.
    pub base: Option<String>,
    averages: Averages,
    entries: Vec<Entry>,
    /// Places of entries by model, device and manufacturer; the latter two in lower case.
    models: BTreeMap<String, Vec<u32>>,
    devices: BTreeMap<String, Vec<u32>>,
    oems: BTreeMap<String, Vec<u32>>,
}

impl ProfileTable {
    /// A table of these entries.
    #[must_use]
    pub fn new(edition: String, averages: Averages, entries: Vec<Entry>) -> Self {
        let mut table = Self {
            edition,
            source: String::new(),
            base: None,
            averages,
            entries,
            models: BTreeMap::new(),
            devices: BTreeMap::new(),
            oems: BTreeMap::new(),
        };
        for (place, entry) in (0..).zip(&table.entries) {
            let note = |index: &mut BTreeMap<String, Vec<u32>>, name: String| {
                if !name.is_empty() {
                    index.entry(name).or_default().push(place);
                }
            };
            note(&mut table.models, entry.model.clone());
            note(&mut table.devices, entry.device.to_lowercase());
            note(&mut table.oems, entry.oem.to_lowercase());
        }
        table
    }

    /// The table with the entries of another: where both have a model, the other's counts. Name, base and averages stay.
    #[must_use]
    pub fn with(&self, other: Self) -> Self {
        let is_new = |model: &str| other.entries.iter().any(|entry| entry.model == model);
        let kept = self.entries.iter().filter(|entry| !is_new(&entry.model)).cloned();
        let kept: Vec<Entry> = kept.collect();
        let kept_any = !kept.is_empty();
        let entries = kept.into_iter().chain(other.entries.iter().cloned()).collect();
        let mut table = Self::new(self.edition.clone(), self.averages, entries);
        table.base.clone_from(&self.base);
        // Each profile has its own; of the table only what all share.
        table.source = if kept_any && self.source != other.source {
            MERGED.to_owned()
        } else {
            other.source
        };
        table
    }

    /// The entries, in the order of the list.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is assumed of models that nobody measured.
    #[must_use]
    pub const fn averages(&self) -> Averages {
        self.averages
    }

    /// The profile of a phone in this edition alone: of `MODEL`, `OEM/MODEL` or `OEM/DEVICE/MODEL`. The order is that of
    /// microG's `DeviceInfo`: the very model; the average of the same device or model; that of the manufacturer. A model
    /// with a suffix behind a slash (`SM-G981B/DS`, two SIM cards) is similar to the one without.
    #[must_use]
    pub fn own(&self, name: &str) -> Option<(Profile, Confidence)> {
        self.own_model(name).or_else(|| self.own_maker(name))
    }

    /// The profile of the very model, or of what is like it.
    fn own_model(&self, name: &str) -> Option<(Profile, Confidence)> {
        let name = name.trim();
        if let Some(found) = self.models.get(name).and_then(|places| self.same(places)) {
            return Some(found);
        }
        let parts: Vec<&str> = name.split('/').map(str::trim).collect();
        match parts[..] {
            [oem, model] => self.of(oem, "", model).or_else(|| {
                self.models
                    .get(oem)
                    .and_then(|places| self.average(places, Confidence::Medium))
            }),
            [oem, device, model] => self.of(oem, device, model),
            _ => None,
        }
    }

    /// The average of the manufacturer's models: of `OEM/MODEL` or `OEM/DEVICE/MODEL`.
    fn own_maker(&self, name: &str) -> Option<(Profile, Confidence)> {
        let (oem, rest) = name.trim().split_once('/')?;
        if rest.split('/').count() > 2 {
            return None;
        }
        self.average(self.oems.get(&oem.trim().to_lowercase())?, Confidence::Low)
    }

    fn of(&self, oem: &str, device: &str, model: &str) -> Option<(Profile, Confidence)> {
        let oem_key = oem.to_lowercase();
        let is_his = |place: &&u32| {
            self.entry(**place)
                .is_some_and(|entry| entry.oem.to_lowercase() == oem_key)
        };
        let of = |index: &BTreeMap<String, Vec<u32>>, name: &str| -> Vec<u32> {
            let places = index.get(name).map(Vec::as_slice).unwrap_or_default();
            places.iter().filter(is_his).copied().collect()
        };
        let models = of(&self.models, model);
        let very = models.iter().filter(|place| {
            let is_it = |entry: &Entry| entry.device.eq_ignore_ascii_case(device);
            self.entry(**place).is_some_and(is_it)
        });
        let very: Vec<u32> = very.copied().collect();
        let devices = of(&self.devices, &device.to_lowercase());
        self.same(&very)
            .or_else(|| if device.is_empty() { self.same(&models) } else { None })
            .or_else(|| self.average(&[models, devices].concat(), Confidence::Medium))
    }

    fn entry(&self, place: u32) -> Option<&Entry> {
        self.entries.get(place as usize)
    }

    /// What entries of one name say: where they differ, their average.
    fn same(&self, places: &[u32]) -> Option<(Profile, Confidence)> {
        let first = self.entry(*places.first()?)?;
        let is_same = |place: &u32| self.entry(*place).is_some_and(|entry| entry.profile == first.profile);
        if places.iter().all(is_same) {
            let confidence = places.iter().filter_map(|place| Some(self.entry(*place)?.confidence));
            Some((first.profile, confidence.max()?))
        } else {
            self.average(places, Confidence::Medium)
        }
    }

    fn average(&self, places: &[u32], confidence: Confidence) -> Option<(Profile, Confidence)> {
        let all = places.iter().filter_map(|place| self.entry(*place));
        let least = all.clone().map(|entry| entry.confidence).min()?;
        Some((
            mean(all.map(|entry| entry.profile))?,
            confidence.min(least.max(Confidence::Low)),
        ))
    }

    /// The profile of a phone, in this edition or in those behind it; `None` where none knows it. The very model in an edition
    /// behind comes before the average of its manufacturer in this one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Found<'_>> {
        if name.is_empty() {
            return None;
        }
        self.found(name, Self::own_model)
            .or_else(|| self.found(name, Self::own_maker))
    }

    fn found<'a>(
        &'a self,
        name: &str,
        own: impl Fn(&'a Self, &str) -> Option<(Profile, Confidence)>,
    ) -> Option<Found<'a>> {
        let of_this = own(self, name).map(|(profile, confidence)| Found {
            profile,
            confidence,
            edition: &self.edition,
        });
        let behind = || {
            let base = self.base.as_deref().and_then(editions::of_edition);
            let of = |table: &'static ProfileTable| {
                let (profile, confidence) = own(table, name)?;
                Some((profile, confidence, &*table.edition))
            };
            let (profile, confidence, edition) = match base {
                Some(base) => of(base)?,
                // Less to be trusted: the scale of the lists has changed.
                None => editions::later_than(&self.edition)
                    .find_map(of)
                    .map(|(profile, confidence, edition)| (profile, confidence.min(Confidence::Medium), edition))?,
            };
            Some(Found {
                profile,
                confidence,
                edition,
            })
        };
        of_this.or_else(behind)
    }

    /// The profile of a phone on the scale of this table: in it, or in the one that it names as its base. Later editions, which
    /// [`Self::find`] falls back to, have other scales: figures of two must not meet in one measurement.
    #[must_use]
    pub fn of_one_scale(&self, name: &str) -> Option<Found<'_>> {
        let found = self.find(name)?;
        let is_here = |edition: &str| edition == self.edition || self.base.as_deref() == Some(edition);
        if is_here(found.edition) {
            return Some(found);
        }
        // A later edition's very model goes before the maker's average in this one.
        self.own(name).map(|(profile, confidence)| Found {
            profile,
            confidence,
            edition: &self.edition,
        })
    }

    /// Whether the model is known, in this edition or in those behind it.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The profile of a receiver; of an unknown one the average of Android phones.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Profile {
        self.find(name).map_or(self.averages.android, |found| found.profile)
    }

    /// The profile of a sender; of an unknown one the average of its class, or of Android phones.
    #[must_use]
    pub fn sender(&self, name: &str, family: Family) -> Profile {
        let class = || self.class_of(family).unwrap_or(self.averages.android);
        self.find(name).map_or_else(class, |found| found.profile)
    }

    /// The average of a class of senders.
    #[must_use]
    pub const fn class_of(&self, family: Family) -> Option<Profile> {
        match family {
            Family::GaenAndroid => Some(self.averages.android),
            Family::GaenIos => Some(self.averages.ios),
            _ => None,
        }
    }
}

/// The mean in whole decibels, halves up; `None` of nothing.
pub(super) fn mean(profiles: impl Iterator<Item = Profile>) -> Option<Profile> {
    let (mut n, mut corrections, mut powers) = (0_i64, 0_i64, 0_i64);
    for profile in profiles {
        n += 1;
        corrections += i64::from(profile.rssi_correction_db);
        powers += i64::from(profile.tx_power_dbm);
    }
    let rounded = |sum: i64| {
        (n > 0)
            .then(|| i8::try_from((2 * sum + n).div_euclid(2 * n)).ok())
            .flatten()
    };
    Some(Profile {
        rssi_correction_db: rounded(corrections)?,
        tx_power_dbm: rounded(powers)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Confidence::{High, Low, Medium};

    fn table() -> ProfileTable {
        let entry = |oem: &str, device: &str, model: &str, figures: (i8, i8), confidence| Entry {
            oem: oem.to_owned(),
            device: device.to_owned(),
            ..Entry::new(
                model,
                Profile {
                    rssi_correction_db: figures.0,
                    tx_power_dbm: figures.1,
                },
                confidence,
            )
        };
        let entries = vec![
            entry("Samsung", "beyond1", "SM-G973F", (2, -29), High),
            entry("Samsung", "beyond1q", "SM-G973U", (4, -27), High),
            entry("samsung", "a40", "SM-A405FN", (-3, -24), Low),
            entry("Motorola", "deen", "moto g", (1, -20), High),
            entry("Motorola", "evert", "moto g", (4, -23), High),
            entry("Other", "evert", "moto h", (9, -9), High),
        ];
        let averages = Averages {
            android: entries[0].profile,
            ios: entries[1].profile,
        };
        ProfileTable::new("own".to_owned(), averages, entries)
    }

    #[test]
    fn a_name_finds_the_model_then_what_is_like_it_then_the_maker() {
        let table = table();
        let own = |name: &str| {
            let (profile, confidence) = table.own(name)?;
            Some((profile.rssi_correction_db, profile.tx_power_dbm, confidence))
        };
        assert_eq!(own("SM-G973F"), Some((2, -29, High)));
        assert_eq!(own("SAMSUNG/SM-G973F"), Some((2, -29, High)));
        assert_eq!(own("samsung/beyond1/SM-G973F"), Some((2, -29, High)));
        assert_eq!(own("SM-G973F/DS"), Some((2, -29, Medium)), "two SIM cards");
        assert_eq!(own("SM-A405FN"), Some((-3, -24, Low)), "as the list says");
        assert_eq!(own("moto g"), Some((3, -21, Medium)), "halves up: 2.5 and -21.5");
        assert_eq!(own("motorola/evert/moto g"), Some((4, -23, High)));
        assert_eq!(
            own("samsung/beyond1/SM-G9730"),
            Some((2, -29, Medium)),
            "the same device"
        );
        assert_eq!(own("samsung/SM-X"), Some((1, -27, Low)), "the maker's average");
        assert_eq!(own("Nokia/3310"), None);
        assert_eq!(own(""), None);
        assert_eq!(own("///"), None);
    }

    #[test]
    fn what_is_measured_again_replaces_what_was_there_and_the_rest_stays() {
        let figures = |correction| Profile {
            rssi_correction_db: correction,
            tx_power_dbm: -20,
        };
        let of = |entries| ProfileTable::new("x".to_owned(), table().averages(), entries);
        let new = of(vec![
            Entry::new("SM-G973F", figures(9), High),
            Entry::new("new", figures(7), High),
        ]);
        let both = table().with(new);
        assert_eq!(both.edition, "own");
        let correction = |name: &str| both.own(name).unwrap().0.rssi_correction_db;
        assert_eq!(
            (correction("SM-G973F"), correction("new"), correction("SM-G973U")),
            (9, 7, 4)
        );
        assert_eq!(both.entries().len(), table().entries().len() + 1);
    }

    #[test]
    fn what_a_table_lacks_is_of_its_base_or_of_a_later_edition() {
        let mut table = table();
        let found = table.find("Pixel 4").map(|found| (found.edition, found.confidence));
        assert_eq!(found, None, "a list of one's own without a base is by itself");
        table.base = Some("2020-12-14".to_owned());
        let found = table.find("Pixel 4").map(|found| (found.edition, found.confidence));
        assert_eq!(found, Some(("2020-12-14", Confidence::High)));
        assert_eq!(table.find("SM-G973F").unwrap().edition, "own");
        let old = editions::of_edition("2020-06-13").unwrap();
        let found = old.find("Pixel 5").unwrap();
        assert_eq!((found.edition, found.confidence), ("2020-12-14", Confidence::Medium));
        let found = old.find("samsung/SM-A505FN").unwrap();
        let of_model = old.find("SM-A505FN").unwrap();
        assert_eq!(found, of_model, "rather a later edition's than the maker's average");
        assert_eq!(old.find("samsung/SM-X").unwrap().confidence, Low);
    }
}
