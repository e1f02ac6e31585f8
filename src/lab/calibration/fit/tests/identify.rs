//! What cannot be told comes back with the reason; what can be told is still there.

use super::*;

fn fitted(samples: &Samples, references: &References) -> Fit {
    let settings = Settings {
        needs_reference: false,
        ..Settings::default()
    };
    fit(samples, references, &settings).unwrap()
}

fn told(fit: &Fit, parameter: Parameter) -> bool {
    matches!(fit.get(parameter), State::Estimated(_))
}

#[test]
fn one_distance_does_not_tell_the_path_but_the_phones() {
    let world = World::of_five();
    let fit = fitted(&world.all_pairs(&[2.0], 1), &references());
    assert_eq!(fit.get(Parameter::Attenuation), State::Untold(Reason::OneDistance));
    assert_eq!(fit.get(Parameter::Exponent), State::Untold(Reason::OneDistance));
    assert!(near(fit.get(Parameter::Tx(3)).value(), world.tx[3], 1.5));
    // At 1 m attenuation is told; with the exponent fixed it is at 2 m too.
    let at_one = fitted(&world.all_pairs(&[1.0], 1), &references());
    assert!(told(&at_one, Parameter::Attenuation) && !told(&at_one, Parameter::Exponent));
    let known = References {
        exponent: Some(1.8),
        ..references()
    };
    assert!(told(
        &fitted(&world.all_pairs(&[2.0], 1), &known),
        Parameter::Attenuation
    ));
}

#[test]
fn without_a_known_phone_differences_are_told() {
    let world = World::of_five();
    let fit = fitted(&world.all_pairs(&[1.0, 4.0], 1), &References::default());
    assert_eq!(fit.get(Parameter::Correction(1)), State::Untold(Reason::NoReference));
    let difference = fit.contrast(&[(Parameter::Tx(1), 1.0), (Parameter::Tx(0), -1.0)]);
    assert!(near(difference.map(|d| d.value), 31.0, 1.5), "{difference:?}");
    assert!(
        fit.contrast(&[(Parameter::Tx(1), 1.0), (Parameter::Tx(0), 1.0)])
            .is_none()
    );
    assert!(fit.contrast(&[(Parameter::Tx(77), 1.0)]).is_none());
    let listed = fit.contrasts();
    let levels = [
        (Parameter::Tx(2), 1.0),
        (Parameter::Correction(0), -1.0),
        (Parameter::Attenuation, -1.0),
    ];
    assert!(
        listed
            .iter()
            .any(|c| c.terms == levels && near(Some(c.estimate.value), -74.0, 1.5)),
        "{listed:?}"
    );
}

#[test]
fn one_known_end_trades_attenuation_for_the_other() {
    let world = World::of_five();
    let samples = world.all_pairs(&[1.0, 4.0], 1);
    let sender = References {
        tx: [(0, -30.0)].into(),
        ..References::default()
    };
    let fit = fitted(&samples, &sender);
    assert!(
        told(&fit, Parameter::Tx(2)),
        "senders compare with the one that is known"
    );
    let State::Untold(Reason::TradeOff(partners)) = fit.get(Parameter::Correction(2)) else {
        panic!()
    };
    assert!(
        partners.contains(&Parameter::Attenuation) && !partners.contains(&Parameter::Tx(2)),
        "{partners:?}"
    );
    let sum = [(Parameter::Correction(2), 1.0), (Parameter::Attenuation, 1.0)];
    assert!(
        fit.contrasts()
            .iter()
            .any(|c| c.terms == sum && near(Some(c.estimate.value), 47.0, 1.5))
    );
    let with_path = References {
        attenuation: Some(42.0),
        ..sender
    };
    assert!(told(&fitted(&samples, &with_path), Parameter::Correction(2)));
}

#[test]
fn parts_that_no_measurement_connects_are_named() {
    let world = World::of_five();
    // 0, 1 and 2 among themselves; 3 and 4 between them.
    let samples = world.measured(&[1.0, 3.0], 1, |s, r, _| s != r && (s < 3) == (r < 3));
    let fit = fitted(&samples, &references());
    assert!(told(&fit, Parameter::Tx(2)) && told(&fit, Parameter::Attenuation));
    assert_eq!(fit.get(Parameter::Tx(3)), State::Untold(Reason::Unconnected));
    assert_eq!(fit.get(Parameter::Correction(4)), State::Untold(Reason::Unconnected));
    // Of two phones that only hear each other, either direction is a part of its own.
    assert_eq!(fit.parts.len(), 3, "{:?}", fit.parts);
    assert!(fit.warnings.contains(&Warning::Unconnected { parts: 2 }));
    let level = [(Parameter::Tx(3), 1.0), (Parameter::Correction(4), -1.0)];
    assert!(near(fit.contrast(&level).map(|c| c.value), -29.3, 2.0));
}

#[test]
fn a_session_of_its_own_for_each_sender_is_told_apart_from_nothing() {
    let world = World {
        sessions: vec![0.0; 5],
        ..World::of_five()
    };
    let samples = world.measured(&[1.0, 3.0], 1, |s, r, session| s != r && s == session);
    let fit = fitted(&samples, &references());
    let State::Untold(Reason::Together(partners)) = fit.get(Parameter::Tx(3)) else {
        panic!()
    };
    assert_eq!(partners, [Parameter::Session(3)]);
    assert!(matches!(
        fit.get(Parameter::Session(3)),
        State::Untold(Reason::Together(_))
    ));
    assert!(told(&fit, Parameter::Correction(2)) && told(&fit, Parameter::Exponent));
    // Without effects of sessions it is.
    let effects = separable(&samples, &references()).unwrap();
    assert!(!effects.sessions && effects.orientations);
    let crossed = world.all_pairs(&[1.0], 1);
    assert_eq!(separable(&crossed, &references()), Ok(Effects::default()));
    let fit = super::fit(
        &samples,
        &references(),
        &Settings {
            effects,
            ..Settings::default()
        },
    )
    .unwrap();
    assert!(near(fit.get(Parameter::Tx(3)).value(), world.tx[3], 1.5));
}

#[test]
fn every_reason_says_what_to_do() {
    let fit = fitted(&World::of_five().all_pairs(&[1.0, 3.0], 1), &references());
    let State::Untold(reason) = fit.get(Parameter::Tx(42)) else {
        panic!()
    };
    assert_eq!(reason, Reason::NoReports);
    assert!(Reason::OneDistance.to_string().contains("measure at another one"));
    assert!(Reason::Unconnected.to_string().contains("measure against one"));
}
