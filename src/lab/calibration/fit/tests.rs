//! The fit as a whole; what its intervals are worth is in `coverage`.

mod coverage;
mod exp29;
mod identify;
mod refusals;
mod warned;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::lab::units::{Dbm, Metres};

/// Phones of known parameters, measured in simulation.
#[derive(Clone)]
struct World {
    tx: Vec<f64>,
    corrections: Vec<f64>,
    attenuation: f64,
    exponent: f64,
    sessions: Vec<f64>,
    orientations: Vec<f64>,
    /// Standard deviation between groups, in dB.
    between: f64,
    /// Standard deviation of what both directions of a pair share in one place, in dB.
    place: f64,
    /// Standard deviation of what both directions of a pair share everywhere, in dB.
    pair: f64,
    /// Share of groups that are far off, by 8 to 20 dB, mostly too weak.
    outliers: f64,
    reports: usize,
}

impl World {
    /// A Pixel 4, an iPhone 11 and others.
    fn of_five() -> Self {
        Self {
            tx: vec![-30.0, 1.0, -24.0, -28.5, 2.2],
            corrections: vec![8.0, 0.0, 5.0, 2.3, 0.8],
            attenuation: 42.0,
            exponent: 1.8,
            sessions: vec![0.6, -0.9, 0.3],
            orientations: Vec::new(),
            between: 1.5,
            place: 0.0,
            pair: 0.0,
            outliers: 0.0,
            reports: 40,
        }
    }

    fn level(&self, one: &Observation) -> f64 {
        let path = self.attenuation + 10.0 * self.exponent * one.distance.0.log10();
        let orientation = one.orientation.map_or(0.0, |o| self.orientations[o]);
        self.tx[one.sender] - self.corrections[one.receiver] - path + self.sessions[one.session] + orientation
    }

    /// The reports of one group: its own error, 1.2 dB of spread, whole decibels.
    fn measure(&self, one: &Observation, random: &mut Normal) -> Vec<Observation> {
        let mut level = self.level(one) + self.between * random.one();
        if random.unit() < self.outliers {
            let sign = if random.unit() < 0.8 { -1.0 } else { 1.0 };
            level += sign * (8.0 + 12.0 * random.unit());
        }
        let report = |_| Observation {
            rssi: whole(level + 1.2 * random.one()),
            ..*one
        };
        (0..self.reports).map(report).collect()
    }

    /// Every pair of phones at every distance in every session.
    fn all_pairs(&self, distances: &[f64], seed: u64) -> Samples {
        self.measured(distances, seed, |sender, receiver, _| sender != receiver)
    }

    fn measured(&self, distances: &[f64], seed: u64, is_wanted: impl Fn(usize, usize, usize) -> bool) -> Samples {
        let mut random = Normal(ChaCha12Rng::seed_from_u64(seed));
        let mut samples = Samples::new();
        let phones = self.tx.len();
        // What they share, of each two phones: at one place drawn anew.
        let mut draw = |sd: f64| -> Vec<f64> { (0..phones * phones).map(|_| sd * random.one()).collect() };
        let pairs = draw(self.pair);
        let conditions = (0..self.sessions.len()).flat_map(|s| distances.iter().map(move |d| (s, *d)));
        let places: Vec<((usize, f64), Vec<f64>)> = conditions.map(|one| (one, draw(self.place))).collect();
        for ((session, distance), place) in places {
            for (sender, receiver) in (0..phones).flat_map(|s| (0..phones).map(move |r| (s, r))) {
                if is_wanted(sender, receiver, session) {
                    let one = observation(sender, receiver, session, distance);
                    let both = sender.min(receiver) * phones + sender.max(receiver);
                    let mut shifted = self.clone();
                    shifted.tx[sender] += pairs[both] + place[both];
                    for report in shifted.measure(&one, &mut random) {
                        samples.push(&report).unwrap();
                    }
                }
            }
        }
        samples
    }

