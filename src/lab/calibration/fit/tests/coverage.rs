//! Intervals hold as often as they say: data of known parameters, over many seeds.

use std::collections::BTreeMap;

use super::*;

/// How often intervals held the truth, by kind of parameter.
fn coverage(
    seeds: u64,
    settings: Settings,
    references: &References,
    data: impl Fn(u64) -> (World, Samples),
) -> BTreeMap<&'static str, f64> {
    let settings = Settings {
        compare_references: false,
        ..settings
    };
    let mut held: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for seed in 0..seeds {
        let (world, samples) = data(seed);
        let fit = fit(&samples, references, &settings).unwrap();
        for (parameter, state) in &fit.parameters {
            let kind = match parameter {
                Parameter::Tx(_) => "tx",
                Parameter::Correction(_) => "correction",
                Parameter::Attenuation => "attenuation",
                Parameter::Exponent => "exponent",
                Parameter::Orientation(_) | Parameter::Session(_) => "effect",
            };
            let State::Estimated(Estimate {
                interval: Some(interval),
                ..
            }) = state
            else {
                continue;
            };
            let (inside, all) = held.entry(kind).or_default();
            *inside += u64::from((interval.low..=interval.high).contains(&world.truth(*parameter)));
            *all += 1;
        }
    }
    held.into_iter()
        .map(|(kind, (inside, all))| (kind, real(inside) / real(all)))
        .collect()
}

fn assert_holds(name: &str, found: &BTreeMap<&str, f64>) {
    println!("{name}: {found:.3?}");
    for kind in ["tx", "correction", "attenuation", "exponent"] {
        let rate = found[kind];
        assert!((0.85..=0.95).contains(&rate), "{name}: {kind} {rate}");
    }
}

/// Three of the five phones against the two known ones, in both directions, and these against each other.
fn against_known(s: usize, r: usize, _: usize) -> bool {
    s != r && (s < 2 || r < 2)
}

#[test]
fn intervals_hold_with_every_pair() {
    let world = World::of_five();
    let found = coverage(200, Settings::default(), &references(), |seed| {
        (world.clone(), world.all_pairs(&[0.5, 1.0, 2.0, 4.0], seed))
    });
    assert_holds("every pair", &found);
}

#[test]
fn intervals_hold_against_the_known_phones_alone() {
    let world = World {
        between: 2.0,
        sessions: vec![0.5, -0.5],
        reports: 20,
        ..World::of_five()
    };
    let found = coverage(300, Settings::default(), &references(), |seed| {
        (world.clone(), world.measured(&[1.0, 2.0, 3.0], seed, against_known))
    });
    assert_holds("known phones", &found);
}

#[test]
fn intervals_hold_with_outlier_groups() {
    for outliers in [0.05, 0.1] {
        let world = World {
            outliers,
            between: 1.0,
            ..World::of_five()
        };
        let found = coverage(200, Settings::default(), &references(), |seed| {
            (
                world.clone(),
                world.measured(&[0.5, 1.0, 2.0, 4.0], seed, against_known),
            )
        });
        assert_holds("outliers", &found);
    }
}

#[test]
fn intervals_hold_with_hardly_any_groups() {
    // One session, two distances: 28 groups for 8 parameters.
    let world = World {
        sessions: vec![0.0],
        reports: 12,
        ..World::of_five()
    };
    let found = coverage(400, Settings::default(), &references(), |seed| {
        (world.clone(), world.measured(&[1.0, 2.0], seed, against_known))
    });
    assert_holds("few groups", &found);
}

#[test]
fn intervals_of_the_bootstrap_hold_too() {
    let world = World {
        sessions: vec![0.3, -0.3],
        outliers: 0.05,
        reports: 20,
        ..World::of_five()
    };
    let settings = Settings {
        intervals: Intervals::Bootstrap { rounds: 200, seed: 7 },
        ..Settings::default()
    };
    let found = coverage(200, settings, &references(), |seed| {
        (world.clone(), world.measured(&[1.0, 2.0, 4.0], seed, against_known))
    });
    assert_holds("bootstrap", &found);
}

#[test]
fn intervals_hold_where_both_directions_share_their_error() {
    let world = World {
        between: 0.6,
        place: 1.5,
        ..World::of_five()
    };
    let found = coverage(200, Settings::default(), &references(), |seed| {
        (
            world.clone(),
            world.measured(&[0.5, 1.0, 2.0, 4.0], seed, against_known),
        )
    });
    assert_holds("places", &found);
}

#[test]
fn intervals_hold_where_pairs_share_their_errors() {
    let world = World {
        between: 1.0,
        pair: 1.0,
        ..World::of_five()
    };
    let found = coverage(200, Settings::default(), &references(), |seed| {
        (world.clone(), world.all_pairs(&[1.0, 2.0, 4.0], seed))
    });
    assert_holds("pairs", &found);
}
