//! The plots of a fit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Fitted;
use super::output::short_name;
use crate::lab::calibration::fit::{Judged, OUTLIER, Parameter, State};
use crate::lab::distance::score::quantile;
use crate::report::plot::{Axis, Marks, Plot, Scale, Series};

/// So many rows of boxes are drawn, those with the most reports first.
const ROWS: usize = 30;
/// Levels of more conditions than these are drawn as boxes: lines would hide each other.
const LINES: usize = 6;

/// Median level of a group, in dBm.
fn level(judged: &Judged) -> f64 {
    judged.expected_dbm + judged.residual_db
}

fn is_outlier(judged: &Judged) -> bool {
    judged.scaled.is_some_and(|scaled| scaled.abs() > OUTLIER)
}

/// A count as a real number.
fn real(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn pair_name(fitted: &Fitted, (sender, receiver): (usize, usize)) -> String {
    let name = |phone: usize| short_name(&fitted.bench.phones, phone);
    format!("{} to {}", name(sender), name(receiver))
}

/// The groups of each pair, by sender and receiver.
fn pairs(fitted: &Fitted) -> BTreeMap<(usize, usize), Vec<&Judged>> {
    let mut pairs: BTreeMap<_, Vec<&Judged>> = BTreeMap::new();
    for judged in &fitted.fit.groups {
        pairs
            .entry((judged.group.sender, judged.group.receiver))
            .or_default()
            .push(judged);
    }
    pairs
}

/// Files that the plots of a fit may have in a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let names = ["fit", "residuals", "residual-histogram", "levels", "orientations"];
    let of = |name: &str| ["svg", "png"].map(|kind| folder.join(format!("{name}.{kind}")));
    names.into_iter().flat_map(of).collect()
}

/// All plots of a fit: the fit, residuals twice, levels, and orientations where there are several.
pub(super) fn all(fitted: &Fitted) -> Vec<Plot> {
    let mut plots = vec![
        fit(fitted),
        residuals(fitted),
        residual_histogram(fitted),
        levels(fitted),
    ];
    plots.extend(orientations(fitted));
    plots
}

/// Levels against distance with the lines of the model; where there is one distance only, against what is expected.
fn fit(fitted: &Fitted) -> Plot {
    let groups = &fitted.fit.groups;
    let distances = || groups.iter().map(|judged| judged.group.distance.0);
    let first = distances().next().unwrap_or(1.0);
    if distances().all(|distance| (distance - first).abs() < 1e-9) {
        return at_one_distance(fitted, first);
    }
    let x = Axis::over("distance in m", distances(), Scale::Log);
    let mut series = Vec::new();
    for (look, (pair, of)) in pairs(fitted).into_iter().enumerate() {
        let dots = of.iter().map(|judged| [judged.group.distance.0, level(judged)]);
        series.extend(line(fitted, pair, &x).map(|line| Series::new("", look, Marks::Line(line))));
        series.push(Series::new(pair_name(fitted, pair), look, Marks::Dots(dots.collect())));
    }
    let ends: Vec<f64> = series
        .iter()
        .filter_map(|series| match &series.marks {
            Marks::Line(line) => Some(line.iter().map(|[_, level]| *level)),
            _ => None,
        })
        .flatten()
        .collect();
    let has_lines = !ends.is_empty();
    let told = if has_lines {
        "The line of each pair is the fitted model, averaged over sessions and orientations."
    } else {
        "No line is drawn: the data do not tell the path loss."
    };
    Plot {
        name: "fit",
        title: "Levels against distance".to_owned(),
        description: format!(
            "Each dot is the median level of a group of reports under equal conditions; distance is on a logarithmic axis. {told}"
        ),
        y: Axis::over(
            "median level in dBm",
            groups.iter().map(level).chain(ends),
            Scale::Linear,
        ),
        x,
        series,
    }
}

