//! `vicino exposure`: windows of simulated phones, and what is said when there are none.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn windows(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(["exposure", "windows"]).args(arguments).assert()
}

#[test]
fn identifiers_of_nobody_are_senders_only_when_asked_for() {
    let capture = bundled("two-phones.csv");
    let capture = capture.to_str().unwrap();
    windows(&[capture, "--csv"])
        .success()
        .stdout(
            predicate::str::starts_with("receiver,transmitter,window,scan,ts,min_att,typ_att,seconds\n")
                .and(predicate::str::contains("rpi:").not()),
        )
        .stderr(predicate::str::contains("--unknown takes each identifier"));
    let output = windows(&[capture, "--unknown", "--json"])
        .success()
        .get_output()
        .stdout
        .clone();
    let value: serde_json::Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(value["edition"], "2020-12-14");
    assert!(!value["rules"].as_array().unwrap().is_empty());
    let made = value["windows"].as_array().unwrap();
    assert!(!made.is_empty());
    for window in made {
        assert!(window["transmitter"].as_str().unwrap().starts_with("rpi:"));
        for scan in window["scanInstances"].as_array().unwrap() {
            let db = |field: &str| scan[field].as_i64().unwrap();
            assert!(db("minAttenuationDb") <= db("typicalAttenuationDb"));
            assert!((0..=300).contains(&db("secondsSinceLastScan")));
        }
    }
}

#[test]
fn edition_and_model_change_the_attenuation() {
    let capture = bundled("two-phones.csv");
    let capture = capture.to_str().unwrap();
    let least = |arguments: &[&str]| {
        let output = windows(&[&[capture, "--unknown", "--json"], arguments].concat())
            .success()
            .get_output()
            .stdout
            .clone();
        let value: serde_json::Value = serde_json::from_slice(&output).unwrap();
        value["windows"][0]["scanInstances"][0]["minAttenuationDb"]
            .as_i64()
            .unwrap()
    };
    // -3 instead of 2: five decibels more are taken for lost on the way.
    let editions = ["2020-06-13", "2020-09-18"].map(|edition| least(&["--edition", edition, "--model", "SM-G973F"]));
    assert_eq!(editions[0] - editions[1], 5);
}

#[test]
fn what_cannot_be_read_or_does_not_exist_is_told() {
    windows(&["/nowhere.btsnoop"]).code(3);
    windows(&["x", "--edition", "2020-01-01"])
        .code(2)
        .stderr(predicate::str::contains("there are 2020-06-13"));
    windows(&[]).code(2);
}
