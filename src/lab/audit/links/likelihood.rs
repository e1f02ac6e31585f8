//! How much more likely two identifiers are one phone's than a phone's and a newcomer's.
//!
//! All terms are logarithms of ratios of likelihoods, each capped: one odd measurement must not outweigh all others. What
//! a term needs of the population (spread of levels, drift of levels, shares of classes) comes from the capture itself,
//! from identifiers one by one, so that no truth is needed.

use super::node::{Heard, Node, Nodes};
use crate::lab::audit::case::listening::Listening;
use crate::lab::time::Micros;

/// Share of measurements that follow no model: caps each term from below at its logarithm.
const OUTLIERS: f64 = 0.05;
/// What a term adds at most.
const MOST: f64 = 4.0;
/// What another kind of packet takes away: a phone's kind does not change, but an update may come.
const OTHER_CLASS: f64 = -6.0;
/// Share of presence at a station that carries over a rotation, and seconds after which it has faded to 1/e. No more: a
/// phone that listens to something else looks as if it listened, and bodies turn.
const PRESENCE: f64 = 0.5;
/// See [`PRESENCE`].
const PRESENCE_S: f64 = 900.0;
/// Expected reports from which on silence at a station says something.
const SILENCE: f64 = 6.0;
/// What presence takes away at most: stations miss a phone for the same reasons at the same time.
const LEAST_PRESENCE: f64 = -2.0;
/// For how long before an ending and after a beginning presence is looked at.
const NEAR: Micros = Micros::from_secs(300);
/// Least variance of two levels of one phone shortly after each other, in dB².
const LEAST_DB2: f64 = 4.0;
/// Variance of a single report's level around the phone's level there, in dB².
const FADING_DB2: f64 = 9.0;
/// Least variance of the levels of different phones at a station, in dB².
const LEAST_SPREAD_DB2: f64 = 9.0;
/// Reports from which an identifier tells how far a phone's level drifts.
const LEAST_FOR_DRIFT: u32 = 16;
/// Error of an interval besides chance (temperature, a multiple taken), in milliseconds.
const INTERVAL_ERROR_MS: f64 = 0.3;
/// Least spread of intervals of different phones, in milliseconds.
const LEAST_INTERVAL_SPREAD_MS: f64 = 0.3;
/// Share of the median within which an interval is believed.
const NEAR_MEDIAN: f64 = 0.2;

/// Expected reports between a last report and the next identifier's first, of one phone: about one where each spacing is
/// an interval, two halves where a pause hides the rotation, and a broad tail of phones that were out of reach.
///
/// `0.5 · Gamma(2, 0.6) + 0.35 · Exp(1.5) + 0.15 · Lomax(1, 5)`.
pub(super) fn gap_density(expected: f64) -> f64 {
    let tail = 1.0 + expected / 5.0;
    0.5 * expected / 0.36 * (-expected / 0.6).exp() + 0.35 / 1.5 * (-expected / 1.5).exp() + 0.15 / 5.0 / (tail * tail)
}

/// The share of [`gap_density`] beyond so many expected reports.
pub(super) fn gap_beyond(expected: f64) -> f64 {
    0.5 * (1.0 + expected / 0.6) * (-expected / 0.6).exp()
        + 0.35 * (-expected / 1.5).exp()
        + 0.15 / (1.0 + expected / 5.0)
}

/// Mean and variance.
#[derive(Clone, Copy, Debug)]
struct Spread {
    mean: f64,
    variance: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64> + Clone, least: f64) -> Option<Self> {
        let (mut n, mut sum) = (0.0, 0.0);
        for value in values.clone() {
            (n, sum) = (n + 1.0, sum + value);
        }
        let mean = (n > 0.0).then(|| sum / n)?;
        let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
        let variance = (squares / n).max(least);
        Some(Self { mean, variance })
    }
}

/// The logarithm of the ratio of two normal densities, capped from above.
fn log_ratio(value: f64, same: Spread, other: Spread) -> f64 {
    let log = |of: Spread| {
        let off = value - of.mean;
        -0.5 * (off * off / of.variance + of.variance.ln())
    };
    (log(same) - log(other)).clamp(-50.0, MOST)
}

/// A logarithm of a ratio where some measurements follow no model: never below that of their share.
fn with_outliers(log: f64) -> f64 {
    ((1.0 - OUTLIERS) * log.min(2.0 * MOST).exp() + OUTLIERS).ln()
}

/// What a measurement of one phone says of the next one, in a population of such measurements: the mean is drawn to that
/// of the population as far as they forget each other. `variance` is that of the difference.
fn predicted(value: f64, population: Spread, variance: f64) -> Spread {
    let memory = (1.0 - variance / (2.0 * population.variance)).clamp(0.0, 1.0);
    Spread {
        mean: population.mean + memory * (value - population.mean),
        variance: (population.variance * (1.0 - memory * memory)).max(1e-6),
    }
}

