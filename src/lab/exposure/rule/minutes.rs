//! Rules that add up weighted time.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::window::ApiWindow;
use super::{Decision, day_of};
use crate::lab::exposure::v1::Edge;

/// Minutes of a day, weighed by attenuation: below the first threshold, below the second, above. `SwissCovid`, Finland,
/// Ireland.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinutesPerDay {
    /// The thresholds, in dB; each belongs to what is above it.
    pub thresholds_db: [i32; 2],
    /// Whether each belongs to what is below it instead, as Apple's interface has it.
    #[serde(default)]
    pub thresholds_belong_below: bool,
    /// Weights of the three buckets.
    pub weights: [f64; 3],
    /// Notifies from so many minutes on.
    pub minutes: f64,
}

/// Seconds of one exposure, weighed by attenuation. NHS England and Wales, first version; of its weight by the onset of
/// symptoms (1 on the day itself) windows tell nothing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureSeconds {
    /// The thresholds, in dB; each belongs to what is above it.
    pub thresholds_db: [i32; 2],
    /// Whether each belongs to what is below it instead, as Apple's interface has it.
    #[serde(default)]
    pub thresholds_belong_below: bool,
    /// Weights of the three buckets.
    pub weights: [f64; 3],
    /// Notifies from so many weighted seconds on.
    pub seconds: f64,
}

/// Minutes of a day, weighed by attenuation and by what is known of the person. Corona-Warn-App, second version.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncounterMinutes {
    /// Attenuation in dB below which a weight holds, in order; above all of them 0.
    pub attenuation: [(i32, f64); 3],
    /// Weight by transmission risk level, 1 to 8: that of the report type and the infectiousness.
    pub transmission: [f64; 8],
    /// Low risk from so many minutes on.
    pub low_from: f64,
    /// High risk, which notifies.
    pub high_from: f64,
}

/// Weight of an attenuation in three buckets.
pub(super) fn weight_of(thresholds_db: [i32; 2], edge: Edge, weights: [f64; 3], db: i32) -> f64 {
    weights[edge.place(db, thresholds_db)]
}

/// How a rule says that thresholds belong to what is below them.
pub(super) const fn edge(thresholds_belong_below: bool) -> Edge {
    if thresholds_belong_below {
        Edge::Below
    } else {
        Edge::Above
    }
}

/// The day with most, and how much.
fn most(windows: &[ApiWindow], minutes: impl Fn(&ApiWindow) -> f64) -> (i64, f64) {
    let mut days: BTreeMap<i64, f64> = BTreeMap::new();
    for window in windows {
        *days.entry(window.day()).or_default() += minutes(window);
    }
    // The most recent one of those with as much.
    days.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
}

impl MinutesPerDay {
    pub(super) fn minutes_of(&self, window: &ApiWindow) -> f64 {
        window.weighed(|db| weight_of(self.thresholds_db, edge(self.thresholds_belong_below), self.weights, db)) / 60.0
    }

    pub(super) fn decide(&self, windows: &[ApiWindow]) -> Decision {
        let (day, minutes) = most(windows, |window| self.minutes_of(window));
        let (notifies, day) = (minutes >= self.minutes, day_of(day));
        let verb = if notifies { "reach" } else { "do not reach" };
        let [first, second] = self.thresholds_db;
        Decision {
            notifies: Some(notifies),
            level: if notifies { "exposed" } else { "none" }.to_owned(),
            reason: format!(
                "{minutes:.1} weighted minutes on {day} {verb} {:.0}: below {first} dB {}, below {second} dB {}",
                self.minutes, self.weights[0], self.weights[1]
            ),
            day: Some(day),
        }
    }
}

impl ExposureSeconds {
    pub(super) fn seconds_of(&self, window: &ApiWindow) -> f64 {
        window.weighed(|db| weight_of(self.thresholds_db, edge(self.thresholds_belong_below), self.weights, db))
    }

    pub(super) fn decide(&self, windows: &[ApiWindow]) -> Decision {
        let of = windows.iter().map(|window| (self.seconds_of(window), window.day()));
        // The most recent day that has enough; without one, the highest.
        let enough = of.clone().filter(|(seconds, _)| *seconds >= self.seconds);
        let found = enough
            .max_by_key(|(_, day)| *day)
            .or_else(|| of.max_by(|a, b| a.0.total_cmp(&b.0)));
        let (seconds, day) = found.unwrap_or_default();
        let (notifies, day) = (seconds >= self.seconds, day_of(day));
        let verb = if notifies { "reach" } else { "do not reach" };
        Decision {
            notifies: Some(notifies),
            level: if notifies { "risky" } else { "none" }.to_owned(),
            reason: format!(
                "{seconds:.0} weighted seconds of one exposure on {day} {verb} {:.0}",
                self.seconds
            ),
            day: Some(day),
        }
    }
}

impl EncounterMinutes {
    fn risk(&self, window: &ApiWindow) -> f64 {
        // Source: CWA's encoding of report type and infectiousness as a transmission risk level.
        let report = match window.report_type {
            0 | 1 => 6,
            2 => 4,
            3 => 2,
            _ => 0,
        };
        let level = report + usize::from(window.infectiousness.min(2));
        self.transmission[level.clamp(1, 8) - 1]
    }

    pub(super) fn minutes_of(&self, window: &ApiWindow) -> f64 {
        let weight = |db: i32| {
            let found = self.attenuation.iter().find(|(below, _)| db < *below);
            found.map_or(0.0, |(_, weight)| *weight)
        };
        window.weighed(weight) / 60.0 * self.risk(window)
    }

    pub(super) fn decide(&self, windows: &[ApiWindow]) -> Decision {
        let (day, minutes) = most(windows, |window| self.minutes_of(window));
        let day = day_of(day);
        let level = match minutes {
            minutes if minutes >= self.high_from => "high",
            minutes if minutes >= self.low_from => "low",
            _ => "none",
        };
        let notifies = level == "high";
        let verb = if notifies { "reach" } else { "do not reach" };
        Decision {
            notifies: Some(notifies),
            level: level.to_owned(),
            reason: format!(
                "{minutes:.1} weighted minutes on {day} {verb} {:.0}, from which on the risk is high",
                self.high_from
            ),
            day: Some(day),
        }
    }
}
