//! The plots of an audit.

mod graph;

use crate::lab::audit::Report;
use crate::lab::audit::picture::{Band, BandKind, Histogram, Picture, Row, Rows};
use crate::report::plot::{Axis, Marks, Plot, Scale, Series};

/// Looks of bands: two for each kind in turn, so that what follows can be told from what went before.
const ADDRESS: [usize; 2] = [0, 6];
const RPI: [usize; 2] = [1, 4];
const IDENTITY: usize = 7;
/// The look of a limit.
const LIMIT: [usize; 2] = [7, 5];
/// Why colours change along a row.
const READING: &str = "In each row the upper band shows addresses and the lower one RPIs, from the first to the last time that \
                       each was heard; a change of shade is a change of address or RPI. Where both change at the same place, \
                       the phone rotates as it should; a band that runs on over a change in the other one joins the two.";

/// All plots that there is something for.
pub(super) fn all(report: &Report, picture: &Picture) -> Vec<Plot> {
    let mut plots = Vec::new();
    plots.extend(phones(&picture.phones));
    plots.extend(chains(picture));
    plots.extend(graph::links(&picture.graphs));
    plots.extend(graph::crowds(report));
    plots.extend(lives(report, picture));
    plots.extend(intervals(report, &picture.intervals_ms));
    plots.extend(levels(&picture.levels_dbm));
    plots
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "a plot")]
fn seconds(at: crate::lab::time::UnixMicros) -> f64 {
    at.0 as f64 / 1e6
}

/// What was left out, as the end of a description.
fn rest(rows: &Rows, one: &str) -> String {
    let mut told = String::new();
    if rows.left_out > 0 {
        told = format!(" {} further {one} are left out.", rows.left_out);
    }
    let bands: usize = rows.rows.iter().map(|row| row.bands_left_out).sum();
    if bands > 0 {
        told = format!("{told} {bands} short bands are left out.");
    }
    told
}

fn phones(rows: &Rows) -> Option<Plot> {
    if rows.rows.is_empty() {
        return None;
    }
    let names = rows
        .rows
        .iter()
        .map(|row| format!("{} {}", row.name, row.model).trim().to_owned());
    Some(Plot {
        name: "rotations",
        title: "When each phone changed its address and its RPI".to_owned(),
        description: format!(
            "One row for each phone that is known by its own log, lab keys or truth, as others heard it. {READING} Grey: \
             identities that a controller resolved, which were not on the air.{}",
            rest(rows, "phones")
        ),
        ..timeline(&rows.rows, names.collect())
    })
}

fn chains(picture: &Picture) -> Option<Plot> {
    let rows = &picture.chains;
    if rows.rows.is_empty() {
        return None;
    }
    let name = |row: &Row| match (row.rpis, row.addresses) {
        (1, 0 | 1) => row.name.clone(),
        (1, addresses) => format!("{}: {addresses} addresses", row.name),
        (rpis, 0 | 1) => format!("{}: {rpis} RPIs", row.name),
        (rpis, addresses) => format!("{}: {rpis} RPIs, {addresses} addr.", row.name),
    };
    Some(Plot {
        name: "chains",
        title: "What an outsider can join by shared addresses and RPIs".to_owned(),
        description: format!(
            "One row for each chain of RPIs and addresses that share one another, the longest at the top: {} chains join \
             something, {} RPIs stand alone, of which the longest-lived are drawn. The longer a chain, the longer a person \
             could be followed. {READING}{}",
            picture.joined,
            picture.single,
            rest(rows, "rows")
        ),
        ..timeline(&rows.rows, rows.rows.iter().map(name).collect())
    })
}