/// The line of a pair, where the model tells it.
fn line(fitted: &Fitted, (sender, receiver): (usize, usize), x: &Axis) -> Option<Vec<[f64; 2]>> {
    let terms = [
        (Parameter::Tx(sender), 1.0),
        (Parameter::Correction(receiver), -1.0),
        (Parameter::Attenuation, -1.0),
    ];
    let at_1_m = fitted.fit.contrast(&terms)?.value;
    let exponent = fitted.fit.get(Parameter::Exponent).value()?;
    // Straight on this axis.
    let point = |distance: f64| [distance, at_1_m - 10.0 * exponent * distance.log10()];
    Some(vec![point(x.low), point(x.high)])
}

/// Pairs row by row: what was measured and what is expected.
fn at_one_distance(fitted: &Fitted, distance_m: f64) -> Plot {
    let pairs = pairs(fitted);
    let count = pairs.len();
    let rows: Vec<_> = pairs.into_iter().take(ROWS).collect();
    let (mut measured, mut expected) = (Vec::new(), Vec::new());
    for (row, (_, of)) in (0..).map(|n: u32| f64::from(n)).zip(rows.iter().rev()) {
        measured.extend(of.iter().map(|judged| [level(judged), row]));
        expected.extend(of.iter().map(|judged| [judged.expected_dbm, row]));
    }
    let values = measured.iter().chain(&expected).map(|[level, _]| *level);
    let names = rows.iter().rev().map(|(pair, _)| pair_name(fitted, *pair)).collect();
    let more = count.saturating_sub(rows.len());
    let more = if more > 0 {
        format!(" {more} more pairs are not drawn.")
    } else {
        String::new()
    };
    Plot {
        name: "fit",
        title: format!("Levels of each pair at {distance_m:.2} m"),
        description: format!(
            "Median level of each group of reports, and what the model expects of it. Where a dot covers the other, a figure of \
             that pair rests on this group alone. Only one distance was measured, so nothing tells how levels fall with \
             distance.{more}"
        ),
        x: Axis::over("level in dBm", values, Scale::Linear),
        y: Axis::names("", names),
        series: vec![
            Series::new("expected", 1, Marks::Dots(expected)),
            Series::new("measured", 0, Marks::Dots(measured)),
        ],
    }
}

/// Residuals against expected levels.
fn residuals(fitted: &Fitted) -> Plot {
    let groups = &fitted.fit.groups;
    let dots = |outliers: bool| {
        let of = groups.iter().filter(move |judged| is_outlier(judged) == outliers);
        of.map(|judged| [judged.expected_dbm, judged.residual_db])
            .collect::<Vec<_>>()
    };
    let x = Axis::over(
        "expected level in dBm",
        groups.iter().map(|judged| judged.expected_dbm),
        Scale::Linear,
    );
    let residuals = groups.iter().map(|judged| judged.residual_db);
    let zero = Series::new("", 7, Marks::Dashes(vec![[x.low, 0.0], [x.high, 0.0]]));
    let mut series = vec![zero, Series::new("group", 0, Marks::Dots(dots(false)))];
    let outliers = dots(true);
    let told = if outliers.is_empty() {
        "No group is an outlier.".to_owned()
    } else {
        let told = format!("{} of {} groups are outliers.", outliers.len(), groups.len());
        series.push(Series::new("outlier", 5, Marks::Dots(outliers)));
        told
    };
    Plot {
        name: "residuals",
        title: "Residuals against expected levels".to_owned(),
        description: format!(
            "What each group is above the level that the model expects. Around the broken line without any pattern: the model \
             holds. A slope or a bend at weak levels: packets too weak to be heard make far groups look stronger. {told}"
        ),
        x,
        y: Axis::over("residual in dB", residuals.chain([-1.0, 1.0]), Scale::Linear),
        series,
    }
}

/// A width of bins that gives some ten of them: 1 dB, or a power of two of it.
fn bin(spread: f64) -> f64 {
    let widths = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0];
    widths.into_iter().find(|width| spread / width <= 14.0).unwrap_or(8.0)
}

