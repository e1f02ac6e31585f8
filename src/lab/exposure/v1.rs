//! The first interface: records of uninterrupted exposure, their durations by attenuation, and the risk score as a product
//! of four table values. What Immuni used.

/// A gap longer than this ends a record, in seconds.
const LONGEST_GAP_S: i64 = 600;
/// What a scan stands for: half before, half after, in seconds.
const SCAN_INTERVAL_S: i64 = 300;

/// What one scan saw: when, in seconds since 1970, and at which attenuation (of the strongest report), in dB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub second: i64,
    /// Attenuation.
    pub attenuation_db: i32,
}

/// Uninterrupted exposure to one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its first scan, in seconds since 1970.
    pub start_s: i64,
    /// How long, in steps of five minutes, in seconds.
    pub duration_s: i64,
    /// Mean attenuation, weighted by time, in dB.
    pub attenuation_db: i32,
    /// Seconds below the lower threshold, between the two, and from the higher one on.
    pub durations_s: [i64; 3],
}

/// To which of two durations an attenuation that is a threshold belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// To the one above it, as Google's interface has it.
    #[default]
    Above,
    /// To the one below it, as Apple's has it.
    Below,
}

impl Edge {
    /// Whether an attenuation is above a threshold.
    #[must_use]
    pub const fn is_above(self, attenuation_db: i32, threshold_db: i32) -> bool {
        match self {
            Self::Above => attenuation_db >= threshold_db,
            Self::Below => attenuation_db > threshold_db,
        }
    }

    /// Which of three durations an attenuation belongs to.
    #[must_use]
    pub fn place(self, attenuation_db: i32, thresholds_db: [i32; 2]) -> usize {
        let above = thresholds_db.map(|threshold| usize::from(self.is_above(attenuation_db, threshold)));
        above.into_iter().sum()
    }
}

/// The records of one key's scans, in order of time; `thresholds_db` divide the durations.
#[must_use]
pub fn records(points: &[Point], thresholds_db: [i32; 2], edge: Edge) -> Vec<Record> {
    let gap = |a: &Point, b: &Point| b.second.saturating_sub(a.second) <= LONGEST_GAP_S;
    points
        .chunk_by(gap)
        .filter_map(|points| record(points, thresholds_db, edge))
        .collect()
}

fn record(points: &[Point], thresholds_db: [i32; 2], edge: Edge) -> Option<Record> {
    let (first, last) = (points.first()?, points.last()?);
    let mut durations_s = [0; 3];
    for (seconds, attenuation_db) in periods(points, SCAN_INTERVAL_S) {
        durations_s[edge.place(attenuation_db, thresholds_db)] += seconds;
    }
    Some(Record {
        start_s: first.second,
        duration_s: rounded(last.second.saturating_sub(first.second).saturating_add(SCAN_INTERVAL_S)),
        attenuation_db: weighted_attenuation_db(points, SCAN_INTERVAL_S),
        durations_s,
    })
}

/// To the nearest five minutes, halves down.
const fn rounded(seconds: i64) -> i64 {
    let rest = seconds.rem_euclid(SCAN_INTERVAL_S);
    if rest <= SCAN_INTERVAL_S / 2 {
        seconds - rest
    } else {
        seconds + SCAN_INTERVAL_S - rest
    }
}

/// For how many seconds which attenuation holds: from a scan to the next its own, and half a scan's interval at both ends.
fn periods(points: &[Point], scan_interval_s: i64) -> impl Iterator<Item = (i64, i32)> + '_ {
    let half = scan_interval_s / 2;
    let before = points.first().map(|point| (half, point.attenuation_db));
    let after = points.last().map(|point| (half, point.attenuation_db));
    let between = points
        .windows(2)
        .map(|pair| (pair[1].second.saturating_sub(pair[0].second), pair[0].attenuation_db));
    before.into_iter().chain(between).chain(after)
}

/// The mean attenuation weighted by time, rounded half up; 0 without scans.
#[must_use]
pub fn weighted_attenuation_db(points: &[Point], scan_interval_s: i64) -> i32 {
    let (mut seconds, mut sum) = (0i128, 0i128);
    for (duration, attenuation_db) in periods(points, scan_interval_s) {
        seconds += i128::from(duration);
        sum += i128::from(duration) * i128::from(attenuation_db);
    }
    if seconds <= 0 {
        return points.first().map_or(0, |point| point.attenuation_db);
    }
    i32::try_from((2 * sum + seconds).div_euclid(2 * seconds)).unwrap_or(i32::MAX)
}

/// Where the table of attenuations goes to the next value: above each of these, in dB.
pub const ATTENUATION_EDGES_DB: [i64; 7] = [73, 63, 51, 33, 27, 15, 10];