/// Rows of bands over time, the first at the top.
fn timeline(rows: &[Row], mut names: Vec<String>) -> Plot {
    names.reverse();
    let mut bands: [Vec<[f64; 4]>; 5] = Default::default();
    for (place, row) in rows.iter().rev().enumerate() {
        let is_rpi = |band: &&Band| band.kind == BandKind::Rpi;
        let (rpis, addresses): (Vec<&Band>, Vec<&Band>) = row.bands.iter().partition(is_rpi);
        for (of, edges) in [(addresses, [0.04, 0.40]), (rpis, [-0.40, -0.04])] {
            let edges = edges.map(|edge| count(place) + edge);
            let mut turn = [0, 0];
            for (band, [low, high]) in laned(&of, edges) {
                let look = match band.kind {
                    BandKind::Address => turn[0] % 2,
                    BandKind::Rpi => 2 + turn[1] % 2,
                    BandKind::Identity => 4,
                };
                turn[0] += usize::from(band.kind == BandKind::Address);
                turn[1] += usize::from(band.kind == BandKind::Rpi);
                bands[look].push([seconds(band.from), seconds(band.to), low, high]);
            }
        }
    }
    let times = rows.iter().flat_map(|row| [seconds(row.from), seconds(row.to)]);
    let x = Axis::over("time of day, UTC", times, Scale::Clock);
    let looks = [
        (0, "address", ADDRESS[0]),
        (1, "next address", ADDRESS[1]),
        (4, "resolved identity", IDENTITY),
        (2, "RPI", RPI[0]),
        (3, "next RPI", RPI[1]),
    ];
    let series = looks
        .into_iter()
        .filter(|(place, ..)| !bands[*place].is_empty())
        .map(|(place, name, look)| Series::new(name, look, Marks::Bands(bands[place].clone())))
        .collect();
    Plot {
        name: "",
        title: String::new(),
        description: String::new(),
        x,
        y: Axis::names("", names),
        series,
    }
}

/// Lanes that a band of a row is divided into at most, where its parts overlap.
const LANES: usize = 3;

/// Bands with their lower and upper edges between two: those that overlap lie one above the other.
fn laned<'a>(bands: &[&'a Band], [low, high]: [f64; 2]) -> Vec<(&'a Band, [f64; 2])> {
    let mut ends: Vec<i64> = Vec::new();
    let mut placed = Vec::new();
    for band in bands {
        let free = ends.iter().position(|end| *end <= band.from.0);
        let lane = match free {
            Some(lane) => lane,
            None if ends.len() < LANES => {
                ends.push(i64::MIN);
                ends.len() - 1
            }
            None => LANES - 1,
        };
        ends[lane] = ends[lane].max(band.to.0);
        placed.push((*band, lane));
    }
    let height = (high - low) / count(ends.len().max(1));
    let edges = |lane: usize| [high - height * count(lane + 1), high - height * count(lane)];
    placed.into_iter().map(|(band, lane)| (band, edges(lane))).collect()
}

/// What a histogram does not show.
fn beyond(outside: u64) -> String {
    if outside == 0 {
        return String::new();
    }
    format!(" {outside} lie outside of the plot.")
}

/// A broken line upright at a value.
fn limit(name: &str, look: usize, at: f64, high: f64) -> Series {
    Series::new(name, look, Marks::Dashes(vec![[at, 0.0], [at, high]]))
}

fn highest(points: &[[f64; 2]]) -> f64 {
    points.iter().map(|[_, n]| *n).fold(1.0, f64::max) * 1.06
}

fn lives(report: &Report, picture: &Picture) -> Option<Plot> {
    // Each upon those before it: what is drawn first is the sum.
    let all = &picture.lives_min;
    let sum = |upto: usize| {
        let mut sum = all[0].clone();
        for of in &all[1..=upto] {
            for (bin, n) in sum.bins.iter_mut().zip(&of.bins) {
                *bin += n;
            }
        }
        sum
    };
    let whole = sum(2);
    if whole.is_empty() {
        return None;
    }
    let high = highest(&whole.points());
    let mut series = Vec::new();
    for (upto, name) in [(2, "other layout"), (1, "iOS layout"), (0, "Android layout")] {
        if !all[upto].is_empty() {
            series.push(Series::new(name, upto, Marks::Bars(1.0, sum(upto).points())));
        }
    }
    let limits = &report.settings.thresholds;
    let (warn, fail) = (limits.rpi_lifetime_warn_min, limits.rpi_lifetime_fail_min);
    series.push(limit("warns from here", LIMIT[0], warn, high));
    series.push(limit("fails from here", LIMIT[1], fail, high));
    let longest = whole.points().last().map_or(0.0, |[at, _]| *at);
    let outside: u64 = all.iter().map(|of| of.outside).sum();
    Some(Plot {
        name: "lifetimes",
        title: "How long RPIs were heard".to_owned(),
        description: format!(
            "RPIs by the minutes from the first to the last time that each was heard, over all receivers; the parts of a bar \
             are the layouts of Android, iOS and others, one upon the other. Who comes late or goes early hears a part of a \
             life only, so that short ones are many.{}",
            beyond(outside)
        ),
        x: Axis::new("heard for, in min", 0.0, longest.max(fail) + 2.0, Scale::Linear),
        y: Axis::new("RPIs", 0.0, high, Scale::Counts),
        series,
    })
}

