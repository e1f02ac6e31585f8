//! Worked examples of exposure windows, records, scores and daily summaries, and published tables, where they are at hand.

use std::path::{Path, PathBuf};

use serde_json::Value;
use vicino::lab::exposure::daily::{self, Weighed};
use vicino::lab::exposure::infectiousness::{Infectiousness, Map};
use vicino::lab::exposure::v1::{self, IMMUNI, Point};
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
    let records = v1::records(&points, [small(&thresholds[0]), small(&thresholds[1])]);
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
            (IMMUNI[1], "immuni_2020_06_score"),
            (IMMUNI[2], "immuni_2020_10_android_score"),
        ] {
            assert_eq!(
                i64::from(config.score_of(record, 0, 8)),
                number(&expected[key]),
                "{name} {key}"
            );
        }
    }
}

fn check_day(name: &str, found: &[Window], case: &Value) {
    let float = |value: &Value| value.as_f64().expect("a number");
    let (config, expected) = (&case["daily_summary_cfg"], &case["daily_summary"]);
    let weights = list(&config["w"]);
    let daily = daily::Config {
        thresholds_db: [0, 1, 2].map(|idx| small(&list(&config["thr"])[idx])),
        weights: [0, 1, 2, 3].map(|idx| float(&weights[idx])),
        minimum_window_score: 0.0,
    };
    let weighed: Vec<Weighed<'_>> = found
        .iter()
        .map(|window| Weighed {
            window,
            report_type: float(&config["report"]),
            infectiousness: float(&config["infect"]),
        })
        .collect();
    let days = daily.summaries(&weighed);
    let summary = days.values().next().expect("a day");
    assert_eq!(days.len(), 1, "{name}");
    let close = |found: f64, key: &str| assert!((found - float(&expected[key])).abs() < 1e-9, "{name} {key}: {found}");
    close(summary.score_sum, "sum");
    close(summary.maximum_score, "max");
    close(summary.weighted_duration_sum, "wsum");
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
        let config = IMMUNI.iter().find(|config| config.name == name).expect(name);
        let score = config.score(small(&row["attenuation_db"]), number(&row["duration_min"]), 0, 8);
        assert_eq!(i64::from(score), number(&row["score"]), "{row}");
        assert_eq!(
            config.notifies(score),
            row["notifies"].as_bool().expect("yes or no"),
            "{row}"
        );
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
