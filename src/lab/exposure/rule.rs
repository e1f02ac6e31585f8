//! When applications notify: published rules over exposure windows, and a person's own.

mod detail;
mod minutes;
mod score;
mod summary;
mod window;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use detail::{DayData, DayReport, Detail, ExposureInformation, ExposureSummary};
pub use minutes::{EncounterMinutes, ExposureSeconds, MinutesPerDay};
pub use score::{CombinedScore, Score, Tables};
pub use summary::{Class, DailySummary, Day};
pub use window::{ApiWindow, Chain, Scan};

use super::infectiousness::{Infectiousness, Map};
use super::v1::Point;
use score::Exposures;

/// A rule with its name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// Who published it; `own` where nobody is named.
    #[serde(default = "own")]
    pub source: String,
    /// What is older than so many days does not count; 0 for any age.
    #[serde(default)]
    pub older_days: i64,
    /// How infectious by days since the onset of symptoms, where the application tells the interface.
    #[serde(default)]
    pub infectiousness: Option<Onset>,
    /// When it notifies.
    pub rule: Rule,
}

/// From days since onset to infectiousness, as configurations write it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onset {
    /// From 14 days before the onset to 14 after it: 0 none, 1 as usual, 2 high.
    days: [u8; 29],
    /// Where the onset is not known, or further away.
    when_missing: u8,
}

impl Onset {
    /// As the interface takes it.
    #[must_use]
    pub fn map(&self) -> Map {
        let level = |number: u8| match number {
            0 => Infectiousness::None,
            1 => Infectiousness::Standard,
            _ => Infectiousness::High,
        };
        Map {
            days: self.days.map(level),
            when_missing: level(self.when_missing),
        }
    }
}

/// When an application notifies.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Rule {
    /// See [`Score`].
    Score(Score),
    /// See [`CombinedScore`].
    CombinedScore(CombinedScore),
    /// See [`ExposureSeconds`].
    ExposureSeconds(ExposureSeconds),
    /// See [`MinutesPerDay`].
    MinutesPerDay(MinutesPerDay),
    /// See [`EncounterMinutes`].
    EncounterMinutes(EncounterMinutes),
    /// See [`DailySummary`].
    DailySummary(DailySummary),
}

/// What is known of exposures, to be decided upon.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The windows.
    pub windows: &'a [ApiWindow],
    /// The exposure to each key, for rules of the first interface. Without, each window is taken for one exposure.
    pub chains: Option<&'a [Chain]>,
    /// The day of the decision, since 1970; without, that of the latest window. What is later does not count.
    pub today: Option<i64>,
}

/// What an application would do, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it notifies; `None` where it is not published when it does.
    pub notifies: Option<bool>,
    /// What it calls the risk; `unknown` where that is not published.
    pub level: String,
    /// The day that decides, as `2020-07-30`; `None` without windows.
    pub day: Option<String>,
    /// The reason, in one sentence.
    pub reason: String,
}

/// What counts for a decision.
enum Admitted {
    Windows(Vec<ApiWindow>),
    Chains(Vec<Chain>),
}

impl Admitted {
    fn exposures(&self) -> Exposures<'_> {
        match self {
            Self::Windows(windows) => Exposures::Windows(windows),
            Self::Chains(chains) => Exposures::Chains(chains),
        }
    }
}

impl Decision {
    fn none(reason: &str) -> Self {
        Self {
            notifies: Some(false),
            level: "none".to_owned(),
            day: None,
            reason: reason.to_owned(),
        }
    }

    /// Whether it is known to notify.
    #[must_use]
    pub const fn does_notify(&self) -> bool {
        matches!(self.notifies, Some(true))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    config: Vec<Config>,
}

static BUILT_IN: LazyLock<Vec<Config>> =
    LazyLock::new(|| parse(TEXT).expect("the built-in rules parse, as their test shows"));
/// No weight of an application comes near it.
const MOST_WEIGHT: f64 = 100.0;

fn own() -> String {
    "own".to_owned()
}

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
    let fault = |error: toml::de::Error| match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
            format!("line {line}, column {column}: {}", error.message().replace('\n', "; "))
        }
        None => error.message().replace('\n', "; "),
    };
    let file: File = toml::from_str(text).map_err(fault)?;
    for config in &file.config {
        config
            .check()
            .map_err(|what| format!("rule {:?}: {what}", config.name))?;
    }
    let mut names = BTreeSet::new();
    match file.config.iter().find(|config| !names.insert(&config.name)) {
        Some(twice) => Err(format!("rule {:?}: there are two of this name", twice.name)),
        None => Ok(file.config),
    }
}