/// The part of a histogram in which all but a few values are, with a little space; how many lie outside of it.
fn span(histogram: &Histogram) -> Option<(f64, f64, u64)> {
    let all: u64 = histogram.bins.iter().sum();
    // One in 500 on each side does not stretch the whole.
    let few = all / 500;
    let first = |bins: &mut dyn Iterator<Item = &u64>| {
        let mut sum = 0;
        let mut bins = bins.enumerate();
        bins.find_map(|(place, n)| {
            sum += n;
            (sum > few).then_some((place, sum - n))
        })
    };
    let (low, below) = first(&mut histogram.bins.iter())?;
    let (high, above) = first(&mut histogram.bins.iter().rev())?;
    let edge = |place: usize| histogram.low + count(place) * histogram.step;
    let space = 3.0 * histogram.step;
    let outside = histogram.outside + below + above;
    Some((edge(low) - space, edge(histogram.bins.len() - high) + space, outside))
}

fn intervals(report: &Report, histogram: &Histogram) -> Option<Plot> {
    let (low, high, outside) = span(histogram)?;
    let [least, most] = report.settings.thresholds.interval_ms;
    let points = histogram.points();
    let top = highest(&points);
    let mut series = vec![Series::new("RPIs", 0, Marks::Bars(histogram.step, points))];
    let x = Axis::new(
        "interval in ms",
        low.min(least - 10.0).max(0.0),
        high.max(most + 10.0),
        Scale::Linear,
    );
    series.push(limit("allowed from", LIMIT[0], least, top));
    series.push(limit("allowed to", LIMIT[1], most, top));
    Some(Plot {
        name: "intervals",
        title: "How often phones advertise".to_owned(),
        description: format!(
            "Mean time between two advertisements of each RPI at each receiver, as far as it could be told. Phones whose \
             interval stands apart from the others can be known again by it.{}",
            beyond(outside)
        ),
        x,
        y: Axis::new("RPIs at receivers", 0.0, top, Scale::Counts),
        series,
    })
}

fn levels(histogram: &Histogram) -> Option<Plot> {
    let (low, high, outside) = span(histogram)?;
    let points = histogram.points();
    let top = highest(&points);
    Some(Plot {
        name: "levels",
        title: "How strong phones were heard".to_owned(),
        description: format!(
            "Reports by the mean level of their RPI at their receiver. A level that stays alone while RPIs change is a thread by \
             which a person can be followed in a small group.{}",
            beyond(outside)
        ),
        x: Axis::new("mean level in dBm", low, high, Scale::Linear),
        y: Axis::new("reports", 0.0, top, Scale::Counts),
        series: vec![Series::new("", 0, Marks::Bars(histogram.step, points))],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::audit::{Case, Evidence, Settings};

    #[test]
    fn bands_that_overlap_lie_one_above_the_other() {
        let band = |from: i64, to: i64| Band {
            kind: BandKind::Address,
            from: crate::lab::time::UnixMicros(from),
            to: crate::lab::time::UnixMicros(to),
        };
        let lanes = |bands: &[Band]| -> Vec<f64> {
            let bands: Vec<&Band> = bands.iter().collect();
            laned(&bands, [0.0, 1.0])
                .into_iter()
                .map(|(_, [low, _])| (low * 10.0).round())
                .collect()
        };
        assert_eq!(lanes(&[band(0, 5), band(5, 9)]), [0.0, 0.0]);
        assert_eq!(lanes(&[band(0, 5), band(3, 9), band(6, 7)]), [5.0, 0.0, 5.0]);
        assert_eq!(lanes(&[band(0, 9); 5]), [7.0, 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn nothing_heard_has_no_plots() {
        let evidence = Evidence::default();
        let report = Report::new(&evidence, &Settings::default());
        assert!(all(&report, &Picture::new(&Case::new(&evidence))).is_empty());
    }
}
