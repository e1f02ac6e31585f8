//! Worked examples of exposure windows, records, scores and daily summaries, and published tables, where they are at hand.

use std::path::{Path, PathBuf};

use serde_json::Value;
use vicino::lab::exposure::infectiousness::{Infectiousness, Map};
use vicino::lab::exposure::rule::{self, ApiWindow, DailySummary, Rule, Score};
use vicino::lab::exposure::v1::{self, Edge, Point};
use vicino::lab::gaen::Rpi;
use vicino::lab::sightings::Sighting;
use vicino::lab::sightings::windows::{Window, windows};
use vicino::lab::time::UnixMicros;
use vicino::lab::units::Dbm;

fn read(file: &str) -> Option<Value> {
    let shared = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = shared.join("reference").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no {} (set VICINO_SHARED)", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn small(value: &Value) -> i32 {
    i32::try_from(number(value)).expect("a small number")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The sightings of an example with their attenuations.
fn sightings(case: &Value) -> Vec<(Sighting, i32)> {
    let at = |value: &Value| UnixMicros(number(value) * 1_000_000);
    let of = |sighting: &Value| {
        let rssi = small(&sighting["rssi_calibrated_dbm"]);
        let previous = &sighting["previous_scan_epoch_s"];
        let seen = Sighting {
            at: at(&sighting["epoch_s"]),
            rpi: Rpi([1; 16]),
            aem: None,
            rssi: Dbm(i8::try_from(rssi).expect("a level")),
            previous_scan: (number(previous) > 0).then(|| at(previous)),
        };
        (seen, (small(&sighting["tx_power_dbm"]) - rssi).max(0))
    };
    list(&case["sightings"]).iter().map(of).collect()
}

fn check_windows(name: &str, found: &[Window], expected: &[Value]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (window, expected) in found.iter().zip(expected) {
        assert_eq!(
            window.0[0].at.whole_seconds(),
            number(&expected["start_epoch_s"]),
            "{name}"
        );
        let scans = list(&expected["scanInstances"]);
        assert_eq!(window.0.len(), scans.len(), "{name}");
        for (scan, expected) in window.0.iter().zip(scans) {
            assert_eq!(scan.min_attenuation_db, small(&expected["minAttenuationDb"]), "{name}");
            assert_eq!(
                scan.typical_attenuation_db,
                small(&expected["typicalAttenuationDb"]),
                "{name}"
            );
            assert_eq!(
                scan.seconds_since_last_scan,
                number(&expected["secondsSinceLastScan"]),
                "{name}"
            );
        }
    }
}

fn check_records(name: &str, found: &[Window], case: &Value) {
    let scans = found.iter().flat_map(|window| &window.0);
    let points: Vec<Point> = scans
        .map(|scan| Point {
            second: scan.at.whole_seconds(),
            attenuation_db: scan.min_attenuation_db,
        })
        .collect();
    let thresholds = list(&case["v1_thresholds"]);
    let records = v1::records(&points, [small(&thresholds[0]), small(&thresholds[1])], Edge::Above);
    let expected = list(&case["v1_records"]);
    assert_eq!(records.len(), expected.len(), "{name}");
    for (record, expected) in records.iter().zip(expected) {
        assert_eq!(record.duration_s, number(&expected["durationSeconds"]), "{name}");
        assert_eq!(record.attenuation_db, small(&expected["attenuationValue"]), "{name}");
        let durations: Vec<i64> = list(&expected["attenuationDurationsSeconds"])
            .iter()
            .map(number)
            .collect();
        assert_eq!(record.durations_s.as_slice(), durations, "{name}");
        for (config, key) in [
            ("immuni-production-2020-06-22", "immuni_2020_06_score"),
            ("immuni-android-2020-10-27", "immuni_2020_10_android_score"),
        ] {
            let score = score_of(config, record.attenuation_db, record.duration_s / 60);
            assert_eq!(score, number(&expected[key]), "{name} {key}");
        }
    }
}

/// A built-in rule of scores.
fn immuni(name: &str) -> &'static Score {
    let config = rule::built_in().iter().find(|config| config.name == name);
    match &config.expect(name).rule {
        Rule::Score(score) => score,
        other => panic!("{name}: {other:?}"),
    }
}

/// The score of one exposure of today, to a key of the gravest level.
fn score_of(name: &str, attenuation_db: i32, minutes: i64) -> i64 {
    immuni(name).tables.config().score(attenuation_db, minutes, 0, 8).into()
}