/// How many residuals there are of which size.
fn residual_histogram(fitted: &Fitted) -> Plot {
    let residuals: Vec<f64> = fitted.fit.groups.iter().map(|judged| judged.residual_db).collect();
    let largest = residuals
        .iter()
        .map(|residual| residual.abs())
        .filter(|size| size.is_finite())
        .fold(0.5, f64::max);
    let width = bin(2.0 * largest);
    let mut bins: BTreeMap<i64, u64> = BTreeMap::new();
    for residual in residuals.iter().filter(|residual| residual.is_finite()) {
        #[expect(clippy::cast_possible_truncation, reason = "a bin")]
        let number = (residual / width).round() as i64;
        *bins.entry(number).or_default() += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a bin")]
    let bars = bins
        .iter()
        .map(|(number, count)| [*number as f64 * width, real(*count)]);
    let most = real(bins.values().copied().max().unwrap_or(1));
    let side = largest + width;
    Plot {
        name: "residual-histogram",
        title: "Residuals".to_owned(),
        description: format!("How many groups have a residual of which size, in steps of {width} dB."),
        x: Axis::new("residual in dB", -side, side, Scale::Linear),
        y: Axis::new("groups", 0.0, most * 1.06, Scale::Counts),
        series: vec![Series::new("", 0, Marks::Bars(width, bars.collect()))],
    }
}

/// Levels in dBm and how many reports have each.
type Levels = BTreeMap<i64, u64>;

/// The levels of all reports of each pair at each distance; where they are too many, those with the most reports first.
fn conditions(fitted: &Fitted) -> Vec<(String, Levels)> {
    let mut of: BTreeMap<(usize, usize, u64), Levels> = BTreeMap::new();
    for judged in &fitted.fit.groups {
        let group = &judged.group;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "up to a million")]
        let millimetres = (group.distance.0 * 1000.0).round() as u64;
        let levels = of.entry((group.sender, group.receiver, millimetres)).or_default();
        for (level, count) in fitted.bench.samples.levels_of(group) {
            #[expect(clippy::cast_possible_truncation, reason = "whole decibels")]
            let level = level.round() as i64;
            *levels.entry(level).or_default() += count;
        }
    }
    let name = |(sender, receiver, millimetres): (usize, usize, u64)| {
        // The distance first: long names are cut.
        format!(
            "{:.2} m, {}",
            real(millimetres) / 1000.0,
            pair_name(fitted, (sender, receiver))
        )
    };
    let mut named: Vec<_> = of.into_iter().map(|(key, levels)| (name(key), levels)).collect();
    if named.len() > ROWS {
        named.sort_by_key(|(_, levels)| std::cmp::Reverse(levels.values().sum::<u64>()));
    }
    named
}

/// How the levels of single reports spread.
fn levels(fitted: &Fitted) -> Plot {
    let conditions = conditions(fitted);
    let title = "Levels of single reports".to_owned();
    if conditions.len() > LINES {
        return level_boxes(&conditions, title);
    }
    #[expect(clippy::cast_precision_loss, reason = "whole decibels")]
    let line = |levels: &Levels| -> Vec<[f64; 2]> {
        let all = real(levels.values().sum::<u64>()).max(1.0);
        let first = levels.keys().next().copied().unwrap_or(0) - 1;
        let last = levels.keys().next_back().copied().unwrap_or(0) + 1;
        let share = |level: i64| 100.0 * real(levels.get(&level).copied().unwrap_or(0)) / all;
        let step = |level: i64| [[level as f64 - 0.5, share(level)], [level as f64 + 0.5, share(level)]];
        (first..=last).flat_map(step).collect()
    };
    let lines: Vec<_> = conditions.iter().map(|(name, levels)| (name, line(levels))).collect();
    let points = || lines.iter().flat_map(|(_, line)| line);
    let most = points().map(|[_, share]| *share).fold(1.0, f64::max);
    let x = Axis::over("level in dBm", points().map(|[level, _]| *level), Scale::Linear);
    let series = lines
        .iter()
        .enumerate()
        .map(|(look, (name, line))| Series::new((*name).clone(), look, Marks::Line(line.clone())));
    Plot {
        name: "levels",
        title,
        description: "Share of the reports of each pair and distance at each level, in steps of 1 dB.".to_owned(),
        y: Axis::new("reports in %", 0.0, most * 1.06, Scale::Linear),
        series: series.collect(),
        x,
    }
}

