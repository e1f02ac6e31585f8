//! Windows with truth: scored, and learnt from with some of them left out.

use std::collections::BTreeMap;

use super::super::measured::TruthFile;
use super::input::windows;
use super::scores;
use crate::lab::distance::line::{NEAR_M, Sample, logit};
use crate::lab::distance::model::{Lines, LinesOf};
use crate::lab::distance::score::{Judged, quantile};
use crate::lab::distance::truth::{TruthWindow, pair, plain};
use crate::lab::distance::{Estimator, Heard, Line, Mode, Model, Phone, Query, Score, free_space_m};

/// A window with truth and what it scores.
pub(super) struct Known {
    pub(super) truth: TruthWindow,
    pub(super) query: Query,
    pub(super) score: Score,
    /// Median level of the reports in it, in dB: minus their attenuation.
    pub(super) level_db: f64,
    /// Number of its scenario, and the third of the receivers that it is of.
    pub(super) scenario: usize,
    pub(super) third: usize,
    /// Number of its pair, in either direction.
    pub(super) pair: usize,
}

/// All windows of a length with truth in which the pair was heard, and how many others there are.
pub(super) fn known(
    heard: &Heard,
    truth: &[TruthFile],
    length_s: f64,
    (model, mode): (&Model, Mode),
) -> (Vec<Known>, usize) {
    let phones: BTreeMap<String, Phone> = (0..)
        .zip(&heard.phones)
        .map(|(number, phone)| (plain(&phone.name), Phone::Known(number)))
        .collect();
    // Marks and a file would tell the same twice.
    let marks = if truth.is_empty() {
        marked(heard, length_s)
    } else {
        Vec::new()
    };
    let mut found: Vec<(TruthWindow, Query)> = Vec::new();
    let mut missing = 0;
    for window in windows(truth, length_s).into_iter().chain(marks) {
        let query = phones
            .get(&window.receiver)
            .zip(phones.get(&window.sender))
            .map(|(receiver, sender)| {
                #[expect(clippy::cast_precision_loss, reason = "times of captures")]
                let from_s = window.from_s - heard.origin.0 as f64 / 1e6;
                Query {
                    receiver: *receiver,
                    sender: *sender,
                    from_s,
                    length_s,
                    // Times in files are rounded.
                    levels: heard.within(*receiver, *sender, from_s - 1e-3, from_s + length_s - 1e-3),
                }
            });
        match query.filter(|query| !query.levels.is_empty()) {
            Some(query) => found.push((window, query)),
            None => missing += 1,
        }
    }
    let queries: Vec<Query> = found.iter().map(|(_, query)| query.clone()).collect();
    let estimator = Estimator::new(&heard.levels, &heard.stations, mode, model);
    let scores = scores(&estimator, &queries);
    let mut numbers = Numbers::default();
    let known = found.into_iter().zip(scores).map(|((truth, query), score)| {
        let levels = heard.levels.get(query.levels.clone()).unwrap_or_default();
        let mut sorted: Vec<f64> = levels.iter().map(|level| level.db).collect();
        sorted.sort_by(f64::total_cmp);
        Known {
            level_db: quantile(&sorted, 0.5),
            scenario: Numbers::of(&mut numbers.scenarios, truth.scenario.clone()),
            third: Numbers::of(&mut numbers.receivers, truth.receiver.clone()) % 3,
            pair: Numbers::of(&mut numbers.pairs, pair(&truth.receiver, &truth.sender)),
            truth,
            query,
            score,
        }
    });
    (known.collect(), missing)
}

/// Numbers in the order in which names come.
#[derive(Default)]
struct Numbers {
    scenarios: BTreeMap<String, usize>,
    receivers: BTreeMap<String, usize>,
    pairs: BTreeMap<(String, String), usize>,
}

impl Numbers {
    fn of<T: Ord>(numbers: &mut BTreeMap<T, usize>, name: T) -> usize {
        let next = numbers.len();
        *numbers.entry(name).or_insert(next)
    }
}

/// Windows within what marks tell, on a grid from each mark on.
fn marked(heard: &Heard, length_s: f64) -> Vec<TruthWindow> {
    let mut windows = Vec::new();
    for known in &heard.marked {
        let from_s = heard.seconds(known.from);
        let all = heard.within(known.receiver, known.sender, f64::NEG_INFINITY, f64::INFINITY);
        let last_s = heard
            .levels
            .get(all)
            .and_then(|levels| levels.last())
            .map_or(0.0, |level| level.at_s);
        let to_s = known.to.map_or(last_s, |to| heard.seconds(to)).min(last_s + length_s);
        let mut at_s = from_s;
        while at_s + length_s / 2.0 <= to_s {
            #[expect(clippy::cast_precision_loss, reason = "times of captures")]
            let origin_s = heard.origin.0 as f64 / 1e6;
            windows.push(TruthWindow {
                scenario: "marks".to_owned(),
                receiver: plain(&heard.name(known.receiver)),
                sender: plain(&heard.name(known.sender)),
                from_s: origin_s + at_s,
                length_s,
                distance_m: known.distance_m.max(0.01),
            });
            at_s += length_s;
        }
    }
    windows
}

/// The windows as samples of a score; those without one are left out.
pub(super) fn samples<'a>(
    known: impl Iterator<Item = &'a Known>,
    score: impl Fn(&Known) -> Option<f64>,
) -> Vec<Sample> {
    let sample = |of: &'a Known| {
        Some(Sample {
            score: score(of)?,
            distance_m: of.truth.distance_m,
            scenario: of.scenario,
            third: of.third,
        })
    };
    let mut samples: Vec<Sample> = known.filter_map(sample).collect();
    // Numbers of scenarios without gaps.
    let mut numbers = BTreeMap::new();
    for sample in &mut samples {
        sample.scenario = Numbers::of(&mut numbers, sample.scenario);
    }
    samples
}

