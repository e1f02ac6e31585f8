//! Rules of the first interface: scores that are products of table values.

use serde::Deserialize;

use super::detail::ExposureInformation;
use super::minutes::{edge, weight_of};
use super::window::{ApiWindow, Chain};
use super::{Decision, day_of};
use crate::lab::exposure::v1::{self, Edge, Record};

/// Without a key the gravest level is assumed.
const GRAVEST: u8 = 8;
/// What divides the durations where a rule does not look at them.
const UNUSED_DB: [i32; 2] = [50, 70];
/// Longest that the interface tells of a duration, in seconds.
const MOST_SECONDS: i64 = 1_800;

/// The four tables, each of eight values; see [`v1::Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// By attenuation.
    pub attenuation: [u32; 8],
    /// By days since.
    #[serde(default = "ones")]
    pub days: [u32; 8],
    /// By minutes.
    pub duration: [u32; 8],
    /// By transmission risk level.
    #[serde(default = "ones")]
    pub transmission: [u32; 8],
    /// A lower score is 0.
    pub minimum: u32,
    /// By how much the attenuations at which the table changes are moved up, in dB.
    #[serde(skip)]
    pub shift_db: i32,
}

const fn ones() -> [u32; 8] {
    [1; 8]
}

/// The score of one exposure. Immuni, and the interface's own example.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The tables.
    pub tables: Tables,
    /// Notifies from this score on.
    pub notifies_from: u32,
}

/// Weighted minutes of all exposures times the highest score of one. Corona-Warn-App, first version.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CombinedScore {
    /// The tables.
    pub tables: Tables,
    /// What divides the durations, in dB; each belongs to what is above it.
    pub thresholds_db: [i32; 2],
    /// Whether each belongs to what is below it instead, as Apple's interface has it.
    #[serde(default)]
    pub thresholds_belong_below: bool,
    /// Weights of the three durations.
    pub weights: [f64; 3],
    /// A score of so much counts as one.
    pub divisor: f64,
    /// High risk, which notifies, from this product on; below it, low.
    pub high_from: f64,
}

/// What scores are made of.
#[derive(Clone, Copy)]
pub(super) enum Exposures<'a> {
    /// Windows of which the times are not known, each taken for one exposure.
    Windows(&'a [ApiWindow]),
    /// The scans of each key.
    Chains(&'a [Chain]),
}

/// One exposure with its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scored {
    score: u32,
    minutes: i64,
    attenuation_db: i32,
    day: i64,
    durations_s: [i64; 3],
    level: u8,
}

impl Scored {
    /// Its day since 1970.
    pub(super) const fn day(&self) -> i64 {
        self.day
    }

    /// As the interface tells it.
    pub(super) fn information(&self) -> ExposureInformation {
        ExposureInformation {
            date_millis_since_epoch: self.day.saturating_mul(86_400_000),
            duration_minutes: self.minutes,
            attenuation_value: self.attenuation_db,
            transmission_risk_level: self.level,
            total_risk_score: self.score,
            attenuation_durations_in_minutes: self.durations_s.map(|seconds| seconds / 60),
        }
    }
}

impl Tables {
    /// As the score is computed from them.
    #[must_use]
    pub const fn config(self) -> v1::Config {
        v1::Config {
            attenuation: self.attenuation,
            days: self.days,
            duration: self.duration,
            transmission: self.transmission,
            minimum: self.minimum,
        }
    }

    fn score(self, attenuation_db: i32, minutes: i64, days: i64, level: u8) -> u32 {
        let attenuation_db = attenuation_db.saturating_sub(self.shift_db);
        self.config().score(attenuation_db, minutes, days, level)
    }

    /// The attenuations at which the table of attenuation changes, in dB, in order.
    pub(super) fn edges_db(self) -> Vec<i32> {
        let pairs = self.attenuation.windows(2).zip(v1::ATTENUATION_EDGES_DB);
        let mut edges: Vec<i32> = pairs
            .filter(|(pair, _)| pair[0] != pair[1])
            .map(|(_, edge)| i32::try_from(edge).unwrap_or(i32::MAX))
            .collect();
        edges.reverse();
        edges
            .iter_mut()
            .for_each(|edge| *edge = edge.saturating_add(self.shift_db));
        edges
    }

    /// All exposures with their scores.
    fn scored(self, exposures: Exposures<'_>, today: i64, thresholds_db: [i32; 2], edge: Edge) -> Vec<Scored> {
        match exposures {
            Exposures::Windows(windows) => windows
                .iter()
                .map(|window| of_window(self, window, today, thresholds_db, edge))
                .collect(),
            Exposures::Chains(chains) => chains
                .iter()
                .flat_map(|chain| {
                    let records = v1::records(&chain.points, thresholds_db, edge).into_iter();
                    records.map(|record| of_record(self, &record, chain.transmission_risk_level, today))
                })
                .collect(),
        }
    }
}

