//! Daily summaries of the second interface: how much weighted exposure each day had.

use super::super::sightings::windows::Window;
use std::collections::BTreeMap;

/// What weighs how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// Upper ends of the first three buckets of typical attenuation, in dB; each belongs to its bucket.
    pub thresholds_db: [i32; 3],
    /// Weights of the four buckets, 0 to 2.5.
    pub weights: [f64; 4],
    /// Windows with a lower score do not count.
    pub minimum_window_score: f64,
}

/// Weighted seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Sum of the scores of all windows.
    pub score_sum: f64,
    /// Highest score of a window.
    pub maximum_score: f64,
    /// Sum of the weighted durations, without the weights of report and infectiousness.
    pub weighted_duration_sum: f64,
}

/// A window with what its key's report type and infectiousness weigh.
#[derive(Clone, Copy, Debug)]
pub struct Weighed<'a> {
    /// The window.
    pub window: &'a Window,
    /// Weight of the report type, 0 to 2.5.
    pub report_type: f64,
    /// Weight of the infectiousness, 0 to 2.5.
    pub infectiousness: f64,
}

impl Config {
    /// Seconds of a window, weighed by attenuation.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some hundred seconds")]
    pub fn weighted_duration(&self, window: &Window) -> f64 {
        let weight = |attenuation_db: i32| {
            let bucket = self
                .thresholds_db
                .iter()
                .position(|threshold| attenuation_db <= *threshold);
            self.weights[bucket.unwrap_or(3)]
        };
        let scans = window.0.iter();
        scans
            .map(|scan| scan.seconds_since_last_scan as f64 * weight(scan.typical_attenuation_db))
            .sum()
    }

    /// The summary of each day (since 1970, UTC) that had a window, also where all its windows were dropped.
    #[must_use]
    pub fn summaries(&self, windows: &[Weighed<'_>]) -> BTreeMap<i64, Summary> {
        let mut days: BTreeMap<i64, Summary> = BTreeMap::new();
        for weighed in windows {
            let Some(first) = weighed.window.0.first() else {
                continue;
            };
            let day = days.entry(first.at.whole_seconds().div_euclid(86_400)).or_default();
            let duration = self.weighted_duration(weighed.window);
            let score = duration * weighed.report_type * weighed.infectiousness;
            if score < self.minimum_window_score {
                continue;
            }
            day.score_sum += score;
            day.maximum_score = day.maximum_score.max(score);
            day.weighted_duration_sum += duration;
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::sightings::windows::ScanInstance;
    use crate::lab::time::UnixMicros;

    fn window(second: i64, attenuation_db: i32) -> Window {
        Window(vec![ScanInstance {
            at: UnixMicros(second * 1_000_000),
            min_attenuation_db: attenuation_db,
            typical_attenuation_db: attenuation_db,
            seconds_since_last_scan: 300,
        }])
    }

    const CONFIG: Config = Config {
        thresholds_db: [55, 63, 90],
        weights: [1.0, 0.5, 0.25, 0.0],
        minimum_window_score: 0.0,
    };

    #[test]
    fn a_threshold_belongs_to_what_is_below_it() {
        let duration = |attenuation_db| CONFIG.weighted_duration(&window(0, attenuation_db));
        for (attenuation_db, seconds) in [(55, 300.0), (56, 150.0), (63, 150.0), (64, 75.0), (90, 75.0), (91, 0.0)] {
            assert!((duration(attenuation_db) - seconds).abs() < 1e-9, "{attenuation_db}");
        }
    }

    #[test]
    fn days_are_summed_and_a_day_whose_windows_were_dropped_is_there_all_the_same() {
        let (near, far, next) = (window(0, 40), window(1, 60), window(86_400, 91));
        let weighed = |window| Weighed {
            window,
            report_type: 1.0,
            infectiousness: 2.0,
        };
        let config = Config {
            minimum_window_score: 1.0,
            ..CONFIG
        };
        let days = config.summaries(&[weighed(&near), weighed(&far), weighed(&next)]);
        assert_eq!(
            days[&0],
            Summary {
                score_sum: 900.0,
                maximum_score: 600.0,
                weighted_duration_sum: 450.0
            }
        );
        assert_eq!(days[&1], Summary::default());
    }
}
