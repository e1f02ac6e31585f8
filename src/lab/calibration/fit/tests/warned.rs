//! What is said of intervals that were hardly drawn, and of known values that contradict each other.

use super::*;

const BOOTSTRAP: Intervals = Intervals::Bootstrap { rounds: 50, seed: 1 };

fn drawn(samples: &Samples) -> Fit {
    let settings = Settings {
        intervals: BOOTSTRAP,
        effects: Effects {
            sessions: false,
            orientations: false,
        },
        ..Settings::default()
    };
    let fixed = References {
        attenuation: Some(42.0),
        ..references()
    };
    fit(samples, &fixed, &settings).unwrap()
}

#[test]
fn a_bootstrap_of_few_groups_or_of_one_pair_says_so_first() {
    let world = World {
        sessions: vec![0.0],
        ..World::of_five()
    };
    let one_pair = |sender: usize, receiver: usize, _: usize| (sender, receiver) == (2, 0);
    let few = drawn(&world.measured(&[1.0, 2.0, 4.0], 1, one_pair));
    assert_eq!(few.drawn, 0);
    assert_eq!(few.warnings[0], Warning::TooFewToDraw { freedom: 1, least: 8 });
    // A dozen distances of one pair are enough to draw from, and still of one pair.
    let distances: Vec<f64> = (1..=12).map(|n| 0.5 * f64::from(n)).collect();
    let alike = drawn(&world.measured(&distances, 1, one_pair));
    assert_eq!(alike.drawn, 50);
    let told = Warning::FewToDraw {
        groups: 12,
        pairs: 1,
        sessions: 1,
    };
    assert_eq!(alike.warnings[0], told);
    assert!(told.is_of_all());
    let many = drawn(&World::of_five().all_pairs(&[1.0, 2.0], 1));
    assert!(!many.warnings.iter().any(Warning::is_of_all), "{:?}", many.warnings);
}

#[test]
fn known_values_that_cannot_all_hold_are_named_with_their_size() {
    let samples = World::of_five().all_pairs(&[1.0, 2.0, 4.0], 1);
    let fitted = |references: &References| fit(&samples, references, &Settings::default()).unwrap();
    let contradiction = |fit: &Fit| match fit.warnings.first() {
        Some(Warning::ReferencesDisagree { size_db, references }) => Some((*size_db, references.clone())),
        _ => None,
    };
    let mut wrong = references();
    wrong.tx.insert(1, 1.0 + 6.0);
    let (size_db, named) = contradiction(&fitted(&wrong)).expect("told");
    assert!((4.5..7.5).contains(&size_db), "{size_db}");
    let one = named
        .iter()
        .find(|one| one.parameter == Parameter::Tx(1))
        .expect("it is named");
    assert!(
        (one.known - 7.0).abs() < 1e-9 && (one.told.value - 1.0).abs() < 1.5,
        "{one:?}"
    );
    // One known phone fixes the scale and meets nobody.
    let alone = References {
        tx: [(0, -25.0)].into(),
        corrections: [(0, 8.0)].into(),
        ..References::default()
    };
    assert_eq!(contradiction(&fitted(&alone)), None);
}

#[test]
fn known_values_that_hold_are_hardly_ever_called_contradictions() {
    let false_alarms = (0..40).filter(|seed| {
        let samples = World::of_five().all_pairs(&[1.0, 3.0], *seed);
        let fit = fit(&samples, &references(), &Settings::default()).unwrap();
        let is_one = |of: &Warning| matches!(of, Warning::ReferencesDisagree { .. });
        fit.warnings.iter().any(is_one)
    });
    let false_alarms = false_alarms.count();
    assert!(false_alarms <= 2, "{false_alarms} of 40");
}