/// As the interface gave it: in steps of five minutes, half an hour at most.
fn of_record(tables: Tables, record: &Record, level: u8, today: i64) -> Scored {
    let day = record.start_s.div_euclid(86_400);
    let minutes = record.duration_s.min(MOST_SECONDS) / 60;
    Scored {
        score: tables.score(record.attenuation_db, minutes, today.saturating_sub(day), level),
        minutes,
        attenuation_db: record.attenuation_db,
        day,
        durations_s: record.durations_s.map(|seconds| seconds.min(MOST_SECONDS)),
        level,
    }
}

/// A window of which the times are not known, taken for one exposure.
fn of_window(tables: Tables, window: &ApiWindow, today: i64, thresholds_db: [i32; 2], edge: Edge) -> Scored {
    let minutes = (window.seconds().saturating_add(149) / 300 * 5).min(MOST_SECONDS / 60);
    let (attenuation_db, day) = (window.mean_of_least_db(), window.day());
    let mut durations_s = [0i64; 3];
    for scan in &window.scan_instances {
        let place = edge.place(scan.min_attenuation_db, thresholds_db);
        durations_s[place] = durations_s[place].saturating_add(scan.seconds_since_last_scan.max(0));
    }
    Scored {
        score: tables.score(attenuation_db, minutes, today.saturating_sub(day), GRAVEST),
        minutes,
        attenuation_db,
        day,
        durations_s: durations_s.map(|seconds| seconds.min(MOST_SECONDS)),
        level: GRAVEST,
    }
}

impl Score {
    pub(super) fn of_window(&self, window: &ApiWindow) -> u32 {
        of_window(self.tables, window, window.day(), UNUSED_DB, Edge::Above).score
    }

    pub(super) fn scored(&self, exposures: Exposures<'_>, today: i64) -> Vec<Scored> {
        self.tables.scored(exposures, today, UNUSED_DB, Edge::Above)
    }

    pub(super) fn decide(&self, exposures: Exposures<'_>, today: i64) -> Decision {
        let Some(found) = self.scored(exposures, today).into_iter().max() else {
            return Decision::none("there is no exposure");
        };
        let notifies = found.score >= self.notifies_from;
        let verb = if notifies { "reaches" } else { "does not reach" };
        let day = day_of(found.day);
        Decision {
            notifies: Some(notifies),
            level: format!("score {}", found.score),
            reason: format!(
                "risk score {} {verb} {}: {} minutes at {} dB on {day}",
                found.score, self.notifies_from, found.minutes, found.attenuation_db
            ),
            day: Some(day),
        }
    }
}

impl CombinedScore {
    /// Weighted minutes of a window.
    pub(super) fn minutes(&self, window: &ApiWindow) -> f64 {
        window.weighed(|db| weight_of(self.thresholds_db, edge(self.thresholds_belong_below), self.weights, db)) / 60.0
    }

    pub(super) fn scored(&self, exposures: Exposures<'_>, today: i64) -> Vec<Scored> {
        let edge = edge(self.thresholds_belong_below);
        self.tables.scored(exposures, today, self.thresholds_db, edge)
    }

    #[expect(clippy::cast_precision_loss, reason = "some thousand seconds")]
    pub(super) fn decide(&self, exposures: Exposures<'_>, today: i64) -> Decision {
        let scored = self.scored(exposures, today);
        let Some(highest) = scored.iter().max() else {
            return Decision::none("there is no exposure");
        };
        // Source: the application's risk assessment of June 2020: durations of all exposures, the score of the highest.
        // A sum of nothing would be -0.
        let minutes: f64 = scored
            .iter()
            .filter(|exposure| exposure.score > 0)
            .flat_map(|exposure| exposure.durations_s.into_iter().zip(self.weights))
            .map(|(seconds, weight)| seconds as f64 / 60.0 * weight)
            .fold(0.0, |sum, minutes| sum + minutes);
        let product = minutes * f64::from(highest.score) / self.divisor;
        let notifies = product >= self.high_from;
        let day = day_of(highest.day);
        let verb = if notifies { "reaches" } else { "does not reach" };
        Decision {
            notifies: Some(notifies),
            level: if notifies {
                "high"
            } else if product > 0.0 {
                "low"
            } else {
                "none"
            }
            .to_owned(),
            reason: format!(
                "{minutes:.1} weighted minutes times score {} over {:.0} is {product:.1}, which {verb} {:.0}",
                highest.score, self.divisor, self.high_from
            ),
            day: Some(day),
        }
    }
}
