//! When applications notify: published rules over exposure windows, and a person's own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A scan instance as the interface gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scan {
    /// Least attenuation, in dB.
    pub min_attenuation_db: i32,
    /// Mean attenuation, in dB.
    pub typical_attenuation_db: i32,
    /// Since the scan before, in seconds.
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

/// Keys of contacts of contacts, and those that were taken back.
const RECURSIVE_OR_REVOKED: [u8; 2] = [4, 5];

impl ApiWindow {
    /// Whether the interface gives it to applications at all.
    fn counts(&self) -> bool {
        self.infectiousness != 0 && !RECURSIVE_OR_REVOKED.contains(&self.report_type)
    }
}

const fn as_usual() -> u8 {
    1
}

/// A rule with its name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// Who published it.
    pub source: String,
    /// When it notifies.
    pub rule: Rule,
}

/// When an application notifies.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// The product of table values of one exposure, as in [`super::v1::Config`].
    Score {
        /// By attenuation.
        attenuation: [u32; 8],
        /// By days since; windows are assessed on their own day.
        days: [u32; 8],
        /// By minutes.
        duration: [u32; 8],
        /// A lower score is 0.
        minimum: u32,
        /// Notifies from this score on.
        notifies_from: u32,
    },
    /// Minutes of a day, weighed by attenuation: below the first threshold, below the second, above.
    MinutesPerDay {
        /// The thresholds, in dB; each belongs to what is above it.
        thresholds_db: [i32; 2],
        /// Weights of the three buckets.
        weights: [f64; 3],
        /// Notifies from so many minutes on.
        minutes: f64,
    },
    /// Minutes of a day, weighed by attenuation and by what is known of the person.
    EncounterMinutes {
        /// Attenuation in dB below which a weight holds, in order; above all of them 0.
        attenuation: [(i32, f64); 3],
        /// Weight by transmission risk level, 1 to 8: that of the report type and the infectiousness.
        transmission: [f64; 8],
        /// Low risk from so many minutes on.
        low_from: f64,
        /// High risk, which notifies.
        high_from: f64,
    },
    /// Daily summaries and classes of them.
    DailySummary {
        /// Upper ends of the buckets, in dB; each belongs to its bucket.
        thresholds_db: [i32; 3],
        /// Weights of the four buckets.
        weights: [f64; 4],
        /// Weights of usual and high infectiousness.
        infectiousness: [f64; 2],
        /// Weights of the report types 1, 2 and 3.
        report_types: [f64; 3],
        /// The report type where none is told.
        report_type_when_missing: u8,
        /// Windows with a lower score do not count.
        minimum_window_score: f64,
        /// The classes, the gravest first.
        classes: Vec<Class>,
    },
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
}

/// What an application would do, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it notifies.
    pub notifies: bool,
    /// What it calls the risk.
    pub level: String,
    /// The day that decides, as `2020-07-30`; `None` without windows.
    pub day: Option<String>,
    /// The reason, in one sentence.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    config: Vec<Config>,
}

static BUILT_IN: LazyLock<Vec<Config>> =
    LazyLock::new(|| parse(TEXT).expect("the built-in rules parse, as their test shows"));
/// The built-in rules as they stand in their file.
pub const TEXT: &str = include_str!("configs.toml");

/// The built-in rules.
#[must_use]
pub fn built_in() -> &'static [Config] {
    &BUILT_IN
}

/// The rules of a file.
///
/// # Errors
/// What is wrong with it, with the line.
pub fn parse(text: &str) -> Result<Vec<Config>, String> {
    toml::from_str::<File>(text)
        .map(|file| file.config)
        .map_err(|error| error.to_string())
}