fn check_day(name: &str, found: &[Window], case: &Value) {
    let float = |value: &Value| value.as_f64().expect("a number");
    let (config, expected) = (&case["daily_summary_cfg"], &case["daily_summary"]);
    let weights = list(&config["w"]);
    let daily = DailySummary {
        thresholds_db: [0, 1, 2].map(|idx| small(&list(&config["thr"])[idx])),
        thresholds_belong_above: false,
        weights: [0, 1, 2, 3].map(|idx| float(&weights[idx])),
        infectiousness: [float(&config["infect"]), 0.0],
        report_types: [float(&config["report"]), 0.0, 0.0],
        report_type_when_missing: 1,
        minimum_window_score: 0.0,
        classes: Vec::new(),
    };
    let given: Vec<ApiWindow> = found.iter().map(|window| ApiWindow::new(window, 1, 1)).collect();
    let days = daily.days(&given);
    let summary = days.values().next().expect("a day");
    assert_eq!(days.len(), 1, "{name}");
    let close = |found: f64, key: &str| assert!((found - float(&expected[key])).abs() < 1e-9, "{name} {key}: {found}");
    close(summary.by_type.iter().sum(), "sum");
    close(summary.maximum, "max");
    close(summary.duration, "wsum");
}

#[test]
fn worked_examples_give_what_they_say() {
    let Some(examples) = read("matching-examples.json") else {
        return;
    };
    let published = &examples["published_example"];
    let points: Vec<Point> = list(&published["points_t_att"])
        .iter()
        .map(|point| Point {
            second: number(&point[0]),
            attenuation_db: small(&point[1]),
        })
        .collect();
    let rounded = v1::weighted_attenuation_db(&points, number(&published["scan_interval_s"]));
    assert_eq!(rounded, small(&published["rounded"]));
    let cases = list(&examples["cases"]);
    assert!(cases.len() >= 6);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let found = windows(&sightings(case));
        check_windows(name, &found, list(&case["exposure_windows"]));
        check_records(name, &found, case);
        check_day(name, &found, case);
    }
}

#[test]
fn immuni_s_scores_and_decisions_are_those_of_the_table() {
    let Some(configs) = read("risk-configs.json") else {
        return;
    };
    let rows = list(&configs["computed_immuni_scores"]["rows"]);
    assert!(rows.len() >= 160);
    for row in rows {
        let name = row["config"].as_str().expect("a name");
        let score = score_of(name, small(&row["attenuation_db"]), number(&row["duration_min"]));
        assert_eq!(score, number(&row["score"]), "{row}");
        let notifies = score >= i64::from(immuni(name).notifies_from);
        assert_eq!(notifies, row["notifies"].as_bool().expect("yes or no"), "{row}");
    }
}

#[test]
fn infectiousness_is_read_as_applications_write_it() {
    let Some(configs) = read("risk-configs.json") else {
        return;
    };
    let number_of = |infectiousness| match infectiousness {
        Infectiousness::None => 0,
        Infectiousness::Standard => 1,
        Infectiousness::High => 2,
    };
    for case in list(&configs["infectiousness_map_hex_vectors"]["cases"]) {
        let hex = case["hex"].as_str().expect("digits").trim_start_matches("0x");
        let map = Map::from_bits(u64::from_str_radix(hex, 16).expect("hexadecimal digits"));
        let days: Vec<i64> = list(&case["days_minus14_to_14"]).iter().map(number).collect();
        assert_eq!(map.days.map(number_of).as_slice(), days, "{case}");
        assert_eq!(number_of(map.when_missing), number(&case["when_missing"]), "{case}");
    }
}

/// The published configuration of a name.
fn of<'a>(all: &'a Value, id: &str) -> &'a Value {
    let found = list(all).iter().find(|config| config["id"] == id);
    found.unwrap_or_else(|| panic!("{id}"))
}

/// The built-in one.
fn ours(name: &str) -> &'static rule::Config {
    let found = rule::built_in().iter().find(|config| config.name == name);
    found.unwrap_or_else(|| panic!("{name}"))
}

fn numbers(value: &Value) -> Vec<i64> {
    list(value).iter().map(number).collect()
}

fn floats(value: &Value) -> Vec<f64> {
    let all = list(value).iter();
    all.map(|value| value.as_f64().expect("a number")).collect()
}

