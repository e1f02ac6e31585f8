//! Rules over daily summaries of the second interface.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::window::ApiWindow;
use super::{Decision, day_of};

/// Daily summaries and classes of them. ENX, and whoever set the interface's weights.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailySummary {
    /// Thresholds of the buckets, in dB; each belongs to the bucket below it.
    pub thresholds_db: [i32; 3],
    /// Whether each belongs to the bucket above it instead, as in tables of the first interface.
    #[serde(default)]
    pub thresholds_belong_above: bool,
    /// Weights of the four buckets.
    pub weights: [f64; 4],
    /// Weights of usual and high infectiousness.
    pub infectiousness: [f64; 2],
    /// Weights of the report types 1, 2 and 3.
    pub report_types: [f64; 3],
    /// The report type where none is told.
    pub report_type_when_missing: u8,
    /// Windows with a lower score do not count.
    pub minimum_window_score: f64,
    /// The classes, the gravest first; without any, it is not published when to notify.
    #[serde(default)]
    pub classes: Vec<Class>,
}

/// A class of daily summaries: any threshold that is reached is enough; 0 is none.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Sum of scores of keys confirmed by a test, in weighted seconds of a day.
    pub confirmed_test: f64,
    /// By a physician.
    pub clinical_diagnosis: f64,
    /// By the person.
    pub self_report: f64,
    /// Of all.
    pub sum: f64,
    /// Highest score of a window.
    pub maximum: f64,
    /// Seconds weighed by attenuation alone.
    pub weighted_duration: f64,
}

/// What a day amounts to, in weighted seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Day {
    /// Sums of the scores of windows by report type 1, 2 and 3.
    pub by_type: [f64; 3],
    /// Highest score of a window.
    pub maximum: f64,
    /// Sum of the durations, weighed by attenuation alone.
    pub duration: f64,
}

impl DailySummary {
    /// Why it cannot be meant so.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let of_class = |class: &Class| {
            [
                class.confirmed_test,
                class.clinical_diagnosis,
                class.self_report,
                class.sum,
                class.maximum,
                class.weighted_duration,
            ]
        };
        let mut limits = self
            .classes
            .iter()
            .flat_map(of_class)
            .chain([self.minimum_window_score]);
        if !limits.all(|limit| limit.is_finite() && limit >= 0.0) {
            Some("thresholds of classes and the minimum of a window cannot be negative")
        } else if !(1..=3).contains(&self.report_type_when_missing) {
            Some("report_type_when_missing is 1, 2 or 3")
        } else {
            None
        }
    }

    fn duration(&self, window: &ApiWindow) -> f64 {
        let is_in = |db: i32, threshold: i32| {
            if self.thresholds_belong_above {
                db < threshold
            } else {
                db <= threshold
            }
        };
        let bucket = |db: i32| {
            let place = self.thresholds_db.iter().position(|threshold| is_in(db, *threshold));
            self.weights[place.unwrap_or(3)]
        };
        window.weighed(bucket)
    }

    /// Place of the report type, and weighted seconds; `None` for what has no weight.
    pub(super) fn score(&self, window: &ApiWindow) -> Option<(usize, f64)> {
        let kind = match window.report_type {
            0 => self.report_type_when_missing,
            told => told,
        };
        let kind = usize::from(kind).checked_sub(1).filter(|kind| *kind < 3)?;
        let level = usize::from(window.infectiousness).checked_sub(1)?;
        let score = self.duration(window) * self.report_types[kind] * self.infectiousness[level.min(1)];
        Some((kind, score))
    }

    /// The summary of each day (since 1970, UTC) that had a window, also where all its windows were dropped.
    #[must_use]
    pub fn days(&self, windows: &[ApiWindow]) -> BTreeMap<i64, Day> {
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        for window in windows {
            let day = days.entry(window.day()).or_default();
            let Some((kind, score)) = self.score(window) else {
                continue;
            };
            if score >= self.minimum_window_score {
                day.by_type[kind] += score;
                day.maximum = day.maximum.max(score);
                day.duration += self.duration(window);
            }
        }
        days
    }

    pub(super) fn decide(&self, windows: &[ApiWindow]) -> Decision {
        let days = self.days(windows);
        for class in &self.classes {
            // The most recent day of the gravest class.
            for (day, of) in days.iter().rev() {
                if let Some(what) = class.reached(of) {
                    let day = day_of(*day);
                    return Decision {
                        notifies: Some(true),
                        level: format!("class {}", class.name),
                        reason: format!("{what} of class {} on {day}", class.name),
                        day: Some(day),
                    };
                }
            }
        }
        let most = days.iter().max_by(|(_, a), (_, b)| a.maximum.total_cmp(&b.maximum));
        let (day, highest) = most.map_or((0, 0.0), |(day, of)| (*day, of.maximum));
        let (notifies, level, what) = if self.classes.is_empty() {
            (None, "unknown", "when to notify is not published")
        } else {
            (Some(false), "none", "no class is reached")
        };
        Decision {
            notifies,
            level: level.to_owned(),
            day: Some(day_of(day)),
            reason: format!("{what}: the highest window has {highest:.0} weighted seconds"),
        }
    }
}

impl Class {
    /// Which of its thresholds a day reaches, in words.
    fn reached(&self, day: &Day) -> Option<String> {
        let sum = day.by_type.iter().sum::<f64>();
        let all = [
            ("confirmed by a test", day.by_type[0], self.confirmed_test),
            ("confirmed by a physician", day.by_type[1], self.clinical_diagnosis),
            ("reported by themselves", day.by_type[2], self.self_report),
            ("of all", sum, self.sum),
            ("of the highest window", day.maximum, self.maximum),
            ("by attenuation alone", day.duration, self.weighted_duration),
        ];
        let found = all
            .into_iter()
            .find(|(_, value, threshold)| *threshold > 0.0 && value >= threshold)?;
        let (what, value, threshold) = found;
        Some(format!("{value:.0} weighted seconds {what} reach {threshold:.0}"))
    }
}