/// What the population tells.
#[derive(Debug)]
pub(super) struct Population {
    /// Levels of beginnings at each station.
    levels: Vec<Option<Spread>>,
    /// Variance of a level between beginning and end of one identifier, in dB², and after how many seconds.
    drift: (f64, f64),
    /// Share of the identifiers of its time that a station heard.
    presence: Vec<f64>,
    /// Terms of classes: equal or not.
    classes: Vec<Vec<f64>>,
    /// Intervals of each class.
    intervals: Vec<Option<Spread>>,
}

impl Population {
    pub(super) fn of(nodes: &Nodes, stations: usize) -> Self {
        let mut heads = vec![Vec::new(); stations];
        for heard in nodes.all.iter().flat_map(|node| &node.heard) {
            heads[usize::from(heard.station)].extend(heard.head_dbm);
        }
        Self {
            levels: heads
                .iter()
                .map(|all| Spread::of(all.iter().copied(), LEAST_SPREAD_DB2))
                .collect(),
            drift: drift(nodes),
            presence: presence(nodes, stations),
            classes: class_terms(nodes),
            intervals: intervals(nodes),
        }
    }

    /// Levels, presence at stations, kind of packet and interval of two identifiers together.
    pub(super) fn evidence(&self, from: &Node, to: &Node, nodes: &Nodes, listening: &[Listening]) -> f64 {
        self.class(from, to)
            + self.level(from, to)
            + self.presence_at(from, to, nodes, listening)
            + self.interval(from, to)
    }

    fn class(&self, from: &Node, to: &Node) -> f64 {
        self.classes[from.class][to.class]
    }

    fn level(&self, from: &Node, to: &Node) -> f64 {
        let terms = from.heard.iter().filter_map(|before| {
            let after = to.at(before.station)?;
            let population = self.levels[usize::from(before.station)]?;
            let (tail, head) = (before.tail_dbm?, after.head_dbm?);
            let few = 1.0 / f64::from(before.n.clamp(1, 8)) + 1.0 / f64::from(after.n.clamp(1, 8));
            let gap = after.first.since(before.last).as_secs_f64().max(0.0);
            let (drift, after_s) = self.drift;
            let variance = LEAST_DB2 + FADING_DB2 * few + drift * (1.0 - (-gap / after_s).exp());
            Some(log_ratio(head, predicted(tail, population, variance), population))
        });
        // Who moved has moved for all stations: outliers are counted once, not for each.
        with_outliers(terms.sum())
    }

    /// A station that heard one of them lately should hear the other, and one that did not should not.
    fn presence_at(&self, from: &Node, to: &Node, nodes: &Nodes, listening: &[Listening]) -> f64 {
        let gap = to.first.at.since(from.last.at).as_secs_f64().max(0.0);
        let kept = PRESENCE * (-gap / PRESENCE_S).exp();
        let term = |station: u16, before: Option<&Heard>, after: Option<&Heard>| {
            let idx = usize::from(station);
            let share = self.presence[idx];
            let is_lost = |heard: Option<&Heard>, rate: fn(&Heard) -> f64, secs: f64| match heard {
                Some(heard) if rate(heard) > heard.rate * 0.5 => Some(false),
                heard => {
                    let rate = heard.map_or(nodes.rates[idx], |heard| heard.rate);
                    (secs * rate >= SILENCE).then_some(true)
                }
            };
            let (end, begin) = (from.last.at, to.first.at);
            let since = from.first.at.max(end.plus(Micros(-NEAR.0)));
            let since = before.map_or(since, |heard| since.max(heard.last));
            let until = to.last.at.min(begin.plus(NEAR));
            let until = after.map_or(until, |heard| until.min(heard.first));
            let was_lost = is_lost(
                before,
                |heard| heard.rate_at_end,
                listening[idx].between(since, end).as_secs_f64(),
            );
            let is_missing = is_lost(
                after,
                |heard| heard.rate_at_begin,
                listening[idx].between(begin, until).as_secs_f64(),
            );
            match (was_lost, is_missing) {
                (Some(false), Some(false)) => ((share + (1.0 - share) * kept) / share).ln().min(MOST),
                (Some(was), Some(is)) if was != is => (1.0 - kept).ln(),
                _ => 0.0,
            }
        };
        let of_from = from
            .heard
            .iter()
            .map(|heard| term(heard.station, Some(heard), to.at(heard.station)));
        let only_to = to.heard.iter().filter(|heard| from.at(heard.station).is_none());
        let of_to = only_to.map(|heard| term(heard.station, None, Some(heard)));
        of_from.chain(of_to).sum::<f64>().clamp(LEAST_PRESENCE, 2.0 * MOST)
    }

    fn interval(&self, from: &Node, to: &Node) -> f64 {
        let measured = from.interval_ms.zip(to.interval_ms).zip(self.intervals[to.class]);
        let Some((((before, before_error), (after, after_error)), population)) = measured else {
            return 0.0;
        };
        let is_near = |interval: f64| (interval / population.mean - 1.0).abs() <= NEAR_MEDIAN;
        if !is_near(before) || !is_near(after) {
            return 0.0;
        }
        let error = before_error * before_error + after_error * after_error + INTERVAL_ERROR_MS * INTERVAL_ERROR_MS;
        // The population as it is measured here: its own spread and this measurement's error.
        let seen = Spread {
            variance: population.variance + error,
            ..population
        };
        with_outliers(log_ratio(after, predicted(before, seen, error), seen))
    }
}

