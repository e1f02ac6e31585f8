use std::collections::BTreeSet;

use serde_json::Value;

use super::proximity::Proximity;
use super::*;

/// Levels of five phones and one identifier of nobody, with slices, weights, nearness and maps that were computed another
/// way: with the whole covariance written down and solved densely, and eigenvectors from a library.
fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn phone(number: f64) -> Phone {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small whole numbers"
    )]
    let number = number as u32;
    if number >= 1_000 {
        Phone::Unknown(number)
    } else {
        Phone::Known(number)
    }
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn field<'a>(vectors: &'a Value, begins: &str) -> &'a Value {
    let fields = vectors.as_object().unwrap();
    fields.iter().find(|(name, _)| name.starts_with(begins)).unwrap().1
}

fn levels(vectors: &Value) -> Vec<Level> {
    let level = |row: Vec<f64>| Level {
        receiver: phone(row[0]),
        sender: phone(row[1]),
        at_s: row[2],
        db: row[3],
    };
    let mut levels: Vec<Level> = rows(field(vectors, "rows")).into_iter().map(level).collect();
    let _ = level::slices(&mut levels, 5.0);
    levels
}

fn near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() < within, "{found} instead of {expected}");
}

#[test]
fn slices_and_weights_are_those_of_the_dense_way() {
    let vectors = vectors();
    let slices = level::slices(&mut levels(&vectors), 5.0);
    let expected = rows(field(&vectors, "slices"));
    assert_eq!(slices.len(), expected.len());
    for (slice, row) in slices.iter().zip(&expected) {
        near(slice.at_s, row[0], 1e-6);
        near(slice.db, row[1], 1e-6);
        assert_eq!((slice.receiver, slice.sender), (phone(row[2]), phone(row[3])));
    }
    let proximity = Proximity::new(&slices, &Model::built_in().replay);
    let alpha = field(&vectors, "replay alpha").as_array().unwrap();
    for (found, expected) in proximity.weights().iter().zip(alpha) {
        near(*found, expected.as_f64().unwrap(), 1e-6);
    }
}

#[test]
fn scores_of_both_modes_are_those_of_the_dense_way() {
    let vectors = vectors();
    let levels = levels(&vectors);
    let stations: BTreeSet<Phone> = levels.iter().map(|level| level.receiver).collect();
    let query = |row: Vec<f64>| {
        let (receiver, sender, from_s) = (phone(row[0]), phone(row[1]), row[3]);
        let is_in = |level: &Level| {
            (level.receiver, level.sender) == (receiver, sender) && (from_s..from_s + 60.0).contains(&level.at_s)
        };
        let first = levels.iter().position(is_in).unwrap_or(0);
        Query {
            receiver,
            sender,
            from_s,
            length_s: 60.0,
            levels: first..first + levels.iter().filter(|level| is_in(level)).count(),
        }
    };
    let queries: Vec<Query> = rows(field(&vectors, "queries")).into_iter().map(query).collect();
    for (mode, name) in [(Mode::Replay, "replay"), (Mode::Live, "live")] {
        let estimator = Estimator::new(&levels, &stations, mode, Model::built_in());
        let expected = &vectors[name];
        for (place, score) in estimator.scores(&queries).into_iter().enumerate() {
            near(score.nearness_db, expected["z"][place].as_f64().unwrap(), 2e-3);
            assert_eq!(score.map.is_some(), mode == Mode::Replay);
            near(
                Model::built_in().combined(score),
                expected["u"][place].as_f64().unwrap(),
                2e-3,
            );
        }
    }
}

#[test]
fn nothing_and_one_pair_are_no_trouble() {
    let model = Model::built_in();
    let none = BTreeSet::new();
    assert!(Estimator::new(&[], &none, Mode::Replay, model).scores(&[]).is_empty());
    let level = |at_s: f64, db: f64| Level {
        receiver: Phone::Known(0),
        sender: Phone::Known(1),
        at_s,
        db,
    };
    let query = Query {
        receiver: Phone::Known(0),
        sender: Phone::Known(1),
        from_s: 0.0,
        length_s: 30.0,
        levels: 0..3,
    };
    for mode in [Mode::Live, Mode::Replay] {
        let distance = |db: f64| {
            let levels = [level(1.0, db), level(2.0, db), level(3.0, db)];
            let estimator = Estimator::new(&levels, &none, mode, model);
            let score = estimator.scores(std::slice::from_ref(&query))[0];
            model.estimate(mode, &query, score).distance_m
        };
        assert!(
            distance(-40.0) < distance(-58.0) && distance(-58.0) < distance(-80.0),
            "{mode:?}"
        );
    }
}

#[test]
fn the_built_in_model_reads_back_and_what_cannot_be_is_refused() {
    let model = Model::built_in();
    assert_eq!(&Model::parse(&model.to_toml().unwrap()).unwrap(), model);
    let text = model.to_toml().unwrap();
    for (from, to, what) in [
        ("near_s = 300.0", "near_s = 0.0", "variances"),
        ("least_phones = 4", "least_phones = 1", "map"),
        ("spread = 0.302", "spread = 0.0", "line"),
        ("halo_s = 900.0", "halo_s = nan", "times"),
        ("steps = 60", "steps = 100000000", "map"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Model::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(what), "{from}: {error}");
    }
}

#[test]
fn intervals_go_over_smoothly_from_short_windows_to_long_ones() {
    let mut model = Model::built_in().clone();
    (model.lines.short.live.high, model.lines.long.live.high) = (1.0, 2.0);
    let high = |length_s: f64| model.line(Mode::Live, length_s, false).high;
    near(high(5.0), 1.0, 1e-9);
    near(high(30.0), 1.0, 1e-9);
    near(high(30.0 * 10_f64.sqrt()), 1.5, 1e-9);
    near(high(300.0), 2.0, 1e-9);
    near(high(3_600.0), 2.0, 1e-9);
    near(high(60.0), high(60.001), 1e-3);
    // A file of an earlier version tells nothing of how far scenarios lie apart.
    let text = model.to_toml().unwrap();
    let earlier: Vec<&str> = text.lines().filter(|line| !line.starts_with("between")).collect();
    near(
        Model::parse(&earlier.join("\n")).unwrap().lines.long.live.high,
        2.0,
        1e-9,
    );
}