/// The same as boxes, where there are many conditions.
fn level_boxes(conditions: &[(String, Levels)], title: String) -> Plot {
    let shown: Vec<_> = conditions.iter().take(ROWS).rev().collect();
    let five = |levels: &Levels| {
        let all: u64 = levels.values().sum();
        // Of very many reports every so manieth is enough.
        let every = all.div_ceil(10_000).max(1);
        #[expect(clippy::cast_precision_loss, reason = "whole decibels")]
        let sorted: Vec<f64> = levels
            .iter()
            .flat_map(|(level, count)| (0..count.div_ceil(every)).map(|_| *level as f64))
            .collect();
        [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&sorted, share))
    };
    let boxes: Vec<(f64, [f64; 5])> = (0..)
        .map(|row: u32| f64::from(row))
        .zip(&shown)
        .map(|(row, (_, levels))| (row, five(levels)))
        .collect();
    let more = conditions.len().saturating_sub(shown.len());
    let more = if more > 0 {
        format!(" {more} more are not drawn.")
    } else {
        String::new()
    };
    Plot {
        name: "levels",
        title,
        description: format!(
            "Of each pair and distance: the median, a box from quartile to quartile, and lines to the weakest and the strongest \
             report.{more}"
        ),
        x: Axis::over("level in dBm", boxes.iter().flat_map(|(_, five)| *five), Scale::Linear),
        y: Axis::names("", shown.iter().map(|(name, _)| name.clone()).collect()),
        series: vec![Series::new("", 0, Marks::Boxes(boxes))],
    }
}

/// What each orientation adds to the level; nothing where there are not at least two.
fn orientations(fitted: &Fitted) -> Option<Plot> {
    let names = &fitted.bench.orientations;
    if names.len() < 2 {
        return None;
    }
    let effect = |number: usize| match fitted.fit.get(Parameter::Orientation(number)) {
        State::Untold(_) => 0.0,
        state => state.value().unwrap_or(0.0),
    };
    let mut of: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for judged in &fitted.fit.groups {
        if let Some(number) = judged.group.orientation {
            of.entry(number).or_default().push(judged.residual_db + effect(number));
        }
    }
    let rows: Vec<(usize, Vec<f64>)> = of.into_iter().take(ROWS).collect();
    let (mut boxes, mut dots) = (Vec::new(), Vec::new());
    for (row, (_, values)) in (0..).map(|n: u32| f64::from(n)).zip(rows.iter().rev()) {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        if sorted.len() >= 5 {
            boxes.push((row, [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&sorted, share))));
        }
        dots.extend(sorted.iter().map(|value| [*value, row]));
    }
    let values: Vec<f64> = dots.iter().map(|[value, _]| *value).chain([-1.0, 1.0]).collect();
    let mut series = vec![Series::new("group", 0, Marks::Dots(dots))];
    if !boxes.is_empty() {
        series.insert(0, Series::new("quartiles", 1, Marks::Boxes(boxes)));
    }
    Some(Plot {
        name: "orientations",
        title: "Levels by orientation".to_owned(),
        description:
            "What each group of an orientation is above the level that the model expects without regard to the \
                      orientation: a dot each, with a box from quartile to quartile where there are five or more."
                .to_owned(),
        x: Axis::over("above the average of all orientations, in dB", values, Scale::Linear),
        y: Axis::names(
            "",
            rows.iter()
                .rev()
                .map(|(number, _)| short_name(names, *number))
                .collect(),
        ),
        series,
    })
}
