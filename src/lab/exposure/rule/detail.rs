//! What a rule decides upon, as the interfaces gave it to applications: exposure information and a summary (first
//! interface), daily summaries (second).

use serde::Serialize;

use super::score::Scored;
use super::summary::{DailySummary, Day};
use super::window::ApiWindow;

/// One exposure, as the first interface told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposureInformation {
    /// Its day, as milliseconds since 1970.
    pub date_millis_since_epoch: i64,
    /// Whole minutes, in steps of five, 30 at most.
    pub duration_minutes: i64,
    /// Mean attenuation, weighted by time, in dB.
    pub attenuation_value: i32,
    /// The key's, 1 to 8; 0 where none is told, which counts as a factor of one.
    pub transmission_risk_level: u8,
    /// See [`v1::Config::score`](crate::lab::exposure::v1::Config::score).
    pub total_risk_score: u32,
    /// Minutes below the lower threshold, between the two, and above, 30 at most each.
    pub attenuation_durations_in_minutes: [i64; 3],
}

/// All exposures together, as the first interface told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposureSummary {
    /// Days from the latest exposure to the decision.
    pub days_since_last_exposure: i64,
    /// Keys that were met; exposures where the keys are not known.
    pub matched_key_count: usize,
    /// Highest score of one exposure.
    pub maximum_risk_score: u32,
    /// Sum of the scores.
    pub summation_risk_score: u64,
    /// Minutes of all exposures below the lower threshold, between the two, and above, 30 at most each.
    pub attenuation_durations_in_minutes: [i64; 3],
}

/// A day, as the second interface sums it up, in weighted seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayReport {
    /// The day since 1970.
    pub days_since_epoch: i64,
    /// Of all windows.
    pub day_summary: DayData,
    /// Sums of the scores of windows by report type: confirmed by a test, by a physician, by the person.
    pub score_sum_by_report_type: [f64; 3],
}

/// The figures of a day, in weighted seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayData {
    /// Highest score of a window.
    pub maximum_score: f64,
    /// Sum of the scores.
    pub score_sum: f64,
    /// Sum of the durations, weighed by attenuation alone.
    pub weighted_duration_sum: f64,
}

/// What a rule decides upon; the parts that its interface has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detail {
    /// Of rules of the first interface.
    #[serde(rename = "exposureInformation", skip_serializing_if = "Vec::is_empty")]
    pub exposures: Vec<ExposureInformation>,
    /// Of rules of the first interface.
    #[serde(rename = "exposureSummary", skip_serializing_if = "Option::is_none")]
    pub summary: Option<ExposureSummary>,
    /// Of rules of daily summaries, in order of days.
    #[serde(rename = "dailySummaries", skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayReport>,
}

/// Longest that the interface tells of a duration, in minutes.
const MOST_MINUTES: i64 = 30;

impl Detail {
    /// Of exposures to so many keys, decided upon on a day.
    pub(super) fn of_exposures(found: &[Scored], n_keys: usize, today: i64) -> Self {
        let exposures: Vec<ExposureInformation> = found.iter().map(Scored::information).collect();
        let sum = |place: usize| {
            let minutes = exposures
                .iter()
                .map(|exposure| exposure.attenuation_durations_in_minutes[place]);
            minutes.fold(0, i64::saturating_add).min(MOST_MINUTES)
        };
        let scores = || exposures.iter().map(|exposure| exposure.total_risk_score);
        let summary = found.iter().map(Scored::day).max().map(|latest| ExposureSummary {
            days_since_last_exposure: today.saturating_sub(latest),
            matched_key_count: n_keys,
            maximum_risk_score: scores().max().unwrap_or(0),
            summation_risk_score: scores().map(u64::from).sum(),
            attenuation_durations_in_minutes: [sum(0), sum(1), sum(2)],
        });
        Self {
            exposures,
            summary,
            ..Self::default()
        }
    }

    pub(super) fn of_days(rule: &DailySummary, windows: &[ApiWindow]) -> Self {
        let report = |(days_since_epoch, day): (i64, Day)| DayReport {
            days_since_epoch,
            day_summary: DayData {
                maximum_score: day.maximum,
                score_sum: day.by_type.iter().sum(),
                weighted_duration_sum: day.duration,
            },
            score_sum_by_report_type: day.by_type,
        };
        Self {
            days: rule.days(windows).into_iter().map(report).collect(),
            ..Self::default()
        }
    }

    /// Lines for people, each of its own.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let day = |days: i64| super::day_of(days);
        let exposure = |of: &ExposureInformation| {
            let [near, middle, far] = of.attenuation_durations_in_minutes;
            format!(
                "exposure on {}: {} min at {} dB, risk level {}, score {}; {near}/{middle}/{far} min by attenuation",
                day(of.date_millis_since_epoch.div_euclid(86_400_000)),
                of.duration_minutes,
                of.attenuation_value,
                of.transmission_risk_level,
                of.total_risk_score
            )
        };
        let summary = |of: &ExposureSummary| {
            let [near, middle, far] = of.attenuation_durations_in_minutes;
            format!(
                "summary: {} days since the last exposure, {} keys, highest score {}, sum {}; {near}/{middle}/{far} min by attenuation",
                of.days_since_last_exposure, of.matched_key_count, of.maximum_risk_score, of.summation_risk_score
            )
        };
        let daily = |of: &DayReport| {
            format!(
                "day {}: highest window {:.0}, sum {:.0}, by attenuation alone {:.0} weighted seconds",
                day(of.days_since_epoch),
                of.day_summary.maximum_score,
                of.day_summary.score_sum,
                of.day_summary.weighted_duration_sum
            )
        };
        let exposures = self.exposures.iter().map(exposure);
        let summary = self.summary.iter().map(summary);
        exposures.chain(summary).chain(self.days.iter().map(daily)).collect()
    }
}