/// How far a phone's level drifts from the first reports of an identifier to its last, and within how many seconds.
fn drift(nodes: &Nodes) -> (f64, f64) {
    let heard = nodes.all.iter().flat_map(|node| &node.heard);
    let long = heard.filter(|heard| heard.n >= LEAST_FOR_DRIFT);
    let (mut n, mut squares, mut secs) = (0.0, 0.0, 0.0);
    for heard in long {
        if let Some((head, tail)) = heard.head_dbm.zip(heard.tail_dbm) {
            n += 1.0;
            squares += (tail - head) * (tail - head);
            secs += heard.last.since(heard.first).as_secs_f64();
        }
    }
    if n < 1.0 {
        // Without any: as people who walk about, over some minutes.
        return (50.0, 300.0);
    }
    (squares / n, (secs / n).max(1.0))
}

fn presence(nodes: &Nodes, stations: usize) -> Vec<f64> {
    let mut spans: Vec<Option<(crate::lab::time::UnixMicros, crate::lab::time::UnixMicros, u32)>> =
        vec![None; stations];
    for heard in nodes.all.iter().flat_map(|node| &node.heard) {
        let span = &mut spans[usize::from(heard.station)];
        let (from, to, n) = span.unwrap_or((heard.first, heard.last, 0));
        *span = Some((from.min(heard.first), to.max(heard.last), n + 1));
    }
    // Identifiers of a station's time, by two sorted lists.
    let begins: Vec<_> = nodes.all.iter().map(|node| node.first.at).collect();
    let mut ends: Vec<_> = nodes.all.iter().map(|node| node.last.at).collect();
    ends.sort_unstable();
    let share = |span: &Option<(_, _, u32)>| {
        let Some((from, to, n)) = span else { return 0.5 };
        let begun = begins.partition_point(|at| at <= to);
        let over = ends.partition_point(|at| at < from);
        let there = u32::try_from(begun.saturating_sub(over)).unwrap_or(u32::MAX);
        (f64::from(*n) / f64::from(there.max(1))).clamp(0.01, 0.99)
    };
    spans.iter().map(share).collect()
}

fn class_terms(nodes: &Nodes) -> Vec<Vec<f64>> {
    let mut counts = vec![0_u32; nodes.classes.len()];
    for node in &nodes.all {
        counts[node.class] += 1;
    }
    let all = f64::from(counts.iter().sum::<u32>());
    let row = |class: &super::node::Class| {
        let fits: Vec<bool> = nodes.classes.iter().map(|other| class.fits(other)).collect();
        let same = fits.iter().zip(&counts).filter(|(fits, _)| **fits).map(|(_, n)| *n);
        let share = (f64::from(same.sum::<u32>()) + 1.0) / (all + 1.0);
        fits.iter()
            .map(|fits| if *fits { (-share.ln()).min(MOST) } else { OTHER_CLASS })
            .collect()
    };
    nodes.classes.iter().map(row).collect()
}

fn intervals(nodes: &Nodes) -> Vec<Option<Spread>> {
    let mut of_class = vec![Vec::new(); nodes.classes.len()];
    for node in &nodes.all {
        of_class[node.class].extend(node.interval_ms.map(|(interval, _)| interval));
    }
    let spread = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        let median = *all.get(all.len() / 2)?;
        let near = all
            .iter()
            .copied()
            .filter(|interval| (interval / median - 1.0).abs() <= NEAR_MEDIAN);
        Spread::of(near, LEAST_INTERVAL_SPREAD_MS * LEAST_INTERVAL_SPREAD_MS)
    };
    of_class.iter_mut().map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_of_gaps_is_one_and_its_tail_is_what_is_left() {
        let step = 0.001;
        let mut sum = 0.0;
        let mut at = 0.0;
        for _ in 0..100_000 {
            sum += gap_density(at + step / 2.0) * step;
            at += step;
        }
        assert!((sum + gap_beyond(at) - 1.0).abs() < 1e-6, "{sum} {}", gap_beyond(at));
        assert!((gap_beyond(0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_like_value_speaks_for_and_an_unlike_one_against_and_none_without_end() {
        let population = Spread {
            mean: -70.0,
            variance: 100.0,
        };
        let same = predicted(-55.0, population, 8.0);
        assert!(with_outliers(log_ratio(-56.0, same, population)) > 1.0);
        assert!(with_outliers(log_ratio(-75.0, same, population)) < -2.0);
        assert!(with_outliers(log_ratio(-1000.0, same, population)) >= OUTLIERS.ln() - 1e-9);
        // Nothing is remembered: nothing is said.
        let forgotten = predicted(-55.0, population, 200.0);
        assert!(log_ratio(-75.0, forgotten, population).abs() < 1e-9);
    }
}