/// The lines that windows teach, of a mode; where they teach none, those that were there.
pub(super) fn learn(known: &[&Known], mode: Mode, model: &Model, lines: &mut LinesOf) {
    let all = || known.iter().copied();
    let nearness = samples(all(), |of| Some(of.score.nearness_db));
    match mode {
        Mode::Live => lines.live = Line::learn(&nearness).unwrap_or(lines.live),
        Mode::Replay => {
            lines.replay = Line::learn(&nearness).unwrap_or(lines.replay);
            let with_map = samples(all(), |of| of.score.map.map(|_| model.combined(of.score)));
            lines.map = Line::learn(&with_map).unwrap_or(lines.map);
        }
    }
}

/// A model with the lines that windows teach.
fn taught(known: &[&Known], mode: Mode, model: &Model, length_s: f64) -> Model {
    let mut model = model.clone();
    let is_short = length_s <= model.time.short_s;
    let mut lines = if is_short { model.lines.short } else { model.lines.long };
    learn(known, mode, &model, &mut lines);
    // For windows of this length alone: nothing of what others taught is mixed in.
    model.lines = Lines {
        short: lines,
        long: lines,
    };
    model
}

/// How estimators judge the same windows.
pub(super) struct Compared {
    /// Names and judgements: ours first.
    pub(super) estimators: Vec<(&'static str, Vec<Judged>)>,
}

/// Which windows teach those of a scenario and a third of the receivers: of the other scenarios and thirds; where there are
/// no others, all.
fn teachers(known: &[Known], scenario: usize, third: usize) -> Vec<&Known> {
    let others: Vec<&Known> = known
        .iter()
        .filter(|of| of.scenario != scenario && of.third != third)
        .collect();
    let other_thirds: Vec<&Known> = known.iter().filter(|of| of.third != third).collect();
    [others, other_thirds]
        .into_iter()
        .find(|of| of.len() >= 10)
        .unwrap_or_else(|| known.iter().collect())
}

/// Judges the windows: with the lines of the model, or `leave_out` with lines that saw neither the scenario nor the
/// receivers; beside a constant, fixed n = 2, and a fitted line over the level, which always are taught so.
pub(super) fn compare(known: &[Known], length_s: f64, (model, mode): (&Model, Mode), leave_out: bool) -> Compared {
    let blank = |of: &Known| Judged {
        truth_m: of.truth.distance_m,
        distance_m: 0.0,
        interval_m: None,
        near: [0.0; 2],
        is_probability: false,
        decided: [false; 2],
        pair: of.pair,
    };
    let mut ours: Vec<Judged> = known.iter().map(blank).collect();
    let (mut constant, mut line, mut free) = (ours.clone(), ours.clone(), ours.clone());
    let mut folds: Vec<(usize, usize)> = known.iter().map(|of| (of.scenario, of.third)).collect();
    folds.sort_unstable();
    folds.dedup();
    for (scenario, third) in folds {
        let teachers = teachers(known, scenario, third);
        let own = if leave_out {
            taught(&teachers, mode, model, length_s)
        } else {
            model.clone()
        };
        let of_scenario: Vec<usize> = (0..known.len())
            .filter(|place| known[*place].scenario == scenario)
            .collect();
        judge(known, &of_scenario, (&own, mode), third, &mut ours);
        let levels = samples(teachers.iter().copied(), |of| Some(of.level_db));
        let fitted = Line::learn(&levels);
        let mut distances: Vec<f64> = teachers.iter().map(|of| of.truth.distance_m).collect();
        distances.sort_by(f64::total_cmp);
        for place in of_scenario.into_iter().filter(|place| known[*place].third == third) {
            let of = &known[place];
            constant[place].distance_m = quantile(&distances, 0.5);
            constant[place].interval_m = Some([quantile(&distances, 0.05), quantile(&distances, 0.95)]);
            if let Some(fitted) = fitted {
                let found = fitted.estimate(of.level_db);
                line[place].distance_m = found.distance_m;
                line[place].interval_m = Some([found.low_m, found.high_m]);
                (line[place].near, line[place].is_probability) = (found.p_near, true);
                for (which, decided) in line[place].decided.iter_mut().enumerate() {
                    *decided = logit(found.p_near[which]) >= logit(fitted.shares[which]);
                }
            }
            let distance_m = free_space_m(-of.level_db);
            free[place].distance_m = distance_m;
            free[place].near = [-distance_m; 2];
            free[place].decided = NEAR_M.map(|near| distance_m < near);
        }
    }
    Compared {
        estimators: vec![
            ("vicino", ours),
            ("constant", constant),
            ("n = 2", free),
            ("fitted line", line),
        ],
    }
}

/// Judges a third of a scenario's windows; all of the scenario tell what is usual.
fn judge(known: &[Known], of_scenario: &[usize], (model, mode): (&Model, Mode), third: usize, into: &mut [Judged]) {
    let queries: Vec<Query> = of_scenario.iter().map(|place| known[*place].query.clone()).collect();
    let estimates: Vec<_> = of_scenario
        .iter()
        .zip(&queries)
        .map(|(place, query)| model.estimate(mode, query, known[*place].score))
        .collect();
    let decided = model.decide(mode, &queries, &estimates);
    for ((place, estimate), decided) in of_scenario.iter().zip(&estimates).zip(decided) {
        if known[*place].third == third {
            into[*place] = Judged {
                distance_m: estimate.distance_m,
                interval_m: Some([estimate.low_m, estimate.high_m]),
                near: estimate.p_near,
                is_probability: true,
                decided,
                ..into[*place]
            };
        }
    }
}
