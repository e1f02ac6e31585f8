//! What rules look at: windows as the second interface gives them, and the exposure to one key as the first one saw it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::lab::exposure::v1::Point;
use crate::lab::sightings::windows::Window;

/// A scan instance as the interface gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scan {
    /// Least attenuation, in dB.
    pub min_attenuation_db: i32,
    /// Mean attenuation, in dB.
    pub typical_attenuation_db: i32,
    /// Since the scan before, in seconds; below 0 it counts as 0.
    pub seconds_since_last_scan: i64,
}

/// An exposure window as the interface gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiWindow {
    /// Its day, as milliseconds since 1970.
    pub date_millis_since_epoch: i64,
    /// 1 confirmed by a test, 2 by a physician, 3 by the person; 0 not told.
    #[serde(default)]
    pub report_type: u8,
    /// 1 as usual, 2 high, 0 none; as usual where it is not told.
    #[serde(default = "as_usual")]
    pub infectiousness: u8,
    /// Its scans, in order of time.
    pub scan_instances: Vec<Scan>,
}

/// The first millisecond of the year 10000.
const LAST_DAY_MS: i64 = 253_402_300_800_000;

impl Scan {
    fn is_plausible(&self) -> bool {
        [self.min_attenuation_db, self.typical_attenuation_db]
            .iter()
            .all(|db| (0..=255).contains(db))
    }

    /// Whether the least attenuation is above the mean one.
    const fn is_reversed(&self) -> bool {
        self.min_attenuation_db > self.typical_attenuation_db
    }
}

/// The report type of keys of contacts of contacts.
const RECURSIVE: u8 = 4;
/// That of keys that were taken back.
const REVOKED: u8 = 5;

/// Why the interface does not give a window to applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hidden {
    Revoked,
    Recursive,
    NotInfectious,
}

impl Hidden {
    /// What such a window is of.
    const fn what(self) -> &'static str {
        match self {
            Self::Revoked => "of a revoked key",
            Self::Recursive => "of a key of contacts of contacts (report type 4)",
            Self::NotInfectious => "of a day without infectiousness",
        }
    }
}

/// Why none of these windows counts, where none does.
pub(super) fn why_none_counts(windows: &[ApiWindow]) -> String {
    let why: BTreeSet<Hidden> = windows.iter().filter_map(ApiWindow::hidden).collect();
    let why: Vec<&str> = why.into_iter().map(Hidden::what).collect();
    format!("every exposure window is {}", why.join(", or "))
}

const fn as_usual() -> u8 {
    1
}

impl ApiWindow {
    /// As the interface would give a window: its day in place of its time.
    #[must_use]
    pub fn new(window: &Window, report_type: u8, infectiousness: u8) -> Self {
        let first = window.0.first().map_or(0, |scan| scan.at.whole_seconds());
        let scans = window.0.iter().map(|scan| Scan {
            min_attenuation_db: scan.min_attenuation_db,
            typical_attenuation_db: scan.typical_attenuation_db,
            seconds_since_last_scan: scan.seconds_since_last_scan,
        });
        Self {
            date_millis_since_epoch: (first - first.rem_euclid(86_400)).saturating_mul(1_000),
            report_type,
            infectiousness,
            scan_instances: scans.collect(),
        }
    }

    /// Whether the interface can have given it so.
    ///
    /// # Errors
    /// What cannot be.
    pub fn check(&self) -> Result<(), &'static str> {
        let mut scans = self.scan_instances.iter();
        if !(0..LAST_DAY_MS).contains(&self.date_millis_since_epoch) {
            Err("dateMillisSinceEpoch is no day from 1970 to 9999")
        } else if self.report_type > 5 {
            Err("reportType is 0 to 5")
        } else if self.infectiousness > 2 {
            Err("infectiousness is 0, 1 or 2")
        } else if scans.any(|scan| scan.seconds_since_last_scan > 86_400) {
            // Below 0 after a clock was set back: such a scan has no time.
            Err("secondsSinceLastScan is 86400 at most")
        } else if self.scan_instances.iter().any(|scan| !scan.is_plausible()) {
            Err("an attenuation is 0 to 255 dB")
        } else if self.scan_instances.iter().any(Scan::is_reversed) {
            Err("minAttenuationDb is above typicalAttenuationDb")
        } else {
            Ok(())
        }
    }

    /// Whether the interface gives it to applications at all.
    pub(super) fn counts(&self) -> bool {
        self.hidden().is_none()
    }

    /// Why the interface does not give it, if so; what holds for the key comes first.
    const fn hidden(&self) -> Option<Hidden> {
        match (self.report_type, self.infectiousness) {
            (REVOKED, _) => Some(Hidden::Revoked),
            (RECURSIVE, _) => Some(Hidden::Recursive),
            (_, 0) => Some(Hidden::NotInfectious),
            _ => None,
        }
    }

    /// Its day since 1970.
    pub(super) fn day(&self) -> i64 {
        self.date_millis_since_epoch.div_euclid(86_400_000)
    }

    pub(super) fn seconds(&self) -> i64 {
        self.scan_instances
            .iter()
            .map(|scan| scan.seconds_since_last_scan.max(0))
            .fold(0, i64::saturating_add)
    }

    /// Seconds, each scan's weighed by its typical attenuation.
    #[expect(clippy::cast_precision_loss, reason = "some thousand seconds")]
    pub(super) fn weighed(&self, weight: impl Fn(i32) -> f64) -> f64 {
        let scans = self.scan_instances.iter();
        scans
            .map(|scan| scan.seconds_since_last_scan.max(0) as f64 * weight(scan.typical_attenuation_db))
            // A sum of nothing would be -0.
            .fold(0.0, |sum, seconds| sum + seconds)
    }

    /// Mean of the least attenuations, weighed by time, rounded half up.
    pub(super) fn mean_of_least_db(&self) -> i32 {
        let seconds = i128::from(self.seconds().max(1));
        let scans = self.scan_instances.iter();
        let sum: i128 = scans
            .map(|scan| i128::from(scan.seconds_since_last_scan.max(0)) * i128::from(scan.min_attenuation_db))
            .sum();
        i32::try_from((2 * sum + seconds).div_euclid(2 * seconds)).unwrap_or(i32::MAX)
    }
}

/// The exposure to one key as the first interface saw it: what each scan saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The scans, in order of time, with the attenuation of the strongest report.
    pub points: Vec<Point>,
    /// The key's transmission risk level, 1 to 8; 0 for a factor of one.
    pub transmission_risk_level: u8,
}

impl Chain {
    /// Of the windows of one key.
    #[must_use]
    pub fn new(windows: &[Window], transmission_risk_level: u8) -> Self {
        let scans = windows.iter().flat_map(|window| &window.0);
        let points = scans.map(|scan| Point {
            second: scan.at.whole_seconds(),
            attenuation_db: scan.min_attenuation_db,
        });
        Self {
            points: points.collect(),
            transmission_risk_level,
        }
    }
}