/// A configuration: four tables of eight values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// By attenuation: above 73, 63, 51, 33, 27, 15, 10 dB, and the rest.
    pub attenuation: [u32; 8],
    /// By whole days since the exposure: from 14, 12, 10, 8, 6, 4, 2 on, and the rest.
    pub days: [u32; 8],
    /// By whole minutes: 0, up to 5, 10, 15, 20, 25, 30, and more.
    pub duration: [u32; 8],
    /// By the transmission risk level of the key, 1 to 8.
    pub transmission: [u32; 8],
    /// A lower score is 0.
    pub minimum: u32,
}

impl Config {
    /// The risk score of one exposure: attenuation in dB, whole minutes, whole days since, transmission risk level (0
    /// counts as a factor of one).
    #[must_use]
    pub fn score(&self, attenuation_db: i32, minutes: i64, days: i64, transmission_risk_level: u8) -> u32 {
        let first_above = |value: i64, edges: [i64; 7]| edges.iter().position(|edge| value > *edge).unwrap_or(7);
        let first_up_to = |value: i64, edges: [i64; 7]| edges.iter().position(|edge| value <= *edge).unwrap_or(7);
        let attenuation = first_above(i64::from(attenuation_db), ATTENUATION_EDGES_DB);
        let since = first_above(days, [13, 11, 9, 7, 5, 3, 1]);
        let duration = first_up_to(minutes, [0, 5, 10, 15, 20, 25, 30]);
        let transmission = match usize::from(transmission_risk_level).checked_sub(1) {
            Some(level) => self.transmission[level.min(7)],
            None => 1,
        };
        // Tables of one's own may hold anything.
        let factors = [self.days[since], self.duration[duration], transmission];
        let first = self.attenuation[attenuation];
        let score = factors.into_iter().fold(first, u32::saturating_mul);
        if score < self.minimum { 0 } else { score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: &[(i64, i32)]) -> Vec<Point> {
        of.iter()
            .map(|(second, attenuation_db)| Point {
                second: *second,
                attenuation_db: *attenuation_db,
            })
            .collect()
    }

    #[test]
    fn the_published_example_of_a_weighted_mean() {
        // Scans every six seconds: 188 dB s over 56 s are 3.36 dB.
        assert_eq!(weighted_attenuation_db(&points(&[(0, 1), (10, 4), (50, 5)]), 6), 3);
        assert_eq!(weighted_attenuation_db(&[], 6), 0);
    }

    #[test]
    fn durations_are_rounded_to_five_minutes_and_gaps_divide() {
        // A remainder of 150 s goes down, one of 151 s up.
        assert_eq!((rounded(450), rounded(451)), (300, 600));
        assert_eq!(records(&points(&[(0, 50), (600, 50)]), [50, 70], Edge::Above).len(), 1);
        assert_eq!(records(&points(&[(0, 50), (601, 50)]), [50, 70], Edge::Above).len(), 2);
    }

    #[test]
    fn a_threshold_belongs_to_what_is_above_it_and_with_apple_to_what_is_below() {
        let of = |attenuation_db, edge| records(&points(&[(0, attenuation_db)]), [50, 70], edge)[0].durations_s;
        let apple = |attenuation_db| of(attenuation_db, Edge::Below);
        assert_eq!((apple(50), apple(51)), ([300, 0, 0], [0, 300, 0]));
        assert_eq!((apple(70), apple(71)), ([0, 300, 0], [0, 0, 300]));
        let durations = |attenuation_db| of(attenuation_db, Edge::Above);
        assert_eq!(durations(49), [300, 0, 0]);
        assert_eq!(durations(50), [0, 300, 0]);
        assert_eq!((durations(69), durations(70)), ([0, 300, 0], [0, 0, 300]));
    }

    #[test]
    fn every_table_has_its_edges() {
        let count = [1, 2, 3, 4, 5, 6, 7, 8];
        let config = Config {
            attenuation: count,
            days: count,
            duration: count,
            transmission: count,
            minimum: 1,
        };
        // The other factors are 8: no days, the longest duration, the gravest level.
        for (db, value) in [
            (74, 1),
            (73, 2),
            (63, 3),
            (51, 4),
            (33, 5),
            (27, 6),
            (15, 7),
            (11, 7),
            (10, 8),
            (0, 8),
        ] {
            assert_eq!(config.score(db, 31, 0, 8), value * 512, "{db} dB");
        }
        for (minutes, value) in [(0, 1), (1, 2), (5, 2), (6, 3), (15, 4), (16, 5), (30, 7), (31, 8)] {
            assert_eq!(config.score(0, minutes, 0, 8), value * 512, "{minutes} min");
        }
        for (days, value) in [(14, 1), (13, 2), (12, 2), (11, 3), (2, 7), (1, 8), (0, 8)] {
            assert_eq!(config.score(0, 31, days, 8), value * 512, "{days} days");
        }
        assert_eq!(
            (config.score(0, 31, 0, 1), config.score(0, 31, 0, 0)),
            (512, 512),
            "no level is a factor of one"
        );
        let strict = Config { minimum: 513, ..config };
        assert_eq!((strict.score(0, 31, 0, 1), strict.score(0, 31, 0, 2)), (0, 1_024));
    }
}
