//! The plots of a comparison with truth.

use crate::lab::distance::line::NEAR_M;
use crate::lab::distance::score::{Judged, quantile};
use crate::report::plot::{Axis, Marks, Plot, Scale, Series};

use super::Compared;

/// Not more windows than these are drawn, and not more intervals.
const DOTS: usize = 1_500;
const SPANS: usize = 150;
/// Points of a curve.
const POINTS: u32 = 200;
/// Windows of coverage: so many parts of equal size.
const BINS: usize = 8;
/// A tenth of the probabilities with fewer windows is not drawn.
const LEAST: usize = 5;
/// The look of what is expected.
const EXPECTED: usize = 7;

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Every so manieth, so that not more than these are left.
fn thinned<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    all.iter().step_by(all.len().div_ceil(most).max(1))
}

/// All plots.
pub(super) fn all(compared: &Compared) -> Vec<Plot> {
    let mut plots: Vec<Plot> = compared
        .estimators
        .first()
        .map(|(_, ours)| estimates(ours))
        .into_iter()
        .collect();
    plots.extend([
        errors(compared),
        roc(compared),
        reliability(compared),
        coverage(compared),
    ]);
    plots
}

/// Estimates against truth.
fn estimates(ours: &[Judged]) -> Plot {
    let drawn: Vec<&Judged> = thinned(ours, DOTS).collect();
    let dots: Vec<[f64; 2]> = drawn.iter().map(|of| [of.truth_m, of.distance_m]).collect();
    let span = |of: &&Judged| of.interval_m.map(|[low, high]| [of.truth_m, low, high]);
    let spans: Vec<[f64; 3]> = thinned(&drawn, SPANS).filter_map(span).collect();
    let x = Axis::over("true distance in m", drawn.iter().map(|of| of.truth_m), Scale::Log);
    let values = dots.iter().map(|[_, estimate]| *estimate);
    let ends = spans.iter().flat_map(|[_, low, high]| [*low, *high]);
    let y = Axis::over("estimate in m", values.chain(ends), Scale::Log);
    let (low, high) = (x.low.max(y.low), x.high.min(y.high));
    Plot {
        name: "estimates",
        title: "Estimates against truth".to_owned(),
        description: format!(
            "Both axes are logarithmic; on the broken line an estimate is right. {} of {} windows are drawn, and the intervals \
             of 90 % of {} of them.",
            dots.len(),
            ours.len(),
            spans.len()
        ),
        x,
        y,
        series: vec![
            Series::new("90 %", 6, Marks::Spans(spans)),
            Series::new("estimate", 0, Marks::Dots(dots)),
            Series::new("right", EXPECTED, Marks::Dashes(vec![[low, low], [high, high]])),
        ],
    }
}

/// How large errors are.
fn errors(compared: &Compared) -> Plot {
    let sorted = |judged: &[Judged]| {
        let mut errors: Vec<f64> = judged.iter().map(|of| (of.distance_m - of.truth_m).abs()).collect();
        errors.sort_by(f64::total_cmp);
        errors
    };
    let all: Vec<(&str, Vec<f64>)> = compared
        .estimators
        .iter()
        .map(|(name, judged)| (*name, sorted(judged)))
        .collect();
    // Ours tells how far; another may be off by kilometres.
    let most = all.first().map_or(1.0, |(_, errors)| quantile(errors, 0.99)).max(0.1) * 1.5;
    let curve = |errors: &[f64]| -> Vec<[f64; 2]> {
        let point = |n: u32| {
            let error = most * f64::from(n) / f64::from(POINTS);
            [
                error,
                100.0 * count(errors.partition_point(|one| *one <= error)) / count(errors.len()).max(1.0),
            ]
        };
        (0..=POINTS).map(point).collect()
    };
    let series = all.iter().enumerate();
    Plot {
        name: "errors",
        title: "Distribution of errors".to_owned(),
        description:
            "Share of the windows whose estimate is off by no more than so many metres. The higher a curve, the \
                      better."
                .to_owned(),
        x: Axis::new("absolute error in m", 0.0, most, Scale::Linear),
        y: Axis::new("windows in %", 0.0, 102.0, Scale::Linear),
        series: series
            .map(|(look, (name, errors))| Series::new(*name, look, Marks::Line(curve(errors))))
            .collect(),
    }
}

/// The curve of hits over false alarms, for all thresholds on the score.
fn curve(judged: &[Judged]) -> Vec<[f64; 2]> {
    let mut order: Vec<(f64, bool)> = judged.iter().map(|of| (of.near[0], of.truth_m < NEAR_M[0])).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near = count(order.iter().filter(|(_, is)| *is).count()).max(1.0);
    let far = count(order.iter().filter(|(_, is)| !*is).count()).max(1.0);
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut points = vec![[0.0, 0.0]];
    for same in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let found = count(same.iter().filter(|(_, is)| *is).count());
        hits += found;
        alarms += count(same.len()) - found;
        points.push([100.0 * alarms / far, 100.0 * hits / near]);
    }
    let last = points.last().copied();
    let mut drawn: Vec<[f64; 2]> = thinned(&points, 400).copied().collect();
    drawn.extend(last);
    drawn
}