/// Every published table that is built in says what its source says.
#[test]
fn built_in_rules_are_those_that_were_published() {
    let Some(published) = read("risk-configs.json") else {
        return;
    };
    let of = |id: &str| of(&published["v1"], id);
    let same = |ours: &[u32; 8], theirs: &Value, what: &str| {
        let ours: Vec<i64> = ours.iter().map(|value| i64::from(*value)).collect();
        assert_eq!(ours, numbers(theirs), "{what}");
    };
    for (id, name) in [
        ("google-apple-default", "google-apple-default"),
        ("immuni-2020-05-29", "immuni-2020-05-29"),
        ("immuni-production-2020-06-22", "immuni-production-2020-06-22"),
        ("immuni-android-2020-10-27", "immuni-android-2020-10-27"),
        ("immuni-ios-2020-10-30", "immuni-ios-2020-10-30"),
        ("japan-cocoa-2020-06", "japan-cocoa-2020-06"),
    ] {
        let theirs = of(id);
        let tables = immuni(name).tables;
        same(&tables.attenuation, &theirs["attenuation_scores"], id);
        same(&tables.days, &theirs["days_scores"], id);
        same(&tables.duration, &theirs["duration_scores"], id);
        same(&tables.transmission, &theirs["transmission_scores"], id);
        assert_eq!(i64::from(tables.minimum), number(&theirs["minimum_risk_score"]), "{id}");
        if let Some(least) = theirs["app_rule"]["at_least"].as_i64() {
            assert_eq!(i64::from(immuni(name).notifies_from), least, "{id}");
        }
    }
    for (id, name) in [
        ("dp3t-swisscovid-2020-05", "swisscovid-2020-05"),
        ("dp3t-swisscovid-later", "swisscovid"),
        ("finland-koronavilkku", "koronavilkku"),
        ("nearform-covid-green-family", "nearform-covid-green"),
        ("cwa-v1-2020-06", "cwa-1-2020-06"),
        ("nhs-england-wales-v1-example", "nhs-england-wales-1"),
    ] {
        let theirs = of(id);
        let (thresholds, weights) = match &ours(name).rule {
            Rule::MinutesPerDay(rule) => (rule.thresholds_db, rule.weights),
            Rule::CombinedScore(rule) => (rule.thresholds_db, rule.weights),
            Rule::ExposureSeconds(rule) => (rule.thresholds_db, rule.weights),
            other => panic!("{name}: {other:?}"),
        };
        let thresholds = thresholds.map(i64::from);
        assert_eq!(
            thresholds.as_slice(),
            numbers(&theirs["attenuation_thresholds_db"]),
            "{id}"
        );
        assert_eq!(weights.as_slice(), floats(&theirs["bucket_weights"]), "{id}");
        if let Some(days) = theirs["app_rule"]["window_days"].as_i64() {
            assert_eq!(ours(name).older_days, days, "{id}");
        }
    }
}

#[test]
fn built_in_rules_of_daily_summaries_are_those_that_were_published() {
    let Some(published) = read("risk-configs.json") else {
        return;
    };
    let of = |id: &str| of(&published["v2"], id);
    for (id, name) in [
        ("enx-sample", "enx-sample"),
        ("lfph-narrower-net-v1", "lfph-narrower-net-1"),
        ("lfph-wider-net-v1", "lfph-wider-net-1"),
        ("lfph-narrow-net-v2", "lfph-narrow-net-2"),
        ("lfph-wide-net-v2", "lfph-wide-net-2"),
        ("apple-default-thresholds", "apple-default-thresholds"),
    ] {
        let theirs = of(id);
        let Rule::DailySummary(rule) = &ours(name).rule else {
            panic!("{name}")
        };
        let thresholds = rule.thresholds_db.map(i64::from);
        assert_eq!(
            thresholds.as_slice(),
            numbers(&theirs["attenuation_thresholds_db"]),
            "{id}"
        );
        let percent = |weights: &[f64]| {
            weights
                .iter()
                .map(|weight| (weight * 100.0).round())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            percent(&rule.weights),
            floats(&theirs["attenuation_weights_percent"]),
            "{id}"
        );
        if let Value::Object(levels) = &theirs["infectiousness_weights_percent"] {
            let levels = ["STANDARD", "HIGH"].map(|level| levels[level].as_f64().expect("a number"));
            assert_eq!(percent(&rule.infectiousness), levels, "{id}");
        }
        let is_above = theirs["threshold_comparison"]
            .as_str()
            .is_some_and(|text| text.starts_with("< "));
        assert_eq!(rule.thresholds_belong_above, is_above, "{id}");
        if let Value::Array(days) = &theirs["days_since_onset_map_from_minus14"] {
            let map = ours(name).infectiousness.as_ref().expect("a map").map();
            let found: Vec<i64> = map.days.iter().map(|level| i64::from(*level as u8)).collect();
            assert_eq!(found, days.iter().map(number).collect::<Vec<_>>(), "{id}");
        }
    }
}