/// A day since 1970 as people write it.
fn day_of(days: i64) -> String {
    let micros = days.saturating_mul(86_400).saturating_mul(1_000_000);
    crate::lab::time::UnixMicros(micros)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

impl Config {
    /// Whether it can be meant so.
    fn check(&self) -> Result<(), &'static str> {
        let is_weight = |weight: &f64| weight.is_finite() && (0.0..=MOST_WEIGHT).contains(weight);
        let (weights, limits): (Vec<f64>, Vec<f64>) = match &self.rule {
            Rule::Score(rule) => (Vec::new(), vec![rule.notifies_from.into()]),
            Rule::CombinedScore(rule) => (rule.weights.to_vec(), vec![rule.divisor, rule.high_from]),
            Rule::ExposureSeconds(rule) => (rule.weights.to_vec(), vec![rule.seconds]),
            Rule::MinutesPerDay(rule) => (rule.weights.to_vec(), vec![rule.minutes]),
            Rule::EncounterMinutes(rule) => {
                let weights = rule.attenuation.iter().map(|(_, weight)| *weight);
                let all = weights.chain(rule.transmission);
                (all.collect(), vec![rule.low_from, rule.high_from])
            }
            Rule::DailySummary(rule) => {
                let all = rule
                    .weights
                    .into_iter()
                    .chain(rule.infectiousness)
                    .chain(rule.report_types);
                (all.collect(), Vec::new())
            }
        };
        let thresholds = match &self.rule {
            Rule::Score(_) => Vec::new(),
            _ => self.thresholds_db(),
        };
        if self.name.trim().is_empty() {
            Err("it needs a name")
        } else if self.older_days < 0 {
            Err("older_days cannot be negative")
        } else if !weights.iter().all(is_weight) {
            Err("weights are numbers from 0 to 100")
        } else if !limits.iter().all(|limit| limit.is_finite() && *limit > 0.0) {
            Err("what it notifies from, and what it divides by, must be above 0")
        } else if thresholds.iter().any(|threshold| *threshold < 0) {
            Err("thresholds of attenuation cannot be negative")
        } else if !thresholds.is_sorted() {
            Err("thresholds go upwards")
        } else if let Rule::DailySummary(rule) = &self.rule
            && let Some(what) = rule.fault()
        {
            Err(what)
        } else {
            Ok(())
        }
    }

    /// What the application would do with these windows alone.
    #[must_use]
    pub fn decide(&self, windows: &[ApiWindow]) -> Decision {
        self.decide_on(Evidence {
            windows,
            ..Evidence::default()
        })
    }

    /// What the application would do.
    #[must_use]
    pub fn decide_on(&self, evidence: Evidence<'_>) -> Decision {
        let (admitted, today) = match self.admit(evidence) {
            Ok(admitted) => admitted,
            Err(decision) => return decision,
        };
        match (&self.rule, &admitted) {
            (Rule::Score(rule), _) => rule.decide(admitted.exposures(), today),
            (Rule::CombinedScore(rule), _) => rule.decide(admitted.exposures(), today),
            (Rule::ExposureSeconds(rule), Admitted::Windows(windows)) => rule.decide(windows),
            (Rule::MinutesPerDay(rule), Admitted::Windows(windows)) => rule.decide(windows),
            (Rule::EncounterMinutes(rule), Admitted::Windows(windows)) => rule.decide(windows),
            (Rule::DailySummary(rule), Admitted::Windows(windows)) => rule.decide(windows),
            (_, Admitted::Chains(_)) => Decision::none("this rule is one of windows"),
        }
    }

    /// What it decides upon, as the application got it from the interface; nothing more than the windows for rules that
    /// take these as they are.
    #[must_use]
    pub fn detail(&self, evidence: Evidence<'_>) -> Detail {
        let Ok((admitted, today)) = self.admit(evidence) else {
            return Detail::default();
        };
        let scored = match &self.rule {
            Rule::Score(rule) => rule.scored(admitted.exposures(), today),
            Rule::CombinedScore(rule) => rule.scored(admitted.exposures(), today),
            _ => Vec::new(),
        };
        match (&self.rule, &admitted) {
            (Rule::DailySummary(rule), Admitted::Windows(windows)) => Detail::of_days(rule, windows),
            _ if scored.is_empty() => Detail::default(),
            (_, Admitted::Chains(chains)) => {
                let met = chains.iter().filter(|chain| !chain.points.is_empty()).count();
                Detail::of_exposures(&scored, met, today)
            }
            (_, Admitted::Windows(windows)) => Detail::of_exposures(&scored, windows.len(), today),
        }
    }

    /// What counts on the day of the decision, and that day; or why nothing does.
    fn admit(&self, evidence: Evidence<'_>) -> Result<(Admitted, i64), Decision> {
        if evidence.windows.is_empty() {
            return Err(Decision::none("there is no exposure window"));
        }
        let latest = evidence.windows.iter().map(ApiWindow::day).max().unwrap_or_default();
        let today = evidence.today.unwrap_or(latest);
        // The first interface knew no infectiousness: chains stand for themselves.
        if let (Some(chains), Rule::Score(_) | Rule::CombinedScore(_)) = (evidence.chains, &self.rule) {
            return Ok((self.admit_chains(chains, today)?, today));
        }
        let counting = evidence.windows.iter().filter(|window| window.counts());
        let windows: Vec<ApiWindow> = counting
            .clone()
            .filter(|of| self.is_in_time(of.day(), today))
            .cloned()
            .collect();
        if counting.clone().count() == 0 {
            Err(Decision::none(&window::why_none_counts(evidence.windows)))
        } else if windows.is_empty() {
            Err(self.none_in_time(counting.map(ApiWindow::day), today))
        } else {
            Ok((Admitted::Windows(windows), today))
        }
    }

    fn admit_chains(&self, chains: &[Chain], today: i64) -> Result<Admitted, Decision> {
        if chains.iter().all(|chain| chain.points.is_empty()) {
            return Err(Decision::none("every exposure is to a revoked key"));
        }
        let day = |point: &Point| point.second.div_euclid(86_400);
        let in_time = |chain: &Chain| {
            let points = chain.points.iter().copied();
            Chain {
                points: points.filter(|point| self.is_in_time(day(point), today)).collect(),
                ..*chain
            }
        };
        let admitted: Vec<Chain> = chains.iter().map(in_time).collect();
        if admitted.iter().all(|chain| chain.points.is_empty()) {
            let days = chains.iter().flat_map(|chain| chain.points.iter().map(day));
            return Err(self.none_in_time(days, today));
        }
        Ok(Admitted::Chains(admitted))
    }

    /// Neither later than the day of the decision nor forgotten by then.
    const fn is_in_time(&self, day: i64, today: i64) -> bool {
        day <= today && (self.older_days <= 0 || today.saturating_sub(day) <= self.older_days)
    }

    /// Why none of the exposures of these days counts.
    fn none_in_time(&self, days: impl Iterator<Item = i64>, today: i64) -> Decision {
        let (later, old): (Vec<i64>, Vec<i64>) = days.partition(|day| *day > today);
        let (limit, day) = (self.older_days, day_of(today));
        let reason = match (later.is_empty(), old.is_empty()) {
            (true, _) => format!("every exposure is older than {limit} days on {day}"),
            (false, true) => format!("every exposure is later than {day}, the day of the decision"),
            (false, false) => {
                format!("every exposure is later than {day}, the day of the decision, or older than {limit} days then")
            }
        };
        Decision::none(&reason)
    }

    /// What one window amounts to under this rule: a score for rules of scores, minutes for the others.
    #[must_use]
    pub fn weigh(&self, window: &ApiWindow) -> f64 {
        if !window.counts() {
            return 0.0;
        }
        match &self.rule {
            Rule::Score(rule) => f64::from(rule.of_window(window)),
            Rule::CombinedScore(rule) => rule.minutes(window),
            Rule::ExposureSeconds(rule) => rule.seconds_of(window) / 60.0,
            Rule::MinutesPerDay(rule) => rule.minutes_of(window),
            Rule::EncounterMinutes(rule) => rule.minutes_of(window),
            Rule::DailySummary(rule) => rule.score(window).map_or(0.0, |(_, score)| score) / 60.0,
        }
    }

    /// Whether [`Config::weigh`] gives scores and not minutes.
    #[must_use]
    pub const fn weighs_in_scores(&self) -> bool {
        matches!(self.rule, Rule::Score(_))
    }

    /// What if every threshold of attenuation were so many decibels higher.
    #[must_use]
    pub fn with_thresholds_moved(&self, up_db: i32) -> Self {
        let mut moved = self.clone();
        let up = |db: &mut i32| *db = db.saturating_add(up_db);
        match &mut moved.rule {
            Rule::Score(rule) => up(&mut rule.tables.shift_db),
            Rule::CombinedScore(rule) => {
                up(&mut rule.tables.shift_db);
                rule.thresholds_db.iter_mut().for_each(up);
            }
            Rule::ExposureSeconds(rule) => rule.thresholds_db.iter_mut().for_each(up),
            Rule::MinutesPerDay(rule) => rule.thresholds_db.iter_mut().for_each(up),
            Rule::EncounterMinutes(rule) => rule.attenuation.iter_mut().for_each(|(below, _)| up(below)),
            Rule::DailySummary(rule) => rule.thresholds_db.iter_mut().for_each(up),
        }
        moved
    }

    /// The attenuations at which the weight changes, in dB, in order.
    #[must_use]
    pub fn thresholds_db(&self) -> Vec<i32> {
        match &self.rule {
            Rule::Score(rule) => rule.tables.edges_db(),
            Rule::CombinedScore(rule) => rule.thresholds_db.to_vec(),
            Rule::ExposureSeconds(rule) => rule.thresholds_db.to_vec(),
            Rule::MinutesPerDay(rule) => rule.thresholds_db.to_vec(),
            Rule::EncounterMinutes(rule) => rule.attenuation.iter().map(|(below, _)| *below).collect(),
            Rule::DailySummary(rule) => rule.thresholds_db.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests;
