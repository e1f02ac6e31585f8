//! What is refused, with what to do next, and what is warned of.

use super::*;

fn of(reports: &[(Observation, i8)]) -> Samples {
    let mut samples = Samples::new();
    for (one, rssi) in reports {
        samples
            .push(&Observation {
                rssi: Dbm(*rssi),
                ..*one
            })
            .unwrap();
    }
    samples
}

fn refused(samples: &Samples, references: &References) -> FitError {
    fit(samples, references, &Settings::default()).unwrap_err()
}

#[test]
fn nothing_to_fit_is_refused_and_says_what_to_do() {
    assert_eq!(refused(&Samples::new(), &references()), FitError::NoData);
    let near = of(&[(observation(0, 1, 0, 0.1), -5), (observation(1, 0, 0, 0.1), 127)]);
    let error = refused(&near, &references());
    assert_eq!(
        error,
        FitError::NothingUsable {
            saturated: 1,
            unavailable: 1
        }
    );
    assert!(error.to_string().ends_with("measure again, farther apart"));
    let one = of(&[(observation(0, 1, 0, 1.0), -50), (observation(0, 1, 0, 1.0), -51)]);
    assert_eq!(refused(&one, &references()), FitError::OneGroup);
}

#[test]
fn without_a_known_phone_corrections_are_refused_but_the_path_is_told() {
    let world = World::of_five();
    let samples = world.all_pairs(&[1.0, 2.0, 4.0], 1);
    let nobody = References {
        tx: [(9, -30.0)].into(),
        ..References::default()
    };
    assert_eq!(refused(&samples, &nobody), FitError::NoReference);
    let settings = Settings {
        needs_reference: false,
        ..Settings::default()
    };
    let fit = fit(&samples, &nobody, &settings).unwrap();
    assert!(fit.warnings.contains(&Warning::NoReference));
    assert!(near(fit.get(Parameter::Exponent).value(), world.exponent, 0.3));
    assert_eq!(fit.get(Parameter::Tx(2)), State::Untold(Reason::NoReference));
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    let samples = World::of_five().all_pairs(&[1.0], 1);
    let odd = References {
        attenuation: Some(f64::NAN),
        ..references()
    };
    assert!(matches!(refused(&samples, &odd), FitError::Reference(_)));
    for level in [0.0, 1.0, f64::NAN] {
        let settings = Settings {
            level,
            ..Settings::default()
        };
        assert!(matches!(
            fit(&samples, &references(), &settings),
            Err(FitError::Level(_))
        ));
    }
}

#[test]
fn poor_groups_are_warned_of() {
    let mut reports = Vec::new();
    for (sender, receiver) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        reports.extend((0..12).map(|n| (observation(sender, receiver, 0, 1.0), -60 - n % 2)));
    }
    // One with few, wide and saturated reports.
    reports.extend([-60, -70, -50, -10, -12].map(|rssi| (observation(0, 1, 1, 1.0), rssi)));
    let samples = of(&reports);
    let fit = fit(&samples, &references(), &Settings::default()).unwrap();
    let has = |wanted: fn(&Warning) -> bool| fit.warnings.iter().any(wanted);
    assert!(has(|w| *w == Warning::OneDistance));
    assert!(
        has(|w| matches!(w, Warning::FewReports { group: 1, n: 3 })),
        "{:?}",
        fit.warnings
    );
    assert!(has(|w| matches!(w, Warning::Wide { group: 1, .. })));
    assert!(has(|w| matches!(w, Warning::SaturatedGroup { group: 1, .. })));
    assert!(has(|w| matches!(w, Warning::Saturated { reports: 2, .. })));
}