fn roc(compared: &Compared) -> Plot {
    let series = compared.estimators.iter().enumerate();
    let mut series: Vec<Series> = series
        .map(|(look, (name, judged))| Series::new(*name, look, Marks::Line(curve(judged))))
        .collect();
    let chance = Marks::Dashes(vec![[0.0, 0.0], [100.0, 100.0]]);
    series.push(Series::new("chance", EXPECTED, chance));
    Plot {
        name: "roc",
        title: format!("Telling near from far at {} m", NEAR_M[0]),
        description: format!(
            "Receiver operating characteristic: of the windows nearer than {near} m, how many are found, against how many of the \
             others are taken for near, for every threshold. The nearer to the upper left, the better.",
            near = NEAR_M[0]
        ),
        x: Axis::new("far windows taken for near, in %", -1.0, 101.0, Scale::Linear),
        y: Axis::new("near windows found, in %", -1.0, 102.0, Scale::Linear),
        series,
    }
}

/// Whether probabilities mean what they say.
fn reliability(compared: &Compared) -> Plot {
    let mut series = vec![Series::new(
        "as told",
        EXPECTED,
        Marks::Dashes(vec![[0.0, 0.0], [100.0, 100.0]]),
    )];
    for (look, (name, judged)) in compared.estimators.iter().enumerate() {
        let measures = super::Measures::of(judged);
        let points: Vec<[f64; 2]> = measures
            .reliability
            .iter()
            .filter(|(.., windows)| *windows >= LEAST)
            .map(|(told, seen, _)| [100.0 * told, 100.0 * seen])
            .collect();
        if !points.is_empty() {
            series.push(Series::new("", look, Marks::Line(points.clone())));
            series.push(Series::new(*name, look, Marks::Dots(points)));
        }
    }
    Plot {
        name: "reliability",
        title: format!("Probabilities of being nearer than {} m", NEAR_M[0]),
        description:
            "Windows by the probability that they were given, in tenths: the mean of what was told, and the share that \
                      was near. On the broken line probabilities mean what they say. Tenths with few windows scatter."
                .to_owned(),
        x: Axis::new("told, in %", -2.0, 102.0, Scale::Linear),
        y: Axis::new("was near, in %", -2.0, 102.0, Scale::Linear),
        series,
    }
}

/// Whether intervals hold the truth, near and far.
fn coverage(compared: &Compared) -> Plot {
    let mut series = Vec::new();
    let mut places = Vec::new();
    for (look, (name, judged)) in compared.estimators.iter().enumerate() {
        let mut held: Vec<(f64, bool)> = judged
            .iter()
            .filter_map(|of| Some((of.truth_m, of.interval_m?)))
            .map(|(truth, [low, high])| (truth, low <= truth && truth <= high))
            .collect();
        if held.is_empty() {
            continue;
        }
        held.sort_by(|a, b| a.0.total_cmp(&b.0));
        let point = |bin: &[(f64, bool)]| {
            let holds = count(bin.iter().filter(|(_, holds)| *holds).count());
            [bin[bin.len() / 2].0, 100.0 * holds / count(bin.len())]
        };
        let points: Vec<[f64; 2]> = held.chunks(held.len().div_ceil(BINS)).map(point).collect();
        places.extend(points.iter().map(|[truth, _]| *truth));
        series.push(Series::new("", look, Marks::Line(points.clone())));
        series.push(Series::new(*name, look, Marks::Dots(points)));
    }
    let x = Axis::over("true distance in m", places, Scale::Log);
    series.insert(
        0,
        Series::new("as told", EXPECTED, Marks::Dashes(vec![[x.low, 90.0], [x.high, 90.0]])),
    );
    Plot {
        name: "coverage",
        title: "Coverage of the intervals".to_owned(),
        description:
            "Share of the windows whose interval of 90 % holds the truth, for windows in eight parts by their true \
                      distance. Over all distances it should be 90 %; where it is less at the ends, estimates \
                      are drawn to what is usual."
                .to_owned(),
        x,
        y: Axis::new("windows in %", 0.0, 104.0, Scale::Linear),
        series,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_of_one_window_and_of_none_can_be_drawn() {
        let one = Judged {
            truth_m: 1.0,
            distance_m: 2.0,
            interval_m: Some([0.5, 8.0]),
            near: [0.5; 2],
            is_probability: true,
            decided: [false; 2],
            pair: 0,
        };
        for judged in [vec![], vec![one]] {
            let compared = Compared {
                estimators: vec![("vicino", judged.clone()), ("constant", judged)],
            };
            for plot in all(&compared) {
                assert!(!plot.svg().unwrap().contains("NaN"), "{}", plot.name);
            }
        }
    }
}