    fn truth(&self, parameter: Parameter) -> f64 {
        match parameter {
            Parameter::Tx(phone) => self.tx[phone],
            Parameter::Correction(phone) => self.corrections[phone],
            Parameter::Attenuation => self.attenuation,
            Parameter::Exponent => self.exponent,
            Parameter::Orientation(o) => self.orientations[o],
            Parameter::Session(s) => self.sessions[s],
        }
    }
}

fn observation(sender: usize, receiver: usize, session: usize, distance: f64) -> Observation {
    let (orientation, rssi) = (None, Dbm(0));
    Observation {
        sender,
        receiver,
        session,
        orientation,
        distance: Metres(distance),
        rssi,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a level")]
fn whole(level: f64) -> Dbm {
    Dbm(level.round().clamp(-127.0, -21.0) as i8)
}

/// The Pixel 4 and the iPhone 11 of [`World::of_five`].
fn references() -> References {
    References {
        tx: [(0, -30.0), (1, 1.0)].into(),
        corrections: [(0, 8.0), (1, 0.0)].into(),
        ..References::default()
    }
}

/// Normal random numbers by Box and Muller.
struct Normal(ChaCha12Rng);

impl Normal {
    fn unit(&mut self) -> f64 {
        real(self.0.next_u64() >> 11) / real(1 << 53)
    }

    fn one(&mut self) -> f64 {
        let (size, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * size.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

fn near(found: Option<f64>, truth: f64, tolerance: f64) -> bool {
    found.is_some_and(|found| (found - truth).abs() < tolerance)
}

#[test]
fn what_was_put_in_comes_out() {
    let world = World {
        between: 0.0,
        reports: 400,
        ..World::of_five()
    };
    let fit = fit(
        &world.all_pairs(&[0.5, 1.0, 2.0, 4.0], 1),
        &references(),
        &Settings::default(),
    )
    .unwrap();
    for (parameter, state) in &fit.parameters {
        let tolerance = if *parameter == Parameter::Exponent { 0.02 } else { 0.1 };
        assert!(
            near(state.value(), world.truth(*parameter), tolerance),
            "{parameter:?} {state:?}"
        );
    }
    assert!(matches!(fit.get(Parameter::Tx(0)), State::Fixed(_)));
    assert!(fit.quality.r_squared > Some(0.99), "{:?}", fit.quality);
    assert!(fit.warnings.is_empty(), "{:?}", fit.warnings);
}

#[test]
fn the_order_of_the_reports_does_not_matter() {
    let world = World {
        outliers: 0.1,
        reports: 5,
        ..World::of_five()
    };
    let mut random = Normal(ChaCha12Rng::seed_from_u64(3));
    let mut reports = Vec::new();
    for (sender, receiver, session) in [
        (0, 1, 0),
        (1, 0, 0),
        (0, 2, 1),
        (2, 0, 1),
        (1, 2, 2),
        (2, 1, 0),
        (2, 0, 2),
    ] {
        for distance in [1.0, 2.0, 4.0] {
            reports.extend(world.measure(&observation(sender, receiver, session, distance), &mut random));
        }
    }
    let fitted = |reports: &[Observation]| {
        let mut samples = Samples::new();
        reports.iter().for_each(|one| samples.push(one).unwrap());
        let settings = Settings {
            intervals: Intervals::Bootstrap { rounds: 50, seed: 1 },
            ..Settings::default()
        };
        serde_json::to_string(&fit(&samples, &references(), &settings).unwrap()).unwrap()
    };
    let first = fitted(&reports);
    for round in 1..5 {
        reports.sort_by_cached_key(|_| random.0.next_u64());
        assert_eq!(fitted(&reports), first, "{round}");
    }
}

#[test]
fn outlier_groups_are_named_and_pull_at_nothing() {
    let world = World {
        between: 1.0,
        ..World::of_five()
    };
    let samples = world.all_pairs(&[1.0, 2.0, 4.0], 5);
    let clean = fit(&samples, &references(), &Settings::default()).unwrap();
    // The same with two groups that a hand covered.
    let mut covered = Samples::new();
    for judged in &clean.groups {
        let group = judged.group;
        let off = if group.distance == Metres(2.0) && (group.sender, group.session) == (3, 1) {
            15.0
        } else {
            0.0
        };
        let level = whole(group.levels.unwrap().median_dbm - off);
        let one = observation(group.sender, group.receiver, group.session, group.distance.0);
        (0..20).for_each(|_| covered.push(&Observation { rssi: level, ..one }).unwrap());
    }
    let fit = fit(&covered, &references(), &Settings::default()).unwrap();
    let named: Vec<usize> = fit
        .warnings
        .iter()
        .filter_map(|w| {
            if let Warning::Outlier { group, .. } = w {
                Some(*group)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(named.len(), 4, "{:?}", fit.warnings);
    assert!(
        named
            .iter()
            .all(|i| fit.groups[*i].weight < 0.01 && fit.groups[*i].group.sender == 3)
    );
    let (with, without) = (fit.get(Parameter::Tx(3)).value(), clean.get(Parameter::Tx(3)).value());
    assert!((with.unwrap() - without.unwrap()).abs() < 0.4, "{with:?} {without:?}");
}

#[test]
fn a_single_group_of_many_reports_is_not_certain() {
    // Thousands of reports in a few groups: the error is that of the groups.
    let world = World {
        between: 2.0,
        reports: 5000,
        sessions: vec![0.0],
        ..World::of_five()
    };
    let fit = fit(&world.all_pairs(&[1.0, 3.0], 8), &references(), &Settings::default()).unwrap();
    assert!((1.3..2.8).contains(&fit.quality.between_sd_db), "{:?}", fit.quality);
    let State::Estimated(Estimate {
        interval: Some(interval),
        ..
    }) = fit.get(Parameter::Tx(2))
    else {
        panic!()
    };
    assert!(interval.std_error > 0.4, "{interval:?}");
}

#[test]
fn errors_that_pairs_share_are_found_and_warned_of() {
    let world = World {
        between: 0.7,
        pair: 1.5,
        ..World::of_five()
    };
    let is_shared = |warning: &Warning| matches!(warning, Warning::PairsDiffer { .. });
    let fitted = |world: &World, seed| {
        let samples = world.all_pairs(&[1.0, 2.0, 4.0], seed);
        fit(&samples, &references(), &Settings::default()).unwrap()
    };
    let found = fitted(&world, 4);
    assert!(found.warnings.iter().any(is_shared), "{:?}", found.quality);
    assert!(found.quality.pair_correlation > 0.5, "{:?}", found.quality);
    let alone = World { pair: 0.0, ..world };
    let false_alarms = (0..60)
        .filter(|seed| fitted(&alone, *seed).warnings.iter().any(is_shared))
        .count();
    assert!(false_alarms <= 1, "{false_alarms}");
    let placed = fitted(&World { place: 1.4, ..alone }, 5);
    assert!(
        (0.6..0.95).contains(&placed.quality.placement_correlation),
        "{:?}",
        placed.quality
    );
}

#[test]
fn orientations_are_told_as_differences_from_their_mean() {
    let world = World {
        orientations: vec![2.0, -2.0, 0.0],
        between: 0.3,
        sessions: vec![0.0],
        ..World::of_five()
    };
    let mut random = Normal(ChaCha12Rng::seed_from_u64(2));
    let mut samples = Samples::new();
    for (sender, receiver, orientation) in (0..5).flat_map(|s| (0..5).flat_map(move |r| (0..3).map(move |o| (s, r, o))))
    {
        for distance in [1.0, 2.0] {
            let orientation = Some(orientation);
            let one = Observation {
                orientation,
                ..observation(sender, receiver, 0, distance)
            };
            world
                .measure(&one, &mut random)
                .iter()
                .for_each(|one| samples.push(one).unwrap());
        }
    }
    let fit = fit(&samples, &references(), &Settings::default()).unwrap();
    for (o, truth) in world.orientations.iter().enumerate() {
        assert!(near(fit.get(Parameter::Orientation(o)).value(), *truth, 0.3), "{o}");
    }
    assert_eq!(fit.get(Parameter::Session(0)), State::Untold(Reason::OnlyOne));
}