#[test]
fn without_a_group_to_spare_there_is_a_value_but_no_interval() {
    let samples = of(&[(observation(0, 2, 0, 1.0), -75), (observation(2, 0, 0, 1.0), -82)]);
    let references = References {
        attenuation: Some(42.0),
        exponent: Some(2.0),
        ..references()
    };
    let found = fit(&samples, &references, &Settings::default()).unwrap();
    assert!(found.warnings.contains(&Warning::NothingSpare));
    let State::Estimated(estimate) = found.get(Parameter::Correction(2)) else {
        panic!()
    };
    // corr = tx − A − median.
    assert!(
        (estimate.value - 3.0).abs() < 1e-9 && estimate.interval.is_none(),
        "{estimate:?}"
    );
    let settings = Settings {
        assumed_sd_db: Some(2.0),
        ..Settings::default()
    };
    let found = fit(&samples, &references, &settings).unwrap();
    let State::Estimated(Estimate {
        interval: Some(interval),
        ..
    }) = found.get(Parameter::Tx(2))
    else {
        panic!()
    };
    assert!((2.0..2.5).contains(&interval.std_error), "{interval:?}");
}

#[test]
fn a_known_phone_that_is_another_is_doubted() {
    // Many phones; phone 1 is said to be an iPhone 11 and is none.
    let world = World {
        tx: vec![-30.0, -24.0, -24.0, -28.5, 2.2, -26.0, -31.0, -22.0],
        corrections: vec![8.0, 2.0, 5.0, 2.3, 0.8, 3.0, 4.0, 5.5],
        ..World::of_five()
    };
    let attenuation = Some(42.0);
    let references = References {
        attenuation,
        ..references()
    };
    let fit = fit(&world.all_pairs(&[1.0, 2.0], 1), &references, &Settings::default()).unwrap();
    let doubted = |warning: &Warning| {
        matches!(
            warning,
            Warning::DoubtfulReference {
                parameter: Parameter::Tx(1),
                ..
            }
        )
    };
    assert!(fit.warnings.iter().any(doubted), "{:?}", fit.warnings);
    assert!(near(fit.get(Parameter::Tx(2)).value(), -24.0, 1.5));
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn report() -> impl Strategy<Value = Observation> {
        let distance = prop_oneof![Just(1.0), Just(2.0), 0.001..1000.0];
        let conditions = (0usize..5, 0usize..5, 0usize..3, prop::option::of(0usize..2), distance);
        (conditions, any::<i8>()).prop_map(
            |((sender, receiver, session, orientation, distance), rssi)| Observation {
                orientation,
                rssi: Dbm(rssi),
                ..observation(sender, receiver, session, distance)
            },
        )
    }

    fn known() -> impl Strategy<Value = References> {
        let phones = || prop::collection::btree_map(0usize..6, -40.0..10.0, 0..3);
        let values = (prop::option::of(30.0..60.0), prop::option::of(0.5..4.0));
        (phones(), phones(), values).prop_map(|(tx, corrections, (attenuation, exponent))| References {
            tx,
            corrections,
            attenuation,
            exponent,
        })
    }

    proptest! {
        #[test]
        fn whatever_was_measured_every_figure_is_finite(
            reports in prop::collection::vec(report(), 0..60),
            references in known(),
            rounds in 0u32..4,
        ) {
            let mut samples = Samples::new();
            reports.iter().for_each(|one| samples.push(one).unwrap());
            let intervals = if rounds == 0 { Intervals::Model } else { Intervals::Bootstrap { rounds, seed: 1 } };
            let settings = Settings { needs_reference: false, intervals, ..Settings::default() };
            if let Ok(fit) = fit(&samples, &references, &settings) {
                // JSON has no number that is none: it would be null.
                let text = serde_json::to_string(&fit).unwrap();
                prop_assert!(!text.contains("\"value\":null") && !text.contains("\"std_error\":null"), "{}", text);
                prop_assert!(!text.contains("\"high\":null") && !text.contains("\"weight\":null"), "{}", text);
                prop_assert!(fit.groups.iter().all(|one| one.residual_db.is_finite()));
                prop_assert!(fit.contrasts().iter().all(|one| one.estimate.value.is_finite()));
            }
        }
    }
}