/// The day of a window as people write it.
fn day_of(days: i64) -> String {
    let micros = days.saturating_mul(86_400).saturating_mul(1_000_000);
    crate::lab::time::UnixMicros(micros)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

impl ApiWindow {
    fn day(&self) -> i64 {
        self.date_millis_since_epoch.div_euclid(86_400_000)
    }

    fn seconds(&self) -> i64 {
        self.scan_instances
            .iter()
            .map(|scan| scan.seconds_since_last_scan.max(0))
            .fold(0, i64::saturating_add)
    }

    /// Seconds, each scan's weighed by its typical attenuation.
    #[expect(clippy::cast_precision_loss, reason = "some thousand seconds")]
    fn weighed(&self, weight: impl Fn(i32) -> f64) -> f64 {
        let scans = self.scan_instances.iter();
        scans
            .map(|scan| scan.seconds_since_last_scan.max(0) as f64 * weight(scan.typical_attenuation_db))
            .sum()
    }
}

impl Config {
    /// What the application would do with these windows.
    #[must_use]
    pub fn decide(&self, windows: &[ApiWindow]) -> Decision {
        let none = |reason: &str| Decision {
            notifies: false,
            level: "none".to_owned(),
            day: None,
            reason: reason.to_owned(),
        };
        if windows.is_empty() {
            return none("there is no exposure window");
        }
        let counting: Vec<ApiWindow> = windows.iter().filter(|window| window.counts()).cloned().collect();
        let windows = counting.as_slice();
        if windows.is_empty() {
            return none("every exposure window is of a revoked key, or of a day without infectiousness");
        }
        match &self.rule {
            Rule::Score {
                attenuation,
                days,
                duration,
                minimum,
                notifies_from,
            } => {
                let config = super::v1::Config {
                    name: "",
                    source: "",
                    thresholds_db: [0, 0],
                    attenuation: *attenuation,
                    days: *days,
                    duration: *duration,
                    transmission: [1; 8],
                    minimum: *minimum,
                    notifies_from: *notifies_from,
                };
                by_score(&config, windows)
            }
            Rule::MinutesPerDay {
                thresholds_db,
                weights,
                minutes,
            } => by_minutes(windows, *thresholds_db, *weights, *minutes),
            Rule::EncounterMinutes {
                attenuation,
                transmission,
                low_from,
                high_from,
            } => by_encounter(windows, attenuation, transmission, [*low_from, *high_from]),
            Rule::DailySummary { .. } => self.by_summary(windows),
        }
    }

    fn by_summary(&self, windows: &[ApiWindow]) -> Decision {
        let Rule::DailySummary {
            thresholds_db,
            weights,
            infectiousness,
            report_types,
            report_type_when_missing,
            minimum_window_score,
            classes,
        } = &self.rule
        else {
            return Decision {
                notifies: false,
                level: "none".to_owned(),
                day: None,
                reason: String::new(),
            };
        };
        let bucket = |db: i32| weights[thresholds_db.iter().position(|threshold| db <= *threshold).unwrap_or(3)];
        // Of each day: sums by report type, and the highest score.
        let mut days: BTreeMap<i64, ([f64; 3], f64)> = BTreeMap::new();
        for window in windows {
            let day = days.entry(window.day()).or_default();
            let kind = if window.report_type == 0 {
                *report_type_when_missing
            } else {
                window.report_type
            };
            let Some(kind) = usize::from(kind).checked_sub(1).filter(|kind| *kind < 3) else {
                continue;
            };
            let Some(level) = usize::from(window.infectiousness).checked_sub(1) else {
                continue;
            };
            let score = window.weighed(bucket) * report_types[kind] * infectiousness[level.min(1)];
            if score >= *minimum_window_score {
                day.0[kind] += score;
                day.1 = day.1.max(score);
            }
        }
        for class in classes {
            // The most recent day of the gravest class.
            for (day, (by_type, maximum)) in days.iter().rev() {
                let sum = by_type.iter().sum::<f64>();
                let reached = [
                    ("confirmed by a test", by_type[0], class.confirmed_test),
                    ("confirmed by a physician", by_type[1], class.clinical_diagnosis),
                    ("reported by themselves", by_type[2], class.self_report),
                    ("of all", sum, class.sum),
                    ("of the highest window", *maximum, class.maximum),
                ];
                let found = reached
                    .into_iter()
                    .find(|(_, value, threshold)| *threshold > 0.0 && value >= threshold);
                if let Some((what, value, threshold)) = found {
                    let day = day_of(*day);
                    let reason = format!(
                        "{value:.0} weighted seconds {what} on {day} reach {threshold:.0} of class {}",
                        class.name
                    );
                    return Decision {
                        notifies: true,
                        level: format!("class {}", class.name),
                        day: Some(day),
                        reason,
                    };
                }
            }
        }
        let most = days.iter().max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
        let (day, highest) = most.map_or((0, 0.0), |(day, of)| (*day, of.1));
        Decision {
            notifies: false,
            level: "none".to_owned(),
            day: Some(day_of(day)),
            reason: format!("no class is reached: the highest window has {highest:.0} weighted seconds"),
        }
    }
}

fn by_score(config: &super::v1::Config, windows: &[ApiWindow]) -> Decision {
    let scored = windows.iter().map(|window| {
        let seconds = window.seconds().max(1);
        let weighed = window
            .scan_instances
            .iter()
            .map(|scan| i128::from(scan.seconds_since_last_scan.max(0)) * i128::from(scan.min_attenuation_db));
        let attenuation = (2 * weighed.sum::<i128>() + i128::from(seconds)).div_euclid(2 * i128::from(seconds));
        let attenuation = i32::try_from(attenuation).unwrap_or(i32::MAX);
        // As the interface gave it: in steps of five minutes, half an hour at most.
        let minutes = (window.seconds().saturating_add(149) / 300 * 5).min(30);
        (
            config.score(attenuation, minutes, 0, 8),
            minutes,
            attenuation,
            window.day(),
        )
    });
    let Some((score, minutes, attenuation, day)) = scored.max() else {
        return Decision {
            notifies: false,
            level: "none".to_owned(),
            day: None,
            reason: String::new(),
        };
    };
    let notifies = config.notifies(score);
    let verb = if notifies { "reaches" } else { "does not reach" };
    let day = day_of(day);
    Decision {
        notifies,
        level: format!("score {score}"),
        reason: format!(
            "risk score {score} {verb} {}: {minutes} minutes at {attenuation} dB on {day}",
            config.notifies_from
        ),
        day: Some(day),
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

fn by_minutes(windows: &[ApiWindow], thresholds_db: [i32; 2], weights: [f64; 3], needed: f64) -> Decision {
    let weight = |db: i32| weights[usize::from(db >= thresholds_db[0]) + usize::from(db >= thresholds_db[1])];
    let (day, minutes) = most(windows, |window| window.weighed(weight) / 60.0);
    let (notifies, day) = (minutes >= needed, day_of(day));
    let verb = if notifies { "reach" } else { "do not reach" };
    Decision {
        notifies,
        level: if notifies { "exposed" } else { "none" }.to_owned(),
        reason: format!(
            "{minutes:.1} weighted minutes on {day} {verb} {needed:.0}: below {} dB {}, below {} dB {}",
            thresholds_db[0], weights[0], thresholds_db[1], weights[1]
        ),
        day: Some(day),
    }
}

fn by_encounter(
    windows: &[ApiWindow],
    attenuation: &[(i32, f64); 3],
    transmission: &[f64; 8],
    from: [f64; 2],
) -> Decision {
    let weight = |db: i32| {
        attenuation
            .iter()
            .find(|(below, _)| db < *below)
            .map_or(0.0, |(_, weight)| *weight)
    };
    let risk = |window: &ApiWindow| {
        // Source: CWA's encoding of report type and infectiousness as a transmission risk level.
        let report = match window.report_type {
            0 | 1 => 6,
            2 => 4,
            3 => 2,
            _ => 0,
        };
        let level = report + usize::from(window.infectiousness.min(2));
        if window.infectiousness == 0 {
            0.0
        } else {
            transmission[level.clamp(1, 8) - 1]
        }
    };
    let (day, minutes) = most(windows, |window| window.weighed(weight) / 60.0 * risk(window));
    let (day, [low, high]) = (day_of(day), from);
    let level = match minutes {
        minutes if minutes >= high => "high",
        minutes if minutes >= low => "low",
        _ => "none",
    };
    let notifies = level == "high";
    let verb = if notifies { "reach" } else { "do not reach" };
    Decision {
        notifies,
        level: level.to_owned(),
        reason: format!("{minutes:.1} weighted minutes on {day} {verb} {high:.0}, from which on the risk is high"),
        day: Some(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(scans: usize, attenuation_db: i32) -> ApiWindow {
        let scan = Scan {
            min_attenuation_db: attenuation_db,
            typical_attenuation_db: attenuation_db,
            seconds_since_last_scan: 300,
        };
        ApiWindow {
            date_millis_since_epoch: 1_596_067_200_000,
            report_type: 1,
            infectiousness: 1,
            scan_instances: vec![scan; scans],
        }
    }

    fn decide(name: &str, windows: &[ApiWindow]) -> Decision {
        built_in()
            .iter()
            .find(|config| config.name == name)
            .unwrap()
            .decide(windows)
    }

    #[test]
    fn every_rule_gives_a_reason_whatever_the_windows() {
        let all = [
            vec![],
            vec![window(0, 0)],
            vec![window(6, 0), window(6, 200)],
            vec![window(1, i32::MIN)],
        ];
        for config in built_in() {
            for windows in &all {
                let decision = config.decide(windows);
                assert!(
                    !decision.reason.is_empty() && !decision.level.is_empty(),
                    "{}",
                    config.name
                );
                assert!(!(decision.notifies && windows.is_empty()));
            }
        }
    }

    #[test]
    fn revoked_keys_and_days_without_infectiousness_do_not_count() {
        for config in built_in() {
            let hour = || window(12, 20);
            let revoked = ApiWindow {
                report_type: 5,
                ..hour()
            };
            let harmless = ApiWindow {
                infectiousness: 0,
                ..hour()
            };
            let decision = config.decide(&[revoked.clone(), harmless]);
            assert!(!decision.notifies, "{}: {}", config.name, decision.reason);
            assert_eq!(
                config.decide(&[revoked, hour()]),
                config.decide(&[hour()]),
                "{}",
                config.name
            );
        }
    }

    #[test]
    fn tables_of_any_size_are_no_trouble() {
        let table = format!("[{}]", ["4294967295"; 8].join(", "));
        let text = format!(
            "[[config]]\nname = \"huge\"\nsource = \"a test\"\nrule = {{ kind = \"score\", attenuation = {table}, \
             days = {table}, duration = {table}, minimum = 1, notifies_from = 20 }}\n"
        );
        let configs = parse(&text).unwrap();
        assert!(configs[0].decide(&[window(12, 90), window(1, 20)]).notifies);
    }

    #[test]
    fn fifteen_minutes_are_enough_and_a_threshold_belongs_to_what_is_above() {
        assert!(decide("swisscovid", &[window(3, 54)]).notifies);
        assert!(!decide("swisscovid", &[window(3, 55)]).notifies, "half of fifteen");
        assert!(
            decide("swisscovid", &[window(3, 55), window(3, 62)]).notifies,
            "of one day"
        );
        let decision = decide("swisscovid", &[window(2, 54)]);
        assert_eq!(
            decision.reason,
            "10.0 weighted minutes on 2020-07-30 do not reach 15: below 55 dB 1, below 63 dB 0.5"
        );
    }

    #[test]
    fn immuni_scores_one_exposure_at_a_time() {
        let june = |scans, db| decide("immuni-production-2020-06-22", &[window(scans, db), window(scans, db)]);
        assert!(!june(3, 50).notifies && june(4, 50).notifies && !june(6, 74).notifies);
        assert_eq!(
            june(4, 73).reason,
            "risk score 25 reaches 20: 20 minutes at 73 dB on 2020-07-30"
        );
    }

    #[test]
    fn encounters_weigh_report_and_infectiousness() {
        let mut one = window(2, 62);
        // 10 min x 0.8 x 1.4 = 11.2; of a high infectiousness x 1.6.
        assert_eq!(decide("cwa-2", &[one.clone()]).level, "high");
        one.report_type = 3;
        // 10 min x 0.8 x 0.6 = 4.8.
        assert_eq!(decide("cwa-2", &[one.clone()]).level, "none");
        one.infectiousness = 0;
        assert_eq!(decide("cwa-2", &[one]).level, "none");
    }

    #[test]
    fn the_gravest_class_wins_and_a_missing_type_is_taken_as_told() {
        let decision = decide("enx-sample", &[window(6, 30)]);
        // 1,800 s x 1.5 are 2,700.
        assert_eq!((decision.notifies, &*decision.level), (true, "class 1"));
        assert_eq!(decide("enx-sample", &[window(6, 31)]).level, "class 2");
        let mut missing = window(1, 40);
        missing.report_type = 0;
        assert_eq!(decide("enx-sample", &[missing]).level, "class 3");
        assert!(!decide("enx-sample", &[window(6, 61)]).notifies);
    }

    #[test]
    fn a_file_of_ones_own_is_checked() {
        assert!(parse(TEXT).is_ok());
        let wrong = parse("[[config]]\nname = \"x\"\nsource = \"y\"\nrule = { kind = \"dice\" }\n").unwrap_err();
        assert!(wrong.contains("line 4") && wrong.contains("dice"), "{wrong}");
    }
}
