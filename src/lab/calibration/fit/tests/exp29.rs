//! Real figures: phones against a Pixel 4 in an anechoic chamber, 1 m apart, back to back.
//!
//! Medians of each direction, computed from the authors' tables of DP-3T/bt-measurements, exp29 (EPFL, 2020).

use super::*;

const PIXEL_4: [usize; 2] = [23, 24];
const IPHONE_11: usize = 10;

/// Sender, receiver, number of reports and twice their median.
const MEDIANS: [(usize, usize, u8, i16); 14] = [
    (23, 24, 76, -162),
    (24, 23, 67, -160),
    (3, 23, 89, -164),
    (23, 3, 90, -150),
    (1, 23, 39, -120),
    (23, 1, 10, -169),
    (2, 23, 42, -116),
    (23, 2, 10, -163),
    (6, 23, 42, -106),
    (23, 6, 6, -147),
    (8, 23, 43, -116),
    (23, 8, 12, -162),
    (10, 23, 39, -106),
    (23, 10, 12, -147),
];

fn samples() -> Samples {
    let mut samples = Samples::new();
    for (session, (sender, receiver, n, twice)) in (0..).zip(MEDIANS) {
        for i in 0..n {
            // A half is the middle of two whole figures.
            let level = f64::from(twice) / 2.0 + f64::from(i % 2) / 4.0;
            let one = observation(sender, receiver, session / 2, 1.0);
            samples
                .push(&Observation {
                    rssi: whole(level),
                    ..one
                })
                .unwrap();
        }
    }
    samples
}

/// Google's published values of the Pixel 4, and 42 dB at 1 m.
fn pixel() -> References {
    References {
        tx: PIXEL_4.map(|phone| (phone, -30.0)).into(),
        corrections: PIXEL_4.map(|phone| (phone, 8.0)).into(),
        attenuation: Some(42.0),
        exponent: None,
    }
}

#[test]
fn each_pair_in_a_session_of_its_own_tells_nothing_until_sessions_are_left_out() {
    let fit = fit(&samples(), &pixel(), &Settings::default()).unwrap();
    assert!(matches!(fit.get(Parameter::Tx(3)), State::Untold(Reason::Together(_))));
    assert!(!separable(&samples(), &pixel()).unwrap().sessions);
}

#[test]
fn what_a_pose_takes_in_both_directions_leaves_the_sum_of_both_values() {
    let effects = separable(&samples(), &pixel()).unwrap();
    let settings = Settings {
        effects,
        ..Settings::default()
    };
    let found = fit(&samples(), &pixel(), &settings).unwrap();
    // The formula of the reference sheet: corr = tx − 42 − median, tx = median + corr + 42.
    assert!(near(
        found.get(Parameter::Correction(3)).value(),
        -30.0 - 42.0 + 75.0,
        1e-6
    ));
    assert!(near(found.get(Parameter::Tx(3)).value(), -82.0 + 8.0 + 42.0, 1e-6));
    // Published correction and TX: of iPhones in Google's table of December 2020, of the S10e EPFL's own. Alone they lie up
    // to 13 dB from these; the sum, in which the pose and the attenuation at 1 m cancel, at most 3 dB.
    let published = [
        (1, 0.0, 3.0),
        (2, 0.0, 3.0),
        (6, 0.0, 0.0),
        (8, 0.0, 3.0),
        (IPHONE_11, 0.0, 1.0),
        (3, -5.0, -23.0),
    ];
    let mut farthest: f64 = 0.0;
    for (phone, correction, tx) in published {
        let sum = [(Parameter::Tx(phone), 1.0), (Parameter::Correction(phone), 1.0)];
        let sum = found.contrast(&sum).unwrap();
        assert!((sum.value - correction - tx).abs() < 3.0, "{phone}: {sum:?}");
        let alone = found.get(Parameter::Tx(phone)).value().unwrap() - tx;
        farthest = farthest.max(alone.abs());
    }
    assert!(farthest > 12.0, "{farthest}");
}
